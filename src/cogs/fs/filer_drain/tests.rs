//! A drain on real directories, with time that jumps to what is due. What it passes on ends well too, so that events count twice.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::io::Errno;
use tempfile::TempDir;

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::cogs::fs::filer::names;
use crate::datum::json;
use crate::disk::faulty::{FAULTS, Fault, Faulty, memory};
use crate::disk::{self, Disk};
use crate::error::Result;
use crate::escapement::{Clock, Escapement};

struct Rig {
    place: TempDir,
    clock: Clock,
}

impl Rig {
    fn new() -> Self {
        Self { place: memory(), clock: Clock::by_hand().auto() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn bench(&self, more: Vec<(&str, Given)>) -> Bench {
        self.bench_on(disk::real(), more).unwrap()
    }

    fn bench_on(&self, disk: Arc<dyn Disk>, more: Vec<(&str, Given)>) -> Result<Bench> {
        let mut options = vec![("dir", Given::from(self.place.path().to_str().unwrap()))];
        options.extend(more);
        Bench::with(Escapement::new(self.clock.clone()).unwrap(), disk, &SPEC, options)
    }

    /// The names in a directory.
    fn names(&self, name: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(name)).into_iter().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// What stands in the files that are in place, sorted.
    fn contents(&self) -> Vec<String> {
        let read = |name: &String| fs::read_to_string(self.path("incoming").join(name)).unwrap();
        let mut contents: Vec<String> = self.names("incoming").iter().map(read).collect();
        contents.sort();
        contents
    }
}

#[test]
fn each_datum_becomes_a_file_that_readers_may_take() {
    let rig = Rig::new();
    let mut bench = rig.bench(vec![("suffix", "msg".into()), ("mode", "0604".into())]);
    bench.feed("one");
    bench.feed(crate::datum::Datum::Bytes([0xff, 0].into()));
    bench.feed(3);
    bench.pump(|_| rig.names("incoming").len() == 2);
    bench.finish();
    assert_eq!(bench.errors(), 1, "a number is no content");
    for name in rig.names("incoming") {
        let parts: Vec<&str> = name.strip_prefix(names::host()).unwrap().split('.').collect();
        let ["", pid, _, micros, device, inode, "msg"] = parts[..] else { panic!("{name}") };
        assert_eq!((pid, micros.len()), (std::process::id().to_string().as_str(), 6));
        assert!(device.parse::<u64>().is_ok() && inode.parse::<u64>().unwrap() > 0, "{name}");
        let about = fs::metadata(rig.path("incoming").join(&name)).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o604);
    }
    assert!(rig.names("tmp").is_empty());
    let books = bench.balance();
    assert_eq!((books.delivered, books.failed, books.in_flight), (2 * 2, 1, 0));
}

#[test]
fn each_call_may_fail() {
    for (fsync, fault) in [true, false].iter().flat_map(|fsync| FAULTS.map(|fault| (*fsync, fault))) {
        for call in 0.. {
            let rig = Rig::new();
            let disk = Faulty::at(call, fault);
            let case = format!("fsync {fsync}, {fault:?} at {call}");
            let Ok(mut bench) = rig.bench_on(disk.clone(), vec![("fsync", fsync.into())]) else {
                assert!(disk.has_struck() && fault != Fault::Short && fault != Fault::Error(Errno::INTR), "{case}: cannot begin");
                continue;
            };
            for n in 0..12 {
                bench.feed(format!("file {n:02}"));
                if n % 4 == 3 {
                    bench.pump(|_| false);
                }
            }
            bench.finish();
            assert_eq!(rig.contents(), (0..12).map(|n| format!("file {n:02}")).collect::<Vec<_>>(), "{case}");
            let books = bench.balance();
            assert_eq!((books.delivered, books.failed, books.in_flight, bench.stop()), (2 * 12, 0, 0, None), "{case}: {books:?}");
            if !disk.has_struck() {
                assert!(call > 40, "all calls were tried: {call}");
                assert!(rig.names("tmp").is_empty());
                break;
            }
        }
    }
}

#[test]
fn no_more_files_are_put_in_place_than_the_limit_says() {
    let rig = Rig::new();
    let mut bench = rig.bench(vec![("limit", 3.into()), ("limit_wait", 1.into()), ("fsync", false.into())]);
    for n in 0..8 {
        bench.feed(format!("{n}"));
    }
    let mut got = Vec::new();
    for _ in 0..20 {
        bench.pump(|_| false);
        let there = rig.names("incoming");
        assert!(there.len() <= 3, "{there:?}");
        for name in there.iter().take(2) {
            got.push(fs::read_to_string(rig.path("incoming").join(name)).unwrap());
            fs::remove_file(rig.path("incoming").join(name)).unwrap();
        }
    }
    bench.finish();
    assert_eq!(got, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(bench.balance().delivered, 2 * 8);
}

#[test]
fn what_is_not_written_when_the_time_is_over_is_not_counted_as_stored() {
    let rig = Rig::new();
    let mut bench = rig.bench(vec![("limit", 1.into())]);
    bench.feed("one");
    bench.feed("two");
    bench.finish();
    let books = bench.balance();
    assert_eq!((books.delivered, books.in_flight, bench.stop()), (1 + 2, 1, Some(1)));
    assert_eq!(rig.contents(), ["one"]);
}

#[test]
fn a_name_from_data_is_refused_or_gets_a_number_where_it_is_taken() {
    let rig = Rig::new();
    let mut bench = rig.bench(vec![("name_getter", "n".into()), ("data_getter", "c".into())]);
    for (name, content) in [("a.idea", "1"), ("a.idea", "2"), ("../up", "3"), (".hid", "4"), ("", "5"), ("x y", "6")] {
        bench.feed(json::read(&serde_json::json!({ "n": name, "c": content }).to_string()).unwrap());
    }
    bench.feed_json(r#"{"n": 7, "c": "7"}"#);
    bench.pump(|_| rig.names("incoming").len() == 3);
    bench.finish();
    assert_eq!(rig.names("incoming"), ["a.1.idea", "a.idea", "x y"]);
    assert_eq!((rig.contents(), bench.errors()), (vec!["1".into(), "2".into(), "6".into()], 4));
    assert_eq!(rig.names(""), ["incoming", "tmp"]);
}

#[test]
fn only_old_halves_of_the_dead_are_removed() {
    let rig = Rig::new();
    fs::create_dir(rig.path("tmp")).unwrap();
    let host = names::host();
    let dead = {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    };
    let old = SystemTime::now() - Duration::from_secs(3700);
    let cases = [
        (format!("{host}.{dead}.100.000001.0.0.idea"), old, true),
        (format!("{host}.{dead}.100.000002.0.0.idea"), SystemTime::now(), false),
        (format!("{host}.{}.100.000003.0.0.idea", std::process::id()), old, false),
        (format!("{host}.{dead}.100.000004.8.9.idea"), old, false),
        (format!("elsewhere.{dead}.100.000005.0.0.idea"), old, false),
    ];
    for (name, changed, _) in &cases {
        fs::write(rig.path("tmp").join(name), "half").unwrap();
        fs::File::open(rig.path("tmp").join(name)).unwrap().set_modified(*changed).unwrap();
    }
    let mut bench = rig.bench(vec![("clean", false.into())]);
    bench.pump(|_| false);
    bench.finish();
    assert_eq!(rig.names("tmp").len(), cases.len());
    let mut bench = rig.bench(vec![]);
    // The job that cleans does not keep the program alive.
    bench.feed("one");
    bench.pump(|_| rig.names("tmp").len() < cases.len());
    bench.finish();
    for (name, _, removed) in &cases {
        assert_eq!(!rig.path("tmp").join(name).exists(), *removed, "{name}");
    }
}
