//! Whole files into a directory that others read: each is made apart, synced, and only then given its name there; many at once, on the
//! helper. What cannot be written is kept and tried again.
//!
//! `write` does that for some files, [`Deliverer`] says when, and what becomes of the events.

mod write;

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use self::write::Wrote;
pub use self::write::{Names, Writing};
use crate::cog::{Backlog, Ctx, Origins, Outcome, Shelf};
use crate::disk::{self, Disk};
use crate::error::{Result, plain};
use crate::escapement::{Moment, Token, Wake};
use crate::log::Priority;

/// Files written by one job, and bytes of them beyond which no further one is taken.
const AT_ONCE: (usize, usize) = (64, 8 << 20);
/// The first and the longest pause after an error.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Lasting trouble is told again after this.
const TELL: Duration = Duration::from_secs(60);

/// A drain's files, from the turn in which they were given to the moment in which they are stored.
pub struct Deliverer {
    writing: Arc<Writing>,
    disk: Arc<dyn Disk>,
    /// Files that are not in place yet, without those that are being written.
    waiting: VecDeque<Vec<u8>>,
    job: Option<(Token, Arc<Vec<Vec<u8>>>)>,
    /// Their events; first those of files that are in place and whose names are not synced.
    events: Shelf,
    unsynced: usize,
    pause: Option<Token>,
    /// How long the pause is, while there is trouble.
    trouble: Option<Duration>,
    told: Option<Moment>,
}

impl Deliverer {
    /// Nothing to be written yet.
    pub fn new(writing: Writing) -> Self {
        Self {
            writing: Arc::new(writing),
            disk: disk::real(),
            waiting: VecDeque::new(),
            job: None,
            events: Shelf::default(),
            unsynced: 0,
            pause: None,
            trouble: None,
            told: None,
        }
    }

    /// For the cog's `wind`.
    pub fn open(&mut self, ctx: &Ctx<'_>) {
        self.disk = Arc::clone(ctx.disk());
    }

    /// Takes the file of the event that is being turned.
    pub fn put(&mut self, ctx: &mut Ctx<'_>, bytes: Vec<u8>) {
        self.waiting.push_back(bytes);
        ctx.put_on(&mut self.events);
    }

    /// Has written what waits, unless something hinders that.
    ///
    /// # Errors
    /// The helper takes nothing any more.
    pub fn go_on(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.events.is_empty() || self.job.is_some() || self.pause.is_some() {
            return Ok(());
        }
        let (mut files, mut bytes) = (Vec::new(), 0);
        while files.len() < AT_ONCE.0
            && bytes < AT_ONCE.1
            && let Some(file) = self.waiting.pop_front()
        {
            bytes += file.len();
            files.push(file);
        }
        let files = Arc::new(files);
        let (disk, writing, given, unsynced) = (Arc::clone(&self.disk), Arc::clone(&self.writing), Arc::clone(&files), self.unsynced > 0);
        let job = async move {
            let wrote = tokio::task::spawn_blocking(move || writing.write(&*disk, &given, unsynced)).await.ok();
            Box::new(wrote) as Box<dyn Any + Send>
        };
        match ctx.offload(Box::pin(job)) {
            Ok(token) => self.job = Some((token, files)),
            Err(error) => {
                self.take_back(files, 0);
                return Err(error);
            }
        }
        Ok(())
    }

    /// All but the first files are to be written again.
    fn take_back(&mut self, files: Arc<Vec<Vec<u8>>>, placed: usize) {
        // The job has let go of them, unless it panicked just now.
        let files = Arc::try_unwrap(files).unwrap_or_else(|files| files.to_vec());
        files.into_iter().skip(placed).rev().for_each(|file| self.waiting.push_front(file));
    }

    /// Answers one of its bindings; gives the wake-up back when it is none of its own.
    pub fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Option<Wake> {
        let token = ctx.token();
        match wake {
            Wake::Answer(answer) if self.job.as_ref().is_some_and(|(job, _)| Some(*job) == token) => {
                let wrote = answer.downcast::<Option<Wrote>>().ok().and_then(|wrote| *wrote);
                if let Some((_, files)) = self.job.take() {
                    self.written(ctx, files, wrote);
                }
                None
            }
            Wake::Due { .. } if self.pause.is_some() && self.pause == token => {
                self.pause = None;
                None
            }
            Wake::GiveUp => {
                self.give_up(ctx);
                None
            }
            wake => Some(wake),
        }
    }

    fn written(&mut self, ctx: &mut Ctx<'_>, files: Arc<Vec<Vec<u8>>>, wrote: Option<Wrote>) {
        let wrote = wrote.unwrap_or_else(|| Wrote {
            trouble: Some((self.writing.target.clone(), io::Error::other("the helper failed"))),
            ..Wrote::default()
        });
        self.take_back(files, wrote.placed);
        self.unsynced += wrote.placed;
        if wrote.synced {
            self.events.settle(std::mem::take(&mut self.unsynced), Outcome::Delivered);
        }
        match wrote.trouble {
            Some((path, error)) => self.met(ctx, &path, &error),
            None if self.trouble.take().is_some() => {
                ctx.say(Priority::Notice, &format!("`{}` takes files again", self.writing.target.display()));
            }
            None => {}
        }
    }

    /// Something was refused: tries again later, and tells it now and then.
    fn met(&mut self, ctx: &mut Ctx<'_>, path: &std::path::Path, error: &io::Error) {
        let pause = self.trouble.map_or(PAUSES.0, |pause| (pause * 2).min(PAUSES.1));
        self.trouble = Some(pause);
        let now = ctx.now();
        if self.told.is_none_or(|told| now.since(told) >= TELL) {
            self.told = Some(now);
            let text = format!("cannot write `{}`: {}; keeps {} files and tries again", path.display(), plain(error), self.events.len());
            ctx.trouble(&text);
        }
        // Refused only after the end of life, when nothing can be done any more.
        self.pause = ctx.after(pause).ok();
    }

    /// For the cog's `finish`: no try waits for its pause.
    ///
    /// # Errors
    /// As [`Deliverer::go_on`].
    pub fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some(pause) = self.pause.take() {
            ctx.unbind(pause);
        }
        self.go_on(ctx)
    }

    /// The time is over: what is not stored stays open, so that a supply that can gives it again.
    fn give_up(&mut self, ctx: &mut Ctx<'_>) {
        let count = self.events.len();
        if count > 0 {
            ctx.say(Priority::Error, &format!("{count} files could not be written to `{}`", self.writing.target.display()));
            ctx.stop(1);
        }
        self.job = None;
        self.waiting.clear();
        self.unsynced = 0;
        self.events.abandon(false);
    }

    /// For the cog's `busy`: whether anything is not stored yet.
    pub fn is_busy(&self) -> bool {
        !self.events.is_empty()
    }

    /// What it keeps.
    pub fn backlog(&self) -> Backlog {
        Backlog { held: self.events.len(), stalled: self.pause.is_some() }
    }

    /// Of which supplies that is.
    pub fn kept_origins(&self) -> Origins {
        self.events.origins()
    }
}
