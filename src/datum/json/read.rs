//! The reader: recursive descent over the bytes, nothing taken on trust.

use std::rc::Rc;

use super::fault::{Fault, JsonError, What};
use super::gather::Gather;
use super::letters::{end_of_string, unescape};
use crate::datum::{Datum, Key, Text};

/// How a text is to be read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Split only the outermost list or map; those within stay raw text, checked all the same.
    pub lazy: bool,
    /// Refuse a key given twice in one map; else its last value wins, in the place of the first.
    pub duplicates_fail: bool,
    /// How deep lists and maps may be nested. The reader recurses: keep it below some thousands.
    pub max_depth: usize,
    /// What whole numbers beyond `i64` become.
    pub big: Big,
}

/// What whole numbers beyond `i64` become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Big {
    /// Exact numbers, digit by digit.
    #[default]
    Exact,
    /// The nearest binary fraction.
    Float,
    /// Strings of their digits.
    Text,
    /// An error.
    Fail,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { lazy: false, duplicates_fail: false, max_depth: 128, big: Big::Exact }
    }
}

/// Reads one document, all levels. Blanks around it and a byte order mark before it are skipped.
///
/// # Errors
/// Says what is wrong and where.
pub fn read(text: &str) -> Result<Datum, JsonError> {
    let text = Text::span(&Rc::new(text.to_owned()), 0..text.len());
    read_text(&text, &ReadOptions::default())
}

/// Reads one document that is the whole text. Strings without escapes, numbers and what stays raw are spans of its block.
///
/// # Errors
/// Says what is wrong and where; also for text after the document.
pub fn read_text(text: &Text, options: &ReadOptions) -> Result<Datum, JsonError> {
    let text = text.clone().into_span();
    let mut reader = Reader::new(&text, options);
    let document = reader.document(0).and_then(|datum| {
        reader.blanks();
        if reader.at == reader.bytes.len() { Ok(datum) } else { reader.fault("more text after the document") }
    });
    document.map_err(|fault| JsonError::new(&text, fault))
}

/// Reads the document that starts at the byte `from`, as one of several, and gives it with the place after it and the blanks
/// that follow: the length of the text after the last one.
///
/// # Errors
/// Says what is wrong and where; also for numbers and words that stick together.
pub fn read_prefix(text: &Text, from: usize, options: &ReadOptions) -> Result<(Datum, usize), JsonError> {
    let text = text.clone().into_span();
    let mut reader = Reader::new(&text, options);
    let document = reader.document(from).and_then(|datum| {
        let closed = matches!(reader.bytes[reader.at - 1], b'}' | b']' | b'"');
        if !closed && reader.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')) {
            return reader.fault("two documents stick together");
        }
        reader.blanks();
        Ok((datum, reader.at))
    });
    document.map_err(|fault| JsonError::new(&text, fault))
}

/// Reads the outermost level of JSON that is known to be valid; lists and maps in it stay raw.
pub fn open(text: &Text) -> Datum {
    let text = text.clone().into_span();
    let options = ReadOptions { lazy: true, ..ReadOptions::default() };
    let mut reader = Reader { trusted: true, ..Reader::new(&text, &options) };
    // Only text that was never checked can fail; it is then what it looks like.
    reader.document(0).unwrap_or_else(|_| Datum::Str(text.clone()))
}

struct Reader<'a> {
    text: &'a Text,
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    options: &'a ReadOptions,
    lazy: bool,
    /// The text was checked before: what is skipped need not be.
    trusted: bool,
    /// A whole number beyond `i64` was skipped.
    big: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a Text, options: &'a ReadOptions) -> Self {
        let source = text.as_str();
        Self { text, source, bytes: source.as_bytes(), at: 0, options, lazy: options.lazy, trusted: false, big: false }
    }

    fn document(&mut self, from: usize) -> Result<Datum, Fault> {
        self.at = from;
        if from == 0 && self.source.starts_with('\u{FEFF}') {
            self.at = '\u{FEFF}'.len_utf8();
        }
        self.blanks();
        self.value(0)
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// A fault at the present place; at the end of the text that is what is wrong.
    #[cold]
    fn fault<T>(&self, what: &'static str) -> Result<T, Fault> {
        let what = if self.at >= self.bytes.len() { What::Surplus } else { What::Plain(what) };
        Err(Fault { at: self.at, what })
    }

    /// One value, in lists and maps of this number. Blanks before it are gone already.
    fn value(&mut self, depth: usize) -> Result<Datum, Fault> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') if self.lazy && depth > 0 => self.raw(depth),
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Datum::Bool(true)),
            Some(b'f') => self.word("false", Datum::Bool(false)),
            Some(b'n') => self.word("null", Datum::Unit),
            _ => self.fault("a value was expected"),
        }
    }

    #[inline]
    fn word(&mut self, word: &'static str, meant: Datum) -> Result<Datum, Fault> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(meant);
        }
        if word.as_bytes().starts_with(&self.bytes[self.at..]) {
            self.at = self.bytes.len();
        }
        self.fault("a value was expected")
    }

    /// Steps into a list or map.
    #[inline]
    fn enter(&mut self, depth: usize) -> Result<(), Fault> {
        if depth >= self.options.max_depth && !self.trusted {
            return Err(Fault { at: self.at, what: What::Depth(self.options.max_depth) });
        }
        self.at += 1;
        self.blanks();
        Ok(())
    }

    /// After an element: whether another one follows.
    #[inline]
    fn goes_on(&mut self, close: u8) -> Result<bool, Fault> {
        self.blanks();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.blanks();
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ if close == b'}' => self.fault("`,` or `}` was expected"),
            _ => self.fault("`,` or `]` was expected"),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Datum, Fault> {
        self.enter(depth)?;
        let mut list = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Datum::List(list));
        }
        loop {
            list.push(self.value(depth + 1)?);
            if !self.goes_on(b']')? {
                return Ok(Datum::List(list));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Datum, Fault> {
        self.enter(depth)?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Datum::Map(Gather::default().into_map()));
        }
        let mut entries = Gather::with_capacity(8);
        loop {
            let start = self.at;
            let (inside, escaped) = self.key()?;
            let key = if escaped { Key::new(&unescape(inside)) } else { Key::new(inside) };
            let place = entries.find(&key);
            if place.is_some() && self.options.duplicates_fail {
                return Err(Fault { at: start, what: What::Plain("a key given twice") });
            }
            let value = self.value(depth + 1)?;
            match place {
                None => entries.push(key, value),
                Some(place) => entries.set(place, value),
            }
            if !self.goes_on(b'}')? {
                return Ok(Datum::Map(entries.into_map()));
            }
        }
    }

    /// The inside of a key and whether it holds escapes; passes the colon.
    #[inline]
    fn key(&mut self) -> Result<(&'a str, bool), Fault> {
        if self.peek() != Some(b'"') {
            return self.fault("a key in quotes was expected");
        }
        let start = self.at + 1;
        let (end, escaped) = end_of_string(self.bytes, start)?;
        self.at = end + 1;
        self.blanks();
        if self.peek() != Some(b':') {
            return self.fault("`:` was expected");
        }
        self.at += 1;
        self.blanks();
        Ok((&self.source[start..end], escaped))
    }

    #[inline]
    fn string(&mut self) -> Result<Datum, Fault> {
        let start = self.at + 1;
        let (end, escaped) = end_of_string(self.bytes, start)?;
        self.at = end + 1;
        Ok(Datum::Str(if escaped { unescape(&self.source[start..end]).into() } else { self.text.slice(start..end) }))
    }

    fn number(&mut self) -> Result<Datum, Fault> {
        let start = self.at;
        let whole = self.digits()?;
        let digits = &self.source[start..self.at];
        if !whole || digits == "-0" {
            return Ok(Datum::Number(self.text.slice(start..self.at)));
        }
        if let Ok(value) = digits.parse() {
            return Ok(Datum::Int(value));
        }
        match self.options.big {
            Big::Exact => Ok(Datum::Number(self.text.slice(start..self.at))),
            Big::Text => Ok(Datum::Str(self.text.slice(start..self.at))),
            Big::Float => match digits.parse() {
                Ok(value) if f64::is_finite(value) => Ok(Datum::Float(value)),
                _ => Err(Fault { at: start, what: What::Plain("a number beyond the range of floats") }),
            },
            Big::Fail => Err(Fault { at: start, what: What::Plain("a whole number beyond 64 bits") }),
        }
    }

    /// Passes a number; says whether it is a whole one, without fraction and exponent.
    fn digits(&mut self) -> Result<bool, Fault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return self.fault("a number that starts with 0");
            }
        } else {
            self.some_digits()?;
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            whole = false;
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            whole = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(whole)
    }

    #[inline]
    fn some_digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { self.fault("a digit was expected") } else { Ok(()) }
    }

    /// A list or map that stays as it is written, unless an option bears on what is in it.
    fn raw(&mut self, depth: usize) -> Result<Datum, Fault> {
        let start = self.at;
        if self.trusted {
            self.pass_trusted()?;
        } else if self.options.duplicates_fail {
            self.eager(depth)?;
        } else {
            self.pass(depth)?;
        }
        if std::mem::take(&mut self.big) {
            self.at = start;
            return self.eager(depth);
        }
        Ok(Datum::Raw(self.text.slice(start..self.at)))
    }

    fn eager(&mut self, depth: usize) -> Result<Datum, Fault> {
        self.lazy = false;
        let value = self.value(depth);
        self.lazy = true;
        value
    }

    /// Passes a value, checking all of it.
    fn pass(&mut self, depth: usize) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => {
                self.at = end_of_string(self.bytes, self.at + 1)?.0 + 1;
                Ok(())
            }
            Some(b'{') => {
                self.enter(depth)?;
                if self.peek() == Some(b'}') {
                    self.at += 1;
                    return Ok(());
                }
                loop {
                    self.key()?;
                    self.pass(depth + 1)?;
                    if !self.goes_on(b'}')? {
                        return Ok(());
                    }
                }
            }
            Some(b'[') => {
                self.enter(depth)?;
                if self.peek() == Some(b']') {
                    self.at += 1;
                    return Ok(());
                }
                loop {
                    self.pass(depth + 1)?;
                    if !self.goes_on(b']')? {
                        return Ok(());
                    }
                }
            }
            Some(b'-' | b'0'..=b'9') if self.options.big == Big::Exact => self.digits().map(drop),
            Some(b'-' | b'0'..=b'9') => {
                let start = self.at;
                let whole = self.digits()?;
                self.big |= whole && self.source[start..self.at].parse::<i64>().is_err();
                Ok(())
            }
            _ => self.value(depth).map(drop),
        }
    }

    /// Passes a list or map that was checked before: only its end is looked for.
    fn pass_trusted(&mut self) -> Result<(), Fault> {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => self.at = end_of_string(self.bytes, self.at)?.0 + 1,
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 1 => return Ok(()),
                b'}' | b']' => depth -= 1,
                _ => {}
            }
        }
        self.fault("")
    }
}
