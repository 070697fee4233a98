//! What stands in a shadow for cogs that would touch the outside.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::cog::{Batch, Cog, Ctx, Kind, Outcome, Shelf};
use crate::datum::Datum;
use crate::error::Result;
use crate::escapement::Wake;

/// Families whose cogs change nothing outside the process, but for supplies and drains; some read files to look things up.
const INSIDE: [&str; 5] = ["cryptopan", "ip", "movement", "text", "twist"];

/// What a supply is given to send.
pub(super) type Inbox = Rc<RefCell<VecDeque<Datum>>>;

/// What a cog does in a shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What it does in earnest.
    Itself,
    /// It reads nothing; what it is to send is put in by hand.
    Silent,
    /// It takes what it is given, and hands it to nobody outside.
    Swallows,
    /// It passes data on unchanged, as it would ask somebody outside.
    Passes,
    /// What the test put in its place.
    Replaced,
}

impl Part {
    /// The part of a cog of that kind. A clock by hand makes a `tick_supply` beat in earnest, and what the script makes itself, where
    /// that is wanted.
    pub fn of(kind: Kind, spec: &str, ticks: bool) -> Self {
        match (kind, spec) {
            (Kind::Supply, "movement::tick_supply" | "movement::cog") if ticks => Self::Itself,
            (Kind::Supply, _) => Self::Silent,
            (Kind::Drain, "movement::null_drain") => Self::Itself,
            (Kind::Drain, _) => Self::Swallows,
            (_, "email::email_parse") => Self::Itself,
            _ if INSIDE.contains(&spec.split("::").next().unwrap_or_default()) => Self::Itself,
            _ => Self::Passes,
        }
    }

    /// In words; empty where there is nothing to tell.
    pub fn word(self) -> &'static str {
        match self {
            Self::Itself => "",
            Self::Silent => "reads nothing",
            Self::Swallows => "writes nothing",
            Self::Passes => "asks nobody and passes data on unchanged",
            Self::Replaced => "is replaced",
        }
    }
}

/// A supply that sends what it is given by hand, as if it had read it.
pub(super) struct Silent {
    inbox: Inbox,
    sent: u64,
}

impl Silent {
    pub(super) fn new() -> (Self, Inbox) {
        let inbox = Inbox::default();
        (Self { inbox: Rc::clone(&inbox), sent: 0 }, inbox)
    }
}

impl Cog for Silent {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        ctx.emit(datum);
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, _: Wake) -> Result<()> {
        while let Some(datum) = self.inbox.borrow_mut().pop_front() {
            ctx.emit_new(datum, self.sent);
            self.sent += 1;
        }
        Ok(())
    }
}

/// A drain that hands nothing to anybody outside. What stands behind it is given the data, as behind a real one.
#[derive(Default)]
pub(super) struct Swallow {
    shelf: Shelf,
}

impl Cog for Swallow {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        if ctx.has_successors() {
            ctx.emit(datum);
        } else {
            ctx.put_on(&mut self.shelf);
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each(ctx, |ctx, datum| self.turn(ctx, datum))?;
        self.shelf.settle(self.shelf.len(), Outcome::Delivered);
        Ok(())
    }
}

/// Passes data on unchanged.
pub(super) struct Pass;

impl Cog for Pass {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        ctx.emit(datum);
        Ok(())
    }
}
