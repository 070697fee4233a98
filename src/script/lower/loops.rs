//! Runs loops.

use std::borrow::Cow;

use super::code::{Body, For, Over, While};
use super::frame::{Frame, Out, Stop, or_bail};
use super::items::Items;
use super::operators::plain;
use super::place::read_place;
use super::run::kept;
use crate::datum::Datum;

/// `for`
#[inline(never)]
pub(super) fn for_each(parts: &For, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let mut broken = false;
    for_items(&parts.over, parts.item, frame, all, |frame, n| {
        if let Some(counter) = parts.counter {
            frame.put_int(counter, n as i64);
        }
        frame.spend(parts.cost)?;
        match parts.body.run(frame, all) {
            Ok(()) | Err(Stop::Continue) => Ok(true),
            Err(Stop::Break) => {
                broken = true;
                Ok(false)
            }
            Err(stop) => Err(stop),
        }
    })?;
    Ok(if broken { std::mem::take(&mut frame.held) } else { Datum::Unit })
}

/// Goes over the items, each put into the slot, with their numbers until `take` gives false.
pub(super) fn for_items(
    over: &Over,
    slot: usize,
    frame: &mut Frame<'_>,
    all: &[Body],
    mut take: impl FnMut(&mut Frame<'_>, usize) -> Out<bool>,
) -> Out<()> {
    let list = match over {
        Over::Range(from, to, closed) => {
            let from = from.eval(frame, all)?;
            let to = to.eval(frame, all)?;
            let (Datum::Int(from), Datum::Int(to)) = (&*plain(&from), &*plain(&to)) else { return Err(Stop::Bail) };
            let to = if *closed { or_bail(to.checked_add(1))? } else { *to };
            for (n, item) in (*from..to).enumerate() {
                frame.put_int(slot, item);
                if !take(frame, n)? {
                    break;
                }
            }
            return Ok(());
        }
        Over::Place(place) => match read_place(frame, place)? {
            Cow::Borrowed(Datum::List(list)) => {
                // Nobody changes the place meanwhile, so that it is looked up anew instead of being copied.
                for n in 0..list.len() {
                    let item = match &*read_place(frame, place)? {
                        Datum::List(list) => kept(Cow::Borrowed(or_bail(list.get(n))?)),
                        _ => return Err(Stop::Bail),
                    };
                    frame.put(slot, item);
                    if !take(frame, n)? {
                        break;
                    }
                }
                return Ok(());
            }
            value => value.into_owned(),
        },
        Over::Value(node) => node.eval(frame, all)?,
    };
    let list = match list {
        Datum::List(list) => list,
        Datum::Raw(text) => {
            let mut items = Items::of(text)?;
            for n in 0.. {
                match items.int() {
                    Some(value) => frame.put_int(slot, value),
                    None => match items.next()? {
                        Some(item) => frame.put(slot, kept(Cow::Owned(item))),
                        None => break,
                    },
                }
                if !take(frame, n)? {
                    break;
                }
            }
            return Ok(());
        }
        _ => return Err(Stop::Bail),
    };
    for (n, item) in list.into_iter().enumerate() {
        frame.put(slot, kept(Cow::Owned(item)));
        if !take(frame, n)? {
            break;
        }
    }
    Ok(())
}

/// `while`, `loop`, `do`
pub(super) fn repeat(parts: &While, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let mut first = true;
    loop {
        if let Some(test) = &parts.test
            && (parts.first || !first)
            && test.test(frame, all)? != parts.wanted
        {
            return Ok(Datum::Unit);
        }
        first = false;
        frame.spend(parts.cost)?;
        match parts.body.run(frame, all) {
            Ok(()) => {}
            // `continue` goes past the test behind a body.
            Err(Stop::Continue) => first = !parts.first,
            Err(Stop::Break) => return Ok(std::mem::take(&mut frame.held)),
            Err(stop) => return Err(stop),
        }
    }
}
