//! What a cog with state may ask of the train while one of its methods runs: `train.hold`, `train.emit`, `train.notify`, `train.stop`,
//! and what `train.esc` offers.
//!
//! Rhai's functions know no context of a call, so that what they ask for is noted on the stage and done when the method is over.
//! A method that raises has sent nothing; its holds and what it has bound stay, as these are the script's to keep. `esc` is what
//! scripts call to wait for something, `event` what that may be, `waits` what a cog has bound and what came of it, `fds` reads and writes
//! descriptors, `request` asks servers.

mod borrowed;
mod esc;
mod event;
mod fds;
#[cfg(feature = "http")]
mod request;
mod signals;
mod waits;
mod words;

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::time::SystemTime;

use jiff::Timestamp;
use rhai::{Array, Dynamic, EvalAltResult, FuncRegistration, Module};

pub(super) use esc::{EscHandle, Handle};
pub(super) use event::News;
pub(super) use waits::Waits;

use super::convert::from_rhai;
use super::winding::{Desk, TrainHandle};
use crate::cog::{Ctx, Hold, Holder};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::Clock;

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// What is asked for while a method runs.
#[derive(Default)]
struct Asked {
    /// What is given, to be held; none where nothing is.
    holder: Option<Holder>,
    held: bool,
    /// What it sends without holds are new events.
    begins: bool,
    emitted: Vec<(Datum, Vec<HoldValue>)>,
    notices: Vec<(String, Vec<Datum>)>,
    stop: Option<i32>,
    /// Nothing of it will be done.
    rehearsal: bool,
    /// What the cog waits for, which is lent for the time of the call.
    waits: Option<Box<Waits>>,
    /// The functions of `train.esc` that were called in a rehearsal.
    sought: Vec<&'static str>,
}

impl Asked {
    /// How many events it has begun.
    fn begun(&self) -> usize {
        self.emitted.iter().filter(|(_, holds)| holds.is_empty()).count()
    }
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
    /// The functions of `train.esc` that it called.
    pub sought: Vec<&'static str>,
}

/// What a method is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// A datum, of which all is made that it sends.
    Datum,
    /// The end, or a broadcast: what it sends belongs to no event.
    Aside,
    /// Something that it waited for: what it sends without holds are new events.
    Event,
}

/// The place where a method that runs leaves its wishes; empty while none does.
#[derive(Default)]
pub(super) struct Stage {
    asked: RefCell<Option<Asked>>,
    /// The train's clock, once one of the cogs that are called here was wound.
    clock: OnceCell<Clock>,
    /// Whether inotify works here, once somebody asked.
    inotify: OnceCell<bool>,
}

/// Puts back what stood on the stage before, also when a method panics.
struct Curtain<'a> {
    stage: &'a Stage,
    around: Option<Asked>,
}

impl Drop for Curtain<'_> {
    fn drop(&mut self) {
        self.stage.asked.replace(self.around.take());
    }
}

/// A part of an event that a script keeps. Copies of it are one part.
#[derive(Clone)]
pub(super) struct HoldValue(Rc<RefCell<Option<Hold>>>);

impl Stage {
    /// Runs a method of a cog, and does what it asked for where it did not fail. `waits`: what the cog waits for.
    pub(super) fn perform(
        &self,
        ctx: &mut Ctx<'_>,
        waits: &mut Option<Box<Waits>>,
        calls: Calls,
        method: impl FnOnce() -> Result<Dynamic>,
    ) -> Result<Dynamic> {
        let holder = (calls == Calls::Datum).then(|| ctx.holder());
        let begins = calls == Calls::Event;
        if let Some(waits) = waits.as_mut().filter(|_| begins) {
            waits.prepare(ctx);
        }
        let (result, asked) = self.play(Asked { holder, begins, waits: waits.take(), ..Asked::default() }, method);
        *waits = asked.waits;
        if asked.held {
            ctx.has_held();
        }
        if let Some(waits) = waits {
            waits.settle(ctx);
        }
        let result = result?;
        for (datum, holds) in asked.emitted {
            if holds.is_empty() {
                send(ctx, waits, calls, datum);
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
        let (result, asked) = self.play(Asked { rehearsal: true, ..Asked::default() }, method);
        let emitted = asked.emitted.into_iter().map(|(datum, _)| datum).collect();
        let notices = asked.notices.into_iter().map(|(name, _)| name).collect();
        (result, Wishes { held: asked.held, emitted, notices, sought: asked.sought })
    }

    fn play<T>(&self, asked: Asked, method: impl FnOnce() -> T) -> (T, Asked) {
        let mut curtain = Curtain { stage: self, around: self.asked.replace(Some(asked)) };
        let result = method();
        let asked = self.asked.replace(curtain.around.take()).unwrap_or_default();
        std::mem::forget(curtain);
        (result, asked)
    }

    /// Tells of the clock that `train.esc.time` reads.
    pub(super) fn set_clock(&self, clock: Clock) {
        let _ = self.clock.set(clock);
    }

    /// What time it is by that clock, or the system's where none is known yet.
    pub(super) fn time(&self) -> Raised<Timestamp> {
        let wall = self.clock.get().map_or_else(SystemTime::now, Clock::wall);
        Ok(Timestamp::try_from(wall).map_err(|error| error.to_string())?)
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

/// Sends what belongs to no held event.
pub(super) fn send(ctx: &mut Ctx<'_>, waits: &mut Option<Box<Waits>>, calls: Calls, datum: Datum) {
    match waits {
        Some(waits) if calls == Calls::Event => waits.send(ctx, datum),
        _ => ctx.emit(datum),
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
    let at = desk.clone();
    add("room").set_into_module(global, move |_: TrainHandle| -> Raised<i64> {
        at.host().stage.ask("room", |asked| {
            let sent = asked.begun();
            match &mut asked.waits {
                _ if asked.rehearsal => Ok(i64::MAX),
                Some(waits) if asked.begins => Ok(waits.room(sent) as i64),
                _ => Err("`train.room` is for who begins events: in `wind`, and in what `train.esc` calls".into()),
            }
        })
    });
    let at = desk.clone();
    add("next_id").set_into_module(global, move |_: TrainHandle| -> Raised<String> {
        at.host().stage.ask("next_id", |asked| {
            let sent = asked.begun();
            match &asked.waits {
                _ if asked.rehearsal => Ok(String::new()),
                Some(waits) if asked.begins => Ok(waits.next_id(sent)),
                _ => Err("`train.next_id` is for who begins events: in `wind`, and in what `train.esc` calls".into()),
            }
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
    esc::register(desk, global);
}
