//! What is left of a process: its status, what it wrote, its files.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;

use tempfile::TempDir;

use super::diff;
use super::dns::NameServer;
use super::running::lossy;

/// A process that has ended.
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The exit status; the negative number of the signal that ended it.
    pub(crate) status: i32,
    dir: TempDir,
    /// What it was asked stays known.
    pub(crate) server: Option<NameServer>,
}

impl Outcome {
    pub(super) fn new(stdout: &[u8], stderr: &[u8], status: ExitStatus, dir: TempDir, server: Option<NameServer>) -> Self {
        let status = status.code().unwrap_or_else(|| -status.signal().unwrap_or(0));
        Self { stdout: lossy(stdout), stderr: lossy(stderr), status, dir, server }
    }

    /// Where the file stands.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file's content; empty when there is none.
    pub(crate) fn file(&self, name: &str) -> String {
        fs::read(self.path(name)).map(|bytes| lossy(&bytes)).unwrap_or_default()
    }

    /// It ended with that status.
    #[track_caller]
    pub(crate) fn expect_status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "the exit status\n{}", story(&self.stdout, &self.stderr));
        self
    }

    /// It wrote exactly that to standard output.
    #[track_caller]
    pub(crate) fn expect_stdout(self, text: &str) -> Self {
        assert!(self.stdout == text, "standard output:\n{}{}", diff::lines(text, &self.stdout), story("", &self.stderr));
        self
    }

    /// It wrote exactly that to standard error.
    #[track_caller]
    pub(crate) fn expect_stderr(self, text: &str) -> Self {
        assert!(self.stderr == text, "standard error:\n{}", diff::lines(text, &self.stderr));
        self
    }

    /// All of these stand on standard error.
    #[track_caller]
    pub(crate) fn expect_told<const N: usize>(self, texts: [&str; N]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "standard error lacks `{text}`\n{}", story(&self.stdout, &self.stderr));
        }
        self
    }

    /// The file has exactly that content.
    #[track_caller]
    pub(crate) fn expect_file(self, name: &str, text: &str) -> Self {
        let content = self.file(name);
        assert!(content == text, "{name}:\n{}{}", diff::lines(text, &content), story("", &self.stderr));
        self
    }
}

/// What a process told, for the message of a test that failed.
pub(super) fn story(stdout: &str, stderr: &str) -> String {
    let mut text = String::new();
    for (name, content) in [("standard output", stdout), ("standard error", stderr)] {
        if !content.is_empty() {
            let _ = write!(text, "--- {name}:\n{}\n", diff::cut(content));
        }
    }
    text
}
