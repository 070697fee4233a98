//! What happens when a drain cannot write: supplies wait and are told of, queues leave data out, and the end comes all the same.

use std::fs;

use rustix::process::Signal;

use crate::rig::Rig;

/// A train from standard input to a good file and, by `branch`, to a device that is always full.
fn split(branch: &str) -> Rig {
    let script = format!(
        "let train = movement::train();
        train.update(fs::stdin_supply(#{{ max_in_flight: 100 }}) |> [fs::line_file_drain(\"good.txt\"), {branch}]);
        train.run();"
    );
    Rig::new().script("split.rhai", &script)
}

fn lines(count: usize) -> String {
    (0..count).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat()
}

#[test]
fn a_blocked_drain_holds_its_supply_back_and_is_named() {
    let running = split("fs::line_file_drain(#{ path: \"/dev/full\", name: \"stuck\" })").stdin(lines(5000)).start();
    let running = running.wait_for_stderr("`stdin_supply` read nothing for 5 s, as `stuck` is blocked and keeps 100 data");
    assert_eq!(fs::read_to_string(running.path("good.txt")).unwrap(), lines(100), "no more is read than may be on its way");
    // What has come by standard input cannot be had again: at the end all of it is taken in.
    let outcome = running.signal(Signal::TERM).end().expect_status(1).expect_told(["5000 lines could not be written to `/dev/full`"]);
    assert_eq!(outcome.file("good.txt"), lines(5000));
}

#[test]
fn a_queue_leaves_data_out_and_the_other_line_goes_on() {
    let queue = "movement::queue(#{ when_full: \"drop_old\", size: 10 }) |> fs::line_file_drain(#{ path: \"/dev/full\", name: \"stuck\" })";
    let running = split(queue).stdin(lines(5000)).start().wait_for_file("good.txt", &lines(5000));
    let outcome = running.signal(Signal::TERM).end().expect_status(1);
    outcome.expect_told(["queue: is full: leaves data out", "could not be written to `/dev/full`"]);
}

#[test]
fn a_queue_keeps_the_first_or_the_last_data_while_its_drain_is_blocked() {
    for (when_full, kept) in [("drop_new", ["a", "b", "c"]), ("drop_old", ["c", "d", "e"])] {
        let script = format!(
            "let train = movement::train();
            let late = fs::line_file_drain(#{{ path: \"late.txt\", flush: true }});
            train.update(fs::stdin_supply() |> movement::queue(#{{ when_full: \"{when_full}\", size: 3 }}) |> late);
            train.run();"
        );
        // A directory in the file's place: it cannot be opened.
        let running = Rig::new().script("queue.rhai", &script).command(["run", "--log-level", "notice"]).stdin_open().start();
        let running = running.feed("first\n").wait_for_file("late.txt", "first\n").rename("late.txt", "early.txt").make_dir("late.txt");
        let running = running.signal(Signal::HUP).wait_for_stderr("cannot open");
        let running = running.feed("a\nb\nc\nd\ne\n").wait_for_stderr("leaves data out");
        let running = running.signal(Signal::USR1).wait_for_stderr("3 kept");
        fs::remove_dir(running.path("late.txt")).unwrap();
        let outcome = running.wait_for_stderr("2 data were left out").end().expect_status(0);
        let wanted = kept.map(|line| format!("{line}\n")).concat();
        assert_eq!(outcome.file("late.txt"), wanted, "{when_full}: {}", outcome.stderr);
    }
}

#[test]
fn a_queue_of_long_lines_leaves_some_out_before_they_hold_up_the_other_line() {
    let lines = (0..10_000).map(|n| format!("{n} {}\n", "x".repeat(1000))).collect::<Vec<_>>().concat();
    let script = "let train = movement::train(#{ max_bytes: \"4MiB\" });
        let queue = movement::queue(#{ when_full: \"drop_old\", size: 10000 });
        train.update(fs::stdin_supply() |> [fs::line_file_drain(\"good.txt\"), queue |> fs::line_file_drain(\"/dev/full\")]);
        train.run();";
    let running = Rig::new().script("long.rhai", script).stdin(&lines).start().wait_for_file("good.txt", &lines);
    running.signal(Signal::TERM).end().expect_status(1).expect_told(["queue: is full: leaves data out"]);
}

#[test]
fn a_cog_may_keep_nearly_all_that_may_be_on_its_way() {
    let script = "let train = movement::train();
        let slide = cog(#{
            kept: [],
            run: |d| {
                this.kept.push(#{ datum: d, hold: train.hold() });
                if this.kept.len() > 9 { let k = this.kept.shift(); train.emit(k.datum, k.hold); }
            },
            finish: || { for k in this.kept { train.emit(k.datum, k.hold); } this.kept = []; },
        });
        train.update(fs::stdin_supply(#{ max_in_flight: 10 }) |> slide |> fs::line_file_drain(\"all.txt\"));
        train.run();";
    let outcome = Rig::new().script("slide.rhai", script).stdin(lines(100)).start().end().expect_status(0);
    assert_eq!(outcome.file("all.txt"), lines(100));
}

#[test]
fn long_lines_wait_outside_while_their_drain_is_blocked() {
    // 300 MB in lines of 1 MB, of which the default bound of 64 MiB lets about 64 in.
    let line = format!("{}\n", "x".repeat(1_000_000));
    let script = "let train = movement::train();
        train.update(fs::stdin_supply() |> fs::line_file_drain(#{ path: \"/dev/full\", name: \"stuck\" }));
        train.run();";
    let running = Rig::new().script("long.rhai", script).stdin(line.repeat(300)).start();
    let running = running.wait_for_stderr("`stdin_supply` read nothing for");
    let status = fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB").to_owned();
    let peak: u64 = peak.parse().unwrap();
    assert!(peak < 128 << 10, "{peak} KiB");
}
