//! What a test claims: `test::equal` and its kin; and values of which Rhai has no literals.

use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rhai::{Blob, Dynamic, EvalAltResult, FnPtr, FuncRegistration, ImmutableString, Module, NativeCallContext};

use super::Kit;
use super::words::placed;
use crate::datum::{Datum, json};
use crate::error::shorten;
use crate::script::convert::{Number, Time, from_rhai, to_rhai};

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// Letters of a value in a message.
const LONGEST: usize = 300;

/// Adds `equal`, `contains`, `that` and `fails`.
pub(super) fn register_module(module: &mut Module, kit: &Rc<Kit>) {
    let at = Rc::clone(kit);
    FuncRegistration::new("equal").set_into_module(module, move |context: NativeCallContext<'_>, got: Dynamic, wanted: Dynamic| {
        placed(&context, equal(&at, got, wanted))
    });
    let at = Rc::clone(kit);
    FuncRegistration::new("contains").set_into_module(module, move |context: NativeCallContext<'_>, got: Dynamic, wanted: Dynamic| {
        placed(&context, contains(&at, got, wanted))
    });
    let at = Rc::clone(kit);
    FuncRegistration::new("that")
        .set_into_module(module, move |context: NativeCallContext<'_>, holds: bool| placed(&context, that(&at, holds, "it does not hold")));
    let at = Rc::clone(kit);
    FuncRegistration::new("that").set_into_module(module, move |context: NativeCallContext<'_>, holds: bool, text: ImmutableString| {
        placed(&context, that(&at, holds, &text))
    });
    let at = Rc::clone(kit);
    FuncRegistration::new("fails").set_into_module(module, move |context: NativeCallContext<'_>, function: FnPtr| {
        placed(&context, fails(&at, &context, &function, ""))
    });
    let at = Rc::clone(kit);
    FuncRegistration::new("fails").set_into_module(
        module,
        move |context: NativeCallContext<'_>, function: FnPtr, part: ImmutableString| {
            placed(&context, fails(&at, &context, &function, &part))
        },
    );
}

/// Adds `time`, `number` and `bytes`: values of which Rhai has no literals.
pub(super) fn register_values(module: &mut Module) {
    FuncRegistration::new("time").set_into_module(module, |context: NativeCallContext<'_>, text: &str| -> Raised<Time> {
        let time =
            text.parse().map(Time).map_err(|_| format!("`{}` is no time such as \"2026-01-01T00:00:00Z\"", shorten(text, LONGEST)).into());
        placed(&context, time)
    });
    FuncRegistration::new("number").set_into_module(module, |context: NativeCallContext<'_>, text: &str| -> Raised<Dynamic> {
        let number = match json::read(text) {
            Ok(number @ (Datum::Int(_) | Datum::Float(_) | Datum::Number(_))) => Ok(number),
            _ => Err(format!("`{}` is no number", shorten(text, LONGEST)).into()),
        };
        placed(&context, number).map(|number| match number {
            Datum::Number(text) => Dynamic::from(Number(text)),
            number => to_rhai(&number),
        })
    });
    FuncRegistration::new("bytes").set_into_module(module, |context: NativeCallContext<'_>, text: &str| -> Raised<Blob> {
        placed(&context, STANDARD.decode(text).map_err(|error| format!("this is no base64: {error}").into()))
    });
}

/// Adds `same`, which claims nothing.
pub(super) fn register_same(module: &mut Module) {
    FuncRegistration::new("same").set_into_module(module, |context: NativeCallContext<'_>, a: Dynamic, b: Dynamic| {
        placed(&context, datum(a).and_then(|a| Ok(a == datum(b)?)))
    });
}

fn checked(kit: &Kit) {
    kit.checks.set(kit.checks.get() + 1);
}

fn datum(value: Dynamic) -> Raised<Datum> {
    from_rhai(value).map_err(|error| error.to_string().into())
}

fn that(kit: &Kit, holds: bool, text: &str) -> Raised<()> {
    checked(kit);
    if holds { Ok(()) } else { Err(text.into()) }
}

fn equal(kit: &Kit, got: Dynamic, wanted: Dynamic) -> Raised<()> {
    checked(kit);
    match kit.grounds.differences(&datum(got)?, &datum(wanted)?) {
        None => Ok(()),
        Some(lines) => Err(format!("not equal:\n{lines}").into()),
    }
}

/// A text within a text, a value within an array, keys and their values within a map.
fn contains(kit: &Kit, got: Dynamic, wanted: Dynamic) -> Raised<()> {
    checked(kit);
    let (got, wanted) = (datum(got)?, datum(wanted)?);
    let (got, wanted) = (got.opened(), wanted.opened());
    let missing = match (&*got, &*wanted) {
        (Datum::Str(text), Datum::Str(part)) => !text.contains(part.as_str()),
        (Datum::List(list), part) => !list.iter().any(|one| holds(one, part)),
        (Datum::Map(_), Datum::Map(_)) => !holds(&got, &wanted),
        (got, wanted) => {
            let text = format!(
                "`contains` looks into a text for a text, into an array for a value, into a map for a map; not into a `{}` for a `{}`",
                got.kind(),
                wanted.kind()
            );
            return Err(text.into());
        }
    };
    if missing {
        return Err(format!("`{}` is not contained in\n  {}", short(&wanted), short(&got)).into());
    }
    Ok(())
}

/// Whether a value is the part, or a map that has all of it.
fn holds(value: &Datum, part: &Datum) -> bool {
    match (&*value.opened(), &*part.opened()) {
        (Datum::Map(map), Datum::Map(part)) => {
            part.iter().all(|(key, wanted)| map.by_name(key.as_str()).is_some_and(|value| holds(value, wanted)))
        }
        (value, part) => value == part,
    }
}

/// That it raises an error, in which that part stands. A function that is not there is a slip of the test, not what was meant.
fn fails(kit: &Kit, context: &NativeCallContext<'_>, function: &FnPtr, part: &str) -> Raised<ImmutableString> {
    checked(kit);
    let Err(error) = function.call_within_context::<Dynamic>(context, ()) else {
        return Err("it does not fail".into());
    };
    let is_slip = matches!(
        error.unwrap_inner(),
        EvalAltResult::ErrorFunctionNotFound(..) | EvalAltResult::ErrorVariableNotFound(..) | EvalAltResult::ErrorTerminated(..)
    );
    if is_slip {
        return Err(error);
    }
    let host = kit.host();
    let text = host.report(error, Rc::clone(&host.main)).text;
    if text.contains(part) {
        return Ok(text.into());
    }
    Err(format!("it fails, but `{}` does not stand in\n  {text}", shorten(part, LONGEST)).into())
}

fn short(datum: &Datum) -> String {
    shorten(&json::to_string(datum), LONGEST)
}
