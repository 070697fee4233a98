//! Where lines end: a file, the socket of syslog, standard error. None of them blocks; what cannot be written is counted.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};

use crate::error::{Error, Result};

/// A log file, open for appending.
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    /// Whether the last write stopped inside a line.
    torn: bool,
    /// Lines that could not be written since the last one that could.
    pub(super) lost: u64,
    /// Whether trouble was already told of.
    told: bool,
}

impl LogFile {
    /// Opens the file, making it with mode 0640.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path).map_err(|e| Error::os("open", path, e))?;
        let file = append(&path)?;
        Ok(Self { path, file, torn: false, lost: 0, told: false })
    }

    /// Opens the file of that name anew; at failure the old one stays.
    pub(super) fn reopen(&mut self) -> Result<()> {
        self.file = append(&self.path)?;
        (self.torn, self.told) = (false, false);
        Ok(())
    }

    /// Writes whole lines. Gives an error only the first time.
    pub(super) fn write(&mut self, lines: &str) -> Option<Error> {
        let lines = if self.torn { format!("\n{lines}") } else { lines.to_owned() };
        let mut rest = lines.as_bytes();
        let mut trouble = None;
        while !rest.is_empty() && trouble.is_none() {
            match self.file.write(rest) {
                Ok(0) => trouble = Some(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.torn = rest[n - 1] != b'\n';
                    rest = &rest[n..];
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => trouble = Some(e),
            }
        }
        let Some(trouble) = trouble else {
            self.lost = 0;
            return None;
        };
        self.lost += 1;
        let first = !std::mem::replace(&mut self.told, true);
        first.then(|| Error::os("write", &self.path, trouble))
    }

    /// What is open.
    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

/// `O_NONBLOCK` matters only where the path is a FIFO: one without a reader must not stop the program.
fn append(path: &Path) -> Result<File> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP;
    rustix::fs::open(path, flags, mode).map(File::from).map_err(|e| Error::os("open", path, e.into()))
}

/// The local socket of syslog.
pub(super) struct Syslog {
    places: Vec<PathBuf>,
    socket: Option<UnixDatagram>,
    tried: Option<Instant>,
    /// Messages that did not reach syslog since the last one that did.
    pub(super) lost: u64,
    told: bool,
}

/// How long after a vain attempt to connect the next may follow.
const AGAIN: Duration = Duration::from_secs(1);

impl Syslog {
    /// A connection to the first of `places` that answers, made at the first message.
    pub(super) fn new(places: &[PathBuf]) -> Self {
        Self { places: places.to_vec(), socket: None, tried: None, lost: 0, told: false }
    }

    /// Connects unless connected.
    pub(super) fn connect(&mut self, now: Instant) -> Option<Error> {
        if self.socket.is_some() || self.tried.is_some_and(|tried| now.saturating_duration_since(tried) < AGAIN) {
            return None;
        }
        self.tried = Some(now);
        let mut trouble = io::Error::from(io::ErrorKind::NotFound);
        for place in &self.places {
            match connected(place) {
                Ok(socket) => {
                    self.socket = Some(socket);
                    self.told = false;
                    return None;
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => trouble = e,
            }
        }
        let first = !std::mem::replace(&mut self.told, true);
        first.then(|| Error::os("reach syslog at", self.places.first().cloned().unwrap_or_default(), trouble))
    }

    /// Lets the next message connect anew.
    pub(super) fn disconnect(&mut self) {
        (self.socket, self.tried) = (None, None);
    }

    /// Sends one message; `lost` renders how many were lost before it. Gives an error only the first time.
    pub(super) fn send(&mut self, now: Instant, line: &str, lost: impl Fn(u64) -> String) -> Option<Error> {
        let mut trouble = None;
        // Twice: a restarted syslog leaves the old connection dead.
        for _ in 0..2 {
            trouble = trouble.or(self.connect(now));
            let Some(socket) = &self.socket else { break };
            match socket.send(line.as_bytes()) {
                Ok(_) => {
                    if self.lost > 0 && socket.send(lost(self.lost).as_bytes()).is_ok() {
                        self.lost = 0;
                    }
                    return None;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock || full(&e) => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.socket = None,
            }
        }
        self.lost += 1;
        trouble
    }
}

fn full(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error())
}

fn connected(place: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect(place)?;
    Ok(socket)
}

/// Standard error, written only as far as it surely takes the text: its descriptor may be shared with other programs, so it
/// is never made non-blocking.
pub(super) struct Standard;

/// What a pipe that is ready for writing takes at once (`PIPE_BUF`).
pub(super) const SURE: usize = 4096;

impl Write for Standard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let stderr = io::stderr();
        let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        if poll(&mut fds, Some(&now))? == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        rustix::io::write(stderr.as_fd(), &bytes[..bytes.len().min(SURE)]).map_err(io::Error::from)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_file_is_appended_to_and_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        assert!(LogFile::open(&path).unwrap().write("one\n").is_none());
        assert!(LogFile::open(&path).unwrap().write("two\n").is_none());
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o137, 0);
        assert!(LogFile::open(dir.path()).is_err());
    }

    #[test]
    fn after_a_rotation_the_reopened_file_takes_the_lines() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join("x.log"), dir.path().join("x.log.1"));
        let mut log = LogFile::open(&path).unwrap();
        log.write("one\n");
        fs::rename(&path, &old).unwrap();
        log.write("two\n");
        log.reopen().unwrap();
        log.write("three\n");
        assert_eq!((fs::read_to_string(old).unwrap(), fs::read_to_string(path).unwrap()), ("one\ntwo\n".into(), "three\n".into()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_told_of_once_and_lines_are_counted() {
        let mut log = LogFile::open(Path::new("/dev/full")).unwrap();
        assert!(log.write("one\n").is_some_and(|e| e.to_string().starts_with("cannot write `/dev/full`: no space")));
        assert!(log.write("two\n").is_none());
        assert_eq!(log.lost, 2);
    }

    #[test]
    fn a_fifo_without_a_reader_does_not_stop_the_program() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
        assert!(LogFile::open(&path).is_err());
    }

    fn receive(socket: &UnixDatagram) -> Option<String> {
        let mut room = [0; 9000];
        socket.recv(&mut room).ok().map(|n| String::from_utf8_lossy(&room[..n]).into_owned())
    }

    fn listen(path: &Path) -> UnixDatagram {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    }

    #[test]
    fn syslog_is_found_at_the_second_place_and_again_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut syslog = Syslog::new(&[dir.path().join("nowhere"), path.clone()]);
        let (start, lost) = (Instant::now(), |n| format!("{n} lost"));
        assert!(syslog.send(start, "zero", lost).is_some(), "the first failure is told");
        let server = listen(&path);
        assert!(syslog.send(start + AGAIN / 2, "one", lost).is_none());
        assert_eq!((receive(&server), syslog.lost), (None, 2), "not tried again within a second");
        assert!(syslog.send(start + AGAIN, "two", lost).is_none());
        assert_eq!((receive(&server), receive(&server)), (Some("two".into()), Some("2 lost".into())));
        drop(server);
        fs::remove_file(&path).unwrap();
        let server = listen(&path);
        assert!(syslog.send(start + AGAIN * 3, "three", lost).is_none());
        assert_eq!(receive(&server), Some("three".into()));
    }

    #[test]
    fn a_full_socket_drops_and_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let server = listen(&path);
        let mut syslog = Syslog::new(&[path]);
        let (now, lost) = (Instant::now(), |n| format!("{n} lost"));
        let long = "x".repeat(4000);
        let mut sent = 0;
        while syslog.lost < 3 && sent < 100_000 {
            assert!(syslog.send(now, &long, lost).is_none());
            sent += 1;
        }
        assert_eq!(syslog.lost, 3);
        while receive(&server).is_some() {}
        syslog.send(now, "room again", lost);
        assert_eq!((receive(&server), receive(&server)), (Some("room again".into()), Some("3 lost".into())));
    }
}
