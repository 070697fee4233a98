//! Shorter ways for what is most common: whole numbers are computed without a value being made of each, letters are joined and
//! cut where they stand. Where a shorter way ends, the common one gives the answer; so nothing here has an effect.

use memchr::memchr;

use super::code::{Body, NativeCall, Node, Place, Quick};
use super::frame::{Frame, Out, Stop, fits, or_bail};
use super::operators::{self, LONGEST, Op, compare_piece, show};
use super::place::{glance, length, read_place};
use crate::datum::{Datum, Look, Text, View};

impl Node {
    /// The value, where that is a whole number that needs little work.
    #[inline]
    pub(super) fn int(&self, frame: &Frame<'_>) -> Option<i64> {
        match self {
            Self::Const(Datum::Int(value)) => Some(*value),
            Self::Local(slot) => match frame.slot(*slot) {
                Datum::Int(value) => Some(*value),
                _ => None,
            },
            Self::Read(place) => int_at(frame, place),
            Self::Binary(op, pair) => computed(*op, pair, frame),
            _ => None,
        }
    }
}

#[inline(never)]
fn int_at(frame: &Frame<'_>, place: &Place) -> Option<i64> {
    match glance(frame, place)? {
        View::Datum(Datum::Int(value)) => Some(*value),
        View::Piece(piece) if piece.look() == Look::Whole => piece.as_str().parse().ok(),
        _ => None,
    }
}

#[inline(never)]
fn computed(op: Op, pair: &[Node; 2], frame: &Frame<'_>) -> Option<i64> {
    let [a, b] = pair;
    operators::whole(op, a.int(frame)?, b.int(frame)?)
}

/// Whether a comparison holds, where that is told without its sides being made.
#[inline]
pub(super) fn holds(op: Op, pair: &[Node; 2], frame: &Frame<'_>) -> Option<bool> {
    let [a, b] = pair;
    if let (Node::Read(place), Node::Const(value)) = (a, b) {
        return holds_at(op, place, value, frame);
    }
    let b = b.int(frame)?;
    Some(op.holds(a.int(frame)?, b))
}

#[inline(never)]
fn holds_at(op: Op, place: &Place, value: &Datum, frame: &Frame<'_>) -> Option<bool> {
    match glance(frame, place)? {
        View::Piece(piece) => compare_piece(op, piece, value),
        View::Datum(found) => operators::compare(op, found, value),
    }
}

/// Texts joined.
#[inline(never)]
pub(super) fn text(parts: &[Node], frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let mut out = std::mem::take(&mut frame.text);
    out.clear();
    for part in parts {
        append(part, frame, all, &mut out)?;
        fits(&out)?;
    }
    let made = Text::from(out.as_str());
    frame.text = out;
    Ok(Datum::Str(made))
}

fn append(part: &Node, frame: &mut Frame<'_>, all: &[Body], out: &mut String) -> Out<()> {
    match part {
        Node::Const(Datum::Str(text)) => out.push_str(text),
        Node::SplitAt(pair, at) if pair[0].is_simple() && pair[1].is_simple() => {
            return letters(&pair[0], frame, |text| {
                let by = pair[1].peek(frame)?;
                out.push_str(piece(text, or_bail(by.as_str())?, *at)?);
                Ok(())
            });
        }
        Node::Native(call) if call.quick == Quick::Lower && lower(call, frame, out)? => {}
        Node::Read(place) => match glance(frame, place) {
            Some(View::Piece(piece)) if matches!(piece.look(), Look::Text | Look::Plain) => out.push_str(piece.as_str()),
            _ => return or_bail(show(&*read_place(frame, place)?, out)),
        },
        part if part.is_simple() => return or_bail(show(&*part.peek(frame)?, out)),
        part => {
            // It may need the text under way for itself.
            let value = part.eval(frame, all)?;
            return or_bail(show(&value, out));
        }
    }
    Ok(())
}

/// Looks at the letters of a simple expression that is text.
#[inline]
fn letters<T>(node: &Node, frame: &Frame<'_>, look: impl FnOnce(&str) -> Out<T>) -> Out<T> {
    if let Node::Read(place) = node
        && let Some(View::Piece(piece)) = glance(frame, place)
        && let Look::Text | Look::Plain = piece.look()
    {
        return look(piece.as_str());
    }
    look(or_bail(node.peek(frame)?.as_str())?)
}

/// Appends the small letters of a text; false where the standard function is to say.
fn lower(call: &NativeCall, frame: &mut Frame<'_>, out: &mut String) -> Out<bool> {
    let Some(place) = &call.target else { return Ok(false) };
    let from = out.len();
    match glance(frame, place) {
        Some(View::Piece(piece)) if matches!(piece.look(), Look::Text | Look::Plain) && piece.as_str().is_ascii() => {
            out.push_str(piece.as_str());
        }
        Some(View::Datum(Datum::Str(text))) if text.is_ascii() => out.push_str(text),
        _ => return Ok(false),
    }
    out[from..].make_ascii_lowercase();
    frame.spend(((out.len() - from) / 64) as i64)?;
    Ok(true)
}

/// The piece at that place of a text that is split.
#[inline]
pub(super) fn piece<'a>(text: &'a str, by: &str, at: usize) -> Out<&'a str> {
    if by.is_empty() || text.len() > LONGEST {
        return Err(Stop::Bail);
    }
    let [by] = by.as_bytes() else { return or_bail(text.split(by).nth(at)) };
    let mut rest = text;
    for _ in 0..at {
        rest = &rest[or_bail(memchr(*by, rest.as_bytes()))? + 1..];
    }
    Ok(memchr(*by, rest.as_bytes()).map_or(rest, |end| &rest[..end]))
}

/// `text.split(by)[at]`
pub(super) fn split_at(pair: &[Node; 2], at: usize, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let part = |text: &Datum, by: &Datum| -> Out<Datum> {
        let (Datum::Str(text), Datum::Str(by)) = (text, by) else { return Err(Stop::Bail) };
        let found = piece(text, by, at)?;
        let from = found.as_ptr() as usize - text.as_str().as_ptr() as usize;
        Ok(Datum::Str(text.slice(from..from + found.len())))
    };
    let [text, by] = pair;
    if text.is_simple() && by.is_simple() {
        return part(&*text.peek(frame)?, &*by.peek(frame)?);
    }
    let by = by.eval(frame, all)?;
    let text = text.eval(frame, all)?;
    part(&text, &by)
}

/// What a standard function gives that needs no copy of what it looks at; none when it is itself to say.
pub(super) fn quick(quick: Quick, place: &Place, frame: &Frame<'_>) -> Out<Option<Datum>> {
    let parsed = |text: &str| text.trim().parse().ok().map(Datum::Int);
    if let (Quick::ParseInt, Some(View::Piece(piece))) = (quick, glance(frame, place)) {
        return Ok(if let Look::Text | Look::Plain = piece.look() { parsed(piece.as_str()) } else { None });
    }
    let value = read_place(frame, place)?;
    Ok(match (quick, &*value) {
        (Quick::Len, value) => length(value).map(|len| Datum::Int(len as i64)),
        (Quick::ParseInt, Datum::Str(text)) => parsed(text),
        _ => None,
    })
}
