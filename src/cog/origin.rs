//! Origins: where events came from, and how many parts of each are still on their way.
//!
//! Each event carries its [`Lineage`] outside the value. The engine counts the parts of every origin; when the last part is
//! settled, the origin stands in [`Books::take_settled`] and its supply is told. A read's origins share one block, so that
//! an event costs no allocation for this.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

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

/// An origin none of whose parts is on its way any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The supply that made it, as its number in the train.
    pub supply: u32,
    /// Its number within the supply, from 0 without gaps.
    pub number: u64,
    /// The place that the supply gave with it.
    pub place: u64,
    /// Whether a part of it failed.
    pub failed: bool,
}

/// The origins of one read.
#[derive(Debug)]
pub struct OriginBlock {
    supply: u32,
    first: u64,
    parts: RefCell<Vec<Parts>>,
}

#[derive(Debug)]
struct Parts {
    open: u32,
    failed: bool,
    place: u64,
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
    Many(Rc<[(Rc<OriginBlock>, u32)]>),
}

impl Lineage {
    fn each(&self, mut f: impl FnMut(&Rc<OriginBlock>, u32)) {
        match &self.0 {
            Kin::None => {}
            Kin::One(block, index) => f(block, *index),
            Kin::Many(all) => all.iter().for_each(|(block, index)| f(block, *index)),
        }
    }

    /// The first origin: supply, number within it, and how many others there are.
    pub fn first(&self) -> Option<(u32, u64, usize)> {
        match &self.0 {
            Kin::None => None,
            Kin::One(block, index) => Some((block.supply, block.first + u64::from(*index), 0)),
            Kin::Many(all) => all.first().map(|(block, index)| (block.supply, block.first + u64::from(*index), all.len() - 1)),
        }
    }
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
    failed: Cell<u64>,
    in_flight: Cell<u64>,
    /// Open origins by supply.
    open: RefCell<Vec<usize>>,
    settled: RefCell<Vec<Settled>>,
    /// Names of supplies, for ids.
    names: RefCell<Vec<Rc<str>>>,
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
    /// Parts that failed.
    pub failed: u64,
    /// Parts on their way.
    pub in_flight: u64,
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
            open.resize(supply as usize + 1, 0);
        }
        Rc::new(OriginBlock { supply, first, parts: RefCell::default() })
    }

    /// A new origin at `place` in `block`, with one part.
    pub fn open(&self, block: &Rc<OriginBlock>, place: u64) -> Lineage {
        let mut parts = block.parts.borrow_mut();
        let index = parts.len() as u32;
        parts.push(Parts { open: 1, failed: false, place });
        self.open.borrow_mut()[block.supply as usize] += 1;
        add(&self.born, 1);
        add(&self.in_flight, 1);
        Lineage(Kin::One(Rc::clone(block), index))
    }

    /// How many origins of `supply` are open.
    pub fn open_of(&self, supply: u32) -> usize {
        self.open.borrow().get(supply as usize).copied().unwrap_or(0)
    }

    /// `more` further parts of these origins are on their way.
    pub fn split(&self, lineage: &Lineage, more: u32) {
        if more == 0 {
            return;
        }
        lineage.each(|block, index| block.parts.borrow_mut()[index as usize].open += more);
        if !matches!(lineage.0, Kin::None) {
            add(&self.split, u64::from(more));
            add(&self.in_flight, u64::from(more));
        }
    }

    /// The part that was turned lives on in others that were counted beside it: it is a part no more.
    pub fn unsplit(&self, lineage: &Lineage) {
        if matches!(lineage.0, Kin::None) {
            return;
        }
        self.split.set(self.split.get() - 1);
        self.in_flight.set(self.in_flight.get() - 1);
        lineage.each(|block, index| self.close(block, index, false));
    }

    /// One part of these origins ended.
    pub fn settle(&self, lineage: &Lineage, outcome: Outcome) {
        if matches!(lineage.0, Kin::None) {
            return;
        }
        match outcome {
            Outcome::Delivered => add(&self.delivered, 1),
            Outcome::Filtered => add(&self.filtered, 1),
            Outcome::Failed => add(&self.failed, 1),
        }
        self.in_flight.set(self.in_flight.get() - 1);
        lineage.each(|block, index| self.close(block, index, outcome == Outcome::Failed));
    }

    fn close(&self, block: &OriginBlock, index: u32, failed: bool) {
        let mut parts = block.parts.borrow_mut();
        let part = &mut parts[index as usize];
        part.open -= 1;
        part.failed |= failed;
        if part.open == 0 {
            self.open.borrow_mut()[block.supply as usize] -= 1;
            self.settled.borrow_mut().push(Settled {
                supply: block.supply,
                number: block.first + u64::from(index),
                place: part.place,
                failed: part.failed,
            });
        }
    }

    /// The parts become one, which carries all their origins.
    pub fn merge(&self, parts: impl IntoIterator<Item = Lineage>) -> Lineage {
        let mut kin: Vec<(Rc<OriginBlock>, u32)> = Vec::new();
        let mut counted = 0_u64;
        for part in parts {
            counted += u64::from(!matches!(part.0, Kin::None));
            part.each(|block, index| {
                // Two parts of one origin become one: its count goes down without settling it.
                if kin.iter().any(|(known, at)| Rc::ptr_eq(known, block) && *at == index) {
                    block.parts.borrow_mut()[index as usize].open -= 1;
                } else {
                    kin.push((Rc::clone(block), index));
                }
            });
        }
        if counted > 1 {
            add(&self.merged, counted - 1);
            self.in_flight.set(self.in_flight.get() - (counted - 1));
        }
        match kin.len() {
            0 => Lineage::default(),
            1 => kin.pop().map_or_else(Lineage::default, |(block, index)| Lineage(Kin::One(block, index))),
            _ => Lineage(Kin::Many(kin.into())),
        }
    }

    /// Whether origins have been settled since the last [`Books::take_settled`].
    pub fn has_settled(&self) -> bool {
        !self.settled.borrow().is_empty()
    }

    /// The origins settled since the last call, in the order of their settling, appended to `into`.
    pub fn take_settled(&self, into: &mut Vec<Settled>) {
        into.append(&mut self.settled.borrow_mut());
    }

    /// The books at this moment.
    pub fn balance(&self) -> Balance {
        Balance {
            born: self.born.get(),
            split: self.split.get(),
            merged: self.merged.get(),
            delivered: self.delivered.get(),
            filtered: self.filtered.get(),
            failed: self.failed.get(),
            in_flight: self.in_flight.get(),
        }
    }
}

/// A part of an event that a cog keeps for later. It must be emitted, delivered or released; dropped, it counts as failed.
#[derive(Debug)]
pub struct Hold {
    lineage: Option<Lineage>,
    books: Rc<Books>,
}

impl Hold {
    /// Keeps a part of `lineage`; who calls has counted the part.
    pub(crate) fn new(lineage: Lineage, books: &Rc<Books>) -> Self {
        Self { lineage: Some(lineage), books: Rc::clone(books) }
    }

    /// The event's lineage, for messages.
    pub fn lineage(&self) -> &Lineage {
        self.lineage.as_ref().expect("a hold keeps its lineage until it is used up")
    }

    /// Gives the part on.
    pub(crate) fn into_lineage(mut self) -> Lineage {
        self.lineage.take().unwrap_or_default()
    }

    /// The part ended in this way.
    pub fn settle(mut self, outcome: Outcome) {
        if let Some(lineage) = self.lineage.take() {
            self.books.settle(&lineage, outcome);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(lineage) = self.lineage.take() {
            self.books.settle(&lineage, Outcome::Failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(books: &Books) -> Vec<(u64, bool)> {
        let mut all = Vec::new();
        books.take_settled(&mut all);
        all.iter().map(|s| (s.number, s.failed)).collect()
    }

    fn balanced(books: &Books) -> bool {
        let b = books.balance();
        b.born + b.split == b.delivered + b.filtered + b.failed + b.merged + b.in_flight
    }

    #[test]
    fn an_origin_is_settled_with_its_last_part() {
        let books = Books::new();
        let block = books.block(0, 10);
        let (a, b) = (books.open(&block, 100), books.open(&block, 200));
        books.split(&a, 1);
        books.settle(&b, Outcome::Delivered);
        books.settle(&a, Outcome::Filtered);
        assert_eq!(settled(&books), [(11, false)]);
        books.settle(&a, Outcome::Failed);
        assert_eq!(settled(&books), [(10, true)]);
        assert_eq!(books.open_of(0), 0);
        assert!(balanced(&books));
    }

    #[test]
    fn merged_parts_settle_all_their_origins_at_once() {
        let books = Books::new();
        let block = books.block(0, 0);
        let (a, b) = (books.open(&block, 0), books.open(&block, 0));
        books.split(&a, 1);
        let joined = books.merge([a.clone(), b, a]);
        assert!(balanced(&books), "{:?}", books.balance());
        assert!(settled(&books).is_empty());
        books.settle(&joined, Outcome::Delivered);
        assert_eq!(settled(&books), [(0, false), (1, false)]);
        assert!(balanced(&books), "{:?}", books.balance());
        assert_eq!(books.balance().in_flight, 0);
    }

    #[test]
    fn a_hold_that_is_forgotten_counts_as_failed() {
        let books = Books::new();
        let block = books.block(0, 0);
        drop(Hold::new(books.open(&block, 0), &books));
        assert_eq!(settled(&books), [(0, true)]);
    }
}
