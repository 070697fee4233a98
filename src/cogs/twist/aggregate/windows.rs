//! The windows that are open, by their beginnings.

use std::collections::BTreeMap;

use super::table::Table;
use crate::cog::Pool;
use crate::cogs::twist::events::Form;

/// A window.
pub(super) struct Window {
    pub(super) start: i64,
    /// How its first event's time was written.
    pub(super) form: Form,
    pub(super) table: Table,
    pub(super) pool: Pool,
    /// What all that takes.
    pub(super) bytes: usize,
}

/// All that are open; each is found by walking a tree, the one that was used last without.
#[derive(Default)]
pub(super) struct Windows {
    width: i64,
    /// From the beginning of one to that of the next.
    hop: i64,
    slots: Vec<Option<Window>>,
    free: Vec<usize>,
    by_start: BTreeMap<i64, usize>,
    /// The one that was used last: its beginning and slot.
    last: Option<(i64, usize)>,
    /// Keys in all of them.
    pub(super) contexts: usize,
    /// What all of them take.
    pub(super) bytes: usize,
    /// The room of one that is closed, for the next.
    spare: Table,
}

impl Windows {
    pub(super) fn new(width: i64, hop: i64) -> Self {
        Self { width, hop, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_start.is_empty()
    }

    /// The beginning of the last window that a time lies in; for the window of the last one without a division.
    #[inline]
    pub(super) fn start_of(&self, time: i64) -> i64 {
        match self.last {
            Some((start, _)) if start <= time && time - start < self.hop => start,
            _ => time.div_euclid(self.hop) * self.hop,
        }
    }

    /// The end of the earliest one.
    pub(super) fn first_end(&self) -> Option<i64> {
        self.by_start.first_key_value().map(|(start, _)| start.saturating_add(self.width))
    }

    /// The beginning of the latest one.
    pub(super) fn last_start(&self) -> Option<i64> {
        self.by_start.last_key_value().map(|(start, _)| *start)
    }

    /// The slot of the window that begins there, when it is open.
    #[inline]
    pub(super) fn find(&mut self, start: i64) -> Option<usize> {
        if let Some((last, slot)) = self.last
            && last == start
        {
            return Some(slot);
        }
        let slot = *self.by_start.get(&start)?;
        self.last = Some((start, slot));
        Some(slot)
    }

    /// Opens a window that is not open yet; gives its slot.
    pub(super) fn open(&mut self, start: i64, form: Form, pool: Pool) -> usize {
        let window = Window { start, form, table: std::mem::take(&mut self.spare), pool, bytes: size_of::<Window>() };
        self.bytes += window.bytes;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[slot] = Some(window);
        self.by_start.insert(start, slot);
        self.last = Some((start, slot));
        slot
    }

    #[inline]
    pub(super) fn at(&mut self, slot: usize) -> &mut Window {
        self.slots[slot].as_mut().expect("slots are asked for as long as their windows are open")
    }

    /// The window in a slot, and the count of what all windows take.
    #[inline]
    pub(super) fn counted(&mut self, slot: usize) -> (&mut Window, &mut usize) {
        (self.slots[slot].as_mut().expect("slots are asked for as long as their windows are open"), &mut self.bytes)
    }

    /// A key more is kept in the window in `slot`, which takes that much.
    pub(super) fn grow(&mut self, slot: usize, bytes: usize) {
        self.at(slot).bytes += bytes;
        self.bytes += bytes;
        self.contexts += 1;
    }

    /// Takes out the earliest one, when it has ended at `time`.
    pub(super) fn close(&mut self, time: i64) -> Option<Window> {
        let earliest = self.by_start.first_entry().filter(|earliest| earliest.key().saturating_add(self.width) <= time)?;
        let slot = earliest.remove();
        self.free.push(slot);
        self.last = None;
        let window = self.slots[slot].take()?;
        self.contexts -= window.table.rows.len();
        self.bytes -= window.bytes;
        Some(window)
    }

    /// Takes the table of a closed one back.
    pub(super) fn recycle(&mut self, mut table: Table) {
        table.clear();
        self.spare = table;
    }
}
