//! Times as messages have them: `2003-10-11T22:14:15.003Z` (RFC 5424) and `Oct 11 22:14:15` (RFC 3164).

use std::fmt::Write;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::cogs::text::syslog::time::{Clock, Guess, zone_named};
use crate::datum::Datum;
use crate::error::{Error, Result};

/// Writes times. What many messages one after the other have is worked out once.
pub(super) struct Stamp {
    zone: TimeZone,
    /// As RFC 3164 has it: without year and fraction.
    short: bool,
    /// Reads times that are text.
    clock: Clock,
    /// The second that was written last.
    last: Option<i64>,
    /// That second, up to where its fraction stands.
    whole: String,
    /// What stands behind the fraction.
    offset: String,
}

/// The year 1 begins; RFC 3339 has no years before 0, and there may be one more with an offset.
const FIRST: i64 = -62_135_596_800;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Stamp {
    pub(super) fn new(zone: &str, short: bool) -> Result<Self> {
        let clock = Clock::new(zone, Guess::Nearest)?;
        Ok(Self { zone: zone_named(zone)?, short, clock, last: None, whole: String::new(), offset: String::new() })
    }

    /// The time that a piece is: a point in time, or text that syslog has for one.
    pub(super) fn read(&mut self, piece: &Datum, now: SystemTime) -> Result<Timestamp> {
        let found = match piece {
            Datum::Time(time) => Some(*time),
            Datum::Str(text) => self.clock.read(text.as_bytes(), now).filter(|(_, length)| *length == text.len()).map(|(time, _)| time),
            _ => None,
        };
        found
            .filter(|time| time.as_second() >= FIRST)
            .ok_or_else(|| Error::data("is no time of a message (twist::time_parse reads other forms)", &piece.piece()))
    }

    pub(super) fn write(&mut self, out: &mut String, time: Timestamp) {
        let nanos = time.as_nanosecond();
        let second = nanos.div_euclid(1_000_000_000) as i64;
        if self.last != Some(second) {
            self.work_out(second);
        }
        out.push_str(&self.whole);
        if self.short {
            return;
        }
        // RFC 5424 has no more than six digits.
        let micros = nanos.rem_euclid(1_000_000_000) / 1000;
        if micros > 0 {
            write!(out, ".{micros:06}").expect("strings take all");
            out.truncate(out.trim_end_matches('0').len());
        }
        out.push_str(&self.offset);
    }

    #[cold]
    fn work_out(&mut self, second: i64) {
        self.last = Some(second);
        let time = Timestamp::from_second(second).unwrap_or_default();
        let offset = self.zone.to_offset(time);
        // Offsets of long ago have seconds, which the form has no place for.
        let utc = !self.short && (self.zone == TimeZone::UTC || offset.seconds() % 60 != 0);
        let local = if utc { Offset::UTC } else { offset }.to_datetime(time);
        let (year, month, day) = (local.year(), local.month(), local.day());
        let (hour, minute, second) = (local.hour(), local.minute(), local.second());
        self.whole.clear();
        self.offset.clear();
        if self.short {
            let month = MONTHS[month as usize - 1];
            write!(self.whole, "{month} {day:2} {hour:02}:{minute:02}:{second:02}").expect("strings take all");
            return;
        }
        write!(self.whole, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}").expect("strings take all");
        if utc {
            self.offset.push('Z');
        } else {
            let (sign, minutes) = (if offset.seconds() < 0 { '-' } else { '+' }, offset.seconds().abs() / 60);
            write!(self.offset, "{sign}{:02}:{:02}", minutes / 60, minutes % 60).expect("strings take all");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(zone: &str, short: bool, time: &str) -> String {
        let mut stamp = Stamp::new(zone, short).unwrap();
        let time = stamp.read(&Datum::from(time), SystemTime::UNIX_EPOCH).unwrap();
        let [one, other] = [(); 2].map(|()| {
            let mut out = String::from(">");
            stamp.write(&mut out, time);
            out
        });
        assert_eq!(one, other, "the second time it may be remembered");
        one
    }

    #[test]
    fn times_have_the_form_of_their_rfc() {
        for (zone, time, long, short) in [
            ("UTC", "2003-10-11T22:14:15.003Z", ">2003-10-11T22:14:15.003Z", ">Oct 11 22:14:15"),
            ("-07:00", "2003-08-24T12:14:15.000003Z", ">2003-08-24T05:14:15.000003-07:00", ">Aug 24 05:14:15"),
            ("Europe/Prague", "2024-07-01T10:00:00Z", ">2024-07-01T12:00:00+02:00", ">Jul  1 12:00:00"),
            ("+05:30", "1985-04-12T23:20:50.520Z", ">1985-04-13T04:50:50.52+05:30", ">Apr 13 04:50:50"),
            // No more than microseconds, and cut, not rounded.
            ("UTC", "2024-12-31T23:59:59.999999999Z", ">2024-12-31T23:59:59.999999Z", ">Dec 31 23:59:59"),
            ("UTC", "2024-01-01T00:00:00.0000009Z", ">2024-01-01T00:00:00Z", ">Jan  1 00:00:00"),
            ("UTC", "1969-12-31T23:59:59.25Z", ">1969-12-31T23:59:59.25Z", ">Dec 31 23:59:59"),
            ("UTC", "0001-02-03T04:05:06Z", ">0001-02-03T04:05:06Z", ">Feb  3 04:05:06"),
            // Local mean time.
            ("Europe/Prague", "1800-01-01T00:00:00Z", ">1800-01-01T00:00:00Z", ">Jan  1 00:57:44"),
        ] {
            assert_eq!(written(zone, false, time), long, "{time}");
            assert_eq!(written(zone, true, time), short, "{time}");
        }
    }

    #[test]
    fn text_that_is_no_time_and_years_out_of_range_fail() {
        let mut stamp = Stamp::new("UTC", false).unwrap();
        for piece in [Datum::from("yesterday"), Datum::from("2003-10-11T22:14:15Z "), Datum::from(""), Datum::Int(7)] {
            assert!(stamp.read(&piece, SystemTime::UNIX_EPOCH).unwrap_err().to_string().contains("is no time"), "{piece:?}");
        }
        let read = stamp.read(&Datum::from("Jan  2 03:04:05"), SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(read.to_string(), "1970-01-02T03:04:05Z");
        for time in [Timestamp::MIN, "0000-12-31T23:59:59Z".parse().unwrap()] {
            assert!(stamp.read(&Datum::Time(time), SystemTime::UNIX_EPOCH).is_err(), "{time}");
        }
        for zone in ["+23:59", "-23:59"] {
            for (time, year) in [("0001-01-01T00:00:00Z", ["0000", "0001"]), ("9999-12-30T22:00:00.999999999Z", ["9999", "9999"])] {
                let text = written(zone, false, time);
                assert!(year.contains(&&text[1..5]), "{text}");
            }
        }
    }
}
