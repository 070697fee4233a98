//! Keys, each remembered until some moment: what is to be forgotten next is found at once.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::cog::Param;
use crate::error::{Error, Result};
use crate::escapement::Moment;

/// `max_keys`, of cogs that remember keys.
pub(super) const MAX_KEYS: Param = Param::int("max_keys")
    .default(crate::cog::Lit::Int(100_000))
    .about("keys remembered at most, at least 1; the first warning tells when there are more");

/// What `max_keys` says.
pub(super) fn most(args: &crate::cog::Args) -> Result<usize> {
    match args.size("max_keys") {
        0 => Err(Error::option("max_keys", "must be at least 1")),
        most => Ok(most),
    }
}

struct Entry<T> {
    until: Moment,
    number: u64,
    value: T,
}

/// Keys with values, in order of their moments; of equal ones, in the order in which these were set.
pub(super) struct Keys<T> {
    entries: HashMap<Rc<str>, Entry<T>>,
    order: BTreeMap<(Moment, u64), Rc<str>>,
    /// How often a moment was set.
    number: u64,
}

impl<T> Default for Keys<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: BTreeMap::new(), number: 0 }
    }
}

impl<T> Keys<T> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The moment and the value of a key.
    pub(super) fn get(&mut self, key: &str) -> Option<(Moment, &mut T)> {
        self.entries.get_mut(key).map(|entry| (entry.until, &mut entry.value))
    }

    /// Adds a key that is not there.
    pub(super) fn add(&mut self, key: &str, until: Moment, value: T) {
        let key: Rc<str> = key.into();
        self.number += 1;
        self.order.insert((until, self.number), Rc::clone(&key));
        self.entries.insert(key, Entry { until, number: self.number, value });
    }

    /// Gives a key that is there another moment.
    pub(super) fn postpone(&mut self, key: &str, until: Moment) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        if let Some(key) = self.order.remove(&(entry.until, entry.number)) {
            self.number += 1;
            (entry.until, entry.number) = (until, self.number);
            self.order.insert((until, self.number), key);
        }
    }

    /// The moment of the first one.
    pub(super) fn first(&self) -> Option<Moment> {
        self.order.first_key_value().map(|((until, _), _)| *until)
    }

    /// Forgets the first one.
    pub(super) fn pop(&mut self) -> Option<T> {
        let (_, key) = self.order.pop_first()?;
        self.entries.remove(&key).map(|entry| entry.value)
    }

    /// Forgets that one.
    pub(super) fn remove(&mut self, key: &str) -> Option<T> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&(entry.until, entry.number));
        Some(entry.value)
    }

    /// Forgets the first one, if its moment has come.
    pub(super) fn pop_due(&mut self, now: Moment) -> Option<T> {
        if self.first()? <= now { self.pop() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn they_go_by_their_moments() {
        let at = |n| Moment::START + Duration::from_secs(n);
        let mut keys = Keys::default();
        for (key, until) in [("c", 3), ("a", 1), ("b", 1)] {
            keys.add(key, at(until), key);
        }
        keys.postpone("a", at(3));
        assert_eq!(keys.get("a").map(|(until, value)| (until, *value)), Some((at(3), "a")));
        assert_eq!((keys.pop_due(at(0)), keys.pop_due(at(2)), keys.pop_due(at(2))), (None, Some("b"), None));
        assert_eq!((keys.len(), keys.first(), keys.pop(), keys.pop(), keys.pop()), (2, Some(at(3)), Some("c"), Some("a"), None));
        keys.add("d", at(4), "d");
        assert_eq!((keys.remove("d"), keys.remove("d"), keys.first()), (Some("d"), None, None));
    }
}
