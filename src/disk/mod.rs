//! The file system, as far as the program asks anything of it: the one place where a test can put faults.
//!
//! A [`Disk`] is shared as `Arc<dyn Disk>`; cogs get theirs from their `Ctx`. [`Real`] asks the system. Open files are the
//! system's own (`std::fs::File`), but what is done with them goes through the disk. Every call may be interrupted or give
//! less than was asked for, as the system's own may: the functions of this module that end in a whole take care of it.

#[cfg(feature = "faults")]
mod deadly;
#[cfg(test)]
pub(crate) mod faulty;
#[cfg(test)]
pub(crate) mod lossy;
mod real;
mod sealed;

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use real::Real;
pub use sealed::Sealed;

/// How a file is opened. It is never inherited by other programs, nor becomes a controlling terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, read by name")]
pub struct How {
    /// It is read.
    pub read: bool,
    /// It is written, each write at its end when `append` is set too.
    pub write: bool,
    /// Each write goes to its end.
    pub append: bool,
    /// It is made when it is not there, with these permissions, whatever the umask says.
    pub create: Option<u32>,
    /// It must not be there yet; only with `create`.
    pub new: bool,
    /// A symbolic link in the last place is followed.
    pub follow: bool,
}

impl How {
    /// What stands there is read.
    pub const READ: Self = Self { read: true, write: false, append: false, create: None, new: false, follow: true };
    /// What stands there is read and written.
    pub const BOTH: Self = Self { write: true, ..Self::READ };
    /// What stands there is written at its end.
    pub const APPEND: Self = Self { read: false, write: true, append: true, ..Self::READ };

    /// Made with these permissions when it is not there.
    #[must_use]
    pub const fn create(self, mode: u32) -> Self {
        Self { create: Some(mode), ..self }
    }

    /// Made with these permissions; refused when something is there.
    #[must_use]
    pub const fn create_new(self, mode: u32) -> Self {
        Self { create: Some(mode), new: true, ..self }
    }

    /// A symbolic link is refused.
    #[must_use]
    pub const fn no_follow(self) -> Self {
        Self { follow: false, ..self }
    }
}

/// All that the program asks of the file system.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Opens a file without waiting for anybody: a pipe's other end need not be there.
    fn open(&self, path: &Path, how: How) -> io::Result<File>;
    /// Reads into `into` from that place; 0 at the end.
    fn read_at(&self, file: &File, into: &mut [u8], at: u64) -> io::Result<usize>;
    /// Appends to `into`, as far as it has room, what stands at that place; gives how much that was.
    fn fill_at(&self, file: &File, into: &mut Vec<u8>, at: u64) -> io::Result<usize>;
    /// Appends to `into`, as far as it has room, what comes next; gives how much that was.
    fn fill(&self, file: &File, into: &mut Vec<u8>) -> io::Result<usize>;
    /// Writes some of `bytes` where the file's writes go.
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize>;
    /// Writes some of `bytes` at that place.
    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<usize>;
    /// Returns when what was written has reached the disk.
    fn sync_data(&self, file: &File) -> io::Result<()>;
    /// Returns when the names in a directory have reached the disk.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Cuts the file to this length.
    fn truncate(&self, file: &File, length: u64) -> io::Result<()>;
    /// What stands at `path`, links followed.
    fn about(&self, path: &Path) -> io::Result<Metadata>;
    /// What stands at `path`, be it a link.
    fn about_entry(&self, path: &Path) -> io::Result<Metadata>;
    /// What is open.
    fn about_open(&self, file: &File) -> io::Result<Metadata>;
    /// Where a link leads to.
    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;
    /// Gives `from` the name `to`; what had that name before is gone.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// As [`Disk::rename`], but refuses with [`io::ErrorKind::AlreadyExists`] when `to` is there. Of several who give the same name at the
    /// same time, one succeeds.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Exchanges the two names. Not every file system can ([`io::ErrorKind::InvalidInput`], [`io::ErrorKind::Unsupported`]).
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()>;
    /// Removes a name that is no directory's.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_directory(&self, path: &Path) -> io::Result<()>;
    /// The names in a directory, in no order.
    fn list(&self, path: &Path) -> io::Result<Vec<OsString>>;
    /// Makes a directory with these permissions, whatever the umask says.
    fn make_directory(&self, path: &Path, mode: u32) -> io::Result<()>;
    /// Takes the file's lock for as long as it is open; false when another has it.
    fn lock(&self, file: &File) -> io::Result<bool>;
}

/// The system's disk.
pub fn real() -> Arc<dyn Disk> {
    #[cfg(feature = "faults")]
    if let Some(deadly) = deadly::Deadly::of_environment() {
        return Arc::new(deadly);
    }
    Arc::new(Real)
}

/// Calls again while a signal comes between.
///
/// # Errors
/// Those of the call, but for [`io::ErrorKind::Interrupted`].
pub fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Reads until `into` is full or the file ends; gives how much that was.
///
/// # Errors
/// Those of [`Disk::read_at`].
pub fn read_whole_at(disk: &dyn Disk, file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    let mut have = 0;
    while have < into.len() {
        match retry(|| disk.read_at(file, &mut into[have..], at + have as u64))? {
            0 => break,
            count => have += count,
        }
    }
    Ok(have)
}

/// Writes all of `bytes`.
///
/// # Errors
/// Those of [`Disk::write`].
pub fn write_whole(disk: &dyn Disk, file: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match retry(|| disk.write(file, bytes))? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => bytes = &bytes[count..],
        }
    }
    Ok(())
}

/// Makes a directory, and those above it that are missing. `parents` takes those in which a name was made.
///
/// # Errors
/// Those of [`Disk::make_directory`], but that it is there already.
pub fn make_directories(disk: &dyn Disk, path: &Path, mode: u32, parents: &mut Vec<PathBuf>) -> io::Result<()> {
    let make = || retry(|| disk.make_directory(path, mode));
    let result = match make() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && directory_of(path) != path => {
            make_directories(disk, directory_of(path), mode, parents)?;
            // Once: what stands above it may be a link that leads nowhere.
            make()
        }
        other => other,
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Ok(()) => {
            parents.push(directory_of(path).to_owned());
            Ok(())
        }
        other => other,
    }
}

/// The directory in which `path` stands.
pub fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::faulty::{FAULTS, Fault, Faulty};
    use super::*;

    #[test]
    fn a_made_file_has_the_permissions_that_were_asked_for_and_links_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("new");
        let file = Real.open(&path, How::APPEND.create_new(0o602)).unwrap();
        assert_eq!(Real.about_open(&file).unwrap().permissions().mode() & 0o777, 0o602);
        assert_eq!(Real.open(&path, How::APPEND.create_new(0o600)).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        std::os::unix::fs::symlink(&path, place.path().join("link")).unwrap();
        assert!(Real.open(&place.path().join("link"), How::READ).is_ok());
        assert!(Real.open(&place.path().join("link"), How::READ.no_follow()).is_err());
    }

    #[test]
    fn a_lock_is_held_while_the_file_is_open() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lock");
        let first = Real.open(&path, How::BOTH.create(0o600)).unwrap();
        let second = Real.open(&path, How::BOTH).unwrap();
        assert!(Real.lock(&first).unwrap());
        assert!(!Real.lock(&second).unwrap());
        drop(first);
        assert!(Real.lock(&second).unwrap());
    }

    #[test]
    fn a_name_that_is_taken_is_left_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let (one, other, new) = (place.path().join("one"), place.path().join("other"), place.path().join("new"));
        std::fs::write(&one, "1").unwrap();
        std::fs::write(&other, "2").unwrap();
        let calls: [fn(&Path, &Path) -> io::Result<()>; 2] = [|from, to| Real.rename_new(from, to), Real::rename_by_link];
        for rename in calls {
            assert_eq!(rename(&one, &other).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!((std::fs::read(&one).unwrap(), std::fs::read(&other).unwrap()), (b"1".to_vec(), b"2".to_vec()));
            rename(&one, &new).unwrap();
            assert!(!one.exists() && std::fs::read(&new).unwrap() == b"1");
            rename(&new, &one).unwrap();
        }
    }

    #[test]
    fn the_wholes_survive_interruptions_and_short_calls() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        for fault in [Fault::Short, Fault::Error(rustix::io::Errno::INTR)] {
            for at in 0..8 {
                let disk = Faulty::at(at, fault);
                let _ = std::fs::remove_file(&path);
                let file = retry(|| disk.open(&path, How::BOTH.create(0o600))).unwrap();
                write_whole(&*disk, &file, b"0123456789").unwrap();
                let mut read = [0; 20];
                assert_eq!(read_whole_at(&*disk, &file, &mut read, 2).unwrap(), 8);
                assert_eq!(&read[..8], b"23456789");
                assert_eq!(disk.has_struck(), at < disk.calls());
            }
        }
    }

    #[test]
    fn the_call_that_is_to_fail_fails_and_no_other() {
        let place = tempfile::tempdir().unwrap();
        for fault in FAULTS {
            let disk = Faulty::at(1, fault);
            let file = disk.open(&place.path().join("file"), How::BOTH.create(0o600)).unwrap();
            let wrote = disk.write(&file, b"xy");
            match fault {
                Fault::Error(error) => assert_eq!(wrote.unwrap_err().raw_os_error(), Some(error.raw_os_error())),
                Fault::Short => assert_eq!(wrote.unwrap(), 1),
            }
            assert_eq!(disk.write(&file, b"xy").unwrap(), 2);
            assert_eq!((disk.calls(), disk.has_struck()), (3, true));
        }
        let disk = Faulty::at(0, Fault::Short);
        disk.heal();
        assert!(disk.list(place.path()).is_ok() && !disk.has_struck());
    }
}
