//! Road 6, and what belongs to it: how long a line takes that is appended to a followed file, what waiting costs, and how soon the
//! first line is there.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::follower::Follower;
use crate::options::Options;
use crate::process::{go_on, median, peak_memory, rank, threads_time};
use crate::roads::{limit_command, our_command};
use crate::table::Table;

const LINES: usize = 400;
const BEAT: Duration = Duration::from_millis(10);
const IDLE: Duration = Duration::from_secs(5);
const STARTS: usize = 20;

/// Both programs follow a file of their own at the same time, and get lines in turn.
pub(crate) fn latency(options: &Options, dir: &Path) -> Result<Table, String> {
    eprintln!("latency: {LINES} lines, one each {} ms", BEAT.as_millis());
    let at = |name: &str| dir.join(name);
    let ours = &mut our_command(options, "latency.rhai", &[], &at("ours.out"), &[at("ours.log")]);
    File::create(at("limit.log")).and(File::create(at("ours.log"))).map_err(|error| error.to_string())?;
    let limit = &mut limit_command("latency", &at("limit.log"), &at("limit.out"));
    let mut both = [
        ("native inotify (limit)", Follower::start(limit, &at("limit.log"), &at("limit.out"))?),
        ("deadbeat", Follower::start(ours, &at("ours.log"), &at("ours.out"))?),
    ];
    let before = both.each_ref().map(|(_, follower)| threads_time(follower.pid()));
    let mut times = [Vec::new(), Vec::new()];
    let started = Instant::now();
    for number in 0..LINES * 2 {
        go_on()?;
        let due = started + BEAT / 2 * number as u32;
        sleep(due.saturating_duration_since(Instant::now()));
        let line = format!("line {number}: the quick brown fox jumps over the lazy dog\n");
        let time = both[number % 2].1.line(&line).map_err(|error| format!("latency, {}: {error}", both[number % 2].0))?;
        times[number % 2].push(time.as_secs_f64() * 1e6);
    }
    let mut table =
        Table::new("latency: a line appended to a followed file", &["program", "p50 µs", "p99 µs", "p50 ratio", "CPU µs/line", "peak MiB"]);
    let base = median(times[0].clone());
    for (which, (name, follower)) in both.iter().enumerate() {
        let cpu = threads_time(follower.pid()).saturating_sub(before[which]);
        table.row([
            (*name).to_owned(),
            format!("{:.0}", median(times[which].clone())),
            format!("{:.0}", rank(times[which].clone(), 99)),
            format!("{:.2}", median(times[which].clone()) / base),
            format!("{:.0}", cpu.as_secs_f64() * 1e6 / LINES as f64),
            format!("{:.1}", peak_memory(follower.pid()) as f64 / 1024.0),
        ]);
    }
    Ok(table)
}

/// What a program that follows files and has nothing to do costs.
pub(crate) fn idle(options: &Options, dir: &Path) -> Result<Table, String> {
    let mut table =
        Table::new("idle: following files to which nothing is appended, for 5 s", &["files", "context switches", "CPU ms", "peak MiB"]);
    for count in [1, 100] {
        go_on()?;
        eprintln!("idle: {count} files");
        let logs = dir.join(format!("idle-{count}"));
        fs::create_dir(&logs).map_err(|error| error.to_string())?;
        let files: Vec<PathBuf> = (0..count).map(|n| logs.join(format!("{n}.log"))).collect();
        for file in &files {
            fs::write(file, "old\n").map_err(|error| error.to_string())?;
        }
        let output = dir.join("idle.out");
        let mut command = our_command(options, "latency.rhai", &[], &output, &[logs.join("*.log")]);
        let follower = Follower::start(&mut command, &files[count / 2], &output)?;
        // What the start leaves behind must be over before anything is counted.
        sleep(Duration::from_secs(1));
        let (switched, cpu) = (switches(follower.pid()), threads_time(follower.pid()));
        sleep(IDLE);
        table.row([
            count.to_string(),
            (switches(follower.pid()) - switched).to_string(),
            format!("{:.1}", (threads_time(follower.pid()).saturating_sub(cpu)).as_secs_f64() * 1e3),
            format!("{:.1}", peak_memory(follower.pid()) as f64 / 1024.0),
        ]);
    }
    Ok(table)
}

/// How often all threads of a process were switched to or from, by their own will or not.
fn switches(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let counts = tasks.map(|task| {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let lines = status.lines().filter(|line| line.contains("ctxt_switches"));
        lines.filter_map(|line| line.split_whitespace().next_back()?.parse::<u64>().ok()).sum::<u64>()
    });
    counts.sum()
}

/// How long it takes from the start of a program until its first line is there.
pub(crate) fn start(options: &Options, dir: &Path) -> Result<Table, String> {
    eprintln!("start: {STARTS} times");
    let input = dir.join("start.in");
    fs::write(&input, "192.0.2.1,1700000000,user1,login,5\n").map_err(|error| error.to_string())?;
    let (mut limits, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        go_on()?;
        limits.push(first_line(&mut limit_command("csv", &input, Path::new("/dev/stdout")))?);
        ours.push(first_line(&mut our_command(options, "csv.rhai", &[], Path::new("-"), std::slice::from_ref(&input)))?);
    }
    let mut table = Table::new("start: from starting the program to its first line", &["program", "p50 ms", "p90 ms"]);
    for (name, times) in [("limit", limits), ("deadbeat", ours)] {
        table.row([name.to_owned(), format!("{:.1}", median(times.clone())), format!("{:.1}", rank(times, 90))]);
    }
    Ok(table)
}

/// In milliseconds.
fn first_line(command: &mut Command) -> Result<f64, String> {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    let mut line = String::new();
    let read = child.stdout.take().map_or(Ok(0), |stdout| BufReader::new(stdout).read_line(&mut line));
    let time = started.elapsed();
    let status = child.wait().map_err(|error| error.to_string())?;
    if !status.success() || line != "192.0.2.1,user1,40\n" {
        return Err(format!("start: not the line that was expected but `{line}` ({read:?}), and {status}"));
    }
    Ok(time.as_secs_f64() * 1e3)
}
