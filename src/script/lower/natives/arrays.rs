//! Arrays. What lets elements change places is left to the interpreter where `may_move` says so: the texts of numbers and
//! the order of keys are kept by place.

use std::cmp::Ordering;

use super::kinds::{Plain, int, list, number};
use super::values::{are_light, is_light, may_move, same, taken};
use super::{MOST, Native, changes, gives};
use crate::datum::Datum;

pub(super) static TABLE: &[Native] = &[
    changes("push", 2, push),
    changes("pop", 1, |args| Some(list(&mut args[0])?.pop().map_or(Datum::Unit, taken))),
    changes("shift", 1, shift),
    changes("insert", 3, insert),
    changes("chop", 2, chop),
    changes("reverse", 1, |args| {
        movable(&mut args[0])?.reverse();
        Some(Datum::Unit)
    }),
    changes("splice", 4, splice),
    gives("extract", 2, |args| extract(args, i64::MAX)),
    gives("extract", 3, |args| {
        let len = int(&args[2])?;
        extract(args, len)
    }),
    changes("drain", 3, |args| cut(args, true)),
    changes("retain", 3, |args| cut(args, false)),
    changes("dedup", 1, dedup),
    changes("sort", 1, |args| {
        sort(list(&mut args[0])?, false)?;
        Some(Datum::Unit)
    }),
    changes("sort_desc", 1, |args| {
        sort(list(&mut args[0])?, true)?;
        Some(Datum::Unit)
    }),
    gives("order", 1, |args| ordered(&mut args[0], false)),
    gives("order_desc", 1, |args| ordered(&mut args[0], true)),
];

/// The elements, which may change places.
fn movable(datum: &mut Datum) -> Option<&mut Vec<Datum>> {
    let list = list(datum)?;
    may_move(list).then_some(list)
}

/// Where `start` and `len` lie in a list of that length; a negative start counts from the end.
fn place(length: usize, start: i64, len: i64) -> (usize, usize) {
    let start = if start < 0 {
        usize::try_from(start.unsigned_abs()).map_or(0, |back| length - back.min(length))
    } else {
        match usize::try_from(start) {
            Ok(start) if start < length => start,
            _ => return (length, 0),
        }
    };
    (start, usize::try_from(len).unwrap_or(0).min(length - start))
}

/// Whether the list may take `more`: it stays far below what the engine refuses. All of it is looked through only when what
/// comes is heavy, and each time the list has doubled.
fn has_room(list: &[Datum], more: &Datum) -> bool {
    let heavy = match more {
        Datum::Str(text) => text.len() > 1024,
        Datum::List(_) | Datum::Map(_) | Datum::Raw(_) | Datum::Bytes(_) => true,
        _ => false,
    };
    list.len() < MOST && (!heavy || is_light(more)) && (!(heavy || list.len().is_power_of_two()) || are_light(list))
}

fn push(args: &mut [Datum]) -> Option<Datum> {
    let item = taken(std::mem::take(&mut args[1]));
    let list = list(&mut args[0])?;
    has_room(list, &item).then(|| list.push(item))?;
    Some(Datum::Unit)
}

fn shift(args: &mut [Datum]) -> Option<Datum> {
    let list = movable(&mut args[0])?;
    Some(if list.is_empty() { Datum::Unit } else { taken(list.remove(0)) })
}

fn insert(args: &mut [Datum]) -> Option<Datum> {
    let (at, item) = (int(&args[1])?, taken(std::mem::take(&mut args[2])));
    let list = movable(&mut args[0])?;
    if !has_room(list, &item) || !may_move(std::slice::from_ref(&item)) {
        return None;
    }
    let (at, _) = place(list.len(), at, 0);
    list.insert(at, item);
    Some(Datum::Unit)
}

/// `a.remove(place)`; nothing where there is no such place.
pub(super) fn remove(args: &mut [Datum]) -> Option<Datum> {
    let at = int(&args[1])?;
    let list = movable(&mut args[0])?;
    Some(index(list.len(), at).map_or(Datum::Unit, |at| taken(list.remove(at))))
}

/// The place, where there is one; a negative one counts from the end.
fn index(length: usize, at: i64) -> Option<usize> {
    let at = if at < 0 { length.checked_sub(usize::try_from(at.unsigned_abs()).ok()?)? } else { usize::try_from(at).ok()? };
    (at < length).then_some(at)
}

/// `a.get(place)`: one before the first is the first.
pub(super) fn get(args: &mut [Datum]) -> Option<Datum> {
    let at = int(&args[1])?;
    let list = list(&mut args[0])?;
    let (at, _) = place(list.len(), at, 0);
    Some(list.get(at).cloned().map_or(Datum::Unit, taken))
}

/// `a.set(place, x)`: nothing where there is no such place.
pub(super) fn set(args: &mut [Datum]) -> Option<Datum> {
    let (at, item) = (int(&args[1])?, taken(std::mem::take(&mut args[2])));
    let list = list(&mut args[0])?;
    let (at, _) = place(list.len(), at, 0);
    if !has_room(list, &item) {
        return None;
    }
    if let Some(part) = list.get_mut(at) {
        *part = item;
    }
    Some(Datum::Unit)
}

/// `a.append(b)`.
pub(super) fn append(args: &mut [Datum]) -> Option<Datum> {
    let more = std::mem::take(list(&mut args[1])?);
    let list = list(&mut args[0])?;
    if list.len() + more.len() > MOST || !are_light(&*list) || !are_light(&more) {
        return None;
    }
    list.extend(more.into_iter().map(taken));
    Some(Datum::Unit)
}

/// `a.truncate(len)`.
pub(super) fn truncate(args: &mut [Datum]) -> Option<Datum> {
    let len = usize::try_from(int(&args[1])?).unwrap_or(0);
    list(&mut args[0])?.truncate(len);
    Some(Datum::Unit)
}

fn chop(args: &mut [Datum]) -> Option<Datum> {
    let len = usize::try_from(int(&args[1])?).unwrap_or(0);
    let list = movable(&mut args[0])?;
    list.drain(..list.len().saturating_sub(len));
    Some(Datum::Unit)
}

/// `a.pad(len, x)`.
pub(super) fn pad(args: &mut [Datum]) -> Option<Datum> {
    let (len, item) = (int(&args[1])?, taken(std::mem::take(&mut args[2])));
    let list = list(&mut args[0])?;
    let len = usize::try_from(len).unwrap_or(0);
    // What is heavy would be there many times.
    if len > MOST || !may_move(std::slice::from_ref(&item)) || item.as_str().is_some_and(|text| text.len() > 64) || !are_light(&*list) {
        return None;
    }
    if len > list.len() {
        list.resize(len, item);
    }
    Some(Datum::Unit)
}

fn splice(args: &mut [Datum]) -> Option<Datum> {
    let (start, len) = (int(&args[1])?, int(&args[2])?);
    let more = std::mem::take(movable(&mut args[3])?);
    let list = movable(&mut args[0])?;
    if list.len() + more.len() > MOST || !are_light(&*list) || !are_light(&more) {
        return None;
    }
    let (start, len) = place(list.len(), start, len);
    list.splice(start..start + len, more);
    Some(Datum::Unit)
}

fn extract(args: &mut [Datum], len: i64) -> Option<Datum> {
    let start = int(&args[1])?;
    let list = movable(&mut args[0])?;
    let (start, len) = place(list.len(), start, len);
    Some(Datum::List(list[start..start + len].iter().cloned().map(taken).collect()))
}

/// `a.drain(start, len)` takes these out, `a.retain(start, len)` all others; what was taken out is given.
fn cut(args: &mut [Datum], out: bool) -> Option<Datum> {
    let (start, len) = (int(&args[1])?, int(&args[2])?);
    let list = movable(&mut args[0])?;
    let (start, len) = place(list.len(), start, len);
    // Nothing named is nothing done, also where all else would go.
    if len == 0 {
        return Some(Datum::List(Vec::new()));
    }
    let mut gone: Vec<Datum>;
    if out {
        gone = list.drain(start..start + len).collect();
    } else {
        gone = list.drain(..start).collect();
        gone.extend(list.drain(len..));
    }
    Some(Datum::List(gone.into_iter().map(taken).collect()))
}

fn dedup(args: &mut [Datum]) -> Option<Datum> {
    let list = movable(&mut args[0])?;
    if list.windows(2).any(|pair| same(&pair[0], &pair[1]).is_none()) {
        return None;
    }
    list.dedup_by(|next, kept| same(kept, next) == Some(true));
    Some(Datum::Unit)
}

/// The place of the first element that equals `value`, from `start` on; -1 where there is none.
fn find(list: &[Datum], value: &Datum, start: i64) -> Option<i64> {
    let (start, _) = place(list.len(), start, 0);
    for (at, part) in list.iter().enumerate().skip(start) {
        if same(part, value)? {
            return i64::try_from(at).ok();
        }
    }
    Some(-1)
}

/// `a.contains(x)`.
pub(super) fn contains(args: &mut [Datum]) -> Option<Datum> {
    let (first, rest) = args.split_first_mut()?;
    find(list(first)?, &rest[0], 0).map(|found| Datum::Bool(found >= 0))
}

/// `a.index_of(x)`, `a.index_of(x, start)`.
pub(super) fn index_of(args: &mut [Datum]) -> Option<Datum> {
    let start = args.get(2).map_or(Some(0), int)?;
    let (first, rest) = args.split_first_mut()?;
    find(list(first)?, &rest[0], start).map(Datum::Int)
}

/// Sorts values of one kind.
fn sort(list: &mut [Datum], down: bool) -> Option<()> {
    if list.len() <= 1 {
        return Some(());
    }
    if !may_move(list) {
        return None;
    }
    let turn = |order: Ordering| if down { order.reverse() } else { order };
    if list.iter().all(|part| matches!(part, Datum::Str(_))) {
        list.sort_by(|a, b| turn(a.as_str().cmp(&b.as_str())));
    } else if list.iter().all(|part| matches!(part, Datum::Bool(_))) {
        list.sort_by(|a, b| turn(a.as_bool().cmp(&b.as_bool())));
    } else if !list.iter().all(|part| matches!(part, Datum::Unit)) {
        sort_numbers(list, turn)?;
    }
    Some(())
}

fn sort_numbers(list: &mut [Datum], turn: impl Fn(Ordering) -> Ordering) -> Option<()> {
    let numbers: Vec<Plain> = list.iter().map(number).collect::<Option<_>>()?;
    let mut ints: Vec<i64> = numbers.iter().filter_map(|n| if let Plain::Int(n) = n { Some(*n) } else { None }).collect();
    let mut floats: Vec<f64> = numbers.iter().filter_map(|n| if let Plain::Float(n) = n { Some(*n) } else { None }).collect();
    if ints.len() == list.len() {
        ints.sort_by(|a, b| turn(a.cmp(b)));
        list.iter_mut().zip(ints).for_each(|(part, n)| *part = Datum::Int(n));
        return Some(());
    }
    if floats.len() != list.len() || floats.iter().any(|n| n.is_nan()) {
        return None;
    }
    floats.sort_by(|a, b| turn(a.partial_cmp(b).unwrap_or(Ordering::Equal)));
    list.iter_mut().zip(floats).for_each(|(part, n)| *part = Datum::Float(n));
    Some(())
}

fn ordered(datum: &mut Datum, down: bool) -> Option<Datum> {
    let mut copy = movable(datum)?.clone();
    sort(&mut copy, down)?;
    Some(Datum::List(copy.into_iter().map(taken).collect()))
}
