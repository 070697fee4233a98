//! Whole numbers and truth values. None is what is not plain: then the general road is taken, from the beginning.

use super::super::frame::{Out, Stop};
use super::super::operators;
use super::super::place::length;
use super::code::{Call, Int, Spot, Step, Test, Value, Where};
use super::state::Run;
use crate::datum::{Datum, Look, View, plain_digits};

impl Int {
    /// The number.
    #[inline]
    pub(super) fn int(&self, run: &mut Run<'_>) -> Option<i64> {
        match self {
            Self::Const(value) => Some(*value),
            Self::Slot(slot) => Some(run.state.ints[*slot]),
            other => other.worked_out(run),
        }
    }

    #[inline(never)]
    fn worked_out(&self, run: &mut Run<'_>) -> Option<i64> {
        match self {
            Self::Const(value) => Some(*value),
            Self::Slot(slot) => Some(run.state.ints[*slot]),
            Self::Value(slot) => int_of(&run.state.values[*slot]),
            Self::Key(spot) => at_key(spot, run),
            Self::Pair(op, pair) => {
                let [a, b] = &**pair;
                operators::whole(*op, a.int(run)?, b.int(run)?)
            }
            Self::Negate(of) => of.int(run)?.checked_neg(),
            Self::Parsed(of) => of.letters(run, |text| Ok(plain_digits(text).or_else(|| text.trim().parse().ok()))).ok()?,
            Self::Length(of) => of.seen(run, length)?.map(|length| length as i64),
            Self::Of(of) => int_of(&of.value(run).ok()?),
        }
    }
}

#[inline]
fn int_of(value: &Datum) -> Option<i64> {
    match value {
        Datum::Int(value) => Some(*value),
        _ => None,
    }
}

#[inline]
fn at_key(spot: &Spot, run: &Run<'_>) -> Option<i64> {
    match run.look(spot)? {
        View::Datum(value) => int_of(value),
        View::Piece(piece) if piece.look() == Look::Whole => piece.plain_digits().or_else(|| piece.as_str().parse().ok()),
        View::Piece(_) => None,
    }
}

impl Test {
    /// The truth value.
    pub(super) fn test(&self, run: &mut Run<'_>) -> Option<bool> {
        match self {
            Self::Ints(op, pair) => {
                let [a, b] = &**pair;
                Some(op.holds(a.int(run)?, b.int(run)?))
            }
            Self::Same(value, text, wanted) => value.is_text(text, run).map(|same| same == *wanted),
            Self::And(parts) => {
                for part in parts {
                    if !part.test(run)? {
                        return Some(false);
                    }
                }
                Some(true)
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.test(run)? {
                        return Some(true);
                    }
                }
                Some(false)
            }
            Self::Not(of) => of.test(run).map(|value| !value),
            Self::Has(place, value, text) => searched(*place, value, text, run),
            Self::Call(call) => call.run(run),
            other => other.rare(run),
        }
    }

    #[inline(never)]
    fn rare(&self, run: &mut Run<'_>) -> Option<bool> {
        match self {
            Self::IsUnit(value) => value.seen(run, |value| matches!(value, Datum::Unit)),
            Self::Compare(op, pair) => {
                let a = pair[0].value(run).ok()?;
                let b = pair[1].value(run).ok()?;
                operators::compare(*op, &a, &b)
            }
            Self::Of(value) => value.value(run).ok()?.as_bool(),
            _ => None,
        }
    }
}

#[inline(never)]
fn searched(place: Where, value: &Value, text: &str, run: &mut Run<'_>) -> Option<bool> {
    let (has, len) = value.letters(run, |whole| Ok((has(place, whole, text), whole.len()))).ok()?;
    run.spend((len / 64) as i64).ok()?;
    Some(has)
}

#[inline]
fn has(place: Where, whole: &str, text: &str) -> bool {
    match place {
        Where::Start => whole.as_bytes().starts_with(text.as_bytes()),
        Where::End => whole.as_bytes().ends_with(text.as_bytes()),
        Where::Anywhere => whole.contains(text),
    }
}

impl Call<Test> {
    /// What the function says.
    pub(super) fn run(&self, run: &mut Run<'_>) -> Option<bool> {
        match self.begin(run) {
            Ok(()) => self.last.test(run),
            Err(Stop::Return) => std::mem::take(&mut run.state.held).as_bool(),
            Err(_) => None,
        }
    }
}

impl<T> Call<T> {
    /// All but its last statement.
    #[inline]
    pub(super) fn begin(&self, run: &mut Run<'_>) -> Out<()> {
        run.spend(self.cost)?;
        Step::all(&self.params, run)?;
        Step::all(&self.steps, run)
    }
}
