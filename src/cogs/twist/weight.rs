//! What data take that are kept for long, for bounds in bytes.

use crate::datum::{Datum, Key};

/// What the books and a pool keep of an event at most.
pub(super) const EVENT: usize = 32;

/// About how many bytes a value takes.
pub(super) fn weight(datum: &Datum) -> usize {
    let within = match datum {
        Datum::Str(text) | Datum::Raw(text) | Datum::Number(text) => text.len(),
        Datum::Bytes(bytes) => bytes.len(),
        Datum::List(list) => list.iter().map(weight).sum(),
        Datum::Map(map) => map.iter().map(|(key, value)| size_of::<Key>() + key.as_str().len() + weight(value)).sum(),
        _ => 0,
    };
    size_of::<Datum>() + within
}
