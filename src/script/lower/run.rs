//! Runs lowered code.

use std::borrow::Cow;

use super::branches::{attempt, hold, switched};
use super::code::{Body, Link, NativeCall, Node, Place, Quick, Root, Step};
use super::frame::{Frame, Out, Stop, or_bail};
use super::operators::{self, Op, binary, compare, number};
use super::place::{call_in_place, change, follow, glance, read_place, remove_key, remove_named, set_key};
use super::{each, loops, quick};
use crate::datum::{Datum, Key, Look, Map, View};

/// A value that code may keep: a number's text is read, once.
#[inline]
pub(super) fn kept(value: Cow<'_, Datum>) -> Datum {
    match value {
        Cow::Borrowed(Datum::Number(text)) => number(text),
        Cow::Owned(Datum::Number(text)) => number(&text),
        value => value.into_owned(),
    }
}

impl Node {
    /// The value of a simple expression, without copying it.
    #[inline]
    pub(super) fn peek<'a>(&'a self, frame: &'a Frame<'_>) -> Out<Cow<'a, Datum>> {
        match self {
            Self::Const(value) => Ok(Cow::Borrowed(value)),
            Self::Local(slot) => Ok(Cow::Borrowed(frame.slot(*slot))),
            Self::Read(place) => read_place(frame, place),
            Self::Event => Ok(Cow::Borrowed(frame.seen())),
            _ => Err(Stop::Bail),
        }
    }

    /// The value.
    pub(super) fn eval(&self, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
        match self {
            Self::Const(value) => Ok(value.clone()),
            Self::Local(slot) => Ok(frame.slot(*slot).clone()),
            Self::Take(slot) => Ok(std::mem::take(frame.slot_mut(*slot))),
            Self::Read(place) => read(place, frame),
            Self::Binary(op, pair) if !op.is_comparison() => match self.int(frame) {
                Some(value) => Ok(Datum::Int(value)),
                None => compute(*op, pair, frame, all),
            },
            Self::Text(parts) => quick::text(parts, frame, all),
            Self::Map(parts) => map(parts, frame, all),
            Self::Block(nodes) => {
                let Some((last, rest)) = nodes.split_last() else { return Ok(Datum::Unit) };
                rest.iter().try_for_each(|node| node.run(frame, all))?;
                last.eval(frame, all)
            }
            Self::If(parts) => {
                let [test, yes, no] = &**parts;
                if test.test(frame, all)? { yes.eval(frame, all) } else { no.eval(frame, all) }
            }
            Self::Native(call) => native(call, frame, all),
            Self::Call(function, args) => script(*function, args, frame, all),
            Self::Let(..) | Self::SetLocal(..) | Self::SetPlace(..) => self.run(frame, all).map(|()| Datum::Unit),
            other => other.rare(frame, all),
        }
    }

    /// The value of what is met less often.
    #[inline(never)]
    fn rare(&self, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
        match self {
            Self::Event => {
                frame.heed();
                Ok(frame.seen().clone())
            }
            Self::Itself => {
                frame.itself = true;
                Ok(Datum::Unit)
            }
            Self::Part(base, links) => part(base, links, frame, all),
            Self::List(parts) => list(parts, frame, all),
            Self::Coalesce(parts) => coalesce(parts, frame, all),
            Self::Negate(of) => negate(of, frame, all),
            Self::SplitAt(pair, at) => quick::split_at(pair, *at, frame, all),
            Self::RemoveKey(step) => remove(step, frame, all),
            Self::Switch(switch) => switched(switch, frame, all),
            Self::For(parts) => loops::for_each(parts, frame, all),
            Self::Each(each) => each::run(each, frame, all),
            Self::While(parts) => loops::repeat(parts, frame, all),
            Self::Break(value) => hold(Stop::Break, value.as_deref(), frame, all),
            Self::Continue => Err(Stop::Continue),
            Self::Return(value) => hold(Stop::Return, value.as_deref(), frame, all),
            Self::Throw(value) => hold(Stop::Throw, Some(value), frame, all),
            Self::Try(parts) => attempt(parts, frame, all),
            Self::And(_) | Self::Or(_) | Self::Not(_) | Self::IsUnit(_) | Self::Binary(..) => self.test(frame, all).map(Datum::Bool),
            // What `eval` does itself.
            Self::Const(_)
            | Self::Local(_)
            | Self::Take(_)
            | Self::Read(_)
            | Self::Text(_)
            | Self::Map(_)
            | Self::Native(_)
            | Self::Block(_)
            | Self::If(_)
            | Self::Call(..)
            | Self::Let(..)
            | Self::SetLocal(..)
            | Self::SetPlace(..) => self.eval(frame, all),
        }
    }

    /// Does it for its effects; nobody wants the value.
    pub(super) fn run(&self, frame: &mut Frame<'_>, all: &[Body]) -> Out<()> {
        match self {
            Self::Const(_) => Ok(()),
            Self::Let(slot, value) | Self::SetLocal(slot, None, value) => {
                if let Self::Const(Datum::Int(value)) = **value {
                    frame.put_int(*slot, value);
                    return Ok(());
                }
                if let Self::Local(from) = **value
                    && let Datum::Int(value) = *frame.slot(from)
                {
                    frame.put_int(*slot, value);
                    return Ok(());
                }
                set_local(*slot, value, frame, all)
            }
            Self::SetLocal(slot, Some(op), value) => {
                if let Datum::Int(old) = *frame.slot(*slot)
                    && let Some(value) = value.int(frame)
                    && let Some(made) = operators::whole(*op, old, value)
                {
                    frame.put_int(*slot, made);
                    return Ok(());
                }
                assign_local(*slot, *op, value, frame, all)
            }
            Self::For(parts) => loops::for_each(parts, frame, all).map(drop),
            Self::SetPlace(pair, op) => set_place(&pair.0, *op, &pair.1, frame, all),
            Self::Block(nodes) => nodes.iter().try_for_each(|node| node.run(frame, all)),
            Self::If(parts) => {
                let [test, yes, no] = &**parts;
                if test.test(frame, all)? { yes.run(frame, all) } else { no.run(frame, all) }
            }
            other => other.eval(frame, all).map(drop),
        }
    }

    /// The value of what must be a truth value.
    #[inline]
    pub(super) fn test(&self, frame: &mut Frame<'_>, all: &[Body]) -> Out<bool> {
        if let Self::Binary(op, pair) = self
            && op.is_comparison()
            && let Some(said) = quick::holds(*op, pair, frame)
        {
            return Ok(said);
        }
        self.tested(frame, all)
    }

    #[inline(never)]
    fn tested(&self, frame: &mut Frame<'_>, all: &[Body]) -> Out<bool> {
        match self {
            Self::And(parts) => {
                for part in parts {
                    if !part.test(frame, all)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.test(frame, all)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(of) => of.test(frame, all).map(|value| !value),
            Self::Binary(op, pair) if op.is_comparison() => compared(*op, pair, frame, all),
            Self::IsUnit(of) => is_unit(of, frame, all),
            other => other.truth(frame, all),
        }
    }

    #[inline(never)]
    fn truth(&self, frame: &mut Frame<'_>, all: &[Body]) -> Out<bool> {
        let value = if self.is_simple() { self.peek(frame)?.as_bool() } else { self.eval(frame, all)?.as_bool() };
        or_bail(value)
    }
}

#[inline(never)]
fn is_unit(of: &Node, frame: &mut Frame<'_>, all: &[Body]) -> Out<bool> {
    let unit = |value: &Datum| matches!(value, Datum::Unit);
    if of.is_simple() { of.peek(frame).map(|value| unit(&value)) } else { of.eval(frame, all).map(|value| unit(&value)) }
}

#[inline(never)]
fn compared(op: Op, pair: &[Node; 2], frame: &mut Frame<'_>, all: &[Body]) -> Out<bool> {
    let [a, b] = pair;
    if b.is_simple() {
        if a.is_simple() {
            return or_bail(compare(op, &*a.peek(frame)?, &*b.peek(frame)?));
        }
        let a = a.eval(frame, all)?;
        return or_bail(compare(op, &a, &*b.peek(frame)?));
    }
    let a = a.eval(frame, all)?;
    let b = b.eval(frame, all)?;
    or_bail(compare(op, &a, &b))
}

#[inline(never)]
fn compute(op: Op, pair: &[Node; 2], frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let [a, b] = pair;
    if b.is_simple() {
        if a.is_simple() {
            return or_bail(binary(op, &*a.peek(frame)?, &*b.peek(frame)?));
        }
        let a = a.eval(frame, all)?;
        return or_bail(binary(op, &a, &*b.peek(frame)?));
    }
    let a = a.eval(frame, all)?;
    let b = b.eval(frame, all)?;
    or_bail(binary(op, &a, &b))
}

#[inline(never)]
fn read(place: &Place, frame: &Frame<'_>) -> Out<Datum> {
    match glance(frame, place) {
        Some(View::Piece(piece)) if piece.look() != Look::Number => Ok(kept(Cow::Owned(piece.to_datum()))),
        _ => read_place(frame, place).map(kept),
    }
}

fn part(base: &Node, links: &[Link], frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let base = base.eval(frame, all)?;
    follow(frame, &base, links).map(kept)
}

fn list(parts: &[Node], frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let mut list = Vec::with_capacity(parts.len());
    for part in parts {
        let value = part.eval(frame, all)?;
        frame.charge(&value)?;
        list.push(value);
    }
    Ok(Datum::List(list))
}

fn coalesce(parts: &[Node], frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    for part in parts {
        let value = part.eval(frame, all)?;
        if !matches!(value, Datum::Unit) {
            return Ok(value);
        }
    }
    Ok(Datum::Unit)
}

fn negate(of: &Node, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    or_bail(operators::negate(&of.eval(frame, all)?))
}

fn remove(step: &Step, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let old = match step {
        Step::Key(key) => remove_key(frame, key)?,
        Step::By(name) => {
            let name = name.eval(frame, all)?;
            remove_named(frame, or_bail(name.as_str())?)?
        }
        Step::At(_) => return Err(Stop::Bail),
    };
    Ok(kept(Cow::Owned(old)))
}

#[inline(never)]
fn set_local(slot: usize, value: &Node, frame: &mut Frame<'_>, all: &[Body]) -> Out<()> {
    let value = value.eval(frame, all)?;
    frame.put(slot, value);
    Ok(())
}

#[inline(never)]
fn assign_local(slot: usize, op: Op, value: &Node, frame: &mut Frame<'_>, all: &[Body]) -> Out<()> {
    let value = value.eval(frame, all)?;
    if matches!(frame.slot(slot), Datum::List(_) | Datum::Raw(_)) {
        frame.charge(&value)?;
    }
    or_bail(operators::assign(op, frame.slot_mut(slot).open(), value))
}

#[inline(never)]
fn map(parts: &[(Key, Node)], frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let mut entries = Vec::with_capacity(parts.len());
    for (key, part) in parts {
        let value = part.eval(frame, all)?;
        frame.charge(&value)?;
        entries.push((key.clone(), value));
    }
    Ok(Datum::Map(Map::from_entries(entries)))
}

#[inline(never)]
fn native(call: &NativeCall, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    match (&call.target, &*call.args) {
        (None, [a]) => finish(call, &mut [a.eval(frame, all)?], frame),
        (None, [a, b]) => {
            let a = a.eval(frame, all)?;
            finish(call, &mut [a, b.eval(frame, all)?], frame)
        }
        (None, args) => {
            let mut values = args.iter().map(|arg| arg.eval(frame, all)).collect::<Out<Vec<_>>>()?;
            finish(call, &mut values, frame)
        }
        (Some(place), []) if !call.native.changes_first => {
            if matches!(call.quick, Quick::Len | Quick::ParseInt)
                && let Some(made) = quick::quick(call.quick, place, frame)?
            {
                return Ok(made);
            }
            let target = kept(read_place(frame, place)?);
            finish(call, &mut [target], frame)
        }
        (Some(place), args) => {
            let mut values = Vec::with_capacity(1 + args.len());
            values.push(Datum::Unit);
            for arg in args {
                values.push(arg.eval(frame, all)?);
            }
            if call.native.changes_first {
                for value in &values[1..] {
                    frame.charge(value)?;
                }
                return call_in_place(frame, call.native, place, &mut values);
            }
            values[0] = kept(read_place(frame, place)?);
            finish(call, &mut values, frame)
        }
    }
}

fn finish(call: &NativeCall, args: &mut [Datum], frame: &mut Frame<'_>) -> Out<Datum> {
    for arg in &mut *args {
        match arg {
            Datum::Str(text) => frame.spend((text.len() / 64) as i64)?,
            Datum::List(list) => {
                frame.heed();
                frame.spend((list.len() / 16) as i64)?;
            }
            Datum::Map(_) => frame.heed(),
            Datum::Raw(_) => {
                frame.heed();
                arg.open();
            }
            _ => {}
        }
    }
    or_bail((call.native.call)(args))
}

fn script(function: usize, args: &[Node], frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let body = &all[function];
    let top = frame.slots.len();
    for arg in args {
        let value = arg.eval(frame, all)?;
        frame.slots.push(value);
    }
    frame.slots.resize(top + body.slots, Datum::Unit);
    let around = std::mem::replace(&mut frame.base, top);
    frame.deeper(1)?;
    frame.spend(body.cost)?;
    let result = match body.node.eval(frame, all) {
        Err(Stop::Return) => Ok(std::mem::take(&mut frame.held)),
        result => result,
    };
    frame.depth -= 1;
    frame.base = around;
    frame.slots.truncate(top);
    result
}

#[inline(never)]
fn set_place(place: &Place, op: Option<Op>, value: &Node, frame: &mut Frame<'_>, all: &[Body]) -> Out<()> {
    let value = value.eval(frame, all)?;
    frame.charge(&value)?;
    match (op, &*place.links, place.root) {
        (None, [Link { step: Step::Key(key), .. }], Root::Event) => set_key(frame, key, value),
        (None, ..) => change(frame, place, true, |target| {
            *target = value;
            Ok(())
        }),
        (Some(op), ..) => change(frame, place, true, |target| or_bail(operators::assign(op, target.open(), value))),
    }
}
