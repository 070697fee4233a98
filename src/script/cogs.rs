//! Cogs written in the script: a function or closure, and a map with `run` that keeps state in its fields.

use std::any::Any;
use std::rc::Rc;

use rhai::{Dynamic, FnPtr, Map as RhaiMap};

use super::callback::ScriptFn;
use super::convert::{from_rhai, from_rhai_like, is_too_deep, to_rhai};
use super::host::Host;
use super::lower::{Lowered, Outcome, made};
use crate::cog::{Batch, Cog, CogSpec, Ctx, Given, Kind, Notice, Param, Turned, Ty};
use crate::datum::Datum;
use crate::error::{Error, Result};

/// `cog(x)`: a function, a closure, or a map with `run`.
pub static SPEC: CogSpec = CogSpec {
    family: "movement",
    name: "cog",
    kind: Kind::Convert,
    about: "Makes a cog of a function, of a closure, or of a map with `run` that keeps its state in its fields.",
    params: &[Param::new("callable", Ty::Any).about(
        "`|d| …` is given the datum and gives none (`()`, `[]`), several (an array) or one; `|| …` changes it as `this`; `#{run: |d| …, finish: || …}` has state as `this`",
    )],
    first: Some("callable"),
    global: true,
    examples: &[
        crate::cog::Example {
            what: "changed in place",
            make: r"cog(|| { this.big = this.size > 1000; })",
            input: r#"{"size": 2000}"#,
            output: &[r#"{"size": 2000, "big": true}"#],
        },
        crate::cog::Example { what: "dropped", make: r"cog(|d| if d.size > 1000 { d } else { () })", input: r#"{"size": 2}"#, output: &[] },
        crate::cog::Example {
            what: "with state",
            make: r"cog(#{n: 0, run: |d| { this.n += 1; d.n = this.n; d }})",
            input: r#"{"a": "x"}"#,
            output: &[r#"{"a": "x", "n": 1}"#],
        },
    ],
    build: |args| match args.given("callable") {
        Some(Given::Callback(callback)) => callback.cog(),
        Some(Given::Datum(_) | Given::Map(_) | Given::List(_)) => Err(Error::Option {
            option: "callable".into(),
            text: "takes a function, a closure, or a map with `run`".into(),
            hint: Some("`cog(|d| …)`, `cog(#{n: 0, run: |d| …})`".into()),
        }),
        _ => Err(Error::option("callable", "takes a function, a closure, or a map with `run`")),
    },
};

/// A function or closure as a cog.
pub struct ScriptCog {
    function: ScriptFn,
    lowered: Option<Lowered>,
    /// It changes the datum as `this`.
    takes_this: bool,
}

impl ScriptCog {
    /// The cog of that callable.
    pub fn new(function: ScriptFn) -> Self {
        let lowered = function.lowered(function.takes_this());
        Self { takes_this: function.takes_this(), function, lowered }
    }

    /// Makes of a datum what is to go on.
    #[allow(clippy::inline_always, reason = "it is the whole of what is done with a batch")]
    #[inline(always)]
    fn make_one(&self, datum: &mut Datum) -> Result<Turned> {
        let short = self.lowered.as_ref().is_some_and(|lowered| lowered.change_by_short(datum, self.takes_this));
        if short { Ok(Turned::Kept) } else { self.make(datum) }
    }

    #[inline(never)]
    fn make(&self, datum: &mut Datum) -> Result<Turned> {
        if let Some(lowered) = &self.lowered
            && let Some(turned) = Self::native(lowered, &self.function, datum)
        {
            return turned;
        }
        if !self.function.takes_this() {
            let result = self.function.call([to_rhai(datum)])?;
            return turned(result, Some(datum));
        }
        let result = self.function.change_and_give(datum)?;
        if result.is_unit() {
            Ok(Turned::Kept)
        } else if result.is_array() {
            turned(result, Some(datum))
        } else {
            Err(self.function.wrong_result(
                "nothing or an array, as it changes `this`",
                &result,
                "end its last statement with `;`, or take the datum as parameter: `|d| …`",
            ))
        }
    }

    /// The same by native code. None when the interpreter must do it.
    #[inline]
    fn native(lowered: &Lowered, function: &ScriptFn, datum: &mut Datum) -> Option<Result<Turned>> {
        let value = if function.takes_this() {
            match function.said(lowered.change(datum, None, |result| function.accepts(result))?) {
                Datum::Unit => return Some(Ok(Turned::Kept)),
                list => list,
            }
        } else {
            match lowered.give(datum, None)? {
                // A result that is the datum is still a result: nothing is none, a list is several.
                Outcome::Itself if datum.kind() == "array" => datum.clone(),
                Outcome::Itself if *datum != Datum::Unit => return Some(Ok(Turned::Kept)),
                Outcome::Settled(value) => {
                    *datum = value;
                    return Some(Ok(Turned::Kept));
                }
                Outcome::Itself | Outcome::Value(Datum::Unit) => return Some(Ok(Turned::Swallowed)),
                Outcome::Value(value) => value,
            }
        };
        if value.kind() != "array" {
            return Some(made(value, datum).map(|made| {
                *datum = made;
                Turned::Kept
            }));
        }
        // All are settled before the first is sent: a datum that cannot travel fails the whole.
        let list = value.opened().into_owned();
        let list = if let Datum::List(list) = list { list } else { Vec::new() };
        Some(list.into_iter().map(|one| made(one, datum)).collect::<Result<_>>().map(Turned::Into))
    }
}

impl Cog for ScriptCog {
    fn turn(&mut self, ctx: &mut Ctx<'_>, mut datum: Datum) -> Result<()> {
        match self.make(&mut datum)? {
            Turned::Kept => ctx.emit(datum),
            Turned::Swallowed => {}
            Turned::Into(data) => data.into_iter().for_each(|datum| ctx.emit(datum)),
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, |datum| self.make_one(datum))
    }
}

/// `()` and `[]` are none, an array these data, anything else one datum.
fn turned(result: Dynamic, original: Option<&Datum>) -> Result<Turned> {
    let result = result.flatten();
    if result.is_unit() {
        return Ok(Turned::Swallowed);
    }
    if result.is_array() {
        // All are converted before the first is sent: a datum that cannot travel fails the whole.
        let data = result.cast::<rhai::Array>().into_iter().map(|one| convert(one, original)).collect::<Result<Vec<_>>>()?;
        return Ok(Turned::Into(data));
    }
    Ok(Turned::Into(vec![convert(result, original)?]))
}

/// Sends what a result means.
fn emit_result(ctx: &mut Ctx<'_>, result: Dynamic, original: Option<&Datum>) -> Result<()> {
    if let Turned::Into(data) = turned(result, original)? {
        for datum in data {
            ctx.emit(datum);
        }
    }
    Ok(())
}

fn convert(value: Dynamic, original: Option<&Datum>) -> Result<Datum> {
    match original {
        Some(original) => from_rhai_like(value, original),
        None => from_rhai(value),
    }
}

/// A map with `run` as a cog.
pub struct StateCog {
    host: Rc<Host>,
    state: Dynamic,
    /// The state at the beginning.
    fresh: RhaiMap,
    turns: u64,
    run: ScriptFn,
    methods: Vec<(String, ScriptFn)>,
    /// Its state lives on in another one: this one has no end of its own.
    handed_over: bool,
}

/// How often a state is looked at for being nested ever deeper.
const LOOK: u64 = 256;

impl StateCog {
    /// The cog of that map.
    ///
    /// # Errors
    /// When it has no `run`, or one that cannot take a datum.
    pub fn new(host: &Rc<Host>, fields: RhaiMap) -> Result<Self> {
        let mut methods: Vec<(String, ScriptFn)> = Vec::new();
        for (name, value) in &fields {
            if let Some(function) = value.clone().flatten().try_cast::<FnPtr>() {
                methods.push((name.to_string(), ScriptFn::new(host, function)));
            }
        }
        let Some(place) = methods.iter().position(|(name, _)| name == "run") else {
            return Err(Error::Option {
                option: "callable".into(),
                text: "the map has no `run`".into(),
                hint: Some("a cog with state is `#{n: 0, run: |d| { this.n += 1; d }}`".into()),
            });
        };
        let run = methods.remove(place).1;
        if !matches!(run.arity(), None | Some(1)) {
            return Err(Error::Option {
                option: "callable".into(),
                text: format!("`run` takes the datum as its one parameter, but `{}` has {}", run.shown(), run.arity().unwrap_or(0)),
                hint: Some("`run: |d| …`; `this` is the map".into()),
            });
        }
        for method in std::iter::once(&run).chain(methods.iter().map(|(_, method)| method)) {
            method.keep_back("a state in `this`");
        }
        Ok(Self {
            host: Rc::clone(host),
            state: Dynamic::from_map(fields.clone()),
            fresh: fields,
            turns: 0,
            run,
            methods,
            handed_over: false,
        })
    }

    fn method(&self, name: &str) -> Option<ScriptFn> {
        self.methods.iter().find(|(known, _)| known == name).map(|(_, method)| method.clone())
    }
}

impl Cog for StateCog {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let (run, state) = (&self.run, &mut self.state);
        let result = self.host.stage.perform(ctx, true, || run.call_on(state, [to_rhai(&datum)]));
        self.turns += 1;
        if self.turns.is_multiple_of(LOOK) && is_too_deep(&self.state) {
            self.state = Dynamic::from_map(self.fresh.clone());
            return Err(Error::Other(format!("the state of `{}` is nested without end; it begins anew", self.run.shown())));
        }
        emit_result(ctx, result?, Some(&datum))
    }

    fn hears(&self, name: &str) -> bool {
        !matches!(name, "finish" | "done") && self.method(name).is_some()
    }

    fn notice(&mut self, ctx: &mut Ctx<'_>, notice: &Notice) -> Result<()> {
        let Some(method) = self.method(&notice.name) else { return Ok(()) };
        let arg = |place: usize| notice.args.get(place).map_or(Dynamic::UNIT, to_rhai);
        let state = &mut self.state;
        let result = self.host.stage.perform(ctx, false, || match method.arity() {
            Some(0) => method.call_on(state, []),
            Some(2) => method.call_on(state, [arg(0), arg(1)]),
            Some(3) => method.call_on(state, [arg(0), arg(1), arg(2)]),
            _ => method.call_on(state, [arg(0)]),
        })?;
        emit_result(ctx, result, None)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.handed_over {
            return Ok(());
        }
        let Some(method) = self.method("finish") else { return Ok(()) };
        let state = &mut self.state;
        let result = self.host.stage.perform(ctx, false, || method.call_on(state, []))?;
        emit_result(ctx, result, None)
    }

    /// Its fields, but for the functions.
    fn hand_over(&mut self) -> Option<Box<dyn Any>> {
        let state = self.state.write_lock::<RhaiMap>().map(|mut state| std::mem::take(&mut *state))?;
        // What is called at its end finds the state as it was at the beginning.
        self.state = Dynamic::from_map(self.fresh.clone());
        self.handed_over = true;
        Some(Box::new(state))
    }

    /// Fields that it has too, and that are no functions in either.
    fn take_over(&mut self, state: Box<dyn Any>) {
        let Ok(old) = state.downcast::<RhaiMap>() else { return };
        if let Some(mut state) = self.state.write_lock::<RhaiMap>() {
            for (name, value) in *old {
                if let Some(field) = state.get_mut(&name)
                    && !field.is_fnptr()
                    && !value.is_fnptr()
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
            crate::log::error(format_args!("{}: done: {error}", self.run.shown()));
        }
    }
}
