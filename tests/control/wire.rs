//! A process with its control socket, and a client of it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::rig::{PATIENCE, deadline};

/// A script that runs as `p`, in a directory of its own.
pub(crate) struct Process {
    pub(crate) dir: TempDir,
    child: Child,
}

impl Process {
    /// Runs a script; `in.log` is there and empty.
    pub(crate) fn start(script: &str) -> Self {
        Self::start_with(script, &[], &[])
    }

    /// With options of the program before the script and such of the script behind it.
    pub(crate) fn start_with(script: &str, before: &[&str], behind: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        fs::write(dir.path().join("in.log"), "").expect("a file can be written");
        fs::write(dir.path().join("p.rhai"), script).expect("a file can be written");
        let log = fs::File::create(dir.path().join("err.log")).expect("a file can be made");
        let child = Self::command(dir.path())
            .arg("run")
            .args(before)
            .arg("p.rhai")
            .args(behind)
            .stdin(Stdio::piped())
            .stdout(fs::File::create(dir.path().join("stdout")).expect("a file can be made"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let me = Self { dir, child };
        me.wait("it listens", || UnixStream::connect(me.socket()).is_ok());
        me
    }

    /// The program, so that it finds this process.
    pub(crate) fn command(dir: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deadbeat"));
        command.current_dir(dir).env("XDG_RUNTIME_DIR", dir).env_remove("RUNTIME_DIRECTORY");
        command
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("deadbeat/p.sock")
    }

    pub(crate) fn connect(&self) -> Wire {
        Wire::new(&self.socket())
    }

    /// `deadbeat ctl p …`
    pub(crate) fn ctl(&self, words: &[&str]) -> Output {
        Self::command(self.dir.path()).args(["ctl", "p"]).args(words).output().expect("the program starts")
    }

    pub(crate) fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(self.dir.path().join(name)).expect("a file can be opened");
        file.write_all(text.as_ref()).expect("a file can be written");
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join(name), text).expect("a file can be written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    /// The lines of a file as JSON.
    pub(crate) fn data(&self, name: &str) -> Vec<Value> {
        self.read(name).lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    pub(crate) fn wait(&self, what: &str, met: impl Fn() -> bool) {
        let end = deadline();
        while !met() {
            if Instant::now() > end {
                let stats = self.ctl(&["stats"]);
                panic!("not in time: {what}\n{}\n{}", self.read("err.log"), String::from_utf8_lossy(&stats.stdout));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until that file has so many lines.
    pub(crate) fn wait_lines(&self, name: &str, count: usize) {
        self.wait(&format!("{count} lines in {name}, which has {}", self.read(name).lines().count()), || {
            self.read(name).lines().count() >= count
        });
    }

    pub(crate) fn feed(&mut self, text: impl AsRef<[u8]>) {
        self.child.stdin.as_mut().expect("it is open").write_all(text.as_ref()).expect("it takes it");
    }

    pub(crate) fn end_input(&mut self) {
        self.child.stdin = None;
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_none()
    }

    /// Ends it in order; gives its status.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it is our child");
        self.ended()
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let end = deadline();
        while self.runs() {
            assert!(Instant::now() < end, "it does not end\n{}", self.read("err.log"));
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child.wait().expect("it is our child").code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client.
pub(crate) struct Wire {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
    /// What came by itself.
    pub(crate) events: Vec<Value>,
    id: i64,
}

impl Wire {
    fn new(path: &Path) -> Self {
        let stream = UnixStream::connect(path).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it can wait");
        let lines = BufReader::new(stream.try_clone().expect("a descriptor can be copied"));
        let mut me = Self { stream, lines, events: Vec::new(), id: 0 };
        let hello = me.message();
        assert_eq!(hello["event"], "hello");
        me
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("it takes it");
    }

    fn message(&mut self) -> Value {
        let mut line = String::new();
        let count = self.lines.read_line(&mut line).expect("something comes");
        assert!(count > 0, "the process has gone");
        serde_json::from_str(&line).expect("a line of JSON")
    }

    /// The answer to a command: data or error.
    pub(crate) fn answer(&mut self, command: &str) -> Value {
        self.id += 1;
        let request = serde_json::json!({ "id": self.id, "cmd": command });
        self.send(format!("{request}\n"));
        loop {
            let message = self.message();
            if message["id"] == self.id {
                return message;
            }
            self.events.push(message);
        }
    }

    /// The data that a command gives.
    pub(crate) fn ask(&mut self, command: &str) -> Value {
        let answer = self.answer(command);
        assert!(answer["error"].is_null(), "{command}: {answer}");
        answer["data"].clone()
    }

    /// The error that a command gives.
    pub(crate) fn fault(&mut self, command: &str) -> String {
        let answer = self.answer(command);
        assert!(answer["error"].is_string(), "{command}: {answer}");
        format!("{} {}", answer["error"].as_str().unwrap_or_default(), answer["hint"].as_str().unwrap_or_default())
    }

    /// The next event of that kind.
    pub(crate) fn event(&mut self, kind: &str) -> Value {
        if let Some(place) = self.events.iter().position(|event| event["event"] == kind) {
            return self.events.remove(place);
        }
        loop {
            let message = self.message();
            if message["event"] == kind {
                return message;
            }
            self.events.push(message);
        }
    }
}
