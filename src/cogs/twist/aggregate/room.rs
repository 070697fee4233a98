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
        self.check(new, new * self.row(key) + all * EVENT)
    }

    /// Whether there is room for so many more keys and bytes.
    fn check(&self, keys: usize, more: usize) -> Result<()> {
        let (contexts, bytes) = (self.windows.contexts, self.windows.bytes);
        let (option, text) = if contexts + keys > self.max_contexts {
            ("max_contexts", format!("open windows have {contexts} keys, and `max_contexts` allows {}", self.max_contexts))
        } else if bytes + more > self.max_bytes {
            ("max_bytes", format!("open windows take {bytes} bytes, and `max_bytes` allows {}", self.max_bytes))
        } else {
            return Ok(());
        };
        let hint = format!("raise `{option}`, or have the earliest window written early with evict: \"oldest\"");
        Err(Error::NoRoom { text, hint })
    }

    /// Bytes that a new key takes in a window, without its events.
    fn row(&self, key: &Key<'_>) -> usize {
        let own = if key.own.is_empty() { 0 } else { Table::OWN + key.own.len() };
        key.text.len() + own + Table::ROW + size_of_val(&self.plan.blank[..]) + size_of_val(&self.plan.piles[..])
    }

    /// The slot and row for a key, within the limits.
    #[cold]
    pub(super) fn make_room(&mut self, ctx: &mut Ctx<'_>, start: i64, form: Form, key: &Key<'_>) -> Result<(usize, usize)> {
        let slot = loop {
            let slot = self.windows.find(start);
            let row = slot.and_then(|slot| self.windows.at(slot).table.find(key.hash, key.kind, key.text));
            let more = if row.is_some() { EVENT } else { self.row(key) + EVENT };
            let full = match (self.check(usize::from(row.is_none()), more), slot, row) {
                (Ok(()), Some(slot), Some(row)) => return Ok((slot, row)),
                (Ok(()), slot, _) => break slot,
                (Err(full), ..) => full,
            };
            if !self.evicts {
                return Err(full);
            }
            let Some(window) = self.windows.close(i64::MAX) else {
                return Err(Error::data(format!("a key of {} bytes is more than `max_bytes` allows", key.text.len()), key.text));
            };
            ctx.say(Priority::Warning, &format!("writes a window early: {full}"));
            self.write(ctx, window);
        };
        let slot = slot.unwrap_or_else(|| self.windows.open(start, form, ctx.pool()));
        let table = &mut self.windows.at(slot).table;
        let row = table.add(key.hash, key.kind, key.text, &self.plan.blank, &self.plan.piles);
        if !key.own.is_empty() {
            table.own.insert(row, key.own.into());
        }
        let bytes = self.row(key);
        self.windows.grow(slot, bytes);
        Ok((slot, row))
    }
}
