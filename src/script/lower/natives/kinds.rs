//! Arguments as the kinds that natives expect; anything else is left to the interpreter.

use super::{LONGEST, MOST};
use crate::datum::{Datum, Map, Num, Text};

/// Longer texts than this the engine refuses.
const TEXT_LIMIT: usize = 16 << 20;

/// A number that Rhai has.
#[derive(Clone, Copy)]
pub(super) enum Plain {
    Int(i64),
    Float(f64),
}

/// The text of a string.
pub(super) fn text(datum: &Datum) -> Option<&Text> {
    datum.as_text().filter(|text| text.len() <= TEXT_LIMIT)
}

/// The number, where Rhai has it as an integer or a fraction.
pub(super) fn number(datum: &Datum) -> Option<Plain> {
    match datum {
        Datum::Int(value) => Some(Plain::Int(*value)),
        Datum::Float(value) => Some(Plain::Float(*value)),
        Datum::Number(text) => match Num::read(text) {
            Num::Int(value) => Some(Plain::Int(value)),
            Num::Float(value) => Some(Plain::Float(value)),
            Num::Exact(_) => None,
        },
        _ => None,
    }
}

/// The whole number.
pub(super) fn int(datum: &Datum) -> Option<i64> {
    match number(datum)? {
        Plain::Int(value) => Some(value),
        Plain::Float(_) => None,
    }
}

/// The fraction; Rhai takes no integer in its place.
pub(super) fn float(datum: &Datum) -> Option<f64> {
    match number(datum)? {
        Plain::Float(value) => Some(value),
        Plain::Int(_) => None,
    }
}

/// The elements of a list, raw JSON read.
pub(super) fn list(datum: &mut Datum) -> Option<&mut Vec<Datum>> {
    match datum.open() {
        Datum::List(list) if list.len() <= MOST => Some(list),
        _ => None,
    }
}

/// The entries of a map, raw JSON read.
pub(super) fn map(datum: &mut Datum) -> Option<&mut Map> {
    match datum.open() {
        Datum::Map(map) if map.len() <= MOST => Some(map),
        _ => None,
    }
}

/// A text as result, where it is not too long.
pub(super) fn give(text: impl Into<Text>) -> Option<Datum> {
    let text = text.into();
    (text.len() <= LONGEST).then_some(Datum::Str(text))
}

/// A length or place as Rhai's integer.
pub(super) fn count(n: usize) -> Option<Datum> {
    i64::try_from(n).ok().map(Datum::Int)
}
