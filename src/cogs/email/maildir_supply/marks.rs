//! When messages are marked: not before what was made of them has reached the disk.
//!
//! What is settled gathers while the drains sync for those before it (`Ctx::sync_drains`), and while the helper marks those; so a mark
//! never vouches for data that a loss of power could take back, and a crowd of messages costs few syncs. The last ones are marked in
//! `Cog::done`, when all else is stored.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::mark::{Mark, mark};
use super::scan::{Note, Rules};
use super::take::{Finder, Mail};
use crate::cog::Ctx;
use crate::cogs::email::name::{FLAGGED, Name};
use crate::cogs::email::pool;
use crate::disk::{self, Disk};
use crate::error::{Result, plain};
use crate::escapement::{Moment, Token, Wake};
use crate::log::{self, Priority};

/// The first and the longest pause after an error.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Lasting trouble is told again after this.
const TELL: Duration = Duration::from_secs(60);

/// A message that has been settled.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub(super) mail: Mail,
    pub(super) failed: bool,
}

/// Marks messages.
#[derive(Debug)]
pub(super) struct Marks {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    folders: Vec<PathBuf>,
    /// For those that went well, and for those that failed.
    mark: Mark,
    on_failed: Mark,
    rules: Rules,
    /// Settled since the drains were last asked to sync.
    settled: Vec<Settled>,
    /// The drains sync for these.
    syncing: Option<Vec<Settled>>,
    /// To be marked.
    due: Vec<Settled>,
    job: Option<(Token, Vec<Settled>)>,
    pause: Option<Token>,
    /// How long the next pause is, while there is trouble.
    trouble: Option<Duration>,
    told: Option<Moment>,
    /// The run ends: the rest is marked in its last moment.
    ending: bool,
    /// What was stored may not be: nothing is marked any more.
    frozen: bool,
}

/// What marking one message gave: its name, if it is still there.
type Done = io::Result<Option<Name>>;

/// A message that is marked, and what is to be noted under which unique name.
pub(super) type Marked = (Mail, Option<(OsString, Note)>);

impl Marks {
    pub(super) fn new(root: PathBuf, folders: Vec<PathBuf>, mark: Mark, on_failed: Mark, rules: Rules) -> Self {
        Self {
            disk: disk::real(),
            root,
            folders,
            mark,
            on_failed,
            rules,
            settled: Vec::new(),
            syncing: None,
            due: Vec::new(),
            job: None,
            pause: None,
            trouble: None,
            told: None,
            ending: false,
            frozen: false,
        }
    }

    /// Lets the drains know that what they write will be vouched for.
    pub(super) fn open(&mut self, ctx: &mut Ctx<'_>) {
        self.disk = Arc::clone(ctx.disk());
        ctx.sync_drains();
    }

    /// A message has been settled.
    pub(super) fn add(&mut self, settled: Settled) {
        if !self.frozen {
            self.settled.push(settled);
        }
    }

    /// Goes on with what can be done now.
    pub(super) fn go_on(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.ending || self.frozen {
            return Ok(());
        }
        if self.syncing.is_none() && !self.settled.is_empty() {
            self.syncing = Some(std::mem::take(&mut self.settled));
            ctx.sync_drains();
        }
        if self.job.is_some() || self.pause.is_some() || self.due.is_empty() {
            return Ok(());
        }
        let group = std::mem::take(&mut self.due);
        let work = self.work(group.clone());
        match ctx.offload(pool::job(work)) {
            Ok(token) => self.job = Some((token, group)),
            Err(error) => {
                self.due = group;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Marks all of these.
    fn work(&self, group: Vec<Settled>) -> impl FnOnce() -> Vec<Done> + Send + use<> {
        let (disk, root, folders) = (Arc::clone(&self.disk), self.root.clone(), self.folders.clone());
        let marks = (self.mark.clone(), self.on_failed.clone());
        move || {
            let mut finders: Vec<Finder<'_>> = folders.iter().map(|folder| Finder::new(&*disk, folder)).collect();
            let one = |Settled { mail, failed }: &Settled| {
                let how = if *failed { &marks.1 } else { &marks.0 };
                mark(&mut finders[mail.folder as usize], &root, mail, how)
            };
            group.iter().map(one).collect()
        }
    }

    /// Answers one of its bindings: with those that are marked, and what is to be noted of them. Gives the wake-up back when it is none
    /// of its own.
    pub(super) fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<Vec<Marked>, Wake> {
        let token = ctx.token();
        match wake {
            Wake::Synced => {
                self.due.extend(self.syncing.take().unwrap_or_default());
                Ok(Vec::new())
            }
            Wake::Due { .. } if token.is_some() && token == self.pause => {
                self.pause = None;
                Ok(Vec::new())
            }
            Wake::Answer(answer) if self.job.as_ref().is_some_and(|(job, _)| Some(*job) == token) => {
                let group = self.job.take().map(|(_, group)| group).unwrap_or_default();
                let done =
                    pool::answer(answer).unwrap_or_else(|| group.iter().map(|_| Err(io::Error::other("the helper failed"))).collect());
                Ok(self.marked(ctx, group, done))
            }
            wake => Err(wake),
        }
    }

    fn marked(&mut self, ctx: &mut Ctx<'_>, group: Vec<Settled>, done: Vec<Done>) -> Vec<Marked> {
        let mut marked = Vec::new();
        let mut failed = None;
        for (settled, done) in group.into_iter().zip(done) {
            match done {
                Ok(Some(name)) => {
                    let note = self.note(&settled, &name);
                    marked.push((settled.mail, note));
                }
                Ok(None) => {
                    ctx.say(Priority::Notice, &gone(&settled.mail));
                    marked.push((settled.mail, None));
                }
                Err(error) => {
                    self.due.push(settled);
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) => self.trouble(ctx, &error),
            None if self.trouble.take().is_some() => ctx.say(Priority::Notice, "messages can be marked again"),
            None => {}
        }
        marked
    }

    /// What is to be noted of a message that is called so now: nothing where its flags tell all.
    fn note(&self, settled: &Settled, name: &Name) -> Option<(OsString, Note)> {
        let how = if settled.failed { &self.on_failed } else { &self.mark };
        let done = self.rules.is_done(name);
        if matches!(how, Mark::Delete | Mark::Move(_)) || done && !self.rules.all {
            return None;
        }
        let flagged = !done && settled.failed && *how == Mark::Flag(FLAGGED);
        Some((name.unique.clone(), Note { done, flagged, missed: false }))
    }

    fn trouble(&mut self, ctx: &mut Ctx<'_>, error: &io::Error) {
        let now = ctx.now();
        let pause = self.trouble.map_or(PAUSES.0, |pause| (pause * 2).min(PAUSES.1));
        self.trouble = Some(pause);
        if self.told.is_none_or(|told| now.since(told) >= TELL) {
            self.told = Some(now);
            let text = format!(
                "cannot mark messages in `{}`: {}; {} wait for it, and it is tried again",
                self.root.display(),
                plain(error),
                self.due.len()
            );
            ctx.say(Priority::Error, &text);
        }
        // Refused only after the end of life: the last try is made there.
        self.pause = ctx.after(pause).ok();
    }

    /// What was settled since the last sync may not be stored.
    pub(super) fn freeze(&mut self) {
        self.frozen = true;
        self.settled.clear();
        self.syncing = None;
        self.due.clear();
    }

    /// The run ends. Only what the helper does already is waited for.
    pub(super) fn end(&mut self, ctx: &mut Ctx<'_>) {
        self.ending = true;
        if let Some(pause) = self.pause.take() {
            ctx.unbind(pause);
        }
    }

    /// Whether the helper is marking.
    pub(super) fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    /// The helper has not answered in time: nobody knows what it has marked.
    pub(super) fn give_up(&mut self, ctx: &mut Ctx<'_>) {
        if let Some((job, _)) = self.job.take() {
            ctx.unbind(job);
        }
    }

    /// Marks what is left, while the caller waits: all of it is stored.
    pub(super) fn done(&mut self) {
        if self.frozen {
            return;
        }
        let mut all = std::mem::take(&mut self.due);
        all.extend(self.syncing.take().unwrap_or_default());
        all.append(&mut self.settled);
        // The run ended at once, perhaps while the helper was at it: to mark a message twice does no harm.
        all.extend(self.job.take().map(|(_, group)| group).unwrap_or_default());
        let count = all.len();
        let done = self.work(all.clone())();
        for (settled, _) in all.iter().zip(&done).filter(|(_, done)| matches!(done, Ok(None))) {
            log::notice(gone(&settled.mail));
        }
        let failed: Vec<io::Error> = done.into_iter().filter_map(Result::err).collect();
        if let Some(error) = failed.first() {
            let text = format!("{} of the last {count} messages could not be marked: {}; they run again", failed.len(), plain(error));
            log::error(text);
        }
    }
}

fn gone(mail: &Mail) -> String {
    format!("message `{}` is gone: somebody else has removed it before it was marked", mail.name.unique.display())
}
