//! What a sink writes to: a standard stream here, a file in `line_file_drain`.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use rustix::net::SendFlags;

use crate::disk::{Disk, retry};

/// Takes bytes and never blocks.
pub(super) trait Outlet {
    /// Gets ready for a write at this time of the wall clock. `at_line`: what comes next begins a line, so that it may as well
    /// go to another file. False when it goes there although it does not: that line must be written from its beginning.
    fn prepare(&mut self, disk: &dyn Disk, now: SystemTime, at_line: bool) -> io::Result<bool>;
    /// Writes some of `bytes`, the first `line` of which end a line. [`io::ErrorKind::WouldBlock`]: not now.
    fn write(&mut self, disk: &dyn Disk, bytes: &[u8], line: usize) -> io::Result<usize>;
    /// What tells when it takes more.
    fn fd(&self) -> Option<RawFd>;
    /// Its name for messages.
    fn path(&self) -> &Path;
    /// The file, where it is one.
    fn file(&self) -> Option<&File> {
        None
    }
    /// Takes out of it all that was written to since this was last asked, where it can be synced at all.
    fn take_unsynced(&mut self) -> Vec<Unsynced> {
        Vec::new()
    }
    /// Whether what is written to it can be synced at all.
    fn can_sync(&self) -> bool {
        true
    }
    /// Whether some of that stands in files that it has left, which stay open until they are synced.
    fn has_left(&self) -> bool {
        false
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

/// A file that was written to and not synced since.
#[derive(Clone, Debug)]
pub(super) struct Unsynced {
    pub(super) file: Arc<File>,
    /// Directories in which a name was made for it.
    pub(super) directories: Vec<PathBuf>,
}

impl Unsynced {
    /// Returns when all of it has reached the disk.
    pub(super) fn sync(&self, disk: &dyn Disk) -> io::Result<()> {
        match retry(|| disk.sync_data(&self.file)) {
            // Pipes and some devices cannot be synced.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            done => done?,
        }
        self.directories.iter().try_for_each(|path| match retry(|| disk.sync_directory(path)) {
            // It was moved or removed since, and with it the name that was to be kept; or only its names may be used.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => Ok(()),
            done => done,
        })
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
    out: Option<Arc<File>>,
    kind: Kind,
    /// Whether something was written to it that has not been synced.
    dirty: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Never blocks for long, and can be synced.
    File,
    /// Never blocks for long: `/dev/null`.
    Device,
    Socket,
    /// Takes so much when it is ready.
    Pipe(usize),
}

impl Stream {
    pub(super) const fn stdout() -> Self {
        Self { name: "standard output", out: None, kind: Kind::Device, dirty: false }
    }

    pub(super) const fn stderr() -> Self {
        Self { name: "standard error", out: None, kind: Kind::Device, dirty: false }
    }

    /// To this open descriptor instead.
    #[cfg(test)]
    pub(super) fn to(out: OwnedFd) -> io::Result<Self> {
        let kind = Kind::of(&out)?;
        Ok(Self { name: "standard output", out: Some(Arc::new(out.into())), kind, dirty: false })
    }
}

impl Kind {
    fn of(out: &OwnedFd) -> io::Result<Self> {
        Ok(match FileType::from_raw_mode(rustix::fs::fstat(out)?.st_mode) {
            FileType::Fifo => Self::Pipe(SURE_PIPE),
            FileType::Socket => Self::Socket,
            FileType::CharacterDevice if rustix::termios::isatty(out) => Self::Pipe(SURE_TERMINAL),
            FileType::RegularFile => Self::File,
            _ => Self::Device,
        })
    }
}

impl Outlet for Stream {
    fn prepare(&mut self, _disk: &dyn Disk, _now: SystemTime, _at_line: bool) -> io::Result<bool> {
        if self.out.is_none() {
            let out = if self.name == "standard error" {
                io::stderr().as_fd().try_clone_to_owned()
            } else {
                io::stdout().as_fd().try_clone_to_owned()
            }?;
            self.kind = Kind::of(&out)?;
            self.out = Some(Arc::new(out.into()));
        }
        Ok(true)
    }

    fn write(&mut self, _disk: &dyn Disk, bytes: &[u8], line: usize) -> io::Result<usize> {
        let Some(out) = &self.out else { return Err(io::ErrorKind::NotConnected.into()) };
        self.dirty = true;
        match self.kind {
            Kind::File | Kind::Device => Ok(rustix::io::write(out, bytes)?),
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

    fn take_unsynced(&mut self) -> Vec<Unsynced> {
        let file = self.out.as_ref().filter(|_| self.dirty && self.can_sync());
        let unsynced = file.map(|file| Unsynced { file: Arc::clone(file), directories: Vec::new() });
        self.dirty = false;
        unsynced.into_iter().collect()
    }

    fn can_sync(&self) -> bool {
        self.kind == Kind::File
    }

    fn is_stream(&self) -> bool {
        true
    }

    /// Nobody can give us another stream.
    fn may_pass(&self, _error: &io::Error) -> bool {
        false
    }
}
