//! Plain scanning: an expression in which the next letter always says how to go on needs no engine.
//!
//! Log lines are taken apart by expressions such as `^(?<ip>\S+) \[(?<time>[^\]]+)\] "(?<what>[^"]*)"$`: literals, and runs of
//! letters that end where the next piece begins. Such an expression is compiled into a few steps that walk the line once and
//! never turn back. [`plan`] says which ones are; for all others, and for lines with letters beyond ASCII where it matters
//! which, the engine is asked. The result is the engine's own, always; the tests hold the two equal.

mod letters;
mod plan;
#[cfg(test)]
mod tests;

use memchr::{memchr, memmem};
use regex_automata::util::primitives::NonMaxUsize;

use letters::{Is, Table};
pub(super) use plan::plan;

/// Where a group begins or ends.
pub(super) type Slot = Option<NonMaxUsize>;

/// So many places where an expression could begin are tried; a text with more of them is the engine's, whose time is linear.
const TRIES: usize = 8;

/// No slot.
const NOWHERE: u16 = u16::MAX;

/// An expression as steps.
#[derive(Debug)]
pub(super) struct Scan {
    steps: Vec<Step>,
    tables: Vec<Table>,
    /// What the text must hold where the expression begins; none for those that begin where the text does.
    lead: Option<memmem::Finder<'static>>,
    /// Whether there are groups that may take no part.
    forks: bool,
}

/// What a scan finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Yes,
    No,
    /// The engine must be asked.
    Open,
}

#[derive(Debug)]
enum Step {
    /// This one byte.
    Byte(u8),
    /// These bytes.
    Literal(Literal),
    /// All letters that follow of the set with that number, `least` to `most`.
    Run {
        table: u16,
        least: u32,
        most: u32,
        open: u16,
        close: u16,
    },
    /// All up to that byte or the end.
    Until {
        byte: u8,
        least: u32,
        open: u16,
        close: u16,
    },
    /// The place is kept in that slot.
    Mark(u16),
    /// Goes on when the next letter is in the set, or with `end` at the end of the text; else with another step.
    Fork {
        table: u16,
        end: bool,
        other: u16,
    },
    Jump(u16),
    /// The text ends here.
    End,
}

#[derive(Debug)]
struct Literal {
    bytes: Box<[u8]>,
    /// The first eight of them at most, and a mask for those.
    word: u64,
    mask: u64,
}

impl Literal {
    fn new(bytes: &[u8]) -> Self {
        let (mut word, mut mask) = ([0; 8], [0; 8]);
        for (place, byte) in bytes.iter().enumerate().take(8) {
            (word[place], mask[place]) = (*byte, 0xFF);
        }
        Self { bytes: bytes.into(), word: u64::from_le_bytes(word), mask: u64::from_le_bytes(mask) }
    }

    #[inline]
    fn stands_at(&self, text: &[u8]) -> bool {
        match text.first_chunk::<8>() {
            Some(eight) if u64::from_le_bytes(*eight) & self.mask != self.word => false,
            Some(_) if self.bytes.len() <= 8 => true,
            _ => text.starts_with(&self.bytes),
        }
    }
}

impl Scan {
    /// Looks for the leftmost match in a text (valid UTF-8), with `anchored` only where the text begins. The slots of the whole
    /// match come first, then those of group 1, and so on; they are right only after [`Found::Yes`].
    #[inline]
    pub(super) fn find(&self, text: &[u8], anchored: bool, slots: &mut [Slot]) -> Found {
        match &self.lead {
            Some(lead) if !anchored => self.search(lead, text, slots),
            _ => self.walk(text, 0, slots),
        }
    }

    fn search(&self, lead: &memmem::Finder<'_>, text: &[u8], slots: &mut [Slot]) -> Found {
        let mut from = 0;
        for _ in 0..TRIES {
            let Some(at) = lead.find(&text[from..]) else { return Found::No };
            match self.walk(text, from + at, slots) {
                Found::No => from += at + 1,
                found => return found,
            }
        }
        Found::Open
    }

    fn walk(&self, text: &[u8], start: usize, slots: &mut [Slot]) -> Found {
        if self.forks {
            slots.fill(None);
        }
        let mut at = start;
        let mut next = 0;
        while let Some(step) = self.steps.get(next) {
            next += 1;
            match step {
                Step::Byte(byte) => {
                    if text.get(at) != Some(byte) {
                        return Found::No;
                    }
                    at += 1;
                }
                Step::Literal(literal) => {
                    if !literal.stands_at(&text[at..]) {
                        return Found::No;
                    }
                    at += literal.bytes.len();
                }
                Step::Run { table, least, most, open, close } => {
                    let table = &self.tables[usize::from(*table)];
                    let rest = &text[at..];
                    let room = &rest[..rest.len().min(*most as usize)];
                    let run = room.iter().position(|byte| table[usize::from(*byte)] != Is::In).unwrap_or(room.len());
                    if room.get(run).is_some_and(|byte| table[usize::from(*byte)] == Is::Open) {
                        return Found::Open;
                    }
                    if run < *least as usize {
                        return Found::No;
                    }
                    mark(slots, *open, at);
                    at += run;
                    mark(slots, *close, at);
                }
                Step::Until { byte, least, open, close } => {
                    let rest = &text[at..];
                    let run = memchr(*byte, rest).unwrap_or(rest.len());
                    if run < *least as usize {
                        return Found::No;
                    }
                    mark(slots, *open, at);
                    at += run;
                    mark(slots, *close, at);
                }
                Step::Mark(slot) => mark(slots, *slot, at),
                Step::Fork { table, end, other } => {
                    let is = match text.get(at) {
                        Some(byte) => self.tables[usize::from(*table)][usize::from(*byte)],
                        None if *end => Is::In,
                        None => Is::Out,
                    };
                    match is {
                        Is::In => {}
                        Is::Out => next = usize::from(*other),
                        Is::Open => return Found::Open,
                    }
                }
                Step::Jump(to) => next = usize::from(*to),
                Step::End => {
                    if at != text.len() {
                        return Found::No;
                    }
                }
            }
        }
        mark(slots, 0, start);
        mark(slots, 1, at);
        Found::Yes
    }
}

#[inline]
fn mark(slots: &mut [Slot], slot: u16, at: usize) {
    if let Some(slot) = slots.get_mut(usize::from(slot)) {
        *slot = NonMaxUsize::new(at);
    }
}
