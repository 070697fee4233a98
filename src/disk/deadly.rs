//! A disk that ends the process at a call, as a crash would: for tests, with the feature `faults` alone.
//!
//! `DEADBEAT_FAULT=before_write:3` aborts before the third write, `after_sync:1` after the first sync. The calls are `write`, `sync`,
//! `exchange` and `rename`; what they are made for, the output or a checkpoint, is not told apart.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Disk, How, Real};

/// See the module.
#[derive(Debug)]
pub struct Deadly {
    disk: Real,
    call: String,
    before: bool,
    at: u64,
    seen: AtomicU64,
}

impl Deadly {
    /// As the environment says; none when it says nothing.
    pub fn of_environment() -> Option<Self> {
        let told = std::env::var("DEADBEAT_FAULT").ok()?;
        let (point, at) = told.split_once(':')?;
        let (when, call) = point.split_once('_')?;
        Some(Self { disk: Real, call: call.to_owned(), before: when == "before", at: at.parse().ok()?, seen: AtomicU64::new(0) })
    }

    fn around<T>(&self, call: &str, f: impl FnOnce() -> T) -> T {
        let dies = self.call == call && self.seen.fetch_add(1, Ordering::Relaxed) + 1 == self.at;
        if dies && self.before {
            std::process::abort();
        }
        let done = f();
        if dies {
            std::process::abort();
        }
        done
    }
}

impl Disk for Deadly {
    fn open(&self, path: &Path, how: How) -> io::Result<File> {
        self.disk.open(path, how)
    }

    fn read_at(&self, file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
        self.disk.read_at(file, into, at)
    }

    fn fill_at(&self, file: &File, into: &mut Vec<u8>, at: u64) -> io::Result<usize> {
        self.disk.fill_at(file, into, at)
    }

    fn fill(&self, file: &File, into: &mut Vec<u8>) -> io::Result<usize> {
        self.disk.fill(file, into)
    }

    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        self.around("write", || self.disk.write(file, bytes))
    }

    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
        self.around("write", || self.disk.write_at(file, bytes, at))
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        self.around("sync", || self.disk.sync_data(file))
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.around("sync", || self.disk.sync_directory(path))
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        self.disk.truncate(file, length)
    }

    fn about(&self, path: &Path) -> io::Result<Metadata> {
        self.disk.about(path)
    }

    fn about_entry(&self, path: &Path) -> io::Result<Metadata> {
        self.disk.about_entry(path)
    }

    fn about_open(&self, file: &File) -> io::Result<Metadata> {
        self.disk.about_open(file)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.disk.read_link(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.around("rename", || self.disk.rename(from, to))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.around("rename", || self.disk.rename_new(from, to))
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        self.around("exchange", || self.disk.exchange(one, other))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_directory(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.disk.list(path)
    }

    fn make_directory(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.disk.make_directory(path, mode)
    }

    fn lock(&self, file: &File) -> io::Result<bool> {
        self.disk.lock(file)
    }
}
