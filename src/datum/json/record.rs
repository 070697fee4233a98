//! Records: the outermost map, made a row whose cells say where the values stand.
//!
//! While the keys come as the last record's form foresees them, they are compared in passing; nothing is hashed, nothing made.
//! Where they do not, the record is read once more, key by key, and its form is learnt.

use std::mem;

use super::forms::{Form, Forms};
use super::gather::Gather;
use super::molds::{Miss, Passed};
use super::read::{Big, Document};
use super::scan::{Scanned, fits};
use crate::datum::{Cell, Datum, Key, Look, Map, Piece, Row};

/// What comes in a record where no mold fits.
enum Step<'a> {
    /// The value of the key whose turn it is.
    Value(Passed<'a>),
    /// The key of that place; those before it are missing.
    Later(usize),
    /// The record ends, and goes on being text there.
    End(usize),
    /// A key that the form has not, or has elsewhere; or the text ends before what fitted does.
    Other,
}

/// Sets the bit of that place; out of the way, as most records are compact.
#[cold]
fn mark(bits: &mut u64, place: usize) {
    *bits |= 1 << place;
}

impl<'a> Document<'a> {
    /// The map at this place, outermost in its document. The text must be a span of a block.
    pub(super) fn record(&mut self) -> Scanned<Datum> {
        let start = self.at;
        let first = self.scan.enter(start, 0)?;
        if self.scan.peek(first) == Some(b'}') {
            self.at = first + 1;
            return Ok(Datum::Map(Map::new()));
        }
        let mut forms = mem::take(self.forms);
        let read = self.record_of(&mut forms, start, first);
        *self.forms = forms;
        read.map(Datum::Map)
    }

    #[inline]
    fn record_of(&mut self, forms: &mut Forms, start: usize, first: usize) -> Scanned<Map> {
        if let Some(form) = forms.foresee(self.scan.bytes, first)
            && let Some(row) = self.foreseen(form, start, first)?
        {
            forms.fitted();
            return Ok(row.into_map());
        }
        self.at = first;
        self.learnt(forms)
    }

    /// The record in the form that is foreseen, some keys of which may be missing; none when it has others.
    #[inline]
    fn foreseen(&mut self, form: &mut Form, start: usize, first: usize) -> Scanned<Option<Row>> {
        let Some((block, _)) = self.text.place() else { return Ok(None) };
        form.records += 1;
        let mut row = Row::json(&form.shape, block);
        // A bit for each cell that does not stand as compact JSON has it.
        let (mut rest, mut place, mut loose) = (self.scan.block.get(start..).unwrap_or_default(), 0, 0_u64);
        loop {
            for (head, cell) in form.heads[place..].iter().zip(&mut row.cells_mut()[place..]) {
                let Some(passed) = head.molds.pass(&mut self.scan, rest) else { break };
                *cell = passed.cell;
                rest = passed.rest;
                if !passed.compact {
                    mark(&mut loose, place);
                }
                place += 1;
            }
            let at = self.scan.place(rest);
            let step = if self.scan.peek(at) == Some(b'}') { Step::End(at + 1) } else { self.step(form, at, place, start, first)? };
            match step {
                Step::Value(passed) => {
                    loose |= u64::from(!passed.compact) << place;
                    rest = passed.rest;
                    row.set_cell(place, passed.cell, &mut self.made);
                    place += 1;
                }
                Step::Later(found) => {
                    loose |= row.skip_cells(place..found);
                    place = found;
                }
                Step::End(after) => {
                    loose |= row.skip_cells(place..form.heads.len());
                    row.set_compact(!loose);
                    self.at = after;
                    return Ok(Some(row));
                }
                Step::Other => return Ok(None),
            }
        }
    }

    /// What comes at `at`, behind the values of all keys before `place`, in a record that starts at `start` with its first key at
    /// `first`.
    #[inline(never)]
    fn step(&mut self, form: &mut Form, at: usize, place: usize, start: usize, first: usize) -> Scanned<Step<'a>> {
        let bytes = self.scan.bytes;
        if at > bytes.len() {
            return Ok(Step::Other);
        }
        let (key, more) = if at == start { (first, true) } else { self.scan.goes_on(at, b'}')? };
        if !more {
            return Ok(Step::End(key));
        }
        let end = self.scan.key(key)?;
        // A name with escapes is none of the form's, whose names need none.
        let Some(found) = form.find(place, &bytes[key + 1..end]) else { return Ok(Step::Other) };
        if found > place {
            return Ok(Step::Later(found));
        }
        let molds = &mut form.heads[place].molds;
        let rest = self.scan.block.get(at..).unwrap_or_default();
        if let Some(passed) = molds.pass_other(&mut self.scan, rest, form.records) {
            return Ok(Step::Value(passed));
        }
        let value = self.scan.value_of_key(end)?;
        let (cell, after) = self.cell(value)?;
        // Who writes a line for each record does not copy what runs over several.
        let one_line = cell.look != Look::Raw || memchr::memchr2(b'\n', b'\r', &bytes[value..after]).is_none();
        let compact = key == at + 1 && value == end + 2 && one_line;
        if cell.look != Look::Set && !(cell.look == Look::Raw && self.trusted) {
            molds.learn(&Miss { record: form.records, text: &bytes[at..after], value: value - at, compact, look: cell.look });
        }
        let compact = compact && !matches!(cell.look, Look::Set | Look::Escaped);
        Ok(Step::Value(Passed { cell, rest: self.scan.block.get(after..).unwrap_or_default(), compact }))
    }

    /// The record key by key: a row when its form can be learnt, else plain entries.
    #[cold]
    fn learnt(&mut self, forms: &mut Forms) -> Scanned<Map> {
        let mut entries = Gather::with_capacity(8);
        let mut plain = true;
        loop {
            // The letters of a key with escapes are others than those that stand in the text; of a key given twice the values
            // do not stand in the order of the keys.
            let quote = self.scan.key(self.at)?;
            plain &= !self.scan.bytes[self.at..quote].contains(&b'\\');
            let (key, place) = self.key(&mut entries)?;
            plain &= place.is_none();
            let (cell, end) = self.cell(self.at)?;
            let value = (cell, mem::take(&mut self.made));
            match place {
                None => entries.push(key, value),
                Some(place) => entries.set(place, value),
            }
            let (at, more) = self.scan.goes_on(end, b'}')?;
            self.at = at;
            if !more {
                break;
            }
        }
        let Some((block, _)) = self.text.place() else { return Ok(Map::new()) };
        let entries = entries.into_entries();
        let keys: Vec<Key> = if plain { entries.iter().map(|(key, _)| key.clone()).collect() } else { Vec::new() };
        Ok(match if plain { forms.learn(&keys) } else { None } {
            None => {
                let value = |(cell, made): (Cell, Datum)| if cell.look == Look::Set { made } else { Piece::of(block, cell).to_datum() };
                Map::from_entries(entries.into_iter().map(|(key, found)| (key, value(found))).collect())
            }
            Some((form, places)) => {
                let mut row = Row::json(&form.shape, block);
                row.skip_cells(0..form.heads.len());
                for ((_, (cell, mut made)), place) in entries.into_iter().zip(places) {
                    row.set_cell(place, cell, &mut made);
                }
                row.into_map()
            }
        })
    }

    /// Passes the value that starts at `start`; says where it stands, and gives the place after it. What is to stand there instead
    /// is `made`.
    #[allow(clippy::inline_always, reason = "it would be called for each value, and its answer taken apart in memory")]
    #[inline(always)]
    fn cell(&mut self, start: usize) -> Scanned<(Cell, usize)> {
        let (look, end) = match self.scan.peek(start) {
            Some(b'"') => {
                let (stop, closed) = self.scan.letters(start + 1);
                let (look, quote) = if closed { (Look::Plain, stop) } else { (Look::Escaped, self.scan.string_with_escapes(stop)?) };
                return Ok((Cell { look, start: start as u32 + 1, end: quote as u32 }, quote + 1));
            }
            Some(b'{' | b'[') => {
                self.at = start;
                let stays = self.pass(1)?;
                (if stays { Look::Raw } else { Look::Set }, self.at)
            }
            Some(b'-' | b'0'..=b'9') => {
                let end = self.scan.whole_number(start)?;
                if self.scan.has_fraction(end) { (Look::Number, self.scan.fraction(end)?) } else { (self.whole(start, end)?, end) }
            }
            Some(b't') => (Look::True, self.scan.word(start, "true")?),
            Some(b'f') => (Look::False, self.scan.word(start, "false")?),
            Some(b'n') => (Look::Null, self.scan.word(start, "null")?),
            _ => return self.scan.broken(start, "a value was expected"),
        };
        Ok((Cell { look, start: start as u32, end: end as u32 }, end))
    }

    /// What the whole number looks like that stands there.
    #[inline]
    fn whole(&mut self, start: usize, end: usize) -> Scanned<Look> {
        let digits = &self.scan.bytes[start..end];
        if !fits(digits) {
            return self.big_cell(start, end);
        }
        Ok(if digits == b"-0" { Look::Number } else { Look::Whole })
    }

    #[cold]
    fn big_cell(&mut self, start: usize, end: usize) -> Scanned<Look> {
        if self.options.big == Big::Exact {
            return Ok(Look::Number);
        }
        self.at = end;
        self.made = self.big(start)?;
        Ok(Look::Set)
    }
}
