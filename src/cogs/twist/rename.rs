//! `twist::rename`: gives places in data other names.
//!
//! A key that stays in its map keeps its place among the others. All is taken out before anything is put back, so that two names can be exchanged.

use super::places::{self, MISSING, missing, must_be_there};
use crate::cog::{CogSpec, Example, Given, InPlace, Kind, Page, Param, Ty};
use crate::datum::{Datum, Key, Map, Path};
use crate::error::{Error, Result};
use crate::getset::single_key;

/// `twist::rename`: a datum -> the same with other names.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "rename",
    kind: Kind::Convert,
    about: "Gives keys and paths of each datum other names.",
    page: Page { takes: "a map", fails: "with missing: \"error\" a datum without one of them; else nothing", ..Page::OF_KIND },
    params: &[
        Param::new("names", Ty::Entries).about("new names by old ones: keys or paths; what stood under a new name before is replaced"),
        MISSING,
    ],
    first: Some("names"),
    global: false,
    examples: &[
        Example {
            what: "a key keeps its place",
            make: r#"twist::rename(#{ src: "source" })"#,
            input: r#"{"time": 7, "src": "192.0.2.1", "dst": "192.0.2.2"}"#,
            output: &[r#"{"time": 7, "source": "192.0.2.1", "dst": "192.0.2.2"}"#],
        },
        Example {
            what: "a path becomes a key",
            make: r#"twist::rename(#{ "http.status": "status" })"#,
            input: r#"{"http": {"status": 200, "path": "/"}}"#,
            output: &[r#"{"http": {"path": "/"}, "status": 200}"#],
        },
    ],
    build: |args| {
        let strict = must_be_there(args);
        let pair = |(from, to): (Path, Given)| match to.datum().as_ref().and_then(Datum::as_str) {
            Some(to) => Ok((from, places::place("names", to)?)),
            None => Err(Error::option("names", format!("the new name of `{from}` is no string"))),
        };
        let names: Vec<(Path, Path)> = places::entries(args, "names")?.into_iter().map(pair).collect::<Result<_>>()?;
        // Where all are plain keys the map is only looked through.
        let keys =
            names.iter().map(|(from, to)| Some((single_key(from)?.clone(), single_key(to)?.clone()))).collect::<Option<Vec<(Key, Key)>>>();
        Ok(InPlace::cog(move |datum| {
            if strict && let Some((path, _)) = names.iter().find(|(from, _)| from.get(datum).is_none()) {
                return Err(missing(path));
            }
            match (&keys, datum.map_mut()) {
                (Some(keys), Some(map)) => rename_keys(keys, map),
                _ => move_places(&names, datum)?,
            }
            Ok(true)
        }))
    },
};

fn rename_keys(names: &[(Key, Key)], map: &mut Map) {
    let new_of = |key: &Key| names.iter().find(|(from, _)| from == key).map(|(_, to)| to);
    let replaced: Vec<&Key> = map.iter().filter_map(|(key, _)| new_of(key)).collect();
    if replaced.is_empty() {
        return;
    }
    let replaced: Vec<Key> = replaced.into_iter().cloned().collect();
    let entries = std::mem::take(map).into_entries().into_iter().filter_map(|(key, value)| match new_of(&key) {
        Some(new) => Some((new.clone(), value)),
        None if replaced.contains(&key) => None,
        None => Some((key, value)),
    });
    // Of two that get one name the later one stays.
    for (key, value) in entries {
        map.insert(key, value);
    }
}

fn move_places(names: &[(Path, Path)], datum: &mut Datum) -> Result<()> {
    let mut changed = datum.clone();
    let moved: Vec<(&Path, Datum)> = names.iter().filter_map(|(from, to)| Some((to, from.delete(&mut changed)?))).collect();
    moved.into_iter().try_for_each(|(to, piece)| to.set(&mut changed, piece))?;
    *datum = changed;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;

    fn bench(names: &[(&str, &str)], missing: &str) -> Bench {
        let names = names.iter().map(|(from, to)| ((*from).to_owned(), Given::from(*to))).collect();
        Bench::new(&SPEC, vec![("names", Given::Map(names)), ("missing", missing.into())])
    }

    #[test]
    fn names_can_be_exchanged_and_replace_what_was_there() {
        assert_eq!(bench(&[("a", "b"), ("b", "a")], "pass").feed_json(r#"{"a":1,"x":0,"b":2}"#), [r#"{"b":1,"x":0,"a":2}"#]);
        assert_eq!(bench(&[("a", "b")], "pass").feed_json(r#"{"a":1,"b":2}"#), [r#"{"b":1}"#]);
        assert_eq!(bench(&[("a", "c"), ("b", "c")], "pass").feed_json(r#"{"a":1,"b":2}"#), [r#"{"c":2}"#]);
        assert_eq!(
            bench(&[("a.b", "b.a"), ("b.a", "a.b")], "pass").feed_json(r#"{"a":{"b":1},"b":{"a":2}}"#),
            [r#"{"a":{"b":2},"b":{"a":1}}"#]
        );
    }

    #[test]
    fn what_is_not_there_is_passed_over_or_fails() {
        assert_eq!(bench(&[("a", "b")], "pass").feed_json(r#"{"x":1}"#), [r#"{"x":1}"#]);
        let mut strict = bench(&[("a", "b")], "error");
        assert!(strict.feed_json(r#"{"x":1}"#).is_empty() && strict.balance().failed == 1);
        // A new place that cannot be: the datum is as it was.
        let mut bad = bench(&[("a", "s.t")], "pass");
        assert!(bad.feed_json(r#"{"a":1,"s":"text"}"#).is_empty() && bad.balance().failed == 1);
    }
}
