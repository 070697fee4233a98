//! Joining cogs: `|>`, `movement::train_line`, `movement::train_split`, `train.update`.

use std::cell::Cell;

use rhai::{Array, Dynamic, Map as RhaiMap, NativeCallContext};

use super::constructors::{self, Call};
use super::report::{Place, Report};
use super::winding::{CogHandle, Desk, Line, Link};

/// What a value is as a part of a line: a cog, a line, an array of such, or a closure, function or state map, wrapped anew.
/// Anything else is noted as a fault and is an empty line.
pub(super) fn part(desk: &Desk, call: &Call, value: Dynamic) -> Line {
    let value = value.flatten();
    if let Some(cog) = value.clone().try_cast::<CogHandle>() {
        return Line { heads: vec![cog.0], tails: vec![cog.0], ..Line::default() };
    }
    if value.is::<Line>() {
        return value.cast::<Line>();
    }
    if value.is_array() {
        let mut all = Line::default();
        for item in value.cast::<Array>() {
            let item = part(desk, call, item);
            add(&mut all.heads, &item.heads);
            add(&mut all.tails, &item.tails);
            all.links.extend(item.links);
        }
        return all;
    }
    if desk.declaring().is_err() {
        return Line::default();
    }
    if value.is_fnptr() || value.read_lock::<RhaiMap>().is_some_and(|map| ["run", "wind"].iter().any(|name| map.contains_key(*name))) {
        let cog = constructors::construct(desk, call, &super::cogs::SPEC, vec![value]);
        return Line { heads: vec![cog.0], tails: vec![cog.0], ..Line::default() };
    }
    let what = if value.is_unit() {
        "`()`".to_owned()
    } else if value.is_map() {
        "a map without `run` or `wind`".to_owned()
    } else {
        format!("a value of type `{}`", super::convert::short_type(value.type_name()))
    };
    let hint = "a line is made of cogs, lines, functions, closures in parentheses, maps with `run`, and arrays of these";
    desk.report(Report::new("D0305", format!("{what} cannot stand in a train"), call.place.clone()).hint(hint));
    Line::default()
}

fn add(all: &mut Vec<u32>, more: &[u32]) {
    for cog in more {
        if !all.contains(cog) {
            all.push(*cog);
        }
    }
}

/// The number of the next link.
fn next_link() -> u64 {
    thread_local!(static NEXT: Cell<u64> = const { Cell::new(0) });
    NEXT.with(|next| next.replace(next.get() + 1))
}

/// `a |> b`: every tail of `a` feeds every head of `b`.
pub(super) fn join(a: Line, b: Line, place: Option<Place>) -> Line {
    let mut links = a.links;
    links.extend(b.links);
    for tail in &a.tails {
        for head in &b.heads {
            links.push(Link { from: *tail, to: *head, made: next_link() });
        }
    }
    let heads = if a.heads.is_empty() { b.heads } else { a.heads };
    let tails = if b.tails.is_empty() { a.tails } else { b.tails };
    Line { heads, tails, links, place }
}

/// `train_line(a, b, c)`, also `train_line([a, b, c])`.
pub(super) fn train_line(desk: &Desk, call: &Call, parts: Vec<Dynamic>) -> Line {
    let parts = match <[Dynamic; 1]>::try_from(parts) {
        Ok([one]) if one.is_array() => one.flatten().cast::<Array>(),
        Ok([one]) => vec![one],
        Err(parts) => parts,
    };
    if parts.is_empty() {
        desk.report(Report::new("D0305", "`train_line` needs at least one cog", call.place.clone()));
    }
    let mut line: Option<Line> = None;
    for value in parts {
        let next = part(desk, call, value);
        line = Some(match line {
            None => Line { place: call.place.clone(), ..next },
            Some(line) => join(line, next, call.place.clone()),
        });
    }
    line.unwrap_or_default()
}

/// `train_split(a, [b, c], …)`: `a` feeds each of the branches.
pub(super) fn train_split(desk: &Desk, call: &Call, parts: Vec<Dynamic>) -> Line {
    let mut parts = parts.into_iter();
    let Some(from) = parts.next() else { return Line::default() };
    let from = part(desk, call, from);
    let branches = part(desk, call, Dynamic::from_array(parts.collect()));
    if branches.heads.is_empty() {
        desk.report(Report::new("D0305", "`train_split` needs at least one branch", call.place.clone()));
    }
    join(from, branches, call.place.clone())
}

/// `train.update(adjacency)`: a line, an array of lines, or an array of pairs `[[a, [b, c]], [b, [d]]]`.
pub(super) fn update(desk: &Desk, call: &Call, adjacency: Dynamic) {
    let adjacency = adjacency.flatten();
    let pair = |item: &Dynamic| {
        item.read_lock::<Array>().is_some_and(|pair| pair.len() == 2 && !pair[0].is_array() && (pair[1].is_array() || pair[1].is_unit()))
    };
    let is_pairs = adjacency.read_lock::<Array>().is_some_and(|items| !items.is_empty() && items.iter().all(pair));
    let line = if is_pairs {
        let mut all = Line::default();
        for item in adjacency.cast::<Array>() {
            let [from, to] = <[Dynamic; 2]>::try_from(item.cast::<Array>()).unwrap_or_default();
            let to = if to.is_unit() { Dynamic::from_array(Array::new()) } else { to };
            let line = join(part(desk, call, from), part(desk, call, to), call.place.clone());
            add(&mut all.heads, &line.heads);
            all.links.extend(line.links);
        }
        all
    } else {
        part(desk, call, adjacency)
    };
    put(desk, call, line);
}

/// Puts a line into the train; what is there already is not doubled.
pub(super) fn put(desk: &Desk, call: &Call, line: Line) {
    let place = line.place.or_else(|| call.place.clone());
    let mut winding = desk.winding.borrow_mut();
    let mut cogs = line.heads;
    for link in &line.links {
        add(&mut cogs, &[link.from, link.to]);
    }
    add(&mut cogs, &line.tails);
    add(&mut winding.in_train, &cogs);
    for link in line.links {
        if !winding.links.contains(&link) {
            winding.links.push(link);
            winding.link_places.push(place.clone());
        }
    }
}

/// The call under way, for places.
pub(super) fn here(desk: &Desk, context: &NativeCallContext<'_>) -> Call {
    Call::new(desk, context)
}
