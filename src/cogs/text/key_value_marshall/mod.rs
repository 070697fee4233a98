//! `text::key_value_marshall`: a map becomes a line of keys and values, as logfmt and many a log of a device have it.
//!
//! What `key_value_parse` with the same options makes of the line is the map again, as far as its values are strings.

mod line;

use self::line::{DEEPEST, Line, Pairs};
use super::DATA_SETTER;
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param, Ty};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

/// `text::key_value_marshall`: a map -> a line of text.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "key_value_marshall",
    kind: Kind::Marshal,
    about: "Writes a map as pairs of keys and values, such as `a=1 b=\"x y\"` (logfmt); key_value_parse with the same options reads the same strings back.",
    page: Page {
        takes: "a map",
        gives: "one line, as a string without line end; values stand in quotes only where they must",
        fails: "what is no map; a key that cannot be told from what stands around it (bad_keys: \"error\"); with missing: \"error\" a field that is not there; without quotes a value that needs them; keys that lists and maps would repeat over more than 1 MiB; a blob that is no text",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("data_getter").or("selfgetter").about("the map that is written; by default the whole datum"),
        DATA_SETTER,
        Param::strs("fields")
            .default(Lit::EmptyList)
            .about("which keys or paths are written, in order, each under the name that it has here; by default all keys of the map in theirs"),
        Param::choice("missing", &["skip", "empty", "error"])
            .about("what becomes of one of the fields that is not there: it is left out, has an empty value, or the datum fails"),
        Param::str("pair_sep").or(" ").about("what stands between pairs"),
        Param::str("kv_sep").or("=").about("what stands between a key and its value"),
        Param::new("quote", Ty::Either(&[Ty::Char, Ty::Unit])).or("\"").about(
            "the letter around values that need it; within, a backslash stands before it, before a backslash, and for line breaks (\\n, \\r) and tabs (\\t); () for none",
        ),
        Param::choice("bare", &["true", "unit", "none"])
            .about("which value is told by the key alone: true, (), or none; else they are `true` and an empty value"),
        Param::choice("maps", &["json", "flatten"]).about("what a map in the map becomes: JSON text, or pairs of their own with dots in the keys, whether or not there are others of that name"),
        Param::choice("lists", &["json", "repeat"]).about("what a list becomes: JSON text, or a pair for each element"),
        Param::choice("bad_keys", &["error", "replace"])
            .about("what becomes of a key that is empty or holds blanks, line breaks or separators: the datum fails, or `_` stands for such letters, also where two keys become one that way"),
    ],
    first: Some("fields"),
    global: false,
    examples: &[
        Example {
            what: "logfmt; quotes where they must be",
            make: "text::key_value_marshall()",
            input: r#"{"level": "info", "msg": "it is \"up\"", "took": 0.5, "dry": true, "by": ""}"#,
            output: &[r#""level=info msg=\"it is \\\"up\\\"\" took=0.5 dry by=""#],
        },
        Example {
            what: "some fields, other separators, beside the data",
            make: r#"text::key_value_marshall(["src", "at.port"], #{ pair_sep: "; ", kv_sep: ": ", data_setter: "line" })"#,
            input: r#"{"at": {"port": 22}, "src": "192.0.2.1"}"#,
            output: &[r#"{"at": {"port": 22}, "src": "192.0.2.1", "line": "src: 192.0.2.1; at.port: 22"}"#],
        },
        Example {
            what: "maps and lists",
            make: r#"text::key_value_marshall(#{ maps: "flatten", lists: "repeat" })"#,
            input: r#"{"http": {"status": 200, "via": ["a", "b c"]}, "of": []}"#,
            output: &[r#""http.status=200 http.via=a http.via=\"b c\"""#],
        },
    ],
    build: |args| Ok(Box::new(KeyValueMarshall::new(args)?)),
};

#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Skip,
    Empty,
    Error,
}

struct KeyValueMarshall {
    data_getter: Getter,
    data_setter: Setter,
    /// What is written, and its name; all of the map where there are none.
    fields: Vec<(String, Getter)>,
    missing: Missing,
    pairs: Pairs,
}

impl KeyValueMarshall {
    fn new(args: &Args) -> Result<Self> {
        let pairs = Pairs::new(args)?;
        let field = |name: String| {
            let wrong = |error: Error| Error::option("fields", format!("`{name}`: {error}"));
            let getter = Getter::named(&name).map_err(wrong)?;
            Ok((pairs.key(&name).map_err(wrong)?.into_owned(), getter))
        };
        Ok(Self {
            data_getter: args.getter("data_getter"),
            data_setter: args.setter("data_setter"),
            fields: args.strs("fields").into_iter().map(field).collect::<Result<_>>()?,
            missing: match args.str("missing").as_str() {
                "empty" => Missing::Empty,
                "error" => Missing::Error,
                _ => Missing::Skip,
            },
            pairs,
        })
    }

    fn write(&self, out: &mut String, datum: &Datum) -> Result<()> {
        let piece = self.data_getter.get(datum)?;
        let opened = piece.opened();
        let Some(map) = opened.as_map() else {
            return Err(Error::WrongKind { what: "what is written as pairs".into(), wanted: "a map", got: piece.kind() });
        };
        let mut line = Line::new(&self.pairs, out);
        if self.fields.is_empty() {
            return line.all(map);
        }
        for (name, getter) in &self.fields {
            match getter.get(&opened) {
                Ok(piece) => line.put(name, &piece, DEEPEST)?,
                Err(Error::FieldMissing { .. }) if self.missing == Missing::Skip => {}
                Err(Error::FieldMissing { .. }) if self.missing == Missing::Empty => line.pair(name, "")?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Cog for KeyValueMarshall {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        let mut line = String::new();
        self.write(&mut line, &datum)?;
        self.data_setter.set(&mut datum, Datum::from(line))?;
        ctx.emit(datum);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_into_block(ctx, &self.data_setter, |datum, out: &mut String| self.write(out, datum))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};
    use proptest::strategy::Strategy;

    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::cogs::text::key_value_parse;
    use crate::datum::{Key, Map, json};

    /// What is written of a map given as JSON; `!` where it fails.
    fn line(given: Vec<(&str, Given)>, map: &str) -> String {
        Bench::new(&SPEC, given).feed(json::read(map).unwrap()).first().map_or("!".into(), |text| text.piece().into_owned())
    }

    #[test]
    fn quotes_stand_where_they_must() {
        for (map, wanted) in [
            (r#"{"a": "1", "b": "x y", "c": ""}"#, r#"a=1 b="x y" c="#),
            (r#"{"a": "C:\\x", "b": "C:\\x y"}"#, r#"a=C:\x b="C:\\x y""#),
            (r#"{"a": "x\"y", "b": "1\n2\r\t"}"#, r#"a="x\"y" b="1\n2\r\t""#),
            (r#"{"a": "b=c", "ä": "ö"}"#, "a=b=c ä=ö"),
            (r#"{"a": 1, "b": -2.50, "c": 1e400, "d": true, "e": false, "f": null}"#, "a=1 b=-2.50 c=1e400 d e=false f="),
            (r#"{"a": {"b":[1,"x"]}, "c": []}"#, r#"a="{\"b\":[1,\"x\"]}" c=[]"#),
            ("{}", ""),
            (r#"{"": "1"}"#, "!"),
            (r#"{"a b": "1"}"#, "!"),
            (r#"{"a=b": "1"}"#, "!"),
            (r#"{"a\nb": true}"#, "!"),
            ("[1]", "!"),
            ("null", "!"),
        ] {
            assert_eq!(line(vec![], map), wanted, "{map}");
        }
        let time: jiff::Timestamp = "2024-05-06T07:08:09Z".parse().unwrap();
        let one = |value: Datum| {
            let map = Map::from_entries(vec![(Key::new("k"), value)]);
            Bench::new(&SPEC, vec![]).feed(Datum::Map(map)).first().map(|text| text.piece().into_owned())
        };
        assert_eq!(one(Datum::Time(time)).as_deref(), Some("k=2024-05-06T07:08:09Z"));
        assert_eq!(one(Datum::Float(f64::NEG_INFINITY)).as_deref(), Some("k=-Infinity"));
        assert_eq!(one(Datum::Bytes(b"x y".as_slice().into())).as_deref(), Some("k=\"x y\""));
        assert_eq!(one(Datum::Bytes(b"\xff".as_slice().into())), None);
    }

    #[test]
    fn separators_and_choices() {
        let strs = |all: &[&str]| Given::from(Datum::List(all.iter().map(|text| Datum::from(*text)).collect()));
        let nested = r#"{"a": {"b": 1, "c": {"d": "x y"}}, "e": [1,[2],{"f":null}], "g": {}}"#;
        for (given, map, wanted) in [
            (vec![("pair_sep", ";".into()), ("kv_sep", ":".into())], r#"{"a": "x y", "b": "x;y", "c": " "}"#, "a:x y;b:\"x;y\";c:\" \""),
            (vec![("kv_sep", ": ".into()), ("pair_sep", ", ".into())], r#"{"a": "", "b": "c,"}"#, "a: \"\", b: c,"),
            (vec![("pair_sep", "==".into())], r#"{"a": "b=", "c": true}"#, "a=\"b=\"==c"),
            (vec![("pair_sep", "==".into())], r#"{"c=": true}"#, "!"),
            (vec![("pair_sep", "a=b".into())], r#"{"a": "b", "c": "1"}"#, "a=\"b\"a=bc=1"),
            (vec![("quote", "'".into())], r#"{"a": "it's \"x\""}"#, r#"a='it\'s "x"'"#),
            (vec![("quote", Datum::Unit.into())], r#"{"a": "\"1\""}"#, "a=\"1\""),
            (vec![("quote", Datum::Unit.into())], r#"{"a": "1 2"}"#, "!"),
            (vec![("bare", "unit".into())], r#"{"a": null, "b": true}"#, "a b=true"),
            (vec![("bare", "none".into())], r#"{"a": null, "b": true}"#, "a= b=true"),
            (vec![("maps", "flatten".into())], nested, r#"a.b=1 a.c.d="x y" e="[1,[2],{\"f\":null}]" g={}"#),
            (vec![("lists", "repeat".into())], r#"{"e": [1,[2],{"f":null}], "g": []}"#, r#"e=1 e=2 e="{\"f\":null}""#),
            (vec![("maps", "flatten".into()), ("lists", "repeat".into())], nested, r#"a.b=1 a.c.d="x y" e=1 e=2 e.f= g={}"#),
            (vec![("bad_keys", "replace".into())], r#"{"a b=c": "1", "": true}"#, "a_b_c=1 _"),
            (vec![("bad_keys", "replace".into()), ("pair_sep", "_".into())], r#"{"a_b": "1"}"#, "!"),
            (vec![("fields", strs(&["b.c", "x", "a"]))], r#"{"a": 1, "b": {"c": 2}}"#, "b.c=2 a=1"),
            (vec![("fields", strs(&["x", "a"])), ("missing", "empty".into())], r#"{"a": 1}"#, "x= a=1"),
            (vec![("fields", strs(&["x", "a"])), ("missing", "error".into())], r#"{"a": 1}"#, "!"),
            (vec![("data_getter", "m".into())], r#"{"m": {"a": 1}, "b": 2}"#, "a=1"),
            (vec![("data_getter", "m".into())], r#"{"b": 2}"#, "!"),
        ] {
            assert_eq!(line(given, map), wanted, "{map}");
        }
        for (option, value, told) in [
            ("pair_sep", "", "must not be empty"),
            ("kv_sep", "", "must not be empty"),
            ("kv_sep", "\t", "must not hold what stands between"),
            ("kv_sep", "a b", "must not hold what stands between"),
            ("pair_sep", "\"", "must not hold the quote"),
            ("quote", "\\", "a letter that an escape is made of"),
            ("quote", "n", "a letter that an escape is made of"),
            ("fields", "a b", "the key: `a b`"),
            ("fields", "a[", "`a[`"),
        ] {
            let refused = Bench::refused(&SPEC, vec![(option, value.into())]);
            assert!(refused.contains(told) && refused.contains(option), "{refused}");
        }
    }

    #[test]
    fn a_key_is_not_repeated_without_end() {
        let (key, list) = ("k".repeat(30_000), format!("[{}1]", "1,".repeat(20_000)));
        let items: Vec<String> = (0..20_000).map(|n| format!(r#""a{n}": 1"#)).collect();
        let maps = format!(r#"{{"{key}": {{{}}}}}"#, items.join(","));
        assert_eq!(line(vec![("lists", "repeat".into())], &format!(r#"{{"{key}": {list}}}"#)), "!");
        assert_eq!(line(vec![("maps", "flatten".into())], &maps), "!");
        assert_eq!(line(vec![("lists", "repeat".into())], &format!(r#"{{"k": {list}}}"#)).len(), 80_003);
    }

    #[test]
    fn one_that_fails_leaves_the_others_of_its_batch_alone() {
        let mut bench = Bench::new(&SPEC, vec![]);
        assert_eq!(bench.feed_json(r#"{"a": 1, "b c": 2}"#), [""; 0]);
        assert_eq!(bench.feed_json(r#"{"a": 1}"#), ["\"a=1\""]);
        assert_eq!((bench.balance().failed, bench.balance().delivered), (1, 1));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            pairs in prop::collection::btree_map(
                "[a-c=;:, ä]{0,4}",
                prop::sample::select(vec!["[ab=;:, \"\\\\\n\t'ä]{0,8}", "\\PC{0,8}"]).prop_flat_map(|letters| letters).boxed(),
                0..6,
            ),
            dry in any::<bool>(),
            seps in prop::sample::select(vec![
                (" ", "="), (";", "="), (", ", ": "), ("==", "="), ("a=b", "="), ("\t", ":"), ("\n", " = "), ("  ", ":="), (" | ", "b;"), ("ä", "  "),
            ]),
            quote in prop::sample::select(vec![Some("\""), Some("'"), Some("«"), None]),
        ) {
            let given = || {
                let quote = quote.map_or(Datum::Unit, Datum::from);
                vec![("pair_sep", Given::from(seps.0)), ("kv_sep", seps.1.into()), ("quote", quote.into())]
            };
            let mut map: Map = pairs.iter().map(|(key, value)| (Key::new(key), Datum::from(value.as_str()))).collect();
            if dry {
                map.insert(Key::new("dry"), Datum::Bool(true));
            }
            let mut bench = Bench::new(&SPEC, given());
            let plain = |key: &&str| key.chars().all(|letter| matches!(letter, 'c' | 'd' | 'r' | 'y')) && !key.is_empty();
            match bench.feed(Datum::Map(map.clone())).pop() {
                Some(text) => {
                    let mut reader = Bench::new(&key_value_parse::SPEC, given());
                    let read = reader.feed(text.clone()).first().map(json::to_string);
                    assert_eq!(read, Some(json::to_string(&Datum::Map(map))), "{text:?}");
                }
                // Such keys can always be written, and such values where there are quotes.
                None => assert!(quote.is_none() || !map.iter().all(|(key, _)| plain(&key.as_str()))),
            }
        }
    }
}
