//! Data that a child process is asked about, on the real binary: nothing is lost and nothing changes places, whatever becomes of the child.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::rig::{Rig, Running, search_path};

/// Lines of standard input through a child to lines of standard output.
fn asking(options: &str) -> Rig {
    Rig::piping(&format!("process::exec(#{{ {options} }})"))
}

fn lines(range: std::ops::Range<usize>) -> String {
    range.fold(String::new(), |all, n| all + &*format!("line {n}\n"))
}

/// Its children: number, state, and whether each leads a group of its own.
fn children(of: u32) -> Vec<(i32, char, bool)> {
    let all = fs::read_dir("/proc").expect("it can be listed").flatten();
    let each = all.filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let mut rest = stat.rsplit_once(") ")?.1.split(' ');
        let (state, parent, group) = (rest.next()?.chars().next()?, rest.next()?, rest.next()?);
        (parent == of.to_string()).then(|| (pid, state, group == pid.to_string()))
    });
    each.collect()
}

fn kill_child(running: &Running) -> bool {
    let child = children(running.pid()).into_iter().find(|(_, state, _)| *state != 'Z');
    child.and_then(|(pid, ..)| Pid::from_raw(pid)).is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok())
}

#[test]
fn a_line_is_asked_and_its_answer_goes_on() {
    let outcome = asking("argv: [\"sed\", \"-u\", \"s/line/answer/\"]").stdin(lines(0..3)).run().expect_status(0);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("answer 0\nanswer 1\nanswer 2\n", ""));
}

#[test]
fn a_child_that_is_killed_again_and_again_loses_nothing_and_keeps_the_order() {
    const EACH: usize = 1000;
    let options = "argv: [\"cat\"], retry_delay: 0.01, retry_max: 0.05, attempts: 1000, max_pending: 100";
    let mut running = asking(options).stdin_open().start();
    let mut killed = 0;
    for round in 0..10 {
        running = running.feed(lines(round * EACH..(round + 1) * EACH));
        killed += usize::from(kill_child(&running));
        running = running.wait_for_stdout(&format!("line {}\n", round * EACH + 50));
        killed += usize::from(kill_child(&running));
    }
    let outcome = running.close_stdin().expect_exit(0);
    assert!(killed >= 10, "{killed}");
    assert!(outcome.stdout == lines(0..10 * EACH), "{} bytes came", outcome.stdout.len());
    assert!(outcome.stderr.contains("was killed by signal 9"), "{}", outcome.stderr);
}

#[test]
fn the_child_has_three_descriptors_and_a_group_of_its_own_and_leaves_no_zombie() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let script = "let train = movement::train();\ntrain.update(fs::stdin_supply() |> process::exec(#{ argv: [\"cat\"], retry_delay: 0.01 }) |> fs::stdout_drain());\ntrain.run();\n";
    fs::write(dir.path().join("x.rhai"), script).expect("it can be written");
    // Whoever starts it has left a descriptor open.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exec 9</etc/passwd; exec deadbeat run x.rhai"]).env("PATH", search_path()).current_dir(dir.path());
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("there is a shell");
    let deadline = crate::rig::deadline();
    let child = loop {
        assert!(std::time::Instant::now() < deadline, "there is no child");
        let found = children(process.id())
            .into_iter()
            .find(|(pid, state, _)| *state != 'Z' && fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "cat\n"));
        if let Some((pid, _, leads)) = found {
            assert!(leads, "a Ctrl-C at the terminal would reach it");
            break pid;
        }
        std::thread::yield_now();
    };
    // What it has once it answers: before, it may have open what it is loaded from.
    let (mut asked, mut answered) =
        (process.stdin.take().expect("it is piped"), BufReader::new(process.stdout.take().expect("it is piped")));
    asked.write_all(b"x\n").expect("it reads");
    answered.read_line(&mut String::new()).expect("it writes");
    let mut open: Vec<String> = fs::read_dir(format!("/proc/{child}/fd"))
        .expect("it runs")
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    open.sort();
    assert_eq!(open, ["0", "1", "2"]);
    kill_process(Pid::from_raw(child).expect("it is a number"), Signal::KILL).expect("it runs");
    while children(process.id()).iter().any(|(pid, ..)| *pid == child) {
        assert!(std::time::Instant::now() < deadline, "a dead child is left");
        std::thread::yield_now();
    }
    drop(asked);
    assert!(process.wait().expect("it is ours").success());
}

#[test]
fn a_child_that_reads_nothing_blocks_nobody_for_ever() {
    let options = "argv: [\"sleep\", \"1000\"], timeout: 0.2, attempts: 1, retry_delay: 0.01, max_pending: 100000";
    let long = "x".repeat(1000);
    let input = format!("{long}\n").repeat(3);
    asking(options).stdin(input).run().expect_status(0).expect_stdout("").expect_told(["has not answered in 0.2 s", "and was killed"]);
}

#[test]
fn a_child_that_answered_while_we_were_stopped_is_not_killed() {
    // It answers half of a second later, when we stand still for longer than it may take.
    let options = "argv: [\"/bin/sh\", \"-c\", \"while read -r l; do sleep 0.5; echo \\\"$l\\\"; done\"], timeout: 1, attempts: 1";
    let mut running = asking(options).stdin_open().start();
    let pid = Pid::from_raw(i32::try_from(running.pid()).expect("it is small")).expect("it is a number");
    running = running.feed("a\n").wait_for_stdout("a\n").feed("b\n");
    std::thread::sleep(Duration::from_millis(100));
    kill_process(pid, Signal::STOP).expect("it runs");
    std::thread::sleep(Duration::from_secs(2));
    kill_process(pid, Signal::CONT).expect("it runs");
    let outcome = running.wait_for_stdout("b\n").close_stdin().expect_exit(0);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("a\nb\n", ""));
}

#[test]
fn a_child_that_keeps_lines_in_a_buffer_answers_at_the_end_of_the_input() {
    let start = Instant::now();
    let outcome = asking("argv: [\"sed\", \"s/1/x/\"]").stdin("1\n2\n3\n").run().expect_status(0);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("x\n2\n3\n", ""));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn children_that_keep_lines_in_a_buffer_do_not_wait_for_each_other() {
    let sort = "process::exec(#{ argv: [\"sort\", \"-n\"], timeout: 6, attempts: 1 })";
    // Side by side, and one behind the other.
    for (cogs, copies) in [(format!("[{sort}, {sort}, {sort}]"), 3), (format!("{sort} |> {sort} |> {sort}"), 1)] {
        let outcome = Rig::piping(&cogs).stdin("3\n1\n2\n").run().expect_status(0);
        let mut lines: Vec<&str> = outcome.stdout.lines().collect();
        lines.sort_unstable();
        let expected: Vec<String> = (1..=3).flat_map(|n| vec![n.to_string(); copies]).collect();
        assert_eq!((lines.join(" "), outcome.stderr.as_str()), (expected.join(" "), ""));
    }
}

#[test]
fn a_child_that_keeps_lines_back_waits_for_a_slow_one_before_it() {
    let slow = "process::exec([\"/bin/sh\", \"-c\", \"while read -r l; do sleep 1.2; echo \\\"$l\\\"; done\"])";
    let sort = "process::exec(#{ argv: [\"sort\", \"-n\"], restart: false })";
    let outcome = Rig::piping(&format!("{slow} |> {sort}")).stdin("3\n1\n2\n").run().expect_status(0);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("1\n2\n3\n", ""));
}

#[test]
fn a_child_that_is_not_replaced_is_told_the_end_only_at_the_end() {
    // The supply waits for room, and for nothing else, while the child takes its time.
    let script = "let train = movement::train();
        let slow = [\"/bin/sh\", \"-c\", \"while read -r l; do sleep 1.2; echo \\\"$l\\\"; done\"];
        train.update(fs::file_supply(#{ paths: [\"in.txt\"], each: \"line\", max_in_flight: 2 }) |> process::exec(#{ argv: slow, restart: false }) |> fs::stdout_drain());
        train.run();";
    let outcome = Rig::new().script("slow.rhai", script).file("in.txt", lines(0..4)).run().expect_status(0);
    assert_eq!((outcome.stdout, outcome.stderr.as_str()), (lines(0..4), ""));
}

#[test]
fn data_take_the_error_route_when_the_program_is_gone() {
    let script = "let bad = text::json_marshall() |> fs::line_file_drain(\"bad.jsonl\");
        let train = movement::train();
        let ask = process::exec(#{ argv: [\"./program\", \"-c\", \"read -r l; echo answer $l\"], retry_delay: 0.01, start_timeout: 0.2, on_error: bad });
        train.update(fs::stdin_supply() |> ask |> fs::stdout_drain());
        train.run();";
    let rig = Rig::new().script("gone.rhai", script);
    let program = rig.path("program");
    std::os::unix::fs::symlink("/bin/sh", &program).expect("it can be linked");
    let running = rig.stdin_open().start().feed("a\n").wait_for_stdout("answer a\n");
    fs::remove_file(&program).expect("it is there");
    let outcome = running.feed("b\nc\n").wait_for_file_containing("bad.jsonl", "\"data\":\"c\"").close_stdin().expect_exit(0);
    let bad = outcome.file("bad.jsonl");
    assert_eq!(bad.matches("cannot start").count(), 2, "{bad}\n{}", outcome.stderr);
    for told in ["2 data wait, and it is tried again after", "2 data fail, and so do all that come in the next"] {
        assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    }
}

#[test]
fn a_slow_child_has_its_time_for_each_answer() {
    for (pause, count, timeout) in [("0.4", 5, "1"), ("1.4", 3, "4")] {
        let options = format!(
            "argv: [\"/bin/sh\", \"-c\", \"while read -r l; do sleep {pause}; echo \\\"$l\\\"; done\"], timeout: {timeout}, attempts: 1"
        );
        let outcome = asking(&options).stdin(lines(0..count)).run().expect_status(0);
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), (lines(0..count).as_str(), ""));
    }
}

#[test]
fn what_the_child_complains_of_is_in_the_log_and_its_status_in_the_error() {
    let options =
        "argv: [\"/bin/sh\", \"-c\", \"read -r line; echo 'no such \\u001b[1m thing' >&2; exit 3\"], attempts: 1, retry_delay: 0.01";
    let outcome = asking(options).stdin("x\n").run().expect_status(0).expect_stdout("");
    assert!(outcome.stderr.contains("exec: the child says: no such \\u{1b}[1m thing"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("error: pipe.rhai") || outcome.stderr.contains("the child has exited with status 3 before it answered"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn what_is_in_flight_at_the_end_is_still_answered() {
    let options = "argv: [\"/bin/sh\", \"-c\", \"while read -r l; do sleep 0.01; echo \\\"$l\\\"; done\"]";
    asking(options).stdin(lines(0..100)).run().expect_status(0).expect_stdout(&lines(0..100));
}

#[test]
fn failed_data_take_the_error_route() {
    let script = "let bad = text::json_marshall() |> fs::line_file_drain(\"bad.jsonl\");
        let train = movement::train();
        train.update(fs::stdin_supply() |> process::exec(#{ argv: [\"/bin/sh\", \"-c\", \"read -r l; exit 1\"], restart: false, on_error: bad }) |> fs::stdout_drain());
        train.run();";
    let outcome = Rig::new().script("route.rhai", script).stdin("a\nb\n").run();
    let bad = outcome.file("bad.jsonl");
    assert_eq!(bad.matches("\"reason\":\"no_answer\"").count(), 2, "{bad}\n{}", outcome.stderr);
}

#[test]
fn a_script_that_is_only_checked_starts_nothing() {
    let script = "let train = movement::train();\ntrain.update(fs::stdin_supply() |> process::exec([\"touch\", \"started\"]) |> fs::stdout_drain());\ntrain.run();\n";
    let outcome = Rig::new().command(["check"]).script("x.rhai", script).run().expect_status(0);
    assert!(!outcome.path("started").exists());
}

#[test]
fn a_program_that_is_not_there_is_told_at_the_start() {
    asking("argv: [\"/nonexistent/program\"]").stdin("x\n").run().expect_status(1).expect_told(["/nonexistent/program"]);
}
