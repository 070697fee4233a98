//! `twist::time_format`: writes a time in the form that somebody wants.

use std::time::SystemTime;

use jiff::tz::TimeZone;

use super::places::{MISSING, must_be_there};
use super::times::{Form, TZ, zone};
use crate::cog::{CogSpec, Example, InPlace, Kind, Page, Param};
use crate::datum::Datum;
use crate::error::{Error, Result};

/// `twist::time_format`: a datum with a time -> the same with the time in another form.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "time_format",
    kind: Kind::Convert,
    about: "Writes a time in another form: that of a standard, a number, or a pattern.",
    page: Page {
        takes: "a datum with a time, RFC 3339, or seconds since 1970 at getter",
        gives: "the same datum with the text or the number at setter",
        fails: "what is no time, or cannot be written in that form",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("getter").about("where the time is: a time, RFC 3339, or seconds since 1970 as a number; what has another form, twist::time_parse reads"),
        Param::setter("setter").or_same_as("getter").about("where the result goes"),
        Param::str("format").or("rfc3339").about(
            "\"rfc3339\", \"rfc2822\" (as in mail), \"epoch\" and \"epoch_ms\" (seconds, with their fraction, or whole milliseconds since 1970), \"syslog\" (\"May  6 10:00:00\"), or a pattern of strftime such as \"%Y-%m-%d\", with English names",
        ),
        TZ.about("by the clock of which zone: \"UTC\", \"local\", a name such as \"Europe/Vienna\", or an offset such as \"+02:00\""),
        MISSING,
    ],
    first: Some("getter"),
    global: false,
    examples: &[
        Example {
            what: "the day, as those in Vienna have it",
            make: r#"twist::time_format(#{ getter: "at", setter: "day", format: "%a %Y-%m-%d", tz: "Europe/Vienna" })"#,
            input: r#"{"at": "2024-05-06T22:30:00Z"}"#,
            output: &[r#"{"at": "2024-05-06T22:30:00Z", "day": "Tue 2024-05-07"}"#],
        },
        Example {
            what: "for a syslog line",
            make: r#"twist::time_format("ts", #{ format: "syslog" })"#,
            input: r#"{"ts": 1714989600.25}"#,
            output: &[r#"{"ts": "May  6 10:00:00"}"#],
        },
    ],
    build: |args| {
        let (getter, setter, tz, strict) = (args.getter("getter"), args.setter_back("setter", "getter")?, zone(args)?, must_be_there(args));
        let form = Form::named("format", &args.str("format"))?;
        form.check("format", false)?;
        Ok(InPlace::cog(move |datum| {
            let piece = match getter.get(datum) {
                Err(Error::FieldMissing { .. }) if !strict => return Ok(true),
                piece => piece?,
            };
            let time = read(&piece)?;
            drop(piece);
            setter.set(datum, form.write(time, &tz)?)?;
            Ok(true)
        }))
    },
};

fn read(piece: &Datum) -> Result<jiff::Timestamp> {
    let form = match piece {
        Datum::Time(time) => return Ok(*time),
        Datum::Str(_) => Form::Rfc3339,
        _ => Form::Epoch,
    };
    // Neither form needs to know what time it is.
    let time = form.read(piece, &TimeZone::UTC, SystemTime::UNIX_EPOCH);
    time.ok_or_else(|| Error::data("is no time, neither as RFC 3339 nor as seconds since 1970", &piece.piece()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;

    #[test]
    fn forms() {
        for (format, tz, input, wanted) in [
            ("rfc3339", "Europe/Vienna", r#""2024-05-06T10:00:00.5Z""#, r#""2024-05-06T12:00:00.5+02:00""#),
            ("rfc3339", "UTC", "-1", r#""1969-12-31T23:59:59Z""#),
            ("rfc3339", "+00:30", "0", r#""1970-01-01T00:30:00+00:30""#),
            ("rfc2822", "UTC", r#""2024-05-06T10:00:00Z""#, r#""Mon, 6 May 2024 10:00:00 +0000""#),
            ("epoch", "Europe/Vienna", r#""2024-05-06T12:00:00.25+02:00""#, "1714989600.25"),
            ("epoch_ms", "UTC", r#""1969-12-31T23:59:59.9999Z""#, "-1"),
            ("syslog", "UTC", r#""2024-05-16T10:00:00Z""#, r#""May 16 10:00:00""#),
            ("%s %A %j", "UTC", "86400", r#""86400 Friday 002""#),
        ] {
            let mut bench = Bench::new(&SPEC, vec![("getter", "t".into()), ("format", format.into()), ("tz", tz.into())]);
            assert_eq!(bench.feed_json(&format!(r#"{{"t":{input}}}"#)), [format!(r#"{{"t":{wanted}}}"#)], "{format} {input}");
        }
    }

    #[test]
    fn what_is_no_time_fails_and_what_is_missing_passes() {
        let mut bench = Bench::new(&SPEC, vec![("getter", "t".into())]);
        for bad in [r#""yesterday""#, "true", "null", "[1]", "1e300", r#""1714989600""#] {
            assert!(bench.feed_json(&format!(r#"{{"t":{bad}}}"#)).is_empty(), "{bad}");
        }
        assert_eq!(bench.balance().failed, 6);
        assert_eq!(bench.feed_json("{}"), ["{}"]);
        assert!(Bench::new(&SPEC, vec![("getter", "t".into()), ("missing", "error".into())]).feed_json("{}").is_empty());
    }

    #[test]
    fn options_that_cannot_work_are_refused() {
        for (option, value, told) in
            [("format", "epoc", "no form of time `epoc`"), ("format", "%!", "`%!`: "), ("tz", "+26", "no time zone `+26`")]
        {
            let refused = Bench::refused(&SPEC, vec![("getter", "t".into()), (option, value.into())]);
            assert!(refused.contains(told), "{refused}");
        }
    }
}
