//! `csv_marshall`: pieces of a datum become a line of delimited fields.

use std::borrow::Cow;
use std::fmt::Write;

use super::DATA_SETTER;
use super::csv::dialect::{DELIMITER, DOUBLEQUOTE, Dialect, ESCAPECHAR, QUOTECHAR, SKIP_INITIAL_SPACE};
use super::csv::quote::{Quoter, Quoting};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Ink, Kind, Lit, Page, Param, Sheet, Ty};
use crate::datum::{Datum, Look, Near, Text, View, json};
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter, single_key};

/// `text::csv_marshall`: any datum -> a line of text.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "csv_marshall",
    kind: Kind::Marshal,
    about: "Writes pieces of the datum as one line of CSV, in such a way that csv_parse reads the same strings back.",
    page: Page {
        takes: "any datum; a piece that is a list is joined, a map and a list in a list are written as JSON",
        gives: "one line, as a string without line end; numbers as they are written in JSON",
        fails: "with missing: \"error\" a piece that is not there; text that the dialect has no way to write; a blob that is no text",
        ..Page::OF_KIND
    },
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
    /// What is bare is written as it stands.
    bare: bool,
    /// What stands between fields, where it is one byte.
    delimiter: Option<u8>,
    /// Kept for its room.
    scratch: Scratch,
}

/// What a field that is not written as it stands is written in.
#[derive(Default)]
struct Scratch {
    /// The field.
    field: String,
    /// Its text, where that had to be made.
    made: String,
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
        let bare = quoter.is_common() && !args.bool("guard_formulas");
        Ok(Self {
            header: header(&args.datum("header"), &getters)?,
            columns: getters.into_iter().map(Column::new).collect(),
            data_setter: args.setter("data_setter"),
            missing_fails: args.str("missing") == "error",
            list_separator: args.str("list_separator"),
            words: [args.str("false_text"), args.str("true_text")],
            line_end: args.str("line_end"),
            bare,
            delimiter: Some(quoter.delimiter()).filter(char::is_ascii).map(|letter| letter as u8),
            quoter,
            guard: args.bool("guard_formulas"),
            scratch: Scratch::default(),
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
    #[allow(clippy::inline_always, reason = "what is seen would go through memory")]
    #[inline(always)]
    fn look<'a>(&self, datum: &'a Datum) -> Option<View<'a>> {
        match (&self.key, datum) {
            (Some(key), Datum::Map(map)) => map.look_at(key),
            _ => None,
        }
    }
}

impl Cog for CsvMarshall {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        let (mut line, mut scratch) = (Ink::with_room(0), std::mem::take(&mut self.scratch));
        let written = self.write(&mut line, &mut scratch, &datum);
        self.scratch = scratch;
        written?;
        if let Some(names) = &self.header {
            let mut first = datum.clone();
            self.data_setter.set(&mut first, Datum::Str(self.names(names)?))?;
            ctx.emit(first);
            self.header = None;
        }
        self.data_setter.set(&mut datum, Datum::from(line.into_text()))?;
        ctx.emit(datum);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        if self.header.is_some() {
            return batch.each(ctx, |ctx, datum| self.turn(ctx, datum));
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let done = batch.each_into_block(ctx, &self.data_setter, |datum, out: &mut Ink| self.write(out, &mut scratch, datum));
        self.scratch = scratch;
        done
    }
}

impl CsvMarshall {
    #[inline]
    fn write(&self, out: &mut Ink, scratch: &mut Scratch, datum: &Datum) -> Result<()> {
        let start = out.written();
        for (n, column) in self.columns.iter().enumerate() {
            if n > 0 {
                match self.delimiter {
                    Some(delimiter) => out.put_byte(delimiter),
                    None => self.put_long_delimiter(out),
                }
            }
            if !self.put(out, column, datum) {
                self.put_other(out, scratch, column, datum)?;
            }
        }
        if out.written() == start || !self.line_end.is_empty() {
            let mut end = String::new();
            self.close(&mut end, out.written() == start)?;
            out.put_all(end.as_bytes());
        }
        Ok(())
    }

    /// Apart, lest it be made ready for each record.
    #[cold]
    fn put_long_delimiter(&self, out: &mut Ink) {
        out.put_all(self.quoter.delimiter().encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// Writes a field that is written as it stands there, as most are; false when it must be looked at.
    #[allow(clippy::inline_always, reason = "what is seen would go through memory")]
    #[inline(always)]
    fn put(&self, out: &mut Ink, column: &Column, datum: &Datum) -> bool {
        match column.look(datum) {
            Some(View::Piece(piece)) => {
                let (rest, length) = piece.with_rest();
                match piece.look() {
                    Look::Bare if self.bare => {}
                    Look::Text | Look::Plain | Look::Bare if !self.guard && self.quoter.is_short_and_plain(rest, length) => {}
                    _ => return false,
                }
                out.put(rest, length);
            }
            Some(View::Datum(Datum::Int(value))) if self.quoter.whole_is_plain() => out.put_whole(*value),
            _ => return false,
        }
        true
    }

    #[inline(never)]
    fn put_other(&self, out: &mut Ink, scratch: &mut Scratch, column: &Column, datum: &Datum) -> Result<()> {
        let Scratch { field, made } = scratch;
        field.clear();
        match column.look(datum) {
            Some(view) => self.view(field, made, view)?,
            None => self.got(field, made, column.getter.get(datum))?,
        }
        out.put_all(field.as_bytes());
        Ok(())
    }

    fn view(&self, out: &mut String, scratch: &mut String, view: View<'_>) -> Result<()> {
        match view {
            View::Datum(datum) => self.piece(out, scratch, datum),
            View::Piece(piece) => match piece.look() {
                Look::Text | Look::Plain | Look::Bare => self.text(out, piece.as_str()),
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
        let is_empty = out.is_empty();
        self.close(&mut out, is_empty)?;
        Ok(out.into())
    }

    /// Ends a record.
    fn close(&self, out: &mut String, is_empty: bool) -> Result<()> {
        if is_empty {
            self.quoter.lone_empty(out)?;
        }
        out.push_str(&self.line_end);
        Ok(())
    }

    fn piece(&self, out: &mut String, scratch: &mut String, piece: &Datum) -> Result<()> {
        match piece {
            Datum::Str(text) => self.text(out, text),
            Datum::Number(text) => self.quoter.field(out, text, true),
            Datum::Int(value) => self.quoter.field(out, itoa::Buffer::new().format(*value), true),
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
mod tests;
