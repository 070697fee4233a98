//! Times of the wall clock as in `crontab(5)`: five fields, or a word such as `@hourly`.
//!
//! Local time with its jumps, as `cron(8)` has it. Where the hours are free (`*`, `*/2`) what counts is the time as it goes by: an hour
//! that comes twice counts twice, one that is left out not at all. A fixed hour comes once a day: what would fall into a gap comes when the
//! gap is over, and of a time that comes twice the first is meant.

use std::time::SystemTime;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use crate::error::nearest;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// What may stand for all five fields.
const WORDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];
/// The 29th of February may be eight years away.
const FAR: i32 = 9 * 366;

/// When something is due, again and again.
#[derive(Clone, Debug)]
pub struct Cron {
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
    zone: TimeZone,
}

/// The values of one field, a bit each.
#[derive(Clone, Copy, Debug)]
struct Field {
    bits: u64,
    /// It begins with `*`.
    free: bool,
}

impl Field {
    const fn has(self, value: i8) -> bool {
        value >= 0 && self.bits >> value & 1 == 1
    }
}

impl Cron {
    /// Reads `"*/5 9-17 * * mon-fri"`, in the local time of this machine.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::parse_in(text, TimeZone::system())
    }

    /// As [`Cron::parse`], in that time zone.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse_in(text: &str, zone: TimeZone) -> Result<Self, String> {
        let lower = text.trim().to_ascii_lowercase();
        let mut plain = lower.as_str();
        if plain.starts_with('@') {
            plain = WORDS.iter().find(|(word, _)| *word == plain).map(|(_, fields)| *fields).ok_or_else(|| {
                let near = nearest(plain, WORDS.iter().map(|(word, _)| *word)).map(|near| format!("; did you mean `{near}`?"));
                format!("there is no `{plain}`{}", near.unwrap_or_default())
            })?;
        }
        let fields: Vec<&str> = plain.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(format!("five fields are wanted, minute hour day month weekday, but here are {}", fields.len()));
        };
        let mut weekdays = field("weekday", weekdays, 0, 7, &DAYS, 0)?;
        // Both are Sunday.
        weekdays.bits |= weekdays.bits >> 7 & 1;
        let cron = Self {
            minutes: field("minute", minutes, 0, 59, &[], 0)?,
            hours: field("hour", hours, 0, 23, &[], 0)?,
            days: field("day", days, 1, 31, &[], 0)?,
            months: field("month", months, 1, 12, &MONTHS, 1)?,
            weekdays,
            zone,
        };
        // Any leap year shows each day that there ever is.
        let some =
            (1..=12).any(|month| (1..=31).any(|day| Date::new(2024, month, day).is_ok() && cron.months.has(month) && cron.days.has(day)));
        if !some && cron.weekdays.free {
            return Err("there is no such day in any year".into());
        }
        Ok(cron)
    }

    /// The first time after `after`; none where the calendar ends before.
    pub fn next(&self, after: SystemTime) -> Option<SystemTime> {
        let after = Timestamp::try_from(after).ok()?;
        let next = if self.hours.free { self.next_that_goes_by(after) } else { self.next_of_fixed(after) };
        next.map(SystemTime::from)
    }

    fn is_day(&self, date: Date) -> bool {
        let (day, weekday) = (self.days.has(date.day()), self.weekdays.has(date.weekday().to_sunday_zero_offset()));
        // crontab(5): where both are restricted, either will do.
        let meets = if self.days.free || self.weekdays.free { day && weekday } else { day || weekday };
        meets && self.months.has(date.month())
    }

    /// Minute by minute as they go by, past days and hours in which there is none.
    fn next_that_goes_by(&self, after: Timestamp) -> Option<Timestamp> {
        let minute = after.as_second().div_euclid(60) + 1;
        let mut time = Timestamp::from_second(minute * 60).ok()?.to_zoned(self.zone.clone());
        let last = time.date().checked_add(FAR.days()).ok()?;
        while time.date() <= last {
            let to_next_minute = 60 - i64::from(time.second());
            if !self.is_day(time.date()) {
                time = self.start_of(time.date().tomorrow().ok()?)?;
            } else if !self.hours.has(time.hour()) {
                let left = i64::from(59 - time.minute()) * 60 + to_next_minute;
                time = time.checked_add(SignedDuration::from_secs(left)).ok()?;
            } else if !self.minutes.has(time.minute()) || time.second() != 0 {
                time = time.checked_add(SignedDuration::from_secs(to_next_minute)).ok()?;
            } else {
                return Some(time.timestamp());
            }
        }
        None
    }

    fn start_of(&self, date: Date) -> Option<Zoned> {
        date.to_zoned(self.zone.clone()).ok()?.start_of_day().ok()
    }

    /// Day by day, each time of a day once.
    fn next_of_fixed(&self, after: Timestamp) -> Option<Timestamp> {
        // A time of yesterday may have been put off into today, where a gap lies at midnight.
        let mut date = after.to_zoned(self.zone.clone()).date().yesterday().ok()?;
        for _ in 0..FAR {
            if self.is_day(date) {
                let times = (0..24)
                    .filter(|hour| self.hours.has(*hour))
                    .flat_map(|hour| (0..60).filter(|minute| self.minutes.has(*minute)).map(move |minute| date.at(hour, minute, 0, 0)));
                if let Some(found) = times.filter_map(|time| self.moment(time)).find(|moment| *moment > after) {
                    return Some(found);
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// When it is that time of the day, for the first time; the end of the gap for one that is left out.
    fn moment(&self, time: DateTime) -> Option<Timestamp> {
        match self.zone.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(time).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(time).ok(),
            AmbiguousOffset::Gap { before, .. } => {
                let behind = before.to_timestamp(time).ok()?.checked_add(SignedDuration::from_nanos(1)).ok()?;
                self.zone.preceding(behind).next().map(|jump| jump.timestamp())
            }
        }
    }
}

/// One field: `*`, `*/5`, `1-5`, `10-50/10`, `mon,wed,fri`.
fn field(what: &str, text: &str, least: u32, most: u32, names: &[&str], first: u32) -> Result<Field, String> {
    let number = |word: &str| -> Result<u32, String> {
        let by_name = names.iter().position(|name| *name == word).map(|place| place as u32 + first);
        let digits = || word.bytes().all(|c| c.is_ascii_digit()).then(|| word.parse().ok()).flatten();
        let number = by_name.or_else(digits).ok_or_else(|| format!("`{word}` is no {what}"))?;
        if (least..=most).contains(&number) { Ok(number) } else { Err(format!("{what}s go from {least} to {most}, but here is {number}")) }
    };
    let mut bits = 0_u64;
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            None => (number(range)?, number(range)?),
        };
        if from > to {
            return Err(format!("{what}: `{range}` goes backwards"));
        }
        let step = match step {
            Some(_) if range != "*" && !range.contains('-') => {
                return Err(format!("{what}: a step needs a range, `{range}-{most}/{}`", step.unwrap_or_default()));
            }
            Some(step) => {
                let known = step.parse::<usize>().ok().filter(|step| *step > 0);
                known.ok_or_else(|| format!("{what}: `{step}` is no step"))?
            }
            None => 1,
        };
        (from..=to).step_by(step).for_each(|value| bits |= 1 << value);
    }
    Ok(Field { bits, free: text.starts_with('*') })
}

#[cfg(test)]
mod tests;
