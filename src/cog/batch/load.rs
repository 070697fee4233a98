//! [`Load`]: the events of a batch while they are turned. Should the cog panic, those that are not settled yet are laid aside, for the
//! context to fail them one by one.

use std::cell::RefCell;

use crate::cog::seat::Event;

thread_local! {
    /// What was left of the batch in which a cog panicked.
    static LEFT: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
}

/// What was left of the last batch in which a cog panicked.
pub(in crate::cog) fn take_left() -> Vec<Event> {
    LEFT.take()
}

/// Events that are laid aside when they are dropped.
pub(super) struct Load {
    pub(super) events: Vec<Event>,
}

impl Load {
    #[inline]
    pub(super) fn new(events: Vec<Event>) -> Self {
        Self { events }
    }

    /// Hands out one event after the other.
    #[inline]
    pub(super) fn unload(&mut self) -> impl Iterator<Item = Event> {
        Rest(self.events.drain(..))
    }

    /// All events, turned.
    #[inline]
    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

impl Drop for Load {
    #[inline]
    fn drop(&mut self) {
        if !self.events.is_empty() {
            lay_aside(self.events.drain(..));
        }
    }
}

/// Events that are being handed out.
struct Rest<'a>(std::vec::Drain<'a, Event>);

impl Iterator for Rest<'_> {
    type Item = Event;

    #[inline]
    fn next(&mut self) -> Option<Event> {
        self.0.next()
    }
}

impl Drop for Rest<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.0.len() > 0 {
            lay_aside(self.0.by_ref());
        }
    }
}

#[cold]
fn lay_aside(events: impl Iterator<Item = Event>) {
    LEFT.with_borrow_mut(|left| left.extend(events));
}
