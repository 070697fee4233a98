//! The shortest road: closures that do nothing but set keys of the event to whole numbers worked out from others, as
//! `|| { this.bits = parse_int(this.bytes) * 8; }` does. No frame, no slots, no log: all numbers are worked out before the first
//! is set. What is not a plain whole number goes the general road, from the beginning. And closures that do nothing but call a
//! standard function of a text that is the event, as `|line| line.to_upper()` does.

use super::Outcome;
use super::code::{Node, Place, Quick, Root, Step};
use super::natives::Native;
use super::operators::Op;
use crate::datum::{Datum, Look, Map, Near, View, plain_digits};

/// A closure of this kind.
pub(super) struct Short {
    /// What is set, in the order of the keys' names, as new ones stand in it.
    sets: Box<[(Near, Number)]>,
    /// Whether its result is the event.
    pub(super) gives_itself: bool,
}

/// A whole number.
enum Number {
    Const(i64),
    /// That of a key.
    Of(Near),
    /// The one that the text of a key is.
    Parsed(Near),
    Compute(Compute, Box<[Number; 2]>),
}

/// What is worked out of two; overflow is not plain.
#[derive(Clone, Copy)]
enum Compute {
    Sum,
    Difference,
    Product,
}

impl Compute {
    #[inline]
    fn of(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Self::Sum => a.checked_add(b),
            Self::Difference => a.checked_sub(b),
            Self::Product => a.checked_mul(b),
        }
    }
}

/// So many keys at most: their numbers wait on the stack.
const MOST: usize = 8;

impl Short {
    /// The closure with that body, if it is one.
    pub(super) fn of(body: &Node) -> Option<Self> {
        let mut sets: Vec<(Near, Number)> = Vec::new();
        let statements = match body {
            Node::Block(statements) => &**statements,
            one => std::slice::from_ref(one),
        };
        let (statements, gives_itself) = match statements.split_last()? {
            (Node::Itself, rest) => (rest, true),
            _ => (statements, false),
        };
        for statement in statements {
            let Node::SetPlace(pair, None) = statement else { return None };
            let number = Number::of(&pair.1)?;
            // What was set before must not be read or set again.
            if sets.iter().any(|(key, _)| number.reads(key)) {
                return None;
            }
            let key = key(&pair.0)?;
            if sets.iter().any(|(known, _)| **known == *key) {
                return None;
            }
            sets.push((key, number));
        }
        sets.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
        (1..=MOST).contains(&sets.len()).then(|| Self { sets: sets.into(), gives_itself })
    }

    /// Changes the event; false when something is not plain: nothing is changed then.
    #[allow(clippy::inline_always, reason = "it is the whole of what is done with a batch")]
    #[inline(always)]
    pub(super) fn run(&self, datum: &mut Datum) -> bool {
        let Datum::Map(map) = datum else { return false };
        if let [(key, number)] = &*self.sets {
            let Some(value) = number.value(map) else { return false };
            map.insert_at(key, Datum::Int(value));
            return true;
        }
        let mut values = [0; MOST];
        for ((_, number), value) in self.sets.iter().zip(&mut values) {
            match number.value(map) {
                Some(number) => *value = number,
                None => return false,
            }
        }
        for ((key, _), value) in self.sets.iter().zip(values) {
            map.insert_at(key, Datum::Int(value));
        }
        true
    }
}

/// A closure that gives what a standard function makes of the event.
pub(super) struct Direct(&'static Native);

/// Longer texts count as more operations than are sure to be left.
const BRIEF: usize = 4096;

impl Direct {
    /// The closure with that body, if it is one.
    pub(super) fn of(body: &Node) -> Option<Self> {
        match body {
            Node::Native(call) if call.args.is_empty() && !call.native.changes_first => match &call.target {
                Some(Place { root: Root::Event, links }) if links.is_empty() => Some(Self(call.native)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What it gives for a text of usual length.
    #[inline]
    pub(super) fn give(&self, datum: &Datum) -> Option<Outcome> {
        match datum {
            Datum::Str(text) if text.len() <= BRIEF => Some(match (self.0.call)(&mut [datum.clone()])? {
                // In place of a text it is what it is.
                made @ Datum::Str(_) => Outcome::Settled(made),
                made => Outcome::Value(made),
            }),
            _ => None,
        }
    }
}

impl Number {
    fn of(node: &Node) -> Option<Self> {
        Some(match node {
            Node::Const(Datum::Int(value)) => Self::Const(*value),
            Node::Read(place) => Self::Of(key(place)?),
            Node::Native(call) if call.quick == Quick::ParseInt => match (&call.target, &*call.args) {
                (Some(place), []) | (None, [Node::Read(place)]) => Self::Parsed(key(place)?),
                _ => return None,
            },
            Node::Binary(op, pair) => {
                let compute = match op {
                    Op::Add => Compute::Sum,
                    Op::Subtract => Compute::Difference,
                    Op::Multiply => Compute::Product,
                    _ => return None,
                };
                Self::Compute(compute, Box::new([Self::of(&pair[0])?, Self::of(&pair[1])?]))
            }
            _ => return None,
        })
    }

    fn reads(&self, key: &Near) -> bool {
        match self {
            Self::Const(_) => false,
            Self::Of(read) | Self::Parsed(read) => **read == **key,
            Self::Compute(_, pair) => pair.iter().any(|part| part.reads(key)),
        }
    }

    #[inline]
    fn value(&self, map: &Map) -> Option<i64> {
        match self {
            Self::Compute(compute, pair) => compute.of(pair[0].part(map)?, pair[1].other(map)?),
            part => part.part(map),
        }
    }

    /// As [`Number::value`], for the second of two, which often is written in the script.
    #[inline]
    fn other(&self, map: &Map) -> Option<i64> {
        if let Self::Const(value) = self { Some(*value) } else { self.part(map) }
    }

    /// As [`Number::value`], out of line.
    fn part(&self, map: &Map) -> Option<i64> {
        match self {
            Self::Const(value) => Some(*value),
            Self::Compute(compute, pair) => compute.of(pair[0].part(map)?, pair[1].part(map)?),
            Self::Of(key) => match map.look_at(key)? {
                View::Datum(Datum::Int(value)) => Some(*value),
                View::Piece(piece) if piece.look() == Look::Whole => piece.as_str().parse().ok(),
                _ => None,
            },
            // Signs and blanks go the general road.
            Self::Parsed(key) => match map.look_at(key)? {
                View::Datum(Datum::Str(text)) => plain_digits(text),
                View::Piece(piece) if matches!(piece.look(), Look::Text | Look::Plain | Look::Bare) => piece.plain_digits(),
                _ => None,
            },
        }
    }
}

/// The key, for a place that is a key of the event and nothing more.
fn key(place: &Place) -> Option<Near> {
    match (place.root, &*place.links) {
        (Root::Event, [link]) if !link.elvis => match &link.step {
            Step::Key(key) => Some(Near::new((**key).clone())),
            _ => None,
        },
        _ => None,
    }
}
