//! [`Batch`]: what a cog is given in one call, and how what becomes of each datum is settled.

use super::args::OnError;
use super::ctx::Ctx;
use super::seat::Event;
use crate::datum::Datum;
use crate::error::Result;

/// What a cog is given in one call.
#[derive(Debug, Default)]
pub struct Batch {
    /// The events, in order.
    pub events: Vec<Event>,
}

impl Batch {
    /// Hands each datum to `f`, and settles what becomes of it: what `f` emits or holds carries its lineage on, nothing
    /// emitted means swallowed on purpose, an error goes the way that the cog's `on_error` says.
    ///
    /// # Errors
    /// None of a datum's own.
    #[inline]
    pub fn each(mut self, ctx: &mut Ctx<'_>, mut f: impl FnMut(&mut Ctx<'_>, Datum) -> Result<()>) -> Result<()> {
        ctx.seat.stats.given += self.events.len() as u64;
        let keeps = matches!(ctx.seat.on_error, OnError::Pass | OnError::Route(_));
        for event in self.events.drain(..) {
            let kept = keeps.then(|| event.datum.clone());
            ctx.begin(event.lineage, &event.datum);
            match f(ctx, event.datum) {
                Ok(()) => ctx.end(),
                Err(error) => ctx.fail(&error, kept),
            }
        }
        ctx.over();
        ctx.recycle(self.events);
        Ok(())
    }

    /// As [`Batch::each`], for a cog that looks at each datum and keeps or drops it: `f` is only shown it.
    ///
    /// # Errors
    /// None of a datum's own.
    #[inline]
    pub fn each_shown(mut self, ctx: &mut Ctx<'_>, mut f: impl FnMut(&mut Ctx<'_>, &Datum) -> Result<()>) -> Result<()> {
        ctx.seat.stats.given += self.events.len() as u64;
        for event in self.events.drain(..) {
            ctx.begin(event.lineage, &event.datum);
            match f(ctx, &event.datum) {
                Ok(()) => ctx.end(),
                Err(error) => ctx.fail(&error, Some(event.datum)),
            }
        }
        ctx.over();
        ctx.recycle(self.events);
        Ok(())
    }
}
