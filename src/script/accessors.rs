//! Ready-made getters, setters and deleters, and casts, as opaque values of the script.

use std::cmp::Ordering;

use rhai::{Dynamic, EvalAltResult, FuncRegistration, Module};

use super::convert::{Number, Time, from_rhai};
use crate::conf::Cast;
use crate::datum::{Datum, Key, Num, Path, Step};
use crate::error::Error;
use crate::getset::{Deleter, Getter, Setter};

/// A ready-made getter.
#[derive(Clone, Debug)]
pub(super) struct GetterValue(pub Getter);
/// A ready-made setter.
#[derive(Clone, Debug)]
pub(super) struct SetterValue(pub Setter);
/// A ready-made deleter.
#[derive(Clone, Debug)]
pub(super) struct DeleterValue(pub Deleter);
/// A cast of the configuration.
#[derive(Clone)]
pub(super) struct CastValue(pub Cast);

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// An error of ours as one that the script raises.
#[allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_box_returns,
    reason = "stands alone in `map_err`, and what natives raise is boxed"
)]
pub(super) fn raise(error: Error) -> Box<EvalAltResult> {
    error.to_string().into()
}

fn item(key: &Dynamic) -> Raised<Path> {
    match from_rhai(key.clone()).map_err(raise)? {
        Datum::Str(name) => Ok(Path::new(vec![Step::Key(Key::new(&name))])),
        Datum::Int(place) => Ok(Path::new(vec![Step::At(place)])),
        other => Err(format!("an item is named by a string or a number, but this is a `{}`", other.kind()).into()),
    }
}

fn item_getter(key: &Dynamic) -> Raised<Getter> {
    let path = item(key)?;
    Ok(crate::getset::single_key(&path).cloned().map_or(Getter::Path(path), Getter::Item))
}

/// Those that are variables of the global module.
pub(super) const VARIABLES: [&str; 5] = ["selfgetter", "selfsetter", "nullsetter", "dictupdater", "uuidsetter"];

/// Adds them to the global module.
pub(super) fn register(module: &mut Module) {
    module.set_var("selfgetter", GetterValue(Getter::Whole));
    module.set_var("selfsetter", SetterValue(Setter::Whole));
    module.set_var("nullsetter", SetterValue(Setter::Null));
    module.set_var("dictupdater", SetterValue(Setter::Update(None)));
    module.set_var("uuidsetter", SetterValue(Setter::Uuid(Key::new("_id"))));
    let add = |name: &'static str| FuncRegistration::new(name).in_global_namespace();
    // They may be called as well, as in the original.
    add("selfgetter").set_into_module(module, || GetterValue(Getter::Whole));
    add("selfsetter").set_into_module(module, || SetterValue(Setter::Whole));
    add("nullsetter").set_into_module(module, || SetterValue(Setter::Null));
    add("dictupdater").set_into_module(module, || SetterValue(Setter::Update(None)));
    add("dictupdater").set_into_module(module, |key: &str| SetterValue(Setter::Update(Some(Key::new(key)))));
    add("uuidsetter").set_into_module(module, || SetterValue(Setter::Uuid(Key::new("_id"))));
    add("uuidsetter").set_into_module(module, |key: &str| SetterValue(Setter::Uuid(Key::new(key))));
    add("constgetter").set_into_module(module, |value: Dynamic| -> Raised<GetterValue> {
        Ok(GetterValue(Getter::Const(from_rhai(value).map_err(raise)?)))
    });
    add("itemgetter").set_into_module(module, |key: Dynamic| -> Raised<GetterValue> { Ok(GetterValue(item_getter(&key)?)) });
    macro_rules! several {
        ($($($key:ident)*;)*) => {
            $(add("itemgetter").set_into_module(module, |$($key: Dynamic),*| -> Raised<GetterValue> {
                Ok(GetterValue(Getter::Several(vec![$(item_getter(&$key)?),*].into())))
            });)*
        };
    }
    several! { a b; a b c; a b c d; a b c d e; a b c d e f; a b c d e f g; a b c d e f g h; a b c d e f g h i; a b c d e f g h i j; }
    add("itemsetter").set_into_module(module, |key: Dynamic| -> Raised<SetterValue> {
        let path = item(&key)?;
        Ok(SetterValue(crate::getset::single_key(&path).cloned().map_or(Setter::Path(path), Setter::Item)))
    });
    add("itemdeleter").set_into_module(module, |key: Dynamic| -> Raised<DeleterValue> {
        let path = item(&key)?;
        Ok(DeleterValue(crate::getset::single_key(&path).cloned().map_or(Deleter::Path(path), Deleter::Item)))
    });
    add("pathgetter")
        .set_into_module(module, |path: &str| -> Raised<GetterValue> { Ok(GetterValue(Getter::Path(Path::parse(path).map_err(raise)?))) });
    add("pathsetter")
        .set_into_module(module, |path: &str| -> Raised<SetterValue> { Ok(SetterValue(Setter::Path(Path::parse(path).map_err(raise)?))) });
    add("pathdeleter").set_into_module(module, |path: &str| -> Raised<DeleterValue> {
        Ok(DeleterValue(Deleter::Path(Path::parse(path).map_err(raise)?)))
    });
}

/// A time so many seconds later.
fn moved(time: Time, seconds: f64) -> Raised<Time> {
    let moved = jiff::SignedDuration::try_from_secs_f64(seconds).ok().and_then(|by| time.0.checked_add(by).ok());
    Ok(Time(moved.ok_or("there is no such time")?))
}

/// Adds what scripts may do with times and with exact numbers: show, compare and move them; numbers as integer or fraction where
/// that loses nothing or is asked for.
pub(super) fn register_values(module: &mut Module) {
    let add = |name: &'static str| FuncRegistration::new(name).in_global_namespace();
    add("to_string").set_into_module(module, |time: Time| time.0.to_string());
    add("==").set_into_module(module, |a: Time, b: Time| a == b);
    add("!=").set_into_module(module, |a: Time, b: Time| a != b);
    add("<").set_into_module(module, |a: Time, b: Time| a.0 < b.0);
    add("<=").set_into_module(module, |a: Time, b: Time| a.0 <= b.0);
    add(">=").set_into_module(module, |a: Time, b: Time| a.0 >= b.0);
    add(">").set_into_module(module, |a: Time, b: Time| a.0 > b.0);
    add("-").set_into_module(module, |a: Time, b: Time| a.0.duration_since(b.0).as_secs_f64());
    macro_rules! moved {
        ($($kind:ty)*) => {
            $(
                add("+").set_into_module(module, |time: Time, seconds: $kind| moved(time, seconds as f64));
                add("-").set_into_module(module, |time: Time, seconds: $kind| moved(time, -(seconds as f64)));
            )*
        };
    }
    moved! { i64 f64 }
    add("to_string").set_into_module(module, |number: Number| number.0.to_string());
    add("to_float").set_into_module(module, |number: Number| -> Raised<f64> {
        number.0.parse::<f64>().map_err(|_| format!("`{}` is no number", number.0).into())
    });
    add("to_int").set_into_module(module, |number: Number| -> Raised<i64> {
        match Num::read(&number.0) {
            Num::Int(value) => Ok(value),
            _ => Err(format!("`{}` does not fit an integer", number.0).into()),
        }
    });
    macro_rules! compare {
        ($($operator:literal $wanted:ident;)*) => {
            $(
                add($operator).set_into_module(module, |a: Number, b: Number| order(&a.0, &b.0).is_some_and(Ordering::$wanted));
                add($operator).set_into_module(module, |a: Number, b: i64| order(&a.0, &b.to_string()).is_some_and(Ordering::$wanted));
                add($operator).set_into_module(module, |a: i64, b: Number| order(&a.to_string(), &b.0).is_some_and(Ordering::$wanted));
                add($operator).set_into_module(module, |a: Number, b: f64| order(&a.0, &format!("{b:e}")).is_some_and(Ordering::$wanted));
                add($operator).set_into_module(module, |a: f64, b: Number| order(&format!("{a:e}"), &b.0).is_some_and(Ordering::$wanted));
            )*
        };
    }
    compare! { "<" is_lt; ">" is_gt; "<=" is_le; ">=" is_ge; "==" is_eq; "!=" is_ne; }
    macro_rules! compute {
        ($($operator:literal $whole:ident $fraction:expr;)*) => {
            $(
                add($operator).set_into_module(module, |a: Number, b: Number| compute(&a.0, &b.0, i128::$whole, $fraction));
                add($operator).set_into_module(module, |a: Number, b: i64| compute(&a.0, &b.to_string(), i128::$whole, $fraction));
                add($operator).set_into_module(module, |a: i64, b: Number| compute(&a.to_string(), &b.0, i128::$whole, $fraction));
                add($operator).set_into_module(module, |a: Number, b: f64| compute(&a.0, &format!("{b:e}"), i128::$whole, $fraction));
                add($operator).set_into_module(module, |a: f64, b: Number| compute(&format!("{a:e}"), &b.0, i128::$whole, $fraction));
            )*
        };
    }
    compute! {
        "+" checked_add |a, b| a + b;
        "-" checked_sub |a, b| a - b;
        "*" checked_mul |a, b| a * b;
        "/" checked_div |a, b| a / b;
        "%" checked_rem |a, b| a % b;
    }
    add("-").set_into_module(module, |a: Number| compute("0", &a.0, i128::checked_sub, |a, b| a - b));
}

/// Which of two numbers is larger: by their digits where both are whole, else as binary fractions.
fn order(a: &str, b: &str) -> Option<Ordering> {
    match (a.parse::<i128>(), b.parse::<i128>()) {
        (Ok(a), Ok(b)) => Some(a.cmp(&b)),
        _ => a.parse::<f64>().ok()?.partial_cmp(&b.parse::<f64>().ok()?),
    }
}

/// Computes exactly where both are whole and the result fits 128 bits, which is an error otherwise; else with binary fractions.
fn compute(a: &str, b: &str, whole: fn(i128, i128) -> Option<i128>, fraction: fn(f64, f64) -> f64) -> Raised<Dynamic> {
    if let (Ok(a), Ok(b)) = (a.parse::<i128>(), b.parse::<i128>()) {
        let result = whole(a, b).ok_or("a division by zero, or a number beyond 128 bits")?;
        return Ok(i64::try_from(result).map_or_else(|_| Dynamic::from(Number(result.to_string().into())), Dynamic::from_int));
    }
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => Ok(Dynamic::from_float(fraction(a, b))),
        _ => Err(format!("`{a}` and `{b}` cannot be computed with").into()),
    }
}
