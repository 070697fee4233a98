//! Stepping through a cog on a copy of an event: the thread stands inside the debugger and takes its orders there.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use rhai::{ASTNode, Dynamic, EvalAltResult, EvalContext, Position};

use super::input::{Input, Names};
use super::probe::{Follower, Way, begin};
use super::shop::{Compiled, LIMITS, Shop, homes};
use super::tasks::{Answer, Command, Done, Fault, Frame, Spot, Stopped, Task, Value, Variable};
use super::trace::Callable;
use super::values::{kind, parcel, short};
use super::worker::{Counter, Order};
use crate::datum::{Datum, Parcel};
use crate::script::host::Host;
use crate::script::voice::Voice;

/// Lines above and below the one where it stands.
const AROUND: usize = 2;
/// `this` as an expression reads it that is evaluated where a stepping stands.
const THIS: &str = "this_value";

impl Shop {
    /// Steps through the first callable of a cog that takes an event.
    pub(super) fn step(&self, cog: &str, event: Parcel) -> Result<Done, Fault> {
        let host = self.fresh_host();
        let (callables, _) = Callable::of(self.part(cog)?, &host);
        let nothing =
            || Fault::new(format!("nothing of `{cog}` is written in the script")).hint("closures and functions are stepped through");
        let callable = callables.into_iter().next().ok_or_else(nothing)?;
        let event = Datum::from(event);
        let stepper = Rc::new(Stepper {
            way: Way::new(Rc::clone(&host)),
            counter: Rc::clone(&self.counter),
            voice: Rc::clone(&self.desk.voice),
            option: callable.option.clone(),
            event: if callable.takes_this() { THIS.to_owned() } else { callable.event.clone().unwrap_or_default() },
            original: event.clone(),
            command: Cell::new(Command::Into),
            level: Cell::new(0),
            left: RefCell::default(),
        });
        let verdict = self.probe.follow(stepper.clone(), || callable.perform(self, &host, &event));
        let left = stepper.left.take();
        if let Some(order) = left.and_then(|left| left.order) {
            self.counter.put_back(order);
            return Ok(Done { verdict: None, printed: Vec::new() });
        }
        let verdict = (stepper.command.get() != Command::Stop).then_some(verdict);
        Ok(Done { verdict, printed: self.desk.voice.kept() })
    }
}

/// A stepping that was left before its end.
struct Left {
    /// For something else that was wanted.
    order: Option<Order>,
}

struct Stepper {
    way: Way,
    counter: Rc<Counter>,
    voice: Rc<Voice>,
    option: String,
    /// What the event is called.
    event: String,
    original: Datum,
    command: Cell<Command>,
    /// The level of calls at which it stood last.
    level: Cell<usize>,
    left: RefCell<Option<Left>>,
}

impl Follower for Stepper {
    fn reached(&self, mut context: EvalContext<'_, '_, '_, '_, '_, '_>, node: ASTNode<'_>) -> Result<(), Box<EvalAltResult>> {
        let level = context.call_level();
        let stops = match self.command.get() {
            Command::Into => true,
            Command::Over => level <= self.level.get(),
            Command::Out => level < self.level.get(),
            Command::Continue | Command::Stop => false,
        };
        if !stops || !self.way.is_statement(node) {
            return Ok(());
        }
        let Some(spot) = self.way.spot(&context, begin(node)) else { return Ok(()) };
        self.level.set(level);
        let stopped = self.stopped(&context, spot);
        self.way.host.watch.rest(|| {
            self.counter.tell(Ok(Answer::Stopped(Box::new(stopped))));
            self.wait(&mut context)
        })
    }
}

impl Stepper {
    /// Takes orders until it is to go on.
    fn wait(&self, context: &mut EvalContext<'_, '_, '_, '_, '_, '_>) -> Result<(), Box<EvalAltResult>> {
        loop {
            let Some(Order { task, answer }) = self.counter.take() else { return self.leave(None) };
            match task {
                Task::Stepping { command, .. } => {
                    self.counter.begin(answer);
                    self.command.set(command);
                    return if command == Command::Stop { self.leave(None) } else { Ok(()) };
                }
                Task::Print { text, .. } => {
                    self.counter.begin(answer);
                    let printed = catch_unwind(AssertUnwindSafe(|| self.print(context, &text)));
                    let broken = |_| Err(Fault::new("the expression broke the bench"));
                    self.counter.tell(printed.unwrap_or_else(broken).map(Answer::Value));
                }
                task => return self.leave(Some(Order { task, answer })),
            }
        }
    }

    fn leave(&self, order: Option<Order>) -> Result<(), Box<EvalAltResult>> {
        self.command.set(Command::Stop);
        self.left.replace(Some(Left { order }));
        Err(EvalAltResult::ErrorTerminated("left".into(), Position::NONE).into())
    }

    /// What is shown where it stands.
    fn stopped(&self, context: &EvalContext<'_, '_, '_, '_, '_, '_>, spot: Spot) -> Stopped {
        let source = self.way.source(context);
        let first = spot.line.saturating_sub(AROUND).max(1);
        let lines = (first..=spot.line + AROUND).filter_map(|line| Some((line, source.line(line)?.to_owned())));
        let host = &self.way.host;
        let mut variables: Vec<Variable> = Vec::new();
        // The innermost come first.
        for (name, _, value) in context.scope().iter_raw() {
            if !variables.iter().any(|known| known.name == name) {
                variables.push(Variable { name: name.to_owned(), value: short(host, value), kind: kind(value) });
            }
        }
        variables.reverse();
        Stopped {
            option: self.option.clone(),
            window: lines.collect(),
            stack: self.stack(context, &spot),
            spot,
            variables,
            this: context.this_ptr().map(|this| parcel(host, this, Some(&self.original))),
            printed: self.voice.kept(),
        }
    }

    /// The calls under way, innermost first, each with the place where it stands.
    fn stack(&self, context: &EvalContext<'_, '_, '_, '_, '_, '_>, here: &Spot) -> Vec<Frame> {
        let calls = context.debugger().map_or(&[][..], |debugger| debugger.call_stack());
        let mut frames = Vec::new();
        let mut stands = Some(here.clone());
        for (depth, call) in calls.iter().enumerate().rev() {
            let name = self.way.shown(&call.fn_name);
            let caller = depth.checked_sub(1).map(|depth| self.way.host.home(&calls[depth].fn_name));
            let next = caller.zip(call.pos.line()).map(|(home, line)| super::shop::spot(&home, line, call.pos.position().unwrap_or(0)));
            frames.push(Frame { name, spot: std::mem::replace(&mut stands, next) });
        }
        frames
    }

    /// Evaluates an expression where it stands; what it assigns stays.
    fn print(&self, context: &mut EvalContext<'_, '_, '_, '_, '_, '_>, text: &str) -> Result<Value, Fault> {
        let mut scope = context.scope().clone_visible();
        let bound = context.this_ptr().map(Dynamic::flatten_clone);
        let this = bound.as_ref().map(|_| THIS);
        let event = if self.event == THIS { this } else { Some(self.event.as_str()).filter(|event| scope.get(event).is_some()) };
        if let Some(bound) = &bound {
            scope.push_dynamic(THIS, bound.clone());
        }
        let names = Names { event: event.or(this), this, last: None };
        let compiled = Compiled::new(&self.way.host, "input", text, Input::new(text, names))?;
        let homes = homes(&compiled.tree, &compiled.source);
        let host = Host::beside(&self.way.host, &compiled.tree, &compiled.source, &homes, LIMITS);
        let result = host.evaluate(&mut scope);
        let mut changed = None;
        for (name, constant, value) in scope.clone_visible().iter_raw().filter(|(_, constant, _)| !constant) {
            debug_assert!(!constant);
            if name == THIS {
                if let Some(this) = context.this_ptr_mut() {
                    let (before, after) =
                        (bound.as_ref().map(|bound| parcel(&host, bound, None)), parcel(&host, value, Some(&self.original)));
                    changed = (before.as_ref() != Some(&after)).then_some(after);
                    put(this, value);
                }
            } else if let Some(variable) = context.scope_mut().get_mut(name) {
                put(variable, value);
            }
        }
        let value = result.map_err(|error| compiled.fault(host.report(error, Rc::clone(&compiled.source))))?.flatten();
        Ok(Value { value: parcel(&host, &value, Some(&self.original)), kind: kind(&value), event: changed, printed: self.voice.kept() })
    }
}

/// Gives a variable a value; one that is shared has it already.
fn put(variable: &mut Dynamic, value: &Dynamic) {
    if !variable.is_shared() {
        *variable = value.flatten_clone();
    }
}
