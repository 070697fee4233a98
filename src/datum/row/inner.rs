//! What a row does with its cells: looking, changing, taking out, and being used again.

use std::rc::Rc;

use super::look::{Cell, Look};
use super::{ABSENT, FREE, Inner, Shape};
use crate::datum::view::{Piece, View};
use crate::datum::{Datum, Key, Near};

impl Inner {
    /// A recycled row, or a new one, of that shape and without block, with whatever cells.
    #[allow(clippy::inline_always, reason = "each record begins with one")]
    #[inline(always)]
    #[allow(clippy::unnecessary_box_returns, reason = "the boxes are what is recycled")]
    pub(super) fn of(shape: &Shape) -> Box<Self> {
        let mut inner = FREE.with_borrow_mut(Vec::pop).unwrap_or_else(Self::fresh);
        if !inner.shape.as_ref().is_some_and(|known| Rc::ptr_eq(known, shape)) {
            inner.shape = Some(Rc::clone(shape));
        }
        inner
    }

    #[cold]
    #[allow(clippy::unnecessary_box_returns, reason = "as above")]
    fn fresh() -> Box<Self> {
        Box::default()
    }

    /// Drops the values that were set and added.
    #[inline]
    pub(super) fn clear(&mut self) {
        if !self.set.is_empty() {
            self.set.clear();
        }
        while let Some((key, value)) = self.tail.pop() {
            drop(key);
            match value {
                // Nothing is to be dropped: it need not be looked at again.
                Datum::Unit | Datum::Bool(_) | Datum::Int(_) | Datum::Float(_) => std::mem::forget(value),
                value => drop(value),
            }
        }
        if self.read.get().is_some() {
            self.read.take();
        }
    }

    /// Sets the key, whose cell has that place if there is one.
    #[allow(clippy::inline_always, reason = "a value on the way through memory is copied once more")]
    #[inline(always)]
    pub(super) fn insert(&mut self, place: Option<usize>, key: &Key, value: Datum) -> Option<Datum> {
        if place.is_none() && self.tail.is_empty() {
            self.tail.push((key.clone(), value));
            return None;
        }
        self.change(place, key, value)
    }

    fn change(&mut self, place: Option<usize>, key: &Key, value: Datum) -> Option<Datum> {
        if let Some(place) = place {
            let cell = self.cells[place];
            if cell.look == Look::Set {
                return Some(std::mem::replace(&mut self.set[cell.start as usize], value));
            }
            if let Some(old) = self.view(cell).map(View::to_datum) {
                self.cells[place] = Cell { look: Look::Set, start: self.set.len() as u32, end: 0 };
                self.changed(place);
                self.set.push(value);
                return Some(old);
            }
        }
        if let Some((_, old)) = self.tail.iter_mut().find(|(known, _)| known == key) {
            return Some(std::mem::replace(old, value));
        }
        self.tail.push((key.clone(), value));
        None
    }

    /// Takes the key out, whose cell has that place if there is one; tells also how many entries stand before.
    pub(super) fn remove(&mut self, place: Option<usize>, key: &Key) -> Option<(Datum, usize)> {
        let present = |cells: &[Cell]| cells.iter().filter(|cell| cell.look != Look::Absent).count();
        if let Some(place) = place {
            let cell = std::mem::replace(&mut self.cells[place], ABSENT);
            self.changed(place);
            let old = match cell.look {
                Look::Set => Some(std::mem::take(&mut self.set[cell.start as usize])),
                _ => self.view(cell).map(View::to_datum),
            };
            if let Some(old) = old {
                return Some((old, present(&self.cells[..place])));
            }
        }
        let place = self.tail.iter().position(|(known, _)| known == key)?;
        Some((self.tail.remove(place).1, present(&self.cells) + place))
    }

    /// The cell of that place is no longer what stands in the block.
    #[inline]
    pub(super) fn changed(&mut self, place: usize) {
        self.compact &= !1_u64.checked_shl(place as u32).unwrap_or(0);
    }

    #[inline]
    pub(super) fn keys(&self) -> &[Key] {
        self.shape.as_deref().unwrap_or_default()
    }

    #[inline]
    pub(super) fn find(&self, key: &Key) -> Option<usize> {
        self.keys()[..self.cells.len()].iter().position(|known| known == key)
    }

    #[inline]
    pub(super) fn find_at(&self, key: &Near) -> Option<usize> {
        Some(key.place(self.shape.as_ref()?)).filter(|place| *place < self.cells.len())
    }

    #[inline]
    pub(super) fn view(&self, cell: Cell) -> Option<View<'_>> {
        if cell.look.stands_in_text() { Some(View::Piece(Piece::of(self.block.as_ref()?, cell))) } else { self.other(cell) }
    }

    /// As [`Inner::view`], for what does not stand in the text.
    fn other(&self, cell: Cell) -> Option<View<'_>> {
        Some(View::Datum(match cell.look {
            Look::Set => &self.set[cell.start as usize],
            Look::True => &Datum::Bool(true),
            Look::False => &Datum::Bool(false),
            Look::Null => &Datum::Unit,
            _ => return None,
        }))
    }
}
