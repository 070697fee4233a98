//! Origins: where events came from, and how many parts of each are still on their way.
//!
//! Each event carries its [`Lineage`] outside the value. The engine counts the parts of every origin; when the last part is
//! settled, the origin stands in [`Books::take_settled`] and its supply is told. A read's origins share one block, so that
//! an event costs no allocation for this. What was made from several is counted as a group, which settles all of them with
//! its own last part. Parts that a cog keeps for long lie in a [`Pool`]; an origin all of whose parts do is open, but at rest: it
//! takes no room from its supply.

mod hold;
mod lineage;
mod pool;
mod room;
mod settling;
mod shelf;
#[cfg(test)]
mod tests;
mod why;

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

pub use hold::{Hold, Holder};
pub use pool::Pool;
use pool::{Group, Members};
pub use room::Origins;
use settling::Settling;
pub use settling::{OFFSET, Settled};
pub use shelf::Shelf;
use why::Reasons;
pub use why::Why;

/// How a part of an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A drain has stored it, or it reached the end of its line.
    Delivered,
    /// A cog swallowed it on purpose.
    Filtered,
    /// It failed and no error route took it.
    Failed,
}

/// The origins of one read.
#[derive(Debug)]
pub struct OriginBlock {
    supply: u32,
    first: u64,
    parts: RefCell<Vec<Parts>>,
    /// Its origins that are open and not at rest.
    moving: Cell<u32>,
    /// What it counts for in the books as long as there are any.
    bytes: Cell<usize>,
}

#[derive(Debug)]
struct Parts {
    open: u32,
    /// Those of them that lie in pools, and in the highest bit whether one has failed.
    pooled: u32,
    place: u64,
}

const FAILED: u32 = 1 << 31;
/// Origins of one read that are expected: one, where a file is followed.
const FEW: usize = 4;

impl Parts {
    fn pooled(&self) -> u32 {
        self.pooled & !FAILED
    }

    fn failed(&self) -> bool {
        self.pooled & FAILED != 0
    }

    /// Whether all of them lie in pools.
    fn rests(&self) -> bool {
        self.open > 0 && self.pooled() == self.open
    }
}

/// How many origins of a supply are open, and how many of those are at rest.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    open: usize,
    resting: usize,
}

/// Which origins an event, or a part of one, was made from.
#[derive(Clone, Debug, Default)]
pub struct Lineage(Kin);

#[derive(Clone, Debug, Default)]
enum Kin {
    /// Made from nothing: what a cog emits on its own account.
    #[default]
    None,
    One(Rc<OriginBlock>, u32),
    Many(Rc<Group>),
    /// On an error route: stored, it counts as dead instead of delivered.
    Dead(Box<Lineage>),
    /// On its way to a branch of the cog that sent it, until that cog's call is over.
    Aside(Box<Lineage>, u16),
}

/// The train's books: what went in, what became of it. They balance at every moment:
/// `born + split == delivered + filtered + dead + failed + merged + in_flight`.
#[derive(Debug, Default)]
pub struct Books {
    born: Cell<u64>,
    split: Cell<u64>,
    merged: Cell<u64>,
    delivered: Cell<u64>,
    filtered: Cell<u64>,
    dead: Cell<u64>,
    failed: Cell<u64>,
    in_flight: Cell<u64>,
    /// Open origins by supply.
    open: RefCell<Vec<Count>>,
    /// Whether origins came to rest since this was asked for.
    rested: Cell<bool>,
    /// Parts kept by cogs that would rather leave some out than have supplies wait.
    excused: RefCell<Origins>,
    /// Parts that will not be settled in this run, nor need to be.
    left: Cell<u64>,
    /// Bytes that supplies have read and whose events are on their way, at rest excepted; counted by block.
    bytes: Cell<usize>,
    /// At most; above it there is no room for anybody. None: no bound.
    most_bytes: Cell<Option<usize>>,
    /// Whether somebody found no room for that reason.
    heavy: Cell<bool>,
    settled: RefCell<Settling>,
    /// Names of supplies, for ids.
    names: RefCell<Vec<Rc<str>>>,
    /// Supplies that feed what has failed before; the places they give are how often.
    again: RefCell<Vec<u32>>,
    /// Why events failed whose supplies want to know.
    reasons: Reasons,
}

/// The books at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Events that supplies made.
    pub born: u64,
    /// Parts that were added by splitting and fanning out.
    pub split: u64,
    /// Parts that went up in others.
    pub merged: u64,
    /// Parts that were stored or reached the end of their line.
    pub delivered: u64,
    /// Parts that were swallowed on purpose.
    pub filtered: u64,
    /// Parts that failed and were stored by an error route.
    pub dead: u64,
    /// Parts that failed, and went nowhere.
    pub failed: u64,
    /// Parts on their way.
    pub in_flight: u64,
    /// Those of them that were left where they are on purpose, as their drain can never store them.
    pub left: u64,
}

fn add(cell: &Cell<u64>, n: u64) {
    cell.set(cell.get() + n);
}

impl Books {
    /// New books.
    pub fn new() -> Rc<Self> {
        Rc::default()
    }

    /// Tells the name of a supply, for the ids of its events.
    pub fn name(&self, supply: u32, name: &Rc<str>) {
        let mut names = self.names.borrow_mut();
        if names.len() <= supply as usize {
            names.resize(supply as usize + 1, "".into());
        }
        names[supply as usize] = Rc::clone(name);
    }

    /// The places that `supply` gives are how often its events have been tried before.
    pub fn feeds_again(&self, supply: u32) {
        self.again.borrow_mut().push(supply);
    }

    /// How often an event has been tried, this time included.
    pub fn attempts(&self, lineage: &Lineage) -> i64 {
        match &lineage.0 {
            Kin::One(block, index) if self.again.borrow().contains(&block.supply) => {
                block.parts.borrow()[*index as usize].place.saturating_add(1).cast_signed()
            }
            Kin::Dead(inner) | Kin::Aside(inner, _) => self.attempts(inner),
            _ => 1,
        }
    }

    /// The place that a supply gave with the first origin.
    pub fn place(lineage: &Lineage) -> Option<u64> {
        match &lineage.0 {
            Kin::One(block, index) => Some(block.parts.borrow()[*index as usize].place),
            Kin::Dead(inner) | Kin::Aside(inner, _) => Self::place(inner),
            Kin::None | Kin::Many(_) => None,
        }
    }

    /// An id for log lines: the supply's name and the event's number within it; `+n` for further origins.
    pub fn id(&self, lineage: &Lineage) -> String {
        let Some((supply, number, more)) = lineage.first() else { return "-".into() };
        let names = self.names.borrow();
        let name = names.get(supply as usize).map_or("", |name| name);
        if more == 0 { format!("{name}#{number}") } else { format!("{name}#{number}+{more}") }
    }

    /// A block for the origins of one read of `supply`, numbered from `first`.
    pub fn block(&self, supply: u32, first: u64) -> Rc<OriginBlock> {
        let mut open = self.open.borrow_mut();
        if open.len() <= supply as usize {
            open.resize(supply as usize + 1, Count::default());
        }
        let parts = RefCell::new(Vec::with_capacity(FEW));
        Rc::new(OriginBlock { supply, first, parts, moving: Cell::new(0), bytes: Cell::new(0) })
    }

    /// A new origin at `place` in `block`, with one part.
    pub fn open(&self, block: &Rc<OriginBlock>, place: u64) -> Lineage {
        let lineage = Self::open_uncounted(block, place);
        self.count(block, 1);
        lineage
    }

    /// As [`Books::open`]; who calls must [count](Books::count) it before it can end.
    #[inline]
    pub(super) fn open_uncounted(block: &Rc<OriginBlock>, place: u64) -> Lineage {
        let mut parts = block.parts.borrow_mut();
        let index = parts.len() as u32;
        parts.push(Parts { open: 1, pooled: 0, place });
        Lineage(Kin::One(Rc::clone(block), index))
    }

    /// So many origins were opened in that block.
    pub(super) fn count(&self, block: &OriginBlock, opened: u32) {
        self.open.borrow_mut()[block.supply as usize].open += opened as usize;
        block.moving.set(block.moving.get() + opened);
        add(&self.born, u64::from(opened));
        add(&self.in_flight, u64::from(opened));
    }

    /// `more` further parts of these origins are on their way.
    pub fn split(&self, lineage: &Lineage, more: u32) {
        if more == 0 {
            return;
        }
        match &lineage.0 {
            Kin::None => return,
            Kin::One(block, index) => self.change(block, *index, |parts| parts.open += more),
            Kin::Many(group) => self.split_group(group, more),
            Kin::Dead(inner) | Kin::Aside(inner, _) => return self.split(inner, more),
        }
        add(&self.split, u64::from(more));
        add(&self.in_flight, u64::from(more));
    }

    /// The part that was turned lives on in others that were counted beside it: it is a part no more.
    pub fn unsplit(&self, lineage: &Lineage) {
        match &lineage.0 {
            Kin::None => return,
            Kin::Aside(inner, _) => return self.unsplit(inner),
            _ => {}
        }
        self.split.set(self.split.get() - 1);
        self.in_flight.set(self.in_flight.get() - 1);
        self.close(lineage, false);
    }

    /// One part of these origins ended.
    #[inline]
    pub fn settle(&self, lineage: &Lineage, outcome: Outcome) {
        match &lineage.0 {
            Kin::None => return,
            Kin::Aside(inner, _) => return self.settle(inner, outcome),
            _ => {}
        }
        match outcome {
            Outcome::Delivered if matches!(lineage.0, Kin::Dead(_)) => add(&self.dead, 1),
            Outcome::Delivered => add(&self.delivered, 1),
            Outcome::Filtered => add(&self.filtered, 1),
            Outcome::Failed => add(&self.failed, 1),
        }
        self.in_flight.set(self.in_flight.get() - 1);
        self.close(lineage, outcome == Outcome::Failed);
    }

    /// One part of each of these neighbours ended.
    fn settle_run(&self, block: &Rc<OriginBlock>, run: Range<u32>, outcome: Outcome) {
        let count = u64::from(run.end - run.start);
        match outcome {
            Outcome::Delivered => add(&self.delivered, count),
            Outcome::Filtered => add(&self.filtered, count),
            Outcome::Failed => add(&self.failed, count),
        }
        self.in_flight.set(self.in_flight.get() - count);
        self.close_run(block, run, outcome == Outcome::Failed);
    }

    /// One part of each of these neighbours is no more.
    fn close_run(&self, block: &Rc<OriginBlock>, run: Range<u32>, failed: bool) {
        let (mut parts, mut settled, mut rested) = (block.parts.borrow_mut(), self.settled.borrow_mut(), 0);
        let flag = if failed { FAILED } else { 0 };
        let parts = &mut parts[run.start as usize..run.end as usize];
        // Nearly always each has but the one part.
        let mut closed = 0;
        for part in parts.iter_mut().take_while(|part| part.open == 1 && part.pooled == 0) {
            (part.open, part.pooled) = (0, flag);
            closed += 1;
        }
        if closed > 0 {
            settled.push_run(block, run.start..run.start + closed as u32, failed);
        }
        for (index, part) in (run.start..).zip(parts).skip(closed) {
            part.open -= 1;
            part.pooled |= flag;
            if part.open == 0 {
                closed += 1;
                settled.push(block, index, part.failed());
            } else if part.rests() {
                rested += 1;
            }
        }
        let count = &mut self.open.borrow_mut()[block.supply as usize];
        count.open -= closed;
        count.resting += rested;
        self.leave(block, (closed + rested) as u32);
        if rested > 0 {
            self.rested.set(true);
        }
    }

    #[inline]
    fn close(&self, lineage: &Lineage, failed: bool) {
        match &lineage.0 {
            Kin::None => {}
            Kin::One(block, index) => self.close_one(block, *index, failed),
            Kin::Many(group) => self.close_group(group, failed),
            Kin::Dead(inner) | Kin::Aside(inner, _) => self.close(inner, failed),
        }
    }

    #[inline]
    fn close_one(&self, block: &Rc<OriginBlock>, index: u32, failed: bool) {
        let mut parts = block.parts.borrow_mut();
        let part = &mut parts[index as usize];
        part.open -= 1;
        part.pooled |= if failed { FAILED } else { 0 };
        if part.open == 0 {
            self.open.borrow_mut()[block.supply as usize].open -= 1;
            self.leave(block, 1);
            self.settled.borrow_mut().push(block, index, part.failed());
        } else if part.rests() {
            self.open.borrow_mut()[block.supply as usize].resting += 1;
            self.leave(block, 1);
            self.rested.set(true);
        }
    }

    /// Changes the counts of an origin that stays open; it may come to rest by that, or set out again.
    #[inline]
    fn change(&self, block: &OriginBlock, index: u32, f: impl FnOnce(&mut Parts)) {
        let mut parts = block.parts.borrow_mut();
        let part = &mut parts[index as usize];
        let rested = part.rests();
        f(part);
        match (rested, part.rests()) {
            (false, true) => {
                self.open.borrow_mut()[block.supply as usize].resting += 1;
                self.leave(block, 1);
                self.rested.set(true);
            }
            (true, false) => {
                self.open.borrow_mut()[block.supply as usize].resting -= 1;
                block.moving.set(block.moving.get() + 1);
            }
            _ => {}
        }
    }

    /// The parts become one, which carries all their origins.
    pub fn merge(&self, parts: impl IntoIterator<Item = Lineage>) -> Lineage {
        let mut members = Members::default();
        let mut counted = 0;
        for part in parts {
            counted += u64::from(members.add(self, &part));
        }
        self.joined(members, counted, 1)
    }

    /// Whether origins have been settled that [`Books::take_settled`] has not told of.
    pub fn has_settled(&self) -> bool {
        !self.settled.borrow().is_empty()
    }

    /// Nobody wants to be told which origins have been settled.
    pub fn forget_settled(&self) {
        self.settled.borrow_mut().clear();
    }

    /// Origins settled and not told of yet, in the order of their settling, appended to `into`: some thousand of them, so that it
    /// is to be called again while [`Books::has_settled`] says so.
    pub fn take_settled(&self, into: &mut Vec<Settled>) {
        self.settled.borrow_mut().take(into);
    }

    /// The books at this moment.
    pub fn balance(&self) -> Balance {
        Balance {
            born: self.born.get(),
            split: self.split.get(),
            merged: self.merged.get(),
            delivered: self.delivered.get(),
            filtered: self.filtered.get(),
            dead: self.dead.get(),
            failed: self.failed.get(),
            in_flight: self.in_flight.get(),
            left: self.left.get(),
        }
    }
}
