//! Maps as small vectors of (key, value) in order of insertion, or as rows whose values wait in their text.

use std::collections::HashMap;
use std::fmt;

use super::gather::FEW;
use super::row::Parts;
use super::{Datum, Gather, Key, Near, Row, Shape, View};

/// A map that keeps the order of its keys. Records have few keys, so look-ups walk the vector.
#[derive(Clone)]
pub struct Map(Repr);

#[derive(Clone)]
enum Repr {
    Entries(Vec<(Key, Datum)>),
    /// Values that wait in their text.
    Row(Row),
}

impl Map {
    /// An empty map.
    pub const fn new() -> Self {
        Self(Repr::Entries(Vec::new()))
    }

    /// An empty map with room for `n` entries.
    pub fn with_capacity(n: usize) -> Self {
        Self(Repr::Entries(Vec::with_capacity(n)))
    }

    /// The map of these entries, whose keys are known to differ.
    pub fn from_entries(entries: Vec<(Key, Datum)>) -> Self {
        Self(Repr::Entries(entries))
    }

    #[inline]
    pub(super) fn from_row(row: Row) -> Self {
        Self(Repr::Row(row))
    }

    /// The entries; those of a row are read.
    #[inline]
    fn entries(&self) -> &[(Key, Datum)] {
        match &self.0 {
            Repr::Entries(entries) => entries,
            Repr::Row(row) => row.entries(),
        }
    }

    /// The entries, to be changed: from here on it is no row.
    #[inline]
    fn entries_mut(&mut self) -> &mut Vec<(Key, Datum)> {
        if let Repr::Row(row) = &mut self.0 {
            self.0 = Repr::Entries(std::mem::take(row).into_entries());
        }
        match &mut self.0 {
            Repr::Entries(entries) => entries,
            Repr::Row(_) => unreachable!("it was just made entries"),
        }
    }

    /// The row to be changed, while it is one whose entries nobody has borrowed.
    #[inline]
    fn row_mut(&mut self) -> Option<&mut Row> {
        match &mut self.0 {
            Repr::Row(row) if !row.is_read() => Some(row),
            _ => None,
        }
    }

    /// Whether its values were read from their text, each and all.
    pub fn is_read(&self) -> bool {
        match &self.0 {
            Repr::Entries(_) => true,
            Repr::Row(row) => row.is_read(),
        }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Entries(entries) => entries.len(),
            Repr::Row(row) => row.len(),
        }
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What stands under `key`, without reading more than that.
    #[inline]
    pub fn look(&self, key: &Key) -> Option<View<'_>> {
        match &self.0 {
            Repr::Entries(entries) => Self::walk(entries, key),
            Repr::Row(row) => row.look(key),
        }
    }

    /// As [`Map::look`], for who asks many maps alike.
    #[allow(clippy::inline_always, reason = "it is what most of the work with rows is")]
    #[inline(always)]
    pub fn look_at(&self, key: &Near) -> Option<View<'_>> {
        match &self.0 {
            Repr::Row(row) => row.look_at(key),
            Repr::Entries(entries) => Self::walk(entries, key),
        }
    }

    fn walk<'a>(entries: &'a [(Key, Datum)], key: &Key) -> Option<View<'a>> {
        entries.iter().find(|(known, _)| known == key).map(|(_, value)| View::Datum(value))
    }

    /// Keys and what stands under them, in order, without reading.
    #[inline]
    pub fn views(&self) -> impl Iterator<Item = (&Key, View<'_>)> {
        let (entries, row) = match &self.0 {
            Repr::Entries(entries) => (entries.as_slice(), None),
            Repr::Row(row) => (&[][..], Some(row)),
        };
        entries.iter().map(|(key, value)| (key, View::Datum(value))).chain(row.into_iter().flat_map(Row::views))
    }

    /// The parts of a row that stands in a JSON object, and the text that its cells stand in, while nothing else was read.
    #[inline]
    pub(super) fn json_row(&self) -> Option<(Parts<'_>, &str)> {
        match &self.0 {
            Repr::Row(row) => {
                let parts = row.parts();
                let block = parts.block?;
                Some((parts, block))
            }
            Repr::Entries(_) => None,
        }
    }

    /// The value under `key`.
    #[inline]
    pub fn get(&self, key: &Key) -> Option<&Datum> {
        match &self.0 {
            Repr::Entries(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, value)| value),
            Repr::Row(row) => row.get(key),
        }
    }

    /// The value under `key`, to be changed in place.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Datum> {
        self.entries_mut().iter_mut().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// The value under the key of that name.
    pub fn by_name(&self, name: &str) -> Option<&Datum> {
        self.entries().iter().find(|(k, _)| k.as_str() == name).map(|(_, value)| value)
    }

    /// Sets `key`: in its place when it is there, else at the end. Gives the former value.
    pub fn insert(&mut self, key: Key, value: Datum) -> Option<Datum> {
        if let Some(row) = self.row_mut() {
            return row.insert(&key, value);
        }
        let entries = self.entries_mut();
        if let Some((_, old)) = entries.iter_mut().find(|(k, _)| *k == key) {
            return Some(std::mem::replace(old, value));
        }
        entries.push((key, value));
        None
    }

    /// As [`Map::insert`], for who changes many maps alike.
    #[allow(clippy::inline_always, reason = "as looking")]
    #[inline(always)]
    pub fn insert_at(&mut self, key: &Near, value: Datum) -> Option<Datum> {
        match self.row_mut() {
            Some(row) => row.insert_at(key, value),
            None => self.insert(Key::clone(key), value),
        }
    }

    /// Sets all these entries, each as [`Map::insert`] does; large numbers are looked up by hash.
    pub fn extend(&mut self, more: impl IntoIterator<Item = (Key, Datum)>) {
        let more: Vec<(Key, Datum)> = more.into_iter().collect();
        if self.len() + more.len() <= FEW {
            for (key, value) in more {
                self.insert(key, value);
            }
            return;
        }
        let mut gather = Gather::from(std::mem::take(self));
        for (key, value) in more {
            gather.set(key, value);
        }
        *self = gather.into_map();
    }

    /// Appends an entry whose key is known not to be there yet.
    #[inline]
    pub fn push(&mut self, key: Key, value: Datum) {
        match self.row_mut() {
            Some(row) => row.push(key, value),
            None => self.entries_mut().push((key, value)),
        }
    }

    /// Takes `key` out, keeping the order of the rest.
    pub fn remove(&mut self, key: &Key) -> Option<Datum> {
        if let Some(row) = self.row_mut() {
            return row.remove(key);
        }
        let entries = self.entries_mut();
        let place = entries.iter().position(|(k, _)| k == key)?;
        Some(entries.remove(place).1)
    }

    /// As [`Map::remove`], for who changes many maps alike; tells also how many entries stand before.
    #[inline]
    pub fn remove_at(&mut self, key: &Near) -> Option<(Datum, usize)> {
        if let Some(row) = self.row_mut() {
            return row.remove_at(key);
        }
        let entries = self.entries_mut();
        let place = entries.iter().position(|(known, _)| *known == **key)?;
        Some((entries.remove(place).1, place))
    }

    /// As [`Map::remove_at`], for who does not want what stood there.
    #[inline]
    pub fn forget_at(&mut self, key: &Near) {
        match self.row_mut() {
            Some(row) => row.forget_at(key),
            None => drop(self.remove(key)),
        }
    }

    /// The keys that the entries stand under, some of which may be absent; none where they are this map's own.
    #[inline]
    pub fn shape(&self) -> Option<&Shape> {
        match &self.0 {
            Repr::Row(row) => row.shape(),
            Repr::Entries(_) => None,
        }
    }

    /// An empty row for values that stand in the same block: under their keys, or [set](Row::push_value).
    #[inline]
    pub fn row_beside(&self, shape: &Shape) -> Option<Row> {
        match &self.0 {
            Repr::Row(row) => row.beside(shape),
            Repr::Entries(_) => None,
        }
    }

    /// The letters under the key, where they stand in their text as they are.
    #[inline]
    pub fn letters_at(&self, key: &Near) -> Option<&str> {
        match &self.0 {
            Repr::Row(row) => row.letters_at(key),
            Repr::Entries(_) => None,
        }
    }

    /// As [`Map::insert_at`], for who does not want what stood there.
    #[inline]
    pub fn put_at(&mut self, key: &Near, value: Datum) {
        match self.row_mut() {
            Some(row) => row.put_at(key, value),
            None => drop(self.insert(Key::clone(key), value)),
        }
    }

    /// Puts the last `n` entries, no more than were [pushed](Map::push), in the order of their names.
    pub fn sort_last(&mut self, n: usize) {
        let entries = match self.row_mut() {
            Some(row) => row.tail_mut(),
            None => self.entries_mut(),
        };
        let from = entries.len().saturating_sub(n);
        entries[from..].sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Datum)> + DoubleEndedIterator {
        self.entries().iter().map(|(key, value)| (key, value))
    }

    /// Keys and values, in order, the values to be changed in place.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Key, &mut Datum)> {
        self.entries_mut().iter_mut().map(|(key, value)| (&*key, value))
    }

    /// The entries themselves.
    pub fn into_entries(self) -> Vec<(Key, Datum)> {
        match self.0 {
            Repr::Entries(entries) => entries,
            Repr::Row(row) => row.into_entries(),
        }
    }

    /// The entry at `place`, for who remembers where a key stood last time.
    #[inline]
    pub fn entry(&self, place: usize) -> Option<&(Key, Datum)> {
        self.entries().get(place)
    }
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Equal when they hold the same keys with equal values, whatever the order.
impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        if self.len() != other.len() {
            return false;
        }
        // Values are compared once only: twice a level would be without end for deep ones.
        if self.iter().zip(other.iter()).all(|((a, _), (b, _))| a == b) {
            return self.iter().zip(other.iter()).all(|((_, a), (_, b))| a == b);
        }
        if self.len() <= FEW {
            return self.iter().all(|(key, value)| other.get(key).is_some_and(|found| found == value));
        }
        let theirs: HashMap<&Key, &Datum> = other.iter().collect();
        self.iter().all(|(key, value)| theirs.get(key).is_some_and(|found| *found == value))
    }
}

impl FromIterator<(Key, Datum)> for Map {
    fn from_iter<I: IntoIterator<Item = (Key, Datum)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_first_insertion() {
        let mut map: Map = [("b", 1), ("a", 2)].into_iter().map(|(k, v)| (k.into(), Datum::Int(v))).collect();
        map.insert("b".into(), Datum::Int(3));
        map.insert("c".into(), Datum::Int(4));
        let names: Vec<&str> = map.iter().map(|(k, _)| k.as_str()).collect();
        assert_eq!(names, ["b", "a", "c"]);
        assert_eq!(map.remove(&"a".into()), Some(Datum::Int(2)));
        assert_eq!(map.len(), 2);
    }
}
