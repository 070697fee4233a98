//! A train under load for long, with everything that happens to one: rotation, lines that are no data, a drain whose file cannot be
//! opened for a while. Memory and descriptors stay as they are, and every line is accounted for.
//!
//! `DEADBEAT_LONG=1` makes it half an hour instead of seconds; `DEADBEAT_SOAK` sets the seconds.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::rig::deadline;

const SCRIPT: &str = "let dead = text::json_marshall() |> fs::line_file_drain(\"dead.jsonl\");
    let train = movement::train(#{ dead: dead });
    train.update(fs::file_watcher_supply(#{ filenames: \"in.log\", start: \"begin\", state_file: \"state/tail.json\", rotate_wait: 1 })
        |> text::json_parse() |> cog(|| { this.twice = this.n * 2; }) |> text::json_marshall() |> fs::line_file_drain(\"out.jsonl\"));
    train.run();";

/// Lines written in a second.
const RATE: u64 = 1000;

fn span() -> Duration {
    let given = std::env::var("DEADBEAT_SOAK").ok().and_then(|text| text.parse().ok());
    let long = std::env::var_os("DEADBEAT_LONG").is_some();
    Duration::from_secs(given.unwrap_or(if long { 1800 } else { 8 }))
}

fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// The numbers behind `mark` in all files whose names begin so.
fn numbers(dir: &Path, begin: &str, mark: &str) -> Vec<u64> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("it works").flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(begin)) {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        for (at, mark) in text.match_indices(mark) {
            let digits: String = text[at + mark.len()..].chars().take_while(char::is_ascii_digit).collect();
            found.push(digits.parse().expect("it works"));
        }
    }
    found
}

#[test]
fn under_load_for_long_nothing_grows_and_nothing_is_lost() {
    let scene = tempfile::tempdir().expect("it works");
    let dir = scene.path();
    fs::write(dir.join("soak.rhai"), SCRIPT).expect("it works");
    let path = dir.join("in.log");
    let mut log = File::create(&path).expect("it works");
    let mut command = Command::new(env!("CARGO_BIN_EXE_deadbeat"));
    command.args(["run", "--log-level", "info", "soak.rhai"]).current_dir(dir).stdin(Stdio::null());
    let mut child = command.stderr(File::create(dir.join("told")).expect("it works")).spawn().expect("it works");
    let told = || fs::read_to_string(dir.join("told")).unwrap_or_default();
    let signal = |signal| kill_process(Pid::from_child(&child), signal).expect("it works");

    let (begun, span) = (Instant::now(), span());
    let (mut number, mut turn, mut warm) = (0_u64, 0_u32, None);
    let (mut next_rotation, mut next_trouble, mut trouble) = (begun + Duration::from_secs(2), begun + Duration::from_secs(3), false);
    while begun.elapsed() < span {
        let due = begun.elapsed().as_millis() as u64 * RATE / 1000;
        let mut burst = String::new();
        while number < due {
            // One in a hundred is no JSON.
            let end = if number % 100 == 99 { "" } else { "\"text\":\"x\"}" };
            let _ = writeln!(burst, "{{\"n\":{number},{end}");
            number += 1;
        }
        log.write_all(burst.as_bytes()).expect("it works");
        thread::sleep(Duration::from_millis(5));
        let now = Instant::now();
        if now >= next_rotation {
            turn += 1;
            fs::rename(&path, dir.join(format!("in.log.{turn}"))).expect("it works");
            log = OpenOptions::new().append(true).create(true).open(&path).expect("it works");
            // Those that were read long ago need not be kept.
            if turn > 5 {
                let _ = fs::remove_file(dir.join(format!("in.log.{}", turn - 5)));
            }
            next_rotation = now + if span < Duration::from_secs(60) { Duration::from_secs(2) } else { Duration::from_secs(10) };
        }
        if now >= next_trouble {
            // A directory in the place of its file: the drain cannot open it until it is gone.
            let out = dir.join("out.jsonl");
            if trouble {
                fs::remove_dir(&out).expect("it works");
            } else {
                fs::rename(&out, dir.join(format!("out.jsonl.{turn}"))).expect("it works");
                fs::create_dir(&out).expect("it works");
                signal(Signal::HUP);
            }
            trouble = !trouble;
            next_trouble = now + Duration::from_millis(if trouble { 700 } else { 1900 });
        }
        if warm.is_none() && begun.elapsed() > span / 3 {
            warm = Some((memory(child.id()), descriptors(child.id())));
        }
    }
    if trouble {
        fs::remove_dir(dir.join("out.jsonl")).expect("it works");
    }
    let until = deadline();
    let all: BTreeSet<u64> = (0..number).collect();
    let dead = || numbers(dir, "dead.jsonl", "\"data\":\"{\\\"n\\\":");
    let found = || numbers(dir, "out.jsonl", "{\"n\":").into_iter().chain(dead());
    while found().collect::<BTreeSet<_>>() != all {
        assert!(Instant::now() < until, "{} of {number} lines came out\n{}", found().collect::<BTreeSet<_>>().len(), told());
        thread::sleep(Duration::from_millis(50));
    }
    let (warm_memory, warm_descriptors) = warm.expect("it works");
    let (memory, descriptors) = (memory(child.id()), descriptors(child.id()));
    assert!(memory < warm_memory + 8 * 1024, "{warm_memory} KiB became {memory} KiB");
    assert!(descriptors <= warm_descriptors + 8, "{warm_descriptors} descriptors became {descriptors}");
    signal(Signal::TERM);
    let status = child.wait().expect("it works");
    assert!(status.success(), "{status}\n{}", told());
    let found: Vec<u64> = found().collect();
    assert_eq!(found.len() as u64, number, "none came twice");
    // The books at the end: all is delivered, or dead, and nothing is on its way.
    let books = told().lines().rev().find(|line| line.contains("events: ")).unwrap_or_default().to_owned();
    let dead = number / 100;
    let wanted = format!("events: {number} in, {} delivered, 0 filtered, {dead} dead, 0 failed, 0 on their way", number - dead);
    assert!(books.contains(&wanted), "{books}\n{wanted}");
}
