//! Bringing to the disk what was written, off the loop's own time: after each batch, or before a checkpoint vouches for it.
//!
//! A failed sync means that nobody knows what is stored of all that was written since the last good one: it is written again,
//! to a file opened anew. That needs it to be kept until it is synced. Where a checkpoint will vouch for it, only so much is kept
//! as makes a second's flow in the common run; if a sync fails when more was written than that, no checkpoint is written any more,
//! and the next run reads it again.

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::{PAUSES, Sink, Wait};
use crate::cog::{Args, Ctx, Outcome, Param, Ty};
use crate::cogs::fs::outlet::Unsynced;
use crate::datum::Datum;
use crate::error::plain;
use crate::escapement::Token;
use crate::log::{self, Priority};

/// `fsync`.
pub(in crate::cogs::fs) const FSYNC: Param =
    Param::new("fsync", Ty::Either(&[Ty::Choice(Policy::WORDS), Ty::Bool])).or("checkpoint").about(
        "when lines are brought to the disk: \"checkpoint\", before a supply's checkpoint vouches for them; \"batch\" (true), after each write, and an event ends well only then; \"never\" (false), when the system sees fit",
    );

/// After so many failures in a row nothing more is written until the file is opened anew.
const FAILURES: u32 = 3;
/// So many bytes are kept until a checkpoint's sync.
const KEPT: u64 = 16 * 1024 * 1024;
/// When so much is kept for that, it is synced without being asked for: memory that is used again costs less than new one.
const EAGER: u64 = 2 * 1024 * 1024;

/// When lines are brought to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cogs::fs) enum Policy {
    Checkpoint,
    Batch,
    Never,
}

impl Policy {
    const WORDS: &[&str] = &["checkpoint", "batch", "never"];

    /// From the option.
    pub(in crate::cogs::fs) fn of(args: &Args) -> Self {
        match args.datum("fsync") {
            Datum::Bool(true) => Self::Batch,
            Datum::Bool(false) => Self::Never,
            word => match word.as_str() {
                Some("batch") => Self::Batch,
                Some("never") => Self::Never,
                _ => Self::Checkpoint,
            },
        }
    }
}

/// How far what was written has been synced.
#[derive(Debug)]
pub(super) struct Syncing {
    policy: Policy,
    /// A checkpoint vouches for what is written.
    vouched: bool,
    /// All before this place has reached the disk, if it was written at all. A line ends there.
    synced: u64,
    /// What a checkpoint waits for.
    wanted: Option<u64>,
    job: Option<Job>,
    /// In a row.
    failures: u32,
    /// The run ends: all that was written is to be synced.
    ending: bool,
    /// A sync failed of what is not kept any more: it may be stored or not.
    lost: bool,
}

#[derive(Debug)]
struct Job {
    token: Token,
    until: u64,
    files: Vec<Unsynced>,
}

impl Syncing {
    pub(super) const fn new(policy: Policy) -> Self {
        Self { policy, vouched: false, synced: 0, wanted: None, job: None, failures: 0, ending: false, lost: false }
    }

    /// Whether events end well only when their lines are synced.
    pub(super) fn is_awaited(&self) -> bool {
        self.policy == Policy::Batch
    }

    /// Whether nothing may be written while a sync goes on.
    pub(super) fn holds_writes(&self) -> bool {
        self.is_awaited() && self.job.is_some()
    }

    /// Whether this is the answer of a sync.
    pub(super) fn waits_for(&self, token: Option<Token>) -> bool {
        self.job.as_ref().is_some_and(|job| Some(job.token) == token)
    }

    /// From where on bytes must be kept, when all lines before `line_end` are written.
    pub(super) fn keeps_from(&self, line_end: u64) -> u64 {
        match self.policy {
            Policy::Batch => self.synced,
            Policy::Checkpoint if self.vouched => self.synced.max(line_end.saturating_sub(KEPT)),
            Policy::Checkpoint | Policy::Never => line_end,
        }
    }

    /// The run ends.
    pub(super) fn ends(&mut self) {
        self.ending = true;
    }

    /// The file is opened anew: what failed may succeed now.
    pub(super) fn try_again(&mut self) {
        self.failures = 0;
    }
}

impl Sink {
    /// For the cog's `sync`.
    pub(in crate::cogs::fs) fn sync(&mut self, ctx: &mut Ctx<'_>) {
        if self.syncing.policy != Policy::Checkpoint || !self.outlet.can_sync() {
            return;
        }
        self.syncing.vouched = true;
        if self.syncing.lost {
            return self.forsake(ctx);
        }
        if self.syncing.synced < self.settled {
            self.syncing.wanted = Some(self.settled);
            self.begin_sync(ctx);
        }
    }

    /// For the cog's `is_syncing`.
    pub(in crate::cogs::fs) fn is_syncing(&self) -> bool {
        let syncing = &self.syncing;
        syncing.vouched && (syncing.lost || syncing.wanted.is_some_and(|wanted| syncing.synced < wanted))
    }

    /// Whether the end of the run waits for a sync.
    pub(super) fn is_ending_sync(&self) -> bool {
        let syncing = &self.syncing;
        syncing.ending && syncing.vouched && !syncing.lost && syncing.synced < self.settled
    }

    /// For the cog's `done`: makes up for a sync that there was no time for, while the caller waits.
    pub(in crate::cogs::fs) fn done(&mut self) {
        if self.syncing.policy != Policy::Checkpoint || !self.syncing.vouched || self.syncing.synced >= self.settled {
            return;
        }
        self.syncing.wanted = Some(self.settled);
        if self.syncing.lost || self.line_end < self.settled {
            return;
        }
        let mut files = self.syncing.job.take().map_or_else(Vec::new, |job| job.files);
        files.extend(self.outlet.take_unsynced());
        match files.iter().try_for_each(|file| file.sync(&*self.disk)) {
            Ok(()) => self.syncing.synced = self.settled,
            Err(error) => log::error(format_args!("cannot sync `{}`: {}", self.outlet.path().display(), plain(&error))),
        }
    }

    /// For the cog's `sync_now`.
    pub(in crate::cogs::fs) fn sync_now(&mut self) -> bool {
        self.done();
        !self.is_syncing()
    }

    /// Has what is written brought to the disk by the helper, when it is time for that.
    pub(super) fn begin_sync(&mut self, ctx: &mut Ctx<'_>) {
        let (syncing, until) = (&self.syncing, self.line_end);
        let due = match syncing.policy {
            Policy::Batch => true,
            // A file that was left is let go of when it is synced.
            Policy::Checkpoint => {
                let vouched = syncing.vouched && (syncing.ending || until.saturating_sub(syncing.synced) >= EAGER);
                syncing.wanted.is_some() || vouched || self.outlet.has_left()
            }
            Policy::Never => false,
        };
        if !due || syncing.job.is_some() || syncing.lost || until <= syncing.synced || matches!(self.wait, Some(Wait::Failed)) {
            return;
        }
        let files = self.outlet.take_unsynced();
        if files.is_empty() {
            return self.synced(ctx, until, Ok(()));
        }
        let (disk, unsynced) = (Arc::clone(&self.disk), files.clone());
        let job = async move {
            let sync = move || unsynced.iter().try_for_each(|file| file.sync(&*disk));
            let done: io::Result<()> =
                tokio::task::spawn_blocking(sync).await.unwrap_or_else(|_| Err(io::Error::other("the helper failed")));
            Box::new(done) as Box<dyn Any + Send>
        };
        match ctx.offload(Box::pin(job)) {
            Ok(token) => self.syncing.job = Some(Job { token, until, files }),
            Err(error) => self.synced(ctx, until, Err(io::Error::other(error.to_string()))),
        }
    }

    pub(super) fn sync_answered(&mut self, ctx: &mut Ctx<'_>, answer: Box<dyn Any + Send>) {
        let done = answer.downcast::<io::Result<()>>().map_or_else(|_| Err(io::Error::other("the helper failed")), |done| *done);
        if let Some(job) = self.syncing.job.take() {
            self.synced(ctx, job.until, done);
        }
    }

    /// All lines before `until` have been synced, or must be written again.
    fn synced(&mut self, ctx: &mut Ctx<'_>, until: u64, done: io::Result<()>) {
        if let Err(error) = done {
            return self.unsynced(ctx, &error);
        }
        let syncing = &mut self.syncing;
        if std::mem::take(&mut syncing.failures) > 0 {
            ctx.say(Priority::Notice, &format!("`{}` can be synced again", self.outlet.path().display()));
        }
        syncing.synced = until;
        syncing.wanted = syncing.wanted.filter(|wanted| *wanted > until);
        if syncing.is_awaited() {
            self.settle(self.ends.partition_point(|end| *end <= until), Outcome::Delivered);
        }
        self.pieces.forget(self.syncing.keeps_from(self.line_end));
        self.begin_sync(ctx);
    }

    /// Nobody knows what is stored of all that was written since the last good sync.
    fn unsynced(&mut self, ctx: &mut Ctx<'_>, error: &io::Error) {
        let (path, error) = (self.outlet.path().display(), plain(error));
        if self.pieces.start() > self.syncing.synced {
            ctx.say(Priority::Error, &format!("cannot sync `{path}`: {error}; a loss of power may take what was written last"));
            self.syncing.lost = true;
            return self.forsake(ctx);
        }
        self.syncing.failures += 1;
        let failed = self.syncing.failures >= FAILURES;
        if failed {
            let text = format!(
                "cannot sync `{path}` at {FAILURES} tries: {error}; writes nothing more until `reopen_signal` comes or the next run"
            );
            ctx.say(Priority::Crit, &text);
        } else {
            ctx.say(Priority::Error, &format!("cannot sync `{path}`: {error}; writes it again"));
        }
        (self.written, self.line_end) = (self.syncing.synced, self.syncing.synced);
        // All of it goes to the file that is opened next.
        self.outlet.take_unsynced();
        self.outlet.reopen();
        let pause = PAUSES.0 * 2_u32.pow(self.syncing.failures);
        let wait = if failed { Some(Wait::Failed) } else { ctx.after(pause.min(Duration::from_secs(1))).ok().map(Wait::Pause) };
        self.set_wait(ctx, wait);
    }

    /// What a checkpoint should vouch for may be lost: none is written any more, so that the next run reads it again.
    fn forsake(&mut self, ctx: &mut Ctx<'_>) {
        if self.syncing.vouched {
            let path = self.outlet.path().display();
            ctx.say(Priority::Crit, &format!("`{path}` could not be synced: ends, so that the next run goes on at the last checkpoint"));
            ctx.stop(1);
        }
    }

    /// What is not stored will not be in this run.
    pub(super) fn drop_all(&mut self, expected: bool) {
        // A sync may still find out what becomes of the rest, but it cannot be written again.
        self.syncing.lost |= self.line_end < self.settled;
        self.pieces.clear();
        (self.written, self.line_end) = (self.pieces.end(), self.pieces.end());
        self.ends.clear();
        self.events.abandon(expected);
    }
}
