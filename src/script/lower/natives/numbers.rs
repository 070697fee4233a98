//! Numbers: rounding, parsing, formatting, and the functions of the mathematical package.

use super::kinds::{Plain, float, give, int, number, text};
use super::{Native, gives};
use crate::datum::Datum;

macro_rules! floats {
    ($($name:literal => $call:expr;)*) => {
        &[$(gives($name, 1, |args| {
            let call: fn(f64) -> f64 = $call;
            float(&args[0]).map(|value| Datum::Float(call(value)))
        }),)*
        gives("is_nan", 1, is_nan),
        gives("is_finite", 1, is_finite),
        gives("is_infinite", 1, is_infinite),
        gives("is_zero", 1, is_zero),
        gives("is_odd", 1, is_odd),
        gives("is_even", 1, is_even),
        gives("atan", 2, |args| Some(Datum::Float(float(&args[0])?.atan2(float(&args[1])?)))),
        gives("hypot", 2, |args| Some(Datum::Float(float(&args[0])?.hypot(float(&args[1])?)))),
        gives("log", 2, |args| Some(Datum::Float(float(&args[0])?.log(float(&args[1])?)))),
        gives("PI", 0, |_| Some(Datum::Float(std::f64::consts::PI))),
        gives("E", 0, |_| Some(Datum::Float(std::f64::consts::E))),
        gives("abs", 1, abs),
        gives("sign", 1, sign),
        gives("to_int", 1, to_int),
        gives("to_float", 1, to_float),
        gives("parse_int", 1, |args| parse_int(&args[0], 10)),
        gives("parse_int", 2, |args| parse_int(&args[0], int(&args[1])?)),
        gives("parse_float", 1, |args| text(&args[0])?.trim().parse().ok().map(Datum::Float)),
        gives("to_hex", 1, |args| give(format!("{:x}", int(&args[0])?))),
        gives("to_octal", 1, |args| give(format!("{:o}", int(&args[0])?))),
        gives("to_binary", 1, |args| give(format!("{:b}", int(&args[0])?))),
        ]
    };
}

pub(super) static TABLE: &[Native] = floats! {
    "floor" => f64::floor;
    "ceiling" => f64::ceil;
    "round" => f64::round;
    "int" => f64::trunc;
    "fraction" => f64::fract;
    "sqrt" => f64::sqrt;
    "exp" => f64::exp;
    "ln" => f64::ln;
    "log" => f64::log10;
    "sin" => f64::sin;
    "cos" => f64::cos;
    "tan" => f64::tan;
    "asin" => f64::asin;
    "acos" => f64::acos;
    "atan" => f64::atan;
    "sinh" => f64::sinh;
    "cosh" => f64::cosh;
    "tanh" => f64::tanh;
    "asinh" => f64::asinh;
    "acosh" => f64::acosh;
    "atanh" => f64::atanh;
    "to_radians" => f64::to_radians;
    "to_degrees" => f64::to_degrees;
};

pub(super) fn is_nan(args: &mut [Datum]) -> Option<Datum> {
    float(&args[0]).map(|value| Datum::Bool(value.is_nan()))
}

pub(super) fn is_finite(args: &mut [Datum]) -> Option<Datum> {
    float(&args[0]).map(|value| Datum::Bool(value.is_finite()))
}

pub(super) fn is_infinite(args: &mut [Datum]) -> Option<Datum> {
    float(&args[0]).map(|value| Datum::Bool(value.is_infinite()))
}

pub(super) fn is_zero(args: &mut [Datum]) -> Option<Datum> {
    number(&args[0]).map(|value| {
        Datum::Bool(match value {
            Plain::Int(value) => value == 0,
            Plain::Float(value) => value == 0.0,
        })
    })
}

pub(super) fn is_odd(args: &mut [Datum]) -> Option<Datum> {
    int(&args[0]).map(|value| Datum::Bool(value % 2 != 0))
}

pub(super) fn is_even(args: &mut [Datum]) -> Option<Datum> {
    int(&args[0]).map(|value| Datum::Bool(value % 2 == 0))
}

fn abs(args: &mut [Datum]) -> Option<Datum> {
    match number(&args[0])? {
        Plain::Int(value) => value.checked_abs().map(Datum::Int),
        Plain::Float(value) => Some(Datum::Float(value.abs())),
    }
}

fn sign(args: &mut [Datum]) -> Option<Datum> {
    match number(&args[0])? {
        Plain::Int(value) => Some(Datum::Int(value.signum())),
        Plain::Float(value) if value.is_nan() => None,
        Plain::Float(0.0) => Some(Datum::Int(0)),
        Plain::Float(value) => Some(Datum::Int(value.signum() as i64)),
    }
}

fn to_int(args: &mut [Datum]) -> Option<Datum> {
    match number(&args[0])? {
        Plain::Int(value) => Some(Datum::Int(value)),
        Plain::Float(value) if value > i64::MAX as f64 || value < i64::MIN as f64 => None,
        Plain::Float(value) => Some(Datum::Int(value.trunc() as i64)),
    }
}

fn to_float(args: &mut [Datum]) -> Option<Datum> {
    Some(Datum::Float(match number(&args[0])? {
        Plain::Int(value) => value as f64,
        Plain::Float(value) => value,
    }))
}

fn parse_int(datum: &Datum, radix: i64) -> Option<Datum> {
    let radix = u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix))?;
    i64::from_str_radix(text(datum)?.trim(), radix).ok().map(Datum::Int)
}

/// `max` and `min` of two numbers; of an integer and a fraction the result is a fraction.
pub(super) fn extreme(a: &Datum, b: &Datum, most: bool) -> Option<Datum> {
    Some(match (number(a)?, number(b)?) {
        (Plain::Int(a), Plain::Int(b)) => Datum::Int(if most { a.max(b) } else { a.min(b) }),
        (a, b) => {
            let (a, b) = (a.float(), b.float());
            Datum::Float(if (most && a >= b) || (!most && a <= b) { a } else { b })
        }
    })
}
