//! Text to structure and back: CSV, JSON, and lines taken apart by regular expressions.
//!
//! `csv` is the rules that reading and writing CSV share, `fill` puts pieces into a datum, `lexicon` is what both
//! sets of expressions share, `syslog` what reading and writing its messages do.

mod breaks;
pub mod const_lexicon;
mod csv;
pub mod csv_marshall;
pub mod csv_parse;
mod fill;
pub mod jinja_marshall;
pub mod json_marshall;
pub mod json_parse;
pub mod key_value_marshall;
pub mod key_value_parse;
mod lexicon;
pub mod line_marshall;
pub mod linear_regexp_lexicon;
pub mod regexp_lexicon;
mod syslog;
pub mod syslog_marshall;
pub mod syslog_parse;

use std::borrow::Cow;

use crate::cog::Param;
use crate::datum::{Datum, Text, json};
use crate::error::{Error, Result};

const DATA_GETTER: Param = Param::getter("data_getter").or("selfgetter").about("where the text stands; by default the datum is the text");
const DATA_SETTER: Param = Param::setter("data_setter").or("selfsetter").about("where the result goes; by default it becomes the datum");

/// The text in a piece: a string, or a blob that is UTF-8.
fn text_of(piece: &Datum) -> Result<Text> {
    match piece {
        Datum::Str(text) => Ok(text.clone()),
        Datum::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(_) => Err(Error::data("a blob that is not text in UTF-8", &String::from_utf8_lossy(bytes))),
        },
        other => Err(Error::WrongKind { what: "the text to be parsed".into(), wanted: "a string", got: other.kind() }),
    }
}

/// How a piece is written where text is wanted: text and numbers as they are, nothing for `()`, lists and maps as JSON.
fn written(piece: &Datum) -> Result<Cow<'_, str>> {
    Ok(match piece {
        Datum::Unit => Cow::Borrowed(""),
        Datum::Str(text) | Datum::Number(text) => Cow::Borrowed(text),
        Datum::Float(value) if value.is_nan() => Cow::Borrowed("NaN"),
        Datum::Float(value) if value.is_infinite() => Cow::Borrowed(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
        Datum::Time(time) => Cow::Owned(time.to_string()),
        Datum::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => return Err(Error::data("a blob that is not text in UTF-8", &String::from_utf8_lossy(bytes))),
        },
        Datum::Bool(_) | Datum::Int(_) | Datum::Float(_) | Datum::List(_) | Datum::Map(_) | Datum::Raw(_) => {
            Cow::Owned(json::to_string(piece))
        }
    })
}
