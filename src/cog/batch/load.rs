//! [`Load`]: the events of a batch while they are turned. Should the cog panic, those that are not settled yet have failed.

use std::rc::Rc;

use crate::cog::origin::{Books, Outcome};
use crate::cog::seat::Event;

/// Events that fail when they are dropped.
pub(super) struct Load<'a> {
    pub(super) events: Vec<Event>,
    books: &'a Rc<Books>,
}

impl<'a> Load<'a> {
    #[inline]
    pub(super) fn new(events: Vec<Event>, books: &'a Rc<Books>) -> Self {
        Self { events, books }
    }

    /// Hands out one event after the other.
    #[inline]
    pub(super) fn unload(&mut self) -> impl Iterator<Item = Event> {
        Rest { events: self.events.drain(..), books: self.books }
    }

    /// All events, turned.
    #[inline]
    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

impl Drop for Load<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.events.is_empty() {
            fail(self.events.drain(..), self.books);
        }
    }
}

/// Events that are being handed out.
struct Rest<'a, 'b> {
    events: std::vec::Drain<'a, Event>,
    books: &'b Rc<Books>,
}

impl Iterator for Rest<'_, '_> {
    type Item = Event;

    #[inline]
    fn next(&mut self) -> Option<Event> {
        self.events.next()
    }
}

impl Drop for Rest<'_, '_> {
    #[inline]
    fn drop(&mut self) {
        if self.events.len() > 0 {
            fail(self.events.by_ref(), self.books);
        }
    }
}

#[cold]
fn fail(events: impl Iterator<Item = Event>, books: &Books) {
    for event in events {
        books.settle(&event.lineage, Outcome::Failed);
    }
}
