//! Operators as the interpreter's own ones compute: what is not plain success gives none.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::natives;
use crate::datum::{Datum, Look, Num, Piece, Text};

pub(super) use super::natives::{LONGEST, MOST};

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Left,
    Right,
    And,
    Or,
    Xor,
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Op {
    /// The operator that is written so.
    pub(super) fn of(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "%" => Self::Modulo,
            "**" => Self::Power,
            "<<" => Self::Left,
            ">>" => Self::Right,
            "&" => Self::And,
            "|" => Self::Or,
            "^" => Self::Xor,
            "==" => Self::Equal,
            "!=" => Self::Unequal,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::Greater,
            ">=" => Self::AtLeast,
            _ => return None,
        })
    }

    /// Whether it gives a truth value for all kinds.
    pub(super) fn is_comparison(self) -> bool {
        self as u8 >= Self::Equal as u8
    }

    /// Whether a comparison of whole numbers holds.
    #[inline]
    pub(super) fn holds(self, a: i64, b: i64) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Unequal => a != b,
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::Greater => a > b,
            _ => a >= b,
        }
    }

    #[inline]
    fn says(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            _ => order.is_ge(),
        }
    }
}

/// The value that code works with: a number's text read, all else as it is.
#[inline]
pub(super) fn plain(value: &Datum) -> Cow<'_, Datum> {
    match value {
        Datum::Number(text) => Cow::Owned(number(text)),
        _ => Cow::Borrowed(value),
    }
}

/// A number's text as a number; one that neither kind holds stays text.
pub(super) fn number(text: &Text) -> Datum {
    match Num::read(text) {
        Num::Int(value) => Datum::Int(value),
        Num::Float(value) => Datum::Float(value),
        Num::Exact(text) => Datum::Number(text),
    }
}

/// `a op b` for comparisons; none where it is the interpreter's to say.
#[inline]
pub(super) fn compare(op: Op, a: &Datum, b: &Datum) -> Option<bool> {
    match (a, b) {
        (Datum::Int(a), Datum::Int(b)) => Some(op.holds(*a, *b)),
        (Datum::Str(a), Datum::Str(b)) => Some(match op {
            Op::Equal => a.as_str() == b.as_str(),
            Op::Unequal => a.as_str() != b.as_str(),
            _ => op.says(a.as_str().cmp(b.as_str())),
        }),
        _ => compare_others(op, a, b),
    }
}

/// The same for a value that waits in its text; none where it must be read first.
#[inline]
pub(super) fn compare_piece(op: Op, piece: Piece<'_>, value: &Datum) -> Option<bool> {
    match (piece.look(), value) {
        (Look::Text | Look::Plain, Datum::Str(text)) => Some(match op {
            Op::Equal => piece.as_str() == text.as_str(),
            Op::Unequal => piece.as_str() != text.as_str(),
            _ => op.says(piece.as_str().cmp(text.as_str())),
        }),
        (Look::Whole, Datum::Int(value)) => piece.as_str().parse::<i64>().ok().map(|piece| op.says(piece.cmp(value))),
        _ => None,
    }
}

fn compare_others(op: Op, a: &Datum, b: &Datum) -> Option<bool> {
    Some(match (&*plain(a), &*plain(b)) {
        (Datum::Int(a), Datum::Int(b)) => op.says(a.cmp(b)),
        (Datum::Bool(a), Datum::Bool(b)) => op.says(a.cmp(b)),
        (Datum::Float(a), Datum::Float(b)) => floats(op, *a, *b),
        (Datum::Float(a), Datum::Int(b)) => floats(op, *a, *b as f64),
        (Datum::Int(a), Datum::Float(b)) => floats(op, *a as f64, *b),
        (Datum::Unit, Datum::Unit) => op == Op::Equal,
        // Values with operators of their own.
        (Datum::Number(_) | Datum::Time(_), _) | (_, Datum::Number(_) | Datum::Time(_)) => return None,
        (a, b) if a.kind() == b.kind() => match op {
            Op::Equal => natives::same(a, b)?,
            Op::Unequal => !natives::same(a, b)?,
            _ => return None,
        },
        _ => op == Op::Unequal,
    })
}

/// The interpreter compares fractions with some tolerance.
fn floats(op: Op, x: f64, y: f64) -> bool {
    let max = if x * y == 0.0 { 1.0 } else { x.abs().max(y.abs()) };
    if max == 0.0 {
        return matches!(op, Op::Equal | Op::AtMost | Op::AtLeast);
    }
    match op {
        Op::Equal => (x - y).abs() / max <= f64::EPSILON,
        Op::Unequal => (x - y).abs() / max > f64::EPSILON,
        Op::Greater => (x - y) / max > f64::EPSILON,
        Op::AtLeast => (x - y) / max > -f64::EPSILON,
        Op::Less => (y - x) / max > f64::EPSILON,
        _ => (y - x) / max > -f64::EPSILON,
    }
}

/// `a op b`; none where it is the interpreter's to say.
#[inline]
pub(super) fn binary(op: Op, a: &Datum, b: &Datum) -> Option<Datum> {
    if let (Datum::Int(a), Datum::Int(b)) = (a, b)
        && let Some(made) = integers(op, *a, *b)
    {
        return Some(made);
    }
    if op.is_comparison() {
        return compare(op, a, b).map(Datum::Bool);
    }
    others(op, a, b)
}

#[inline]
fn integers(op: Op, a: i64, b: i64) -> Option<Datum> {
    if op.is_comparison() { Some(Datum::Bool(op.holds(a, b))) } else { whole(op, a, b).map(Datum::Int) }
}

/// `a op b` for whole numbers that give one.
#[inline]
pub(super) fn whole(op: Op, a: i64, b: i64) -> Option<i64> {
    match op {
        Op::Add => a.checked_add(b),
        Op::Subtract => a.checked_sub(b),
        Op::Multiply => a.checked_mul(b),
        Op::Divide => a.checked_div(b),
        Op::Modulo => a.checked_rem(b),
        Op::Power => a.checked_pow(u32::try_from(b).ok()?),
        // Shifts by what is no number of bits have rules of their own.
        Op::Left => a.checked_shl(u32::try_from(b).ok().filter(|b| *b < 64)?),
        Op::Right => a.checked_shr(u32::try_from(b).ok().filter(|b| *b < 64)?),
        Op::And => Some(a & b),
        Op::Or => Some(a | b),
        Op::Xor => Some(a ^ b),
        _ => None,
    }
}

fn others(op: Op, a: &Datum, b: &Datum) -> Option<Datum> {
    match (&*plain(a), &*plain(b)) {
        (Datum::Int(a), Datum::Int(b)) => integers(op, *a, *b),
        (Datum::Float(a), Datum::Float(b)) => fractions(op, *a, *b),
        (Datum::Float(a), Datum::Int(b)) => fractions(op, *a, *b as f64),
        (Datum::Int(a), Datum::Float(b)) => fractions(op, *a as f64, *b),
        (Datum::Bool(a), Datum::Bool(b)) => Some(Datum::Bool(match op {
            Op::And => a & b,
            Op::Or => a | b,
            Op::Xor => a ^ b,
            _ => return None,
        })),
        (a @ Datum::Str(_), b) | (a, b @ Datum::Str(_)) if op == Op::Add => {
            let mut text = String::new();
            show(a, &mut text)?;
            show(b, &mut text)?;
            (text.len() <= LONGEST).then(|| Datum::from(text))
        }
        (Datum::List(a), Datum::List(b)) if op == Op::Add && a.len() + b.len() <= MOST => {
            Some(Datum::List(a.iter().chain(b).cloned().collect()))
        }
        _ => None,
    }
}

fn fractions(op: Op, a: f64, b: f64) -> Option<Datum> {
    Some(Datum::Float(match op {
        Op::Add => a + b,
        Op::Subtract => a - b,
        Op::Multiply => a * b,
        Op::Divide => a / b,
        Op::Modulo => a % b,
        Op::Power => a.powf(b),
        _ => return None,
    }))
}

/// `target op= value`.
#[inline]
pub(super) fn assign(op: Op, target: &mut Datum, value: Datum) -> Option<()> {
    match (&mut *target, value) {
        (Datum::Int(a), Datum::Int(b)) if !op.is_comparison() => *a = whole(op, *a, b)?,
        (Datum::List(list), value) if op == Op::Add => {
            match value {
                Datum::List(more) => list.extend(more),
                one @ Datum::Raw(_) => match one.opened().into_owned() {
                    Datum::List(more) => list.extend(more),
                    _ => list.push(one),
                },
                one => list.push(one),
            }
            if list.len() > MOST {
                return None;
            }
        }
        // Maps are mixed, raw lists and texts in other places have rules of their own.
        (Datum::Map(_) | Datum::Raw(_) | Datum::Bytes(_) | Datum::Unit, _)
        | (Datum::Int(_) | Datum::Float(_) | Datum::Number(_), Datum::Str(_)) => return None,
        (_, value) => *target = binary(op, target, &value)?,
    }
    Some(())
}

/// `-a`
pub(super) fn negate(value: &Datum) -> Option<Datum> {
    match &*plain(value) {
        Datum::Int(value) => value.checked_neg().map(Datum::Int),
        Datum::Float(value) => Some(Datum::Float(-value)),
        _ => None,
    }
}

/// Appends a value as `${…}` shows it.
pub(super) fn show(value: &Datum, out: &mut String) -> Option<()> {
    match value {
        Datum::Str(text) => out.push_str(text),
        Datum::Int(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Datum::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Datum::Unit => {}
        Datum::Float(value) => {
            use std::fmt::Write;
            write!(out, "{}", rhai::FloatWrapper::new(*value)).ok()?;
        }
        _ => out.push_str(&natives::show(value)?),
    }
    Some(())
}
