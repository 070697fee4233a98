//! `cargo bench --bench python`: two everyday jobs against the same work as a tight Python loop, in the same run.
//!
//! 100 000 lines of CSV -> two of their five fields -> CSV, and 100 000 lines of JSON -> one inline change -> JSON. Both
//! programs read standard input and write standard output; outputs are compared. Rounds are interleaved and medians shown,
//! as absolute times on shared machines mean little. Without `python3` only our own figures are shown.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark ends at its first fault, and prints its table")]

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LINES: usize = 100_000;
const ROUNDS: usize = 5;

const CSV: &str = r#"
let train = movement::train();
train.update(
    fs::stdin_supply()
    |> text::csv_parse(#{ fieldsetters: ["ip", (), "user", (), ()] })
    |> text::csv_marshall(#{ fieldgetters: ["user", "ip"] })
    |> fs::stdout_drain()
);
train.run();
"#;

const CSV_PYTHON: &str = r#"
import csv, sys
out = csv.writer(sys.stdout, lineterminator="\n")
for row in csv.reader(sys.stdin):
    out.writerow((row[2], row[0]))
"#;

const JSON: &str = r"
let train = movement::train();
train.update(
    fs::stdin_supply()
    |> text::json_parse()
    |> (|| { this.seen = true; })
    |> text::json_marshall()
    |> fs::stdout_drain()
);
train.run();
";

const JSON_PYTHON: &str = r#"
import json, sys
for line in sys.stdin:
    d = json.loads(line)
    d["seen"] = True
    sys.stdout.write(json.dumps(d, separators=(",", ":"), ensure_ascii=False) + "\n")
"#;

/// Numbers of a fixed seed: xorshift64*.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % n
    }
}

fn csv_lines() -> String {
    let mut dice = Dice(1);
    let mut text = String::new();
    for n in 0..LINES {
        let user = if dice.below(50) == 0 { format!("\"user, {}\"", dice.below(100)) } else { format!("user{}", dice.below(1000)) };
        let _ = writeln!(text, "192.0.2.{},{},{user},login,{}", dice.below(256), 1_700_000_000 + n, dice.below(100_000));
    }
    text
}

fn json_lines() -> String {
    let mut dice = Dice(2);
    let mut text = String::new();
    for n in 0..LINES {
        let _ = writeln!(
            text,
            r#"{{"id":{n},"ip":"192.0.2.{}","user":"user{}","bytes":{},"ratio":0.5,"tags":["a","b{}"],"geo":{{"country":"CZ","asn":{}}}}}"#,
            dice.below(256),
            dice.below(1000),
            dice.below(100_000),
            dice.below(10),
            dice.below(65_536)
        );
    }
    text
}

struct Run {
    output: Vec<u8>,
    time: Duration,
    /// Peak resident memory, in KiB.
    peak: u64,
}

fn run(command: &mut Command, input: &str) -> Run {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let status_file = format!("/proc/{}/status", child.id());
    let (mut output, mut peak) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        let mut block = vec![0; 1 << 18];
        loop {
            let n = stdout.read(&mut block).unwrap();
            if n == 0 {
                break;
            }
            output.extend_from_slice(&block[..n]);
            let status = std::fs::read_to_string(&status_file).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
            peak = peak.max(line.trim().trim_end_matches(" kB").parse().unwrap_or(0));
        }
    });
    assert!(child.wait().unwrap().success());
    Run { output, time: started.elapsed(), peak }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let has_python = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    println!("{LINES} lines, median of {ROUNDS} interleaved rounds\n");
    println!("{:<6} {:>14} {:>14} {:>8} {:>12}", "job", "deadbeat", "python", "faster", "our peak");
    for (name, script, python, input) in [("CSV", CSV, CSV_PYTHON, csv_lines()), ("JSON", JSON, JSON_PYTHON, json_lines())] {
        let path = dir.path().join(format!("{name}.rhai"));
        std::fs::write(&path, script).unwrap();
        let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
        for _ in 0..ROUNDS {
            let our = run(Command::new(env!("CARGO_BIN_EXE_deadbeat")).arg("run").arg(&path), &input);
            peak = peak.max(our.peak);
            ours.push(our.time);
            if has_python {
                let their = run(Command::new("python3").args(["-c", python]), &input);
                assert!(our.output == their.output, "{name}: outputs differ");
                theirs.push(their.time);
            }
        }
        let per_line = |time: Duration| format!("{} ns/line", time.as_nanos() / LINES as u128);
        let our = median(ours);
        if has_python {
            let their = median(theirs);
            let ratio = their.as_secs_f64() / our.as_secs_f64();
            println!("{name:<6} {:>14} {:>14} {ratio:>7.1}x {:>8} KiB", per_line(our), per_line(their), peak);
        } else {
            println!("{name:<6} {:>14} {:>14} {:>8} {:>8} KiB", per_line(our), "-", "-", peak);
        }
    }
}
