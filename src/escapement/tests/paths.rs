//! Watched paths, each test once with inotify and once by looking, with the same answers wanted.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::ready;
use crate::error::Error;
use crate::escapement::inotify::Notice;
use crate::escapement::{Clock, Escapement, Token, Wake, What};

const PERIOD: Duration = Duration::from_secs(1);
const NOTHING: What = What { modified: false, created: false, removed: false, closed_after_write: false, gone: false, rescan: false };
const MODIFIED: What = What { modified: true, ..NOTHING };
const CREATED: What = What { created: true, ..NOTHING };
const REMOVED: What = What { removed: true, ..NOTHING };
const CLOSED: What = What { closed_after_write: true, ..NOTHING };
const GONE: What = What { gone: true, ..NOTHING };

/// A directory and an escapement that watches in one of the two ways.
struct Place {
    escapement: Escapement,
    clock: Clock,
    directory: TempDir,
    polled: bool,
}

impl Place {
    fn both(test: impl Fn(&mut Self)) {
        for polled in [false, true] {
            let clock = Clock::by_hand();
            let mut escapement = Escapement::new(clock.clone()).unwrap();
            if polled {
                escapement.without_inotify();
            }
            test(&mut Self { escapement, clock, directory: tempfile::tempdir().unwrap(), polled });
        }
    }

    fn path(&self, name: impl AsRef<Path>) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: impl AsRef<Path>, text: &str) {
        let mut file = File::options().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn watch(&mut self, owner: u32, name: impl AsRef<Path>) -> Token {
        let path = self.path(name);
        let token = self.escapement.watch(owner, &path, PERIOD).unwrap();
        assert_eq!(self.escapement.watch_is_polled(token), self.polled);
        token
    }

    /// All that is told to each binding until it is silent, put together by name.
    fn told(&mut self) -> BTreeMap<(Token, String), What> {
        let mut told: BTreeMap<_, What> = BTreeMap::new();
        for _ in 0..3 {
            for fired in ready(&mut self.escapement) {
                let Wake::Changed(changed) = fired.wake else { panic!("{fired:?}") };
                let name = changed.name.map_or(String::new(), |name| name.to_string_lossy().into_owned());
                let what = told.entry((fired.token, name)).or_default();
                *what = what.and(changed.what);
            }
            self.clock.advance(PERIOD);
        }
        assert!(ready(&mut self.escapement).is_empty());
        told
    }

    fn expect<const N: usize>(&mut self, wanted: [(Token, &str, What); N]) {
        let wanted: BTreeMap<_, _> = wanted.into_iter().map(|(token, name, what)| ((token, name.to_string()), what)).collect();
        assert_eq!(self.told(), wanted, "polled: {}", self.polled);
    }
}

#[test]
fn a_file_is_followed_while_it_is_written_and_closed() {
    Place::both(|place| {
        place.write("log", "a");
        let token = place.watch(1, "log");
        place.expect([]);
        place.write("log", "b");
        place.expect([(token, "", MODIFIED.and(CLOSED))]);
        File::options().write(true).truncate(true).open(place.path("log")).unwrap();
        place.expect([(token, "", MODIFIED.and(CLOSED))]);
    });
}

#[test]
fn a_directory_tells_of_its_entries() {
    Place::both(|place| {
        place.write("old", "a");
        let token = place.watch(1, "");
        place.write("new", "a");
        place.expect([(token, "new", CREATED.and(CLOSED))]);
        place.write("old", "b");
        place.expect([(token, "old", CLOSED)]);
        place.rename("old", "moved");
        place.expect([(token, "old", REMOVED), (token, "moved", CREATED.and(CLOSED))]);
        fs::remove_file(place.path("new")).unwrap();
        place.expect([(token, "new", REMOVED)]);
        fs::create_dir(place.path("sub")).unwrap();
        place.expect([(token, "sub", CREATED)]);
        place.write("sub/deeper", "");
        place.expect([]);
    });
}

#[test]
fn a_deleted_file_is_gone_and_told_of_when_it_is_back() {
    Place::both(|place| {
        place.write("log", "a");
        let token = place.watch(1, "log");
        // Our own handle keeps the inode alive, as a tail's would.
        let _open = File::open(place.path("log")).unwrap();
        fs::remove_file(place.path("log")).unwrap();
        place.expect([(token, "", GONE)]);
        assert!(place.escapement.watch_is_polled(token));
        place.write("log", "b");
        place.expect([(token, "", CREATED)]);
        assert_eq!(place.escapement.watch_is_polled(token), place.polled);
        place.write("log", "c");
        place.expect([(token, "", MODIFIED.and(CLOSED))]);
    });
}

#[test]
fn a_file_that_nobody_has_open_is_gone_when_deleted_or_moved() {
    Place::both(|place| {
        place.write("log", "a");
        let token = place.watch(1, "log");
        fs::remove_file(place.path("log")).unwrap();
        place.expect([(token, "", GONE)]);
        place.write("log", "a");
        place.expect([(token, "", CREATED)]);
        place.rename("log", "log.1");
        place.expect([(token, "", GONE)]);
        place.write("log.1", "not told: it is another path now");
        place.expect([]);
    });
}

#[test]
fn a_file_replaced_in_one_step_is_gone_and_there() {
    Place::both(|place| {
        place.write("list", "a");
        let token = place.watch(1, "list");
        place.write("list.new", "b");
        place.rename("list.new", "list");
        place.expect([(token, "", GONE.and(CREATED))]);
        place.write("list", "c");
        place.expect([(token, "", MODIFIED.and(CLOSED))]);
    });
}

#[test]
fn a_directory_that_is_removed_and_made_again_is_followed() {
    Place::both(|place| {
        fs::create_dir(place.path("in")).unwrap();
        let token = place.watch(1, "in");
        fs::remove_dir(place.path("in")).unwrap();
        place.expect([(token, "", GONE)]);
        fs::create_dir(place.path("in")).unwrap();
        place.expect([(token, "", CREATED)]);
        place.write("in/a", "a");
        place.expect([(token, "a", CREATED.and(CLOSED))]);
        place.rename("in", "out");
        place.expect([(token, "", GONE)]);
    });
}

#[test]
fn two_owners_of_one_path_are_both_told_and_part_without_harm() {
    Place::both(|place| {
        place.write("log", "a");
        let first = place.watch(1, "log");
        let second = place.watch(2, "log");
        fs::hard_link(place.path("log"), place.path("other")).unwrap();
        let linked = place.watch(3, "other");
        let _ = place.told();
        place.write("log", "b");
        let what = MODIFIED.and(CLOSED);
        place.expect([(first, "", what), (second, "", what), (linked, "", what)]);
        assert!(place.escapement.unbind(first));
        place.write("log", "c");
        place.expect([(second, "", what), (linked, "", what)]);
        place.rename("log", "log.1");
        // The link's own path is as it was, but for an attribute.
        let told = place.told();
        assert_eq!(told.get(&(second, String::new())), Some(&GONE));
        assert!(!told.get(&(linked, String::new())).is_some_and(|what| what.gone));
        place.write("other", "d");
        place.expect([(linked, "", what)]);
    });
}

#[test]
fn names_need_not_be_text() {
    Place::both(|place| {
        let name = OsStr::from_bytes(b"odd\xff");
        let token = place.watch(1, "");
        place.write(name, "a");
        place.clock.advance(PERIOD);
        let fired = ready(&mut place.escapement);
        assert!(matches!(&fired[0].wake, Wake::Changed(changed) if changed.name.as_deref() == Some(name) && changed.what.created));
        assert!(place.escapement.unbind(token));
        let token = place.watch(1, name);
        place.write(name, "b");
        place.expect([(token, "", MODIFIED.and(CLOSED))]);
    });
}

#[test]
fn a_hundred_writings_are_told_once() {
    Place::both(|place| {
        place.write("log", "a");
        let _ = place.watch(1, "log");
        for _ in 0..100 {
            place.write("log", "a");
        }
        place.clock.advance(PERIOD);
        assert_eq!(ready(&mut place.escapement).len(), 1);
    });
}

#[test]
fn a_missing_path_is_refused_as_not_found() {
    Place::both(|place| {
        let path = place.path("missing");
        let refused = place.escapement.watch(1, &path, PERIOD);
        assert!(matches!(refused, Err(Error::Os { source, .. }) if source.kind() == ErrorKind::NotFound));
        assert_eq!(place.escapement.bound(1), 0);
    });
}

#[test]
fn an_overflow_asks_every_watch_to_look_again() {
    Place::both(|place| {
        place.write("log", "a");
        place.write("lost", "a");
        let tokens = [place.watch(1, "log"), place.watch(2, ""), place.watch(3, "lost")];
        let overflow = Notice { what: What { rescan: true, ..NOTHING }, ..Notice::default() };
        let audience = place.escapement.watching.audience(&overflow);
        if place.polled {
            assert!(audience.is_empty());
            return;
        }
        assert_eq!(audience, tokens);
        place.escapement.spread(&overflow);
        let rescan = What { rescan: true, ..NOTHING };
        place.expect([(tokens[0], "", rescan), (tokens[1], "", rescan), (tokens[2], "", rescan)]);
        // All go on, and what was lost in the overflow is found out.
        place.write("log", "b");
        fs::remove_file(place.path("lost")).unwrap();
        place.escapement.spread(&overflow);
        let told = place.told();
        assert!(told[&(tokens[0], String::new())].modified);
        assert!(told[&(tokens[2], String::new())].gone);
    });
}

#[test]
fn an_overflow_of_the_kernels_queue_is_told_as_such() {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: u32 = limit.trim().parse().unwrap();
    if limit > 100_000 {
        // An uncommon setting; filling that queue would take too long.
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut escapement = Escapement::new(Clock::by_hand()).unwrap();
    let mut files = ["a", "b"].map(|name| File::create(directory.path().join(name)).unwrap());
    let tokens = ["a", "b", ""].map(|name| escapement.watch(1, &directory.path().join(name), PERIOD).unwrap());
    // By turns, as the kernel puts equal neighbours together.
    for _ in 0..=limit / 2 {
        for file in &mut files {
            file.write_all(b"a").unwrap();
        }
    }
    let mut rescan = Vec::new();
    for fired in ready(&mut escapement) {
        if matches!(fired.wake, Wake::Changed(changed) if changed.what.rescan) {
            rescan.push(fired.token);
        }
    }
    assert_eq!(rescan, tokens);
    files[0].write_all(b"a").unwrap();
    assert_eq!(super::tokens(&mut escapement), [tokens[0]]);
}

#[test]
fn a_looking_watch_stops_looking_when_it_is_unbound() {
    Place::both(|place| {
        place.write("log", "a");
        let token = place.watch(1, "log");
        assert_eq!(place.escapement.timers.is_armed(token), place.polled);
        assert!(place.escapement.unbind(token));
        assert!(!place.escapement.timers.is_armed(token));
        place.write("log", "b");
        place.expect([]);
    });
}

#[test]
fn inotify_works_unless_forbidden() {
    let mut escapement = Escapement::new(Clock::by_hand()).unwrap();
    assert!(escapement.has_inotify());
    escapement.without_inotify();
    assert!(!escapement.has_inotify());
}
