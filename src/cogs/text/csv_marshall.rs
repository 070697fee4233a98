//! `csv_marshall`: pieces of a datum become a line of delimited fields.

use std::borrow::Cow;
use std::fmt::Write;

use super::DATA_SETTER;
use super::csv::dialect::{DELIMITER, DOUBLEQUOTE, Dialect, ESCAPECHAR, QUOTECHAR, SKIP_INITIAL_SPACE};
use super::csv::quote::{Quoter, Quoting};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Param, Ty};
use crate::datum::{Datum, Look, Near, Text, View, json};
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter, single_key};

/// `text::csv_marshall`: any datum -> a line of text.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "csv_marshall",
    kind: Kind::Marshal,
    about: "Writes pieces of the datum as one line of CSV, in such a way that csv_parse reads the same strings back.",
    params: &[
        Param::getters("fieldgetters").about("what stands in each column, in order"),
        DATA_SETTER,
        DELIMITER,
        QUOTECHAR,
        ESCAPECHAR,
        DOUBLEQUOTE,
        SKIP_INITIAL_SPACE,
        Param::bool("strict").default(Lit::Bool(false)).about("changes nothing here; so that csv_parse can be given the same dialect"),
        Param::choice("quoting", &["minimal", "all", "nonnumeric", "none"])
            .about("which fields stand in quotes: those that need it, all, all but numbers, or none (what needs it is escaped)"),
        Param::choice("missing", &["empty", "error"]).about("what a piece that is not there becomes: an empty field, or an error"),
        Param::str("list_separator").or(",").about("what stands between the elements of a piece that is a list"),
        Param::str("true_text").or("true").about("how true is written"),
        Param::str("false_text").or("false").about("how false is written"),
        Param::str("line_end").or("").about("what is put behind each record; line drains add their own"),
        Param::new("header", Ty::Either(&[Ty::Bool, Ty::Strs]))
            .default(Lit::Bool(false))
            .about("write the names of the columns first, as a record of its own: true for those of the getters, or an array of names"),
        Param::bool("guard_formulas")
            .default(Lit::Bool(false))
            .about("put a ' before text that a spreadsheet would take for a formula; such fields do not read back as they were"),
    ],
    first: Some("fieldgetters"),
    global: false,
    examples: &[
        Example {
            what: "text is quoted where it must be, lists are joined",
            make: r#"text::csv_marshall(#{ fieldgetters: ["ip", "names", "n"] })"#,
            input: r#"{"ip": "192.0.2.1", "names": ["a.example", "b.example"], "n": 1.0}"#,
            output: &[r#""192.0.2.1,\"a.example,b.example\",1.0""#],
        },
        Example {
            what: "what is missing or () is an empty field",
            make: r#"text::csv_marshall(#{ fieldgetters: ["a", "b", "c"], delimiter: "\t" })"#,
            input: r#"{"a": "x, y", "b": null}"#,
            output: &[r#""x, y\t\t""#],
        },
        Example {
            what: "the first record is led by the names, and the line is put beside the data",
            make: r#"text::csv_marshall(#{ fieldgetters: ["a", "b.c"], header: true, data_setter: "line" })"#,
            input: r#"{"a": true, "b": {"c": "\""}}"#,
            output: &[r#"{"a": true, "b": {"c": "\""}, "line": "a,b.c"}"#, r#"{"a": true, "b": {"c": "\""}, "line": "true,\"\"\"\""}"#],
        },
    ],
    build: |args| Ok(Box::new(CsvMarshall::new(args)?)),
};

/// What stands in a column.
struct Column {
    getter: Getter,
    /// The key that it gets, where it gets no more than that.
    key: Option<Near>,
}

struct CsvMarshall {
    columns: Vec<Column>,
    data_setter: Setter,
    quoter: Quoter,
    missing_fails: bool,
    list_separator: String,
    words: [String; 2],
    line_end: String,
    /// Names still to be written.
    header: Option<Vec<String>>,
    guard: bool,
    /// What is bare is written as it is.
    bare: bool,
    /// The field that had to be made; kept for its room.
    scratch: String,
}

impl CsvMarshall {
    fn new(args: &Args) -> Result<Self> {
        let getters = args.getters("fieldgetters");
        if getters.is_empty() {
            return Err(Error::option("fieldgetters", "is empty; a record has at least one field"));
        }
        let quoting = match args.str("quoting").as_str() {
            "minimal" => Quoting::Minimal,
            "all" => Quoting::All,
            "nonnumeric" => Quoting::NonNumeric,
            _ => Quoting::None,
        };
        let quoter = Quoter::new(Dialect::of(args)?, quoting)?;
        let bare = quoter.is_common();
        Ok(Self {
            header: header(&args.datum("header"), &getters)?,
            columns: getters.into_iter().map(Column::new).collect(),
            data_setter: args.setter("data_setter"),
            quoter,
            missing_fails: args.str("missing") == "error",
            list_separator: args.str("list_separator"),
            words: [args.str("false_text"), args.str("true_text")],
            line_end: args.str("line_end"),
            bare,
            guard: args.bool("guard_formulas"),
            scratch: String::new(),
        })
    }
}

impl Column {
    fn new(getter: Getter) -> Self {
        let key = match &getter {
            Getter::Item(key) => Some(key),
            Getter::Path(path) | Getter::Lowered { path, .. } => single_key(path),
            _ => None,
        };
        Self { key: key.cloned().map(Near::new), getter }
    }

    /// What is there, as it stands, where that can be told at once.
    #[inline]
    fn look<'a>(&self, datum: &'a Datum) -> Option<View<'a>> {
        match (&self.key, datum) {
            (Some(key), Datum::Map(map)) => map.look_at(key),
            _ => None,
        }
    }
}

impl Cog for CsvMarshall {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        let (mut line, mut scratch) = (String::new(), std::mem::take(&mut self.scratch));
        let written = self.write(&mut line, &mut scratch, &datum);
        self.scratch = scratch;
        written?;
        if let Some(names) = &self.header {
            let mut first = datum.clone();
            self.data_setter.set(&mut first, Datum::Str(self.names(names)?))?;
            ctx.emit(first);
            self.header = None;
        }
        self.data_setter.set(&mut datum, Datum::from(line))?;
        ctx.emit(datum);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        if self.header.is_some() {
            return batch.each(ctx, |ctx, datum| self.turn(ctx, datum));
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let done = batch.each_into_block(ctx, &self.data_setter, |datum, out: &mut String| self.write(out, &mut scratch, datum));
        self.scratch = scratch;
        done
    }
}

impl CsvMarshall {
    #[inline]
    fn write(&self, out: &mut String, scratch: &mut String, datum: &Datum) -> Result<()> {
        let start = out.len();
        for (n, column) in self.columns.iter().enumerate() {
            if n > 0 {
                out.push(self.quoter.delimiter());
            }
            match column.look(datum) {
                Some(view) => self.view(out, scratch, view)?,
                None => self.got(out, scratch, column.getter.get(datum))?,
            }
        }
        self.close(out, start)
    }

    #[inline]
    fn view(&self, out: &mut String, scratch: &mut String, view: View<'_>) -> Result<()> {
        match view {
            View::Datum(datum) => self.piece(out, scratch, datum),
            View::Piece(piece) => match piece.look() {
                Look::Text | Look::Plain | Look::Bare if self.guard => self.text(out, piece.as_str()),
                Look::Bare if self.bare => {
                    out.push_str(piece.as_str());
                    Ok(())
                }
                Look::Text | Look::Plain | Look::Bare => {
                    let (rest, length) = piece.with_rest();
                    self.quoter.span(out, rest, length)
                }
                Look::Number => self.quoter.field(out, piece.as_str(), true),
                _ => self.piece(out, scratch, &piece.to_datum()),
            },
        }
    }

    fn got(&self, out: &mut String, scratch: &mut String, piece: Result<Cow<'_, Datum>>) -> Result<()> {
        match piece {
            Ok(piece) => self.piece(out, scratch, &piece),
            Err(Error::FieldMissing { .. }) if !self.missing_fails => self.quoter.field(out, "", false),
            Err(error) => Err(error),
        }
    }

    fn names(&self, names: &[String]) -> Result<Text> {
        let mut out = String::new();
        for (n, name) in names.iter().enumerate() {
            if n > 0 {
                out.push(self.quoter.delimiter());
            }
            self.quoter.field(&mut out, name, false)?;
        }
        self.close(&mut out, 0)?;
        Ok(out.into())
    }

    /// Ends the record that begins at `start`.
    fn close(&self, out: &mut String, start: usize) -> Result<()> {
        if out.len() == start {
            self.quoter.lone_empty(out)?;
        }
        out.push_str(&self.line_end);
        Ok(())
    }

    #[inline]
    fn piece(&self, out: &mut String, scratch: &mut String, piece: &Datum) -> Result<()> {
        match piece {
            Datum::Str(text) => self.text(out, text),
            Datum::Number(text) => self.quoter.field(out, text, true),
            Datum::Int(value) => self.quoter.whole(out, *value),
            Datum::Float(value) if value.is_finite() => self.quoter.field(out, ryu::Buffer::new().format_finite(*value), true),
            other => {
                scratch.clear();
                self.render(scratch, other, true)?;
                self.text(out, scratch)
            }
        }
    }

    fn text(&self, out: &mut String, text: &str) -> Result<()> {
        if self.guard && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            return self.quoter.field(out, &format!("'{text}"), false);
        }
        self.quoter.field(out, text, false)
    }

    /// Appends the text of a piece or, not `outermost`, of an element of a list.
    fn render(&self, out: &mut String, piece: &Datum, outermost: bool) -> Result<()> {
        match piece {
            Datum::Unit => {}
            Datum::Str(text) | Datum::Number(text) => out.push_str(text),
            Datum::Bool(value) => out.push_str(&self.words[usize::from(*value)]),
            Datum::Float(value) if value.is_nan() => out.push_str("NaN"),
            Datum::Float(value) if value.is_infinite() => out.push_str(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
            Datum::Time(time) => write!(out, "{time}").expect("strings take all"),
            Datum::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => out.push_str(text),
                Err(_) => return Err(Error::data("a blob that is not text in UTF-8", &String::from_utf8_lossy(bytes))),
            },
            Datum::List(list) if outermost => {
                for (n, element) in list.iter().enumerate() {
                    if n > 0 {
                        out.push_str(&self.list_separator);
                    }
                    self.render(out, element, false)?;
                }
            }
            Datum::Raw(text) if outermost && text.starts_with('[') => self.render(out, &json::open(text), true)?,
            Datum::Int(_) | Datum::Float(_) | Datum::List(_) | Datum::Map(_) | Datum::Raw(_) => out.push_str(&json::to_string(piece)),
        }
        Ok(())
    }
}

/// The names that the option `header` asks for.
fn header(given: &Datum, getters: &[Getter]) -> Result<Option<Vec<String>>> {
    let names: Vec<String> = match given {
        Datum::Bool(false) => return Ok(None),
        Datum::List(names) => names.iter().map(|name| name.piece().into_owned()).collect(),
        _ => getters
            .iter()
            .enumerate()
            .map(|(n, getter)| match getter {
                Getter::Item(key) => Ok(key.to_string()),
                Getter::Path(path) | Getter::Lowered { path, .. } => Ok(path.to_string()),
                _ => Err(Error::Option {
                    option: "header".into(),
                    text: format!("the getter of column {} has no name", n + 1),
                    hint: Some("give the names: header: [\"a\", \"b\"]".into()),
                }),
            })
            .collect::<Result<_>>()?,
    };
    if names.len() == getters.len() {
        return Ok(Some(names));
    }
    Err(Error::option("header", format!("has {} names for {} columns", names.len(), getters.len())))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::datum::{Block, Key, Map, Row, Shape};

    fn strs(names: &[&str]) -> Given {
        Given::Datum(Datum::List(names.iter().map(|name| Datum::str(*name)).collect()))
    }

    fn line(options: Vec<(&str, Given)>, names: &[&str], input: &str) -> String {
        let mut bench = Bench::new(&SPEC, options.into_iter().chain([("fieldgetters", strs(names))]).collect());
        let out = bench.feed(json::read(input).unwrap());
        out.iter().map(|datum| datum.piece().into_owned()).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let input = r#"{"a": "x,y", "b": "say \"hi\"", "c": "two\nlines", "d": " plain "}"#;
        assert_eq!(line(vec![], &["a", "b", "c", "d"], input), "\"x,y\",\"say \"\"hi\"\"\",\"two\nlines\", plain ");
        assert_eq!(line(vec![("skip_initial_space", true.into())], &["d"], input), "\" plain \"");
        assert_eq!(line(vec![("quoting", "all".into())], &["d", "x"], input), "\" plain \",\"\"");
        assert_eq!(line(vec![("quoting", "nonnumeric".into())], &["a", "n"], r#"{"a": "1", "n": 1.50}"#), "\"1\",1.50");
        assert_eq!(line(vec![("quoting", "none".into()), ("escapechar", "\\".into())], &["a", "b"], input), "x\\,y,say \\\"hi\\\"");
        assert_eq!(line(vec![("doublequote", false.into()), ("escapechar", "\\".into())], &["b"], input), "\"say \\\"hi\\\"\"");
        assert_eq!(line(vec![("quoting", "none".into())], &["a"], input), "");
    }

    #[test]
    fn pieces_of_every_kind_have_a_text() {
        let input = r#"{"l": [1, true, null, "x", [2], {"a": 1}], "m": {"a": [1]}, "t": true, "n": null, "f": 2.0}"#;
        assert_eq!(line(vec![("list_separator", ";".into())], &["l"], input), "\"1;true;;x;[2];{\"\"a\"\":1}\"");
        assert_eq!(line(vec![("true_text", "1".into())], &["t", "n", "f", "zz", "m"], input), "1,,2.0,,\"{\"\"a\"\":[1]}\"");
        assert_eq!(line(vec![("missing", "error".into())], &["zz"], input), "");
    }

    #[test]
    fn rows_are_written_as_the_maps_that_they_are() {
        let block: Block = Rc::new("x,y plain =1+1 a\\\"b -0 12 1.50 [1,\"q\"] {\"a\":1} ä;ß".into());
        let looks = [
            (Look::Text, 0..3),
            (Look::Plain, 4..9),
            (Look::Text, 10..14),
            (Look::Escaped, 15..19),
            (Look::Whole, 20..22),
            (Look::Whole, 23..25),
            (Look::Number, 26..30),
            (Look::Raw, 31..38),
            (Look::Raw, 39..46),
            (Look::Text, 47..52),
            (Look::True, 0..0),
            (Look::Null, 0..0),
            (Look::Bare, 4..9),
        ];
        let names: Vec<String> = (0..=looks.len()).map(|n| format!("k{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let shape: Shape = names.iter().map(|name| Key::new(name)).collect();
        let mut row = Row::new(&shape, &block);
        for (look, at) in &looks {
            row.push_cell(*look, at.start, at.end);
        }
        let map = row.into_map();
        let entries = Map::from_entries(map.clone().into_entries());
        let options: [Vec<(&str, Given)>; 8] = [
            vec![],
            vec![("quoting", "all".into())],
            vec![("quoting", "nonnumeric".into())],
            vec![("quoting", "none".into()), ("escapechar", "\\".into())],
            vec![("delimiter", "1".into())],
            vec![("delimiter", "ß".into()), ("quotechar", "ä".into())],
            vec![("guard_formulas", true.into()), ("list_separator", ";".into())],
            vec![("skip_initial_space", true.into()), ("missing", "error".into())],
        ];
        for given in options {
            let written = |map: &Map| {
                let given = given.iter().cloned().chain([("fieldgetters", strs(&names))]).collect();
                let mut bench = Bench::new(&SPEC, given);
                (bench.feed(Datum::Map(map.clone())), bench.errors())
            };
            assert_eq!(written(&map), written(&entries));
            assert!(!map.is_read());
        }
    }

    #[test]
    fn a_record_of_one_empty_field_is_two_quotes() {
        assert_eq!(line(vec![("line_end", "\r\n".into())], &["a"], "{}"), "\"\"\r\n");
        assert_eq!(line(vec![("quotechar", Datum::Unit.into())], &["a"], "{}"), "");
    }

    #[test]
    fn names_are_written_once_at_first() {
        let mut bench = Bench::new(&SPEC, vec![("fieldgetters", strs(&["a", "b.c"])), ("header", true.into())]);
        let all: Vec<_> = (0..2).flat_map(|_| bench.feed(json::read("{}").unwrap())).collect();
        assert_eq!(all, [Datum::str("a,b.c"), Datum::str(","), Datum::str(",")]);
        assert_eq!(line(vec![("header", strs(&["x, y"]))], &["a"], r#"{"a": 1}"#), "\"x, y\"|1");
        assert!(
            Bench::refused(&SPEC, vec![("fieldgetters", strs(&["a"])), ("header", strs(&["a", "b"]))]).contains("2 names for 1 columns")
        );
        let closure = Given::List(vec![Given::Getter(Getter::Whole)]);
        assert!(Bench::refused(&SPEC, vec![("fieldgetters", closure), ("header", true.into())]).contains("column 1 has no name"));
    }

    #[test]
    fn formulas_are_guarded_but_numbers_are_not() {
        let input = r#"{"a": "=1+1", "b": -1, "c": "@x", "d": "x"}"#;
        assert_eq!(line(vec![("guard_formulas", true.into())], &["a", "b", "c", "d"], input), "'=1+1,-1,'@x,x");
    }
}
