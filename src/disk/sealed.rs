//! A disk that gives nothing and takes nothing: for cogs that are only tried out.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::{Disk, How};

/// Refuses everything.
#[derive(Debug)]
pub struct Sealed;

fn refused<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "what is only tried out touches no files"))
}

impl Disk for Sealed {
    fn open(&self, _: &Path, _: How) -> io::Result<File> {
        refused()
    }
    fn read_at(&self, _: &File, _: &mut [u8], _: u64) -> io::Result<usize> {
        refused()
    }
    fn fill_at(&self, _: &File, _: &mut Vec<u8>, _: u64) -> io::Result<usize> {
        refused()
    }
    fn fill(&self, _: &File, _: &mut Vec<u8>) -> io::Result<usize> {
        refused()
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
    fn about(&self, _: &Path) -> io::Result<Metadata> {
        refused()
    }
    fn about_entry(&self, _: &Path) -> io::Result<Metadata> {
        refused()
    }
    fn about_open(&self, _: &File) -> io::Result<Metadata> {
        refused()
    }
    fn read_link(&self, _: &Path) -> io::Result<PathBuf> {
        refused()
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
    fn list(&self, _: &Path) -> io::Result<Vec<OsString>> {
        refused()
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
    fn nothing_is_made_or_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new");
        assert!(Sealed.open(&path, How::BOTH.create(0o600)).is_err());
        assert!(Sealed.make_directory(&path, 0o700).is_err());
        assert!(!path.exists() && Sealed.list(dir.path()).is_err());
    }
}
