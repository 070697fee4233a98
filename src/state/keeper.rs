//! When a checkpoint is written: some time after something changed, sooner when much did, and never on the loop's own time.
//!
//! First what it will say is put into words. Then the drains bring to the disk what they had written by then (`Ctx::sync_drains`),
//! and only then the helper writes it: so it never vouches for data that a loss of power could take back.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::file::{Checkpoint, Found};
use super::form::{Draft, Words};
use super::{LEAST, Options};
use crate::cog::Ctx;
use crate::error::{Result, plain};
use crate::escapement::{Moment, Token, Wake};
use crate::log::{self, Priority};

/// So many settled origins are reason enough not to wait.
const MANY: usize = 1000;
/// The longest pause after an error.
const PAUSE: Duration = Duration::from_secs(60);

/// What is being done about it.
#[derive(Debug)]
enum Phase {
    Rest,
    /// The drains sync.
    Syncing(Draft),
    /// The helper writes.
    Writing(Token),
}

/// Writes a checkpoint when it is due.
#[derive(Debug)]
pub struct Keeper {
    file: Arc<Checkpoint>,
    interval: Duration,
    phase: Phase,
    changed: bool,
    /// Origins settled since the last one was begun.
    settled: usize,
    /// When the last one was begun.
    last: Option<Moment>,
    due: Option<(Moment, Token)>,
    /// The pause after an error; that it failed has been told.
    trouble: Option<Duration>,
}

impl Keeper {
    /// Opens the checkpoint of a cog of that kind.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn open(ctx: &Ctx<'_>, options: &Options, kind: &'static str) -> Result<(Self, Found)> {
        let (file, found) = Checkpoint::open(ctx.disk(), &options.path, kind, options.on_bad, ctx.wall())?;
        let keeper = Self {
            file: Arc::new(file),
            interval: options.interval,
            phase: Phase::Rest,
            changed: false,
            settled: 0,
            last: None,
            due: None,
            trouble: None,
        };
        Ok((keeper, found))
    }

    /// What it would say has changed, by that many settled origins.
    ///
    /// # Errors
    /// A deadline cannot be bound.
    pub fn changed(&mut self, ctx: &mut Ctx<'_>, settled: usize) -> Result<()> {
        self.changed = true;
        self.settled += settled;
        self.plan(ctx)
    }

    /// Sees to it that it is written in time.
    fn plan(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if !self.changed || !matches!(self.phase, Phase::Rest) {
            return Ok(());
        }
        let now = ctx.now();
        let due = match self.trouble {
            Some(pause) => self.due.map_or(now + pause, |(due, _)| due),
            None if self.settled >= MANY => self.last.map_or(now, |last| now.max(last + LEAST)),
            None => self.due.map_or(now + self.interval, |(due, _)| due),
        };
        match self.due {
            Some((at, _)) if at <= due => return Ok(()),
            Some((_, token)) => {
                ctx.unbind(token);
            }
            None => {}
        }
        let token = ctx.at(due)?;
        // The end of the run writes it in any case.
        ctx.weaken(token);
        self.due = Some((due, token));
        Ok(())
    }

    /// Answers one of its bindings, with `words` as what is to be said; gives the wake-up back when it is none of its own.
    ///
    /// # Errors
    /// A deadline cannot be bound.
    pub fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake, words: impl FnOnce() -> Words) -> Result<Option<Wake>> {
        let token = ctx.token();
        match (&self.phase, wake) {
            (_, Wake::Due { .. }) if token.is_some() && self.due.map(|(_, due)| due) == token => {
                self.due = None;
                self.changed = false;
                self.settled = 0;
                self.last = Some(ctx.now());
                self.phase = Phase::Syncing(self.file.next(words(), false));
                ctx.sync_drains();
            }
            (Phase::Syncing(_), Wake::Synced) => self.write(ctx)?,
            (Phase::Writing(writing), Wake::Answer(answer)) if token == Some(*writing) => {
                self.phase = Phase::Rest;
                let done = answer.downcast::<io::Result<()>>().map_or_else(|_| Err(io::Error::other("the helper failed")), |done| *done);
                self.written(ctx, done)?;
            }
            (_, Wake::Synced) => {}
            (_, wake) => return Ok(Some(wake)),
        }
        Ok(None)
    }

    /// Hands what was put into words to the helper.
    fn write(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let Phase::Syncing(draft) = std::mem::replace(&mut self.phase, Phase::Rest) else { return Ok(()) };
        let file = Arc::clone(&self.file);
        let job = async move {
            let done = tokio::task::spawn_blocking(move || file.save(&draft)).await;
            let done: io::Result<()> = done.unwrap_or_else(|_| Err(io::Error::other("the helper failed")));
            Box::new(done) as Box<dyn std::any::Any + Send>
        };
        let token = ctx.offload(Box::pin(job))?;
        ctx.weaken(token);
        self.phase = Phase::Writing(token);
        Ok(())
    }

    fn written(&mut self, ctx: &mut Ctx<'_>, done: io::Result<()>) -> Result<()> {
        match done {
            Ok(()) => {
                if self.trouble.take().is_some() {
                    ctx.say(Priority::Notice, "the state file can be written again");
                }
            }
            Err(error) => self.failed(&error, |text| ctx.say(Priority::Warning, text)),
        }
        self.plan(ctx)
    }

    fn failed(&mut self, error: &io::Error, tell: impl FnOnce(&str)) {
        if self.trouble.is_none() {
            let path = self.file.path().display();
            let text = format!("cannot write state file `{path}`: {}; keeps the one there is and tries again", plain(error));
            tell(&text);
        }
        self.changed = true;
        self.trouble = Some(self.trouble.map_or(self.interval, |pause| (pause * 2).min(PAUSE)));
    }

    /// Writes it now, while the caller waits: before the first event and after the last one.
    pub fn write_now(&mut self, words: Words, clean: bool) {
        match self.file.save(&self.file.next(words, clean)) {
            Ok(()) => self.changed = false,
            Err(error) => self.failed(&error, |text| log::warning(text)),
        }
    }

    /// As [`Checkpoint::mark`]; what cannot be noted is not.
    pub fn mark(&self, text: &str) {
        let _ = self.file.mark(text);
    }

    /// As [`Checkpoint::marked`].
    pub fn marked(&self) -> String {
        self.file.marked()
    }
}
