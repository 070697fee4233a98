//! Pieces of text. Each is a span of what it was cut from where that is one.

use std::ops::Range;

use super::kinds::{int, text};
use super::{LONGEST, MOST, Native, changes, gives, strings};
use crate::datum::{Datum, Text};

pub(super) static TABLE: &[Native] = &[
    changes("trim", 1, |args| {
        strings::set(args, |text| {
            let inner = text.trim();
            Some(if inner.len() == text.len() { text.clone() } else { text.slice(span(text, inner)) })
        })
    }),
    gives("sub_string", 2, |args| sub_string(&args[0], int(&args[1])?, i64::MAX)),
    gives("sub_string", 3, |args| sub_string(&args[0], int(&args[1])?, int(&args[2])?)),
    changes("crop", 2, |args| {
        let start = int(&args[1])?;
        strings::set(args, |text| Some(text.slice(range(text, start, i64::MAX))))
    }),
    changes("crop", 3, |args| {
        let (start, len) = (int(&args[1])?, int(&args[2])?);
        strings::set(args, |text| Some(text.slice(range(text, start, len))))
    }),
    changes("pop", 2, pop),
    gives("split", 1, |args| match text(&args[0])? {
        text if text.is_empty() => Some(alone(text)),
        text => {
            let text = text.clone().into_span();
            pieces(&text, text.split_whitespace())
        }
    }),
    gives("split", 2, |args| match &args[1] {
        Datum::Str(by) => split(&args[0], by, i64::MAX, false),
        at => split_at(text(&args[0])?, int(at)?),
    }),
    gives("split", 3, |args| split(&args[0], text(&args[1])?, int(&args[2])?, false)),
    gives("split_rev", 2, |args| split(&args[0], text(&args[1])?, i64::MAX, true)),
    gives("split_rev", 3, |args| split(&args[0], text(&args[1])?, int(&args[2])?, true)),
];

/// Where the letter `place` begins, or the end.
pub(super) fn at(text: &str, place: usize) -> usize {
    if text.is_ascii() { place.min(text.len()) } else { text.char_indices().nth(place).map_or(text.len(), |(at, _)| at) }
}

/// Where a piece of `text` stands in it.
fn span(text: &str, piece: &str) -> Range<usize> {
    let start = piece.as_ptr().addr() - text.as_ptr().addr();
    start..start + piece.len()
}

/// The bytes of `len` letters from the letter `start` on; a negative start counts from the end.
fn range(text: &str, start: i64, len: i64) -> Range<usize> {
    let letters = strings::len(text);
    let start = if start < 0 {
        usize::try_from(start.unsigned_abs()).map_or(0, |back| letters.saturating_sub(back))
    } else {
        usize::try_from(start).map_or(letters, |start| start.min(letters))
    };
    let len = usize::try_from(len).unwrap_or(0).min(letters - start);
    let from = at(text, start);
    from..from + at(&text[from..], len)
}

fn sub_string(datum: &Datum, start: i64, len: i64) -> Option<Datum> {
    let text = text(datum)?;
    let piece = text.slice(range(text, start, len));
    (piece.len() <= LONGEST).then_some(Datum::Str(piece))
}

/// `s.pop(len)`: the last letters, taken off.
fn pop(args: &mut [Datum]) -> Option<Datum> {
    let (whole, len) = (text(&args[0])?.clone(), int(&args[1])?);
    let from = at(&whole, strings::len(&whole).saturating_sub(usize::try_from(len).unwrap_or(0)));
    if whole.len() > LONGEST {
        return None;
    }
    args[0] = Datum::Str(whole.slice(0..from));
    Some(Datum::Str(whole.slice(from..whole.len())))
}

/// `s.truncate(len)`.
pub(super) fn truncate(args: &mut [Datum]) -> Option<Datum> {
    let len = usize::try_from(int(&args[1])?).unwrap_or(0);
    strings::set(args, |text| Some(text.slice(0..at(text, len))))
}

fn alone(text: &Text) -> Datum {
    Datum::List(vec![Datum::Str(text.clone())])
}

fn split(datum: &Datum, by: &str, most: i64, backwards: bool) -> Option<Datum> {
    let text = text(datum)?;
    if most <= 1 || text.is_empty() || (!by.is_empty() && !text.contains(by)) {
        return Some(alone(text));
    }
    let most = usize::try_from(most).ok()?;
    let text = text.clone().into_span();
    if backwards { pieces(&text, text.rsplitn(most, by)) } else { pieces(&text, text.splitn(most, by)) }
}

/// Two pieces, the second from that letter on; a negative place counts from the end.
fn split_at(text: &Text, place: i64) -> Option<Datum> {
    let letters = strings::len(text);
    let distance = usize::try_from(place.unsigned_abs()).ok()?;
    let place = if place > 0 { distance } else { letters.saturating_sub(distance) };
    let cut = at(text, place);
    Some(Datum::List(vec![Datum::Str(text.slice(0..cut)), Datum::Str(text.slice(cut..text.len()))]))
}

fn pieces<'a>(text: &Text, pieces: impl Iterator<Item = &'a str>) -> Option<Datum> {
    let mut list = Vec::new();
    for piece in pieces {
        if list.len() == MOST {
            return None;
        }
        list.push(Datum::Str(text.slice(span(text, piece))));
    }
    Some(Datum::List(list))
}
