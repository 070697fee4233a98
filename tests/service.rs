//! What a service manager is told, and what its second signal does.

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};

use crate::rig::{PATIENCE, deadline};

fn command(dir: &std::path::Path, script: &str) -> Command {
    fs::write(dir.join("service.rhai"), script).expect("a file can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_deadbeat"));
    command.args(["run", "service.rhai"]).current_dir(dir).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

fn signal(child: &Child) {
    kill_process(Pid::from_child(child), Signal::TERM).expect("it is our child");
}

#[test]
fn a_manager_is_told_of_the_beginning_of_life_and_of_the_end() {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let manager = UnixDatagram::bind(place.path().join("notify")).expect("a socket can be bound");
    manager.set_read_timeout(Some(PATIENCE)).expect("it can wait");
    let hear = || {
        let mut text = [0; 64];
        let count = manager.recv(&mut text).expect("something is told");
        String::from_utf8_lossy(&text[..count]).into_owned()
    };
    let script = "let train = movement::train(); train.update(fs::file_watcher_supply(\"in.log\") |> fs::stdout_drain()); train.run();";
    let mut command = command(place.path(), script);
    command.env("NOTIFY_SOCKET", place.path().join("notify")).env("WATCHDOG_USEC", "100000").stdout(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    assert_eq!(hear(), "READY=1");
    assert_eq!((hear(), hear()), ("WATCHDOG=1".to_owned(), "WATCHDOG=1".to_owned()));
    signal(&child);
    let last = std::iter::repeat_with(hear).find(|told| told != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
    assert!(child.wait().expect("it is our child").success());
}

#[test]
fn a_second_signal_ends_at_once_and_nothing_is_taken_for_stored() {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    fs::write(place.path().join("in.log"), "a\nb\nc\n").expect("a file can be written");
    let script = |drain: &str| {
        format!(
            "let train = movement::train();
            train.update(fs::file_watcher_supply(#{{ filenames: \"in.log\", start: \"begin\", state_file: \"state/t.json\" }}) |> {drain});
            train.run();"
        )
    };
    let mut child = command(place.path(), &script("fs::line_file_drain(\"/dev/full\")")).spawn().expect("the program starts");
    let until = deadline();
    while !place.path().join("state/t.json.lock").exists() {
        assert!(Instant::now() < until, "it never begins");
        thread::sleep(Duration::from_millis(2));
    }
    thread::sleep(Duration::from_millis(300));
    signal(&child);
    thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    signal(&child);
    let status = child.wait().expect("it is our child");
    assert_eq!(status.code(), Some(128 + Signal::TERM.as_raw()), "{status}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let mut child = command(place.path(), &script("fs::line_file_drain(\"out.log\")")).spawn().expect("the program starts");
    while fs::read_to_string(place.path().join("out.log")).unwrap_or_default() != "a\nb\nc\n" {
        assert!(Instant::now() < until, "lines are missing");
        thread::sleep(Duration::from_millis(5));
    }
    signal(&child);
    assert!(child.wait().expect("it is our child").success());
}
