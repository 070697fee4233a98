//! Answers that are still good: at most so many, each until its deadline.
//!
//! When there is no room, the oldest answer that was not used since its last turn leaves: nearly the least recently used, at
//! the cost of a flag (the second-chance, or clock, algorithm).

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::rc::Rc;

use crate::datum::Text;
use crate::escapement::Moment;

/// The names of an address; none when it has no name.
pub(super) type Names = Rc<[Text]>;

#[derive(Debug)]
pub(super) struct Cache {
    entries: HashMap<IpAddr, Entry>,
    /// Each address in `entries` once, in order of arrival or of its last second chance.
    turns: VecDeque<IpAddr>,
    size: usize,
}

#[derive(Debug)]
struct Entry {
    names: Names,
    until: Moment,
    used: bool,
}

impl Cache {
    pub(super) fn new(size: usize) -> Self {
        Self { entries: HashMap::new(), turns: VecDeque::new(), size }
    }

    /// The names of `address`, when they are known and still good at `now`.
    pub(super) fn get(&mut self, address: IpAddr, now: Moment) -> Option<Names> {
        let entry = self.entries.get_mut(&address).filter(|entry| entry.until > now)?;
        entry.used = true;
        Some(Rc::clone(&entry.names))
    }

    pub(super) fn put(&mut self, address: IpAddr, names: Names, now: Moment, until: Moment) {
        if self.size == 0 {
            return;
        }
        let entry = Entry { names, until, used: false };
        if self.entries.insert(address, entry).is_none() {
            // The newcomer is not in `turns` yet, so it cannot be the one that leaves.
            if self.turns.len() == self.size {
                self.make_room(now);
            }
            self.turns.push_back(address);
        }
    }

    /// Ends, as each turn clears one flag.
    fn make_room(&mut self, now: Moment) {
        while let Some(address) = self.turns.pop_front() {
            match self.entries.get_mut(&address) {
                Some(entry) if entry.used && entry.until > now => {
                    entry.used = false;
                    self.turns.push_back(address);
                }
                _ => {
                    self.entries.remove(&address);
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    const NOW: Moment = Moment::START;

    fn ip(n: u32) -> IpAddr {
        Ipv4Addr::from(n).into()
    }

    fn names(text: &str) -> Names {
        Rc::from([Text::from(text)])
    }

    fn later(seconds: u64) -> Moment {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn an_answer_is_good_until_its_deadline_and_can_be_renewed() {
        let mut cache = Cache::new(10);
        cache.put(ip(1), names("a"), NOW, later(30));
        assert!(cache.get(ip(1), later(29)).is_some());
        assert!(cache.get(ip(1), later(30)).is_none());
        cache.put(ip(1), names("b"), later(30), later(60));
        assert_eq!(cache.get(ip(1), later(31)).unwrap()[0], "b");
        assert_eq!(cache.turns.len(), 1);
    }

    #[test]
    fn the_one_that_was_not_used_leaves_first() {
        let mut cache = Cache::new(2);
        cache.put(ip(1), names("a"), NOW, later(9));
        cache.put(ip(2), names("b"), NOW, later(9));
        assert!(cache.get(ip(1), NOW).is_some());
        cache.put(ip(3), names("c"), NOW, later(9));
        assert!(cache.get(ip(1), NOW).is_some() && cache.get(ip(2), NOW).is_none() && cache.get(ip(3), NOW).is_some());
    }

    #[test]
    fn it_never_grows_beyond_its_size() {
        let mut cache = Cache::new(100);
        for n in 0..10_000 {
            cache.put(ip(n), names("x"), NOW, later(9));
            cache.get(ip(n / 2), NOW);
            cache.get(ip(n), NOW);
        }
        assert_eq!((cache.entries.len(), cache.turns.len()), (100, 100));
        let mut none = Cache::new(0);
        none.put(ip(1), names("a"), NOW, later(9));
        assert!(none.get(ip(1), NOW).is_none());
    }
}
