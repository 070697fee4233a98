//! The live shell, driven through a terminal: what it shows, what it changes, and that it never harms the process.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::rig::{Rig, Running, Terminal, deadline, root};

/// Lines of JSON; what is not above 100 is dropped by the predicate, in line 4.
const PIPE: &str = r#"let train = movement::train();
let keep = |e| {
    let least = 100;
    e.n > least
};
train.update(
    fs::file_watcher_supply(#{ filenames: ["in.jsonl"] })
    |> text::json_parse(#{ name: "parse" })
    |> twist::filter(#{ name: "keep", predicate: keep })
    |> text::json_marshall(#{ name: "write" })
    |> fs::line_file_drain("out.jsonl")
);
train.run();
"#;

/// A process that runs [`PIPE`].
fn pipe() -> Running {
    let rig = Rig::new().script("pipe.rhai", PIPE).file("in.jsonl", "");
    rig.start().wait_for("no socket was made", |me| me.path("run/deadbeat/pipe.sock").exists())
}

fn attached(running: &Running) -> Terminal {
    let mut shell = Terminal::start(running.path("").as_path(), &["attach", "pipe"]);
    shell.expect("pipe> ");
    shell
}

/// One event.
fn event(n: u32) -> String {
    events([n])
}

fn events(all: impl IntoIterator<Item = u32>) -> String {
    let all: Vec<String> = all.into_iter().map(|n| format!("{{\"n\":{n},\"user\":{{\"name\":\"x{n}\"}}}}\n")).collect();
    all.concat()
}

#[test]
fn the_first_event_is_shown_within_a_second() {
    let running = pipe();
    let begun = Instant::now();
    let mut shell = attached(&running);
    shell.line(":tap parse").expect("tap 1 at parse out");
    let running = running.append("in.jsonl", event(101));
    shell.expect(r#"{"n":101"#);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    running.signal(Signal::TERM).expect_exit(0);
}

#[test]
fn a_script_is_edited_at_a_cog_tried_and_put_in() {
    let running = pipe();
    let editor = running.path("editor.sh");
    fs::write(&editor, "#!/bin/sh\necho \"$1\" > told\nsed -i 's/least = 100/least = 10/' \"$2\"\n").expect("a file can be written");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut shell = attached(&running);
    let running = running.append("in.jsonl", events([50, 101])).wait_for_file_containing("out.jsonl", "101");
    shell.line(":edit keep").expect("reload it? [y/N]");
    let told = fs::read_to_string(running.path("told")).expect("the editor was called");
    assert_eq!(told, "+9\n", "the line of the cog");
    assert!(shell.text().contains("would_reload"), "{}", shell.text());
    shell.line("y").expect("reloaded");
    let running = running.append("in.jsonl", event(51)).wait_for_file_containing("out.jsonl", "51");
    let stored = fs::read_to_string(running.path("out.jsonl")).expect("it is there");
    assert!(!stored.contains("\"n\":50,"), "{stored}");
    running.signal(Signal::TERM).expect_exit(0);
}

#[test]
fn cogs_and_fields_are_completed() {
    let running = pipe();
    let mut shell = attached(&running);
    let running = running.append("in.jsonl", events([101, 102])).wait_for_file_containing("out.jsonl", "102");
    shell.keys(":tap kee\t").expect(":tap keep");
    shell.keys("\x15").expect("pipe> ");
    shell.keys(":tap keep where e.user.na\t").expect("e.user.name");
    shell.keys("\x15");
    // The functions come from another thread of the process, which reads the script first.
    shell.keys("parse_in");
    let until = deadline();
    while !shell.text().contains("parse_int(") {
        assert!(Instant::now() < until, "{}", shell.text());
        shell.keys("\t");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    // What may follow is told in grey.
    shell.keys("\x15");
    shell.keys(":untap").expect("[N|all]");
    drop(shell);
    running.signal(Signal::TERM).expect_exit(0);
}

#[test]
fn an_input_may_have_several_lines() {
    let running = pipe();
    let mut shell = attached(&running);
    shell.line("let a = [").line("  40,").line("  2").line("]; a[0] + a[1]").expect("42\n");
    drop(shell);
    running.signal(Signal::TERM).expect_exit(0);
}

#[test]
fn the_interrupt_key_ends_an_expression_and_not_the_shell() {
    let running = pipe();
    let mut shell = attached(&running);
    shell.line("loop {}").expect("loop {}");
    // It is being evaluated when the line is left behind.
    let mut tries = 0;
    let until = deadline();
    while !shell.text().contains("interrupted") {
        assert!(Instant::now() < until, "{}", shell.text());
        shell.keys("\x03");
        tries += 1;
        std::thread::park_timeout(Duration::from_millis(300));
        assert!(tries < 20);
    }
    shell.expect("pipe> ");
    shell.line("40 + 2").expect("42\n");
    shell.keys("half a line\x03").expect("pipe> ");
    shell.keys("\x03").expect("once more");
    shell.keys("\x03");
    assert!(shell.end().success());
    running.append("in.jsonl", event(101)).wait_for_file_containing("out.jsonl", "101").signal(Signal::TERM).expect_exit(0);
}

#[test]
fn whoever_leaves_leaves_the_process_running() {
    let running = pipe();
    let mut shell = attached(&running);
    shell.line(":break keep").expect("breakpoint: 1");
    let running = running.append("in.jsonl", event(101));
    shell.expect("keep#0> ");
    assert_eq!(shell.leave().code(), Some(0));
    let running = running.wait_for_file_containing("out.jsonl", "101").append("in.jsonl", event(102));
    running.wait_for_file_containing("out.jsonl", "102").signal(Signal::TERM).expect_exit(0);
}

#[test]
fn events_are_shown_above_what_is_typed() {
    let running = pipe();
    let mut shell = attached(&running);
    shell.line(":tap parse").expect("pipe> ");
    shell.keys("1 + 4").expect("1 + 4");
    let running = running.append("in.jsonl", event(101));
    let told = shell.expect(r#"{"n":101"#);
    assert!(!told.contains("pipe> 1 + 41"), "{told}");
    // The line is drawn again below, and goes on.
    let until = deadline();
    while !shell.text().rsplit(r#"{"n":101"#).next().is_some_and(|after| after.contains("pipe> 1 + 4")) {
        assert!(Instant::now() < until, "{}", shell.text());
    }
    shell.keys("1\r").expect("42\n");
    // The prompt changes under what is typed when an event is parked, and nothing typed is lost.
    shell.line(":break keep once").expect("breakpoint: 1");
    shell.keys("e.n + ").expect("e.n + ");
    let running = running.append("in.jsonl", event(200));
    shell.expect("keep#1> e.n + ");
    shell.keys("1\r").expect("201\n");
    shell.line(":continue").expect("goes on");
    drop(shell);
    running.signal(Signal::TERM).expect_exit(0);
}

#[test]
fn no_event_moves_the_cursor() {
    let running = pipe();
    let mut shell = attached(&running);
    shell.line(":tap file_watcher_supply").expect("tap 1");
    let evil = "{\"owned\":\"\u{9b}2J\x1b]0;t\x07\u{202e}\"}\n";
    let running = running.append("in.jsonl", evil);
    shell.expect("owned");
    shell.line("`${e}`").expect("owned");
    shell.line(":recent").expect("owned");
    shell.line(":errors").expect("parse");
    let raw = shell.raw();
    assert!(!raw.contains("\x1b]0;") && !raw.contains(['\u{9b}', '\x07', '\u{202e}']), "{raw:?}");
    drop(shell);
    running.signal(Signal::TERM).expect_exit(0);
}

#[test]
fn what_was_typed_is_kept_for_its_user_alone() {
    let running = pipe();
    let mut shell = attached(&running);
    shell.line("40 + 2").expect("42\n");
    let history = running.path("state/deadbeat/history");
    let until = deadline();
    while !fs::read_to_string(&history).is_ok_and(|text| text.contains("40 + 2")) {
        assert!(Instant::now() < until);
    }
    assert_eq!(fs::metadata(&history).expect("it is there").permissions().mode() & 0o777, 0o600);
    shell.leave();
    let mut shell = attached(&running);
    shell.keys("\x1b[A").expect("40 + 2");
    shell.keys("\x15");
    shell.keys("\x12+ 2").expect("40 + 2");
    drop(shell);
    running.signal(Signal::TERM).expect_exit(0);
}

#[test]
fn a_killed_shell_changes_nothing() {
    let mut running = pipe();
    let mut all = String::new();
    let mut n = 100;
    // Moments at which it is killed, spread over what it does; the sequence is always the same.
    let mut moment: u64 = 12345;
    for _ in 0..20 {
        let mut shell = Terminal::start(running.path("").as_path(), &["attach", "pipe"]);
        shell.line(":tap parse where e.n > 0").line(":break keep if e.n % 7 == 0").line(":tap keep diff");
        moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let until = Instant::now() + Duration::from_millis(moment >> 56);
        while Instant::now() < until {
            let lines: String = (0..50)
                .map(|_| {
                    n += 1;
                    event(n)
                })
                .collect();
            running = running.append("in.jsonl", &lines);
            all.push_str(&lines);
        }
        let pid = Pid::from_raw(shell.pid() as i32).expect("it has a number");
        kill_process(pid, Signal::KILL).expect("it is ours");
        shell.kill();
    }
    // What was parked when its shell was killed comes behind those that flowed by: all are there, each once, in whatever order.
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let wanted = sorted(&all);
    let stored = |me: &Running| sorted(&fs::read_to_string(me.path("out.jsonl")).unwrap_or_default());
    running.wait_for("an event was lost, or came twice", |me| stored(me) == wanted).signal(Signal::TERM).expect_exit(0);
}

#[test]
fn the_line_that_dropped_an_event_is_found_by_one_command() {
    let running = pipe();
    let mut shell = attached(&running);
    let running = running.append("in.jsonl", events([7, 101])).wait_for_file_containing("out.jsonl", "101");
    let told = shell.line(":why file_watcher_supply#0").expect("keep dropped");
    let first: Vec<&str> = told.lines().skip_while(|line| !line.starts_with("dropped by")).take(4).map(str::trim).collect();
    assert_eq!(first[0], "dropped by `keep`");
    assert!(first[1].starts_with("pipe.rhai:4:") && first[1].ends_with("e.n > least"), "{told}");
    assert!(told.contains("gives false") && told.contains("n = 7"), "{told}");
    drop(shell);
    running.signal(Signal::TERM).expect_exit(0);
}

#[test]
fn an_event_is_stopped_and_changed_and_goes_on() {
    let running = pipe();
    let mut shell = attached(&running);
    shell.line(":break keep if e.n == 150").expect("breakpoint: 1");
    let running = running.append("in.jsonl", events([149, 150, 151]));
    shell.expect("keep#1> ");
    // The others flow meanwhile.
    let running = running.wait_for_file_containing("out.jsonl", "151");
    shell.line("e.user.name").expect("x150");
    shell.line(":set e.n = 1000").expect("1000");
    shell.line(":step").expect("write#1> ");
    shell.keys("\r").expect("line_file_drain#1> ");
    shell.line(":continue").expect("goes on");
    let running = running.wait_for_file_containing("out.jsonl", "\"n\":1000");
    shell.expect("pipe> ");
    running.signal(Signal::TERM).expect_exit(0);
    // It is told, and the shell ends by itself.
    shell.expect("the process has ended");
    assert_eq!(shell.end().code(), Some(0));
}

#[test]
fn a_process_that_dies_is_told_as_lost() {
    let running = pipe();
    let mut shell = attached(&running);
    let running = running.signal(Signal::KILL);
    shell.expect("lost");
    assert_eq!(shell.end().code(), Some(1));
    drop(running);
}

#[test]
fn all_cogs_stand_on_the_whole_screen() {
    let running = pipe();
    let mut shell = attached(&running);
    shell.line(":top").expect("5 cogs by cog");
    shell.keys("6").expect("by rate");
    shell.keys("/par\r").expect("1 cogs");
    shell.keys("\r").expect("text::json_parse");
    shell.expect("pipe> ");
    drop(shell);
    running.signal(Signal::TERM).expect_exit(0);
}

const HELD: &str = r#"fn double(n) { n * 2 }
let train = movement::train();
train.update(
    fs::stdin_supply()
    |> text::json_parse(#{ name: "parse" })
    |> twist::map(#{ name: "twice", func: |e| { e.n = double(e.n); e } })
    |> text::json_marshall(#{ name: "write" })
    |> fs::stdout_drain()
);
train.run();
"#;

#[test]
fn a_script_is_held_until_it_is_run() {
    let rig = Rig::new().script("held.rhai", HELD).file("in.jsonl", "{\"n\":4}\n{\"n\":5}\n");
    let dir = rig.path("");
    let mut shell = Terminal::start(&dir, &["repl", "held.rhai", "--input", "in.jsonl"]);
    shell.expect("held> ");
    shell.line("double(21)").expect("42\n");
    shell.line(":inject parse `{}`").expect("needs a train that runs");
    shell.line(":ls").expect("stdout_drain");
    shell.line(":break twice if e.n == 5").expect("breakpoint: 1");
    shell.line(":run").expect("twice#1> ");
    shell.line(":set e.n = 50").expect("50");
    // What the train writes stands above the prompt.
    shell.line(":continue").expect("{\"n\":100}");
    shell.expect("ended with status 0");
    shell.line(":why stdin_supply#1").expect("n 100");
    assert_eq!(shell.leave().code(), Some(0));
}

#[test]
fn a_train_of_the_shell_s_own_ends_with_it() {
    let script = HELD.replace("fs::stdin_supply()", "fs::file_watcher_supply(#{ filenames: [\"in.jsonl\"] })");
    let rig = Rig::new().script("held.rhai", &script).file("in.jsonl", "{\"n\":4}\n");
    let mut shell = Terminal::start(&rig.path(""), &["repl", "--run", "held.rhai"]);
    shell.expect("held> ");
    // What stands in the file already is not read; what comes is, once it is watched.
    let until = deadline();
    while !shell.text().contains("{\"n\":8}") {
        assert!(Instant::now() < until, "{}", shell.text());
        let file = fs::OpenOptions::new().append(true).open(rig.path("in.jsonl"));
        writeln!(file.expect("it is there"), "{{\"n\":4}}").expect("it is written");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    // The interrupt key is the shell's.
    shell.keys("\x03").expect("once more");
    shell.line("1 + 1").expect("2\n");
    assert_eq!(shell.leave().code(), Some(0));
}

/// Gives lines to a shell that is at no terminal.
fn lines(running: &Running, words: &[&str], lines: &str) -> (String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deadbeat"));
    command.args(words).current_dir(running.path("")).env("XDG_RUNTIME_DIR", running.path("run"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("it is piped").write_all(lines.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

#[test]
fn commands_come_from_a_file_as_well() {
    let running = pipe().append("in.jsonl", event(101));
    let told =
        lines(&running, &["attach", "pipe"], "40 +\n2\n:nosuch\n:tap parse -n 1 > tapped.jsonl\n:inject parse `{\"n\":300}`\n:wait taps\n");
    assert_eq!(fs::read_to_string(running.path("tapped.jsonl")).expect("it was made"), "{\"n\":300}\n");
    assert_eq!(told.1, Some(0));
    assert!(told.0.starts_with("42\nerror: there is no command `nosuch`\n"), "{}", told.0);
    let (told, _) = lines(&running, &["attach", "--json", "pipe"], "1 + 1\n");
    assert!(told.contains("\"data\":{\"value\":2"), "{told}");
    running.signal(Signal::TERM).expect_exit(0);
}

/// Masks what is another at each run: times, durations, numbers of processes.
fn masked(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let words: Vec<String> = line
            .split_whitespace()
            .map(|word| {
                let is_time = word.len() >= 20 && word.as_bytes()[4] == b'-' && word.contains('T') && word.contains(':');
                if is_time { "TIME".to_owned() } else { word.to_owned() }
            })
            .collect();
        let mut joined: Vec<&str> = Vec::new();
        for word in words.iter().map(String::as_str) {
            // `12.3 µs` is a span of time.
            if matches!(word, "µs" | "ms" | "s") && joined.last().is_some_and(|last| last.parse::<f64>().is_ok()) {
                joined.pop();
                joined.push("SPAN");
            } else {
                joined.push(word);
            }
        }
        out.push_str(joined.join(" ").trim_end());
        out.push('\n');
    }
    out
}

#[test]
fn the_transcript_in_the_documents_is_what_happens() {
    let document = fs::read_to_string(root().join("docs/repl.md")).expect("it is there");
    let block = |name: &str| {
        let start = document.split_once(&format!("```{name}\n")).unwrap_or_else(|| panic!("no block `{name}`")).1;
        start.split_once("```").expect("it ends").0.to_owned()
    };
    let script = block("rhai");
    let rig = Rig::new().script("shop.rhai", &script).file("orders.jsonl", "");
    let running = rig.start().wait_for("no socket was made", |me| me.path("run/deadbeat/shop.sock").exists());
    let dir = running.path("");
    let mut child = Command::new(env!("CARGO_BIN_EXE_deadbeat"))
        .args(["attach", "shop"])
        .current_dir(&dir)
        .env("XDG_RUNTIME_DIR", dir.join("run"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("it is piped");
    let mut output = std::io::BufReader::new(child.stdout.take().expect("it is piped"));
    let mut told = String::new();
    // A text that is evaluated behind each command tells that it has been answered.
    let mut until_mark = |input: &mut std::process::ChildStdin, number: usize| {
        let mark = format!("\"mark-{number}\"");
        writeln!(input, "{mark}").expect("it reads");
        let mut got = String::new();
        loop {
            let mut line = String::new();
            assert!(std::io::BufRead::read_line(&mut output, &mut line).expect("it writes") > 0, "it ended: {got}");
            if line.trim_end() == mark {
                return got;
            }
            got.push_str(&line);
        }
    };
    let transcript = block("transcript");
    for (number, line) in transcript.lines().enumerate() {
        if let Some(orders) = line.strip_prefix("$ echo '").and_then(|rest| rest.strip_suffix("' >> orders.jsonl")) {
            told.extend([line, "\n"]);
            let mut file = fs::OpenOptions::new().append(true).open(dir.join("orders.jsonl")).expect("it is there");
            writeln!(file, "{orders}").expect("it is written");
            // What comes of it is waited for by the next command, `:wait`.
        } else if let Some(command) = line.strip_prefix("shop> ") {
            told.extend([line, "\n"]);
            writeln!(input, "{command}").expect("it reads");
            told.push_str(&until_mark(&mut input, number));
        }
    }
    drop(input);
    assert!(child.wait().expect("it ends").success());
    assert_eq!(masked(&told), masked(&transcript), "what happens is\n{told}");
    running.signal(Signal::TERM).expect_exit(0);
}
