//! A table in a file: a JSON object, or CSV.

use std::path::Path;

use super::book::{Book, Match};
use crate::cogs::text::csv::dialect::{Dialect, PLAIN};
use crate::cogs::text::csv::fields::Fields;
use crate::datum::{Datum, Key, Map, Text, json};
use crate::error::{Error, Result};
use crate::reread::Values;

/// A table of the numbers of values, and these.
pub(super) type Entries = (Book, Values);

/// What a quote that is left open means must not be guessed.
const STRICT: Dialect = Dialect { strict: true, ..PLAIN };

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Json,
    /// JSON where it begins with a brace, else CSV.
    Seen,
}

impl Form {
    /// As the name of the file says.
    pub(super) fn of(path: &str) -> Self {
        let extension = Path::new(path).extension();
        if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json")) { Self::Json } else { Self::Seen }
    }
}

/// Reads a table.
pub(super) fn read(bytes: &[u8], form: Form, header: bool, how: Match) -> Result<Entries> {
    let mut values = Values::default();
    let keys = keys(bytes, form, header, how, &mut values)?;
    Ok((Book::new(how, keys.iter().map(|(key, number)| (key.as_str(), *number)))?, values))
}

/// Each key with the number of its value.
fn keys(bytes: &[u8], form: Form, header: bool, how: Match, values: &mut Values) -> Result<Vec<(String, u32)>> {
    let text = str::from_utf8(bytes).map_err(|_| Error::Other("is no text in UTF-8".into()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // It is more likely one that is not written yet than a table without entries.
    if text.trim().is_empty() {
        return Err(Error::Other("is empty".into()));
    }
    if form == Form::Json || text.trim_start().starts_with('{') {
        let datum = json::read(text)?;
        let opened = datum.opened();
        let map = opened.as_map().ok_or_else(|| Error::Other("is no object".into()))?;
        let entry = |(key, value): (&Key, &Datum)| {
            check(how, key.as_str())?;
            Ok((key.as_str().to_owned(), values.number(value)))
        };
        return map.iter().map(entry).collect();
    }
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty());
    let names = match header.then(|| lines.next()).flatten() {
        Some((number, line)) => Some(record(line).and_then(columns).map_err(|error| at(number, &error))?),
        None => None,
    };
    let mut all = Vec::new();
    for (number, line) in lines {
        let (key, value) = entry(line, names.as_deref(), how).map_err(|error| at(number, &error))?;
        all.push((key, values.number(&value)));
    }
    Ok(all)
}

fn at(number: usize, error: &Error) -> Error {
    Error::Other(format!("line {number}: {error}"))
}

fn record(line: &str) -> Result<Vec<Text>> {
    let text = Text::from(line);
    let mut fields = Fields::new(&STRICT, &text);
    std::iter::from_fn(|| fields.next().transpose()).map(|field| Ok(field?.text)).collect()
}

/// The names of the columns beside the key.
fn columns(mut names: Vec<Text>) -> Result<Vec<Text>> {
    if names.len() < 2 {
        return Err(Error::Other("there is no column beside the key".into()));
    }
    Ok(names.split_off(1))
}

fn entry(line: &str, names: Option<&[Text]>, how: Match) -> Result<(String, Datum)> {
    let mut fields = record(line)?;
    let wanted = names.map_or(2, |names| names.len() + 1);
    if fields.len() != wanted {
        return Err(Error::data(format!("{} fields, but there must be {wanted}", fields.len()), line));
    }
    let values = fields.split_off(1);
    check(how, &fields[0])?;
    let value = match names {
        Some(names) if names.len() > 1 => {
            Datum::Map(names.iter().zip(values).map(|(name, value)| (Key::new(name), Datum::Str(value))).collect::<Map>())
        }
        _ => Datum::Str(values[0].clone()),
    };
    Ok((fields[0].to_string(), value))
}

fn check(how: Match, key: &str) -> Result<()> {
    if how == Match::Ip { Match::net(key).map(drop) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: Match = Match::Exact { ignore_case: false };

    fn told(text: &str, header: bool) -> String {
        let mut values = Values::default();
        match keys(text.as_bytes(), Form::Seen, header, EXACT, &mut values) {
            Ok(keys) => {
                let values = values.data().unwrap();
                keys.iter()
                    .map(|(key, number)| format!("{key}={};", json::to_string(&values[*number as usize])))
                    .collect::<Vec<_>>()
                    .concat()
            }
            Err(error) => format!("! {error}"),
        }
    }

    #[test]
    fn json_and_csv_with_and_without_a_header() {
        for (text, header, wanted) in [
            (r#" {"a": {"b": [1.50]}, "c": null}"#, true, r#"a={"b":[1.50]};c=null;"#),
            ("code,name\nat,Austria\r\n\n\"d,e\",\"Say \"\"hi\"\"\"\n", true, r#"at="Austria";d,e="Say \"hi\"";"#),
            ("\u{feff}ip,name,owner\n1,x,\n", true, r#"1={"name":"x","owner":""};"#),
            ("at,Austria\n", false, r#"at="Austria";"#),
            ("code,name\n", true, ""),
        ] {
            assert_eq!(told(text, header), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_bad_is_told_with_its_line() {
        for (text, header, wanted) in [
            ("code\nat\n", true, "line 1: there is no column"),
            ("a,b\n\nat\n", true, "line 3: 1 fields, but there must be 2"),
            ("a,b,c\n", false, "line 1: 3 fields"),
            ("a,b\nx,\"open\n", true, "line 2: "),
            ("{\"a\": }", true, ""),
            ("", true, "is empty"),
            ("\u{feff}\n", false, "is empty"),
        ] {
            let told = told(text, header);
            assert!(told.starts_with("! ") && told.contains(wanted), "{told}");
        }
        assert!(read(b"net,name\n10.0.0.0/33,x\n", Form::Seen, true, Match::Ip).map(drop).unwrap_err().to_string().contains("10.0.0.0/33"));
        assert!(read(b"{\"x\": 1}", Form::Seen, true, Match::Ip).map(drop).unwrap_err().to_string().contains("no address"));
        assert_eq!(["x.json", "a/x.JSON", "x.csv", "json"].map(Form::of), [Form::Json, Form::Json, Form::Seen, Form::Seen]);
        for text in ["a,b\n", "[1]", "\"x\""] {
            assert!(read(text.as_bytes(), Form::Json, false, EXACT).is_err(), "{text}");
        }
        assert!(read(b"\xff", Form::Seen, true, EXACT).map(drop).unwrap_err().to_string().contains("UTF-8"));
    }
}
