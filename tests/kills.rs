//! The delivery contract on the real binary: killed and stopped again and again while a log is written and rotated.
//!
//! `DEADBEAT_LONG=1` makes the long form of it.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::rig::deadline;

/// Follows `in.log` and appends its lines to `out.log`.
const SCRIPT: &str = "let train = movement::train();
    train.update(fs::file_watcher_supply(#{ filenames: \"in.log\", start: \"begin\", state_file: \"state/tail.json\", rotate_wait: 1 })
        |> fs::line_file_drain(\"out.log\"));
    train.run();";

/// After a crash at most so many lines come twice, at the rate at which these tests write (`docs/delivery.md`).
const REPEATS: usize = 2048;

/// Rotated files that are kept.
const KEPT: usize = 60;

/// How often a process is ended.
fn rounds() -> usize {
    if std::env::var_os("DEADBEAT_LONG").is_some() { 500 } else { 20 }
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Writes numbered lines into `in.log`, in bursts and torn writes, and rotates it now and then.
struct Writer {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Writer {
    fn start(dir: &Path, seed: u64) -> Self {
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (dir, until, count) = (dir.to_owned(), Arc::clone(&stop), Arc::clone(&written));
        let thread = thread::spawn(move || write(&dir, &mut Dice(seed), &until, &count));
        Self { stop, written, thread }
    }

    /// Ends the writing and gives how many lines there are.
    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the writer does not fail");
        self.written.load(Ordering::Relaxed)
    }
}

fn write(dir: &Path, dice: &mut Dice, until: &AtomicBool, count: &AtomicU64) {
    let path = dir.join("in.log");
    let open = || OpenOptions::new().append(true).create(true).open(&path).expect("a log can be opened");
    let mut file = open();
    let mut next_rotation = Instant::now() + Duration::from_millis(300);
    let mut number = 0_u64;
    while !until.load(Ordering::Relaxed) {
        let mut burst = String::new();
        for _ in 0..=dice.below(12) {
            let _ = writeln!(burst, "{number:09} {}", "x".repeat(dice.below(60) as usize));
            number += 1;
        }
        let torn = dice.below(burst.len() as u64) as usize;
        file.write_all(&burst.as_bytes()[..torn]).expect("a log can be written");
        if dice.below(4) == 0 {
            thread::sleep(Duration::from_micros(dice.below(1500)));
        }
        file.write_all(&burst.as_bytes()[torn..]).expect("a log can be written");
        count.store(number, Ordering::Relaxed);
        thread::sleep(Duration::from_micros(500 + dice.below(2000)));
        if Instant::now() >= next_rotation {
            rotate(&path);
            file = open();
            next_rotation = Instant::now() + Duration::from_millis(200 + dice.below(600));
        }
    }
}

/// `in.log` becomes `in.log.1`, that `in.log.2`, and so on.
fn rotate(path: &Path) {
    let name = |n: usize| if n == 0 { path.to_owned() } else { PathBuf::from(format!("{}.{n}", path.display())) };
    for n in (0..KEPT).rev() {
        if name(n).exists() {
            fs::rename(name(n), name(n + 1)).expect("a log can be renamed");
        }
    }
}

fn scene() -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    fs::write(dir.path().join("tail.rhai"), SCRIPT).expect("a file can be written");
    File::create(dir.path().join("in.log")).expect("a file can be written");
    dir
}

fn start(dir: &Path) -> Child {
    command(dir).spawn().expect("the program starts")
}

fn command(dir: &Path) -> Command {
    let told = OpenOptions::new().append(true).create(true).open(dir.join("told")).expect("a file can be opened");
    let mut command = Command::new(env!("CARGO_BIN_EXE_deadbeat"));
    command.args(["run", "tail.rhai"]).current_dir(dir).stdin(Stdio::null()).stderr(told);
    command
}

/// Waits until the process has a handler for TERM: before that nothing has begun, and the signal just ends it.
fn wait_for_handler(child: &Child, dir: &Path) {
    let until = deadline();
    let caught = || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0").trim().to_owned();
        u64::from_str_radix(&mask, 16).unwrap_or(0) & 1 << (Signal::TERM.as_raw() - 1) != 0
    };
    while !caught() {
        assert!(Instant::now() < until, "it never begins\n{}", told(dir));
        thread::sleep(Duration::from_millis(1));
    }
}

/// Asks for the end, and gives how long that took.
fn stop(mut child: Child, dir: &Path) -> Duration {
    let begun = Instant::now();
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it is our child");
    let until = deadline();
    loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            assert!(status.success(), "{status}\n{}", told(dir));
            return begun.elapsed();
        }
        assert!(Instant::now() < until, "it does not end\n{}", told(dir));
        thread::sleep(Duration::from_millis(2));
    }
}

fn told(dir: &Path) -> String {
    fs::read_to_string(dir.join("told")).unwrap_or_default()
}

/// The numbers of the lines that came out, in order. A line that was cut by a kill, and then came whole, is none.
fn out(dir: &Path) -> (Vec<u64>, usize) {
    let text = fs::read_to_string(dir.join("out.log")).unwrap_or_default();
    let mut numbers = Vec::new();
    let mut halves = 0;
    for line in text.lines() {
        match line.split_once(' ') {
            Some((number, _)) if number.len() == 9 => numbers.push(number.parse().expect("a line begins with its number")),
            _ => halves += 1,
        }
    }
    (numbers, halves)
}

/// Waits until the last line has come out.
fn wait_for_all(dir: &Path, count: u64) {
    let until = deadline() + Duration::from_secs(20);
    while out(dir).0.iter().max().copied() != count.checked_sub(1) {
        assert!(Instant::now() < until, "line {count} never came\n{}", told(dir));
        thread::sleep(Duration::from_millis(20));
    }
    // Files that were rotated while they were listed are looked for once more after a second.
    let until = Instant::now() + Duration::from_secs(3);
    while !missing(&out(dir).0, count).is_empty() && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
}

fn missing(numbers: &[u64], count: u64) -> Vec<u64> {
    let mut seen = vec![false; count as usize];
    for number in numbers {
        seen[*number as usize] = true;
    }
    (0..count).filter(|number| !seen[*number as usize]).collect()
}

/// How many of these lines were seen before; all of them are from now on.
fn repeats(seen: &mut HashSet<u64>, numbers: &[u64]) -> usize {
    numbers.iter().filter(|number| !seen.insert(**number)).count()
}

/// Ends the writing, lets a last run take in all that is left, and holds that every line has come out. Gives how many came twice, and
/// how many half lines there are.
fn nothing_lost(dir: &Path, writer: Writer) -> (usize, usize) {
    let child = start(dir);
    let count = writer.end();
    wait_for_all(dir, count);
    stop(child, dir);
    let (numbers, halves) = out(dir);
    let lost = missing(&numbers, count);
    assert!(lost.is_empty(), "{} of {count} lines lost, the first is {:?}\n{}", lost.len(), lost.first(), told(dir));
    (numbers.len() - count as usize, halves)
}

#[test]
fn lines_that_came_before_are_repeats() {
    let mut seen = HashSet::new();
    assert_eq!([&[1, 2, 3][..], &[2, 3, 4], &[4, 5, 4]].map(|run| repeats(&mut seen, run)), [0, 2, 2]);
}

#[test]
fn killed_at_any_moment_it_loses_nothing() {
    let scene = scene();
    let dir = scene.path();
    let writer = Writer::start(dir, 88_172_645_463_325_252);
    let mut dice = Dice(1_234_567);
    let (mut seen, mut before, mut all) = (HashSet::new(), 0, 0);
    for round in 0..rounds() {
        let mut child = start(dir);
        thread::sleep(Duration::from_millis(20 + dice.below(400)));
        child.kill().expect("it is our child");
        child.wait().expect("it is our child");
        // What this run wrote that a former one had written already is what came twice by the crash between the two.
        let numbers = out(dir).0;
        let repeated = repeats(&mut seen, &numbers[before..]);
        assert!(repeated <= REPEATS, "{repeated} lines came twice after crash {round}\n{}", told(dir));
        (before, all) = (numbers.len(), all + repeated);
    }
    let (repeated, halves) = nothing_lost(dir, writer);
    assert!(repeated - all <= REPEATS, "{} lines came twice after the last crash", repeated - all);
    assert!(halves <= rounds(), "{halves} half lines");
}

/// The process ends itself at a call of the file system: `DEADBEAT_FAULT` says at which.
#[cfg(feature = "faults")]
#[test]
fn ended_at_any_call_of_the_file_system_it_loses_nothing() {
    let scene = scene();
    let dir = scene.path();
    let writer = Writer::start(dir, 521_288_629_362_436_069);
    let mut died = 0;
    for call in ["write", "sync", "exchange", "rename"] {
        for when in ["before", "after"] {
            for at in [1, 2, 3, 7] {
                let mut child = command(dir).env("DEADBEAT_FAULT", format!("{when}_{call}:{at}")).spawn().expect("the program starts");
                let until = Instant::now() + Duration::from_secs(3);
                while child.try_wait().expect("it is our child").is_none() && Instant::now() < until {
                    thread::sleep(Duration::from_millis(2));
                }
                died += usize::from(child.try_wait().expect("it is our child").is_some_and(|status| !status.success()));
                let _ = child.kill();
                child.wait().expect("it is our child");
            }
        }
    }
    nothing_lost(dir, writer);
    // Not every call is made so often in that time.
    assert!(died >= 16, "{died} of 32 died");
}

#[test]
fn stopped_in_order_it_neither_loses_nor_repeats() {
    let scene = scene();
    let dir = scene.path();
    let writer = Writer::start(dir, 362_436_069_521_288_629);
    let mut dice = Dice(7_654_321);
    let mut longest = Duration::ZERO;
    for _ in 0..rounds() {
        let child = start(dir);
        wait_for_handler(&child, dir);
        thread::sleep(Duration::from_millis(dice.below(300)));
        longest = longest.max(stop(child, dir));
    }
    let (repeated, halves) = nothing_lost(dir, writer);
    assert_eq!((repeated, halves), (0, 0), "lines came twice, or half\n{}", told(dir));
    assert!(longest < Duration::from_secs(10), "{longest:?}");
}
