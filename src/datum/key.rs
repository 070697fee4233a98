//! Keys of maps: interned, so that a look-up compares pointers.
//!
//! The table of known keys lives as long as the thread and never shrinks; it is bounded, as keys may come from hostile data
//! (addresses as keys, say). Keys that find no room own their text and compare by it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::{fmt, ptr};

use super::seeds::Seeds;

/// Known keys at most; what a pipeline's records use is far below it.
const ROOM: usize = 8192;
/// Longer keys are not worth keeping for ever.
const LONGEST: usize = 128;

/// A key of a [`Map`](super::Map). Cheap to copy and to compare.
#[derive(Clone)]
pub struct Key(Repr);

#[derive(Clone)]
enum Repr {
    Known(&'static Entry),
    Own(Rc<str>),
}

struct Entry {
    name: &'static str,
    /// The key as JSON writes it, quoted and escaped, between a comma and a colon.
    json: &'static str,
}

thread_local! {
    static TABLE: RefCell<HashMap<&'static str, &'static Entry, Seeds>> = RefCell::new(HashMap::with_hasher(Seeds::new()));
}

impl Key {
    /// The key of that name.
    pub fn new(name: &str) -> Self {
        TABLE.with_borrow_mut(|table| {
            if let Some(entry) = table.get(name) {
                return Self(Repr::Known(entry));
            }
            if table.len() >= ROOM || name.len() > LONGEST {
                return Self(Repr::Own(name.into()));
            }
            let name: &'static str = Box::leak(name.into());
            let mut json = ",".to_owned();
            super::json::write_string(&mut json, name);
            json.push(':');
            let json = Box::leak(json.into_boxed_str());
            let entry: &'static Entry = Box::leak(Box::new(Entry { name, json }));
            table.insert(name, entry);
            Self(Repr::Known(entry))
        })
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Known(entry) => entry.name,
            Repr::Own(name) => name,
        }
    }

    /// Appends the key as JSON writes it, quotes included.
    #[inline]
    pub fn write_json(&self, out: &mut String) {
        match &self.0 {
            Repr::Known(entry) => out.push_str(&entry.json[1..entry.json.len() - 1]),
            Repr::Own(name) => super::json::write_string(out, name),
        }
    }

    /// Appends what stands before the key's value in compact JSON: a comma, or an opening brace, the key and a colon.
    #[inline]
    pub(super) fn write_lead(&self, out: &mut String, lead: char) {
        match &self.0 {
            Repr::Known(entry) if lead == ',' => out.push_str(entry.json),
            Repr::Known(entry) => {
                out.push(lead);
                out.push_str(&entry.json[1..]);
            }
            Repr::Own(name) => {
                out.push(lead);
                super::json::write_string(out, name);
                out.push(':');
            }
        }
    }

    /// How many bytes [`Key::write_json`] appends.
    #[inline]
    pub(super) fn json_len(&self) -> usize {
        match &self.0 {
            Repr::Known(entry) => entry.json.len() - 2,
            Repr::Own(name) => {
                let mut json = String::new();
                super::json::write_string(&mut json, name);
                json.len()
            }
        }
    }
}

impl PartialEq for Key {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Known(a), Repr::Known(b)) => ptr::eq(*a, *b),
            _ => self.as_str() == other.as_str(),
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_one_key_and_keys_beyond_the_table_still_compare() {
        assert_eq!(Key::new("ip"), Key::new("ip"));
        assert_ne!(Key::new("ip"), Key::new("ip4"));
        let long = "k".repeat(LONGEST + 1);
        assert_eq!(Key::new(&long), Key::new(&long));
        assert_ne!(Key::new(&long), Key::new("k"));
    }

    #[test]
    fn the_table_is_bounded() {
        for n in 0..ROOM + 100 {
            assert_eq!(Key::new(&format!("bound{n}")), Key::new(&format!("bound{n}")));
        }
        TABLE.with_borrow(|table| assert!(table.len() <= ROOM));
    }
}
