//! Disks that are full for a while and syncs that fail: what the drain keeps, repeats, and refuses to vouch for.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{SPEC, read};
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::disk::faulty::memory;
use crate::disk::lossy::Lossy;
use crate::escapement::{Clock, Escapement, Wake};

/// A drain to a file on a disk that does as it is told.
struct Desk {
    bench: Bench,
    disk: Arc<Lossy>,
    path: PathBuf,
    place: TempDir,
}

impl Desk {
    fn new(policy: &str) -> Self {
        let place = memory();
        let path = place.path().join("out");
        let options = vec![("path", Given::from(path.to_str().unwrap())), ("fsync", policy.into()), ("reopen_signal", "none".into())];
        let disk = Lossy::steady();
        let esc = Escapement::new(Clock::by_hand().auto()).unwrap();
        let bench = Bench::with(esc, disk.clone(), &SPEC, options).unwrap();
        Self { bench, disk, path, place }
    }

    fn feed(&mut self, line: &str) {
        self.bench.feed(line);
        self.pump();
    }

    fn pump(&mut self) {
        self.bench.pump(|_| false);
    }

    /// A checkpoint is due.
    fn sync(&mut self) {
        self.bench.sync();
        self.pump();
    }

    /// Lines that are not stored yet.
    fn open(&self) -> u64 {
        self.bench.balance().in_flight
    }

    /// The signal to open the file anew has come.
    fn reopen(&mut self) {
        self.bench.wake(None, Wake::Signal(Signal::HUP.as_raw()));
        self.pump();
    }
}

#[test]
fn a_batch_that_cannot_be_synced_is_written_again_until_it_has_failed() {
    let mut desk = Desk::new("batch");
    desk.disk.fail_syncs(2);
    desk.feed("a");
    assert_eq!((read(&desk.path).as_str(), desk.open()), ("a\na\na\n", 0), "the third sync is good");
    desk.disk.fail_syncs(100);
    desk.feed("b");
    desk.feed("c");
    assert_eq!((read(&desk.path).as_str(), desk.open()), ("a\na\na\nb\nb\nb\n", 2), "it waits");
    assert_eq!(desk.bench.stop(), None);
    desk.disk.fail_syncs(0);
    fs::rename(&desk.path, desk.place.path().join("old")).unwrap();
    desk.reopen();
    assert_eq!((read(&desk.path).as_str(), desk.open()), ("b\nc\n", 0));
}

#[test]
fn what_a_checkpoint_should_vouch_for_is_written_again_before_it_does() {
    let mut desk = Desk::new("checkpoint");
    desk.sync();
    desk.feed("a");
    desk.sync();
    desk.feed("b");
    desk.feed("c");
    assert_eq!(desk.open(), 0, "it has ended well when it is written");
    desk.disk.fail_syncs(1);
    desk.bench.sync();
    assert!(desk.bench.is_syncing());
    desk.pump();
    assert!(!desk.bench.is_syncing());
    assert_eq!(read(&desk.path), "a\nb\nc\nb\nc\n");
    desk.disk.restart(0);
    assert_eq!(read(&desk.path), "a\nb\nc\nb\nc\n");
}

#[test]
fn no_checkpoint_vouches_for_what_could_neither_be_synced_nor_kept() {
    let mut desk = Desk::new("checkpoint");
    desk.sync();
    let line = "x".repeat(1 << 20);
    desk.disk.fail_syncs(1);
    // All of it is written before the answer of the sync is looked at that much to be kept calls for.
    for _ in 0..18 {
        desk.bench.feed(line.as_str());
    }
    desk.sync();
    assert!(desk.bench.is_syncing());
    assert_eq!(desk.bench.stop(), Some(1), "the next run reads it again");
    desk.bench.finish();
    assert!(desk.bench.is_syncing());
}

#[test]
fn where_much_would_be_kept_it_is_synced_before_it_is_asked_for() {
    let mut desk = Desk::new("checkpoint");
    desk.sync();
    for _ in 0..2 {
        desk.feed(&"x".repeat(1 << 20));
    }
    desk.bench.sync();
    assert!(!desk.bench.is_syncing());
}

#[test]
fn the_end_waits_for_the_sync_of_what_a_checkpoint_will_vouch_for() {
    let mut desk = Desk::new("checkpoint");
    desk.sync();
    desk.feed("a");
    desk.bench.feed("b");
    desk.bench.finish();
    assert!(!desk.bench.is_syncing());
    desk.disk.restart(0);
    assert_eq!(read(&desk.path), "a\nb\n");
}

#[test]
fn an_end_at_once_syncs_what_ended_well() {
    for fails in [false, true] {
        let mut desk = Desk::new("checkpoint");
        desk.sync();
        desk.feed("a");
        // As long as something else waits.
        desk.bench.esc.soon(Escapement::RUNTIME);
        desk.bench.feed("not written");
        desk.disk.fail_syncs(u64::from(fails));
        desk.bench.end_at_once();
        assert_eq!(desk.bench.is_syncing(), fails);
        desk.disk.restart(0);
        assert_eq!(read(&desk.path), if fails { "" } else { "a\n" });
    }
}

#[test]
fn nothing_is_synced_without_need() {
    for (policy, synced) in [("checkpoint", false), ("never", false), ("batch", true)] {
        let mut desk = Desk::new(policy);
        desk.feed("a");
        desk.bench.finish();
        desk.disk.restart(0);
        assert_eq!(read(&desk.path), if synced { "a\n" } else { "" }, "{policy}");
    }
}

#[test]
fn a_half_line_is_ended_where_it_was_begun() {
    let mut desk = Desk::new("checkpoint");
    desk.disk.set_room(8);
    desk.feed("first");
    desk.feed("second");
    assert_eq!((read(&desk.path).as_str(), desk.open()), ("first\nse", 1));
    desk.feed("third");
    desk.disk.set_room(u64::MAX);
    desk.pump();
    assert_eq!((read(&desk.path).as_str(), desk.open()), ("first\nsecond\nthird\n", 0));
}

#[test]
fn a_half_line_is_written_anew_where_the_signal_leads() {
    for rotated in [true, false] {
        let mut desk = Desk::new("checkpoint");
        let old = desk.place.path().join("old");
        desk.disk.set_room(8);
        desk.feed("first");
        desk.feed("second");
        desk.feed("third");
        if rotated {
            fs::rename(&desk.path, &old).unwrap();
        }
        desk.disk.set_room(u64::MAX);
        desk.reopen();
        let wanted = if rotated { ("second\nthird\n", "first\nse") } else { ("first\nsecond\nthird\n", "") };
        assert_eq!((read(&desk.path).as_str(), read(&old).as_str(), desk.open()), (wanted.0, wanted.1, 0));
    }
}

#[test]
fn a_line_that_was_begun_before_midnight_is_ended_there_and_no_other() {
    let place = memory();
    let path = place.path().join("out.log");
    let options = vec![("path", Given::from(path.to_str().unwrap())), ("timestamp", true.into()), ("utc", true.into())];
    let clock = Clock::by_hand_at(SystemTime::UNIX_EPOCH + Duration::from_secs(86_399));
    let disk = Lossy::steady();
    let mut bench = Bench::with(Escapement::new(clock.clone()).unwrap(), disk.clone(), &SPEC, options).unwrap();
    disk.set_room(4);
    for line in ["a", "before", "after"] {
        bench.feed(line);
    }
    while bench.esc.next_ready().unwrap().map(|fired| bench.wake(Some(fired.token), fired.wake)).is_some() {}
    let (first, second) = (place.path().join("out-1970-01-01.log"), place.path().join("out-1970-01-02.log"));
    assert_eq!(read(&first), "a\nbe");
    disk.set_room(u64::MAX);
    clock.advance(Duration::from_secs(1));
    bench.finish();
    assert_eq!((read(&first).as_str(), read(&second).as_str()), ("a\nbefore\n", "after\n"));
}

#[test]
fn a_full_disk_is_asked_more_and_more_seldom() {
    let mut desk = Desk::new("checkpoint");
    desk.disk.set_room(0);
    desk.bench.feed("a");
    let mut wakes = 0;
    let begun = desk.bench.esc.now();
    while desk.bench.esc.now().since(begun) < Duration::from_secs(60) {
        wakes += 1;
        let mut one = 0;
        desk.bench.pump(|_| {
            one += 1;
            one > 1
        });
    }
    assert!((15..25).contains(&wakes), "{wakes} times in a minute");
    desk.disk.set_room(u64::MAX);
    desk.pump();
    assert_eq!((read(&desk.path).as_str(), desk.open()), ("a\n", 0));
}
