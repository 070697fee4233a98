//! What functions gather that keep values themselves: the first and last ones, lists and sets of them, and what quantiles need.
//!
//! They stand beside the cells of numbers, so that what only counts and sums goes its short way. What they take counts in `max_bytes`.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::cogs::twist::events::Value;
use crate::cogs::twist::weight::weight;
use crate::datum::Datum;

/// What one function has gathered of one key.
#[derive(Clone, Debug)]
pub(super) enum Pile {
    First(Datum),
    /// With the bytes that were counted for it.
    Last(Datum, usize),
    /// As many as that at most.
    List(usize, Vec<Datum>),
    /// Each value once, by its hash.
    Set(usize, Vec<Datum>, HashSet<u64>),
    Distinct(HashSet<u64>),
    /// All of them, for any number of quantiles.
    Numbers(Vec<Value>),
}

/// Bytes that a hash takes in a set.
const HASH: usize = 16;

impl Pile {
    /// Puts in a piece with its hash; gives the bytes that it takes.
    pub(super) fn take(&mut self, piece: &Datum, hash: u64) -> usize {
        if matches!(piece, Datum::Unit) {
            return 0;
        }
        match self {
            Self::First(first) if *first == Datum::Unit => {
                *first = piece.clone();
                weight(piece)
            }
            Self::Last(last, counted) => {
                *last = piece.clone();
                let more = weight(piece).saturating_sub(*counted);
                *counted += more;
                more
            }
            Self::List(limit, all) if all.len() < *limit => {
                all.push(piece.clone());
                weight(piece)
            }
            Self::Set(limit, all, seen) if all.len() < *limit => {
                if !seen.insert(hash) {
                    return 0;
                }
                all.push(piece.clone());
                weight(piece) + HASH
            }
            Self::Distinct(seen) => usize::from(seen.insert(hash)) * HASH,
            _ => 0,
        }
    }

    /// Puts in a number; gives the bytes that it takes.
    pub(super) fn take_number(&mut self, value: Value) -> usize {
        match self {
            Self::Numbers(all) if value != Value::Nothing => {
                all.push(value);
                size_of::<Value>()
            }
            _ => 0,
        }
    }

    /// What it gives; of numbers, the least one that at least the share `quantile` of them does not exceed.
    pub(super) fn result(&self, quantile: f64) -> Datum {
        match self {
            Self::First(one) | Self::Last(one, _) => one.clone(),
            Self::List(_, all) | Self::Set(_, all, _) => Datum::List(all.clone()),
            Self::Distinct(seen) => Datum::Int(seen.len() as i64),
            Self::Numbers(all) if all.is_empty() => Datum::Unit,
            Self::Numbers(all) => {
                let mut all = all.clone();
                let rank = (quantile * all.len() as f64).ceil().max(1.0) as usize;
                let place = rank.min(all.len()) - 1;
                all.select_nth_unstable_by(place, |a, b| order(*a, *b)).1.datum()
            }
        }
    }
}

/// The order of numbers, exact between whole ones and fractions; of equal ones the whole one comes first.
fn order(a: Value, b: Value) -> Ordering {
    match (a, b) {
        (Value::Whole(a), Value::Whole(b)) => a.cmp(&b),
        (Value::Part(a), Value::Part(b)) => a.total_cmp(&b),
        (Value::Whole(a), Value::Part(b)) => whole(a, b),
        (Value::Part(a), Value::Whole(b)) => whole(b, a).reverse(),
        (Value::Nothing, Value::Nothing) => Ordering::Equal,
        (Value::Nothing, _) => Ordering::Less,
        (_, Value::Nothing) => Ordering::Greater,
    }
}

fn whole(a: i64, b: f64) -> Ordering {
    // Beyond what fits, the sign says it; below, whole parts fit exactly.
    match b.floor() {
        floor if floor >= 9_223_372_036_854_775_808.0 => Ordering::Less,
        floor if floor < -9_223_372_036_854_775_808.0 => Ordering::Greater,
        floor => a.cmp(&(floor as i64)).then(Ordering::Less),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

    use super::*;

    fn values() -> impl Strategy<Value = Vec<Value>> {
        let near = |n: i64| (1_i64 << 53) + n;
        let value = prop_oneof![
            (-5_i64..5).prop_map(Value::Whole),
            (-10_i64..10).prop_map(|n| Value::Part(n as f64 / 2.0)),
            (-3_i64..3).prop_map(move |n| Value::Whole(near(n))),
            (-3_i64..3).prop_map(move |n| Value::Part(near(n) as f64)),
            any::<i64>().prop_map(Value::Whole),
            prop::num::f64::NORMAL.prop_map(Value::Part),
        ];
        prop::collection::vec(value, 1..40)
    }

    /// A number whose fraction is a half at most, in halves.
    fn halves(value: Value) -> Option<i128> {
        match value {
            Value::Whole(value) => Some(i128::from(value) * 2),
            Value::Part(value) if value.abs() < 1e30 && (value * 2.0).fract() == 0.0 => Some((value * 2.0) as i128),
            _ => None,
        }
    }

    proptest! {
        #[test]
        fn a_quantile_is_the_least_value_that_enough_do_not_exceed(values in values(), share in 0_u32..=100) {
            let mut pile = Pile::Numbers(Vec::new());
            for value in &values {
                pile.take_number(*value);
            }
            let (mut sorted, share) = (values.clone(), f64::from(share) / 100.0);
            sorted.sort_by(|a, b| order(*a, *b));
            let enough = |value: Value| sorted.iter().filter(|other| order(**other, value).is_le()).count() as f64 >= share * sorted.len() as f64;
            let wanted = sorted.iter().find(|value| enough(**value)).unwrap();
            assert_eq!(pile.result(share), wanted.datum());
            let exact: Vec<i128> = sorted.iter().filter_map(|value| halves(*value)).collect();
            assert!(exact.is_sorted(), "{sorted:?}");
        }
    }
}
