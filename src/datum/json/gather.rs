//! The entries of one map while it is read.

use std::collections::HashMap;

use crate::datum::Key;

/// Above so many keys a look-up goes through an index, so that large objects do not cost the square of their size.
const WALK: usize = 16;

/// Entries in order of their first mention; a later value takes the place of an earlier one.
pub(super) struct Gather<V> {
    entries: Vec<(Key, V)>,
    index: HashMap<Key, usize>,
}

impl<V> Gather<V> {
    pub(super) fn with_capacity(n: usize) -> Self {
        Self { entries: Vec::with_capacity(n), index: HashMap::new() }
    }

    /// Where `key` stands, if it was given before.
    #[inline]
    pub(super) fn find(&mut self, key: &Key) -> Option<usize> {
        if self.entries.len() <= WALK {
            return self.entries.iter().position(|(known, _)| known == key);
        }
        for place in self.index.len()..self.entries.len() {
            self.index.insert(self.entries[place].0.clone(), place);
        }
        self.index.get(key).copied()
    }

    /// Appends an entry whose key was not found.
    #[inline]
    pub(super) fn push(&mut self, key: Key, value: V) {
        self.entries.push((key, value));
    }

    /// Sets the value at a place that was found.
    pub(super) fn set(&mut self, place: usize, value: V) {
        self.entries[place].1 = value;
    }

    pub(super) fn into_entries(self) -> Vec<(Key, V)> {
        self.entries
    }
}
