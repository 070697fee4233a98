//! A closure or function of the script as getter, setter, deleter, predicate, function or cog.
//!
//! What `lower` can do natively is taken from there, with the call into Rhai kept for all that is not plain success; the rest
//! is a call into Rhai. A callable without parameters sees the datum as `this` and changes it in place; one with a parameter
//! is given it.

use std::rc::Rc;

use rhai::{Dynamic, FnPtr};

use super::cogs::ScriptCog;
use super::convert::{from_rhai, from_rhai_like, to_rhai};
use super::host::Host;
use super::lower::{self, Lowered, Outcome, Shape};
use super::stateful::StateCog;
use crate::cog::{Callback, Cog, Keeper};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::getset::{Deleter, Func, Getter, Predicate, Setter};

/// A callable of the script, with what is needed to call it.
#[derive(Clone)]
pub struct ScriptFn {
    host: Rc<Host>,
    function: FnPtr,
    /// Parameters besides captured values; none for a native function, which is given the datum.
    arity: Option<usize>,
    /// What its result says, where it is called with the datum as `this`.
    meant: Meant,
}

/// Rhai gives the value of a block's last statement, with `;` or without. What stands before `;` is not meant as a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meant {
    /// The last statement stands without `;`.
    Value,
    /// It ends in `;`.
    Nothing,
    /// It ends in `;`, but there is a `return` that may give an array.
    Arrays,
}

impl ScriptFn {
    /// The callable behind `function`. A name that stands for several functions means the one with one parameter.
    pub fn new(host: &Rc<Host>, function: FnPtr) -> Self {
        let captured = function.curry().len();
        let tree = host.tree_of(function.fn_name());
        let mut definitions: Vec<_> = tree.iter_fn_def().filter(|definition| definition.name == function.fn_name()).collect();
        definitions.sort_by_key(|definition| definition.params.len());
        let chosen = definitions.iter().find(|definition| definition.params.len() == captured + 1).or_else(|| definitions.first());
        let arity = chosen.map(|definition| definition.params.len().saturating_sub(captured));
        let meant = match chosen {
            Some(definition) if host.ends_closed(definition.name.as_str(), definition.body.end_position()) => {
                if lower::returns(definition) { Meant::Arrays } else { Meant::Nothing }
            }
            _ => Meant::Value,
        };
        Self { host: Rc::clone(host), function, arity, meant }
    }

    /// Whether the datum is handed over as `this`.
    pub fn takes_this(&self) -> bool {
        self.arity == Some(0)
    }

    /// Parameters besides captured values; none for a native function.
    pub fn arity(&self) -> Option<usize> {
        self.arity
    }

    /// What it calls.
    #[cfg(test)]
    pub(super) fn fn_ptr(&self) -> &FnPtr {
        &self.function
    }

    /// How it shows in messages.
    pub fn shown(&self) -> String {
        self.host.display_name(&self.function)
    }

    /// Calls it on the datum as `this` and puts back what it made of it. Gives its result where one is meant: what stands
    /// before a final `;` is not.
    pub(super) fn change_and_give(&self, datum: &mut Datum) -> Result<Dynamic> {
        let result = self.change(datum, [])?;
        Ok(self.meant(result))
    }

    /// Whether a result of native code is one that [`ScriptFn::change_and_give`] may give.
    pub(super) fn accepts(&self, result: &Datum) -> bool {
        self.meant != Meant::Value || matches!(result, Datum::Unit) || is_array(result)
    }

    /// What a result of native code says.
    pub(super) fn said(&self, result: Datum) -> Datum {
        match self.meant {
            Meant::Value => result,
            Meant::Arrays if is_array(&result) => result,
            Meant::Arrays | Meant::Nothing => Datum::Unit,
        }
    }

    /// It as native code, where it can be lowered. `this`: the event is bound so, else it is the first parameter.
    pub(super) fn lowered(&self, this: bool) -> Option<Lowered> {
        let params = self.arity.filter(|_| self.host.lowers)?;
        let lowered = lower::lower(&self.host, &self.function, Shape { this, params });
        self.tell(lowered.as_ref().map(|_| ()).map_err(Clone::clone));
        lowered.ok()
    }

    /// Notes what became of it.
    fn tell(&self, what: Result<(), lower::Refusal>) {
        self.host.told.borrow_mut().insert(self.function.fn_name().to_owned(), what);
    }

    /// Notes why it is called through the interpreter.
    pub(super) fn keep_back(&self, what: &str) {
        if self.arity.is_some() {
            self.tell(Err(lower::Refusal { what: what.into(), position: rhai::Position::NONE, in_slot: false }));
        }
    }

    /// It as a plain path or constant.
    fn plain(&self) -> Option<lower::Value> {
        let plain = lower::value(&self.host, &self.function, self.arity)?;
        self.tell(Ok(()));
        Some(plain)
    }

    /// Calls it with `args`.
    pub fn call<const N: usize>(&self, args: [Dynamic; N]) -> Result<Dynamic> {
        self.host.call(&self.function, None, args).map_err(|error| self.host.event_error(self.function.fn_name(), error))
    }

    /// Calls it with `this` bound.
    pub fn call_on<const N: usize>(&self, this: &mut Dynamic, args: [Dynamic; N]) -> Result<Dynamic> {
        self.host.call(&self.function, Some(this), args).map_err(|error| self.host.event_error(self.function.fn_name(), error))
    }

    /// As [`ScriptFn::call_on`], with any number of arguments, up to six. Gives its result where one is meant: what stands before a final
    /// `;` is not.
    pub(super) fn call_with(&self, this: &mut Dynamic, args: Vec<Dynamic>) -> Result<Dynamic> {
        fn all<const N: usize>(args: Vec<Dynamic>) -> [Dynamic; N] {
            let mut args = args.into_iter();
            std::array::from_fn(|_| args.next().unwrap_or_default())
        }
        let result = match args.len() {
            0 => self.call_on(this, []),
            1 => self.call_on(this, all::<1>(args)),
            2 => self.call_on(this, all::<2>(args)),
            3 => self.call_on(this, all::<3>(args)),
            4 => self.call_on(this, all::<4>(args)),
            5 => self.call_on(this, all::<5>(args)),
            _ => self.call_on(this, all::<6>(args)),
        }?;
        Ok(self.meant(result))
    }

    fn meant(&self, result: Dynamic) -> Dynamic {
        match self.meant {
            Meant::Value => result,
            Meant::Arrays if result.is_array() => result,
            Meant::Arrays | Meant::Nothing => Dynamic::UNIT,
        }
    }

    /// Whether that is what it calls, with nothing captured besides.
    pub(super) fn is(&self, function: &FnPtr) -> bool {
        self.function.fn_name() == function.fn_name() && self.function.curry().len() == function.curry().len()
    }

    /// Calls it with the datum as `this` and puts back what it made of it. Gives its result.
    pub fn change<const N: usize>(&self, datum: &mut Datum, args: [Dynamic; N]) -> Result<Dynamic> {
        let mut this = to_rhai(datum);
        let result = self.call_on(&mut this, args)?;
        *datum = from_rhai_like(this, datum)?;
        Ok(result)
    }

    /// Its value for `datum`, which is not changed.
    fn value(&self, datum: &Datum) -> Result<Dynamic> {
        let mut seen = to_rhai(datum);
        if self.takes_this() { self.call_on(&mut seen, []) } else { self.call([seen]) }
    }

    fn fault(&self, text: impl Into<String>, hint: &str) -> Error {
        let name = self.function.fn_name();
        let line = self.host.line_of(name).map(|line| format!("{}:{line}", self.host.home(name).name)).unwrap_or_default();
        Error::Script { text: text.into(), place: line, hint: Some(hint.into()) }
    }

    /// An error that says what a result should have been.
    pub fn wrong_result(&self, wanted: &str, got: &Dynamic, hint: &str) -> Error {
        let got = super::convert::short_type(got.type_name());
        self.fault(format!("`{}` must give {wanted}, but gave `{got}`", self.shown()), hint)
    }

    fn needs(&self, what: &str, most: usize, hint: &str) -> Result<()> {
        match self.arity {
            Some(n) if n > most => Err(self.fault(
                format!("{what} takes at most {most} parameter{}, but `{}` has {n}", if most == 1 { "" } else { "s" }, self.shown()),
                hint,
            )),
            _ => Ok(()),
        }
    }

    fn call_test(&self, datum: &Datum) -> Result<bool> {
        let result = self.value(datum)?;
        result.as_bool().map_err(|_| self.wrong_result("true or false", &result, "compare: `this.n > 0`, `d.ip != ()`"))
    }

    fn call_set(&self, datum: &mut Datum, piece: &Datum) -> Result<()> {
        if self.arity == Some(1) {
            let _ = self.change(datum, [to_rhai(piece)])?;
            return Ok(());
        }
        let result = self.call([to_rhai(datum), to_rhai(piece)])?;
        if result.is_unit() {
            return Err(self.wrong_result(
                "the datum",
                &result,
                "values are copied when passed: end it with the datum, `|d, v| { d.x = v; d }`",
            ));
        }
        *datum = from_rhai_like(result, datum)?;
        Ok(())
    }

    fn call_delete(&self, datum: &mut Datum) -> Result<()> {
        if self.takes_this() {
            let _ = self.change(datum, [])?;
            return Ok(());
        }
        let result = self.call([to_rhai(datum)])?;
        if result.is_unit() {
            return Err(self.wrong_result(
                "the datum",
                &result,
                "values are copied when passed: end it with the datum, `|d| { d.remove(\"x\"); d }`",
            ));
        }
        *datum = from_rhai_like(result, datum)?;
        Ok(())
    }

    /// The result of native code as a function's: none in it where it is the datum itself, changed.
    fn native_func(&self, lowered: &Lowered, datum: &mut Datum) -> Option<Result<Option<Datum>>> {
        let value = if self.takes_this() {
            match self.said(lowered.change(datum, None, |result| self.accepts(result))?) {
                Datum::Unit => return Some(Ok(None)),
                list => list,
            }
        } else {
            match lowered.give(datum, None)? {
                Outcome::Itself => return Some(Ok(None)),
                Outcome::Settled(value) => return Some(Ok(Some(value))),
                Outcome::Value(value) => value,
            }
        };
        Some(lower::made(value, datum).map(Some))
    }

    fn call_func(&self, mut datum: Datum) -> Result<Datum> {
        if !self.takes_this() {
            let result = self.call([to_rhai(&datum)])?;
            return from_rhai_like(result, &datum);
        }
        let result = self.change_and_give(&mut datum)?;
        if result.is_unit() {
            Ok(datum)
        } else if result.is_array() {
            from_rhai_like(result, &datum)
        } else {
            Err(self.wrong_result(
                "nothing or an array, as it changes `this`",
                &result,
                "end its last statement with `;`, or take the datum as parameter: `|d| …`",
            ))
        }
    }
}

/// Changes the datum by native code; false when that is the interpreter's to do, the datum is then as it was.
fn native_change(lowered: &Lowered, this: bool, datum: &mut Datum, piece: Option<&Datum>) -> bool {
    if this {
        return lowered.change(datum, piece, |_| true).is_some();
    }
    match lowered.give(datum, piece) {
        Some(Outcome::Itself) => true,
        Some(Outcome::Settled(value)) => {
            *datum = value;
            true
        }
        Some(Outcome::Value(Datum::Unit)) | None => false,
        Some(Outcome::Value(value)) => match lower::made(value, datum) {
            Ok(made) => {
                *datum = made;
                true
            }
            Err(_) => false,
        },
    }
}

fn is_array(value: &Datum) -> bool {
    value.kind() == "array"
}

impl Callback for ScriptFn {
    fn getter(&self) -> Result<Getter> {
        self.needs("a getter", 1, "`|d| d.ip`, or `|| this.ip`")?;
        let me = self.clone();
        let slow = move |datum: &Datum| me.value(datum).and_then(from_rhai);
        Ok(match self.plain() {
            Some(lower::Value::Const(value)) => Getter::Const(value),
            Some(lower::Value::Whole) => Getter::Whole,
            Some(lower::Value::Path(path)) => Getter::Lowered { path, slow: Rc::new(slow) },
            None => match self.lowered(self.takes_this()) {
                Some(lowered) => Getter::Call(Rc::new(move |datum| lowered.see(datum).map_or_else(|| slow(datum), Ok))),
                None => Getter::Call(Rc::new(slow)),
            },
        })
    }

    fn setter(&self) -> Result<Setter> {
        self.needs("a setter", 2, "`|d, v| { d.ip = v; d }`, or `|v| this.ip = v`")?;
        if self.arity == Some(0) {
            return Err(self.fault("a setter needs a parameter for the piece", "`|v| this.ip = v`"));
        }
        let me = self.clone();
        let slow = move |datum: &mut Datum, piece: Datum| me.call_set(datum, &piece);
        if let Some(key) = lower::assigned_key(&self.host, &self.function, self.arity) {
            self.tell(Ok(()));
            return Ok(Setter::Lowered { key, slow: Rc::new(slow) });
        }
        let this = self.arity == Some(1);
        Ok(match self.lowered(this) {
            Some(lowered) => {
                Setter::Call(Rc::new(
                    move |datum, piece| {
                        if native_change(&lowered, this, datum, Some(&piece)) { Ok(()) } else { slow(datum, piece) }
                    },
                ))
            }
            None => Setter::Call(Rc::new(slow)),
        })
    }

    fn deleter(&self) -> Result<Deleter> {
        self.needs("a deleter", 1, "`|d| { d.remove(\"x\"); d }`, or `|| this.remove(\"x\")`")?;
        let me = self.clone();
        let this = self.takes_this();
        Ok(Deleter::Call(match self.lowered(this) {
            Some(lowered) => {
                Rc::new(move |datum: &mut Datum| if native_change(&lowered, this, datum, None) { Ok(()) } else { me.call_delete(datum) })
            }
            None => Rc::new(move |datum: &mut Datum| me.call_delete(datum)),
        }))
    }

    fn predicate(&self) -> Result<Predicate> {
        self.needs("a predicate", 1, "`|d| d.n > 0`, or `|| this.n > 0`")?;
        let me = self.clone();
        let slow = move |datum: &Datum| me.call_test(datum);
        Ok(match self.plain() {
            Some(lower::Value::Const(Datum::Bool(value))) => Predicate::Const(value),
            Some(lower::Value::Path(path)) => Predicate::Lowered { path, slow: Rc::new(slow) },
            _ => match self.lowered(self.takes_this()) {
                Some(lowered) => Predicate::Call(Rc::new(move |datum| lowered.test(datum).map_or_else(|| slow(datum), Ok))),
                None => Predicate::Call(Rc::new(slow)),
            },
        })
    }

    fn func(&self) -> Result<Func> {
        self.needs("a function of the datum", 1, "`|d| …`, or `|| …` with the datum as `this`")?;
        if !self.takes_this()
            && let Some(plain) = lower::value(&self.host, &self.function, self.arity)
            && let lower::Value::Whole | lower::Value::Const(_) = &plain
        {
            self.tell(Ok(()));
            return Ok(Func::Get(if let lower::Value::Const(value) = plain { Getter::Const(value) } else { Getter::Whole }));
        }
        let me = self.clone();
        Ok(Func::Call(match self.lowered(self.takes_this()) {
            Some(lowered) => Rc::new(move |mut datum: Datum| match me.native_func(&lowered, &mut datum) {
                Some(made) => Ok(made?.unwrap_or(datum)),
                None => me.call_func(datum),
            }),
            None => Rc::new(move |datum: Datum| me.call_func(datum)),
        }))
    }

    fn keeper(&self, most: usize) -> Result<Rc<dyn Keeper>> {
        self.needs("it", most, "with one parameter less, what is kept is `this`")?;
        self.keep_back("a value that it keeps");
        Ok(Rc::new(self.clone()))
    }

    fn cog(&self) -> Result<Box<dyn Cog>> {
        self.needs("a cog", 1, "`|d| …`, or `|| …` with the datum as `this`")?;
        Ok(Box::new(ScriptCog::new(self.clone())))
    }

    fn name(&self) -> String {
        self.shown()
    }
}

/// Whether a map is a cog: it has a `run`, or a `wind`.
pub(super) fn is_cog(map: &rhai::Map) -> bool {
    ["run", "wind"].iter().any(|name| map.get(*name).is_some_and(Dynamic::is_fnptr))
}

/// A map with `run` or `wind`: a cog that keeps its state in the map's fields.
pub(super) struct StateMap {
    host: Rc<Host>,
    fields: rhai::Map,
}

impl StateMap {
    /// The cog of that map, which has a `run`.
    pub(super) fn new(host: &Rc<Host>, fields: rhai::Map) -> Self {
        Self { host: Rc::clone(host), fields }
    }
}

impl Callback for StateMap {
    fn cog(&self) -> Result<Box<dyn Cog>> {
        Ok(Box::new(StateCog::new(&self.host, self.fields.clone())?))
    }
    fn keeps_state(&self) -> bool {
        true
    }
    fn name(&self) -> String {
        self.fields
            .get("run")
            .or_else(|| self.fields.get("wind"))
            .and_then(|run| run.clone().try_cast::<FnPtr>())
            .map_or_else(|| "map".into(), |run| self.host.display_name(&run))
    }
    fn is_no(&self, what: &str) -> Error {
        let keys = self.fields.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Error::Other(format!("a map with `run` or `wind` is a cog and cannot be {what} (it has {keys})"))
    }
}
