//! Ready-made getters, setters and deleters, and casts, as opaque values of the script.

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
    several! { a b; a b c; a b c d; a b c d e; a b c d e f; }
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

/// Adds what scripts may do with times and with exact numbers: show and compare them; numbers as integer or fraction where
/// that loses nothing or is asked for.
pub(super) fn register_values(module: &mut Module) {
    let add = |name: &'static str| FuncRegistration::new(name).in_global_namespace();
    add("to_string").set_into_module(module, |time: Time| time.0.to_string());
    add("==").set_into_module(module, |a: Time, b: Time| a == b);
    add("!=").set_into_module(module, |a: Time, b: Time| a != b);
    add("<").set_into_module(module, |a: Time, b: Time| a.0 < b.0);
    add(">").set_into_module(module, |a: Time, b: Time| a.0 > b.0);
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
        ($($operator:literal $method:ident;)*) => {
            $(add($operator).set_into_module(module, |a: Number, b: Number| exact(&a).zip(exact(&b)).is_some_and(|(a, b)| a.$method(&b)));
            add($operator).set_into_module(module, |a: Number, b: i64| exact(&a).is_some_and(|a| a.$method(&(b as f64))));
            add($operator).set_into_module(module, |a: i64, b: Number| exact(&b).is_some_and(|b| (a as f64).$method(&b)));
            add($operator).set_into_module(module, |a: Number, b: f64| exact(&a).is_some_and(|a| a.$method(&b)));
            add($operator).set_into_module(module, |a: f64, b: Number| exact(&b).is_some_and(|b| a.$method(&b)));)*
        };
    }
    compare! { "<" lt; ">" gt; "<=" le; ">=" ge; }
    add("==").set_into_module(module, |a: Number, b: Number| a == b);
    add("!=").set_into_module(module, |a: Number, b: Number| a != b);
}

fn exact(number: &Number) -> Option<f64> {
    number.0.parse().ok()
}
