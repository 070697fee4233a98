//! A supply on real files.

mod faults;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;

use super::{FILES, SPEC};
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::{Datum, json};
use crate::disk::faulty::memory;
use crate::disk::{self, Disk};
use crate::error::Result;
use crate::escapement::{Clock, Escapement};

struct Rig {
    place: TempDir,
}

impl Rig {
    fn new() -> Self {
        Self { place: memory() }
    }

    /// With these files.
    fn with<const N: usize>(files: [(&str, &[u8]); N]) -> Self {
        let rig = Self::new();
        for (name, content) in files {
            fs::create_dir_all(rig.path(name).parent().unwrap()).unwrap();
            fs::write(rig.path(name), content).unwrap();
        }
        rig
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A supply of these, named from here.
    fn bench(&self, names: &[&str], more: Vec<(&str, Given)>) -> Bench {
        self.bench_on(disk::real(), names, more).unwrap()
    }

    fn bench_on(&self, disk: Arc<dyn Disk>, names: &[&str], more: Vec<(&str, Given)>) -> Result<Bench> {
        let paths: Vec<Datum> = names.iter().map(|name| self.path(name).to_str().unwrap().into()).collect();
        let mut options = vec![("paths", Given::from(Datum::from(paths)))];
        options.extend(more);
        Bench::with(Escapement::new(Clock::real()).unwrap(), disk, &SPEC, options)
    }

    /// All that it gives until it is over by itself.
    fn all(&self, names: &[&str], more: Vec<(&str, Given)>) -> Vec<String> {
        let mut bench = self.bench(names, more);
        let all = texts(&bench.pump(|_| false));
        assert_eq!((bench.errors(), bench.esc.bound(0), bench.balance().in_flight), (0, 0, 0));
        all
    }
}

fn texts(data: &[Datum]) -> Vec<String> {
    data.iter().map(|datum| datum.piece().into_owned()).collect()
}

fn line() -> (&'static str, Given) {
    ("each", "line".into())
}

#[test]
fn each_file_comes_once_in_the_order_in_which_they_are_named() {
    let rig = Rig::with([("b", b"B\n"), ("empty", b""), ("d/2", b"two"), ("d/1", b"one"), ("d/.no", b"x"), ("d/e/3", b"three")]);
    assert_eq!(rig.all(&["b", "d/*", "empty", "d/1", "b"], vec![]), ["B\n", "one", "two", ""]);
    assert_eq!(rig.all(&["**/[0-9]"], vec![]), ["one", "two", "three"]);
}

#[test]
fn lines_come_out_of_one_file_after_the_other() {
    let rig = Rig::with([("a", b"1\r\n\n2"), ("b", b""), ("c", b"3\n")]);
    assert_eq!(rig.all(&["c", "a", "b"], vec![line()]), ["3", "1", "", "2"]);
    assert_eq!(rig.all(&["a"], vec![line(), ("separator", "\n\n".into()), ("strip_cr", false.into())]), ["1\r", "2"]);
}

#[test]
fn the_path_has_its_place_beside_the_content() {
    let rig = Rig::with([("a", b"1\n2\n")]);
    let places = || vec![("path_setter", Given::from("file")), ("data_setter", "text".into())];
    let shown = |more| rig.bench(&["a"], more).pump(|_| false).iter().map(json::to_string).collect::<Vec<_>>();
    let path = rig.path("a").display().to_string();
    assert_eq!(shown(places()), [format!(r#"{{"text":"1\n2\n","file":"{path}"}}"#)]);
    let lines = shown([places(), vec![line()]].concat());
    assert_eq!(lines, ["1", "2"].map(|n| format!(r#"{{"text":"{n}","file":"{path}"}}"#)));
}

#[test]
fn encodings_are_those_of_lines_for_whole_files_too() {
    let rig = Rig::with([("utf8", b"\xef\xbb\xbfk\xc5\xaf"), ("utf16", b"\xff\xfea\0b\0"), ("bad", b"g\xffd"), ("good", b"ok")]);
    for each in ["file", "line"] {
        let with = |encoding: &str| vec![("each", Given::from(each)), ("encoding", encoding.into())];
        assert_eq!(rig.all(&["utf8"], with("utf-8")), ["ků"], "{each}");
        assert_eq!(rig.all(&["utf16"], with("utf-16le")), ["ab"], "{each}");
        assert_eq!(rig.all(&["bad"], with("utf-8")), ["g\u{fffd}d"], "{each}");
        assert_eq!(rig.bench(&["bad"], with("bytes")).pump(|_| false), [Datum::Bytes(b"g\xffd".as_slice().into())], "{each}");
        let mut bench = rig.bench(&["bad", "good"], vec![("each", each.into()), ("decode_errors", "fail".into())]);
        assert_eq!(texts(&bench.pump(|_| false)), ["ok"], "{each}");
        assert_eq!((bench.errors(), bench.balance().failed), (1, 1), "{each}");
    }
}

#[test]
fn a_file_that_is_too_long_fails_alone() {
    let rig = Rig::with([("long", b"12345"), ("short", b"1234")]);
    let mut bench = rig.bench(&["long", "short"], vec![("max_size", 4.into())]);
    assert_eq!(texts(&bench.pump(|_| false)), ["1234"]);
    assert_eq!((bench.errors(), bench.balance().failed), (1, 1));
}

#[test]
fn what_is_gone_or_no_regular_file_is_told_and_the_others_are_read() {
    for each in ["file", "line"] {
        let rig = Rig::with([("a", b"a"), ("dir/x", b"x"), ("z", b"z"), ("gone", b"gone")]);
        mkfifoat(CWD, rig.path("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        std::os::unix::fs::symlink("/dev/zero", rig.path("device")).unwrap();
        for n in 0..FILES {
            fs::copy(rig.path("a"), rig.path(&format!("a{n:03}"))).unwrap();
        }
        // Those before it are all that the first job reads.
        let mut bench = rig.bench(&["a[0-9]*", "dir", "pipe", "device", "gone", "z"], vec![("each", each.into())]);
        fs::remove_file(rig.path("gone")).unwrap();
        let got = texts(&bench.pump(|_| false));
        assert_eq!((got.len(), got[0].as_str(), got[FILES].as_str(), bench.errors()), (FILES + 1, "a", "z", 4), "{each}");
        assert_eq!((bench.balance().failed, bench.esc.bound(0)), (0, 0), "{each}");
    }
}

#[test]
fn what_is_missing_at_the_start_is_an_error_or_passed_over() {
    let rig = Rig::with([("a", b"a")]);
    let names = ["none", "a", "*.x", "a/b", "more", "dir/*"];
    let Err(error) = rig.bench_on(disk::real(), &names, vec![]) else { panic!("it was wound") };
    let text = error.to_string();
    assert!(text.contains("/none`") && text.contains("/*.x`") && text.contains("a/b` and 2 more; `missing:"), "{text}");
    assert_eq!(rig.all(&names, vec![("missing", "pass".into())]), ["a"]);
    assert_eq!(rig.all(&["none"], vec![("missing", "pass".into())]), [""; 0]);
}

#[test]
fn no_more_is_read_than_there_is_room_for() {
    let rig = Rig::new();
    for n in 0..200 {
        fs::write(rig.path(&format!("{n:03}")), format!("{n}\n")).unwrap();
    }
    for each in ["file", "line"] {
        let mut bench = rig.bench(&["*"], vec![("each", each.into()), ("max_in_flight", 3.into())]);
        bench.kept = Some(Vec::new());
        let mut all = bench.pump(|got| got.len() == 3);
        bench.pump_for(20);
        bench.release();
        all.extend(bench.pump(|_| false));
        let numbers: Vec<_> = texts(&all).iter().map(|text| text.trim_end().parse::<u32>().unwrap()).collect();
        assert_eq!(numbers, (0..200).collect::<Vec<_>>(), "{each}");
    }
}

#[test]
fn long_files_are_cut_into_lines_wherever_reads_end() {
    let rig = Rig::new();
    let lines: Vec<String> = (0..120_000).map(|n| format!("ůň {n}")).collect();
    fs::write(rig.path("long"), lines.join("\n")).unwrap();
    assert_eq!(rig.all(&["long"], vec![line()]), lines);
}

#[test]
fn a_stop_leaves_the_rest() {
    let rig = Rig::with([("a", b"1\n2\n3\n"), ("b", b"4\n")]);
    let mut bench = rig.bench(&["a", "b"], vec![line(), ("max_in_flight", 2.into())]);
    bench.kept = Some(Vec::new());
    assert_eq!(texts(&bench.pump(|got| got.len() == 2)), ["1", "2"]);
    assert!(bench.finish().is_empty());
    assert_eq!(bench.esc.bound(0), 0);
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |more: Vec<(&'static str, Given)>| Bench::refused(&SPEC, [vec![("paths", "a".into())], more].concat());
    assert!(refused(vec![("path_setter", "file".into())]).contains("each datum is the content itself"));
    assert!(refused(vec![("max_line", 9.into())]).contains("`each: \"line\"` only"));
    assert!(refused(vec![line(), ("max_size", 9.into())]).contains("`each: \"file\"` only"));
    assert!(refused(vec![("encoding", "klingon".into())]).contains("no encoding"));
    assert!(Bench::refused(&SPEC, vec![("paths", "[".into())]).contains("no pattern"));
    assert!(Bench::refused(&SPEC, vec![("paths", "".into())]).contains("must name a file"));
}
