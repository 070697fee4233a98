//! A test made of what was seen: events, and what came of them.

use std::fmt::Write as _;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::datum::{Num, Parcel, Text};
use crate::script::testing::PREFIX;
use crate::secrets;

/// What a cog was given, and the data that it made of that.
pub type Answer = (Parcel, Vec<Parcel>);

/// What a test is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Saved<'a> {
    /// Its name, with or without `test_`.
    pub name: &'a str,
    /// The script, as seen from where the test will stand.
    pub script: &'a str,
    /// The script's arguments.
    pub args: &'a [String],
    /// What the clock said.
    pub wall: Option<SystemTime>,
    /// Events, each with the cog that it entered, or left where that is a supply.
    pub events: &'a [(String, Parcel)],
    /// What cogs that ask somebody outside made of what they were given, by cog.
    pub answers: &'a [(String, Vec<Answer>)],
    /// What each drain was given.
    pub outputs: &'a [(String, Vec<Parcel>)],
}

/// The text of a test, for a file `NAME.test.rhai`: it feeds the events and wants these outputs. Secrets are masked.
pub fn write_test(saved: &Saved<'_>) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "fn {}() {{", function(saved.name));
    let mut options = Vec::new();
    if !saved.args.is_empty() {
        let args: Vec<String> = saved.args.iter().map(|arg| quoted(arg)).collect();
        options.push(format!("args: [{}]", args.join(", ")));
    }
    if let Some(wall) = saved.wall.and_then(|wall| Timestamp::try_from(wall).ok()) {
        options.push(format!("wall: \"{wall}\""));
    }
    if !saved.answers.is_empty() {
        let answers: Vec<String> = saved.answers.iter().map(|(cog, pairs)| format!("        {}: {}", quoted(cog), answer(pairs))).collect();
        options.push(format!("replace: #{{\n{},\n    }}", answers.join(",\n")));
    }
    let options = if options.is_empty() { String::new() } else { format!(", #{{ {} }}", options.join(", ")) };
    let _ = writeln!(out, "    let t = test::load({}{options});", quoted(saved.script));
    for (cog, parcel) in saved.events {
        let _ = writeln!(out, "    t.feed({}, {});", quoted(cog), literal(parcel));
    }
    out.push_str("    t.finish();\n");
    for (drain, data) in saved.outputs {
        let data: Vec<String> = data.iter().map(|parcel| format!("        {},\n", literal(parcel))).collect();
        let list = if data.is_empty() { "[]".to_owned() } else { format!("[\n{}    ]", data.concat()) };
        let _ = writeln!(out, "    test::equal(t.output({}), {list});", quoted(drain));
    }
    out.push_str("}\n");
    secrets::mask(&out).into_owned()
}

/// A function's name of any text.
fn function(name: &str) -> String {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    let letters: String =
        rest.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' }).collect();
    format!("{PREFIX}{letters}")
}

/// A closure that gives what was answered, and all else as it is.
fn answer(pairs: &[Answer]) -> String {
    let mut text = String::from("|d| {\n");
    for (given, came) in pairs {
        let _ = writeln!(text, "            if test::same(d, {}) {{ return {}; }}", literal(given), literal(&Parcel::List(came.clone())));
    }
    // In an array even a list is one datum.
    text.push_str("            [d]\n        }");
    text
}

/// The value as Rhai writes it.
fn literal(parcel: &Parcel) -> String {
    match parcel {
        Parcel::Unit => "()".to_owned(),
        Parcel::Bool(value) => value.to_string(),
        Parcel::Int(i64::MIN) => format!("({} - 1)", i64::MIN + 1),
        Parcel::Int(value) => value.to_string(),
        Parcel::Float(value) => match format!("{value:?}") {
            text if text.contains('e') => format!("test::number(\"{text}\")"),
            text if value.is_finite() => text,
            _ if value.is_nan() => "(0.0 / 0.0)".to_owned(),
            _ => format!("({:.1} / 0.0)", value.signum()),
        },
        Parcel::Number(text) => match Num::read(&Text::from(text.as_str())) {
            Num::Int(value) if value.to_string() == *text => value.to_string(),
            _ => format!("test::number({})", quoted(text)),
        },
        Parcel::Str(text) => quoted(text),
        Parcel::Bytes(bytes) => format!("test::bytes(\"{}\")", STANDARD.encode(bytes)),
        Parcel::Time(time) => format!("test::time(\"{time}\")"),
        Parcel::List(list) => format!("[{}]", list.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Parcel::Map(entries) if entries.is_empty() => "#{}".to_owned(),
        Parcel::Map(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), literal(value))).collect();
            format!("#{{ {} }}", entries.join(", "))
        }
    }
}

/// A text as Rhai writes it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in secrets::mask(text).chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", letter as u32);
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
