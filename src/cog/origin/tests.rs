//! Counting parts of origins.

use super::*;

fn settled(books: &Books) -> Vec<(u64, bool)> {
    let mut all = Vec::new();
    books.take_settled(&mut all);
    all.iter().flat_map(|s| s.numbers().map(|number| (number, s.failed))).collect()
}

fn balanced(books: &Books) -> bool {
    let b = books.balance();
    b.born + b.split == b.delivered + b.filtered + b.dead + b.failed + b.merged + b.in_flight
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
fn bytes_count_as_long_as_an_event_of_their_read_is_on_its_way() {
    let books = Books::new();
    books.bound_bytes(100);
    let block = books.block(0, 0);
    let (a, b) = (books.open(&block, 0), books.open(&block, 0));
    books.weigh(&block, 120);
    assert!(books.is_heavy() && books.is_half_heavy());
    books.settle(&a, Outcome::Delivered);
    assert!(books.is_heavy(), "the read's text is still there");
    assert!(!books.take_rested());
    books.settle(&b, Outcome::Filtered);
    assert!(!books.is_heavy() && books.take_rested());
    // What rests does not count, nor does what sets out again.
    let block = books.block(0, 2);
    let c = books.open(&block, 0);
    books.weigh(&block, 120);
    let mut pool = Pool::new(&books);
    pool.keep(&c);
    assert!(!books.is_heavy());
    books.settle(&pool.into_lineage(1), Outcome::Delivered);
    assert!(!books.is_heavy() && balanced(&books), "{:?}", books.balance());
}

#[test]
fn a_hold_that_is_forgotten_counts_as_failed() {
    let books = Books::new();
    let block = books.block(0, 0);
    drop(Hold::new(books.open(&block, 0), &books));
    assert_eq!(settled(&books), [(0, true)]);
}

#[test]
fn what_is_excused_makes_room_for_the_supply_that_it_is_of() {
    let books = Books::new();
    let blocks = [books.block(0, 0), books.block(1, 0)];
    let open = |supply: usize| books.open(&blocks[supply], 0);
    let (kept, others) = ([open(0), open(0), books.merge([open(0), open(1)])], [open(1), open(1)]);
    assert_eq!([books.moving_of(0), books.moving_of(1)], [3, 3]);
    let (mut seat, mut now) = (Origins::default(), Origins::default());
    for lineage in &kept {
        now.add(lineage);
    }
    books.excuse(&mut seat, &now);
    assert_eq!([books.moving_of(0), books.moving_of(1)], [0, 2]);
    now.remove(&kept[0]);
    books.excuse(&mut seat, &now);
    assert_eq!([books.moving_of(0), books.moving_of(1)], [1, 2]);
    let mut shelf = Shelf::default();
    kept.into_iter().chain(others).for_each(|lineage| shelf.put(lineage, &books));
    assert_eq!([shelf.origins().of(0), shelf.origins().of(1)], [3, 3]);
}
