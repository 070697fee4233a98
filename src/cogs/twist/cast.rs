//! `twist::cast`: gives the values of named places another type, and leaves all else as it is.

use super::places::{self, MISSING, missing, must_be_there};
use crate::cog::{CogSpec, Example, Given, InPlace, Kind, Lit, Page, Param, Ty};
use crate::datum::{Datum, Path, Step};
use crate::error::{Error, Result, nearest};

/// `twist::cast`: a datum -> the same with values of other types.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "cast",
    kind: Kind::Convert,
    about: "Gives the values of named keys and paths another type.",
    page: Page {
        takes: "a map",
        fails: "what cannot be cast, with its path, unless lenient; with missing: \"error\" what is not there",
        ..Page::OF_KIND
    },
    params: &[
        Param::new("types", Ty::Entries).about("by key or path: \"int\", \"float\", \"string\", \"boolean\" (true, yes, on, 1, y, t and their opposites, in any case) or \"time\" (RFC 3339); \"list[*].n\" casts each"),
        Param::bool("lenient").default(Lit::Bool(false)).about("what cannot be cast stays as it is, instead of failing the datum"),
        MISSING,
    ],
    first: Some("types"),
    global: false,
    examples: &[
        Example {
            what: "columns of a CSV line",
            make: r#"twist::cast(#{ status: "int", took: "float", cached: "boolean" })"#,
            input: r#"{"status": "404", "took": "0.5", "cached": "no", "path": "/"}"#,
            output: &[r#"{"status": 404, "took": 0.5, "cached": false, "path": "/"}"#],
        },
        Example {
            what: "what does not fit stays",
            make: r#"twist::cast(#{ "sizes[*]": "int" }, #{ lenient: true })"#,
            input: r#"{"sizes": ["7", "-"]}"#,
            output: &[r#"{"sizes": [7, "-"]}"#],
        },
    ],
    build: |args| {
        let item = |(path, given): (Path, Given)| {
            let word = given.datum().as_ref().and_then(Datum::as_str).map(str::to_owned).unwrap_or_default();
            Ok((path, Type::named(&word)?))
        };
        let types: Vec<(Path, Type)> = places::entries(args, "types")?.into_iter().map(item).collect::<Result<_>>()?;
        let (lenient, strict) = (args.bool("lenient"), must_be_there(args));
        Ok(InPlace::cog(move |datum| {
            // A datum that fails is as it was.
            let mut changed = datum.clone();
            for (path, wanted) in &types {
                let mut found = false;
                visit(path.steps(), &mut changed, &mut |piece| {
                    found = true;
                    match wanted.cast(piece) {
                        Ok(cast) => *piece = cast,
                        Err(_) if lenient => {}
                        Err(error) => return Err(Error::data(format!("`{path}`: {error}"), "")),
                    }
                    Ok(())
                })?;
                if strict && !found {
                    return Err(missing(path));
                }
            }
            *datum = changed;
            Ok(true)
        }))
    },
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Type {
    Int,
    Float,
    String,
    Boolean,
    Time,
}

const WORDS: [(&str, Type); 5] =
    [("int", Type::Int), ("float", Type::Float), ("string", Type::String), ("boolean", Type::Boolean), ("time", Type::Time)];

impl Type {
    fn named(word: &str) -> Result<Self> {
        WORDS.iter().find(|(known, _)| *known == word).map(|(_, wanted)| *wanted).ok_or_else(|| Error::Option {
            option: "types".into(),
            text: format!("there is no type `{word}`"),
            hint: Some(match nearest(word, WORDS.map(|(known, _)| known)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", WORDS.map(|(known, _)| known).join(", ")),
            }),
        })
    }

    fn cast(self, piece: &Datum) -> Result<Datum> {
        let wrong = |what: &str| Err(Error::data(format!("is no {what}"), &piece.piece()));
        let text = || piece.as_str().map(str::trim);
        match self {
            Self::Int => match piece {
                Datum::Int(_) => Ok(piece.clone()),
                Datum::Str(_) => text().and_then(|text| text.parse().ok()).map_or_else(|| wrong("integer"), |n| Ok(Datum::Int(n))),
                _ => match piece.as_float() {
                    Some(n) if n.fract() == 0.0 && n.abs() < 9.0e15 => Ok(Datum::Int(n as i64)),
                    _ => wrong("integer"),
                },
            },
            Self::Float => {
                let number = text().map_or_else(|| piece.as_float(), |text| text.parse().ok());
                number.filter(|n| n.is_finite()).map_or_else(|| wrong("number"), |n| Ok(Datum::Float(n)))
            }
            Self::String => match piece {
                Datum::Str(_) => Ok(piece.clone()),
                Datum::Unit | Datum::List(_) | Datum::Map(_) | Datum::Raw(_) | Datum::Bytes(_) => wrong("string, nor has it one"),
                _ => Ok(Datum::str(piece.piece().into_owned())),
            },
            Self::Boolean => {
                let word = piece.piece().trim().to_ascii_lowercase();
                match word.as_str() {
                    "true" | "yes" | "on" | "1" | "y" | "t" => Ok(Datum::Bool(true)),
                    "false" | "no" | "off" | "0" | "n" | "f" => Ok(Datum::Bool(false)),
                    _ => wrong("yes or no"),
                }
            }
            Self::Time => match piece {
                Datum::Time(_) => Ok(piece.clone()),
                _ => {
                    text().and_then(|text| text.parse().ok()).map_or_else(|| wrong("time as RFC 3339 has it"), |time| Ok(Datum::Time(time)))
                }
            },
        }
    }
}

/// Calls `f` with every place that the steps lead to; of `[*]` those that are there.
fn visit(steps: &[Step], datum: &mut Datum, f: &mut dyn FnMut(&mut Datum) -> Result<()>) -> Result<()> {
    let Some((step, rest)) = steps.split_first() else { return f(datum) };
    match (step, datum.open()) {
        (Step::Key(key), Datum::Map(map)) => map.get_mut(key).map_or(Ok(()), |inner| visit(rest, inner, f)),
        (Step::At(n), Datum::List(list)) => {
            let place = if *n < 0 { n + list.len() as i64 } else { *n };
            usize::try_from(place).ok().and_then(|place| list.get_mut(place)).map_or(Ok(()), |inner| visit(rest, inner, f))
        }
        (Step::All, Datum::List(list)) => list.iter_mut().try_for_each(|inner| visit(rest, inner, f)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;

    fn bench(types: &[(&str, &str)]) -> Bench {
        let types = types.iter().map(|(path, word)| ((*path).to_owned(), Given::from(*word))).collect();
        Bench::new(&SPEC, vec![("types", Given::Map(types))])
    }

    #[test]
    fn each_type_takes_what_means_it_and_nothing_else() {
        for (word, good, bad) in [
            ("int", &[("7", "7"), ("\" -7 \"", "-7"), ("7.0", "7")][..], &["7.5", "\"7.0\"", "true", "null", "\"\""][..]),
            ("float", &[("7", "7.0"), ("\"1e3\"", "1000.0"), ("0.5", "0.5")], &["\"nan\"", "\"x\"", "[]", "true"]),
            ("string", &[("7", "\"7\""), ("true", "\"true\""), ("\"x\"", "\"x\"")], &["null", "[1]", "{}"]),
            ("boolean", &[("\"Yes\"", "true"), ("0", "false"), ("true", "true")], &["2", "\"maybe\"", "null"]),
            (
                "time",
                &[("\"2024-05-06T10:00:00Z\"", "\"2024-05-06T10:00:00Z\""), ("\"2024-05-06T12:00:00+02:00\"", "\"2024-05-06T10:00:00Z\"")],
                &["\"yesterday\"", "7"],
            ),
        ] {
            let mut bench = bench(&[("v", word)]);
            for (given, wanted) in good {
                assert_eq!(bench.feed_json(&format!(r#"{{"v":{given}}}"#)), [format!(r#"{{"v":{wanted}}}"#)], "{word} {given}");
            }
            for given in bad {
                assert!(bench.feed_json(&format!(r#"{{"v":{given}}}"#)).is_empty(), "{word} {given}");
            }
            assert_eq!(bench.balance().failed as usize, bad.len(), "{word}");
        }
    }

    #[test]
    fn paths_may_gather() {
        let mut bench = bench(&[("a[*].n", "int"), ("b.c", "string")]);
        assert_eq!(
            bench.feed_json(r#"{"a":[{"n":"1"},{"x":0},{"n":"2"}],"b":{"c":3}}"#),
            [r#"{"a":[{"n":1},{"x":0},{"n":2}],"b":{"c":"3"}}"#]
        );
        assert_eq!(bench.feed_json(r#"{"x":1}"#), [r#"{"x":1}"#]);
        let types = Given::Map(vec![("a".into(), "imt".into())]);
        assert!(Bench::refused(&SPEC, vec![("types", types)]).contains("`imt`"));
    }
}
