//! Maildirs on the real binary: what comes while it looks, what other mail programs do meanwhile, crowds, crashes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::rig::{Rig, Running, deadline};

/// A Maildir to a file, a line each message.
fn script(options: &str, between: &str) -> String {
    format!(
        "let train = movement::train();
        train.update(email::maildir_supply(#{{ path: \"mail\", {options} }}) |> {between} fs::line_file_drain(\"out.txt\"));
        train.run();"
    )
}

fn rig(options: &str) -> Rig {
    rig_through(options, "")
}

fn rig_through(options: &str, between: &str) -> Rig {
    let rig = Rig::new().script("mail.rhai", &script(options, between));
    make(&rig.path("mail"));
    rig
}

/// Makes an empty folder.
fn make(folder: &Path) {
    for name in ["tmp", "new", "cur"] {
        fs::create_dir_all(folder.join(name)).expect("a directory can be made");
    }
}

/// Puts a message there as mail programs do: written in `tmp`, renamed.
fn deliver(folder: &Path, file: &str, text: &str) {
    let tmp = folder.join("tmp/half");
    fs::write(&tmp, text).expect("a file can be written");
    fs::rename(tmp, folder.join(file)).expect("a file can be renamed");
}

/// What lies in a folder's directory, in order.
fn list(folder: &Path, name: &str) -> Vec<String> {
    let entries = fs::read_dir(folder.join(name)).expect("it can be listed");
    let mut all: Vec<String> =
        entries.map(|entry| entry.expect("it can be listed").file_name().into_string().expect("it is text")).collect();
    all.sort();
    all
}

/// How often each line came.
fn lines(path: &Path) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    for line in fs::read_to_string(path).unwrap_or_default().lines() {
        *lines.entry(line.to_owned()).or_default() += 1;
    }
    lines
}

fn wait_for_cur(running: Running, cur: &[&str]) -> Running {
    running.wait_for(&format!("`cur` never held {cur:?}"), |running| list(&running.path("mail"), "cur") == cur)
}

#[test]
fn new_and_unread_messages_come_once_and_are_marked_as_seen() {
    let rig = rig("").file("mail/new/1.host", "one").file("mail/cur/2.host:2,FR", "two").file("mail/cur/3.host:2,S", "three");
    let running = rig.start().wait_for_file("out.txt", "one\ntwo\n");
    let running = wait_for_cur(running, &["1.host:2,S", "2.host:2,FRS", "3.host:2,S"]);
    deliver(&running.path("mail"), "new/4.host", "four");
    let running = running.wait_for_file("out.txt", "one\ntwo\nfour\n");
    let running = wait_for_cur(running, &["1.host:2,S", "2.host:2,FRS", "3.host:2,S", "4.host:2,S"]);
    // The user marks one as unread.
    let running = running.rename("mail/cur/3.host:2,S", "mail/cur/3.host:2,").wait_for_file("out.txt", "one\ntwo\nfour\nthree\n");
    let running = wait_for_cur(running, &["1.host:2,S", "2.host:2,FRS", "3.host:2,S", "4.host:2,S"]);
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    assert!(!outcome.stderr.contains("error"), "{}", outcome.stderr);
    outcome.expect_file("out.txt", "one\ntwo\nfour\nthree\n");
}

#[test]
fn without_tail_it_ends_when_all_that_is_due_is_dealt_with() {
    let rig = rig("tail: false, mark: \"none\"").file("mail/new/1.host", "one").file("mail/cur/2.host:2,", "two");
    let outcome = rig.start().expect_exit(0).expect_file("out.txt", "one\ntwo\n");
    assert_eq!(list(&outcome.path("mail"), "cur"), ["1.host:2,", "2.host:2,"]);
}

#[test]
fn what_other_programs_do_with_a_message_on_its_way_is_kept() {
    // They wait in a window until the end of the run.
    let rig = rig_through("data_setter: \"mail\"", "twist::aggregate(#{ window: 3600 }) |> text::json_marshall() |>");
    let rig = rig.file("mail/new/1.host", "one").file("mail/new/2.host", "two").file("mail/new/3.host", "three");
    let running = wait_for_cur(rig.start(), &["1.host:2,", "2.host:2,", "3.host:2,"]);
    // One is answered and flagged, one removed, one moved to another folder by the user.
    make(&running.path("mail/.Other"));
    let running = running.rename("mail/cur/1.host:2,", "mail/cur/1.host:2,FR").rename("mail/cur/2.host:2,", "mail/.Other/cur/2.host:2,");
    fs::remove_file(running.path("mail/cur/3.host:2,")).expect("it is there");
    // Meanwhile it looks again, and finds nothing that it does not know.
    let running = crate::idle::rests(running.signal(Signal::HUP));
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    assert_eq!(list(&outcome.path("mail"), "cur"), ["1.host:2,FRS"]);
    assert!(outcome.file("out.txt").contains("\"count\":3"), "{}", outcome.file("out.txt"));
    assert_eq!(list(&outcome.path("mail/.Other"), "cur"), ["2.host:2,"]);
}

#[test]
fn two_messages_of_one_name_both_come_and_both_stay() {
    let rig = rig("")
        .file("mail/new/1.host", "new")
        .file("mail/cur/1.host:2,S", "old")
        .file("mail/cur/2.host:2,", "a")
        .file("mail/cur/2.host:2,F", "b");
    let running = rig.start().wait_for("not all came", |running| lines(&running.path("out.txt")).len() == 3);
    let running =
        running.wait_for("not all are marked", |running| list(&running.path("mail"), "cur").iter().all(|file| file.ends_with('S')));
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    assert!(lines(&outcome.path("out.txt")).into_iter().eq(["a", "b", "new"].map(|line| (line.to_owned(), 1))));
    let mut texts: Vec<String> = list(&outcome.path("mail"), "cur").iter().map(|file| outcome.file(&format!("mail/cur/{file}"))).collect();
    texts.sort();
    assert_eq!(texts, ["a", "b", "new", "old"]);
}

#[test]
fn a_message_that_failed_is_flagged_and_left_alone_until_its_flags_change() {
    let rig = rig_through("", "(|d| if d == blob() { throw \"empty\" } else { d }) |>");
    let rig = rig.file("mail/new/1.host", "").file("mail/new/2.host", "two");
    let running = wait_for_cur(rig.start(), &["1.host:2,F", "2.host:2,S"]);
    deliver(&running.path("mail"), "new/3.host", "three");
    let running = wait_for_cur(running.signal(Signal::HUP), &["1.host:2,F", "2.host:2,S", "3.host:2,S"]);
    assert_eq!(running.stderr().matches("error:").count(), 1, "{}", running.stderr());
    // The user takes the flag away: it is tried again.
    let running = running.rename("mail/cur/1.host:2,F", "mail/cur/1.host:2,").wait_for("it is not tried again", |running| {
        running.stderr().matches("error:").count() == 2 && list(&running.path("mail"), "cur").contains(&"1.host:2,F".to_owned())
    });
    running.signal(Signal::TERM).expect_exit(0).expect_file("out.txt", "two\nthree\n");
}

#[test]
fn messages_go_to_another_folder_which_is_made() {
    let options = "folders: [\".\", \".Work\"], mark: \"move:.Done\", on_failed: \"delete\", name_setter: \"name\", data_setter: \"mail\"";
    let rig = rig_through(options, "(|d| d.name) |>").file("mail/new/1.host", "one").file("mail/.Work/cur/2.host:2,R", "two");
    fs::create_dir(rig.path("mail/.Work/new")).expect("a directory can be made");
    let running = rig.start().wait_for("not all are moved", |running| {
        running.path("mail/.Done/cur").is_dir() && list(&running.path("mail/.Done"), "cur") == ["1.host:2,", "2.host:2,R"]
    });
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    assert!(lines(&outcome.path("out.txt")).into_iter().eq([".Work/2.host", "1.host"].map(|line| (line.to_owned(), 1))));
}

#[test]
fn a_folder_that_is_missing_is_waited_for_and_what_is_no_message_is_left_alone() {
    let rig = rig("folders: [\".\", \".Late\"], poll_interval: 0.05, max_size: 5")
        .file("mail/new/.hidden", "x")
        .file("mail/new/1.host", "too long");
    fs::create_dir(rig.path("mail/new/directory")).expect("a directory can be made");
    symlink("1.host", rig.path("mail/cur/9.link:2,")).expect("a link can be made");
    let running = rig.start().wait_for_stderr(".Late` is no Maildir folder yet").wait_for_stderr("max_size");
    let running = wait_for_cur(running, &["1.host:2,F", "9.link:2,"]);
    make(&running.path("mail/.Late"));
    deliver(&running.path("mail/.Late"), "new/2.host", "late");
    let running = running.wait_for_file("out.txt", "late\n");
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    assert_eq!(outcome.stderr.matches("is no Maildir folder").count(), 1, "{}", outcome.stderr);
    assert_eq!(list(&outcome.path("mail"), "new"), [".hidden", "directory"]);
}

#[test]
fn fifty_thousand_messages_come_once_each_in_little_memory_and_then_it_rests() {
    const COUNT: usize = 50_000;
    let rig = rig("");
    for n in 0..COUNT {
        let directory = if n % 3 == 0 { "cur" } else { "new" };
        let info = if n % 3 == 0 { ":2," } else { "" };
        fs::write(rig.path("mail").join(format!("{directory}/{}.M{n:06}P1.host{info}", 1_700_000_000 + n / 100)), format!("message {n}"))
            .expect("a file can be written");
    }
    let begun = Instant::now();
    let mut running = rig.start();
    // While it is at it more comes.
    for n in COUNT..COUNT + 200 {
        deliver(&running.path("mail"), &format!("new/1800000000.M{n:06}P1.host"), &format!("message {n}"));
    }
    let size = |running: &Running| fs::metadata(running.path("out.txt")).map_or(0, |about| about.len());
    let mut last = 0;
    while lines(&running.path("out.txt")).len() < COUNT + 200 {
        // As long as more comes out.
        running = running.wait_for("no more came out", |running| size(running) != last);
        last = size(&running);
    }
    let running =
        running.wait_for("not all are marked", |running| list(&running.path("mail"), "cur").iter().all(|file| file.ends_with(":2,S")));
    println!("{COUNT} messages in {:?}", begun.elapsed());
    let status = fs::read_to_string(format!("/proc/{}/status", running.pid())).expect("the process runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the system tells it");
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("it is a number");
    println!("at most {} MiB", peak / 1024);
    assert!(peak < 128 * 1024, "{peak} kB");
    let running = crate::idle::rests(running);
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    let lines = lines(&outcome.path("out.txt"));
    assert_eq!(lines.len(), COUNT + 200);
    assert!(lines.values().all(|count| *count == 1), "{:?}", lines.iter().find(|(_, count)| **count > 1));
    assert_eq!((list(&outcome.path("mail"), "cur").len(), list(&outcome.path("mail"), "new").len()), (COUNT + 200, 0));
}

/// Starts the program in a directory of ours.
fn start(dir: &TempDir) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deadbeat"));
    command.args(["run", "mail.rhai"]).current_dir(dir.path()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the program starts")
}

#[test]
fn killed_again_and_again_it_loses_nothing_and_repeats_at_most_sixty_four_each_time() {
    const COUNT: usize = 6000;
    let rounds = if std::env::var_os("DEADBEAT_LONG").is_some() { 100 } else { 10 };
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    fs::write(dir.path().join("mail.rhai"), script("", "")).expect("a file can be written");
    let mail = dir.path().join("mail");
    make(&mail);
    let out = dir.path().join("out.txt");
    let size = || fs::metadata(&out).map_or(0, |about| about.len());
    let (mut number, mut kills) = (0, 0);
    for round in 0..rounds {
        for _ in 0..COUNT / rounds {
            deliver(&mail, &format!("new/{}.M{number:06}P1.host", 1_700_000_000 + number / 100), &format!("message {number:06}"));
            number += 1;
        }
        let mut child = start(&dir);
        // Killed when some, more each time, has come out.
        let (before, until) = (size(), deadline());
        while size() < before + 15 * (1 + 57 * round as u64 % 400) && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("it is our child");
        child.wait().expect("it is our child");
        kills += 1;
    }
    let mut child = start(&dir);
    let until = deadline();
    while !(list(&mail, "new").is_empty() && list(&mail, "cur").iter().all(|file| file.ends_with('S'))) {
        assert!(Instant::now() < until, "not all are marked");
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("it is our child");
    child.wait().expect("it is our child");
    // A line that was half written when it died stands there as a half.
    let lines = lines(&out);
    let whole: Vec<usize> = (0..number).map(|n| lines.get(&format!("message {n:06}")).copied().unwrap_or(0)).collect();
    assert_eq!(whole.iter().filter(|count| **count == 0).count(), 0, "some are lost");
    let repeated: usize = whole.iter().map(|count| count - 1).sum();
    println!("{repeated} of {number} messages came again after {kills} kills");
    assert!(repeated <= 64 * kills, "{repeated} came again after {kills} kills");
}

#[test]
fn a_drain_and_a_supply_hand_messages_on() {
    let text = "let train = movement::train();
        train.update(fs::stdin_supply() |> email::maildir_drain(#{ path: \"mail\", folder: \".In\", make_dirs: true }));
        train.run();";
    let input = (0..500).map(|n| format!("message {n}\n")).collect::<Vec<_>>().concat();
    let outcome = Rig::new().script("in.rhai", text).stdin(&input).start().expect_exit(0);
    let folder = outcome.path("mail/.In");
    assert_eq!((list(&folder, "tmp").len(), list(&folder, "new").len()), (0, 500));
    // Their names stand in the order in which they were written, but for those of one microsecond.
    let text = "let train = movement::train();
        train.update(email::maildir_supply(#{ path: \"mail\", folders: \".In\", tail: false, mark: \"delete\" }) |> fs::line_file_drain(\"out.txt\"));
        train.run();";
    fs::write(outcome.path("out.rhai"), text).expect("a file can be written");
    let status = Command::new(env!("CARGO_BIN_EXE_deadbeat")).args(["run", "out.rhai"]).current_dir(outcome.path("")).status();
    assert!(status.expect("the program starts").success());
    assert_eq!(lines(&outcome.path("out.txt")).len(), 500);
    assert!(list(&folder, "cur").is_empty() && list(&folder, "new").is_empty());
}
