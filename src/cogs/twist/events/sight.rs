//! What an event shows of itself: pieces borrowed from it as they stand, and the numbers that they are.

use std::borrow::Cow;

use crate::datum::{Datum, Look, Near, View};
use crate::error::{Error, Result};
use crate::getset::{Getter, single_key};

/// A piece of an event.
pub(in crate::cogs::twist) enum Sight<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number that waits in its text.
    Whole(&'a str),
    /// Another number that does.
    Number(&'a str),
    /// Whatever it is.
    Datum(Cow<'a, Datum>),
}

impl Sight<'_> {
    /// The letters, when it is text.
    pub(in crate::cogs::twist) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Whole(_) | Self::Number(_) => None,
            Self::Datum(datum) => datum.as_str(),
        }
    }
}

/// What most pieces are; small enough to stay in registers.
pub(in crate::cogs::twist) enum Glance<'a> {
    Text(&'a str),
    /// A whole number in its text.
    Digits(&'a str),
    /// Another number in its text.
    Number(&'a str),
    Whole(i64),
    /// Whatever needs a closer look.
    Other,
}

/// Where a piece is found.
pub(in crate::cogs::twist) struct Site {
    getter: Getter,
    /// The item, when it is nothing but one.
    item: Option<Near>,
}

impl Site {
    pub(in crate::cogs::twist) fn new(getter: Getter) -> Self {
        let item = match &getter {
            Getter::Item(key) => Some(key.clone()),
            Getter::Path(path) | Getter::Lowered { path, .. } => single_key(path).cloned(),
            _ => None,
        };
        Self { getter, item: item.map(Near::new) }
    }

    /// Whether it is the same item as in `other`.
    pub(in crate::cogs::twist) fn is(&self, other: &Self) -> bool {
        matches!((&self.item, &other.item), (Some(a), Some(b)) if **a == **b)
    }

    /// The piece, if it is there and plain: the hot road.
    #[allow(clippy::inline_always, reason = "what it gives would go through memory")]
    #[inline(always)]
    pub(in crate::cogs::twist) fn glance<'a>(&self, datum: &'a Datum) -> Glance<'a> {
        let (Some(key), Datum::Map(map)) = (&self.item, datum) else { return Glance::Other };
        match map.look_at(key) {
            Some(View::Datum(Datum::Str(text))) => Glance::Text(text),
            Some(View::Datum(Datum::Int(value))) => Glance::Whole(*value),
            Some(View::Piece(piece)) => match piece.look() {
                Look::Text | Look::Plain | Look::Bare => Glance::Text(piece.as_str()),
                Look::Whole => Glance::Digits(piece.as_str()),
                Look::Number => Glance::Number(piece.as_str()),
                _ => Glance::Other,
            },
            _ => Glance::Other,
        }
    }

    /// The whole number that the piece is, if it is there and one, or the text of a few digits: the hottest road.
    #[allow(clippy::inline_always, reason = "as with a glance")]
    #[inline(always)]
    pub(in crate::cogs::twist) fn digits(&self, datum: &Datum) -> Option<i64> {
        let (Some(key), Datum::Map(map)) = (&self.item, datum) else { return None };
        match map.look_at(key)? {
            View::Datum(Datum::Int(value)) => Some(*value),
            View::Piece(piece) => match piece.look() {
                Look::Text | Look::Plain | Look::Bare | Look::Whole | Look::Number => piece.plain_digits(),
                _ => None,
            },
            View::Datum(_) => None,
        }
    }

    /// The piece, whatever it is.
    pub(in crate::cogs::twist) fn see<'a>(&self, datum: &'a Datum) -> Result<Sight<'a>> {
        if let (Some(key), Datum::Map(map)) = (&self.item, datum)
            && let Some(view) = map.look(key)
        {
            return Ok(match view {
                View::Datum(Datum::Str(text)) => Sight::Text(text),
                View::Datum(datum) => Sight::Datum(Cow::Borrowed(datum)),
                View::Piece(piece) => match piece.look() {
                    Look::Text | Look::Plain | Look::Bare => Sight::Text(piece.as_str()),
                    Look::Whole => Sight::Whole(piece.as_str()),
                    Look::Number => Sight::Number(piece.as_str()),
                    _ => Sight::Datum(Cow::Owned(piece.to_datum())),
                },
            });
        }
        self.getter.get(datum).map(Sight::Datum)
    }

    /// The piece as a datum of its own.
    pub(in crate::cogs::twist) fn piece(&self, datum: &Datum) -> Result<Datum> {
        self.getter.get(datum).map(Cow::into_owned)
    }
}

/// A number, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::cogs::twist) enum Value {
    /// `()`, which functions pass over.
    Nothing,
    Whole(i64),
    Part(f64),
}

impl Value {
    /// The number at that place of an event.
    #[inline]
    pub(in crate::cogs::twist) fn at(site: &Site, datum: &Datum) -> Result<Self> {
        match site.digits(datum) {
            Some(value) => Ok(Self::Whole(value)),
            None => Self::of(&site.see(datum)?),
        }
    }

    fn of(sight: &Sight<'_>) -> Result<Self> {
        match sight {
            Sight::Text(text) | Sight::Whole(text) | Sight::Number(text) => Self::read(text),
            Sight::Datum(datum) => match &**datum {
                Datum::Int(value) => Ok(Self::Whole(*value)),
                Datum::Float(value) if value.is_finite() => Ok(Self::Part(*value)),
                Datum::Float(value) => Err(Error::data("no number to calculate with", &value.to_string())),
                Datum::Str(text) | Datum::Number(text) => Self::read(text),
                Datum::Unit => Ok(Self::Nothing),
                other => Err(Error::WrongKind { what: "what is aggregated".into(), wanted: "a number", got: other.kind() }),
            },
        }
    }

    fn read(text: &str) -> Result<Self> {
        Self::read_any(text.trim()).ok_or_else(|| Error::data("no number", text))
    }

    /// With a sign, a fraction, an exponent, or more digits than fit.
    fn read_any(text: &str) -> Option<Self> {
        if let Ok(value) = text.parse() {
            return Some(Self::Whole(value));
        }
        // Rust reads words such as `nan` and `infinity` too.
        let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
        text.parse().ok().filter(|value: &f64| numeric && value.is_finite()).map(Self::Part)
    }

    pub(in crate::cogs::twist) fn datum(self) -> Datum {
        match self {
            Self::Nothing => Datum::Unit,
            Self::Whole(value) => Datum::Int(value),
            Self::Part(value) => Datum::Float(value),
        }
    }

    /// Whether it is less; nothing is neither less nor more.
    pub(in crate::cogs::twist) fn less(self, other: Self) -> bool {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a < b,
            (Self::Whole(a), Self::Part(b)) => (a as f64) < b,
            (Self::Part(a), Self::Whole(b)) => a < b as f64,
            (Self::Part(a), Self::Part(b)) => a < b,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_as_the_number_that_it_is() {
        let read = |text: &str| Value::of(&Sight::Text(text)).map_err(|error| error.to_string());
        assert_eq!(read("0012"), Ok(Value::Whole(12)));
        assert_eq!(read("-7"), Ok(Value::Whole(-7)));
        assert_eq!(read(" +7 "), Ok(Value::Whole(7)));
        assert_eq!(read("9223372036854775807"), Ok(Value::Whole(i64::MAX)));
        assert_eq!(read("9223372036854775808"), Ok(Value::Part(9_223_372_036_854_775_808.0)));
        assert_eq!(read("1.5e3"), Ok(Value::Part(1500.0)));
        for odd in ["", "-", "nan", "inf", "1e999", "0x10", "1,5", "१"] {
            assert_eq!(read(odd), Err(format!("no number{}", if odd.is_empty() { String::new() } else { format!(": `{odd}`") })));
        }
    }

    #[test]
    fn what_cannot_be_calculated_with_is_an_error() {
        for odd in [Datum::Float(f64::NAN), Datum::Float(f64::INFINITY), Datum::Bool(true), Datum::List(Vec::new())] {
            assert!(Value::of(&Sight::Datum(Cow::Owned(odd))).is_err());
        }
        assert_eq!(Value::of(&Sight::Datum(Cow::Owned(Datum::Unit))).ok(), Some(Value::Nothing));
    }
}
