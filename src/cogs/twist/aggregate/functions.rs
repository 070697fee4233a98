//! The functions: what becomes of the values of one key in one window.

use crate::cogs::twist::events::Value;
use crate::datum::Datum;

/// What is worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Count,
    Sum,
    Min,
    Max,
    Mean,
    First,
    Last,
    List,
    Set,
    Distinct,
    Quantile,
}

/// Every function under its name in scripts.
pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("count", Function::Count),
    ("sum", Function::Sum),
    ("min", Function::Min),
    ("max", Function::Max),
    ("mean", Function::Mean),
    ("first", Function::First),
    ("last", Function::Last),
    ("list", Function::List),
    ("set", Function::Set),
    ("distinct", Function::Distinct),
    ("quantile", Function::Quantile),
];

/// What one function has gathered so far.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Sum(Sum),
    Mean(Sum, u64),
    Min(Value),
    Max(Value),
}

impl Cell {
    /// Of nothing yet; none for the count, which each key has anyway, and for what keeps values.
    pub(super) fn new(function: Function) -> Option<Self> {
        match function {
            Function::Count
            | Function::First
            | Function::Last
            | Function::List
            | Function::Set
            | Function::Distinct
            | Function::Quantile => None,
            Function::Sum => Some(Self::Sum(Sum::default())),
            Function::Mean => Some(Self::Mean(Sum::default(), 0)),
            Function::Min => Some(Self::Min(Value::Nothing)),
            Function::Max => Some(Self::Max(Value::Nothing)),
        }
    }

    #[inline]
    pub(super) fn take(&mut self, value: Value) {
        match self {
            _ if value == Value::Nothing => {}
            Self::Sum(sum) => sum.add(value),
            Self::Mean(sum, count) => {
                sum.add(value);
                *count += 1;
            }
            Self::Min(least) if *least == Value::Nothing || value.less(*least) => *least = value,
            Self::Max(most) if *most == Value::Nothing || most.less(value) => *most = value,
            Self::Min(_) | Self::Max(_) => {}
        }
    }

    pub(super) fn result(&self) -> Datum {
        match self {
            Self::Sum(sum) => sum.total(),
            Self::Mean(_, 0) => Datum::Unit,
            Self::Mean(sum, count) => finite(sum.as_float() / *count as f64),
            Self::Min(value) | Self::Max(value) => value.datum(),
        }
    }
}

/// A number, or nothing where it is beyond the largest one: what JSON cannot write must not cost the rest of the window.
fn finite(value: f64) -> Datum {
    if value.is_finite() { Datum::Float(value) } else { Datum::Unit }
}

/// A sum that is exact for whole numbers, and for fractions as good as if they were added in the best order (Neumaier 1974).
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    /// 2^64 whole numbers fit.
    whole: i128,
    part: f64,
    /// What was lost when `part` was rounded.
    lost: f64,
    /// Whether there were fractions.
    parts: bool,
}

impl Sum {
    #[inline]
    fn add(&mut self, value: Value) {
        match value {
            Value::Nothing => {}
            Value::Whole(value) => self.whole += i128::from(value),
            Value::Part(value) => {
                let total = self.part + value;
                self.lost += if self.part.abs() >= value.abs() { (self.part - total) + value } else { (value - total) + self.part };
                self.part = total;
                self.parts = true;
            }
        }
    }

    fn as_float(&self) -> f64 {
        // Beyond the largest number there is nothing to correct.
        self.whole as f64 + if self.part.is_finite() { self.part + self.lost } else { self.part }
    }

    fn total(&self) -> Datum {
        match i64::try_from(self.whole) {
            _ if self.parts => finite(self.as_float()),
            Ok(total) => Datum::Int(total),
            Err(_) => Datum::Number(self.whole.to_string().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datum::json;

    fn all(function: Function, values: &[Value]) -> String {
        let mut cell = Cell::new(function).unwrap();
        for value in values {
            cell.take(*value);
        }
        json::to_string(&cell.result())
    }

    #[test]
    fn whole_numbers_are_summed_without_overflow() {
        assert_eq!(all(Function::Sum, &[Value::Whole(2), Value::Whole(-5), Value::Nothing]), "-3");
        assert_eq!(all(Function::Sum, &[Value::Whole(i64::MAX); 3]), "27670116110564327421");
        assert_eq!(all(Function::Sum, &[Value::Whole(i64::MIN), Value::Whole(-1), Value::Whole(1)]), i64::MIN.to_string());
        assert_eq!(all(Function::Mean, &[Value::Whole(i64::MAX); 3]), "9.223372036854776e18");
    }

    #[test]
    fn fractions_lose_nothing_on_their_way() {
        assert_eq!(all(Function::Sum, &[Value::Part(0.1); 10]), "1.0");
        assert_eq!(all(Function::Sum, &[Value::Part(1e100), Value::Part(1.0), Value::Part(-1e100)]), "1.0");
        assert_eq!(all(Function::Sum, &[Value::Whole(1), Value::Part(0.5)]), "1.5");
        assert_eq!(all(Function::Sum, &[Value::Part(f64::MAX), Value::Part(f64::MAX)]), "null");
    }

    #[test]
    fn the_least_and_the_most_keep_their_kind() {
        let values = [Value::Whole(3), Value::Part(2.5), Value::Nothing, Value::Whole(-1), Value::Part(9.25)];
        assert_eq!((all(Function::Min, &values), all(Function::Max, &values)), ("-1".into(), "9.25".into()));
    }

    #[test]
    fn of_nothing_there_is_a_sum_but_no_least_most_or_mean() {
        let none = [Function::Sum, Function::Min, Function::Max, Function::Mean].map(|function| all(function, &[Value::Nothing]));
        assert_eq!(none, ["0", "null", "null", "null"]);
    }
}
