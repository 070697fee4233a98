//! `json_marshall`: a value becomes JSON text.

use super::DATA_SETTER;
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param};
use crate::datum::Datum;
use crate::datum::json::{Blobs, NonFinite, Other, WriteOptions, write_with};
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

/// `text::json_marshall`: any datum -> JSON text.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "json_marshall",
    kind: Kind::Marshal,
    about: "Writes the datum as JSON; keys keep their order, and what came as JSON and was not touched is written as it came.",
    page: Page { fails: "numbers that JSON has not (non_finite: \"fail\"), and blobs and times where that is asked for", ..Page::OF_KIND },
    params: &[
        Param::getter("data_getter").or("selfgetter").about("the piece that is written; by default the whole datum"),
        DATA_SETTER,
        Param::int("indent").optional().about("spaces of indentation for each level, on lines of their own; by default all is one line"),
        Param::bool("sort_keys").default(Lit::Bool(false)).about("put the keys of each map in order of their code points"),
        Param::bool("ascii").default(Lit::Bool(false)).about("escape all letters beyond ASCII"),
        Param::bool("spaces").default(Lit::Bool(false)).about("a space after each comma and colon"),
        Param::choice("non_finite", &["fail", "null", "string"])
            .about("what infinities and not-a-number become: an error, null, or \"NaN\", \"Infinity\", \"-Infinity\""),
        Param::choice("blobs", &["base64", "hex", "utf8", "fail"]).about("what blobs become: a string in this form, or an error"),
        Param::choice("other", &["string", "fail"])
            .about("what becomes of values that JSON has no kind for, such as times: their usual text, or an error"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "compact by default",
            make: "text::json_marshall(#{})",
            input: r#"{"b": [1, 2.0], "a": "ü\n"}"#,
            output: &[r#""{\"b\":[1,2.0],\"a\":\"ü\\n\"}""#],
        },
        Example {
            what: "sorted, spaced, ASCII only, beside the data",
            make: r#"text::json_marshall(#{ sort_keys: true, spaces: true, ascii: true, data_setter: "json" })"#,
            input: r#"{"b": 1, "a": "ü"}"#,
            output: &[r#"{"b": 1, "a": "ü", "json": "{\"a\": \"\\u00fc\", \"b\": 1}"}"#],
        },
        Example {
            what: "indented",
            make: "text::json_marshall(#{ indent: 2 })",
            input: r#"{"a": [1]}"#,
            output: &[r#""{\n  \"a\": [\n    1\n  ]\n}""#],
        },
    ],
    build: |args| Ok(Box::new(JsonMarshall::new(args)?)),
};

/// More spaces a level would only blow up the text.
const WIDEST: u64 = 64;

struct JsonMarshall {
    data_getter: Getter,
    data_setter: Setter,
    options: WriteOptions,
    /// Bytes that a text is expected to have, as those of the last batch had.
    room: usize,
}

impl JsonMarshall {
    fn new(args: &Args) -> Result<Self> {
        let indent = args.opt_int("indent");
        if indent.is_some_and(|indent| indent > WIDEST) {
            return Err(Error::option("indent", format!("more than {WIDEST} spaces")));
        }
        let options = WriteOptions {
            indent: indent.map(|indent| indent as usize),
            sort_keys: args.bool("sort_keys"),
            ascii: args.bool("ascii"),
            spaces: args.bool("spaces"),
            non_finite: match args.str("non_finite").as_str() {
                "null" => NonFinite::Null,
                "string" => NonFinite::Text,
                _ => NonFinite::Fail,
            },
            blobs: match args.str("blobs").as_str() {
                "base64" => Blobs::Base64,
                "hex" => Blobs::Hex,
                "utf8" => Blobs::Utf8,
                _ => Blobs::Fail,
            },
            other: if args.str("other") == "string" { Other::Text } else { Other::Fail },
        };
        Ok(Self { data_getter: args.getter("data_getter"), data_setter: args.setter("data_setter"), options, room: 0 })
    }

    fn write(&self, datum: &Datum, text: &mut String) -> Result<()> {
        write_with(text, &*self.data_getter.get(datum)?, &self.options)
    }
}

impl Cog for JsonMarshall {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        let mut text = String::new();
        self.write(&datum, &mut text)?;
        self.data_setter.set(&mut datum, Datum::from(text))?;
        ctx.emit(datum);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        let (events, mut written) = (batch.count(), 0);
        let done = batch.each_into_block(ctx, &self.data_setter, |datum, text: &mut String| {
            if text.is_empty() {
                text.reserve(events * self.room);
            }
            let done = self.write(datum, text);
            written = text.len();
            done
        });
        // Some are longer than those of the last batch; who had to move the whole block pays more.
        self.room = written * 9 / 8 / events.max(1);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;

    fn write(options: Vec<(&str, Given)>, datum: impl Into<Datum>) -> Option<String> {
        Bench::new(&SPEC, options).feed(datum).first().map(|text| text.piece().into_owned())
    }

    #[test]
    fn what_json_lacks_is_refused_or_replaced() {
        assert_eq!(write(vec![], f64::NAN), None);
        assert_eq!(write(vec![("non_finite", "null".into())], f64::NAN).unwrap(), "null");
        assert_eq!(write(vec![("non_finite", "string".into())], f64::INFINITY).unwrap(), "\"Infinity\"");
        let blob = || Datum::Bytes(b"ab".as_slice().into());
        assert_eq!(write(vec![], blob()).unwrap(), "\"YWI=\"");
        assert_eq!(write(vec![("blobs", "hex".into())], blob()).unwrap(), "\"6162\"");
        assert_eq!(write(vec![("blobs", "utf8".into())], blob()).unwrap(), "\"ab\"");
        assert_eq!(write(vec![("blobs", "fail".into())], blob()), None);
        let time: jiff::Timestamp = "2024-05-06T07:08:09Z".parse().unwrap();
        assert_eq!(write(vec![], Datum::Time(time)).unwrap(), "\"2024-05-06T07:08:09Z\"");
        assert_eq!(write(vec![("other", "fail".into())], Datum::Time(time)), None);
    }

    #[test]
    fn floats_keep_their_fraction() {
        assert_eq!(write(vec![], 1.0).unwrap(), "1.0");
        assert_eq!(write(vec![("indent", 0.into())], Datum::List(vec![1.5.into()])).unwrap(), "[\n1.5\n]");
        assert!(Bench::refused(&SPEC, vec![("indent", 1000.into())]).contains("more than 64"));
    }
}
