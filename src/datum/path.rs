//! Places in a datum: `"Source[0].IP4[*]"`.

use std::borrow::Cow;
use std::fmt;

use super::{Datum, Key, Map, View};
use crate::error::{Error, Result};

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key of a map.
    Key(Key),
    /// A place in a list, from 0; negative counts from the end.
    At(i64),
    /// All elements of a list.
    All,
}

/// A way from the whole datum to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
}

impl Path {
    /// The path of these steps.
    pub fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// Reads `a.b[0].c[*]`.
    ///
    /// # Errors
    /// Says which part cannot be read.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| Err(Error::data(format!("{what} in path"), text));
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let Some((index, after)) = inner.split_once(']') else { return wrong("`[` without `]`") };
                steps.push(match index.trim() {
                    "*" => Step::All,
                    number => match number.parse() {
                        Ok(n) => Step::At(n),
                        Err(_) => return wrong("an index that is neither a whole number nor `*`"),
                    },
                });
                rest = after;
            } else {
                let name = match rest.strip_prefix('.') {
                    Some(after) if !steps.is_empty() => after,
                    Some(_) => return wrong("a leading dot"),
                    None if steps.is_empty() => rest,
                    None => return wrong("a missing dot"),
                };
                let end = name.find(['.', '[']).unwrap_or(name.len());
                if end == 0 {
                    return wrong("an empty name");
                }
                steps.push(Step::Key(Key::new(&name[..end])));
                rest = &name[end..];
            }
        }
        if steps.is_empty() { wrong("nothing") } else { Ok(Self { steps }) }
    }

    /// Its steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The part of `datum` at this path, borrowed where nothing had to be read or gathered; `[*]` gathers into one flat
    /// list what is found in the elements.
    #[inline]
    pub fn get<'a>(&self, datum: &'a Datum) -> Option<Cow<'a, Datum>> {
        walk(&self.steps, datum)
    }

    /// Sets the part at this path; maps that are missing on the way are made, places in lists must be there.
    ///
    /// # Errors
    /// When a step leads through a value that is neither map nor list, or past the end of a list.
    pub fn set(&self, datum: &mut Datum, piece: Datum) -> Result<()> {
        self.place(&self.steps, datum, piece)
    }

    fn place(&self, steps: &[Step], datum: &mut Datum, piece: Datum) -> Result<()> {
        let Some((step, rest)) = steps.split_first() else {
            *datum = piece;
            return Ok(());
        };
        match (step, datum.open()) {
            (Step::Key(key), Datum::Map(map)) => {
                if rest.is_empty() {
                    map.insert(key.clone(), piece);
                    return Ok(());
                }
                if map.get(key).is_none() {
                    map.push(key.clone(), Datum::Map(Map::new()));
                }
                let next = map.get_mut(key).expect("it was just made");
                if matches!(next, Datum::Unit) && matches!(rest[0], Step::Key(_)) {
                    *next = Datum::Map(Map::new());
                }
                self.place(rest, next, piece)
            }
            (Step::At(n), Datum::List(list)) => {
                let len = list.len();
                match index(*n, len) {
                    Some(place) => self.place(rest, &mut list[place], piece),
                    None => Err(Error::data(format!("no place {n} in an array of {len}, path"), &self.to_string())),
                }
            }
            (Step::All, Datum::List(list)) => list.iter_mut().try_for_each(|item| self.place(rest, item, piece.clone())),
            (step, other) => Err(Error::WrongKind {
                what: format!("what `{self}` leads through"),
                wanted: if matches!(step, Step::Key(_)) { "a map" } else { "an array" },
                got: other.kind(),
            }),
        }
    }

    /// Takes the part at this path out; nothing there is no error. Gives what was there.
    pub fn delete(&self, datum: &mut Datum) -> Option<Datum> {
        fn cut(steps: &[Step], datum: &mut Datum) -> Option<Datum> {
            let (step, rest) = steps.split_first()?;
            match (step, datum.open()) {
                (Step::Key(key), Datum::Map(map)) if rest.is_empty() => map.remove(key),
                (Step::Key(key), Datum::Map(map)) => cut(rest, map.get_mut(key)?),
                (Step::At(n), Datum::List(list)) => {
                    let place = index(*n, list.len())?;
                    if rest.is_empty() { Some(list.remove(place)) } else { cut(rest, &mut list[place]) }
                }
                (Step::All, Datum::List(list)) if rest.is_empty() => Some(Datum::List(std::mem::take(list))),
                (Step::All, Datum::List(list)) => {
                    let gone: Vec<Datum> = list.iter_mut().filter_map(|item| cut(rest, item)).collect();
                    (!gone.is_empty()).then_some(Datum::List(gone))
                }
                _ => None,
            }
        }
        cut(&self.steps, datum)
    }
}

/// The place that `n` means in a list of `len`.
fn index(n: i64, len: usize) -> Option<usize> {
    let place = if n < 0 { n + len as i64 } else { n };
    usize::try_from(place).ok().filter(|place| *place < len)
}

/// The part of `datum` at these steps; see [`Path::get`].
pub(super) fn walk<'a>(steps: &[Step], datum: &'a Datum) -> Option<Cow<'a, Datum>> {
    let mut here = datum;
    for (n, step) in steps.iter().enumerate() {
        here = match (step, here) {
            (Step::Key(key), Datum::Map(map)) => match map.look(key)? {
                View::Datum(found) => found,
                piece @ View::Piece(_) if n + 1 == steps.len() => return Some(Cow::Owned(piece.to_datum())),
                View::Piece(piece) => return piece.seek(&steps[n + 1..]).map(Cow::Owned),
            },
            (Step::At(at), Datum::List(list)) => &list[index(*at, list.len())?],
            (Step::All, Datum::List(list)) => {
                let mut all = Vec::new();
                // Those that do not have what is asked for are passed over: an address of each source that has one.
                for found in list.iter().filter_map(|item| walk(&steps[n + 1..], item)) {
                    match found.into_owned() {
                        Datum::List(more) => all.extend(more),
                        Datum::Raw(text) if text.starts_with('[') => match super::json::open(&text) {
                            Datum::List(more) => all.extend(more),
                            one => all.push(one),
                        },
                        one => all.push(one),
                    }
                }
                return Some(Cow::Owned(Datum::List(all)));
            }
            (_, Datum::Raw(text)) => return super::json::seek(text, &steps[n..]).map(Cow::Owned),
            _ => return None,
        };
    }
    Some(Cow::Borrowed(here))
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) if n == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::At(at) => write!(f, "[{at}]")?,
                Step::All => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Datum {
        super::super::json::read(text).unwrap()
    }

    #[test]
    fn paths_find_set_and_delete() {
        let mut d = json(r#"{"a": {"b": [1, {"c": 2}, [3]]}}"#);
        let get = |d: &Datum, p: &str| Path::parse(p).unwrap().get(d).map(Cow::into_owned);
        assert_eq!(get(&d, "a.b[1].c"), Some(Datum::Int(2)));
        assert_eq!(get(&d, "a.b[-1][0]"), Some(Datum::Int(3)));
        assert_eq!(get(&d, "a.x"), None);
        assert_eq!(get(&d, "a.b[9]"), None);
        Path::parse("a.n.m").unwrap().set(&mut d, Datum::Int(7)).unwrap();
        assert_eq!(get(&d, "a.n.m"), Some(Datum::Int(7)));
        assert!(Path::parse("a.b[9]").unwrap().set(&mut d, Datum::Unit).is_err());
        assert_eq!(Path::parse("a.b[0]").unwrap().delete(&mut d), Some(Datum::Int(1)));
        assert_eq!(Path::parse("a.zzz.q").unwrap().delete(&mut d), None);
        assert_eq!(d, json(r#"{"a": {"b": [{"c": 2}, [3]], "n": {"m": 7}}}"#));
    }

    #[test]
    fn a_star_gathers_into_one_flat_list() {
        let d = json(r#"{"s": [{"ip": ["a", "b"]}, {"ip": ["c"]}]}"#);
        let found = Path::parse("s[*].ip").unwrap().get(&d).unwrap().into_owned();
        assert_eq!(found, json(r#"["a", "b", "c"]"#));
    }

    #[test]
    fn behind_a_star_what_is_missing_is_passed_over_but_not_before_it() {
        let text = r#"{"s": [{"ip": ["a"]}, {"name": "b"}, 7, {"ip": []}, {"ip": ["c"]}], "e": []}"#;
        for d in [json(text), Datum::Raw(text.into())] {
            let get = |path: &str| Path::parse(path).unwrap().get(&d).map(Cow::into_owned);
            assert_eq!(get("s[*].ip[*]"), Some(json(r#"["a", "c"]"#)));
            assert_eq!(get("s[*].none.at[3]"), Some(json("[]")));
            assert_eq!(get("e[*].ip"), Some(json("[]")));
            assert_eq!(get("t[*].ip"), None);
        }
    }

    #[test]
    fn a_path_looks_into_raw_json_without_changing_it() {
        let d = Datum::Raw(r#"{"a":[{"b":1.50}]}"#.into());
        let found = Path::parse("a[0].b").unwrap().get(&d).unwrap().into_owned();
        assert_eq!(super::super::json::to_string(&found), "1.50");
    }

    #[test]
    fn malformed_paths_are_refused() {
        for bad in ["", ".a", "a..b", "a[", "a[x]", "a[0]b", "a."] {
            assert!(Path::parse(bad).is_err(), "{bad}");
        }
    }
}
