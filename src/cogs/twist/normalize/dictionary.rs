//! The dictionary type: keys with their types, defaults, and which of them must be there.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use super::change::{Change, read_all};
use super::faults::Faults;
use super::references::References;
use super::types::{Type, fault};
use crate::cog::Given;
use crate::datum::{Datum, Key, Map, Step};
use crate::error::{Result, nearest};
use crate::getset::Getter;

/// What holds for a dictionary that does not say it itself.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) allow_unknown: bool,
    /// Whether keys that must be there must.
    pub(super) required: Required,
}

/// Where required keys must be there.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Required {
    Everywhere,
    /// At the top alone.
    Here,
    Nowhere,
}

impl Rules {
    /// One level further down.
    pub(super) fn below(self) -> Self {
        let required = if self.required == Required::Here { Required::Nowhere } else { self.required };
        Self { required, ..self }
    }
}

/// A compiled dictionary type.
pub(super) struct Dictionary {
    entries: Vec<Entry>,
    by_key: HashMap<Key, usize>,
    /// Which entry followed each last time, and the first: messages resemble each other.
    followers: Vec<Cell<usize>>,
    /// Those that are required or have a default.
    wanted: Vec<usize>,
    allow_unknown: bool,
    references: References,
}

struct Entry {
    key: Key,
    of: Type,
    standing: Standing,
    about: Option<Rc<str>>,
}

/// What stands for a key that is not there.
enum Standing {
    /// Nothing, and that is well.
    Optional,
    Required,
    /// This, converted already.
    Ready(Datum),
    /// This, once it has passed its type.
    Given(Datum),
    /// What the closure gives, once it has passed its type.
    Made(Getter),
    /// A fresh random UUID.
    Uuid,
}

/// What may be said of a key.
const OF_KEY: [&str; 6] = ["type", "default", "initial", "fresh", "required", "description"];
/// What may be said of a dictionary.
const OF_DICTIONARY: [&str; 3] = ["keys", "allow_unknown", "references"];

impl Dictionary {
    /// The dictionary type that was given for the place `at`; `rules`: what holds where it says nothing.
    pub(super) fn of(given: &Given, at: &str, rules: Rules) -> Result<Self> {
        let Some(said) = given.map() else {
            return Err(fault(at, &format!("a dictionary is a map with `keys`, but this is {}", given.kind())));
        };
        if let Some((odd, _)) = said.iter().find(|(word, _)| !OF_DICTIONARY.contains(&word.as_str())) {
            return Err(fault(
                at,
                &format!("a dictionary has {}, but no `{odd}`", OF_DICTIONARY.map(|word| format!("`{word}`")).join(", ")),
            ));
        }
        let named = |name: &str| said.iter().find(|(word, _)| word == name).map(|(_, value)| value);
        let Some(keys) = named("keys").and_then(Given::map) else {
            return Err(fault(at, "a dictionary needs `keys`, a map of types"));
        };
        let allow_unknown = match named("allow_unknown").map(Given::datum) {
            None => rules.allow_unknown,
            Some(Some(Datum::Bool(allow))) => allow,
            Some(_) => return Err(fault(at, "`allow_unknown` is true or false")),
        };
        let rules = Rules { allow_unknown, ..rules };
        let entries: Vec<Entry> = keys.iter().map(|(name, given)| Entry::of(name, given, at, rules)).collect::<Result<_>>()?;
        Ok(Self {
            by_key: entries.iter().enumerate().map(|(place, entry)| (entry.key.clone(), place)).collect(),
            followers: (0..=entries.len()).map(|next| Cell::new(next % entries.len().max(1))).collect(),
            wanted: (0..entries.len()).filter(|place| !matches!(entries[*place].standing, Standing::Optional)).collect(),
            entries,
            allow_unknown,
            references: References::of(named("references"), at)?,
        })
    }

    /// Whether it calls nothing of the script.
    pub(super) fn is_native(&self) -> bool {
        self.entries.iter().all(|entry| entry.of.is_native() && !matches!(entry.standing, Standing::Made(_) | Standing::Uuid))
    }

    /// What becomes of the value, which should be a map.
    pub(super) fn judge(&self, value: &Datum, faults: &mut Faults) -> Change {
        match value {
            Datum::Map(map) => self.judge_map(value, map, faults),
            Datum::Raw(text) if text.starts_with('{') => {
                let read = read_all(text);
                let Datum::Map(map) = &read else { return Change::Keep };
                self.judge_map(&read, map, faults)
            }
            _ => {
                faults.bad(super::casts::wrong("a map", value).err().unwrap_or_default());
                Change::Keep
            }
        }
    }

    fn judge_map(&self, whole: &Datum, map: &Map, faults: &mut Faults) -> Change {
        let mut places = Vec::new();
        // Entries that are there but left out.
        let mut left = Vec::new();
        let first = self.entries.len();
        let mut last = first;
        let start = faults.count();
        for (place, (key, value)) in map.iter().enumerate() {
            let Some(found) = self.find(last, key) else {
                if !self.allow_unknown {
                    faults.bad(self.not_allowed(key));
                    faults.below(faults.count() - 1, || Step::Key(key.clone()), None);
                    if faults.enough() {
                        return Change::Keep;
                    }
                }
                continue;
            };
            self.followers[last].set(found);
            last = found;
            let entry = &self.entries[found];
            let before = faults.count();
            let change = entry.of.judge(value, faults);
            if faults.count() > before {
                faults.below(before, || Step::Key(key.clone()), entry.about.as_ref());
                if faults.enough() {
                    return Change::Keep;
                }
            }
            match change {
                Change::Keep => continue,
                Change::Leave => left.push(found),
                _ => {}
            }
            places.push((place, change));
        }
        let mut more = Vec::new();
        for wanted in &self.wanted {
            let entry = &self.entries[*wanted];
            if map.look(&entry.key).is_some() && !left.contains(wanted) {
                continue;
            }
            if let Some(value) = entry.stand_in(whole, faults) {
                more.push((entry.key.clone(), value));
            }
        }
        if faults.count() == start {
            self.references.judge(whole, faults);
        }
        Change::of_map(places, more)
    }

    /// The entry of that key, which came after the entry `last`.
    fn find(&self, last: usize, key: &Key) -> Option<usize> {
        let likely = self.followers[last].get();
        if self.entries.get(likely)?.key == *key {
            return Some(likely);
        }
        self.by_key.get(key).copied()
    }

    fn not_allowed(&self, key: &Key) -> String {
        match nearest(key.as_str(), self.entries.iter().map(|entry| entry.key.as_str())) {
            Some(near) => format!("is not allowed; did you mean `{near}`?"),
            None => "is not allowed".into(),
        }
    }
}

impl Entry {
    fn of(name: &str, given: &Given, at: &str, rules: Rules) -> Result<Self> {
        let at = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
        let entry = |of, standing, about| Self { key: Key::new(name), of, standing, about };
        let said = given.map().filter(|said| said.iter().any(|(word, _)| OF_KEY.contains(&word.as_str())));
        let Some(said) = said else { return Ok(entry(Type::of(given, &at, rules)?, Standing::Optional, None)) };
        if let Some((odd, _)) = said.iter().find(|(word, _)| !OF_KEY.contains(&word.as_str())) {
            return Err(fault(&at, &format!("of a key are said {}, but not `{odd}`", OF_KEY.map(|word| format!("`{word}`")).join(", "))));
        }
        let named = |name: &str| said.iter().find(|(word, _)| word == name).map(|(_, value)| value);
        let of = Type::of(named("type").ok_or_else(|| fault(&at, "has no `type`"))?, &at, rules)?;
        let required = match named("required").map(Given::datum) {
            None => false,
            Some(Some(Datum::Bool(required))) => required && rules.required != Required::Nowhere,
            Some(_) => return Err(fault(&at, "`required` is true or false")),
        };
        let about = match named("description").map(Given::datum) {
            None => None,
            Some(Some(Datum::Str(text))) => Some(Rc::from(text.as_str())),
            Some(_) => return Err(fault(&at, "`description` is a string")),
        };
        let standing = match (named("default"), named("initial"), named("fresh")) {
            (None, None, None) if required => Standing::Required,
            (None, None, None) => Standing::Optional,
            (Some(given), None, None) | (None, Some(given), None) => Standing::of(given, &of, &at)?,
            (None, None, Some(word)) if word.datum().as_ref().and_then(Datum::as_str) == Some("uuid") => Standing::Uuid,
            (None, None, Some(_)) => return Err(fault(&at, "`fresh` takes \"uuid\"")),
            _ => return Err(fault(&at, "only one of `default`, `initial` and `fresh` can be")),
        };
        Ok(entry(of, standing, about))
    }

    /// What stands in the map for a key that is not there.
    fn stand_in(&self, whole: &Datum, faults: &mut Faults) -> Option<Datum> {
        let step = || Step::Key(self.key.clone());
        let mut value = match &self.standing {
            Standing::Optional => return None,
            Standing::Required => {
                faults.missing(step(), self.about.as_ref());
                return None;
            }
            Standing::Ready(value) => return Some(value.clone()),
            Standing::Given(value) => value.clone(),
            Standing::Uuid => Datum::from(uuid::Uuid::new_v4().to_string()),
            Standing::Made(getter) => match getter.get(whole) {
                Ok(value) => value.into_owned(),
                Err(error) => {
                    if error.reason() != super::types::DISCARD {
                        faults.bad(format!("has no default: {error}"));
                        faults.below(faults.count() - 1, step, self.about.as_ref());
                    }
                    return None;
                }
            },
        };
        let before = faults.count();
        let change = self.of.judge(&value, faults);
        faults.below(before, step, self.about.as_ref());
        change.apply(&mut value).then_some(value)
    }
}

impl Standing {
    fn of(given: &Given, of: &Type, at: &str) -> Result<Self> {
        if let Given::Callback(callback) = given {
            return Ok(Self::Made(callback.getter()?));
        }
        let Some(mut value) = given.datum() else {
            return Err(fault(at, &format!("a default is a value or a closure, but this is {}", given.kind())));
        };
        if !of.is_native() {
            return Ok(Self::Given(value));
        }
        let mut faults = Faults::new(false);
        let change = of.judge(&value, &mut faults);
        if let Some(error) = faults.into_error() {
            let text = error.to_string();
            let told = text.strip_prefix("the datum ").map_or_else(|| format!("its default: {text}"), |text| format!("its default {text}"));
            return Err(fault(at, &told));
        }
        Ok(if change.apply(&mut value) { Self::Ready(value) } else { Self::Optional })
    }
}
