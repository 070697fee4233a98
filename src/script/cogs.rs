//! Cogs written in the script: the entry in the table, and those that are a function or closure.

use rhai::Dynamic;

use super::callback::ScriptFn;
use super::convert::{from_rhai, from_rhai_like, to_rhai};
use super::lower::{Lowered, Outcome, made};
use crate::cog::{Batch, COMMON_SUPPLY, Cog, CogSpec, Ctx, Given, Kind, Page, Param, Turned, Ty};
use crate::datum::Datum;
use crate::error::{Error, Result};

/// `cog(x)`: a function, a closure, or a map with `run` or `wind`.
pub static SPEC: CogSpec = CogSpec {
    family: "movement",
    name: "cog",
    kind: Kind::Convert,
    about: "Makes a cog of a function, of a closure, or of a map of functions that keeps its state in its fields.",
    page: Page {
        takes: "any datum, which the function is given; none where a map has `wind` and no `run`",
        gives: "nothing for () and [], each element of an array, else the one value; `train.emit` gives more, later",
        fails: "a datum for which the function throws; the error has its place in the script",
        ..Page::OF_KIND
    },
    params: &[Param::new("callable", Ty::Callable).about(
        "`|d| …` is given the datum and gives none (`()`, `[]`), several (an array) or one; `|| …` changes it as `this`; `#{run: |d| …, finish: || …}` has state as `this`; with `wind: || …` it may wait for something, and be a supply",
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
        Some(Given::Callback(callback)) => {
            let odd = COMMON_SUPPLY.iter().find(|param| !callback.keeps_state() && args.is_given(param.name));
            match odd {
                Some(odd) => Err(Error::option(odd.name, "is for what begins events: a map with `wind`")),
                None => callback.cog(),
            }
        }
        Some(Given::Datum(_) | Given::Map(_) | Given::List(_)) => Err(Error::Option {
            option: "callable".into(),
            text: "takes a function, a closure, or a map with `run` or `wind`".into(),
            hint: Some("`cog(|d| …)`, `cog(#{n: 0, run: |d| …})`".into()),
        }),
        _ => Err(Error::option("callable", "takes a function, a closure, or a map with `run` or `wind`")),
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
            Turned::Branch(branch) => ctx.emit_to(branch, datum),
            Turned::Into(data) => data.into_iter().for_each(|datum| ctx.emit(datum)),
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each_in_place(ctx, |datum| self.make_one(datum))
    }
}

/// `()` and `[]` are none, an array these data, anything else one datum.
pub(super) fn turned(result: Dynamic, original: Option<&Datum>) -> Result<Turned> {
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

fn convert(value: Dynamic, original: Option<&Datum>) -> Result<Datum> {
    match original {
        Some(original) => from_rhai_like(value, original),
        None => from_rhai(value),
    }
}
