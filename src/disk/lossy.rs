//! For tests: a disk whose power fails at some call, and which then has only what was synced; or that is full, or cannot sync.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::{Disk, How, Real, directory_of};

/// What would be left of a file.
#[derive(Debug)]
struct Kept {
    file: File,
    /// So much of it is on the disk.
    synced: u64,
    path: PathBuf,
    /// Whether its name is.
    named: bool,
}

/// The system's disk for files that are only appended to, as long as there is power.
#[derive(Debug)]
pub(crate) struct Lossy {
    /// Calls before the power fails.
    left: AtomicU64,
    /// Bytes that may still be written.
    room: AtomicU64,
    /// So many syncs fail.
    failing: AtomicU64,
    files: Mutex<HashMap<(u64, u64), Kept>>,
}

impl Lossy {
    /// The power fails at the call with this number, from 0.
    pub(crate) fn at(call: u64) -> Arc<Self> {
        Arc::new(Self { left: call.into(), room: u64::MAX.into(), failing: 0.into(), files: Mutex::default() })
    }

    /// There is always power.
    pub(crate) fn steady() -> Arc<Self> {
        Self::at(u64::MAX - 1)
    }

    /// So many bytes may still be written.
    pub(crate) fn set_room(&self, room: u64) {
        self.room.store(room, Ordering::Relaxed);
    }

    /// The next syncs fail, so many of them.
    pub(crate) fn fail_syncs(&self, count: u64) {
        self.failing.store(count, Ordering::Relaxed);
    }

    /// Whether there is no power any more.
    pub(crate) fn is_off(&self) -> bool {
        self.left.load(Ordering::Relaxed) == u64::MAX
    }

    fn call(&self) -> io::Result<()> {
        let step = |left: u64| if left == u64::MAX { None } else { Some(left.checked_sub(1).unwrap_or(u64::MAX)) };
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) {
            Ok(1..) => Ok(()),
            _ => Err(Errno::IO.into()),
        }
    }

    fn files(&self) -> MutexGuard<'_, HashMap<(u64, u64), Kept>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The power is back: of what was not synced only such a part is there, in percent.
    pub(crate) fn restart(&self, percent: u64) {
        for kept in self.files().values() {
            let length = kept.file.metadata().expect("it is open").len();
            kept.file.set_len(kept.synced + (length - kept.synced) * percent / 100).expect("it can be cut");
            if !kept.named && percent == 0 {
                std::fs::remove_file(&kept.path).expect("it stands where it was made");
            }
        }
    }
}

impl Disk for Lossy {
    fn open(&self, path: &Path, how: How) -> io::Result<File> {
        self.call()?;
        let named = Real.about_entry(path).is_ok();
        let file = Real.open(path, how)?;
        let about = Real.about_open(&file)?;
        if about.is_file() && how.write {
            let kept = || Kept { file: file.try_clone().expect("a file may be open twice"), synced: about.len(), path: path.into(), named };
            self.files().entry((about.dev(), about.ino())).or_insert_with(kept);
        }
        Ok(file)
    }

    fn read_at(&self, file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
        self.call()?;
        Real.read_at(file, into, at)
    }

    fn fill_at(&self, file: &File, into: &mut Vec<u8>, at: u64) -> io::Result<usize> {
        self.call()?;
        Real.fill_at(file, into, at)
    }

    fn fill(&self, file: &File, into: &mut Vec<u8>) -> io::Result<usize> {
        self.call()?;
        Real.fill(file, into)
    }

    /// What is written just when the power fails may be half written.
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        let had_power = !self.is_off();
        match self.call() {
            Ok(()) => {
                let some = self.room.load(Ordering::Relaxed).min(bytes.len() as u64);
                if some == 0 {
                    return Err(Errno::NOSPC.into());
                }
                self.room.fetch_sub(some, Ordering::Relaxed);
                Real.write(file, &bytes[..some as usize])
            }
            Err(error) if had_power => Real.write(file, &bytes[..bytes.len() / 2]).and(Err(error)),
            Err(error) => Err(error),
        }
    }

    fn write_at(&self, _file: &File, _bytes: &[u8], _at: u64) -> io::Result<usize> {
        unimplemented!("such files are only appended to")
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        let about = Real.about_open(file)?;
        self.call()?;
        if self.failing.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |failing| failing.checked_sub(1)).is_ok() {
            return Err(Errno::IO.into());
        }
        if let Some(kept) = self.files().get_mut(&(about.dev(), about.ino())) {
            kept.synced = about.len();
        }
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.call()?;
        self.files().values_mut().filter(|kept| directory_of(&kept.path) == path).for_each(|kept| kept.named = true);
        Ok(())
    }

    fn truncate(&self, _file: &File, _length: u64) -> io::Result<()> {
        unimplemented!("such files are only appended to")
    }

    fn about(&self, path: &Path) -> io::Result<Metadata> {
        self.call()?;
        Real.about(path)
    }

    fn about_entry(&self, path: &Path) -> io::Result<Metadata> {
        self.call()?;
        Real.about_entry(path)
    }

    fn about_open(&self, file: &File) -> io::Result<Metadata> {
        self.call()?;
        Real.about_open(file)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.call()?;
        Real.read_link(path)
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        unimplemented!("such files keep their names")
    }

    fn rename_new(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        unimplemented!("such files keep their names")
    }

    fn exchange(&self, _one: &Path, _other: &Path) -> io::Result<()> {
        unimplemented!("such files keep their names")
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        unimplemented!("such files are not removed")
    }

    fn remove_directory(&self, _path: &Path) -> io::Result<()> {
        unimplemented!("such directories are not removed")
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.call()?;
        Real.list(path)
    }

    fn make_directory(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.call()?;
        Real.make_directory(path, mode)
    }

    fn lock(&self, file: &File) -> io::Result<bool> {
        self.call()?;
        Real.lock(file)
    }
}
