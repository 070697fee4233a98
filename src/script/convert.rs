//! The border between the native tree and Rhai's values.
//!
//! Out: a map becomes a Rhai map, raw JSON its parsed value, a time and a number that Rhai cannot hold opaque values. Back: each
//! value equal to what was handed out keeps its original datum, text and all; old keys keep their places, new ones go to the end.

use jiff::Timestamp;
use rhai::{Array, Blob, Dynamic, FnPtr, ImmutableString, Map as RhaiMap};

use super::lower;
use crate::datum::{Datum, Key, Look, Map, Num, Text, View, json};
use crate::error::{Error, Result};

/// A point in time, as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Time(pub Timestamp);

/// A number whose digits neither `i64` nor `f64` holds, as scripts see it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number(pub Text);

/// The value as Rhai sees it.
pub(super) fn to_rhai(datum: &Datum) -> Dynamic {
    match datum {
        Datum::Unit => Dynamic::UNIT,
        Datum::Bool(value) => Dynamic::from_bool(*value),
        Datum::Int(value) => Dynamic::from_int(*value),
        Datum::Float(value) => Dynamic::from_float(*value),
        Datum::Number(text) => match Num::read(text) {
            Num::Int(value) => Dynamic::from_int(value),
            Num::Float(value) => Dynamic::from_float(value),
            Num::Exact(text) => Dynamic::from(Number(text)),
        },
        Datum::Str(text) => string(text),
        Datum::Bytes(bytes) => Dynamic::from_blob(Blob::from(&**bytes)),
        Datum::Time(time) => Dynamic::from(Time(*time)),
        Datum::List(list) => Dynamic::from_array(list.iter().map(to_rhai).collect()),
        Datum::Map(map) => Dynamic::from_map(map_to_rhai(map)),
        Datum::Raw(text) => list_of_numbers(text).unwrap_or_else(|| to_rhai(&parsed(text))),
    }
}

/// The raw list, when it holds whole numbers alone: that is what long ones hold, most often.
fn list_of_numbers(text: &Text) -> Option<Dynamic> {
    let mut numbers = Array::new();
    let all = lower::whole_numbers(text, |value| numbers.push(Dynamic::from_int(value)));
    all.then(|| Dynamic::from_array(numbers))
}

/// Up to this many entries go into a map one by one faster than sorted.
const FEW: usize = 16;

fn map_to_rhai(map: &Map) -> RhaiMap {
    // What waits in its text is not read for the datum as well.
    let entries = map.views().map(|(key, value)| (key.as_str().into(), view_to_rhai(value)));
    if map.len() > FEW {
        return entries.collect();
    }
    let mut seen = RhaiMap::new();
    for (key, value) in entries {
        seen.insert(key, value);
    }
    seen
}

fn view_to_rhai(value: View<'_>) -> Dynamic {
    let piece = match value {
        View::Datum(datum) => return to_rhai(datum),
        View::Piece(piece) => piece,
    };
    match piece.look() {
        Look::Text | Look::Plain | Look::Bare => string(piece.as_str()),
        _ => to_rhai(&piece.to_datum()),
    }
}

fn string(text: &str) -> Dynamic {
    Dynamic::from(ImmutableString::from(text))
}

fn parsed(text: &Text) -> Datum {
    // Raw text was checked when it was cut out; an unreadable one shows as the text that it is.
    json::read_text(text, &json::ReadOptions::default()).unwrap_or_else(|_| Datum::Str(text.clone()))
}

/// The datum that a Rhai value means.
///
/// # Errors
/// When it holds what cannot travel: a closure, a cog, a range, with its path.
pub(super) fn from_rhai(value: Dynamic) -> Result<Datum> {
    Back::of(None).whole(value, None)
}

/// The datum that a Rhai value means, where it was made from `original`: what did not change is the original itself.
///
/// # Errors
/// As [`from_rhai`].
pub(super) fn from_rhai_like(value: Dynamic, original: &Datum) -> Result<Datum> {
    Back::of(Some(original)).whole(value, Some(original))
}

/// The datum that a part of a changed datum means: `value` stands where `place` was, in what was `root`.
///
/// # Errors
/// As [`from_rhai`].
pub(super) fn settled(value: &Datum, root: &Datum, place: Option<&Datum>) -> Result<Datum> {
    Back::of(Some(root)).whole(to_rhai(value), place)
}

/// Values nested deeper than this do not travel: conversion recurses, and must end in an error, not in an overflow.
const DEEPEST: usize = 500;
/// Parts of the original that are looked through at most, for one that was moved.
const POOL: usize = 256;

/// The way back of one value.
struct Back<'a> {
    /// What was handed out.
    root: Option<&'a Datum>,
    /// Its lists and maps, raw ones read, each with what it was; gathered when first needed.
    pool: Option<Vec<(Datum, Datum)>>,
    depth: usize,
}

/// Why a value cannot travel, and where it stands: the innermost step first. Where all goes well no path is made.
struct Refused {
    what: String,
    path: Vec<String>,
}

type Travelled = std::result::Result<(Datum, bool), Box<Refused>>;

impl<'a> Back<'a> {
    fn of(root: Option<&'a Datum>) -> Self {
        Self { root, pool: None, depth: 0 }
    }

    fn whole(&mut self, value: Dynamic, original: Option<&Datum>) -> Result<Datum> {
        self.value(value, original).map(|(datum, _)| datum).map_err(|refused| {
            let Refused { what, mut path } = *refused;
            path.reverse();
            if what.is_empty() {
                return Error::data(format!("nested deeper than {DEEPEST}"), "");
            }
            let place = if path.is_empty() { "the datum".to_owned() } else { format!("`{}`", path.join(".")) };
            Error::data(format!("{place} is {what}, which cannot travel"), "")
        })
    }

    /// Gives the datum and whether it is `original` unchanged.
    fn value(&mut self, value: Dynamic, original: Option<&Datum>) -> Travelled {
        if self.depth > DEEPEST {
            return Err(Box::new(Refused { what: String::new(), path: Vec::new() }));
        }
        if let Some(Datum::Raw(text)) = original {
            let (datum, same) = self.value(value, Some(&parsed(text)))?;
            return Ok(if same { (Datum::Raw(text.clone()), true) } else { (datum, false) });
        }
        let value = value.flatten();
        if value.is_map() || value.is_array() {
            let fits = match original {
                Some(Datum::Map(_)) => value.is_map(),
                Some(Datum::List(old)) => value.read_lock::<Array>().is_some_and(|list| list.len() == old.len()),
                _ => false,
            };
            if !fits && let Some(moved) = self.moved(&value) {
                return Ok((moved, false));
            }
            return if value.is_map() { self.map(value.cast(), original) } else { self.list(value.cast(), original) };
        }
        if let Some(Datum::Str(text)) = original
            && value.read_lock::<ImmutableString>().is_some_and(|now| **now == **text)
        {
            return Ok((Datum::Str(text.clone()), true));
        }
        let datum = scalar(&value).map_err(|what| Box::new(Refused { what, path: Vec::new() }))?;
        match original {
            Some(original) if *original == datum && original.kind() == kind_like(&datum, original) => Ok((original.clone(), true)),
            _ => Ok((datum, false)),
        }
    }

    fn map(&mut self, mut map: RhaiMap, original: Option<&Datum>) -> Travelled {
        let old = original.and_then(Datum::as_map);
        let mut made = Map::with_capacity(map.len());
        let mut same = old.is_some_and(|old| old.len() == map.len());
        for (key, value) in old.into_iter().flat_map(Map::views) {
            // Taken out of the Rhai map, so that what is left there is new.
            if let Some(now) = map.remove(key.as_str()) {
                let (datum, unchanged) = self.part(key, now, Some(&value.datum()))?;
                same &= unchanged;
                made.push(key.clone(), datum);
            } else {
                same = false;
            }
        }
        for (name, value) in map {
            same = false;
            let datum = self.part(&name, value, None)?.0;
            made.push(Key::new(&name), datum);
        }
        Ok((Datum::Map(made), same))
    }

    fn list(&mut self, list: Array, original: Option<&Datum>) -> Travelled {
        let old = original.and_then(Datum::as_list).unwrap_or_default();
        // A list made of a single datum, as `[d]`: its elements are like the datum.
        let alone = original.filter(|original| matches!(original, Datum::Map(_)));
        let moved = old.len() != list.len();
        let mut same = matches!(original, Some(Datum::List(_))) && !moved;
        let mut made = Vec::with_capacity(list.len());
        for (place, value) in list.into_iter().enumerate() {
            let known = if moved { self.moved(&value) } else { None };
            let (datum, unchanged) = match known {
                Some(datum) => (datum, false),
                None => self.part(&place, value, old.get(place).or(alone))?,
            };
            same &= unchanged;
            made.push(datum);
        }
        Ok((Datum::List(made), same))
    }

    fn part(&mut self, step: &dyn ToString, value: Dynamic, original: Option<&Datum>) -> Travelled {
        self.depth += 1;
        let mut part = self.value(value, original);
        self.depth -= 1;
        if let Err(refused) = &mut part {
            refused.path.push(step.to_string());
        }
        part
    }

    /// The part of what was handed out that equals this list or map: it was moved or copied as it is.
    fn moved(&mut self, value: &Dynamic) -> Option<Datum> {
        if !value.is_map() && !value.is_array() {
            return None;
        }
        let root = self.root?;
        let pool = self.pool.get_or_insert_with(|| {
            let mut pool = Vec::new();
            gather(root, &mut pool, 0);
            pool
        });
        pool.iter().find(|(read, _)| is_same(value, read, 0)).map(|(_, original)| original.clone())
    }
}

/// The lists and maps of a datum, itself included, raw ones read.
fn gather(datum: &Datum, pool: &mut Vec<(Datum, Datum)>, depth: usize) {
    if pool.len() >= POOL || depth > DEEPEST {
        return;
    }
    match datum {
        Datum::Raw(text) => {
            let read = parsed(text);
            pool.push((read.clone(), datum.clone()));
            parts(&read, pool, depth);
        }
        Datum::List(_) | Datum::Map(_) => {
            pool.push((datum.clone(), datum.clone()));
            parts(datum, pool, depth);
        }
        _ => {}
    }
}

fn parts(datum: &Datum, pool: &mut Vec<(Datum, Datum)>, depth: usize) {
    match datum {
        Datum::List(list) => list.iter().for_each(|part| gather(part, pool, depth + 1)),
        Datum::Map(map) => map.iter().for_each(|(_, part)| gather(part, pool, depth + 1)),
        _ => {}
    }
}

/// Whether a script's value is what `datum` shows as to scripts.
fn is_same(value: &Dynamic, datum: &Datum, depth: usize) -> bool {
    if depth > DEEPEST {
        return false;
    }
    match datum {
        Datum::Raw(text) => is_same(value, &parsed(text), depth),
        Datum::Map(old) => value.read_lock::<RhaiMap>().is_some_and(|map| {
            map.len() == old.len() && old.iter().all(|(key, part)| map.get(key.as_str()).is_some_and(|now| is_same(now, part, depth + 1)))
        }),
        Datum::List(old) => value
            .read_lock::<Array>()
            .is_some_and(|list| list.len() == old.len() && list.iter().zip(old).all(|(now, part)| is_same(now, part, depth + 1))),
        scalar_datum => scalar(&value.flatten_clone()).is_ok_and(|now| now == *scalar_datum && kind_like(&now, datum) == datum.kind()),
    }
}

/// The kind that counts for being unchanged: a number text equals the integer or fraction that Rhai saw in its place.
fn kind_like(datum: &Datum, original: &Datum) -> &'static str {
    if matches!(original, Datum::Number(_)) && matches!(datum, Datum::Int(_) | Datum::Float(_)) { original.kind() } else { datum.kind() }
}

/// Whether a value is nested deeper than what can travel; closures that hold others count too. What has so many parts that
/// looking at them all would take long counts as well.
pub(super) fn is_too_deep(value: &Dynamic) -> bool {
    fn deeper(value: &Dynamic, depth: usize, parts: &mut usize) -> bool {
        if depth == 0 || *parts == 0 {
            return true;
        }
        *parts -= 1;
        if let Some(map) = value.read_lock::<RhaiMap>() {
            return map.values().any(|part| deeper(part, depth - 1, parts));
        }
        if let Some(closure) = value.read_lock::<FnPtr>() {
            return closure.curry().iter().any(|part| deeper(part, depth - 1, parts));
        }
        value.read_lock::<Array>().is_some_and(|list| list.iter().any(|part| deeper(part, depth - 1, parts)))
    }
    deeper(value, DEEPEST, &mut 1_000_000)
}

/// The datum of a value that is no list and no map and is not shared. Else what it is.
fn scalar(value: &Dynamic) -> std::result::Result<Datum, String> {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(Datum::str(text.as_str()));
    }
    if let Ok(value) = value.as_int() {
        return Ok(Datum::Int(value));
    }
    if value.is_unit() {
        return Ok(Datum::Unit);
    }
    if let Ok(value) = value.as_bool() {
        return Ok(Datum::Bool(value));
    }
    if let Ok(value) = value.as_float() {
        return Ok(Datum::Float(value));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(Datum::from(letter.to_string()));
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(Datum::Bytes(bytes.as_slice().into()));
    }
    if let Some(time) = value.read_lock::<Time>() {
        return Ok(Datum::Time(time.0));
    }
    if let Some(number) = value.read_lock::<Number>() {
        return Ok(Datum::Number(number.0.clone()));
    }
    Err(if value.is_fnptr() { "a closure".to_owned() } else { format!("a `{}`", short_type(value.type_name())) })
}

/// A type as scripts know it: the last part of Rust's name, the plain ones by their own.
pub(super) fn short_type(name: &str) -> &str {
    match name.rsplit("::").next().unwrap_or(name) {
        "i64" => "int",
        "f64" => "float",
        "&str" | "String" | "ImmutableString" => "string",
        "Fn" | "FnPtr" => "closure",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Datum {
        json::read(text).unwrap()
    }

    #[test]
    fn what_a_script_did_not_touch_keeps_its_text_and_place() {
        let original = read(r#"{"z": 1.50, "a": {"y": 18446744073709551616, "b": [1e2]}, "m": "x"}"#);
        let mut value = to_rhai(&original);
        value.write_lock::<RhaiMap>().unwrap().insert("new".into(), 1_i64.into());
        value.write_lock::<RhaiMap>().unwrap().insert("m".into(), "y".into());
        let datum = from_rhai_like(value, &original).unwrap();
        assert_eq!(json::to_string(&datum), r#"{"z":1.50,"a":{"y":18446744073709551616,"b":[1e2]},"m":"y","new":1}"#);
    }

    #[test]
    fn raw_json_that_did_not_change_stays_raw() {
        let mut map = Map::new();
        map.push("r".into(), Datum::Raw(r#"{ "b":1, "a" : 2.0}"#.into()));
        map.push("s".into(), Datum::Raw("[1]".into()));
        let original = Datum::Map(map);
        let mut value = to_rhai(&original);
        value.write_lock::<RhaiMap>().unwrap().insert("s".into(), Dynamic::from_array(vec![2_i64.into()]));
        let datum = from_rhai_like(value, &original).unwrap();
        assert_eq!(json::to_string(&datum), r#"{"r":{ "b":1, "a" : 2.0},"s":[2]}"#);
    }

    #[test]
    fn what_was_moved_keeps_its_text_too() {
        let original = read(r#"{"p": {"z": 1.50, "a": 2}, "l": [{"y": 1.0, "b": 1}, {"y": 2.0, "b": 2}]}"#);
        let mut value = to_rhai(&original);
        {
            let mut map = value.write_lock::<RhaiMap>().unwrap();
            let p = map.remove("p").unwrap();
            map.insert("q".into(), p);
            let _ = map.get_mut("l").unwrap().write_lock::<Array>().unwrap().remove(0);
        }
        assert_eq!(json::to_string(&from_rhai_like(value, &original).unwrap()), r#"{"l":[{"y":2.0,"b":2}],"q":{"z":1.50,"a":2}}"#);
        let alone = Dynamic::from_array(vec![to_rhai(&original)]);
        assert_eq!(json::to_string(&from_rhai_like(alone, &original).unwrap()), format!("[{}]", json::to_string(&original)));
    }

    #[test]
    fn a_value_nested_without_end_is_an_error() {
        let deep = (0..2 * DEEPEST).fold(Dynamic::UNIT, |inner, _| Dynamic::from_array(vec![inner]));
        assert!(is_too_deep(&deep));
        let closure = |inner| {
            let mut closure = FnPtr::new("f").unwrap();
            closure.add_curry(inner);
            Dynamic::from(closure)
        };
        assert!(is_too_deep(&(0..2 * DEEPEST).fold(Dynamic::UNIT, |inner, _| closure(inner))));
        assert!(!is_too_deep(&closure(Dynamic::from_array(vec![1_i64.into()]))));
        assert!(from_rhai(deep).unwrap_err().to_string().contains("nested deeper"));
    }

    #[test]
    fn a_value_of_another_kind_is_a_change() {
        assert_eq!(json::to_string(&from_rhai_like(Dynamic::from_float(1.0), &read("1")).unwrap()), "1.0");
    }

    #[test]
    fn a_closure_in_a_datum_is_refused_with_its_path() {
        let value = Dynamic::from_map([("a".into(), rhai::FnPtr::new("f").unwrap().into())].into_iter().collect());
        assert_eq!(from_rhai(value).unwrap_err().to_string(), "`a` is a closure, which cannot travel");
    }
}
