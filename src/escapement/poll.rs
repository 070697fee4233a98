//! Looking at a path again and again: what a [`Watch`](super::watch::Watch) does where the system tells it nothing.
//!
//! Two looks at a path are compared, and the difference is told in the words that inotify's events are told in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use super::wake::{Changed, What};

/// Which thing it is, whatever its name. Inode numbers are given out again quickly; the time of birth, where the file system keeps
/// one, tells the new thing from the old.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    born: Option<SystemTime>,
    pub(super) directory: bool,
}

impl Identity {
    /// What stands at `path` now, behind symbolic links.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        Ok(Self::of(&fs::metadata(path)?))
    }

    fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino(), born: metadata.created().ok(), directory: metadata.is_dir() }
    }
}

/// What a path looked like.
#[derive(Debug)]
pub(super) struct Look {
    thing: Seen,
    /// The entries of a directory; empty for all else.
    entries: BTreeMap<OsString, Seen>,
}

#[derive(Debug)]
struct Seen {
    identity: Identity,
    /// Size and time of the last writing. Kept for regular files only: what a directory holds is its own watch's concern.
    content: Option<(u64, i64, i64)>,
    /// Time of the last change of attributes.
    changed: (i64, i64),
    /// Its content changed lately; one period of rest will count as closed.
    restless: bool,
}

impl Seen {
    fn of(metadata: &Metadata) -> Self {
        Self {
            identity: Identity::of(metadata),
            content: metadata.is_file().then(|| (metadata.len(), metadata.mtime(), metadata.mtime_nsec())),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            restless: false,
        }
    }

    /// Content compared with what `self` was: has it come to rest?
    fn rests_after(&mut self, old: &Self) -> bool {
        self.restless = self.content != old.content;
        old.restless && !self.restless
    }
}

impl Look {
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let thing = Seen::of(&fs::metadata(path)?);
        let mut entries = BTreeMap::new();
        if thing.identity.directory {
            for entry in fs::read_dir(path)? {
                let entry = entry?;
                match entry.metadata() {
                    Ok(metadata) => entries.insert(entry.file_name(), Seen::of(&metadata)),
                    // It left between the two calls, so it was never there.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                };
            }
        }
        Ok(Self { thing, entries })
    }

    pub(super) const fn identity(&self) -> Identity {
        self.thing.identity
    }

    /// Becomes the newer look and tells what is different. Both must be of the same thing.
    pub(super) fn turn_into(&mut self, mut new: Self) -> Vec<Changed> {
        let mut news = Vec::new();
        let old = &self.thing;
        let same_attributes = new.thing.identity.directory || new.thing.changed == old.changed;
        let closed_after_write = new.thing.rests_after(old);
        let what = What { modified: !same_attributes || new.thing.restless, closed_after_write, ..What::default() };
        if !what.is_nothing() {
            news.push(Changed { name: None, what });
        }
        for name in self.entries.keys().filter(|name| !new.entries.contains_key(*name)) {
            news.push(Changed { name: Some(name.clone()), what: What { removed: true, ..What::default() } });
        }
        for (name, entry) in &mut new.entries {
            let what = match self.entries.get(name) {
                Some(old) if old.identity == entry.identity => What { closed_after_write: entry.rests_after(old), ..What::default() },
                // New, or put in the place of another in one step.
                _ => {
                    entry.restless = entry.content.is_some();
                    What { created: true, ..What::default() }
                }
            };
            if !what.is_nothing() {
                news.push(Changed { name: Some(name.clone()), what });
            }
        }
        *self = new;
        news
    }
}

/// True when an error says that nothing (usable) stands at a path; false when it says that we cannot look just now.
pub(super) fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied, StaleNetworkFileHandle};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied | StaleNetworkFileHandle)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Changed, Look, What};

    fn told(name: Option<&str>, what: What) -> Changed {
        Changed { name: name.map(Into::into), what }
    }

    #[test]
    fn a_growing_file_is_modified_and_a_resting_one_closed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("log");
        fs::write(&path, "a").unwrap();
        let mut look = Look::at(&path).unwrap();
        assert_eq!(look.turn_into(Look::at(&path).unwrap()), []);
        fs::write(&path, "ab").unwrap();
        let modified = What { modified: true, ..What::default() };
        assert_eq!(look.turn_into(Look::at(&path).unwrap()), [told(None, modified)]);
        let closed = What { closed_after_write: true, ..What::default() };
        assert_eq!(look.turn_into(Look::at(&path).unwrap()), [told(None, closed)]);
        assert_eq!(look.turn_into(Look::at(&path).unwrap()), []);
    }

    #[test]
    fn entries_that_come_and_go_are_told_by_name() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("old"), "").unwrap();
        fs::create_dir(place.path().join("sub")).unwrap();
        let mut look = Look::at(place.path()).unwrap();
        fs::rename(place.path().join("old"), place.path().join("new")).unwrap();
        fs::write(place.path().join("sub/deeper"), "").unwrap();
        let removed = What { removed: true, ..What::default() };
        let created = What { created: true, ..What::default() };
        assert_eq!(look.turn_into(Look::at(place.path()).unwrap()), [told(Some("old"), removed), told(Some("new"), created)]);
        let closed = What { closed_after_write: true, ..What::default() };
        assert_eq!(look.turn_into(Look::at(place.path()).unwrap()), [told(Some("new"), closed)]);
        assert_eq!(look.turn_into(Look::at(place.path()).unwrap()), []);
    }
}
