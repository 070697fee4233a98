//! What code made becomes what the interpreter would have given back: unchanged values keep their text, new keys come last and
//! sorted, numbers that were moved are written as numbers are.

use super::operators::number;
use super::undo::Log;
use crate::datum::{Datum, Key, Look, Map, View};
use crate::error::Result;
use crate::script::convert::{from_rhai, from_rhai_like, settled, to_rhai};

/// Whether a value is neither list nor map.
fn is_scalar(value: &Datum) -> bool {
    !matches!(value, Datum::List(_) | Datum::Map(_) | Datum::Raw(_))
}

/// A scalar that stands where `old` was.
pub(super) fn scalar(value: Datum, old: Option<View<'_>>) -> Datum {
    let value = match value {
        Datum::Number(text) => number(&text),
        value => value,
    };
    if matches!(value, Datum::Int(_) | Datum::Float(_) | Datum::Number(_))
        && let Some(old) = old
        && let Datum::Number(_) = &*old.datum()
        && *old.datum() == value
    {
        return old.to_datum();
    }
    value
}

/// Settles the changes of an event in place. None when something in it cannot travel.
pub(super) fn changes(map: &mut Map, log: &Log) -> Option<()> {
    if let Some(new) = log.only_new() {
        if new > 1 {
            map.sort_last(new);
        }
        return Some(());
    }
    let mut new = 0_usize;
    let mut original = None;
    for (n, entry) in log.entries().iter().enumerate() {
        if log.entries()[..n].iter().any(|before| before.key == entry.key) {
            continue;
        }
        let key = &entry.key;
        let Some(view) = map.look(key) else { continue };
        let settled = match (view, &entry.old) {
            (View::Datum(value), old) if is_scalar(value) => {
                new += usize::from(old.is_none());
                match (value, old) {
                    (Datum::Number(_), _) | (_, Some(Datum::Number(_))) => scalar(value.clone(), old.as_ref().map(View::Datum)),
                    _ => continue,
                }
            }
            (view, old) => {
                new += usize::from(old.is_none());
                let value = view.to_datum();
                let root = original.get_or_insert_with(|| Datum::Map(before(map, log)));
                settled(&value, root, old.as_ref()).ok()?
            }
        };
        map.insert(key.clone(), settled);
    }
    if new > 1 {
        sort_new(map, log);
    }
    Some(())
}

/// The map before the changes.
fn before(map: &Map, log: &Log) -> Map {
    let mut before = map.clone();
    log.clone().undo(&mut before);
    before
}

/// Puts new keys in the order of their names: so they come out of the interpreter.
fn sort_new(map: &mut Map, log: &Log) {
    let mut new: Vec<&Key> = log.entries().iter().filter(|entry| entry.old.is_none()).map(|entry| &entry.key).collect();
    if new.is_sorted_by(|a, b| a.as_str() < b.as_str()) {
        return;
    }
    new.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    for key in new {
        if let Some(value) = map.remove(key) {
            map.push(key.clone(), value);
        }
    }
}

/// A value that was made from `original`.
///
/// # Errors
/// When something in it cannot travel.
pub(in crate::script) fn made(value: Datum, original: &Datum) -> Result<Datum> {
    match (value, original) {
        (value, _) if is_scalar(&value) => Ok(scalar(value, Some(View::Datum(original)))),
        (Datum::Map(map), Datum::Map(old)) if map.views().all(|(_, view)| matches!(view, View::Datum(value) if is_scalar(value))) => {
            Ok(Datum::Map(merged(map, old)))
        }
        (value, _) => from_rhai_like(to_rhai(&value), original),
    }
}

/// A map of scalars in place of another one: its keys keep their places, new ones come last.
fn merged(map: Map, old: &Map) -> Map {
    let mut entries = map.into_entries();
    let mut known = 0;
    // In one go: asked one by one, the parts of a row take long.
    old.views().for_each(|(key, view)| {
        if let Some(place) = entries[known..].iter().position(|(made, _)| made == key) {
            if place > 0 {
                entries[known..=known + place].rotate_right(1);
            }
            settle(&mut entries[known].1, Some(view));
            known += 1;
        }
    });
    let new = &mut entries[known..];
    if !new.is_sorted_by(|(a, _), (b, _)| a.as_str() <= b.as_str()) {
        new.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
    }
    for (_, value) in new {
        settle(value, None);
    }
    Map::from_entries(entries)
}

/// As [`scalar`], in place; most values are as they should be.
#[inline]
fn settle(value: &mut Datum, old: Option<View<'_>>) {
    let may_differ = match (&*value, old) {
        (Datum::Number(_), _) => true,
        (Datum::Int(_) | Datum::Float(_), Some(View::Datum(old))) => matches!(old, Datum::Number(_)),
        (Datum::Int(_) | Datum::Float(_), Some(View::Piece(piece))) => piece.look() == Look::Number,
        _ => false,
    };
    if may_differ {
        *value = scalar(std::mem::take(value), old);
    }
}

/// A value that stands for itself.
pub(super) fn alone(value: Datum) -> Option<Datum> {
    if is_scalar(&value) { Some(scalar(value, None)) } else { from_rhai(to_rhai(&value)).ok() }
}
