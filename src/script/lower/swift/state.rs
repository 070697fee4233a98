//! What swift code runs on: the event as it came, slots, and what is to be changed in the event once all went well.

use std::ops::{Index, IndexMut};

use super::super::frame::{Out, Stop, replace, weight};
use super::super::operators::number;
use super::super::settle::scalar;
use super::super::undo::stays;
use super::code::Spot;
use crate::datum::{Datum, Map, Near, View};

/// What becomes of a key of the event.
#[derive(Default)]
pub(super) enum Change {
    #[default]
    Not,
    Gone,
    Set(Datum),
}

/// Slots for whole numbers. Their count is fixed, so that no look-up can fail.
pub(super) struct Ints([i64; INTS]);

/// So many whole numbers at most, constants among them.
pub(super) const INTS: usize = 64;

impl Default for Ints {
    fn default() -> Self {
        Self([0; INTS])
    }
}

impl Index<usize> for Ints {
    type Output = i64;

    #[inline]
    fn index(&self, slot: usize) -> &i64 {
        &self.0[slot % INTS]
    }
}

impl IndexMut<usize> for Ints {
    #[inline]
    fn index_mut(&mut self, slot: usize) -> &mut i64 {
        &mut self.0[slot % INTS]
    }
}

/// The memory of one call, used again by the next one.
#[derive(Default)]
pub(super) struct State {
    pub ints: Ints,
    pub values: Vec<Datum>,
    pub changes: Vec<Change>,
    /// For texts under way.
    pub text: String,
    /// What `return` carries.
    pub held: Datum,
    /// Whether the result is the event itself.
    pub itself: bool,
    /// Operations that are left.
    pub left: i64,
    /// What may still be put into maps.
    pub room: usize,
}

impl State {
    /// Lets go of all values.
    #[inline]
    pub(super) fn clear(&mut self) {
        for value in &mut self.values {
            replace(value, Datum::Unit);
        }
        for change in &mut self.changes {
            if !matches!(change, Change::Not) {
                *change = Change::Not;
            }
        }
        replace(&mut self.held, Datum::Unit);
        self.itself = false;
    }
}

/// One call under way.
pub(super) struct Run<'a> {
    pub map: &'a Map,
    pub state: &'a mut State,
}

impl Run<'_> {
    /// What stands under a key of the event, as it is now.
    #[inline]
    pub(super) fn look(&self, spot: &Spot) -> Option<View<'_>> {
        match spot.change {
            Some(change) => self.look_changed(change, &spot.key),
            None => self.map.look_at(&spot.key),
        }
    }

    /// The letters under a key of the event, where they stand in their text as they are.
    #[inline]
    pub(super) fn letters(&self, spot: &Spot) -> Option<&str> {
        match spot.change {
            None => self.map.letters_at(&spot.key),
            Some(_) => None,
        }
    }

    #[inline(never)]
    fn look_changed(&self, change: usize, key: &Near) -> Option<View<'_>> {
        match &self.state.changes[change] {
            Change::Not => self.map.look_at(key),
            Change::Gone => None,
            Change::Set(value) => Some(View::Datum(value)),
        }
    }

    /// Counts operations.
    #[inline]
    pub(super) fn spend(&mut self, operations: i64) -> Out<()> {
        self.state.left -= operations;
        if self.state.left < 0 { Err(Stop::Bail) } else { Ok(()) }
    }

    /// Counts what is put into a map.
    #[inline]
    pub(super) fn charge(&mut self, value: &Datum) -> Out<()> {
        let weight = weight(value);
        self.state.room = self.state.room.checked_sub(weight).ok_or(Stop::Bail)?;
        Ok(())
    }

    /// Sets a key of the event. One that was taken out would come back to another place.
    #[inline]
    pub(super) fn set(&mut self, change: usize, value: Datum) -> Out<()> {
        self.charge(&value)?;
        let place = &mut self.state.changes[change];
        if !stays(&value) || matches!(place, Change::Gone) {
            return Err(Stop::Bail);
        }
        *place = Change::Set(value);
        Ok(())
    }

    /// Takes a key out of the event.
    #[inline]
    pub(super) fn remove(&mut self, spot: &Spot) {
        if let Some(change) = spot.change {
            self.state.changes[change] = Change::Gone;
        }
    }
}

/// Does what was to be done; the keys are in the order of their names, as new ones stand in an event.
pub(super) fn apply(changes: &mut [Change], keys: &[Near], map: &mut Map) {
    for (change, key) in changes.iter_mut().zip(keys) {
        match std::mem::take(change) {
            Change::Not => {}
            Change::Gone => map.forget_at(key),
            Change::Set(value) => set(map, key, value),
        }
    }
}

#[inline]
fn set(map: &mut Map, key: &Near, value: Datum) {
    // The text of a number that stays the same stays too.
    let value = match value {
        Datum::Int(_) | Datum::Float(_) => scalar(value, map.look_at(key)),
        other => other,
    };
    map.put_at(key, value);
}

/// A value that code may keep: a number's text is read.
#[inline]
pub(super) fn read(view: Option<View<'_>>) -> Datum {
    match view {
        None => Datum::Unit,
        Some(View::Datum(Datum::Number(text))) => number(text),
        Some(View::Datum(value)) => value.clone(),
        Some(View::Piece(piece)) => match piece.to_datum() {
            Datum::Number(text) => number(&text),
            value => value,
        },
    }
}
