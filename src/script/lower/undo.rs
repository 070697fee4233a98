//! What was changed in the event: to take it back, or to settle it.
//!
//! The first entry of a key holds what the event came with.

use crate::datum::{Datum, Key, Map};

/// Whether a value goes back as it is, where no number stood: a scalar that is no number's text.
#[inline]
pub(super) fn stays(value: &Datum) -> bool {
    !matches!(value, Datum::Number(_) | Datum::List(_) | Datum::Map(_) | Datum::Raw(_))
}

/// One change of a key of the event.
#[derive(Clone)]
pub(super) struct Entry {
    pub key: Key,
    /// What stood there; none when the key is new.
    pub old: Option<Datum>,
    /// The place it was taken from, where the key is gone.
    pub gone_from: Option<usize>,
}

/// Changes in their order.
#[derive(Clone, Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
    /// How many of them are of new keys.
    new: usize,
    /// Something is to be settled besides the order of new keys.
    unsettled: bool,
}

impl Log {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        (self.new, self.unsettled) = (0, false);
    }

    /// How many keys are new and stand last, when their order is all that is to be settled.
    pub(super) fn only_new(&self) -> Option<usize> {
        (!self.unsettled).then_some(self.new)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Notes a value that was replaced, or that the key is new; and whether what stands there now [stays].
    #[inline]
    pub(super) fn set(&mut self, key: &Key, old: Option<Datum>, stays: bool) {
        self.new += usize::from(old.is_none());
        self.unsettled |= !stays || matches!(old, Some(Datum::Number(_)));
        self.entries.push(Entry { key: key.clone(), old, gone_from: None });
    }

    /// Notes a key that was taken out.
    pub(super) fn removed(&mut self, key: &Key, old: Datum, place: usize) {
        self.unsettled |= self.new > 0 && self.entries.iter().any(|entry| entry.old.is_none() && entry.key == *key);
        self.entries.push(Entry { key: key.clone(), old: Some(old), gone_from: Some(place) });
    }

    /// Whether that key was taken out before: put back it would stand in another place.
    pub(super) fn has_removed(&self, key: &Key) -> bool {
        self.entries.iter().any(|entry| entry.gone_from.is_some() && entry.key == *key)
    }

    /// Takes all changes back.
    pub(super) fn undo(&mut self, map: &mut Map) {
        while let Some(Entry { key, old, gone_from }) = self.entries.pop() {
            match (old, gone_from) {
                (Some(old), Some(place)) => {
                    let mut entries = std::mem::take(map).into_entries();
                    entries.insert(place.min(entries.len()), (key, old));
                    *map = Map::from_entries(entries);
                }
                (Some(old), None) => {
                    map.insert(key, old);
                }
                (None, _) => {
                    map.remove(&key);
                }
            }
        }
    }
}
