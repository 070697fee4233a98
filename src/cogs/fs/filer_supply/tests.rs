//! A supply on real directories, with time that jumps to what is due.

mod faults;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::{Datum, json};
use crate::disk::faulty::memory;
use crate::disk::{self, Disk, How, Real};
use crate::escapement::{Clock, Escapement};

struct Rig {
    place: TempDir,
    clock: Clock,
}

impl Rig {
    fn new() -> Self {
        let place = memory();
        for name in ["incoming", "tmp", "errors"] {
            fs::create_dir(place.path().join(name)).unwrap();
        }
        Self { place, clock: Clock::by_hand().auto() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn put(&self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) {
        fs::write(self.path("incoming").join(name.as_ref()), content).unwrap();
    }

    fn options<'a>(&self, more: Vec<(&'a str, Given)>) -> Vec<(&'a str, Given)> {
        let mut options = vec![("dir", Given::from(self.place.path().to_str().unwrap()))];
        options.extend(more);
        options
    }

    fn bench(&self, more: Vec<(&str, Given)>) -> Bench {
        self.bench_on(disk::real(), more).unwrap()
    }

    fn bench_on(&self, disk: std::sync::Arc<dyn Disk>, more: Vec<(&str, Given)>) -> crate::error::Result<Bench> {
        Bench::with(Escapement::new(self.clock.clone()).unwrap(), disk, &SPEC, self.options(more))
    }

    /// The files in a directory and below it, as paths within it.
    fn files(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.path(name), &mut found);
        let mut names: Vec<String> =
            found.iter().map(|path| path.strip_prefix(self.path(name)).unwrap().to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.ends_with("/.lock"));
        names.sort();
        names
    }
}

fn walk(path: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(path).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, into);
        } else {
            into.push(path);
        }
    }
}

fn texts(data: &[Datum]) -> Vec<String> {
    data.iter().map(|datum| datum.piece().into_owned()).collect()
}

#[test]
fn files_become_data_in_order_and_are_removed() {
    let rig = Rig::new();
    rig.put("b", "two");
    rig.put("a", "one");
    rig.put(".hidden", "no");
    let mut bench = rig.bench(vec![]);
    assert_eq!(texts(&bench.pump(|got| got.len() == 2)), ["one", "two"]);
    rig.put("c", "three");
    assert_eq!(texts(&bench.pump(|got| got.len() == 1)), ["three"]);
    bench.pump(|_| rig.files("tmp").is_empty());
    assert_eq!((rig.files("incoming"), rig.files("tmp")), (vec![".hidden".into()], vec![]));
    bench.finish();
    assert_eq!((bench.esc.bound(0), bench.balance().in_flight, fs::read_dir(rig.path("tmp")).unwrap().count()), (0, 0, 0));
}

#[test]
fn any_name_is_taken_but_only_of_regular_files() {
    let rig = Rig::new();
    let odd = OsStr::from_bytes(b"not \xff text");
    rig.put(odd, "1");
    rig.put("with 'quotes' \"and\" spaces\n", "2");
    fs::create_dir(rig.path("incoming/deep")).unwrap();
    fs::write(rig.path("incoming/deep/file"), "no").unwrap();
    symlink(rig.path("incoming/deep/file"), rig.path("incoming/link")).unwrap();
    let mut bench = rig.bench(vec![("data_setter", "content".into()), ("name_setter", "name".into())]);
    let got = bench.pump(|got| got.len() == 2);
    assert_eq!(json::to_string(&got[1]), r#"{"content":"2","name":"with 'quotes' \"and\" spaces\n"}"#);
    let Datum::Map(map) = &got[0] else { panic!("{got:?}") };
    assert!(matches!(map.get(&"name".into()), Some(Datum::Bytes(name)) if &name[..] == odd.as_bytes()), "{got:?}");
    bench.pump(|_| false);
    bench.finish();
    assert_eq!(rig.files("incoming"), ["deep/file", "link"]);
}

#[test]
fn only_names_that_match_are_taken_and_the_oldest_first_where_that_is_wanted() {
    let rig = Rig::new();
    for (name, age) in [("a.idea", 10), ("b.idea", 30), ("c.idea", 20), ("d.tmp", 0)] {
        rig.put(name, name);
        let file = fs::File::open(rig.path("incoming").join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(age)).unwrap();
    }
    let mut bench = rig.bench(vec![("pattern", "*.idea".into()), ("order", "mtime".into())]);
    assert_eq!(texts(&bench.pump(|_| false)), ["b.idea", "c.idea", "a.idea"]);
    bench.finish();
    assert_eq!(rig.files("incoming"), ["d.tmp"]);
}

#[test]
fn what_cannot_be_a_datum_is_laid_aside_with_the_reason() {
    let rig = Rig::new();
    rig.put("empty", "");
    rig.put("long", "x".repeat(11));
    rig.put("bytes", b"a\xff");
    rig.put("good", "0123456789");
    fs::write(rig.path("errors/long"), "was here").unwrap();
    let mut bench = rig.bench(vec![("max_size", 10.into()), ("decode_errors", "fail".into()), ("on_error", "drop".into())]);
    assert_eq!(texts(&bench.pump(|_| rig.files("errors").len() == 7)), ["0123456789"]);
    assert_eq!(rig.files("errors"), ["bytes", "bytes.meta", "empty", "empty.meta", "long", "long.1", "long.1.meta"]);
    let meta: serde_json::Value = serde_json::from_slice(&fs::read(rig.path("errors/long.1.meta")).unwrap()).unwrap();
    assert_eq!((meta["error"].as_str(), meta["cog"].as_str()), (Some("`long` is longer than 10 bytes"), Some("filer_supply")));
    assert!(meta["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(fs::read(rig.path("errors/long")).unwrap(), b"was here");
    bench.finish();
    assert_eq!((rig.files("incoming").len(), rig.files("tmp").len(), bench.errors()), (0, 0, 3));
}

#[test]
fn done_files_are_kept_where_that_is_wanted() {
    let rig = Rig::new();
    rig.put("a", "new");
    let mut bench = rig.bench(vec![("done_dir", "done".into()), ("pending", "pending".into())]);
    fs::write(rig.path("done/a"), "old").unwrap();
    bench.pump(|_| rig.files("done").len() == 2);
    assert_eq!(fs::read(rig.path("done/a.1")).unwrap(), b"new");
    bench.finish();
}

#[test]
fn no_more_than_64_are_taken_ahead_and_what_is_not_done_goes_back() {
    let rig = Rig::new();
    for n in 0..100 {
        rig.put(format!("{n:03}"), "x");
    }
    let mut bench = rig.bench(vec![]);
    bench.kept = Some(Vec::new());
    assert_eq!(bench.pump(|_| false).len(), 64);
    assert_eq!((rig.files("incoming").len(), rig.files("tmp").len()), (36, 64));
    bench.finish();
    assert_eq!((rig.files("incoming").len(), fs::read_dir(rig.path("tmp")).unwrap().count()), (100, 0));
}

#[test]
fn a_second_file_of_the_same_name_waits_for_the_first() {
    let rig = Rig::new();
    rig.put("a", "one");
    let mut bench = rig.bench(vec![]);
    bench.kept = Some(Vec::new());
    assert_eq!(texts(&bench.pump(|got| got.len() == 1)), ["one"]);
    rig.put("a", "two");
    assert!(bench.pump(|_| false).is_empty());
    bench.release();
    assert_eq!(texts(&bench.pump(|got| got.len() == 1)), ["two"]);
    bench.pump(|_| rig.files("tmp").is_empty());
    bench.finish();
    assert!(rig.files("incoming").is_empty());
}

#[test]
fn what_a_dead_reader_had_taken_goes_back_and_what_a_living_one_has_does_not() {
    let rig = Rig::new();
    for (name, file) in [("a.example.1.2.d", "dead"), ("a.example.3.4.d", "alive"), ("other", "foreign")] {
        fs::create_dir(rig.path("tmp").join(name)).unwrap();
        fs::write(rig.path("tmp").join(name).join(file), file).unwrap();
        fs::write(rig.path("tmp").join(name).join(".lock"), "").unwrap();
    }
    fs::write(rig.path("tmp/loose"), "loose").unwrap();
    let lock = Real.open(&rig.path("tmp/a.example.3.4.d/.lock"), How::BOTH).unwrap();
    assert!(Real.lock(&lock).unwrap());
    let mut bench = rig.bench(vec![]);
    assert_eq!(texts(&bench.pump(|got| got.len() == 1)), ["dead"]);
    bench.pump(|_| rig.files("tmp").len() == 3);
    assert_eq!(rig.files("tmp"), ["a.example.3.4.d/alive", "loose", "other/foreign"]);
    // Within a minute after its end.
    drop(lock);
    let mut all = Vec::new();
    for _ in 0..20 {
        all.extend(texts(&bench.pump(|got| !got.is_empty())));
    }
    assert_eq!(all, ["alive"]);
    bench.finish();
    let mut bench = rig.bench(vec![("recover", "all".into())]);
    assert_eq!(texts(&bench.pump(|got| got.len() == 1)), ["loose"]);
    bench.finish();
    assert_eq!(rig.files(""), ["tmp/other/foreign"]);
}

#[test]
fn a_supply_that_begins_anew_takes_its_files_again() {
    let rig = Rig::new();
    rig.put("a", "one");
    let mut bench = rig.bench(vec![]);
    bench.kept = Some(Vec::new());
    assert_eq!(texts(&bench.pump(|got| got.len() == 1)), ["one"]);
    bench.begin_anew(&SPEC, rig.options(vec![]));
    assert_eq!(texts(&bench.pump(|got| got.len() == 1)), ["one"]);
    bench.release();
    bench.pump(|_| rig.files("tmp").is_empty());
    bench.finish();
    assert!(rig.files("incoming").is_empty() && rig.files("errors").is_empty());
}

#[test]
fn nothing_is_removed_when_what_was_made_of_it_may_not_be_stored() {
    let rig = Rig::new();
    rig.put("a", "one");
    let mut bench = rig.bench(vec![]);
    bench.kept = Some(Vec::new());
    bench.pump(|got| got.len() == 1);
    bench.freeze_checkpoint();
    bench.release();
    bench.pump(|_| false);
    bench.finish();
    assert_eq!(rig.files("incoming"), ["a"]);
}

#[test]
fn a_directory_that_vanishes_is_told_once_and_used_when_it_is_back() {
    let rig = Rig::new();
    let mut bench = rig.bench(vec![]);
    assert!(bench.pump(|_| false).is_empty());
    fs::rename(rig.path("incoming"), rig.path("away")).unwrap();
    for _ in 0..5 {
        assert!(bench.pump(|_| false).is_empty());
    }
    assert_eq!(bench.errors(), 1);
    fs::create_dir(rig.path("incoming")).unwrap();
    rig.put("a", "one");
    let mut got = Vec::new();
    for _ in 0..10 {
        got.extend(texts(&bench.pump(|got| !got.is_empty())));
    }
    assert_eq!((got, bench.errors()), (vec!["one".to_owned()], 1));
    // Its own directory too.
    fs::remove_dir_all(rig.path("tmp")).unwrap();
    fs::create_dir(rig.path("tmp")).unwrap();
    rig.put("b", "two");
    let mut got = Vec::new();
    for _ in 0..10 {
        got.extend(texts(&bench.pump(|got| !got.is_empty())));
    }
    assert_eq!(got, ["two"]);
    bench.finish();
}

#[test]
fn directories_of_two_file_systems_are_refused() {
    use std::os::unix::fs::MetadataExt;
    let (rig, other) = (Rig::new(), tempfile::tempdir().unwrap());
    if fs::metadata(other.path()).unwrap().dev() == fs::metadata(rig.place.path()).unwrap().dev() {
        eprintln!("skipped: there is but one file system for temporary files");
        return;
    }
    let refused = rig.bench_on(disk::real(), vec![("temp", other.path().to_str().unwrap().into())]);
    assert!(refused.is_err_and(|error| error.to_string().contains("two file systems")));
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |option: &str, value: &str| Bench::refused(&SPEC, vec![("dir", "x".into()), (option, value.into())]);
    assert!(refused("temp", "incoming").contains("another directory"));
    assert!(refused("errors", "incoming").contains("another directory"));
    assert!(refused("pattern", "[").contains("no pattern"));
    assert!(refused("name_setter", "name").contains("no map"));
    assert!(refused("encoding", "utf-9").contains("no encoding"));
}
