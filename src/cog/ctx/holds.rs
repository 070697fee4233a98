//! Parts that a cog keeps one by one.

use super::{Ctx, Event, Hold, Holder, Outcome};
use crate::datum::Datum;

impl Ctx<'_> {
    /// Keeps a part of what the cog was given, for a datum that will be emitted or written later.
    pub fn hold(&mut self) -> Hold {
        // Counted at once, beside the part that is being turned: the hold may be settled before the turn is over.
        self.books.split(self.lineage(), 1);
        self.held = true;
        Hold::new(self.lineage().clone(), self.books)
    }

    /// For who holds without this context: what it holds is told by [`Ctx::has_held`].
    pub fn holder(&self) -> Holder {
        Holder::new(self.lineage().clone(), self.books)
    }

    /// Parts of what the cog was given were held by a [`Holder`].
    pub fn has_held(&mut self) {
        self.held = true;
    }

    /// Sends a datum that was held.
    pub fn emit_held(&mut self, hold: Hold, datum: Datum) {
        self.seat.stats.emitted += 1;
        self.out.push(Event { datum, lineage: hold.into_lineage() });
    }

    /// Sends a datum that was made from several held ones.
    pub fn emit_joined(&mut self, holds: impl IntoIterator<Item = Hold>, datum: Datum) {
        self.seat.stats.emitted += 1;
        let lineage = self.books.merge(holds.into_iter().map(Hold::into_lineage));
        self.out.push(Event { datum, lineage });
    }

    /// A held datum is swallowed on purpose.
    pub fn release(&mut self, hold: Hold) {
        self.seat.stats.swallowed += 1;
        hold.settle(Outcome::Filtered);
    }
}
