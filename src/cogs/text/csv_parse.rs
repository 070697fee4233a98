//! `csv_parse`: a line of delimited fields becomes a map or a list.

use std::collections::HashMap;
use std::rc::Rc;

use super::dialect::{DELIMITER, DOUBLEQUOTE, Dialect, ESCAPECHAR, QUOTECHAR, SKIP_INITIAL_SPACE};
use super::fields::{Field, Fields};
use super::fill::{Fill, INITIAL, Initial};
use super::{DATA_GETTER, text_of};
use crate::cog::{Args, Cog, CogSpec, Ctx, Example, Given, Kind, Lit, Param, Ty};
use crate::datum::{Datum, Key, Map, Text};
use crate::error::{Error, Result};
use crate::getset::{Func, Getter, Setter};

/// `text::csv_parse`: a line of text -> a map, or the list of its fields.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "csv_parse",
    kind: Kind::Parse,
    about: "Parses a line of CSV (RFC 4180 and its dialects) into a map or a list; all fields are strings.",
    params: &[
        Param::setters("fieldsetters").optional().about("where each column goes, in order; `()` skips one; without it and `header` the datum becomes the list of fields"),
        DATA_GETTER,
        INITIAL,
        DELIMITER,
        QUOTECHAR,
        ESCAPECHAR,
        DOUBLEQUOTE,
        SKIP_INITIAL_SPACE,
        Param::bool("strict")
            .default(Lit::Bool(false))
            .about("letters after a closing quote and quotes left open are errors; else they are taken as Python's csv takes them"),
        Param::choice("columns", &["exact", "at_least", "any"])
            .about("how many fields a record may have: as many as fieldsetters, not fewer, or any number (those missing are not set)"),
        Param::bool("header")
            .default(Lit::Bool(false))
            .about("the first record names the columns; its later repetitions are dropped too, as when files with the same columns follow each other"),
        Param::getter("origin_getter")
            .optional()
            .about("what tells where the line came from (the file's path, say): with `header`, each origin has its own first record"),
        Param::new("comment", Ty::Char).optional().about("lines that begin with this letter are dropped"),
        Param::bool("trim").default(Lit::Bool(false)).about("blanks around fields do not belong to them, but within quotes they do"),
        Param::choice("empty", &["keep", "unit"]).about("what an empty field without quotes becomes: an empty string or `()`"),
        Param::new("casts", Ty::Any).default(Lit::EmptyList).about("an array of casts or closures by column, which make something else of the strings; `()` leaves one alone"),
    ],
    first: Some("fieldsetters"),
    global: false,
    examples: &[
        Example {
            what: "columns go under names, the second is skipped",
            make: r#"text::csv_parse(#{ fieldsetters: ["ip", (), "user"] })"#,
            input: r#""192.0.2.1,80,\"Doe, Jane\"""#,
            output: &[r#"{"ip": "192.0.2.1", "user": "Doe, Jane"}"#],
        },
        Example {
            what: "without setters the fields become a list",
            make: r#"text::csv_parse(#{ delimiter: ";" })"#,
            input: r#""a;b;""#,
            output: &[r#"["a", "b", ""]"#],
        },
        Example {
            what: "a field of the datum is parsed, and the results are put beside it",
            make: r#"text::csv_parse(#{ data_getter: "line", initial: "keep", fieldsetters: ["src.ip", "src.port"] })"#,
            input: r#"{"line": "192.0.2.1,80"}"#,
            output: &[r#"{"line": "192.0.2.1,80", "src": {"ip": "192.0.2.1", "port": "80"}}"#],
        },
        Example {
            what: "rows may be short, and empty fields become ()",
            make: r#"text::csv_parse(#{ fieldsetters: ["a", "b", "c"], columns: "any", empty: "unit" })"#,
            input: r#""1,""#,
            output: &[r#"{"a": "1", "b": null}"#],
        },
    ],
    build: |args| Ok(Box::new(CsvParse::new(args)?)),
};

/// Origins with a header of their own at most; each is kept for good.
const ORIGINS: usize = 100_000;

struct CsvParse {
    data_getter: Getter,
    comment: Option<char>,
    records: Records,
    shape: Shape,
}

/// How one line is read.
struct Records {
    dialect: Dialect,
    columns: Columns,
    empty_is_unit: bool,
    casts: Vec<Option<Func>>,
    /// Fields are what they are in the line.
    plain: bool,
}

/// What becomes of the fields.
enum Shape {
    /// The datum is their list.
    List,
    /// They are set.
    Set(Fill),
    /// The first record of each origin says where they go, or, with setters, only stands there.
    Header { origin: Option<Getter>, known: HashMap<Text, Header>, setters: Option<Rc<Fill>>, initial: Initial },
}

struct Header {
    line: Text,
    fill: Rc<Fill>,
}

#[derive(Clone, Copy, PartialEq)]
enum Columns {
    Exact,
    AtLeast,
    Any,
}

impl CsvParse {
    fn new(args: &Args) -> Result<Self> {
        let data_getter = args.getter("data_getter");
        let initial = Initial::of(args, &data_getter)?;
        let setters = args.setters("fieldsetters");
        let origin = args.opt_getter("origin_getter");
        let header = args.bool("header");
        if origin.is_some() && !header {
            return Err(Error::option("origin_getter", "has a meaning only with `header: true`"));
        }
        let shape = match (header, setters.is_empty()) {
            (true, none) => {
                let setters = (!none).then(|| Rc::new(Fill::new(setters, initial.clone())));
                Shape::Header { origin, known: HashMap::new(), setters, initial }
            }
            (false, false) => Shape::Set(Fill::new(setters, initial)),
            (false, true) if args.is_given("initial") => {
                return Err(Error::option("initial", "has a meaning only with `fieldsetters` or `header`"));
            }
            (false, true) => Shape::List,
        };
        let empty_is_unit = args.str("empty") == "unit";
        let casts = casts(args)?;
        let records = Records {
            dialect: Dialect { trim: args.bool("trim"), ..Dialect::of(args)? },
            columns: match args.str("columns").as_str() {
                "exact" => Columns::Exact,
                "at_least" => Columns::AtLeast,
                _ => Columns::Any,
            },
            plain: !empty_is_unit && casts.is_empty(),
            empty_is_unit,
            casts,
        };
        Ok(Self { data_getter, comment: args.opt_char("comment"), records, shape })
    }
}

impl Cog for CsvParse {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let text = text_of(&*self.data_getter.get(&datum)?)?.into_span();
        if self.comment.is_some_and(|mark| text.starts_with(mark)) {
            return Ok(());
        }
        let record = match &mut self.shape {
            Shape::List => self.records.list(&text)?,
            Shape::Set(fill) => self.records.set(fill, &text, datum)?,
            Shape::Header { origin, known, setters, initial } => {
                let name = match origin {
                    Some(origin) => Text::from(&*origin.get(&datum)?.piece()),
                    None => Text::default(),
                };
                let Some(header) = known.get(&name) else {
                    if known.len() >= ORIGINS {
                        return Err(Error::data(format!("more than {ORIGINS} origins with a header"), &name));
                    }
                    let fill = match setters {
                        Some(fill) => Rc::clone(fill),
                        None => Rc::new(named(&self.records.dialect, &text, initial)?),
                    };
                    known.insert(name, Header { line: text.detach(), fill });
                    return Ok(());
                };
                if header.line == text {
                    return Ok(());
                }
                let fill = Rc::clone(&header.fill);
                self.records.set(&fill, &text, datum)?
            }
        };
        ctx.emit(record);
        Ok(())
    }
}

impl Records {
    fn list(&self, text: &Text) -> Result<Datum> {
        let mut fields = Fields::new(&self.dialect, text);
        let mut list = Vec::new();
        while let Some(field) = fields.next()? {
            list.push(self.value(list.len(), field)?);
        }
        Ok(Datum::List(list))
    }

    fn set(&self, fill: &Fill, text: &Text, datum: Datum) -> Result<Datum> {
        let (n, record) = match fill.plain() {
            Some((keys, map)) if self.plain => self.append(keys, map, text)?,
            _ => self.put(fill, text, datum)?,
        };
        let wrong = match self.columns {
            Columns::Exact => n != fill.len(),
            Columns::AtLeast => n < fill.len(),
            Columns::Any => false,
        };
        if wrong { Err(self.count(n, fill.len(), text)) } else { Ok(record) }
    }

    /// The hot road: fields are appended as they stand, without a stop on their way.
    fn append(&self, keys: &[Option<Key>], mut map: Map, text: &Text) -> Result<(usize, Datum)> {
        let mut fields = Fields::new(&self.dialect, text);
        let mut n = 0;
        loop {
            if let Some(span) = fields.span() {
                if let Some(Some(key)) = keys.get(n) {
                    map.push(key.clone(), Datum::Str(text.slice(span.start..span.end)));
                }
            } else {
                let Some(field) = fields.rest()? else { return Ok((n, Datum::Map(map))) };
                if let Some(Some(key)) = keys.get(n) {
                    map.push(key.clone(), Datum::Str(field.text));
                }
            }
            n += 1;
        }
    }

    fn put(&self, fill: &Fill, text: &Text, datum: Datum) -> Result<(usize, Datum)> {
        let mut fields = Fields::new(&self.dialect, text);
        let mut record = fill.start(datum);
        let mut n = 0;
        while let Some(field) = fields.next()? {
            if fill.wants(n) {
                fill.put(&mut record, n, self.value(n, field)?)?;
            }
            n += 1;
        }
        Ok((n, record))
    }

    fn value(&self, column: usize, field: Field) -> Result<Datum> {
        if self.empty_is_unit && !field.quoted && field.text.is_empty() {
            return Ok(Datum::Unit);
        }
        match self.casts.get(column) {
            Some(Some(cast)) => cast.call(Datum::Str(field.text)),
            _ => Ok(Datum::Str(field.text)),
        }
    }

    #[cold]
    fn count(&self, found: usize, wanted: usize, text: &str) -> Error {
        let s = if found == 1 { "" } else { "s" };
        let least = if self.columns == Columns::AtLeast { "at least " } else { "" };
        Error::data(format!("{found} column{s}, but {least}{wanted} wanted"), text)
    }
}

/// Setters for the columns that a header line names.
fn named(dialect: &Dialect, line: &Text, initial: &Initial) -> Result<Fill> {
    let mut fields = Fields::new(dialect, line);
    let mut setters = Vec::new();
    while let Some(field) = fields.next()? {
        setters.push(Some(Setter::Item(Key::new(&field.text))));
    }
    if setters.is_empty() { Err(Error::data("an empty header", "")) } else { Ok(Fill::new(setters, initial.clone())) }
}

fn casts(args: &Args) -> Result<Vec<Option<Func>>> {
    let given = args.given("casts").and_then(|given| given.list());
    let given = given.ok_or_else(|| Error::option("casts", "takes an array of casts and closures"))?;
    let cast = |(n, given): (usize, &Given)| match given {
        Given::Datum(Datum::Unit) => Ok(None),
        given => match given.func()? {
            Some(cast) => Ok(Some(cast)),
            None => Err(Error::option("casts", format!("takes casts and closures, but number {} is `{}`", n + 1, given.kind()))),
        },
    };
    given.iter().enumerate().map(cast).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;
    use crate::datum::json;

    fn strs(names: &[&str]) -> Given {
        Given::Datum(Datum::List(names.iter().map(|name| Datum::str(*name)).collect()))
    }

    fn one(bench: &mut Bench, line: &str) -> String {
        bench.feed(line).iter().map(json::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn too_few_and_too_many_columns_name_both_counts() {
        let mut bench = Bench::new(&SPEC, vec![("fieldsetters", strs(&["a", "b"]))]);
        assert_eq!(one(&mut bench, "1,2"), r#"{"a":"1","b":"2"}"#);
        for line in ["1", "1,2,3", ""] {
            assert_eq!(one(&mut bench, line), "");
        }
        assert_eq!(bench.errors(), 3);
        let cog = CsvParse::new(&Args::of(&SPEC, vec![("fieldsetters", strs(&["a", "b"]))])).unwrap();
        let Shape::Set(fill) = &cog.shape else { panic!() };
        assert_eq!(cog.records.set(fill, &"1".into(), Datum::Unit).unwrap_err().to_string(), "1 column, but 2 wanted: `1`");
        assert_eq!(cog.records.set(fill, &"1,2,3".into(), Datum::Unit).unwrap_err().to_string(), "3 columns, but 2 wanted: `1,2,3`");
    }

    #[test]
    fn columns_may_be_more_or_any() {
        let with = |columns: &str| Bench::new(&SPEC, vec![("fieldsetters", strs(&["a", "b"])), ("columns", columns.into())]);
        let mut least = with("at_least");
        assert_eq!(one(&mut least, "1,2,3"), r#"{"a":"1","b":"2"}"#);
        assert_eq!(one(&mut least, "1"), "");
        assert_eq!(least.errors(), 1);
        let mut any = with("any");
        assert_eq!(one(&mut any, "1"), r#"{"a":"1"}"#);
        assert_eq!(one(&mut any, ""), "{}");
    }

    #[test]
    fn a_header_names_the_columns_and_its_repetition_is_dropped() {
        let mut bench = Bench::new(&SPEC, vec![("header", true.into()), ("comment", "#".into())]);
        assert_eq!(one(&mut bench, "# made by hand"), "");
        assert_eq!(one(&mut bench, "a,b"), "");
        assert_eq!(one(&mut bench, "1,2"), r#"{"a":"1","b":"2"}"#);
        assert_eq!(one(&mut bench, "a,b"), "");
        assert_eq!(one(&mut bench, "1"), "");
        assert_eq!((bench.errors(), bench.balance().filtered), (1, 3));
    }

    #[test]
    fn each_origin_has_its_own_header() {
        let options =
            vec![("header", true.into()), ("origin_getter", "file".into()), ("data_getter", "line".into()), ("initial", "keep".into())];
        let mut bench = Bench::new(&SPEC, options);
        let mut feed = |file: &str, line: &str| bench.feed_json(&format!(r#"{{"file":"{file}","line":"{line}"}}"#)).concat();
        assert_eq!((feed("x", "a,b"), feed("y", "b,c")), (String::new(), String::new()));
        assert_eq!(feed("x", "1,2"), r#"{"file":"x","line":"1,2","a":"1","b":"2"}"#);
        assert_eq!(feed("y", "1,2"), r#"{"file":"y","line":"1,2","b":"1","c":"2"}"#);
    }

    #[test]
    fn casts_make_something_else_of_the_strings() {
        let upper = Func::Call(Rc::new(|datum| Ok(Datum::from(datum.piece().to_uppercase()))));
        let casts = Given::List(vec![Given::Datum(Datum::Unit), Given::Func(upper)]);
        let mut bench = Bench::new(&SPEC, vec![("casts", casts), ("empty", "unit".into())]);
        assert_eq!(one(&mut bench, "a,b,,\"\""), r#"["a","B",null,""]"#);
        assert!(Bench::refused(&SPEC, vec![("casts", Given::List(vec![3.into()]))]).contains("number 1 is `int`"));
    }

    #[test]
    fn options_that_cannot_work_are_refused() {
        assert!(
            Bench::refused(&SPEC, vec![("initial", "keep".into()), ("fieldsetters", strs(&["a"]))])
                .contains("the datum itself is the text")
        );
        assert!(Bench::refused(&SPEC, vec![("delimiter", "\"".into())]).contains("same letter as `delimiter`"));
        assert!(Bench::refused(&SPEC, vec![("origin_getter", "file".into())]).contains("only with `header: true`"));
        let mut none = Bench::new(&SPEC, vec![("quotechar", Datum::Unit.into())]);
        assert_eq!(one(&mut none, "\"a,b"), r#"["\"a","b"]"#);
    }

    #[test]
    fn what_is_no_text_fails() {
        let mut bench = Bench::new(&SPEC, vec![]);
        assert!(bench.feed(3).is_empty());
        assert_eq!(bench.feed(Datum::Bytes(b"a,b".as_slice().into())).len(), 1);
        assert!(bench.feed(Datum::Bytes(b"a,\xff".as_slice().into())).is_empty());
        assert_eq!(bench.errors(), 2);
    }
}
