//! The limits of what windows may take, and what happens there.

use super::table::Table;
use super::{Aggregate, Key};
use crate::cog::Ctx;
use crate::cogs::twist::events::Form;
use crate::cogs::twist::weight::EVENT;
use crate::error::{Error, Result};
use crate::log::Priority;

impl Aggregate {
    /// Whether there is room for an event in all windows that begin there: it is in all, or in none.
    pub(super) fn check_room(&mut self, starts: impl Iterator<Item = i64>, key: &Key<'_>) -> Result<()> {
        let (mut new, mut all) = (0, 0);
        for start in starts {
            let slot = self.windows.find(start);
            new += usize::from(slot.and_then(|slot| self.windows.at(slot).table.find(key.hash, key.kind, key.text)).is_none());
            all += 1;
        }
        let (contexts, bytes) = (self.windows.contexts, self.windows.bytes);
        let fits = contexts + new <= self.max_contexts && bytes + new * self.row(key) + all * EVENT <= self.max_bytes;
        if fits { Ok(()) } else { Err(Error::Other(format!("no room: {contexts} keys in open windows take {bytes} bytes"))) }
    }

    /// Bytes that a new key takes in a window, without its events.
    fn row(&self, key: &Key<'_>) -> usize {
        let own = if key.own.is_empty() { 0 } else { Table::OWN + key.own.len() };
        key.text.len() + own + Table::ROW + size_of_val(&self.plan.blank[..]) + size_of_val(&self.plan.piles[..])
    }

    /// The slot and row for a key, within the limits.
    #[cold]
    pub(super) fn make_room(&mut self, ctx: &mut Ctx<'_>, start: i64, form: Form, key: &Key<'_>) -> Result<(usize, usize)> {
        let more = self.row(key) + EVENT;
        while self.windows.contexts >= self.max_contexts || self.windows.bytes + more > self.max_bytes {
            if !self.evicts {
                let (keys, bytes) = (self.windows.contexts, self.windows.bytes);
                return Err(Error::Other(format!("no room: {keys} keys in open windows take {bytes} bytes")));
            }
            let Some(window) = self.windows.close(i64::MAX) else {
                return Err(Error::data(format!("a key of {} bytes is more than `max_bytes` allows", key.text.len()), key.text));
            };
            let (keys, bytes) = (self.windows.contexts + window.table.rows.len(), self.windows.bytes + window.bytes);
            ctx.say(Priority::Warning, &format!("writes a window early, as {keys} keys in open windows take {bytes} bytes"));
            self.write(ctx, window);
        }
        let slot = match self.windows.find(start) {
            Some(slot) => slot,
            None => self.windows.open(start, form, ctx.pool()),
        };
        let table = &mut self.windows.at(slot).table;
        if let Some(row) = table.find(key.hash, key.kind, key.text) {
            return Ok((slot, row));
        }
        let row = table.add(key.hash, key.kind, key.text, &self.plan.blank, &self.plan.piles);
        if !key.own.is_empty() {
            table.own.insert(row, key.own.into());
        }
        let bytes = self.row(key);
        self.windows.grow(slot, bytes);
        Ok((slot, row))
    }
}
