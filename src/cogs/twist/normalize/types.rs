//! The types of the type language, made of what a script gave: compiled once, asked for every value.

use regex::Regex;

use super::casts::{self, Judged, wrong};
use super::change::{Change, read_all};
use super::dictionary::{Dictionary, Rules};
use super::faults::Faults;
use super::{texts, times};
use crate::cog::Given;
use crate::datum::{Datum, Step};
use crate::error::{Error, Result, nearest};
use crate::getset::{Func, Getter};

/// Judges plain values.
type Judge = fn(&Datum) -> Judged;

/// A type of values.
pub(super) enum Type {
    /// Whatever it is.
    Any,
    /// What is left out.
    Discard,
    /// One of the words that a function in Rust judges.
    Word(Judge),
    List(Box<Type>),
    Dict(Box<Dictionary>),
    /// A string that the expression matches from end to end.
    Regex(Regex),
    /// One of these values.
    Enum(Vec<Datum>),
    Range(Box<Range>),
    /// It must be of the type, but stays as it is.
    Check(Box<Type>),
    /// The script's closure: value -> value.
    Closure(Getter),
    /// A cast of the configuration's.
    Cast(Func),
}

/// Numbers between two ends, both counted in; each may be open.
pub(super) struct Range {
    low: Option<Datum>,
    high: Option<Datum>,
    of: Type,
}

/// The words, with what judges each.
const WORDS: [(&str, Judge); 25] = [
    ("int", casts::int),
    ("float", casts::float),
    ("string", casts::string),
    ("truth", casts::truth),
    ("boolean", casts::boolean),
    ("count", casts::count),
    ("port", casts::port),
    ("ip4", texts::ip4),
    ("ip6", texts::ip6),
    ("ip", texts::ip),
    ("net4", texts::net4),
    ("net6", texts::net6),
    ("timestamp", times::timestamp),
    ("duration", times::duration),
    ("uuid", texts::uuid),
    ("mac", texts::mac),
    ("uri", texts::uri),
    ("id", texts::id),
    ("nsid", texts::nsid),
    ("handle", texts::handle),
    ("tag", texts::tag),
    ("event_tag", texts::event_tag),
    ("media_type", texts::media_type),
    ("charset", texts::charset),
    ("encoding", texts::encoding),
];

/// A fault of the type definition, at that place in it.
pub(super) fn fault(at: &str, text: &str) -> Error {
    let place = if at.is_empty() { String::new() } else { format!("`{at}`: ") };
    Error::option("typedef", format!("{place}{text}"))
}

impl Type {
    /// The type that was given for the place `at`.
    pub(super) fn of(given: &Given, at: &str, rules: Rules) -> Result<Self> {
        match given {
            Given::Callback(callback) => return Ok(Self::Closure(callback.getter()?)),
            Given::Func(func) => return Ok(Self::Cast(func.clone())),
            _ => {}
        }
        if let Some(word) = given.datum().as_ref().and_then(Datum::as_str) {
            return Self::named(word, at);
        }
        let Some(entries) = given.map() else {
            return Err(fault(at, &format!("a type is a word, a map or a closure, but this is {}", given.kind())));
        };
        let [(word, what)] = &entries[..] else {
            return Err(fault(at, &format!("a type has one of {}, and nothing else", MAPS.join(", "))));
        };
        match word.as_str() {
            "list" => Ok(Self::List(Box::new(Self::of(what, &format!("{at}[*]"), rules)?))),
            "dict" => Ok(Self::Dict(Box::new(Dictionary::of(what, at, rules.below())?))),
            "check" => Ok(Self::Check(Box::new(Self::of(what, at, rules)?))),
            "regex" => Self::regex(what, at),
            "enum" => match what.datum() {
                Some(Datum::List(values)) if !values.is_empty() => Ok(Self::Enum(values)),
                _ => Err(fault(at, "`enum` takes an array of the values that may be there")),
            },
            "range" => Self::range(what, at, rules),
            other => Err(fault(at, &unknown(other, MAPS.iter().copied()))),
        }
    }

    fn named(word: &str, at: &str) -> Result<Self> {
        match word {
            "any" => Ok(Self::Any),
            "discard" => Ok(Self::Discard),
            _ => match WORDS.iter().find(|(known, _)| *known == word) {
                Some((_, judge)) => Ok(Self::Word(*judge)),
                None => Err(fault(at, &unknown(word, WORDS.iter().map(|(known, _)| *known).chain(["any", "discard"])))),
            },
        }
    }

    fn regex(what: &Given, at: &str) -> Result<Self> {
        let pattern = what.datum();
        let Some(pattern) = pattern.as_ref().and_then(Datum::as_str) else { return Err(fault(at, "`regex` takes a string")) };
        let whole = format!(r"\A(?:{pattern})\z");
        match regex::RegexBuilder::new(&whole).size_limit(1 << 20).build() {
            Ok(regex) => Ok(Self::Regex(regex)),
            Err(error) => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Err(fault(at, &format!("`{pattern}` is no regular expression: {reason}")))
            }
        }
    }

    fn range(what: &Given, at: &str, rules: Rules) -> Result<Self> {
        let parts = what.list().unwrap_or_default();
        let [low, high, of] = &parts[..] else { return Err(fault(at, "`range` takes [low, high, type]; () leaves an end open")) };
        let end = |given: &Given| match given.datum() {
            Some(Datum::Unit) => Ok(None),
            Some(number) if number.as_float().is_some_and(f64::is_finite) => Ok(Some(number)),
            _ => Err(fault(at, "an end of a `range` is a number, or () where it is open")),
        };
        let (low, high) = (end(low)?, end(high)?);
        if let (Some(low), Some(high)) = (&low, &high)
            && is_less(high, low)
        {
            return Err(fault(at, "the low end of the `range` is above the high one"));
        }
        Ok(Self::Range(Box::new(Range { low, high, of: Self::of(of, at, rules)? })))
    }

    /// Whether it calls nothing of the script.
    pub(super) fn is_native(&self) -> bool {
        match self {
            Self::Closure(_) | Self::Cast(_) => false,
            Self::List(of) | Self::Check(of) => of.is_native(),
            Self::Range(range) => range.of.is_native(),
            Self::Dict(dictionary) => dictionary.is_native(),
            _ => true,
        }
    }

    /// What becomes of the value; what is wrong with it goes to the faults.
    pub(super) fn judge(&self, value: &Datum, faults: &mut Faults) -> Change {
        let judged = match self {
            Self::Any => return Change::Keep,
            Self::Discard => return Change::Leave,
            Self::Word(judge) => judge(value),
            Self::List(of) => return list(of, value, faults),
            Self::Dict(dictionary) => return dictionary.judge(value, faults),
            Self::Regex(regex) => match value.as_str() {
                Some(text) if regex.is_match(text) => Ok(None),
                _ => wrong(&format!("a text like `{}`", shown(regex)), value),
            },
            Self::Enum(values) => {
                if values.contains(value) {
                    Ok(None)
                } else {
                    let known: Vec<String> = values.iter().map(|known| format!("`{}`", known.piece())).collect();
                    wrong(&format!("one of {}", known.join(", ")), value)
                }
            }
            Self::Range(range) => return range.judge(value, faults),
            Self::Check(of) => {
                return match of.judge(value, faults) {
                    Change::Leave => Change::Leave,
                    _ => Change::Keep,
                };
            }
            Self::Closure(getter) => called(getter.get(value).map(std::borrow::Cow::into_owned)),
            Self::Cast(func) => called(func.call(value.clone())),
        };
        match judged {
            Ok(None) => Change::Keep,
            Ok(Some(value)) => Change::Replace(value),
            Err(text) if text == DISCARD => Change::Leave,
            Err(text) => {
                faults.bad(text);
                Change::Keep
            }
        }
    }
}

/// Words that begin a type which is a map.
const MAPS: [&str; 6] = ["list", "dict", "regex", "enum", "range", "check"];

/// What a closure raises that wants its value left out.
pub(super) const DISCARD: &str = "discard";

fn unknown<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("there is no type `{word}`; did you mean `{near}`?"),
        None => format!("there is no type `{word}`; there are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

fn shown(regex: &Regex) -> &str {
    let text = regex.as_str();
    text.strip_prefix(r"\A(?:").and_then(|text| text.strip_suffix(r")\z")).unwrap_or(text)
}

fn called(result: Result<Datum>) -> Judged {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.reason() == DISCARD => Err(DISCARD.into()),
        Err(error) => Err(format!("is refused: {error}")),
    }
}

fn list(of: &Type, value: &Datum, faults: &mut Faults) -> Change {
    let read;
    let items = match value {
        Datum::List(items) => items,
        Datum::Raw(text) if text.starts_with('[') => {
            read = read_all(text);
            let Datum::List(items) = &read else { return Change::Keep };
            items
        }
        _ => {
            faults.bad(wrong("an array", value).err().unwrap_or_default());
            return Change::Keep;
        }
    };
    let mut places = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let before = faults.count();
        let change = of.judge(item, faults);
        if faults.count() > before {
            faults.below(before, || Step::At(place as i64), None);
            if faults.enough() {
                break;
            }
        }
        if !matches!(change, Change::Keep) {
            places.push((place, change));
        }
    }
    Change::of_list(places)
}

impl Range {
    fn judge(&self, value: &Datum, faults: &mut Faults) -> Change {
        let before = faults.count();
        let change = self.of.judge(value, faults);
        if faults.count() > before {
            return change;
        }
        let number = match &change {
            Change::Keep => value,
            Change::Replace(number) => number,
            _ => return change,
        };
        let inside = number.as_float().is_some_and(|number| !number.is_nan())
            && self.low.as_ref().is_none_or(|low| !is_less(number, low))
            && self.high.as_ref().is_none_or(|high| !is_less(high, number));
        if !inside {
            let end = |end: &Option<Datum>| end.as_ref().map_or_else(|| "any".to_owned(), |end| end.piece().into_owned());
            faults.bad(wrong(&format!("between {} and {}", end(&self.low), end(&self.high)), value).err().unwrap_or_default());
        }
        change
    }
}

/// Whether a number is less than another one: whole ones to the last digit.
fn is_less(one: &Datum, other: &Datum) -> bool {
    match (one.as_int(), other.as_int()) {
        (Some(one), Some(other)) => one < other,
        _ => one.as_float().zip(other.as_float()).is_some_and(|(one, other)| one < other),
    }
}
