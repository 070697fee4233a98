//! What a sink writes to: a standard stream here, a file in `line_file_drain`.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::time::SystemTime;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use rustix::net::SendFlags;

/// Takes bytes and never blocks.
pub(super) trait Outlet {
    /// Gets ready for a write at this time of the wall clock. `at_line`: what comes next begins a line, so that it may as well
    /// go to another file.
    fn prepare(&mut self, now: SystemTime, at_line: bool) -> io::Result<()>;
    /// Writes some of `bytes`, the first `line` of which end a line. [`io::ErrorKind::WouldBlock`]: not now.
    fn write(&mut self, bytes: &[u8], line: usize) -> io::Result<usize>;
    /// What tells when it takes more.
    fn fd(&self) -> Option<RawFd>;
    /// Its name for messages.
    fn path(&self) -> &Path;
    /// The file, where it can be synced.
    fn file(&self) -> Option<&File> {
        None
    }
    /// Whether it has a reader, with whom all is over.
    fn is_stream(&self) -> bool {
        false
    }
    /// Whether this error of a write may pass without our doing, so that it is worth being tried again.
    fn may_pass(&self, error: &io::Error) -> bool;
    /// What it writes to is to be opened anew before the next line.
    fn reopen(&mut self) {}
    /// Whether it waits to be opened anew.
    fn is_stale(&self) -> bool {
        false
    }
}

/// A pipe that is writable takes as much without blocking (pipe(7), `PIPE_BUF`).
const SURE_PIPE: usize = 4096;
/// A terminal that is writable has at least some room; what does not fit blocks until it is shown.
const SURE_TERMINAL: usize = 256;

/// Standard output or standard error, with a descriptor of our own for the same open file. It stays in blocking mode, as
/// others share it.
pub(super) struct Stream {
    name: &'static str,
    out: Option<OwnedFd>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Never blocks for long: a file, `/dev/null`.
    File,
    Socket,
    /// Takes so much when it is ready.
    Pipe(usize),
}

impl Stream {
    pub(super) const fn stdout() -> Self {
        Self { name: "standard output", out: None, kind: Kind::File }
    }

    pub(super) const fn stderr() -> Self {
        Self { name: "standard error", out: None, kind: Kind::File }
    }

    /// To this open descriptor instead.
    #[cfg(test)]
    pub(super) fn to(out: OwnedFd) -> io::Result<Self> {
        let kind = Kind::of(&out)?;
        Ok(Self { name: "standard output", out: Some(out), kind })
    }
}

impl Kind {
    fn of(out: &OwnedFd) -> io::Result<Self> {
        Ok(match FileType::from_raw_mode(rustix::fs::fstat(out)?.st_mode) {
            FileType::Fifo => Self::Pipe(SURE_PIPE),
            FileType::Socket => Self::Socket,
            FileType::CharacterDevice if rustix::termios::isatty(out) => Self::Pipe(SURE_TERMINAL),
            _ => Self::File,
        })
    }
}

impl Outlet for Stream {
    fn prepare(&mut self, _now: SystemTime, _at_line: bool) -> io::Result<()> {
        if self.out.is_none() {
            let out = if self.name == "standard error" {
                io::stderr().as_fd().try_clone_to_owned()
            } else {
                io::stdout().as_fd().try_clone_to_owned()
            }?;
            self.kind = Kind::of(&out)?;
            self.out = Some(out);
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], line: usize) -> io::Result<usize> {
        let Some(out) = &self.out else { return Err(io::ErrorKind::NotConnected.into()) };
        match self.kind {
            Kind::File => Ok(rustix::io::write(out, bytes)?),
            Kind::Socket => Ok(rustix::net::send(out, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?),
            Kind::Pipe(sure) => {
                let mut fds = [PollFd::new(out, PollFlags::OUT)];
                if poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? == 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                // Whole lines where that is possible, as others may write to it too.
                let some = &bytes[..bytes.len().min(sure)];
                let whole =
                    if line < some.len() { memchr::memrchr(bytes[line - 1], some).map_or(some.len(), |last| last + 1) } else { some.len() };
                Ok(rustix::io::write(out, &some[..whole.max(line.min(some.len()))])?)
            }
        }
    }

    fn fd(&self) -> Option<RawFd> {
        self.out.as_ref().map(AsRawFd::as_raw_fd)
    }

    fn path(&self) -> &Path {
        Path::new(self.name)
    }

    fn is_stream(&self) -> bool {
        true
    }

    /// Nobody can give us another stream.
    fn may_pass(&self, _error: &io::Error) -> bool {
        false
    }
}
