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

    pub(super) fn spread(&mut self, from: u32, mut events: Vec<Event>) {
        if !self.slots[from as usize].branches.is_empty() {
            self.branch_off(from, &mut events);
        }
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

    /// Sends those of the events that go to branches there, and leaves the others.
    fn branch_off(&mut self, from: u32, events: &mut Vec<Event>) {
        let mut ways: Vec<Vec<Event>> = Vec::new();
        let mut stay = Vec::with_capacity(events.len());
        for mut event in events.drain(..) {
            match event.lineage.take_branch().map(usize::from) {
                None => stay.push(event),
                Some(branch) => {
                    if ways.len() <= branch {
                        ways.resize_with(branch + 1, Vec::new);
                    }
                    ways[branch].push(event);
                }
            }
        }
        *events = stay;
        for (branch, sent) in ways.into_iter().enumerate().filter(|(_, sent)| !sent.is_empty()) {
            // A cog that another one took the place of may have fewer by now.
            let way = self.slots[from as usize].branches.get_mut(branch);
            match way.map(|(to, count)| (*to, *count += sent.len() as u64)) {
                Some((to, ())) => self.turn(to, sent),
                None => events.extend(sent),
            }
        }
    }
}
