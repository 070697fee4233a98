//! What code made becomes what the interpreter would have given back: unchanged values keep their text, new keys come last and
//! sorted, numbers that were moved are written as numbers are.

use super::operators::number;
use super::undo::Log;
use crate::datum::{Datum, Key, Map, View};
use crate::error::Result;
use crate::script::convert::{from_rhai, from_rhai_like, settled, to_rhai};

/// Whether a value is neither list nor map.
fn is_scalar(value: &Datum) -> bool {
    !matches!(value, Datum::List(_) | Datum::Map(_) | Datum::Raw(_))
}

/// A scalar that stands where `old` was.
fn scalar(value: Datum, old: Option<View<'_>>) -> Datum {
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
    let mut made = Vec::with_capacity(entries.len());
    for (key, view) in old.views() {
        if entries.is_empty() {
            break;
        }
        if let Some(place) = entries.iter().position(|(known, _)| known == key) {
            let (key, value) = entries.remove(place);
            made.push((key, scalar(value, Some(view))));
        }
    }
    if !entries.is_sorted_by(|(a, _), (b, _)| a.as_str() <= b.as_str()) {
        entries.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
    }
    made.extend(entries.into_iter().map(|(key, value)| (key, scalar(value, None))));
    Map::from_entries(made)
}

/// A value that stands for itself.
pub(super) fn alone(value: Datum) -> Option<Datum> {
    if is_scalar(&value) { Some(scalar(value, None)) } else { from_rhai(to_rhai(&value)).ok() }
}
