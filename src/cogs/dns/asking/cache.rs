//! Answers that are still good: at most so many, each until its deadline.
//!
//! When there is no room, the oldest answer that was not used since its last turn leaves: nearly the least recently used, at
//! the cost of a flag (the second-chance, or clock, algorithm).

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::rc::Rc;

use crate::datum::Text;
use crate::escapement::Moment;

/// What is known of a key; nothing when there is nothing to be known.
pub(in crate::cogs::dns) type Found = Rc<[Text]>;

#[derive(Debug)]
pub(super) struct Cache<K> {
    entries: HashMap<K, Entry>,
    /// Each key in `entries` once, in order of arrival or of its last second chance.
    turns: VecDeque<K>,
    size: usize,
}

#[derive(Debug)]
struct Entry {
    found: Found,
    until: Moment,
    used: bool,
}

impl<K: Clone + Eq + Hash> Cache<K> {
    pub(super) fn new(size: usize) -> Self {
        Self { entries: HashMap::new(), turns: VecDeque::new(), size }
    }

    /// What is known of `key`, when it is still good at `now`.
    pub(super) fn get(&mut self, key: &K, now: Moment) -> Option<Found> {
        let entry = self.entries.get_mut(key).filter(|entry| entry.until > now)?;
        entry.used = true;
        Some(Rc::clone(&entry.found))
    }

    pub(super) fn put(&mut self, key: K, found: Found, now: Moment, until: Moment) {
        if self.size == 0 {
            return;
        }
        let entry = Entry { found, until, used: false };
        if self.entries.insert(key.clone(), entry).is_none() {
            // The newcomer is not in `turns` yet, so it cannot be the one that leaves.
            if self.turns.len() == self.size {
                self.make_room(now);
            }
            self.turns.push_back(key);
        }
    }

    /// Ends, as each turn clears one flag.
    fn make_room(&mut self, now: Moment) {
        while let Some(key) = self.turns.pop_front() {
            match self.entries.get_mut(&key) {
                Some(entry) if entry.used && entry.until > now => {
                    entry.used = false;
                    self.turns.push_back(key);
                }
                _ => {
                    self.entries.remove(&key);
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    const NOW: Moment = Moment::START;

    fn ip(n: u32) -> IpAddr {
        Ipv4Addr::from(n).into()
    }

    fn names(text: &str) -> Found {
        Rc::from([Text::from(text)])
    }

    fn later(seconds: u64) -> Moment {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn an_answer_is_good_until_its_deadline_and_can_be_renewed() {
        let mut cache = Cache::new(10);
        cache.put(ip(1), names("a"), NOW, later(30));
        assert!(cache.get(&ip(1), later(29)).is_some());
        assert!(cache.get(&ip(1), later(30)).is_none());
        cache.put(ip(1), names("b"), later(30), later(60));
        assert_eq!(cache.get(&ip(1), later(31)).unwrap()[0], "b");
        assert_eq!(cache.turns.len(), 1);
    }

    #[test]
    fn the_one_that_was_not_used_leaves_first() {
        let mut cache = Cache::new(2);
        cache.put(ip(1), names("a"), NOW, later(9));
        cache.put(ip(2), names("b"), NOW, later(9));
        assert!(cache.get(&ip(1), NOW).is_some());
        cache.put(ip(3), names("c"), NOW, later(9));
        assert!(cache.get(&ip(1), NOW).is_some() && cache.get(&ip(2), NOW).is_none() && cache.get(&ip(3), NOW).is_some());
    }

    #[test]
    fn it_never_grows_beyond_its_size() {
        let mut cache = Cache::new(100);
        for n in 0..10_000 {
            cache.put(ip(n), names("x"), NOW, later(9));
            cache.get(&ip(n / 2), NOW);
            cache.get(&ip(n), NOW);
        }
        assert_eq!((cache.entries.len(), cache.turns.len()), (100, 100));
        let mut none = Cache::new(0);
        none.put(ip(1), names("a"), NOW, later(9));
        assert!(none.get(&ip(1), NOW).is_none());
    }
}
