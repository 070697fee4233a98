//! A map of the script as a cog: its fields are the state, its functions the methods.
//!
//! `run` is given data; `wind` is called once before anything moves, and `train.esc` calls back what it bound there: a cog that nothing
//! feeds is a supply by that. `room` is told of room after there was none, `busy` says whether there is still something to wait for at the
//! end. All other functions hear broadcasts of their name.

use std::any::Any;
use std::rc::Rc;

use rhai::{Array, Dynamic, FnPtr, Map as RhaiMap};

use super::callback::ScriptFn;
use super::cogs::turned;
use super::convert::{is_too_deep, to_rhai};
use super::host::Host;
use super::stage::{self, Calls, EscHandle, Handle, Waits};
use super::winding::TrainHandle;
use crate::cog::{Cog, Ctx, Notice, Turned};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::Wake;

/// How often a state is looked at for being nested ever deeper.
const LOOK: u64 = 256;
/// Methods that are no answers to broadcasts.
const OWN: [&str; 5] = ["busy", "done", "finish", "room", "wind"];

/// A map with `run` or `wind` as a cog.
pub(super) struct StateCog {
    host: Rc<Host>,
    state: Dynamic,
    /// The state at the beginning.
    fresh: RhaiMap,
    turns: u64,
    run: Option<ScriptFn>,
    methods: Rc<[(String, ScriptFn)]>,
    /// What it waits for; away while a method runs.
    waits: Option<Box<Waits>>,
    /// It said at its end that there is something left to wait for.
    busy: bool,
    /// Its end has begun.
    finishes: bool,
    /// Its state lives on in another one: this one has no end of its own.
    handed_over: bool,
}

impl StateCog {
    /// The cog of that map.
    ///
    /// # Errors
    /// When it has neither `run` nor `wind`, or one that takes what it is not given.
    pub(super) fn new(host: &Rc<Host>, mut fields: RhaiMap) -> Result<Self> {
        fields.values_mut().for_each(unshare);
        let mut methods: Vec<(String, ScriptFn)> = Vec::new();
        for (name, value) in &fields {
            if let Some(function) = value.clone().flatten().try_cast::<FnPtr>() {
                methods.push((name.to_string(), ScriptFn::new(host, function)));
            }
        }
        let run = methods.iter().position(|(name, _)| name == "run").map(|place| methods.remove(place).1);
        if run.is_none() && !methods.iter().any(|(name, _)| name == "wind") {
            return Err(Error::Option {
                option: "callable".into(),
                text: "the map has neither `run` nor `wind`".into(),
                hint: Some("a cog with state is `#{n: 0, run: |d| { this.n += 1; d }}`".into()),
            });
        }
        if let Some(run) = &run
            && !matches!(run.arity(), None | Some(1))
        {
            return Err(Error::Option {
                option: "callable".into(),
                text: format!("`run` takes the datum as its one parameter, but `{}` has {}", run.shown(), run.arity().unwrap_or(0)),
                hint: Some("`run: |d| …`; `this` is the map".into()),
            });
        }
        if let Some((name, method)) = methods.iter().find(|(name, method)| takes_nothing(name) && !matches!(method.arity(), None | Some(0)))
        {
            return Err(Error::Option {
                option: "callable".into(),
                text: format!("`{name}` takes nothing, but `{}` has {} parameters", method.shown(), method.arity().unwrap_or(0)),
                hint: Some(format!("`{name}: || …`; `this` is the map")),
            });
        }
        for method in run.iter().chain(methods.iter().map(|(_, method)| method)) {
            method.keep_back("a state in `this`");
        }
        let methods: Rc<[_]> = methods.into();
        Ok(Self {
            host: Rc::clone(host),
            state: Dynamic::from_map(fields.clone()),
            fresh: fields,
            turns: 0,
            run,
            waits: Some(Box::new(Waits::new(&methods))),
            methods,
            busy: false,
            finishes: false,
            handed_over: false,
        })
    }

    fn method(&self, name: &str) -> Option<ScriptFn> {
        self.methods.iter().find(|(known, _)| known == name).map(|(_, method)| method.clone())
    }

    /// Calls one of its functions for an event.
    fn call(&mut self, ctx: &mut Ctx<'_>, method: &ScriptFn, args: Vec<Dynamic>) -> Result<Dynamic> {
        let state = &mut self.state;
        self.host.stage.perform(ctx, &mut self.waits, Calls::Event, || method.call_with(state, args))
    }

    /// As [`StateCog::call`], and sends what it gives.
    fn call_and_send(&mut self, ctx: &mut Ctx<'_>, method: &ScriptFn, args: Vec<Dynamic>) -> Result<()> {
        let result = self.call(ctx, method, args)?;
        self.send(ctx, Calls::Event, result)
    }

    fn send(&mut self, ctx: &mut Ctx<'_>, calls: Calls, result: Dynamic) -> Result<()> {
        if let Turned::Into(data) = turned(plain(result), None)? {
            for datum in data {
                stage::send(ctx, &mut self.waits, calls, datum);
            }
        }
        Ok(())
    }

    /// Calls what is bound to something that has come.
    fn answer(&mut self, ctx: &mut Ctx<'_>, handle: u64, news: &stage::News) -> Result<()> {
        let Some(mut due) = self.waits.as_mut().and_then(|waits| waits.due(ctx, handle, news)) else { return Ok(()) };
        let args = std::mem::take(&mut due.args);
        let result = self.call(ctx, &due.function, args);
        if let Some(waits) = &mut self.waits {
            waits.after(ctx, &due);
        }
        let result = result?;
        match result.as_bool() {
            Ok(pardons) if due.may_pardon => {
                if pardons {
                    ctx.pardon();
                }
                Ok(())
            }
            _ => self.send(ctx, Calls::Event, result),
        }
    }

    /// There is room again: what waited for it comes first.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let mut failed = None;
        let mut note = |ctx: &mut Ctx<'_>, done: Result<()>| {
            if let Err(error) = done
                && let Some(before) = failed.replace(error)
            {
                ctx.trouble(&before.to_string());
            }
        };
        let told = self.waits.as_mut().is_some_and(|waits| waits.go_on(ctx));
        while let Some((handle, news)) = self.waits.as_mut().and_then(|waits| waits.next_late()) {
            let done = self.answer(ctx, handle, &news);
            note(ctx, done);
        }
        if told && let Some(method) = self.method("room") {
            let done = self.call_and_send(ctx, &method, Vec::new());
            note(ctx, done);
        }
        failed.map_or(Ok(()), Err)
    }

    /// At its end: whether it still waits for something. What is bound stays so long.
    fn look_busy(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let asked = match self.method("busy") {
            Some(method) if !self.handed_over => self.call(ctx, &method, Vec::new()).map(|answer| answer.as_bool().unwrap_or(false)),
            _ => Ok(false),
        };
        self.busy = *asked.as_ref().unwrap_or(&false);
        if !self.busy
            && let Some(waits) = &mut self.waits
        {
            waits.unbind_all(ctx);
        }
        asked.map(|_| ())
    }
}

/// What a method has captured of the train is a copy of its own: Rhai gives to no method of a shared value something that has captured the
/// same, as `this.beat` would in `train.esc.enqueue(this.beat)`.
fn unshare(method: &mut Dynamic) {
    if let Some(mut function) = method.write_lock::<FnPtr>() {
        for captured in function.iter_curry_mut() {
            if captured.read_lock::<TrainHandle>().is_some() || captured.read_lock::<EscHandle>().is_some() {
                *captured = captured.flatten_clone();
            }
        }
    }
}

/// Whether a method is called without arguments.
fn takes_nothing(name: &str) -> bool {
    OWN.contains(&name)
}

/// A handle that a method gives as its last value is no datum.
fn plain(result: Dynamic) -> Dynamic {
    if result.read_lock::<Handle>().is_some() { Dynamic::UNIT } else { result }
}

/// Whether something bound stands in a value: it means nothing to another cog.
fn has_handle(value: &Dynamic) -> bool {
    value.read_lock::<Handle>().is_some()
        || value.read_lock::<Array>().is_some_and(|list| list.iter().any(has_handle))
        || value.read_lock::<RhaiMap>().is_some_and(|map| map.values().any(has_handle))
}

impl Cog for StateCog {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let Some(run) = &self.run else { return Err(Error::Other("it has no `run`, so that it takes no data".into())) };
        let state = &mut self.state;
        let result = self.host.stage.perform(ctx, &mut self.waits, Calls::Datum, || run.call_on(state, [to_rhai(&datum)]));
        self.turns += 1;
        if self.turns.is_multiple_of(LOOK) && is_too_deep(&self.state) {
            self.state = Dynamic::from_map(self.fresh.clone());
            return Err(Error::Other(format!("the state of `{}` is nested without end; it begins anew", run.shown())));
        }
        if let Turned::Into(data) = turned(result?, Some(&datum))? {
            for datum in data {
                ctx.emit(datum);
            }
        }
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.host.stage.set_clock(ctx.clock());
        let Some(method) = self.method("wind") else { return Ok(()) };
        self.call_and_send(ctx, &method, Vec::new())?;
        self.heed_room(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        let done = match wake {
            Wake::GiveUp => {
                self.busy = false;
                if let Some(waits) = &mut self.waits {
                    waits.unbind_all(ctx);
                }
                return Ok(());
            }
            Wake::Room => self.go_on(ctx),
            _ if ctx.token().is_some_and(|token| self.waits.as_mut().is_some_and(|waits| waits.is_nudge(token))) => self.go_on(ctx),
            wake => {
                let came = ctx.token().and_then(|token| self.waits.as_mut()?.came(token, wake));
                came.map_or(Ok(()), |(handle, news)| self.answer(ctx, handle, &news))
            }
        };
        if self.finishes { done.and(self.look_busy(ctx)) } else { done.and(self.heed_room(ctx)) }
    }

    fn hears(&self, name: &str) -> bool {
        !OWN.contains(&name) && self.methods.iter().any(|(known, _)| known == name)
    }

    fn notice(&mut self, ctx: &mut Ctx<'_>, notice: &Notice) -> Result<()> {
        let Some(method) = self.method(&notice.name) else { return Ok(()) };
        let arg = |place: usize| notice.args.get(place).map_or(Dynamic::UNIT, to_rhai);
        let (calls, state) = (self.aside(), &mut self.state);
        let result = self.host.stage.perform(ctx, &mut self.waits, calls, || match method.arity() {
            Some(0) => method.call_on(state, []),
            Some(2) => method.call_on(state, [arg(0), arg(1)]),
            Some(3) => method.call_on(state, [arg(0), arg(1), arg(2)]),
            _ => method.call_on(state, [arg(0)]),
        })?;
        self.send(ctx, calls, result)?;
        self.heed_room(ctx)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.finishes = true;
        if let Some(waits) = &mut self.waits {
            waits.close(ctx);
        }
        let done = match self.method("finish") {
            Some(method) if !self.handed_over => {
                let (calls, state) = (self.aside(), &mut self.state);
                let result = self.host.stage.perform(ctx, &mut self.waits, calls, || method.call_on(state, []));
                result.and_then(|result| self.send(ctx, calls, result))
            }
            _ => Ok(()),
        };
        done.and(self.look_busy(ctx))
    }

    fn busy(&self) -> bool {
        self.busy
    }

    /// Its fields, but for the functions.
    fn hand_over(&mut self) -> Option<Box<dyn Any>> {
        let state = self.state.write_lock::<RhaiMap>().map(|mut state| std::mem::take(&mut *state))?;
        // What is called at its end finds the state as it was at the beginning.
        self.state = Dynamic::from_map(self.fresh.clone());
        self.handed_over = true;
        Some(Box::new(state))
    }

    /// Fields that it has too, and that are neither functions nor something bound in either.
    fn take_over(&mut self, state: Box<dyn Any>) {
        let Ok(old) = state.downcast::<RhaiMap>() else { return };
        if let Some(mut state) = self.state.write_lock::<RhaiMap>() {
            for (name, value) in *old {
                if let Some(field) = state.get_mut(&name)
                    && !field.is_fnptr()
                    && !value.is_fnptr()
                    && !has_handle(field)
                    && !has_handle(&value)
                {
                    *field = value;
                }
            }
        }
    }

    fn done(&mut self) {
        if self.handed_over {
            return;
        }
        if let Some(method) = self.method("done")
            && let Err(error) = method.call_on(&mut self.state, [])
        {
            crate::log::error(format_args!("{}: done: {error}", method.shown()));
        }
    }
}

impl StateCog {
    fn heed_room(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.waits.as_mut().map_or(Ok(()), |waits| waits.heed_room(ctx))
    }

    /// What a call is that comes neither with a datum nor by `train.esc`: who winds itself begins events then, too.
    fn aside(&self) -> Calls {
        if self.methods.iter().any(|(name, _)| name == "wind") { Calls::Event } else { Calls::Aside }
    }
}

#[cfg(test)]
mod tests;
