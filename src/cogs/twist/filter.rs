//! `twist::filter`: lets pass what a predicate is true for, swallows the rest.
//!
//! A swallowed datum has ended well. A predicate that raises an error, or gives something else than true or false, fails the
//! datum instead: a typing mistake must not look like "no".

use crate::cog::{CogSpec, Example, Filter, Kind, Lit, Page, Param};

/// `twist::filter`: any datum -> the same, or nothing.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "filter",
    kind: Kind::Filter,
    about: "Lets a datum pass when a predicate says so, and swallows it otherwise.",
    page: Page {
        takes: "any datum, which the predicate is given",
        gives: "the same datum, unchanged, if the predicate is true, with negate if it is false; else none, or to reject. What it swallows ends well",
        fails: "a datum for which the predicate throws, or gives neither true nor false: that is no \"no\", not even with negate",
        ..Page::OF_KIND
    },
    params: &[
        Param::predicate("predicate")
            .about("takes the datum and gives true (it passes) or false (it is swallowed); an error fails the datum"),
        Param::bool("negate").default(Lit::Bool(false)).about("lets pass what the predicate is false for, swallows the rest"),
        Param::branch("reject").about("a cog that takes what does not pass, instead of its being swallowed"),
    ],
    first: Some("predicate"),
    global: true,
    examples: &[
        Example { what: "large ones pass", make: "filter(|d| d.size > 10)", input: r#"{"size": 11}"#, output: &[r#"{"size": 11}"#] },
        Example { what: "small ones do not", make: "filter(|d| d.size > 10)", input: r#"{"size": 3}"#, output: &[] },
        Example {
            what: "the other way round",
            make: "filter(|d| d.size > 10, #{ negate: true })",
            input: r#"{"size": 3}"#,
            output: &[r#"{"size": 3}"#],
        },
    ],
    build: |args| {
        let (predicate, negate) = (args.predicate("predicate"), args.bool("negate"));
        Ok(Filter::cog(args.branch("reject"), move |datum| Ok(predicate.test(datum)? != negate)))
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;
    use crate::cog::{Callback, Given};
    use crate::error::{Error, Result};
    use crate::getset::Predicate;
    use std::rc::Rc;

    /// A script's closure: odd numbers pass, what is no number is an error.
    struct Odd;

    impl Callback for Odd {
        fn predicate(&self) -> Result<Predicate> {
            Ok(Predicate::Call(Rc::new(|datum| match datum.as_int() {
                Some(n) => Ok(n % 2 == 1),
                None => Err(Error::Other("no number".into())),
            })))
        }
        fn name(&self) -> String {
            "closure".into()
        }
    }

    fn odd() -> (&'static str, Given) {
        ("predicate", Given::Callback(Rc::new(Odd)))
    }

    #[test]
    fn true_passes_and_false_is_swallowed() {
        let mut bench = Bench::new(&SPEC, vec![odd()]);
        assert_eq!(bench.feed_json("1"), ["1"]);
        assert!(bench.feed_json("2").is_empty());
        let books = bench.balance();
        assert_eq!((books.delivered, books.filtered, books.failed), (1, 1, 0));
    }

    #[test]
    fn negated_it_is_the_other_way_round() {
        let mut bench = Bench::new(&SPEC, vec![odd(), ("negate", true.into())]);
        assert!(bench.feed_json("1").is_empty());
        assert_eq!(bench.feed_json("2"), ["2"]);
    }

    #[test]
    fn an_error_is_no_false_not_even_negated() {
        for negate in [false, true] {
            let mut bench = Bench::new(&SPEC, vec![odd(), ("negate", negate.into())]);
            assert!(bench.feed_json(r#""x""#).is_empty());
            assert_eq!((bench.errors(), bench.balance().failed, bench.balance().filtered), (1, 1, 0));
        }
    }
}
