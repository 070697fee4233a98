//! What a cog may do with [`Pool`]s: keep many events together, and send what was made from all of them.

use super::{Ctx, Datum, Hold, Outcome, Result};
use crate::cog::origin::Pool;

impl Ctx<'_> {
    /// A pool for parts of events that are kept together, to make something from all of them.
    pub fn pool(&self) -> Pool {
        Pool::new(self.books)
    }

    /// Keeps a part of what the cog was given in `pool`.
    #[inline]
    pub fn keep(&mut self, pool: &mut Pool) {
        // Counted as if it were emitted: the part lives on.
        self.parts += 1;
        pool.keep(self.lineage());
    }

    /// As [`Ctx::keep`], for who keeps parts in several pools, or may settle one before the call is over: each is counted at once, beside
    /// the part that is being turned.
    pub fn keep_beside(&mut self, pool: &mut Pool) {
        self.books.split(self.lineage(), 1);
        self.held = true;
        pool.keep(self.lineage());
    }

    /// Sends `count` data that were made from all that `pool` keeps: what it keeps has ended when all of them have. `make` is
    /// told the number of each; one that cannot be made whole has failed. Without data, what is kept was swallowed on purpose.
    pub fn emit_pooled(&mut self, pool: Pool, count: u32, mut make: impl FnMut(u32) -> (Datum, Result<()>)) {
        if count == 0 {
            pool.settle(Outcome::Filtered);
            return;
        }
        let lineage = pool.into_lineage(count);
        self.out.reserve(count as usize);
        for n in 0..count {
            let (datum, done) = make(n);
            let hold = Hold::new(lineage.clone(), self.books);
            match done {
                Ok(()) => self.emit_held(hold, datum),
                Err(error) => self.fail_held(hold, datum, &error),
            }
        }
    }
}
