//! The swift road: a second tier over lowered code. Whole numbers lie in slots of their own and are computed without a value
//! being made of each; the event is only looked at, and what is to be changed in it waits until all went well, so that
//! nothing is ever taken back; functions of the script stand where they are called. What is not plain (a number of another kind
//! than the code is for, a construct that is not known here) goes the general road, from the beginning.

mod code;
mod deep;
mod ints;
mod make;
mod rows;
mod state;
mod statements;
mod steps;
mod texts;
mod values;

use std::cell::Cell;

use super::compile::Compiled;
use super::frame::{Out, ROOM, Stop};
use crate::datum::{Datum, Near};
use crate::script::watch::CALL;
use code::{Call, Test, Value};
use make::Maker;
use rows::Given;
use state::{INTS, Run, State, apply};

/// A callable as swift code, for its result or for a truth value.
struct Swift<T> {
    code: T,
    /// The keys that it may change, in the order of their names.
    keys: Box<[Near]>,
    cost: i64,
    /// Not there while a call is under way.
    state: Cell<Option<Box<State>>>,
    /// How many events in a row did not go this way.
    doubt: Cell<u32>,
}

/// The result of a callable.
pub(super) struct Result(Swift<Value>);
/// The truth value of a predicate.
pub(super) struct Answer(Swift<Call<Test>>);

/// What came of an event that was given as a parameter.
pub(super) enum Came {
    /// The event itself, changed.
    Itself,
    /// What takes its place as it is.
    Settled(Datum),
    /// What is to be settled.
    Value(Datum),
}

/// Values of captured variables, and of a parameter besides the event.
pub(super) type Preset<'a> = (&'a [Datum], Option<&'a Datum>);

/// So many events in a row show that others are not worth a try; every so often one is tried nevertheless.
const PATIENCE: u32 = 16;
const RETRY: u32 = 64;

#[cfg(test)]
thread_local! {
    /// How many events went this way.
    pub(super) static WENT: Cell<u64> = const { Cell::new(0) };
}

impl Result {
    /// The callable whose first slots hold that many values.
    pub(super) fn of(compiled: &Compiled, presets: usize) -> Option<Self> {
        Swift::new(compiled, presets, |maker| maker.value(&compiled.all[0].node)).map(Self)
    }

    /// Changes the event and gives the result, if that is accepted.
    #[inline]
    pub(super) fn change(&self, datum: &mut Datum, preset: Preset<'_>, accepts: impl FnOnce(&Datum) -> bool) -> Option<Datum> {
        let Datum::Map(map) = datum else { return None };
        let mut state = self.0.begin(preset)?;
        let result = self.result(&mut Run { map, state: &mut state });
        let given = result.ok().filter(|value| !state.itself && accepts(value));
        if given.is_some() {
            apply(&mut state.changes, &self.0.keys, map);
        }
        self.0.end(state, given.is_some());
        given
    }

    /// What comes of the event as a parameter.
    #[inline]
    pub(super) fn give(&self, datum: &mut Datum, preset: Preset<'_>) -> Option<Came> {
        let Datum::Map(map) = datum else { return None };
        let mut state = self.0.begin(preset)?;
        let mut run = Run { map, state: &mut state };
        let given = match run.spend(self.0.cost).and_then(|()| self.0.code.given(&mut run)) {
            Err(Stop::Return) => Ok(Given::Value(std::mem::take(&mut state.held))),
            given => given,
        };
        let came = match given {
            Err(_) => None,
            Ok(Given::Settled(value)) => Some(Came::Settled(value)),
            Ok(Given::Value(value)) if !state.itself => Some(Came::Value(value)),
            Ok(Given::Itself | Given::Value(_)) => {
                apply(&mut state.changes, &self.0.keys, map);
                Some(Came::Itself)
            }
        };
        self.0.end(state, came.is_some());
        came
    }

    /// The value for an event that is not to be changed.
    pub(super) fn see(&self, datum: &Datum, preset: Preset<'_>) -> Option<Datum> {
        let Datum::Map(map) = datum else { return None };
        let mut state = self.0.begin(preset)?;
        let result = self.result(&mut Run { map, state: &mut state });
        let given = result.ok().filter(|_| !state.itself);
        self.0.end(state, given.is_some());
        given
    }

    fn result(&self, run: &mut Run<'_>) -> Out<Datum> {
        run.spend(self.0.cost)?;
        match self.0.code.value(run) {
            Err(Stop::Return) => Ok(std::mem::take(&mut run.state.held)),
            result => result,
        }
    }
}

impl Answer {
    /// As [`Result::of`].
    pub(super) fn of(compiled: &Compiled, presets: usize) -> Option<Self> {
        Swift::new(compiled, presets, |maker| maker.answer(&compiled.all[0])).map(Self)
    }

    /// The truth value for an event that is not changed.
    #[inline]
    pub(super) fn test(&self, datum: &Datum, preset: Preset<'_>) -> Option<bool> {
        let Datum::Map(map) = datum else { return None };
        let mut state = self.0.begin(preset)?;
        let said = self.0.code.run(&mut Run { map, state: &mut state });
        self.0.end(state, said.is_some());
        said
    }
}

impl<T> Swift<T> {
    fn new(compiled: &Compiled, presets: usize, make: impl Fn(&mut Maker<'_>) -> Option<T>) -> Option<Self> {
        let body = &compiled.all[0];
        if compiled.copy.is_some() {
            return None;
        }
        // The first time finds out which keys are changed: also what stands before a change must know of it.
        let mut maker = Maker::new(&compiled.all, presets, Vec::new());
        let mut code = make(&mut maker)?;
        if !maker.keys.is_empty() {
            let mut keys = maker.keys;
            keys.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            maker = Maker::new(&compiled.all, presets, keys);
            code = make(&mut maker)?;
        }
        if maker.ints > INTS {
            return None;
        }
        let mut state = State {
            values: vec![Datum::Unit; maker.values],
            changes: maker.keys.iter().map(|_| state::Change::Not).collect(),
            ..State::default()
        };
        // Constants lie in slots that nobody sets.
        for (slot, value) in maker.constants {
            state.ints[slot] = value;
        }
        Some(Self {
            code,
            keys: maker.keys.into_iter().map(Near::new).collect(),
            cost: body.cost,
            state: Cell::new(Some(Box::new(state))),
            doubt: Cell::new(0),
        })
    }

    #[inline]
    fn begin(&self, (captured, arg): Preset<'_>) -> Option<Box<State>> {
        let doubt = self.doubt.get();
        if doubt >= PATIENCE {
            self.doubt.set(if doubt == PATIENCE + RETRY { PATIENCE } else { doubt + 1 });
            if doubt > PATIENCE {
                return None;
            }
        }
        let mut state = self.state.take()?;
        (state.left, state.room) = (CALL.operations as i64, ROOM);
        if !captured.is_empty() || arg.is_some() {
            for (slot, value) in state.values.iter_mut().zip(captured.iter().chain(arg)) {
                *slot = value.clone();
            }
        }
        Some(state)
    }

    #[inline]
    fn end(&self, mut state: Box<State>, went: bool) {
        state.clear();
        self.state.set(Some(state));
        if went {
            self.doubt.set(0);
            #[cfg(test)]
            WENT.set(WENT.get() + 1);
        } else if self.doubt.get() < PATIENCE {
            self.doubt.set(self.doubt.get() + 1);
        }
    }
}
