//! Hostile scripts: whatever a closure does, the next event is handled soon, the process lives on, and memory stays bounded.
//!
//! Each line of a table is the body of a cog; all cogs of a table stand in one train, and an event names the one that it is for.
//! Each runs lowered and by the interpreter.

mod deep;

use std::fmt::Write as _;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::rig::{Rig, Running};

/// How soon the next event is through. Without optimization Rhai's own functions take several times as long, which is nobody's wait.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 6 } else { 2 });
/// Memory of the process at most, in KiB.
const MEMORY: u64 = 256 << 10;

/// What the bodies call.
const FUNCTIONS: &str = "
    fn forever(n) { loop { n += 1; } }
    fn fib(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }
    fn forever_there(n) { loop { n = forever_here(n); } }
    fn forever_here(n) { n + 1 }
    fn deeper(n) { deeper(n + 1) }
    fn deeper_there(n) { deeper_here(n + 1) }
    fn deeper_here(n) { deeper_there(n) }
    fn a_b(n) { let f = |m| a_b(m + 1); f.call(n) }
    fn hold(s, n) { if n == 0 { return s; } let mine = s; mine += \"x\"; hold(s, n - 1) + mine.len }
";

/// Numbers that no function should be asked for.
const NUMBERS: &[i64] = &[
    0,
    1,
    -1,
    2,
    7,
    63,
    64,
    65,
    -64,
    100_000,
    100_001,
    1_000_000_000,
    1 << 31,
    1 << 32,
    1 << 62,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
    i64::MIN + 1,
];

/// Texts that no function should be asked for, as JSON.
fn texts() -> Vec<String> {
    let long = "a".repeat(100_000);
    ["", "x", &long, "\\u0000", "[[[[", "é", "no such name!"].map(|text| format!("\"{text}\"")).to_vec()
}

fn lines(table: &'static str) -> Vec<&'static str> {
    table.lines().filter(|line| !line.is_empty()).collect()
}

fn script(bodies: &[&str]) -> String {
    let mut text = format!("{FUNCTIONS}\nlet train = movement::train();\nlet all = [\n");
    for (number, body) in bodies.iter().enumerate() {
        let _ = writeln!(text, "cog(|d| {{ if d.nr == {number} {{ {body} }} d }}),");
    }
    text + "];\ntrain.update(fs::stdin_supply() |> text::json_parse() |> movement::train_line(all) |> text::json_marshall() |> fs::stdout_drain());\ntrain.run();\n"
}

/// The events that a body is asked with: one, or one for each number and text that it asks for.
fn events(number: usize, body: &str) -> Vec<String> {
    let numbers: Vec<String> =
        if body.contains("d.n") { NUMBERS.iter().map(|n| format!(",\"n\":{n}")).collect() } else { vec![String::new()] };
    let texts: Vec<String> =
        if body.contains("d.s") { texts().iter().map(|text| format!(",\"s\":{text}")).collect() } else { vec![String::new()] };
    // Each number with the first text, each other text with the last number.
    let (first, last) = (texts[0].clone(), numbers[numbers.len() - 1].clone());
    let pairs = numbers.iter().map(|n| (n, &first)).chain(texts[1..].iter().map(|text| (&last, text)));
    let event =
        |(n, text)| format!("{{\"nr\":{number},\"text\":\"abc\",\"big\":123456789012345678901234567890,\"huge\":1e999{n}{text}}}\n");
    pairs.map(event).collect()
}

/// The most memory that the process ever had, in KiB.
fn most_memory(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// So many cogs stand in one train: each event goes through all.
const TOGETHER: usize = 50;

fn survive(bodies: &[&str], lowers: bool) {
    bodies.chunks(TOGETHER).for_each(|bodies| survive_together(bodies, lowers));
}

/// Those that may still begin: each of them keeps a core busy, and what is timed must not wait for another one.
static PLACES: (Mutex<usize>, Condvar) = (Mutex::new(2), Condvar::new());

/// A place among those that are timed.
struct Place;

impl Place {
    fn take() -> Self {
        let free = PLACES.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = PLACES.1.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *PLACES.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        PLACES.1.notify_one();
    }
}

/// Sends each body its events, and then one that goes through all.
fn survive_together(bodies: &[&str], lowers: bool) {
    let _place = Place::take();
    let rig = Rig::new().script("hostile.rhai", &script(bodies)).stdin_open();
    let mut running = if lowers { rig.start() } else { rig.command(["run", "--no-lower"]).start() };
    // The first event waits until the script is wound.
    running = running.feed("{\"nr\":\"begin\"}\n").wait_for_stdout("\"begin\"");
    let mut before = most_memory(&running);
    for (number, body) in bodies.iter().enumerate() {
        let events = events(number, body);
        let after = format!("\"after {number}\"");
        let begin = Instant::now();
        running = running.feed(events.concat()).feed(format!("{{\"nr\":{after}}}\n"));
        running = running.wait_for_stdout(&after);
        let took = begin.elapsed();
        // With many events each has its own time.
        let most = SOON * u32::try_from(events.len().div_ceil(20)).expect("there are few");
        assert!(took < most, "{body}\nthe next event took {took:?}");
        let now = most_memory(&running);
        assert!(now > 0 && now < MEMORY, "{body}\nmemory went from {before} KiB to {now} KiB");
        before = now;
    }
    running.expect_exit(0);
}

/// One in eight: nearly each of them takes its whole second. The long form runs all.
fn some(table: &'static str) -> Vec<&'static str> {
    lines(table).into_iter().step_by(8).collect()
}

#[test]
fn endless() {
    survive(&some(include_str!("endless.txt")), true);
}

#[test]
#[ignore = "the long form takes minutes"]
fn endless_in_full() {
    survive(&lines(include_str!("endless.txt")), true);
}

#[test]
fn endless_interpreted() {
    survive(&some(include_str!("endless.txt")), false);
}

#[test]
#[ignore = "the long form takes minutes"]
fn endless_interpreted_in_full() {
    survive(&lines(include_str!("endless.txt")), false);
}

#[test]
fn growth() {
    survive(&some(include_str!("growth.txt")), true);
}

#[test]
#[ignore = "the long form takes minutes"]
fn growth_in_full() {
    survive(&lines(include_str!("growth.txt")), true);
}

#[test]
fn growth_interpreted() {
    survive(&some(include_str!("growth.txt")), false);
}

#[test]
#[ignore = "the long form takes minutes"]
fn growth_interpreted_in_full() {
    survive(&lines(include_str!("growth.txt")), false);
}

#[test]
fn nested() {
    survive(&lines(include_str!("deep.txt")), true);
}

#[test]
fn nested_interpreted() {
    survive(&lines(include_str!("deep.txt")), false);
}

#[test]
fn wrong() {
    survive(&lines(include_str!("wrong.txt")), true);
}

#[test]
fn wrong_interpreted() {
    survive(&lines(include_str!("wrong.txt")), false);
}

#[test]
fn absurd_arguments() {
    survive(&lines(include_str!("functions.txt")), true);
}

#[test]
fn absurd_arguments_interpreted() {
    survive(&lines(include_str!("functions.txt")), false);
}

#[test]
fn there_are_enough_of_them() {
    let tables = [
        include_str!("endless.txt"),
        include_str!("growth.txt"),
        include_str!("deep.txt"),
        include_str!("wrong.txt"),
        include_str!("functions.txt"),
        include_str!("refused.txt"),
    ];
    let count: usize = tables.into_iter().map(|table| lines(table).len()).sum();
    assert!(count >= 400, "{count}");
}

#[test]
fn what_cannot_be_right_is_refused_with_its_place() {
    for body in lines(include_str!("refused.txt")) {
        let outcome = Rig::new().script("refused.rhai", &script(&[body])).run().expect_status(2);
        assert!(outcome.stderr.contains("refused.rhai:"), "{body}\n{}", outcome.stderr);
    }
}
