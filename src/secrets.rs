//! Values that must never be shown: remembered once, masked wherever text leaves the program.
//!
//! [`Secrets`] is one collection; [`remember`] and [`mask`] are the process-wide one, fed when configuration is gathered and
//! used by the log and by every rendering. Knows nothing of configuration.
//!
//! Values shorter than [`SHORTEST`] letters are not searched for: they would be found inside innocent words. The memory of
//! a forgotten value is not wiped.

use std::borrow::Cow;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::datum::{Datum, json};

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// Values with fewer letters are not searched for.
pub const SHORTEST: usize = 4;

/// A collection of secret values.
#[derive(Clone, Default)]
pub struct Secrets {
    values: Vec<String>,
}

impl Secrets {
    /// An empty collection.
    pub const fn new() -> Self {
        Self { values: Vec::new() }
    }

    /// Whether nothing is searched for.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Adds a value, and its form inside a JSON string where that differs.
    pub fn remember(&mut self, value: &str) {
        let mut quoted = String::new();
        json::write_string(&mut quoted, value);
        let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
        for form in [value, inner] {
            if form.chars().count() >= SHORTEST && !self.values.iter().any(|known| known == form) {
                self.values.push(form.to_owned());
            }
        }
    }

    /// Adds every text and number inside `datum`.
    pub fn remember_datum(&mut self, datum: &Datum) {
        match datum {
            Datum::Unit | Datum::Bool(_) => {}
            Datum::List(list) => list.iter().for_each(|item| self.remember_datum(item)),
            Datum::Map(map) => map.iter().for_each(|(_, item)| self.remember_datum(item)),
            Datum::Raw(text) => match json::open(text) {
                Datum::Raw(_) => self.remember(text),
                opened => self.remember_datum(&opened),
            },
            other => self.remember(&other.piece()),
        }
    }

    /// Adds all of another collection.
    pub fn join(&mut self, other: &Self) {
        other.values.iter().for_each(|value| self.remember(value));
    }

    /// `text` with [`MASK`] in place of each secret; secrets that touch or overlap become one mask.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut found: Vec<(usize, usize)> = self.values.iter().flat_map(|value| places(text, value)).collect();
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        found.sort_unstable();
        let mut masked = String::with_capacity(text.len());
        let mut done = 0;
        let mut hidden = None;
        for (start, end) in found {
            match hidden {
                Some(until) if start <= until => hidden = Some(end.max(until)),
                _ => {
                    done = hidden.unwrap_or(done);
                    masked.push_str(&text[done..start]);
                    masked.push_str(MASK);
                    hidden = Some(end);
                }
            }
        }
        masked.push_str(&text[hidden.unwrap_or(done)..]);
        Cow::Owned(masked)
    }
}

/// Where `value` stands in `text`, overlapping places included.
fn places(text: &str, value: &str) -> Vec<(usize, usize)> {
    let finder = memchr::memmem::Finder::new(value);
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(at) = finder.find(&text.as_bytes()[from..]) {
        found.push((from + at, from + at + value.len()));
        from += at + 1;
    }
    found
}

/// Shows how many there are, never which.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.values.len())
    }
}

static ANY: AtomicBool = AtomicBool::new(false);
static ALL: RwLock<Secrets> = RwLock::new(Secrets::new());

/// Masks `value` in everything the process shows from now on.
pub fn remember(value: &str) {
    let mut all = ALL.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    all.remember(value);
    ANY.store(!all.is_empty(), Ordering::Release);
}

/// Masks all of `secrets` in everything the process shows from now on.
pub fn remember_all(secrets: &Secrets) {
    let mut all = ALL.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    all.join(secrets);
    ANY.store(!all.is_empty(), Ordering::Release);
}

/// Masks every text and number inside `datum` in everything the process shows from now on.
pub fn remember_datum(datum: &Datum) {
    let mut secrets = Secrets::new();
    secrets.remember_datum(datum);
    remember_all(&secrets);
}

/// `text` with [`MASK`] in place of what stands before the host of an address (`scheme://user:password@host`), and without what
/// stands behind a question mark in it: both may hold secrets that nobody has declared.
pub fn hide_in_urls(text: &str) -> Cow<'_, str> {
    let Some(mut at) = text.find("://") else { return Cow::Borrowed(text) };
    let (mut out, mut done) = (String::new(), 0);
    loop {
        let start = at + "://".len();
        let end = text[start..].find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>')).map_or(text.len(), |n| start + n);
        let url = &text[start..end];
        let (before, query) = url.split_once('?').map_or((url, ""), |(before, query)| (before, query));
        let host = before.split('/').next().unwrap_or_default();
        let user = host.rfind('@');
        out.push_str(&text[done..start]);
        if user.is_some() {
            out.push_str(MASK);
        }
        out.push_str(&before[user.unwrap_or(0)..]);
        if !query.is_empty() {
            out.push('?');
            out.push_str(MASK);
        }
        done = end;
        match text[end..].find("://") {
            Some(next) => at = end + next,
            None => break,
        }
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// `text` with [`MASK`] in place of each secret the process knows of.
pub fn mask(text: &str) -> Cow<'_, str> {
    if !ANY.load(Ordering::Acquire) {
        return Cow::Borrowed(text);
    }
    ALL.read().unwrap_or_else(std::sync::PoisonError::into_inner).mask(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(values: &[&str]) -> Secrets {
        let mut secrets = Secrets::new();
        for value in values {
            secrets.remember(value);
        }
        secrets
    }

    #[test]
    fn each_occurrence_is_masked() {
        assert_eq!(secrets(&["hunter2"]).mask("a hunter2, a hunter2!"), "a ***, a ***!");
        assert!(matches!(secrets(&["hunter2"]).mask("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn addresses_keep_their_users_and_queries_to_themselves() {
        assert_eq!(hide_in_urls("url=\"http://u:p@h.example:80/a/b?key=1\", x=1"), "url=\"http://***@h.example:80/a/b?***\", x=1");
        assert_eq!(hide_in_urls("[\"https://h/a@b\", \"ftp://u@h\"]"), "[\"https://h/a@b\", \"ftp://***@h\"]");
        assert!(matches!(hide_in_urls("a: b?c=d"), Cow::Borrowed(_)));
    }

    #[test]
    fn overlapping_secrets_leave_no_tail() {
        assert_eq!(secrets(&["abcdef", "defghi"]).mask("-abcdefghi-"), "-***-");
        assert_eq!(secrets(&["abcd", "abcdef"]).mask("-abcdef-"), "-***-");
        assert_eq!(secrets(&["abab"]).mask("ababab"), "***");
        assert_eq!(secrets(&["žluť"]).mask("kůň žluťoučký"), "kůň ***oučký");
    }

    #[test]
    fn short_values_are_not_searched_for() {
        assert!(secrets(&["abc", ""]).is_empty());
        assert_eq!(secrets(&["abc"]).mask("abc"), "abc");
    }

    #[test]
    fn values_inside_lists_and_maps_are_secret_too() {
        let mut secrets = Secrets::new();
        let inner = Datum::Map([("token".into(), Datum::str("s3cret"))].into_iter().collect());
        secrets.remember_datum(&Datum::List(vec![inner, Datum::Int(12345), Datum::Bool(true)]));
        assert_eq!(secrets.mask("s3cret 12345 true"), "*** *** true");
        assert_eq!(format!("{secrets:?}"), "Secrets(2)");
    }

    #[test]
    fn the_process_remembers_for_everybody() {
        remember("only-this-test-knows-it");
        assert_eq!(mask("x only-this-test-knows-it y"), "x *** y");
    }
}
