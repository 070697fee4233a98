//! The writer: compact by default, raw text and exact numbers as they came.

use std::convert::Infallible;

use super::copy::{write_piece, write_raw, write_row};
use super::letters::{write_string, write_string_ascii};
use super::read::open;
use crate::datum::{Datum, Key, Map, View};
use crate::error::{Error, Result};

/// How a value is to be written.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct WriteOptions {
    /// Spaces of each level's indentation, a line for each element; `None`: all in one line.
    pub indent: Option<usize>,
    /// Put the keys of each map in order of their code points.
    pub sort_keys: bool,
    /// Escape all that is not ASCII.
    pub ascii: bool,
    /// A space after each comma and colon.
    pub spaces: bool,
    /// What infinities and not-a-number become.
    pub non_finite: NonFinite,
    /// What bytes become.
    pub blobs: Blobs,
    /// What values become that JSON has no kind for: times.
    pub other: Other,
}

/// What infinities and not-a-number become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NonFinite {
    /// `null`.
    #[default]
    Null,
    /// `"NaN"`, `"Infinity"`, `"-Infinity"`.
    Text,
    /// An error.
    Fail,
}

/// What bytes become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blobs {
    /// A string of their Base64 form (RFC 4648, section 4).
    #[default]
    Base64,
    /// A string of their hexadecimal digits in lower case.
    Hex,
    /// The text they are in UTF-8; an error when they are none.
    Utf8,
    /// An error.
    Fail,
}

/// What values become that JSON has no kind for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Other {
    /// Their usual text; RFC 3339 for times.
    #[default]
    Text,
    /// An error.
    Fail,
}

/// Appends the value as compact JSON. Floats keep a fraction (`1.0`); those that are not finite become `null`. Raw text is
/// written as it came, but always on one line.
pub fn write(out: &mut String, datum: &Datum) {
    match datum {
        Datum::Str(text) => write_string(out, text),
        Datum::Int(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Datum::Raw(text) => write_raw(out, text),
        Datum::Map(map) => write_map(out, map),
        Datum::List(list) => {
            let mut lead = '[';
            for value in list {
                out.push(lead);
                lead = ',';
                write(out, value);
            }
            out.push_str(if lead == '[' { "[]" } else { "]" });
        }
        Datum::Number(text) => out.push_str(text),
        Datum::Float(value) if value.is_finite() => out.push_str(ryu::Buffer::new().format_finite(*value)),
        Datum::Unit | Datum::Float(_) => out.push_str("null"),
        Datum::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Datum::Bytes(bytes) => write_base64(out, bytes),
        Datum::Time(time) => write_string(out, &time.to_string()),
    }
}

fn write_map(out: &mut String, map: &Map) {
    if let Some((row, block)) = map.json_row() {
        let Ok(()) = write_row(out, &row, block, |out, _, value| {
            write(out, value);
            Ok::<(), Infallible>(())
        });
        return;
    }
    let mut lead = '{';
    for (key, value) in map.views() {
        key.write_lead(out, lead);
        lead = ',';
        match value {
            View::Datum(value) => write(out, value),
            View::Piece(piece) => write_piece(out, piece),
        }
    }
    out.push_str(if lead == '{' { "{}" } else { "}" });
}

/// The value as compact JSON; see [`write()`].
pub fn to_string(datum: &Datum) -> String {
    let mut out = String::new();
    write(&mut out, datum);
    out
}

/// Appends the value as JSON in the form asked for.
///
/// # Errors
/// When the value holds what the options refuse; names the place. Nothing is appended then.
pub fn write_with(out: &mut String, datum: &Datum, options: &WriteOptions) -> Result<()> {
    let length = out.len();
    let plain = options.indent.is_none() && !options.sort_keys && !options.ascii && !options.spaces;
    Writer { out, options, raw: plain }.value(datum, 0).map_err(|refused| {
        out.truncate(length);
        let place = refused.place.iter().rev().map(String::as_str).collect::<String>();
        let what = refused.what;
        let place = place.strip_prefix('.').unwrap_or(&place);
        Error::data(if place.is_empty() { what.to_owned() } else { format!("{what} at `{place}`") }, "")
    })
}

/// What cannot be written, and the steps that lead to it, the last one first.
struct Refused {
    what: &'static str,
    place: Vec<String>,
}

impl Refused {
    fn under(mut self, step: String) -> Self {
        self.place.push(step);
        self
    }
}

struct Writer<'a> {
    out: &'a mut String,
    options: &'a WriteOptions,
    /// Raw text can stay as it is.
    raw: bool,
}

impl Writer<'_> {
    fn value(&mut self, datum: &Datum, depth: usize) -> Result<(), Refused> {
        let refuse = |what| Err(Refused { what, place: Vec::new() });
        match datum {
            Datum::Str(text) => self.string(text),
            Datum::Int(value) => self.out.push_str(itoa::Buffer::new().format(*value)),
            Datum::Map(map) => return self.map(map, depth),
            Datum::List(list) => return self.list(list, depth),
            Datum::Raw(text) if !self.raw => return self.value(&open(text), depth),
            Datum::Float(value) if !value.is_finite() => match self.options.non_finite {
                NonFinite::Null => write(self.out, &Datum::Unit),
                NonFinite::Text if value.is_nan() => self.string("NaN"),
                NonFinite::Text => self.string(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
                NonFinite::Fail => return refuse("a number that is not finite cannot be written as JSON"),
            },
            Datum::Bytes(bytes) => match self.options.blobs {
                Blobs::Base64 => write_base64(self.out, bytes),
                Blobs::Hex => write_hex(self.out, bytes),
                Blobs::Utf8 => match std::str::from_utf8(bytes) {
                    Ok(text) => self.string(text),
                    Err(_) => return refuse("a blob that is not text in UTF-8"),
                },
                Blobs::Fail => return refuse("a blob cannot be written as JSON"),
            },
            Datum::Time(_) if self.options.other == Other::Fail => return refuse("a time cannot be written as JSON"),
            plain => write(self.out, plain),
        }
        Ok(())
    }

    fn map(&mut self, map: &Map, depth: usize) -> Result<(), Refused> {
        if self.raw {
            return self.compact(map, depth);
        }
        self.out.push('{');
        if self.options.sort_keys {
            let mut entries: Vec<_> = map.views().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            self.entries(entries.into_iter(), depth)
        } else {
            self.entries(map.views(), depth)
        }
    }

    /// A map without blanks, in its own order.
    fn compact(&mut self, map: &Map, depth: usize) -> Result<(), Refused> {
        if let Some((row, block)) = map.json_row() {
            let (options, raw) = (self.options, self.raw);
            return write_row(self.out, &row, block, |out, key, value| Writer { out, options, raw }.entry(key, value, depth));
        }
        let mut lead = '{';
        if map.is_read() {
            for (key, value) in map.iter() {
                key.write_lead(self.out, lead);
                lead = ',';
                self.entry(key, value, depth)?;
            }
        } else {
            for (key, value) in map.views() {
                key.write_lead(self.out, lead);
                lead = ',';
                match value {
                    View::Datum(value) => self.entry(key, value, depth)?,
                    View::Piece(piece) => write_piece(self.out, piece),
                }
            }
        }
        self.out.push_str(if lead == '{' { "{}" } else { "}" });
        Ok(())
    }

    /// A value of a map without blanks.
    #[inline]
    fn entry(&mut self, key: &Key, value: &Datum, depth: usize) -> Result<(), Refused> {
        match value {
            Datum::Str(text) => write_string(self.out, text),
            Datum::Int(value) => self.out.push_str(itoa::Buffer::new().format(*value)),
            other => return self.value(other, depth + 1).map_err(|refused| refused.under(format!(".{key}"))),
        }
        Ok(())
    }

    fn entries<'m>(&mut self, entries: impl Iterator<Item = (&'m Key, View<'m>)>, depth: usize) -> Result<(), Refused> {
        let mut count = 0;
        for (key, value) in entries {
            self.before(count, depth + 1);
            count += 1;
            if self.options.ascii {
                write_string_ascii(self.out, key.as_str());
            } else {
                key.write_json(self.out);
            }
            self.out.push(':');
            if self.options.spaces || self.options.indent.is_some() {
                self.out.push(' ');
            }
            let done = match value {
                View::Datum(value) => self.value(value, depth + 1),
                View::Piece(piece) => self.value(&piece.to_datum(), depth + 1),
            };
            done.map_err(|refused| refused.under(format!(".{key}")))?;
        }
        self.close('}', count, depth);
        Ok(())
    }

    fn list(&mut self, list: &[Datum], depth: usize) -> Result<(), Refused> {
        self.out.push('[');
        for (n, value) in list.iter().enumerate() {
            self.before(n, depth + 1);
            self.value(value, depth + 1).map_err(|refused| refused.under(format!("[{n}]")))?;
        }
        self.close(']', list.len(), depth);
        Ok(())
    }

    /// What stands before the element `n`.
    fn before(&mut self, n: usize, depth: usize) {
        if n > 0 {
            self.out.push(',');
            if self.options.spaces && self.options.indent.is_none() {
                self.out.push(' ');
            }
        }
        self.new_line(depth);
    }

    fn close(&mut self, bracket: char, elements: usize, depth: usize) {
        if elements > 0 {
            self.new_line(depth);
        }
        self.out.push(bracket);
    }

    fn new_line(&mut self, depth: usize) {
        if let Some(indent) = self.options.indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent * depth));
        }
    }

    fn string(&mut self, text: &str) {
        if self.options.ascii { write_string_ascii(self.out, text) } else { write_string(self.out, text) }
    }
}

fn write_base64(out: &mut String, bytes: &[u8]) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.push('"');
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let four = [18, 12, 6, 0].map(|shift| char::from(LETTERS[(bits >> shift & 63) as usize]));
        out.extend(&four[..=three.len()]);
        out.push_str(&"=="[..3 - three.len()]);
    }
    out.push('"');
}

fn write_hex(out: &mut String, bytes: &[u8]) {
    out.push('"');
    out.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datum::json::read;

    fn with(datum: &Datum, options: &WriteOptions) -> Result<String> {
        let mut text = "> ".to_owned();
        let done = write_with(&mut text, datum, options);
        let written = text.strip_prefix("> ").unwrap().to_owned();
        assert!(done.is_ok() || written.is_empty());
        done.map(|()| written)
    }

    #[test]
    fn layout_follows_the_options() {
        let datum = read(r#"{"b": [1, [], {}], "a": {"ž": 1.0}}"#).unwrap();
        let pretty = "{\n  \"b\": [\n    1,\n    [],\n    {}\n  ],\n  \"a\": {\n    \"ž\": 1.0\n  }\n}";
        assert_eq!(with(&datum, &WriteOptions { indent: Some(2), ..WriteOptions::default() }).unwrap(), pretty);
        let spaced = WriteOptions { spaces: true, sort_keys: true, ascii: true, ..WriteOptions::default() };
        assert_eq!(with(&datum, &spaced).unwrap(), r#"{"a": {"\u017e": 1.0}, "b": [1, [], {}]}"#);
        let raw = Datum::Raw(r#"{"b" : [1, [], {}],"a": {"ž": 1.0}}"#.into());
        assert_eq!(with(&raw, &spaced).unwrap(), r#"{"a": {"\u017e": 1.0}, "b": [1, [], {}]}"#);
        assert_eq!(with(&raw, &WriteOptions::default()).unwrap(), r#"{"b" : [1, [], {}],"a": {"ž": 1.0}}"#);
    }

    #[test]
    fn what_json_lacks_becomes_what_the_options_say() {
        let time: jiff::Timestamp = "2024-05-06T07:08:09.5Z".parse().unwrap();
        let list: Vec<Datum> =
            vec![Datum::Float(f64::NAN), Datum::Float(-f64::INFINITY), Datum::Bytes(b"\x00a".as_slice().into()), Datum::Time(time)];
        let datum = Datum::List(list);
        assert_eq!(to_string(&datum), r#"[null,null,"AGE=","2024-05-06T07:08:09.5Z"]"#);
        let options = WriteOptions { non_finite: NonFinite::Text, blobs: Blobs::Hex, ..WriteOptions::default() };
        assert_eq!(with(&datum, &options).unwrap(), r#"["NaN","-Infinity","0061","2024-05-06T07:08:09.5Z"]"#);
        let blob = |bytes: &[u8]| with(&Datum::Bytes(bytes.into()), &WriteOptions { blobs: Blobs::Utf8, ..WriteOptions::default() });
        assert_eq!(blob("ä".as_bytes()).unwrap(), "\"ä\"");
        assert!(blob(b"\xff").is_err());
    }

    #[test]
    fn what_is_refused_is_named_with_its_place() {
        let mut datum = read(r#"{"a": [1, {"b": 2}]}"#).unwrap();
        crate::datum::Path::parse("a[1].b").unwrap().set(&mut datum, Datum::Float(f64::NAN)).unwrap();
        let error = with(&datum, &WriteOptions { non_finite: NonFinite::Fail, ..WriteOptions::default() }).unwrap_err();
        assert_eq!(error.to_string(), "a number that is not finite cannot be written as JSON at `a[1].b`");
    }

    #[test]
    fn raw_text_of_several_lines_is_written_on_one() {
        assert_eq!(to_string(&Datum::Raw("{\n \"a \\\" b\": [1,\r\n\t2]\n}".into())), r#"{"a \" b":[1,2]}"#);
    }

    #[test]
    fn base64_is_padded() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(to_string(&Datum::Bytes(bytes.as_bytes().into())), format!("\"{text}\""));
        }
    }
}
