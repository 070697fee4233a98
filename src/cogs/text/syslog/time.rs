//! The times of syslog: `Oct 11 22:14:15` (RFC 3164), which names neither year nor zone, and that of ISO 8601 (RFC 5424, RFC 3339).

use std::time::SystemTime;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

use crate::error::{Error, Result};

/// Which year a time without one is of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::cogs::text) enum Guess {
    /// The nearest to now: within half a year, but for the 29th of February.
    Nearest,
    /// The last one that is not to come, a day aside for clocks that are not alike.
    Past,
    /// This one.
    Current,
}

impl Guess {
    /// Its words in scripts; the first is the default.
    pub(in crate::cogs::text) const WORDS: &[&str] = &["nearest", "past", "current"];

    pub(in crate::cogs::text) fn named(word: &str) -> Self {
        match word {
            "past" => Self::Past,
            "current" => Self::Current,
            _ => Self::Nearest,
        }
    }
}

/// A time as it was found, without the year and the zone perhaps.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Found {
    Sure(Timestamp),
    Local(DateTime),
    /// Month, day and time of the day.
    Yearless(i8, i8, Time),
}

/// Reads times. What many lines one after the other have is worked out once.
pub(in crate::cogs::text) struct Clock {
    zone: TimeZone,
    guess: Guess,
    /// The last whole second that took working out, and what it is.
    last: Option<(Found, Timestamp)>,
}

impl Clock {
    pub(in crate::cogs::text) fn new(zone: &str, guess: Guess) -> Result<Self> {
        Ok(Self { zone: zone_named(zone)?, guess, last: None })
    }

    /// The time at the beginning of `text`, and its length.
    #[inline]
    pub(in crate::cogs::text) fn read(&mut self, text: &[u8], now: SystemTime) -> Option<(Timestamp, usize)> {
        let (found, nanos, length) = if text.first()?.is_ascii_digit() { iso(text)? } else { bsd(text)? };
        let whole = match found {
            Found::Sure(time) => time,
            found => match self.last {
                Some((last, time)) if last == found => time,
                _ => {
                    let time = self.work_out(found, now)?;
                    self.last = Some((found, time));
                    time
                }
            },
        };
        Some((with_nanos(whole, nanos)?, length))
    }

    #[cold]
    fn work_out(&self, found: Found, now: SystemTime) -> Option<Timestamp> {
        match found {
            Found::Sure(time) => Some(time),
            Found::Local(time) => self.in_zone(time),
            Found::Yearless(month, day, time) => {
                let now = Timestamp::try_from(now).ok()?;
                let year = now.to_zoned(self.zone.clone()).year();
                let of = |year: i16| Date::new(year, month, day).ok().and_then(|date| self.in_zone(date.to_datetime(time)));
                let near = |time: &Timestamp| now.duration_until(*time).unsigned_abs();
                // The 29th of February is not there each year: around 1900 or 2100 there are eight years between two.
                let far = if (month, day) == (2, 29) { 8 } else { 1 };
                let mut around = (year - far..=year + far).filter_map(of);
                match self.guess {
                    Guess::Current => of(year),
                    Guess::Nearest => around.min_by_key(near),
                    Guess::Past => {
                        let until = now.checked_add(24.hours()).ok()?;
                        around.rfind(|time| *time <= until)
                    }
                }
            }
        }
    }

    fn in_zone(&self, time: DateTime) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(time).compatible().ok()
    }
}

/// A zone by its name (`Europe/Prague`), `UTC`, `+02:00`, or the system's.
pub(in crate::cogs::text) fn zone_named(name: &str) -> Result<TimeZone> {
    let wrong = || Error::Option {
        option: "tz".into(),
        text: format!("there is no time zone `{name}`"),
        hint: Some("such as \"system\", \"UTC\", \"Europe/Prague\" or \"+02:00\"".into()),
    };
    match name {
        "system" => Ok(TimeZone::system()),
        _ if name.eq_ignore_ascii_case("utc") => Ok(TimeZone::UTC),
        _ if name.starts_with(['+', '-']) => {
            let (seconds, length) = offset(name.as_bytes()).ok_or_else(wrong)?;
            let offset = Offset::from_seconds(seconds as i32).ok().filter(|_| length == name.len());
            offset.map(TimeZone::fixed).ok_or_else(wrong)
        }
        _ => TimeZone::get(name).map_err(|_| wrong()),
    }
}

#[inline]
fn with_nanos(time: Timestamp, nanos: i32) -> Option<Timestamp> {
    if nanos == 0 { Some(time) } else { Timestamp::new(time.as_second(), nanos).ok() }
}

/// Two digits at `at`.
#[inline]
fn two(text: &[u8], at: usize) -> Option<i8> {
    let [a, b] = *text.get(at..)?.first_chunk()?;
    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| ((a - b'0') * 10 + (b - b'0')) as i8)
}

/// `hh:mm:ss` at `at`, with a fraction perhaps; gives also its nanoseconds and where it ends.
#[inline]
fn of_day(text: &[u8], at: usize) -> Option<((i8, i8, i8), i32, usize)> {
    let (hour, minute, second) = (two(text, at)?, two(text, at + 3)?, two(text, at + 6)?);
    // A leap second is the one after it, as the system counts.
    if text[at + 2] != b':' || text[at + 5] != b':' || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (mut nanos, mut end) = (0, at + 8);
    if text.get(end) == Some(&b'.') {
        let digits = text[end + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || digits > 9 {
            return None;
        }
        let value = text[end + 1..=end + digits].iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
        nanos = value * 10_i32.pow(9 - digits as u32);
        end += 1 + digits;
    }
    Some(((hour, minute, second), nanos, end))
}

/// `+hh:mm` in seconds, and its length; `+hhmm` too.
fn offset(text: &[u8]) -> Option<(i64, usize)> {
    let sign = match text.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let colon = usize::from(text.get(3) == Some(&b':'));
    let (hours, minutes) = (two(text, 1)?, two(text, 3 + colon)?);
    (hours <= 23 && minutes <= 59).then(|| (sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60), 5 + colon))
}

/// `2003-10-11T22:14:15.003Z`, with an offset in place of the `Z`, or without either.
#[inline]
fn iso(text: &[u8]) -> Option<(Found, i32, usize)> {
    let (year, month, day) = (i16::from(two(text, 0)?) * 100 + i16::from(two(text, 2)?), two(text, 5)?, two(text, 8)?);
    if text[4] != b'-' || text[7] != b'-' || text.get(10) != Some(&b'T') {
        return None;
    }
    let ((hour, minute, second), nanos, end) = of_day(text, 11)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    let (shift, end) = match text.get(end) {
        Some(b'Z') => (0, end + 1),
        Some(b'+' | b'-') => {
            let (shift, length) = offset(&text[end..])?;
            (shift, end + length)
        }
        _ => {
            let date = Date::new(year, month, day).ok()?;
            return Some((Found::Local(date.to_datetime(Time::new(hour, minute, second.min(59), 0).ok()?)), nanos, end));
        }
    };
    let of_day = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let time = Timestamp::from_second(days(year, month, day) * 86_400 + of_day - shift).ok()?;
    Some((Found::Sure(time), nanos, end))
}

fn days_of(year: i16, month: i8) -> i8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 (Howard Hinnant, `days_from_civil`).
#[inline]
fn days(year: i16, month: i8, day: i8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (i64::from(month) + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `Oct 11 22:14:15`; days below 10 have a blank or a zero before them or nothing; some name the year behind the day.
#[inline]
fn bsd(text: &[u8]) -> Option<(Found, i32, usize)> {
    let month = match text.first_chunk()? {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    };
    let digit = |at: usize| text.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| (byte - b'0') as i8);
    let (day, mut at) = match (text.get(3)?, digit(4), digit(5)) {
        (b' ', Some(tens), Some(ones)) => (tens * 10 + ones, 6),
        (b' ', Some(ones), None) => (ones, 5),
        (b' ', None, Some(ones)) if text[4] == b' ' => (ones, 6),
        _ => return None,
    };
    let mut year = None;
    if let (Some(b' '), Some(century), Some(rest), Some(b' ')) = (text.get(at), two(text, at + 1), two(text, at + 3), text.get(at + 5)) {
        year = Some(i16::from(century) * 100 + i16::from(rest));
        at += 5;
    }
    if text.get(at) != Some(&b' ') {
        return None;
    }
    let ((hour, minute, second), nanos, end) = of_day(text, at + 1)?;
    let time = Time::new(hour, minute, second.min(59), 0).ok()?;
    if day < 1 || day > days_of(year.unwrap_or(2000), month) {
        return None;
    }
    let found = match year {
        None => Found::Yearless(month, day, time),
        Some(year) => Found::Local(Date::new(year, month, day).ok()?.to_datetime(time)),
    };
    Some((found, nanos, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(zone: &str, guess: Guess, now: &str, text: &str) -> Option<(String, usize)> {
        let now: Timestamp = now.parse().unwrap();
        let mut clock = Clock::new(zone, guess).unwrap();
        // The second time it may be remembered.
        let twice = [(); 2].map(|()| clock.read(text.as_bytes(), now.into()));
        assert_eq!(twice[0], twice[1]);
        twice[0].map(|(time, length)| (time.to_string(), length))
    }

    const NOW: &str = "2026-03-01T00:00:00Z";

    #[test]
    fn times_of_iso_are_sure_or_of_the_zone() {
        for (text, wanted, length) in [
            ("1985-04-12T23:20:50.52Z x", "1985-04-12T23:20:50.52Z", 23),
            ("1985-04-12T19:20:50.52-04:00", "1985-04-12T23:20:50.52Z", 28),
            ("2003-10-11T22:14:15.003Z", "2003-10-11T22:14:15.003Z", 24),
            ("2003-08-24T05:14:15.000003-07:00", "2003-08-24T12:14:15.000003Z", 32),
            ("2024-02-29T00:00:00+0130", "2024-02-28T22:30:00Z", 24),
            ("2024-07-01T12:00:00 host", "2024-07-01T10:00:00Z", 19),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", 20),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", 20),
            ("0001-01-02T00:00:00Z", "0001-01-02T00:00:00Z", 20),
        ] {
            assert_eq!(read("Europe/Prague", Guess::Nearest, NOW, text), Some((wanted.into(), length)), "{text}");
        }
        for text in [
            "2003-02-29T00:00:00Z",
            "2003-13-01T00:00:00Z",
            "2003-10-11T24:00:00Z",
            "2003-10-11 22:14:15Z",
            "2003-10-11T22:14:15.Z",
            "2003-10-11T22:14",
            "1 x",
            "",
        ] {
            assert_eq!(read("UTC", Guess::Nearest, NOW, text), None, "{text}");
        }
    }

    #[test]
    fn the_year_is_guessed() {
        for (guess, text, wanted) in [
            (Guess::Nearest, "Oct 11 22:14:15", "2025-10-11T22:14:15Z"),
            (Guess::Nearest, "Aug  1 00:00:00", "2026-08-01T00:00:00Z"),
            (Guess::Past, "Aug  1 00:00:00", "2025-08-01T00:00:00Z"),
            (Guess::Past, "Mar  1 12:00:00", "2026-03-01T12:00:00Z"),
            (Guess::Past, "Mar  3 12:00:00", "2025-03-03T12:00:00Z"),
            (Guess::Current, "Dec 31 23:59:59", "2026-12-31T23:59:59Z"),
            (Guess::Nearest, "Mar 1 00:00:00.250", "2026-03-01T00:00:00.25Z"),
            (Guess::Nearest, "Mar 01 2019 00:00:00", "2019-03-01T00:00:00Z"),
        ] {
            assert_eq!(read("UTC", guess, NOW, text), Some((wanted.into(), text.len())), "{text}");
        }
        assert_eq!(read("UTC", Guess::Nearest, "2025-03-01T00:00:00Z", "Feb 29 00:00:00"), Some(("2024-02-29T00:00:00Z".into(), 15)));
        for (guess, now, wanted) in [
            (Guess::Past, "2026-03-01T00:00:00Z", "2024-02-29T00:00:00Z"),
            (Guess::Past, "2028-02-01T00:00:00Z", "2024-02-29T00:00:00Z"),
            (Guess::Past, "2028-02-28T12:00:00Z", "2028-02-29T00:00:00Z"),
            (Guess::Past, "2103-12-31T00:00:00Z", "2096-02-29T00:00:00Z"),
            (Guess::Nearest, "2026-02-01T00:00:00Z", "2024-02-29T00:00:00Z"),
            (Guess::Nearest, "2026-04-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            (Guess::Nearest, "2099-12-31T00:00:00Z", "2096-02-29T00:00:00Z"),
        ] {
            assert_eq!(read("UTC", guess, now, "Feb 29 00:00:00"), Some((wanted.into(), 15)), "{guess:?} {now}");
        }
        assert_eq!(read("UTC", Guess::Current, NOW, "Feb 29 00:00:00"), None);
        assert_eq!(read("-07:00", Guess::Nearest, NOW, "Mar  1 00:00:00"), Some(("2026-03-01T07:00:00Z".into(), 15)));
        for text in ["Okt 11 22:14:15", "Oct 32 22:14:15", "Oct 11 2214:15", "Oct  22:14:15", "Oct 11", "Oct"] {
            assert_eq!(read("UTC", Guess::Nearest, NOW, text), None, "{text}");
        }
    }

    #[test]
    fn zones_are_known_or_refused() {
        for zone in ["system", "utc", "Europe/Prague", "+02:00", "-0330"] {
            zone_named(zone).unwrap();
        }
        for zone in ["Europe/Praha", "+2", "+02:00x", ""] {
            assert!(zone_named(zone).is_err(), "{zone}");
        }
    }
}
