//! `log::drain`: each datum is a line of the log.
//!
//! For what people are to see where they see the rest: alarms, sums at the end of a window. However many lines there are, the log's
//! limit of lines of a kind leaves none out; those below the log's priority are not written, as others are not.

use std::borrow::Cow;

use crate::cog::{Batch, Cog, CogSpec, Ctx, Example, Kind, Page, Param, Ty};
use crate::datum::{Datum, json};
use crate::error::{Error, Result};
use crate::getset::Getter;
use crate::log::{self, Priority};

/// `log::drain`: any datum -> the same; a line of the log is written.
pub static SPEC: CogSpec = CogSpec {
    family: "log",
    name: "drain",
    kind: Kind::Drain,
    about: "Writes each datum to the log, as a line of its own with the cog's name before it; the limit of lines of a kind leaves none of them out.",
    page: Page {
        takes: "any datum: a string as it is, or a blob that is text, all else as JSON; the log cuts lines at 8 KiB, on standard error at about 3.9 KiB",
        fails: "what data_getter does not find; a blob that is no text; a priority that is none; what the log cannot take, as its disk is full, or nobody reads where it goes",
        ..Page::OF_KIND
    },
    params: &[
        Param::new("priority", Ty::Choice(&WORDS)).or("info").about("the lines' priority, where priority_getter does not say another"),
        Param::getter("priority_getter")
            .optional()
            .about("where a datum says its own: a word as in priority, `err`, `warn` and the like, or 0 to 7 as syslog has it"),
        Param::getter("data_getter").or("selfgetter").about("the piece that is written; by default the whole datum"),
    ],
    first: Some("priority"),
    global: false,
    examples: &[
        Example {
            what: "data go on unchanged",
            make: r#"log::drain("debug")"#,
            input: r#"{"ip": "192.0.2.1", "n": 17}"#,
            output: &[r#"{"ip": "192.0.2.1", "n": 17}"#],
        },
        Example {
            what: "data with a text and a priority of their own",
            make: r#"log::drain(#{ data_getter: "text", priority_getter: "severity" })"#,
            input: r#"{"severity": "debug", "text": "all is well"}"#,
            output: &[r#"{"severity": "debug", "text": "all is well"}"#],
        },
    ],
    build: |args| {
        Ok(Box::new(Drain {
            priority: Priority::parse(&args.str("priority")).unwrap_or(Priority::Info),
            priority_getter: args.opt_getter("priority_getter"),
            data_getter: args.getter("data_getter"),
        }))
    },
};

const WORDS: [&str; 8] = {
    let mut words = [""; 8];
    let mut n = 0;
    while n < words.len() {
        words[n] = Priority::ALL[n].word();
        n += 1;
    }
    words
};

struct Drain {
    priority: Priority,
    priority_getter: Option<Getter>,
    data_getter: Getter,
}

impl Drain {
    fn priority_of(&self, datum: &Datum) -> Result<Priority> {
        let piece = match self.priority_getter.as_ref().map(|getter| getter.get(datum)) {
            None | Some(Err(Error::FieldMissing { .. })) => return Ok(self.priority),
            Some(piece) => piece?,
        };
        let of = |n: i64| Priority::ALL.get(usize::try_from(n).ok()?).copied();
        let found = match &*piece {
            Datum::Unit => Some(self.priority),
            Datum::Str(digit) if digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit() => of(i64::from(digit.as_bytes()[0] - b'0')),
            Datum::Str(word) => Priority::parse(word),
            number => number.as_int().and_then(of),
        };
        found.ok_or_else(|| Error::data("is no priority", &piece.piece()))
    }

    fn write(&self, ctx: &Ctx<'_>, datum: &Datum) -> Result<()> {
        let priority = self.priority_of(datum)?;
        let piece = self.data_getter.get(datum)?;
        let text = match &*piece {
            Datum::Str(text) => Cow::Borrowed(text.as_str()),
            Datum::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => return Err(Error::data("a blob that is not text in UTF-8", &piece.piece())),
            },
            // Not worked out for nobody.
            _ if !log::enabled(priority) => return Ok(()),
            other => Cow::Owned(json::to_string(other)),
        };
        if !ctx.show(priority, &text) {
            return Err(Error::Refused {
                reason: "system",
                text: "the log could not take it: neither file, syslog nor standard error".into(),
            });
        }
        Ok(())
    }
}

impl Cog for Drain {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        self.write(ctx, &datum)?;
        ctx.emit(datum);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each(ctx, |ctx, datum| self.turn(ctx, datum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;

    /// The lines that a datum makes, and how many data went on.
    fn told(given: Vec<(&str, Given)>, datum: impl Into<Datum>) -> (Vec<String>, usize) {
        let mut bench = Bench::new(&SPEC, given);
        // Only grave lines go anywhere where nothing is configured.
        let (out, mut lines) = log::aside(|| bench.feed(datum));
        lines.retain(|line| line.starts_with("drain: "));
        assert_eq!(bench.balance().in_flight, 0);
        (lines, out.len())
    }

    fn error() -> Vec<(&'static str, Given)> {
        vec![("priority", "error".into())]
    }

    #[test]
    fn text_is_written_as_it_is_and_all_else_as_json() {
        assert_eq!(told(error(), "two\nlines"), (vec!["drain: two | lines".to_owned()], 1));
        assert_eq!(told(error(), Datum::Bytes(b"text".as_slice().into())), (vec!["drain: text".to_owned()], 1));
        assert_eq!(told(error(), json::read(r#"{"b":[1],"a":null}"#).unwrap()), (vec![r#"drain: {"b":[1],"a":null}"#.to_owned()], 1));
        assert_eq!(told(error(), Datum::Unit), (vec!["drain: null".to_owned()], 1));
        let piece = [error(), vec![("data_getter", "text".into())]].concat();
        assert_eq!(told(piece.clone(), json::read(r#"{"text": "x", "a": 1}"#).unwrap()), (vec!["drain: x".to_owned()], 1));
        assert_eq!(told(piece, json::read("{}").unwrap()).1, 0);
        assert_eq!(told(error(), Datum::Bytes(b"\xff".as_slice().into())).1, 0);
    }

    #[test]
    fn a_datum_may_have_a_priority_of_its_own() {
        let drain = |datum: &str| {
            let drain = Drain { priority: Priority::Info, priority_getter: Some(Getter::Item("p".into())), data_getter: Getter::Whole };
            drain.priority_of(&json::read(datum).unwrap()).map_err(|error| error.to_string())
        };
        for (datum, wanted) in [
            (r#"{"p": "alert"}"#, Priority::Alert),
            (r#"{"p": "WARN"}"#, Priority::Warning),
            (r#"{"p": 0}"#, Priority::Emerg),
            (r#"{"p": 7}"#, Priority::Debug),
            (r#"{"p": "3"}"#, Priority::Error),
            (r#"{"p": null}"#, Priority::Info),
            ("{}", Priority::Info),
        ] {
            assert_eq!(drain(datum), Ok(wanted), "{datum}");
        }
        for (datum, piece) in
            [(r#"{"p": "loud"}"#, "loud"), (r#"{"p": 8}"#, "8"), (r#"{"p": "9"}"#, "9"), (r#"{"p": -1}"#, "-1"), (r#"{"p": [1]}"#, "[1]")]
        {
            assert_eq!(drain(datum), Err(format!("is no priority: `{piece}`")));
        }
        assert_eq!(WORDS, ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"]);
    }

    #[test]
    fn none_of_many_lines_is_left_out() {
        let mut bench = Bench::new(&SPEC, error());
        let ((), lines) = log::aside(|| (0..100).for_each(|_| assert_eq!(bench.feed("the same").len(), 1)));
        assert_eq!(lines, vec!["drain: the same"; 100]);
        assert_eq!(bench.balance().delivered, 100);
    }
}
