//! Records: the outermost map, made a row whose cells say where the values stand.
//!
//! While the keys come as the last record's form foresees them, they are compared in passing; nothing is hashed, nothing made.
//! Where they do not, the record is read once more, key by key, and its form is learnt.

use std::mem;

use super::gather::Gather;
use super::molds::Molds;
use super::read::{Big, Document};
use super::scan::{Scanned, fits};
use crate::datum::{Cell, Datum, Key, Look, Map, Piece, Row};

impl Document<'_> {
    /// The map at this place, outermost in its document. The text must be a span of a block.
    pub(super) fn record(&mut self) -> Scanned<Datum> {
        let start = self.at;
        let first = self.scan.enter(start, 0)?;
        if self.scan.peek(first) == Some(b'}') {
            self.at = first + 1;
            return Ok(Datum::Map(Map::new()));
        }
        self.at = first;
        if let Some(row) = self.foreseen()? {
            self.forms.fitted();
            return Ok(Datum::Map(row.into_map()));
        }
        self.at = first;
        self.learnt().map(Datum::Map)
    }

    /// The record in the form that is foreseen, some keys of which may be missing; none when it has others.
    fn foreseen(&mut self) -> Scanned<Option<Row>> {
        let (bytes, mut at) = (self.scan.bytes, self.at);
        let (Some((block, _)), Some(form)) = (self.text.place(), self.forms.foresee(bytes, at)) else { return Ok(None) };
        let form = form.clone();
        let mut row = Row::json(&form.shape, block);
        let mut place = 0;
        let mut next = form.foreseen(place, bytes, at);
        loop {
            if let Some(value) = next {
                at = self.scan.blanks(value);
            } else {
                let end = self.scan.key(at)?;
                // A name with escapes is none of the form's, whose names need none.
                let Some(found) = form.find(place, &bytes[at + 1..end]) else { return Ok(None) };
                at = self.scan.value_of_key(end)?;
                (place..found).for_each(|_| row.push_absent());
                place = found;
            }
            let (cell, end) = match self.scan.peek(at) {
                Some(b'{' | b'[') => self.part(form.molds(place), at)?,
                _ => self.cell(at)?,
            };
            match cell.look {
                Look::Set => row.push_value(mem::take(&mut self.made)),
                _ => row.push_found(cell),
            }
            place += 1;
            // As compact JSON has it, most often.
            if self.scan.peek(end) == Some(b',') {
                next = form.foreseen(place, bytes, end + 1);
                if next.is_some() {
                    continue;
                }
            }
            let (after, more) = self.scan.goes_on(end, b'}')?;
            at = after;
            if !more {
                self.at = at;
                return Ok(Some(row));
            }
            next = form.foreseen(place, bytes, at);
        }
    }

    /// Passes the list or map that starts at `start`, when it looks as others under that key did; learns from it when not.
    #[inline]
    fn part(&mut self, molds: &Molds, start: usize) -> Scanned<(Cell, usize)> {
        if !self.trusted
            && !self.options.duplicates_fail
            && let Some(end) = molds.pass(&mut self.scan, start)
            && !self.scan.big
        {
            return Ok((Cell { look: Look::Raw, start: start as u32, end: end as u32 }, end));
        }
        self.unlike(molds, start)
    }

    #[inline(never)]
    fn unlike(&mut self, molds: &Molds, start: usize) -> Scanned<(Cell, usize)> {
        let (cell, end) = self.cell(start)?;
        if cell.look == Look::Raw && !self.trusted {
            molds.learn(&self.scan.bytes[start..end]);
        }
        Ok((cell, end))
    }

    /// The record key by key: a row when its form can be learnt, else plain entries.
    #[cold]
    fn learnt(&mut self) -> Scanned<Map> {
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
        Ok(match if plain { self.forms.learn(&keys) } else { None } {
            None => {
                let value = |(cell, made): (Cell, Datum)| if cell.look == Look::Set { made } else { Piece::of(block, cell).to_datum() };
                Map::from_entries(entries.into_iter().map(|(key, found)| (key, value(found))).collect())
            }
            Some((form, places)) => {
                let mut row = Row::json(&form.shape, block);
                for ((_, (cell, made)), place) in entries.into_iter().zip(places) {
                    (row.cells()..place).for_each(|_| row.push_absent());
                    if cell.look == Look::Set { row.push_value(made) } else { row.push_found(cell) }
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
