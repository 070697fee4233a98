//! What is remembered of followed files from one run to the next: after a clean stop, after a kill, while another process lives.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::rig::PATIENCE;

/// A directory in which one script runs again and again.
struct Place(TempDir);

impl Place {
    fn new(options: &str) -> Self {
        let place = Self(tempfile::tempdir().expect("a directory can be made"));
        let script = format!(
            "let train = movement::train();\ntrain.update(fs::file_watcher_supply(#{{ filenames: \"log\", start: \"begin\", state_file: \"state/tail\"{options} }}) |> fs::line_file_drain(\"out\"));\ntrain.run();\n"
        );
        fs::write(place.path("tail.rhai"), script).expect("it can be written");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn start(&self) -> Child {
        let errors = File::create(self.path("errors")).expect("it can be made");
        let mut command = Command::new(env!("CARGO_BIN_EXE_deadbeat"));
        command.args(["run", "tail.rhai"]).current_dir(self.0.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        command.spawn().expect("the program can be started")
    }

    fn told(&self) -> String {
        fs::read_to_string(self.path("errors")).unwrap_or_default()
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path("log")).expect("it can be opened");
        file.write_all(text.as_bytes()).expect("it can be written");
    }

    fn out(&self) -> Vec<String> {
        fs::read_to_string(self.path("out")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn wait(&self, what: &str, mut met: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !met() {
            assert!(Instant::now() < deadline, "{what}; told: {}", self.told());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends a run and gives its status.
    fn end(mut child: Child, signal: Signal) -> std::process::ExitStatus {
        let pid = Pid::from_child(&child);
        kill_process(pid, signal).expect("it lives");
        let begun = Instant::now();
        let status = child.wait().expect("it can be waited for");
        assert!(begun.elapsed() < Duration::from_secs(10), "the end took {:?}", begun.elapsed());
        status
    }
}

/// Lines with these numbers.
fn lines(numbers: std::ops::Range<u32>) -> String {
    numbers.map(|number| format!("line {number:06}")).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn nothing_comes_again_after_a_clean_stop() {
    let place = Place::new("");
    let mut next = 0;
    for round in 0..6 {
        place.append(&lines(next..next + 700));
        next += 700;
        let child = place.start();
        // At some moment, not at the end of all.
        place.wait("nothing came", || place.out().len() > (next as usize - 700) + round * 60);
        if round % 2 == 1 {
            fs::rename(place.path("log"), place.path(&format!("log.{round}"))).expect("it can be renamed");
        }
        assert_eq!(Place::end(child, Signal::TERM).code(), Some(0), "{}", place.told());
    }
    place.append(&lines(next..next + 1));
    next += 1;
    let child = place.start();
    place.wait("lines are missing", || place.out().len() >= next as usize);
    assert_eq!(Place::end(child, Signal::TERM).code(), Some(0));
    assert_eq!(place.out().join("\n") + "\n", lines(0..next));
}

#[test]
fn a_second_process_is_refused_at_once() {
    let place = Place::new("");
    place.append("a\n");
    let first = place.start();
    place.wait("nothing came", || place.out() == ["a"]);
    let begun = Instant::now();
    let second = place.start().wait().expect("it can be waited for");
    assert_eq!(second.code(), Some(2));
    assert!(begun.elapsed() < Duration::from_secs(2));
    let told = place.told();
    assert!(told.contains("state file `state/tail`: is in use by another process") && told.contains("hint"), "{told}");
    assert_eq!(Place::end(first, Signal::TERM).code(), Some(0));
}

#[test]
fn a_checkpoint_that_cannot_be_used_is_refused_with_the_way_out() {
    for (options, status) in [("", 2), (", bad_state: \"begin\", tail: false", 0)] {
        let place = Place::new(options);
        place.append("a\n");
        fs::create_dir(place.path("state")).expect("it can be made");
        fs::write(place.path("state/tail"), "{\"program\":\"deadbeat\",\"vers").expect("it can be written");
        let ended = place.start().wait().expect("it can be waited for");
        let told = place.told();
        assert_eq!(ended.code(), Some(status), "{told}");
        assert!(told.contains("state/tail") && (status == 0 || told.contains("bad_state: \"begin\"")), "{told}");
        assert_eq!(place.out().len(), usize::from(status == 0));
    }
}
