//! One option's value, checked and converted to what its [`Param`] takes.

use std::rc::Rc;

use super::args::Args;
use super::given::{Given, Keeper};
use super::spec::{Lit, Param, Ty};
use crate::datum::{Datum, Map};
use crate::error::{Error, nearest, shorten};
use crate::getset::{Deleter, Func, Getter, Predicate, Setter};

/// Letters of a value that is told.
const LONGEST: usize = 200;

/// An option's value.
#[derive(Clone)]
pub(super) enum Value {
    /// Plain data of the right kind.
    Datum(Datum),
    Getter(Getter),
    Setter(Setter),
    Deleter(Deleter),
    Predicate(Predicate),
    Func(Func),
    Keeper(Rc<dyn Keeper>),
    Getters(Vec<Getter>),
    Setters(Vec<Option<Setter>>),
    Options(Rc<Args>),
    /// Tests, each with the cog that takes what it is true for.
    Cases(Vec<(Predicate, Option<u32>)>),
    /// For what the cog itself looks at, and for [`Ty::Either`].
    Given(Given),
    Unit,
}

/// What is wrong with a value, before it is known whose.
pub(super) enum Fault {
    Kind(String),
    /// What the cog does or wants, and what to do.
    Text(String, Option<String>),
    /// What making an accessor of it gave.
    Error(Error),
    /// What is wrong with the options in it.
    Within(Vec<Error>),
}

pub(super) fn says(text: String) -> Fault {
    Fault::Text(text, None)
}

/// The faults of that option of what is made by `path`.
pub(super) fn at(path: &str, param: &Param, fault: Fault) -> Vec<Error> {
    let (text, hint) = match fault {
        Fault::Kind(got) => {
            let got = if got.starts_with("a ") { got } else { format!("`{got}`") };
            (format!("`{path}` wants {}, but is given {got}", param.ty.wanted()), None)
        }
        Fault::Text(text, hint) => (format!("`{path}` {text}"), hint),
        // Its place is that of the option, which is told anyway.
        Fault::Error(Error::Script { text, hint, .. }) => (text, hint),
        Fault::Error(error) => (error.to_string(), error.hint().map(str::to_owned)),
        Fault::Within(faults) => {
            let of_this = |fault| match fault {
                Error::Option { option, text, hint } => Error::Option { option: format!("{}.{option}", param.name), text, hint },
                other => other,
            };
            return faults.into_iter().map(of_this).collect();
        }
    };
    vec![Error::Option { option: param.name.into(), text, hint }]
}

/// The setter for the place of the getter in option `other`, which is declared before.
pub(super) fn same_place(values: &[(&'static Param, Value)], other: &str) -> Value {
    let getter = values.iter().find(|(param, _)| param.name == other);
    match getter {
        Some((_, Value::Getter(getter))) => getter.as_setter().map_or(Value::Unit, Value::Setter),
        _ => Value::Unit,
    }
}

pub(super) fn default(param: &'static Param) -> Result<Value, Error> {
    let datum = match param.default {
        Lit::Required => {
            return Err(Error::Option {
                option: param.name.into(),
                text: format!("is missing; it takes {}", param.ty.wanted()),
                hint: (!param.about.is_empty()).then(|| param.about.to_owned()),
            });
        }
        Lit::Unit | Lit::Worked(_) | Lit::SameAs(_) => return Ok(Value::Unit),
        Lit::Bool(value) => Datum::Bool(value),
        Lit::Int(value) => Datum::Int(value),
        Lit::Float(value) => Datum::Float(value),
        Lit::Str("selfgetter") if param.ty == Ty::Getter => return Ok(Value::Getter(Getter::Whole)),
        Lit::Str("selfsetter") if param.ty == Ty::Setter => return Ok(Value::Setter(Setter::Whole)),
        Lit::Str("nullsetter") if param.ty == Ty::Setter => return Ok(Value::Setter(Setter::Null)),
        Lit::Str(text) => Datum::str(text),
        Lit::EmptyList => Datum::List(Vec::new()),
        Lit::Strs(all) => Datum::List(all.iter().map(|text| Datum::str(*text)).collect()),
        Lit::EmptyMap => Datum::Map(Map::new()),
    };
    convert(param.ty, &Given::Datum(datum), false).map_err(|fault| match fault {
        Fault::Kind(got) => Error::option(param.name, format!("its default is a {got}")),
        Fault::Text(text, _) => Error::option(param.name, text),
        Fault::Error(error) => Error::option(param.name, error.to_string()),
        Fault::Within(faults) => Error::option(param.name, faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    })
}

pub(super) fn convert(ty: Ty, given: &Given, unit: bool) -> Result<Value, Fault> {
    if unit && matches!(given, Given::Datum(Datum::Unit)) {
        return Ok(Value::Unit);
    }
    let wrong = || Fault::Kind(given.kind().to_owned());
    Ok(match ty {
        Ty::Getter => Value::Getter(given.getter().map_err(Fault::Error)?.ok_or_else(wrong)?),
        Ty::Setter => Value::Setter(given.setter().map_err(Fault::Error)?.ok_or_else(wrong)?),
        Ty::Deleter => Value::Deleter(given.deleter().map_err(Fault::Error)?.ok_or_else(wrong)?),
        Ty::Predicate => Value::Predicate(given.predicate().map_err(Fault::Error)?.ok_or_else(wrong)?),
        Ty::Func => Value::Func(given.func().map_err(Fault::Error)?.ok_or_else(wrong)?),
        Ty::Keeper(params) => match given {
            Given::Callback(callback) => Value::Keeper(callback.keeper(params.len()).map_err(Fault::Error)?),
            _ => return Err(wrong()),
        },
        Ty::Getters => Value::Getters(
            given
                .list()
                .ok_or_else(wrong)?
                .iter()
                .map(|one| one.getter().map_err(Fault::Error)?.ok_or_else(|| Fault::Kind(one.kind().to_owned())))
                .collect::<Result<_, _>>()?,
        ),
        Ty::Setters => Value::Setters(
            given
                .list()
                .ok_or_else(wrong)?
                .iter()
                .map(|one| match one {
                    Given::Datum(Datum::Unit) => Ok(None),
                    one => one.setter().map_err(Fault::Error)?.ok_or_else(|| Fault::Kind(one.kind().to_owned())).map(Some),
                })
                .collect::<Result<_, _>>()?,
        ),
        Ty::Options(group) => {
            let map = given.map().ok_or_else(wrong)?;
            Value::Options(Rc::new(Args::check_group(group, &map).map_err(Fault::Within)?))
        }
        Ty::Callable => Value::Given(given.clone()),
        Ty::Entries if given.map().is_some() => Value::Given(given.clone()),
        Ty::Items if given.list().is_some() => Value::Given(given.clone()),
        Ty::Cog => match given {
            Given::Cog(_) => Value::Given(given.clone()),
            _ => return Err(wrong()),
        },
        Ty::Cases => {
            Value::Cases(given.list().ok_or_else(wrong)?.iter().enumerate().map(|(place, one)| case(place, one)).collect::<Result<_, _>>()?)
        }
        Ty::Either(all) => {
            let mut first = None;
            for ty in all {
                match convert(*ty, given, false) {
                    Ok(Value::Datum(datum)) => return Ok(Value::Given(Given::Datum(datum))),
                    Ok(Value::Given(given)) => return Ok(Value::Given(given)),
                    Ok(_) => return Ok(Value::Given(given.clone())),
                    Err(fault @ (Fault::Text(..) | Fault::Error(_) | Fault::Within(_))) => first = first.or(Some(fault)),
                    Err(Fault::Kind(_)) => {}
                }
            }
            return Err(first.unwrap_or_else(wrong));
        }
        _ => Value::Datum(plain(ty, &given.datum().ok_or_else(wrong)?)?),
    })
}

/// One test with its cog.
fn case(place: usize, given: &Given) -> Result<(Predicate, Option<u32>), Fault> {
    let wrong = |what: &str| {
        let hint =
            "each is an array of two: a closure that gives true or false, and the cog that takes the datum then, or () to swallow it";
        Fault::Text(format!("takes cases, but number {} {what}", place + 1), Some(hint.into()))
    };
    let pair = given.list().filter(|pair| pair.len() == 2).ok_or_else(|| wrong("is no array of two"))?;
    let test = pair[0].predicate().map_err(Fault::Error)?;
    let test = test.ok_or_else(|| wrong(&format!("has `{}` as its test", pair[0].kind())))?;
    match &pair[1] {
        Given::Cog(cog) => Ok((test, Some(*cog))),
        Given::Datum(Datum::Unit) => Ok((test, None)),
        odd => Err(wrong(&format!("has `{}` as its cog", odd.kind()))),
    }
}

/// Plain data of the kind that `ty` wants, brought into one form.
fn plain(ty: Ty, datum: &Datum) -> Result<Datum, Fault> {
    let wrong = || Fault::Kind(datum.kind().to_owned());
    match (ty, datum) {
        (Ty::Int | Ty::Size, Datum::Int(n)) if *n < 0 => Err(says(format!("wants a number that is not negative, but is given `{n}`"))),
        (Ty::Plain, _)
        | (Ty::Number, Datum::Int(_) | Datum::Float(_) | Datum::Number(_))
        | (Ty::Octets, Datum::Str(_) | Datum::Bytes(_))
        | (Ty::Bool, Datum::Bool(_))
        | (Ty::Int | Ty::Size, Datum::Int(_))
        | (Ty::Str, Datum::Str(_))
        | (Ty::Map, Datum::Map(_))
        | (Ty::Unit, Datum::Unit) => Ok(datum.clone()),
        (Ty::Size, Datum::Str(text)) => size(text)
            .map(Datum::Int)
            .ok_or_else(|| says(format!("wants a size such as \"64KiB\" or \"1MiB\", but is given `{}`", shorten(text, LONGEST)))),
        (Ty::Seconds, Datum::Int(_) | Datum::Float(_)) => match datum.as_float() {
            Some(seconds) if (0.0..1e12).contains(&seconds) => Ok(Datum::Float(seconds)),
            _ => Err(says("wants a span of time that is neither negative nor endless".into())),
        },
        (Ty::Char, Datum::Str(text)) if text.chars().count() == 1 => Ok(datum.clone()),
        (Ty::Char, Datum::Str(text)) => Err(says(format!("takes one letter, but is given `{}`", shorten(text, LONGEST)))),
        (Ty::Separator, Datum::Str(text)) if !text.is_empty() => Ok(datum.clone()),
        (Ty::Separator, Datum::Bytes(bytes)) if !bytes.is_empty() => Ok(datum.clone()),
        (Ty::Separator, Datum::Str(_) | Datum::Bytes(_)) => Err(says("wants a separator that is not empty".into())),
        (Ty::Mode, Datum::Int(_) | Datum::Str(_)) => {
            permissions(datum).map(Datum::Int).ok_or_else(|| says(format!("takes {}, but is given `{}`", ty.wanted(), datum.piece())))
        }
        (Ty::Ints, Datum::List(list)) => match list.iter().find(|one| !matches!(one, Datum::Int(_))) {
            None => Ok(datum.clone()),
            Some(odd) => Err(says(format!("takes whole numbers, but one is `{}`", odd.kind()))),
        },
        (Ty::Strs, Datum::Str(_)) => Ok(Datum::List(vec![datum.clone()])),
        (Ty::Strs, Datum::List(list)) => match list.iter().find(|one| one.as_str().is_none()) {
            None => Ok(datum.clone()),
            Some(odd) => Err(says(format!("takes strings, but one is `{}`", odd.kind()))),
        },
        (Ty::Choice(words), Datum::Str(word)) => {
            if words.contains(&word.as_str()) {
                return Ok(datum.clone());
            }
            let near = nearest(word, words.iter().copied()).map(|near| format!("did you mean \"{near}\"?"));
            Err(Fault::Text(format!("takes {}, but is given \"{}\"", ty.wanted(), shorten(word, LONGEST)), near))
        }
        _ => Err(wrong()),
    }
}

/// Permissions: a number, or its octal digits.
fn permissions(given: &Datum) -> Option<i64> {
    let mode = match given {
        Datum::Str(digits) => {
            let digits = digits.strip_prefix("0o").unwrap_or(digits);
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| i64::from_str_radix(digits, 8).ok())?
        }
        other => other.as_int(),
    };
    mode.filter(|mode| (0..=0o777).contains(mode))
}

/// `10k`, `4MiB`, `1 GB`: decimal steps for `k M G`, binary ones for `Ki Mi Gi`, as configuration's sizes are read.
fn size(text: &str) -> Option<i64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: i64 = text[..end].parse().ok()?;
    let factor = match text[end..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" | "ki" => 1 << 10,
        "mib" | "mi" => 1 << 20,
        "gib" | "gi" => 1 << 30,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(factor)
}
