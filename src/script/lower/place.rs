//! Places: parts of the event and of local variables, looked at without copying and changed in place.

use std::borrow::Cow;

use super::code::{Link, Node, Place, Root, Step};
use super::frame::{Frame, Out, Stop, or_bail};
use super::natives;
use super::operators::plain;
use super::undo::stays;
use crate::datum::json::{self, Hop};
use crate::datum::{Datum, Key, Near, View};

/// The value at a place, borrowed where it need not be read first.
#[inline]
pub(super) fn read_place<'a>(frame: &'a Frame<'_>, place: &'a Place) -> Out<Cow<'a, Datum>> {
    let root = match place.root {
        Root::Event => frame.seen(),
        Root::Local(slot) => frame.slot(slot),
    };
    follow(frame, root, &place.links)
}

/// What stands under a key of the event, where the place is just that.
#[inline]
pub(super) fn glance<'a>(frame: &'a Frame<'_>, place: &Place) -> Option<View<'a>> {
    match (place.root, &*place.links, frame.seen()) {
        (Root::Event, [Link { step: Step::Key(key), .. }], Datum::Map(map)) => map.look_at(key),
        _ => None,
    }
}

/// The value that links lead to from `root`.
pub(super) fn follow<'a>(frame: &'a Frame<'_>, root: &'a Datum, links: &'a [Link]) -> Out<Cow<'a, Datum>> {
    let mut here = root;
    for (n, link) in links.iter().enumerate() {
        here = match (&link.step, here) {
            (Step::Key(key), Datum::Map(map)) => match map.look_at(key) {
                Some(View::Datum(found)) => found,
                Some(piece) if n + 1 == links.len() => return Ok(Cow::Owned(piece.to_datum())),
                Some(piece) => return into(frame, &piece.to_datum(), &links[n + 1..]).map(Cow::Owned),
                None => return missing(&links[n + 1..]),
            },
            (Step::At(at), Datum::List(list)) => or_bail(element(list, *at))?,
            (_, Datum::Unit) if link.elvis => return Ok(Cow::Owned(Datum::Unit)),
            (Step::By(by), Datum::Map(_) | Datum::List(_)) => match computed(frame, by, here)? {
                Some(found) => found,
                None => return missing(&links[n + 1..]),
            },
            (_, Datum::Raw(_)) => return into(frame, here, &links[n..]).map(Cow::Owned),
            (Step::Key(key), _) if link.dot => {
                let value = property(here, key)?;
                return follow(frame, &value, &links[n + 1..]).map(|found| Cow::Owned(found.into_owned()));
            }
            _ => return Err(Stop::Bail),
        };
    }
    Ok(Cow::Borrowed(here))
}

/// The value that links lead to from what may be raw: what can be found without reading more is.
fn into(frame: &Frame<'_>, value: &Datum, links: &[Link]) -> Out<Datum> {
    let Datum::Raw(text) = value else { return follow(frame, value, links).map(Cow::into_owned) };
    let straight = links.iter().map_while(hop).count();
    if straight > 0
        && let Some(found) = json::seek_by(text, links.iter().map_while(hop))
    {
        return if straight == links.len() { Ok(found) } else { follow(frame, &found, &links[straight..]).map(Cow::into_owned) };
    }
    follow(frame, &json::open(text), links).map(Cow::into_owned)
}

/// The value that links lead to, all of which are keys and places.
pub(super) fn straight(value: &Datum, links: &[Link]) -> Out<Datum> {
    let mut here = value;
    for (n, link) in links.iter().enumerate() {
        here = match (&link.step, here) {
            (Step::Key(key), Datum::Map(map)) => match map.look_at(key) {
                Some(View::Datum(found)) => found,
                Some(piece) => return straight(&piece.to_datum(), &links[n + 1..]),
                None => return missing(&links[n + 1..]).map(Cow::into_owned),
            },
            (Step::At(at), Datum::List(list)) => or_bail(element(list, *at))?,
            (_, Datum::Unit) if link.elvis => return Ok(Datum::Unit),
            (_, Datum::Raw(text)) => {
                let rest = &links[n..];
                return match json::seek_by(text, rest.iter().map_while(hop)) {
                    Some(found) if rest.iter().all(|link| hop(link).is_some()) => Ok(found),
                    _ => straight(&json::open(text), rest),
                };
            }
            _ => return Err(Stop::Bail),
        };
    }
    Ok(here.clone())
}

/// A link that leads to one place in JSON.
fn hop(link: &Link) -> Option<Hop<'_>> {
    match &link.step {
        Step::Key(key) => Some(Hop::Key(key)),
        Step::At(at) => usize::try_from(*at).ok().map(Hop::At),
        Step::By(_) => None,
    }
}

/// A missing key is `()`; what follows must allow for it.
fn missing<'a>(rest: &[Link]) -> Out<Cow<'a, Datum>> {
    match rest.first() {
        Some(link) if !link.elvis => Err(Stop::Bail),
        _ => Ok(Cow::Owned(Datum::Unit)),
    }
}

/// The element at a place, counted from the end where it is negative.
fn element(list: &[Datum], at: i64) -> Option<&Datum> {
    list.get(index(list.len(), at)?)
}

fn index(len: usize, at: i64) -> Option<usize> {
    if at >= 0 { usize::try_from(at).ok() } else { len.checked_sub(usize::try_from(at.unsigned_abs()).ok()?) }
}

fn computed<'a>(frame: &Frame<'_>, by: &Node, here: &'a Datum) -> Out<Option<&'a Datum>> {
    let by = by.peek(frame)?;
    match (here, &*plain(&by)) {
        (Datum::Map(map), Datum::Str(name)) => Ok(map.by_name(name)),
        (Datum::List(list), Datum::Int(at)) => or_bail(element(list, *at)).map(Some),
        _ => Err(Stop::Bail),
    }
}

/// `.len` and its like, of what is no map.
fn property(value: &Datum, key: &Key) -> Out<Datum> {
    let native = or_bail(natives::property(key.as_str()))?;
    if native.name == "len"
        && let Some(len) = length(value)
    {
        return Ok(Datum::Int(len as i64));
    }
    or_bail((native.call)(&mut [value.clone()]))
}

/// The length of a text, list or map, without copying it.
pub(super) fn length(value: &Datum) -> Option<usize> {
    match value {
        Datum::Str(text) => Some(text.chars().count()),
        Datum::List(list) => Some(list.len()),
        Datum::Map(map) => Some(map.len()),
        _ => None,
    }
}

/// A key of a link, as it is now.
fn key_of(frame: &Frame<'_>, step: &Step) -> Out<Key> {
    match step {
        Step::Key(key) => Ok(Key::clone(key)),
        Step::By(by) => match &*by.peek(frame)? {
            Datum::Str(name) => Ok(Key::new(name)),
            _ => Err(Stop::Bail),
        },
        Step::At(_) => Err(Stop::Bail),
    }
}

/// One step that leads to what is to be changed.
enum Way {
    Key(Key),
    At(i64),
}

fn way(frame: &Frame<'_>, link: &Link) -> Out<Way> {
    Ok(match &link.step {
        Step::Key(key) => Way::Key(Key::clone(key)),
        Step::At(at) => Way::At(*at),
        Step::By(by) => match &*plain(&*by.peek(frame)?) {
            Datum::Str(name) => Way::Key(Key::new(name)),
            Datum::Int(at) => Way::At(*at),
            _ => return Err(Stop::Bail),
        },
    })
}

/// The part of `value` that these steps lead to; `add` makes the last key when it is missing.
fn part<'a>(value: &'a mut Datum, ways: &[Way], add: bool) -> Out<&'a mut Datum> {
    let mut here = value;
    for (n, way) in ways.iter().enumerate() {
        here = match (way, here.open()) {
            (Way::Key(key), Datum::Map(map)) => {
                if add && n + 1 == ways.len() && map.get(key).is_none() {
                    map.push(key.clone(), Datum::Unit);
                }
                or_bail(map.get_mut(key))?
            }
            (Way::At(at), Datum::List(list)) => {
                let place = or_bail(index(list.len(), *at))?;
                or_bail(list.get_mut(place))?
            }
            _ => return Err(Stop::Bail),
        };
    }
    Ok(here)
}

/// Changes what stands at a place, which is noted first when it is of the event. `add`: a missing last key is made.
pub(super) fn change<T>(frame: &mut Frame<'_>, place: &Place, add: bool, change: impl FnOnce(&mut Datum) -> Out<T>) -> Out<T> {
    match place.root {
        Root::Local(slot) => {
            if place.links.is_empty() {
                return change(frame.slot_mut(slot));
            }
            let ways = place.links.iter().map(|link| way(frame, link)).collect::<Out<Vec<_>>>()?;
            change(part(frame.slot_mut(slot), &ways, add)?)
        }
        Root::Event => {
            let (first, rest) = or_bail(place.links.split_first())?;
            let key = key_of(frame, &first.step)?;
            let ways = rest.iter().map(|link| way(frame, link)).collect::<Out<Vec<_>>>()?;
            let (map, log) = frame.map()?;
            let old = map.look(&key).map(View::to_datum);
            if old.is_none() && (!add || !ways.is_empty() || log.has_removed(&key)) {
                return Err(Stop::Bail);
            }
            let mut value = old.clone().unwrap_or_default();
            if let Some(old) = &old {
                frame.keep(old)?;
            }
            let made = change(part(&mut value, &ways, add)?)?;
            let (map, log) = frame.map()?;
            log.set(&key, old, stays(&value));
            map.insert(key, value);
            Ok(made)
        }
    }
}

/// Sets a key of the event.
#[inline]
pub(super) fn set_key(frame: &mut Frame<'_>, key: &Near, value: Datum) -> Out<()> {
    let (map, log) = frame.map()?;
    let stays = stays(&value);
    let old = map.insert_at(key, value);
    let is_new = old.is_none();
    log.set(key, old, stays);
    if is_new && log.has_removed(key) { Err(Stop::Bail) } else { Ok(()) }
}

/// Takes a key out of the event and gives what stood there.
pub(super) fn remove_key(frame: &mut Frame<'_>, key: &Near) -> Out<Datum> {
    let (map, log) = frame.map()?;
    let Some((old, place)) = map.remove_at(key) else { return Ok(Datum::Unit) };
    log.removed(key, old.clone(), place);
    Ok(old)
}

/// As [`remove_key`], for a key whose name is worked out.
pub(super) fn remove_named(frame: &mut Frame<'_>, name: &str) -> Out<Datum> {
    // Who knows what names there are; only those of keys are worth to be kept.
    let Some(key) = frame.map()?.0.views().find(|(key, _)| key.as_str() == name).map(|(key, _)| key.clone()) else {
        return Ok(Datum::Unit);
    };
    remove_key(frame, &Near::new(key))
}

/// Calls a standard function that changes its first argument in place.
pub(super) fn call_in_place(frame: &mut Frame<'_>, native: &natives::Native, place: &Place, args: &mut [Datum]) -> Out<Datum> {
    change(frame, place, false, |target| {
        args[0] = std::mem::take(target.open());
        let made = or_bail((native.call)(args))?;
        *target = std::mem::take(&mut args[0]);
        Ok(made)
    })
}
