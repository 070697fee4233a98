//! The file a drain appends to: its name, which may tell the time, and its opening.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::cogs::fs::form::Stamp;
use crate::cogs::fs::outlet::Outlet;
use crate::datum::Datum;
use crate::error::{Error, Result};

/// How the file is called.
#[derive(Clone, Debug)]
pub(super) enum Naming {
    Fixed(PathBuf),
    /// By the time of the write.
    Dated(Stamp),
}

impl Naming {
    /// From the options `path` and `timestamp`.
    pub(super) fn of(path: &str, timestamp: &Datum, utc: bool) -> Result<Self> {
        let format = match timestamp {
            Datum::Bool(true) if path.contains('%') => return Stamp::new("path", path.into(), utc).map(Self::Dated),
            Datum::Bool(true) => "%Y-%m-%d",
            Datum::Str(format) if path.contains('%') => {
                return Err(Error::Option {
                    option: "timestamp".into(),
                    text: format!("`{format}` and the codes in `path` cannot both name the file"),
                    hint: Some("use `timestamp: true` for the codes in `path`, or `%%` there".into()),
                });
            }
            Datum::Str(format) => format,
            _ => return Ok(Self::Fixed(path.into())),
        };
        let name = path.rfind('/').map_or(0, |slash| slash + 1);
        // A name's first dot hides the file; it begins no extension.
        let dot = path[name..].rfind('.').filter(|at| *at > 0).map_or(path.len(), |at| name + at);
        Stamp::new("timestamp", format!("{}-{format}{}", &path[..dot], &path[dot..]), utc).map(Self::Dated)
    }
}

/// An outlet that is a file by name.
pub(super) struct Target {
    naming: Naming,
    mode: u32,
    make_dirs: bool,
    separator: Vec<u8>,
    file: Option<File>,
    path: PathBuf,
    /// The second for which `path` was worked out.
    named: Option<u64>,
    stale: bool,
    /// What is still missing at the end of a line that another process left unfinished.
    missing: Vec<u8>,
}

impl Target {
    pub(super) fn new(naming: Naming, mode: u32, make_dirs: bool, separator: &[u8]) -> Self {
        let path = match &naming {
            Naming::Fixed(path) => path.clone(),
            Naming::Dated(_) => PathBuf::new(),
        };
        Self { naming, mode, make_dirs, separator: separator.to_vec(), file: None, path, named: None, stale: false, missing: Vec::new() }
    }

    fn open(&mut self) -> io::Result<()> {
        if self.make_dirs
            && let Some(parent) = self.path.parent()
        {
            fs::create_dir_all(parent)?;
        }
        // Non-blocking, for what turns out to be a named pipe; regular files do not care.
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        let file = OpenOptions::new().append(true).create(true).mode(self.mode).custom_flags(flags.cast_signed()).open(&self.path)?;
        let about = file.metadata()?;
        self.missing.clear();
        if about.is_file() && about.len() > 0 && !self.ends_in_separator(about.len()) {
            self.missing.clone_from(&self.separator);
        }
        self.file = Some(file);
        self.stale = false;
        Ok(())
    }

    /// Whether the file ends with a whole line. One that cannot be read is believed to.
    fn ends_in_separator(&self, length: u64) -> bool {
        let mut end = vec![0; self.separator.len()];
        let Some(at) = length.checked_sub(end.len() as u64) else { return false };
        let read = File::open(&self.path).and_then(|file| file.read_exact_at(&mut end, at));
        read.is_err() || end == self.separator
    }
}

impl Outlet for Target {
    fn prepare(&mut self, now: SystemTime, at_line: bool) -> io::Result<()> {
        if !at_line && self.file.is_some() {
            return Ok(());
        }
        if let Naming::Dated(stamp) = &self.naming {
            let second = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
            if self.named != Some(second) {
                let path = PathBuf::from(stamp.at(now));
                self.stale |= path != self.path;
                self.path = path;
                self.named = Some(second);
            }
        }
        if self.stale || self.file.is_none() { self.open() } else { Ok(()) }
    }

    fn write(&mut self, bytes: &[u8], _line: usize) -> io::Result<usize> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotConnected.into()) };
        while !self.missing.is_empty() {
            let count = file.write(&self.missing)?;
            self.missing.drain(..count);
        }
        file.write(bytes)
    }

    fn fd(&self) -> Option<RawFd> {
        self.file.as_ref().map(AsRawFd::as_raw_fd)
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    /// Room may be made, a disk or a reader may come back; the rest is a fault of the place itself.
    fn may_pass(&self, error: &io::Error) -> bool {
        use io::ErrorKind::{BrokenPipe, FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem | BrokenPipe)
            || Errno::from_io_error(error) == Some(Errno::IO)
    }

    fn reopen(&mut self) {
        self.stale = true;
    }

    fn is_stale(&self) -> bool {
        self.stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str, timestamp: impl Into<Datum>) -> PathBuf {
        match Naming::of(path, &timestamp.into(), true).unwrap() {
            Naming::Fixed(path) => path,
            Naming::Dated(stamp) => stamp.at(SystemTime::UNIX_EPOCH).into(),
        }
    }

    #[test]
    fn the_time_stands_before_the_last_extension_or_where_the_path_says() {
        assert_eq!(name("a.b/out.json.log", true), Path::new("a.b/out.json-1970-01-01.log"));
        assert_eq!(name("a.b/out", "%H"), Path::new("a.b/out-00"));
        assert_eq!(name("a.b/.out", true), Path::new("a.b/.out-1970-01-01"));
        assert_eq!(name("%Y/%m.log", true), Path::new("1970/01.log"));
        assert_eq!(name("100%.log", false), Path::new("100%.log"));
        assert!(Naming::of("%Y.log", &"%m".into(), true).is_err());
    }
}
