//! Writing files, some at once: each is made in `temp`, synced where that is wanted, and then renamed into `incoming`, where readers see
//! it. Where that blocks it is no matter.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::cogs::fs::filer::names::Name;
use crate::cogs::fs::filer::settle_name;
use crate::disk::{Disk, How, retry, write_whole};

/// Threads that sync files at the same time: the disk brings together what they ask for.
const SYNCING: usize = 4;

/// A file to be written.
#[derive(Debug)]
pub(super) struct Item {
    /// What it is to be called; nothing: as the protocol has it.
    pub(super) name: Option<String>,
    pub(super) bytes: Vec<u8>,
}

/// How files are written.
#[derive(Clone, Debug)]
pub(super) struct Writing {
    pub(super) incoming: PathBuf,
    pub(super) temp: PathBuf,
    pub(super) suffix: String,
    pub(super) mode: u32,
    pub(super) fsync: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Wrote {
    /// So many of the first files are in `incoming`.
    pub(super) placed: usize,
    /// The directory with their names was synced, where that is wanted.
    pub(super) synced: bool,
    pub(super) trouble: Option<(PathBuf, io::Error)>,
}

/// A file that stands in `temp`.
struct Made {
    path: PathBuf,
    file: File,
    name: OsString,
}

impl Writing {
    /// Writes these files in their order, up to the first that cannot be. `unsynced`: names were made before, and are to be synced too.
    pub(super) fn write(&self, disk: &Arc<dyn Disk>, items: &[Item], unsynced: bool, now: SystemTime) -> Wrote {
        let mut wrote = if self.fsync { self.write_synced(disk, items, now) } else { self.write_each(&**disk, items, now) };
        wrote.synced = true;
        if self.fsync
            && (unsynced || wrote.placed > 0)
            && let Err(error) = retry(|| disk.sync_directory(&self.incoming))
        {
            wrote.synced = false;
            wrote.trouble.get_or_insert((self.incoming.clone(), error));
        }
        wrote
    }

    /// One after the other, so that no more than one is ever in `temp`.
    fn write_each(&self, disk: &dyn Disk, items: &[Item], now: SystemTime) -> Wrote {
        let mut wrote = Wrote::default();
        for item in items {
            match self.make(disk, item, now).and_then(|made| self.place(disk, &made)) {
                Ok(()) => wrote.placed += 1,
                Err(error) => {
                    wrote.trouble = Some(error);
                    break;
                }
            }
        }
        wrote
    }

    /// All are written before the first is renamed, so that the disk can sync them together.
    fn write_synced(&self, disk: &Arc<dyn Disk>, items: &[Item], now: SystemTime) -> Wrote {
        let mut wrote = Wrote::default();
        let mut made = Vec::with_capacity(items.len());
        for item in items {
            match self.make(&**disk, item, now) {
                Ok(one) => made.push(one),
                Err(error) => {
                    wrote.trouble = Some(error);
                    break;
                }
            }
        }
        if let Some((at, error)) = sync(disk, &made) {
            wrote.trouble = Some((made[at].path.clone(), error));
            // Nobody knows what is stored of it: it is written anew.
            made.drain(at..).for_each(|made| remove(&**disk, &made.path));
        }
        let mut made = made.into_iter();
        for one in made.by_ref() {
            if let Err(error) = self.place(&**disk, &one) {
                wrote.trouble = Some(error);
                break;
            }
            wrote.placed += 1;
        }
        made.for_each(|made| remove(&**disk, &made.path));
        wrote
    }

    /// Writes a file in `temp`.
    fn make(&self, disk: &dyn Disk, item: &Item, now: SystemTime) -> Result<Made, (PathBuf, io::Error)> {
        let name = Name::new(now);
        let path = self.temp.join(name.temporary(&self.suffix));
        let how = How { append: false, ..How::APPEND }.create_new(self.mode).no_follow();
        let file = retry(|| disk.open(&path, how)).map_err(|error| (path.clone(), error))?;
        let about = write_whole(disk, &file, &item.bytes).and_then(|()| retry(|| disk.about_open(&file)));
        match about {
            Ok(about) => {
                let name = match &item.name {
                    Some(name) => name.into(),
                    None => name.finished(about.dev(), about.ino(), &self.suffix).into(),
                };
                Ok(Made { path, file, name })
            }
            Err(error) => {
                remove(disk, &path);
                Err((path, error))
            }
        }
    }

    /// Gives a file its name, where readers see it. What cannot be is removed.
    fn place(&self, disk: &dyn Disk, made: &Made) -> Result<(), (PathBuf, io::Error)> {
        let place = |name: &OsStr| disk.rename_new(&made.path, &self.incoming.join(name));
        settle_name(&made.name, place).map(drop).map_err(|error| {
            remove(disk, &made.path);
            (self.incoming.join(&made.name), error)
        })
    }
}

/// Syncs all of them; gives the first that could not be.
fn sync(disk: &Arc<dyn Disk>, made: &[Made]) -> Option<(usize, io::Error)> {
    let sync_some = |from: usize| {
        let mut mine = made.iter().enumerate().skip(from).step_by(SYNCING);
        mine.find_map(|(at, made)| retry(|| disk.sync_data(&made.file)).err().map(|error| (at, error)))
    };
    if made.len() < 2 {
        return sync_some(0);
    }
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..SYNCING.min(made.len())).map(|from| scope.spawn(move || sync_some(from))).collect();
        let failed = others.into_iter().filter_map(|other| other.join().unwrap_or_else(|_| Some((0, io::Error::other("a thread failed")))));
        failed.chain(sync_some(0)).min_by_key(|(at, _)| *at)
    })
}

fn remove(disk: &dyn Disk, path: &Path) {
    // Nobody else would; should this fail, it is cleaned up when it is old.
    let _ = retry(|| disk.remove(path));
}
