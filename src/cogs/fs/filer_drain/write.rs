//! Writing files: each is made in `temp`, synced where that is wanted, and then renamed into `incoming`, where readers see it. The
//! names of many are synced together. Where that blocks it is no matter.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::cogs::fs::filer::names::Name;
use crate::cogs::fs::filer::settle_name;
use crate::disk::{Disk, How, retry, write_whole};

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

impl Wrote {
    /// One is in place, or why not.
    fn add(&mut self, placed: Result<(), (PathBuf, io::Error)>) -> bool {
        match placed {
            Ok(()) => self.placed += 1,
            Err(error) => {
                self.trouble = Some(error);
                return false;
            }
        }
        true
    }
}

/// A file that stands in `temp`.
struct Made {
    path: PathBuf,
    file: File,
    name: OsString,
}

impl Writing {
    /// Writes these files in their order, up to the first that cannot be. `unsynced`: names were made before, and are to be synced too.
    pub(super) fn write(&self, disk: &dyn Disk, items: &[Item], unsynced: bool, now: SystemTime) -> Wrote {
        let mut wrote = Wrote { synced: true, ..Wrote::default() };
        if self.fsync {
            self.write_synced(disk, items, now, &mut wrote);
        } else {
            for item in items {
                if !wrote.add(self.make(disk, item, now).and_then(|made| self.place(disk, &made))) {
                    break;
                }
            }
        }
        if self.fsync
            && (unsynced || wrote.placed > 0)
            && let Err(error) = retry(|| disk.sync_directory(&self.incoming))
        {
            wrote.synced = false;
            wrote.trouble.get_or_insert((self.incoming.clone(), error));
        }
        wrote
    }

    /// All are written before the first is synced: the disk brings most of them along with it, which is six times as fast as one by one.
    fn write_synced(&self, disk: &dyn Disk, items: &[Item], now: SystemTime, wrote: &mut Wrote) {
        let mut made = Vec::with_capacity(items.len());
        for item in items {
            match self.make(disk, item, now) {
                Ok(one) => made.push(one),
                Err(error) => {
                    wrote.trouble = Some(error);
                    break;
                }
            }
        }
        let synced = made.iter().position(|made| match retry(|| disk.sync_data(&made.file)) {
            Ok(()) => false,
            Err(error) => {
                wrote.trouble = Some((made.path.clone(), error));
                true
            }
        });
        let synced = synced.unwrap_or(made.len());
        let placed = made[..synced].iter().take_while(|made| wrote.add(self.place(disk, made))).count();
        // The one that could not be placed is gone already. Of those not synced nobody knows what is stored: they are written anew.
        let rest = if placed < synced { placed + 1 } else { synced };
        made[rest..].iter().for_each(|made| remove(disk, &made.path));
    }

    /// Writes a file in `temp`.
    fn make(&self, disk: &dyn Disk, item: &Item, now: SystemTime) -> Result<Made, (PathBuf, io::Error)> {
        let name = Name::new(now);
        let path = self.temp.join(name.temporary(&self.suffix));
        let how = How { append: false, ..How::APPEND }.create_new(self.mode).no_follow();
        let file = retry(|| disk.open(&path, how)).map_err(|error| (path.clone(), error))?;
        let written = write_whole(disk, &file, &item.bytes).and_then(|()| retry(|| disk.about_open(&file)));
        match written {
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

fn remove(disk: &dyn Disk, path: &Path) {
    // Nobody else would; should this fail, it is cleaned up when it is old.
    let _ = retry(|| disk.remove(path));
}
