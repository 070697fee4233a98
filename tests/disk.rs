//! Disks that fill up, files that are rotated away and processes that are killed: nothing that was to be written is lost.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getuid, prlimit};

use crate::rig::{Rig, Running};

/// What a train may take at most, whatever its input and its disks do.
const MEMORY: u64 = 128 * 1024 * 1024;
/// How long nothing must happen for it to be at rest.
const LOOK: Duration = Duration::from_millis(200);
/// For how long it is watched then.
const WATCHED: Duration = Duration::from_secs(3);

/// A tail of `in.log` from its beginning that writes to `path`.
fn tail(path: &str, options: &str) -> Rig {
    let script = format!(
        "let train = movement::train();\ntrain.update(fs::file_watcher_supply(#{{ filenames: \"in.log\", start: \"begin\" }}) |> fs::line_file_drain(#{{ path: \"{path}\"{options} }}));\ntrain.run();\n"
    );
    Rig::new().script("tail.rhai", &script).file("in.log", "")
}

/// Numbered lines of some length.
fn lines(numbers: std::ops::Range<u32>) -> String {
    let line = |mut text: String, n: u32| {
        text += &[&format!("{n:06} ")[..], &"x".repeat(n as usize % 199), "\n"].concat();
        text
    };
    numbers.fold(String::new(), line)
}

/// No file of the process may become larger than that.
fn limit(running: &Running, bytes: Option<u64>) {
    let pid = Pid::from_raw(running.pid().cast_signed());
    prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).expect("a child may be limited");
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |about| about.len())
}

/// The time of processors that the process has used.
fn used(running: &Running) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", running.pid())).expect("the process runs");
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("it is a number")).sum();
    // Told in hundredths of a second, whatever the kernel counts in (proc(5), `USER_HZ`).
    Duration::from_millis(ticks * 10)
}

/// The most memory that the process ever had, in bytes.
fn peak(running: &Running) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", running.pid())).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the system tells it");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("it is a number") * 1024
}

/// While it waits for room it does next to nothing and takes little memory.
fn expect_rest(running: Running) -> Running {
    let running = running.wait_for("it never comes to rest", |running| {
        let before = used(running);
        running.stays_silent(LOOK) && used(running) == before
    });
    let (before, begun) = (used(&running), Instant::now());
    assert!(running.stays_silent(WATCHED), "it is told once");
    let (share, memory) = (used(&running).saturating_sub(before).as_secs_f64() / begun.elapsed().as_secs_f64(), peak(&running));
    assert!(share < 0.05, "{:.0} % of a processor are used while it waits", share * 100.0);
    assert!(memory < MEMORY, "{memory} bytes of memory");
    running
}

#[test]
fn a_file_at_its_limit_loses_nothing_and_goes_on_when_that_is_raised() {
    let running = tail("out.log", "").start().wait_for("nothing was opened", |running| running.has_open("out.log"));
    // In the midst of a line.
    limit(&running, Some(100_001));
    let text = lines(0..20_000);
    let running = running.append("in.log", &text).wait_for("it was never full", |running| size(&running.path("out.log")) == 100_001);
    let running = expect_rest(running.wait_for_stderr("tries again"));
    limit(&running, Some(300_000));
    let running = running.wait_for("it does not go on", |running| size(&running.path("out.log")) == 300_000);
    limit(&running, None);
    let running = running.wait_for("lines are missing", |running| size(&running.path("out.log")) == text.len() as u64);
    let outcome = running.signal(Signal::TERM).expect_exit(0).expect_file("out.log", &text);
    assert_eq!(outcome.stderr.matches("tries again").count(), 1, "it is told once a minute:\n{}", outcome.stderr);
}

#[test]
fn a_gibibyte_that_waits_for_room_takes_little_memory() {
    for line in [1000_u64, 64 << 10, 1 << 20] {
        let running = tail("out.log", "").start().wait_for("nothing was opened", |running| running.has_open("out.log"));
        limit(&running, Some(line + line / 2));
        // A file with holes: zeros, with a newline here and there.
        let input = fs::OpenOptions::new().write(true).open(running.path("in.log")).expect("it was made");
        input.set_len(1 << 30).expect("it has room for a hole");
        for line_end in (1..=(1 << 30) / line.max(32 << 10)).map(|n| n * line) {
            input.write_all_at(b"\n", line_end - 1).expect("it can be written");
        }
        let running = expect_rest(running.wait_for_stderr("tries again"));
        limit(&running, Some(3 * line));
        running.wait_for("it does not go on", |running| size(&running.path("out.log")) == 3 * line);
    }
}

/// A small file system of its own, where that may be made.
struct Small {
    place: tempfile::TempDir,
}

impl Small {
    fn mount(options: &str) -> Option<Self> {
        let place = tempfile::tempdir().expect("a directory can be made");
        let mount = || Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(place.path()).output();
        if getuid().is_root() && mount().is_ok_and(|output| output.status.success()) {
            return Some(Self { place });
        }
        eprintln!("skipped: only root may make a small file system, and only where mounting is allowed");
        None
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.place.path()).status();
    }
}

#[test]
fn a_disk_that_fills_up_and_is_freed_loses_nothing() {
    let Some(small) = Small::mount("size=4m") else { return };
    for policy in ["checkpoint", "batch"] {
        let (path, ballast) = (small.path("out.log"), small.path("ballast"));
        fs::write(&ballast, vec![0; 3 << 20]).expect("there is room for it");
        let running = tail(path.to_str().expect("it is text"), &format!(", fsync: \"{policy}\"")).start();
        let text = lines(0..30_000);
        let running = expect_rest(running.append("in.log", &text).wait_for_stderr("no space left"));
        fs::remove_file(&ballast).expect("it is there");
        let running = running.wait_for("lines are missing", |_| size(&path) == text.len() as u64);
        running.signal(Signal::TERM).expect_exit(0);
        assert!(fs::read_to_string(&path).expect("it is there") == text, "{policy}: another content");
        fs::remove_file(&path).expect("it is there");
    }
}

#[test]
fn an_output_that_is_rotated_again_and_again_under_load_has_every_line_once() {
    for policy in ["checkpoint", "batch"] {
        let mut running = tail("out.log", &format!(", fsync: \"{policy}\"")).start();
        let mut wanted = String::new();
        for rotation in 0..20 {
            let more = lines(rotation * 1000..(rotation + 1) * 1000);
            wanted += &more;
            // It is not waited for: the signal comes while it writes, and before it, and after it.
            running = running
                .append("in.log", &more)
                .wait_for("nothing is written", |running| size(&running.path("out.log")) > 0)
                .rename("out.log", &format!("out.{rotation:02}"))
                .signal(Signal::HUP);
        }
        let all = |path: &dyn Fn(&str) -> PathBuf| -> String {
            let names = (0..20).map(|rotation| format!("out.{rotation:02}")).chain(["out.log".to_owned()]);
            names.map(|name| fs::read_to_string(path(&name)).unwrap_or_default()).collect()
        };
        let length = wanted.len();
        let running = running.wait_for("lines are missing", |running| all(&|name| running.path(name)).len() >= length);
        let outcome = running.signal(Signal::TERM).expect_exit(0);
        let lines = all(&|name| outcome.path(name));
        assert!(lines == wanted, "{policy}: lost, repeated or in another order\n{}", outcome.stderr);
    }
}

#[test]
fn a_line_that_a_killed_process_left_half_written_is_not_continued() {
    let running = tail("out.log", "").start().wait_for("nothing was opened", |running| running.has_open("out.log"));
    limit(&running, Some(10));
    let running = running.append("in.log", "first\nsecond\n").wait_for_file("out.log", "first\nseco");
    let outcome = running.signal(Signal::KILL).expect_exit(-Signal::KILL.as_raw());
    let path = outcome.path("out.log");
    let script = format!(
        "let train = movement::train();\ntrain.update(fs::stdin_supply() |> fs::line_file_drain({:?}));\ntrain.run();\n",
        path.to_str().expect("it is text")
    );
    Rig::new().script("again.rhai", &script).stdin("second\nthird\n").run().expect_status(0);
    outcome.expect_file("out.log", "first\nseco\nsecond\nthird\n");
}

#[test]
fn two_processes_that_write_to_one_file_mix_no_lines() {
    let place = tempfile::tempdir().expect("a directory can be made");
    let path = place.path().join("both.log");
    let text: Vec<String> = ["a", "b"].iter().map(|who| lines(0..5000).replace('x', who)).collect();
    let writers: Vec<Running> =
        text.iter().map(|text| tail(path.to_str().expect("it is text"), "").start().append("in.log", text)).collect();
    let whole = text.iter().map(String::len).sum::<usize>() as u64;
    for writer in writers {
        writer.wait_for("lines are missing", |_| size(&path) == whole).signal(Signal::TERM).expect_exit(0);
    }
    let content = fs::read_to_string(&path).expect("it is there");
    let mut got: Vec<&str> = content.lines().collect();
    let mut wanted: Vec<&str> = text.iter().flat_map(|text| text.lines()).collect();
    got.sort_unstable();
    wanted.sort_unstable();
    assert!(got == wanted, "lines are mixed");
}
