//! `twist::time_parse`: makes one form of the many in which times are written.

use std::time::SystemTime;

use jiff::tz::TimeZone;

use super::places::{MISSING, must_be_there};
use super::times::{Form, TZ, zone};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};

/// `twist::time_parse`: a datum with a time in any form -> the same with one in a common form.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "time_parse",
    kind: Kind::Convert,
    about: "Reads a time in one of several forms, and makes RFC 3339 in UTC, a number, or a value of it that scripts compute with.",
    page: Page {
        takes: "a datum with a string, a number or a time at getter",
        gives: "the same datum with the time at setter, in the form that result says",
        fails: "what is in none of the forms",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("getter").about("where the time is: a string, a number, or a time already"),
        Param::setter("setter").or_same_as("getter").about("where the result goes"),
        Param::strs("formats").default(Lit::Strs(&["rfc3339"])).about(
            "forms, tried in order: \"rfc3339\" (ISO 8601 with an offset), \"rfc2822\" (as in mail), \"epoch\" and \"epoch_ms\" (seconds or milliseconds since 1970, as number or text), \"syslog\" (\"May  6 10:00:00\": the year in which that is nearest to now), or a pattern of strptime such as \"%d/%b/%Y:%H:%M:%S %z\", with English names",
        ),
        TZ.about("the zone of times that do not tell theirs: \"UTC\", \"local\", a name such as \"Europe/Vienna\", or an offset such as \"+02:00\""),
        Param::choice("result", &["text", "time", "epoch", "epoch_ms"])
            .about("\"text\": RFC 3339 in UTC; \"time\": a value of its own; \"epoch\" and \"epoch_ms\": seconds (with their fraction) or whole milliseconds since 1970"),
        MISSING,
    ],
    first: Some("getter"),
    global: false,
    examples: &[
        Example {
            what: "the time of a web server's log",
            make: r#"twist::time_parse("at", #{ formats: ["rfc3339", "%d/%b/%Y:%H:%M:%S %z"] })"#,
            input: r#"{"at": "06/May/2024:12:00:00 +0200"}"#,
            output: &[r#"{"at": "2024-05-06T10:00:00Z"}"#],
        },
        Example {
            what: "by a clock that hangs in Vienna, as a number beside it",
            make: r#"twist::time_parse(#{ getter: "at", setter: "ts", formats: "%F %T%.f", tz: "+02:00", result: "epoch" })"#,
            input: r#"{"at": "2024-05-06 12:00:00.25"}"#,
            output: &[r#"{"at": "2024-05-06 12:00:00.25", "ts": 1714989600.25}"#],
        },
    ],
    build: |args| Ok(Box::new(TimeParse::new(args)?)),
};

struct TimeParse {
    getter: Getter,
    setter: Setter,
    forms: Vec<Form>,
    tz: TimeZone,
    /// None for a time value.
    result: Option<Form>,
    strict: bool,
}

impl TimeParse {
    fn new(args: &Args) -> Result<Self> {
        let forms: Vec<Form> = args.strs("formats").iter().map(|word| Form::named("formats", word)).collect::<Result<_>>()?;
        if forms.is_empty() {
            return Err(Error::option("formats", "is empty"));
        }
        forms.iter().try_for_each(|form| form.check("formats", true))?;
        let result = match args.str("result").as_str() {
            "time" => None,
            "text" => Some(Form::Rfc3339),
            word => Some(Form::named("result", word)?),
        };
        let (getter, setter) = (args.getter("getter"), args.setter_back("setter", "getter")?);
        Ok(Self { getter, setter, forms, tz: zone(args)?, result, strict: must_be_there(args) })
    }

    fn change(&self, datum: &mut Datum, now: SystemTime) -> Result<bool> {
        let piece = match self.getter.get(datum) {
            Err(Error::FieldMissing { .. }) if !self.strict => return Ok(true),
            piece => piece?,
        };
        let time = match &*piece {
            Datum::Time(time) => *time,
            other => self.forms.iter().find_map(|form| form.read(other, &self.tz, now)).ok_or_else(|| {
                let names: Vec<String> = self.forms.iter().map(|form| format!("`{}`", form.name())).collect();
                Error::data(format!("is no time as {} has it", names.join(" or ")), &other.piece())
            })?,
        };
        drop(piece);
        let result = self.result.as_ref().map_or(Ok(Datum::Time(time)), |form| form.write(time, &TimeZone::UTC))?;
        self.setter.set(datum, result)?;
        Ok(true)
    }
}

impl Cog for TimeParse {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        self.change(&mut datum, ctx.wall())?;
        ctx.emit(datum);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        let now = ctx.wall();
        batch.each_in_place(ctx, |datum| self.change(datum, now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::datum::json;
    use crate::escapement::Clock;

    /// What comes of a time; `!` where it fails.
    fn told(now: &str, formats: &str, tz: &str, result: &str, input: &str) -> String {
        let now: jiff::Timestamp = now.parse().unwrap();
        let clock = Clock::by_hand_at(SystemTime::UNIX_EPOCH + Duration::from_nanos(now.as_nanosecond() as u64));
        let given: Vec<(&str, Given)> =
            vec![("getter", "t".into()), ("formats", formats.into()), ("tz", tz.into()), ("result", result.into())];
        let mut bench = Bench::on(clock, &SPEC, given);
        let out = bench.feed(json::read(&format!(r#"{{"t":{input}}}"#)).unwrap());
        out.first().map_or("!".into(), |datum| json::to_string(&datum.opened().as_map().unwrap().by_name("t").unwrap().clone()))
    }

    #[test]
    fn forms() {
        for (formats, tz, input, wanted) in [
            ("rfc3339", "UTC", r#"" 2024-05-06T12:00:00.5+02:00 ""#, r#""2024-05-06T10:00:00.5Z""#),
            ("rfc3339", "UTC", r#""2024-05-06T12:00:00""#, "!"),
            ("rfc3339", "UTC", "7", "!"),
            ("rfc2822", "UTC", r#""Mon, 6 May 2024 12:00:00 +0200""#, r#""2024-05-06T10:00:00Z""#),
            ("rfc2822", "UTC", r#""6 May 2024 10:00:00 GMT""#, r#""2024-05-06T10:00:00Z""#),
            ("rfc2822", "UTC", r#""Tue, 6 May 2024 12:00:00 +0200""#, "!"),
            ("epoch", "UTC", "1714989600", r#""2024-05-06T10:00:00Z""#),
            ("epoch", "UTC", "1714989600.123456789", r#""2024-05-06T10:00:00.123456789Z""#),
            ("epoch", "UTC", r#""1714989600.5""#, r#""2024-05-06T10:00:00.5Z""#),
            ("epoch", "UTC", "-0.25", r#""1969-12-31T23:59:59.75Z""#),
            ("epoch", "UTC", "1.7149896e9", r#""2024-05-06T10:00:00Z""#),
            ("epoch", "UTC", "1e30", "!"),
            ("epoch", "UTC", r#""12 o'clock""#, "!"),
            ("epoch", "UTC", r#"".5""#, "!"),
            ("epoch", "UTC", "true", "!"),
            ("epoch_ms", "UTC", "1714989600250", r#""2024-05-06T10:00:00.25Z""#),
            ("%d/%b/%Y:%H:%M:%S %z", "Europe/Vienna", r#""06/May/2024:10:00:00 +0000""#, r#""2024-05-06T10:00:00Z""#),
            ("%F %T", "Europe/Vienna", r#""2024-05-06 12:00:00""#, r#""2024-05-06T10:00:00Z""#),
            ("%F %T", "-01:30", r#""2024-05-06 08:30:00""#, r#""2024-05-06T10:00:00Z""#),
            ("%F", "UTC", r#""2024-05-06""#, r#""2024-05-06T00:00:00Z""#),
            ("%F", "UTC", r#""2024-02-30""#, "!"),
            ("%F %T %Q", "UTC", r#""2024-05-06 12:00:00 Europe/Vienna""#, r#""2024-05-06T10:00:00Z""#),
            ("%s", "UTC", r#""1714989600""#, r#""2024-05-06T10:00:00Z""#),
        ] {
            assert_eq!(told("2024-06-01T00:00:00Z", formats, tz, "text", input), wanted, "{formats} {input}");
        }
    }

    #[test]
    fn the_year_is_that_in_which_it_is_nearest() {
        for (now, tz, input, wanted) in [
            ("2024-06-01T00:00:00Z", "UTC", "May  6 10:00:00", "2024-05-06T10:00:00Z"),
            ("2024-06-01T00:00:00Z", "UTC", "May 16 10:00:00.123", "2024-05-16T10:00:00.123Z"),
            ("2025-01-01T00:00:10Z", "UTC", "Dec 31 23:59:59", "2024-12-31T23:59:59Z"),
            ("2024-12-31T23:59:50Z", "UTC", "Jan  1 00:00:01", "2025-01-01T00:00:01Z"),
            ("2024-12-31T23:30:00Z", "Europe/Vienna", "Jan  1 00:30:00", "2024-12-31T23:30:00Z"),
            ("2024-06-01T00:00:00Z", "UTC", "Nov 29 00:00:00", "2024-11-29T00:00:00Z"),
            ("2024-06-01T00:00:00Z", "UTC", "Dec  2 00:00:00", "2023-12-02T00:00:00Z"),
            ("2025-01-15T00:00:00Z", "UTC", "Feb 29 12:00:00", "2024-02-29T12:00:00Z"),
            ("2026-02-01T00:00:00Z", "UTC", "Feb 29 12:00:00", "2024-02-29T12:00:00Z"),
            ("2026-06-01T00:00:00Z", "UTC", "Feb 29 12:00:00", "2028-02-29T12:00:00Z"),
        ] {
            assert_eq!(told(now, "syslog", tz, "text", &format!("\"{input}\"")), format!("\"{wanted}\""), "{now} {input}");
        }
        for (now, input) in [("2026-06-01T00:00:00Z", "Feb 30 12:00:00"), ("2024-06-01T00:00:00Z", "Mai  6 10:00:00")] {
            assert_eq!(told(now, "syslog", "UTC", "text", &format!("\"{input}\"")), "!", "{input}");
        }
    }

    #[test]
    fn results() {
        for (result, input, wanted) in [
            ("epoch", r#""2024-05-06T10:00:00Z""#, "1714989600"),
            ("epoch", r#""2024-05-06T10:00:00.123456789Z""#, "1714989600.123456789"),
            ("epoch", r#""1969-12-31T23:59:58.75Z""#, "-1.25"),
            ("epoch_ms", r#""2024-05-06T10:00:00.1239Z""#, "1714989600123"),
            ("time", r#""2024-05-06T12:00:00+02:00""#, r#""2024-05-06T10:00:00Z""#),
        ] {
            assert_eq!(told("2024-06-01T00:00:00Z", "rfc3339", "UTC", result, input), wanted, "{result} {input}");
        }
        let mut bench = Bench::new(&SPEC, vec![("getter", Given::Getter(Getter::Whole)), ("result", "time".into())]);
        let time = bench.feed("2024-05-06T12:00:00+02:00").remove(0);
        assert_eq!(time.kind(), "time");
        assert_eq!(bench.feed(time.clone()), [time]);
    }

    #[test]
    fn the_first_form_that_fits_and_what_is_missing() {
        let formats = Given::Datum(vec![Datum::from("epoch"), "%Y%m%d".into()].into());
        let given = |missing: &str| vec![("getter", "t".into()), ("formats", formats.clone()), ("missing", missing.into())];
        let mut bench = Bench::new(&SPEC, given("pass"));
        assert_eq!(bench.feed_json(r#"{"t":"20240506"}"#), [r#"{"t":"1970-08-23T06:21:46Z"}"#]);
        assert_eq!(bench.feed_json("{}"), ["{}"]);
        assert!(bench.feed_json(r#"{"t":"x"}"#).is_empty() && Bench::new(&SPEC, given("error")).feed_json("{}").is_empty());
    }

    #[test]
    fn options_that_cannot_work_are_refused() {
        for (option, value, told) in [
            ("formats", "rfc3393", "no form of time `rfc3393`"),
            ("formats", "%Y-%m-%d %!", "`%Y-%m-%d %!`: "),
            ("formats", "%H:%M", "`%H:%M`: "),
            ("formats", "%F %Z", "`%F %Z`: "),
            ("tz", "Europe/Atlantis", "no time zone `Europe/Atlantis`"),
        ] {
            let refused = Bench::refused(&SPEC, vec![("getter", "t".into()), (option, value.into())]);
            assert!(refused.contains(told), "{refused}");
        }
        assert!(Bench::refused(&SPEC, vec![("getter", "t".into()), ("formats", Given::Datum(Datum::List(vec![])))]).contains("empty"));
    }
}
