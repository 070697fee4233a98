//! `twist::keep`: leaves of data only what is named.

use super::places::{MISSING, missing, must_be_there, places};
use crate::cog::{CogSpec, Example, InPlace, Kind, Page, Param};
use crate::datum::{Datum, Map};

/// `twist::keep`: a datum -> a map of what is named.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "keep",
    kind: Kind::Convert,
    about: "Leaves only the named keys and paths of each datum, in the order in which they are named.",
    page: Page {
        takes: "a map",
        gives: "a map of nothing but what is named",
        fails: "with missing: \"error\" a datum without one of them; else nothing",
        ..Page::OF_KIND
    },
    params: &[Param::strs("paths").about("what is left: keys, or paths such as \"a.b\", which stay at their place"), MISSING],
    first: Some("paths"),
    global: false,
    examples: &[
        Example {
            what: "two of many",
            make: r#"twist::keep(["time", "user.name"])"#,
            input: r#"{"user": {"name": "me", "mail": "me@example.org"}, "time": 7, "x": 1}"#,
            output: &[r#"{"time": 7, "user": {"name": "me"}}"#],
        },
        Example {
            what: "what is not there is left out",
            make: r#"twist::keep(["time", "host", "ips[0]"])"#,
            input: r#"{"x": 1, "time": 7}"#,
            output: &[r#"{"time": 7}"#],
        },
    ],
    build: |args| {
        let (paths, strict) = (places(args, "paths")?, must_be_there(args));
        Ok(InPlace::cog(move |datum| {
            let mut kept = Datum::Map(Map::with_capacity(paths.len()));
            for path in &paths {
                match path.get(datum) {
                    Some(piece) => path.set(&mut kept, piece.into_owned())?,
                    None if strict => return Err(missing(path)),
                    None => {}
                }
            }
            *datum = kept;
            Ok(true)
        }))
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;

    #[test]
    fn what_is_not_there_is_left_out_or_an_error() {
        let paths = || ("paths", Given::List(vec!["b".into(), "a".into(), "c.d".into()]));
        let mut lenient = Bench::new(&SPEC, vec![paths()]);
        assert_eq!(lenient.feed_json(r#"{"a":1,"b":null,"c":{"e":1}}"#), [r#"{"b":null,"a":1}"#]);
        assert_eq!(lenient.feed_json("7"), ["{}"]);
        let mut strict = Bench::new(&SPEC, vec![paths(), ("missing", "error".into())]);
        assert!(strict.feed_json(r#"{"a":1,"b":2}"#).is_empty());
        assert_eq!(strict.balance().failed, 1);
    }
}
