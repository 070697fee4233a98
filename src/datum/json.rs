//! JSON, read into the native tree and written from it.

use super::{Datum, Text};
use crate::error::{Error, Result};

/// Reads one document, all levels.
pub fn read(text: &str) -> Result<Datum> {
    Err(Error::data("not yet", text))
}

/// Reads the outermost level of JSON that is known to be valid; lists and maps in it stay raw.
pub fn open(text: &Text) -> Datum {
    Datum::Raw(text.clone())
}

/// Appends `text` as a JSON string, quotes included.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(format!("{text:?}").as_bytes());
}

/// The value as compact JSON.
pub fn to_string(datum: &Datum) -> String {
    format!("{datum:?}")
}
