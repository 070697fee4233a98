//! Messages written to real directories; each call of the disk fails once.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::Datum;
use crate::disk::faulty::{FAULTS, Faulty, memory};
use crate::disk::{Disk, real};
use crate::escapement::{Clock, Escapement};

fn start(place: &TempDir, disk: Arc<dyn Disk>, mut options: Vec<(&str, Given)>) -> Bench {
    options.push(("path", place.path().join("mail").to_str().unwrap().into()));
    if !options.iter().any(|(name, _)| *name == "make_dirs") {
        options.push(("make_dirs", true.into()));
    }
    Bench::with(Escapement::new(Clock::real()).unwrap(), disk, &SPEC, options).unwrap()
}

fn list(place: &TempDir, name: &str) -> Vec<String> {
    let entries = fs::read_dir(place.path().join("mail").join(name)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_message_stands_in_new_under_a_name_of_its_own() {
    let place = memory();
    let mut bench = start(&place, real(), vec![("mode", 0o600.into())]);
    bench.feed("text");
    bench.feed(Datum::Bytes(vec![0, 0xff].into()));
    bench.feed(Datum::Int(1));
    assert_eq!(bench.errors(), 1);
    assert!(bench.finish().is_empty());
    let files: BTreeSet<Vec<u8>> =
        list(&place, "new").iter().map(|file| fs::read(place.path().join("mail/new").join(file)).unwrap()).collect();
    assert_eq!(files, BTreeSet::from([b"text".to_vec(), vec![0, 0xff]]));
    let name = list(&place, "new").remove(0);
    let mode = fs::metadata(place.path().join("mail/new").join(&name)).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, name.contains(':'), list(&place, "tmp").len()), (0o600, false, 0));
    // Each is also given on.
    assert_eq!((bench.balance().delivered, bench.balance().failed, bench.balance().in_flight), (4, 1, 0));
}

#[test]
fn with_flags_it_stands_in_cur_of_a_folder() {
    let place = memory();
    let options = vec![("folder", ".Work".into()), ("into", "cur".into()), ("flags", "SFS".into()), ("fsync", false.into())];
    let mut bench = start(&place, real(), options);
    bench.feed("text");
    bench.finish();
    assert!(list(&place, ".Work/cur")[0].ends_with(":2,FS"), "{:?}", list(&place, ".Work/cur"));
    assert!(list(&place, ".Work/new").is_empty());
}

#[test]
fn what_a_dead_process_left_is_removed_when_it_is_old() {
    let place = memory();
    start(&place, real(), vec![]).finish();
    let own = crate::cogs::email::host::unique(SystemTime::now());
    // No process has so high a number.
    let dead = own.replace(&format!("P{}Q", std::process::id()), "P2147483646Q");
    let young = dead.replace(".M", "1.M");
    let foreign = "1700000000.M000001P2147483646Q1R00000000.elsewhere".to_owned();
    for name in [&own, &dead, &young, &foreign] {
        let path = place.path().join("mail/tmp").join(name);
        fs::write(&path, "half").unwrap();
        if *name != young {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(3700)).unwrap();
        }
    }
    let mut bench = start(&place, real(), vec![]);
    bench.pump(|_| list(&place, "tmp").len() == 3);
    assert!(!list(&place, "tmp").contains(&dead) && list(&place, "tmp").len() == 3);
}

#[test]
fn whichever_call_of_the_disk_fails_each_message_is_there_once() {
    for fault in FAULTS {
        let (mut at, mut untouched) = (0, false);
        while !untouched {
            let place = memory();
            drop(start(&place, real(), vec![]));
            let disk = Faulty::at(at, fault);
            // A fault while it is wound is told, and it does not start.
            let options = vec![("path", place.path().join("mail").to_str().unwrap().into())];
            let esc = Escapement::new(Clock::real()).unwrap();
            if let Ok(mut bench) = Bench::with(esc, Arc::<Faulty>::clone(&disk), &SPEC, options) {
                (0..3).for_each(|n| drop(bench.feed(format!("message {n}"))));
                bench.pump(|_| list(&place, "new").len() == 3);
                bench.finish();
                let texts: BTreeSet<String> =
                    list(&place, "new").iter().map(|file| fs::read_to_string(place.path().join("mail/new").join(file)).unwrap()).collect();
                let told = format!("{fault:?} at call {at}: {texts:?}");
                assert_eq!((texts.len(), list(&place, "new").len()), (3, 3), "{told}");
                assert_eq!((bench.balance().delivered, bench.balance().in_flight), (6, 0), "{told}");
            }
            untouched = !disk.has_struck() && disk.calls() <= at;
            at += 1;
        }
        assert!(at > 15, "{at} calls");
    }
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |name: &'static str, value: Given| Bench::refused(&SPEC, vec![("path", "mail".into()), (name, value)]);
    assert!(refused("flags", "S".into()).contains("new messages"));
    assert!(refused("flags", "2".into()).contains("takes letters"));
    assert!(refused("mode", 0o77.into()).contains("read and write"));
    assert!(refused("folder", "a/b".into()).contains("no folder's name"));
    let place = memory();
    let options = vec![("path", place.path().join("none").to_str().unwrap().into())];
    assert!(Bench::with(Escapement::new(Clock::real()).unwrap(), real(), &SPEC, options).is_err());
}

#[test]
fn directories_that_cannot_be_made_are_told() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/nowhere/else", dir.path().join("dangling")).unwrap();
    for path in ["dangling", "dangling/sub"] {
        let path = dir.path().join(path);
        let esc = Escapement::new(Clock::by_hand()).unwrap();
        let refused = Bench::with(esc, real(), &SPEC, vec![("path", path.to_str().unwrap().into()), ("make_dirs", true.into())])
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(refused.contains("cannot make") && !refused.contains("make_dirs"), "{refused}");
    }
}
