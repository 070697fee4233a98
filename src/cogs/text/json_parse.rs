//! `json_parse`: JSON text becomes a value.

use super::{DATA_GETTER, DATA_SETTER, text_of};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param};
use crate::datum::Datum;
use crate::datum::json::{Big, ReadOptions, Reader};
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

/// `text::json_parse`: JSON text -> the value; with `multi` and `array` several.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "json_parse",
    kind: Kind::Parse,
    about: "Parses JSON (RFC 8259). All of it is checked, but lists and maps within are read only when somebody looks into them.",
    page: Page {
        gives: "the value: map, list, string, number, true, false or (); keys keep their order, numbers every digit",
        fails: "what is no JSON, with line, column and 40 letters around the place; a list or map nested deeper than max_depth",
        ..Page::OF_KIND
    },
    params: &[
        DATA_GETTER,
        DATA_SETTER,
        Param::choice("big_numbers", &["exact", "float", "string", "fail"])
            .about("what whole numbers beyond 64 bits become: numbers that keep every digit, the nearest float, strings, or an error"),
        Param::choice("duplicate_keys", &["last", "fail"]).about("a key given twice in one map: its last value wins, or it is an error"),
        Param::int("max_depth").default(Lit::Int(128)).about("how deep lists and maps may be nested; 1000 at most"),
        Param::bool("multi")
            .default(Lit::Bool(false))
            .about("the text holds any number of documents, one after another; each becomes a datum"),
        Param::choice("array", &["keep", "unwind"]).about("a document that is an array stays one datum, or each element becomes one"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "text to map; every digit survives",
            make: "text::json_parse(#{})",
            input: r#""{\"ip\": [\"192.0.2.1\"], \"n\": 18446744073709551616}""#,
            output: &[r#"{"ip": ["192.0.2.1"], "n": 18446744073709551616}"#],
        },
        Example {
            what: "a field of the datum is parsed in its place",
            make: r#"text::json_parse(#{ data_getter: "body", data_setter: "body" })"#,
            input: r#"{"from": "web", "body": "[1, 2]"}"#,
            output: &[r#"{"from": "web", "body": [1, 2]}"#],
        },
        Example {
            what: "several documents, and arrays taken apart",
            make: r#"text::json_parse(#{ multi: true, array: "unwind" })"#,
            input: r#""[1, {\"a\": 2}] 3""#,
            output: &["1", r#"{"a": 2}"#, "3"],
        },
    ],
    build: |args| Ok(Box::new(JsonParse::new(args)?)),
};

/// The reader recurses, and so do all who walk the value.
const DEEPEST: u64 = 1000;

struct JsonParse {
    data_getter: Getter,
    data_setter: Setter,
    reader: Reader,
    multi: bool,
    unwind: bool,
}

impl JsonParse {
    fn new(args: &Args) -> Result<Self> {
        let max_depth = args.int("max_depth");
        if !(1..=DEEPEST).contains(&max_depth) {
            return Err(Error::option("max_depth", format!("{max_depth} is not between 1 and {DEEPEST}")));
        }
        let big = match args.str("big_numbers").as_str() {
            "exact" => Big::Exact,
            "float" => Big::Float,
            "string" => Big::Text,
            _ => Big::Fail,
        };
        let duplicates_fail = args.str("duplicate_keys") == "fail";
        Ok(Self {
            data_getter: args.getter("data_getter"),
            data_setter: args.setter("data_setter"),
            reader: Reader::new(ReadOptions { lazy: true, duplicates_fail, max_depth: max_depth as usize, big }),
            multi: args.bool("multi"),
            unwind: args.str("array") == "unwind",
        })
    }
}

impl Cog for JsonParse {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        let text = text_of(&*self.data_getter.get(&datum)?)?;
        if !self.multi {
            let document = self.reader.read(&text)?;
            if !(self.unwind && matches!(document, Datum::List(_))) {
                self.data_setter.set(&mut datum, document)?;
                ctx.emit(datum);
                return Ok(());
            }
            return self.emit(ctx, datum, self.unwound(document));
        }
        let text = text.into_span();
        let (mut at, mut all) = (0, Vec::new());
        while text[at..].contains(|letter| !matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{FEFF}')) {
            let (document, end) = self.reader.read_prefix(&text, at)?;
            all.extend(self.unwound(document));
            at = end;
        }
        self.emit(ctx, datum, all)
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        if self.multi || self.unwind {
            return batch.each(ctx, |ctx, datum| self.turn(ctx, datum));
        }
        batch.each_in_place(ctx, |datum| {
            let document = match (&self.data_getter, &*datum) {
                (Getter::Whole, Datum::Str(text)) => self.reader.read(text)?,
                _ => self.reader.read(&text_of(&*self.data_getter.get(datum)?)?)?,
            };
            self.data_setter.set(datum, document)?;
            Ok(true)
        })
    }
}

impl JsonParse {
    /// The elements of a document that is to be taken apart, else the document alone.
    fn unwound(&self, document: Datum) -> Vec<Datum> {
        match document {
            Datum::List(mut list) if self.unwind => {
                for element in &mut list {
                    element.open();
                }
                list
            }
            other => vec![other],
        }
    }

    /// Emits the datum once for each of these; all or none.
    fn emit(&self, ctx: &mut Ctx<'_>, datum: Datum, mut pieces: Vec<Datum>) -> Result<()> {
        if !matches!(self.data_setter, Setter::Whole) {
            let copies = pieces.len();
            let mut given = Some(datum);
            for (n, piece) in pieces.iter_mut().enumerate() {
                let copy = if n + 1 == copies { given.take() } else { given.clone() };
                let value = std::mem::replace(piece, copy.unwrap_or_default());
                self.data_setter.set(piece, value)?;
            }
        }
        for piece in pieces {
            ctx.emit(piece);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::datum::json;

    fn parse(options: Vec<(&str, Given)>, text: &str) -> Vec<String> {
        Bench::new(&SPEC, options).feed(text).iter().map(json::to_string).collect()
    }

    #[test]
    fn what_is_not_looked_at_stays_as_it_was_written() {
        let mut bench = Bench::new(&SPEC, vec![]);
        let out = bench.feed(r#"{"a": {"b":  1.50}, "c": 1}"#);
        assert!(matches!(out[0].as_map().unwrap().by_name("a"), Some(Datum::Raw(_))));
        assert_eq!(json::to_string(&out[0]), r#"{"a":{"b":  1.50},"c":1}"#);
        assert!(bench.feed(r#"{"a": {"b": nope}}"#).is_empty());
        assert_eq!(bench.errors(), 1);
    }

    #[test]
    fn several_documents_come_apart() {
        let multi = || vec![("multi", true.into())];
        assert_eq!(parse(multi(), "{\"a\":1}\n[2] 3\n\"x\"{}"), [r#"{"a":1}"#, "[2]", "3", "\"x\"", "{}"]);
        assert!(parse(multi(), " \n").is_empty());
        assert!(parse(multi(), "1 2 {").is_empty(), "all or none");
        assert!(parse(vec![], "1 2").is_empty());
    }

    #[test]
    fn arrays_come_apart_and_copies_keep_their_neighbours() {
        let mut bench = Bench::new(&SPEC, vec![("array", "unwind".into()), ("data_getter", "b".into()), ("data_setter", "b".into())]);
        assert_eq!(bench.feed_json(r#"{"a":0,"b":"[1,{\"x\":[2]}]"}"#), [r#"{"a":0,"b":1}"#, r#"{"a":0,"b":{"x":[2]}}"#]);
        assert!(bench.feed_json(r#"{"a":0,"b":"[]"}"#).is_empty());
        assert_eq!((bench.errors(), bench.balance().filtered), (0, 1));
    }

    #[test]
    fn options_reach_what_is_not_looked_at() {
        let text = r#"{"a":{"b":18446744073709551616,"b":1}}"#;
        assert_eq!(parse(vec![], text), [text]);
        assert_eq!(parse(vec![("big_numbers", "string".into())], text), [r#"{"a":{"b":1}}"#]);
        assert!(parse(vec![("big_numbers", "fail".into())], text).is_empty());
        assert!(parse(vec![("duplicate_keys", "fail".into())], text).is_empty());
        assert!(parse(vec![("max_depth", 1.into())], text).is_empty());
        assert!(Bench::refused(&SPEC, vec![("max_depth", 5000.into())]).contains("between 1 and 1000"));
    }

    #[test]
    fn the_error_says_where() {
        let error: Error = Reader::default().read(&"{\"a\": 1,\n \"b\": nan}".into()).unwrap_err().into();
        assert_eq!(error.to_string(), "not JSON: a value was expected at line 2, column 7: `{\"a\": 1,\\n \"b\": nan}`");
    }
}
