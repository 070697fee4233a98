//! `twist::flatten`: makes one flat map of nested ones.

use std::fmt::Write as _;

use crate::cog::{CogSpec, Example, InPlace, Kind, Lit, Page, Param};
use crate::datum::{Datum, Gather, Key};
use crate::error::{Error, Result};

/// `twist::flatten`: a map -> a map without maps in it.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "flatten",
    kind: Kind::Convert,
    about: "Makes one flat map of nested ones: keys are joined.",
    page: Page { takes: "a map", gives: "a map without maps in it", fails: "a datum that is no map", ..Page::OF_KIND },
    params: &[
        Param::str("separator").or(".").about("stands between the joined keys"),
        Param::choice("arrays", &["keep", "index"]).about("arrays stay as they are, or each element gets a key with its place"),
        Param::int("max_depth").default(Lit::Int(128)).about("what is nested deeper stays as it is"),
    ],
    first: Some("separator"),
    global: false,
    examples: &[
        Example {
            what: "maps",
            make: "twist::flatten()",
            input: r#"{"a": {"b": 1, "c": {"d": 2}}, "e": [3, {"f": 4}]}"#,
            output: &[r#"{"a.b": 1, "a.c.d": 2, "e": [3, {"f": 4}]}"#],
        },
        Example {
            what: "arrays too",
            make: r#"twist::flatten("_", #{ arrays: "index" })"#,
            input: r#"{"e": [3, {"f": 4}], "g": {}}"#,
            output: &[r#"{"e_0": 3, "e_1_f": 4, "g": {}}"#],
        },
    ],
    build: |args| {
        let flat = Flat { separator: args.str("separator"), arrays: args.str("arrays") == "index", most: args.size("max_depth") };
        Ok(InPlace::cog(move |datum| flat.change(datum).map(|()| true)))
    },
};

struct Flat {
    separator: String,
    arrays: bool,
    most: usize,
}

impl Flat {
    fn change(&self, datum: &mut Datum) -> Result<()> {
        if datum.opened().as_map().is_none() {
            return Err(Error::WrongKind { what: "the datum".into(), wanted: "a map", got: datum.kind() });
        }
        let mut map = Gather::new();
        self.walk(std::mem::take(datum), &mut String::new(), 0, &mut map);
        *datum = Datum::Map(map.into_map());
        Ok(())
    }

    /// Puts the leaves of `datum`, which stands under `name`, into `into`. Where two come to one key the later one stays.
    fn walk(&self, mut datum: Datum, name: &mut String, depth: usize, into: &mut Gather) {
        let begin = name.len();
        let deeper = depth < self.most;
        match datum.open() {
            Datum::Map(map) if deeper && (!map.is_empty() || depth == 0) => {
                for (key, value) in std::mem::take(map).into_entries() {
                    self.name(name, depth, key.as_str());
                    self.walk(value, name, depth + 1, into);
                    name.truncate(begin);
                }
            }
            Datum::List(list) if deeper && self.arrays && !list.is_empty() => {
                for (place, value) in std::mem::take(list).into_iter().enumerate() {
                    self.name(name, depth, "");
                    let _ = write!(name, "{place}");
                    self.walk(value, name, depth + 1, into);
                    name.truncate(begin);
                }
            }
            leaf => into.set(Key::new(name), std::mem::take(leaf)),
        }
    }

    fn name(&self, name: &mut String, depth: usize, key: &str) {
        if depth > 0 {
            name.push_str(&self.separator);
        }
        name.push_str(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;

    #[test]
    fn what_is_no_map_fails_and_depth_is_bounded() {
        let mut bench = Bench::new(&SPEC, vec![("max_depth", 2.into()), ("on_error", "pass".into())]);
        assert_eq!(bench.feed_json(r#"{"a":{"b":{"c":1}}}"#), [r#"{"a.b":{"c":1}}"#]);
        assert_eq!(bench.feed_json("[{}]"), ["[{}]"]);
        assert_eq!(bench.errors(), 1);
        assert_eq!(bench.feed_json(r#"{"a.b":1,"a":{"b":2}}"#), [r#"{"a.b":2}"#]);
    }
}
