//! The datum that is rendered, lent to the template engine: of it only what a template asks for becomes a value.
//!
//! The engine wants values that may cross threads, and data may not. So while a datum is rendered it lies on a stage of the thread that
//! renders, and what the engine holds are places on it. A place that is asked for anything after the rendering, or on another thread, says
//! that nothing is there.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr, ValueKind};
use minijinja::{ErrorKind, Value};

use super::python;
use crate::datum::{Datum, Key, Look, Map, Num, Text, View, json};
use crate::error::{Error, Result};
use crate::getset::Func;

thread_local! {
    static STAGE: RefCell<Stage> = RefCell::default();
}

/// Room for so many data on the stage is kept.
const ROOM: usize = 256;

/// What one rendering has at hand.
#[derive(Default)]
struct Stage {
    /// Which rendering it is: places of an earlier one lead nowhere.
    round: u64,
    /// What is rendered, then what was read or made on the way.
    data: Vec<Datum>,
    /// Where the names that a template uses are looked up.
    root: u32,
    /// Raw JSON that was read lately: where its text stands in memory, and what it became.
    read: [(usize, u32); 4],
    /// The script's filters.
    filters: Rc<[Func]>,
    /// What the script said when one of them failed.
    fault: Option<Error>,
}

/// Lets `render` have the datum by the value that it is given the [`Root`] of, and puts it back as it was. Gives also what a closure of
/// the script failed with.
pub(super) fn lend<R>(datum: &mut Datum, filters: &Rc<[Func]>, render: impl FnOnce() -> R) -> (R, Option<Error>) {
    /// Puts the datum back also when a closure of the script panics.
    struct Back<'a>(&'a mut Datum);
    impl Drop for Back<'_> {
        fn drop(&mut self) {
            STAGE.with_borrow_mut(|stage| {
                stage.round += 1;
                if let Some(first) = stage.data.first_mut() {
                    *self.0 = std::mem::take(first);
                }
                stage.data.clear();
                stage.data.shrink_to(ROOM);
            });
        }
    }
    STAGE.with_borrow_mut(|stage| {
        stage.fault = None;
        stage.read = [(0, 0); 4];
        if !Rc::ptr_eq(&stage.filters, filters) {
            stage.filters = Rc::clone(filters);
        }
        stage.data.clear();
        stage.data.push(std::mem::take(datum));
        stage.root = match &stage.data[0] {
            Datum::Raw(text) => {
                let text = text.clone();
                stage.open(&text)
            }
            _ => 0,
        };
    });
    let back = Back(datum);
    let done = render();
    drop(back);
    (done, STAGE.with_borrow_mut(|stage| stage.fault.take()))
}

/// What was found at some place.
enum Found {
    Plain(Value),
    /// A list or map, so many entries from the first.
    At(usize),
    /// A list, map or raw JSON that is nobody else's.
    Own(Datum),
}

impl Stage {
    /// The place of raw JSON, read.
    fn open(&mut self, text: &Text) -> u32 {
        let at = text.as_ptr() as usize;
        if let Some((_, known)) = self.read.iter().find(|(known, _)| *known == at) {
            return *known;
        }
        let place = self.put(json::open(text));
        // The text lies there until the rendering is over: what it became, and what it was cut from, stay on the stage.
        self.read.rotate_right(1);
        self.read[0] = (at, place);
        place
    }

    fn put(&mut self, datum: Datum) -> u32 {
        self.data.push(datum);
        (self.data.len() - 1) as u32
    }

    fn at(&self, place: &Place) -> Option<&Datum> {
        if place.round != self.round {
            return None;
        }
        let start = self.data.get(place.base as usize)?;
        place.steps[..place.depth as usize].iter().try_fold(start, |datum, step| match datum {
            Datum::List(list) => list.get(*step as usize),
            Datum::Map(map) => map.entry(*step as usize).map(|(_, value)| value),
            _ => None,
        })
    }

    /// What was found in the list or map at `parent`, as a value.
    fn give(&mut self, found: Found, parent: Place) -> Value {
        let base = match found {
            Found::Plain(value) => return value,
            Found::Own(Datum::Raw(text)) => self.open(&text),
            Found::Own(datum) => self.put(datum),
            Found::At(step) => {
                let mut place = parent;
                if let Some(free) = place.steps.get_mut(place.depth as usize) {
                    *free = step as u32;
                    place.depth += 1;
                    match self.at(&place) {
                        Some(Datum::Raw(text)) => {
                            let text = text.clone();
                            self.open(&text)
                        }
                        Some(Datum::List(_)) => return Place { list: true, ..place }.value(),
                        _ => return Place { list: false, ..place }.value(),
                    }
                } else {
                    // So deep that a copy costs little.
                    let child = match self.at(&parent) {
                        Some(Datum::List(list)) => list.get(step).cloned(),
                        Some(Datum::Map(map)) => map.entry(step).map(|(_, value)| value.clone()),
                        _ => None,
                    };
                    return self.give(Found::Own(child.unwrap_or_default()), parent);
                }
            }
        };
        self.place(base).value()
    }

    fn place(&self, base: u32) -> Place {
        Place { round: self.round, base, depth: 0, list: matches!(self.data[base as usize], Datum::List(_)), steps: [0; STEPS] }
    }

    /// What a template's name stands for.
    fn top(&mut self, name: &str) -> Option<Value> {
        let found = match self.data.get(self.root as usize)? {
            Datum::Map(map) => look(map, name)?,
            other if name == "data" => match plain(other) {
                Some(value) => Found::Plain(value),
                None => return Some(self.place(self.root).value()),
            },
            _ => return None,
        };
        Some(self.give(found, self.place(self.root)))
    }
}

/// What stands under a key.
fn look(map: &Map, name: &str) -> Option<Found> {
    if map.is_read() {
        let (place, (_, datum)) = map.iter().enumerate().find(|(_, (key, _))| key.as_str() == name)?;
        return Some(plain(datum).map_or(Found::At(place), Found::Plain));
    }
    let own = |datum: Datum| plain(&datum).map_or_else(|| Found::Own(datum), Found::Plain);
    Some(match map.look(&Key::new(name))? {
        View::Piece(piece) => match piece.look() {
            Look::Text | Look::Plain | Look::Bare => Found::Plain(piece.as_str().into()),
            _ => own(piece.to_datum()),
        },
        View::Datum(datum) => plain(datum).map_or_else(|| Found::Own(datum.clone()), Found::Plain),
    })
}

/// The value of a datum that is neither list nor map.
fn plain(datum: &Datum) -> Option<Value> {
    Some(match datum {
        Datum::Unit => Value::from(()),
        Datum::Bool(value) => Value::from(*value),
        Datum::Int(value) => Value::from(*value),
        Datum::Float(value) => Value::from(*value),
        Datum::Number(text) => number(text),
        Datum::Str(text) => Value::from(text.as_str()),
        Datum::Bytes(bytes) => Value::from_bytes(bytes.to_vec()),
        Datum::Time(time) => Value::from_object(Stamp(*time)),
        Datum::List(_) | Datum::Map(_) | Datum::Raw(_) => return None,
    })
}

/// Whole numbers stay whole, however long; what has a fraction is a float, as in Python.
fn number(text: &Text) -> Value {
    match Num::read(text) {
        Num::Int(value) => Value::from(value),
        Num::Float(_) if text.as_str() == "-0" => Value::from(0),
        Num::Float(value) => Value::from(value),
        Num::Exact(text) if text.contains(['.', 'e', 'E']) => Value::from(text.parse::<f64>().unwrap_or(f64::NAN)),
        Num::Exact(text) => text.parse::<i128>().map_or_else(|_| Value::from_object(Digits(text.as_str().into())), Value::from),
    }
}

/// A value of its own, for what outlives a rendering.
pub(super) fn owned(datum: &Datum) -> Value {
    match plain(datum) {
        Some(value) => value,
        None => match &*datum.opened() {
            Datum::List(list) => list.iter().map(owned).collect::<Vec<_>>().into(),
            Datum::Map(map) => Value::from_pairs(map.iter().map(|(key, value)| (key.as_str(), owned(value)))),
            _ => Value::UNDEFINED,
        },
    }
}

/// The datum of a value.
pub(super) fn datum(value: &Value) -> Datum {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Datum::Unit,
        ValueKind::Bool => Datum::Bool(value.is_true()),
        ValueKind::Number => match value.as_i64().filter(|_| value.is_integer()) {
            Some(number) => Datum::Int(number),
            None if value.is_integer() => Datum::Number(value.to_string().into()),
            None => Datum::Float(f64::try_from(value.clone()).unwrap_or(f64::NAN)),
        },
        ValueKind::String => Datum::from(value.as_str().unwrap_or_default()),
        ValueKind::Bytes => Datum::Bytes(value.as_bytes().unwrap_or_default().into()),
        _ => object(value),
    }
}

fn object(value: &Value) -> Datum {
    if let Some(place) = value.downcast_object_ref::<Place>() {
        return STAGE.with_borrow(|stage| stage.at(place).cloned()).unwrap_or_default();
    }
    if let Some(Stamp(time)) = value.downcast_object_ref() {
        return Datum::Time(*time);
    }
    if let Some(Digits(text)) = value.downcast_object_ref() {
        return Datum::Number((&**text).into());
    }
    let elements = || value.try_iter().into_iter().flatten();
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => Datum::List(elements().map(|element| datum(&element)).collect()),
        ValueKind::Map => {
            let entry = |key: Value| {
                let name = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                (Key::new(&name), datum(&value.get_item(&key).unwrap_or_default()))
            };
            Datum::Map(elements().map(entry).collect())
        }
        _ => Datum::from(value.to_string()),
    }
}

/// What a filter of the script makes of a value.
///
/// # Errors
/// What the script raised is kept for who asked for the rendering.
pub(super) fn filter(number: usize, name: &str, value: &Value) -> std::result::Result<Value, minijinja::Error> {
    let filters = STAGE.with_borrow(|stage| Rc::clone(&stage.filters));
    let made: Result<Datum> = match filters.get(number) {
        Some(filter) => filter.call(datum(value)),
        None => Err(Error::Other("it is asked for outside of a rendering".into())),
    };
    match made {
        Ok(made) => Ok(plain(&made).unwrap_or_else(|| {
            STAGE.with_borrow_mut(|stage| {
                let nowhere = stage.place(stage.root);
                stage.give(Found::Own(made), nowhere)
            })
        })),
        Err(error) => {
            // The place in the script is told apart.
            let what = if let Error::Script { text, .. } = &error { text.clone() } else { error.to_string() };
            let told = minijinja::Error::new(ErrorKind::InvalidOperation, format!("filter `{name}`: {what}"));
            STAGE.with_borrow_mut(|stage| stage.fault = Some(error));
            Err(told)
        }
    }
}

/// Where the names that a template uses are looked up.
#[derive(Debug)]
pub(super) struct Root;

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        STAGE.with_borrow_mut(|stage| stage.top(key))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        STAGE.with_borrow(|stage| match stage.data.get(stage.root as usize) {
            Some(Datum::Map(map)) => Enumerator::Values(map.views().map(|(key, _)| Value::from(key.as_str())).collect()),
            Some(_) => Enumerator::Str(&["data"]),
            None => Enumerator::Empty,
        })
    }
}

/// Steps that a place has of its own; what lies deeper is copied.
const STEPS: usize = 5;

/// Where a list or map is: on the stage, then so many entries from the first in each that it stands in.
#[derive(Clone, Copy, Debug)]
struct Place {
    round: u64,
    base: u32,
    depth: u8,
    list: bool,
    steps: [u32; STEPS],
}

impl Place {
    fn value(self) -> Value {
        Value::from_object(self)
    }

    fn len(self) -> usize {
        STAGE.with_borrow(|stage| match stage.at(&self) {
            Some(Datum::List(list)) => list.len(),
            Some(Datum::Map(map)) => map.len(),
            _ => 0,
        })
    }
}

impl Object for Place {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.list { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if !self.list {
            return self.get_value_by_str(key.as_str()?);
        }
        let place = key.as_usize()?;
        STAGE.with_borrow_mut(|stage| {
            let element = stage.at(self)?.as_list()?.get(place)?;
            let found = plain(element).map_or(Found::At(place), Found::Plain);
            Some(stage.give(found, **self))
        })
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        STAGE.with_borrow_mut(|stage| {
            let found = look(stage.at(self)?.as_map()?, key)?;
            Some(stage.give(found, **self))
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        if self.list {
            return Enumerator::Seq(self.len());
        }
        STAGE.with_borrow(|stage| match stage.at(self) {
            Some(Datum::Map(map)) => Enumerator::Values(map.views().map(|(key, _)| Value::from(key.as_str())).collect()),
            _ => Enumerator::Empty,
        })
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        python::print(f, &Value::from_dyn_object(Arc::clone(self)))
    }
}

/// A point in time.
#[derive(Debug)]
pub(super) struct Stamp(pub(super) Timestamp);

impl Object for Stamp {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.0.cmp(&other.downcast_ref::<Self>()?.0))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A whole number so long that the engine cannot compute with it.
#[derive(Debug)]
struct Digits(Box<str>);

impl Object for Digits {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let (one, other) = (&self.0, &other.downcast_ref::<Self>()?.0);
        match (one.starts_with('-'), other.starts_with('-')) {
            (false, false) => Some((one.len(), one).cmp(&(other.len(), other))),
            (true, true) => Some((other.len(), other).cmp(&(one.len(), one))),
            (negative, _) => Some(if negative { Ordering::Less } else { Ordering::Greater }),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
