//! Seeking in JSON that was checked before: what is passed on the way is not read.

use super::letters::unescape;
use super::read::{Document, with_opened};
use super::scan::{Scan, Scanned};
use crate::datum::path::walk;
use crate::datum::{Datum, Key, Step, Text};

/// What stands at these steps in JSON that is known to be valid; lists and maps stay raw. As if each level on the way were
/// [opened](super::open).
pub fn seek(text: &Text, steps: &[Step]) -> Option<Datum> {
    let text = text.clone().into_span();
    let Some(place) = steps.iter().position(|step| matches!(step, Step::All | Step::At(i64::MIN..0))) else {
        return with_opened(&text, |document| find(document, steps));
    };
    // Who counts from the end, or gathers, needs the list itself.
    let list = with_opened(&text, |document| find(document, &steps[..place]))?;
    match list {
        Datum::Raw(list) => walk(&steps[place..], &super::open(&list)).map(std::borrow::Cow::into_owned),
        _ => None,
    }
}

/// A step that leads to one place, whatever else is there.
#[derive(Clone, Copy, Debug)]
pub enum Hop<'a> {
    /// A key of a map.
    Key(&'a Key),
    /// A place in a list, from 0.
    At(usize),
}

/// As [`seek`], for steps that stand somewhere else.
pub fn seek_by<'a>(text: &Text, mut hops: impl Iterator<Item = Hop<'a>>) -> Option<Datum> {
    let (block, base, end) = match text.place() {
        Some((block, range)) => (block.as_bytes(), range.start, range.end),
        None => (text.as_bytes(), 0, text.len()),
    };
    let mut scan = Scan::new(block, end, usize::MAX);
    let mut at = scan.blanks(base);
    for hop in &mut hops {
        at = step(&mut scan, at, hop)?;
    }
    // Strings are what is sought, most often.
    if scan.peek(at) == Some(b'"')
        && let (end, true) = scan.letters(at + 1)
    {
        return Some(Datum::Str(text.slice(at + 1 - base..end - base)));
    }
    with_opened(&text.clone().into_span(), |document| {
        document.at = document.base + (at - base);
        document.value(1).ok()
    })
}

fn find(document: &mut Document<'_>, steps: &[Step]) -> Option<Datum> {
    for one in steps {
        let hop = match one {
            Step::Key(key) => Hop::Key(key),
            Step::At(n) => Hop::At(*n as usize),
            Step::All => return None,
        };
        document.at = step(&mut document.scan, document.at, hop)?;
    }
    document.value(1).ok()
}

#[inline]
fn step(scan: &mut Scan<'_>, at: usize, hop: Hop<'_>) -> Option<usize> {
    let found = match hop {
        Hop::Key(key) => value_of(scan, at, key),
        Hop::At(n) => element(scan, at, n),
    };
    found.ok()?
}

/// The value of the key in the map at `at`; the last one, should it be given twice.
fn value_of(scan: &mut Scan<'_>, at: usize, key: &Key) -> Scanned<Option<usize>> {
    if scan.peek(at) != Some(b'{') {
        return Ok(None);
    }
    let mut at = scan.blanks(at + 1);
    if scan.peek(at) == Some(b'}') {
        return Ok(None);
    }
    let mut found = None;
    loop {
        let (stop, closed) = scan.letters(at + 1);
        let end = if closed { stop } else { scan.string_with_escapes(stop)? };
        let inside = &scan.bytes[at + 1..end];
        let same = if closed {
            inside == key.as_str().as_bytes()
        } else {
            std::str::from_utf8(inside).is_ok_and(|inside| unescape(inside) == key.as_str())
        };
        let value = scan.value_of_key(end)?;
        if same {
            // What follows need not be passed, most often, to know that the key does not come again.
            if found.is_none() && !scan.may_come(value, key.as_str().as_bytes()) {
                return Ok(Some(value));
            }
            found = Some(value);
        }
        let (next, more) = after(scan, value, b'}')?;
        if !more {
            return Ok(found);
        }
        at = next;
    }
}

/// The place of that element of the list at `at`.
fn element(scan: &mut Scan<'_>, at: usize, n: usize) -> Scanned<Option<usize>> {
    if scan.peek(at) != Some(b'[') {
        return Ok(None);
    }
    let mut at = scan.blanks(at + 1);
    if scan.peek(at) == Some(b']') {
        return Ok(None);
    }
    for _ in 0..n {
        let (next, more) = after(scan, at, b']')?;
        if !more {
            return Ok(None);
        }
        at = next;
    }
    Ok(Some(at))
}

/// Passes the value at `at`; gives the place of the next element, or that after the end.
#[inline]
fn after(scan: &mut Scan<'_>, at: usize, close: u8) -> Scanned<(usize, bool)> {
    let end = scan.value_trusted(at)?;
    scan.goes_on(end, close)
}
