//! Cogs that are one function: each datum is changed in its place, swallowed, or becomes several.

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
            Turned::Into(data) => data.into_iter().for_each(|datum| ctx.emit(datum)),
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, &mut self.0)
    }
}
