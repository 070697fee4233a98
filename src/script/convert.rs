//! The border between the native tree and Rhai's values.
//!
//! Out: a map becomes a Rhai map, raw JSON its parsed value, a time and a number that Rhai cannot hold opaque values. Back: each
//! value equal to what was handed out keeps its original datum, text and all; old keys keep their places, new ones go to the end.

use jiff::Timestamp;
use rhai::{Array, Blob, Dynamic, ImmutableString, Map as RhaiMap};

use crate::datum::{Datum, Key, Map, Num, Text, json};
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
        Datum::Str(text) => Dynamic::from(ImmutableString::from(text.as_str())),
        Datum::Bytes(bytes) => Dynamic::from_blob(Blob::from(&**bytes)),
        Datum::Time(time) => Dynamic::from(Time(*time)),
        Datum::List(list) => Dynamic::from_array(list.iter().map(to_rhai).collect()),
        Datum::Map(map) => Dynamic::from_map(map.iter().map(|(key, value)| (key.as_str().into(), to_rhai(value))).collect()),
        Datum::Raw(text) => to_rhai(&parsed(text)),
    }
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
    back(value, None, &mut Vec::new()).map(|(datum, _)| datum)
}

/// The datum that a Rhai value means, where it was made from `original`: what did not change is the original itself.
///
/// # Errors
/// As [`from_rhai`].
pub(super) fn from_rhai_like(value: Dynamic, original: &Datum) -> Result<Datum> {
    back(value, Some(original), &mut Vec::new()).map(|(datum, _)| datum)
}

/// Gives the datum and whether it is `original` unchanged.
fn back(value: Dynamic, original: Option<&Datum>, path: &mut Vec<String>) -> Result<(Datum, bool)> {
    if let Some(Datum::Raw(text)) = original {
        let (datum, same) = back(value, Some(&parsed(text)), path)?;
        return Ok(if same { (Datum::Raw(text.clone()), true) } else { (datum, false) });
    }
    let value = value.flatten();
    if value.is_map() {
        return map_back(value.cast::<RhaiMap>(), original, path);
    }
    if value.is_array() {
        return list_back(value.cast::<Array>(), original, path);
    }
    let datum = scalar(value, path)?;
    match original {
        Some(original) if *original == datum && original.kind() == datum_kind(&datum, original) => Ok((original.clone(), true)),
        _ => Ok((datum, false)),
    }
}

/// A number text equals the integer or fraction that Rhai saw in its place.
fn datum_kind(datum: &Datum, original: &Datum) -> &'static str {
    if matches!(original, Datum::Number(_)) && matches!(datum, Datum::Int(_) | Datum::Float(_)) { original.kind() } else { datum.kind() }
}

fn map_back(mut map: RhaiMap, original: Option<&Datum>, path: &mut Vec<String>) -> Result<(Datum, bool)> {
    let Some(Datum::Map(old)) = original else {
        let mut made = Map::with_capacity(map.len());
        for (name, value) in map {
            path.push(name.to_string());
            made.push(Key::new(&name), back(value, None, path)?.0);
            path.pop();
        }
        return Ok((Datum::Map(made), false));
    };
    let mut made = Map::with_capacity(map.len());
    let mut same = map.len() == old.len();
    for (key, value) in old.iter() {
        // Taken out of the Rhai map, so that what is left there is new.
        if let Some(now) = map.remove(key.as_str()) {
            path.push(key.to_string());
            let (datum, unchanged) = back(now, Some(value), path)?;
            path.pop();
            same &= unchanged;
            made.push(key.clone(), datum);
        } else {
            same = false;
        }
    }
    for (name, value) in map {
        same = false;
        path.push(name.to_string());
        made.push(Key::new(&name), back(value, None, path)?.0);
        path.pop();
    }
    Ok((Datum::Map(made), same))
}

fn list_back(list: Array, original: Option<&Datum>, path: &mut Vec<String>) -> Result<(Datum, bool)> {
    let old: &[Datum] = match original {
        Some(Datum::List(old)) => old,
        _ => &[],
    };
    let mut same = matches!(original, Some(Datum::List(_))) && old.len() == list.len();
    let mut made = Vec::with_capacity(list.len());
    for (place, value) in list.into_iter().enumerate() {
        path.push(place.to_string());
        let (datum, unchanged) = back(value, old.get(place), path)?;
        path.pop();
        same &= unchanged;
        made.push(datum);
    }
    Ok((Datum::List(made), same))
}

fn scalar(value: Dynamic, path: &[String]) -> Result<Datum> {
    if value.is_unit() {
        return Ok(Datum::Unit);
    }
    if let Ok(value) = value.as_bool() {
        return Ok(Datum::Bool(value));
    }
    if let Ok(value) = value.as_int() {
        return Ok(Datum::Int(value));
    }
    if let Ok(value) = value.as_float() {
        return Ok(Datum::Float(value));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(Datum::from(letter.to_string()));
    }
    if value.is_string() {
        return Ok(Datum::str(value.cast::<ImmutableString>().as_str()));
    }
    if value.is_blob() {
        return Ok(Datum::Bytes(value.cast::<Blob>().into()));
    }
    if let Some(time) = value.clone().try_cast::<Time>() {
        return Ok(Datum::Time(time.0));
    }
    if let Some(number) = value.clone().try_cast::<Number>() {
        return Ok(Datum::Number(number.0));
    }
    let what = if value.is_fnptr() { "a closure".to_owned() } else { format!("a `{}`", short_type(value.type_name())) };
    let place = if path.is_empty() { "the datum".to_owned() } else { format!("`{}`", path.join(".")) };
    Err(Error::data(format!("{place} is {what}, which cannot travel"), ""))
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
    fn a_value_of_another_kind_is_a_change() {
        assert_eq!(json::to_string(&from_rhai_like(Dynamic::from_float(1.0), &read("1")).unwrap()), "1.0");
    }

    #[test]
    fn a_closure_in_a_datum_is_refused_with_its_path() {
        let value = Dynamic::from_map([("a".into(), rhai::FnPtr::new("f").unwrap().into())].into_iter().collect());
        assert_eq!(from_rhai(value).unwrap_err().to_string(), "`a` is a closure, which cannot travel");
    }
}
