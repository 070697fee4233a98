//! Runs `switch`, `try`, and what leaves the straight road with a value.

use super::code::{Body, Node, Switch, Try};
use super::frame::{Frame, Out, Stop};
use super::operators::plain;
use crate::datum::Datum;

/// `return`, `break`, `throw`: the value is held until somebody takes it.
pub(super) fn hold(stop: Stop, value: Option<&Node>, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let value = match value {
        Some(value) => value.eval(frame, all)?,
        None => Datum::Unit,
    };
    frame.held = value;
    Err(stop)
}

/// `switch`
pub(super) fn switched(switch: &Switch, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
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

/// `try`
pub(super) fn attempt(parts: &Try, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
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
