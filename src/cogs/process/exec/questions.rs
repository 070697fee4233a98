//! Data that wait for an answer, in order, and the bytes that are on their way to the child.

use std::collections::VecDeque;

use crate::cog::{Hold, Origins};
use crate::datum::Datum;
use crate::error::Error;

/// Bytes put together for one write.
const AT_ONCE: usize = 64 * 1024;

/// A datum and the line that asks about it.
pub(super) struct Question {
    pub(super) hold: Hold,
    pub(super) datum: Datum,
    /// With its newline.
    pub(super) line: Box<[u8]>,
    /// How often a child went away that was to answer it.
    pub(super) tries: usize,
    /// What came after it and cannot be asked: it has its turn behind it.
    pub(super) behind: Vec<Unasked>,
}

/// A datum that has failed, and must not overtake those that wait.
pub(super) struct Unasked {
    pub(super) hold: Hold,
    pub(super) datum: Datum,
    pub(super) error: Error,
}

/// The first ones are with the child, the others wait for room.
pub(super) struct Questions {
    all: VecDeque<Question>,
    /// How many stand behind them that are not asked.
    unasked: usize,
    /// Where the line of each that is with the child ends, counted from the first byte for this child.
    ends: VecDeque<u64>,
    /// Lines on their way; those before `sent` have been taken.
    out: Vec<u8>,
    sent: usize,
    /// Bytes that this child was to be given, and that it has taken.
    put: u64,
    taken: u64,
    /// So many may be with the child.
    most: usize,
}

impl Questions {
    pub(super) const fn new(most: usize) -> Self {
        Self { all: VecDeque::new(), unasked: 0, ends: VecDeque::new(), out: Vec::new(), sent: 0, put: 0, taken: 0, most }
    }

    pub(super) fn push(&mut self, question: Question) {
        self.all.push_back(question);
    }

    /// Puts what cannot be asked behind the last question; there must be one.
    pub(super) fn put_behind(&mut self, unasked: Unasked) {
        if let Some(last) = self.all.back_mut() {
            last.behind.push(unasked);
            self.unasked += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// All that is kept, with what is not asked.
    pub(super) fn held(&self) -> usize {
        self.all.len() + self.unasked
    }

    /// How many are with the child.
    pub(super) fn asked(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.asked() >= self.most
    }

    /// Whether all has been given to the child.
    pub(super) fn is_all_sent(&self) -> bool {
        self.asked() == self.all.len() && self.sent == self.out.len()
    }

    /// What is to be written next.
    pub(super) fn next(&mut self) -> &[u8] {
        if self.sent == self.out.len() {
            self.out.clear();
            self.sent = 0;
            while self.out.len() < AT_ONCE
                && !self.is_full()
                && let Some(question) = self.all.get(self.ends.len())
            {
                self.out.extend_from_slice(&question.line);
                self.put += question.line.len() as u64;
                self.ends.push_back(self.put);
            }
        }
        &self.out[self.sent..]
    }

    /// The child has taken so many bytes.
    pub(super) fn advance(&mut self, count: usize) {
        self.sent += count;
        self.taken += count as u64;
    }

    /// The one that a line of the child answers: the first, if the child has been given the whole of it.
    pub(super) fn answered(&mut self) -> Option<Question> {
        if *self.ends.front()? > self.taken {
            return None;
        }
        self.ends.pop_front();
        self.take_first()
    }

    fn take_first(&mut self) -> Option<Question> {
        let first = self.all.pop_front()?;
        self.unasked -= first.behind.len();
        Some(first)
    }

    /// The child is no more: another one is to be asked all that it has not answered.
    pub(super) fn again(&mut self) {
        self.ends.clear();
        self.out.clear();
        (self.sent, self.put, self.taken) = (0, 0, 0);
    }

    pub(super) fn first(&mut self) -> Option<&mut Question> {
        self.all.front_mut()
    }

    /// Takes the first out, wherever it is. After [`Questions::again`] only.
    pub(super) fn give_up_first(&mut self) -> Option<Question> {
        debug_assert!(self.ends.is_empty(), "a child could still answer it");
        self.take_first()
    }

    pub(super) fn origins(&self) -> Origins {
        let mut origins = Origins::default();
        for question in &self.all {
            origins.add(question.hold.lineage());
            question.behind.iter().for_each(|unasked| origins.add(unasked.hold.lineage()));
        }
        origins
    }
}
