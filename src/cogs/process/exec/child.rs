//! One child process with its three pipes. It never outlives the value: that kills it, and takes it away from the list of processes.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child as Process, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{io, thread};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::activation;
use crate::cog::Ctx;
use crate::error::{Error, Result};
use crate::escapement::{Interest, Token};
use crate::start;

/// What the service manager tells us is not meant for programs that we start.
const OURS: [&str; 5] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID"];

/// How long a child that was killed is waited for when the program ends; in turns of a few milliseconds.
const TURNS: u32 = 100;
const TURN: Duration = Duration::from_millis(2);

/// Our end of a pipe, bound.
pub(super) struct Pipe {
    pub(super) fd: OwnedFd,
    pub(super) token: Token,
}

impl Pipe {
    /// Alone it does not keep the program alive: what waits for an answer does.
    fn bound(ctx: &mut Ctx<'_>, fd: OwnedFd, interest: Interest) -> Result<Self> {
        let blocks = |error: rustix::io::Errno| Error::os("make non-blocking", "a pipe", error.into());
        let flags = fcntl_getfl(&fd).map_err(blocks)?;
        fcntl_setfl(&fd, flags | OFlags::NONBLOCK).map_err(blocks)?;
        let token = ctx.fd(&fd, interest)?;
        ctx.weaken(token);
        Ok(Self { fd, token })
    }

    fn close(self, ctx: &mut Ctx<'_>) {
        ctx.unbind(self.token);
    }
}

pub(super) struct Child {
    process: Process,
    /// It has ended and was waited for: its number may be another's.
    ended: bool,
    pub(super) questions: Option<Pipe>,
    pub(super) answers: Option<Pipe>,
    pub(super) errors: Option<Pipe>,
}

impl Child {
    /// Starts the program in a group of processes of its own: a Ctrl-C at the terminal is for us, who end it in order.
    ///
    /// # Errors
    /// There is no such program, or none can be started now.
    pub(super) fn start(ctx: &mut Ctx<'_>, argv: &[String]) -> Result<Self> {
        let refused = |error: io::Error| Error::os("start", &argv[0], error);
        activation::keep_from_programs();
        let program: OsString =
            if argv[0].contains('/') { start::path(Path::new(&argv[0])).into_owned().into() } else { (&argv[0]).into() };
        let mut command = Command::new(program);
        command.args(&argv[1..]).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in OURS {
            command.env_remove(name);
        }
        if let Some(directory) = start::directory() {
            command.current_dir(directory);
        }
        let mut process = command.spawn().map_err(refused)?;
        let (stdin, stdout, stderr) = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let mut child = Self { process, ended: false, questions: None, answers: None, errors: None };
        if let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) {
            child.questions = Some(Pipe::bound(ctx, stdin.into(), Interest::WRITE)?);
            child.answers = Some(Pipe::bound(ctx, stdout.into(), Interest::READ)?);
            child.errors = Some(Pipe::bound(ctx, stderr.into(), Interest::READ)?);
        }
        Ok(child)
    }

    /// How it ended, if it has; what it has started ends with it.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        // While nobody has waited for it, its number is that of the group still, and no other's.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        if self.group().is_some_and(|group| matches!(waitid(WaitId::Pid(group), look), Ok(Some(_)))) {
            self.kill();
        }
        let status = self.process.try_wait().ok().flatten();
        self.ended |= status.is_some();
        status
    }

    /// Ends it at once, with all that it has started.
    pub(super) fn kill(&self) {
        if let Some(group) = self.group() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// The group that it leads, as long as the number is its own.
    fn group(&self) -> Option<Pid> {
        i32::try_from(self.process.id()).ok().and_then(Pid::from_raw).filter(|_| !self.ended)
    }

    pub(super) fn close_questions(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(pipe) = self.questions.take() {
            pipe.close(ctx);
        }
    }

    pub(super) fn close_answers(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(pipe) = self.answers.take() {
            pipe.close(ctx);
        }
    }

    pub(super) fn close_errors(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(pipe) = self.errors.take() {
            pipe.close(ctx);
        }
    }

    pub(super) fn close(&mut self, ctx: &mut Ctx<'_>) {
        self.close_questions(ctx);
        self.close_answers(ctx);
        self.close_errors(ctx);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
        // What was killed ends at once, unless it hangs in the kernel, which nothing here must wait for.
        for _ in 0..TURNS {
            if self.ended || self.ended().is_some() {
                return;
            }
            thread::sleep(TURN);
        }
    }
}

/// How it ended, as the end of a sentence.
pub(super) fn told(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("has exited with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "has ended".to_owned(),
    }
}
