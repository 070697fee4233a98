//! Descriptors that the process was given, read and written by a script without ever waiting.
//!
//! They stay in the mode in which they came, as others share them: each is asked whether it is ready before a single read or write, and
//! a pipe is given no more than it surely takes.

use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::borrowed;
use super::words::Ready;

/// A pipe that is writable takes as much without blocking (pipe(7), `PIPE_BUF`).
const SURE_PIPE: usize = 4096;
/// A terminal that is writable has at least some room.
const SURE_TERMINAL: usize = 256;
/// Of one read, at most.
pub(super) const MOST: usize = 1 << 20;

/// One of them.
pub(super) struct Channel {
    own: OwnedFd,
    kind: Kind,
    pub(super) wanted: Ready,
    /// What is bound to it.
    pub(super) handle: u64,
    /// It was read since it was last looked at: there may be more, without a word of the system.
    pub(super) used: bool,
    /// It was read since it was last told of.
    pub(super) heeded: bool,
    /// A read has found the end.
    pub(super) ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Always ready: a file, `/dev/null`.
    Ready,
    Socket,
    /// Takes so much when it is ready.
    Pipe(usize),
}

impl Channel {
    /// A descriptor of our own for what is open at `fd`.
    pub(super) fn at(fd: RawFd, wanted: Ready) -> Result<Self, String> {
        let own = borrowed::own(fd).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => {
                format!("descriptor {fd} is the program's own; a script has those that the process was given")
            }
            _ => format!("descriptor {fd} is not open"),
        })?;
        let of = fstat(&own).map(|stat| FileType::from_raw_mode(stat.st_mode)).map_err(|error| format!("descriptor {fd}: {error}"))?;
        let kind = match of {
            FileType::Fifo => Kind::Pipe(SURE_PIPE),
            FileType::Socket => Kind::Socket,
            FileType::CharacterDevice if rustix::termios::isatty(&own) => Kind::Pipe(SURE_TERMINAL),
            FileType::RegularFile | FileType::Directory if wanted != (Ready { output: true, ..Ready::default() }) => {
                return Err(format!(
                    "descriptor {fd} is a regular file, which cannot be waited for: `fs::stdin_supply` and `fs::file_watcher_supply` read files"
                ));
            }
            _ => Kind::Ready,
        };
        Ok(Self { own, kind, wanted, handle: 0, used: false, heeded: false, ended: false })
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.own
    }

    /// What is so now of what is wanted; that the other side has gone is told in any case.
    pub(super) fn look(&self) -> Ready {
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, self.wanted.input);
        wanted.set(PollFlags::OUT, self.wanted.output);
        wanted.set(PollFlags::PRI, self.wanted.urgent);
        let found = self.poll(wanted).unwrap_or(PollFlags::ERR);
        Ready {
            input: found.contains(PollFlags::IN),
            output: found.contains(PollFlags::OUT),
            urgent: found.contains(PollFlags::PRI),
            hup: found.contains(PollFlags::HUP),
            err: found.intersects(PollFlags::ERR | PollFlags::NVAL),
        }
    }

    fn poll(&self, wanted: PollFlags) -> Result<PollFlags, Errno> {
        loop {
            let mut fds = [PollFd::new(&self.own, wanted)];
            match poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
                Ok(_) => return Ok(fds[0].revents()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What can be read now, `most` bytes at most: none when there is nothing yet, no bytes at the end.
    pub(super) fn read(&mut self, most: usize) -> io::Result<Option<Vec<u8>>> {
        if self.ended {
            return Ok(Some(Vec::new()));
        }
        (self.used, self.heeded) = (true, true);
        if self.kind != Kind::Ready && self.poll(PollFlags::IN)?.is_empty() {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(most.clamp(1, MOST));
        let read = match self.kind {
            Kind::Socket => rustix::net::recv(self.own.as_fd(), spare_capacity(&mut bytes), RecvFlags::DONTWAIT).map(|(_, count)| count),
            _ => rustix::io::read(&self.own, spare_capacity(&mut bytes)),
        };
        match read {
            Ok(count) => self.ended = count == 0,
            // Somebody else was faster.
            Err(Errno::AGAIN | Errno::INTR) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        Ok(Some(bytes))
    }

    /// Writes what is taken now and says how much that was.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < bytes.len() {
            let rest = &bytes[written..];
            let done = match self.kind {
                Kind::Ready => rustix::io::write(&self.own, rest),
                Kind::Socket => rustix::net::send(&self.own, rest, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
                Kind::Pipe(sure) => match self.poll(PollFlags::OUT) {
                    Ok(found) if found.is_empty() => break,
                    Ok(_) => rustix::io::write(&self.own, &rest[..rest.len().min(sure)]),
                    Err(error) => Err(error),
                },
            };
            match done {
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                // What was taken before is told first.
                Err(_) if written > 0 => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    const IN: Ready = Ready { input: true, output: false, urgent: false, hup: false, err: false };
    const OUT: Ready = Ready { output: true, input: false, ..IN };

    /// As if the process had been given it.
    fn given(fd: &impl AsFd, wanted: Ready) -> Channel {
        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::empty()).unwrap();
        Channel::at(fd.as_fd().as_raw_fd(), wanted).unwrap()
    }

    #[test]
    fn nothing_yet_is_not_the_end() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut channel = given(&reader, IN);
        assert_eq!(channel.read(10).unwrap(), None);
        writer.write_all(b"abcdef").unwrap();
        assert_eq!(channel.look(), IN);
        assert_eq!(channel.read(4).unwrap().as_deref(), Some(&b"abcd"[..]));
        drop(writer);
        assert_eq!(channel.read(4).unwrap().as_deref(), Some(&b"ef"[..]));
        assert!(!channel.ended && channel.look().hup);
        assert_eq!(channel.read(4).unwrap().as_deref(), Some(&b""[..]));
        assert!(channel.ended);
    }

    #[test]
    fn a_full_pipe_takes_nothing_and_blocks_nobody() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut channel = given(&writer, OUT);
        let taken = channel.write(&vec![b'x'; 1 << 20]).unwrap();
        assert!((4096..1 << 20).contains(&taken), "{taken}");
        assert_eq!(channel.write(b"more").unwrap(), 0);
        let mut bytes = vec![0; 8192];
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(channel.write(b"more").unwrap(), 4);
        drop(reader);
        assert!(channel.write(b"more").is_err());
    }

    #[test]
    fn sockets_are_read_and_written() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut channel = given(&ours, IN);
        assert_eq!(channel.read(10).unwrap(), None);
        assert_eq!(channel.write(b"ask").unwrap(), 3);
        theirs.read_exact(&mut [0; 3]).unwrap();
        theirs.write_all(b"answer").unwrap();
        assert_eq!(channel.read(10).unwrap().as_deref(), Some(&b"answer"[..]));
        drop((theirs, ours));
        assert_eq!(channel.read(10).unwrap().as_deref(), Some(&b""[..]));
    }

    #[test]
    fn a_file_is_written_and_not_waited_for() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(given(&file, OUT).write(b"line\n").unwrap(), 5);
        let error = Channel::at(file.as_raw_fd(), IN).map(|_| ()).unwrap_err();
        assert!(error.contains("is a regular file, which cannot be waited for"), "{error}");
    }
}
