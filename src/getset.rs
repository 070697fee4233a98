//! Getters, setters, deleters, predicates and functions: how a cog reaches into a datum without assuming its layout.
//!
//! Each is an enum so that a cog can see the plain cases (an item, a path) and take the short way; what only the script can
//! do stands behind a closure that `script/callback.rs` builds. Knows `datum` alone.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

use crate::datum::{Datum, Key, Map, Path, Step, View};
use crate::error::{Error, Result};

/// A getter that only the script can do.
pub type GetFn = Rc<dyn Fn(&Datum) -> Result<Datum>>;
/// A setter that only the script can do.
pub type SetFn = Rc<dyn Fn(&mut Datum, Datum) -> Result<()>>;
/// A deleter that only the script can do.
pub type DeleteFn = Rc<dyn Fn(&mut Datum) -> Result<()>>;
/// A predicate that only the script can do.
pub type TestFn = Rc<dyn Fn(&Datum) -> Result<bool>>;
/// A function that only the script can do.
pub type CallFn = Rc<dyn Fn(Datum) -> Result<Datum>>;

/// Datum -> piece.
#[derive(Clone)]
pub enum Getter {
    /// The whole datum: `selfgetter`.
    Whole,
    /// Always the same value: `constgetter(v)`.
    Const(Datum),
    /// The item under a key: `itemgetter("k")`; missing is an error.
    Item(Key),
    /// A path: `pathgetter("a.b[0]")`; missing is an error.
    Path(Path),
    /// Several pieces as a list: `itemgetter("a", "b")`.
    Several(Rc<[Getter]>),
    /// A script's closure that is a plain path, with the interpreter's road for all that is not plain success.
    Lowered {
        /// Where it leads.
        path: Path,
        /// What answers when the path does not.
        slow: GetFn,
    },
    /// A script's closure.
    Call(GetFn),
}

impl Getter {
    /// What a string given as getter means: a path when it has dots or brackets, else an item.
    ///
    /// # Errors
    /// When it looks like a path and is none.
    pub fn named(name: &str) -> Result<Self> {
        if name.contains(['.', '[']) { Ok(Self::Path(Path::parse(name)?)) } else { Ok(Self::Item(Key::new(name))) }
    }

    /// The piece, borrowed from `datum` where that is possible.
    ///
    /// # Errors
    /// [`Error::FieldMissing`] when nothing is there; what the script raised.
    #[inline]
    pub fn get<'a>(&self, datum: &'a Datum) -> Result<Cow<'a, Datum>> {
        match self {
            Self::Whole => Ok(Cow::Borrowed(datum)),
            Self::Const(value) => Ok(Cow::Owned(value.clone())),
            Self::Item(key) => match datum {
                Datum::Map(map) => map.look(key).map(View::datum).ok_or_else(|| missing(key)),
                Datum::Raw(_) => match datum.opened().as_map() {
                    Some(map) => map.look(key).map(|found| Cow::Owned(found.to_datum())).ok_or_else(|| missing(key)),
                    None => Err(not_a_map(key, datum)),
                },
                other => Err(not_a_map(key, other)),
            },
            Self::Path(path) => path.get(datum).ok_or_else(|| missing(path)),
            Self::Several(getters) => getters
                .iter()
                .map(|getter| getter.get(datum).map(Cow::into_owned))
                .collect::<Result<Vec<_>>>()
                .map(|all| Cow::Owned(Datum::List(all))),
            Self::Lowered { path, slow } => match path.get(datum) {
                Some(found) => Ok(found),
                None => slow(datum).map(Cow::Owned),
            },
            Self::Call(call) => call(datum).map(Cow::Owned),
        }
    }

    /// The setter for the same place, where it has one.
    pub fn as_setter(&self) -> Option<Setter> {
        match self {
            Self::Whole => Some(Setter::Whole),
            Self::Item(key) => Some(Setter::Item(key.clone())),
            Self::Path(path) | Self::Lowered { path, .. } => Some(Setter::Path(path.clone())),
            _ => None,
        }
    }
}

fn missing(field: &impl fmt::Display) -> Error {
    Error::FieldMissing { field: field.to_string() }
}

fn not_a_map(key: &Key, datum: &Datum) -> Error {
    Error::WrongKind { what: format!("what holds `{key}`"), wanted: "a map", got: datum.kind() }
}

/// (Datum, piece) -> datum.
#[derive(Clone)]
pub enum Setter {
    /// Ignores the piece: `nullsetter`.
    Null,
    /// The piece replaces the datum: `selfsetter`.
    Whole,
    /// Sets an item: `itemsetter("k")`.
    Item(Key),
    /// Sets a place, making maps on the way: `pathsetter("a.b")`.
    Path(Path),
    /// Merges a piece that is a map into the datum, or into the map under the key: `dictupdater`.
    Update(Option<Key>),
    /// Sets a fresh random UUID and ignores the piece: `uuidsetter("_id")`.
    Uuid(Key),
    /// A script's closure that is a single assignment; `slow` for data that are no map.
    Lowered {
        /// The key it assigns.
        key: Key,
        /// What answers when the datum is no map.
        slow: SetFn,
    },
    /// A script's closure.
    Call(SetFn),
}

impl Setter {
    /// What a string given as setter means: a path when it has dots or brackets, else an item.
    ///
    /// # Errors
    /// When it looks like a path and is none.
    pub fn named(name: &str) -> Result<Self> {
        if name.contains(['.', '[']) { Ok(Self::Path(Path::parse(name)?)) } else { Ok(Self::Item(Key::new(name))) }
    }

    /// Whether it does nothing, so that the piece need not be made.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Puts `piece` into `datum`.
    ///
    /// # Errors
    /// When the datum has no such place; what the script raised. The datum is then as it was, or as the script left it.
    #[inline]
    pub fn set(&self, datum: &mut Datum, piece: Datum) -> Result<()> {
        match self {
            Self::Null => Ok(()),
            Self::Whole => {
                *datum = piece;
                Ok(())
            }
            Self::Item(key) => match datum {
                Datum::Map(map) => {
                    map.insert(key.clone(), piece);
                    Ok(())
                }
                other => set_item(other, key, piece),
            },
            Self::Path(path) => path.set(datum, piece),
            Self::Update(key) => update(datum, key.as_ref(), piece),
            Self::Uuid(key) => set_item(datum, key, Datum::from(uuid::Uuid::new_v4().to_string())),
            Self::Lowered { key, slow } => match datum.map_mut() {
                Some(map) => {
                    map.insert(key.clone(), piece);
                    Ok(())
                }
                None => slow(datum, piece),
            },
            Self::Call(call) => call(datum, piece),
        }
    }
}

fn set_item(datum: &mut Datum, key: &Key, piece: Datum) -> Result<()> {
    match datum.map_mut() {
        Some(map) => {
            map.insert(key.clone(), piece);
            Ok(())
        }
        None => Err(not_a_map(key, datum)),
    }
}

fn update(datum: &mut Datum, key: Option<&Key>, mut piece: Datum) -> Result<()> {
    let got = piece.kind();
    let Some(from) = piece.map_mut() else {
        return Err(Error::WrongKind { what: "what `dictupdater` merges".into(), wanted: "a map", got });
    };
    let from = std::mem::take(from);
    let kind = datum.kind();
    let Some(mut target) = datum.map_mut() else {
        return Err(Error::WrongKind { what: "the datum".into(), wanted: "a map", got: kind });
    };
    if let Some(key) = key {
        if target.get(key).is_none() {
            target.push(key.clone(), Datum::Map(Map::new()));
        }
        let inner = target.get_mut(key).expect("it was just made");
        let kind = inner.kind();
        target = inner.map_mut().ok_or_else(|| Error::WrongKind { what: format!("`{key}`"), wanted: "a map", got: kind })?;
    }
    target.extend(from.into_entries());
    Ok(())
}

/// Datum -> datum without the piece.
#[derive(Clone)]
pub enum Deleter {
    /// Takes an item out: `itemdeleter("k")`; a missing one is no error.
    Item(Key),
    /// Takes a place out: `pathdeleter("a.b[0]")`.
    Path(Path),
    /// A script's closure.
    Call(DeleteFn),
}

impl Deleter {
    /// What a string given as deleter means: a path when it has dots or brackets, else an item.
    ///
    /// # Errors
    /// When it looks like a path and is none.
    pub fn named(name: &str) -> Result<Self> {
        if name.contains(['.', '[']) { Ok(Self::Path(Path::parse(name)?)) } else { Ok(Self::Item(Key::new(name))) }
    }

    /// Takes the piece out of `datum`.
    ///
    /// # Errors
    /// What the script raised.
    pub fn delete(&self, datum: &mut Datum) -> Result<()> {
        match self {
            Self::Item(key) => {
                if let Some(map) = datum.map_mut() {
                    map.remove(key);
                }
                Ok(())
            }
            Self::Path(path) => {
                path.delete(datum);
                Ok(())
            }
            Self::Call(call) => call(datum),
        }
    }
}

/// Datum -> truth.
#[derive(Clone)]
pub enum Predicate {
    /// Always the same.
    Const(bool),
    /// A script's closure that is a plain path to a truth value, with the interpreter's road for all else.
    Lowered {
        /// Where it leads.
        path: Path,
        /// What answers when no truth value is there.
        slow: TestFn,
    },
    /// A script's closure.
    Call(TestFn),
}

impl Predicate {
    /// Whether `datum` passes.
    ///
    /// # Errors
    /// What the script raised; a result that is no truth value.
    pub fn test(&self, datum: &Datum) -> Result<bool> {
        match self {
            Self::Const(value) => Ok(*value),
            Self::Lowered { path, slow } => match path.get(datum).as_deref() {
                Some(Datum::Bool(value)) => Ok(*value),
                _ => slow(datum),
            },
            Self::Call(call) => call(datum),
        }
    }
}

/// Datum -> value.
#[derive(Clone)]
pub enum Func {
    /// A piece or constant as the result: a lowered `|d| d.a`.
    Get(Getter),
    /// A script's closure, or a native function.
    Call(CallFn),
}

impl Func {
    /// The result for `datum`.
    ///
    /// # Errors
    /// What the script raised.
    pub fn call(&self, datum: Datum) -> Result<Datum> {
        match self {
            Self::Get(Getter::Whole) => Ok(datum),
            Self::Get(getter) => getter.get(&datum).map(Cow::into_owned),
            Self::Call(call) => call(datum),
        }
    }
}

/// Whether the path is one key, and which.
pub fn single_key(path: &Path) -> Option<&Key> {
    match path.steps() {
        [Step::Key(key)] => Some(key),
        _ => None,
    }
}

impl fmt::Debug for Getter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("selfgetter"),
            Self::Const(value) => write!(f, "constgetter({})", crate::datum::json::to_string(value)),
            Self::Item(key) => write!(f, "{key:?}"),
            Self::Path(path) | Self::Lowered { path, .. } => write!(f, "{:?}", path.to_string()),
            Self::Several(all) => f.debug_list().entries(all.iter()).finish(),
            Self::Call(_) => f.write_str("closure"),
        }
    }
}

impl fmt::Debug for Setter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("nullsetter"),
            Self::Whole => f.write_str("selfsetter"),
            Self::Item(key) | Self::Lowered { key, .. } => write!(f, "{key:?}"),
            Self::Path(path) => write!(f, "{:?}", path.to_string()),
            Self::Update(None) => f.write_str("dictupdater"),
            Self::Update(Some(key)) => write!(f, "dictupdater({key:?})"),
            Self::Uuid(key) => write!(f, "uuidsetter({key:?})"),
            Self::Call(_) => f.write_str("closure"),
        }
    }
}

impl fmt::Debug for Deleter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(key) => write!(f, "{key:?}"),
            Self::Path(path) => write!(f, "{:?}", path.to_string()),
            Self::Call(_) => f.write_str("closure"),
        }
    }
}

impl fmt::Debug for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Const(value) => write!(f, "{value}"),
            Self::Lowered { path, .. } => write!(f, "{:?}", path.to_string()),
            Self::Call(_) => f.write_str("closure"),
        }
    }
}

impl fmt::Debug for Func {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get(getter) => write!(f, "{getter:?}"),
            Self::Call(_) => f.write_str("closure"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datum::json;

    fn datum() -> Datum {
        json::read(r#"{"a": 1, "b": {"c": 2}}"#).unwrap()
    }

    #[test]
    fn a_missing_item_is_an_error_that_names_it() {
        let error = Getter::named("zz").unwrap().get(&datum()).unwrap_err();
        assert_eq!(error.to_string(), "no item `zz`");
    }

    #[test]
    fn a_string_with_dots_is_a_path() {
        assert_eq!(Getter::named("b.c").unwrap().get(&datum()).unwrap().into_owned(), Datum::Int(2));
        let mut d = datum();
        Setter::named("b.d").unwrap().set(&mut d, Datum::Int(3)).unwrap();
        Deleter::named("b.c").unwrap().delete(&mut d).unwrap();
        assert_eq!(json::to_string(&d), r#"{"a":1,"b":{"d":3}}"#);
    }

    #[test]
    fn dictupdater_merges_and_later_wins() {
        let mut d = datum();
        Setter::Update(None).set(&mut d, json::read(r#"{"a": 9, "z": 0}"#).unwrap()).unwrap();
        assert_eq!(json::to_string(&d), r#"{"a":9,"b":{"c":2},"z":0}"#);
        assert!(Setter::Update(None).set(&mut d, Datum::Int(1)).is_err());
    }

    #[test]
    fn raw_data_are_opened_when_an_item_is_set() {
        let mut d = Datum::Raw(r#"{"a":1.0}"#.into());
        Setter::named("b").unwrap().set(&mut d, Datum::Bool(true)).unwrap();
        assert_eq!(json::to_string(&d), r#"{"a":1.0,"b":true}"#);
    }
}
