//! [`Near`]: a key that remembers where it stands in rows.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::ptr;
use std::rc::Rc;

use super::{Key, Shape};

/// No row has so many cells.
const NOWHERE: usize = usize::MAX;

/// A key for who asks many maps alike: rows of one shape have it in one place, which is looked for once.
#[derive(Debug)]
pub struct Near {
    key: Key,
    /// Where the keys of the shape stand that was asked of last.
    last: Cell<*const Key>,
    /// The key's place there, or [`NOWHERE`].
    place: Cell<usize>,
    /// That shape, kept so that no other one can stand in its place.
    kept: RefCell<Option<Shape>>,
}

impl Near {
    /// A key that was not looked for yet.
    pub const fn new(key: Key) -> Self {
        Self { key, last: Cell::new(ptr::null()), place: Cell::new(NOWHERE), kept: RefCell::new(None) }
    }

    /// The key's place in rows of that shape; beyond all cells when it has none.
    #[inline]
    pub(super) fn place(&self, shape: &Shape) -> usize {
        if ptr::eq(self.last.get(), shape.as_ptr()) { self.place.get() } else { self.find(shape) }
    }

    #[cold]
    fn find(&self, shape: &Shape) -> usize {
        let place = shape.iter().position(|known| *known == self.key).unwrap_or(NOWHERE);
        self.last.set(shape.as_ptr());
        self.place.set(place);
        *self.kept.borrow_mut() = Some(Rc::clone(shape));
        place
    }
}

impl Deref for Near {
    type Target = Key;

    #[inline]
    fn deref(&self) -> &Key {
        &self.key
    }
}
