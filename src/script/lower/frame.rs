//! What lowered code runs on: the event, slots, and what was changed.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use super::operators::{LONGEST, MOST};
use super::undo::Log;
use crate::datum::{Datum, Map, View};
use crate::script::watch::CALL;

/// Why evaluation left the straight road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Not plain success: the interpreter is to do it, from the beginning.
    Bail,
    /// `return`; the value is held.
    Return,
    /// `break`; the value is held.
    Break,
    /// `continue`
    Continue,
    /// `throw`; the value is held.
    Throw,
}

/// What evaluation gives.
pub(super) type Out<T> = Result<T, Stop>;

/// What an option of nothing means: the interpreter's to do.
#[inline]
pub(super) fn or_bail<T>(value: Option<T>) -> Out<T> {
    value.ok_or(Stop::Bail)
}

/// The event: lent for reading, or to be changed in place.
pub(super) enum Event<'a> {
    Seen(&'a Datum),
    Changed(&'a mut Datum),
}

/// Nested calls at most; the interpreter allows some more.
const DEEPEST: u32 = 24;
/// What may be put into lists and maps in one call: elements, and bytes of text by 64.
pub(super) const ROOM: usize = 20_000;
/// What the log may hold of lists and maps as they were before a change, which is each time the whole: so many parts.
const KEPT: usize = 400_000;
/// Operations between two looks at the clock.
const LOOK: i64 = 500;
/// So many of them an operation on a whole list or map stands for: it may take milliseconds.
const HEAVY: i64 = LOOK / 8;
/// Two looks that are so far apart are followed by one at each operation.
const SLOW: Duration = Duration::from_millis(1);
/// Time after which the interpreter is to do it, from the beginning: that counts as part of its own.
const TIME: Duration = Duration::from_millis(250);

/// The state of one call besides the event; the memory is used again by the next one.
#[derive(Default)]
pub(super) struct State {
    /// Slots of all functions under way.
    pub slots: Vec<Datum>,
    /// Where the slots of the innermost begin.
    pub base: usize,
    pub log: Log,
    /// For texts under way.
    pub text: String,
    /// Operations that are left.
    pub left: i64,
    /// At how many left the clock is looked at.
    mark: i64,
    /// When the clock was looked at first, and last.
    looked: Option<(Instant, Instant)>,
    pub depth: u32,
    /// What `return`, `break` and `throw` carry.
    pub held: Datum,
    /// Whether the result is the event itself.
    pub itself: bool,
    room: usize,
    /// What the log may still hold of lists and maps as they were, in their parts.
    kept: usize,
}

thread_local! {
    static SPARE: Cell<Option<Box<State>>> = const { Cell::new(None) };
}

/// The state of one call.
pub(super) struct Frame<'a> {
    pub event: Event<'a>,
    state: Box<State>,
}

impl Deref for Frame<'_> {
    type Target = State;
    #[inline]
    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Frame<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl<'a> Frame<'a> {
    #[inline]
    pub(super) fn new(event: Event<'a>, slots: usize) -> Self {
        let mut state = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        if state.slots.len() != slots {
            state.slots.resize(slots, Datum::Unit);
        }
        state.left = CALL.operations as i64;
        (state.mark, state.looked) = (state.left - LOOK, None);
        (state.room, state.kept) = (ROOM, KEPT);
        Self { event, state }
    }

    /// Gives back what the next call uses again.
    #[inline]
    pub(super) fn end(mut self) {
        let state = &mut *self.state;
        // The next call has as many, most often.
        state.slots.iter_mut().for_each(|slot| replace(slot, Datum::Unit));
        state.log.clear();
        replace(&mut state.held, Datum::Unit);
        (state.base, state.depth, state.itself) = (0, 0, false);
        let _ = SPARE.try_with(|spare| spare.set(Some(self.state)));
    }

    /// The event.
    #[inline]
    pub(super) fn seen(&self) -> &Datum {
        match &self.event {
            Event::Seen(datum) => datum,
            Event::Changed(datum) => datum,
        }
    }

    /// The event's map, to be changed; none when it is no map that is already read.
    #[inline]
    pub(super) fn map(&mut self) -> Out<(&mut Map, &mut Log)> {
        match &mut self.event {
            Event::Changed(Datum::Map(map)) => Ok((map, &mut self.state.log)),
            _ => Err(Stop::Bail),
        }
    }

    #[inline]
    pub(super) fn slot(&self, n: usize) -> &Datum {
        &self.slots[self.base + n]
    }

    #[inline]
    pub(super) fn slot_mut(&mut self, n: usize) -> &mut Datum {
        let place = self.base + n;
        &mut self.slots[place]
    }

    /// Sets a slot.
    #[inline]
    pub(super) fn put(&mut self, n: usize, value: Datum) {
        replace(self.slot_mut(n), value);
    }

    /// Sets a slot to a whole number; most often it held one before.
    #[inline]
    pub(super) fn put_int(&mut self, n: usize, value: i64) {
        match self.slot_mut(n) {
            Datum::Int(old) => *old = value,
            other => replace(other, Datum::Int(value)),
        }
    }

    /// Counts operations.
    #[inline]
    pub(super) fn spend(&mut self, operations: i64) -> Out<()> {
        self.left -= operations;
        if self.left < self.mark { self.look() } else { Ok(()) }
    }

    #[cold]
    fn look(&mut self) -> Out<()> {
        let now = Instant::now();
        let (first, last) = self.looked.unwrap_or((now, now));
        self.looked = Some((first, now));
        self.mark = (self.left - if now - last > SLOW { 0 } else { LOOK }).max(0);
        if self.left < 0 || now - first > TIME { Err(Stop::Bail) } else { Ok(()) }
    }

    /// A whole list or map is gone over: the clock is looked at sooner.
    #[inline]
    pub(super) fn heed(&mut self) {
        self.mark += HEAVY;
    }

    /// How long it has taken so far, where that is worth telling.
    pub(super) fn spent(&self) -> Option<Duration> {
        self.looked.map(|(first, _)| first.elapsed())
    }

    /// Counts what the log is to hold.
    pub(super) fn keep(&mut self, old: &Datum) -> Out<()> {
        if let Datum::List(_) | Datum::Map(_) | Datum::Raw(_) = old {
            self.heed();
            self.kept = or_bail(self.kept.checked_sub(weight(old)))?;
        }
        Ok(())
    }

    /// Counts a call that is nested in others.
    pub(super) fn deeper(&mut self, calls: u32) -> Out<()> {
        self.depth += calls;
        if self.depth > DEEPEST { Err(Stop::Bail) } else { Ok(()) }
    }

    /// Counts what is put into a list or map: the interpreter limits their sizes with all that is in them.
    #[inline]
    pub(super) fn charge(&mut self, value: &Datum) -> Out<()> {
        self.room = or_bail(self.room.checked_sub(weight(value)))?;
        Ok(())
    }
}

/// Puts a value in place of another one. Most of these hold nothing that is to be given back: that is told here, without a call.
#[inline]
pub(super) fn replace(target: &mut Datum, value: Datum) {
    let old = std::mem::replace(target, value);
    if matches!(old, Datum::Unit | Datum::Bool(_) | Datum::Int(_) | Datum::Float(_)) {
        std::mem::forget(old);
    }
}

/// How much there is of a value, roughly.
#[inline]
pub(super) fn weight(value: &Datum) -> usize {
    match value {
        Datum::Str(text) => 1 + text.len() / 64,
        Datum::List(_) | Datum::Map(_) | Datum::Raw(_) | Datum::Bytes(_) => whole_weight(value, 0),
        _ => 1,
    }
}

fn whole_weight(value: &Datum, depth: usize) -> usize {
    if depth > 100 {
        return MOST;
    }
    match value {
        Datum::Str(text) => 1 + text.len() / 64,
        Datum::Raw(text) => 1 + text.len() / 2,
        Datum::Bytes(bytes) => 1 + bytes.len(),
        Datum::List(list) => list.iter().map(|part| whole_weight(part, depth + 1)).sum::<usize>() + 1,
        Datum::Map(map) => {
            let part = |view: View<'_>| match view {
                View::Datum(part) => whole_weight(part, depth + 1),
                View::Piece(piece) => 1 + piece.as_str().len() / 2,
            };
            map.views().map(|(_, view)| part(view)).sum::<usize>() + 1
        }
        _ => 1,
    }
}

/// Whether a text may be made natively.
pub(super) fn fits(text: &str) -> Out<()> {
    if text.len() <= LONGEST { Ok(()) } else { Err(Stop::Bail) }
}
