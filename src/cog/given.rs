//! What a script gave to a constructor, before anybody knows what each value is meant to be.

use std::any::Any;
use std::rc::Rc;

use crate::datum::{Datum, Key, Map, Path, Step};
use crate::error::{Error, Result};
use crate::getset::{Deleter, Func, Getter, Predicate, Setter};

/// What the script keeps for a cog from one call to the next, in its own form.
pub type Kept = Box<dyn Any>;

/// A closure about a value that the script itself [keeps](Kept), such as what a window has gathered: it is never made a datum in between.
pub trait Keeper {
    /// `|datum| value`, or `|| value`: a new value.
    ///
    /// # Errors
    /// What the script raised, here and below. The value is then as it was, or as the script left `this`.
    fn make(&self, datum: &Datum) -> Result<Kept>;
    /// `|value, datum| value`, or `|datum| …` with the value as `this`: changes it.
    ///
    /// # Errors
    /// As [`Keeper::make`].
    fn change(&self, kept: &mut Kept, datum: &Datum) -> Result<()>;
    /// `|value| bool`, or `|| …` with the value as `this`.
    ///
    /// # Errors
    /// As [`Keeper::make`].
    fn test(&self, kept: &mut Kept) -> Result<bool>;
    /// `|value, …| datum` with as many of `pieces` as it takes, or `|| …` with the value as `this`. What is the same as in `like`, at the
    /// same place, is taken from there.
    ///
    /// # Errors
    /// As [`Keeper::make`].
    fn give(&self, kept: &mut Kept, pieces: &[Datum], like: Option<&Datum>) -> Result<Datum>;
    /// The datum as a value to keep.
    fn keep(&self, datum: &Datum) -> Kept;
    /// Puts a datum at the end of a value that is an array.
    fn push(&self, kept: &mut Kept, datum: &Datum);
    /// The value as a datum.
    ///
    /// # Errors
    /// When it is none.
    fn show(&self, kept: &Kept) -> Result<Datum>;
}

/// A callable of the script, not yet told what it is to be; implemented in `script/callback.rs`.
pub trait Callback {
    /// As a getter.
    fn getter(&self) -> Result<Getter> {
        Err(self.is_no("a getter"))
    }
    /// As a setter.
    fn setter(&self) -> Result<Setter> {
        Err(self.is_no("a setter"))
    }
    /// As a deleter.
    fn deleter(&self) -> Result<Deleter> {
        Err(self.is_no("a deleter"))
    }
    /// As a predicate.
    fn predicate(&self) -> Result<Predicate> {
        Err(self.is_no("a predicate"))
    }
    /// As a function of the datum.
    fn func(&self) -> Result<Func> {
        Err(self.is_no("a function of the datum"))
    }
    /// As a closure about a value that the script keeps, with at most so many parameters.
    fn keeper(&self, _most: usize) -> Result<Rc<dyn Keeper>> {
        Err(self.is_no("a closure about what the script keeps"))
    }
    /// As a cog of its own.
    fn cog(&self) -> Result<Box<dyn super::Cog>> {
        Err(self.is_no("a cog"))
    }
    /// Whether it is a map of functions, which may begin events.
    fn keeps_state(&self) -> bool {
        false
    }
    /// How it shows in a cog's label: `closure:12` or the function's name.
    fn name(&self) -> String;
    /// Why it cannot be that.
    fn is_no(&self, what: &str) -> Error {
        Error::Other(format!("`{}` cannot be {what}", self.name()))
    }
}

/// A value as it was given, before anybody knows what it is meant to be.
#[derive(Clone)]
pub enum Given {
    /// Plain data.
    Datum(Datum),
    /// A ready-made getter.
    Getter(Getter),
    /// A ready-made setter.
    Setter(Setter),
    /// A ready-made deleter.
    Deleter(Deleter),
    /// A native function, such as a cast.
    Func(Func),
    /// A closure or a function's name.
    Callback(Rc<dyn Callback>),
    /// A cog of the train, by its number.
    Cog(u32),
    /// Something that no option takes, by the name of its type.
    Odd(String),
    /// Values some of which are not plain data.
    List(Vec<Given>),
    /// Values by name, some of which are not plain data.
    Map(Vec<(String, Given)>),
}

impl Given {
    /// The name of its kind, for messages.
    pub fn kind(&self) -> &str {
        match self {
            Self::Datum(datum) => datum.kind(),
            Self::Getter(_) => "a getter",
            Self::Setter(_) => "a setter",
            Self::Deleter(_) => "a deleter",
            Self::Func(_) => "a cast",
            Self::Callback(_) => "a closure",
            Self::Cog(_) => "a cog",
            Self::Odd(kind) => kind,
            Self::List(_) => "array",
            Self::Map(_) => "map",
        }
    }

    /// As plain data, where it is.
    pub fn datum(&self) -> Option<Datum> {
        match self {
            Self::Datum(datum) => Some(datum.clone()),
            Self::List(list) => list.iter().map(Self::datum).collect::<Option<Vec<_>>>().map(Datum::List),
            Self::Map(map) => {
                map.iter().map(|(name, value)| Some((Key::new(name), value.datum()?))).collect::<Option<Map>>().map(Datum::Map)
            }
            _ => None,
        }
    }

    /// Its elements, where it is an array.
    pub fn list(&self) -> Option<Vec<Given>> {
        match self {
            Self::List(list) => Some(list.clone()),
            Self::Datum(Datum::List(list)) => Some(list.iter().cloned().map(Given::Datum).collect()),
            _ => None,
        }
    }

    /// Its entries, where it is a map.
    pub fn map(&self) -> Option<Vec<(String, Given)>> {
        match self {
            Self::Map(map) => Some(map.clone()),
            Self::Datum(Datum::Map(map)) => Some(map.iter().map(|(key, value)| (key.to_string(), Given::Datum(value.clone()))).collect()),
            _ => None,
        }
    }

    /// As a getter: a name or path, a ready-made one, a closure.
    pub fn getter(&self) -> Result<Option<Getter>> {
        match self {
            Self::Getter(getter) => Ok(Some(getter.clone())),
            Self::Datum(Datum::Str(name)) => Getter::named(name).map(Some),
            Self::Datum(Datum::Int(n)) => Ok(Some(Getter::Path(Path::new(vec![Step::At(*n)])))),
            Self::Callback(callback) => callback.getter().map(Some),
            _ => Ok(None),
        }
    }

    /// As a setter: a name or path, a ready-made one, a closure.
    pub fn setter(&self) -> Result<Option<Setter>> {
        match self {
            Self::Setter(setter) => Ok(Some(setter.clone())),
            Self::Datum(Datum::Str(name)) => Setter::named(name).map(Some),
            Self::Datum(Datum::Int(n)) => Ok(Some(Setter::Path(Path::new(vec![Step::At(*n)])))),
            Self::Callback(callback) => callback.setter().map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn deleter(&self) -> Result<Option<Deleter>> {
        match self {
            Self::Deleter(deleter) => Ok(Some(deleter.clone())),
            Self::Datum(Datum::Str(name)) => Deleter::named(name).map(Some),
            Self::Callback(callback) => callback.deleter().map(Some),
            _ => Ok(None),
        }
    }

    /// As a function of the datum: a closure or a cast.
    pub fn func(&self) -> Result<Option<Func>> {
        match self {
            Self::Func(func) => Ok(Some(func.clone())),
            Self::Callback(callback) => callback.func().map(Some),
            Self::Getter(getter) => Ok(Some(Func::Get(getter.clone()))),
            _ => Ok(None),
        }
    }

    pub(super) fn predicate(&self) -> Result<Option<Predicate>> {
        match self {
            Self::Callback(callback) => callback.predicate().map(Some),
            Self::Datum(Datum::Bool(value)) => Ok(Some(Predicate::Const(*value))),
            _ => Ok(None),
        }
    }
}

impl<T: Into<Datum>> From<T> for Given {
    fn from(value: T) -> Self {
        Self::Datum(value.into())
    }
}
