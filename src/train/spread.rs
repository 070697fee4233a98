//! Where the data go that a cog has emitted: to all that it feeds, or to the branch that each was meant for.

use std::rc::Rc;

use super::Train;
use crate::cog::{Event, Outcome};

impl Train {
    /// Carries what `from` emitted to all that it feeds, each branch to its end before the next.
    pub(super) fn forward(&mut self, from: u32, mut events: Vec<Event>) {
        if !events.is_empty() && self.slots[from as usize].marks.any() {
            self.show_leaving(from, &mut events);
        }
        self.spread(from, events);
    }

    pub(super) fn spread(&mut self, from: u32, events: Vec<Event>) {
        if self.slots[from as usize].branches.is_empty() {
            self.feed_targets(from, events);
        } else {
            self.branch_off(from, events);
        }
    }

    /// To all that the cog feeds.
    fn feed_targets(&mut self, from: u32, mut events: Vec<Event>) {
        if events.is_empty() {
            self.keep(events);
            return;
        }
        let targets = Rc::clone(&self.slots[from as usize].targets);
        let Some((last, others)) = targets.split_last() else {
            // The end of a line: what arrives here has ended well.
            for event in events.drain(..) {
                self.books.settle(&event.lineage, Outcome::Delivered);
            }
            self.keep(events);
            return;
        };
        if !others.is_empty() {
            for event in &events {
                self.books.split(&event.lineage, others.len() as u32);
            }
        }
        for target in others {
            let copies = events.iter().map(|event| Event { datum: event.datum.clone(), lineage: event.lineage.clone() }).collect();
            self.turn(*target, copies);
        }
        self.turn(*last, events);
    }

    /// Sends each event to the branch that it was meant for, and the others to all that the cog feeds: as batches for each, or, where
    /// ways meet again, in runs of neighbours, so that what comes together has kept its order.
    fn branch_off(&mut self, from: u32, events: Vec<Event>) {
        let in_order = self.slots[from as usize].meets;
        // In order of their first events; none is to all that the cog feeds.
        let mut batches: Vec<(Option<u32>, Vec<Event>)> = Vec::new();
        for mut event in events {
            let branch = event.lineage.take_branch();
            // A cog that another one took the place of may have fewer by now.
            let way = branch.and_then(|branch| self.slots[from as usize].branches.get_mut(branch as usize)).map(|(to, count)| {
                *count += 1;
                *to
            });
            let known = if in_order { batches.len().checked_sub(1) } else { batches.iter().position(|(to, _)| *to == way) };
            match known.map(|place| &mut batches[place]).filter(|(to, _)| *to == way) {
                Some((_, batch)) => batch.push(event),
                None => batches.push((way, vec![event])),
            }
        }
        for (way, batch) in batches {
            match way {
                Some(to) => self.turn(to, batch),
                None => self.feed_targets(from, batch),
            }
        }
    }

    /// Finds out of which cogs the ways meet again.
    pub(super) fn map_ways(&mut self) {
        for from in 0..self.slots.len() {
            let mut ways: Vec<Vec<u32>> = self.slots[from].branches.iter().map(|(to, _)| vec![*to]).collect();
            ways.sort_unstable();
            ways.dedup();
            let meets = !ways.is_empty() && {
                ways.push(self.slots[from].targets.to_vec());
                let mut seen = vec![false; self.slots.len()];
                ways.into_iter().any(|way| self.behind(way).into_iter().any(|cog| std::mem::replace(&mut seen[cog as usize], true)))
            };
            self.slots[from].meets = meets;
        }
    }

    /// These cogs and all behind them, each once; error routes left aside.
    fn behind(&self, from: Vec<u32>) -> Vec<u32> {
        let mut found = from;
        let mut next = 0;
        while let Some(cog) = found.get(next) {
            let slot = &self.slots[*cog as usize];
            let fed: Vec<u32> = slot.targets.iter().copied().chain(slot.branches.iter().map(|(to, _)| *to)).collect();
            for to in fed {
                if !found.contains(&to) {
                    found.push(to);
                }
            }
            next += 1;
        }
        found
    }
}
