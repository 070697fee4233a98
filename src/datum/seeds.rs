//! A hash of few bytes for tables whose keys come from hostile data: several times as fast as that of the standard library, seeded as that is.
//!
//! Nobody who does not know the seeds can choose keys whose hashes are alike; a table that is bounded besides can come to no harm by luck either.

use std::hash::{BuildHasher, Hasher, RandomState};

/// What hashes depend on: other ones for each table.
#[derive(Clone, Debug)]
pub struct Seeds {
    start: u64,
    factor: u64,
}

impl Seeds {
    /// Seeds that nobody knows.
    pub fn new() -> Self {
        let random = |n: u8| RandomState::new().hash_one(n);
        Self { start: random(0), factor: random(1) | 1 }
    }
}

impl Default for Seeds {
    fn default() -> Self {
        Self::new()
    }
}

impl BuildHasher for Seeds {
    type Hasher = Folded;

    #[inline]
    fn build_hasher(&self) -> Folded {
        Folded { state: self.start, factor: self.factor }
    }
}

/// A hash of few bytes: eight at a time are multiplied, and the halves of the product folded.
pub struct Folded {
    state: u64,
    factor: u64,
}

impl Folded {
    #[inline]
    fn add(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(self.factor);
        self.state = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for Folded {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        for eight in eights {
            self.add(u64::from_le_bytes(*eight));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        last[7] = rest.len() as u8;
        self.add(u64::from_le_bytes(last));
    }

    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.state ^= u64::from(byte);
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.add(u64::from(number));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.add(number);
    }

    #[inline]
    fn write_u128(&mut self, number: u128) {
        self.add(number as u64);
        self.add((number >> 64) as u64);
    }

    #[inline]
    fn write_isize(&mut self, number: isize) {
        self.add(number as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_alike_hash_apart() {
        let seeds = Seeds::new();
        let names = (0..2000).map(|n| format!("key{n}")).chain((0..40).map(|n| "\0".repeat(n)));
        let hashes: std::collections::HashSet<u64> = names.map(|name| seeds.hash_one(name.as_str())).collect();
        assert_eq!(hashes.len(), 2040);
        assert_ne!(seeds.hash_one("key"), Seeds::new().hash_one("key"));
    }
}
