//! Real files; time is real too, but where it rolls a file over.

mod faults;
mod troubles;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::process::{Signal, getpid, kill_process};

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::Datum;
use crate::escapement::{Clock, Escapement};

fn options<'a>(path: &Path, more: Vec<(&'a str, Given)>) -> Vec<(&'a str, Given)> {
    let mut options = vec![("path", Given::from(path.to_str().unwrap()))];
    options.extend(more);
    options
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Signals and watches of a drain are weak: something strong must wait for them.
fn wait(bench: &mut Bench, done: impl Fn() -> bool) {
    let guard = bench.esc.after(0, Duration::from_secs(5));
    bench.pump(|_| done());
    assert!(done());
    bench.esc.unbind(guard);
}

#[test]
fn lines_are_written_when_nothing_more_waits_and_end_well_then() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("deep/out");
    let mut bench = Bench::new(&SPEC, options(&path, vec![("make_dirs", true.into())]));
    bench.feed("a");
    assert_eq!(bench.feed("b\nc"), [Datum::from("b\nc")]);
    assert_eq!((read(&path).as_str(), bench.balance().in_flight), ("", 2));
    bench.pump(|_| false);
    assert_eq!((read(&path).as_str(), bench.balance().in_flight), ("a\nb\nc\n", 0));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777 & !0o640, 0);
    bench.feed("d");
    bench.finish();
    assert_eq!(read(&path), "a\nb\nc\nd\n");
}

#[test]
fn a_line_that_comes_alone_is_written_at_once() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out");
    let mut bench = Bench::new(&SPEC, options(&path, vec![]));
    bench.esc.soon(1);
    let last = bench.esc.soon(1);
    bench.esc.next_ready().unwrap();
    bench.feed("a");
    assert_eq!(read(&path), "", "another cog's turn is still to come");
    assert_eq!(bench.esc.next_ready().unwrap().unwrap().token, last);
    bench.feed("b");
    assert_eq!((read(&path).as_str(), bench.balance().in_flight), ("a\nb\n", 0));
}

#[test]
fn each_line_is_written_at_once_or_at_its_age() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out");
    let mut bench = Bench::new(&SPEC, options(&path, vec![("flush", true.into())]));
    bench.feed("a");
    assert_eq!(read(&path), "a\n");
    let clock = Clock::by_hand();
    let mut bench = Bench::on(clock.clone(), &SPEC, options(&path, vec![("flush", 2.into())]));
    bench.feed("b");
    assert!(bench.esc.next_ready().unwrap().is_none());
    clock.advance(Duration::from_secs(2));
    bench.pump(|_| false);
    assert_eq!(read(&path), "a\nb\n");
}

#[test]
fn a_line_that_a_crash_left_unfinished_is_ended_first() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out");
    fs::write(&path, "half").unwrap();
    let mut bench = Bench::new(&SPEC, options(&path, vec![]));
    assert_eq!(read(&path), "half");
    bench.feed("whole");
    bench.finish();
    assert_eq!(read(&path), "half\nwhole\n");
}

#[test]
fn a_full_device_is_tried_again_and_nothing_is_lost() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out");
    symlink("/dev/full", &path).unwrap();
    let mut bench = Bench::new(&SPEC, options(&path, vec![("reopen_signal", "SIGUSR2".into())]));
    bench.feed("a");
    let mut wakes = 0;
    bench.pump(|_| {
        wakes += 1;
        wakes > 3
    });
    bench.feed("b");
    assert_eq!(bench.balance().delivered, 2, "only what went on; {:?}", bench.balance());
    fs::remove_file(&path).unwrap();
    kill_process(getpid(), Signal::USR2).unwrap();
    wait(&mut bench, || path.exists());
    bench.pump(|_| false);
    assert_eq!((read(&path).as_str(), bench.balance().in_flight), ("a\nb\n", 0));
}

#[test]
fn what_cannot_be_written_until_the_end_stays_open() {
    let mut bench = Bench::on(Clock::by_hand().auto(), &SPEC, options(Path::new("/dev/full"), vec![]));
    bench.feed("a");
    bench.finish();
    let books = bench.balance();
    assert_eq!((books.failed, books.in_flight, books.left, bench.stop()), (0, 1, 0, Some(1)), "{books:?}");
}

#[test]
fn what_comes_after_the_end_began_is_written_at_once() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out");
    let mut bench = Bench::on(Clock::by_hand(), &SPEC, options(&path, vec![("flush", 60.into())]));
    bench.feed("a");
    bench.finish();
    bench.feed("from a broadcast");
    assert_eq!((read(&path).as_str(), bench.balance().in_flight), ("a\nfrom a broadcast\n", 0));
}

#[test]
fn a_file_that_was_renamed_is_left_at_the_signal() {
    let place = tempfile::tempdir().unwrap();
    let (path, old) = (place.path().join("out"), place.path().join("out.1"));
    let mut bench = Bench::new(&SPEC, options(&path, vec![("reopen_signal", "SIGUSR1".into())]));
    bench.feed("a");
    bench.pump(|_| false);
    fs::rename(&path, &old).unwrap();
    bench.feed("b");
    bench.pump(|_| false);
    assert!(!path.exists());
    kill_process(getpid(), Signal::USR1).unwrap();
    wait(&mut bench, || path.exists());
    bench.feed("c");
    bench.finish();
    assert_eq!((read(&old).as_str(), read(&path).as_str()), ("a\nb\n", "c\n"));
}

#[test]
fn a_file_that_was_renamed_is_left_by_itself_when_it_is_watched() {
    let place = tempfile::tempdir().unwrap();
    let (path, old) = (place.path().join("out"), place.path().join("out.1"));
    let mut bench = Bench::new(&SPEC, options(&path, vec![("watch", true.into())]));
    for (round, line) in ["a", "b", "c"].into_iter().enumerate() {
        bench.feed(line);
        bench.pump(|_| false);
        assert_eq!(read(&path), format!("{line}\n"), "round {round}");
        fs::rename(&path, &old).unwrap();
        wait(&mut bench, || path.exists());
    }
    assert_eq!(read(&old), "c\n");
}

#[test]
fn the_clock_rolls_the_file_over() {
    let place = tempfile::tempdir().unwrap();
    let clock = Clock::by_hand_at(SystemTime::UNIX_EPOCH + Duration::from_secs(86_399));
    let path = place.path().join("out.log");
    let more = vec![("timestamp", true.into()), ("utc", true.into()), ("line_timestamp", "%H:%M:%S ".into())];
    let mut bench = Bench::on(clock.clone(), &SPEC, options(&path, more));
    bench.feed("a");
    bench.pump(|_| false);
    clock.advance(Duration::from_secs(1));
    bench.feed("b");
    bench.finish();
    assert_eq!(read(&place.path().join("out-1970-01-01.log")), "23:59:59 a\n");
    assert_eq!(read(&place.path().join("out-1970-01-02.log")), "00:00:00 b\n");
}

#[test]
fn what_is_synced_ends_well_after_that() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out");
    let mut bench = Bench::new(&SPEC, options(&path, vec![("fsync", true.into())]));
    for round in 0..3 {
        bench.feed(format!("{round}"));
        bench.pump(|_| false);
        assert_eq!(bench.balance().in_flight, 0);
    }
    bench.feed("last");
    bench.finish();
    assert_eq!((read(&path).as_str(), bench.balance().failed), ("0\n1\n2\nlast\n", 0));
}

#[test]
fn other_encodings_and_blobs_are_written() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out");
    let mut bench = Bench::new(&SPEC, options(&path, vec![("encoding", "iso-8859-2".into()), ("separator", ";\n".into())]));
    bench.feed("č");
    bench.feed(Datum::Bytes([0, 255].as_slice().into()));
    bench.feed("日");
    bench.finish();
    assert_eq!(fs::read(&path).unwrap(), b"\xe8;\n\0\xff;\n");
    assert_eq!(bench.errors(), 1);
}

#[test]
fn wrong_options_are_refused() {
    let path = Path::new("out");
    assert!(Bench::refused(&SPEC, options(path, vec![("mode", 640.into())])).contains("640"));
    assert!(Bench::refused(&SPEC, options(path, vec![("timestamp", "%".into())])).contains("timestamp"));
    assert!(Bench::refused(&SPEC, options(path, vec![("encoding", "bytes".into())])).contains("bytes"));
}

#[test]
fn directories_that_cannot_be_made_are_told() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/nowhere/else", dir.path().join("dangling")).unwrap();
    let path = dir.path().join("dangling/sub/out");
    let esc = Escapement::new(Clock::by_hand()).unwrap();
    let refused = Bench::with(esc, crate::disk::real(), &SPEC, vec![("path", path.to_str().unwrap().into()), ("make_dirs", true.into())])
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(refused.contains("no such file") && !refused.contains("make_dirs"), "{refused}");
}
