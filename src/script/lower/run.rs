//! Runs lowered code.

use std::borrow::Cow;

use super::code::{Body, NativeCall, Node, Place, Quick, Root, Step, Switch, Try};
use super::frame::{Frame, Out, Stop, fits, or_bail};
use super::operators::{self, Op, binary, compare, compare_piece, number, plain};
use super::place::{call_in_place, change, follow, glance, length, read_place, remove_key, remove_named, set_key};
use super::{each, loops};
use crate::datum::{Datum, Look, Map, Text, View};

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
            Self::Event => Ok(frame.seen().clone()),
            Self::Itself => {
                frame.itself = true;
                Ok(Datum::Unit)
            }
            Self::Read(place) => read_place(frame, place).map(kept),
            Self::Part(base, links) => {
                let base = base.eval(frame, all)?;
                follow(frame, &base, links).map(kept)
            }
            Self::Binary(op, pair) if !op.is_comparison() => compute(*op, pair, frame, all),
            Self::Text(parts) => text(parts, frame, all),
            Self::List(parts) => {
                let mut list = Vec::with_capacity(parts.len());
                for part in parts {
                    let value = part.eval(frame, all)?;
                    frame.charge(&value)?;
                    list.push(value);
                }
                Ok(Datum::List(list))
            }
            Self::Map(parts) => {
                let mut map = Map::with_capacity(parts.len());
                for (key, part) in parts {
                    let value = part.eval(frame, all)?;
                    frame.charge(&value)?;
                    map.push(key.clone(), value);
                }
                Ok(Datum::Map(map))
            }
            Self::Coalesce(parts) => {
                for part in parts {
                    let value = part.eval(frame, all)?;
                    if !matches!(value, Datum::Unit) {
                        return Ok(value);
                    }
                }
                Ok(Datum::Unit)
            }
            Self::Negate(of) => or_bail(operators::negate(&of.eval(frame, all)?)),
            Self::Native(call) => native(call, frame, all),
            Self::SplitAt(pair, at) => split_at(pair, *at, frame, all),
            Self::Call(function, args) => script(*function, args, frame, all),
            Self::Let(slot, value) => {
                let value = value.eval(frame, all)?;
                *frame.slot_mut(*slot) = value;
                Ok(Datum::Unit)
            }
            Self::SetLocal(slot, op, value) => {
                let value = value.eval(frame, all)?;
                match op {
                    None => *frame.slot_mut(*slot) = value,
                    Some(op) => {
                        if matches!(frame.slot(*slot), Datum::List(_) | Datum::Raw(_)) {
                            frame.charge(&value)?;
                        }
                        or_bail(operators::assign(*op, frame.slot_mut(*slot).open(), value))?;
                    }
                }
                Ok(Datum::Unit)
            }
            Self::SetPlace(pair, op) => {
                set_place(&pair.0, *op, &pair.1, frame, all)?;
                Ok(Datum::Unit)
            }
            Self::RemoveKey(step) => removed(step, frame, all),
            Self::Block(nodes) => {
                let Some((last, rest)) = nodes.split_last() else { return Ok(Datum::Unit) };
                for node in rest {
                    node.eval(frame, all)?;
                }
                last.eval(frame, all)
            }
            Self::If(parts) => {
                if parts[0].test(frame, all)? {
                    parts[1].eval(frame, all)
                } else {
                    parts[2].eval(frame, all)
                }
            }
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
        }
    }

    /// The value of what must be a truth value.
    pub(super) fn test(&self, frame: &mut Frame<'_>, all: &[Body]) -> Out<bool> {
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
            Self::Binary(op, pair) if op.is_comparison() => {
                let [a, b] = &**pair;
                if b.is_simple() {
                    if let (Self::Read(place), Self::Const(value)) = (a, b)
                        && let Some(View::Piece(piece)) = glance(frame, place)
                        && let Some(said) = compare_piece(*op, piece, value)
                    {
                        return Ok(said);
                    }
                    if a.is_simple() {
                        return or_bail(compare(*op, &*a.peek(frame)?, &*b.peek(frame)?));
                    }
                    let a = a.eval(frame, all)?;
                    return or_bail(compare(*op, &a, &*b.peek(frame)?));
                }
                let a = a.eval(frame, all)?;
                let b = b.eval(frame, all)?;
                or_bail(compare(*op, &a, &b))
            }
            Self::IsUnit(of) if of.is_simple() => of.peek(frame).map(|value| matches!(*value, Datum::Unit)),
            Self::IsUnit(of) => of.eval(frame, all).map(|value| matches!(value, Datum::Unit)),
            simple if simple.is_simple() => match *simple.peek(frame)? {
                Datum::Bool(value) => Ok(value),
                _ => Err(Stop::Bail),
            },
            other => match other.eval(frame, all)? {
                Datum::Bool(value) => Ok(value),
                _ => Err(Stop::Bail),
            },
        }
    }
}

fn removed(step: &Step, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
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

fn hold(stop: Stop, value: Option<&Node>, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let value = match value {
        Some(value) => value.eval(frame, all)?,
        None => Datum::Unit,
    };
    frame.held = value;
    Err(stop)
}

fn text(parts: &[Node], frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let mut out = std::mem::take(&mut frame.text);
    out.clear();
    for part in parts {
        if part.is_simple() {
            or_bail(operators::show(&*part.peek(frame)?, &mut out))?;
        } else {
            // It may need the text under way for itself.
            let value = part.eval(frame, all)?;
            or_bail(operators::show(&value, &mut out))?;
        }
        fits(&out)?;
    }
    let made = Text::from(out.as_str());
    frame.text = out;
    Ok(Datum::Str(made))
}

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
            if call.quick != Quick::No
                && let Some(made) = quick(call.quick, place, frame)?
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

/// What needs no copy; none when the standard function is to say.
fn quick(quick: Quick, place: &Place, frame: &Frame<'_>) -> Out<Option<Datum>> {
    let parsed = |text: &str| text.trim().parse().ok().map(Datum::Int);
    if let (Quick::ParseInt, Some(View::Piece(piece))) = (quick, glance(frame, place)) {
        return Ok(if let Look::Text | Look::Plain = piece.look() { parsed(piece.as_str()) } else { None });
    }
    let value = read_place(frame, place)?;
    Ok(match (quick, &*value) {
        (Quick::Len, value) => length(value).map(|len| Datum::Int(len as i64)),
        (Quick::ParseInt, Datum::Str(text)) => parsed(text),
        _ => None,
    })
}

fn finish(call: &NativeCall, args: &mut [Datum], frame: &mut Frame<'_>) -> Out<Datum> {
    for arg in &mut *args {
        match arg {
            Datum::Str(text) => frame.spend((text.len() / 64) as i64)?,
            Datum::List(list) => frame.spend((list.len() / 16) as i64)?,
            Datum::Raw(_) => {
                arg.open();
            }
            _ => {}
        }
    }
    or_bail((call.native.call)(args))
}

fn split_at(pair: &[Node; 2], at: usize, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let part = |text: &Datum, by: &Datum| -> Out<Datum> {
        let (Datum::Str(text), Datum::Str(by)) = (text, by) else { return Err(Stop::Bail) };
        if by.is_empty() || text.len() > operators::LONGEST {
            return Err(Stop::Bail);
        }
        let found = or_bail(text.split(by.as_str()).nth(at))?;
        let from = found.as_ptr() as usize - text.as_str().as_ptr() as usize;
        Ok(Datum::Str(text.slice(from..from + found.len())))
    };
    let [text, by] = pair;
    if text.is_simple() && by.is_simple() {
        return part(&*text.peek(frame)?, &*by.peek(frame)?);
    }
    let by = by.eval(frame, all)?;
    let text = text.eval(frame, all)?;
    part(&text, &by)
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

fn set_place(place: &Place, op: Option<Op>, value: &Node, frame: &mut Frame<'_>, all: &[Body]) -> Out<()> {
    let value = value.eval(frame, all)?;
    frame.charge(&value)?;
    match (op, &*place.links, place.root) {
        (None, [only], Root::Event) if let Step::Key(key) = &only.step => set_key(frame, key, value),
        (None, ..) => change(frame, place, true, |target| {
            *target = value;
            Ok(())
        }),
        (Some(op), ..) => change(frame, place, true, |target| or_bail(operators::assign(op, target.open(), value))),
    }
}

fn switched(switch: &Switch, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let value = switch.value.eval(frame, all)?;
    let value = plain(&value).into_owned();
    let mut chosen = None;
    match &value {
        Datum::Unit | Datum::Bool(_) | Datum::Int(_) | Datum::Str(_) => {}
        // A fraction is found by its bits, a list by all that is in it.
        _ => return Err(Stop::Bail),
    }
    if let Some((_, blocks)) = switch.cases.iter().find(|(case, _)| *case == value) {
        for block in blocks {
            if allowed(switch, *block, frame, all)? {
                chosen = Some(*block);
                break;
            }
        }
    }
    if let (None, Datum::Int(value)) = (chosen, &value) {
        for (_, block) in switch.ranges.iter().filter(|(range, _)| range.contains_int(*value)) {
            if allowed(switch, *block, frame, all)? {
                chosen = Some(*block);
                break;
            }
        }
    }
    match chosen.or(switch.default) {
        Some(block) => switch.blocks[block].1.eval(frame, all),
        None => Ok(Datum::Unit),
    }
}

fn allowed(switch: &Switch, block: usize, frame: &mut Frame<'_>, all: &[Body]) -> Out<bool> {
    switch.blocks[block].0.as_ref().map_or(Ok(true), |condition| condition.test(frame, all))
}

fn attempt(parts: &Try, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    match parts.body.eval(frame, all) {
        Err(Stop::Throw) => {}
        other => return other,
    }
    let thrown = std::mem::take(&mut frame.held);
    if let Some(slot) = parts.slot {
        *frame.slot_mut(slot) = thrown;
    }
    match parts.branch.eval(frame, all) {
        Ok(_) => Ok(Datum::Unit),
        // `throw;` raises the first one anew.
        Err(Stop::Throw) if matches!(frame.held, Datum::Unit) => Err(Stop::Bail),
        Err(stop) => Err(stop),
    }
}
