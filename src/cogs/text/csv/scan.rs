//! Finds the fields of plain lines of CSV within the block that the lines stand in, 64 bytes at a time.
//!
//! Most lines hold no escape, no doubled quote and no line break. What they hold instead, delimiters, is found in many bytes
//! side by side, which costs the same wherever the delimiters stand: a loop over bytes is mispredicted at the end of each field.
//! [`Scan`] decides such lines whole and leaves all others to [`Fields`](super::fields::Fields). Most of them hold no quote
//! either, and as many fields as are wanted: their cells are [filled](Scan::fill) in one go.

use std::ops::Range;

use memchr::memchr;

use super::dialect::Dialect;
use crate::datum::{Cell, Lanes, Look, SPAN, last_marks, marks};

/// The reader of plain lines of one dialect.
#[derive(Clone, Copy, Debug)]
pub(in crate::cogs::text) struct Scan {
    delimiter: u8,
    quote: Option<u8>,
    /// What ends the plain part of all lines, besides line breaks.
    escape: Option<u8>,
    /// Commas and double quotes mean something, and nothing else does.
    pub(in crate::cogs::text) is_common: bool,
    /// What is looked for: delimiters, quotes, escapes; a line break where there is no such letter.
    wanted: [Lanes; 3],
}

impl Scan {
    /// The reader for that dialect; none for those with letters of several bytes or blanks that do not count.
    pub(in crate::cogs::text) fn of(dialect: &Dialect) -> Option<Self> {
        let plain = dialect.is_ascii() && !dialect.trim && !dialect.skip_space;
        let wanted = [Some(dialect.delimiter), dialect.quote, dialect.escape];
        plain.then(|| Self {
            delimiter: dialect.delimiter as u8,
            quote: dialect.quote.map(|quote| quote as u8),
            escape: dialect.escape.map(|escape| escape as u8),
            is_common: dialect.is_common(),
            wanted: wanted.map(|letter| Lanes::all(letter.map_or(b'\n', |letter| letter as u8))),
        })
    }

    /// Sets `cells` to the fields of the line at `line` in `block` when it has just as many, and neither quotes nor escapes nor
    /// control letters among them. False when it must be read in another way: what the cells are then does not count. Empty
    /// fields are `()` when `unit` says so.
    #[allow(clippy::inline_always, reason = "it is the whole of what is done with a batch")]
    #[inline(always)]
    pub(in crate::cogs::text) fn fill(&self, block: &str, line: Range<usize>, cells: &mut [Cell], unit: bool) -> bool {
        let (bytes, end) = (block.as_bytes(), line.end);
        let look = if self.is_common { Look::Bare } else { Look::Text };
        let [delimiter, quote, escape] = self.wanted;
        let tell = |lanes: Lanes| {
            let delimiters = lanes.equal(delimiter);
            [delimiters, lanes.at_most(Lanes::all(b'\r')).or(lanes.equal(quote)).or(lanes.equal(escape))]
        };
        let cell = |start: usize, end: usize| {
            let look = if unit && start == end { Look::Null } else { look };
            // What stands in a block is below 4 GiB: see `Text::span`.
            Cell { look, start: start as u32, end: end as u32 }
        };
        let (mut start, mut base, mut cells) = (line.start, line.start, cells.iter_mut());
        while base < end {
            let rest = &bytes[base..];
            let [delimiters, odd] = rest.first_chunk().map_or_else(|| last_marks(rest, tell), |span| marks(span, tell));
            let within = if end - base < SPAN { !(u64::MAX << (end - base)) } else { u64::MAX };
            if odd & !delimiters & within != 0 {
                return false;
            }
            let mut ends = delimiters & within;
            while ends != 0 {
                let stop = base + ends.trailing_zeros() as usize;
                ends &= ends - 1;
                let Some(next) = cells.next() else { return false };
                *next = cell(start, stop);
                start = stop + 1;
            }
            base += SPAN;
        }
        match (cells.next(), cells.next()) {
            (Some(last), None) if !line.is_empty() => {
                *last = cell(start, end);
                true
            }
            _ => false,
        }
    }

    /// Tells `field` where each field of the line at `line` in `block` begins and ends, in bytes of the block and without
    /// quotes, and whether it stood in quotes. False when the line is not plain: what was told does not count then.
    #[inline]
    pub(in crate::cogs::text) fn fields(&self, block: &str, line: Range<usize>, mut field: impl FnMut(usize, usize, bool)) -> bool {
        let (bytes, end) = (block.as_bytes(), line.end);
        if line.is_empty() {
            return true;
        }
        let mut start = line.start;
        // The delimiters between `base` and `known` that are not used up.
        let (mut base, mut known, mut ends) = (start, start, 0);
        loop {
            if start < end && self.quote == Some(bytes[start]) {
                let Some(length) = memchr(bytes[start], &bytes[start + 1..end]) else { return false };
                let close = start + 1 + length;
                if self.escape.is_some_and(|escape| memchr(escape, &bytes[start + 1..close]).is_some()) {
                    return false;
                }
                field(start + 1, close, true);
                if close + 1 == end {
                    return true;
                }
                if bytes[close + 1] != self.delimiter {
                    return false;
                }
                // What was found within the quotes means nothing; the delimiter behind them is known.
                start = close + 2;
                if start < known {
                    ends &= u64::MAX << (start - base);
                } else {
                    (known, ends) = (start, 0);
                }
                continue;
            }
            while ends == 0 {
                if known >= end {
                    field(start, end, false);
                    return true;
                }
                base = known;
                known = base + SPAN;
                match self.ends(bytes, base, end) {
                    Some(found) => ends = found,
                    None => return false,
                }
            }
            let stop = base + ends.trailing_zeros() as usize;
            ends &= ends - 1;
            field(start, stop, false);
            start = stop + 1;
        }
    }

    /// The delimiters from `base` on, before `end`, which is beyond it; none when something there is not plain.
    #[inline]
    fn ends(&self, bytes: &[u8], base: usize, end: usize) -> Option<u64> {
        let length = (end - base).min(SPAN);
        let ([delimiter, _, escape], [cr, lf]) = (self.wanted, [b'\r', b'\n'].map(Lanes::all));
        let tell = |lanes: Lanes| [lanes.equal(delimiter), lanes.equal(cr).or(lanes.equal(lf)).or(lanes.equal(escape))];
        let rest = &bytes[base..];
        let [delimiters, odd] = rest.first_chunk().map_or_else(|| last_marks(rest, tell), |span| marks(span, tell));
        let within = u64::MAX >> (SPAN - length);
        (odd & within == 0).then_some(delimiters & within)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    use super::super::dialect::PLAIN;
    use super::super::fields::Fields;
    use super::*;
    use crate::datum::Text;

    type Found = Vec<(String, bool)>;

    /// The fields that are filled in, when they are as many as that.
    fn filled(dialect: &Dialect, block: &str, line: Range<usize>, wanted: usize) -> Option<Found> {
        let mut cells = vec![Cell { look: Look::Absent, start: 0, end: 0 }; wanted];
        let plain = Scan::of(dialect).unwrap().fill(block, line, &mut cells, false);
        plain.then(|| cells.iter().map(|cell| (block[cell.start as usize..cell.end as usize].to_owned(), false)).collect())
    }

    fn scanned(dialect: &Dialect, block: &str, line: Range<usize>) -> Option<Found> {
        let mut all = Vec::new();
        let plain = Scan::of(dialect).unwrap().fields(block, line, |from, to, quoted| all.push((block[from..to].to_owned(), quoted)));
        plain.then_some(all)
    }

    fn read(dialect: &Dialect, line: &str) -> Option<Found> {
        let text = Text::from(line).into_span();
        let mut fields = Fields::new(dialect, &text);
        let mut all = Vec::new();
        while let Some(field) = fields.next().ok()? {
            all.push((field.text.to_string(), field.quoted));
        }
        Some(all)
    }

    #[test]
    fn plain_lines_are_decided_and_others_left() {
        let of = |line: &str| scanned(&PLAIN, line, 0..line.len()).map(|all| all.into_iter().map(|(text, _)| text).collect::<Vec<_>>());
        assert_eq!(of("").unwrap(), [""; 0]);
        assert_eq!(of(",").unwrap(), ["", ""]);
        assert_eq!(of("a,\"b,c\",d\te").unwrap(), ["a", "b,c", "d\te"]);
        assert_eq!(of("a,\"\"").unwrap(), ["a", ""]);
        assert_eq!(of("a,\"\",").unwrap(), ["a", "", ""]);
        for other in ["a\n", "\"a\"\"b\"", "\"a\"b", "\"a", "a\r,b"] {
            assert_eq!(of(other), None, "{other:?}");
        }
        let tabs = Dialect { delimiter: '\t', ..PLAIN };
        assert_eq!(scanned(&tabs, "a\t\u{b}b", 0..4).unwrap().len(), 2);
        assert!(Scan::of(&Dialect { trim: true, ..PLAIN }).is_none() && Scan::of(&Dialect { delimiter: 'ä', ..PLAIN }).is_none());
    }

    proptest! {
        /// Whatever stands around the line, and wherever it stands in its block.
        #[test]
        fn what_is_decided_is_what_the_long_way_reads(
            (before, after) in ("[a,\"\n]{0,70}", "[a,\"\n]{0,70}"),
            pieces in prop::collection::vec(prop::sample::select(vec![
                "a", "-", ",", ",", ";", "\"", "\"b\"", "\"c,d\"", "\"e\"\"f\"", "ä", "\u{1f600}", "\t", "\u{1}", "\r", "\n", "\\",
                "a long field without anything in it", "\"a long field in quotes, with a delimiter in it\"",
            ]), 0..16),
            delimiter in prop::sample::select(vec![',', ';', '\t']),
            quote in prop::option::weighted(0.8, prop::sample::select(vec!['"', 'a'])),
            escape in prop::option::weighted(0.2, prop::sample::select(vec!['\\', '-'])),
            (double, strict) in any::<(bool, bool)>(),
        ) {
            let dialect = Dialect { delimiter, quote, escape, double, strict, ..PLAIN };
            let line = pieces.concat();
            let block = format!("{before}{line}{after}");
            let found = scanned(&dialect, &block, before.len()..before.len() + line.len());
            for wanted in 0..8 {
                let filled = filled(&dialect, &block, before.len()..before.len() + line.len(), wanted);
                // Whatever is filled in is what is found; none is left that holds nothing odd and has as many fields.
                prop_assert!(filled.is_none() || filled == found, "{:?} {:?}", filled, found);
                let odd = |letter: char| letter <= '\r' && letter != delimiter || [quote, escape].contains(&Some(letter));
                let fits = found.as_ref().is_some_and(|found| found.len() == wanted && wanted > 0);
                prop_assert_eq!(filled.is_some(), fits && !line.contains(odd), "{:?}", line);
            }
            if found.is_some() {
                prop_assert_eq!(&found, &read(&dialect, &line), "{:?}", line);
            }
            // None is left that holds nothing odd.
            prop_assert!(found.is_some() || line.contains(['\n', '\r']) || line.contains(quote.unwrap_or('\n')) || line.contains(escape.unwrap_or('\n')));
        }
    }
}
