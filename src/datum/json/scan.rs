//! The scanner: where values end, each byte checked, nothing made of them.

use super::fault::{Fault, What};
use super::letters::length_of_escape;
use super::stops::stop;
use crate::datum::Look;

/// The text is no JSON; [`Scan::fault`] says why. Empty, for it travels through every return.
#[derive(Clone, Copy, Debug)]
pub(super) struct Broken;

/// How a place, or why not.
pub(super) type Scanned<T> = Result<T, Broken>;

/// A text to be scanned. Its methods are given a place in bytes, and give the place after what they passed.
pub(super) struct Scan<'a> {
    /// The text from its block's first byte on, so that places are places in the block.
    pub(super) bytes: &'a [u8],
    /// The same and what follows in the block.
    pub(super) block: &'a [u8],
    /// How deep lists and maps may be nested.
    max_depth: usize,
    /// Whether whole numbers beyond `i64` matter in what is passed.
    pub(super) heeds_big: bool,
    /// Such a number was passed.
    pub(super) big: bool,
    /// What is wrong, once something is.
    pub(super) fault: Fault,
}

const ONES: u64 = 0x0101_0101_0101_0101;

impl<'a> Scan<'a> {
    /// Over the part of `block` that ends at `end`.
    #[inline]
    pub(super) fn new(block: &'a [u8], end: usize, max_depth: usize) -> Self {
        let fault = Fault { at: end, what: What::Surplus };
        Self { bytes: &block[..end], block, max_depth, heeds_big: false, big: false, fault }
    }

    #[inline]
    pub(super) fn peek(&self, at: usize) -> Option<u8> {
        peek(self.bytes, at)
    }

    /// A fault at that place; at the end of the text that is what is wrong.
    #[cold]
    pub(super) fn broken<T>(&mut self, at: usize, what: &'static str) -> Scanned<T> {
        let what = if at >= self.bytes.len() { What::Surplus } else { What::Plain(what) };
        self.refuse(at, what)
    }

    #[cold]
    pub(super) fn refuse<T>(&mut self, at: usize, what: What) -> Scanned<T> {
        self.fault = Fault { at, what };
        Err(Broken)
    }

    #[inline]
    pub(super) fn blanks(&self, at: usize) -> usize {
        blanks(self.bytes, at)
    }

    /// Where the letters end of the string whose inside starts at `inside`, and whether that is its closing quote.
    #[inline]
    pub(super) fn letters(&self, inside: usize) -> (usize, bool) {
        // What stands behind the text is looked at rather than its last bytes one by one.
        let stop = stop(self.block, inside).min(self.bytes.len());
        (stop, self.peek(stop) == Some(b'"'))
    }

    /// Whether the key `name` may stand behind `at`: its letters do somewhere, or there are escapes.
    pub(super) fn may_come(&self, at: usize, name: &[u8]) -> bool {
        let (rest, Some(first)) = (&self.bytes[at..], name.first()) else { return true };
        memchr::memchr2_iter(b'\\', *first, rest).any(|n| rest[n] == b'\\' || rest[n..].starts_with(name))
    }

    /// The closing quote of the string whose inside starts at `inside`.
    #[inline]
    pub(super) fn string(&mut self, inside: usize) -> Scanned<usize> {
        let (stop, closed) = self.letters(inside);
        if closed { Ok(stop) } else { self.string_with_escapes(stop) }
    }

    /// The closing quote of a string whose letters end at `from` for the first time.
    pub(super) fn string_with_escapes(&mut self, from: usize) -> Scanned<usize> {
        let mut at = from;
        loop {
            match self.peek(at) {
                Some(b'"') => return Ok(at),
                Some(b'\\') => match length_of_escape(self.bytes, at) {
                    Ok(length) => at = stop(self.bytes, at + length),
                    Err(fault) => return self.refuse(fault.at, fault.what),
                },
                _ => return self.broken(at, "a control letter in a string"),
            }
        }
    }

    /// The closing quote of the key at `at`.
    #[inline]
    pub(super) fn key(&mut self, at: usize) -> Scanned<usize> {
        if self.peek(at) == Some(b'"') { self.string(at + 1) } else { self.broken(at, "a key in quotes was expected") }
    }

    /// The value of the key whose closing quote is at `end`.
    #[inline]
    pub(super) fn value_of_key(&mut self, end: usize) -> Scanned<usize> {
        let colon = self.blanks(end + 1);
        if self.peek(colon) == Some(b':') { Ok(self.blanks(colon + 1)) } else { self.broken(colon, "`:` was expected") }
    }

    /// Passes the digits of a number before fraction and exponent.
    #[inline]
    pub(super) fn whole_number(&mut self, at: usize) -> Scanned<usize> {
        let first = at + usize::from(self.peek(at) == Some(b'-'));
        let end = digits(self.bytes, first);
        if end == first {
            return self.broken(first, "a digit was expected");
        }
        if self.peek(first) == Some(b'0') && end > first + 1 {
            return self.broken(first + 1, "a number that starts with 0");
        }
        Ok(end)
    }

    /// The place in the block of what is left of it.
    #[inline]
    pub(super) fn place(&self, rest: &[u8]) -> usize {
        self.block.len() - rest.len()
    }

    /// How long the number is that stands there, and whether it is whole; none where it has many digits, or there is none.
    #[inline]
    pub(super) fn usual_number(&mut self, rest: &[u8]) -> Option<(usize, bool)> {
        match few_digits(rest) {
            Some(length) if !matches!(rest.get(length), Some(b'.' | b'e' | b'E')) => Some((length, true)),
            _ => {
                let start = self.place(rest);
                let (end, whole) = self.less_usual_number(start)?;
                Some((end - start, whole))
            }
        }
    }

    /// As [`Scan::usual_number`], for the number at `at`; gives the place after it.
    #[inline(never)]
    pub(super) fn less_usual_number(&mut self, at: usize) -> Option<(usize, bool)> {
        let first = at + usize::from(self.block.get(at) == Some(&b'-'));
        let end = digits(self.block, first);
        let (length, zero) = (end - first, self.block.get(first) == Some(&b'0'));
        // A negative zero is more than its value.
        if length == 0 || length > 18 || (zero && (length > 1 || first > at)) {
            return None;
        }
        match self.block.get(end) {
            Some(b'.' | b'e' | b'E') => Some((self.fraction(end).ok()?, false)),
            _ => Some((end, true)),
        }
    }

    /// Whether the number whose first digits end at `at` goes on with a fraction or an exponent.
    #[inline]
    pub(super) fn has_fraction(&self, at: usize) -> bool {
        matches!(self.peek(at), Some(b'.' | b'e' | b'E'))
    }

    /// Passes fraction and exponent.
    pub(super) fn fraction(&mut self, mut at: usize) -> Scanned<usize> {
        if self.peek(at) == Some(b'.') {
            at = self.some_digits(at + 1)?;
        }
        if matches!(self.peek(at), Some(b'e' | b'E')) {
            at += 1;
            at += usize::from(matches!(self.peek(at), Some(b'+' | b'-')));
            at = self.some_digits(at)?;
        }
        Ok(at)
    }

    fn some_digits(&mut self, at: usize) -> Scanned<usize> {
        let end = digits(self.bytes, at);
        if end == at { self.broken(at, "a digit was expected") } else { Ok(end) }
    }

    /// Passes one of `true`, `false` and `null`.
    #[inline]
    pub(super) fn word(&mut self, at: usize, word: &'static str) -> Scanned<usize> {
        let rest = &self.bytes[at..];
        if rest.starts_with(word.as_bytes()) {
            return Ok(at + word.len());
        }
        let cut = word.as_bytes().starts_with(rest);
        self.broken(if cut { self.bytes.len() } else { at }, "a value was expected")
    }

    /// Steps into a list or map in so many others; gives the place of its first element or its end.
    #[inline]
    pub(super) fn enter(&mut self, at: usize, depth: usize) -> Scanned<usize> {
        if depth >= self.max_depth {
            return self.refuse(at, What::Depth(self.max_depth));
        }
        Ok(self.blanks(at + 1))
    }

    /// After an element: the place of the next one, or that after the end.
    #[inline]
    pub(super) fn goes_on(&mut self, at: usize, close: u8) -> Scanned<(usize, bool)> {
        let at = self.blanks(at);
        match self.peek(at) {
            Some(b',') => Ok((self.blanks(at + 1), true)),
            Some(byte) if byte == close => Ok((at + 1, false)),
            _ => self.neither_comma_nor(at, close == b'}'),
        }
    }

    #[cold]
    fn neither_comma_nor<T>(&mut self, at: usize, map: bool) -> Scanned<T> {
        self.broken(at, if map { "`,` or `}` was expected" } else { "`,` or `]` was expected" })
    }

    /// Passes the list or map at `at`, which stands in `outside` others.
    pub(super) fn pass(&mut self, at: usize, outside: usize) -> Scanned<usize> {
        // Which of those around the present place are maps: the innermost one, and a bit for each other one, the nearest lowest.
        let (mut depth, mut map, mut maps) = (0, false, 0_u64);
        let (bytes, mut at) = (self.bytes, at);
        loop {
            // A value starts here; lists and maps are stepped into.
            match peek(bytes, at) {
                Some(b'"') => at = self.string(at + 1)? + 1,
                Some(b'-' | b'0'..=b'9') => at = self.pass_number(at)?,
                // So many bits there are.
                Some(b'{' | b'[') if depth == 64 => at = self.pass(at, outside + depth)?,
                Some(open @ (b'{' | b'[')) => {
                    at = self.enter(at, outside + depth)?;
                    let close = if open == b'{' { b'}' } else { b']' };
                    if peek(bytes, at) == Some(close) {
                        at += 1;
                    } else {
                        depth += 1;
                        maps = maps << 1 | u64::from(map);
                        map = open == b'{';
                        if map {
                            at = self.pass_key(at)?;
                        }
                        continue;
                    }
                }
                Some(b't') => at = self.word(at, "true")?,
                Some(b'f') => at = self.word(at, "false")?,
                Some(b'n') => at = self.word(at, "null")?,
                _ => return self.broken(at, "a value was expected"),
            }
            // Behind a value: as many levels end here as do.
            loop {
                if depth == 0 {
                    return Ok(at);
                }
                at = blanks(bytes, at);
                match peek(bytes, at) {
                    Some(b',') => break,
                    Some(b'}') if map => {}
                    Some(b']') if !map => {}
                    _ => return self.neither_comma_nor(at, map),
                }
                at += 1;
                depth -= 1;
                map = maps & 1 == 1;
                maps >>= 1;
            }
            at = blanks(bytes, at + 1);
            if map {
                at = self.pass_key(at)?;
            }
        }
    }

    #[inline]
    fn pass_key(&mut self, at: usize) -> Scanned<usize> {
        let bytes = self.bytes;
        if peek(bytes, at) != Some(b'"') {
            return self.broken(at, "a key in quotes was expected");
        }
        let end = self.string(at + 1)?;
        // As compact JSON has it, most often.
        if peek(bytes, end + 1) == Some(b':') { Ok(blanks(bytes, end + 2)) } else { self.value_of_key(end) }
    }

    #[inline]
    pub(super) fn pass_number(&mut self, at: usize) -> Scanned<usize> {
        let end = self.whole_number(at)?;
        if self.has_fraction(end) {
            return self.fraction(end);
        }
        if self.heeds_big {
            self.big |= !fits(&self.bytes[at..end]);
        }
        Ok(end)
    }

    /// Passes a value that was checked before.
    #[inline]
    pub(super) fn value_trusted(&mut self, at: usize) -> Scanned<usize> {
        match self.peek(at) {
            Some(b'"') => Ok(self.string(at + 1)? + 1),
            Some(b'{' | b'[') => self.pass_trusted(at),
            _ => {
                let end = self.bytes[at..].iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'));
                Ok(end.map_or(self.bytes.len(), |end| at + end))
            }
        }
    }

    /// Passes a list or map that was checked before: only its end is looked for.
    pub(super) fn pass_trusted(&mut self, mut at: usize) -> Scanned<usize> {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek(at) {
            at += 1;
            match byte {
                b'"' => at = self.string(at)? + 1,
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 1 => return Ok(at),
                b'}' | b']' => depth -= 1,
                _ => {}
            }
        }
        self.broken(at, "")
    }
}

#[inline]
fn peek(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

#[inline]
fn blanks(bytes: &[u8], at: usize) -> usize {
    if peek(bytes, at).is_some_and(|byte| byte > b' ') { at } else { some_blanks(bytes, at) }
}

#[inline(never)]
fn some_blanks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = peek(bytes, at) {
        at += 1;
    }
    at
}

/// Behind the digits that start at `at`, eight at a time.
#[inline]
fn digits(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let length = leading_digits(*eight);
        at += length;
        if length < 8 {
            return at;
        }
    }
    while matches!(peek(bytes, at), Some(b'0'..=b'9')) {
        at += 1;
    }
    at
}

/// How many digits stand there, at most seven, when they are a number without more before it or a zero too many; the number
/// may go on with a fraction.
#[inline]
pub(super) fn few_digits(rest: &[u8]) -> Option<usize> {
    let length = leading_digits(*rest.first_chunk::<8>()?);
    (length == 1 || ((2..8).contains(&length) && rest[0] != b'0')).then_some(length)
}

/// Which of `true`, `false` and `null` stands there, and how long it is.
#[inline]
pub(super) fn usual_word(rest: &[u8]) -> Option<(Look, usize)> {
    match rest.first_chunk::<4>()? {
        b"true" => Some((Look::True, 4)),
        b"null" => Some((Look::Null, 4)),
        b"fals" if rest.get(4) == Some(&b'e') => Some((Look::False, 5)),
        _ => None,
    }
}

/// How many of these are digits before the first that is none.
#[inline]
fn leading_digits(eight: [u8; 8]) -> usize {
    let value = u64::from_le_bytes(eight) ^ (ONES * u64::from(b'0'));
    // Above 9 the sum has its highest bit; the lowest one found is right, those above may be echoes of a carry.
    let others = (value.wrapping_add(ONES * 0x76) | value) & (ONES * 0x80);
    (others.trailing_zeros() / 8) as usize
}

/// Whether the digits of a whole number, with or without minus, fit 64 bits.
#[inline]
pub(super) fn fits(digits: &[u8]) -> bool {
    digits.len() <= 18 || std::str::from_utf8(digits).is_ok_and(|digits| digits.parse::<i64>().is_ok())
}
