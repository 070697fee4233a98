//! Where keys and values stand in a JSON text, which the tree that was read from it no longer knows.

use std::collections::HashMap;

use crate::datum::{Datum, json};

/// The way to a value: keys, and `[n]` for places in arrays.
pub(super) type Way = Vec<String>;

/// Places, in bytes, of all keys and values of one text.
#[derive(Default)]
pub(super) struct Places {
    spots: HashMap<Way, Spot>,
    /// Keys that came again in the same map, with the place of the later one.
    pub(super) twice: Vec<(Way, usize)>,
}

#[derive(Clone, Copy)]
pub(super) struct Spot {
    pub(super) key: usize,
    pub(super) value: usize,
}

impl Places {
    /// Walks `text`, which must be valid JSON; in other text the places mean nothing.
    pub(super) fn of(text: &str) -> Self {
        let mut walk = Walk { text, at: 0, way: Vec::new(), places: Self::default() };
        walk.value();
        walk.places
    }

    /// Where the key and the value at the end of `way` stand.
    pub(super) fn get(&self, way: &[String]) -> Spot {
        self.spots.get(way).copied().unwrap_or(Spot { key: 0, value: 0 })
    }
}

/// `LINE:COLUMN`, from 1, columns in letters.
pub(super) fn line_and_column(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    format!("{}:{}", before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

struct Walk<'a> {
    text: &'a str,
    at: usize,
    way: Way,
    places: Places,
}

impl Walk<'_> {
    fn peek(&mut self) -> Option<u8> {
        let blanks = self.text.as_bytes()[self.at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        self.at += blanks;
        self.text.as_bytes().get(self.at).copied()
    }

    fn value(&mut self) {
        match self.peek() {
            Some(b'{') => self.map(),
            Some(b'[') => self.list(),
            Some(b'"') => drop(self.string()),
            _ => {
                let rest = &self.text.as_bytes()[self.at..];
                self.at += rest.iter().take_while(|b| !matches!(b, b',' | b']' | b'}') && !b.is_ascii_whitespace()).count();
            }
        }
    }

    fn map(&mut self) {
        self.at += 1;
        while self.peek() == Some(b'"') {
            let key = self.at;
            let name = self.string();
            self.way.push(name);
            if self.peek() == Some(b':') {
                self.at += 1;
            }
            self.peek();
            if self.places.spots.insert(self.way.clone(), Spot { key, value: self.at }).is_some() {
                self.places.twice.push((self.way.clone(), key));
            }
            self.value();
            self.way.pop();
            if self.peek() == Some(b',') {
                self.at += 1;
            }
        }
        self.at += usize::from(self.peek() == Some(b'}'));
    }

    fn list(&mut self) {
        self.at += 1;
        let mut n = 0;
        while self.peek().is_some_and(|b| b != b']') {
            let before = self.at;
            self.way.push(format!("[{n}]"));
            self.value();
            self.way.pop();
            n += 1;
            if self.peek() == Some(b',') {
                self.at += 1;
            }
            if self.at == before {
                return;
            }
        }
        self.at += usize::from(self.peek() == Some(b']'));
    }

    fn string(&mut self) -> String {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at = (self.at + 1).min(bytes.len());
        match self.text.get(start..self.at).map(json::read) {
            Some(Ok(Datum::Str(name))) => name.as_str().to_owned(),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(names: &[&str]) -> Way {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn keys_and_values_are_found_in_lines_and_letters() {
        let text = "{\n  \"ä\": 1, \"s\": {\"x\\n\": [true, {\"y\" : null}]}\n}";
        let places = Places::of(text);
        let find = |names: &[&str]| {
            let Spot { key, value } = places.get(&way(names));
            (line_and_column(text, key), line_and_column(text, value))
        };
        assert_eq!(find(&["ä"]), ("2:3".into(), "2:8".into()));
        assert_eq!(find(&["s"]), ("2:11".into(), "2:16".into()));
        assert_eq!(find(&["s", "x\n"]), ("2:17".into(), "2:24".into()));
        assert_eq!(find(&["s", "x\n", "[1]", "y"]), ("2:32".into(), "2:38".into()));
    }

    #[test]
    fn keys_that_come_twice_are_noted_where_they_come_again() {
        let places = Places::of(r#"{"a": {"x": 1, "y": "}", "x": 2}, "\u0061": [{"k": 1, "k": 1}]}"#);
        let twice: Vec<_> = places.twice.iter().map(|(way, at)| (way.join("."), *at)).collect();
        assert_eq!(twice, [("a.x".into(), 25), ("a".into(), 34), ("a.[0].k".into(), 54)]);
    }

    #[test]
    fn text_that_is_no_json_ends_the_walk() {
        for text in ["", "{", "[", "[}", "{\"a", "{\"a\":", "[1,,]", "{\"a\\", "]", "[[[{\"", "[:"] {
            Places::of(text);
        }
    }
}
