//! From what was read to lines: cutting at separators, over-long lines, unfinished ones. Shared by all supplies of lines.
//!
//! What one read gave is checked once and shared by its lines, which are spans of it. Only what follows the last separator
//! is kept for the next read. Memory is bounded by one read and one line of `max_line`. The lines do not depend on where
//! reads cut the stream.

mod blocks;
mod decode;
mod fit;
mod form;
mod frames;
mod options;
mod plain;
mod whole;

use std::rc::Rc;

pub use self::decode::{Coding, OnBad, Transcoder, encode, mend};
use self::fit::SAMPLE;
pub use self::fit::Unfit;
pub use self::form::{Form, Newlines};
pub use self::frames::Frames;
use self::options::Long;
pub use self::options::{DECODE_ERRORS, ENCODING, LONG_LINE, LONG_RECORD, MAX_LINE, MAX_RECORD, Options, SEPARATOR, STRIP_CR};
pub use self::whole::Wholes;
use crate::datum::{Block, Datum, Text};
use crate::error::Result;

/// One line, or a piece of an over-long one.
pub struct Line {
    /// The datum.
    pub what: Result<Datum, Box<Unfit>>,
    /// Where it ends in the stream, its separator included. Where text is decoded from another encoding: where the read
    /// began that brought its end.
    pub end: u64,
}

/// What is kept of an over-long line that is not split.
struct Head {
    bytes: Vec<u8>,
    /// Where the line begins, counted as `base` is.
    start: u64,
}

/// Whole lines that were cut and wait to be given out.
struct Ready {
    body: Body,
    /// So much of it has been given.
    pos: usize,
    /// Where the line at `pos` ends, if that has been found out already.
    line_end: Option<usize>,
    base: u64,
    place: u64,
}

enum Body {
    /// Valid, and cut only between letters.
    Text(Block),
    Raw(Vec<u8>),
}

impl Ready {
    fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Text(block) => block.as_bytes(),
            Body::Raw(bytes) => bytes,
        }
    }
}

/// Cuts one stream into lines.
pub struct Splitter {
    options: Rc<Options>,
    transcoder: Option<Transcoder>,
    /// Places, counted as `base` is, where decoding found a fault; only when that fails the line.
    faults: Vec<u64>,
    /// The unfinished line.
    tail: Vec<u8>,
    /// No separator begins before this in `tail`.
    searched: usize,
    /// Where `tail` begins: in the stream, or in the decoded text.
    base: u64,
    /// Where the last read began and ended in the stream.
    read: (u64, u64),
    /// The beginning of an over-long line whose rest is being skipped.
    head: Option<Head>,
    /// A head whose line's end has come, and where that is.
    done_head: Option<(Head, u64)>,
    /// The beginning of the unfinished line has been given already.
    begun: bool,
    ready: Option<Ready>,
    /// How many places did not fit the encoding so far and were replaced or left out.
    pub mended: u64,
}

impl Splitter {
    /// For a stream that is read from `place` on.
    pub fn new(options: &Rc<Options>, place: u64) -> Self {
        let transcoder = match options.coding {
            Coding::Other(encoding) => Some(Transcoder::new(encoding, options.on_bad, place == 0)),
            _ => None,
        };
        Self {
            options: Rc::clone(options),
            base: if transcoder.is_some() { 0 } else { place },
            transcoder,
            faults: Vec::new(),
            tail: Vec::new(),
            searched: 0,
            read: (place, place),
            head: None,
            done_head: None,
            begun: false,
            ready: None,
            mended: 0,
        }
    }

    /// Whether [`Splitter::give`] has something; then nothing must be fed.
    pub fn has_lines(&self) -> bool {
        self.ready.is_some() || self.done_head.is_some() || self.options.long == Long::Split && self.options.is_long(self.tail.len())
    }

    /// Whether the unfinished line is longer than it may be, and what follows of it is to be skipped.
    pub fn is_skipping(&self) -> bool {
        self.head.is_some() || self.options.long != Long::Split && self.options.is_long(self.tail.len())
    }

    /// Whether part of a line has come, but not its end.
    pub fn has_unfinished(&self) -> bool {
        self.head.is_some() || !self.tail.is_empty()
    }

    /// How many bytes of the unfinished line have come; where text is decoded from another encoding, bytes of the text.
    pub fn unfinished(&self) -> u64 {
        let start = self.head.as_ref().map_or(self.base, |head| head.start);
        self.base + self.tail.len() as u64 - start
    }

    /// Takes what `read` appends to the bytes that it is given, about `room` of them; nothing when it gives an error.
    pub fn feed<E>(&mut self, room: usize, read: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<usize, E> {
        let count;
        if let Some(transcoder) = &mut self.transcoder {
            let mut raw = Vec::with_capacity(room);
            read(&mut raw)?;
            count = raw.len();
            let mut bad = Vec::new();
            transcoder.decode(&raw, false, &mut self.tail, &mut bad);
            self.note_faults(&bad);
        } else {
            let before = self.tail.len();
            blocks::reserve(&mut self.tail, room);
            if let Err(error) = read(&mut self.tail) {
                self.tail.truncate(before);
                return Err(error);
            }
            count = self.tail.len() - before;
        }
        self.read = (self.read.1, self.read.1 + count as u64);
        self.cut();
        Ok(count)
    }

    fn note_faults(&mut self, bad: &[usize]) {
        if self.options.on_bad == OnBad::Fail {
            self.faults.extend(bad.iter().map(|at| self.base + *at as u64));
        } else {
            self.mended += bad.len() as u64;
        }
    }

    /// A line that ends at `end`, counted as `base` is, ends there in the stream.
    fn place(&self, end: u64) -> u64 {
        if self.transcoder.is_some() { self.read.0 } else { end }
    }

    /// Moves the whole lines out of `tail`.
    fn cut(&mut self) {
        // The byte order mark of UTF-8 is no part of the text.
        if self.base == 0 && self.options.coding == Coding::Utf8 && self.tail.starts_with(b"\xef\xbb\xbf") {
            self.tail.drain(..3);
            self.searched = 0;
            self.base = 3;
        }
        let options = Rc::clone(&self.options);
        let end = options.find_last_end(&self.tail[self.searched..]).map(|end| self.searched + end);
        let Some(mut end) = end else {
            // Thousands of files may rest: what they have begun takes no more memory than it must.
            if self.tail.capacity() > 2 * self.tail.len() {
                self.tail.shrink_to_fit();
            }
            self.searched = self.tail.len().saturating_sub(options.separator.len() - 1);
            if self.head.is_some() {
                self.skip(self.searched);
            } else if options.long != Long::Split && options.is_long(self.tail.len()) {
                self.head = Some(self.beginning(&self.tail, self.base));
                self.skip(self.searched);
            }
            return;
        };
        if let Some(head) = self.head.take() {
            let first = self.searched + options.find(&self.tail[self.searched..]).map_or(0, |at| at + options.separator.len());
            self.done_head = Some((head, self.place(self.base + first as u64)));
            self.skip(first);
            end -= first;
        }
        let rest = self.tail[end..].to_vec();
        let mut block = std::mem::replace(&mut self.tail, rest);
        block.truncate(end);
        self.searched = self.tail.len().saturating_sub(options.separator.len() - 1);
        let (base, place) = (self.base, self.read.0);
        self.base += end as u64;
        if block.is_empty() {
            return;
        }
        let body = if options.coding == Coding::Bytes || !options.between_letters {
            block.shrink_to_fit();
            Body::Raw(block)
        } else {
            String::from_utf8(block).map_or_else(|error| Body::Raw(error.into_bytes()), |text| Body::Text(blocks::share(text)))
        };
        self.ready = Some(Ready { body, pos: 0, line_end: None, base, place });
    }

    /// Forgets the first `count` bytes of the unfinished line.
    fn skip(&mut self, count: usize) {
        self.tail.drain(..count);
        self.searched = self.searched.saturating_sub(count);
        self.base += count as u64;
    }

    fn beginning(&self, line: &[u8], start: u64) -> Head {
        let keep = if self.options.long == Long::Fail { SAMPLE.min(self.options.max) } else { self.options.piece(line) };
        Head { bytes: line[..keep.min(line.len())].to_vec(), start }
    }

    /// Gives out lines as far as nothing is special with them, at most `limit`, each with its [end](Line::end): the hot road, apart
    /// from [`Splitter::give`] so that what is done with each line is compiled into it. Gives what is left of `limit`.
    #[inline]
    pub fn give_plain(&mut self, limit: usize, each: impl FnMut(Datum, u64)) -> usize {
        if self.done_head.is_none()
            && !self.begun
            && self.faults.is_empty()
            && self.transcoder.is_none()
            && let Some(ready) = self.ready.as_mut().filter(|ready| ready.line_end.is_none())
        {
            let left = plain::give(ready, &self.options, limit, each);
            if ready.pos == ready.bytes().len() {
                self.ready = None;
            }
            return left;
        }
        limit
    }

    /// Gives out at most `limit` lines.
    pub fn give(&mut self, mut limit: usize, each: &mut dyn FnMut(Line)) {
        if limit > 0
            && let Some((head, end)) = self.done_head.take()
        {
            limit -= 1;
            each(self.long_line(&head, end));
        }
        if let Some(mut ready) = self.ready.take() {
            limit = self.give_ready(&mut ready, limit, each);
            if ready.pos < ready.bytes().len() {
                self.ready = Some(ready);
                return;
            }
        }
        if self.options.long == Long::Split {
            self.give_pieces(limit, each);
        }
    }

    /// Gives lines out of whole ones; gives what is left of `limit`.
    fn give_ready(&mut self, ready: &mut Ready, mut limit: usize, each: &mut dyn FnMut(Line)) -> usize {
        let options = Rc::clone(&self.options);
        while limit > 0 {
            let (start, known_end) = (ready.pos, ready.line_end.take());
            let bytes = ready.bytes();
            if start == bytes.len() {
                break;
            }
            let end = known_end.unwrap_or_else(|| start + options.find(&bytes[start..]).unwrap_or(bytes.len() - start));
            let next = (end + options.separator.len()).min(bytes.len());
            let stripped = if options.strip_cr && end > start && bytes[end - 1] == b'\r' { end - 1 } else { end };
            let line = &bytes[start..stripped];
            let place = if self.transcoder.is_some() { ready.place } else { ready.base + next as u64 };
            if std::mem::take(&mut self.begun) && line.is_empty() {
                ready.pos = next;
                continue;
            }
            limit -= 1;
            if line.len() <= options.max {
                let what = match &ready.body {
                    Body::Text(block) if self.faults.is_empty() => Ok(Datum::Str(Text::span(block, start..stripped))),
                    _ => self.datum(line, ready.base + start as u64),
                };
                ready.pos = next;
                each(Line { what, end: place });
            } else if options.long == Long::Split {
                let piece = options.piece(line);
                let what = self.datum(&line[..piece], ready.base + start as u64);
                let place = if self.transcoder.is_some() { place } else { ready.base + (start + piece) as u64 };
                (ready.pos, ready.line_end) = (start + piece, Some(end));
                each(Line { what, end: place });
            } else {
                let head = self.beginning(line, ready.base + start as u64);
                ready.pos = next;
                each(self.long_line(&head, place));
            }
        }
        limit
    }

    /// Gives pieces of an unfinished line that is over-long already.
    fn give_pieces(&mut self, mut limit: usize, each: &mut dyn FnMut(Line)) {
        let mut pos = 0;
        while limit > 0 && self.options.is_long(self.tail.len() - pos) {
            limit -= 1;
            let start = self.base + pos as u64;
            let piece = self.options.piece(&self.tail[pos..]);
            let tail = std::mem::take(&mut self.tail);
            let what = self.datum(&tail[pos..pos + piece], start);
            self.tail = tail;
            pos += piece;
            each(Line { what, end: self.place(start + piece as u64) });
        }
        self.skip(pos);
    }

    /// The stream is at its end, or what is unfinished must wait no longer: gives it out as it is.
    pub fn end(&mut self, mut each: impl FnMut(Line)) {
        if let Some(transcoder) = &mut self.transcoder {
            let mut bad = Vec::new();
            transcoder.decode(&[], true, &mut self.tail, &mut bad);
            self.note_faults(&bad);
        }
        if let Some(head) = self.head.take() {
            self.skip(self.tail.len());
            each(self.long_line(&head, self.place(self.base)));
            return;
        }
        let all = self.tail.len();
        self.give_rest(all, &mut each);
    }

    /// Gives out the unfinished line before its end, but for a cut letter or a carriage return at its end.
    pub fn give_unfinished(&mut self, mut each: impl FnMut(Line)) {
        if self.head.is_some() {
            return;
        }
        let options = &self.options;
        let mut ready = self.tail.len();
        if options.coding == Coding::Utf8
            && let Some(last) = self.tail.utf8_chunks().last()
            && !last.invalid().is_empty()
            && str::from_utf8(last.invalid()).is_err_and(|error| error.error_len().is_none())
        {
            ready -= last.invalid().len();
        }
        // The beginning of a separator that is on its way is no part of the line.
        let begun = (1..options.separator.len()).rev().find(|count| self.tail[..ready].ends_with(&options.separator[..*count]));
        ready -= begun.unwrap_or(0);
        if options.strip_cr && self.tail[..ready].ends_with(b"\r") {
            ready -= 1;
        }
        self.begun |= ready > 0;
        self.give_rest(ready, &mut each);
    }

    /// Gives out the first `count` bytes of the unfinished line.
    fn give_rest(&mut self, count: usize, each: &mut dyn FnMut(Line)) {
        let tail = std::mem::take(&mut self.tail);
        let mut pos = 0;
        while pos < count {
            let (line, start) = (&tail[pos..count], self.base + pos as u64);
            let whole = line.len() <= self.options.max;
            let piece = if whole { line.len() } else { self.options.piece(line) };
            if whole || self.options.long == Long::Split {
                pos += piece;
                each(Line { what: self.datum(&line[..piece], start), end: self.place(start + piece as u64) });
            } else {
                pos = count;
                each(self.long_line(&self.beginning(line, start), self.place(self.base + count as u64)));
            }
        }
        self.tail = tail;
        self.skip(count);
    }

    /// A line of which only the beginning is left.
    fn long_line(&mut self, head: &Head, end: u64) -> Line {
        let Head { bytes: head, start } = head;
        let what = if self.options.long == Long::Fail { Err(Box::new(self.options.too_long(head))) } else { self.datum(head, *start) };
        Line { what, end }
    }

    /// The datum of one line that begins at `start`, counted as `base` is.
    fn datum(&mut self, line: &[u8], start: u64) -> Result<Datum, Box<Unfit>> {
        if !self.faults.is_empty() {
            let end = start.saturating_add(line.len() as u64);
            let bad = self.faults.iter().any(|at| (start..end).contains(at));
            self.faults.retain(|at| *at >= end);
            if bad {
                return Err(Box::new(self.options.no_text(line)));
            }
        }
        self.options.fit(line, &mut self.mended)
    }
}

#[cfg(test)]
mod tests;
