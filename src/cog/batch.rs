//! [`Batch`]: what a cog is given in one call, and how what becomes of each datum is settled.

mod load;
mod sheet;

use std::rc::Rc;

use self::load::Load;
pub(super) use self::load::take_left;
pub use self::sheet::{Ink, Sheet};
use super::args::OnError;
use super::ctx::Ctx;
use super::origin::Shelf;
use super::seat::Event;
use crate::datum::{Block, Datum, Text};
use crate::error::{Error, Result};
use crate::getset::Setter;

/// Bytes that a text is expected to have.
const ROOM: usize = 32;

/// What a cog is given in one call.
#[derive(Debug, Default)]
pub struct Batch {
    /// The events, in order.
    pub events: Vec<Event>,
}

/// The texts of a batch that is nothing else, in order.
#[derive(Clone, Debug)]
pub struct Texts<'a>(std::slice::Iter<'a, Event>);

impl<'a> Iterator for Texts<'a> {
    type Item = &'a Text;

    #[inline]
    fn next(&mut self) -> Option<&'a Text> {
        self.0.next()?.datum.as_text()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// What becomes of a datum that was changed in place.
#[derive(Debug)]
pub enum Turned {
    /// It goes on as it is now.
    Kept,
    /// It was swallowed on purpose.
    Swallowed,
    /// It goes to that [branch](super::Args::branch) of the cog.
    Branch(u16),
    /// These go on in its place.
    Into(Vec<Datum>),
}

impl From<bool> for Turned {
    #[inline]
    fn from(goes_on: bool) -> Self {
        if goes_on { Self::Kept } else { Self::Swallowed }
    }
}

impl Batch {
    /// How many events it has.
    #[inline]
    pub fn count(&self) -> usize {
        self.events.len()
    }

    /// Hands each datum to `f`, and settles what becomes of it: what `f` emits or holds carries its lineage on, nothing
    /// emitted means swallowed on purpose, an error goes the way that the cog's `on_error` says.
    ///
    /// # Errors
    /// None of a datum's own.
    #[inline]
    pub fn each(self, ctx: &mut Ctx<'_>, mut f: impl FnMut(&mut Ctx<'_>, Datum) -> Result<()>) -> Result<()> {
        ctx.seat.stats.given += self.events.len() as u64;
        let keeps = keeps(ctx);
        let mut load = Load::new(self.events);
        for event in load.unload() {
            ctx.begin(event.lineage, &event.datum);
            if keeps {
                ctx.keep_given(&event.datum);
            }
            match f(ctx, event.datum) {
                Ok(()) => ctx.end(),
                Err(error) => {
                    let kept = ctx.take_kept();
                    ctx.fail(&error, kept);
                }
            }
        }
        ctx.over();
        ctx.recycle(load.take());
        Ok(())
    }

    /// As [`Batch::each`], for a cog that looks at each datum and keeps or drops it: `f` is only shown it.
    ///
    /// # Errors
    /// None of a datum's own.
    #[inline]
    pub fn each_shown(self, ctx: &mut Ctx<'_>, mut f: impl FnMut(&mut Ctx<'_>, &Datum) -> Result<()>) -> Result<()> {
        ctx.seat.stats.given += self.events.len() as u64;
        let mut load = Load::new(self.events);
        for event in load.unload() {
            ctx.begin(event.lineage, &event.datum);
            match f(ctx, &event.datum) {
                Ok(()) => ctx.end(),
                Err(error) => ctx.fail(&error, Some(event.datum)),
            }
        }
        ctx.over();
        ctx.recycle(load.take());
        Ok(())
    }

    /// Shows the texts of a batch that is nothing else to `f` and keeps their events on `rack`: the hot road of drains at the end of
    /// their line. Gives back a batch that must be turned one by one.
    #[inline]
    pub fn put_texts(self, ctx: &mut Ctx<'_>, rack: &mut Shelf, f: impl FnOnce(Texts<'_>)) -> Option<Self> {
        let is_text = |event: &Event| matches!(event.datum, Datum::Str(_));
        if ctx.has_successors() || ctx.names() || !self.events.iter().all(is_text) {
            return Some(self);
        }
        ctx.seat.stats.given += self.events.len() as u64;
        let mut load = Load::new(self.events);
        f(Texts(load.events.iter()));
        for Event { datum, lineage } in load.unload() {
            datum.discard();
            ctx.rack(rack, lineage);
        }
        ctx.recycle(load.take());
        None
    }

    /// As [`Batch::each`], for cogs that need nothing else of the context: `f` changes each datum in place and says what
    /// becomes of it. No event is moved.
    ///
    /// # Errors
    /// None of a datum's own.
    #[inline]
    pub fn each_in_place<T: Into<Turned>>(self, ctx: &mut Ctx<'_>, mut f: impl FnMut(&mut Datum) -> Result<T>) -> Result<()> {
        if keeps(ctx) || ctx.names() {
            return self.each(ctx, |ctx, mut datum| {
                match f(&mut datum)?.into() {
                    Turned::Kept => ctx.emit(datum),
                    Turned::Swallowed => {}
                    Turned::Branch(branch) => ctx.emit_to(branch, datum),
                    Turned::Into(data) => data.into_iter().for_each(|datum| ctx.emit(datum)),
                }
                Ok(())
            });
        }
        ctx.seat.stats.given += self.events.len() as u64;
        // As long as all go on nothing else is to be done.
        let mut odd = None;
        let mut load = Load::new(self.events);
        let place = load.events.iter_mut().position(|event| match f(&mut event.datum).map(T::into) {
            Ok(Turned::Kept) => false,
            other => {
                odd = Some(other);
                true
            }
        });
        if let Some(place) = place {
            settle_in_place(&mut load.events, ctx, place, odd, &mut |datum| f(datum).map(T::into));
        }
        ctx.pass_on(load.take());
        ctx.over();
        Ok(())
    }

    /// As [`Batch::each`], for cogs that write each datum as a text: `write` appends it, and `setter` puts it into the datum.
    /// The texts of all data stand in one block, so that none costs an allocation, with a line break behind each, so that drains
    /// copy many lines at once. Who borrows the datum to write it must put it back as it was.
    ///
    /// # Errors
    /// None of a datum's own.
    #[inline]
    pub fn each_into_block<S: Sheet>(
        self,
        ctx: &mut Ctx<'_>,
        setter: &Setter,
        mut write: impl FnMut(&mut Datum, &mut S) -> Result<()>,
    ) -> Result<()> {
        // A script's setter is called before the next datum's getters; what fails in one needs the datum as it was.
        let one_by_one = match setter {
            Setter::Whole => false,
            Setter::Lowered { .. } | Setter::Call(_) => true,
            _ => keeps(ctx) || ctx.names(),
        };
        if one_by_one {
            return self.each(ctx, |ctx, mut datum| {
                let mut text = S::with_room(0);
                write(&mut datum, &mut text)?;
                setter.set(&mut datum, Datum::from(text.into_text()))?;
                ctx.emit(datum);
                Ok(())
            });
        }
        ctx.seat.stats.given += self.events.len() as u64;
        let mut block = S::with_room(self.events.len() * ROOM);
        let mut ends = Vec::with_capacity(self.events.len());
        let mut faults = Vec::new();
        let mut load = Load::new(self.events);
        for (n, event) in load.events.iter_mut().enumerate() {
            let start = block.written();
            if let Err(error) = write(&mut event.datum, &mut block) {
                block.truncate(start);
                faults.push((n, error));
            }
            ends.push(block.written());
            block.end_line();
        }
        let block: Block = Rc::new(block.into_text());
        if matches!(setter, Setter::Whole) && faults.is_empty() {
            let mut start = 0;
            for (event, end) in load.events.iter_mut().zip(ends) {
                std::mem::replace(&mut event.datum, Datum::Str(Text::span(&block, start..end))).discard();
                start = end + 1;
            }
            ctx.pass_on(load.take());
            return Ok(());
        }
        let (mut start, mut ends, mut faults) = (0, ends.into_iter().enumerate(), faults.into_iter().peekable());
        load.events.retain_mut(|event| {
            let Some((n, end)) = ends.next() else { return true };
            let from = std::mem::replace(&mut start, end + 1);
            if let Some((_, error)) = faults.next_if(|(failed, _)| *failed == n) {
                return fail(ctx, event, &error);
            }
            let text = Datum::Str(Text::span(&block, from..end));
            if matches!(setter, Setter::Whole) {
                event.datum = text;
                return true;
            }
            match setter.set(&mut event.datum, text) {
                Ok(()) => true,
                Err(error) => fail(ctx, event, &error),
            }
        });
        ctx.pass_on(load.take());
        ctx.over();
        Ok(())
    }
}

/// Settles what becomes of the datum at `place`, which is known, and does the same with all that follow.
#[inline(never)]
fn settle_in_place(
    events: &mut Vec<Event>,
    ctx: &mut Ctx<'_>,
    place: usize,
    mut known: Option<Result<Turned>>,
    f: &mut dyn FnMut(&mut Datum) -> Result<Turned>,
) {
    let (mut n, mut kept, mut more) = (0, 0, Vec::new());
    events.retain_mut(|event| {
        n += 1;
        let turned = match known.take_if(|_| n > place) {
            Some(turned) => turned,
            None if n <= place => Ok(Turned::Kept),
            None => f(&mut event.datum),
        };
        let stays = match turned {
            Ok(Turned::Kept) => true,
            Ok(Turned::Swallowed) => {
                ctx.swallow(&event.lineage);
                false
            }
            Ok(Turned::Branch(branch)) => {
                let lineage = std::mem::take(&mut event.lineage);
                event.lineage = lineage.into_branch(branch);
                true
            }
            Ok(Turned::Into(data)) => {
                let mut data = data.into_iter();
                if let Some(first) = data.next() {
                    event.datum = first;
                    if data.len() > 0 {
                        more.push((kept, data));
                    }
                    true
                } else {
                    ctx.swallow(&event.lineage);
                    false
                }
            }
            Err(error) => fail(ctx, event, &error),
        };
        kept += usize::from(stays);
        stays
    });
    // From the last to the first, so that places stay true. Counted only now: a panic before leaves each event as one part.
    for (place, data) in more.into_iter().rev() {
        let lineage = events[place].lineage.clone();
        ctx.split(&lineage, data.len() as u32);
        events.splice(place + 1..=place, data.map(|datum| Event { datum, lineage: lineage.clone() }));
    }
}

/// Whether a datum that fails goes on somewhere, so that it must still be there.
fn keeps(ctx: &Ctx<'_>) -> bool {
    matches!(ctx.seat.on_error, OnError::Pass | OnError::Route(_))
}

/// Settles an event that failed and is as it was, where that matters; says whether it passes on in its place.
#[cold]
fn fail(ctx: &mut Ctx<'_>, event: &mut Event, error: &Error) -> bool {
    ctx.begin(std::mem::take(&mut event.lineage), &event.datum);
    ctx.fail(error, Some(std::mem::take(&mut event.datum)));
    match ctx.take_passed() {
        Some(passed) => {
            *event = passed;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests;
