//! Whether more data can reach a cog: for one that asks a program which may keep its answers back until its input ends.

use super::Train;
use crate::escapement::{Owner, Wake};

impl Train {
    /// A cog has asked whether more data can come before it does something itself. If not it is told so.
    #[cold]
    pub(super) fn tell_of_no_more(&mut self, number: u32) {
        let before = self.before(number);
        if self.esc.has_news() || self.esc.keepers().any(|owner| owner != number && self.may_bring(owner, &before)) {
            return;
        }
        let later = before.iter().any(|cog| self.may_give_later(*cog));
        self.call(number, |cog, ctx| cog.wake(ctx, Wake::NoMore { later }));
    }

    /// Whether what that one waits for may make data reach a cog that those stand before. It may for whoever stands there itself, and
    /// for all others, as they make room or broadcast: but for one that only waits, as the cog that asks does.
    fn may_bring(&self, owner: Owner, before: &[u32]) -> bool {
        before.contains(&owner) || !self.slots.get(owner as usize).is_some_and(|slot| slot.cog.only_waits())
    }

    /// Whether a cog that waits for nothing may send data all the same: when there is room, at its end, or when it hears of the end of others.
    fn may_give_later(&self, cog: u32) -> bool {
        let slot = &self.slots[cog as usize];
        let hears = || ["event_done", "event_failed"].into_iter().any(|name| slot.cog.hears(name));
        !slot.seat.closed && (slot.seat.waits_for_room || slot.cog.backlog().held > 0 || hears())
    }

    /// All that stand before a cog.
    fn before(&self, cog: u32) -> Vec<u32> {
        let mut found: Vec<u32> = Vec::new();
        let mut next = Some(cog);
        let mut seen = 0;
        while let Some(to) = next {
            for from in 0..self.count() {
                if self.feeds(from, to) && !found.contains(&from) {
                    found.push(from);
                }
            }
            next = found.get(seen).copied();
            seen += 1;
        }
        found
    }
}
