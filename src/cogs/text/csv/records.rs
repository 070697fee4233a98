//! One line of CSV becomes a row, a list, or whatever its setters make of it.

use std::rc::Rc;

use memchr::memchr;

use super::dialect::Dialect;
use super::fields::{Field, Fields};
use super::scan::Scan;
use crate::cogs::text::fill::{Fill, Form};
use crate::datum::{Block, Cell, Datum, Look, Row, Text};
use crate::error::{Error, Result};
use crate::getset::Func;

/// How one line is read.
pub(in crate::cogs::text) struct Records {
    pub(in crate::cogs::text) dialect: Dialect,
    /// The short way, where the dialect has one.
    pub(in crate::cogs::text) scan: Option<Scan>,
    pub(in crate::cogs::text) columns: Columns,
    pub(in crate::cogs::text) empty_is_unit: bool,
    pub(in crate::cogs::text) casts: Vec<Option<Func>>,
}

/// How many fields a record may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::cogs::text) enum Columns {
    /// As many as have a place.
    Exact,
    /// Those and more.
    AtLeast,
    /// Any number.
    Any,
}

impl Records {
    /// The list of the fields.
    pub(in crate::cogs::text) fn list(&self, text: &Text) -> Result<Datum> {
        let mut fields = Fields::new(&self.dialect, text);
        let mut list = Vec::new();
        while let Some(field) = fields.next()? {
            list.push(self.value(list.len(), field)?);
        }
        Ok(Datum::List(list))
    }

    /// The hottest road: makes a row of a line of nothing but plain fields, just as many as are wanted. False when it is no such
    /// line, or no such row is wanted; the datum is then as it was.
    #[allow(clippy::inline_always, reason = "it is the whole of what is done with a batch")]
    #[inline(always)]
    pub(in crate::cogs::text) fn make_row(&self, fill: &Fill, datum: &mut Datum) -> bool {
        if let (Some(scan), Some(form), true, Datum::Str(text)) = (&self.scan, fill.form(), self.casts.is_empty(), &*datum)
            && let Some((block, line)) = text.place()
            && let Some(mut row) = form.whole_row()
            && scan.fill(block, line, row.cells_mut(), self.empty_is_unit)
        {
            let row = row.in_block(Rc::clone(block));
            std::mem::replace(datum, Datum::Map(row.into_map())).discard();
            return true;
        }
        false
    }

    /// The hot road: a row whose fields stay in the line. None where the record is something else.
    #[inline]
    pub(in crate::cogs::text) fn row(&self, fill: &Fill, text: &Text) -> Result<Option<Row>> {
        let (Some(form), Some((block, line))) = (fill.form(), text.place()) else { return Ok(None) };
        if !self.casts.is_empty() {
            return Ok(None);
        }
        let (mut row, mut n) = (form.row(block), 0);
        let plain = self.scan.as_ref().is_some_and(|scan| {
            // Without quotes in the line its plain fields are bare.
            let bare = scan.is_common && memchr(b'"', &block.as_bytes()[line.clone()]).is_none();
            let text = if bare { Look::Bare } else { Look::Text };
            let cells = row.cells_mut();
            scan.fields(block, line.clone(), |start, end, quoted| {
                if form.wants(n) {
                    let unit = start == end && self.empty_is_unit && !quoted;
                    let look = if unit { Look::Null } else { text };
                    // What stands in a block is below 4 GiB: see `Text::span`.
                    cells.push(Cell { look, start: start as u32, end: end as u32 });
                }
                n += 1;
            })
        });
        if !plain {
            (row, n) = self.odd_row(form, text, block, line.start)?;
        }
        self.check(n, fill, text)?;
        Ok(Some(row))
    }

    /// A row with fields that must be taken out of their line.
    #[cold]
    fn odd_row(&self, form: &Form, text: &Text, block: &Block, at: usize) -> Result<(Row, usize)> {
        let mut fields = Fields::new(&self.dialect, text);
        let (mut row, mut n) = (form.row(block), 0);
        loop {
            if let Some(span) = fields.span() {
                if form.wants(n) {
                    row.push_cell(self.look(span.start == span.end, span.quoted), at + span.start, at + span.end);
                }
            } else {
                let Some(field) = fields.rest()? else { return Ok((row, n)) };
                if form.wants(n) {
                    row.push_value(self.value(n, field)?);
                }
            }
            n += 1;
        }
    }

    #[inline]
    fn look(&self, is_empty: bool, quoted: bool) -> Look {
        if is_empty && self.empty_is_unit && !quoted { Look::Null } else { Look::Text }
    }

    /// What the setters make of the fields.
    pub(in crate::cogs::text) fn put(&self, fill: &Fill, text: &Text, datum: Datum) -> Result<Datum> {
        let mut fields = Fields::new(&self.dialect, text);
        let mut record = fill.start(datum);
        let mut n = 0;
        if let Some((keys, mut gather)) = fill.gather(&mut record) {
            while let Some(field) = fields.next()? {
                if fill.wants(n) {
                    let value = self.value(n, field)?;
                    if let Some(Some(key)) = keys.get(n) {
                        gather.set(key.clone(), value);
                    }
                }
                n += 1;
            }
            self.check(n, fill, text)?;
            return Ok(Datum::Map(gather.into_map()));
        }
        while let Some(field) = fields.next()? {
            if fill.wants(n) {
                fill.put(&mut record, n, self.value(n, field)?)?;
            }
            n += 1;
        }
        self.check(n, fill, text)?;
        Ok(record)
    }

    /// Whether a record may have `n` fields.
    #[inline]
    fn check(&self, n: usize, fill: &Fill, text: &str) -> Result<()> {
        let fits = match self.columns {
            Columns::Exact => n == fill.len(),
            Columns::AtLeast => n >= fill.len(),
            Columns::Any => true,
        };
        if fits { Ok(()) } else { Err(self.count(n, fill.len(), text)) }
    }

    fn value(&self, column: usize, field: Field) -> Result<Datum> {
        if self.empty_is_unit && !field.quoted && field.text.is_empty() {
            return Ok(Datum::Unit);
        }
        match self.casts.get(column) {
            Some(Some(cast)) => cast.call(Datum::Str(field.text)),
            _ => Ok(Datum::Str(field.text)),
        }
    }

    #[cold]
    fn count(&self, found: usize, wanted: usize, text: &str) -> Error {
        let s = if found == 1 { "" } else { "s" };
        let least = if self.columns == Columns::AtLeast { "at least " } else { "" };
        Error::data(format!("{found} column{s}, but {least}{wanted} wanted"), text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::cogs::text::fill::Initial;
    use crate::datum::{Map, json};
    use crate::getset::Setter;

    proptest! {
        /// Wherever the line stands in its block.
        #[test]
        fn rows_hold_what_setters_are_given(
            (before, after) in ("[a,\"\n]{0,70}", "[a,\"\n]{0,70}"),
            pieces in prop::collection::vec(prop::sample::select(vec![
                "a", ",", ",", ",", ";", "\"", "\"b\"", "\"c,d\"", "\"e\"\"f\"", "\"\"", "ä", "\u{1f600}", " ", "\t", "\r", "\n", "\\",
            ]), 0..12),
            delimiter in prop::sample::select(vec![',', ';', '\t', 'ä']),
            quote in prop::option::weighted(0.8, prop::sample::select(vec!['"', 'a'])),
            escape in prop::option::weighted(0.2, prop::sample::select(vec!['\\'])),
            (double, strict, skip_space, trim, empty_is_unit) in any::<(bool, bool, bool, bool, bool)>(),
            columns in prop::sample::select(vec![Columns::Exact, Columns::AtLeast, Columns::Any]),
        ) {
            let dialect = Dialect { delimiter, quote, escape, double, skip_space, strict, trim };
            let records = Records { scan: Scan::of(&dialect), dialect, columns, empty_is_unit, casts: vec![] };
            let setters = || ["a", "", "b"].map(|name| (!name.is_empty()).then(|| Setter::Item(name.into()))).to_vec();
            let first: Map = [("z".into(), Datum::Int(1))].into_iter().collect();
            let (rows, others) = (Fill::new(setters(), Initial::Fresh(first.clone())), Fill::new(setters(), Initial::Keep));
            let line = pieces.concat();
            let block: Block = std::rc::Rc::new(format!("{before}{line}{after}"));
            let text = Text::span(&block, before.len()..before.len() + line.len());
            let show = |record: Result<Datum>| record.map(|record| json::to_string(&record)).map_err(|error| error.to_string());
            let short = records.make_row(&rows, &mut Datum::Str(text.clone()));
            prop_assert!(!short, "a record with more than its pieces");
            let row = records.row(&rows, &text).map(|row| Datum::Map(row.unwrap().into_map()));
            prop_assert_eq!(show(row), show(records.put(&others, &text, Datum::Map(first))));
            let whole = Fill::new(["a", "b", "c"].map(|name| Some(Setter::Item(name.into()))).to_vec(), Initial::Fresh(Map::new()));
            let mut datum = Datum::Str(text.clone());
            if records.make_row(&whole, &mut datum) {
                prop_assert_eq!(show(Ok(datum)), show(records.put(&whole, &text, Datum::Unit)));
            } else {
                prop_assert_eq!(datum, Datum::Str(text));
            }
        }
    }
}
