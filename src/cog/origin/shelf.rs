//! [`Shelf`]: parts of events that a drain keeps, in order, until they are stored. Neighbours lie together, so that a thousand
//! of them cost little more than one.

use std::collections::VecDeque;
use std::rc::Rc;

use super::{Books, Kin, Lineage, OriginBlock, Origins, Outcome, add};

/// Parts kept in order; first in, first out. Dropped, they count as failed.
#[derive(Debug, Default)]
pub struct Shelf {
    kept: VecDeque<Kept>,
    len: usize,
    books: Option<Rc<Books>>,
}

#[derive(Debug)]
enum Kept {
    /// Neighbouring origins, with one part of each.
    Run { block: Rc<OriginBlock>, first: u32, end: u32 },
    /// A part of what was made from none or from several.
    Other(Lineage),
}

impl Shelf {
    /// How many parts it keeps.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it keeps none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Of which supplies the parts are.
    pub fn origins(&self) -> Origins {
        let mut origins = Origins::default();
        for kept in &self.kept {
            match kept {
                Kept::Run { block, first, end } => origins.add_of(block.supply, (end - first) as usize),
                Kept::Other(lineage) => origins.add(lineage),
            }
        }
        origins
    }

    /// Keeps a part of `lineage`; who calls has counted the part.
    #[inline]
    pub(crate) fn put(&mut self, lineage: Lineage, books: &Rc<Books>) {
        self.len += 1;
        if let Kin::One(block, index) = &lineage.0
            && let Some(Kept::Run { block: last, end, .. }) = self.kept.back_mut()
            && *end == *index
            && Rc::ptr_eq(last, block)
        {
            *end += 1;
        } else {
            self.add(lineage, books);
        }
    }

    #[inline(never)]
    fn add(&mut self, lineage: Lineage, books: &Rc<Books>) {
        let kept = match lineage.0 {
            Kin::One(block, index) => Kept::Run { block, first: index, end: index + 1 },
            kin => Kept::Other(Lineage(kin)),
        };
        self.books.get_or_insert_with(|| Rc::clone(books));
        self.kept.push_back(kept);
    }

    /// The first `count` parts ended in this way.
    pub fn settle(&mut self, mut count: usize, outcome: Outcome) {
        let Some(books) = &self.books else { return };
        while count > 0
            && let Some(kept) = self.kept.front_mut()
        {
            let settled = match kept {
                Kept::Run { block, first, end } => {
                    let until = *first + u32::try_from(count).unwrap_or(u32::MAX).min(*end - *first);
                    books.settle_run(block, *first..until, outcome);
                    let settled = until - *first;
                    *first = until;
                    if *first < *end {
                        self.len -= settled as usize;
                        return;
                    }
                    settled as usize
                }
                Kept::Other(lineage) => {
                    books.settle(lineage, outcome);
                    1
                }
            };
            count -= settled;
            self.len -= settled;
            self.kept.pop_front();
        }
    }
}

impl Shelf {
    /// Leaves all parts unsettled: nobody knows any more whether they will be stored, so that a supply that can must give them
    /// again. Where that is `expected` they do not count as missing at the end.
    pub fn abandon(&mut self, expected: bool) {
        if let (Some(books), true) = (&self.books, expected) {
            add(&books.left, self.len as u64);
        }
        self.kept.clear();
        self.len = 0;
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.settle(self.len, Outcome::Failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_settled_in_their_order_across_blocks() {
        let books = Books::new();
        let (a, b) = (books.block(0, 0), books.block(0, 3));
        let mut all: Vec<Lineage> = (0..3).map(|n| books.open(&a, n)).collect();
        all.extend((0..2).map(|n| books.open(&b, n)));
        all.push(Lineage::default());
        let mut shelf = Shelf::default();
        for lineage in all {
            shelf.put(lineage, &books);
        }
        assert_eq!((shelf.len(), shelf.kept.len()), (6, 3));
        let numbers = |books: &Books| {
            let mut settled = Vec::new();
            books.take_settled(&mut settled);
            settled.iter().flat_map(|s| s.numbers().map(|number| (number, s.failed))).collect::<Vec<_>>()
        };
        shelf.settle(2, Outcome::Delivered);
        assert_eq!((numbers(&books), shelf.len()), (vec![(0, false), (1, false)], 4));
        shelf.settle(2, Outcome::Delivered);
        assert_eq!((numbers(&books), shelf.len()), (vec![(2, false), (3, false)], 2));
        drop(shelf);
        assert_eq!(numbers(&books), [(4, true)]);
        let balance = books.balance();
        assert_eq!((balance.delivered, balance.failed, balance.in_flight), (4, 1, 0));
    }
}
