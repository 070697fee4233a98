//! `syslog_parse`: a message of syslog becomes a map.
//!
//! `header` finds where the parts stand, `data` reads structured data. The parts stay in their line until somebody uses them.

mod data;
mod header;

use std::time::SystemTime;

use self::header::{Format, Parts, find};
use super::fill::{Fill, INITIAL, Initial};
use super::syslog::time::{Clock, Guess};
use super::syslog::{FACILITIES, SEVERITIES};
use super::{DATA_GETTER, text_of};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Page, Param};
use crate::datum::{Datum, Look, Text};
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

/// `text::syslog_parse`: a line of text -> a map of its parts.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "syslog_parse",
    kind: Kind::Parse,
    about: "Parses a message of syslog (RFC 5424, RFC 3164 and what is common of it) into #{priority, facility, severity, time, host, tag, pid, msgid, data, text}; what a message has not is not there.",
    page: Page {
        takes: "one message: a string or a blob, without its framing",
        gives: "a map of what is there of #{priority, facility, severity, time, host, tag, pid, msgid, data, text}; facility and severity are words, time is RFC 3339 in UTC, data a map of maps",
        fails: "nothing but what is no text: a message without form becomes #{text}, unless no_match says otherwise",
        ..Page::OF_KIND
    },
    params: &[
        Param::choice("format", &["auto", "3164", "5424"])
            .about("which forms are looked for: each message is read as what it is, or all as the form of that RFC"),
        DATA_GETTER,
        INITIAL,
        Param::str("tz")
            .or("system")
            .about("the zone of times that name none: \"system\", \"UTC\", \"Europe/Prague\", \"+02:00\""),
        Param::choice("year_guess", Guess::WORDS).about(
            "which year a time without one is of: the nearest to now, the last that is not to come, or this one",
        ),
        Param::choice("no_match", &["text", "drop", "pass", "error"]).about(
            "what becomes of a line that is no message: a map with the line as its text, or it is dropped, goes on unchanged, or is an error",
        ),
    ],
    first: Some("format"),
    global: false,
    examples: &[
        Example {
            what: "RFC 5424, with structured data",
            make: "text::syslog_parse()",
            input: r#""<165>1 2003-10-11T22:14:15.003Z host.example evntslog - ID47 [ex@32473 iut=\"3\"] An event""#,
            output: &[
                r#"{"priority": 165, "facility": "local4", "severity": "notice", "time": "2003-10-11T22:14:15.003Z", "host": "host.example", "tag": "evntslog", "msgid": "ID47", "data": {"ex@32473": {"iut": "3"}}, "text": "An event"}"#,
            ],
        },
        Example {
            what: "a line of a log file, with the time as newer programs write it",
            make: r#"text::syslog_parse(#{ data_getter: "line", initial: "keep" })"#,
            input: r#"{"line": "2024-05-06T07:08:09+02:00 web sshd[812]: Accepted publickey for root"}"#,
            output: &[
                r#"{"line": "2024-05-06T07:08:09+02:00 web sshd[812]: Accepted publickey for root", "time": "2024-05-06T05:08:09Z", "host": "web", "tag": "sshd", "pid": "812", "text": "Accepted publickey for root"}"#,
            ],
        },
        Example {
            what: "free text is text",
            make: "text::syslog_parse()",
            input: r#""Use the BFG!""#,
            output: &[r#"{"text": "Use the BFG!"}"#],
        },
    ],
    build: |args| Ok(Box::new(SyslogParse::new(args)?)),
};

/// The keys of the record, in order.
const KEYS: [&str; 10] = ["priority", "facility", "severity", "time", "host", "tag", "pid", "msgid", "data", "text"];

#[derive(Clone, Copy)]
enum NoMatch {
    Text,
    Drop,
    Pass,
    Error,
}

struct SyslogParse {
    data_getter: Getter,
    format: Format,
    clock: Clock,
    no_match: NoMatch,
    fill: Fill,
}

impl SyslogParse {
    fn new(args: &Args) -> Result<Self> {
        let data_getter = args.getter("data_getter");
        let initial = Initial::of(args, &data_getter)?;
        Ok(Self {
            format: match args.str("format").as_str() {
                "3164" => Format::Rfc3164,
                "5424" => Format::Rfc5424,
                _ => Format::Auto,
            },
            clock: Clock::new(&args.str("tz"), Guess::named(&args.str("year_guess")))?,
            no_match: match args.str("no_match").as_str() {
                "drop" => NoMatch::Drop,
                "pass" => NoMatch::Pass,
                "error" => NoMatch::Error,
                _ => NoMatch::Text,
            },
            fill: Fill::new(KEYS.map(|key| Some(Setter::Item(key.into()))).to_vec(), initial),
            data_getter,
        })
    }

    /// Makes a record of the datum; false when it is to be dropped.
    #[inline]
    fn parse(&mut self, datum: &mut Datum, now: SystemTime) -> Result<bool> {
        let own;
        let text = match (&self.data_getter, &*datum) {
            (Getter::Whole, Datum::Str(text)) if text.place().is_some() => text,
            (getter, datum) => {
                own = text_of(&*getter.get(datum)?)?.into_span();
                &own
            }
        };
        let parts = match find(text, self.format, &mut self.clock, now) {
            Some(parts) => parts,
            None => match self.no_match {
                NoMatch::Text => Parts { text: 0..text.len(), ..Parts::default() },
                NoMatch::Drop => return Ok(false),
                NoMatch::Pass => return Ok(true),
                NoMatch::Error => return Err(Error::data("no message of syslog", text)),
            },
        };
        if let Some(record) = self.row(text, &parts) {
            std::mem::replace(datum, record).discard();
        } else {
            let text = text.clone();
            *datum = self.put(&text, &parts, std::mem::take(datum))?;
        }
        Ok(true)
    }

    /// The hot road: a row whose values stay in the line.
    #[inline]
    fn row(&self, text: &Text, parts: &Parts) -> Option<Datum> {
        let (form, (block, place)) = (self.fill.form()?, text.place()?);
        let mut row = form.row(block);
        match parts.priority {
            Some(priority) => {
                row.push_value(Datum::Int(priority.into()));
                row.push_value(facility(priority));
                row.push_value(severity(priority));
            }
            None => (0..3).for_each(|_| row.push_absent()),
        }
        match parts.time {
            Some(time) => row.push_value(Datum::Time(time)),
            None => row.push_absent(),
        }
        for part in [&parts.host, &parts.tag, &parts.pid, &parts.msgid] {
            if part.is_empty() {
                row.push_absent();
            } else {
                row.push_cell(Look::Text, place.start + part.start, place.start + part.end);
            }
        }
        if parts.data.is_empty() {
            row.push_absent();
        } else {
            row.push_value(data::read(&text.slice(parts.data.clone())));
        }
        row.push_cell(Look::Text, place.start + parts.text.start, place.start + parts.text.end);
        Some(Datum::Map(row.into_map()))
    }

    /// What the setters make of the parts.
    fn put(&self, text: &Text, parts: &Parts, given: Datum) -> Result<Datum> {
        let mut record = self.fill.start(given);
        let cut = |part: &std::ops::Range<usize>| (!part.is_empty()).then(|| Datum::Str(text.slice(part.clone())));
        let values = [
            parts.priority.map(|priority| Datum::Int(priority.into())),
            parts.priority.map(facility),
            parts.priority.map(severity),
            parts.time.map(Datum::Time),
            cut(&parts.host),
            cut(&parts.tag),
            cut(&parts.pid),
            cut(&parts.msgid),
            (!parts.data.is_empty()).then(|| data::read(&text.slice(parts.data.clone()))),
            Some(Datum::Str(text.slice(parts.text.clone()))),
        ];
        for (place, value) in values.into_iter().enumerate() {
            if let Some(value) = value {
                self.fill.put(&mut record, place, value)?;
            }
        }
        Ok(record)
    }
}

fn facility(priority: u8) -> Datum {
    Datum::Str(Text::fixed(FACILITIES[usize::from(priority >> 3)]))
}

fn severity(priority: u8) -> Datum {
    Datum::Str(Text::fixed(SEVERITIES[usize::from(priority & 7)]))
}

impl Cog for SyslogParse {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        if self.parse(&mut datum, ctx.wall())? {
            ctx.emit(datum);
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        let now = ctx.wall();
        batch.each_in_place(ctx, |datum| self.parse(datum, now))
    }
}

#[cfg(test)]
mod tests;
