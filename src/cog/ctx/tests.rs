//! Accounts of a turn: what is held, stored, failed and passed on within it.

use super::*;
use crate::cog::bench::Bench;
use crate::cog::{Cog, CogSpec, Kind, Page};

/// Holds each datum, and fails it when the next one comes.
struct Late(Option<(Hold, Datum)>);

impl Cog for Late {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        if let Some((hold, datum)) = self.0.replace((ctx.hold(), datum)) {
            ctx.fail_held(hold, datum, &Error::Other("too late".into()));
        }
        Ok(())
    }
}

static SPEC: CogSpec = CogSpec {
    family: "test",
    name: "late",
    kind: Kind::Convert,
    about: "",
    page: Page::OF_KIND,
    params: &[],
    first: None,
    global: false,
    examples: &[],
    build: |_| Ok(Box::new(Late(None))),
};

/// Stores each datum before its turn is over, and passes it on.
struct Prompt;

impl Cog for Prompt {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        ctx.hold().settle(Outcome::Delivered);
        ctx.emit(datum.clone());
        ctx.emit(datum);
        Ok(())
    }
}

#[test]
fn a_part_may_be_stored_before_its_turn_is_over() {
    static PROMPT: CogSpec = CogSpec { name: "prompt", build: |_| Ok(Box::new(Prompt)), ..SPEC };
    let mut bench = Bench::new(&PROMPT, vec![]);
    assert_eq!(bench.feed(1).len(), 2);
    let books = bench.balance();
    assert_eq!((books.delivered, books.split, books.in_flight), (3, 2, 0));
}

#[test]
fn failing_an_earlier_datum_leaves_the_account_of_the_present_one_alone() {
    let mut bench = Bench::new(&SPEC, vec![]);
    (0..3).for_each(|n| drop(bench.feed(Datum::Int(n))));
    let books = bench.balance();
    assert_eq!((books.born, books.failed, books.filtered, books.in_flight), (3, 2, 0, 1), "{books:?}");
}
