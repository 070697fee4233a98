//! What was worked out lately, in a bounded space.

use std::collections::HashMap;
use std::hash::Hash;

use crate::datum::Seeds;

/// The last answers: two halves, of which the older one goes as a whole when the younger one is full. An answer that is asked for again is young again.
pub(super) struct Cache<K, V> {
    young: HashMap<K, V, Seeds>,
    old: HashMap<K, V, Seeds>,
    /// Of a half.
    most: usize,
}

impl<K: Copy + Eq + Hash, V: Clone> Cache<K, V> {
    /// Remembers `size` answers at most.
    pub(super) fn new(size: usize) -> Self {
        Self { young: HashMap::default(), old: HashMap::default(), most: size / 2 }
    }

    /// The answer for `key`, worked out where it is not remembered.
    pub(super) fn get(&mut self, key: K, work: impl FnOnce() -> V) -> V {
        if let Some(value) = self.young.get(&key) {
            return value.clone();
        }
        let value = self.old.get(&key).cloned().unwrap_or_else(work);
        if self.most > 0 {
            if self.young.len() >= self.most {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(key, value.clone());
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut cache = Cache::new(8);
        let mut worked = 0;
        let mut ask = |cache: &mut Cache<u32, u32>, key| {
            let value = cache.get(key, || {
                worked += 1;
                key * 2
            });
            (value, worked)
        };
        assert_eq!((ask(&mut cache, 7), ask(&mut cache, 7)), ((14, 1), (14, 1)));
        for key in 100..200 {
            ask(&mut cache, key);
            assert_eq!(ask(&mut cache, 7).0, 14);
        }
        assert_eq!(worked, 101, "7 was never forgotten");
        assert!(cache.young.len() + cache.old.len() <= 8);
        let mut none = Cache::new(0);
        assert_eq!((none.get(1, || 1), none.get(1, || 2)), (1, 2));
    }
}
