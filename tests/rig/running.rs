//! The process while it runs: what a test does to it and waits for.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::dns::NameServer;
use super::outcome::Outcome;
use super::{deadline, diff};

/// Files tell nobody of their change: they are looked at so often.
const LOOK: Duration = Duration::from_millis(5);

/// What the process has written so far.
#[derive(Default)]
struct Written {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Streams that have ended.
    ended: u8,
}

#[derive(Default)]
struct Shared {
    written: Mutex<Written>,
    more: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process under test; killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    status: Option<ExitStatus>,
    dir: Option<TempDir>,
    server: Option<NameServer>,
}

impl Running {
    pub(super) fn spawn(
        mut command: Command,
        bytes: Option<Vec<u8>>,
        dir: TempDir,
        server: Option<NameServer>,
        head: Option<usize>,
    ) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        let shared = Arc::new(Shared::default());
        let mut threads = vec![
            drain(child.stdout.take(), &shared, |written| &mut written.stdout, head),
            drain(child.stderr.take(), &shared, |written| &mut written.stderr, None),
        ];
        let mut stdin = child.stdin.take();
        if let Some(bytes) = bytes
            && let Some(mut stdin) = stdin.take()
        {
            // Whoever ends without reading it all makes this fail, which is its right.
            threads.push(thread::spawn(move || drop(stdin.write_all(&bytes))));
        }
        Self { child, stdin, shared, threads, status: None, dir: Some(dir), server }
    }

    /// Where the process runs.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.as_ref().expect("it is there until the end").path().join(name)
    }

    /// The number of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The name server.
    pub(crate) fn server(&self) -> &NameServer {
        self.server.as_ref().expect("the rig was given a name")
    }

    /// Appends to a file, in one write.
    pub(crate) fn append(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let file = OpenOptions::new().append(true).create(true).open(self.path(name));
        file.and_then(|mut file| file.write_all(text.as_ref())).unwrap_or_else(|error| panic!("{name}: {error}"));
        self
    }

    /// Renames a file.
    pub(crate) fn rename(self, from: &str, to: &str) -> Self {
        fs::rename(self.path(from), self.path(to)).unwrap_or_else(|error| panic!("{from}: {error}"));
        self
    }

    /// Cuts a file down to nothing.
    pub(crate) fn truncate(self, name: &str) -> Self {
        let file = OpenOptions::new().write(true).open(self.path(name));
        file.and_then(|file| file.set_len(0)).unwrap_or_else(|error| panic!("{name}: {error}"));
        self
    }

    /// Makes a directory.
    pub(crate) fn make_dir(self, name: &str) -> Self {
        fs::create_dir_all(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        self
    }

    /// Whether the process holds that file open.
    pub(crate) fn has_open(&self, name: &str) -> bool {
        let Ok(path) = fs::canonicalize(self.path(name)) else { return false };
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.pid())).into_iter().flatten().flatten();
        descriptors.into_iter().any(|descriptor| fs::read_link(descriptor.path()).is_ok_and(|target| target == path))
    }

    /// Whether the process writes nothing and does not end for so long.
    pub(crate) fn stays_silent(&self, span: Duration) -> bool {
        let size = |written: &mut Written| (written.stdout.len(), written.stderr.len(), written.ended);
        let mut written = self.shared.lock();
        let before = size(&mut written);
        let result = self.shared.more.wait_timeout_while(written, span, |written| size(written) == before);
        result.is_ok_and(|(_, timed_out)| timed_out.timed_out())
    }

    /// Writes to standard input, which is open.
    pub(crate) fn feed(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin.as_mut().expect("standard input is open").write_all(bytes.as_ref()).expect("the process reads");
        self
    }

    /// Ends standard input.
    pub(crate) fn close_stdin(mut self) -> Self {
        self.stdin = None;
        self
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(self, signal: Signal) -> Self {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the process is our child");
        self
    }

    /// Waits until the file has exactly that content.
    pub(crate) fn wait_for_file(self, name: &str, content: &str) -> Self {
        let mut last = String::new();
        self.wait_until(
            |me| {
                last = me.read(name);
                last == content
            },
            |last_seen| format!("{name} never became what was expected:\n{}", diff::lines(content, last_seen)),
            name,
        )
    }

    /// Waits until the file holds that text.
    pub(crate) fn wait_for_file_containing(self, name: &str, text: &str) -> Self {
        self.wait_until(|me| me.read(name).contains(text), |last| format!("{name} never held `{text}`, but\n{}", diff::cut(last)), name)
    }

    /// Waits until standard output holds that text.
    pub(crate) fn wait_for_stdout(self, text: &str) -> Self {
        self.wait_for(&format!("standard output never held `{text}`"), |me| lossy(&me.shared.lock().stdout).contains(text))
    }

    /// What was written to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        lossy(&self.shared.lock().stderr)
    }

    /// Waits until standard error holds that text.
    pub(crate) fn wait_for_stderr(self, text: &str) -> Self {
        self.wait_for(&format!("standard error never held `{text}`"), |me| lossy(&me.shared.lock().stderr).contains(text))
    }

    /// Waits until `met` says so; else the test fails with `otherwise`.
    pub(crate) fn wait_for(self, otherwise: &str, met: impl FnMut(&Self) -> bool) -> Self {
        self.wait_until(met, |_| otherwise.to_owned(), "")
    }

    fn wait_until(mut self, mut met: impl FnMut(&Self) -> bool, otherwise: impl Fn(&str) -> String, file: &str) -> Self {
        let deadline = deadline();
        loop {
            // Looked at first: what it wrote before it ended must be seen once more, and its readers may be late.
            let over = self.has_ended() && self.shared.lock().ended >= 2;
            if met(&self) {
                return self;
            }
            if over || Instant::now() >= deadline {
                let last = if file.is_empty() { String::new() } else { self.read(file) };
                let why = if over { "the process has ended" } else { "time is over" };
                panic!("{} ({why})\n{}", otherwise(&last), self.story());
            }
            self.pause();
        }
    }

    /// Waits for the end, which must have that status.
    pub(crate) fn expect_exit(self, status: i32) -> Outcome {
        self.end().expect_status(status)
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Outcome {
        self.stdin = None;
        let deadline = deadline();
        while !self.has_ended() || self.shared.lock().ended < 2 {
            assert!(Instant::now() < deadline, "the process does not end\n{}", self.story());
            self.pause();
        }
        let status = self.status.expect("it has ended");
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        let written = std::mem::take(&mut *self.shared.lock());
        Outcome::new(&written.stdout, &written.stderr, status, self.dir.take().expect("it is there until the end"), self.server.take())
    }

    fn has_ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().expect("the process is our child");
        }
        self.status.is_some()
    }

    /// Waits for more output, or until files are worth another look.
    fn pause(&self) {
        let written = self.shared.lock();
        let _ = self.shared.more.wait_timeout(written, LOOK);
    }

    fn read(&self, name: &str) -> String {
        fs::read(self.path(name)).map(|bytes| lossy(&bytes)).unwrap_or_default()
    }

    /// What the process has told so far.
    fn story(&self) -> String {
        let written = self.shared.lock();
        super::outcome::story(&lossy(&written.stdout), &lossy(&written.stderr))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.status.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        self.stdin = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Takes all that comes on one of the process's streams, or so many lines.
fn drain(
    stream: Option<impl Read + Send + 'static>,
    shared: &Arc<Shared>,
    place: fn(&mut Written) -> &mut Vec<u8>,
    head: Option<usize>,
) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    let mut stream = stream.expect("it is piped");
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let got = stream.read(&mut buffer).unwrap_or(0);
            let mut written = shared.lock();
            let all = place(&mut written);
            all.extend_from_slice(&buffer[..got]);
            // Whoever wants so many lines leaves behind the last of them.
            let mut ends = all.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
            let enough = head.and_then(|lines| ends.nth(lines - 1));
            if let Some(end) = enough {
                all.truncate(end);
            }
            let over = got == 0 || enough.is_some();
            written.ended += u8::from(over);
            shared.more.notify_all();
            if over {
                return;
            }
        }
    })
}
