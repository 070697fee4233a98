//! Why events failed, for supplies that want to know: those that leave the reason beside what they put aside.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Books, Lineage};

/// Where an event failed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The cog.
    pub cog: Rc<str>,
    /// What was wrong.
    pub error: String,
}

/// What is known of events that are not settled yet.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    wanted: RefCell<Vec<u32>>,
    some: Cell<bool>,
    known: RefCell<BTreeMap<(u32, u64), Why>>,
}

impl Books {
    /// `supply` wants to know why its events failed, and takes what is known of each.
    pub(in crate::cog) fn asks_why(&self, supply: u32) {
        self.reasons.some.set(true);
        self.reasons.wanted.borrow_mut().push(supply);
    }

    /// A part of `lineage` failed for that reason. Of what was made from several the first is meant.
    pub(in crate::cog) fn note_why(&self, lineage: &Lineage, why: impl FnOnce() -> Why) {
        if self.reasons.some.get()
            && let Some((supply, number, _)) = lineage.first()
            && self.reasons.wanted.borrow().contains(&supply)
        {
            self.reasons.known.borrow_mut().entry((supply, number)).or_insert_with(why);
        }
    }

    /// Takes what is known of that event.
    pub(in crate::cog) fn take_why(&self, supply: u32, number: u64) -> Option<Why> {
        self.reasons.known.borrow_mut().remove(&(supply, number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_is_kept_for_who_asked() {
        let books = Books::new();
        let why = |error: &str| Why { cog: "c".into(), error: error.into() };
        let (a, b) = (books.open(&books.block(0, 7), 0), books.open(&books.block(1, 7), 0));
        books.note_why(&a, || why("nobody asked yet"));
        books.asks_why(0);
        books.note_why(&a.clone().into_dead(), || why("first"));
        books.note_why(&a, || why("second"));
        books.note_why(&b, || why("of another supply"));
        assert_eq!((books.take_why(0, 7), books.take_why(0, 7), books.take_why(1, 7)), (Some(why("first")), None, None));
    }
}
