//! The options a script gave to a constructor: checked against the cog's [`Param`]s, defaults filled in, all faults at once.

use std::rc::Rc;
use std::time::Duration;

use super::spec::{CogSpec, Lit, Param, Ty};
use crate::datum::{Datum, Key, Map};
use crate::error::{Error, Result, nearest};
use crate::getset::{Deleter, Func, Getter, Predicate, Setter};

/// A callable of the script, not yet told what it is to be; implemented in `script/callback.rs`.
pub trait Callback {
    /// As a getter.
    fn getter(&self) -> Result<Getter>;
    /// As a setter.
    fn setter(&self) -> Result<Setter>;
    /// As a deleter.
    fn deleter(&self) -> Result<Deleter>;
    /// As a predicate.
    fn predicate(&self) -> Result<Predicate>;
    /// As a function of the datum.
    fn func(&self) -> Result<Func>;
    /// As a cog of its own.
    fn cog(&self) -> Result<Box<dyn super::Cog>>;
    /// How it shows in a cog's label: `closure:12` or the function's name.
    fn name(&self) -> String;
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
    /// Values some of which are not plain data.
    List(Vec<Given>),
    /// Values by name, some of which are not plain data.
    Map(Vec<(String, Given)>),
}

impl Given {
    /// The name of its kind, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Datum(datum) => datum.kind(),
            Self::Getter(_) => "a getter",
            Self::Setter(_) => "a setter",
            Self::Deleter(_) => "a deleter",
            Self::Func(_) => "a cast",
            Self::Callback(_) => "a closure",
            Self::Cog(_) => "a cog",
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
            Self::Datum(Datum::Int(n)) => Ok(Some(Getter::Path(crate::datum::Path::new(vec![crate::datum::Step::At(*n)])))),
            Self::Callback(callback) => callback.getter().map(Some),
            _ => Ok(None),
        }
    }

    /// As a setter: a name or path, a ready-made one, a closure.
    pub fn setter(&self) -> Result<Option<Setter>> {
        match self {
            Self::Setter(setter) => Ok(Some(setter.clone())),
            Self::Datum(Datum::Str(name)) => Setter::named(name).map(Some),
            Self::Datum(Datum::Int(n)) => Ok(Some(Setter::Path(crate::datum::Path::new(vec![crate::datum::Step::At(*n)])))),
            Self::Callback(callback) => callback.setter().map(Some),
            _ => Ok(None),
        }
    }

    fn deleter(&self) -> Result<Option<Deleter>> {
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

    fn predicate(&self) -> Result<Option<Predicate>> {
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

/// What becomes of a datum that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// An error line; the part counts as failed.
    #[default]
    Log,
    /// A debug line; the part counts as filtered.
    Drop,
    /// It goes on unchanged.
    Pass,
    /// The train stops in order.
    Stop,
    /// It goes to this cog, with the error.
    Route(u32),
}

/// Options that the train sees to, not the cog.
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// `name`.
    pub name: Option<String>,
    /// `on_error`.
    pub on_error: OnError,
    /// `id_getter`.
    pub id_getter: Option<Getter>,
    /// `id_setter`, unless it does nothing.
    pub id_setter: Option<Setter>,
    /// `data_setter`, unless the payload is the datum.
    pub data_setter: Option<Setter>,
    /// `max_in_flight`.
    pub max_in_flight: usize,
}

#[derive(Clone)]
enum Value {
    /// Plain data of the right kind.
    Datum(Datum),
    Getter(Getter),
    Setter(Setter),
    Deleter(Deleter),
    Predicate(Predicate),
    Func(Func),
    Getters(Vec<Getter>),
    Setters(Vec<Option<Setter>>),
    /// For [`Ty::Any`] and [`Ty::Either`].
    Given(Given),
    Unit,
}

/// Checked options. Asking for one that the cog does not declare, or as another kind than declared, is a fault of the cog.
pub struct Args {
    spec: &'static CogSpec,
    values: Vec<(&'static Param, Value)>,
    given: Vec<&'static str>,
}

impl Args {
    /// Checks what was given against what the cog takes.
    ///
    /// # Errors
    /// All faults: unknown options with the nearest known name, values of a wrong kind, missing options.
    pub fn check(spec: &'static CogSpec, given: &[(String, Given)]) -> Result<Self, Vec<Error>> {
        let mut faults = Vec::new();
        // Options that are there under a misspelt name: that they are missing is told by that alone.
        let mut meant = Vec::new();
        for (name, _) in given {
            if matches!(name.as_str(), "train" | "esc") || spec.all_params().any(|p| p.name == name) {
                continue;
            }
            let known = nearest(name, spec.all_params().map(|p| p.name));
            meant.extend(known);
            faults.push(Error::Option {
                option: name.clone(),
                text: format!("`{}` has no such option", spec.path()),
                hint: Some(known.map_or_else(
                    || format!("it takes {}", spec.all_params().map(|p| p.name).collect::<Vec<_>>().join(", ")),
                    |name| format!("did you mean `{name}`?"),
                )),
            });
        }
        let mut values = Vec::new();
        let mut named = Vec::new();
        for param in spec.all_params() {
            let value = match given.iter().find(|(name, _)| name == param.name) {
                Some((_, value)) => {
                    named.push(param.name);
                    convert(param.ty, value, param.default == Lit::Unit).map_err(|fault| at(spec, param, fault))
                }
                None => match param.default {
                    Lit::SameAs(other) => Ok(same_place(&values, other)),
                    Lit::Required if meant.contains(&param.name) => continue,
                    _ => default(param),
                },
            };
            match value {
                Ok(value) => values.push((param, value)),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Self { spec, values, given: named }) } else { Err(faults) }
    }

    /// Options for a unit test of a cog.
    ///
    /// # Panics
    /// When they do not check.
    pub fn of(spec: &'static CogSpec, given: Vec<(&str, Given)>) -> Self {
        let given: Vec<(String, Given)> = given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self::check(spec, &given).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    /// The cog's specification.
    pub fn spec(&self) -> &'static CogSpec {
        self.spec
    }

    /// Whether the script gave this option.
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains(&name)
    }

    fn value(&self, name: &str) -> &Value {
        let found = self.values.iter().find(|(param, _)| param.name == name);
        &found.unwrap_or_else(|| panic!("`{}` asks for its option `{name}`, which it does not declare", self.spec.path())).1
    }

    fn wrong(&self, name: &str) -> ! {
        panic!("`{}` asks for its option `{name}` as another kind than it declares", self.spec.path())
    }

    /// The plain value, `()` for none.
    pub fn datum(&self, name: &str) -> Datum {
        match self.value(name) {
            Value::Datum(datum) => datum.clone(),
            Value::Given(given) => given.datum().unwrap_or_else(|| self.wrong(name)),
            Value::Unit => Datum::Unit,
            _ => self.wrong(name),
        }
    }

    /// The value as it was given, for options that take whatever; none for `()`.
    pub fn given(&self, name: &str) -> Option<Given> {
        match self.value(name) {
            Value::Given(given) => Some(given.clone()),
            Value::Datum(datum) => Some(Given::Datum(datum.clone())),
            Value::Unit => None,
            _ => self.wrong(name),
        }
    }

    /// A truth value.
    pub fn bool(&self, name: &str) -> bool {
        self.datum(name).as_bool().unwrap_or_else(|| self.wrong(name))
    }

    /// A whole number, not negative.
    pub fn int(&self, name: &str) -> u64 {
        self.opt_int(name).unwrap_or_else(|| self.wrong(name))
    }

    /// A whole number, not negative, if there is one.
    pub fn opt_int(&self, name: &str) -> Option<u64> {
        self.datum(name).as_int().and_then(|n| u64::try_from(n).ok())
    }

    /// A number of bytes.
    pub fn size(&self, name: &str) -> usize {
        self.opt_int(name).unwrap_or_else(|| self.wrong(name)) as usize
    }

    /// A span of time.
    pub fn seconds(&self, name: &str) -> Duration {
        self.opt_seconds(name).unwrap_or_else(|| self.wrong(name))
    }

    /// A span of time, if there is one.
    pub fn opt_seconds(&self, name: &str) -> Option<Duration> {
        self.datum(name).as_float().map(Duration::from_secs_f64)
    }

    /// Text; also one of a choice's words.
    pub fn str(&self, name: &str) -> String {
        self.opt_str(name).unwrap_or_else(|| self.wrong(name))
    }

    /// Text, if there is some.
    pub fn opt_str(&self, name: &str) -> Option<String> {
        self.datum(name).as_str().map(str::to_owned)
    }

    /// One letter, if there is one.
    pub fn opt_char(&self, name: &str) -> Option<char> {
        self.datum(name).as_str().and_then(|text| text.chars().next())
    }

    /// Separating bytes.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        match self.datum(name) {
            Datum::Str(text) => text.as_bytes().to_vec(),
            Datum::Bytes(bytes) => bytes.to_vec(),
            _ => self.wrong(name),
        }
    }

    /// Strings.
    pub fn strs(&self, name: &str) -> Vec<String> {
        match self.datum(name) {
            Datum::List(list) => list.iter().filter_map(Datum::as_str).map(str::to_owned).collect(),
            Datum::Unit => Vec::new(),
            _ => self.wrong(name),
        }
    }

    /// A getter.
    pub fn getter(&self, name: &str) -> Getter {
        self.opt_getter(name).unwrap_or_else(|| self.wrong(name))
    }

    /// A getter, if there is one.
    pub fn opt_getter(&self, name: &str) -> Option<Getter> {
        match self.value(name) {
            Value::Getter(getter) => Some(getter.clone()),
            Value::Unit => None,
            _ => self.wrong(name),
        }
    }

    /// A setter. For one that defaults to the place of a getter, `nullsetter` where that getter is no place.
    pub fn setter(&self, name: &str) -> Setter {
        match self.value(name) {
            Value::Setter(setter) => setter.clone(),
            Value::Unit => Setter::Null,
            _ => self.wrong(name),
        }
    }

    /// A deleter.
    pub fn deleter(&self, name: &str) -> Deleter {
        match self.value(name) {
            Value::Deleter(deleter) => deleter.clone(),
            _ => self.wrong(name),
        }
    }

    /// A predicate.
    pub fn predicate(&self, name: &str) -> Predicate {
        match self.value(name) {
            Value::Predicate(predicate) => predicate.clone(),
            _ => self.wrong(name),
        }
    }

    /// A function of the datum.
    pub fn func(&self, name: &str) -> Func {
        match self.value(name) {
            Value::Func(func) => func.clone(),
            _ => self.wrong(name),
        }
    }

    /// Getters.
    pub fn getters(&self, name: &str) -> Vec<Getter> {
        match self.value(name) {
            Value::Getters(getters) => getters.clone(),
            Value::Unit => Vec::new(),
            _ => self.wrong(name),
        }
    }

    /// Setters; none where the script gave `()`.
    pub fn setters(&self, name: &str) -> Vec<Option<Setter>> {
        match self.value(name) {
            Value::Setters(setters) => setters.clone(),
            Value::Unit => Vec::new(),
            _ => self.wrong(name),
        }
    }

    /// A map of plain data.
    pub fn map(&self, name: &str) -> Map {
        match self.datum(name) {
            Datum::Map(map) => map,
            Datum::Unit => Map::new(),
            _ => self.wrong(name),
        }
    }

    /// The options that the train sees to.
    pub fn common(&self) -> Common {
        let mut common = Common {
            name: self.opt_str("name"),
            on_error: match self.given("on_error") {
                Some(Given::Cog(cog)) => OnError::Route(cog),
                Some(given) => match given.datum().as_ref().and_then(Datum::as_str) {
                    Some("drop") => OnError::Drop,
                    Some("pass") => OnError::Pass,
                    Some("stop") => OnError::Stop,
                    _ => OnError::Log,
                },
                None => OnError::Log,
            },
            id_getter: self.opt_getter("id_getter"),
            ..Common::default()
        };
        if self.spec.kind == super::Kind::Supply {
            common.id_setter = Some(self.setter("id_setter")).filter(|setter| !setter.is_null());
            common.data_setter = Some(self.setter("data_setter")).filter(|setter| !matches!(setter, Setter::Whole));
            common.max_in_flight = self.size("max_in_flight").max(1);
        }
        common
    }
}

/// What is wrong with a value, before it is known whose.
enum Fault {
    Kind(&'static str),
    /// What the cog does or wants, and what to do.
    Text(String, Option<String>),
    /// What making an accessor of it gave.
    Error(Error),
}

fn says(text: String) -> Fault {
    Fault::Text(text, None)
}

fn at(spec: &CogSpec, param: &Param, fault: Fault) -> Error {
    let (text, hint) = match fault {
        Fault::Kind(got) => {
            let got = if got.starts_with("a ") { got.to_owned() } else { format!("`{got}`") };
            (format!("`{}` wants {}, but is given {got}", spec.path(), param.ty.wanted()), None)
        }
        Fault::Text(text, hint) => (format!("`{}` {text}", spec.path()), hint),
        // Its place is that of the option, which is told anyway.
        Fault::Error(Error::Script { text, hint, .. }) => (text, hint),
        Fault::Error(error) => (error.to_string(), error.hint().map(str::to_owned)),
    };
    Error::Option { option: param.name.into(), text, hint }
}

/// The setter for the place of the getter in option `other`, which is declared before.
fn same_place(values: &[(&'static Param, Value)], other: &str) -> Value {
    let getter = values.iter().find(|(param, _)| param.name == other);
    match getter {
        Some((_, Value::Getter(getter))) => getter.as_setter().map_or(Value::Unit, Value::Setter),
        _ => Value::Unit,
    }
}

fn default(param: &'static Param) -> Result<Value, Error> {
    let datum = match param.default {
        Lit::Required => {
            return Err(Error::Option {
                option: param.name.into(),
                text: format!("is missing; it takes {}", param.ty.wanted()),
                hint: (!param.about.is_empty()).then(|| param.about.to_owned()),
            });
        }
        Lit::Unit | Lit::Worked(_) | Lit::SameAs(_) => return Ok(Value::Unit),
        Lit::Bool(value) => Datum::Bool(value),
        Lit::Int(value) => Datum::Int(value),
        Lit::Float(value) => Datum::Float(value),
        Lit::Str("selfgetter") if param.ty == Ty::Getter => return Ok(Value::Getter(Getter::Whole)),
        Lit::Str("selfsetter") if param.ty == Ty::Setter => return Ok(Value::Setter(Setter::Whole)),
        Lit::Str("nullsetter") if param.ty == Ty::Setter => return Ok(Value::Setter(Setter::Null)),
        Lit::Str(text) => Datum::str(text),
        Lit::EmptyList => Datum::List(Vec::new()),
        Lit::Strs(all) => Datum::List(all.iter().map(|text| Datum::str(*text)).collect()),
        Lit::EmptyMap => Datum::Map(Map::new()),
    };
    convert(param.ty, &Given::Datum(datum), false).map_err(|fault| match fault {
        Fault::Kind(got) => Error::option(param.name, format!("its default is a {got}")),
        Fault::Text(text, _) => Error::option(param.name, text),
        Fault::Error(error) => Error::option(param.name, error.to_string()),
    })
}

fn convert(ty: Ty, given: &Given, unit: bool) -> Result<Value, Fault> {
    if unit && matches!(given, Given::Datum(Datum::Unit)) {
        return Ok(Value::Unit);
    }
    let wrong = || Fault::Kind(given.kind());
    Ok(match ty {
        Ty::Getter => Value::Getter(given.getter().map_err(Fault::Error)?.ok_or_else(wrong)?),
        Ty::Setter => Value::Setter(given.setter().map_err(Fault::Error)?.ok_or_else(wrong)?),
        Ty::Deleter => Value::Deleter(given.deleter().map_err(Fault::Error)?.ok_or_else(wrong)?),
        Ty::Predicate => Value::Predicate(given.predicate().map_err(Fault::Error)?.ok_or_else(wrong)?),
        Ty::Func => Value::Func(given.func().map_err(Fault::Error)?.ok_or_else(wrong)?),
        Ty::Getters => Value::Getters(
            given
                .list()
                .ok_or_else(wrong)?
                .iter()
                .map(|one| one.getter().map_err(Fault::Error)?.ok_or_else(|| Fault::Kind(one.kind())))
                .collect::<Result<_, _>>()?,
        ),
        Ty::Setters => Value::Setters(
            given
                .list()
                .ok_or_else(wrong)?
                .iter()
                .map(|one| match one {
                    Given::Datum(Datum::Unit) => Ok(None),
                    one => one.setter().map_err(Fault::Error)?.ok_or_else(|| Fault::Kind(one.kind())).map(Some),
                })
                .collect::<Result<_, _>>()?,
        ),
        Ty::Any => Value::Given(given.clone()),
        Ty::Cog => match given {
            Given::Cog(_) => Value::Given(given.clone()),
            _ => return Err(wrong()),
        },
        Ty::Either(all) => {
            let mut first = None;
            for ty in all {
                match convert(*ty, given, false) {
                    Ok(Value::Datum(datum)) => return Ok(Value::Given(Given::Datum(datum))),
                    Ok(Value::Given(given)) => return Ok(Value::Given(given)),
                    Ok(_) => return Ok(Value::Given(given.clone())),
                    Err(fault @ (Fault::Text(..) | Fault::Error(_))) => first = first.or(Some(fault)),
                    Err(Fault::Kind(_)) => {}
                }
            }
            return Err(first.unwrap_or_else(wrong));
        }
        _ => Value::Datum(plain(ty, &given.datum().ok_or_else(wrong)?)?),
    })
}

/// Plain data of the kind that `ty` wants, brought into one form.
fn plain(ty: Ty, datum: &Datum) -> Result<Datum, Fault> {
    let wrong = || Fault::Kind(datum.kind());
    match (ty, datum) {
        (Ty::Int | Ty::Size, Datum::Int(n)) if *n < 0 => Err(says(format!("wants a number that is not negative, but is given `{n}`"))),
        (Ty::Bool, Datum::Bool(_))
        | (Ty::Int | Ty::Size, Datum::Int(_))
        | (Ty::Str, Datum::Str(_))
        | (Ty::Map, Datum::Map(_))
        | (Ty::List, Datum::List(_))
        | (Ty::Unit, Datum::Unit) => Ok(datum.clone()),
        (Ty::Size, Datum::Str(text)) => {
            size(text).map(Datum::Int).ok_or_else(|| says(format!("wants a size such as \"64KiB\" or \"1MiB\", but is given `{text}`")))
        }
        (Ty::Seconds, Datum::Int(_) | Datum::Float(_)) => match datum.as_float() {
            Some(seconds) if (0.0..1e12).contains(&seconds) => Ok(Datum::Float(seconds)),
            _ => Err(says("wants a span of time that is neither negative nor endless".into())),
        },
        (Ty::Char, Datum::Str(text)) if text.chars().count() == 1 => Ok(datum.clone()),
        (Ty::Char, Datum::Str(text)) => Err(says(format!("takes one letter, but is given `{text}`"))),
        (Ty::Separator, Datum::Str(text)) if !text.is_empty() => Ok(datum.clone()),
        (Ty::Separator, Datum::Bytes(bytes)) if !bytes.is_empty() => Ok(datum.clone()),
        (Ty::Separator, Datum::Str(_) | Datum::Bytes(_)) => Err(says("wants a separator that is not empty".into())),
        (Ty::Strs, Datum::Str(_)) => Ok(Datum::List(vec![datum.clone()])),
        (Ty::Strs, Datum::List(list)) => match list.iter().find(|one| one.as_str().is_none()) {
            None => Ok(datum.clone()),
            Some(odd) => Err(says(format!("takes strings, but one is `{}`", odd.kind()))),
        },
        (Ty::Choice(words), Datum::Str(word)) => {
            if words.contains(&word.as_str()) {
                return Ok(datum.clone());
            }
            let near = nearest(word, words.iter().copied()).map(|near| format!("did you mean \"{near}\"?"));
            Err(Fault::Text(format!("takes {}, but is given \"{word}\"", ty.wanted()), near))
        }
        _ => Err(wrong()),
    }
}

/// `10k`, `4MiB`, `1 GB`: decimal steps for `k M G`, binary ones for `Ki Mi Gi`, as configuration's sizes are read.
fn size(text: &str) -> Option<i64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: i64 = text[..end].parse().ok()?;
    let factor = match text[end..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" | "ki" => 1 << 10,
        "mib" | "mi" => 1 << 20,
        "gib" | "gi" => 1 << 30,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Kind;

    static SPEC: CogSpec = CogSpec {
        family: "test",
        name: "cog",
        kind: Kind::Convert,
        about: "",
        params: &[
            Param::strs("filenames"),
            Param::bool("tail").default(Lit::Bool(true)),
            Param::seconds("wait").default(Lit::Float(1.0)),
            Param::size("max").default(Lit::Int(10)),
            Param::choice("mode", &["fail", "split"]),
            Param::getter("ip_getter").or("ip"),
        ],
        first: None,
        global: false,
        examples: &[],
        build: |_| Err(Error::Finished),
    };

    fn faults(given: Vec<(&str, Given)>) -> Vec<String> {
        let given: Vec<_> = given.into_iter().map(|(n, g)| (n.to_owned(), g)).collect();
        match Args::check(&SPEC, &given) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.iter().map(|f| format!("{f} ({})", f.hint().unwrap_or("-"))).collect(),
        }
    }

    #[test]
    fn all_faults_are_told_at_once_with_hints() {
        let found = faults(vec![("filenmaes", "a".into()), ("tail", 3.into()), ("mode", "splt".into())]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("filenmaes") && found[0].contains("did you mean `filenames`?"), "{found:?}");
        assert!(found[1].contains("`tail`") && found[1].contains("true or false") && found[1].contains("`int`"), "{found:?}");
        assert!(found[2].contains("did you mean \"split\"?"), "{found:?}");
        assert!(faults(Vec::new())[0].contains("option `filenames`: is missing"), "{found:?}");
    }

    #[test]
    fn defaults_and_forms() {
        let args = Args::of(&SPEC, vec![("filenames", "a".into()), ("max", "64KiB".into()), ("wait", 2.into())]);
        assert_eq!(args.strs("filenames"), ["a"]);
        assert_eq!(args.size("max"), 65536);
        assert_eq!(args.seconds("wait"), Duration::from_secs(2));
        assert_eq!(args.str("mode"), "fail");
        assert!(matches!(args.getter("ip_getter"), Getter::Item(_)));
        assert!(args.is_given("max") && !args.is_given("tail"));
    }
}
