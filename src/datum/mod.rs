//! What flows: a native tree that keeps the order of keys and every digit.
//!
//! `text` (spans of shared blocks), `key` (interned), `map` (small, ordered) are its bricks; `gather` builds maps of many keys; `row` is a map
//! whose values wait in their text, `view` a look at one of them; `number` is numbers that fit
//! neither `i64` nor `f64` without loss; `lanes` looks at many bytes at once; `json` reads and writes it; `path` finds places in it;
//! as a `parcel` it goes to another thread.
//! Knows neither cogs nor Rhai.

mod gather;
pub mod json;
mod key;
mod lanes;
mod map;
mod near;
mod number;
mod parcel;
mod path;
mod row;
mod seeds;
mod text;
mod view;

use std::borrow::Cow;
use std::rc::Rc;

use jiff::Timestamp;

pub use gather::Gather;
pub use key::Key;
pub use lanes::{Lanes, SPAN, last_marks, marks};
pub use map::Map;
pub use near::Near;
pub use number::{Num, plain_digits};
pub use parcel::Parcel;
pub use path::{Path, Step};
pub use row::{Cell, Look, Row, Shape};
pub use seeds::Seeds;
pub use text::{Block, Text};
pub use view::{Piece, View};

/// One value: an event or a part of one.
#[derive(Clone, Debug, Default)]
pub enum Datum {
    /// Nothing: JSON's `null`, Rhai's `()`.
    #[default]
    Unit,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A binary fraction.
    Float(f64),
    /// A number as it was written in JSON, converted when somebody computes with it: fractions, exponents, whole numbers beyond `i64`.
    Number(Text),
    /// Text.
    Str(Text),
    /// Bytes that need not be text.
    Bytes(Rc<[u8]>),
    /// A point in time.
    Time(Timestamp),
    /// Values in order.
    List(Vec<Datum>),
    /// Values by key, in order.
    Map(Map),
    /// A list or map as valid JSON text, read when somebody looks into it, else written out as it came.
    Raw(Text),
}

impl Datum {
    /// Text.
    pub fn str(text: impl Into<Text>) -> Self {
        Self::Str(text.into())
    }

    /// The name of its kind, as messages use it; Rhai's names where Rhai has the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unit => "()",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Number(_) => "number",
            Self::Str(_) => "string",
            Self::Bytes(_) => "blob",
            Self::Time(_) => "time",
            Self::List(_) => "array",
            Self::Raw(text) if text.starts_with('[') => "array",
            Self::Map(_) | Self::Raw(_) => "map",
        }
    }

    /// Drops it, as who drops many does: most are texts, rows, or hold nothing.
    #[allow(clippy::inline_always, reason = "a call costs more than what it does")]
    #[inline(always)]
    pub fn discard(self) {
        match self {
            Self::Str(text) => drop(text),
            Self::Map(map) => drop(map),
            Self::Unit | Self::Bool(_) | Self::Int(_) | Self::Float(_) => std::mem::forget(self),
            other => drop(other),
        }
    }

    /// The text, when it is text.
    #[inline]
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The letters, when it is text.
    #[inline]
    pub fn as_str(&self) -> Option<&str> {
        self.as_text().map(Text::as_str)
    }

    /// The truth value, when it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The whole number, when it is one that fits.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Number(text) => Num::read(text).as_int(),
            _ => None,
        }
    }

    /// The number as a binary fraction, rounded where it must be.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The list, when it is one that is already read; see [`Datum::opened`].
    pub fn as_list(&self) -> Option<&[Datum]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The map, when it is one that is already read; see [`Datum::opened`].
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// This value, with raw JSON read one level deep.
    #[inline]
    pub fn opened(&self) -> Cow<'_, Datum> {
        match self {
            Self::Raw(text) => Cow::Owned(json::open(text)),
            _ => Cow::Borrowed(self),
        }
    }

    /// Reads raw JSON one level deep, in place, and gives the value.
    #[inline]
    pub fn open(&mut self) -> &mut Self {
        if let Self::Raw(text) = self {
            *self = json::open(text);
        }
        self
    }

    /// The map in this value, raw JSON read one level deep.
    pub fn map_mut(&mut self) -> Option<&mut Map> {
        match self.open() {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The value without the blocks its texts were cut from, for who keeps it long.
    pub fn detach(&self) -> Self {
        match self {
            Self::Str(text) => Self::Str(text.detach()),
            Self::Number(text) => Self::Number(text.detach()),
            Self::Raw(text) => Self::Raw(text.detach()),
            Self::List(list) => Self::List(list.iter().map(Self::detach).collect()),
            Self::Map(map) => Self::Map(map.iter().map(|(key, value)| (key.clone(), value.detach())).collect()),
            _ => self.clone(),
        }
    }

    /// A short piece of it for messages: text as it is, all else as JSON.
    pub fn piece(&self) -> Cow<'_, str> {
        match self {
            Self::Str(text) => Cow::Borrowed(text),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes),
            _ => Cow::Owned(json::to_string(self)),
        }
    }
}

/// Equal in meaning: numbers by value within their kind, maps whatever their order, raw JSON as if it were read.
impl PartialEq for Datum {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unit, Self::Unit) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Time(a), Self::Time(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b || Num::read(a) == Num::read(b),
            (Self::Number(text), Self::Int(value)) | (Self::Int(value), Self::Number(text)) => Num::read(text) == Num::Int(*value),
            (Self::Number(text), Self::Float(value)) | (Self::Float(value), Self::Number(text)) => Num::read(text) == Num::Float(*value),
            (Self::Raw(a), Self::Raw(b)) if a == b => true,
            (Self::Raw(text), other) | (other, Self::Raw(text)) if matches!(other, Self::Raw(_) | Self::List(_) | Self::Map(_)) => {
                json::open(text) == *other
            }
            _ => false,
        }
    }
}

macro_rules! from {
    ($($given:ty => |$value:ident| $make:expr;)*) => {
        $(impl From<$given> for Datum { fn from($value: $given) -> Self { $make } })*
    };
}

from! {
    bool => |value| Self::Bool(value);
    i64 => |value| Self::Int(value);
    i32 => |value| Self::Int(value.into());
    f64 => |value| Self::Float(value);
    &str => |value| Self::Str(value.into());
    String => |value| Self::Str(value.into());
    Text => |value| Self::Str(value);
    Map => |value| Self::Map(value);
    Vec<Datum> => |value| Self::List(value);
    Timestamp => |value| Self::Time(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_not_larger_than_it_was_planned() {
        assert!(std::mem::size_of::<Datum>() <= 32, "{}", std::mem::size_of::<Datum>());
    }
}
