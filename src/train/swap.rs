//! Another version of the script takes the place of the one that runs, between two turns of the loop.
//!
//! Cogs that are the same in both stay as they are, with all that they keep: positions, windows, look-ups under way. Those that changed
//! are made anew, take over the state of the old ones where they can, and the old ones end as at the end of the train, into what now
//! stands behind them. New cogs are wound first: should one refuse, nothing has happened.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use super::graph::Graph;
use super::{Options, Slot, Train, panics};
use crate::cog::{Cog, Common, OnError, Seat};
use crate::error::Result;

/// What becomes of each cog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For each node of the new graph the cog that stays in its place, by number.
    pub stays: Vec<Option<u32>>,
    /// For each node of the new graph the cog whose state it takes over.
    pub takes_over: Vec<Option<u32>>,
}

impl Train {
    /// Puts other cogs, joined as `graph` says, in the place of those that run: cog n of `cogs` is node n; those of nodes that are to
    /// stay as they are go unused. Gives the number of each node's cog.
    ///
    /// # Errors
    /// A cog could not be wound; all is as it was then.
    pub fn swap(&mut self, graph: &Graph, cogs: Vec<(Box<dyn Cog>, Common)>, plan: &Plan, options: &Options) -> Result<Vec<u32>> {
        let first_new = self.slots.len();
        let mut next = first_new as u32;
        let numbers: Vec<u32> = plan
            .stays
            .iter()
            .map(|stays| {
                stays.unwrap_or_else(|| {
                    next += 1;
                    next - 1
                })
            })
            .collect();
        let of = |node: u32| numbers[node as usize];
        for ((node, (cog, common)), stays) in graph.nodes.iter().zip(cogs).zip(&plan.stays) {
            if stays.is_some() {
                continue;
            }
            let mut seat = Seat::new(self.slots.len() as u32, &node.name, common);
            if self.overseer_is_there() {
                seat.faults_seen.listen();
            }
            self.slots.push(Slot::new(cog, seat, node, of));
        }
        self.map_pressure();
        let before = self.vouches;
        if let Err(error) = self.wind_new(first_new) {
            for slot in self.slots.drain(first_new..) {
                self.esc.unbind_owner(slot.seat.number);
            }
            self.asked_sync.retain(|number| (*number as usize) < first_new);
            self.vouches = before;
            self.map_pressure();
            return Err(error);
        }
        // The command line's own wish goes on.
        self.options = Options { strict_exit: self.options.strict_exit || options.strict_exit, ..options.clone() };
        self.books.bound_bytes(self.options.max_bytes);
        // From here on nothing can fail.
        let successor = |old: u32| plan.takes_over.iter().position(|taken| *taken == Some(old)).map(|node| of(node as u32));
        let there = |number: u32| if numbers.contains(&number) { Some(number) } else { successor(number) };
        let mut old = Vec::new();
        for number in (0..first_new as u32).filter(|number| !numbers.contains(number) && Some(*number) != self.injector) {
            // What it still gives goes to those behind its successor, or on from what it fed: also if it has been ending for long.
            let behind = plan.takes_over.iter().position(|taken| *taken == Some(number)).map(|node| &graph.nodes[node]);
            let targets = match behind {
                Some(node) => node.targets.iter().map(|target| of(*target)).collect(),
                None => self.lead_on(number, there),
            };
            let slot = &mut self.slots[number as usize];
            slot.targets = targets;
            slot.route = slot.route.map(|route| there(route).unwrap_or(route));
            for (to, _) in &mut slot.branches {
                *to = there(*to).unwrap_or(*to);
            }
            if !std::mem::replace(&mut slot.retires, true) {
                old.push(number);
            }
        }
        for (number, node) in numbers.iter().zip(&graph.nodes) {
            let slot = &mut self.slots[*number as usize];
            slot.targets = node.targets.iter().map(|target| of(*target)).collect::<Vec<_>>().into();
            slot.route = node.route.map(of);
            let counts = slot.branches.iter().map(|(_, count)| *count).chain(std::iter::repeat(0));
            slot.branches = node.branches.iter().zip(counts).map(|(branch, count)| (of(branch.to), count)).collect();
            slot.kind = node.kind;
            slot.seat.has_successors = !slot.targets.is_empty();
            slot.seat.on_error = slot.route.map_or(slot.seat.common.on_error.unwrap_or_default(), OnError::Route);
            slot.seat.name = node.name.as_str().into();
            let name = Rc::clone(&slot.seat.name);
            self.books.name(*number, &name);
        }
        self.reorder(graph, &numbers);
        for (node, taken) in plan.takes_over.iter().enumerate() {
            let Some(old) = *taken else { continue };
            if let Some(state) = self.slots[old as usize].cog.hand_over() {
                self.slots[of(node as u32) as usize].cog.take_over(state);
            }
        }
        let vouches = self.vouches;
        for old in self.order.clone().into_iter().filter(|number| old.contains(number)) {
            self.call(old, |cog, ctx| {
                // A supply that came just now may have been the first to vouch for what is written.
                let told = if vouches && !cog.is_syncing() { cog.sync(ctx) } else { Ok(()) };
                cog.finish(ctx)?;
                told
            });
        }
        self.retire();
        Ok(numbers)
    }

    fn overseer_is_there(&self) -> bool {
        self.slots.first().is_some_and(|slot| slot.seat.faults_seen.listens())
    }

    /// Winds what is new, drains first.
    fn wind_new(&mut self, first: usize) -> Result<()> {
        for number in (first as u32..self.slots.len() as u32).rev() {
            let name = Rc::clone(&self.slots[number as usize].seat.name);
            self.books.name(number, &name);
            self.wind_one(number)?;
        }
        Ok(())
    }

    /// Where what that cog gives goes on: to those it fed that are `there`, or to who is in their place; past those that are gone without
    /// one, to what these fed.
    fn lead_on(&self, from: u32, there: impl Fn(u32) -> Option<u32>) -> Rc<[u32]> {
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        let mut open: VecDeque<u32> = self.slots[from as usize].targets.iter().copied().collect();
        while let Some(target) = open.pop_front() {
            if !seen.insert(target) {
                continue;
            }
            match there(target) {
                Some(target) if found.contains(&target) => {}
                Some(target) => found.push(target),
                None => {
                    let gone = &self.slots[target as usize];
                    open.extend(gone.targets.iter());
                    // One that led to nothing but branches: to them, rather than to nobody.
                    if gone.targets.is_empty() {
                        open.extend(gone.branches.iter().map(|(to, _)| to));
                    }
                }
            }
        }
        found.into()
    }

    /// Who stands behind whom now; what retires stands before those that it still feeds.
    fn reorder(&mut self, graph: &Graph, numbers: &[u32]) {
        let new: Vec<u32> = graph.order().into_iter().map(|node| numbers[node as usize]).collect();
        let before: Vec<u32> = self.order.iter().copied().filter(|number| !new.contains(number)).collect();
        self.order = before.into_iter().chain(new).collect();
        self.tells_ends = self.slots.iter().any(|slot| slot.cog.hears("event_done") || slot.cog.hears("event_failed"));
        self.map_pressure();
        self.map_ways();
    }

    /// Lets those go that have ended. What one that is closed has written must be synced by then: it is not asked for it any more.
    pub(super) fn retire(&mut self) {
        for number in 0..self.slots.len() {
            let slot = &mut self.slots[number];
            if slot.retires && !slot.seat.closed && !slot.cog.busy() && !slot.cog.is_syncing() {
                slot.seat.closed = true;
                let synced = panics::guarded(|| slot.cog.sync_now()).unwrap_or(false);
                let name = Rc::clone(&slot.seat.name);
                self.esc.unbind_owner(number as u32);
                if !synced {
                    self.forsake(&name);
                }
            }
        }
        self.retiring = self.slots.iter().any(|slot| slot.retires && !slot.seat.closed);
    }
}
