//! Rows: records whose values wait in the text they were cut out of until somebody uses them.
//!
//! A parser finds where the values stand and what they look like, and leaves it at that. A cog [looks](super::Map::look) at
//! the few that it needs, a marshaller copies the others as they stand. Only who wants a [`Datum`] of each gets them read,
//! all at once. Rows are recycled, so that a record costs no allocation.

mod code;
mod inner;
mod look;

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

pub use self::look::{Cell, Look};
use super::view::View;
use super::{Block, Datum, Key, Map, Near};

/// The keys of rows, in order; shared by all rows of one form.
pub type Shape = Rc<[Key]>;

const ABSENT: Cell = Cell { look: Look::Absent, start: 0, end: 0 };

/// A record under way or done; see the module.
#[derive(Debug, Default)]
pub struct Row(
    /// There until the row is dropped.
    Option<Box<Inner>>,
);

#[derive(Debug, Default)]
struct Inner {
    /// Kept when the row is recycled: the next one has the same, as a rule.
    shape: Option<Shape>,
    block: Option<Block>,
    /// The cells stand in one JSON object, under keys without escapes.
    json: bool,
    /// In a JSON object: a bit for each cell that stands there as compact JSON on one line has it: right behind its key, which
    /// follows a comma or the opening brace, before which the value of the cell before stands if that one's bit is set.
    compact: u64,
    /// One for each key.
    cells: Vec<Cell>,
    /// Values that took the places of others.
    set: Vec<Datum>,
    /// Entries that came later.
    tail: Vec<(Key, Datum)>,
    /// All entries, once somebody wanted to borrow them.
    read: OnceCell<Vec<(Key, Datum)>>,
}

/// What a row is made of.
pub(super) struct Parts<'a> {
    pub(super) keys: &'a [Key],
    pub(super) cells: &'a [Cell],
    /// Where the cells stand, if it is a [JSON object](Row::json).
    pub(super) block: Option<&'a Block>,
    /// A bit for each cell that can be copied with its key and, if their bits are set, its neighbours.
    pub(super) compact: u64,
    pub(super) set: &'a [Datum],
    pub(super) tail: &'a [(Key, Datum)],
}

/// So many rows are kept for the next records: two batches and some.
const POOL: usize = 1024;

thread_local! {
    #[allow(clippy::vec_box, reason = "the boxes are what is recycled")]
    static FREE: RefCell<Vec<Box<Inner>>> = const { RefCell::new(Vec::new()) };
}

impl Row {
    /// A row of that shape, whose values stand in `block`; its cells follow in the order of the keys.
    #[inline]
    pub fn new(shape: &Shape, block: &Block) -> Self {
        let mut inner = Inner::of(shape);
        inner.cells.clear();
        inner.block = Some(Rc::clone(block));
        Self(Some(inner))
    }

    /// A row of that shape with as many cells as keys, for who sets all of them: they are those of another row. What they
    /// stand in follows with [`Row::in_block`].
    #[inline]
    pub fn of_cells(shape: &Shape) -> Self {
        let mut inner = Inner::of(shape);
        if inner.cells.len() != shape.len() {
            inner.cells.resize(shape.len(), ABSENT);
        }
        Self(Some(inner))
    }

    /// The row whose cells stand in `block`.
    #[inline]
    pub fn in_block(mut self, block: Block) -> Self {
        self.inner_mut().block = Some(block);
        self
    }

    /// A row for the values of one JSON object whose keys, 64 at most, are written without escapes. It has a cell for each key
    /// at once, those of another row: all are to be [set](Row::set_cell) or [skipped](Row::skip_cells).
    #[inline]
    pub(super) fn json(shape: &Shape, block: &Block) -> Self {
        let mut row = Self::of_cells(shape).in_block(Rc::clone(block));
        row.inner_mut().json = true;
        row
    }

    /// Which cells stand in the block as compact JSON on one line has it, a bit for each: right behind its key, which follows a
    /// comma or the opening brace, before which the value of the cell before stands if its bit is set too. A writer copies them
    /// together with the keys and commas between them.
    #[inline]
    pub(super) fn set_compact(&mut self, compact: u64) {
        let inner = self.inner_mut();
        inner.compact = compact & u64::MAX.checked_shr(64 - inner.cells.len() as u32).unwrap_or(0);
    }

    #[inline]
    fn inner(&self) -> &Inner {
        self.0.as_deref().expect("a row has its parts until it is dropped")
    }

    #[inline]
    fn inner_mut(&mut self) -> &mut Inner {
        self.0.as_deref_mut().expect("a row has its parts until it is dropped")
    }

    /// The cells, for who adds or sets many: at most as many as there are keys.
    #[inline]
    pub fn cells_mut(&mut self) -> &mut Vec<Cell> {
        &mut self.inner_mut().cells
    }

    /// The next key's value stands there. At most as many as there are keys.
    #[inline]
    pub fn push_cell(&mut self, look: Look, start: usize, end: usize) {
        // Blocks are read in pieces far below 4 GiB; a larger one was copied into texts of its own.
        debug_assert!(u32::try_from(end).is_ok());
        self.inner_mut().cells.push(Cell { look, start: start as u32, end: end as u32 });
    }

    /// The value of the key of that place stands in that cell; or it is `made`, which is taken.
    #[inline]
    pub(super) fn set_cell(&mut self, place: usize, cell: Cell, made: &mut Datum) {
        let inner = self.inner_mut();
        inner.cells[place] = match cell.look {
            Look::Set => {
                inner.set.push(std::mem::take(made));
                Cell { look: Look::Set, start: inner.set.len() as u32 - 1, end: 0 }
            }
            _ => cell,
        };
    }

    /// The keys of these places are not there. Gives a bit for each of them.
    pub(super) fn skip_cells(&mut self, places: std::ops::Range<usize>) -> u64 {
        self.inner_mut().cells[places.clone()].fill(ABSENT);
        places.fold(0, |bits, place| bits | 1 << place)
    }

    /// The next key is not there.
    #[inline]
    pub fn push_absent(&mut self) {
        self.inner_mut().cells.push(ABSENT);
    }

    /// The next key's value is this one.
    pub fn push_value(&mut self, value: Datum) {
        let inner = self.inner_mut();
        inner.cells.push(Cell { look: Look::Set, start: inner.set.len() as u32, end: 0 });
        inner.set.push(value);
    }

    /// How many cells it has so far.
    #[inline]
    pub fn cells(&self) -> usize {
        self.inner().cells.len()
    }

    /// The row as a map; keys without a cell are not there.
    #[inline]
    pub fn into_map(self) -> Map {
        debug_assert!(self.cells() <= self.keys().len());
        Map::from_row(self)
    }

    #[inline]
    fn keys(&self) -> &[Key] {
        self.inner().keys()
    }

    /// How many entries it has.
    pub(super) fn len(&self) -> usize {
        let inner = self.inner();
        inner.cells.iter().filter(|cell| cell.look != Look::Absent).count() + inner.tail.len()
    }

    /// What stands under the key.
    #[inline]
    pub(super) fn look(&self, key: &Key) -> Option<View<'_>> {
        let inner = self.inner();
        if let Some(place) = inner.find(key)
            && let Some(view) = inner.view(inner.cells[place])
        {
            return Some(view);
        }
        inner.tail.iter().find(|(known, _)| known == key).map(|(_, value)| View::Datum(value))
    }

    /// As [`Row::look`], for who asks many rows alike.
    #[allow(clippy::inline_always, reason = "it is what most of the work with rows is")]
    #[inline(always)]
    pub(super) fn look_at(&self, key: &Near) -> Option<View<'_>> {
        let inner = self.inner();
        if let Some(cell) = inner.cells.get(key.place(inner.shape.as_ref()?))
            && let Some(view) = inner.view(*cell)
        {
            return Some(view);
        }
        inner.tail.iter().find(|(known, _)| *known == **key).map(|(_, value)| View::Datum(value))
    }

    /// Keys and what stands under them, in order.
    #[inline]
    pub(super) fn views(&self) -> impl Iterator<Item = (&Key, View<'_>)> {
        let inner = self.inner();
        let cells = inner.keys().iter().zip(&inner.cells).filter_map(|(key, cell)| Some((key, inner.view(*cell)?)));
        cells.chain(inner.tail.iter().map(|(key, value)| (key, View::Datum(value))))
    }

    /// What it is made of, for the writer.
    #[inline]
    pub(super) fn parts(&self) -> Parts<'_> {
        let Inner { block, cells, set, tail, json, compact, .. } = self.inner();
        Parts { keys: self.keys(), cells, block: block.as_ref().filter(|_| *json), compact: *compact, set, tail }
    }

    /// The value under the key; others are read for it where it is no datum yet.
    pub(super) fn get(&self, key: &Key) -> Option<&Datum> {
        match self.look(key)? {
            View::Datum(datum) => Some(datum),
            View::Piece(_) => self.entries().iter().find(|(known, _)| known == key).map(|(_, value)| value),
        }
    }

    /// All entries, read.
    pub(super) fn entries(&self) -> &[(Key, Datum)] {
        self.inner().read.get_or_init(|| self.views().map(|(key, view)| (key.clone(), view.to_datum())).collect())
    }

    /// All entries, read, for a map that is changed in ways that a row does not know.
    pub(super) fn into_entries(mut self) -> Vec<(Key, Datum)> {
        if let Some(read) = self.inner_mut().read.take() {
            return read;
        }
        self.views().map(|(key, view)| (key.clone(), view.to_datum())).collect()
    }

    /// Whether the entries were read: whatever changes must change there.
    #[inline]
    pub(super) fn is_read(&self) -> bool {
        self.inner().read.get().is_some()
    }

    /// Sets the key: in its place when it is there, else at the end. Gives the former value.
    pub(super) fn insert(&mut self, key: &Key, value: Datum) -> Option<Datum> {
        let place = self.inner().find(key);
        self.inner_mut().insert(place, key, value)
    }

    /// Appends an entry whose key is known not to be there.
    #[inline]
    pub(super) fn push(&mut self, key: Key, value: Datum) {
        self.inner_mut().tail.push((key, value));
    }

    /// The entries that came later.
    pub(super) fn tail_mut(&mut self) -> &mut Vec<(Key, Datum)> {
        &mut self.inner_mut().tail
    }

    /// Takes the key out; the order of the others stays.
    pub(super) fn remove(&mut self, key: &Key) -> Option<Datum> {
        let place = self.inner().find(key);
        self.inner_mut().remove(place, key).map(|(old, _)| old)
    }
}

impl Clone for Row {
    fn clone(&self) -> Self {
        let inner = self.inner();
        let mut made = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
        made.shape.clone_from(&inner.shape);
        made.block.clone_from(&inner.block);
        made.json = inner.json;
        made.compact = inner.compact;
        made.cells.clone_from(&inner.cells);
        made.set.clone_from(&inner.set);
        made.tail.clone_from(&inner.tail);
        Self(Some(made))
    }
}

impl Drop for Row {
    #[inline]
    fn drop(&mut self) {
        let Some(mut inner) = self.0.take() else { return };
        inner.block = None;
        inner.json = false;
        inner.compact = 0;
        // Its cells stay, for a row of the same shape that sets them anew.
        inner.clear();
        // At the end of the thread the pool may be gone.
        let _ = FREE.try_with(|free| {
            if let Ok(mut free) = free.try_borrow_mut()
                && free.len() < POOL
            {
                free.push(inner);
            }
        });
    }
}

#[cfg(test)]
mod tests;
