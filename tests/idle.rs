//! With nothing to do the process sleeps: no thread of it wakes.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use crate::rig::{Rig, Running};

/// How often all threads of the process were switched to or from, by their own will or not.
fn switches(running: &Running) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", running.pid())).expect("the process runs");
    let mut all: Vec<String> = tasks
        .flat_map(|task| {
            let path = task.expect("it can be listed").path();
            let status = fs::read_to_string(path.join("status")).expect("the thread runs");
            let counts: Vec<String> =
                status.lines().filter(|line| line.contains("ctxt_switches")).map(|line| format!("{} {line}", path.display())).collect();
            counts
        })
        .collect();
    all.sort();
    all
}

/// Waits until it is at rest: two looks, a moment apart, see the same.
pub(crate) fn rests(running: Running) -> Running {
    let mut before = Vec::new();
    running.wait_for("it never comes to rest", |running| {
        let now = switches(running);
        let rests = now == before;
        before = now;
        rests && running.stays_silent(Duration::from_millis(200)) && switches(running) == before
    })
}

#[test]
fn a_hundred_tailed_files_cost_nothing_while_nothing_happens() {
    let mut rig = Rig::new().script(
        "tail.rhai",
        "let train = movement::train();\ntrain.update(fs::file_watcher_supply(\"logs/*.log\") |> fs::line_file_drain(\"out.txt\"));\ntrain.run();\n",
    );
    for n in 0..100 {
        rig = rig.file(&format!("logs/{n}.log"), "old\n");
    }
    let running = rig.start().wait_for("not all files were opened", |running| (0..100).all(|n| running.has_open(&format!("logs/{n}.log"))));
    let running = running.append("logs/50.log", "new\n").wait_for_file("out.txt", "new\n");
    let running = rests(running);
    let before = switches(&running);
    // There is no condition to wait for: that nothing happens shows only in time. The first safety scan is due after 30 s.
    assert!(running.stays_silent(Duration::from_secs(10)));
    assert_eq!(switches(&running), before);
    running.append("logs/7.log", "seven\n").wait_for_file("out.txt", "new\nseven\n").signal(Signal::TERM).expect_exit(0);
}
