//! Pools and groups: what rests, what moves, what is settled when.

use super::*;
use crate::cog::Settled;

fn settled(books: &Books) -> Vec<(u64, bool)> {
    let mut all = Vec::new();
    while books.has_settled() {
        books.take_settled(&mut all);
    }
    all.iter().flat_map(|s: &Settled| s.numbers().map(|number| (number, s.failed))).collect()
}

fn balanced(books: &Books) -> bool {
    let b = books.balance();
    b.born + b.split == b.delivered + b.filtered + b.failed + b.merged + b.in_flight
}

/// Books, and lineages of as many new origins.
fn books(n: u64) -> (Rc<Books>, Vec<Lineage>) {
    let books = Books::new();
    let block = books.block(0, 0);
    let all = (0..n).map(|place| books.open(&block, place)).collect();
    (books, all)
}

#[test]
fn many_events_are_one_run_and_end_with_the_last_of_their_results() {
    let (books, all) = books(100_000);
    let mut pool = Pool::new(&books);
    for lineage in &all {
        pool.keep(lineage);
    }
    assert_eq!((pool.members.runs.len(), books.open_of(0), books.moving_of(0)), (1, 100_000, 0));
    let lineage = pool.into_lineage(3);
    assert_eq!((books.moving_of(0), books.balance().in_flight), (100_000, 3));
    assert_eq!(lineage.first(), Some((0, 0, 99_999)));
    books.settle(&lineage, Outcome::Delivered);
    books.settle(&lineage, Outcome::Filtered);
    assert!(!books.has_settled() && balanced(&books));
    books.settle(&lineage, Outcome::Delivered);
    let numbers = settled(&books);
    assert!(numbers.iter().copied().eq((0..100_000).map(|n| (n, false))));
    assert_eq!((books.open_of(0), books.balance().in_flight), (0, 0));
    assert!(balanced(&books), "{:?}", books.balance());
}

#[test]
fn one_result_that_fails_fails_all_it_was_made_from() {
    let (books, all) = books(2);
    let mut pool = Pool::new(&books);
    for lineage in &all {
        pool.keep(lineage);
    }
    let lineage = pool.into_lineage(2);
    books.settle(&lineage, Outcome::Failed);
    books.settle(&lineage, Outcome::Delivered);
    assert_eq!(settled(&books), [(0, true), (1, true)]);
    assert!(balanced(&books));
}

#[test]
fn an_origin_rests_only_while_all_its_parts_do() {
    let (books, all) = books(1);
    books.split(&all[0], 1);
    let mut pool = Pool::new(&books);
    pool.keep(&all[0]);
    assert!((books.moving_of(0), books.take_rested()) == (1, false));
    books.settle(&all[0], Outcome::Delivered);
    assert!((books.moving_of(0), books.take_rested()) == (0, true));
    books.split(&all[0], 1);
    assert_eq!(books.moving_of(0), 1);
    books.settle(&all[0], Outcome::Delivered);
    pool.settle(Outcome::Filtered);
    assert_eq!((settled(&books), books.moving_of(0)), (vec![(0, false)], 0));
    assert!(balanced(&books));
}

#[test]
fn parts_of_one_event_in_one_pool_become_one() {
    let (books, all) = books(3);
    books.split(&all[1], 2);
    let mut pool = Pool::new(&books);
    for n in [0, 1, 1, 2, 1] {
        pool.keep(&all[n]);
    }
    assert_eq!((books.moving_of(0), books.balance().merged, pool.members.runs.len()), (0, 2, 1));
    books.settle(&pool.into_lineage(1), Outcome::Delivered);
    assert_eq!(settled(&books).len(), 3);
    assert!(balanced(&books) && books.balance().in_flight == 0);
}

#[test]
fn parts_that_come_apart_are_counted_apart_and_settled_once() {
    let (books, all) = books(20);
    books.split(&all[0], 1);
    let mut pool = Pool::new(&books);
    for lineage in all.iter().step_by(2).chain([&all[0]]) {
        pool.keep(lineage);
    }
    assert_eq!(pool.members.runs.len(), 11);
    pool.settle(Outcome::Delivered);
    assert_eq!(settled(&books).len(), 10);
    assert!(balanced(&books) && books.moving_of(0) == 10);
}

#[test]
fn results_may_be_kept_in_a_further_pool() {
    let (books, all) = books(4);
    let mut outer = Pool::new(&books);
    for two in all.chunks(2) {
        let mut inner = Pool::new(&books);
        for lineage in two {
            inner.keep(lineage);
        }
        let lineage = inner.into_lineage(2);
        outer.keep(&lineage);
        assert_eq!(books.moving_of(0), 4 - (two[0].first().unwrap().1 as usize), "a part is still on its way");
        outer.keep(&lineage);
    }
    assert_eq!((books.moving_of(0), books.open_of(0)), (0, 4));
    let lineage = outer.into_lineage(1);
    assert_eq!((books.moving_of(0), lineage.first().unwrap().1), (4, 0));
    books.settle(&lineage, Outcome::Delivered);
    assert_eq!((settled(&books).len(), books.balance().in_flight, books.open_of(0)), (4, 0, 0));
    assert!(balanced(&books));
}

#[test]
fn a_pool_that_is_forgotten_counts_as_failed_and_an_empty_one_does_not() {
    let (books, all) = books(1);
    let mut pool = Pool::new(&books);
    drop(Pool::new(&books));
    pool.keep(&Lineage::default());
    pool.keep(&all[0]);
    drop(pool);
    assert_eq!((settled(&books), books.balance().failed), (vec![(0, true)], 1));
}

#[test]
fn what_dead_letters_went_up_in_is_dead_when_it_is_stored() {
    let (books, all) = books(8);
    let letter = |n: usize| all[n].clone().into_dead();
    let mut pool = Pool::new(&books);
    for lineage in [&all[0], &letter(1).into_branch(0), &all[2]] {
        pool.keep(lineage);
    }
    let lineage = pool.into_lineage(2);
    books.settle(&lineage, Outcome::Delivered);
    books.settle(&lineage, Outcome::Filtered);
    // Also what is made of that, or of held ones; and a single one.
    let joined = books.merge([letter(3), all[4].clone()]);
    let mut outer = Pool::new(&books);
    outer.keep(&joined);
    outer.keep(&all[5]);
    outer.settle(Outcome::Delivered);
    let mut single = Pool::new(&books);
    single.keep(&letter(6));
    single.settle(Outcome::Delivered);
    books.settle(&books.merge([all[7].clone()]), Outcome::Delivered);
    let b = books.balance();
    assert_eq!((b.dead, b.delivered, b.filtered, b.failed, b.in_flight), (3, 1, 1, 0, 0));
    assert_eq!(b.born + b.split, b.delivered + b.filtered + b.dead + b.failed + b.merged);
    let mut ends = settled(&books);
    ends.sort_unstable();
    assert!(ends.into_iter().eq((0..8).map(|n| (n, false))));
}
