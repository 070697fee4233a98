//! Molds: how lists and maps within records look between their strings and numbers, learnt from the values seen.
//!
//! A value that fits a mold is compared with it piece by piece; only its strings and numbers are scanned. It is valid, for the
//! one that the mold was made of was. As with [forms](super::forms), data may be hostile: molds are few and small, making one
//! costs credit, and where they do not fit they are not tried for a while.

use std::cell::{Cell, RefCell};

use super::forms::Literal;
use super::scan::Scan;

/// Molds of one key at most.
const MOLDS: usize = 3;
/// Strings and numbers in one at most.
const PARTS: usize = 32;
/// Longer values are not learnt from.
const LONGEST: usize = 1024;
/// Molds that can be made before known ones have to fit.
const CREDIT: u32 = 8;
/// So many fitting values are worth a new one.
const EARNS: u32 = 16;
/// How far trust goes: a fit raises it by one, a miss lowers it by [`LOSS`].
const TRUST: u32 = 32;
/// See [`TRUST`].
const LOSS: u32 = 4;
/// Without trust so many values are passed before molds are tried again.
const PAUSE: u32 = 256;

/// The molds of the values of one key.
#[derive(Debug)]
pub(super) struct Molds {
    /// The one that fitted last comes first.
    known: RefCell<Vec<Mold>>,
    credit: Cell<u32>,
    fitting: Cell<u32>,
    trust: Cell<u32>,
    pause: Cell<u32>,
}

impl Molds {
    pub(super) const fn new() -> Self {
        Self {
            known: RefCell::new(Vec::new()),
            credit: Cell::new(CREDIT),
            fitting: Cell::new(0),
            trust: Cell::new(TRUST),
            pause: Cell::new(0),
        }
    }

    /// Passes the list or map at `at`, if it fits.
    #[inline]
    pub(super) fn pass(&self, scan: &mut Scan<'_>, at: usize) -> Option<usize> {
        if self.pause.get() > 0 {
            self.pause.set(self.pause.get() - 1);
            return None;
        }
        let passed = self.known.borrow().first()?.pass(scan, at);
        if passed.is_none() {
            return self.pass_other(scan, at);
        }
        self.fitted();
        passed
    }

    #[inline(never)]
    fn pass_other(&self, scan: &mut Scan<'_>, at: usize) -> Option<usize> {
        let mut known = self.known.borrow_mut();
        let found = known.iter().enumerate().skip(1).find_map(|(n, mold)| Some((n, mold.pass(scan, at)?)));
        if let Some((n, end)) = found {
            known[..=n].rotate_right(1);
            self.fitted();
            return Some(end);
        }
        self.trust.set(self.trust.get().saturating_sub(LOSS));
        if self.trust.get() == 0 {
            self.trust.set(TRUST / 2);
            self.pause.set(PAUSE);
        }
        None
    }

    #[inline]
    fn fitted(&self) {
        self.trust.set((self.trust.get() + 1).min(TRUST));
        self.fitting.set(self.fitting.get() + 1);
        if self.fitting.get() == EARNS {
            self.fitting.set(0);
            self.credit.set((self.credit.get() + 1).min(CREDIT));
        }
    }

    /// Makes a mold of a valid list or map while there is credit.
    #[inline]
    pub(super) fn learn(&self, value: &[u8]) {
        if self.credit.get() > 0 && self.pause.get() == 0 {
            self.learn_from(value);
        }
    }

    #[cold]
    fn learn_from(&self, value: &[u8]) {
        self.credit.set(self.credit.get() - 1);
        if let Some(mold) = Mold::of(value) {
            let mut known = self.known.borrow_mut();
            known.truncate(MOLDS - 1);
            known.insert(0, mold);
        }
    }
}

/// The pieces of a value.
#[derive(Debug)]
struct Mold {
    parts: Box<[Part]>,
}

/// Text that stands as it is, and what follows it.
#[derive(Debug)]
struct Part {
    text: Literal,
    leaf: Leaf,
}

/// What may be one thing or another.
#[derive(Clone, Copy, Debug)]
enum Leaf {
    /// The inside of a string.
    Text,
    Number,
    /// `true`, `false` or `null`.
    Word,
    /// Nothing: the value ends.
    End,
}

impl Mold {
    /// The mold of a valid list or map; none when it is too large.
    fn of(value: &[u8]) -> Option<Self> {
        if value.len() > LONGEST {
            return None;
        }
        let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
        let part = |range: std::ops::Range<usize>, leaf| Part { text: Literal::new(&value[range]), leaf };
        while let Some(byte) = value.get(at) {
            match byte {
                b'"' => {
                    let quote = end_of_string(value, at + 1)?;
                    if !is_key(&value[quote + 1..]) {
                        parts.push(part(from..at + 1, Leaf::Text));
                        from = quote;
                    }
                    at = quote + 1;
                }
                b'-' | b'0'..=b'9' => {
                    parts.push(part(from..at, Leaf::Number));
                    at += value[at..].iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))?;
                    from = at;
                }
                b't' | b'f' | b'n' => {
                    parts.push(part(from..at, Leaf::Word));
                    at += value[at..].iter().position(|byte| !byte.is_ascii_lowercase())?;
                    from = at;
                }
                _ => at += 1,
            }
            if parts.len() > PARTS {
                return None;
            }
        }
        parts.push(part(from..value.len(), Leaf::End));
        Some(Self { parts: parts.into() })
    }

    /// The place after the value at `at`, if it fits.
    #[inline]
    fn pass(&self, scan: &mut Scan<'_>, mut at: usize) -> Option<usize> {
        for Part { text, leaf } in &self.parts {
            at = text.pass(scan.bytes, at)?;
            at = match leaf {
                Leaf::Text => scan.string(at).ok()?,
                Leaf::Number => scan.pass_number(at).ok()?,
                Leaf::Word => {
                    let word = match scan.peek(at)? {
                        b't' => "true",
                        b'f' => "false",
                        _ => "null",
                    };
                    scan.word(at, word).ok()?
                }
                Leaf::End => return Some(at),
            };
        }
        None
    }
}

/// The closing quote of a string whose inside starts at `at`.
fn end_of_string(value: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match value.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Whether what comes before this is a key.
fn is_key(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(mold: &Mold, text: &str) -> bool {
        let mut scan = Scan::new(text.as_bytes(), 0, 128);
        mold.pass(&mut scan, 0) == Some(text.len())
    }

    #[test]
    fn a_mold_fits_what_differs_in_its_leaves_only() {
        let mold = Mold::of(br#"[{"a":["x",1.5],"b\"": true, "c":{}}]"#).unwrap();
        for fits in [r#"[{"a":["",-7e3],"b\"": null, "c":{}}]"#, r#"[{"a":["\"\u00e4",0],"b\"": false, "c":{}}]"#] {
            assert!(passed(&mold, fits), "{fits}");
        }
        for not in [
            r#"[{"a":["x",01],"b\"": true, "c":{}}]"#,
            r#"[{"a":["x",1.],"b\"": true, "c":{}}]"#,
            r#"[{"a":["x",1],"b\"": nul, "c":{}}]"#,
            r#"[{"a":["\x",1],"b\"": true, "c":{}}]"#,
            "[{\"a\":[\"\n\",1],\"b\\\"\": true, \"c\":{}}]",
            r#"[{"a":["x",1],"b": true, "c":{}}]"#,
            r#"[{"a":["x",1],"b\"":true, "c":{}}]"#,
            r#"[{"a":["x",1],"b\"": true, "c":{}}"#,
        ] {
            assert!(!passed(&mold, not), "{not}");
        }
    }

    #[test]
    fn large_values_are_not_learnt_from() {
        assert!(Mold::of(format!("[{}1]", "1,".repeat(PARTS)).as_bytes()).is_none());
        assert!(Mold::of(format!("[\"{}\"]", "x".repeat(LONGEST)).as_bytes()).is_none());
    }

    #[test]
    fn molds_that_do_not_fit_are_not_tried_for_ever() {
        let molds = Molds::new();
        let values: Vec<String> = (1..100).map(|n| format!("[{}]", vec!["{}"; n].join(","))).collect();
        for value in &values {
            let mut scan = Scan::new(value.as_bytes(), 0, 128);
            assert_eq!(molds.pass(&mut scan, 0), None);
            molds.learn(value.as_bytes());
        }
        assert!(molds.pause.get() > 0);
        assert_eq!(molds.known.borrow().len(), MOLDS);
    }
}
