//! Names that were seen in `incoming`, in the order in which their files are to be taken. A hint: whether they are there still is seen
//! when they are taken.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use glob::{MatchOptions, Pattern};

use super::claims;
use crate::cog::Args;
use crate::disk::{Disk, retry};
use crate::error::{Error, Result};

/// Names kept at once; when they are used up the directory is listed again.
const MOST: usize = 100_000;

/// `order`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Name,
    Mtime,
    None,
}

impl Order {
    pub(super) const WORDS: &[&str] = &["name", "mtime", "none"];

    pub(super) fn named(word: &str) -> Self {
        match word {
            "mtime" => Self::Mtime,
            "none" => Self::None,
            _ => Self::Name,
        }
    }
}

/// Which files are meant, and in which order.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    order: Order,
    /// Nothing: all.
    pattern: Option<Pattern>,
}

impl Choice {
    /// From the options `order` and `pattern`.
    ///
    /// # Errors
    /// No pattern.
    pub(super) fn of(args: &Args) -> Result<Self> {
        let text = args.str("pattern");
        let pattern = if text == "*" {
            None
        } else {
            Some(Pattern::new(&text).map_err(|error| Error::option("pattern", format!("`{text}` is no pattern: {error}")))?)
        };
        Ok(Self { order: Order::named(&args.str("order")), pattern })
    }

    /// Whether a file of that name is meant.
    fn takes(&self, name: &OsStr) -> bool {
        let rules = MatchOptions { case_sensitive: true, require_literal_separator: false, require_literal_leading_dot: false };
        !name.as_encoded_bytes().starts_with(b".")
            && self.pattern.as_ref().is_none_or(|pattern| pattern.matches_with(&name.to_string_lossy(), rules))
    }
}

/// What a look at the directory gave.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    names: Vec<(u64, OsString)>,
    /// There were more.
    cut: bool,
    /// Files that dead readers had taken and that were put back.
    pub(super) returned: usize,
    pub(super) trouble: Option<(PathBuf, io::Error)>,
}

/// What is looked at.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) incoming: PathBuf,
    pub(super) pending: PathBuf,
    pub(super) choice: Choice,
    /// Whether dead readers are looked for.
    pub(super) dead: bool,
    /// Whether files are put back that lie loose in `pending`.
    pub(super) loose: bool,
    pub(super) now: SystemTime,
}

impl Scan {
    /// Puts back what is to be put back, and lists what is there. `own`: the reader's own directory.
    pub(super) fn run(&self, disk: &dyn Disk, own: Option<&Path>) -> Scanned {
        let mut scanned = Scanned::default();
        let mut returned = Ok(0);
        if self.dead {
            returned = claims::recover(disk, &self.pending, &self.incoming, own, self.now);
        }
        if self.loose && returned.is_ok() {
            returned = returned.and_then(|count| Ok(count + claims::recover_loose(disk, &self.pending, &self.incoming)?));
        }
        match returned {
            Ok(count) => scanned.returned = count,
            Err(error) => scanned.trouble = Some((self.pending.clone(), error)),
        }
        match retry(|| disk.list(&self.incoming)) {
            Ok(names) => {
                let meant = names.into_iter().filter(|name| self.choice.takes(name));
                scanned.names = meant.map(|name| (self.rank(disk, &name), name)).collect();
            }
            Err(error) => scanned.trouble = Some((self.incoming.clone(), error)),
        }
        if scanned.names.len() > MOST {
            scanned.names.select_nth_unstable(MOST);
            scanned.names.truncate(MOST);
            scanned.cut = true;
        }
        scanned
    }

    fn rank(&self, disk: &dyn Disk, name: &OsStr) -> u64 {
        if self.choice.order != Order::Mtime {
            return 0;
        }
        let time = retry(|| disk.about_entry(&self.incoming.join(name))).and_then(|about| about.modified());
        // What cannot be looked at comes first and is seen then.
        time.map_or(0, nanoseconds)
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

/// The names.
#[derive(Debug, Default)]
pub(super) struct Queue {
    names: BTreeSet<(u64, OsString)>,
    /// Those that have come since a look at the directory began, which may not have seen them.
    fresh: Option<BTreeSet<(u64, OsString)>>,
    /// For those that were told of one by one.
    next: u64,
    cut: bool,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether names were left out, so that the directory must be listed when these are used up.
    pub(super) fn takes_more(&mut self) -> bool {
        self.names.is_empty() && std::mem::take(&mut self.cut)
    }

    /// The directory is about to be looked at.
    pub(super) fn looks(&mut self) {
        self.fresh = Some(BTreeSet::new());
    }

    /// These were there when it was looked at.
    pub(super) fn set(&mut self, scanned: Scanned) {
        self.names = self.fresh.take().unwrap_or_default();
        self.names.extend(scanned.names);
        self.cut = scanned.cut;
    }

    fn insert(&mut self, rank: u64, name: OsString) {
        if let Some(fresh) = &mut self.fresh {
            fresh.insert((rank, name.clone()));
        }
        self.names.insert((rank, name));
    }

    /// One that has come.
    pub(super) fn add(&mut self, name: OsString, choice: &Choice, now: SystemTime) {
        if !choice.takes(&name) {
            return;
        }
        if self.names.len() >= MOST {
            self.cut = true;
            return;
        }
        let rank = match choice.order {
            Order::Name => 0,
            Order::Mtime => nanoseconds(now),
            Order::None => {
                self.next += 1;
                self.next
            }
        };
        self.insert(rank, name);
    }

    /// One whose turn was put off: it comes first.
    pub(super) fn put_back(&mut self, name: OsString) {
        self.insert(0, name);
    }

    /// One that the system would not give: its turn comes after all others, which it may give.
    pub(super) fn put_last(&mut self, name: OsString) {
        self.insert(u64::MAX, name);
    }

    /// The next ones.
    pub(super) fn next(&mut self, count: usize) -> Vec<OsString> {
        std::iter::from_fn(|| self.names.pop_first()).take(count).map(|(_, name)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_while_the_directory_was_looked_at_is_not_forgotten() {
        let choice = Choice { order: Order::Name, pattern: None };
        let mut queue = Queue::default();
        let now = SystemTime::UNIX_EPOCH;
        queue.add("gone".into(), &choice, now);
        queue.looks();
        queue.add("late".into(), &choice, now);
        queue.put_back("back".into());
        queue.put_last("last".into());
        queue.set(Scanned { names: vec![(0, "there".into())], ..Scanned::default() });
        assert_eq!(queue.next(9), ["back", "late", "there", "last"]);
        queue.set(Scanned::default());
        assert!(queue.is_empty());
    }
}
