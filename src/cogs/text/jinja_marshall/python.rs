//! How Python writes values, as what Jinja2 prints is what `str` and `repr` of Python give.

use std::fmt::{self, Write};
use std::sync::LazyLock;

use minijinja::Value;
use minijinja::value::ValueKind;
use regex::Regex;

/// Writes what `{{ value }}` prints.
pub(super) fn print(out: &mut dyn Write, value: &Value) -> fmt::Result {
    if let Some(text) = value.as_str() {
        return out.write_str(text);
    }
    match value.kind() {
        ValueKind::Undefined => Ok(()),
        ValueKind::Bytes => write!(out, "{value}"),
        _ => shown(out, value),
    }
}

/// Writes a value as it stands within others.
fn shown(out: &mut dyn Write, value: &Value) -> fmt::Result {
    match value.kind() {
        ValueKind::Undefined => out.write_str("Undefined"),
        ValueKind::Bool => out.write_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::None => out.write_str("None"),
        ValueKind::Number if value.is_integer() => match value.as_i64() {
            Some(number) => out.write_str(itoa::Buffer::new().format(number)),
            None => write!(out, "{value}"),
        },
        ValueKind::Number => match f64::try_from(value.clone()) {
            Ok(number) => float(out, number),
            Err(_) => write!(out, "{value}"),
        },
        ValueKind::String => quoted(out, value.as_str().unwrap_or_default()),
        ValueKind::Bytes => bytes(out, value.as_bytes().unwrap_or_default()),
        ValueKind::Map => {
            out.write_char('{')?;
            for (n, key) in elements(value).enumerate() {
                if n > 0 {
                    out.write_str(", ")?;
                }
                shown(out, &key)?;
                out.write_str(": ")?;
                shown(out, &value.get_item(&key).unwrap_or_default())?;
            }
            out.write_char('}')
        }
        // An iterator of unknown length is not used up by printing it.
        ValueKind::Iterable if value.len().is_none() => write!(out, "{value}"),
        ValueKind::Seq | ValueKind::Iterable => {
            let (open, close) = if value.is_tuple() { ('(', ')') } else { ('[', ']') };
            out.write_char(open)?;
            let mut count = 0;
            for element in elements(value) {
                if count > 0 {
                    out.write_str(", ")?;
                }
                shown(out, &element)?;
                count += 1;
            }
            if value.is_tuple() && count == 1 {
                out.write_char(',')?;
            }
            out.write_char(close)
        }
        _ => write!(out, "{value}"),
    }
}

fn elements(value: &Value) -> impl Iterator<Item = Value> {
    value.try_iter().into_iter().flatten()
}

/// The shortest text that reads back as the same number, with an exponent where Python writes one.
pub(super) fn float(out: &mut dyn Write, number: f64) -> fmt::Result {
    if !number.is_finite() {
        return out.write_str(if number.is_nan() {
            "nan"
        } else if number > 0.0 {
            "inf"
        } else {
            "-inf"
        });
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>().unwrap_or_default() {
        -4..16 => {
            let plain = number.to_string();
            out.write_str(&plain)?;
            if plain.contains('.') { Ok(()) } else { out.write_str(".0") }
        }
        exponent => write!(out, "{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs()),
    }
}

/// A string in the quotes that `repr` chooses.
fn quoted(out: &mut dyn Write, text: &str) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.write_char(quote)?;
    for letter in text.chars() {
        match letter {
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\\' => out.write_str("\\\\")?,
            _ if letter == quote => write!(out, "\\{letter}")?,
            ' '..='~' => out.write_char(letter)?,
            _ if is_printable(letter) => out.write_char(letter)?,
            _ => match letter as u32 {
                code @ 0..=0xff => write!(out, "\\x{code:02x}")?,
                code @ 0..=0xffff => write!(out, "\\u{code:04x}")?,
                code => write!(out, "\\U{code:08x}")?,
            },
        }
    }
    out.write_char(quote)
}

/// Whether a letter beyond ASCII stands for itself: as in Python all that is neither blank nor for control, private use or nothing.
fn is_printable(letter: char) -> bool {
    static PRINTABLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());
    PRINTABLE.as_ref().is_none_or(|printable| printable.is_match(letter.encode_utf8(&mut [0; 4])))
}

fn bytes(out: &mut dyn Write, bytes: &[u8]) -> fmt::Result {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    write!(out, "b{}", quote as char)?;
    for byte in bytes {
        match byte {
            b'"' | b'\'' if *byte != quote => out.write_char(*byte as char)?,
            _ => write!(out, "{}", byte.escape_ascii())?,
        }
    }
    out.write_char(quote as char)
}

/// Writes a text with what HTML would take for its own spelled as Jinja2 spells it.
pub(super) fn escape(out: &mut dyn Write, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '\'', '"']) {
        out.write_str(&rest[..at])?;
        out.write_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'\'' => "&#39;",
            _ => "&#34;",
        })?;
        rest = &rest[at + 1..];
    }
    out.write_str(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(value: impl Into<Value>) -> String {
        let mut out = String::new();
        print(&mut out, &value.into()).unwrap();
        out
    }

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (number, text) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123_456_789.125, "123456789.125"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(printed(number), text);
        }
    }

    #[test]
    fn strings_within_lists_are_quoted_as_python_quotes_them() {
        for (text, quoted) in [
            ("a", "['a']"),
            ("it's", "[\"it's\"]"),
            ("\"it's\"", "['\"it\\'s\"']"),
            ("a\n\\\u{1}\u{7f}\u{a0}ä\u{301}\u{200b}\u{1F600}\u{e000}", "['a\\n\\\\\\x01\\x7f\\xa0ä\u{301}\\u200b\u{1F600}\\ue000']"),
        ] {
            assert_eq!(printed(vec![text]), quoted);
        }
        assert_eq!(printed(vec![Value::from_bytes(b"a'\xff\n".to_vec())]), r#"[b"a'\xff\n"]"#);
        assert_eq!(printed(vec![Value::UNDEFINED, Value::from(())]), "[Undefined, None]");
    }
}
