//! [`View`]: a value as it is, whether it was read already or still waits in its text.

use std::borrow::Cow;

use super::number::eight_digits;
use super::row::{Cell, Look};
use super::{Block, Datum, Num, Step, Text, json, plain_digits};

/// A value, borrowed; see [`Map::look`](super::Map::look).
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    /// It was read.
    Datum(&'a Datum),
    /// It waits in its text.
    Piece(Piece<'a>),
}

/// A value that waits in its text.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    block: &'a Block,
    cell: Cell,
}

impl<'a> Piece<'a> {
    #[inline]
    pub(super) fn of(block: &'a Block, cell: Cell) -> Self {
        Self { block, cell }
    }

    /// Whether it stands in that block.
    #[inline]
    pub(super) fn stands_in(&self, block: &Block) -> bool {
        std::rc::Rc::ptr_eq(self.block, block)
    }

    #[inline]
    pub(super) fn cell(&self) -> Cell {
        self.cell
    }

    /// What it looks like; never [`Look::Absent`], [`Look::Set`] or one of the words.
    #[inline]
    pub fn look(&self) -> Look {
        self.cell.look
    }

    /// The text as it stands: without quotes, with escapes.
    #[inline]
    pub fn as_str(&self) -> &'a str {
        &self.block[self.cell.start as usize..self.cell.end as usize]
    }

    /// The text as it stands and all that follows it in the block, and how long it is, all in bytes.
    #[inline]
    pub fn with_rest(&self) -> (&'a [u8], usize) {
        (&self.block.as_bytes()[self.cell.start as usize..], (self.cell.end - self.cell.start) as usize)
    }

    /// The whole number that it is, when it is nothing but some digits, as [`plain_digits`] reads it.
    #[inline]
    pub fn plain_digits(&self) -> Option<i64> {
        let (rest, length) = self.with_rest();
        match rest.first_chunk::<8>() {
            Some(first) if length <= 8 => eight_digits(*first, length),
            Some(first) if length <= 16 => {
                let last = rest.get(length - 8..)?.first_chunk::<8>()?;
                Some(eight_digits(*first, length - 8)? * 100_000_000 + eight_digits(*last, 8)?)
            }
            _ => plain_digits(self.as_str()),
        }
    }

    /// The text as it stands, sharing the block.
    #[inline]
    pub fn to_text(&self) -> Text {
        Text::span(self.block, self.cell.start as usize..self.cell.end as usize)
    }

    /// What stands at these steps in it, without reading what stands elsewhere.
    pub fn seek(&self, steps: &[Step]) -> Option<Datum> {
        match self.cell.look {
            Look::Raw => json::seek(&self.to_text(), steps),
            _ => None,
        }
    }

    /// The value.
    #[inline]
    pub fn to_datum(&self) -> Datum {
        match self.cell.look {
            Look::Text | Look::Plain | Look::Bare => Datum::Str(self.to_text()),
            Look::Escaped => Datum::from(json::unescape(self.as_str())),
            Look::Whole => self.as_str().parse().map_or_else(|_| Datum::Number(self.to_text()), Datum::Int),
            Look::Number => Datum::Number(self.to_text()),
            Look::Raw => Datum::Raw(self.to_text()),
            Look::True => Datum::Bool(true),
            Look::False => Datum::Bool(false),
            Look::Absent | Look::Null | Look::Set => Datum::Unit,
        }
    }
}

impl<'a> View<'a> {
    /// The value; a copy where it was read already.
    #[inline]
    pub fn to_datum(self) -> Datum {
        match self {
            Self::Datum(datum) => datum.clone(),
            Self::Piece(piece) => piece.to_datum(),
        }
    }

    /// The value, borrowed where it was read already.
    #[inline]
    pub fn datum(self) -> Cow<'a, Datum> {
        match self {
            Self::Datum(datum) => Cow::Borrowed(datum),
            Self::Piece(piece) => Cow::Owned(piece.to_datum()),
        }
    }

    /// The letters, when it is text.
    #[inline]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Datum(datum) => datum.as_str().map(Cow::Borrowed),
            Self::Piece(piece) => match piece.cell.look {
                Look::Text | Look::Plain | Look::Bare => Some(Cow::Borrowed(piece.as_str())),
                Look::Escaped => Some(Cow::Owned(json::unescape(piece.as_str()))),
                _ => None,
            },
        }
    }

    /// The text, when it is text; shares the block.
    #[inline]
    pub fn as_text(self) -> Option<Text> {
        match self {
            Self::Datum(datum) => datum.as_text().cloned(),
            Self::Piece(piece) => match piece.cell.look {
                Look::Text | Look::Plain | Look::Bare => Some(piece.to_text()),
                Look::Escaped => Some(json::unescape(piece.as_str()).into()),
                _ => None,
            },
        }
    }

    /// The whole number, when it is one that fits.
    #[inline]
    pub fn as_int(self) -> Option<i64> {
        match self {
            Self::Datum(Datum::Int(value)) => Some(*value),
            Self::Datum(datum) => datum.as_int(),
            Self::Piece(piece) => match piece.cell.look {
                Look::Whole => piece.as_str().parse().ok(),
                Look::Number => Num::read(&piece.to_text()).as_int(),
                _ => None,
            },
        }
    }

    /// The number as a binary fraction, rounded where it must be.
    pub fn as_float(self) -> Option<f64> {
        match self {
            Self::Datum(datum) => datum.as_float(),
            Self::Piece(piece) => match piece.cell.look {
                Look::Whole | Look::Number => piece.as_str().parse().ok(),
                _ => None,
            },
        }
    }
}
