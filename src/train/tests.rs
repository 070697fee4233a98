//! Random trains of cogs that split, merge, swallow, delay, forget and fail: every origin is settled exactly once, and the books
//! balance after each step. `DEADBEAT_CASES` sets how many trains are tried.

mod begin;
mod swap;
mod sync;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::graph::{About, Branch, Graph, Node};
use super::*;
use crate::cog::{Hold, Pool, Shelf, Turned};
use crate::datum::Datum;
use crate::error::Error;
use crate::escapement::{Clock, Wake};

/// What a cog of a random train does.
#[derive(Clone, Debug)]
enum Does {
    Pass,
    /// Sends so many copies.
    Copies(usize),
    /// Swallows each so-manyth.
    Swallows(u64),
    /// Fails each so-manyth, sometimes after it has sent a part.
    Fails(u64, OnError),
    /// Keeps each and sends it on so many milliseconds later, or at its end.
    Delays(u64),
    /// Joins so many to one.
    Merges(usize),
    /// Keeps so many in a pool and makes so many data of them.
    Pools(usize, u32),
    /// Keeps each, forgets each so-manyth and lets go of the others at its end.
    Forgets(u64),
    /// Panics at each so-manyth, in one way of turning or another.
    Panics(u64, bool),
    /// Keeps them in order and stores them by so many.
    Stores(usize),
    /// Sends them on, to one of two cogs, to one that is not there, to several, or fails then.
    Routes(bool),
}

struct Doer {
    does: Does,
    seen: u64,
    holds: Vec<(Hold, Datum)>,
    pool: Option<(Pool, usize)>,
    shelf: Shelf,
}

impl Cog for Doer {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        self.seen += 1;
        match &self.does {
            Does::Pass => ctx.emit(datum),
            Does::Copies(count) => (0..*count).for_each(|_| ctx.emit(datum.clone())),
            Does::Swallows(each) => {
                if !self.seen.is_multiple_of(*each) {
                    ctx.emit(datum);
                }
            }
            Does::Fails(each, _) => {
                if self.seen.is_multiple_of(*each) {
                    if self.seen.is_multiple_of(2) {
                        ctx.emit(datum);
                    }
                    return Err(Error::data("refused", ""));
                }
                ctx.emit(datum);
            }
            Does::Delays(time) => {
                self.holds.push((ctx.hold(), datum));
                ctx.after(Duration::from_millis(*time))?;
            }
            Does::Merges(count) => {
                self.holds.push((ctx.hold(), datum));
                if self.holds.len() >= *count {
                    let holds: Vec<Hold> = self.holds.drain(..).map(|(hold, _)| hold).collect();
                    ctx.emit_joined(holds, Datum::Int(0));
                }
            }
            Does::Pools(count, results) => {
                let (pool, kept) = self.pool.get_or_insert_with(|| (ctx.pool(), 0));
                ctx.keep(pool);
                *kept += 1;
                if *kept >= *count
                    && let Some((pool, _)) = self.pool.take()
                {
                    ctx.emit_pooled(pool, *results, |n| (Datum::Int(i64::from(n)), Ok(())));
                }
            }
            Does::Forgets(each) => {
                let hold = ctx.hold();
                if !self.seen.is_multiple_of(*each) {
                    self.holds.push((hold, datum));
                }
            }
            Does::Panics(each, _) => {
                assert!(!self.seen.is_multiple_of(*each), "as expected");
                ctx.emit(datum);
            }
            Does::Routes(_) => match self.seen % 6 {
                branch @ 0..=2 => ctx.emit_to(branch as u16, datum),
                3 => ctx.emit(datum),
                4 => {
                    ctx.emit_to(1, datum.clone());
                    ctx.emit(datum.clone());
                    ctx.emit_to(0, datum);
                }
                _ => {
                    ctx.emit_to(0, datum);
                    return Err(Error::data("refused", ""));
                }
            },
            Does::Stores(count) => {
                ctx.put_on(&mut self.shelf);
                if ctx.has_successors() {
                    ctx.emit(datum);
                }
                if self.shelf.len() >= *count {
                    self.shelf.settle(*count, Outcome::Delivered);
                }
            }
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        match self.does {
            Does::Panics(each, true) => batch.each_in_place(ctx, |_| {
                self.seen += 1;
                assert!(!self.seen.is_multiple_of(each), "as expected");
                Ok(!self.seen.is_multiple_of(3))
            }),
            Does::Routes(true) => batch.each_in_place(ctx, |_| {
                self.seen += 1;
                Ok(match self.seen % 4 {
                    branch @ 0..=1 => Turned::Branch(branch as u16),
                    2 => Turned::Kept,
                    _ => return Err(Error::data("refused", "")),
                })
            }),
            _ => batch.each(ctx, |ctx, datum| self.turn(ctx, datum)),
        }
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, _: Wake) -> Result<()> {
        if !self.holds.is_empty() {
            let (hold, datum) = self.holds.remove(0);
            ctx.emit_held(hold, datum);
        }
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        for (hold, datum) in self.holds.drain(..) {
            match self.does {
                Does::Forgets(_) => ctx.release(hold),
                Does::Merges(_) => ctx.fail_held(hold, datum, &Error::data("alone", "")),
                _ => ctx.emit_held(hold, datum),
            }
        }
        if let Some((pool, _)) = self.pool.take() {
            ctx.emit_pooled(pool, 1, |_| (Datum::Int(0), Ok(())));
        }
        self.shelf.settle(self.shelf.len(), Outcome::Delivered);
        Ok(())
    }
}

/// Makes numbers in reads of so many, as far as there is room, and notes what is settled.
struct Source {
    reads: Vec<usize>,
    ends: Rc<RefCell<BTreeMap<(u32, u64), usize>>>,
    number: u32,
}

impl Cog for Source {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        ctx.emit(datum);
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        ctx.soon().map(|_| ())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, _: Wake) -> Result<()> {
        let room = ctx.room();
        let Some(left) = self.reads.last_mut() else { return Ok(()) };
        let count = (*left).min(room);
        *left -= count;
        if *left == 0 {
            self.reads.pop();
        }
        for n in 0..count {
            if n % 5 == 4 {
                ctx.fail_new(Datum::Int(-1), 0, &Error::data("unfit", ""));
            } else {
                ctx.emit_new(Datum::Int(n as i64), 0);
            }
        }
        if room > 0 && !self.reads.is_empty() {
            ctx.soon()?;
        }
        Ok(())
    }

    fn wants_settled(&self) -> bool {
        true
    }

    fn settled(&mut self, _: &mut Ctx<'_>, done: &[Settled]) -> Result<()> {
        for settled in done {
            for number in settled.numbers() {
                *self.ends.borrow_mut().entry((self.number, number)).or_default() += 1;
            }
        }
        Ok(())
    }
}

fn does() -> impl Strategy<Value = Does> {
    let (drop, pass, route) = (Just(OnError::Drop), Just(OnError::Pass), Just(OnError::Route(u32::MAX)));
    let policy = prop_oneof![1 => Just(OnError::Log), 1 => drop, 1 => pass, 4 => route];
    prop_oneof![
        Just(Does::Pass),
        (2_usize..4).prop_map(Does::Copies),
        (1_u64..4).prop_map(Does::Swallows),
        (1_u64..4, policy).prop_map(|(each, policy)| Does::Fails(each, policy)),
        (0_u64..50).prop_map(Does::Delays),
        (1_usize..6).prop_map(Does::Merges),
        (1_usize..9, 0_u32..4).prop_map(|(count, results)| Does::Pools(count, results)),
        (1_u64..4).prop_map(Does::Forgets),
        (1_usize..6).prop_map(Does::Stores),
        any::<bool>().prop_map(Does::Routes),
        (2_u64..40, any::<bool>()).prop_map(|(each, in_place)| Does::Panics(each, in_place)),
    ]
}

/// Reads of each supply, what the cogs do, and who feeds whom as pairs of a graph without circles.
type Case = (Vec<Vec<usize>>, Vec<Does>, Vec<(u32, u32)>, bool);

fn case() -> impl Strategy<Value = Case> {
    let reads = prop::collection::vec(prop::collection::vec(1_usize..30, 0..5), 1..3);
    let links = prop::collection::vec((0_u32..9, 0_u32..9), 0..16);
    (reads, prop::collection::vec(does(), 1..7), links, any::<bool>())
}

fn check((reads, does, links, grave): Case) -> Result<Balance, TestCaseError> {
    let ends = Rc::new(RefCell::new(BTreeMap::new()));
    let (supplies, all) = (reads.len() as u32, (reads.len() + does.len()) as u32);
    let made: usize = reads.iter().flatten().sum();
    let mut graph = Graph::default();
    let mut cogs: Vec<(Box<dyn Cog>, Common)> = Vec::new();
    for (number, reads) in reads.into_iter().enumerate() {
        let node = Node {
            name: format!("s{number}"),
            label: String::new(),
            kind: Kind::Supply,
            targets: Vec::new(),
            route: None,
            branches: Vec::new(),
            about: About::default(),
        };
        graph.nodes.push(node);
        let source = Source { reads, ends: Rc::clone(&ends), number: number as u32 };
        cogs.push((Box::new(source), Common { max_in_flight: 20, ..Common::default() }));
    }
    for (number, does) in does.into_iter().enumerate() {
        let mut node = Node {
            name: format!("c{number}"),
            label: String::new(),
            kind: Kind::Convert,
            targets: Vec::new(),
            route: None,
            branches: Vec::new(),
            about: About::default(),
        };
        let mut common = Common::default();
        match does {
            // The last cog stands for the error route, if there is one.
            Does::Fails(_, OnError::Route(_)) if grave && supplies + (number as u32) + 1 < all => node.route = Some(all - 1),
            Does::Fails(_, OnError::Route(_)) => {}
            Does::Fails(_, policy) => common.on_error = Some(policy),
            Does::Routes(_) => {
                let next = supplies + number as u32 + 1;
                let behind = [next, all - 1].into_iter().filter(|to| (next..all).contains(to));
                node.branches = behind.map(|to| Branch { to, label: String::new() }).collect();
            }
            _ => {}
        }
        graph.nodes.push(node);
        cogs.push((Box::new(Doer { does, seen: 0, holds: Vec::new(), pool: None, shelf: Shelf::default() }), common));
    }
    for (from, to) in links {
        let (from, to) = (from % all, to % all);
        if from < to && to >= supplies && !graph.nodes[from as usize].targets.contains(&to) {
            graph.link(from, to);
        }
    }
    let mut train = Train::new(&graph, cogs, Escapement::new(Clock::by_hand().auto()).unwrap(), Options::default());
    let balanced = |train: &Train| {
        let b = train.balance();
        prop_assert_eq!(b.born + b.split, b.delivered + b.filtered + b.dead + b.failed + b.merged + b.in_flight, "{:?}", b);
        Ok(())
    };
    train.wind().unwrap();
    for _ in 0..10_000 {
        let Some(fired) = train.esc.next().unwrap() else { break };
        train.deliver(fired);
        balanced(&train)?;
    }
    train.shut_down().unwrap();
    balanced(&train)?;
    prop_assert_eq!(train.balance().in_flight, 0);
    let ends = ends.borrow();
    prop_assert!(ends.values().all(|times| *times == 1), "settled more than once: {:?}", ends);
    let born = train.balance().born;
    prop_assert_eq!(ends.len() as u64, born, "each origin is settled");
    prop_assert!(born <= made as u64);
    Ok(train.balance())
}

fn cases() -> u32 {
    std::env::var("DEADBEAT_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(256)
}

#[test]
fn every_origin_is_settled_once_and_the_books_balance() {
    let cases = cases();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let seen = RefCell::new(Balance::default());
    let tried = runner.run(&case(), |case| {
        let balance = check(case)?;
        let mut seen = seen.borrow_mut();
        seen.born += balance.born;
        seen.split += balance.split;
        seen.merged += balance.merged;
        seen.filtered += balance.filtered;
        seen.dead += balance.dead;
        seen.failed += balance.failed;
        Ok(())
    });
    tried.unwrap();
    // The trains that were tried do all of it.
    let seen = seen.into_inner();
    let least = u64::from(cases / 64);
    assert!([seen.born, seen.split, seen.merged, seen.filtered, seen.failed].iter().all(|count| *count > least), "{seen:?}");
}

/// Panics at the number 13; counts what it has seen in this life.
static PANICKER: crate::cog::CogSpec = crate::cog::CogSpec {
    family: "test",
    name: "panicker",
    kind: Kind::Convert,
    about: "",
    page: crate::cog::Page::OF_KIND,
    params: &[],
    first: None,
    global: false,
    examples: &[],
    build: |_| Ok(Box::new(Panicker(0))),
};

struct Panicker(i64);

impl Cog for Panicker {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        assert!(datum != Datum::Int(13), "thirteen");
        self.0 += 1;
        ctx.emit(Datum::Int(self.0));
        Ok(())
    }
}

#[test]
fn a_cog_that_panics_begins_anew_and_stops_the_train_at_the_third_time() {
    let node = |name: &str, kind, targets| Node {
        name: name.into(),
        label: String::new(),
        kind,
        targets,
        route: None,
        branches: Vec::new(),
        about: About::default(),
    };
    let graph = Graph { nodes: vec![node("s", Kind::Supply, vec![1]), node("p", Kind::Convert, vec![])] };
    let ends = Rc::new(RefCell::new(BTreeMap::new()));
    // Each read of 15 has a thirteen in it, and four data that the supply itself refuses.
    let source = Source { reads: vec![15, 15, 1], ends: Rc::clone(&ends), number: 0 };
    let maker = crate::cog::Maker::new(&PANICKER, crate::cog::Args::of(&PANICKER, vec![]));
    let cogs: Vec<(Box<dyn Cog>, Common)> =
        vec![(Box::new(source), Common { max_in_flight: 100, ..Common::default() }), (maker.make().unwrap(), maker.common())];
    let mut train = Train::new(&graph, cogs, Escapement::new(Clock::by_hand().auto()).unwrap(), Options::default());
    train.wind().unwrap();
    let turn = |train: &mut Train| {
        let fired = train.esc.next().unwrap().unwrap();
        train.deliver(fired);
        train.balance()
    };
    assert_eq!(turn(&mut train).delivered, 1);
    let balance = turn(&mut train);
    assert_eq!((balance.delivered, balance.failed, balance.in_flight), (1 + 11, 1 + 3, 0), "the thirteen, and what the supply refused");
    assert_eq!(train.stop, None);
    turn(&mut train);
    assert_eq!((train.stats()[1].1.emitted, train.stop), (1 + 11 + 11, None));
    let wound = train.slots[1].panics.len();
    assert_eq!(wound, 2);
    train.begin_anew(1, "panic: once more");
    assert_eq!(train.stop, Some(1));
    assert!(ends.borrow().values().all(|times| *times == 1));
}

#[test]
fn what_is_left_of_a_batch_after_a_panic_goes_the_error_route() {
    let node = |name: &str, kind, targets, route| Node {
        name: name.into(),
        label: String::new(),
        kind,
        targets,
        route,
        branches: Vec::new(),
        about: About::default(),
    };
    let nodes =
        vec![node("s", Kind::Supply, vec![1], None), node("p", Kind::Convert, vec![], Some(2)), node("grave", Kind::Drain, vec![], None)];
    let source = Source { reads: vec![19], ends: Rc::default(), number: 0 };
    let maker = crate::cog::Maker::new(&PANICKER, crate::cog::Args::of(&PANICKER, vec![]));
    let grave = Doer { does: Does::Pass, seen: 0, holds: Vec::new(), pool: None, shelf: Shelf::default() };
    let cogs: Vec<(Box<dyn Cog>, Common)> = vec![
        (Box::new(source), Common { max_in_flight: 100, ..Common::default() }),
        (maker.make().unwrap(), maker.common()),
        (Box::new(grave), Common::default()),
    ];
    let mut train = Train::new(&Graph { nodes }, cogs, Escapement::new(Clock::by_hand().auto()).unwrap(), Options::default());
    train.wind().unwrap();
    let fired = train.esc.next().unwrap().unwrap();
    train.deliver(fired);
    // 0 to 12 but for those that the supply refuses; the thirteen, and 15 to 18 behind it.
    let balance = train.balance();
    assert_eq!((balance.delivered, balance.dead, balance.failed, balance.in_flight), (11, 1 + 4, 3, 0));
}
