//! Times of events: seconds since 1970 as numbers or their text, points in time, RFC 3339 text.
//!
//! Kept as whole microseconds, rounded down; within the years that can be written, so that none of the sums below overflows.

use jiff::Timestamp;

use super::sight::{Glance, Sight, Site};
use crate::datum::Datum;
use crate::error::{Error, Result};

/// Microseconds in a second.
pub(in crate::cogs::twist) const SECOND: i64 = 1_000_000;

/// How a time was written; results are written in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cogs::twist) enum Form {
    /// Seconds since 1970.
    Number,
    /// A point in time.
    Time,
}

impl Form {
    pub(in crate::cogs::twist) fn datum(self, micros: i64) -> Datum {
        match self {
            Self::Number if micros % SECOND == 0 => Datum::Int(micros / SECOND),
            Self::Number => Datum::Float(micros as f64 / SECOND as f64),
            // A window may reach beyond the years that can be written.
            Self::Time => {
                Datum::Time(Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX }))
            }
        }
    }
}

/// Reads times; of RFC 3339 text it remembers the last minute, as most times are in the one that came before.
#[derive(Debug, Default)]
pub(in crate::cogs::twist) struct Times {
    /// `2024-05-06T07:08`, none while empty.
    minute: [u8; 16],
    /// What stood behind the seconds: `Z`, `+02:00`.
    zone: String,
    /// The minute's beginning.
    begins: i64,
}

impl Times {
    /// The time at that place of an event, in microseconds.
    #[inline]
    pub(in crate::cogs::twist) fn at(&mut self, site: &Site, datum: &Datum) -> Result<(i64, Form)> {
        if let Some(seconds) = site.digits(datum) {
            return whole(seconds);
        }
        match site.glance(datum) {
            Glance::Whole(seconds) => whole(seconds),
            Glance::Text(text) => self.read_text(text),
            Glance::Digits(text) | Glance::Number(text) => number(text),
            Glance::Other => self.read(&site.see(datum)?),
        }
    }

    fn read(&mut self, sight: &Sight<'_>) -> Result<(i64, Form)> {
        match sight {
            Sight::Text(text) => self.read_text(text),
            Sight::Whole(text) | Sight::Number(text) => number(text),
            Sight::Datum(datum) => match &**datum {
                Datum::Int(seconds) => whole(*seconds),
                Datum::Float(seconds) => float(*seconds),
                Datum::Time(time) => Ok((micros(*time), Form::Time)),
                Datum::Number(text) => number(text),
                Datum::Str(text) => self.read_text(text),
                other => {
                    Err(Error::WrongKind { what: "the time".into(), wanted: "a number of seconds or an RFC 3339 time", got: other.kind() })
                }
            },
        }
    }

    #[inline]
    fn read_text(&mut self, text: &str) -> Result<(i64, Form)> {
        if let Some((head, tail)) = text.as_bytes().split_first_chunk::<16>() {
            if *head == self.minute
                && let Some((within, zone)) = seconds(tail)
                && zone == self.zone.as_bytes()
            {
                return Ok((self.begins + within, Form::Time));
            }
            if head[4] == b'-' && head[7] == b'-' {
                return self.read_time(text);
            }
        }
        number(text).or_else(|_| self.read_time(text))
    }

    fn read_time(&mut self, text: &str) -> Result<(i64, Form)> {
        let time: Timestamp = text.trim().parse().map_err(|_| Error::data("no time", text))?;
        let time = micros(time);
        if let Some((head, tail)) = text.as_bytes().split_first_chunk::<16>()
            && let Some((within, zone)) = seconds(tail)
            && let Ok(zone) = std::str::from_utf8(zone)
        {
            (self.minute, self.zone, self.begins) = (*head, zone.to_owned(), time - within);
        }
        Ok((time, Form::Time))
    }
}

fn micros(time: Timestamp) -> i64 {
    // Towards the past, as all other forms are: `as_microsecond` cuts towards 1970.
    time.as_second() * SECOND + i64::from(time.subsec_nanosecond()).div_euclid(1000)
}

/// `:09.25Z` -> microseconds and what follows; only where the seconds are a minute's.
fn seconds(tail: &[u8]) -> Option<(i64, &[u8])> {
    let [b':', tens @ b'0'..=b'5', ones @ b'0'..=b'9', rest @ ..] = tail else { return None };
    let whole = i64::from((tens - b'0') * 10 + (ones - b'0')) * SECOND;
    match rest {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (1..=9).contains(&digits).then(|| (whole + micro(&fraction[..digits]), &fraction[digits..]))
        }
        _ => Some((whole, rest)),
    }
}

/// The digits of a fraction as microseconds, rounded down.
fn micro(digits: &[u8]) -> i64 {
    (0..6).fold(0, |value, place| value * 10 + digits.get(place).map_or(0, |digit| i64::from(digit - b'0')))
}

#[inline]
fn whole(seconds: i64) -> Result<(i64, Form)> {
    if (Timestamp::MIN.as_second()..=Timestamp::MAX.as_second()).contains(&seconds) {
        Ok((seconds * SECOND, Form::Number))
    } else {
        Err(beyond(&seconds.to_string()))
    }
}

fn float(seconds: f64) -> Result<(i64, Form)> {
    if (Timestamp::MIN.as_second() as f64..=Timestamp::MAX.as_second() as f64).contains(&seconds) {
        Ok(((seconds * SECOND as f64).floor() as i64, Form::Number))
    } else {
        Err(beyond(&seconds.to_string()))
    }
}

#[cold]
fn beyond(text: &str) -> Error {
    Error::data("a time beyond the year 9999 or before -9999 (numbers are seconds since 1970)", text)
}

/// Seconds as text; plain digits and fractions without a detour.
#[inline]
fn number(text: &str) -> Result<(i64, Form)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=12).contains(&digits) {
        return odd_number(text);
    }
    let bytes = text.as_bytes();
    let seconds = bytes[..digits].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    match &bytes[digits..] {
        [] => whole(seconds),
        [b'.', fraction @ ..] if !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit) => {
            whole(seconds).map(|(time, form)| (time + micro(fraction), form))
        }
        _ => odd_number(text),
    }
}

#[cold]
fn odd_number(text: &str) -> Result<(i64, Form)> {
    let text = text.trim();
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    match (text.parse(), text.parse()) {
        (Ok(seconds), _) => whole(seconds),
        (_, Ok(seconds)) if numeric => float(seconds),
        _ => Err(Error::data("no time", text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn read(text: &str) -> Option<i64> {
        Times::default().read(&Sight::Text(text)).ok().map(|(time, _)| time)
    }

    #[test]
    fn numbers_are_seconds() {
        assert_eq!(read("1700000000"), Some(1_700_000_000 * SECOND));
        assert_eq!(read("1700000000.1234569"), Some(1_700_000_000_123_456));
        assert_eq!(
            (read("-0.5"), read("-1"), read("1e3"), read(" 7 ")),
            (Some(-500_000), Some(-SECOND), Some(1000 * SECOND), Some(7 * SECOND))
        );
        for odd in ["", "x", "nan", "1700000000000", "9223372036854775807", "99999999999999999999", "1.x"] {
            assert_eq!(read(odd), None, "{odd}");
        }
        let datum = |datum: Datum| Times::default().read(&Sight::Datum(Cow::Owned(datum))).ok();
        assert_eq!(datum(Datum::Float(-1.5)), Some((-1_500_000, Form::Number)));
        assert_eq!(datum(Datum::Float(f64::NAN)), None);
        assert_eq!(datum(Datum::Int(i64::MIN)), None);
        assert_eq!(datum(Datum::Bool(true)), None);
    }

    #[test]
    fn texts_of_one_minute_are_read_as_if_each_were_the_first() {
        let texts = [
            "2024-05-06T07:08:09Z",
            "2024-05-06T07:08:10.5Z",
            "2024-05-06T07:08:10.1234567Z",
            "2024-05-06T07:08:10+02:00",
            "2024-05-06T07:08:59.999999999+02:00",
            "2024-05-06T07:08:60Z",
            "2024-05-06T07:08:10",
            "2024-05-06T07:08:1",
            "2024-05-06T07:08:10.Z",
            "2024-05-06T07:08:10.25Zx",
            "2024-05-06 07:08:11Z",
            "1969-12-31T23:59:59.5Z",
            "1969-12-31T23:59:59.9999999Z",
            "2024-05-06T07:09Z",
            "2024-05-06T07:08:12z",
        ];
        let mut times = Times::default();
        for text in texts.iter().chain(texts.iter().rev()) {
            let fresh = text.parse::<Timestamp>().ok().map(micros);
            assert_eq!(times.read(&Sight::Text(text)).ok().map(|(time, _)| time), fresh, "{text}");
        }
        assert_eq!(read("1969-12-31T23:59:59.5Z"), Some(-500_000));
    }

    #[test]
    fn results_are_written_as_times_were() {
        let json = |form: Form, micros| crate::datum::json::to_string(&form.datum(micros));
        assert_eq!((json(Form::Number, 60 * SECOND), json(Form::Number, -500_000)), ("60".into(), "-0.5".into()));
        assert_eq!(json(Form::Time, -SECOND), r#""1969-12-31T23:59:59Z""#);
        assert_eq!(json(Form::Time, i64::MAX), r#""9999-12-30T22:00:00.999999999Z""#);
    }
}
