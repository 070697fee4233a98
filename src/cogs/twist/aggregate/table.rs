//! The keys of one window, in order of their first appearance, each with what its functions have gathered.
//!
//! Keys stand one behind the other in one text, and a table of places finds them by hash: a key that is known costs no
//! allocation, a new one none of its own. The hash has a seed of its own, as keys may come from who wishes harm.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::functions::Cell;
use super::piles::Pile;

/// How a key was made text: equal text of another kind is another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Anything else, as canonical JSON.
    Json,
}

/// A secret that makes hashes unforeseeable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u64, u64);

impl Seed {
    pub(super) fn new() -> Self {
        let state = RandomState::new();
        Self(state.hash_one(0), state.hash_one(1) | 1)
    }

    /// Folded multiplication of eight bytes at a time, as in wyhash.
    #[inline]
    pub(super) fn hash(self, kind: Kind, text: &str) -> u64 {
        let mut hash = self.0 ^ ((text.len() as u64) << 1 | kind as u64);
        let mut rest = text.as_bytes();
        while let Some((eight, more)) = rest.split_first_chunk::<8>() {
            hash = self.fold(hash ^ u64::from_le_bytes(*eight));
            rest = more;
        }
        // Up to seven bytes, some of them twice: the length is known.
        let last = match (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
            (Some(first), Some(last)) => u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32,
            _ => rest.iter().fold(0, |last, byte| last << 8 | u64::from(*byte)),
        };
        self.fold(self.fold(hash ^ last) ^ self.0)
    }

    #[inline]
    fn fold(self, value: u64) -> u64 {
        let product = u128::from(value) * u128::from(self.1);
        (product as u64) ^ (product >> 64) as u64
    }
}

/// A key.
#[derive(Debug)]
pub(super) struct Row {
    hash: u64,
    start: usize,
    end: usize,
    pub(super) kind: Kind,
    /// How many events it had.
    pub(super) count: u64,
}

/// Keys and cells; see the module.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Row numbers from 1, by hash; 0 is free.
    places: Vec<u32>,
    pub(super) rows: Vec<Row>,
    /// All keys.
    pub(super) text: String,
    /// Keys as their first events wrote them, by row, where that is another text.
    pub(super) own: HashMap<usize, Box<str>>,
    /// Cells of all rows, as many for each.
    pub(super) cells: Vec<Cell>,
    /// Piles of all rows, as many for each.
    pub(super) piles: Vec<Pile>,
}

impl Table {
    /// What a row takes beside its text and its cells.
    pub(super) const ROW: usize = size_of::<Row>() + 2 * size_of::<u32>();
    /// What a key takes besides that is kept as it came too, and its text there.
    pub(super) const OWN: usize = 2 * size_of::<(usize, Box<str>)>();

    /// The row of that key.
    #[inline]
    pub(super) fn find(&self, hash: u64, kind: Kind, text: &str) -> Option<usize> {
        if self.places.is_empty() {
            return None;
        }
        let mask = self.places.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let row = (self.places[place] as usize).checked_sub(1)?;
            let Row { hash: its, start, end, kind: as_, .. } = self.rows[row];
            if its == hash && as_ == kind && self.text.as_bytes()[start..end] == *text.as_bytes() {
                return Some(row);
            }
            place = (place + 1) & mask;
        }
    }

    /// A new row for a key that is not there, with these cells and piles.
    pub(super) fn add(&mut self, hash: u64, kind: Kind, text: &str, cells: &[Cell], piles: &[Pile]) -> usize {
        // At most two of three places are taken.
        if (self.rows.len() + 1) * 3 > self.places.len() * 2 {
            self.places = vec![0; (self.places.len() * 2).max(16)];
            for row in 0..self.rows.len() {
                self.settle(self.rows[row].hash, row);
            }
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.rows.push(Row { hash, start, end: self.text.len(), kind, count: 0 });
        self.cells.extend_from_slice(cells);
        self.piles.extend_from_slice(piles);
        self.settle(hash, self.rows.len() - 1);
        self.rows.len() - 1
    }

    fn settle(&mut self, hash: u64, row: usize) {
        let mask = self.places.len() - 1;
        let mut place = hash as usize & mask;
        while self.places[place] != 0 {
            place = (place + 1) & mask;
        }
        self.places[place] = row as u32 + 1;
    }

    /// Where the key of `row` stands in the text of all keys.
    pub(super) fn key(&self, row: usize) -> std::ops::Range<usize> {
        self.rows[row].start..self.rows[row].end
    }

    /// Without keys, its room kept for others.
    pub(super) fn clear(&mut self) {
        self.places.fill(0);
        self.rows.clear();
        self.text.clear();
        self.own.clear();
        self.cells.clear();
        self.piles.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_again_in_its_place() {
        let (seed, mut table) = (Seed::new(), Table::default());
        let keys: Vec<String> = (0..5000).map(|n| format!("{}{n}", "k".repeat(n % 40))).collect();
        for round in 0..2 {
            for (n, key) in keys.iter().enumerate() {
                let hash = seed.hash(Kind::Text, key);
                assert_eq!(table.find(hash, Kind::Text, key), (round > 0).then_some(n));
                if round == 0 {
                    assert_eq!(table.add(hash, Kind::Text, key, &[], &[]), n);
                }
                assert_eq!(&table.text[table.key(n)], key);
                assert_eq!(table.find(seed.hash(Kind::Json, key), Kind::Json, key), None);
            }
        }
        table.clear();
        assert_eq!(table.find(seed.hash(Kind::Text, "0"), Kind::Text, "0"), None);
    }

    #[test]
    fn hashes_differ_between_tables_and_between_near_keys() {
        let (a, b) = (Seed::new(), Seed::new());
        assert_ne!(a.hash(Kind::Text, "x"), b.hash(Kind::Text, "x"));
        let mut low: Vec<u64> = (0..4096_u32).map(|n| a.hash(Kind::Text, &format!("10.0.{}.{}", n / 256, n % 256)) & 0xffff).collect();
        low.sort_unstable();
        low.dedup();
        // Of 4096 thrown into 65536 some 124 meet; 400 would be no chance.
        assert!(low.len() > 3696, "{}", low.len());
    }
}
