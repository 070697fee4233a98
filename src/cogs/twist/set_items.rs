//! `twist::set_items`: sets places to fixed values, or to what closures make of the datum.

use super::places;
use crate::cog::{CogSpec, Example, Given, InPlace, Kind, Page, Param, Ty};
use crate::datum::{Datum, Path};
use crate::error::{Error, Result};
use crate::getset::Getter;

/// `twist::set_items`: a datum -> the same with these items.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "set_items",
    kind: Kind::Convert,
    about: "Sets keys and paths of each datum to fixed values, or to what closures say.",
    page: Page {
        takes: "a map (or a list, for paths into it)",
        gives: "the same datum with the items; maps on the way to a path are made",
        fails: "a datum that cannot have such an item, or for which a closure throws",
        ..Page::OF_KIND
    },
    params: &[
        Param::new("items", Ty::Entries)
            .about("by key or path: a value, or a closure that is given the datum as it came and gives the value"),
        Param::choice("existing", &["replace", "keep"]).about("what becomes of a value that is there already"),
    ],
    first: Some("items"),
    global: false,
    examples: &[
        Example {
            what: "a value and a closure",
            make: r#"twist::set_items(#{ source: "web", big: |d| d.size > 1000 })"#,
            input: r#"{"size": 2000}"#,
            output: &[r#"{"size": 2000, "big": true, "source": "web"}"#],
        },
        Example {
            what: "only where nothing is",
            make: r#"twist::set_items(#{ "meta.level": "info" }, #{ existing: "keep" })"#,
            input: r#"{"meta": {"level": "error"}}"#,
            output: &[r#"{"meta": {"level": "error"}}"#],
        },
    ],
    build: |args| {
        let item = |(path, given): (Path, Given)| {
            let value = match given {
                Given::Callback(callback) => callback.getter()?,
                Given::Getter(getter) => getter,
                other => Getter::Const(other.datum().ok_or_else(|| Error::option("items", format!("`{path}` is given {}", other.kind())))?),
            };
            Ok((path, value))
        };
        let items: Vec<(Path, Getter)> = places::entries(args, "items")?.into_iter().map(item).collect::<Result<_>>()?;
        let keeps = args.str("existing") == "keep";
        Ok(InPlace::cog(move |datum| {
            let mut values = Vec::with_capacity(items.len());
            for (path, value) in &items {
                if !keeps || path.get(datum).is_none() {
                    values.push((path, value.get(datum)?.into_owned()));
                }
            }
            set(datum, values).map(|()| true)
        }))
    },
};

/// All or none.
fn set(datum: &mut Datum, values: Vec<(&Path, Datum)>) -> Result<()> {
    // A plain key can always be set in a map: only longer ways can fail half-way.
    let sure = datum.map_mut().is_some() && values.iter().all(|(path, _)| path.steps().len() == 1);
    let before = (!sure).then(|| datum.clone());
    let done = values.into_iter().try_for_each(|(path, value)| path.set(datum, value));
    if let (Err(_), Some(before)) = (&done, before) {
        *datum = before;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;

    #[test]
    fn a_datum_that_cannot_take_all_fails_as_it_was() {
        let items = Given::Map(vec![("a".to_owned(), 1.into()), ("s.t".to_owned(), 2.into())]);
        let mut bench = Bench::new(&SPEC, vec![("items", items), ("on_error", "pass".into())]);
        assert_eq!(bench.feed_json(r#"{"x":0}"#), [r#"{"x":0,"a":1,"s":{"t":2}}"#]);
        assert_eq!(bench.feed_json(r#"{"s":"text"}"#), [r#"{"s":"text"}"#]);
        assert_eq!(bench.feed_json("[1]"), ["[1]"]);
        assert_eq!(bench.errors(), 2);
    }
}
