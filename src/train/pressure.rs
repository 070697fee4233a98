//! Back-pressure made visible: which cogs hold data up, who waits for them, and what may be left out meanwhile.
//!
//! A drain that cannot write keeps what it has; its supplies reach `max_in_flight` and stop reading. That is told after some seconds
//! with the name of the cog that blocks. A cog that heeds stalls, as a queue does, is told when something behind it stalls
//! and when that is over; what stalled cogs behind it keep does not count against their supplies, as it would block them.

use std::time::Duration;

use super::Train;
use crate::cog::Origins;
use crate::escapement::{Escapement, Token};
use crate::log::{self, Priority};

/// A supply that waits this long is told of, and again after each of the later ones.
const TOLD_AFTER: Duration = Duration::from_secs(5);
const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// What the train knows of stalls.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    /// For each cog those before it that heed its stalls.
    heeders: Vec<Vec<u32>>,
    /// Whether all that feeds a cog comes through such ones.
    behind: Vec<bool>,
    /// When it is looked at next who waits.
    watch: Option<Token>,
}

impl Train {
    /// Finds out who heeds whose stalls.
    pub(super) fn map_pressure(&mut self) {
        let heeds: Vec<bool> = self.slots.iter().map(|slot| slot.cog.heeds_stalls()).collect();
        let (mut heeders, mut behind) = (vec![Vec::new(); self.slots.len()], vec![false; self.slots.len()]);
        for number in &self.order {
            let feeders: Vec<u32> = (0..self.slots.len() as u32).filter(|from| self.feeds(*from, *number)).collect();
            behind[*number as usize] = !feeders.is_empty() && feeders.iter().all(|from| heeds[*from as usize] || behind[*from as usize]);
            let mut all: Vec<u32> = Vec::new();
            for from in feeders {
                let more: &[u32] = if heeds[from as usize] { &[from] } else { &heeders[from as usize] };
                all.extend(more);
            }
            all.sort_unstable();
            all.dedup();
            heeders[*number as usize] = all;
        }
        (self.pressure.heeders, self.pressure.behind) = (heeders, behind);
    }

    pub(super) fn feeds(&self, from: u32, to: u32) -> bool {
        let slot = &self.slots[from as usize];
        slot.targets.contains(&to) || slot.route == Some(to) || slot.branches.iter().any(|(branch, _)| *branch == to)
    }

    /// After a call of a cog: whether it stalls now, or does no longer, for those who heed that; and whether it waits for room.
    pub(super) fn note_pressure(&mut self, number: u32) {
        let slot = &mut self.slots[number as usize];
        if !slot.seat.waits_for_room {
            slot.seat.waits_since = None;
        } else if slot.seat.waits_since.is_none() {
            slot.seat.waits_since = Some(self.esc.now());
            if self.pressure.watch.is_none() {
                self.watch_pressure(TOLD_AFTER);
            }
        }
        if self.pressure.heeders[number as usize].is_empty() {
            return;
        }
        let slot = &mut self.slots[number as usize];
        let backlog = slot.cog.backlog();
        if self.pressure.behind[number as usize] {
            let excused = if backlog.stalled { slot.cog.kept_origins() } else { Origins::default() };
            self.books.excuse(&mut slot.seat.excused, &excused);
        }
        if slot.seat.stalled == backlog.stalled {
            return;
        }
        slot.seat.stalled = backlog.stalled;
        for heeder in self.pressure.heeders[number as usize].clone() {
            let stalled =
                (0..self.slots.len()).any(|other| self.slots[other].seat.stalled && self.pressure.heeders[other].contains(&heeder));
            let seat = &mut self.slots[heeder as usize].seat;
            if seat.blocked != stalled {
                seat.blocked = stalled;
                self.roomy.push_back(heeder);
                self.esc.soon(Escapement::RUNTIME);
            }
        }
    }

    fn watch_pressure(&mut self, after: Duration) {
        let token = self.esc.after(Escapement::RUNTIME, after);
        self.esc.weaken(token);
        self.pressure.watch = Some(token);
    }

    /// The time has come to look who waits for room, if it is that which has fired.
    pub(super) fn tell_pressure(&mut self, fired: Token) -> bool {
        if self.pressure.watch != Some(fired) {
            return false;
        }
        self.pressure.watch = None;
        let now = self.esc.now();
        let waits: Vec<_> = self
            .slots
            .iter()
            .filter(|slot| !slot.seat.paused)
            .filter_map(|slot| Some((&slot.seat.name, now.since(slot.seat.waits_since?))))
            .collect();
        let long: Vec<_> = waits.iter().filter(|(_, time)| *time >= TOLD_AFTER).collect();
        if let Some((_, longest)) = long.iter().max_by_key(|(_, time)| *time) {
            let names = long.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let blockers = self.blockers();
            let text = format!("{names} read nothing for {} s, as {blockers}", longest.as_secs());
            log::write(Priority::Warning, &text);
            self.watch_pressure(TOLD_AGAIN);
        } else if !waits.is_empty() {
            self.watch_pressure(TOLD_AFTER);
        }
        true
    }

    /// The cogs that keep data, those first that wait for the outside.
    pub(super) fn blockers(&self) -> String {
        let mut keep: Vec<_> =
            self.slots.iter().map(|slot| (slot.cog.backlog(), &slot.seat.name)).filter(|(keep, _)| keep.held > 0).collect();
        keep.sort_by_key(|(keep, _)| (!keep.stalled, std::cmp::Reverse(keep.held)));
        let told: Vec<String> = keep
            .iter()
            .map(|(keep, name)| format!("`{name}` {} {} data", if keep.stalled { "is blocked and keeps" } else { "keeps" }, keep.held))
            .collect();
        if told.is_empty() { format!("{} data are on their way", self.balance().in_flight) } else { told.join(", ") }
    }
}
