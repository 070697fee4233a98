//! The forms in which texts and numbers tell times.

use std::time::SystemTime;

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::cog::{Args, Param};
use crate::datum::Datum;
use crate::error::{Error, Result, nearest};

/// `tz`, of cogs that read and write times.
pub(super) const TZ: Param = Param::str("tz").or("UTC");

/// The zone that `tz` names.
pub(super) fn zone(args: &Args) -> Result<TimeZone> {
    match args.str("tz").as_str() {
        "UTC" => Ok(TimeZone::UTC),
        "local" => Ok(TimeZone::system()),
        name => DateTimeParser::new().parse_time_zone(name).map_err(|_| Error::Option {
            option: "tz".into(),
            text: format!("there is no time zone `{name}`"),
            hint: Some("\"UTC\", \"local\", a name such as \"Europe/Vienna\", or an offset such as \"+02:00\"".into()),
        }),
    }
}

/// How a time is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Rfc3339,
    Rfc2822,
    Epoch,
    EpochMs,
    Syslog,
    Pattern(String),
}

const WORDS: [(&str, Form); 5] =
    [("rfc3339", Form::Rfc3339), ("rfc2822", Form::Rfc2822), ("epoch", Form::Epoch), ("epoch_ms", Form::EpochMs), ("syslog", Form::Syslog)];

/// RFC 3164, 4.1.2.
const SYSLOG: &str = "%b %e %H:%M:%S";

impl Form {
    /// The form of that name, or of that pattern.
    pub(super) fn named(option: &str, word: &str) -> Result<Self> {
        if let Some((_, form)) = WORDS.iter().find(|(known, _)| *known == word) {
            return Ok(form.clone());
        }
        if word.contains('%') {
            return Ok(Self::Pattern(word.to_owned()));
        }
        let words = WORDS.map(|(known, _)| known);
        Err(Error::Option {
            option: option.into(),
            text: format!("there is no form of time `{word}`"),
            hint: Some(match nearest(word, words) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}, and patterns such as \"%Y-%m-%d %H:%M:%S\"", words.join(", ")),
            }),
        })
    }

    /// As the option names it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Pattern(pattern) => pattern,
            known => WORDS.iter().find(|(_, form)| form == known).map_or("", |(word, _)| word),
        }
    }

    /// Checks that it can be written, and read where that is `wanted`.
    ///
    /// # Errors
    /// An unknown conversion; too little for a point in time.
    pub(super) fn check(&self, option: &str, read: bool) -> Result<()> {
        let Self::Pattern(pattern) = self else { return Ok(()) };
        let wrong = |error: &dyn std::fmt::Display| Error::option(option, format!("`{pattern}`: {error}"));
        // 2009-02-13, a Friday.
        let sample = Timestamp::from_second(1_234_567_890).map_err(|error| wrong(&error))?.to_zoned(TimeZone::UTC);
        let text = strtime::format(pattern, &sample).map_err(|error| wrong(&error))?;
        if read {
            let broken = BrokenDownTime::parse(pattern, &text).map_err(|error| wrong(&error))?;
            moment(&broken, &TimeZone::UTC).map_err(|error| wrong(&error))?;
        }
        Ok(())
    }

    /// The time that a piece tells, when it has this form; `tz` is where its clock hangs when it does not say so itself.
    pub(super) fn read(&self, piece: &Datum, tz: &TimeZone, now: SystemTime) -> Option<Timestamp> {
        match (self, piece) {
            (Self::Epoch, Datum::Str(_) | Datum::Int(_) | Datum::Float(_) | Datum::Number(_)) => decimal(piece.piece().trim(), 9),
            (Self::EpochMs, Datum::Str(_) | Datum::Int(_) | Datum::Float(_) | Datum::Number(_)) => decimal(piece.piece().trim(), 6),
            (Self::Rfc3339, Datum::Str(text)) => text.trim().parse().ok(),
            (Self::Rfc2822, Datum::Str(text)) => rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok(),
            (Self::Syslog, Datum::Str(text)) => without_year(text.trim(), tz, now),
            (Self::Pattern(pattern), Datum::Str(text)) => moment(&BrokenDownTime::parse(pattern, text.trim()).ok()?, tz).ok(),
            _ => None,
        }
    }

    /// The time in this form, by a clock of that zone.
    ///
    /// # Errors
    /// The pattern cannot be written.
    pub(super) fn write(&self, time: Timestamp, tz: &TimeZone) -> Result<Datum> {
        let local = || time.to_zoned(tz.clone());
        let wrong = |error: jiff::Error| Error::data(format!("`{}`: {error}", self.name()), "");
        let pattern = |pattern: &str| strtime::format(pattern, &local()).map(Datum::from).map_err(wrong);
        match self {
            Self::Rfc3339 if *tz == TimeZone::UTC => Ok(time.to_string().into()),
            Self::Rfc3339 => Ok(time.display_with_offset(tz.to_offset(time)).to_string().into()),
            Self::Rfc2822 => rfc2822::to_string(&local()).map(Datum::from).map_err(wrong),
            Self::Epoch => Ok(seconds(time)),
            Self::EpochMs => Ok(Datum::Int(time.as_nanosecond().div_euclid(1_000_000) as i64)),
            Self::Syslog => pattern(SYSLOG),
            Self::Pattern(text) => pattern(text),
        }
    }
}

/// What a broken down time says: by its own offset or zone, else by a clock of `tz`.
fn moment(broken: &BrokenDownTime, tz: &TimeZone) -> std::result::Result<Timestamp, jiff::Error> {
    if broken.timestamp().is_some() || broken.offset().is_some() {
        return broken.to_timestamp();
    }
    if broken.iana_time_zone().is_some() {
        return broken.to_zoned().map(|zoned| zoned.timestamp());
    }
    tz.to_timestamp(broken.to_datetime()?)
}

/// The time nearest to now of those that have this month, day and time of day.
fn without_year(text: &str, tz: &TimeZone, now: SystemTime) -> Option<Timestamp> {
    let broken = BrokenDownTime::parse("%b %e %H:%M:%S%.f", text).ok()?;
    let now = Timestamp::try_from(now).ok()?;
    let year = Zoned::new(now, tz.clone()).year();
    let (month, day, time) = (broken.month()?, broken.day()?, broken.to_time().ok()?);
    let of = |year| {
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        tz.to_timestamp(DateTime::from_parts(date, time)).ok()
    };
    // The 29th of February is not in each year: around 1900 or 2100 there are eight between two.
    let far = if (month, day) == (2, 29) { 8 } else { 1 };
    (year - far..=year + far).filter_map(of).min_by_key(|time| (time.as_nanosecond() - now.as_nanosecond()).abs())
}

/// A decimal number of seconds or smaller units, of which a nanosecond has so many digits behind the point; what is finer is cut off.
fn decimal(text: &str, digits: u32) -> Option<Timestamp> {
    let unit = 10_i128.pow(digits);
    let (negative, plain) = text.strip_prefix('-').map_or((false, text), |plain| (true, plain));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let nanos = if are_digits(whole) && are_digits(fraction) {
        let whole = whole.parse::<i128>().ok()?.checked_mul(unit)?;
        let padded = fraction.bytes().chain(std::iter::repeat(b'0')).take(digits as usize);
        let nanos = whole.checked_add(padded.fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0')))?;
        if negative { -nanos } else { nanos }
    } else if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.contains(['e', 'E']) {
        // An exponent, as floating numbers have it.
        (text.parse::<f64>().ok().filter(|number| number.is_finite())? * unit as f64) as i128
    } else {
        return None;
    };
    Timestamp::from_nanosecond(nanos).ok()
}

/// Seconds since 1970, with all digits.
fn seconds(time: Timestamp) -> Datum {
    let nanos = time.as_nanosecond();
    if nanos % 1_000_000_000 == 0 {
        return Datum::Int((nanos / 1_000_000_000) as i64);
    }
    let (sign, size) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    let text = format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000);
    Datum::Number(text.trim_end_matches('0').to_owned().into())
}
