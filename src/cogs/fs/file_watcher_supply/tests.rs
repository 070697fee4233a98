//! Real files on a real clock, once told by inotify and once looked at.

mod crowd;
mod mistaken;
mod model;
mod remember;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::{Datum, json};
use crate::escapement::{Clock, Escapement, Wake};

/// A directory with files, and a supply that follows some of them.
struct Rig {
    place: TempDir,
    bench: Option<Bench>,
    clock: Clock,
    /// Time by hand, which jumps to the next deadline.
    jumps: bool,
    polls: bool,
}

/// The same test, told by inotify and polled.
fn both(test: impl Fn(Rig)) {
    for polls in [false, true] {
        test(Rig::new(polls));
    }
}

fn text(datum: &Datum) -> String {
    datum.piece().into_owned()
}

impl Rig {
    fn new(polls: bool) -> Self {
        Self { place: tempfile::tempdir().unwrap(), bench: None, clock: Clock::real(), jumps: false, polls }
    }

    fn jump(&mut self) {
        (self.clock, self.jumps) = (Clock::by_hand().auto(), true);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
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
        let mut esc = Escapement::new(self.clock.clone()).unwrap();
        if self.polls {
            esc.without_inotify();
        }
        self.bench = Some(Bench::over(esc, &SPEC, options));
    }

    /// Waits until these lines have come, and no others before or between them.
    #[track_caller]
    fn expect(&mut self, lines: &[&str]) {
        let mut more: Vec<String> = Vec::new();
        // A bench waits for 5 s; by hand they pass at once, and the scan comes after 30.
        for _ in 0..if self.jumps { 8 } else { 1 } {
            let had = more.len();
            let got = self.bench.as_mut().unwrap().pump(|got| had + got.len() >= lines.len());
            more.extend(got.iter().map(text));
        }
        assert_eq!(more, lines, "polls: {}", self.polls);
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
    });
}

#[test]
fn a_directory_that_is_replaced_further_up_is_found_by_the_scan() {
    both(|mut rig| {
        rig.jump();
        rig.append("deep/er/log", "");
        rig.start(&["deep/er/log"], vec![]);
        rig.append("deep/er/log", "a\n");
        rig.expect(&["a"]);
        rig.rename("deep", "gone");
        rig.append("deep/er/log", "b\n");
        rig.expect(&["b"]);
        rig.append("deep/er/log", "c\n");
        rig.rename("deep/er/log", "deep/er/log.1");
        rig.append("deep/er/log", "d\n");
        rig.expect(&["c", "d"]);
    });
}

#[test]
fn a_file_renamed_twice_between_two_looks_is_found_beside_its_name() {
    both(|mut rig| {
        rig.append("log", "begins one way\n");
        rig.start(&["log"], vec![("start", "begin".into())]);
        rig.expect(&["begins one way"]);
        rig.rename("log", "log.1");
        rig.append("log", "begins another way\n");
        rig.append("log.copy", "begins one way\nas the first file\n");
        rig.append("log.gz", b"\x1f\x8bpacked\n");
        rig.append("log2", "called otherwise\n");
        rig.rename("log.1", "log.2");
        rig.rename("log", "log.1");
        rig.append("log", "begins a third way\n");
        rig.expect(&["begins another way", "begins a third way"]);
        assert!(rig.finish().is_empty());
    });
}

#[test]
fn no_line_is_lost_or_repeated_while_files_are_rotated_quickly() {
    both(|mut rig| {
        rig.append("log", "");
        rig.start(&["log"], vec![]);
        let directory = rig.place.path().to_owned();
        let writer = std::thread::spawn(move || {
            for number in 0..60 {
                let mut file = OpenOptions::new().append(true).create(true).open(directory.join("log")).unwrap();
                for line in 0..50 {
                    writeln!(file, "{number} {line}").unwrap();
                }
                drop(file);
                if number < 59 {
                    fs::rename(directory.join("log"), directory.join(format!("log.{number}"))).unwrap();
                }
            }
        });
        let mut got: Vec<String> = rig.bench.as_mut().unwrap().pump(|got| got.len() >= 3000).iter().map(text).collect();
        writer.join().unwrap();
        got.extend(rig.finish());
        let count = |number: usize| got.iter().filter(|line| line.starts_with(&format!("{number} "))).count();
        let wrong: Vec<(usize, usize)> = (0..60).map(|number| (number, count(number))).filter(|(_, count)| *count != 50).collect();
        assert_eq!((wrong.as_slice(), got.len()), ([].as_slice(), 3000), "files with the wrong number of lines; polls: {}", rig.polls);
        got.sort();
        got.dedup();
        assert_eq!(got.len(), 3000);
    });
}

#[test]
fn no_line_is_lost_or_repeated_while_a_file_is_copied_and_truncated() {
    both(|mut rig| {
        rig.append("log", "");
        rig.start(&["log"], vec![]);
        for round in 0..20 {
            let lines: Vec<String> = (0..=round).map(|line| format!("{round} {line}")).collect();
            rig.append("log", lines.join("\n") + "\n");
            rig.expect(&lines.iter().map(String::as_str).collect::<Vec<_>>());
            fs::copy(rig.path("log"), rig.path("log.1")).unwrap();
            File::options().write(true).open(rig.path("log")).unwrap().set_len(0).unwrap();
        }
        assert!(rig.finish().is_empty());
    });
}

#[test]
fn what_was_unread_at_a_cut_is_read_from_the_copy() {
    both(|mut rig| {
        rig.append("log", "begins\n");
        rig.append("log.0", "begins\nbut goes on otherwise, and is much longer\n");
        rig.append("log.gz", b"\x1f\x8bpacked, and longer than what was read\n");
        rig.start(&["log"], vec![("start", "begin".into())]);
        rig.append("log", "read\nha");
        rig.expect(&["begins", "read"]);
        for (round, lines) in [["half", "unread"], ["more", "unread too"]].iter().enumerate() {
            rig.append("log", if round == 0 { "lf\nunread\n" } else { "re\nunread too\n" });
            // The same name each time, written over.
            fs::copy(rig.path("log"), rig.path("log-1")).unwrap();
            File::options().write(true).open(rig.path("log")).unwrap().set_len(0).unwrap();
            rig.append("log", format!("round {round}\nmo"));
            rig.expect(&[lines[0], lines[1], &format!("round {round}")]);
        }
        assert!(rig.finish().is_empty());
    });
}

#[test]
fn what_cannot_be_read_is_told_once_and_tried_again() {
    both(|mut rig| {
        fs::create_dir(rig.path("log")).unwrap();
        rig.start(&["log"], vec![]);
        let mut wakes = 0;
        rig.bench.as_mut().unwrap().pump(|_| {
            wakes += 1;
            wakes > 5
        });
        assert_eq!(rig.bench.as_ref().unwrap().errors(), 1);
        fs::remove_dir(rig.path("log")).unwrap();
        rig.append("log", "a\n");
        rig.expect(&["a"]);
    });
}

#[test]
fn busy_files_take_turns_and_stop_when_there_is_no_room() {
    both(|mut rig| {
        let lines = |name: &str| (0..400).map(|n| format!("{name}{n:03}")).collect::<Vec<_>>();
        rig.append("a", lines("a").join("\n") + "\n");
        rig.append("b", lines("b").join("\n") + "\n");
        rig.start(&["a", "b"], vec![("start", "begin".into()), ("max_read", 512.into()), ("max_in_flight", 7.into())]);
        let got: Vec<String> = rig.bench.as_mut().unwrap().pump(|got| got.len() >= 800).iter().map(text).collect();
        for name in ["a", "b"] {
            let of_one: Vec<&String> = got.iter().filter(|line| line.starts_with(name)).collect();
            assert_eq!(of_one, lines(name).iter().collect::<Vec<_>>());
        }
        let first_b = got.iter().position(|line| line.starts_with('b')).unwrap();
        assert!(first_b < 200, "b waited for {first_b} lines of a");
    });
}

#[test]
fn nothing_wakes_it_before_the_scan_when_nothing_happens() {
    let mut rig = Rig::new(false);
    rig.jump();
    for n in 0..100 {
        rig.append(&format!("log{n}"), "old\n");
    }
    let names: Vec<String> = (0..100).map(|n| format!("log{n}")).chain(["not/there".into()]).collect();
    rig.start(&names.iter().map(String::as_str).collect::<Vec<_>>(), vec![]);
    let bench = rig.bench.as_mut().unwrap();
    assert_eq!(bench.esc.bound(0), 103, "one for each file, one for their directory, scan and signal");
    let almost = bench.esc.now() + Duration::from_secs(29);
    assert!(bench.esc.next_until(almost).unwrap().is_none());
    assert!(matches!(bench.esc.next().unwrap().map(|fired| fired.wake), Some(Wake::Due { .. })));
    rig.append("log77", "a\n");
    rig.append("log3", "b\n");
    rig.expect(&["a", "b"]);
}

#[test]
fn an_unfinished_line_is_given_out_after_its_time() {
    both(|mut rig| {
        rig.jump();
        rig.append("log", "");
        rig.start(&["log"], vec![("partial_timeout", 3.into())]);
        rig.append("log", "password: ");
        rig.expect(&["password: "]);
        rig.append("log", "\nnext\n");
        rig.expect(&["next"]);
    });
}

#[test]
fn a_pipe_is_read_whoever_writes() {
    both(|mut rig| {
        let path = rig.path("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        rig.start(&["pipe"], vec![]);
        for line in ["a", "b"] {
            rig.append("pipe", format!("{line}\n"));
            rig.expect(&[line]);
        }
    });
}

#[test]
fn the_path_goes_where_it_is_wanted_and_bad_lines_fail() {
    both(|mut rig| {
        rig.append("log", b"good\nb\xffd\n");
        let path = rig.path("log");
        let options = vec![("data_setter", "line".into()), ("path_setter", "path".into()), ("start", "begin".into())];
        rig.start(&["log"], [options, vec![("decode_errors", "fail".into())]].concat());
        let got = rig.bench.as_mut().unwrap().pump(|got| !got.is_empty());
        assert_eq!(json::to_string(&got[0]), format!(r#"{{"line":"good","path":{:?}}}"#, path.to_str().unwrap()));
        let bench = rig.bench.as_ref().unwrap();
        assert_eq!((bench.errors(), bench.balance().failed, bench.balance().in_flight), (1, 1, 0));
    });
}

#[test]
fn options_that_cannot_work_are_refused() {
    let with = |name, value: &str| Bench::refused(&SPEC, vec![("filenames", "log".into()), (name, value.into())]);
    assert!(with("path_setter", "path").contains("map"));
    assert!(with("start", "middle").contains("middle"));
    assert!(with("encoding", "utf-9").contains("utf-9"));
    assert!(Bench::refused(&SPEC, vec![("filenames", "[".into())]).contains("pattern"));
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
