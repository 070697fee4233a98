//! Names that several kinds share, and properties: the kind of the receiver decides.

use super::kinds::{Plain, count, list, map, number, text};
use super::{Native, arrays, changes, cuts, gives, maps, numbers, strings};
use crate::datum::Datum;

pub(super) static TABLE: &[Native] = &[
    gives("len", 1, |args| match args[0].open() {
        Datum::Map(_) => count(map(&mut args[0])?.len()),
        _ => len(args),
    }),
    gives("is_empty", 1, |args| match args[0].open() {
        Datum::Map(_) => Some(Datum::Bool(map(&mut args[0])?.is_empty())),
        _ => is_empty(args),
    }),
    gives("contains", 2, |args| match args[0].open() {
        Datum::Str(_) => strings::contains(args),
        Datum::List(_) => arrays::contains(args),
        _ => maps::contains(args),
    }),
    gives("index_of", 2, index_of),
    gives("index_of", 3, index_of),
    gives("get", 2, |args| match args[0].open() {
        Datum::List(_) => arrays::get(args),
        _ => maps::get(args),
    }),
    changes("set", 3, |args| match args[0].open() {
        Datum::List(_) => arrays::set(args),
        _ => maps::set(args),
    }),
    changes("remove", 2, |args| match args[0].open() {
        Datum::Str(_) => strings::remove(args),
        Datum::List(_) => arrays::remove(args),
        _ => maps::remove(args),
    }),
    changes("clear", 1, |args| {
        match args[0].open() {
            Datum::Str(text) => *text = crate::datum::Text::default(),
            Datum::List(list) => list.clear(),
            Datum::Map(map) => *map = crate::datum::Map::new(),
            _ => return None,
        }
        Some(Datum::Unit)
    }),
    changes("append", 2, |args| match args[0].open() {
        Datum::Str(_) => strings::append(args),
        _ => arrays::append(args),
    }),
    changes("truncate", 2, |args| match args[0].open() {
        Datum::Str(_) => cuts::truncate(args),
        _ => arrays::truncate(args),
    }),
    changes("pad", 3, |args| match args[0].open() {
        Datum::Str(_) => strings::pad(args),
        _ => arrays::pad(args),
    }),
    gives("max", 2, |args| extreme(args, true)),
    gives("min", 2, |args| extreme(args, false)),
];

/// Each answers for kinds other than maps only.
pub(super) static PROPERTIES: &[Native] = &[
    gives("len", 1, len),
    gives("is_empty", 1, is_empty),
    gives("bytes", 1, strings::bytes),
    gives("is_zero", 1, numbers::is_zero),
    gives("is_odd", 1, numbers::is_odd),
    gives("is_even", 1, numbers::is_even),
    gives("is_nan", 1, numbers::is_nan),
    gives("is_finite", 1, numbers::is_finite),
    gives("is_infinite", 1, numbers::is_infinite),
    gives("floor", 1, |args| rounded(args, f64::floor)),
    gives("ceiling", 1, |args| rounded(args, f64::ceil)),
    gives("round", 1, |args| rounded(args, f64::round)),
    gives("int", 1, |args| rounded(args, f64::trunc)),
    gives("fraction", 1, |args| rounded(args, f64::fract)),
];

fn rounded(args: &mut [Datum], round: fn(f64) -> f64) -> Option<Datum> {
    match number(&args[0])? {
        Plain::Float(value) => Some(Datum::Float(round(value))),
        Plain::Int(_) => None,
    }
}

fn len(args: &mut [Datum]) -> Option<Datum> {
    match &args[0] {
        Datum::Str(_) => count(strings::len(text(&args[0])?)),
        _ => count(list(&mut args[0])?.len()),
    }
}

fn is_empty(args: &mut [Datum]) -> Option<Datum> {
    match &args[0] {
        Datum::Str(_) => Some(Datum::Bool(text(&args[0])?.is_empty())),
        _ => Some(Datum::Bool(list(&mut args[0])?.is_empty())),
    }
}

fn index_of(args: &mut [Datum]) -> Option<Datum> {
    match args[0].open() {
        Datum::Str(_) => strings::index_of(args),
        _ => arrays::index_of(args),
    }
}

fn extreme(args: &mut [Datum], most: bool) -> Option<Datum> {
    match &args[0] {
        Datum::Str(_) => strings::extreme(&args[0], &args[1], most),
        _ => numbers::extreme(&args[0], &args[1], most),
    }
}
