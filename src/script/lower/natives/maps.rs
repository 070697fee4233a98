//! Maps. Rhai goes through them in the order of their keys; new keys of ours go to the end.

use super::kinds::{map, text};
use super::values::{are_light, is_light, sorted, taken};
use super::{LONGEST, MOST, Native, changes, gives, strings};
use crate::datum::{Datum, Key, Num, json};

pub(super) static TABLE: &[Native] = &[
    gives("keys", 1, |args| Some(Datum::List(sorted(map(&mut args[0])?).into_iter().map(|(name, _)| Datum::str(name)).collect()))),
    gives("values", 1, |args| Some(Datum::List(sorted(map(&mut args[0])?).into_iter().map(|(_, value)| taken(value.clone())).collect()))),
    changes("mixin", 2, |args| mix(args, true)),
    changes("fill_with", 2, |args| mix(args, false)),
    gives("to_json", 1, |args| {
        let _ = map(&mut args[0])?;
        let mut out = String::new();
        write(&args[0], &mut out)?;
        (out.len() <= LONGEST).then(|| Datum::str(out))
    }),
];

/// `m.contains(key)`.
pub(super) fn contains(args: &mut [Datum]) -> Option<Datum> {
    let (first, rest) = args.split_first_mut()?;
    Some(Datum::Bool(map(first)?.by_name(text(&rest[0])?).is_some()))
}

/// `m.get(key)`: nothing where it is missing.
pub(super) fn get(args: &mut [Datum]) -> Option<Datum> {
    let (first, rest) = args.split_first_mut()?;
    Some(map(first)?.by_name(text(&rest[0])?).cloned().map_or(Datum::Unit, taken))
}

/// `m.set(key, value)`.
pub(super) fn set(args: &mut [Datum]) -> Option<Datum> {
    let (key, value) = (text(&args[1])?.clone(), taken(std::mem::take(&mut args[2])));
    let map = map(&mut args[0])?;
    if map.len() >= MOST || !is_light(&value) || !are_light(map.iter().map(|(_, part)| part)) {
        return None;
    }
    map.insert(Key::new(&key), value);
    Some(Datum::Unit)
}

/// `m.remove(key)`: what was there.
pub(super) fn remove(args: &mut [Datum]) -> Option<Datum> {
    let (first, rest) = args.split_first_mut()?;
    let (map, name) = (map(first)?, text(&rest[0])?);
    if map.by_name(name).is_none() {
        return Some(Datum::Unit);
    }
    map.remove(&Key::new(name)).map(taken)
}

/// Takes the entries of the second map into the first, over those that are there or beside them.
fn mix(args: &mut [Datum], over: bool) -> Option<Datum> {
    let more = std::mem::take(map(&mut args[1])?);
    let map = map(&mut args[0])?;
    if map.len() + more.len() > MOST || !are_light(map.iter().chain(more.iter()).map(|(_, value)| value)) {
        return None;
    }
    let more = more.into_entries().into_iter().map(|(key, value)| (key, taken(value)));
    if over {
        map.extend(more);
    } else {
        let known: std::collections::HashSet<Key> = map.iter().map(|(key, _)| key.clone()).collect();
        map.extend(more.filter(|(key, _)| !known.contains(key)));
    }
    Some(Datum::Unit)
}

/// Appends the JSON that Rhai writes: keys sorted, nothing between.
fn write(datum: &Datum, out: &mut String) -> Option<()> {
    if out.len() > LONGEST {
        return None;
    }
    match datum {
        Datum::Unit => out.push_str("null"),
        Datum::Bool(_) | Datum::Int(_) => out.push_str(&json::to_string(datum)),
        Datum::Float(value) => write_float(*value, out)?,
        Datum::Number(text) => match Num::read(text) {
            Num::Int(value) => out.push_str(itoa::Buffer::new().format(value)),
            Num::Float(value) => write_float(value, out)?,
            Num::Exact(_) => return None,
        },
        Datum::Str(text) => out.push_str(&strings::quoted(text)),
        Datum::List(list) => {
            out.push('[');
            for (place, part) in list.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(part, out)?;
            }
            out.push(']');
        }
        Datum::Map(map) => {
            out.push('{');
            for (place, (name, part)) in sorted(map).into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                out.push_str(&strings::quoted(name));
                out.push(':');
                write(part, out)?;
            }
            out.push('}');
        }
        Datum::Raw(text) => write(&json::open(text), out)?,
        Datum::Bytes(_) | Datum::Time(_) => return None,
    }
    Some(())
}

/// What JSON cannot hold is left to the interpreter, and exponents, which are written in several ways.
fn write_float(value: f64, out: &mut String) -> Option<()> {
    let mut buffer = ryu::Buffer::new();
    let text = value.is_finite().then(|| buffer.format_finite(value))?;
    (!text.contains('e')).then(|| out.push_str(text))
}
