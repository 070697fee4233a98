//! `twist::flat_map`: a function makes several data of one.
//!
//! The function gives an array, each element of which goes on as a datum of its own, or `()` for none. The datum that was given
//! has ended well when all that was made of it has.

use crate::cog::{Cog, CogSpec, Ctx, Example, Kind, Page, Param};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::getset::Func;

/// `twist::flat_map`: any datum -> each element of the array that the function gives for it.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "flat_map",
    kind: Kind::Convert,
    about: "Makes several data of one: each element of the array that a function gives.",
    page: Page {
        takes: "any datum, which the function is given",
        gives: "a datum for each element of the array that the function gives; none for an empty one",
        fails: "a datum for which the function throws, or gives no array",
        ..Page::OF_KIND
    },
    params: &[Param::func("func").about("takes the datum and gives an array, each element of which goes on as one datum; `()` for none")],
    first: Some("func"),
    global: true,
    examples: &[
        Example {
            what: "the elements of a field",
            make: "flat_map(|d| d.hosts)",
            input: r#"{"hosts": ["a", "b"]}"#,
            output: &[r#""a""#, r#""b""#],
        },
        Example { what: "an empty array swallows", make: "flat_map(|d| d.hosts)", input: r#"{"hosts": []}"#, output: &[] },
        Example { what: "arrays within stay whole", make: "flat_map(|d| [[d, d]])", input: "1", output: &["[1, 1]"] },
    ],
    build: |args| Ok(Box::new(FlatMap { func: args.func("func") })),
};

struct FlatMap {
    func: Func,
}

impl Cog for FlatMap {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let mut result = self.func.call(datum)?;
        match result.open() {
            Datum::List(list) => std::mem::take(list).into_iter().for_each(|element| ctx.emit(element)),
            Datum::Unit => {}
            other => return Err(no_array(other)),
        }
        Ok(())
    }
}

fn no_array(result: &Datum) -> Error {
    Error::Script {
        text: format!("the function must give an array or (), but gives {}", result.kind()),
        place: String::new(),
        hint: Some("put a single datum in brackets, `|d| [d]`, or use `map`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::getset::Getter;

    fn bench() -> Bench {
        Bench::new(&SPEC, vec![("func", Given::Getter(Getter::named("a").unwrap()))])
    }

    #[test]
    fn each_element_is_a_datum_and_the_books_balance() {
        let mut bench = bench();
        assert_eq!(bench.feed_json(r#"{"a": [1, [2], {"b": 3}]}"#), ["1", "[2]", r#"{"b":3}"#]);
        let books = bench.balance();
        assert_eq!((books.born, books.split, books.delivered, books.in_flight), (1, 2, 3, 0));
    }

    #[test]
    fn nothing_and_an_empty_array_swallow() {
        let mut bench = bench();
        assert!(bench.feed_json(r#"{"a": []}"#).is_empty());
        assert!(bench.feed_json(r#"{"a": null}"#).is_empty());
        assert_eq!((bench.errors(), bench.balance().filtered), (0, 2));
    }

    #[test]
    fn anything_else_is_an_error_with_advice() {
        let mut bench = bench();
        assert!(bench.feed_json(r#"{"a": 1}"#).is_empty());
        assert_eq!(bench.errors(), 1);
        let error = no_array(&Datum::Int(1));
        assert_eq!(error.to_string(), "the function must give an array or (), but gives int");
        assert!(error.hint().is_some_and(|hint| hint.contains("[d]")));
    }

    #[test]
    fn an_array_that_is_still_text_is_read() {
        let mut bench = bench();
        let mut map = crate::datum::Map::new();
        map.insert("a".into(), Datum::Raw("[1,2]".into()));
        assert_eq!(bench.feed(Datum::Map(map)).len(), 2);
    }
}
