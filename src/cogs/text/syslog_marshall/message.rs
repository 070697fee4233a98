//! One message of syslog: the priority, the header, the text.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::SystemTime;

use jiff::Timestamp;

use super::data;
use super::parts::{Part, Parts};
use super::rules::Rules;
use super::stamp::Stamp;
use crate::cogs::text::syslog::{FACILITIES, MARK, SEVERITIES};
use crate::cogs::text::written;
use crate::datum::{Datum, Map};
use crate::error::{Error, Result};
use crate::log::Priority;

/// Writes messages.
pub(super) struct Message {
    pub(super) parts: Parts,
    pub(super) rules: Rules,
    pub(super) stamp: Stamp,
    /// As RFC 3164 has them.
    pub(super) short: bool,
    /// Facility and severity of what says none.
    pub(super) default: (u8, u8),
    /// Host and tag of what says none; empty for none.
    pub(super) host: String,
    pub(super) tag: String,
    /// What says no time has that of now.
    pub(super) now: bool,
    /// The mark of UTF-8 stands before the text.
    pub(super) mark: bool,
}

impl Message {
    /// Appends the message of a map, or of its text alone.
    pub(super) fn write(&mut self, out: &mut String, piece: &Datum, now: SystemTime) -> Result<()> {
        let opened = piece.opened();
        let none = Datum::Map(Map::new());
        let (record, text) = match &*opened {
            Datum::Map(_) => (&*opened, self.parts.text.text(&opened)?),
            Datum::Str(_) | Datum::Bytes(_) => (&none, written(&opened)?),
            other => {
                return Err(Error::WrongKind { what: "what is written as a message".into(), wanted: "a map or text", got: other.kind() });
            }
        };
        write!(out, "<{}>", self.priority(record)?).expect("strings take all");
        let time = match self.parts.time.get(record)? {
            Some(time) => self.rules.or_replaced(self.stamp.read(&time, now))?,
            None => None,
        };
        let time = time.or_else(|| if self.now { Timestamp::try_from(now).ok() } else { None });
        if self.short { self.rfc3164(out, record, time, &text) } else { self.rfc5424(out, record, time, &text) }
    }

    /// Facility and severity as one number.
    fn priority(&self, record: &Datum) -> Result<u8> {
        let priority = self.code(&self.parts.priority, record, 192, "is no priority", |_| None)?;
        let facility = self.code(&self.parts.facility, record, 24, "is no facility", |word| match word {
            "security" => Some(4),
            word => FACILITIES.iter().position(|known| *known == word).map(|code| code as u8),
        })?;
        let severity = self.code(&self.parts.severity, record, 8, "is no severity", |word| match word {
            "panic" => Some(0),
            "informational" => Some(6),
            word => {
                let known = SEVERITIES.iter().position(|known| *known == word).map(|code| code as u8);
                known.or_else(|| Priority::parse(word).map(|priority| priority as u8))
            }
        })?;
        let facility = facility.or(priority.map(|priority| priority >> 3)).unwrap_or(self.default.0);
        let severity = severity.or(priority.map(|priority| priority & 7)).unwrap_or(self.default.1);
        Ok(facility << 3 | severity)
    }

    /// A number below `end`, or a word for one.
    fn code(&self, part: &Part, record: &Datum, end: u8, wrong: &str, word: impl Fn(&str) -> Option<u8>) -> Result<Option<u8>> {
        let Some(piece) = part.get(record)? else { return Ok(None) };
        let found = match &*piece {
            Datum::Str(text) if text.is_empty() => return Ok(None),
            Datum::Str(text) => word(text).or_else(|| word(&text.to_ascii_lowercase())).or_else(|| digits(text)),
            number => number.as_int().and_then(|number| u8::try_from(number).ok()),
        };
        self.rules.or_replaced(found.filter(|code| *code < end).ok_or_else(|| Error::data(wrong, &piece.piece())))
    }

    /// `1 TIME HOST APP PROCID MSGID DATA TEXT`; `-` stands for what is not there.
    fn rfc5424(&mut self, out: &mut String, record: &Datum, time: Option<Timestamp>, text: &str) -> Result<()> {
        out.push_str("1 ");
        match time {
            Some(time) => self.stamp.write(out, time),
            None => out.push('-'),
        }
        for part in [self.host(record)?, self.tag(record)?, self.pid(record)?, self.msgid(record)?] {
            out.push(' ');
            out.push_str(if part.is_empty() { "-" } else { &part });
        }
        out.push(' ');
        match self.parts.data.get(record)? {
            Some(data) => data::write(out, &data, &self.rules)?,
            None => out.push('-'),
        }
        if text.is_empty() {
            return Ok(());
        }
        out.push(' ');
        // A reader takes one mark away.
        if self.mark || text.starts_with(MARK) {
            out.push_str(MARK);
        }
        self.rules.put(out, text)
    }

    /// `TIME HOST TAG[PID]: TEXT`; what is not there is left out, and the host without a time too.
    fn rfc3164(&mut self, out: &mut String, record: &Datum, time: Option<Timestamp>, text: &str) -> Result<()> {
        if let Some(time) = time {
            self.stamp.write(out, time);
            out.push(' ');
        }
        let (host, tag, pid) = (self.host(record)?, self.tag(record)?, self.pid(record)?);
        let is_tagged = !tag.is_empty() || !pid.is_empty();
        // The first word of a text without a tag would be taken for the host.
        if time.is_some() && !(host.is_empty() && is_tagged) {
            out.push_str(if host.is_empty() { "-" } else { &host });
            out.push(' ');
        }
        if is_tagged {
            out.push_str(if tag.is_empty() { "-" } else { &tag });
            if !pid.is_empty() {
                out.push('[');
                out.push_str(&pid);
                out.push(']');
            }
            out.push(':');
            if !text.is_empty() {
                out.push(' ');
            }
        }
        self.rules.put(out, text)
    }

    fn host<'a>(&'a self, record: &'a Datum) -> Result<Cow<'a, str>> {
        or(self.parts.host.text(record)?, &self.host, |host| self.rules.host(self.short, host))
    }

    fn tag<'a>(&'a self, record: &'a Datum) -> Result<Cow<'a, str>> {
        or(self.parts.tag.text(record)?, &self.tag, |tag| self.rules.tag(self.short, tag))
    }

    fn pid<'a>(&'a self, record: &'a Datum) -> Result<Cow<'a, str>> {
        or(self.parts.pid.text(record)?, "", |pid| self.rules.pid(self.short, pid))
    }

    fn msgid<'a>(&'a self, record: &'a Datum) -> Result<Cow<'a, str>> {
        or(self.parts.msgid.text(record)?, "", |msgid| self.rules.msgid(msgid))
    }
}

/// The word as it fits, or what stands for it where there is none.
fn or<'a>(word: Cow<'a, str>, default: &'a str, fit: impl Fn(&str) -> Result<Cow<'_, str>>) -> Result<Cow<'a, str>> {
    if word.is_empty() {
        return Ok(Cow::Borrowed(default));
    }
    let made = match fit(&word)? {
        Cow::Borrowed(_) => None,
        Cow::Owned(made) => Some(made),
    };
    Ok(made.map_or(word, Cow::Owned))
}

/// A number in digits alone.
fn digits(text: &str) -> Option<u8> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
