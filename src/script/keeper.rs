//! Closures about a value that stays with the script from one call to the next: the context of a window.
//!
//! The value is a cog's to hold and the script's to look into, so it stays in the script's form: what a window has gathered is not
//! made anew for each datum. A closure that takes it as `this` changes it where it is; one that takes it as a parameter is given a
//! copy, so that it is still there when the closure raises.

use rhai::Dynamic;

use super::callback::ScriptFn;
use super::convert::{from_rhai, from_rhai_like, is_too_deep, to_rhai};
use crate::cog::{Keeper, Kept};
use crate::datum::Datum;
use crate::error::{Error, Result};

/// How often a value is looked at for being nested ever deeper.
const LOOK: u64 = 256;

/// A value, and how often it was changed.
struct Value {
    value: Dynamic,
    changes: u64,
}

impl Value {
    fn kept(value: Dynamic) -> Kept {
        Box::new(Self { value, changes: 0 })
    }

    /// The value in it: one that another program kept is none.
    fn of(kept: &mut Kept) -> Result<&mut Self> {
        kept.downcast_mut().ok_or_else(|| Error::Other("what is kept is no value of this script".into()))
    }

    fn changed(&mut self) -> Result<()> {
        self.changes += 1;
        if self.changes.is_multiple_of(LOOK) && is_too_deep(&self.value) {
            self.value = Dynamic::UNIT;
            return Err(Error::Other("what is kept is nested without end; it is () now".into()));
        }
        Ok(())
    }
}

impl Keeper for ScriptFn {
    fn make(&self, datum: &Datum) -> Result<Kept> {
        Ok(Value::kept(if self.takes_this() { self.call([])? } else { self.call([to_rhai(datum)])? }))
    }

    fn change(&self, kept: &mut Kept, datum: &Datum) -> Result<()> {
        let kept = Value::of(kept)?;
        match self.arity() {
            Some(0) => drop(self.call_on(&mut kept.value, [])?),
            Some(1) => drop(self.call_on(&mut kept.value, [to_rhai(datum)])?),
            _ => {
                let made = self.call([kept.value.clone(), to_rhai(datum)])?;
                if made.is_unit() {
                    let hint = "values are copied when passed: end it with the context, `|ctx, data| { ctx.n += 1; ctx }`, or change it as `this`: `|data| this.n += 1`";
                    return Err(self.wrong_result("the context", &made, hint));
                }
                kept.value = made;
            }
        }
        kept.changed()
    }

    fn test(&self, kept: &mut Kept) -> Result<bool> {
        let value = &mut Value::of(kept)?.value;
        let result = if self.takes_this() { self.call_on(value, [])? } else { self.call([value.clone()])? };
        result.as_bool().map_err(|_| self.wrong_result("true or false", &result, "compare: `this.n >= 100`, `ctx.len() >= 100`"))
    }

    fn give(&self, kept: &mut Kept, pieces: &[Datum], like: Option<&Datum>) -> Result<Datum> {
        let value = &mut Value::of(kept)?.value;
        let piece = |n: usize| pieces.get(n).map_or(Dynamic::UNIT, to_rhai);
        let result = match self.arity() {
            Some(0) => self.call_on(value, [])?,
            Some(1) => self.call([value.clone()])?,
            Some(2) => self.call([value.clone(), piece(0)])?,
            Some(3) => self.call([value.clone(), piece(0), piece(1)])?,
            _ => self.call([value.clone(), piece(0), piece(1), piece(2)])?,
        };
        match like {
            None => from_rhai(result),
            Some(like) => from_rhai_like(result, like),
        }
    }

    fn keep(&self, datum: &Datum) -> Kept {
        Value::kept(to_rhai(datum))
    }

    fn push(&self, kept: &mut Kept, datum: &Datum) {
        if let Some(mut list) = kept.downcast_mut().and_then(|kept: &mut Value| kept.value.as_array_mut().ok()) {
            list.push(to_rhai(datum));
        }
    }

    fn show(&self, kept: &Kept) -> Result<Datum> {
        kept.downcast_ref().map_or(Ok(Datum::Unit), |kept: &Value| from_rhai(kept.value.clone()))
    }
}
