//! What becomes of a value: found by looking at it alone, done when all of the datum is known to be good.
//!
//! So a datum that fails is as it was, and what stays as it is costs no copy.

use crate::datum::{Datum, Key, Map, json};

/// What becomes of one value.
#[derive(Debug)]
pub(super) enum Change {
    /// It stays as it is.
    Keep,
    /// It is left out.
    Leave,
    /// Another stands for it.
    Replace(Datum),
    /// Of a map: what becomes of the entries at these places, in order, and what comes after them.
    Map(Vec<(usize, Change)>, Vec<(Key, Datum)>),
    /// Of a list: what becomes of the elements at these places, in order.
    List(Vec<(usize, Change)>),
}

impl Change {
    /// Of a map, or nothing at all.
    pub(super) fn of_map(places: Vec<(usize, Self)>, more: Vec<(Key, Datum)>) -> Self {
        if places.is_empty() && more.is_empty() { Self::Keep } else { Self::Map(places, more) }
    }

    /// Of a list, or nothing at all.
    pub(super) fn of_list(places: Vec<(usize, Self)>) -> Self {
        if places.is_empty() { Self::Keep } else { Self::List(places) }
    }

    /// Does it; false where the value is left out.
    pub(super) fn apply(self, value: &mut Datum) -> bool {
        match self {
            Self::Keep => true,
            Self::Leave => false,
            Self::Replace(other) => {
                *value = other;
                true
            }
            Self::Map(places, more) => {
                read(value);
                if let Datum::Map(map) = value {
                    let mut entries = std::mem::take(map).into_entries();
                    entries.reserve(more.len());
                    in_places(&mut entries, places, |(_, value)| value);
                    entries.extend(more);
                    *map = Map::from_entries(entries);
                }
                true
            }
            Self::List(places) => {
                read(value);
                if let Datum::List(list) = value {
                    in_places(list, places, |value| value);
                }
                true
            }
        }
    }
}

/// Raw JSON becomes what it says, down to its leaves.
pub(super) fn read(value: &mut Datum) {
    if let Datum::Raw(text) = value {
        *value = read_all(text);
    }
}

/// What raw JSON says, down to its leaves.
pub(super) fn read_all(text: &crate::datum::Text) -> Datum {
    // It was checked when it was cut out.
    json::read_text(text, &json::ReadOptions::default()).unwrap_or_else(|_| json::open(text))
}

fn in_places<T>(items: &mut Vec<T>, places: Vec<(usize, Change)>, value: impl Fn(&mut T) -> &mut Datum) {
    let mut gone = Vec::new();
    for (place, change) in places {
        if let Some(item) = items.get_mut(place)
            && !change.apply(value(item))
        {
            gone.push(place);
        }
    }
    if !gone.is_empty() {
        let (mut place, mut gone) = (0, gone.into_iter().peekable());
        items.retain(|_| {
            let goes = gone.next_if_eq(&place).is_some();
            place += 1;
            !goes
        });
    }
}
