//! A program at a pseudo-terminal: what is typed, and what stands on the screen.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};

use super::{deadline, search_path};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(2);

/// A program at a terminal; killed when it is dropped.
pub(crate) struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    written: Arc<Mutex<Vec<u8>>>,
    /// What was looked at already.
    seen: usize,
}

impl Terminal {
    /// `deadbeat` with these words, in that directory, whose `run` and `state` are its own, as is the editor, `editor.sh`.
    pub(crate) fn start(dir: &Path, words: &[&str]) -> Self {
        let (pty, its) = open().expect("there are terminals");
        pty.resize(Size::new(40, 100)).expect("it has a size");
        let child = Command::new(env!("CARGO_BIN_EXE_deadbeat"))
            .args(words)
            .current_dir(dir)
            .env("XDG_RUNTIME_DIR", dir.join("run"))
            .env("XDG_STATE_HOME", dir.join("state"))
            .env("PATH", search_path())
            .env("TERM", "xterm")
            .env("VISUAL", dir.join("editor.sh"))
            .env_remove("NO_COLOR")
            .spawn(its)
            .expect("the program starts");
        let (pty, written) = (Arc::new(pty), Arc::new(Mutex::new(Vec::new())));
        let (reads, into) = (Arc::clone(&pty), Arc::clone(&written));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(got @ 1..) = (&*reads).read(&mut buffer) {
                into.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..got]);
            }
        });
        Self { child, pty, written, seen: 0 }
    }

    /// The number of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All that was written, as it was.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// All that was written, without what moves and colours.
    pub(crate) fn text(&self) -> String {
        plain(&self.raw())
    }

    /// Types this.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        self.seen = self.text().len();
        (&*self.pty).write_all(keys.as_bytes()).expect("the terminal is there");
        self
    }

    /// Types a line.
    pub(crate) fn line(&mut self, line: &str) -> &mut Self {
        self.keys(&format!("{line}\r"))
    }

    /// Waits until that was written since the last keys, and gives what was.
    pub(crate) fn expect(&mut self, wanted: &str) -> String {
        let until = deadline();
        loop {
            let text = self.text();
            let new = text.get(self.seen..).unwrap_or_default();
            if new.contains(wanted) {
                return new.to_owned();
            }
            assert!(Instant::now() < until, "`{wanted}` was never shown, but:\n{text}");
            thread::sleep(LOOK);
        }
    }

    /// Leaves by Ctrl-D, and waits for the end. One that comes before the prompt is there again is the terminal's, not the editor's: it is
    /// pressed once more.
    pub(crate) fn leave(&mut self) -> ExitStatus {
        let until = deadline();
        loop {
            let again = Instant::now() + Duration::from_secs(1);
            let _ = (&*self.pty).write_all(b"\x04");
            while Instant::now() < again {
                if let Some(status) = self.child.try_wait().expect("it is our child") {
                    return status;
                }
                thread::sleep(LOOK);
            }
            assert!(Instant::now() < until, "it does not end:\n{}", self.text());
        }
    }

    /// Waits for the end of the program.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let until = deadline();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status;
            }
            assert!(Instant::now() < until, "it does not end:\n{}", self.text());
            thread::sleep(LOOK);
        }
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Text without escape sequences.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\x1b' => {
                if letters.next() == Some('[') {
                    for letter in letters.by_ref() {
                        if letter.is_ascii_alphabetic() || letter == '~' {
                            break;
                        }
                    }
                }
            }
            '\r' => {}
            _ => out.push(letter),
        }
    }
    out
}
