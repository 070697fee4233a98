//! `twist::unwind`: makes a copy of a datum for each element of an array in it.

use crate::cog::{CogSpec, Example, InPlace, Kind, Page, Param, Turned};
use crate::datum::Datum;
use crate::error::{Error, Result};

/// `twist::unwind`: a datum with an array -> as many data as it has elements.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "unwind",
    kind: Kind::Convert,
    about: "Makes a copy of each datum for each element of an array in it, the array replaced by the element.",
    page: Page {
        takes: "a datum with an array, or a map, at iterable_getter",
        gives: "as many copies as it has elements, in order; the event ends well when the last of them has",
        fails: "a string or anything else that has no elements; what is empty or not there where the options say so",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("iterable_getter").about("where the array is; of a map each entry counts, as [key, value]; a string is an error"),
        Param::setter("item_setter").or_same_as("iterable_getter").about("where the element goes"),
        Param::choice("empty", &["drop", "pass", "error"]).about("what becomes of a datum whose array is empty"),
        Param::choice("missing", &["error", "drop", "pass"]).about("what becomes of a datum that has none, or () in its place"),
        Param::setter("index_setter").or("nullsetter").about("where the element's place goes, counted from 0"),
    ],
    first: Some("iterable_getter"),
    global: false,
    examples: &[
        Example {
            what: "one for each element",
            make: r#"twist::unwind("ips")"#,
            input: r#"{"id": 1, "ips": ["192.0.2.1", "192.0.2.2"]}"#,
            output: &[r#"{"id": 1, "ips": "192.0.2.1"}"#, r#"{"id": 1, "ips": "192.0.2.2"}"#],
        },
        Example {
            what: "elsewhere, with the place",
            make: r#"twist::unwind("ips", #{ item_setter: "ip", index_setter: "n" })"#,
            input: r#"{"ips": ["192.0.2.1"]}"#,
            output: &[r#"{"ips": ["192.0.2.1"], "ip": "192.0.2.1", "n": 0}"#],
        },
        Example {
            what: "entries of a map",
            make: r#"twist::unwind("counts")"#,
            input: r#"{"counts": {"a": 1, "b": 2}}"#,
            output: &[r#"{"counts": ["a", 1]}"#, r#"{"counts": ["b", 2]}"#],
        },
    ],
    build: |args| {
        let (getter, setter, index) =
            (args.getter("iterable_getter"), args.setter_back("item_setter", "iterable_getter")?, args.setter("index_setter"));
        let (empty, missing) = (Without::of(&args.str("empty")), Without::of(&args.str("missing")));
        Ok(InPlace::cog(move |datum| {
            let items = match getter.get(datum) {
                Err(Error::FieldMissing { .. }) => None,
                piece => items(&*piece?)?,
            };
            let Some(items) = items else { return missing.turn(|| Error::data("there is nothing to unwind", "")) };
            if items.is_empty() {
                return empty.turn(|| Error::data("there is nothing in what is to be unwound", ""));
            }
            let copy = |(place, item): (usize, Datum)| {
                let mut copy = datum.clone();
                setter.set(&mut copy, item)?;
                index.set(&mut copy, Datum::Int(place as i64))?;
                Ok(copy)
            };
            items.into_iter().enumerate().map(copy).collect::<Result<_>>().map(Turned::Into)
        }))
    },
};

/// What becomes of a datum without elements.
#[derive(Clone, Copy)]
enum Without {
    Drop,
    Pass,
    Error,
}

impl Without {
    fn of(word: &str) -> Self {
        match word {
            "drop" => Self::Drop,
            "pass" => Self::Pass,
            _ => Self::Error,
        }
    }

    fn turn(self, error: impl FnOnce() -> Error) -> Result<Turned> {
        match self {
            Self::Drop => Ok(Turned::Swallowed),
            Self::Pass => Ok(Turned::Kept),
            Self::Error => Err(error()),
        }
    }
}

/// The elements; none for `()`.
fn items(piece: &Datum) -> Result<Option<Vec<Datum>>> {
    let opened = piece.opened();
    match &*opened {
        Datum::Unit => Ok(None),
        Datum::List(list) => Ok(Some(list.clone())),
        Datum::Map(map) => Ok(Some(map.iter().map(|(key, value)| Datum::List(vec![Datum::str(key.as_str()), value.clone()])).collect())),
        other => Err(Error::WrongKind { what: "what is to be unwound".into(), wanted: "an array or a map", got: other.kind() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;

    #[test]
    fn without_elements_the_options_decide() {
        for (input, option) in [(r#"{"a":[]}"#, "empty"), (r#"{"b":1}"#, "missing"), (r#"{"a":null}"#, "missing")] {
            for (word, out, failed, filtered) in [("pass", 1, 0, 0), ("drop", 0, 0, 1), ("error", 0, 1, 0)] {
                let mut bench = Bench::new(&SPEC, vec![("iterable_getter", "a".into()), (option, word.into())]);
                assert_eq!(bench.feed_json(input).len(), out, "{input} {word}");
                assert_eq!((bench.balance().failed, bench.balance().filtered), (failed, filtered), "{input} {word}");
            }
        }
    }

    #[test]
    fn text_is_no_array_and_the_origin_ends_with_the_last_copy() {
        let mut bench = Bench::new(&SPEC, vec![("iterable_getter", "a".into())]);
        assert!(bench.feed_json(r#"{"a":"xyz"}"#).is_empty());
        assert_eq!(bench.feed_json(r#"{"a":[1,[2],{"b":3}]}"#), [r#"{"a":1}"#, r#"{"a":[2]}"#, r#"{"a":{"b":3}}"#]);
        let books = bench.balance();
        assert_eq!((books.delivered, books.split, books.failed, books.in_flight), (3, 2, 1, 0));
    }
}
