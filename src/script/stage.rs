//! What a cog with state may ask of the train while one of its methods runs: `train.hold`, `train.emit`, `train.notify`, `train.stop`.
//!
//! Rhai's functions know no context of a call, so that what they ask for is noted on the stage and done when the method is over.
//! A method that raises has asked for nothing, but for its holds: these are the script's to keep.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{Array, Dynamic, EvalAltResult, FuncRegistration, Module};

use super::convert::from_rhai;
use super::winding::{Desk, TrainHandle};
use crate::cog::{Ctx, Hold, Holder};
use crate::datum::Datum;
use crate::error::{Error, Result};

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// What is asked for while a method runs.
#[derive(Default)]
struct Asked {
    /// What is given, to be held; none where nothing is.
    holder: Option<Holder>,
    held: bool,
    emitted: Vec<(Datum, Vec<HoldValue>)>,
    notices: Vec<(String, Vec<Datum>)>,
    stop: Option<i32>,
    /// Nothing of it will be done.
    rehearsal: bool,
}

/// What a method asked for that ran apart from the train.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// Whether it held what it was given.
    pub held: bool,
    /// What it emitted.
    pub emitted: Vec<Datum>,
    /// The names of what it notified.
    pub notices: Vec<String>,
}

/// The place where a method that runs leaves its wishes; empty while none does.
#[derive(Default)]
pub(super) struct Stage {
    asked: RefCell<Option<Asked>>,
}

/// A part of an event that a script keeps. Copies of it are one part.
#[derive(Clone)]
pub(super) struct HoldValue(Rc<RefCell<Option<Hold>>>);

impl Stage {
    /// Runs a method of a cog, and does what it asked for where it did not fail. `holds`: whether a datum is given, which may be held.
    pub(super) fn perform(&self, ctx: &mut Ctx<'_>, holds: bool, method: impl FnOnce() -> Result<Dynamic>) -> Result<Dynamic> {
        let around = self.asked.replace(Some(Asked { holder: holds.then(|| ctx.holder()), ..Asked::default() }));
        let result = method();
        let asked = self.asked.replace(around).unwrap_or_default();
        if asked.held {
            ctx.has_held();
        }
        let result = result?;
        for (datum, holds) in asked.emitted {
            if holds.is_empty() {
                ctx.emit(datum);
                continue;
            }
            let holds: Vec<Hold> = holds.iter().filter_map(|hold| hold.0.take()).collect();
            if holds.is_empty() {
                return Err(Error::Other("`train.emit` was given holds that were all used before".into()));
            }
            ctx.emit_joined(holds, datum);
        }
        for (name, args) in asked.notices {
            ctx.notify(&name, args);
        }
        if let Some(status) = asked.stop {
            ctx.stop(status);
        }
        Ok(result)
    }

    /// Runs a method of a cog apart from the train: what it asks for is told, and not done.
    pub(super) fn rehearse<T>(&self, method: impl FnOnce() -> T) -> (T, Wishes) {
        let around = self.asked.replace(Some(Asked { rehearsal: true, ..Asked::default() }));
        let result = method();
        let asked = self.asked.replace(around).unwrap_or_default();
        let emitted = asked.emitted.into_iter().map(|(datum, _)| datum).collect();
        (result, Wishes { held: asked.held, emitted, notices: asked.notices.into_iter().map(|(name, _)| name).collect() })
    }

    fn ask<T>(&self, what: &str, f: impl FnOnce(&mut Asked) -> Raised<T>) -> Raised<T> {
        match &mut *self.asked.borrow_mut() {
            Some(asked) => f(asked),
            None => {
                Err(format!("`train.{what}` works in the methods of a cog with state, `#{{ run: |d| … }}`, while the train runs").into())
            }
        }
    }
}

fn data(value: Dynamic) -> Raised<Datum> {
    from_rhai(value).map_err(|error| error.to_string().into())
}

/// Adds what scripts call.
pub(super) fn register(desk: &Desk, global: &mut Module) {
    let add = |name: &'static str| FuncRegistration::new(name).in_global_namespace();
    let at = desk.clone();
    add("hold").set_into_module(global, move |_: TrainHandle| -> Raised<HoldValue> {
        at.host().stage.ask("hold", |asked| {
            if asked.holder.is_none() && !asked.rehearsal {
                return Err("`train.hold` keeps the datum that `run` is given; nothing is given here".into());
            }
            asked.held = true;
            Ok(HoldValue(Rc::new(RefCell::new(asked.holder.as_ref().map(Holder::hold)))))
        })
    });
    add("release").set_into_module(global, |hold: HoldValue| {
        if let Some(hold) = hold.0.take() {
            hold.settle(crate::cog::Outcome::Filtered);
        }
    });
    let at = desk.clone();
    add("emit").set_into_module(global, move |_: TrainHandle, datum: Dynamic| -> Raised<()> {
        let datum = data(datum)?;
        at.host().stage.ask("emit", |asked| {
            asked.emitted.push((datum, Vec::new()));
            Ok(())
        })
    });
    let at = desk.clone();
    add("emit").set_into_module(global, move |_: TrainHandle, datum: Dynamic, holds: Dynamic| -> Raised<()> {
        let datum = data(datum)?;
        let holds = if holds.is_array() { holds.cast::<Array>() } else { vec![holds] };
        let holds = holds.into_iter().map(Dynamic::try_cast::<HoldValue>).collect::<Option<Vec<_>>>();
        let holds =
            holds.filter(|holds| !holds.is_empty()).ok_or("`train.emit(data, holds)` takes what `train.hold` gave, one or an array")?;
        at.host().stage.ask("emit", |asked| {
            asked.emitted.push((datum, holds));
            Ok(())
        })
    });
    macro_rules! notify {
        ($($arg:ident)*) => {
            let at = desk.clone();
            add("notify").set_into_module(global, move |_: TrainHandle, name: &str, $($arg: Dynamic),*| -> Raised<()> {
                let args = vec![$(data($arg)?),*];
                at.host().stage.ask("notify", |asked| {
                    asked.notices.push((name.to_owned(), args));
                    Ok(())
                })
            });
        };
    }
    notify!();
    notify!(a);
    notify!(a b);
    notify!(a b c);
    let at = desk.clone();
    add("stop").set_into_module(global, move |_: TrainHandle| -> Raised<()> {
        at.host().stage.ask("stop", |asked| {
            asked.stop = Some(0);
            Ok(())
        })
    });
}
