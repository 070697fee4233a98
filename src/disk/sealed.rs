//! A disk that can be looked at and not changed: for cogs that are only tried out, some of which look things up in files.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::{Disk, How, Real};

/// Reads as the system does, and refuses all else.
#[derive(Debug)]
pub struct Sealed;

fn refused<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "what is only tried out changes no files"))
}

impl Disk for Sealed {
    fn open(&self, path: &Path, how: How) -> io::Result<File> {
        if how.write || how.append || how.create.is_some() { refused() } else { Real.open(path, how) }
    }
    fn read_at(&self, file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
        Real.read_at(file, into, at)
    }
    fn fill_at(&self, file: &File, into: &mut Vec<u8>, at: u64) -> io::Result<usize> {
        Real.fill_at(file, into, at)
    }
    fn fill(&self, file: &File, into: &mut Vec<u8>) -> io::Result<usize> {
        Real.fill(file, into)
    }
    fn write(&self, _: &File, _: &[u8]) -> io::Result<usize> {
        refused()
    }
    fn write_at(&self, _: &File, _: &[u8], _: u64) -> io::Result<usize> {
        refused()
    }
    fn sync_data(&self, _: &File) -> io::Result<()> {
        refused()
    }
    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        refused()
    }
    fn truncate(&self, _: &File, _: u64) -> io::Result<()> {
        refused()
    }
    fn about(&self, path: &Path) -> io::Result<Metadata> {
        Real.about(path)
    }
    fn about_entry(&self, path: &Path) -> io::Result<Metadata> {
        Real.about_entry(path)
    }
    fn about_open(&self, file: &File) -> io::Result<Metadata> {
        Real.about_open(file)
    }
    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        Real.read_link(path)
    }
    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }
    fn rename_new(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }
    fn exchange(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }
    fn remove(&self, _: &Path) -> io::Result<()> {
        refused()
    }
    fn remove_directory(&self, _: &Path) -> io::Result<()> {
        refused()
    }
    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        Real.list(path)
    }
    fn make_directory(&self, _: &Path, _: u32) -> io::Result<()> {
        refused()
    }
    fn lock(&self, _: &File) -> io::Result<bool> {
        refused()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_can_be_read_and_nothing_is_made_or_changed() {
        let dir = tempfile::tempdir().unwrap();
        let (there, new) = (dir.path().join("there"), dir.path().join("new"));
        std::fs::write(&there, "text").unwrap();
        let mut text = Vec::with_capacity(8);
        Sealed.fill(&Sealed.open(&there, How::READ).unwrap(), &mut text).unwrap();
        assert_eq!((text.as_slice(), Sealed.list(dir.path()).unwrap().len()), (&b"text"[..], 1));
        for how in [How::BOTH, How::APPEND, How::READ.create(0o600)] {
            assert!(Sealed.open(&there, how).is_err());
        }
        assert!(Sealed.make_directory(&new, 0o700).is_err() && Sealed.rename(&there, &new).is_err() && Sealed.remove(&there).is_err());
        assert!(there.exists() && !new.exists());
    }
}
