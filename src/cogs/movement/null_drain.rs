//! `movement::null_drain`: the end of a line that nobody needs.
//!
//! What it is given counts as delivered, so that its supply goes on as after a stored datum; nothing goes on behind it. For
//! measuring a train without its output, and for branches that live by what their cogs do on the way.

use crate::cog::{Batch, Cog, CogSpec, Ctx, Example, Kind, Outcome, Page, Shelf};
use crate::datum::Datum;
use crate::error::Result;

/// `movement::null_drain`: any datum -> nothing; delivered.
pub static SPEC: CogSpec = CogSpec {
    family: "movement",
    name: "null_drain",
    kind: Kind::Drain,
    about: "Takes data and does nothing with them; they count as delivered.",
    page: Page { takes: "any datum", gives: "nothing", fails: "nothing", ..Page::OF_KIND },
    params: &[],
    first: None,
    global: false,
    examples: &[
        Example { what: "nothing comes out", make: "movement::null_drain()", input: r#"{"a": 1}"#, output: &[] },
        Example { what: "whatever it is", make: r#"movement::null_drain(#{ name: "the end" })"#, input: "null", output: &[] },
    ],
    build: |_| Ok(Box::new(NullDrain::default())),
};

#[derive(Default)]
struct NullDrain {
    shelf: Shelf,
}

impl Cog for NullDrain {
    fn turn(&mut self, ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        ctx.put_on(&mut self.shelf);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each(ctx, |ctx, datum| self.turn(ctx, datum))?;
        self.shelf.settle(self.shelf.len(), Outcome::Delivered);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;

    #[test]
    fn what_it_is_given_is_delivered() {
        let mut bench = Bench::new(&SPEC, vec![]);
        assert!(bench.feed_json("1").is_empty());
        assert!(bench.feed_json("null").is_empty());
        let books = bench.balance();
        assert_eq!((books.born, books.delivered, books.filtered, books.in_flight), (2, 2, 0, 0));
    }
}
