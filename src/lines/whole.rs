//! Records whose places in a read are known: frames with their lengths, datagrams. What was read is checked once and shared by
//! them, as by lines.

use std::ops::Range;
use std::rc::Rc;

use super::decode::Coding;
use super::options::{Long, Options};
use super::{Body, Line, blocks};
use crate::datum::{Datum, Text};

/// Records that were cut and wait to be given out.
pub(super) struct Ready {
    body: Body,
    places: Vec<(u32, u32)>,
    next: usize,
    /// Where `body` begins in the stream.
    base: u64,
}

impl Ready {
    pub(super) fn new(options: &Options, block: Vec<u8>, places: Vec<(u32, u32)>, base: u64) -> Self {
        let body = if options.coding == Coding::Utf8 {
            String::from_utf8(block).map_or_else(|error| Body::Raw(error.into_bytes()), |text| Body::Text(blocks::share(text)))
        } else {
            Body::Raw(block)
        };
        Self { body, places, next: 0, base }
    }

    /// Gives out at most `limit` records; gives what is left of `limit`.
    pub(super) fn give(&mut self, options: &Options, limit: usize, mended: &mut u64, each: &mut dyn FnMut(Line)) -> usize {
        let until = self.places.len().min(self.next.saturating_add(limit));
        for (start, end) in &self.places[self.next..until] {
            let (start, end) = (*start as usize, *end as usize);
            let what = match &self.body {
                Body::Text(block) if block.is_char_boundary(start) && block.is_char_boundary(end) => {
                    Ok(Datum::Str(Text::span(block, start..end)))
                }
                Body::Text(block) => options.fit_alone(&block.as_bytes()[start..end], mended),
                Body::Raw(bytes) => options.fit_alone(&bytes[start..end], mended),
            };
            each(Line { what, end: self.base + end as u64 });
        }
        let left = limit - (until - self.next);
        self.next = until;
        left
    }

    pub(super) fn is_over(&self) -> bool {
        self.next == self.places.len()
    }
}

/// Collects records that came whole, one by one.
pub struct Wholes {
    options: Rc<Options>,
    /// What is between two separators is a record too.
    split: bool,
    block: Vec<u8>,
    places: Vec<(u32, u32)>,
    /// Faults among them, by the number of records before them.
    faults: Vec<(usize, Box<super::Unfit>)>,
    ready: Option<Ready>,
    given: usize,
    base: u64,
    /// How many places did not fit the encoding so far and were replaced or left out.
    pub mended: u64,
    /// How many were cut, as they were longer than they may be.
    pub cut: u64,
}

impl Wholes {
    /// None so far. `split`: they may hold several records with separators between them.
    pub fn new(options: &Rc<Options>, split: bool) -> Self {
        let options = Rc::clone(options);
        Self {
            options,
            split,
            block: Vec::new(),
            places: Vec::new(),
            faults: Vec::new(),
            ready: None,
            given: 0,
            base: 0,
            mended: 0,
            cut: 0,
        }
    }

    /// Takes one of at most `room` bytes, which `read` appends to the bytes that it is given, telling how long it was at its
    /// sender's. Nothing when it gives an error.
    ///
    /// # Errors
    /// What `read` gave.
    pub fn feed<E>(&mut self, room: usize, read: impl FnOnce(&mut Vec<u8>) -> Result<usize, E>) -> Result<usize, E> {
        let start = self.block.len();
        blocks::reserve(&mut self.block, room);
        let sent = read(&mut self.block).inspect_err(|_| self.block.truncate(start))?;
        let mut end = self.block.len();
        let lost = sent > end - start;
        // Some end each with a separator, as if it were a line.
        if !lost && self.block[start..].ends_with(&self.options.separator) {
            end -= self.options.separator.len();
        }
        let options = Rc::clone(&self.options);
        let mut at = start;
        while let Some(found) = options.find(&self.block[at..end]).filter(|_| self.split) {
            self.add(at..at + found, false);
            at += found + options.separator.len();
        }
        self.add(at..end, lost);
        Ok(self.block.len() - start)
    }

    fn add(&mut self, place: Range<usize>, lost: bool) {
        let Range { mut start, mut end } = place;
        if self.options.strip_cr && end > start && self.block[end - 1] == b'\r' {
            end -= 1;
        }
        let long = end - start > self.options.max;
        if (long || lost) && self.options.long == Long::Fail {
            self.faults.push((self.places.len(), Box::new(self.options.too_long(&self.block[start..end]))));
            return;
        }
        self.cut += u64::from(lost || long && self.options.long == Long::Truncate);
        while end - start > self.options.max {
            let piece = self.options.piece(&self.block[start..end]);
            self.places.push((start as u32, (start + piece) as u32));
            if self.options.long == Long::Truncate {
                return;
            }
            start += piece;
        }
        self.places.push((start as u32, end as u32));
    }

    /// How many bytes have been taken and not been given out.
    pub fn taken(&self) -> usize {
        self.block.len()
    }

    /// Whether [`Wholes::give`] has something.
    pub fn has_lines(&self) -> bool {
        self.ready.is_some() || !self.places.is_empty() || !self.faults.is_empty()
    }

    /// Gives out at most `limit` records.
    pub fn give(&mut self, mut limit: usize, each: &mut dyn FnMut(Line)) {
        let ready = self.ready.get_or_insert_with(|| {
            self.given = 0;
            let block = std::mem::take(&mut self.block);
            let base = self.base;
            self.base += block.len() as u64;
            Ready::new(&self.options, block, std::mem::take(&mut self.places), base)
        });
        while limit > 0 {
            // A fault stands between the records before and after it.
            let until = self.faults.first().map_or(usize::MAX, |(number, _)| *number - self.given);
            let wanted = until.min(limit);
            let given = wanted - ready.give(&self.options, wanted, &mut self.mended, each);
            self.given += given;
            limit -= given;
            if limit > 0 && !self.faults.is_empty() {
                limit -= 1;
                let (_, unfit) = self.faults.remove(0);
                each(Line { what: Err(unfit), end: self.base });
            } else if given < wanted {
                break;
            }
        }
        if ready.is_over() && self.faults.is_empty() {
            self.ready = None;
        }
    }
}
