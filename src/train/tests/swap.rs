//! Random trains in whose place others come, again and again, while events are on their way: every origin is settled exactly once, and
//! the books balance; what cannot be wound changes nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::super::graph::{About, Graph, Node};
use super::super::{Options, Plan, Train};
use super::{Doer, Does, Source, cases, does};
use crate::cog::{Cog, Common, Ctx, Hold, Kind, OnError, Shelf};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::{Clock, Escapement, Wake};

/// What becomes of a cog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    /// Another one takes its place, and its state.
    Anew,
    Goes,
}

/// Another train.
#[derive(Clone, Debug)]
struct Next {
    /// Things that fire before it comes.
    steps: usize,
    /// For the cogs that there are, over and over.
    fates: Vec<Fate>,
    /// The cogs that come, or that take another's place: what they do, and whether they linger at their end.
    does: Vec<(Does, bool)>,
    supplies: Vec<Vec<usize>>,
    /// Cogs that come besides.
    more: usize,
    links: Vec<(u32, u32)>,
    /// The last cog takes what fails.
    grave: bool,
    /// So many new cogs may be wound before one refuses.
    refuses: Option<usize>,
}

fn next() -> impl Strategy<Value = Next> {
    let fate = prop_oneof![3 => Just(Fate::Stays), 2 => Just(Fate::Anew), 1 => Just(Fate::Goes)];
    let does = prop::collection::vec((does(), prop::bool::weighted(0.3)), 1..7);
    let supplies = prop::collection::vec(prop::collection::vec(1_usize..30, 0..5), 0..2);
    let refuses = prop::option::weighted(0.2, 0_usize..4);
    let links = prop::collection::vec((0_u32..9, 0_u32..9), 4..20);
    (0_usize..30, prop::collection::vec(fate, 9), does, supplies, 0_usize..5, links, any::<bool>(), refuses).prop_map(
        |(steps, fates, does, supplies, more, links, grave, refuses)| Next { steps, fates, does, supplies, more, links, grave, refuses },
    )
}

/// Does something, keeps its end waiting for what it keeps where it lingers, and hands that over to who takes its place.
struct Actor {
    doer: Doer,
    lingers: bool,
    ended: bool,
    /// How many were ended a second time.
    again: Rc<Cell<usize>>,
    /// How many may still be wound.
    left: Rc<RefCell<Option<usize>>>,
}

impl Cog for Actor {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        self.doer.turn(ctx, datum)
    }

    fn wind(&mut self, _: &mut Ctx<'_>) -> Result<()> {
        wound(&self.left)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if matches!(wake, Wake::GiveUp) { self.doer.finish(ctx) } else { self.doer.wake(ctx, wake) }
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if std::mem::replace(&mut self.ended, true) {
            self.again.set(self.again.get() + 1);
        }
        if !self.lingers {
            return self.doer.finish(ctx);
        }
        // But for what it holds all ends at once.
        let holds = std::mem::take(&mut self.doer.holds);
        self.doer.finish(ctx)?;
        self.doer.holds = holds;
        // One a wake-up, besides those that come anyway.
        (1..=self.doer.holds.len() as u64).try_for_each(|n| ctx.after(std::time::Duration::from_millis(20 * n)).map(|_| ()))
    }

    fn busy(&self) -> bool {
        self.lingers && !self.doer.holds.is_empty()
    }

    fn hand_over(&mut self) -> Option<Box<dyn std::any::Any>> {
        Some(Box::new(std::mem::take(&mut self.doer.holds)))
    }

    fn take_over(&mut self, state: Box<dyn std::any::Any>) {
        self.doer.holds = *state.downcast::<Vec<(Hold, Datum)>>().unwrap();
    }
}

/// As a source, unless it refuses to be wound.
struct Spring(Source, Rc<RefCell<Option<usize>>>);

impl Cog for Spring {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        self.0.turn(ctx, datum)
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        // As one that keeps a checkpoint.
        ctx.sync_drains();
        self.0.wind(ctx)?;
        wound(&self.1)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if matches!(wake, Wake::Synced) { Ok(()) } else { self.0.wake(ctx, wake) }
    }

    fn wants_settled(&self) -> bool {
        true
    }

    fn settled(&mut self, ctx: &mut Ctx<'_>, done: &[crate::cog::Settled]) -> Result<()> {
        self.0.settled(ctx, done)
    }
}

fn wound(left: &RefCell<Option<usize>>) -> Result<()> {
    match &mut *left.borrow_mut() {
        Some(0) => Err(Error::Other("refuses".into())),
        Some(left) => {
            *left -= 1;
            Ok(())
        }
        None => Ok(()),
    }
}

/// What is there, and who made it.
struct Stage {
    train: Option<Train>,
    /// The number of each cog, and whether it is a supply.
    here: Vec<(u32, bool)>,
    ends: Rc<RefCell<BTreeMap<(u32, u64), usize>>>,
    left: Rc<RefCell<Option<usize>>>,
    again: Rc<Cell<usize>>,
    made: u32,
    swaps: usize,
    refused: usize,
}

impl Stage {
    fn source(&mut self, reads: Vec<usize>) -> (Box<dyn Cog>, Common) {
        self.made += 1;
        let source = Source { reads, ends: Rc::clone(&self.ends), number: self.made };
        (Box::new(Spring(source, Rc::clone(&self.left))), Common { max_in_flight: 20, ..Common::default() })
    }

    fn actor(&self, (does, lingers): (Does, bool)) -> (Box<dyn Cog>, Common) {
        let on_error =
            if let Does::Fails(_, policy) = &does { Some(*policy).filter(|policy| !matches!(policy, OnError::Route(_))) } else { None };
        let inner = Doer { does, seen: 0, holds: Vec::new(), pool: None, shelf: Shelf::default() };
        (
            Box::new(Actor { doer: inner, lingers, ended: false, again: Rc::clone(&self.again), left: Rc::clone(&self.left) }),
            Common { on_error, ..Common::default() },
        )
    }

    /// The train goes on as this one.
    fn go_on(&mut self, next: Next) -> Result<(), TestCaseError> {
        let mut does = next.does.iter().cloned().cycle();
        let mut fates = next.fates.iter().copied().cycle();
        // Supplies first, so that each link leads on.
        let (mut supplies, mut others) = (Vec::new(), Vec::new());
        for (number, is_supply) in self.here.clone() {
            let fate = fates.next().unwrap();
            if fate == Fate::Goes {
                continue;
            }
            let of = (fate == Fate::Stays).then_some(number);
            let (cog, from) =
                if is_supply { (self.source(vec![7, 3]), &mut supplies) } else { (self.actor(does.next().unwrap()), &mut others) };
            from.push((cog, of, Some(number).filter(|_| of.is_none()), is_supply));
        }
        for reads in next.supplies {
            supplies.push((self.source(reads), None, None, true));
        }
        for _ in 0..next.more {
            others.push((self.actor(does.next().unwrap()), None, None, false));
        }
        let first = supplies.len() as u32;
        let all = first + others.len() as u32;
        let mut graph = Graph::default();
        let (mut cogs, mut plan, mut kinds) = (Vec::new(), Plan { stays: Vec::new(), takes_over: Vec::new() }, Vec::new());
        for (at, (cog, stays, takes_over, is_supply)) in supplies.into_iter().chain(others).enumerate() {
            let kind = if is_supply { Kind::Supply } else { Kind::Convert };
            let route = (next.grave && !is_supply && (at as u32) + 1 < all).then(|| all - 1);
            graph.nodes.push(Node {
                name: format!("c{at}"),
                label: String::new(),
                kind,
                targets: Vec::new(),
                route,
                branches: Vec::new(),
                about: About::default(),
            });
            cogs.push(cog);
            plan.stays.push(stays);
            plan.takes_over.push(takes_over);
            kinds.push(is_supply);
        }
        for (from, to) in next.links {
            let (from, to) = (from % all.max(1), to % all.max(1));
            if from < to && to >= first && !graph.nodes[from as usize].targets.contains(&to) {
                graph.link(from, to);
            }
        }
        let Some(train) = &mut self.train else {
            let mut train = Train::new(&graph, cogs, Escapement::new(Clock::by_hand().auto()).unwrap(), Options::default());
            train.wind().unwrap();
            self.train = Some(train);
            self.here = (0..).zip(kinds).collect();
            return Ok(());
        };
        for _ in 0..next.steps {
            let Some(fired) = train.esc.next().unwrap() else { break };
            train.deliver(fired);
            balanced(train)?;
        }
        let before = (shape(train), train.balance());
        self.left.replace(next.refuses);
        let swapped = train.swap(&graph, cogs, &plan, &Options::default());
        self.left.replace(None);
        balanced(train)?;
        if let Ok(numbers) = swapped {
            self.swaps += 1;
            prop_assert!(numbers.iter().zip(&plan.stays).all(|(number, stays)| stays.is_none_or(|stays| stays == *number)));
            self.here = numbers.into_iter().zip(kinds).collect();
        } else {
            self.refused += 1;
            prop_assert_eq!((shape(train), train.balance()), before);
        }
        // What still ends leads to those only that are there.
        for slot in train.slots.iter().filter(|slot| !slot.seat.closed) {
            prop_assert!(slot.targets.iter().all(|target| self.here.iter().any(|(here, _)| here == target)), "{:?}", slot.targets);
        }
        Ok(())
    }
}

fn balanced(train: &Train) -> Result<(), TestCaseError> {
    let b = train.balance();
    prop_assert_eq!(b.born + b.split, b.delivered + b.filtered + b.dead + b.failed + b.merged + b.in_flight, "{:?}", b);
    Ok(())
}

/// Who is there, joined how, waiting for how many things.
fn shape(train: &Train) -> String {
    let slot = |(number, slot): (usize, &super::super::Slot)| {
        let (seat, bound) = (&slot.seat, train.esc.bound(number as u32));
        format!("{} {:?} {:?} {:?} {} {} {bound}\n", seat.name, slot.targets, slot.route, seat.stats, seat.closed, slot.retires)
    };
    let slots: String = train.slots.iter().enumerate().map(slot).collect();
    format!("{slots}{:?} {:?} {}", train.order, train.asked_sync, train.vouches)
}

fn check(trains: Vec<Next>) -> Result<(usize, usize), TestCaseError> {
    let mut stage = Stage {
        train: None,
        here: Vec::new(),
        ends: Rc::default(),
        left: Rc::default(),
        again: Rc::default(),
        made: 0,
        swaps: 0,
        refused: 0,
    };
    for next in trains {
        stage.go_on(next)?;
    }
    let mut train = stage.train.unwrap();
    for _ in 0..10_000 {
        let Some(fired) = train.esc.next().unwrap() else { break };
        train.deliver(fired);
        balanced(&train)?;
    }
    train.shut_down().unwrap();
    balanced(&train)?;
    prop_assert_eq!(train.balance().in_flight, 0);
    prop_assert_eq!(stage.again.get(), 0, "each cog ends once");
    let ends = stage.ends.borrow();
    prop_assert!(ends.values().all(|times| *times == 1), "settled more than once: {:?}", ends);
    prop_assert_eq!(ends.len() as u64, train.balance().born, "each origin is settled");
    Ok((stage.swaps, stage.refused))
}

#[test]
fn every_origin_is_settled_once_over_other_trains_in_the_place_of_the_first() {
    let cases = cases();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let seen = RefCell::new((0, 0));
    let tried = runner.run(&prop::collection::vec(next(), 2..6), |trains| {
        let (swaps, refused) = check(trains)?;
        let mut seen = seen.borrow_mut();
        (seen.0, seen.1) = (seen.0 + swaps, seen.1 + refused);
        Ok(())
    });
    tried.unwrap();
    let (swaps, refused) = seen.into_inner();
    assert!(swaps > cases as usize / 4 && refused > cases as usize / 16, "{swaps} {refused}");
}

#[test]
fn what_cogs_that_go_still_give_reaches_what_is_there() {
    let stage = Stage {
        train: None,
        here: Vec::new(),
        ends: Rc::default(),
        left: Rc::default(),
        again: Rc::default(),
        made: 0,
        swaps: 0,
        refused: 0,
    };
    let node = |name: &str, kind, targets| Node {
        name: name.into(),
        label: String::new(),
        kind,
        targets,
        route: None,
        branches: Vec::new(),
        about: About::default(),
    };
    let source = || -> (Box<dyn Cog>, Common) {
        let source = Source { reads: vec![4], ends: Rc::default(), number: 0 };
        (Box::new(source), Common { max_in_flight: 20, ..Common::default() })
    };
    let graph = Graph {
        nodes: vec![
            node("s", Kind::Supply, vec![1]),
            node("lingers", Kind::Convert, vec![2]),
            node("delays", Kind::Convert, vec![3]),
            node("drain", Kind::Drain, vec![]),
        ],
    };
    let delays = || Does::Delays(1_000_000);
    let cogs = vec![source(), stage.actor((delays(), true)), stage.actor((delays(), false)), stage.actor((Does::Pass, false))];
    let mut train = Train::new(&graph, cogs, Escapement::new(Clock::by_hand().auto()).unwrap(), Options::default());
    train.wind().unwrap();
    let fired = train.esc.next().unwrap().unwrap();
    train.deliver(fired);
    // The two in the middle go; there is another drain, and then again another.
    let graph = Graph { nodes: vec![node("s", Kind::Supply, vec![1]), node("drain", Kind::Drain, vec![])] };
    for (drain, number) in [(3, 4), (4, 5)] {
        let plan = Plan { stays: vec![Some(0), None], takes_over: vec![None, Some(drain)] };
        let numbers = train.swap(&graph, vec![source(), stage.actor((Does::Pass, false))], &plan, &Options::default()).unwrap();
        assert_eq!(numbers, [0, number]);
        assert!(train.slots[drain as usize].seat.closed && !train.slots[1].seat.closed);
        assert_eq!((train.balance().in_flight, &*train.slots[1].targets), (4, &[number][..]));
    }
    train.shut_down().unwrap();
    assert_eq!((train.balance().delivered, train.stats()[5].1.given), (4, 4));
}
