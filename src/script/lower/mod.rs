//! From the syntax tree to native code: why a script is fast.
//!
//! Closures and functions whose every construct is known become code over the native tree (`compile`, with `statement`,
//! `expression`, `chain`, gives `code`; `run` runs it, with `quick`, shorter ways for what is most common; `swift` is a second
//! tier for most of it). Code does plain success only: at an error, an overflow, unlike types, a limit, it stops, what it
//! changed is taken back (`undo`), and the interpreter does the whole call; so values and errors are the interpreter's own. What
//! code made is settled as the interpreter would give it back (`settle`). Closures that are just a path stay one (`plain`), so
//! that cogs can borrow.
//!
//! Everything that touches the interpreter's internals for this stands in this folder.

mod body;
mod branches;
mod captured;
mod chain;
mod code;
mod compile;
#[cfg(test)]
mod differential;
mod each;
mod expression;
mod frame;
mod items;
mod literals;
mod loops;
mod natives;
mod operators;
mod place;
mod plain;
mod quick;
mod run;
mod settle;
mod short;
mod statement;
mod swift;
mod told;
mod undo;

#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::rc::Rc;

use rhai::FnPtr;

pub(super) use body::returns;
pub(super) use compile::{Refusal, Shape};
pub(super) use items::whole_numbers;
pub(super) use plain::{Value, assigned_key, value};
pub(super) use settle::made;
pub use told::Told;
pub(super) use told::told;

use super::host::Host;
use crate::datum::Datum;
use compile::Compiled;
use frame::{Event, Frame, Out, Stop};
use short::{Direct, Short};
use swift::Came;

/// A callable as native code.
pub(super) struct Lowered {
    host: Rc<Host>,
    function: FnPtr,
    compiled: Compiled,
    /// The same, where there is a shorter road.
    short: Option<Short>,
    direct: Option<Direct>,
    /// The same for what is most common, made when it is first called.
    swift: OnceCell<Option<swift::Result>>,
    answer: OnceCell<Option<swift::Answer>>,
    /// What it captured, taken when it is first called: nothing changes that while the train runs.
    captured: OnceCell<Option<Vec<Datum>>>,
}

/// What a call gives that has the event as its parameter.
pub(super) enum Outcome {
    /// The event as it is now.
    Itself,
    /// Something else, which takes the event's place as it is.
    Settled(Datum),
    /// Something else, which is to be [settled](made).
    Value(Datum),
}

/// Lowers a callable, or tells what keeps it back.
pub(super) fn lower(host: &Rc<Host>, function: &FnPtr, shape: Shape) -> Result<Lowered, Refusal> {
    let params = function.curry().len() + shape.params;
    let Some(definition) = body::definition(host, function.fn_name(), params) else {
        return compile::refuse("a function that is not the script's", rhai::Position::NONE);
    };
    if let Some(name) = captured::changed(host, &definition.params[..function.curry().len()]) {
        return compile::refuse(format!("the captured `{name}`, which a closure changes,"), definition.body.start_position());
    }
    let compiled = compile::compile(host, &definition, shape)?;
    let plain = function.curry().is_empty() && compiled.copy.is_none();
    let short = if plain { Short::of(&compiled.all[0].node) } else { None };
    let direct = if plain { Direct::of(&compiled.all[0].node) } else { None };
    Ok(Lowered {
        host: Rc::clone(host),
        function: function.clone(),
        compiled,
        short,
        direct,
        swift: OnceCell::new(),
        answer: OnceCell::new(),
        captured: OnceCell::new(),
    })
}

impl Lowered {
    /// Changes the event by the shortest road, where there is one: as `this`, or as what is given back.
    #[allow(clippy::inline_always, reason = "it is the whole of what is done with a batch")]
    #[inline(always)]
    pub(super) fn change_by_short(&self, datum: &mut Datum, as_this: bool) -> bool {
        self.short.as_ref().is_some_and(|short| short.gives_itself != as_this && short.run(datum))
    }

    /// Changes the event in place and gives the result, if that is accepted. None when the interpreter must do it; the event is
    /// then as it was.
    pub(super) fn change(&self, datum: &mut Datum, arg: Option<&Datum>, accepts: impl Fn(&Datum) -> bool) -> Option<Datum> {
        if let (Some(short), None) = (&self.short, arg)
            && !short.gives_itself
            && short.run(datum)
        {
            return Some(Datum::Unit);
        }
        let captured = self.captured()?;
        if let Some(swift) = self.swift(arg)
            && let Some(value) = swift.change(datum, (captured, arg), &accepts)
        {
            return Some(value);
        }
        let mut frame = self.frame(Event::Changed(datum), arg)?;
        let given = match self.body(&mut frame) {
            Ok(value) if accepts(if frame.itself { frame.seen() } else { &value }) && Self::settle(&mut frame) => {
                Some(if frame.itself { frame.seen().clone() } else { value })
            }
            _ => {
                Self::undo(&mut frame);
                self.leave(&frame)
            }
        };
        frame.end();
        given
    }

    /// The result for an event that is its first parameter: the event itself, changed, or what was made of it, with the event
    /// as it was. None when the interpreter must do it.
    pub(super) fn give(&self, datum: &mut Datum, arg: Option<&Datum>) -> Option<Outcome> {
        if let (Some(short), None) = (&self.short, arg)
            && short.gives_itself
            && short.run(datum)
        {
            return Some(Outcome::Itself);
        }
        if let (Some(direct), None) = (&self.direct, arg)
            && let Some(given) = direct.give(datum)
        {
            return Some(given);
        }
        let captured = self.captured()?;
        if let Some(swift) = self.swift(arg)
            && let Some(came) = swift.give(datum, (captured, arg))
        {
            return Some(match came {
                Came::Itself => Outcome::Itself,
                Came::Settled(value) => Outcome::Settled(value),
                Came::Value(value) => Outcome::Value(value),
            });
        }
        let mut frame = self.frame(Event::Changed(datum), arg)?;
        let given = match self.body(&mut frame) {
            Ok(_) if frame.itself && Self::settle(&mut frame) => Some(Outcome::Itself),
            Ok(value) if !frame.itself => {
                Self::undo(&mut frame);
                Some(Outcome::Value(value))
            }
            _ => {
                Self::undo(&mut frame);
                self.leave(&frame)
            }
        };
        frame.end();
        given
    }

    /// The value for an event that is not to be changed.
    pub(super) fn see(&self, datum: &Datum) -> Option<Datum> {
        let captured = self.captured()?;
        if let Some(swift) = self.swift(None)
            && let Some(value) = swift.see(datum, (captured, None))
        {
            return settle::alone(value);
        }
        self.looking(datum, |me, frame| {
            let value = me.body(frame)?;
            Ok(if frame.itself { frame.seen().clone() } else { value })
        })
        .and_then(settle::alone)
    }

    /// The truth value for an event that is not changed.
    pub(super) fn test(&self, datum: &Datum) -> Option<bool> {
        let captured = self.captured()?;
        let made = || swift::Answer::of(&self.compiled, captured.len());
        if let Some(answer) = self.answer.get_or_init(made)
            && let Some(said) = answer.test(datum, (captured, None))
        {
            return Some(said);
        }
        self.looking(datum, |me, frame| {
            let body = &me.compiled.all[0];
            match body.node.test(frame, &me.compiled.all) {
                Err(Stop::Return) => match frame.held {
                    Datum::Bool(value) => Ok(value),
                    _ => Err(Stop::Bail),
                },
                result => result,
            }
        })
    }

    fn looking<T>(&self, datum: &Datum, run: impl FnOnce(&Self, &mut Frame<'_>) -> Out<T>) -> Option<T> {
        let mut copy;
        let event = if self.compiled.changes {
            copy = datum.clone();
            Event::Changed(&mut copy)
        } else {
            Event::Seen(datum)
        };
        let mut frame = self.frame(event, None)?;
        let result = frame.spend(self.compiled.all[0].cost).and_then(|()| run(self, &mut frame));
        let given = result.ok().or_else(|| self.leave(&frame));
        frame.end();
        given
    }

    /// The interpreter is to do it: in what time this has left of a call's.
    #[cold]
    fn leave<T>(&self, frame: &Frame<'_>) -> Option<T> {
        if let Some(spent) = frame.spent() {
            self.host.watch.spent(spent);
        }
        None
    }

    fn body(&self, frame: &mut Frame<'_>) -> Out<Datum> {
        let body = &self.compiled.all[0];
        frame.spend(body.cost)?;
        match body.node.eval(frame, &self.compiled.all) {
            Err(Stop::Return) => Ok(std::mem::take(&mut frame.held)),
            result => result,
        }
    }

    /// The values of captured variables; none where code cannot have them.
    #[inline]
    fn captured(&self) -> Option<&[Datum]> {
        Some(match self.function.curry() {
            [] => &[],
            _ if !self.host.is_wound() => return None,
            _ => self.captured.get_or_init(|| captured::values(&self.function)).as_ref()?,
        })
    }

    /// It as swift code, for that parameter besides the event; it is always called with one, or always without.
    #[inline]
    fn swift(&self, arg: Option<&Datum>) -> Option<&swift::Result> {
        let presets = || self.function.curry().len() + usize::from(arg.is_some());
        self.swift.get_or_init(|| swift::Result::of(&self.compiled, presets())).as_ref()
    }

    /// A frame with captured values and the parameter.
    fn frame<'a>(&self, event: Event<'a>, arg: Option<&Datum>) -> Option<Frame<'a>> {
        let captured = self.captured()?;
        let mut frame = Frame::new(event, self.compiled.all[0].slots);
        let mut slot = 0;
        for value in captured {
            *frame.slot_mut(slot) = value.clone();
            slot += 1;
        }
        if let Some(copy) = self.compiled.copy {
            let value = frame.seen().clone();
            *frame.slot_mut(copy) = value;
            slot = copy + 1;
        }
        if let Some(arg) = arg {
            *frame.slot_mut(slot) = arg.clone();
        }
        Some(frame)
    }

    /// Settles what was changed; false when something cannot be.
    fn settle(frame: &mut Frame<'_>) -> bool {
        if frame.log.is_empty() {
            return true;
        }
        let log = std::mem::take(&mut frame.log);
        let settled = match &mut frame.event {
            Event::Changed(Datum::Map(map)) => settle::changes(map, &log),
            _ => None,
        };
        frame.log = log;
        settled.is_some()
    }

    fn undo(frame: &mut Frame<'_>) {
        if let Ok((map, log)) = frame.map() {
            log.undo(map);
        }
    }
}
