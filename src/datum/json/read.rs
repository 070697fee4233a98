//! The reader: nothing taken on trust, lists and maps made by recursive descent where they are not left raw.

use std::cell::RefCell;
use std::rc::Rc;

use super::fault::{Fault, JsonError, What};
use super::forms::Forms;
use super::gather::Gather;
use super::letters::unescape;
use super::scan::{Broken, Scan, Scanned};
use crate::datum::{Datum, Key, Map, Text};

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
    Reader::new(options.clone()).read(text)
}

/// Reads the outermost level of JSON that is known to be valid; lists and maps in it stay raw.
pub fn open(text: &Text) -> Datum {
    let text = text.clone().into_span();
    // Only text that was never checked can fail; it is then what it looks like.
    #[allow(clippy::redundant_closure_for_method_calls, reason = "the method alone is of one lifetime only")]
    with_opened(&text, |document| document.read()).unwrap_or(Datum::Str(text))
}

/// Reads on in JSON that is known to be valid. What is learnt of the forms of records is kept for the thread.
pub(super) fn with_opened<T>(text: &Text, f: impl FnOnce(&mut Document<'_>) -> T) -> T {
    thread_local! {
        static FORMS: RefCell<Forms> = const { RefCell::new(Forms::new()) };
    }
    const OPTIONS: ReadOptions = ReadOptions { lazy: true, duplicates_fail: false, max_depth: usize::MAX, big: Big::Exact };
    FORMS.with_borrow_mut(|forms| {
        let mut document = Document::new(text, 0, &OPTIONS, forms);
        document.trusted = true;
        document.at = document.scan.blanks(document.at);
        f(&mut document)
    })
}

/// Reads documents one after another, and learns from each how the next one will look.
#[derive(Debug, Default)]
pub struct Reader {
    options: ReadOptions,
    forms: Forms,
}

impl Reader {
    /// A reader that has seen nothing yet.
    pub fn new(options: ReadOptions) -> Self {
        Self { options, forms: Forms::new() }
    }

    /// Reads one document that is the whole text; see [`read_text`].
    ///
    /// # Errors
    /// Says what is wrong and where; also for text after the document.
    pub fn read(&mut self, text: &Text) -> Result<Datum, JsonError> {
        let span;
        let text = if text.place().is_some() {
            text
        } else {
            span = text.clone().into_span();
            &span
        };
        let mut document = Document::new(text, 0, &self.options, &mut self.forms);
        let read = document.read().and_then(|datum| {
            document.at = document.scan.blanks(document.at);
            let whole = document.at == document.scan.bytes.len();
            if whole { Ok(datum) } else { document.scan.broken(document.at, "more text after the document") }
        });
        read.map_err(|Broken| document.error())
    }

    /// Reads the document that starts at the byte `from`, as one of several, and gives it with the place after it and the blanks
    /// that follow: the length of the text after the last one.
    ///
    /// # Errors
    /// Says what is wrong and where; also for numbers and words that stick together.
    pub fn read_prefix(&mut self, text: &Text, from: usize) -> Result<(Datum, usize), JsonError> {
        let span;
        let text = if text.place().is_some() {
            text
        } else {
            span = text.clone().into_span();
            &span
        };
        let mut document = Document::new(text, from, &self.options, &mut self.forms);
        let read = document.read().and_then(|datum| {
            let at = document.at;
            let closed = matches!(document.scan.bytes[at - 1], b'}' | b']' | b'"');
            if !closed && document.scan.peek(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')) {
                return document.scan.broken(at, "two documents stick together");
            }
            Ok((datum, document.scan.blanks(at) - document.base))
        });
        read.map_err(|Broken| document.error())
    }
}

/// A document while it is read.
pub(super) struct Document<'a> {
    pub(super) text: &'a Text,
    /// Where the text starts in the bytes that are scanned.
    pub(super) base: usize,
    pub(super) scan: Scan<'a>,
    /// How far it is read.
    pub(super) at: usize,
    pub(super) options: &'a ReadOptions,
    pub(super) forms: &'a mut Forms,
    /// Lists and maps within others stay raw.
    pub(super) lazy: bool,
    /// The text was checked before: what is skipped need not be.
    pub(super) trusted: bool,
    /// What a value means that is not what stands there.
    pub(super) made: Datum,
}

impl<'a> Document<'a> {
    #[inline]
    fn new(text: &'a Text, from: usize, options: &'a ReadOptions, forms: &'a mut Forms) -> Self {
        let (block, base, end) = match text.place() {
            Some((block, range)) => (block.as_bytes(), range.start, range.end),
            None => (text.as_bytes(), 0, text.len()),
        };
        let mut scan = Scan::new(block, end, options.max_depth);
        scan.heeds_big = options.big != Big::Exact;
        Self { text, base, scan, at: base + from, options, forms, lazy: options.lazy, trusted: false, made: Datum::Unit }
    }

    fn read(&mut self) -> Scanned<Datum> {
        if self.scan.peek(self.at) == Some(0xEF) && self.at == self.base && self.text.starts_with('\u{FEFF}') {
            self.at += '\u{FEFF}'.len_utf8();
        }
        self.at = self.scan.blanks(self.at);
        if self.lazy && self.scan.peek(self.at) == Some(b'{') && self.text.place().is_some() { self.record() } else { self.value(0) }
    }

    #[cold]
    fn error(&self) -> JsonError {
        let Fault { at, what } = self.scan.fault;
        JsonError::new(self.text, Fault { at: at - self.base, what })
    }

    /// The text between two places.
    #[inline]
    pub(super) fn piece(&self, start: usize, end: usize) -> Text {
        self.text.slice(start - self.base..end - self.base)
    }

    /// The letters between two places.
    #[inline]
    fn letters(&self, start: usize, end: usize) -> &'a str {
        let text: &'a Text = self.text;
        &text[start - self.base..end - self.base]
    }

    /// One value, in lists and maps of this number. Blanks before it are gone already.
    pub(super) fn value(&mut self, depth: usize) -> Scanned<Datum> {
        match self.scan.peek(self.at) {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') if self.lazy && depth > 0 => self.raw(depth),
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Datum::Bool(true)),
            Some(b'f') => self.word("false", Datum::Bool(false)),
            Some(b'n') => self.word("null", Datum::Unit),
            _ => self.scan.broken(self.at, "a value was expected"),
        }
    }

    #[inline]
    fn word(&mut self, word: &'static str, meant: Datum) -> Scanned<Datum> {
        self.at = self.scan.word(self.at, word)?;
        Ok(meant)
    }

    /// After an element: whether another one follows.
    #[inline]
    fn goes_on(&mut self, close: u8) -> Scanned<bool> {
        let (at, more) = self.scan.goes_on(self.at, close)?;
        self.at = at;
        Ok(more)
    }

    fn list(&mut self, depth: usize) -> Scanned<Datum> {
        self.at = self.scan.enter(self.at, depth)?;
        let mut list = Vec::new();
        if self.scan.peek(self.at) == Some(b']') {
            self.at += 1;
            return Ok(Datum::List(list));
        }
        loop {
            // Numbers are what long lists hold, most often.
            let number = matches!(self.scan.peek(self.at), Some(b'-' | b'0'..=b'9'));
            list.push(if number { self.number()? } else { self.value(depth + 1)? });
            if !self.goes_on(b']')? {
                return Ok(Datum::List(list));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Scanned<Datum> {
        self.at = self.scan.enter(self.at, depth)?;
        if self.scan.peek(self.at) == Some(b'}') {
            self.at += 1;
            return Ok(Datum::Map(Map::new()));
        }
        let mut entries = Gather::with_capacity(8);
        loop {
            let (key, place) = self.key(&mut entries)?;
            let value = self.value(depth + 1)?;
            match place {
                None => entries.push(key, value),
                Some(place) => entries.set(place, value),
            }
            if !self.goes_on(b'}')? {
                return Ok(Datum::Map(Map::from_entries(entries.into_entries())));
            }
        }
    }

    /// Passes a key and the colon. Gives the key and, if it was given before, its place.
    pub(super) fn key<V>(&mut self, entries: &mut Gather<V>) -> Scanned<(Key, Option<usize>)> {
        let start = self.at;
        let end = self.scan.key(start)?;
        self.at = self.scan.value_of_key(end)?;
        let inside = self.letters(start + 1, end);
        let key = if inside.contains('\\') { Key::new(&unescape(inside)) } else { Key::new(inside) };
        let place = entries.find(&key);
        if place.is_some() && self.options.duplicates_fail {
            return self.scan.refuse(start, What::Plain("a key given twice"));
        }
        Ok((key, place))
    }

    #[inline]
    fn string(&mut self) -> Scanned<Datum> {
        let start = self.at + 1;
        let (stop, closed) = self.scan.letters(start);
        let end = if closed { stop } else { self.scan.string_with_escapes(stop)? };
        self.at = end + 1;
        Ok(Datum::Str(if closed { self.piece(start, end) } else { unescape(self.letters(start, end)).into() }))
    }

    #[inline]
    fn number(&mut self) -> Scanned<Datum> {
        let start = self.at;
        self.at = self.scan.whole_number(start)?;
        if self.scan.has_fraction(self.at) {
            self.at = self.scan.fraction(self.at)?;
            return Ok(Datum::Number(self.piece(start, self.at)));
        }
        match value_of(&self.scan.bytes[start..self.at]) {
            Some(value) => Ok(Datum::Int(value)),
            None => self.large(start),
        }
    }

    /// The number that was passed, which is whole and has many digits, or is a negative zero.
    #[cold]
    fn large(&mut self, start: usize) -> Scanned<Datum> {
        let digits = self.letters(start, self.at);
        if digits == "-0" {
            return Ok(Datum::Number(self.piece(start, self.at)));
        }
        match digits.parse() {
            Ok(value) => Ok(Datum::Int(value)),
            Err(_) => self.big(start),
        }
    }

    /// The whole number beyond `i64` that was passed.
    pub(super) fn big(&mut self, start: usize) -> Scanned<Datum> {
        let digits = self.piece(start, self.at);
        match self.options.big {
            Big::Exact => Ok(Datum::Number(digits)),
            Big::Text => Ok(Datum::Str(digits)),
            Big::Float => match digits.parse() {
                Ok(value) if f64::is_finite(value) => Ok(Datum::Float(value)),
                _ => self.scan.refuse(start, What::Plain("a number beyond the range of floats")),
            },
            Big::Fail => self.scan.refuse(start, What::Plain("a whole number beyond 64 bits")),
        }
    }

    fn raw(&mut self, depth: usize) -> Scanned<Datum> {
        let start = self.at;
        let stays = self.pass(depth)?;
        Ok(if stays { Datum::Raw(self.piece(start, self.at)) } else { std::mem::take(&mut self.made) })
    }

    /// Passes a list or map; says whether it stays as it is written. Where an option bears on what is in it, it is made.
    #[inline]
    pub(super) fn pass(&mut self, depth: usize) -> Scanned<bool> {
        let start = self.at;
        if self.trusted {
            self.at = self.scan.pass_trusted(start)?;
        } else if self.options.duplicates_fail {
            return self.eager(depth);
        } else {
            self.at = self.scan.pass(start, depth)?;
            if std::mem::take(&mut self.scan.big) {
                self.at = start;
                return self.eager(depth);
            }
        }
        Ok(true)
    }

    #[cold]
    fn eager(&mut self, depth: usize) -> Scanned<bool> {
        self.lazy = false;
        self.made = self.value(depth)?;
        self.lazy = true;
        Ok(false)
    }
}

/// The value of a whole number of at most 18 digits, which fits; none for a negative zero, which is more than its value.
#[inline]
fn value_of(digits: &[u8]) -> Option<i64> {
    let (negative, digits) = match digits {
        [b'-', b'0'] => return None,
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() > 18 {
        return None;
    }
    let value = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    Some(if negative { -value } else { value })
}
