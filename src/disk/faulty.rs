//! For tests: a disk one of whose calls fails, or does less than was asked for.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::io::Errno;

use super::{Disk, How, Real};

/// What is wrong with the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails without having done anything.
    Error(Errno),
    /// A read or write does only half, at least one byte; all others are sound.
    Short,
}

/// The kinds of faults that each user of a disk must survive.
pub(crate) const FAULTS: [Fault; 5] =
    [Fault::Error(Errno::NOSPC), Fault::Error(Errno::IO), Fault::Error(Errno::INTR), Fault::Error(Errno::MFILE), Fault::Short];

/// A temporary directory where a sync costs nothing, if the system has such a place.
pub(crate) fn memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("there is some place for temporary files")
}

/// The system's disk with one fault.
#[derive(Debug)]
pub(crate) struct Faulty {
    /// Calls before the one that is wrong.
    at: AtomicU64,
    fault: Fault,
    calls: AtomicU64,
    struck: AtomicBool,
    /// Whether that was a sync, and failed.
    sync_failed: AtomicBool,
}

impl Faulty {
    /// The call with this number, from 0, is wrong.
    pub(crate) fn at(call: u64, fault: Fault) -> Arc<Self> {
        Arc::new(Self { at: call.into(), fault, calls: 0.into(), struck: false.into(), sync_failed: false.into() })
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Whether the call that is wrong has come.
    pub(crate) fn has_struck(&self) -> bool {
        self.struck.load(Ordering::Relaxed)
    }

    /// Whether a sync has failed.
    pub(crate) fn has_failed_sync(&self) -> bool {
        self.sync_failed.load(Ordering::Relaxed)
    }

    /// From now on nothing is wrong any more.
    pub(crate) fn heal(&self) {
        self.at.store(u64::MAX, Ordering::Relaxed);
    }

    /// Counts the call; true when it is to be short.
    fn count(&self) -> io::Result<bool> {
        if self.calls.fetch_add(1, Ordering::Relaxed) != self.at.load(Ordering::Relaxed) {
            return Ok(false);
        }
        self.struck.store(true, Ordering::Relaxed);
        match self.fault {
            Fault::Error(error) => Err(error.into()),
            Fault::Short => Ok(true),
        }
    }

    /// So much of a whole is done.
    fn part(&self, whole: usize) -> io::Result<usize> {
        Ok(if self.count()? { whole.div_ceil(2) } else { whole })
    }

    /// Appends what `read` gives to `into`, half of what it has room for when the call is short.
    fn fill_with(&self, into: &mut Vec<u8>, read: impl FnOnce(&mut Vec<u8>) -> io::Result<usize>) -> io::Result<usize> {
        let room = into.capacity() - into.len();
        let part = self.part(room)?;
        if part == room {
            return read(into);
        }
        let mut some = Vec::with_capacity(part);
        let count = read(&mut some)?.min(part);
        into.extend_from_slice(&some[..count]);
        Ok(count)
    }
}

impl Disk for Faulty {
    fn open(&self, path: &Path, how: How) -> io::Result<File> {
        self.count()?;
        Real.open(path, how)
    }

    fn read_at(&self, file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
        let part = self.part(into.len())?;
        Real.read_at(file, &mut into[..part], at)
    }

    fn fill_at(&self, file: &File, into: &mut Vec<u8>, at: u64) -> io::Result<usize> {
        self.fill_with(into, |into| Real.fill_at(file, into, at))
    }

    fn fill(&self, file: &File, into: &mut Vec<u8>) -> io::Result<usize> {
        self.fill_with(into, |into| Real.fill(file, into))
    }

    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        let part = self.part(bytes.len())?;
        Real.write(file, &bytes[..part])
    }

    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
        let part = self.part(bytes.len())?;
        Real.write_at(file, &bytes[..part], at)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        self.count().inspect_err(|_| self.sync_failed.store(true, Ordering::Relaxed))?;
        Real.sync_data(file)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.count().inspect_err(|_| self.sync_failed.store(true, Ordering::Relaxed))?;
        Real.sync_directory(path)
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        self.count()?;
        Real.truncate(file, length)
    }

    fn about(&self, path: &Path) -> io::Result<Metadata> {
        self.count()?;
        Real.about(path)
    }

    fn about_entry(&self, path: &Path) -> io::Result<Metadata> {
        self.count()?;
        Real.about_entry(path)
    }

    fn about_open(&self, file: &File) -> io::Result<Metadata> {
        self.count()?;
        Real.about_open(file)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.count()?;
        Real.read_link(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.count()?;
        Real.rename(from, to)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.count()?;
        Real.rename_new(from, to)
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        self.count()?;
        Real.exchange(one, other)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.count()?;
        Real.remove(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.count()?;
        Real.remove_directory(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.count()?;
        Real.list(path)
    }

    fn make_directory(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.count()?;
        Real.make_directory(path, mode)
    }

    fn lock(&self, file: &File) -> io::Result<bool> {
        self.count()?;
        Real.lock(file)
    }
}
