//! Molds: how the values of one key look with all that stands before them, learnt from the records seen.
//!
//! A mold begins where the value before ends: its lead holds the comma, the key, the colon and whatever blanks there are, then
//! the value up to its first string or number. A value that fits is compared piece by piece; only its strings and numbers are
//! scanned. It is valid, for the one that the mold was made of was. As with [forms](super::forms), data may be hostile: molds
//! are few and small, making one costs credit, and where they do not fit they are not tried for a while.
//!
//! Places are found in the block, whose end may be beyond that of the text: who passes values looks at the end once, when all
//! are passed.

use std::mem;
use std::ops::ControlFlow;

use super::leaves::{Leaf, Part, parts};
use super::literal::Literal;
use super::scan::{Scan, few_digits, usual_word};
use super::stops::letters;
use crate::datum::{Cell, Look};

/// Molds of one key at most.
const MOLDS: usize = 3;
/// Longer ones are not learnt.
const LONGEST: usize = 1024;
/// Molds that can be made before known ones have to fit.
const CREDIT: u64 = 8;
/// So many records without a miss are worth a new one.
const EARNS: u64 = 16;
/// How far trust goes: a record without a miss raises it by one, a miss lowers it by [`LOSS`].
const TRUST: u64 = 32;
/// See [`TRUST`].
const LOSS: u64 = 4;
/// Without trust so many records are read before molds are tried again.
const PAUSE: u64 = 256;

/// The molds of the values of one key.
#[derive(Debug)]
pub(super) struct Molds {
    /// The one that fitted last; none while molds are not tried.
    last: Option<Mold>,
    others: Vec<Mold>,
    credit: u64,
    trust: u64,
    /// The number of the record that missed last.
    missed: u64,
    /// That of the record from which on molds are tried.
    wakes: u64,
}

/// A value that was passed.
pub(super) struct Passed<'a> {
    pub(super) cell: Cell,
    /// What follows it in the block.
    pub(super) rest: &'a [u8],
    /// It stands as compact JSON on one line has it, right behind the value before and its own key.
    pub(super) compact: bool,
}

/// What is known of a value that fitted no mold.
pub(super) struct Miss<'a> {
    /// The number of the record.
    pub(super) record: u64,
    /// All from the end of the value before to the end of this one.
    pub(super) text: &'a [u8],
    /// Where the value starts in it.
    pub(super) value: usize,
    /// It stands as compact JSON on one line has it.
    pub(super) compact: bool,
    pub(super) look: Look,
}

impl Molds {
    pub(super) const fn new() -> Self {
        Self { last: None, others: Vec::new(), credit: CREDIT, trust: TRUST, missed: 0, wakes: 0 }
    }

    /// Passes what comes right behind the value before, if it fits as the last one did.
    #[allow(clippy::inline_always, reason = "it would be called for each value, and its answer taken apart in memory")]
    #[inline(always)]
    pub(super) fn pass<'a>(&self, scan: &mut Scan<'a>, rest: &'a [u8]) -> Option<Passed<'a>> {
        self.last.as_ref()?.pass(scan, rest)
    }

    /// As [`Molds::pass`], by the other molds.
    #[inline(never)]
    pub(super) fn pass_other<'a>(&mut self, scan: &mut Scan<'a>, rest: &'a [u8], record: u64) -> Option<Passed<'a>> {
        if record < self.wakes {
            return None;
        }
        let (n, passed) = self.others.iter().enumerate().find_map(|(n, mold)| Some((n, mold.pass(scan, rest)?)))?;
        match &mut self.last {
            Some(last) => mem::swap(last, &mut self.others[n]),
            None => self.last = Some(self.others.swap_remove(n)),
        }
        Some(passed)
    }

    /// Learns from a value that fitted no mold, while there is credit.
    #[inline(never)]
    pub(super) fn learn(&mut self, miss: &Miss<'_>) {
        if miss.record < self.wakes {
            return;
        }
        let fitting = miss.record.saturating_sub(self.missed);
        self.missed = miss.record;
        self.credit = (self.credit + fitting / EARNS).min(CREDIT);
        self.trust = (self.trust + fitting).min(TRUST).saturating_sub(LOSS);
        if self.trust == 0 {
            self.trust = TRUST / 2;
            self.wakes = miss.record + PAUSE;
            self.others.extend(self.last.take());
        } else if self.credit > 0 {
            self.credit -= 1;
            if let Some(mold) = Mold::of(miss) {
                self.keep(mold);
            }
        }
    }

    fn keep(&mut self, mold: Mold) {
        if let Some(last) = self.last.replace(mold) {
            self.others.insert(0, last);
        }
        self.others.truncate(MOLDS - 1);
    }
}

/// How a value may look, and what stands before it.
#[derive(Debug)]
struct Mold {
    /// All up to the first place where values may differ.
    lead: Literal,
    /// Where the value starts in it.
    value: usize,
    compact: bool,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// A string, whose first quote ends the lead.
    Text,
    Number,
    /// `true`, `false` or `null`.
    Word,
    /// A list or map: what follows the lead.
    Parts(Box<[Part]>),
}

impl Mold {
    /// The mold of such a value; none when it is too large.
    fn of(miss: &Miss<'_>) -> Option<Self> {
        if miss.text.len() > LONGEST {
            return None;
        }
        let (mut end, kind) = match miss.look {
            Look::Plain | Look::Escaped => (miss.value + 1, Kind::Text),
            Look::Whole | Look::Number => (miss.value, Kind::Number),
            Look::True | Look::False | Look::Null => (miss.value, Kind::Word),
            Look::Raw => (0, Kind::Parts(Box::default())),
            _ => return None,
        };
        let mut kind = kind;
        if let Kind::Parts(rest) = &mut kind {
            let (lead, found) = parts(&miss.text[miss.value..])?;
            end = miss.value + lead;
            *rest = found.into();
        }
        Some(Self { lead: Literal::new(&miss.text[..end]), value: miss.value, compact: miss.compact, kind })
    }

    /// What comes next, if it fits.
    #[allow(clippy::inline_always, reason = "see `Molds::pass`")]
    #[inline(always)]
    fn pass<'a>(&self, scan: &mut Scan<'a>, rest: &'a [u8]) -> Option<Passed<'a>> {
        let inside = self.lead.pass(rest)?;
        let (look, start, end) = match &self.kind {
            Kind::Text => {
                let end = inside.get(letters(inside)..)?;
                let Some((b'"', after)) = end.split_first() else { return escaped(scan, inside, end) };
                let cell = Cell { look: Look::Plain, start: scan.place(inside) as u32, end: scan.place(end) as u32 };
                return Some(Passed { cell, rest: after, compact: self.compact });
            }
            Kind::Number => {
                let (length, whole) = scan.usual_number(inside)?;
                (if whole { Look::Whole } else { Look::Number }, scan.place(inside), inside.get(length..)?)
            }
            Kind::Word => {
                let (look, length) = usual_word(inside)?;
                (look, scan.place(inside), inside.get(length..)?)
            }
            Kind::Parts(parts) => (Look::Raw, scan.place(rest) + self.value, pass_parts(parts, scan, inside)?),
        };
        Some(Passed { cell: Cell { look, start: start as u32, end: scan.place(end) as u32 }, rest: end, compact: self.compact })
    }
}

/// A string with escapes, the first of which stands at `stop`; it is not copied as it stands.
#[cold]
fn escaped<'a>(scan: &mut Scan<'a>, inside: &[u8], stop: &[u8]) -> Option<Passed<'a>> {
    let end = scan.string_with_escapes(scan.place(stop)).ok()?;
    let cell = Cell { look: Look::Escaped, start: scan.place(inside) as u32, end: end as u32 };
    Some(Passed { cell, rest: scan.block.get(end + 1..)?, compact: false })
}

/// What follows these parts.
#[inline(never)]
fn pass_parts<'a>(parts: &[Part], scan: &mut Scan<'a>, rest: &'a [u8]) -> Option<&'a [u8]> {
    let mut rest = rest;
    for part in parts {
        rest = loop {
            let end = match part.leaf {
                Leaf::Texts => rest.get(letters(rest)..),
                Leaf::Numbers => few_digits(rest).and_then(|length| rest.get(length..)),
                Leaf::Word => rest.get(usual_word(rest)?.1..),
            };
            // What the text begins with ends any leaf.
            if let Some(after) = end.and_then(|end| part.text.pass(end)) {
                break after;
            }
            match more(part, scan, rest, end)? {
                ControlFlow::Break(after) => break after,
                ControlFlow::Continue(next) => rest = next,
            }
        };
    }
    Some(rest)
}

/// Goes on where the leaf at `start` seems to end at `end` and its text does not follow: with the next one in the list, or
/// behind the text.
#[inline]
fn more<'a>(part: &Part, scan: &mut Scan<'a>, start: &'a [u8], end: Option<&'a [u8]>) -> Option<ControlFlow<&'a [u8], &'a [u8]>> {
    let next = |end: &'a [u8]| match (part.leaf, end) {
        (Leaf::Texts, [b'"', b',', b'"', next @ ..]) | (Leaf::Numbers, [b',', next @ ..]) if part.more => Some(next),
        _ => None,
    };
    if let Some(next) = end.and_then(next) {
        return Some(ControlFlow::Continue(next));
    }
    let end = match part.leaf {
        Leaf::Texts if end?.first() == Some(&b'\\') => scan.string_with_escapes(scan.place(end?)).ok()?,
        Leaf::Numbers => scan.less_usual_number(scan.place(start))?.0,
        _ => return None,
    };
    let end = scan.block.get(end..)?;
    match part.text.pass(end) {
        Some(after) => Some(ControlFlow::Break(after)),
        None => next(end).map(ControlFlow::Continue),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value under the key `k`, as it stands in a record.
    fn miss(text: &str, record: u64) -> Miss<'_> {
        let value = text.find(':').unwrap() + 1;
        Miss { record, text: text.as_bytes(), value, compact: true, look: Look::Raw }
    }

    fn passed(molds: &mut Molds, text: &str) -> bool {
        let mut scan = Scan::new(text.as_bytes(), text.len(), 128);
        let passed = molds.pass(&mut scan, text.as_bytes());
        passed.or_else(|| molds.pass_other(&mut scan, text.as_bytes(), 0)).is_some_and(|passed| passed.rest.is_empty())
    }

    #[test]
    fn a_mold_fits_what_differs_in_its_leaves_only() {
        let mut molds = Molds::new();
        molds.learn(&miss(r#","k":[{"a":["x",1.5],"b\"": true, "c":{}}]"#, 0));
        for fits in [
            r#","k":[{"a":["",-7e3],"b\"": null, "c":{}}]"#,
            r#","k":[{"a":["\"\u00e4",0],"b\"": false, "c":{}}]"#,
            r#","k":[{"a":["x\\\"",1,2,-3.5],"b\"": true, "c":{}}]"#,
        ] {
            assert!(passed(&mut molds, fits), "{fits}");
        }
        molds.learn(&miss(r#","k":["x"]"#, 0));
        assert!(passed(&mut molds, r#","k":["x\"","","\\","","y"]"#));
        assert!(!passed(&mut molds, r#","k":["x",]"#) && !passed(&mut molds, r#","k":["x","y]"#) && !passed(&mut molds, r#","k":["x",1]"#));
        for not in [
            r#","k":[{"a":["x",01],"b\"": true, "c":{}}]"#,
            r#","k":[{"a":["x",1.],"b\"": true, "c":{}}]"#,
            r#","k":[{"a":["x",1],"b\"": nul, "c":{}}]"#,
            r#","k":[{"a":["\x",1],"b\"": true, "c":{}}]"#,
            r#","k":[{"a":["x",,1],"b\"": true, "c":{}}]"#,
            r#","k":[{"a":["x","y,1],"b\"": true, "c":{}}]"#,
            r#","k":[{"a":["x",1,],"b\"": true, "c":{}}]"#,
            r#","k":[{"a":["x",1,-],"b\"": true, "c":{}}]"#,
            ",\"k\":[{\"a\":[\"\n\",1],\"b\\\"\": true, \"c\":{}}]",
            r#","k":[{"a":["x",1],"b": true, "c":{}}]"#,
            r#","k":[{"a":["x",1],"b\"":true, "c":{}}]"#,
            r#","k":[{"a":["x",1],"b\"": true, "c":{}}"#,
            r#","l":[{"a":["x",1],"b\"": true, "c":{}}]"#,
            r#""k":[{"a":["x",1],"b\"": true, "c":{}}]"#,
        ] {
            assert!(!passed(&mut molds, not), "{not}");
        }
    }

    #[test]
    fn values_of_several_looks_are_all_known() {
        let mut molds = Molds::new();
        let texts = [(Look::Plain, r#","k":"x""#), (Look::Raw, r#","k":[1]"#), (Look::Null, r#","k":null"#)];
        for (n, (look, text)) in texts.iter().enumerate() {
            molds.learn(&Miss { look: *look, ..miss(text, n as u64) });
        }
        for text in [r#","k":"longer""#, r#","k":[1,2]"#, r#","k":false"#, r#","k":"""#] {
            assert!(passed(&mut molds, text), "{text}");
        }
        assert!(!passed(&mut molds, r#","k":1"#));
        molds.learn(&Miss { look: Look::Whole, ..miss(r#","k":1"#, 9) });
        assert_eq!(molds.others.len(), MOLDS - 1);
        assert!(passed(&mut molds, r#","k":1"#));
    }

    #[test]
    fn large_values_are_not_learnt_from() {
        let mut molds = Molds::new();
        molds.learn(&miss(&format!(",\"k\":[\"{}\"]", "x".repeat(LONGEST)), 0));
        assert!(molds.last.is_none() && molds.others.is_empty());
    }

    #[test]
    fn molds_that_do_not_fit_are_not_tried_for_ever() {
        let mut molds = Molds::new();
        let values: Vec<String> = (1..100).map(|n| format!(",\"k\":[{}]", vec!["{}"; n].join(","))).collect();
        for (record, value) in values.iter().enumerate() {
            assert!(!passed(&mut molds, value) || record as u64 >= molds.wakes);
            molds.learn(&miss(value, record as u64));
        }
        assert!(molds.wakes > 99);
        assert!(molds.last.is_none() && (1..=MOLDS).contains(&molds.others.len()));
        let mut scan = Scan::new(values[7].as_bytes(), values[7].len(), 128);
        assert!(molds.pass_other(&mut scan, values[7].as_bytes(), 99).is_none());
        // Later they are.
        let late = molds.wakes;
        molds.learn(&miss(&values[7], late));
        assert!(molds.pass(&mut scan, values[7].as_bytes()).is_some());
    }
}
