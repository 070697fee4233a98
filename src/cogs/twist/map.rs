//! `twist::map`: what a function makes of a datum takes its place.
//!
//! One datum in, one datum out, whatever the function gives: `()` and arrays too go on as they are. To swallow data use
//! `twist::filter`, to make several of one use `twist::flat_map`.

use crate::cog::{Batch, Cog, CogSpec, Ctx, Example, Kind, Page, Param};
use crate::datum::Datum;
use crate::error::Result;
use crate::getset::Func;

/// `twist::map`: any datum -> what the function gives for it.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "map",
    kind: Kind::Convert,
    about: "Puts what a function gives for a datum in its place.",
    page: Page {
        takes: "any datum, which the function is given",
        gives: "what the function gives, also an array or (), as one datum",
        fails: "a datum for which the function throws; the error has its place in the script",
        ..Page::OF_KIND
    },
    params: &[Param::func("func").about("takes the datum; its result, whatever it is, goes on as one datum")],
    first: Some("func"),
    global: true,
    examples: &[
        Example { what: "an item of a map", make: "map(|d| d.a)", input: r#"{"a": 1, "b": 2}"#, output: &["1"] },
        Example {
            what: "a field from two others",
            make: r#"map(|d| { d.name = d.first + " " + d.last; d })"#,
            input: r#"{"first": "Ada", "last": "Lovelace"}"#,
            output: &[r#"{"first": "Ada", "last": "Lovelace", "name": "Ada Lovelace"}"#],
        },
        Example { what: "an array goes on as one datum", make: "map(|d| [d, d])", input: "1", output: &["[1, 1]"] },
    ],
    build: |args| Ok(Box::new(Map { func: args.func("func") })),
};

struct Map {
    func: Func,
}

impl Cog for Map {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let result = self.func.call(datum)?;
        ctx.emit(result);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, |datum| {
            *datum = self.func.call(std::mem::take(datum))?;
            Ok(true)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::error::Error;
    use crate::getset::Getter;
    use std::rc::Rc;

    #[test]
    fn whatever_the_function_gives_is_one_datum() {
        let twice = Func::Call(Rc::new(|datum| Ok(Datum::List(vec![datum.clone(), datum]))));
        let mut bench = Bench::new(&SPEC, vec![("func", Given::Func(twice))]);
        assert_eq!(bench.feed_json("1"), ["[1,1]"]);
        let nothing = Func::Call(Rc::new(|_| Ok(Datum::Unit)));
        let mut bench = Bench::new(&SPEC, vec![("func", Given::Func(nothing))]);
        assert_eq!(bench.feed_json("1"), ["null"]);
    }

    #[test]
    fn an_error_fails_that_datum_alone() {
        let item = Given::Getter(Getter::named("a").unwrap());
        let mut bench = Bench::new(&SPEC, vec![("func", item)]);
        assert!(bench.feed_json(r#"{"b": 1}"#).is_empty());
        assert_eq!(bench.feed_json(r#"{"a": 2}"#), ["2"]);
        assert_eq!((bench.errors(), bench.balance().failed, bench.balance().delivered), (1, 1, 1));
    }

    #[test]
    fn the_function_must_be_given() {
        let faults = crate::cog::Args::check(&SPEC, &[]).err().unwrap();
        assert!(matches!(&faults[..], [Error::Option { option, .. }] if option == "func"), "{faults:?}");
    }
}
