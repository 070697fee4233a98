//! `text::line_marshall`: pieces of a datum become a line of plain text, for people to read.
//!
//! Nothing is quoted and nothing can be read back for sure, but a datum is one line, whatever its texts hold.

use std::borrow::Cow;

use super::breaks::put_line;
use super::{DATA_SETTER, written};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};
use crate::lines::Newlines;

/// `text::line_marshall`: any datum -> a line of text.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "line_marshall",
    kind: Kind::Marshal,
    about: "Writes the datum, or pieces of it, as one line of plain text: no quotes, and no line breaks; what is to be read back is for csv_marshall or json_marshall.",
    page: Page {
        takes: "any datum: text as it is, numbers as they are written, lists joined, maps and lists in lists as JSON",
        gives: "one line, as a string without line end",
        fails: "with missing: \"error\" a piece that is not there or (); with newlines: \"fail\" a text with a line break; a blob that is no text",
        ..Page::OF_KIND
    },
    params: &[
        Param::getters("fields").default(Lit::EmptyList).about("what is written, in order; by default the datum"),
        DATA_SETTER,
        Param::str("separator").or(" ").about("what stands between the fields"),
        Param::str("list_separator").or(",").about("what stands between the elements of a piece that is a list"),
        Param::choice("missing", &["empty", "skip", "error"])
            .about("what becomes of a piece that is not there or (): nothing stands in its place, it is left out with its separator, or the datum fails"),
        Param::choice("newlines", &["escape", "space", "fail"])
            .about("what becomes of line breaks: \\n and \\r, a space, or the datum fails"),
    ],
    first: Some("fields"),
    global: false,
    examples: &[
        Example {
            what: "some fields",
            make: r#"text::line_marshall(["at", "ip", "names", "took"])"#,
            input: r#"{"ip": "192.0.2.1", "at": "2024-05-06", "names": ["a.example", "b.example"], "took": 0.50}"#,
            output: &[r#""2024-05-06 192.0.2.1 a.example,b.example 0.50""#],
        },
        Example {
            what: "what is missing is left out; the line stands beside the data",
            make: r#"text::line_marshall(["user", "from.ip", "note"], #{ separator: " | ", missing: "skip", newlines: "space", data_setter: "line" })"#,
            input: r#"{"user": "ann", "note": "it was\nlate", "from": {}}"#,
            output: &[r#"{"user": "ann", "note": "it was\nlate", "from": {}, "line": "ann | it was late"}"#],
        },
        Example {
            what: "the datum itself",
            make: r#"text::line_marshall(#{ list_separator: " " })"#,
            input: r#"["up", 17, true, {"a": 1}]"#,
            output: &[r#""up 17 true {\"a\":1}""#],
        },
    ],
    build: |args| Ok(Box::new(LineMarshall::new(args))),
};

#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Empty,
    Skip,
    Error,
}

struct LineMarshall {
    fields: Vec<Getter>,
    data_setter: Setter,
    separator: String,
    list_separator: String,
    missing: Missing,
    newlines: Newlines,
}

impl LineMarshall {
    fn new(args: &Args) -> Self {
        let mut fields = args.getters("fields");
        if fields.is_empty() {
            fields.push(Getter::Whole);
        }
        Self {
            fields,
            data_setter: args.setter("data_setter"),
            separator: args.str("separator"),
            list_separator: args.str("list_separator"),
            missing: match args.str("missing").as_str() {
                "skip" => Missing::Skip,
                "error" => Missing::Error,
                _ => Missing::Empty,
            },
            newlines: Newlines::named(&args.str("newlines")),
        }
    }

    fn write(&self, out: &mut String, datum: &Datum) -> Result<()> {
        let mut separator = "";
        for (n, field) in self.fields.iter().enumerate() {
            let piece = match field.get(datum) {
                Ok(piece) => piece,
                Err(Error::FieldMissing { .. }) if self.missing != Missing::Error => Cow::Owned(Datum::Unit),
                Err(error) => return Err(error),
            };
            if matches!(*piece, Datum::Unit) {
                match self.missing {
                    Missing::Empty => {}
                    Missing::Skip => continue,
                    Missing::Error => return Err(Error::data(format!("there is nothing but () in field {}", n + 1), "")),
                }
            }
            put_line(out, separator, self.newlines)?;
            separator = &self.separator;
            self.piece(out, &piece)?;
        }
        Ok(())
    }

    fn piece(&self, out: &mut String, piece: &Datum) -> Result<()> {
        match &*piece.opened() {
            Datum::List(list) => {
                for (n, element) in list.iter().enumerate() {
                    if n > 0 {
                        put_line(out, &self.list_separator, self.newlines)?;
                    }
                    put_line(out, &written(element)?, self.newlines)?;
                }
                Ok(())
            }
            _ => put_line(out, &written(piece)?, self.newlines),
        }
    }
}

impl Cog for LineMarshall {
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
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::datum::{Key, Map, json};

    fn strs(all: &[&str]) -> Given {
        Datum::List(all.iter().map(|text| Datum::from(*text)).collect()).into()
    }

    fn fed(given: Vec<(&str, Given)>, datum: Datum) -> String {
        Bench::new(&SPEC, given).feed(datum).first().map_or("!".into(), |text| text.piece().into_owned())
    }

    #[test]
    fn any_datum_is_a_line() {
        for (datum, wanted) in [
            (r#""a \"b\", c""#, r#"a "b", c"#),
            ("1e400", "1e400"),
            ("-2.50", "-2.50"),
            ("false", "false"),
            ("null", ""),
            (r#""""#, ""),
            ("[]", ""),
            ("[1, null, \"x y\", [2, \"b\"], {\"c\": null}]", r#"1,,x y,[2,"b"],{"c":null}"#),
            (r#"{"a": "1\n2"}"#, r#"{"a":"1\n2"}"#),
            (r#""a\nb\r\nc\\n""#, r"a\nb\r\nc\n"),
        ] {
            assert_eq!(fed(vec![], json::read(datum).unwrap()), wanted, "{datum}");
        }
        let time: jiff::Timestamp = "2024-05-06T07:08:09Z".parse().unwrap();
        assert_eq!(fed(vec![], Datum::Time(time)), "2024-05-06T07:08:09Z");
        assert_eq!(fed(vec![], Datum::Bytes("č\n".as_bytes().into())), "č\\n");
        assert_eq!(fed(vec![], Datum::Bytes(b"\xff".as_slice().into())), "!");
        assert_eq!(fed(vec![], Datum::Float(f64::NAN)), "NaN");
        assert_eq!(fed(vec![], Datum::Raw("{\n \"a\": 1\n}".into())), r#"{"a":1}"#);
    }

    #[test]
    fn fields_and_what_is_missing() {
        let map = r#"{"a": "1", "b": null, "c": {"d": ["x", "y\nz"]}, "e": [{"f": 1}, {"f": 2}]}"#;
        for (given, wanted) in [
            (vec![("fields", strs(&["c.d", "a"]))], "x,y\\nz 1"),
            (vec![("fields", strs(&["e[*].f", "c"]))], r#"1,2 {"d":["x","y\nz"]}"#),
            (vec![("fields", strs(&["a", "b", "no", "a"])), ("separator", ";".into())], "1;;;1"),
            (vec![("fields", strs(&["b", "a", "no", "a"])), ("separator", ";".into()), ("missing", "skip".into())], "1;1"),
            (vec![("fields", strs(&["a", "b"])), ("missing", "error".into())], "!"),
            (vec![("fields", strs(&["a", "no"])), ("missing", "error".into())], "!"),
            (vec![("fields", strs(&["c.d"])), ("newlines", "space".into()), ("list_separator", " / ".into())], "x / y z"),
            (vec![("fields", strs(&["c.d"])), ("newlines", "fail".into())], "!"),
            // Not even a separator makes two lines of one.
            (vec![("fields", strs(&["a", "a"])), ("separator", "\n".into())], "1\\n1"),
            (vec![("fields", strs(&["a[0].b"]))], ""),
        ] {
            assert_eq!(fed(given, json::read(map).unwrap()), wanted);
        }
        assert_eq!(fed(vec![("fields", strs(&["a"]))], Datum::from("no map")), "!");
    }

    #[test]
    fn one_that_fails_leaves_the_others_alone() {
        let mut bench = Bench::new(&SPEC, vec![("newlines", "fail".into())]);
        assert_eq!(bench.feed_json(r#""a\nb""#), [""; 0]);
        assert_eq!(bench.feed_json(r#""ab""#), [r#""ab""#]);
        assert_eq!((bench.balance().failed, bench.balance().delivered), (1, 1));
    }

    proptest! {
        #[test]
        fn a_datum_is_one_line(
            texts in prop::collection::vec(prop::option::of("[a \\\\n\n\r,]{0,5}"), 1..5),
            separator in "[ ,\n]{0,2}",
            space in any::<bool>(),
            skip in any::<bool>(),
        ) {
            let keys: Vec<String> = (0..texts.len()).map(|n| format!("k{n}")).collect();
            let map: Map = keys.iter().zip(&texts).filter_map(|(key, text)| Some((Key::new(key), Datum::from(text.as_deref()?)))).collect();
            let fields: Vec<&str> = keys.iter().map(String::as_str).collect();
            let given = vec![
                ("fields", strs(&fields)),
                ("separator", separator.as_str().into()),
                ("newlines", if space { "space" } else { "escape" }.into()),
                ("missing", if skip { "skip" } else { "empty" }.into()),
            ];
            let one_line = |text: &str| {
                if space { text.replace("\r\n", " ").replace(['\r', '\n'], " ") } else { text.replace('\r', "\\r").replace('\n', "\\n") }
            };
            let wanted: Vec<String> = if skip {
                texts.iter().flatten().map(|text| one_line(text)).collect()
            } else {
                texts.iter().map(|text| one_line(text.as_deref().unwrap_or_default())).collect()
            };
            let line = fed(given, Datum::Map(map));
            prop_assert_eq!(line.contains(['\r', '\n']), false);
            prop_assert_eq!(line, wanted.join(&one_line(&separator)));
        }
    }
}
