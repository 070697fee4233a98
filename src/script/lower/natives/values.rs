//! What is asked of any value: its type, its text, whether it equals another, whether it is small.

use std::fmt::Write;

use rhai::FloatWrapper;

use super::kinds::{Plain, give, number};
use super::{LONGEST, MOST, Native, gives};
use crate::datum::{Datum, Map, Num, Text, json};

pub(super) static TABLE: &[Native] = &[
    gives("type_of", 1, |args| type_name(&args[0]).map(|name| Datum::Str(Text::fixed(name)))),
    gives("to_string", 1, |args| show(&args[0]).map(Datum::Str)),
    gives("to_debug", 1, |args| {
        let mut out = String::new();
        debug(&args[0], &mut out)?;
        give(out)
    }),
];

/// Texts of a value together that count as little.
const LITTLE_TEXT: usize = 1 << 20;

fn type_name(datum: &Datum) -> Option<&'static str> {
    Some(match datum {
        Datum::Unit => "()",
        Datum::Bool(_) => "bool",
        Datum::Int(_) => "i64",
        Datum::Float(_) => "f64",
        Datum::Number(text) => match Num::read(text) {
            Num::Int(_) => "i64",
            Num::Float(_) => "f64",
            Num::Exact(_) => "Number",
        },
        Datum::Str(_) => "string",
        Datum::Bytes(_) => "blob",
        Datum::Time(_) => "Time",
        Datum::List(_) => "array",
        Datum::Map(_) => "map",
        Datum::Raw(text) if text.starts_with('[') => "array",
        Datum::Raw(text) if text.starts_with('{') => "map",
        Datum::Raw(_) => return None,
    })
}

/// The text that interpolation and `to_string` give.
pub(in crate::script::lower) fn show(datum: &Datum) -> Option<Text> {
    let text = match datum {
        Datum::Str(text) => text.clone(),
        Datum::Unit => Text::default(),
        Datum::Bool(true) => Text::fixed("true"),
        Datum::Bool(false) => Text::fixed("false"),
        Datum::Int(_) | Datum::Float(_) | Datum::Number(_) => match number(datum)? {
            Plain::Int(value) => itoa::Buffer::new().format(value).into(),
            Plain::Float(value) => FloatWrapper::new(value).to_string().into(),
        },
        _ => {
            let mut out = String::new();
            debug(datum, &mut out)?;
            out.into()
        }
    };
    (text.len() <= LONGEST).then_some(text)
}

/// Appends the text that Rhai shows for a part of an array or map.
fn debug(datum: &Datum, out: &mut String) -> Option<()> {
    if out.len() > LONGEST {
        return None;
    }
    match datum {
        Datum::Unit => out.push_str("()"),
        Datum::Bool(value) => write!(out, "{value}").ok()?,
        Datum::Int(_) | Datum::Float(_) | Datum::Number(_) => match number(datum)? {
            Plain::Int(value) => write!(out, "{value}").ok()?,
            Plain::Float(value) => write!(out, "{value:?}").ok()?,
        },
        Datum::Str(text) => write!(out, "{:?}", text.as_str()).ok()?,
        Datum::List(list) => {
            out.push('[');
            for (place, part) in list.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                debug(part, out)?;
            }
            out.push(']');
        }
        Datum::Map(map) => {
            out.push_str("#{");
            for (place, (name, part)) in sorted(map).into_iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                write!(out, "{name:?}: ").ok()?;
                debug(part, out)?;
            }
            out.push('}');
        }
        Datum::Raw(text) => debug(&json::open(text), out)?,
        Datum::Bytes(_) | Datum::Time(_) => return None,
    }
    Some(())
}

/// The entries of a map in the order in which Rhai goes through them.
pub(super) fn sorted(map: &Map) -> Vec<(&str, &Datum)> {
    let mut entries: Vec<(&str, &Datum)> = map.iter().map(|(key, value)| (key.as_str(), value)).collect();
    entries.sort_unstable_by_key(|(name, _)| *name);
    entries
}

/// Whether Rhai's `==` finds two values equal. Fractions are compared as Rhai does: to within the last digit.
pub(in crate::script::lower) fn same(a: &Datum, b: &Datum) -> Option<bool> {
    Some(match (a, b) {
        (Datum::Int(a), Datum::Int(b)) => a == b,
        (Datum::Str(a), Datum::Str(b)) => a == b,
        (Datum::Bool(a), Datum::Bool(b)) => a == b,
        (Datum::Unit, Datum::Unit) => true,
        _ => match (order_of(a)?, order_of(b)?) {
            (Kind::Number(Plain::Int(a)), Kind::Number(Plain::Int(b))) => a == b,
            (Kind::Number(a), Kind::Number(b)) => close(a.float(), b.float()),
            (Kind::Holder, Kind::Holder) => return None,
            _ => false,
        },
    })
}

/// What decides whether two values of unlike kinds can be equal.
enum Kind {
    Number(Plain),
    Scalar,
    Holder,
}

fn order_of(datum: &Datum) -> Option<Kind> {
    match datum {
        Datum::Unit | Datum::Bool(_) | Datum::Str(_) => Some(Kind::Scalar),
        Datum::Int(_) | Datum::Float(_) | Datum::Number(_) => number(datum).map(Kind::Number),
        Datum::List(_) | Datum::Map(_) | Datum::Raw(_) => Some(Kind::Holder),
        Datum::Bytes(_) | Datum::Time(_) => None,
    }
}

impl Plain {
    pub(super) fn float(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

fn close(a: f64, b: f64) -> bool {
    let most = if a * b == 0.0 { 1.0 } else { a.abs().max(b.abs()) };
    most == 0.0 || (a - b).abs() / most <= f64::EPSILON
}

/// The value as it is when it has left its place: a number as Rhai has it, all else as it is.
pub(in crate::script::lower) fn taken(datum: Datum) -> Datum {
    match number(&datum) {
        Some(Plain::Int(value)) => Datum::Int(value),
        Some(Plain::Float(value)) => Datum::Float(value),
        None => datum,
    }
}

/// Whether elements of a list may change places: it holds no list or map, whose keys and texts are those of its place, and no
/// number that would be written otherwise at another one.
pub(super) fn may_move(list: &[Datum]) -> bool {
    list.iter().all(|part| match part {
        Datum::Number(text) => match Num::read(text) {
            Num::Int(value) => itoa::Buffer::new().format(value) == text.as_str(),
            Num::Float(value) => json::to_string(&Datum::Float(value)) == text.as_str(),
            Num::Exact(_) => false,
        },
        Datum::List(_) | Datum::Map(_) | Datum::Raw(_) | Datum::Bytes(_) | Datum::Time(_) => false,
        _ => true,
    })
}

/// Whether it is far below the sizes that the engine refuses, all its parts counted.
pub(in crate::script::lower) fn is_light(datum: &Datum) -> bool {
    let mut left = (MOST, LITTLE_TEXT);
    weigh(datum, &mut left).is_some()
}

/// Whether these together are far below the sizes that the engine refuses.
pub(super) fn are_light<'a>(parts: impl IntoIterator<Item = &'a Datum>) -> bool {
    let mut left = (MOST, LITTLE_TEXT);
    parts.into_iter().all(|part| {
        left.0.checked_sub(1).is_some_and(|rest| {
            left.0 = rest;
            weigh(part, &mut left).is_some()
        })
    })
}

/// Takes what `datum` holds from what is left, parts and letters.
fn weigh(datum: &Datum, left: &mut (usize, usize)) -> Option<()> {
    match datum {
        Datum::Str(text) => left.1 = left.1.checked_sub(text.len())?,
        // Each element takes two letters at least.
        Datum::Raw(text) => {
            left.0 = left.0.checked_sub(text.len() / 2)?;
            left.1 = left.1.checked_sub(text.len())?;
        }
        Datum::Bytes(bytes) => left.0 = left.0.checked_sub(bytes.len())?,
        Datum::List(list) => {
            left.0 = left.0.checked_sub(list.len())?;
            list.iter().try_for_each(|part| weigh(part, left))?;
        }
        Datum::Map(map) => {
            left.0 = left.0.checked_sub(map.len())?;
            map.iter().try_for_each(|(_, part)| weigh(part, left))?;
        }
        _ => {}
    }
    Some(())
}
