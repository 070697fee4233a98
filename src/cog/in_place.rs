//! Cogs that are one function: each datum is changed in its place, swallowed, or becomes several; or passes a test or does not.

use super::{Batch, Cog, Ctx, Turned};
use crate::datum::Datum;
use crate::error::Result;

/// A cog that keeps nothing, and does to each datum what its function does.
pub struct InPlace<F>(F);

impl<F, T> InPlace<F>
where
    F: FnMut(&mut Datum) -> Result<T> + 'static,
    T: Into<Turned> + 'static,
{
    /// The cog of that function: true passes the datum on, false swallows it.
    pub fn cog(change: F) -> Box<dyn Cog> {
        Box::new(Self(change))
    }
}

impl<F, T> Cog for InPlace<F>
where
    F: FnMut(&mut Datum) -> Result<T>,
    T: Into<Turned>,
{
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        match (self.0)(&mut datum)?.into() {
            Turned::Kept => ctx.emit(datum),
            Turned::Swallowed => {}
            Turned::Branch(branch) => ctx.emit_to(branch, datum),
            Turned::Into(data) => data.into_iter().for_each(|datum| ctx.emit(datum)),
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, &mut self.0)
    }
}

/// A cog that lets a datum pass when its function says so, and swallows it else, or sends it to the cog that takes what is rejected.
pub struct Filter<F> {
    passes: F,
    reject: Option<u16>,
}

impl<F: FnMut(&Datum) -> Result<bool> + 'static> Filter<F> {
    /// The cog of that function; `reject` is its [branch](super::Args::branch) for what does not pass.
    pub fn cog(reject: Option<u16>, passes: F) -> Box<dyn Cog> {
        Box::new(Self { passes, reject })
    }
}

impl<F: FnMut(&Datum) -> Result<bool>> Cog for Filter<F> {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        match ((self.passes)(&datum)?, self.reject) {
            (true, _) => ctx.emit(datum),
            (false, Some(reject)) => ctx.emit_to(reject, datum),
            (false, None) => {}
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        match self.reject {
            None => batch.each_in_place(ctx, |datum| (self.passes)(datum)),
            Some(reject) => batch.each_in_place(ctx, |datum| Ok(if (self.passes)(datum)? { Turned::Kept } else { Turned::Branch(reject) })),
        }
    }
}
