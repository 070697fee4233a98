//! Files that are rotated while they are written: every line arrives, and arrives once.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::process::Signal;

use crate::rig::{Rig, Running};

/// Rotations of one run.
const ROTATIONS: u64 = 8;
/// Lines from one rotation to the next.
const LINES: u64 = 2000;

/// What a writer has done and may do.
struct Desk {
    file: File,
    next: u64,
    /// It writes up to here, so that a slow reader is not left behind for good.
    until: u64,
    over: bool,
}

/// A thread that writes numbered lines into whatever file it holds, one write a line.
struct Writer {
    desk: Arc<(Mutex<Desk>, Condvar)>,
    thread: JoinHandle<()>,
}

impl Writer {
    fn start(path: &Path) -> Self {
        let desk = Desk { file: open(path), next: 0, until: 0, over: false };
        let desk = Arc::new((Mutex::new(desk), Condvar::new()));
        let thread = thread::spawn({
            let desk = Arc::clone(&desk);
            move || {
                loop {
                    let (lock, told) = &*desk;
                    let locked = lock.lock().unwrap_or_else(PoisonError::into_inner);
                    let mut locked =
                        told.wait_while(locked, |desk| desk.next >= desk.until && !desk.over).unwrap_or_else(PoisonError::into_inner);
                    if locked.next >= locked.until {
                        return;
                    }
                    let line = format!("{}\n", locked.next);
                    locked.file.write_all(line.as_bytes()).expect("the file can be written");
                    locked.next += 1;
                    told.notify_all();
                }
            }
        });
        Self { desk, thread }
    }

    /// Lets it write up to that line, this one not included.
    fn allow(&self, until: u64) {
        self.with(|desk| desk.until = until);
    }

    /// Waits until it has written all that it may, and does something before it may write more.
    fn rest(&self, f: impl FnOnce(&mut Desk)) {
        let (lock, told) = &*self.desk;
        let desk = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let mut desk = told.wait_while(desk, |desk| desk.next < desk.until).unwrap_or_else(PoisonError::into_inner);
        f(&mut desk);
        told.notify_all();
    }

    fn with(&self, f: impl FnOnce(&mut Desk)) {
        let (lock, told) = &*self.desk;
        f(&mut lock.lock().unwrap_or_else(PoisonError::into_inner));
        told.notify_all();
    }

    /// Waits until all is written that it may write.
    fn end(self) {
        self.with(|desk| desk.over = true);
        self.thread.join().expect("the writer does not panic");
    }
}

fn open(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).expect("the file can be opened")
}

fn tail(options: &str) -> Rig {
    let script = format!(
        "let train = movement::train();\ntrain.update(fs::file_watcher_supply(#{{ filenames: \"in.log\", start: \"begin\"{options} }}) |> fs::line_file_drain(\"out.log\"));\ntrain.run();\n"
    );
    Rig::new().script("tail.rhai", &script).file("in.log", "")
}

/// What is rotated away before the tail has ever seen it is not its.
fn started(rig: Rig) -> Running {
    rig.start().wait_for("the file was never opened", |running| running.has_open("in.log"))
}

/// Waits until the tail has given out that line.
fn arrived(running: Running, n: u64) -> Running {
    running.wait_for_file_containing("out.log", &format!("\n{n}\n"))
}

/// Ends the run; every line of `count` must have come once.
fn account(running: Running, count: u64) {
    let lines = |path: PathBuf| fs::read_to_string(path).unwrap_or_default().lines().count() as u64;
    let outcome =
        running.wait_for("lines are missing", |running| lines(running.path("out.log")) >= count).signal(Signal::TERM).expect_exit(0);
    let mut seen: HashMap<u64, u32> = HashMap::new();
    for line in outcome.file("out.log").lines() {
        *seen.entry(line.parse().unwrap_or_else(|_| panic!("`{line}` was never written"))).or_default() += 1;
    }
    let lost: Vec<u64> = (0..count).filter(|n| !seen.contains_key(n)).collect();
    let repeated: Vec<u64> = seen.iter().filter(|(_, times)| **times > 1).map(|(n, _)| *n).collect();
    assert!(
        lost.is_empty() && repeated.is_empty(),
        "of {count} lines {lost:?} were lost, {repeated:?} came more than once\n{}",
        outcome.stderr
    );
}

fn rotated_by_rename(options: &str) {
    let mut running = started(tail(options));
    let path = running.path("in.log");
    let writer = Writer::start(&path);
    for rotation in 0..ROTATIONS {
        let first = rotation * LINES;
        writer.allow(first + LINES / 4);
        writer.rest(|_| {});
        // It writes on while that happens, does not know yet, and goes on in the old file beside the new one.
        writer.allow(first + LINES / 2);
        fs::rename(&path, path.with_extension(format!("log.{rotation}"))).expect("it can be renamed");
        let fresh = open(&path);
        writer.rest(|desk| desk.file = fresh);
        writer.allow(first + LINES);
        running = arrived(running, first + LINES - 1);
    }
    writer.end();
    account(running, ROTATIONS * LINES);
}

#[test]
fn nothing_is_lost_when_a_file_is_renamed_under_its_writer() {
    rotated_by_rename("");
}

#[test]
fn nothing_is_lost_by_polling_either() {
    // A period that is never told by inotify first would be enough; a short one keeps the test short.
    rotated_by_rename(", poll_interval: 0.05");
}

#[test]
fn nothing_is_lost_when_a_file_is_copied_and_truncated_under_its_writer() {
    let mut running = started(tail(""));
    let path = running.path("in.log");
    let writer = Writer::start(&path);
    // A file of which nothing has been read could not be known again.
    writer.allow(1);
    running = running.wait_for_file("out.log", "0\n");
    for rotation in 0..ROTATIONS {
        let first = rotation * LINES;
        writer.allow(first + LINES / 2);
        // What comes between copy and cut cannot be had: the writer waits meanwhile.
        writer.rest(|desk| {
            fs::copy(&path, path.with_extension(format!("log.{rotation}"))).expect("it can be copied");
            desk.file.set_len(0).expect("it can be truncated");
            desk.until = first + LINES;
        });
        running = arrived(running, first + LINES - 1);
    }
    writer.end();
    account(running, ROTATIONS * LINES);
}

#[test]
fn an_output_that_is_rotated_is_opened_anew_at_the_signal() {
    tail("")
        .start()
        .append("in.log", "1\n")
        .wait_for_file("out.log", "1\n")
        .rename("out.log", "old.log")
        .append("in.log", "2\n")
        .wait_for_file("old.log", "1\n2\n")
        .signal(Signal::HUP)
        .wait_for("the file was never opened anew", |running| running.has_open("out.log"))
        .append("in.log", "3\n")
        .wait_for_file("out.log", "3\n")
        .signal(Signal::TERM)
        .expect_exit(0)
        .expect_file("old.log", "1\n2\n");
}
