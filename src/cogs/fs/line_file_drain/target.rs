//! The file a drain appends to: its name, which may tell the time, and its opening.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustix::io::Errno;

use crate::cogs::fs::form::Stamp;
use crate::cogs::fs::outlet::{Outlet, Unsynced};
use crate::datum::Datum;
use crate::disk::{Disk, How, directory_of, make_directories, read_whole_at, retry};
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
    file: Option<Open>,
    path: PathBuf,
    /// The second for which `path` was worked out.
    named: Option<u64>,
    stale: bool,
    /// What is still missing at the end of a line that another process left unfinished.
    missing: Vec<u8>,
    /// Directories in which names were made for the file that is to be opened.
    made: Vec<PathBuf>,
    /// Whether what is written will be synced at all.
    synced: bool,
    /// Files that were left and not synced before.
    left: Vec<Unsynced>,
}

/// A file that is open.
struct Open {
    file: Arc<File>,
    /// Its device and inode.
    id: (u64, u64),
    /// Whether something was written to it that has not been synced.
    dirty: bool,
    /// Directories in which a name was made for it, and not synced since.
    directories: Vec<PathBuf>,
}

impl Open {
    fn take_unsynced(&mut self) -> Option<Unsynced> {
        let unsynced = || Unsynced { file: Arc::clone(&self.file), directories: std::mem::take(&mut self.directories) };
        std::mem::take(&mut self.dirty).then(unsynced)
    }
}

impl Target {
    /// `synced`: whether what is written will be synced at all.
    pub(super) fn new(naming: Naming, mode: u32, make_dirs: bool, separator: &[u8], synced: bool) -> Self {
        let path = match &naming {
            Naming::Fixed(path) => path.clone(),
            Naming::Dated(_) => PathBuf::new(),
        };
        Self {
            naming,
            mode,
            make_dirs,
            separator: separator.to_vec(),
            file: None,
            path,
            named: None,
            stale: false,
            missing: Vec::new(),
            made: Vec::new(),
            synced,
            left: Vec::new(),
        }
    }

    /// Opens the file of that name. False when that is another one than the one before, in which a line is half written.
    fn open(&mut self, disk: &dyn Disk, at_line: bool) -> io::Result<bool> {
        if self.make_dirs {
            // Who may read the files may look into their directory.
            let mode = self.mode | (self.mode & 0o444) >> 2;
            match make_directories(disk, directory_of(&self.path), mode, &mut self.made) {
                // Asked before it is seen that it is there. Opening a file in it tells more.
                Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {}
                other => other?,
            }
        }
        let (file, readable) = self.open_named(disk)?;
        let about = retry(|| disk.about_open(&file))?;
        let id = (about.dev(), about.ino());
        let goes_on = !at_line && self.file.as_ref().is_some_and(|open| open.id == id);
        if !goes_on {
            let whole = !about.is_file() || about.len() == 0 || !readable || self.ends_in_separator(disk, &file, about.len())?;
            self.missing = if whole { Vec::new() } else { self.separator.clone() };
        }
        let mut directories = std::mem::take(&mut self.made);
        if about.is_file() && about.len() == 0 {
            directories.push(directory_of(&self.path).to_owned());
        }
        let before = self.file.replace(Open { file: Arc::new(file), id, dirty: false, directories });
        if let Some(unsynced) = before.filter(|_| self.synced).and_then(|mut open| open.take_unsynced()) {
            self.left.push(unsynced);
        }
        self.stale = false;
        Ok(at_line || goes_on)
    }

    /// The file, and whether it may be read too. A pipe must not be: its writer would be its own reader.
    fn open_named(&self, disk: &dyn Disk) -> io::Result<(File, bool)> {
        let how = How::APPEND.create(self.mode);
        let special = match retry(|| disk.about(&self.path)) {
            Ok(about) => !about.is_file(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if !special {
            match retry(|| disk.open(&self.path, How { read: true, ..how })) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                opened => return Ok((opened?, true)),
            }
        }
        Ok((retry(|| disk.open(&self.path, how))?, false))
    }

    /// Whether a file of that length ends with a whole line.
    fn ends_in_separator(&self, disk: &dyn Disk, file: &File, length: u64) -> io::Result<bool> {
        let mut end = vec![0; self.separator.len()];
        let Some(at) = length.checked_sub(end.len() as u64) else { return Ok(false) };
        let count = read_whole_at(disk, file, &mut end, at)?;
        Ok(count == end.len() && end == self.separator)
    }
}

impl Outlet for Target {
    fn prepare(&mut self, disk: &dyn Disk, now: SystemTime, at_line: bool) -> io::Result<bool> {
        if at_line && let Naming::Dated(stamp) = &self.naming {
            let second = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
            if self.named != Some(second) {
                let path = PathBuf::from(stamp.at(now));
                self.stale |= path != self.path;
                self.path = path;
                self.named = Some(second);
            }
        }
        if self.stale || self.file.is_none() { self.open(disk, at_line) } else { Ok(true) }
    }

    fn write(&mut self, disk: &dyn Disk, bytes: &[u8], _line: usize) -> io::Result<usize> {
        let Some(Open { file, dirty, .. }) = &mut self.file else { return Err(io::ErrorKind::NotConnected.into()) };
        *dirty = true;
        while !self.missing.is_empty() {
            let count = some(disk.write(file, &self.missing)?)?;
            self.missing.drain(..count);
        }
        some(disk.write(file, bytes)?)
    }

    fn fd(&self) -> Option<RawFd> {
        self.file.as_ref().map(|open| open.file.as_raw_fd())
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self) -> Option<&File> {
        self.file.as_ref().map(|open| &*open.file)
    }

    fn take_unsynced(&mut self) -> Vec<Unsynced> {
        let mut unsynced = std::mem::take(&mut self.left);
        unsynced.extend(self.file.as_mut().and_then(Open::take_unsynced));
        unsynced
    }

    fn has_left(&self) -> bool {
        !self.left.is_empty()
    }

    /// Room may be made, a disk or a reader may come back, others may give back what they took; the rest is a fault of the place
    /// itself.
    fn may_pass(&self, error: &io::Error) -> bool {
        use io::ErrorKind::{BrokenPipe, FileTooLarge, OutOfMemory, QuotaExceeded, ReadOnlyFilesystem, StorageFull, WriteZero};
        matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem | BrokenPipe | OutOfMemory | WriteZero)
            || Errno::from_io_error(error).is_some_and(|error| [Errno::IO, Errno::NOBUFS, Errno::NFILE, Errno::MFILE].contains(&error))
    }

    fn reopen(&mut self) {
        self.stale = true;
    }

    fn is_stale(&self) -> bool {
        self.stale
    }
}

/// What was written, if anything was: who takes nothing and tells no error would be asked for ever.
fn some(count: usize) -> io::Result<usize> {
    if count == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(count) }
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
