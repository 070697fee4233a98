//! Statements and loops.

use std::borrow::Cow;

use super::super::frame::{Out, Stop, or_bail, replace};
use super::super::items::{Items, each_int};
use super::super::operators;
use super::super::run::kept;
use super::code::{For, Item, Range, Step, Value, While};
use super::state::Run;
use crate::datum::{Datum, Look, View};

impl Step {
    /// Does these in turn; what is done again and again stands here, not a call away.
    pub(super) fn all(steps: &[Self], run: &mut Run<'_>) -> Out<()> {
        for step in steps {
            match step {
                Self::AddInt(slot, from) => {
                    let value = run.state.ints[*from];
                    let place = &mut run.state.ints[*slot];
                    *place = or_bail(place.checked_add(value))?;
                }
                Self::CopyInt(slot, from) => run.state.ints[*slot] = run.state.ints[*from],
                Self::CopyIntIf(op, a, b, slot, from) => {
                    if op.holds(run.state.ints[*a], run.state.ints[*b]) {
                        run.state.ints[*slot] = run.state.ints[*from];
                    }
                }
                Self::IfInts(op, a, b, steps) => {
                    if op.holds(run.state.ints[*a], run.state.ints[*b]) {
                        Self::all(steps, run)?;
                    }
                }
                Self::SetInt(slot, value) => run.state.ints[*slot] = or_bail(value.int(run))?,
                Self::ChangeInt(slot, op, value) => {
                    let value = or_bail(value.int(run))?;
                    let place = &mut run.state.ints[*slot];
                    *place = or_bail(operators::whole(*op, *place, value))?;
                }
                Self::If(fork) => {
                    let chosen = if or_bail(fork.test.test(run))? { &fork.yes } else { &fork.no };
                    if !chosen.is_empty() {
                        Self::all(chosen, run)?;
                    }
                }
                other => other.run(run)?,
            }
        }
        Ok(())
    }

    /// Does it.
    #[inline(never)]
    fn run(&self, run: &mut Run<'_>) -> Out<()> {
        match self {
            Self::SetValue(slot, value) => {
                let value = value.value(run)?;
                replace(&mut run.state.values[*slot], value);
                Ok(())
            }
            Self::Set(change, value) => {
                let value = value.value(run)?;
                run.set(*change, value)
            }
            Self::Remove(spot) => {
                run.remove(spot);
                Ok(())
            }
            Self::For(parts) => parts.run(run),
            other => other.rare(run),
        }
    }

    #[inline(never)]
    fn rare(&self, run: &mut Run<'_>) -> Out<()> {
        match self {
            Self::ChangeValue(slot, op, value) => {
                let value = value.value(run)?;
                let target = &mut run.state.values[*slot];
                if matches!(target, Datum::List(_) | Datum::Raw(_)) {
                    return Err(Stop::Bail);
                }
                or_bail(operators::assign(*op, target, value))
            }
            Self::ChangeKey(spot, op, value) => {
                let value = value.value(run)?;
                let change = or_bail(spot.change)?;
                let mut target = match run.look(spot) {
                    Some(view) => view.to_datum(),
                    None => return Err(Stop::Bail),
                };
                or_bail(operators::assign(*op, &mut target, value))?;
                run.set(change, target)
            }
            Self::Range(parts) => parts.run(run),
            Self::While(parts) => parts.run(run),
            Self::Break => Err(Stop::Break),
            Self::Continue => Err(Stop::Continue),
            Self::Return(value) => {
                run.state.held = value.value(run)?;
                Err(Stop::Return)
            }
            Self::Do(value) => value.value(run).map(drop),
            other => Self::all(std::slice::from_ref(other), run),
        }
    }
}

/// The body of a loop, once; whether it goes on.
#[inline]
fn once(body: &[Step], cost: i64, run: &mut Run<'_>) -> Out<bool> {
    run.spend(cost)?;
    match Step::all(body, run) {
        Ok(()) | Err(Stop::Continue) => Ok(true),
        Err(Stop::Break) => Ok(false),
        Err(stop) => Err(stop),
    }
}

impl For {
    #[inline(never)]
    fn run(&self, run: &mut Run<'_>) -> Out<()> {
        match &self.over {
            Value::Key(spot) if spot.change.is_none() => match run.map.look_at(&spot.key) {
                Some(View::Piece(piece)) if piece.look() == Look::Raw => match self.item {
                    Item::Int(item) => self.ints(item, piece.with_rest().0, run),
                    Item::Value(_) => self.items(Items::of(piece.to_text())?, run),
                },
                Some(View::Datum(Datum::List(list))) => self.list(list.iter().map(Cow::Borrowed), run),
                _ => Err(Stop::Bail),
            },
            over => match over.value(run)? {
                Datum::Raw(text) => match self.item {
                    Item::Int(item) => self.ints(item, text.as_bytes(), run),
                    Item::Value(_) => self.items(Items::of(text)?, run),
                },
                Datum::List(list) => self.list(list.into_iter().map(Cow::Owned), run),
                _ => Err(Stop::Bail),
            },
        }
    }

    fn ints(&self, slot: usize, text: &[u8], run: &mut Run<'_>) -> Out<()> {
        let mut n = 0;
        each_int(text, |value| {
            run.state.ints[slot] = value;
            if let Some(counter) = self.counter {
                run.state.ints[counter] = n;
                n += 1;
            }
            once(&self.body, self.cost, run)
        })
    }

    fn items(&self, mut items: Items, run: &mut Run<'_>) -> Out<()> {
        let mut n = 0;
        loop {
            let item = match items.int() {
                Some(value) => Datum::Int(value),
                None => match items.next()? {
                    Some(item) => kept(Cow::Owned(item)),
                    None => return Ok(()),
                },
            };
            if !self.take(item, n, run)? {
                return Ok(());
            }
            n += 1;
        }
    }

    fn list<'d>(&self, list: impl Iterator<Item = Cow<'d, Datum>>, run: &mut Run<'_>) -> Out<()> {
        for (n, item) in list.enumerate() {
            if !self.take(kept(item), n as i64, run)? {
                break;
            }
        }
        Ok(())
    }

    fn take(&self, item: Datum, n: i64, run: &mut Run<'_>) -> Out<bool> {
        match (self.item, item) {
            (Item::Int(slot), Datum::Int(value)) => run.state.ints[slot] = value,
            (Item::Int(_), _) => return Err(Stop::Bail),
            (Item::Value(slot), item) => run.state.values[slot] = item,
        }
        if let Some(counter) = self.counter {
            run.state.ints[counter] = n;
        }
        once(&self.body, self.cost, run)
    }
}

impl Range {
    fn run(&self, run: &mut Run<'_>) -> Out<()> {
        let from = or_bail(self.from.int(run))?;
        let to = or_bail(self.to.int(run))?;
        let to = if self.closed { or_bail(to.checked_add(1))? } else { to };
        for (n, item) in (from..to).enumerate() {
            run.state.ints[self.item] = item;
            if let Some(counter) = self.counter {
                run.state.ints[counter] = n as i64;
            }
            if !once(&self.body, self.cost, run)? {
                break;
            }
        }
        Ok(())
    }
}

impl While {
    fn run(&self, run: &mut Run<'_>) -> Out<()> {
        let mut first = true;
        loop {
            if let Some(test) = &self.test
                && (self.first || !first)
                && or_bail(test.test(run))? != self.wanted
            {
                return Ok(());
            }
            first = false;
            run.spend(self.cost)?;
            match Step::all(&self.body, run) {
                Ok(()) => {}
                // `continue` goes past the test behind a body.
                Err(Stop::Continue) => first = !self.first,
                Err(Stop::Break) => return Ok(()),
                Err(stop) => return Err(stop),
            }
        }
    }
}
