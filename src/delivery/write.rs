//! Writing some files: all are made before the first is synced, and synced before the first gets its name, so that the disk does it for
//! all of them together.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{Disk, How, retry, write_whole};

/// Threads that sync files at the same time.
const SYNCING: usize = 4;
/// So many names are tried when they are taken.
const ATTEMPTS: usize = 16;

/// Makes names: what a file is called while it is made, and in the end. No two calls give the same.
pub type Names = Box<dyn Fn() -> (OsString, OsString) + Send + Sync>;

/// How files are written.
pub struct Writing {
    /// Where they are made. It must be on the same file system as `target`.
    pub temp: PathBuf,
    /// Where they get their names.
    pub target: PathBuf,
    /// What they are called.
    pub names: Names,
    /// Their permissions.
    pub mode: u32,
    /// Whether they, and their names, are brought to the disk before they count as stored.
    pub fsync: bool,
}

impl fmt::Debug for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writing").field("target", &self.target).finish_non_exhaustive()
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Wrote {
    /// So many of the first files are in place.
    pub(super) placed: usize,
    /// Their names are on the disk too, where that is wanted.
    pub(super) synced: bool,
    pub(super) trouble: Option<(PathBuf, io::Error)>,
}

/// A file that has been made.
struct Made {
    path: PathBuf,
    file: File,
    name: OsString,
}

impl Writing {
    /// Writes these files in their order, up to the first that cannot be. `unsynced`: names were made before that are to be synced too.
    pub(super) fn write(&self, disk: &dyn Disk, files: &[Vec<u8>], unsynced: bool) -> Wrote {
        let mut wrote = Wrote::default();
        let mut made = Vec::with_capacity(files.len());
        for file in files {
            match self.make(disk, file) {
                Ok(one) => made.push(one),
                Err(error) => {
                    wrote.trouble = Some(error);
                    break;
                }
            }
        }
        if self.fsync
            && let Some((at, error)) = sync(disk, &made)
        {
            wrote.trouble = Some((made[at].path.clone(), error));
            // Nobody knows what is stored of it: it is written anew.
            made.drain(at..).for_each(|made| remove(disk, &made.path));
        }
        let mut made = made.into_iter();
        for one in made.by_ref() {
            if let Err(error) = self.place(disk, one) {
                wrote.trouble = Some(error);
                break;
            }
            wrote.placed += 1;
        }
        made.for_each(|made| remove(disk, &made.path));
        wrote.synced = true;
        if self.fsync
            && (unsynced || wrote.placed > 0)
            && let Err(error) = retry(|| disk.sync_directory(&self.target))
        {
            wrote.synced = false;
            wrote.trouble.get_or_insert((self.target.clone(), error));
        }
        wrote
    }

    /// Makes a file under a name that nobody looks at.
    fn make(&self, disk: &dyn Disk, bytes: &[u8]) -> Result<Made, (PathBuf, io::Error)> {
        let (temporary, name) = (self.names)();
        let path = self.temp.join(temporary);
        let how = How { append: false, ..How::APPEND }.create_new(self.mode).no_follow();
        let file = retry(|| disk.open(&path, how)).map_err(|error| (path.clone(), error))?;
        match write_whole(disk, &file, bytes) {
            Ok(()) => Ok(Made { path, file, name }),
            Err(error) => {
                remove(disk, &path);
                Err((path, error))
            }
        }
    }

    /// Gives a file its name, another one where that is taken. What cannot be placed is removed.
    fn place(&self, disk: &dyn Disk, made: Made) -> Result<(), (PathBuf, io::Error)> {
        let mut name = made.name;
        for _ in 0..ATTEMPTS {
            match retry(|| disk.rename_new(&made.path, &self.target.join(&name))) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => name = (self.names)().1,
                Err(error) => {
                    remove(disk, &made.path);
                    return Err((self.target.join(&name), error));
                }
                Ok(()) => return Ok(()),
            }
        }
        remove(disk, &made.path);
        Err((self.target.join(&name), io::ErrorKind::AlreadyExists.into()))
    }
}

/// Syncs all of them; gives the first that could not be.
fn sync(disk: &dyn Disk, made: &[Made]) -> Option<(usize, io::Error)> {
    let sync_some = |from: usize| {
        let mut mine = made.iter().enumerate().skip(from).step_by(SYNCING);
        mine.find_map(|(at, made)| retry(|| disk.sync_data(&made.file)).err().map(|error| (at, error)))
    };
    if made.len() < SYNCING {
        return made.iter().enumerate().find_map(|(at, made)| retry(|| disk.sync_data(&made.file)).err().map(|error| (at, error)));
    }
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..SYNCING).map(|from| scope.spawn(move || sync_some(from))).collect();
        let own = sync_some(0);
        let failed = others.into_iter().filter_map(|other| other.join().unwrap_or_else(|_| Some((0, io::Error::other("a thread failed")))));
        failed.chain(own).min_by_key(|(at, _)| *at)
    })
}

fn remove(disk: &dyn Disk, path: &Path) {
    // Should this fail, whoever cleans up does it when the file is old.
    let _ = retry(|| disk.remove(path));
}
