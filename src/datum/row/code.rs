//! Rows under native code: what it looks at, sets and makes of them, with nothing more done than that.

use super::{ABSENT, Cell, Look, Row, Shape};
use crate::datum::{Datum, Key, Near, Piece};

impl Row {
    /// The keys, while all entries stand under these and none was read.
    #[inline]
    pub(in crate::datum) fn shape(&self) -> Option<&Shape> {
        let inner = self.inner();
        if inner.tail.is_empty() && inner.read.get().is_none() { inner.shape.as_ref() } else { None }
    }

    /// The letters under the key, where they stand in the block as they are.
    #[inline]
    pub(in crate::datum) fn letters_at(&self, key: &Near) -> Option<&str> {
        let inner = self.inner();
        let cell = inner.cells.get(key.place(inner.shape.as_ref()?))?;
        match cell.look {
            Look::Text | Look::Plain | Look::Bare => Some(&inner.block.as_ref()?[cell.start as usize..cell.end as usize]),
            _ => None,
        }
    }

    /// As [`Row::insert`], for who changes many rows alike.
    #[allow(clippy::inline_always, reason = "as looking")]
    #[inline(always)]
    pub(in crate::datum) fn insert_at(&mut self, key: &Near, value: Datum) -> Option<Datum> {
        let place = self.inner().find_at(key);
        self.inner_mut().insert(place, key, value)
    }

    /// As [`Row::remove`], for who changes many rows alike; tells also how many entries stand before.
    #[inline]
    pub(in crate::datum) fn remove_at(&mut self, key: &Near) -> Option<(Datum, usize)> {
        let place = self.inner().find_at(key);
        self.inner_mut().remove(place, key)
    }

    /// As [`Row::insert_at`], for who does not want what stood there.
    #[inline]
    pub(in crate::datum) fn put_at(&mut self, key: &Near, value: Datum) {
        let place = self.inner().find_at(key);
        let inner = self.inner_mut();
        match place {
            None if inner.tail.iter().all(|(known, _)| *known != **key) => inner.tail.push((Key::clone(key), value)),
            Some(place) if !matches!(inner.cells[place].look, Look::Set | Look::Absent) => {
                inner.cells[place] = Cell { look: Look::Set, start: inner.set.len() as u32, end: 0 };
                inner.changed(place);
                inner.set.push(value);
            }
            _ => drop(inner.insert(place, key, value)),
        }
    }

    /// Takes the key out and lets go of what stood there.
    #[inline]
    pub(in crate::datum) fn forget_at(&mut self, key: &Near) {
        let place = self.inner().find_at(key);
        let inner = self.inner_mut();
        match place {
            Some(place) if !matches!(inner.cells[place].look, Look::Set | Look::Absent) => {
                inner.cells[place] = ABSENT;
                inner.changed(place);
            }
            _ => drop(inner.remove(place, key)),
        }
    }

    /// An empty row for values that stand in the same block.
    #[inline]
    pub(in crate::datum) fn beside(&self, shape: &Shape) -> Option<Self> {
        let inner = self.inner();
        let mut row = Self::new(shape, inner.block.as_ref()?);
        row.inner_mut().json = inner.json;
        Some(row)
    }

    /// The next key's value is that of the row [beside](crate::datum::Map::row_beside) which it was made, under the same key.
    #[inline]
    pub fn push_piece(&mut self, piece: Piece<'_>) {
        debug_assert!(self.inner().block.as_ref().is_some_and(|block| piece.stands_in(block)));
        self.inner_mut().cells.push(piece.cell());
    }
}
