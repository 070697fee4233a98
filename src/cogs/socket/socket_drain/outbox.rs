//! Records that wait to be sent, in order, with the events that they belong to. Places are counted from the first byte ever put in.

use std::collections::VecDeque;

use crate::cog::{Ctx, Origins, Outcome, Shelf};
use crate::error::Result;

/// So much that was sent may be kept before the rest is moved to the front.
const SLACK: usize = 256 * 1024;

#[derive(Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    /// Where `bytes` begins.
    base: u64,
    /// All before this has been taken by the system.
    sent: u64,
    /// Where the first record begins that has not been sent whole.
    begun: u64,
    /// Where each record ends.
    ends: VecDeque<u64>,
    events: Shelf,
}

impl Outbox {
    /// Puts in a record for the event that is being turned. `write` must append the whole record or fail.
    pub(super) fn put(&mut self, ctx: &mut Ctx<'_>, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        let before = self.bytes.len();
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(before);
            return Err(error);
        }
        self.ends.push_back(self.base + self.bytes.len() as u64);
        ctx.put_on(&mut self.events);
        Ok(())
    }

    /// How many records wait.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many bytes wait.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() - (self.begun - self.base) as usize
    }

    pub(super) fn origins(&self) -> Origins {
        self.events.origins()
    }

    /// What is to be sent next.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[(self.sent - self.base) as usize..]
    }

    /// The first record, none of which has been sent.
    pub(super) fn first(&self) -> Option<&[u8]> {
        let end = *self.ends.front()?;
        Some(&self.bytes[(self.begun - self.base) as usize..(end - self.base) as usize])
    }

    /// The system has taken so many bytes. Gives how many records are sent whole by that.
    pub(super) fn advance(&mut self, count: usize) -> usize {
        self.sent += count as u64;
        let mut whole = 0;
        while let Some(end) = self.ends.front().copied().filter(|end| *end <= self.sent) {
            self.begun = end;
            self.ends.pop_front();
            whole += 1;
        }
        self.events.settle(whole, Outcome::Delivered);
        let done = (self.begun - self.base) as usize;
        if self.ends.is_empty() {
            self.bytes.clear();
            self.base = self.begun;
        } else if done > SLACK && done * 2 > self.bytes.len() {
            self.bytes.drain(..done);
            self.base = self.begun;
        }
        whole
    }

    /// The first record cannot be sent at all.
    pub(super) fn fail_first(&mut self) {
        if let Some(end) = self.ends.pop_front() {
            (self.begun, self.sent) = (end, end);
            self.events.settle(1, Outcome::Failed);
            self.advance(0);
        }
    }

    /// What has been sent of a record went nowhere: it is sent again from its beginning.
    pub(super) fn rewind(&mut self) {
        self.sent = self.begun;
    }

    /// Nothing will be sent any more. Gives how many records that are.
    pub(super) fn abandon(&mut self) -> usize {
        let count = self.ends.len();
        self.events.abandon(false);
        self.ends.clear();
        self.bytes.clear();
        (self.base, self.begun) = (self.sent, self.sent);
        count
    }
}
