//! [`Hold`]: a part of an event that a cog keeps for later.

use std::rc::Rc;

use super::{Books, Lineage, Outcome};

/// A part of an event that a cog keeps for later. It must be emitted, delivered or released; dropped, it counts as failed.
#[derive(Debug)]
pub struct Hold {
    lineage: Option<Lineage>,
    books: Rc<Books>,
}

impl Hold {
    /// Keeps a part of `lineage`; who calls has counted the part.
    #[inline]
    pub(crate) fn new(lineage: Lineage, books: &Rc<Books>) -> Self {
        Self { lineage: Some(lineage), books: Rc::clone(books) }
    }

    /// The event's lineage, for messages.
    pub fn lineage(&self) -> &Lineage {
        self.lineage.as_ref().expect("a hold keeps its lineage until it is used up")
    }

    /// Gives the part on.
    #[inline]
    pub(crate) fn into_lineage(mut self) -> Lineage {
        self.lineage.take().unwrap_or_default()
    }

    /// The part ended in this way.
    #[inline]
    pub fn settle(mut self, outcome: Outcome) {
        if let Some(lineage) = self.lineage.take() {
            self.books.settle(&lineage, outcome);
        }
    }
}

/// What can make holds of the datum that a cog is given, while it is.
#[derive(Debug)]
pub struct Holder {
    lineage: Lineage,
    books: Rc<Books>,
}

impl Holder {
    /// Of that datum.
    pub(crate) fn new(lineage: Lineage, books: &Rc<Books>) -> Self {
        Self { lineage, books: Rc::clone(books) }
    }

    /// Keeps a part of it. The context must be [told](crate::cog::Ctx::has_held).
    pub fn hold(&self) -> Hold {
        self.books.split(&self.lineage, 1);
        Hold::new(self.lineage.clone(), &self.books)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(lineage) = self.lineage.take() {
            self.books.settle(&lineage, Outcome::Failed);
        }
    }
}
