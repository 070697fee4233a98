//! Filters that Jinja2 has and the engine has not, or has otherwise, and those that are ours.

#![expect(clippy::needless_pass_by_value, reason = "the engine hands keyword arguments over")]

use std::fmt::Display;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, Value};
use minijinja_contrib::{filters, globals};

use super::{lent, python};
use crate::cogs::text::csv::dialect::{Dialect, PLAIN};
use crate::cogs::text::csv::quote::{Quoter, Quoting};
use crate::datum::Datum;
use crate::datum::json::{NonFinite, WriteOptions, write_with};

type Result<T> = std::result::Result<T, Error>;

/// More spaces a level would only blow up the text.
const WIDEST: usize = 64;

/// Puts them in, and with them what Jinja2 has besides: `cycler`, `joiner`.
pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_filter("tojson", tojson);
    environment.add_filter("strftime", strftime);
    environment.add_filter("b64encode", b64encode);
    environment.add_filter("csv", csv);
    environment.add_filter("e", |value: &Value| if value.is_safe() { Ok(value.clone()) } else { escaped(value) });
    environment.add_filter("escape", |value: &Value| if value.is_safe() { Ok(value.clone()) } else { escaped(value) });
    environment.add_filter("forceescape", escaped);
    environment.add_filter("center", center);
    environment.add_filter("wordcount", wordcount);
    environment.add_filter("string", |value: &Value| if value.as_str().is_some() { value.clone() } else { text(value).into() });
    environment.add_filter("filesizeformat", filters::filesizeformat);
    environment.add_filter("striptags", filters::striptags);
    environment.add_filter("truncate", |value: &Value, given: Rest<ValueOrKwargs>| {
        truncate(value, &given.iter().map(|given| (**given).clone()).collect::<Vec<_>>())
    });
    environment.add_filter("int", int);
    environment.add_filter("float", float);
    environment.add_function("cycler", |values: Rest<Value>| globals::cycler(values.to_vec()));
    environment.add_function("joiner", globals::joiner);
}

/// Puts in the script's filter of that name and number.
pub(super) fn add_own(environment: &mut Environment<'_>, name: &str, number: usize) {
    let own = name.to_owned();
    environment.add_filter(name.to_owned(), move |value: &Value, more: Rest<Value>| {
        if more.is_empty() {
            return lent::filter(number, &own, value);
        }
        Err(wrong(format!("filter `{own}` is a closure of the script, which takes the value alone")))
    });
}

fn wrong(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, text.into())
}

fn told(what: &str) -> impl Fn(crate::error::Error) -> Error {
    move |error| wrong(format!("{what}: {error}"))
}

/// What it prints as.
pub(super) fn text(value: &Value) -> String {
    let mut out = String::new();
    // Strings take all that is written to them.
    let _ = python::print(&mut out, value);
    out
}

#[expect(clippy::unnecessary_wraps, reason = "as all filters")]
fn escaped(value: &Value) -> Result<Value> {
    let mut out = String::new();
    let _ = python::escape(&mut out, &text(value));
    Ok(Value::from_safe_string(out))
}

/// A value as JSON, its keys in the order in which they stand.
pub(super) fn json(value: &Value) -> Result<String> {
    let mut out = String::new();
    write_with(&mut out, &lent::datum(value), &WriteOptions { non_finite: NonFinite::Fail, ..WriteOptions::default() })
        .map_err(told("no JSON"))?;
    Ok(out)
}

/// As `json.dumps` of Python writes it with the settings of Jinja2, made safe for HTML.
fn tojson(value: &Value, indent: Option<usize>, more: Kwargs) -> Result<Value> {
    let indent = match indent {
        Some(indent) => Some(indent),
        None => more.get("indent")?,
    };
    more.assert_all_used()?;
    if indent.is_some_and(|indent| indent > WIDEST) {
        return Err(wrong(format!("tojson: more than {WIDEST} spaces of indentation")));
    }
    let options =
        WriteOptions { indent, sort_keys: true, ascii: true, spaces: true, non_finite: NonFinite::Fail, ..WriteOptions::default() };
    let mut out = String::new();
    write_with(&mut out, &lent::datum(value), &options).map_err(told("tojson"))?;
    // None of them has a meaning in JSON: they stand in strings.
    for (letter, code) in [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027")] {
        if out.contains(letter) {
            out = out.replace(letter, code);
        }
    }
    Ok(Value::from_safe_string(out))
}

/// A time, RFC 3339 or seconds since 1970 by a pattern.
fn strftime(value: &Value, pattern: &str, more: Kwargs) -> Result<String> {
    let tz: Option<&str> = more.get("tz")?;
    more.assert_all_used()?;
    let bad = |error: &dyn Display| wrong(format!("strftime: {error}"));
    let zone = match tz {
        None | Some("UTC") => TimeZone::UTC,
        Some("local") => TimeZone::system(),
        Some(name) => TimeZone::get(name).map_err(|error| bad(&error))?,
    };
    let time = match lent::datum(value) {
        Datum::Time(time) => time,
        Datum::Str(text) => text.parse::<Timestamp>().map_err(|error| bad(&error))?,
        Datum::Int(seconds) => Timestamp::from_second(seconds).map_err(|error| bad(&error))?,
        Datum::Float(seconds) => {
            let duration = jiff::SignedDuration::try_from_secs_f64(seconds).map_err(|error| bad(&error))?;
            Timestamp::from_duration(duration).map_err(|error| bad(&error))?
        }
        other => return Err(bad(&format!("wants a time, RFC 3339 or seconds since 1970, but is given `{}`", other.kind()))),
    };
    strtime::format(pattern, &time.to_zoned(zone)).map_err(|error| bad(&error))
}

/// Base64 (RFC 4648) of a blob, or of what a value prints as.
fn b64encode(value: &Value, more: Kwargs) -> Result<String> {
    let urlsafe = more.get::<Option<bool>>("urlsafe")?.unwrap_or_default();
    more.assert_all_used()?;
    let engine = if urlsafe { &BASE64_URL_SAFE } else { &BASE64_STANDARD };
    Ok(match value.as_bytes() {
        Some(bytes) => engine.encode(bytes),
        None => engine.encode(text(value)),
    })
}

/// One record of CSV (RFC 4180): of the elements of a list, the values of a map, or a single value.
fn csv(value: &Value, delimiter: Option<char>, more: Kwargs) -> Result<String> {
    let delimiter = match delimiter {
        Some(delimiter) => Some(delimiter),
        None => more.get("delimiter")?,
    };
    more.assert_all_used()?;
    let delimiter = delimiter.unwrap_or(',');
    if matches!(delimiter, '"' | '\n' | '\r') {
        return Err(wrong("csv: a delimiter that is a quote or a line break"));
    }
    let quoter = Quoter::new(Dialect { delimiter, ..PLAIN }, Quoting::Minimal).map_err(told("csv"))?;
    let fields: Vec<Value> = match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => value.try_iter()?.collect(),
        ValueKind::Map => value.try_iter()?.map(|key| value.get_item(&key)).collect::<Result<_>>()?,
        _ => vec![value.clone()],
    };
    let mut out = String::new();
    for (n, field) in fields.iter().enumerate() {
        if n > 0 {
            out.push(delimiter);
        }
        let field = match field.kind() {
            ValueKind::None => String::new(),
            ValueKind::Bool => field.is_true().to_string(),
            ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => json(field)?,
            _ => text(field),
        };
        quoter.field(&mut out, &field, false).map_err(told("csv"))?;
    }
    if out.is_empty() && !fields.is_empty() {
        quoter.lone_empty(&mut out).map_err(told("csv"))?;
    }
    Ok(out)
}

/// In the middle of so many letters, as `str.center` of Python.
fn center(value: &Value, width: Option<usize>) -> Result<String> {
    /// More would only blow up the text.
    const WIDEST: usize = 1 << 16;
    let text = text(value);
    let width = width.unwrap_or(80);
    if width > WIDEST {
        return Err(wrong(format!("center: more than {WIDEST} letters")));
    }
    let free = width.saturating_sub(text.chars().count());
    // Python puts the odd one to the left where the width is odd.
    let left = free / 2 + (free & width & 1);
    Ok(format!("{}{text}{}", " ".repeat(left), " ".repeat(free - left)))
}

/// Runs of letters, digits and `_`.
fn wordcount(value: &Value) -> usize {
    text(value).split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty()).count()
}

/// At most so many letters, cut between words, as Jinja2 has it: a few more stay as they are.
fn truncate(value: &Value, given: &[Value]) -> Result<String> {
    type Given = (Option<usize>, Option<bool>, Option<String>, Option<usize>, Kwargs);
    let (length, killwords, end, leeway, more): Given = from_args(given)?;
    let length = length.map_or_else(|| more.get("length"), |given| Ok(Some(given)))?.unwrap_or(255);
    let killwords = killwords.map_or_else(|| more.get("killwords"), |given| Ok(Some(given)))?.unwrap_or_default();
    let end = end.map_or_else(|| more.get("end"), |given| Ok(Some(given)))?.unwrap_or_else(|| "...".to_owned());
    let leeway: usize = leeway.map_or_else(|| more.get("leeway"), |given| Ok(Some(given)))?.unwrap_or(5);
    more.assert_all_used()?;
    let text = text(value);
    if text.chars().count() <= length.saturating_add(leeway) {
        return Ok(text);
    }
    let Some(kept) = length.checked_sub(end.chars().count()) else { return Err(wrong("truncate: a length below that of its end")) };
    let kept: String = text.chars().take(kept).collect();
    let kept = if killwords { kept.as_str() } else { kept.rsplit_once(' ').map_or(kept.as_str(), |(words, _)| words) };
    Ok(format!("{kept}{end}"))
}

/// A whole number, as `int` of Python reads it; what is none is the default.
fn int(value: &Value, default: Option<Value>, base: Option<u32>, more: Kwargs) -> Result<Value> {
    let default = default.map_or_else(|| more.get("default"), |given| Ok(Some(given)))?.unwrap_or_else(|| Value::from(0));
    let base = base.map_or_else(|| more.get("base"), |given| Ok(Some(given)))?.unwrap_or(10);
    more.assert_all_used()?;
    if !(2..=36).contains(&base) {
        return Err(wrong("int: a base below 2 or above 36"));
    }
    let cut = |number: f64| (number.abs() < 1e38).then(|| Value::from(number.trunc() as i128));
    let found = match value.kind() {
        ValueKind::Bool => Some(Value::from(i64::from(value.is_true()))),
        ValueKind::Number if value.is_integer() => Some(value.clone()),
        ValueKind::Number => f64::try_from(value.clone()).ok().and_then(cut),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default().trim().replace('_', "").to_lowercase();
            let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
            let prefix = match base {
                2 => "0b",
                8 => "0o",
                16 => "0x",
                _ => "",
            };
            let whole = i128::from_str_radix(&format!("{sign}{}", digits.strip_prefix(prefix).unwrap_or(digits)), base);
            whole.map(Value::from).ok().or_else(|| text.parse().ok().and_then(cut))
        }
        _ => None,
    };
    Ok(found.unwrap_or(default))
}

/// A binary fraction, as `float` of Python reads it; what is none is the default.
fn float(value: &Value, default: Option<Value>, more: Kwargs) -> Result<Value> {
    let default = default.map_or_else(|| more.get("default"), |given| Ok(Some(given)))?.unwrap_or_else(|| Value::from(0.0));
    more.assert_all_used()?;
    let found = match value.kind() {
        ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::String => value.as_str().and_then(|text| text.trim().replace('_', "").parse().ok()),
        _ => None,
    };
    Ok(found.map_or(default, Value::from))
}
