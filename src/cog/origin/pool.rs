//! What is made from many events: the [`Pool`] in which a cog keeps their parts, and the group that their lineages become.
//!
//! A pool remembers runs of neighbouring origins, not each of them, as events mostly come in the order in which they were read. A
//! group counts the parts of what was made from it by itself, so that a thousand results of a million events cost a million
//! steps at their end, and not a thousand times as many.

use std::cell::Cell;
use std::rc::Rc;

use super::{Books, Kin, Lineage, OriginBlock, Outcome, Parts, add};

/// Neighbouring origins.
#[derive(Debug)]
struct Run {
    block: Rc<OriginBlock>,
    first: u32,
    end: u32,
}

/// How many runs back a further part of the same origin is looked for: parts of one event come one after the other.
const NEAR: usize = 4;

/// Origins, and groups of them, that belong together. A member may be in it more than once, with a part for each.
#[derive(Debug, Default)]
pub(super) struct Members {
    runs: Vec<Run>,
    groups: Vec<Rc<Group>>,
    origins: usize,
    /// Whether a part came as a dead letter.
    dead: bool,
}

impl Members {
    /// Takes in one part of `lineage`; false when that was none, or became one with another part that is here.
    #[inline]
    pub(super) fn add(&mut self, books: &Books, lineage: &Lineage) -> bool {
        match &lineage.0 {
            Kin::None => false,
            Kin::Aside(inner, _) => self.add(books, inner),
            Kin::Dead(inner) => {
                self.dead = true;
                self.add(books, inner)
            }
            Kin::Many(group) => {
                self.groups.push(Rc::clone(group));
                true
            }
            Kin::One(block, index) => {
                if let Some(run) = self.runs.last_mut()
                    && run.end == *index
                    && Rc::ptr_eq(&run.block, block)
                {
                    run.end += 1;
                } else if self.has(block, *index) {
                    books.change(block, *index, |parts| parts.open -= 1);
                    add(&books.merged, 1);
                    books.in_flight.set(books.in_flight.get() - 1);
                    return false;
                } else {
                    self.runs.push(Run { block: Rc::clone(block), first: *index, end: *index + 1 });
                }
                self.origins += 1;
                true
            }
        }
    }

    fn has(&self, block: &Rc<OriginBlock>, index: u32) -> bool {
        self.runs.iter().rev().take(NEAR).any(|run| (run.first..run.end).contains(&index) && Rc::ptr_eq(&run.block, block))
    }

    fn each(&self, books: &Books, f: impl Fn(&mut Parts)) {
        for run in &self.runs {
            (run.first..run.end).for_each(|index| books.change(&run.block, index, &f));
        }
    }
}

/// What was made from several origins, counted as one.
#[derive(Debug)]
pub(super) struct Group {
    members: Members,
    open: Cell<u32>,
    pooled: Cell<u32>,
    failed: Cell<bool>,
}

impl Group {
    pub(super) fn first(&self) -> Option<(u32, u64, usize)> {
        let more = |n: usize| n + self.members.groups.iter().filter_map(|group| group.first()).map(|(_, _, more)| more + 1).sum::<usize>();
        match self.members.runs.first() {
            Some(run) => Some((run.block.supply, run.block.first + u64::from(run.first), more(self.members.origins) - 1)),
            None => self.members.groups.first().and_then(|group| group.first()).map(|(supply, number, _)| (supply, number, more(0) - 1)),
        }
    }

    pub(super) fn each_supply(&self, tell: &mut impl FnMut(u32, usize)) {
        self.members.runs.iter().for_each(|run| tell(run.block.supply, (run.end - run.first) as usize));
        for group in &self.members.groups {
            group.each_supply(tell);
        }
    }

    fn rests(&self) -> bool {
        self.open.get() > 0 && self.pooled.get() == self.open.get()
    }
}

impl Books {
    /// The lineage of `parts` data made from these members, `counted` parts of which came in. What a dead letter went up in is one.
    pub(super) fn joined(&self, mut members: Members, counted: u64, parts: u32) -> Lineage {
        if counted == 0 {
            return Lineage::default();
        }
        add(&self.merged, counted - 1);
        self.in_flight.set(self.in_flight.get() - (counted - 1));
        let dead = members.dead;
        let lineage = match (&members.runs[..], &members.groups[..]) {
            ([run], []) if members.origins == 1 => Lineage(Kin::One(Rc::clone(&run.block), run.first)),
            ([], [_]) => Lineage(members.groups.pop().map_or(Kin::None, Kin::Many)),
            _ => {
                let (open, pooled, failed) = (Cell::new(1), Cell::new(0), Cell::new(false));
                Lineage(Kin::Many(Rc::new(Group { members, open, pooled, failed })))
            }
        };
        self.split(&lineage, parts - 1);
        if dead { lineage.into_dead() } else { lineage }
    }

    pub(super) fn split_group(&self, group: &Group, more: u32) {
        self.change_group(group, || group.open.set(group.open.get() + more));
    }

    pub(super) fn close_group(&self, group: &Group, failed: bool) {
        group.failed.set(group.failed.get() || failed);
        if group.open.get() > 1 {
            self.change_group(group, || group.open.set(group.open.get() - 1));
            return;
        }
        group.open.set(0);
        let Members { runs, groups, .. } = &group.members;
        for run in runs {
            self.close_run(&run.block, run.first..run.end, group.failed.get());
        }
        for inner in groups {
            self.close_group(inner, group.failed.get());
        }
    }

    /// Changes the counts of a group that stays open; with it, all its members come to rest or set out again.
    fn change_group(&self, group: &Group, f: impl FnOnce()) {
        let rested = group.rests();
        f();
        match (rested, group.rests()) {
            (false, true) => self.rest(&group.members),
            (true, false) => self.set_out(&group.members),
            _ => {}
        }
    }

    /// A part of each member lies in a pool.
    fn rest(&self, members: &Members) {
        members.each(self, |parts| parts.pooled += 1);
        for group in &members.groups {
            self.change_group(group, || group.pooled.set(group.pooled.get() + 1));
        }
    }

    /// A part of each member has left its pool.
    fn set_out(&self, members: &Members) {
        for run in &members.runs {
            let mut rested = 0;
            for parts in &mut run.block.parts.borrow_mut()[run.first as usize..run.end as usize] {
                // With one part less in a pool it is on its way, whatever it was.
                rested += usize::from(parts.rests());
                parts.pooled -= 1;
            }
            self.open.borrow_mut()[run.block.supply as usize].resting -= rested;
            run.block.moving.set(run.block.moving.get() + rested as u32);
        }
        for group in &members.groups {
            self.change_group(group, || group.pooled.set(group.pooled.get() - 1));
        }
    }
}

/// Parts of events that a cog keeps together until it has made something from all of them: a window's. Dropped, they count as failed.
#[derive(Debug)]
pub struct Pool {
    members: Members,
    /// Parts that were taken in and count by themselves.
    counted: u64,
    books: Rc<Books>,
}

impl Pool {
    /// An empty one.
    pub(crate) fn new(books: &Rc<Books>) -> Self {
        Self { members: Members::default(), counted: 0, books: Rc::clone(books) }
    }

    /// Bytes that it takes, with what the books keep of each event.
    pub fn size(&self) -> usize {
        self.members.runs.len() * size_of::<Run>()
            + self.members.groups.len() * size_of::<usize>()
            + self.members.origins * size_of::<Parts>()
    }

    /// Keeps a part of `lineage`; who calls has counted the part.
    #[inline]
    pub(crate) fn keep(&mut self, lineage: &Lineage) {
        match &lineage.0 {
            Kin::Aside(inner, _) => return self.keep(inner),
            Kin::Dead(inner) => {
                self.members.dead = true;
                return self.keep(inner);
            }
            _ => {}
        }
        if self.members.add(&self.books, lineage) {
            self.counted += 1;
            match &lineage.0 {
                Kin::None | Kin::Dead(_) | Kin::Aside(..) => {}
                Kin::One(block, index) => self.books.change(block, *index, |parts| parts.pooled += 1),
                Kin::Many(group) => self.books.change_group(group, || group.pooled.set(group.pooled.get() + 1)),
            }
        }
    }

    /// The lineage of `parts` data made from all that it keeps, at least one.
    pub(crate) fn into_lineage(mut self, parts: u32) -> Lineage {
        let members = std::mem::take(&mut self.members);
        self.books.set_out(&members);
        self.books.joined(members, std::mem::take(&mut self.counted), parts)
    }

    /// What it keeps ended in this way.
    pub fn settle(self, outcome: Outcome) {
        let books = Rc::clone(&self.books);
        books.settle(&self.into_lineage(1), outcome);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let members = std::mem::take(&mut self.members);
        self.books.set_out(&members);
        let lineage = self.books.joined(members, std::mem::take(&mut self.counted), 1);
        self.books.settle(&lineage, Outcome::Failed);
    }
}

#[cfg(test)]
mod tests;
