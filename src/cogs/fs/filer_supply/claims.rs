//! The directory into which a reader renames what it takes, and those that others have left behind.
//!
//! As long as its lock is held, its owner lives. What lies in one whose lock is free goes back to `incoming`. It comes into being under
//! another name and with its lock held, so that nobody ever sees one that is not owned.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::cogs::fs::filer::{names, settle_name};
use crate::disk::{Disk, How, retry};

/// The lock's name: no file that is taken is called so, as those have no leading dot.
const LOCK: &str = ".lock";
/// Permissions, also for readers of other users of the group.
const MODES: (u32, u32) = (0o770, 0o660);
/// One without a lock was being made or removed, and nobody is so slow.
const STALE: Duration = Duration::from_hours(1);

/// A reader's own directory.
#[derive(Debug)]
pub(super) struct Claims {
    path: PathBuf,
    _lock: File,
}

impl Claims {
    /// A new one below `pending`.
    pub(super) fn make(disk: &dyn Disk, pending: &Path, now: SystemTime) -> io::Result<Self> {
        let name = names::directory(now);
        let (path, hidden) = (pending.join(&name), pending.join(format!(".{name}")));
        retry(|| disk.make_directory(&hidden, MODES.0))?;
        let made = retry(|| disk.open(&hidden.join(LOCK), How::BOTH.create_new(MODES.1).no_follow()))
            .and_then(|lock| if retry(|| disk.lock(&lock))? { Ok(lock) } else { Err(io::ErrorKind::ResourceBusy.into()) })
            .and_then(|lock| retry(|| disk.rename(&hidden, &path)).map(|()| lock));
        match made {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(error) => {
                remove(disk, &hidden);
                Err(error)
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts what it holds back into `incoming` and removes it, for the end of its owner.
    pub(super) fn leave(&self, disk: &dyn Disk, incoming: &Path) -> io::Result<()> {
        empty(disk, &self.path, incoming).map(drop)
    }
}

/// Puts a file back into `incoming`, under another name where its own is taken meanwhile. One that is gone is not missed.
pub(super) fn give_back(disk: &dyn Disk, file: &Path, name: &OsStr, incoming: &Path) -> io::Result<()> {
    match settle_name(name, |name| disk.rename_new(file, &incoming.join(name))) {
        // Either of the two: it may be that `incoming` is not there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => match retry(|| disk.about_entry(file)) {
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        },
        done => done.map(drop),
    }
}

/// Puts all files of a reader's directory back into `incoming`, and removes it. Gives how many there were.
fn empty(disk: &dyn Disk, path: &Path, incoming: &Path) -> io::Result<usize> {
    let mut count = 0;
    for name in retry(|| disk.list(path))? {
        if name != LOCK {
            give_back(disk, &path.join(&name), &name, incoming)?;
            count += 1;
        }
    }
    remove(disk, path);
    Ok(count)
}

/// Removes an empty directory with its lock. What is not empty stays for the next who looks.
fn remove(disk: &dyn Disk, path: &Path) {
    let _ = retry(|| disk.remove(&path.join(LOCK)));
    let _ = retry(|| disk.remove_directory(path));
}

/// Puts back into `incoming` what readers that live no more had taken. Gives how many files those were.
pub(super) fn recover(disk: &dyn Disk, pending: &Path, incoming: &Path, own: Option<&Path>, now: SystemTime) -> io::Result<usize> {
    let mut count = 0;
    for name in retry(|| disk.list(pending))? {
        let path = pending.join(&name);
        // One that was being made when its owner died has a leading dot.
        let bytes = name.as_encoded_bytes();
        let plain = bytes.strip_prefix(b".").and_then(|rest| str::from_utf8(rest).ok()).map_or(&*name, OsStr::new);
        if !names::is_directory(plain) || own == Some(&*path) {
            continue;
        }
        let lock = match retry(|| disk.open(&path.join(LOCK), How::BOTH.no_follow())) {
            Ok(lock) => Some(lock),
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_stale(disk, &path, now) => None,
            // Another has just emptied it, or it is none of ours to open.
            Err(_) => continue,
        };
        if lock.as_ref().is_none_or(|lock| retry(|| disk.lock(lock)).unwrap_or(false)) {
            match empty(disk, &path, incoming) {
                Ok(found) => count += found,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(count)
}

/// Puts files that lie loose in `pending` back into `incoming`: for a reader that knows to be the only one.
pub(super) fn recover_loose(disk: &dyn Disk, pending: &Path, incoming: &Path) -> io::Result<usize> {
    let mut count = 0;
    for name in retry(|| disk.list(pending))? {
        let path = pending.join(&name);
        if !name.as_encoded_bytes().starts_with(b".") && retry(|| disk.about_entry(&path)).is_ok_and(|about| about.is_file()) {
            give_back(disk, &path, &name, incoming)?;
            count += 1;
        }
    }
    Ok(count)
}

fn is_stale(disk: &dyn Disk, path: &Path, now: SystemTime) -> bool {
    let about = retry(|| disk.about_entry(path));
    about.is_ok_and(|about| about.modified().is_ok_and(|made| now.duration_since(made).is_ok_and(|age| age > STALE)))
}
