//! `csv_parse`: a line of delimited fields becomes a map or a list.

use std::collections::HashMap;
use std::rc::Rc;

use super::csv::dialect::{DELIMITER, DOUBLEQUOTE, Dialect, ESCAPECHAR, QUOTECHAR, SKIP_INITIAL_SPACE};
use super::csv::fields::Fields;
use super::csv::records::{Columns, Records};
use super::csv::scan::Scan;
use super::fill::{Fill, INITIAL, Initial};
use super::{DATA_GETTER, text_of};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Given, Kind, Lit, Page, Param, Ty};
use crate::datum::{Datum, Key, Text};
use crate::error::{Error, Result};
use crate::getset::{Func, Getter, Setter};

/// `text::csv_parse`: a line of text -> a map, or the list of its fields.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "csv_parse",
    kind: Kind::Parse,
    about: "Parses a line of CSV (RFC 4180 and its dialects) into a map or a list; all fields are strings.",
    page: Page {
        takes: "one record: a string or a blob, its line end or not; line breaks may stand in quotes",
        gives: "a map where setters or a header name the columns, else the list of the fields; no field at all for an empty text",
        fails: "another number of columns than wanted, more text after a line break, and with strict what stands wrong around quotes",
        ..Page::OF_KIND
    },
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
        Param::new("casts", Ty::Items).default(Lit::EmptyList).about("what makes something else of the strings, by column: casts such as conf::cast_int, or closures that are given the string; `()` leaves one alone"),
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

/// What becomes of the fields.
enum Shape {
    /// The datum is their list.
    List,
    /// They are set.
    Set(Fill),
    /// The first record of each origin says where they go, or, with setters, only stands there.
    Header(Headers),
}

/// The first records of all origins.
struct Headers {
    origin: Option<Getter>,
    known: HashMap<Text, Rc<Header>>,
    /// That of the line before.
    last: Option<(Text, Rc<Header>)>,
    setters: Option<Rc<Fill>>,
    initial: Initial,
}

struct Header {
    line: Text,
    fill: Rc<Fill>,
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
                Shape::Header(Headers { origin, known: HashMap::new(), last: None, setters, initial })
            }
            (false, false) => Shape::Set(Fill::new(setters, initial)),
            (false, true) if args.is_given("initial") => {
                return Err(Error::option("initial", "has a meaning only with `fieldsetters` or `header`"));
            }
            (false, true) => Shape::List,
        };
        let empty_is_unit = args.str("empty") == "unit";
        let casts = casts(args)?;
        let dialect = Dialect { trim: args.bool("trim"), ..Dialect::of(args)? };
        let records = Records {
            scan: Scan::of(&dialect),
            dialect,
            columns: match args.str("columns").as_str() {
                "exact" => Columns::Exact,
                "at_least" => Columns::AtLeast,
                _ => Columns::Any,
            },
            empty_is_unit,
            casts,
        };
        Ok(Self { data_getter, comment: args.opt_char("comment"), records, shape })
    }
}

impl Cog for CsvParse {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        if self.parse_any(&mut datum)? {
            ctx.emit(datum);
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, |datum| self.parse(datum))
    }
}

impl CsvParse {
    /// Makes a record of the datum, and says whether it is one at all.
    #[allow(clippy::inline_always, reason = "it is the whole of what is done with a batch")]
    #[inline(always)]
    fn parse(&mut self, datum: &mut Datum) -> Result<bool> {
        if let (Shape::Set(fill), Getter::Whole, None) = (&self.shape, &self.data_getter, self.comment)
            && self.records.make_row(fill, datum)
        {
            return Ok(true);
        }
        self.parse_any(datum)
    }

    #[inline(never)]
    fn parse_any(&mut self, datum: &mut Datum) -> Result<bool> {
        let own;
        let text = match (&self.data_getter, &*datum) {
            (Getter::Whole, Datum::Str(text)) if text.place().is_some() => text,
            (getter, datum) => {
                own = text_of(&*getter.get(datum)?)?.into_span();
                &own
            }
        };
        if self.comment.is_some_and(|mark| text.starts_with(mark)) {
            return Ok(false);
        }
        let fill = match &mut self.shape {
            Shape::List => {
                *datum = self.records.list(text)?;
                return Ok(true);
            }
            Shape::Set(fill) => &*fill,
            Shape::Header(headers) => match headers.of(datum, text, &self.records.dialect)? {
                Some(header) if header.line != *text => &*header.fill,
                _ => return Ok(false),
            },
        };
        if let Some(row) = self.records.row(fill, text)? {
            *datum = Datum::Map(row.into_map());
        } else {
            let text = text.clone();
            *datum = self.records.put(fill, &text, std::mem::take(datum))?;
        }
        Ok(true)
    }
}

impl Headers {
    /// The header for a line of the datum's origin; none when the line is that header.
    fn of(&mut self, datum: &Datum, text: &Text, dialect: &Dialect) -> Result<Option<&Header>> {
        let name = match &self.origin {
            Some(origin) => Text::from(&*origin.get(datum)?.piece()),
            None => Text::default(),
        };
        let (mut found, mut is_first) = (None, false);
        if self.last.as_ref().is_none_or(|(last, _)| *last != name) {
            found = self.known.get(&name).cloned();
            if found.is_none() {
                if self.known.len() >= ORIGINS {
                    return Err(Error::data(format!("more than {ORIGINS} origins with a header"), &name));
                }
                let fill = match &self.setters {
                    Some(fill) => Rc::clone(fill),
                    None => Rc::new(named(dialect, text, &self.initial)?),
                };
                let header = Rc::new(Header { line: text.detach(), fill });
                self.known.insert(name.clone(), Rc::clone(&header));
                (found, is_first) = (Some(header), true);
            }
        }
        if let Some(header) = found {
            self.last = Some((name, header));
        }
        Ok(self.last.as_ref().filter(|_| !is_first).map(|(_, header)| &**header))
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
    let given = args.given("casts").and_then(|given| given.list()).unwrap_or_default();
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
        let fault = |line: &str| cog.records.row(fill, &Text::from(line).into_span()).unwrap_err().to_string();
        assert_eq!(fault("1"), "1 column, but 2 wanted: `1`");
        assert_eq!(fault("1,2,3"), "3 columns, but 2 wanted: `1,2,3`");
    }

    #[test]
    fn what_was_read_is_written_with_the_quotes_that_it_needs() {
        let mut parse = Bench::new(&SPEC, vec![("fieldsetters", strs(&["a", "b"]))]);
        let mut semicolons = Bench::new(&SPEC, vec![("fieldsetters", strs(&["a", "b"])), ("delimiter", ";".into())]);
        let mut write = Bench::new(&crate::cogs::text::csv_marshall::SPEC, vec![("fieldgetters", strs(&["a", "b"]))]);
        let mut line = |datum: Vec<Datum>| write.feed(datum[0].clone())[0].as_str().unwrap().to_owned();
        for same in ["plain,x", ",", "\"a,b\",c", "\"say \"\"hi\"\"\",x"] {
            assert_eq!(line(parse.feed(same)), same);
        }
        assert_eq!(line(parse.feed("ab\"c,x")), "\"ab\"\"c\",x");
        assert_eq!(line(semicolons.feed("a,b;c")), "\"a,b\",c");
    }

    #[test]
    fn many_columns_of_which_some_have_one_name() {
        let names: Vec<String> = (0..50).map(|n| format!("c{}", n % 40)).collect();
        let line = (0..50).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let wanted = (0..40).map(|n| format!("\"c{n}\":\"{}\"", if n < 10 { n + 40 } else { n })).collect::<Vec<_>>().join(",");
        let mut bench = Bench::new(&SPEC, vec![("header", true.into())]);
        assert_eq!((bench.feed(&*names.join(",")).len(), one(&mut bench, &line)), (0, format!("{{{wanted}}}")));
    }

    #[test]
    fn an_escaped_quote_does_not_close_its_field_wherever_it_stands() {
        let options = || vec![("columns", "any".into()), ("escapechar", "\\".into()), ("fieldsetters", strs(&["a", "b", "c"]))];
        let far = "x".repeat(100);
        for (line, wanted) in [
            (r#""a\",b",c"#.to_owned(), r#"{"a":"a\",b","b":"c"}"#.to_owned()),
            (r#""C:\dir\",2"#.to_owned(), r#"{"a":"C:dir\",2"}"#.to_owned()),
            (r#""a\\",b"#.to_owned(), r#"{"a":"a\\","b":"b"}"#.to_owned()),
            (r#""a\x",b"#.to_owned(), r#"{"a":"ax","b":"b"}"#.to_owned()),
            (r#"1,"a\",b",c"#.to_owned(), r#"{"a":"1","b":"a\",b","c":"c"}"#.to_owned()),
            (format!(r#"{far},"a\",b",c"#), format!(r#"{{"a":"{far}","b":"a\",b","c":"c"}}"#)),
        ] {
            assert_eq!(one(&mut Bench::new(&SPEC, options()), &line), wanted, "{line}");
        }
        let strict = [options(), vec![("strict", true.into())]].concat();
        let mut bench = Bench::new(&SPEC, strict);
        assert_eq!((one(&mut bench, r#""[12/Mar] \""#), bench.errors()), (String::new(), 1));
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
