//! Builds a map of many keys, any of which may come again.

use std::collections::HashMap;

use super::{Datum, Key, Map};

/// Up to this many keys walking is faster than hashing, and cannot be made slow.
pub(super) const FEW: usize = 32;

/// A map under way, in the order in which its keys first came. Few keys are walked, as in a [`Map`]; beyond these it knows the place of each,
/// so that a hostile record of many keys takes no time that is quadratic in them.
#[derive(Debug, Default)]
pub struct Gather {
    entries: Vec<(Key, Datum)>,
    /// Where each key stands: of all of them, or none as long as they are few.
    places: HashMap<Key, usize>,
}

impl Gather {
    /// Without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the value under its key. Where that is there already, gives what stands there, and the value back.
    pub fn add(&mut self, key: Key, value: Datum) -> Option<(&mut Datum, Datum)> {
        if let Some(place) = self.place(&key) {
            return Some((&mut self.entries[place].1, value));
        }
        if !self.places.is_empty() {
            self.places.insert(key.clone(), self.entries.len());
        }
        self.entries.push((key, value));
        if self.places.is_empty() {
            self.index();
        }
        None
    }

    /// Sets the key: in its place when it is there, else at the end.
    pub fn set(&mut self, key: Key, value: Datum) {
        if let Some((old, value)) = self.add(key, value) {
            *old = value;
        }
    }

    /// The map of all that came.
    pub fn into_map(self) -> Map {
        Map::from_entries(self.entries)
    }

    fn place(&self, key: &Key) -> Option<usize> {
        if self.places.is_empty() { self.entries.iter().position(|(known, _)| known == key) } else { self.places.get(key).copied() }
    }

    /// Once there are more than few.
    fn index(&mut self) {
        if self.entries.len() > FEW {
            self.places = self.entries.iter().enumerate().map(|(place, (key, _))| (key.clone(), place)).collect();
        }
    }
}

impl From<Map> for Gather {
    fn from(map: Map) -> Self {
        let mut gather = Self { entries: map.into_entries(), places: HashMap::new() };
        gather.index();
        gather
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, proptest};

    use super::*;

    #[test]
    fn many_keys_are_known_by_their_places() {
        let mut gather = Gather::new();
        for n in 0..FEW {
            gather.set(Key::new(&format!("k{n}")), Datum::Unit);
        }
        assert!(gather.places.is_empty());
        for n in 0..=FEW {
            gather.set(Key::new(&format!("k{n}")), Datum::Unit);
        }
        assert_eq!((gather.places.len(), gather.entries.len()), (FEW + 1, FEW + 1));
        assert_eq!(Gather::from(gather.into_map()).places.len(), FEW + 1);
    }

    proptest! {
        #[test]
        fn it_gathers_what_one_insertion_after_the_other_makes(
            first in prop::collection::vec(0..90_u8, 0..60), names in prop::collection::vec(0..90_u8, 0..120),
        ) {
            let key = |n: u8| Key::new(&format!("k{n}"));
            let mut map = Map::new();
            for n in first {
                map.insert(key(n), Datum::Int(-1));
            }
            let mut gather = Gather::from(map.clone());
            for (n, name) in names.into_iter().enumerate() {
                let value = Datum::Int(n as i64);
                let before = map.insert(key(name), value.clone());
                let found = gather.add(key(name), value).map(|(old, value)| std::mem::replace(old, value));
                assert_eq!(found, before);
            }
            assert_eq!(gather.into_map().into_entries(), map.into_entries());
        }
    }
}
