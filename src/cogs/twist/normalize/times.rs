//! `timestamp` (RFC 3339, or seconds since 1970) and `duration` (`[nD]hh:mm:ss[.fraction]`, or seconds), each in its one form.
//!
//! A fraction may have any length; it is cut to microseconds, and left out when nothing is left of it.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::casts::{Judged, wrong};
use crate::datum::{Datum, Num};

const DAY: i64 = 86400;

pub(super) fn timestamp(value: &Datum) -> Judged {
    let form = match value {
        Datum::Time(time) => written(Offset::UTC.to_datetime(*time)),
        Datum::Str(text) => rfc3339(text).or_else(|| since_1970(text.trim())),
        _ => number(value).and_then(|text| since_1970(&text)),
    };
    settle(value, form, "a time as RFC 3339 has it, with a zone")
}

pub(super) fn duration(value: &Datum) -> Judged {
    let form = match value {
        Datum::Str(text) => clock(text).or_else(|| seconds(text.trim())).map(|(seconds, micros)| span(seconds, micros)),
        _ => number(value).and_then(|text| seconds(&text)).map(|(seconds, micros)| span(seconds, micros)),
    };
    settle(value, form, "a duration such as `1D02:03:04`")
}

fn settle(value: &Datum, form: Option<String>, what: &str) -> Judged {
    match form {
        None => wrong(what, value),
        Some(form) if value.as_str() == Some(&form) => Ok(None),
        Some(form) => Ok(Some(Datum::str(form))),
    }
}

/// The decimal digits of a number, without exponent.
fn number(value: &Datum) -> Option<String> {
    match value {
        Datum::Int(number) => Some(number.to_string()),
        Datum::Float(number) => number.is_finite().then(|| number.to_string()),
        Datum::Number(text) if !text.contains(['e', 'E']) => Some(text.to_string()),
        Datum::Number(text) => match Num::read(text) {
            Num::Float(number) => Some(number.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// Digits at the beginning, exactly so many, as a number, and the rest.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (found, rest) = text.split_at_checked(count)?;
    let plain = found.bytes().all(|byte| byte.is_ascii_digit());
    Some((found.parse().ok().filter(|_| plain)?, rest))
}

/// A fraction that may follow, in microseconds, and the rest.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(after) = text.strip_prefix('.') else { return Some((0, text)) };
    let end = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    let (found, rest) = after.split_at(end);
    (!found.is_empty()).then(|| (micros(found), rest))
}

fn micros(digits: &str) -> i64 {
    digits.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'))
}

/// Hours, minutes and seconds: what a clock shows.
fn time_of_day(text: &str, longest: i64) -> Option<(i64, i64, i64, &str)> {
    let (hour, rest) = digits(text, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = digits(rest.strip_prefix(':')?, 2)?;
    (hour < 24 && minute < 60 && second < longest).then_some((hour, minute, second, rest))
}

fn rfc3339(text: &str) -> Option<String> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    // A leap second counts as the one before it, so that it stays in its minute.
    let (hour, minute, second, rest) = time_of_day(rest.strip_prefix(['T', 't', ' '])?, 61)?;
    let (micros, zone) = fraction(rest)?;
    let east = match zone {
        "Z" | "z" => 0,
        _ => {
            let (hours, rest) = digits(zone.strip_prefix(['+', '-'])?, 2)?;
            let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
            if !rest.is_empty() || hours > 23 || minutes > 59 {
                return None;
            }
            let east = hours * 3600 + minutes * 60;
            if zone.starts_with('-') { -east } else { east }
        }
    };
    let small = |number: i64| i8::try_from(number).ok();
    let (hour, minute, second) = (small(hour)?, small(minute)?, small(second.min(59))?);
    let local = DateTime::new(year as i16, small(month)?, small(day)?, hour, minute, second, (micros * 1000) as i32).ok()?;
    written(if east == 0 { local } else { local.checked_sub(SignedDuration::from_secs(east)).ok()? })
}

fn written(time: DateTime) -> Option<String> {
    let (date, clock, micros) = (time.date(), time.time(), time.subsec_nanosecond() / 1000);
    if date.year() < 0 {
        return None;
    }
    let (hour, minute, second) = (clock.hour(), clock.minute(), clock.second());
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    Some(format!("{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z", date.year(), date.month(), date.day()))
}

/// Decimal digits with sign and fraction: whole seconds and microseconds, whether it is below zero.
fn decimal(text: &str) -> Option<(bool, i64, i64)> {
    let (below, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, rest) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
    let (micros, rest) = fraction(rest)?;
    let whole = whole.parse().ok()?;
    rest.is_empty().then_some((below, whole, micros))
}

fn since_1970(text: &str) -> Option<String> {
    let (below, whole, micros) = decimal(text)?;
    let at = if below { -whole.checked_mul(1_000_000)?.checked_add(micros)? } else { whole.checked_mul(1_000_000)?.checked_add(micros)? };
    written(Offset::UTC.to_datetime(Timestamp::from_microsecond(at).ok()?))
}

fn seconds(text: &str) -> Option<(i64, i64)> {
    let (below, whole, micros) = decimal(text)?;
    (!below || whole == 0 && micros == 0).then_some((whole, micros))
}

fn clock(text: &str) -> Option<(i64, i64)> {
    let (days, rest) = match text.split_once(['D', 'd']) {
        Some((days, rest)) => (digits(days, days.len())?.0, rest),
        None => (0, text),
    };
    let (hour, minute, second, rest) = time_of_day(rest, 60)?;
    let (micros, rest) = fraction(rest)?;
    let whole = days.checked_mul(DAY)?.checked_add(hour * 3600 + minute * 60 + second)?;
    rest.is_empty().then_some((whole, micros))
}

fn span(seconds: i64, micros: i64) -> String {
    let days = if seconds < DAY { String::new() } else { format!("{}D", seconds / DAY) };
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    let (hours, minutes, seconds) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
    format!("{days}{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}
