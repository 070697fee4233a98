//! When files are written, and what becomes of their events: each job takes what has come since the last one began. When there are too many
//! files in `incoming`, or the system refuses, nothing is written for a while, and nothing is lost.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::write::Wrote;
use super::{FilerDrain, Job};
use crate::cog::{Ctx, Outcome};
use crate::cogs::fs::filer::{answered, offload};
use crate::disk::{Disk, retry};
use crate::error::{Result, plain};
use crate::escapement::{Moment, Wake};
use crate::log::Priority;

/// Files written by one job, and bytes of them.
const AT_ONCE: (usize, usize) = (64, 8 << 20);
/// How long it is trusted how many files there were: others write too.
const TRUST: Duration = Duration::from_secs(1);

/// `limit` and `limit_wait`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) most: usize,
    pub(super) wait: Duration,
}

/// How many files there may be more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    room: usize,
    when: Moment,
}

/// What a job gave.
enum Done {
    /// There is no room for a file.
    Full,
    Wrote {
        wrote: Wrote,
        /// So many more there may be, where that was counted.
        room: Option<usize>,
    },
}

impl FilerDrain {
    /// Answers one of its bindings.
    pub(super) fn woken(&mut self, ctx: &mut Ctx<'_>, wake: Wake) {
        let token = ctx.token();
        match wake {
            Wake::Answer(answer) if self.job.as_ref().map(|job| job.token) == token => {
                let job = self.job.take();
                self.stored(ctx, job, answered(answer));
            }
            Wake::Answer(answer) if self.cleaning == token => {
                self.cleaning = None;
                match answered::<std::io::Result<usize>>(answer) {
                    Some(Ok(count @ 1..)) => {
                        let text = format!("removed {count} old files from `{}` that were never whole", self.writing.temp.display());
                        ctx.say(Priority::Notice, &text);
                    }
                    Some(Err(error)) => {
                        ctx.say(Priority::Warning, &format!("cannot clean `{}`: {}", self.writing.temp.display(), plain(&error)));
                    }
                    _ => {}
                }
            }
            Wake::Due { .. } if self.full.is_some() && self.full == token => self.full = None,
            Wake::Due { .. } => {
                self.trouble.answers(token);
            }
            Wake::GiveUp => self.give_up(ctx),
            _ => {}
        }
    }

    /// Has written what waits, unless something hinders that.
    pub(super) fn store(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.events.is_empty() || self.job.is_some() || self.trouble.waits() || self.full.is_some() {
            return Ok(());
        }
        let now = ctx.now();
        let room = self.count.filter(|count| count.room > 0 && now.since(count.when) < TRUST).map(|count| count.room);
        let most = AT_ONCE.0.min(if self.limit.is_some() { room.unwrap_or(AT_ONCE.0) } else { AT_ONCE.0 });
        let mut bytes = 0;
        let mut items = Vec::with_capacity(self.waiting.len().min(most));
        while items.len() < most
            && bytes < AT_ONCE.1
            && let Some(item) = self.waiting.pop_front()
        {
            bytes += item.bytes.len();
            items.push(item);
        }
        let items = Arc::new(items);
        let (disk, writing, given) = (Arc::clone(&self.disk), Arc::clone(&self.writing), Arc::clone(&items));
        let (unsynced, wall, limit) = (self.unsynced > 0, ctx.wall(), self.limit.filter(|_| room.is_none()));
        let token = offload(ctx, move || {
            let room = limit.map(|limit| room_in(&*disk, &writing.incoming, limit));
            match room {
                // What cannot be counted cannot be written to either, and that tells why.
                Some(0) if !unsynced => Done::Full,
                room => {
                    let count = given.len().min(room.unwrap_or(usize::MAX));
                    Done::Wrote { wrote: writing.write(&*disk, &given[..count], unsynced, wall), room }
                }
            }
        })?;
        self.job = Some(Job { token, items });
        Ok(())
    }

    fn stored(&mut self, ctx: &mut Ctx<'_>, job: Option<Job>, done: Option<Done>) {
        let mut items = job.and_then(|job| Arc::try_unwrap(job.items).ok()).unwrap_or_default();
        let placed = match &done {
            Some(Done::Wrote { wrote, .. }) => wrote.placed,
            _ => 0,
        };
        items.drain(..placed);
        for item in items.into_iter().rev() {
            self.waiting.push_front(item);
        }
        match done {
            Some(Done::Wrote { wrote, room }) => {
                if let Some(room) = room {
                    self.count = Some(Count { room, when: ctx.now() });
                }
                if let Some(count) = &mut self.count {
                    count.room = count.room.saturating_sub(placed);
                }
                self.unsynced += placed;
                if wrote.synced {
                    self.events.settle(std::mem::take(&mut self.unsynced), Outcome::Delivered);
                }
                match wrote.trouble {
                    Some((path, error)) => {
                        let text = format!(
                            "cannot write `{}`: {}; keeps {} files and tries again",
                            path.display(),
                            plain(&error),
                            self.events.len()
                        );
                        self.trouble.met(ctx, &text);
                    }
                    None if placed > 0 => {
                        let path = &self.writing.incoming;
                        self.trouble.over(ctx, || format!("`{}` takes files again", path.display()));
                    }
                    None => {}
                }
            }
            Some(Done::Full) => {
                self.count = None;
                if let Some(limit) = self.limit {
                    self.full = ctx.after(limit.wait).ok();
                }
            }
            None => self.trouble.met(ctx, "the helper failed; tries again"),
        }
    }

    /// Counts anew how many files there are.
    pub(super) fn look_again(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(full) = self.full.take() {
            ctx.unbind(full);
        }
        self.count = None;
    }

    /// The time is over: what is not stored stays open, so that a supply that can gives it again.
    fn give_up(&mut self, ctx: &mut Ctx<'_>) {
        let count = self.events.len();
        if count > 0 {
            let text = format!("{count} files could not be written to `{}`", self.writing.incoming.display());
            ctx.say(Priority::Error, &text);
            ctx.stop(1);
        }
        self.job = None;
        self.waiting.clear();
        self.unsynced = 0;
        self.events.abandon(false);
    }
}

/// How many files there may be more in `incoming`.
fn room_in(disk: &dyn Disk, incoming: &Path, limit: Limit) -> usize {
    let visible = |name: &std::ffi::OsString| !name.as_encoded_bytes().starts_with(b".");
    let names = retry(|| disk.list(incoming)).map(|names| names.iter().filter(|name| visible(name)).count());
    names.map_or(limit.most, |count| limit.most.saturating_sub(count))
}
