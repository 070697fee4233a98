//! What a cog is: the [`Cog`] trait, the [`Ctx`] that is lent to it for one call, and the [`CogSpec`] that describes it.
//!
//! A cog is given data and emits data. It knows neither the train nor other cogs, nor Rhai. `spec`, `given`,
//! `value` and `args` are its options, `origin` counts what became of events, `ctx` is all that a cog may touch.

mod args;
mod batch;
#[cfg(test)]
pub(crate) mod bench;
mod ctx;
mod faults;
mod given;
mod in_place;
mod maker;
mod origin;
mod page;
mod seat;
mod spec;
mod value;

pub use args::{Args, Common, OnError};
pub use batch::{Batch, Ink, Sheet, Texts, Turned};
pub use ctx::Ctx;
pub use faults::{Fault, Faults};
pub use given::{Callback, Given, Keeper, Kept};
pub use in_place::{Filter, InPlace};
pub use maker::Maker;
pub use origin::{Balance, Books, Hold, Holder, Lineage, OFFSET, OriginBlock, Origins, Outcome, Pool, Settled, Shelf, Why};
pub use page::Page;
pub use seat::{Backlog, Event, Notice, Seat, Stats};
pub use spec::{COMMON, COMMON_SUPPLY, CogSpec, Example, Kind, Lit, OptionGroup, Param, Ty};

use std::any::Any;

use crate::datum::Datum;
use crate::error::Result;
use crate::escapement::Wake;

/// What every cog does. Only `turn` must be written.
pub trait Cog {
    /// Takes one datum and emits none, one or many.
    ///
    /// # Errors
    /// The datum failed; `on_error` decides what becomes of it.
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()>;

    /// Takes what one read gave. Written only by cogs that gain from it.
    ///
    /// # Errors
    /// A fault of the cog itself; a datum's own error is settled by [`Batch::each`].
    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each(ctx, |ctx, datum| self.turn(ctx, datum))
    }

    /// Opens what takes rights that the process may be about to give up, such as a socket to listen on. Called once, before
    /// [`Cog::wind`], and before rights are dropped where they are.
    ///
    /// # Errors
    /// The train does not start.
    fn open(&mut self) -> Result<()> {
        Ok(())
    }

    /// Binds the first events and opens what else must be open. Called once, before anything moves.
    ///
    /// # Errors
    /// The train does not start.
    fn wind(&mut self, _ctx: &mut Ctx<'_>) -> Result<()> {
        Ok(())
    }

    /// An event bound earlier has come.
    ///
    /// # Errors
    /// Logged; the train runs on.
    fn wake(&mut self, _ctx: &mut Ctx<'_>, _wake: Wake) -> Result<()> {
        Ok(())
    }

    /// Whether it is to be told of [settled](Cog::settled) origins.
    fn wants_settled(&self) -> bool {
        false
    }

    /// These origins of this supply are settled; told to those who [want](Cog::wants_settled) to know.
    ///
    /// # Errors
    /// Logged; the train runs on.
    fn settled(&mut self, _ctx: &mut Ctx<'_>, _done: &[Settled]) -> Result<()> {
        Ok(())
    }

    /// A checkpoint is about to be written that vouches for all that has been stored so far: begins to bring it to the disk, where
    /// a loss of power could still take it back.
    ///
    /// # Errors
    /// Logged; the checkpoint is written all the same once no cog [is syncing](Cog::is_syncing) any more.
    fn sync(&mut self, _ctx: &mut Ctx<'_>) -> Result<()> {
        Ok(())
    }

    /// Whether what [`Cog::sync`] began is not over yet: the checkpoint waits for it. After a failure it stays true until it was
    /// made good.
    fn is_syncing(&self) -> bool {
        false
    }

    /// As [`Cog::sync`], while the caller waits, as this cog will not be there any more: it is about to begin anew after a panic. False
    /// when something of it may not be stored.
    fn sync_now(&mut self) -> bool {
        !self.is_syncing()
    }

    /// What was settled since the last [sync](Cog::sync) may not be stored after all: a supply leaves its checkpoint as it is from
    /// now on.
    fn freeze_checkpoint(&mut self) {}

    /// Whether a broadcast of that name is for this cog.
    fn hears(&self, _name: &str) -> bool {
        false
    }

    /// A broadcast that it [hears](Cog::hears).
    ///
    /// # Errors
    /// Logged; the others are told all the same.
    fn notice(&mut self, _ctx: &mut Ctx<'_>, _notice: &Notice) -> Result<()> {
        Ok(())
    }

    /// Emits all that is still held and unbinds all. While [`Cog::busy`] says so afterwards it is still woken.
    ///
    /// # Errors
    /// Logged; the shutdown goes on.
    fn finish(&mut self, _ctx: &mut Ctx<'_>) -> Result<()> {
        Ok(())
    }

    /// Whether it waits for answers from outside after [`Cog::finish`]. When the time for that is over it is woken once more
    /// with [`Wake::GiveUp`] and must let go of all.
    fn busy(&self) -> bool {
        false
    }

    /// Whether it waits for nothing but answers that may not come before it does something itself: only those behind it have
    /// something to expect of it. See [`Ctx::ask_for_more`].
    fn only_waits(&self) -> bool {
        false
    }

    /// What it keeps at present, and whether that is because it is blocked.
    fn backlog(&self) -> Backlog {
        Backlog::default()
    }

    /// Of which supplies the parts are that it keeps; asked of those alone that may be blocked.
    fn kept_origins(&self) -> Origins {
        Origins::default()
    }

    /// Whether it wants to know when a cog behind it stalls: [`Ctx::is_blocked`] says so then, and it is woken with
    /// [`Wake::Room`] when that changes.
    fn heeds_stalls(&self) -> bool {
        false
    }

    /// Another cog takes this one's place in the train that runs: gives it the state that is to live on. What it keeps beside that it
    /// emits in [`Cog::finish`].
    fn hand_over(&mut self) -> Option<Box<dyn Any>> {
        None
    }

    /// Takes the state over that the cog before it [handed over](Cog::hand_over), as far as it is of use.
    fn take_over(&mut self, _state: Box<dyn Any>) {}

    /// Lets go of the last resources; a supply writes its last checkpoint. All that could be settled is, and synced.
    fn done(&mut self) {}
}
