//! The end of a file's life: its event is settled, the drains have synced what was made of it, and it goes.

use std::time::Duration;

use super::FilerSupply;
use super::clear::{Due, Fate, clear};
use super::steps::WINDOW;
use crate::cog::{Ctx, Settled, Why};
use crate::datum::{Datum, Map, json};
use crate::error::{Result, plain};
use crate::log;

/// The drains are asked to sync at most so often, unless files wait for it.
const ASK: Duration = Duration::from_secs(1);
/// Files wait for it when no more than so many can be taken.
const SCARCE: usize = 32;

impl FilerSupply {
    /// These origins are settled.
    pub(super) fn note_settled(&mut self, ctx: &mut Ctx<'_>, done: &[Settled]) {
        for (settled, number) in done.iter().flat_map(|settled| settled.numbers().map(move |number| (settled, number))) {
            let why = if settled.failed { ctx.why_failed(number) } else { None };
            // Those before a panic belong to a file that was put back.
            let Some(open) = self.open.remove(&number) else { continue };
            let own = |error| Why { cog: ctx.name().into(), error };
            let fate = match open.fault {
                Some(fault) => Fate::Failed(self.meta_of(ctx, own(fault))),
                // It would not have failed with more time.
                None if settled.failed && ctx.gives_up() => Fate::Back,
                None if settled.failed => Fate::Failed(self.meta_of(ctx, why.unwrap_or_else(|| own("failed".into())))),
                None => {
                    self.stored.push(open.name);
                    continue;
                }
            };
            self.due.push(Due { name: open.name, fate });
        }
    }

    /// What the companion of a file says that failed.
    fn meta_of(&self, ctx: &Ctx<'_>, why: Why) -> Option<String> {
        if !self.places.meta {
            return None;
        }
        let mut meta = Map::with_capacity(3);
        meta.push("error".into(), Datum::from(why.error));
        meta.push("cog".into(), Datum::from(&*why.cog));
        meta.push("time".into(), jiff::Timestamp::try_from(ctx.wall()).map_or(Datum::Unit, Datum::Time));
        Some(json::to_string(&Datum::Map(meta)) + "\n")
    }

    /// Asks the drains to sync, when files wait for it or a second has passed.
    pub(super) fn ask_drains(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.stored.is_empty() || self.syncing.is_some() || self.frozen {
            return Ok(());
        }
        let now = ctx.now();
        let next = self.asked.map_or(now, |last| last + ASK);
        let scarce = !self.queue.is_empty() && WINDOW.saturating_sub(self.taken(ctx)) < SCARCE;
        if next > now && !scarce {
            if self.ask.is_none() {
                let ask = ctx.at(next)?;
                // The end of the run does it in any case.
                ctx.weaken(ask);
                self.ask = Some(ask);
            }
            return Ok(());
        }
        if let Some(ask) = self.ask.take() {
            ctx.unbind(ask);
        }
        self.asked = Some(now);
        self.syncing = Some(std::mem::take(&mut self.stored));
        ctx.sync_drains();
        Ok(())
    }

    /// What was made of those files has reached the disk.
    pub(super) fn synced(&mut self) {
        let done = self.syncing.take().unwrap_or_default();
        if self.frozen || self.ended {
            self.stored.extend(done);
        } else {
            self.due.extend(done.into_iter().map(|name| Due { name, fate: Fate::Done }));
        }
    }

    /// At the very end, while the caller waits: what is done goes, what is not goes back.
    pub(super) fn clear_now(&mut self) {
        let Some(claims) = self.claims.take() else { return };
        self.put_back_ready();
        let mut due = std::mem::take(&mut self.due);
        if !self.frozen {
            let done = self.stored.drain(..).chain(self.syncing.take().into_iter().flatten());
            due.extend(done.map(|name| Due { name, fate: Fate::Done }));
        }
        let mut refused = clear(&*self.disk, &claims, &self.places, due).trouble;
        if let Err(error) = claims.leave(&*self.disk, &self.places.incoming) {
            refused = Some((claims.path().to_owned(), error));
        }
        if let Some((path, error)) = refused {
            let path = path.display();
            log::error(format_args!("cannot move or remove `{path}`: {}; the next reader puts back what is left", plain(&error)));
        }
    }
}
