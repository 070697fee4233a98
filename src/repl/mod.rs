//! The live shell: `deadbeat attach` and `deadbeat repl`. One shell and one command set: it knows of a process what comes through the
//! control socket, or through a pair of sockets where the train turns in the same process, and nothing else.
//!
//! In reading order: `link` (the connection, and the thread that listens), `known` (what is known of the process), `session` (lines
//! in, answers out), `screen` (where it is shown), `local` (the shell's own commands), `top`; `helper` and `colors` help who types;
//! `render`, `told` and `paint` make text of messages.

mod colors;
mod helper;
mod known;
mod link;
mod local;
mod paint;
mod render;
mod screen;
mod session;
mod told;
mod top;

use std::fs::File;
use std::io::BufRead;
use std::os::unix::net::UnixStream;

/// Where commands come from.
pub enum Commands {
    /// A terminal: lines are edited.
    Terminal,
    /// Line by line, without a prompt.
    Lines(Box<dyn BufRead>),
}

/// A shell that is about to begin.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Shell {
    /// The process's control.
    pub stream: UnixStream,
    /// Where commands come from.
    pub commands: Commands,
    /// Whether to colour.
    pub color: bool,
    /// Whether messages are shown as they come.
    pub json: bool,
    /// Whether the process is to remember events while the shell is there.
    pub record: bool,
    /// The train turns in this very process, and goes with the shell.
    pub own: bool,
    /// It runs from the start.
    pub runs: bool,
    /// What the train writes, to be shown above the prompt.
    pub outputs: Vec<File>,
}

impl Shell {
    /// Does what is asked until the shell is left or the process ends; gives the status: 0, or 1 where the process was lost.
    pub fn run(self) -> u8 {
        session::run(self, || 0)
    }

    /// As [`Shell::run`]; when it is left, `ends` waits for the train that turns in this process, and gives its status.
    pub fn run_with(self, ends: impl FnOnce() -> u8) -> u8 {
        session::run(self, ends)
    }
}
