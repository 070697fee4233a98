//! One line of keys and values: which keys can be written, which values need quotes.

use std::borrow::Cow;

use crate::cog::Args;
use crate::cogs::text::written;
use crate::datum::{Datum, Look, Map, View};
use crate::error::{Error, Result};

/// What is told by the key alone.
#[derive(Clone, Copy, PartialEq)]
enum Bare {
    True,
    Unit,
    Nothing,
}

/// How pairs are written.
#[expect(clippy::struct_excessive_bools, reason = "independent options, read by name")]
pub(super) struct Pairs {
    pair_sep: String,
    /// Any blank or tab ends a pair.
    blanks: bool,
    kv_sep: String,
    quote: Option<char>,
    bare: Bare,
    flatten: bool,
    repeat: bool,
    replace: bool,
}

/// So many bytes of keys may be written once more, for elements of lists and maps: else little data would make lines without end.
const AGAIN: usize = 1 << 20;
/// What is nested deeper is written as JSON.
pub(super) const DEEPEST: usize = 128;

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t')
}

/// Whether `sep` begins in `text` when `next` stands behind that.
fn begins_in(sep: &str, text: &str, next: &str) -> bool {
    let over = |n| sep.is_char_boundary(n) && text.ends_with(&sep[..n]) && next.starts_with(&sep[n..]);
    text.contains(sep) || (1..sep.len()).any(over)
}

impl Pairs {
    pub(super) fn new(args: &Args) -> Result<Self> {
        let (pair_sep, kv_sep) = (args.str("pair_sep"), args.str("kv_sep"));
        let quote = args.given("quote").and_then(|given| given.datum()).and_then(|datum| datum.as_str()?.chars().next());
        if quote.is_some_and(|quote| quote.is_control() || matches!(quote, '\\' | 'n' | 'r' | 't' | ' ')) {
            return Err(Error::option("quote", "must not be a blank, nor a letter that an escape is made of"));
        }
        for (option, text) in [("pair_sep", &pair_sep), ("kv_sep", &kv_sep)] {
            if text.is_empty() {
                return Err(Error::option(option, "must not be empty"));
            }
            if quote.is_some_and(|quote| text.contains(quote)) {
                return Err(Error::option(option, "must not hold the quote"));
            }
        }
        let blanks = pair_sep == " ";
        if kv_sep.contains(&pair_sep) || blanks && kv_sep.contains(is_blank) {
            return Err(Error::option("kv_sep", "must not hold what stands between pairs"));
        }
        let bare = match args.str("bare").as_str() {
            "unit" => Bare::Unit,
            "none" => Bare::Nothing,
            _ => Bare::True,
        };
        let (flatten, repeat) = (args.str("maps") == "flatten", args.str("lists") == "repeat");
        Ok(Self { pair_sep, blanks, kv_sep, quote, bare, flatten, repeat, replace: args.str("bad_keys") == "replace" })
    }

    /// The key as it is written.
    pub(super) fn key<'a>(&self, key: &'a str) -> Result<Cow<'a, str>> {
        if self.is_fit(key) {
            return Ok(Cow::Borrowed(key));
        }
        if self.replace {
            let bad = |letter: char| {
                letter.is_control() || letter.is_whitespace() || self.kv_sep.contains(letter) || self.pair_sep.contains(letter)
            };
            let fit = if key.is_empty() { "_".to_owned() } else { key.replace(bad, "_") };
            if self.is_fit(&fit) {
                return Ok(Cow::Owned(fit));
            }
        }
        Err(Error::data("cannot be told from what stands around it: the key", key))
    }

    fn is_fit(&self, key: &str) -> bool {
        !key.is_empty()
            && !key.contains(char::is_control)
            && !(if self.blanks { key.contains(is_blank) } else { key.starts_with(is_blank) || key.ends_with(is_blank) })
            && !begins_in(&self.kv_sep, key, &self.kv_sep)
            && !begins_in(&self.pair_sep, key, &self.kv_sep)
            && !begins_in(&self.pair_sep, key, &self.pair_sep)
    }
}

/// A line that is being written.
pub(super) struct Line<'a> {
    pairs: &'a Pairs,
    out: &'a mut String,
    start: usize,
    /// Bytes of keys that were written for elements.
    again: usize,
}

impl<'a> Line<'a> {
    /// What is written goes behind what stands in `out`.
    pub(super) fn new(pairs: &'a Pairs, out: &'a mut String) -> Self {
        Self { pairs, start: out.len(), out, again: 0 }
    }

    /// All of a map.
    pub(super) fn all(&mut self, map: &Map) -> Result<()> {
        for (key, view) in map.views() {
            match view {
                View::Piece(piece) if matches!(piece.look(), Look::Text | Look::Plain | Look::Bare) => {
                    self.pair(key.as_str(), piece.as_str())?;
                }
                view => self.put(key.as_str(), &view.datum(), DEEPEST)?,
            }
        }
        Ok(())
    }

    pub(super) fn put(&mut self, key: &str, piece: &Datum, depth: usize) -> Result<()> {
        let pairs = self.pairs;
        match piece {
            Datum::Bool(true) if pairs.bare == Bare::True => self.word(key),
            Datum::Unit if pairs.bare == Bare::Unit => self.word(key),
            Datum::Map(map) if pairs.flatten && depth > 0 && !map.is_empty() => {
                self.again(key, map.len())?;
                map.views().try_for_each(|(inner, view)| self.put(&format!("{key}.{}", inner.as_str()), &view.datum(), depth - 1))
            }
            Datum::List(list) if pairs.repeat && depth > 0 => {
                self.again(key, list.len())?;
                list.iter().try_for_each(|element| self.put(key, element, depth - 1))
            }
            Datum::Raw(_) if if piece.kind() == "map" { pairs.flatten } else { pairs.repeat } => self.put(key, &piece.opened(), depth),
            piece => self.pair(key, &written(piece)?),
        }
    }

    /// The key is about to be written so many times.
    fn again(&mut self, key: &str, times: usize) -> Result<()> {
        self.again = self.again.saturating_add(key.len().saturating_mul(times));
        if self.again <= AGAIN {
            return Ok(());
        }
        Err(Error::data("is repeated too often, for too many elements: the key", key))
    }

    /// Writes the separator, where it is not the first, and the key.
    fn word(&mut self, key: &str) -> Result<()> {
        let key = self.pairs.key(key)?;
        if self.out.len() > self.start {
            self.out.push_str(&self.pairs.pair_sep);
        }
        self.out.push_str(&key);
        Ok(())
    }

    pub(super) fn pair(&mut self, key: &str, value: &str) -> Result<()> {
        let pairs = self.pairs;
        let before = self.out.len();
        self.word(key)?;
        let start = if before > self.start { before + pairs.pair_sep.len() } else { before };
        self.out.push_str(&pairs.kv_sep);
        let end = self.out.len();
        // A reader takes blanks and line breaks from both ends.
        let bare = |letter: char| is_blank(letter) || matches!(letter, '\r' | '\n');
        let needs = if value.is_empty() {
            pairs.kv_sep.ends_with(bare)
        } else {
            value.starts_with(is_blank)
                || value.ends_with(is_blank)
                || value.contains(['\r', '\n'])
                || pairs.blanks && value.contains(is_blank)
                || pairs.quote.is_some_and(|quote| value.contains(quote))
        };
        if !needs {
            self.out.push_str(value);
            if !begins_in(&pairs.pair_sep, &self.out[start..], &pairs.pair_sep) {
                return Ok(());
            }
            self.out.truncate(end);
        }
        let Some(quote) = pairs.quote else { return Err(Error::data(format!("needs quotes: the value of `{key}`"), value)) };
        self.out.push(quote);
        for letter in value.chars() {
            match letter {
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                letter => {
                    if letter == '\\' || letter == quote {
                        self.out.push('\\');
                    }
                    self.out.push(letter);
                }
            }
        }
        self.out.push(quote);
        Ok(())
    }
}
