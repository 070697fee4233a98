//! The contexts that are open: found by key, closed in order of their ends.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

/// What a window of one key has gathered.
pub(super) struct Context<T> {
    pub(super) key: Rc<str>,
    pub(super) start: i64,
    /// The highest time in it.
    pub(super) last: i64,
    /// Belongs to it no more.
    pub(super) end: i64,
    /// Which of all it was.
    number: u64,
    pub(super) value: T,
}

/// The contexts of one key, by their beginnings.
pub(super) struct Group {
    /// The time from which the windows of the key are counted, while any is open.
    pub(super) origin: i64,
    /// Beginning, number and place.
    list: VecDeque<(i64, u64, usize)>,
}

impl Group {
    /// Beginnings and places, the latest first.
    pub(super) fn latest_first(&self) -> impl Iterator<Item = (i64, usize)> {
        self.list.iter().rev().map(|(start, _, slot)| (*start, *slot))
    }

    /// The last one that begins then or before: its beginning and place.
    pub(super) fn before(&self, time: i64) -> Option<(i64, usize)> {
        let after = self.list.partition_point(|(start, ..)| *start <= time);
        self.list.get(after.checked_sub(1)?).map(|(start, _, slot)| (*start, *slot))
    }

    fn add(&mut self, start: i64, number: u64, slot: usize) {
        let place = self.list.partition_point(|(its, that, _)| (*its, *that) < (start, number));
        self.list.insert(place, (start, number, slot));
    }

    fn remove(&mut self, start: i64, number: u64) {
        let place = self.list.partition_point(|(its, that, _)| (*its, *that) < (start, number));
        self.list.remove(place);
    }
}

/// All of them.
pub(super) struct Contexts<T> {
    slots: Vec<Option<Context<T>>>,
    free: Vec<usize>,
    groups: HashMap<Rc<str>, Group>,
    /// By end and number.
    order: BTreeMap<(i64, u64), usize>,
    /// How many there have been.
    number: u64,
}

impl<T> Default for Contexts<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), groups: HashMap::new(), order: BTreeMap::new(), number: 0 }
    }
}

impl<T> Contexts<T> {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Those of that key.
    pub(super) fn of(&self, key: &str) -> Option<&Group> {
        self.groups.get(key)
    }

    /// Where `origin` is earlier, the windows of that key are counted from there.
    pub(super) fn count_from(&mut self, key: &str, origin: i64) {
        if let Some(group) = self.groups.get_mut(key) {
            group.origin = group.origin.min(origin);
        }
    }

    pub(super) fn at(&self, slot: usize) -> &Context<T> {
        self.slots[slot].as_ref().expect("places are asked for as long as their contexts are open")
    }

    pub(super) fn value(&mut self, slot: usize) -> &mut T {
        &mut self.slots[slot].as_mut().expect("places are asked for as long as their contexts are open").value
    }

    /// Opens one for a datum of that time; gives its place.
    pub(super) fn open(&mut self, key: &str, start: i64, end: i64, time: i64, value: T) -> usize {
        let key = self.groups.get_key_value(key).map_or_else(|| key.into(), |(key, _)| Rc::clone(key));
        let number = self.number;
        self.number += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let group = self.groups.entry(Rc::clone(&key)).or_insert_with(|| Group { origin: start, list: VecDeque::with_capacity(1) });
        group.add(start, number, slot);
        self.order.insert((end, number), slot);
        self.slots[slot] = Some(Context { key, start, last: time, end, number, value });
        slot
    }

    /// Gives one another span.
    pub(super) fn stretch(&mut self, slot: usize, start: i64, last: i64, end: i64) {
        let Some(context) = &mut self.slots[slot] else { return };
        let number = context.number;
        if context.end != end {
            self.order.remove(&(context.end, number));
            self.order.insert((end, number), slot);
        }
        if context.start != start
            && let Some(group) = self.groups.get_mut(&context.key)
        {
            group.remove(context.start, number);
            group.add(start, number, slot);
        }
        (context.start, context.last, context.end) = (start, last, end);
    }

    /// The end of the one that ends first.
    pub(super) fn first_end(&self) -> Option<i64> {
        self.order.first_key_value().map(|((end, _), _)| *end)
    }

    /// The first end after that time.
    pub(super) fn end_after(&self, time: i64) -> Option<i64> {
        self.order.range((time.saturating_add(1), 0)..).next().map(|((end, _), _)| *end)
    }

    /// Takes out the one that ends first, of equal ones the older, when it has ended at `time`.
    pub(super) fn pop(&mut self, time: i64) -> Option<Context<T>> {
        let (_, slot) = self.order.first_key_value().filter(|((end, _), _)| *end <= time)?;
        self.take(*slot)
    }

    /// Takes one out.
    pub(super) fn take(&mut self, slot: usize) -> Option<Context<T>> {
        let context = self.slots[slot].take()?;
        self.free.push(slot);
        self.order.remove(&(context.end, context.number));
        if let Some(group) = self.groups.get_mut(&context.key) {
            group.remove(context.start, context.number);
            if group.list.is_empty() {
                self.groups.remove(&context.key);
            }
        }
        Some(context)
    }
}
