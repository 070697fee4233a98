//! A Maildir on the helper and a real clock; each call of the disk fails once.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use rustix::io::Errno;
use tempfile::TempDir;

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::Datum;
use crate::disk::faulty::{FAULTS, Fault, Faulty, memory};
use crate::disk::{Disk, real};
use crate::escapement::{Clock, Escapement};

/// A Maildir with these messages, each of which says what its unique name is.
fn maildir(files: &[&str]) -> TempDir {
    let place = memory();
    for name in ["new", "cur", "tmp"] {
        fs::create_dir(place.path().join(name)).unwrap();
    }
    for file in files {
        put(&place, file);
    }
    place
}

fn put(place: &TempDir, file: &str) {
    let unique = file.split(['/', ':']).nth(1).unwrap();
    fs::write(place.path().join(file), unique).unwrap();
}

fn start(place: &TempDir, disk: Arc<dyn Disk>, mut options: Vec<(&str, Given)>, polls: bool) -> Bench {
    options.push(("path", place.path().to_str().unwrap().into()));
    let mut esc = Escapement::new(Clock::real()).unwrap();
    if polls {
        esc.without_inotify();
        options.push(("poll_interval", 0.02.into()));
    }
    Bench::with(esc, disk, &SPEC, options).unwrap()
}

fn text(datum: &Datum) -> String {
    match datum {
        Datum::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn cur(place: &TempDir) -> Vec<String> {
    let mut all: Vec<String> =
        fs::read_dir(place.path().join("cur")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

/// Turns until so many messages have come and `cur` holds these files.
#[track_caller]
fn expect(bench: &mut Bench, place: &TempDir, messages: &[&str], files: &[&str]) {
    let mut all: Vec<String> = Vec::new();
    let had = bench.pump(|got| got.len() >= messages.len() && cur(place) == files);
    all.extend(had.iter().map(text));
    assert_eq!((all, cur(place)), (messages.iter().map(ToString::to_string).collect(), files.iter().map(ToString::to_string).collect()));
}

#[test]
fn told_or_polled_what_comes_and_what_is_unread_again_comes_once() {
    for polls in [false, true] {
        let place = maildir(&["new/1.h", "cur/2.h:2,S"]);
        let mut bench = start(&place, real(), vec![], polls);
        expect(&mut bench, &place, &["1.h"], &["1.h:2,S", "2.h:2,S"]);
        put(&place, "new/3.h");
        expect(&mut bench, &place, &["3.h"], &["1.h:2,S", "2.h:2,S", "3.h:2,S"]);
        fs::rename(place.path().join("cur/2.h:2,S"), place.path().join("cur/2.h:2,R")).unwrap();
        expect(&mut bench, &place, &["2.h"], &["1.h:2,S", "2.h:2,RS", "3.h:2,S"]);
        assert!(bench.finish().is_empty());
        assert_eq!(bench.esc.bound(0), 0);
    }
}

#[test]
fn with_no_mark_a_message_comes_once_in_the_life_of_the_process_and_again_when_it_was_seen_and_is_not() {
    let place = maildir(&["new/1.h", "cur/2.h:2,"]);
    let mut bench = start(&place, real(), vec![("mark", "none".into())], true);
    expect(&mut bench, &place, &["1.h", "2.h"], &["1.h:2,", "2.h:2,"]);
    fs::rename(place.path().join("cur/1.h:2,"), place.path().join("cur/1.h:2,R")).unwrap();
    put(&place, "new/3.h");
    expect(&mut bench, &place, &["3.h"], &["1.h:2,R", "2.h:2,", "3.h:2,"]);
    fs::rename(place.path().join("cur/2.h:2,"), place.path().join("cur/2.h:2,S")).unwrap();
    put(&place, "new/4.h");
    expect(&mut bench, &place, &["4.h"], &["1.h:2,R", "2.h:2,S", "3.h:2,", "4.h:2,"]);
    fs::rename(place.path().join("cur/2.h:2,S"), place.path().join("cur/2.h:2,")).unwrap();
    expect(&mut bench, &place, &["2.h"], &["1.h:2,R", "2.h:2,", "3.h:2,", "4.h:2,"]);
}

#[test]
fn all_messages_come_once_when_those_that_were_seen_are_wanted_too() {
    let place = maildir(&["new/1.h", "cur/2.h:2,S", "cur/3.h:2,F"]);
    let mut bench = start(&place, real(), vec![("unseen_only", false.into())], true);
    expect(&mut bench, &place, &["1.h", "2.h", "3.h"], &["1.h:2,S", "2.h:2,S", "3.h:2,FS"]);
    put(&place, "new/4.h");
    expect(&mut bench, &place, &["4.h"], &["1.h:2,S", "2.h:2,S", "3.h:2,FS", "4.h:2,S"]);
    fs::rename(place.path().join("cur/2.h:2,S"), place.path().join("cur/2.h:2,")).unwrap();
    expect(&mut bench, &place, &["2.h"], &["1.h:2,S", "2.h:2,S", "3.h:2,FS", "4.h:2,S"]);
}

#[test]
fn no_more_than_sixty_four_are_taken_before_the_first_is_marked() {
    let names: Vec<String> = (100..200).map(|n| format!("new/{n}.h")).collect();
    let place = maildir(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut bench = start(&place, real(), vec![], false);
    bench.kept = Some(Vec::new());
    assert_eq!(bench.pump(|got| got.len() == 64).len(), 64);
    bench.pump_for(100);
    assert_eq!(cur(&place).len(), 64);
    bench.release();
    assert_eq!(bench.pump(|_| cur(&place).iter().filter(|file| file.ends_with('S')).count() == 100).len(), 36);
}

#[test]
fn what_is_settled_after_the_end_is_marked_and_nothing_when_it_may_not_be_stored() {
    for frozen in [false, true] {
        let place = maildir(&["new/1.h"]);
        let mut bench = start(&place, real(), vec![], false);
        bench.kept = Some(Vec::new());
        assert_eq!(bench.pump(|got| got.len() == 1).len(), 1);
        if frozen {
            bench.freeze_checkpoint();
        }
        bench.release();
        bench.finish();
        assert_eq!(cur(&place), [if frozen { "1.h:2," } else { "1.h:2,S" }]);
    }
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |name, value: &str| Bench::refused(&SPEC, vec![("path", "mail".into()), (name, value.into())]);
    assert!(refused("mark", "sene").contains("\"move:FOLDER\""));
    assert!(refused("mark", "move:../x").contains("no folder's name"));
    assert!(refused("on_failed", "move:.").contains("in a circle"));
    assert!(refused("folders", "cur").contains("no folder's name"));
    assert!(refused("name_setter", "name").contains("no map"));
    assert!(Bench::refused(&SPEC, vec![("path", "".into())]).contains("must name a directory"));
}

#[test]
fn whichever_call_of_the_disk_fails_no_message_is_lost_and_all_are_marked() {
    let files = ["new/1.h", "cur/2.h:2,F", "new/3.h", "cur/3.h:2,S", "cur/4.h:2,S"];
    for fault in FAULTS {
        let (mut at, mut untouched) = (0, false);
        while !untouched {
            let place = maildir(&files);
            let disk = Faulty::at(at, fault);
            let mut bench = start(&place, Arc::<Faulty>::clone(&disk), vec![], true);
            let mut came: BTreeMap<String, usize> = BTreeMap::new();
            let all = |place: &TempDir| cur(place).len() == 5 && cur(place).iter().all(|file| file.ends_with('S'));
            for datum in bench.pump(|_| all(&place)) {
                *came.entry(text(&datum)).or_default() += 1;
            }
            let told = format!("{fault:?} at call {at}: {came:?} {:?}", cur(&place));
            assert!(all(&place), "{told}");
            assert!(came.into_iter().eq(["1.h", "2.h", "3.h"].map(|name| (name.to_owned(), 1))), "{told}");
            bench.finish();
            untouched = !disk.has_struck() && disk.calls() <= at;
            at += 1;
        }
        assert!(at > 15, "{at} calls");
    }
}

#[test]
fn a_mark_that_cannot_be_made_is_made_later() {
    let place = maildir(&["new/1.h"]);
    // Listing twice, asking, moving, opening, asking and reading come before.
    let disk = Faulty::at(7, Fault::Error(Errno::ROFS));
    let mut bench = start(&place, Arc::<Faulty>::clone(&disk), vec![], false);
    expect(&mut bench, &place, &["1.h"], &["1.h:2,S"]);
    assert!(disk.has_struck());
}

#[test]
fn what_is_known_already_does_not_keep_other_folders_from_their_turn() {
    let place = maildir(&["cur/1.h:2,"]);
    for name in ["new", "cur"] {
        fs::create_dir_all(place.path().join(".Work").join(name)).unwrap();
    }
    let folders = Datum::List(vec![".".into(), ".Work".into()]);
    let mut bench = start(&place, real(), vec![("mark", "none".into()), ("folders", folders.into())], true);
    expect(&mut bench, &place, &["1.h"], &["1.h:2,"]);
    fs::write(place.path().join(".Work/new/2.h"), "2.h").unwrap();
    assert_eq!(bench.pump(|got| got.len() == 1).iter().map(text).collect::<Vec<_>>(), ["2.h"]);
}
