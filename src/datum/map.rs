//! Maps as small vectors of (key, value) in order of insertion.

use std::collections::HashMap;

use super::{Datum, Key};

/// Up to this many keys walking is faster than hashing, and cannot be made slow.
const FEW: usize = 32;

/// A map that keeps the order of its keys. Records have few keys, so look-ups walk the vector.
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: Vec<(Key, Datum)>,
}

impl Map {
    /// An empty map.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// An empty map with room for `n` entries.
    pub fn with_capacity(n: usize) -> Self {
        Self { entries: Vec::with_capacity(n) }
    }

    /// The map of these entries, whose keys are known to differ.
    pub fn from_entries(entries: Vec<(Key, Datum)>) -> Self {
        Self { entries }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value under `key`.
    #[inline]
    pub fn get(&self, key: &Key) -> Option<&Datum> {
        self.entries.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// The value under `key`, to be changed in place.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Datum> {
        self.entries.iter_mut().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// The value under the key of that name.
    pub fn by_name(&self, name: &str) -> Option<&Datum> {
        self.entries.iter().find(|(k, _)| k.as_str() == name).map(|(_, value)| value)
    }

    /// Sets `key`: in its place when it is there, else at the end. Gives the former value.
    pub fn insert(&mut self, key: Key, value: Datum) -> Option<Datum> {
        if let Some(old) = self.get_mut(&key) {
            return Some(std::mem::replace(old, value));
        }
        self.entries.push((key, value));
        None
    }

    /// Sets all these entries, each as [`Map::insert`] does; large numbers are looked up by hash.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = (Key, Datum)>) {
        let entries: Vec<(Key, Datum)> = entries.into_iter().collect();
        if self.len() + entries.len() <= FEW {
            for (key, value) in entries {
                self.insert(key, value);
            }
            return;
        }
        let mut places: HashMap<Key, usize> = self.entries.iter().enumerate().map(|(place, (key, _))| (key.clone(), place)).collect();
        for (key, value) in entries {
            if let Some(place) = places.get(&key) {
                self.entries[*place].1 = value;
            } else {
                places.insert(key.clone(), self.entries.len());
                self.entries.push((key, value));
            }
        }
    }

    /// Appends an entry whose key is known not to be there yet.
    #[inline]
    pub fn push(&mut self, key: Key, value: Datum) {
        self.entries.push((key, value));
    }

    /// Takes `key` out, keeping the order of the rest.
    pub fn remove(&mut self, key: &Key) -> Option<Datum> {
        let place = self.entries.iter().position(|(k, _)| k == key)?;
        Some(self.entries.remove(place).1)
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Datum)> + DoubleEndedIterator {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Keys and values, in order, the values to be changed in place.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Key, &mut Datum)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// The entries themselves.
    pub fn into_entries(self) -> Vec<(Key, Datum)> {
        self.entries
    }

    /// The entry at `place`, for who remembers where a key stood last time.
    #[inline]
    pub fn entry(&self, place: usize) -> Option<&(Key, Datum)> {
        self.entries.get(place)
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
