//! `text::syslog_marshall`: a map becomes a message of syslog, as RFC 5424 or RFC 3164 have it.
//!
//! `message` writes it: `parts` says where its parts stand, `rules` what may stand in it, `stamp` writes times, `data` structured data.
//! What `syslog_parse` makes of a message of RFC 5424 that this wrote is the map again.

mod data;
mod message;
mod parts;
mod rules;
mod stamp;

use self::message::Message;
use self::parts::{FIELDS, Parts};
use self::rules::Rules;
use self::stamp::Stamp;
use super::DATA_SETTER;
use super::syslog::{FACILITIES, SEVERITIES};
use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param, Ty};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::getset::{Getter, Setter};
use crate::lines::Newlines;

/// `text::syslog_marshall`: a map or a text -> a message as a line of text.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "syslog_marshall",
    kind: Kind::Marshal,
    about: "Writes a map as a message of syslog (RFC 5424 or RFC 3164); of one of RFC 5424, syslog_parse makes the same map again, but for line breaks that were escaped and empty lists.",
    page: Page {
        takes: "a map of what is there of #{priority, facility, severity, time, host, tag, pid, msgid, data, text}, as syslog_parse makes it; or a string or blob, which is the text",
        gives: "one message, as a string, without framing: socket::socket_drain adds it",
        fails: "a priority, facility, severity or time that is none; a host, tag, pid, msgid or name in data with letters that may not stand there, or too many of them (bad_parts: \"error\"); data that are no map of maps; a blob that is no text; names that become equal where letters are replaced; with newlines: \"fail\" a text of several lines",
        ..Page::OF_KIND
    },
    params: &[
        Param::choice("format", &["5424", "3164"])
            .about("the form of that RFC; 3164 has no place for msgid and data, nor for the year and fractions of seconds"),
        Param::getter("data_getter").or("selfgetter").about("the map or the text that is written; by default the whole datum"),
        DATA_SETTER,
        Param::new("fields", Ty::Options(&FIELDS)).default(Lit::EmptyMap).about("where the parts stand, if not under their own names"),
        Param::new("facility", Ty::Choice(&FACILITIES)).or("user").about("of a datum that says none, nor a priority"),
        Param::new("severity", Ty::Choice(&SEVERITIES)).or("notice").about("of a datum that says none, nor a priority"),
        Param::str("host").optional().about(
            "of a datum that says none; \"system\": this machine's name; (): there is none: `-` stands for it in 5424, and in 3164 before a text without a tag",
        ),
        Param::str("tag").optional().about("of a datum that says none; (): there is none"),
        Param::choice("no_time", &["now", "none"])
            .about("what a datum without a time has: that of now, or none, which is `-` in 5424; in 3164 the host is left out with it"),
        Param::str("tz")
            .default(Lit::Worked("\"UTC\" for 5424, \"system\" for 3164"))
            .about("the zone that times are written in, and that texts of times without one are of: \"system\", \"UTC\", \"Europe/Prague\", \"+02:00\""),
        Param::choice("bad_parts", &["error", "replace"]).about(
            "what becomes of a part that does not fit: the datum fails, or `_` stands for letters that may not stand there, what is too long is cut, and what is no priority, facility, severity or time is as if it were not there",
        ),
        Param::choice("newlines", &["escape", "space", "keep", "fail"]).about(
            "what becomes of line breaks in the text and in data: \\n and \\r, a space, nothing (for datagrams and counted frames), or the datum fails",
        ),
        Param::bool("bom").default(Lit::Bool(false)).about("put the byte order mark of UTF-8 before the text, as RFC 5424 wants it"),
    ],
    first: Some("format"),
    global: false,
    examples: &[
        Example {
            what: "RFC 5424; what a datum does not say is `-`",
            make: "text::syslog_marshall()",
            input: r#"{"facility": "daemon", "severity": "err", "time": "2024-05-06T07:08:09.5Z", "host": "web", "tag": "app", "pid": 17, "data": {"meta@32473": {"user": "\"root\""}}, "text": "It is\nlate"}"#,
            output: &[r#""<27>1 2024-05-06T07:08:09.5Z web app 17 - [meta@32473 user=\"\\\"root\\\"\"] It is\\nlate""#],
        },
        Example {
            what: "RFC 3164, of data with other names",
            make: r#"text::syslog_marshall("3164", #{ fields: #{ text: "msg", time: "at", severity: "level" }, facility: "local0", host: "web", tag: "app", tz: "UTC" })"#,
            input: r#"{"at": "2024-05-06T07:08:09Z", "level": "warn", "msg": "late"}"#,
            output: &[r#""<132>May  6 07:08:09 web app: late""#],
        },
        Example {
            what: "text alone",
            make: r#"text::syslog_marshall(#{ tag: "app", no_time: "none" })"#,
            input: r#""all is well""#,
            output: &[r#""<13>1 - - app - - - all is well""#],
        },
    ],
    build: |args| Ok(Box::new(SyslogMarshall::new(args)?)),
};

struct SyslogMarshall {
    data_getter: Getter,
    data_setter: Setter,
    message: Message,
}

impl SyslogMarshall {
    fn new(args: &Args) -> Result<Self> {
        let short = args.str("format") == "3164";
        let zone = args.opt_str("tz").unwrap_or_else(|| if short { "system" } else { "UTC" }.into());
        let host = match args.opt_str("host") {
            Some(host) if host == "system" => rustix::system::uname().nodename().to_string_lossy().into_owned(),
            host => host.unwrap_or_default(),
        };
        let tag = args.opt_str("tag").unwrap_or_default();
        let strict = Rules::new(false, Newlines::Keep);
        if !host.is_empty() {
            strict.host(short, &host).map_err(|error| Error::option("host", error.to_string()))?;
        }
        if !tag.is_empty() {
            strict.tag(short, &tag).map_err(|error| Error::option("tag", error.to_string()))?;
        }
        let place = |words: &[&str], word: &str| words.iter().position(|known| *known == word).unwrap_or_default() as u8;
        Ok(Self {
            data_getter: args.getter("data_getter"),
            data_setter: args.setter("data_setter"),
            message: Message {
                parts: Parts::of(args),
                rules: Rules::new(args.str("bad_parts") == "replace", Newlines::named(&args.str("newlines"))),
                stamp: Stamp::new(&zone, short)?,
                short,
                default: (place(&FACILITIES, &args.str("facility")), place(&SEVERITIES, &args.str("severity"))),
                host,
                tag,
                now: args.str("no_time") == "now",
                mark: args.bool("bom"),
            },
        })
    }
}

impl Cog for SyslogMarshall {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        let mut line = String::new();
        self.message.write(&mut line, &*self.data_getter.get(&datum)?, ctx.wall())?;
        self.data_setter.set(&mut datum, Datum::from(line))?;
        ctx.emit(datum);
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        let now = ctx.wall();
        let Self { data_getter, data_setter, message } = self;
        batch.each_into_block(ctx, data_setter, |datum, out: &mut String| message.write(out, &*data_getter.get(datum)?, now))
    }
}

#[cfg(test)]
mod tests;
