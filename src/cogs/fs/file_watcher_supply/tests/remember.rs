//! What the supply remembers over its end, in order or not.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use tempfile::TempDir;

use super::super::SPEC;
use super::text;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::Datum;
use crate::disk::faulty::{FAULTS, Fault, Faulty, memory};
use crate::disk::{self, Disk};
use crate::error::Result;
use crate::escapement::{Clock, Escapement, Moment};

/// Files that outlive the supply.
pub(super) struct Place {
    dir: TempDir,
    pub(super) polls: bool,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { dir: memory(), polls: false }
    }

    pub(super) fn real() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), polls: false }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub(super) fn truncate(&self, name: &str) {
        File::options().write(true).open(self.path(name)).unwrap().set_len(0).unwrap();
    }

    fn options(&self, more: &[(&'static str, Given)]) -> Vec<(&'static str, Given)> {
        let mut options: Vec<(&str, Given)> = vec![
            ("filenames", Datum::List(vec![self.path("log").to_str().unwrap().into()]).into()),
            ("state_file", self.path("state").to_str().unwrap().into()),
        ];
        options.retain(|(name, _)| !more.iter().any(|(given, _)| given == name));
        options.extend(more.iter().cloned());
        options
    }

    fn try_on(&self, disk: Arc<dyn Disk>, more: &[(&'static str, Given)]) -> Result<Bench> {
        let options = self.options(more);
        let mut esc = Escapement::new(Clock::by_hand().auto()).unwrap();
        if self.polls {
            esc.without_inotify();
        }
        Bench::with(esc, disk, &SPEC, options)
    }

    /// Starts the supply; one that was just killed may still hold its lock for a moment, as its helper does not die with it here.
    pub(super) fn start_on(&self, disk: &Arc<dyn Disk>, more: &[(&'static str, Given)]) -> Result<Bench> {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            match self.try_on(Arc::clone(disk), more) {
                Err(error) if error.to_string().contains("in use") && Instant::now() < deadline => std::thread::yield_now(),
                started => return started,
            }
        }
    }

    pub(super) fn start(&self, more: &[(&'static str, Given)]) -> Bench {
        self.start_on(&disk::real(), more).unwrap()
    }

    /// The lines of a run that ends in order when nothing comes any more.
    pub(super) fn run(&self, more: &[(&'static str, Given)]) -> Vec<String> {
        let mut bench = self.start(more);
        let mut got = read(&mut bench);
        got.extend(bench.finish().iter().map(text));
        got
    }
}

fn passed(bench: &Bench, since: Moment) -> Duration {
    bench.esc.now().since(since)
}

/// All that comes within some virtual time.
pub(super) fn read(bench: &mut Bench) -> Vec<String> {
    let mut got = Vec::new();
    for _ in 0..2 {
        got.extend(bench.pump(|_| false).iter().map(text));
    }
    got
}

#[test]
fn the_first_run_begins_where_it_is_told_and_the_next_where_that_ended() {
    let place = Place::new();
    place.append("log", "old\n");
    place.append("log.1", "older\n");
    assert!(place.run(&[]).is_empty());
    place.append("log", "a\nb\nunfin");
    assert_eq!(place.run(&[]), ["a", "b"]);
    assert!(place.run(&[]).is_empty());
    place.append("log", "ished\n");
    assert_eq!(place.run(&[]), ["unfinished"]);
    let place = Place::new();
    place.append("log", "old\n");
    place.append("log.1", "older\n");
    assert_eq!(place.run(&[("start", "begin".into())]), ["old"]);
}

#[test]
fn what_was_rotated_while_nobody_looked_is_read_oldest_first() {
    let place = Place::new();
    place.append("log", "begins\n");
    assert_eq!(place.run(&[("start", "begin".into())]), ["begins"]);
    place.append("log", "a\nb");
    place.rename("log", "log.1");
    place.append("log", "c\n");
    place.rename("log.1", "log.2");
    place.rename("log", "log.1");
    fs::write(place.path("log.3.gz"), b"\x1f\x8bpacked\n").unwrap();
    place.append("log", "d\n");
    // What was never finished comes when its writer has had time to do so.
    assert_eq!(place.run(&[]), ["a", "c", "d", "b"]);
    place.append("log", "e\n");
    assert_eq!(place.run(&[]), ["e"]);
}

#[test]
fn a_copy_is_read_on_where_its_original_was_left() {
    let place = Place::new();
    place.append("log", "begins\n");
    assert_eq!(place.run(&[("start", "begin".into())]), ["begins"]);
    place.append("log", "a\n");
    fs::copy(place.path("log"), place.path("log.1")).unwrap();
    place.truncate("log");
    place.append("log", "b, and more than was there before\n");
    assert_eq!(place.run(&[]), ["a", "b, and more than was there before"]);
    // A copy of what is still there is nothing new.
    fs::copy(place.path("log"), place.path("log.2")).unwrap();
    assert!(place.run(&[]).is_empty());
}

#[test]
fn another_content_under_the_same_number_is_read_from_its_beginning() {
    let place = Place::new();
    let head = "x".repeat(300);
    place.append("log", &format!("{head}\none\ntwo\n"));
    assert_eq!(place.run(&[("start", "begin".into())]).len(), 3);
    // It begins alike and is longer, but goes on otherwise.
    place.truncate("log");
    place.append("log", &format!("{head}\nthree\nfour\nfive\n"));
    assert_eq!(place.run(&[]), [head.as_str(), "three", "four", "five"]);
}

#[test]
fn a_lost_checkpoint_counts_as_begin() {
    let place = Place::new();
    place.append("log", "a\n");
    assert!(place.run(&[]).is_empty());
    for name in ["state", "state.prev"] {
        let _ = fs::remove_file(place.path(name));
    }
    assert_eq!(place.run(&[]), ["a"]);
}

#[test]
fn a_rotated_file_whose_lines_are_still_on_their_way_is_not_read_again() {
    let place = Place::new();
    place.append("log", "a\n");
    let mut bench = place.start(&[("start", "begin".into()), ("rotate_wait", 0.05.into())]);
    bench.kept = Some(Vec::new());
    assert_eq!(read(&mut bench), ["a"]);
    for line in ["b", "c", "d"] {
        let _ = fs::rename(place.path("log.1"), place.path("log.2"));
        place.rename("log", "log.1");
        place.append("log", &format!("{line}\n"));
        assert_eq!(read(&mut bench), [line]);
    }
    bench.release();
    assert!(bench.finish().is_empty());
    assert!(place.run(&[]).is_empty());
}

#[test]
fn what_was_rotated_is_found_however_many_packed_files_there_are() {
    let place = Place::new();
    place.append("log", "a\n");
    assert_eq!(place.run(&[("start", "begin".into())]), ["a"]);
    place.rename("log", "log.400");
    for n in 0..300 {
        fs::write(place.path(&format!("log.{n}.gz")), [&b"\x1f\x8b"[..], format!("packed {n}").as_bytes()].concat()).unwrap();
    }
    place.append("log", "b\n");
    place.rename("log", "log.999");
    place.append("log", "c\n");
    assert_eq!(place.run(&[]), ["b", "c"]);
}

#[test]
fn a_named_path_is_remembered_though_no_file_stood_there() {
    let place = Place::new();
    assert!(place.run(&[]).is_empty());
    place.append("log", "a\n");
    place.rename("log", "log.1");
    place.append("log", "b\n");
    assert_eq!(place.run(&[]), ["a", "b"]);
}

#[test]
fn a_file_that_is_known_is_read_on_though_its_path_is_written_otherwise() {
    let place = Place::new();
    place.append("log", "a\n");
    assert_eq!(place.run(&[("start", "begin".into())]), ["a"]);
    place.append("log", "b\n");
    place.rename("log", "log.1");
    place.append("log", "c\n");
    let other = place.path("../").join(place.dir.path().file_name().unwrap()).join("log");
    assert_eq!(place.run(&[("filenames", Datum::List(vec![other.to_str().unwrap().into()]).into())]), ["b", "c"]);
}

#[test]
fn rotated_files_are_read_though_the_name_of_the_state_begins_theirs() {
    let place = Place::new();
    let options = || [("start", "begin".into()), ("state_file", place.path("lo").to_str().unwrap().into())];
    place.append("log", "a\n");
    assert_eq!(place.run(&options()), ["a"]);
    place.append("log", "b\n");
    place.rename("log", "log.1");
    place.append("log", "c\n");
    assert_eq!(place.run(&options()), ["b", "c"]);
}

#[test]
fn places_never_pass_an_event_that_is_on_its_way() {
    let place = Place::new();
    place.append("log", "");
    let mut bench = place.start(&[]);
    place.append("log", "a\n");
    assert_eq!(read(&mut bench), ["a"]);
    bench.kept = Some(Vec::new());
    place.append("log", "b\n");
    assert_eq!(read(&mut bench), ["b"]);
    // The first is held, what comes after it is done.
    let held = bench.kept.take();
    place.append("log", "c\nd\n");
    assert_eq!(read(&mut bench), ["c", "d"]);
    drop((held, bench));
    assert_eq!(place.run(&[]), ["b", "c", "d"]);
    assert!(place.run(&[]).is_empty());
}

#[test]
fn a_supply_that_begins_anew_after_a_panic_goes_on_with_its_checkpoint() {
    let place = Place::new();
    place.append("log", "");
    let mut bench = place.start(&[]);
    place.append("log", "a\nb\n");
    assert_eq!(read(&mut bench), ["a", "b"]);
    bench.kept = Some(Vec::new());
    place.append("log", "c\n");
    assert_eq!(read(&mut bench), ["c"]);
    let held = bench.kept.take();
    bench.begin_anew(&SPEC, place.options(&[]));
    assert_eq!(read(&mut bench), ["c"]);
    // What the former one sent is of no account any more.
    bench.kept = held;
    bench.release();
    place.append("log", "d\n");
    assert_eq!(read(&mut bench), ["d"]);
    assert!(bench.finish().is_empty());
    assert!(place.run(&[]).is_empty());
}

#[test]
fn a_checkpoint_is_written_after_a_second_and_sooner_when_much_is_done() {
    let place = Place::new();
    place.append("log", "");
    let mut bench = place.start(&[]);
    let written = || fs::read_to_string(place.path("state")).unwrap();
    let first = written();
    place.append("log", "a\n");
    let begun = bench.esc.now();
    bench.pump(|got| !got.is_empty());
    assert_eq!(written(), first);
    bench.pump(|_| written() != first);
    let waited = passed(&bench, begun);
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(5), "{waited:?}");
    let (second, begun) = (written(), bench.esc.now());
    place.append("log", &"x\n".repeat(1500));
    bench.pump(|got| got.len() == 1500);
    bench.pump(|_| written() != second);
    let waited = passed(&bench, begun);
    assert!(waited < Duration::from_millis(900), "{waited:?}");
}

#[test]
fn a_file_that_is_gone_leaves_the_checkpoint_and_one_that_is_there_stays() {
    let place = Place::new();
    place.append("log", "a\n");
    place.append("log.1", "finished\n");
    place.append("log.2", "finished too\n");
    let mut bench = place.start(&[]);
    let files = || fs::read_to_string(place.path("state")).unwrap().matches("\"inode\"").count();
    assert_eq!(files(), 3);
    fs::remove_file(place.path("log.2")).unwrap();
    let begun = bench.esc.now();
    while files() == 3 && passed(&bench, begun) < Duration::from_secs(200) {
        bench.pump(|_| files() != 3);
    }
    let waited = passed(&bench, begun);
    assert_eq!(files(), 2);
    assert!(waited >= Duration::from_secs(60) && waited < Duration::from_secs(130), "{waited:?}");
}

#[test]
fn a_line_of_which_the_process_dies_three_times_fails() {
    let place = Place::new();
    place.append("log", "");
    assert!(place.run(&[]).is_empty());
    place.append("log", "good\npoison\nbetter\n");
    let mut died = 0;
    let got = loop {
        let mut bench = place.start(&[]);
        bench.kept = Some(Vec::new());
        let got: Vec<String> = bench.pump(|got| got.iter().any(|line| text(line) == "poison")).iter().map(text).collect();
        if got.iter().all(|line| line != "poison") {
            assert_eq!(bench.errors(), 1);
            assert_eq!(bench.balance().failed, 1);
            bench.release();
            bench.finish();
            break got;
        }
        died += 1;
        assert!(died < 10);
    };
    assert!((3..=4).contains(&died), "{died}");
    assert!(got.ends_with(&["better".into()]), "{got:?}");
    assert!(place.run(&[]).is_empty());
}

#[test]
fn innocent_lines_do_not_fail_however_often_the_process_dies() {
    let place = Place::new();
    place.append("log", "");
    assert!(place.run(&[]).is_empty());
    place.append("log", "a\nb\nc\nd\n");
    for _ in 0..12 {
        let mut bench = place.start(&[]);
        bench.pump(|got| got.len() >= 4);
        assert_eq!(bench.errors(), 0);
    }
    assert_eq!(place.run(&[]), ["a", "b", "c", "d"]);
}

#[test]
fn without_tail_the_next_run_reads_only_what_is_new() {
    let place = Place::new();
    place.append("log", "a\nb\n");
    let once: &[(&'static str, Given)] = &[("tail", false.into())];
    assert_eq!(place.run(once), ["a", "b"]);
    place.append("log", "c\n");
    assert_eq!(place.run(once), ["c"]);
}

#[test]
fn the_state_may_lie_beside_the_files_even_when_its_name_begins_alike() {
    let place = Place::new();
    let beside: &[(&'static str, Given)] = &[("state_file", place.path("log.state").to_str().unwrap().into())];
    place.append("log", "a\n");
    assert!(place.run(beside).is_empty());
    place.append("log", "b\n");
    assert_eq!(place.run(beside), ["b"]);
    assert!(place.run(beside).is_empty());
}

/// Whichever call of the disk fails in whichever way: it does not start, or nothing is lost; at last all has come.
#[test]
fn the_state_is_not_read_though_a_pattern_matches_it() {
    let place = Place::new();
    place.append("log", "a\n");
    for lines in [&["a"][..], &[]] {
        let names = Datum::List(vec![place.path("*").to_str().unwrap().into()]);
        assert_eq!(place.run(&[("start", "begin".into()), ("filenames", names.into())]), lines);
    }
}

#[test]
fn each_call_of_the_disk_may_fail() {
    for fault in FAULTS {
        for call in 0.. {
            let place = Place::new();
            place.append("log", "a\n");
            assert_eq!(place.run(&[("start", "begin".into())]), ["a"]);
            place.append("log", "b\nc\n");
            place.rename("log", "log.1");
            place.append("log", "d\n");
            let disk = Faulty::at(call, fault);
            let shared: Arc<dyn Disk> = disk.clone();
            let (mut got, mut wanted) = (Vec::new(), "bcdg");
            match place.start_on(&shared, &[]) {
                Err(error) => {
                    assert!(error.is_refusal() && disk.has_struck(), "{fault:?} at {call}: {error}");
                    assert!(fault != Fault::Short && fault != Fault::Error(Errno::INTR), "{fault:?} at {call}: {error}");
                }
                Ok(mut bench) => {
                    wanted = "bcdefg";
                    got.extend(read(&mut bench));
                    place.append("log", "e\n");
                    fs::copy(place.path("log"), place.path("log.2")).unwrap();
                    place.truncate("log");
                    place.append("log", "f\n");
                    got.extend(read(&mut bench));
                    // Ends in order, or not.
                    if call % 2 == 0 {
                        got.extend(bench.finish().iter().map(text));
                    }
                }
            }
            let struck = disk.has_struck();
            place.append("log", "g\n");
            let last = place.run(&[]);
            if !struck {
                assert_eq!((got.concat(), last.concat().ends_with('g')), ("bcdef".into(), true), "{fault:?}");
                assert!(call > 60, "all calls were tried: {call}");
                break;
            }
            got.extend(last);
            let all: HashSet<&str> = got.iter().map(String::as_str).collect();
            assert!(wanted.chars().all(|line| all.contains(&*line.to_string())), "{fault:?} at {call}: {got:?}");
        }
    }
}
