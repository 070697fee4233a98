//! Real files on a real clock, once told by inotify and once looked at.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tempfile::TempDir;

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::Datum;
use crate::escapement::{Clock, Escapement};

/// A directory with files, and a supply that follows some of them.
struct Rig {
    place: TempDir,
    bench: Option<Bench>,
    polls: bool,
    got: Vec<String>,
}

/// The same test, told by inotify and polled.
fn both(test: impl Fn(Rig)) {
    for polls in [false, true] {
        test(Rig { place: tempfile::tempdir().unwrap(), bench: None, polls, got: Vec::new() });
    }
}

fn text(datum: &Datum) -> String {
    datum.piece().into_owned()
}

impl Rig {
    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn start(&mut self, names: &[&str], mut options: Vec<(&str, Given)>) {
        let names: Vec<Datum> = names.iter().map(|name| Datum::from(self.path(name).to_str().unwrap())).collect();
        options.push(("filenames", Datum::List(names).into()));
        for (name, value) in [("poll_interval", 0.01), ("rotate_wait", 0.05)] {
            if !options.iter().any(|(given, _)| *given == name) {
                options.push((name, value.into()));
            }
        }
        let mut esc = Escapement::new(Clock::real()).unwrap();
        if self.polls {
            esc.without_inotify();
        }
        self.bench = Some(Bench::over(esc, &SPEC, options));
    }

    /// Waits until these lines have come, and no others before or between them.
    #[track_caller]
    fn expect(&mut self, lines: &[&str]) {
        let more = self.bench.as_mut().unwrap().pump(|got| got.len() >= lines.len());
        let more: Vec<String> = more.iter().map(text).collect();
        assert_eq!(more, lines, "polls: {}", self.polls);
        self.got.extend(more);
    }

    /// Whatever still comes at the end.
    fn finish(&mut self) -> Vec<String> {
        self.bench.as_mut().unwrap().finish().iter().map(text).collect()
    }
}

#[test]
fn lines_come_as_the_file_grows() {
    both(|mut rig| {
        rig.append("log", "old\n");
        rig.start(&["log"], vec![]);
        rig.append("log", "a\nb");
        rig.expect(&["a"]);
        rig.append("log", "c\n\nd\n");
        rig.expect(&["bc", "", "d"]);
        rig.append("log", "unfinished");
        assert!(rig.finish().is_empty());
    });
}

#[test]
fn without_tail_all_is_read_and_the_supply_is_over() {
    both(|mut rig| {
        rig.append("one", "a\r\nb\n");
        rig.append("two", "c\nd");
        rig.start(&["one", "none", "two"], vec![("tail", false.into())]);
        let got: Vec<String> = rig.bench.as_mut().unwrap().pump(|_| false).iter().map(text).collect();
        assert_eq!(got, ["a", "b", "c", "d"]);
        assert_eq!(rig.bench.as_ref().unwrap().esc.bound(0), 0);
    });
}

#[test]
fn a_file_renamed_away_is_read_to_its_end_before_the_new_one() {
    both(|mut rig| {
        rig.append("log", "");
        rig.start(&["log"], vec![]);
        let mut writer = OpenOptions::new().append(true).open(rig.path("log")).unwrap();
        writer.write_all(b"a\n").unwrap();
        rig.expect(&["a"]);
        writer.write_all(b"b\n").unwrap();
        rig.rename("log", "log.1");
        writer.write_all(b"c\n").unwrap();
        rig.append("log", "d\n");
        rig.expect(&["b", "c", "d"]);
        // The writer does not know yet.
        writer.write_all(b"late\nnever finished").unwrap();
        rig.expect(&["late", "never finished"]);
        rig.append("log", "e\n");
        rig.expect(&["e"]);
        assert!(rig.finish().is_empty());
    });
}

#[test]
fn a_truncated_file_is_read_from_its_beginning() {
    both(|mut rig| {
        rig.append("log", "");
        rig.start(&["log"], vec![]);
        rig.append("log", "one\ntwo\nhal");
        rig.expect(&["one", "two"]);
        File::options().write(true).open(rig.path("log")).unwrap().set_len(0).unwrap();
        rig.append("log", "new\n");
        rig.expect(&["new"]);
        // Written again, past the place that was reached before.
        fs::write(rig.path("log"), "another content\nlonger than before\n").unwrap();
        rig.expect(&["another content", "longer than before"]);
    });
}

#[test]
fn files_that_appear_late_are_read_from_their_beginning() {
    both(|mut rig| {
        rig.start(&["deep/er/log"], vec![]);
        fs::create_dir(rig.path("deep")).unwrap();
        assert!(rig.bench.as_mut().unwrap().pump(|_| true).is_empty());
        fs::create_dir(rig.path("deep/er")).unwrap();
        rig.append("deep/er/log", "a\n");
        rig.expect(&["a"]);
        fs::rename(rig.path("deep"), rig.path("gone")).unwrap();
        fs::create_dir_all(rig.path("deep/er")).unwrap();
        rig.append("deep/er/log", "b\n");
        if rig.polls {
            rig.expect(&["b"]);
        }
    });
}

#[test]
fn a_link_that_is_set_to_another_file_counts_as_rotation() {
    both(|mut rig| {
        rig.append("one", "");
        symlink("one", rig.path("log")).unwrap();
        rig.start(&["log"], vec![]);
        rig.append("one", "a\n");
        rig.expect(&["a"]);
        rig.append("two", "b\n");
        symlink("two", rig.path("new")).unwrap();
        rig.rename("new", "log");
        rig.expect(&["b"]);
        rig.append("two", "c\n");
        rig.expect(&["c"]);
    });
}

#[test]
fn patterns_find_files_that_appear_and_keep_those_that_are_renamed() {
    both(|mut rig| {
        rig.append("a.log", "old\n");
        rig.append("other", "no\n");
        rig.start(&["*.log*"], vec![]);
        rig.append("a.log", "a\n");
        rig.expect(&["a"]);
        rig.append("b.log", "b\n");
        rig.expect(&["b"]);
        rig.rename("a.log", "a.log.1");
        rig.append("a.log.1", "late\n");
        rig.expect(&["late"]);
        rig.append("a.log", "new\n");
        rig.expect(&["new"]);
    });
}
