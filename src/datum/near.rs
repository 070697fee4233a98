//! [`Near`]: a key that remembers where it stands in rows.

use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

use super::{Key, Shape};

/// A key for who asks many maps alike: rows of one shape have it in one place, which is looked for once.
#[derive(Debug)]
pub struct Near {
    key: Key,
    /// The shape asked of last, which is kept so that no other one can stand in its place, and the key's place there.
    last: RefCell<Option<(Shape, Option<usize>)>>,
}

impl Near {
    /// A key that was not looked for yet.
    pub const fn new(key: Key) -> Self {
        Self { key, last: RefCell::new(None) }
    }

    /// The key's place in rows of that shape.
    #[inline]
    pub(super) fn place(&self, shape: &Shape) -> Option<usize> {
        match &*self.last.borrow() {
            Some((last, place)) if Rc::ptr_eq(last, shape) => return *place,
            _ => {}
        }
        self.find(shape)
    }

    #[cold]
    fn find(&self, shape: &Shape) -> Option<usize> {
        let place = shape.iter().position(|known| *known == self.key);
        *self.last.borrow_mut() = Some((Rc::clone(shape), place));
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
