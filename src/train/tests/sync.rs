//! Checkpoints wait for the drains.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::super::graph::{About, Graph, Node};
use super::super::{Options, Plan, Train};
use crate::cog::{Cog, Common, Ctx, Kind, Maker};
use crate::datum::Datum;
use crate::error::Result;
use crate::escapement::{Clock, Escapement, Wake};

/// What happened, in its order.
type Story = Rc<RefCell<Vec<&'static str>>>;

/// Asks for a sync, twice.
struct Asks(Story);

impl Cog for Asks {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        ctx.soon().map(|_| ())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        match wake {
            Wake::Soon => {
                self.0.borrow_mut().push("asks");
                ctx.sync_drains();
                ctx.after(Duration::from_secs(1)).map(|_| ())
            }
            // The first sync still goes on.
            Wake::Due { .. } => {
                self.0.borrow_mut().push("asks");
                ctx.sync_drains();
                Ok(())
            }
            Wake::Synced => {
                self.0.borrow_mut().push("is told");
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Needs some time to sync.
struct Syncs(Story, bool);

impl Cog for Syncs {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Ok(())
    }

    fn sync(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.0.borrow_mut().push("begins");
        self.1 = true;
        ctx.after(Duration::from_secs(3)).map(|_| ())
    }

    fn is_syncing(&self) -> bool {
        self.1
    }

    fn wake(&mut self, _ctx: &mut Ctx<'_>, _wake: Wake) -> Result<()> {
        self.0.borrow_mut().push("ends");
        self.1 = false;
        Ok(())
    }
}

#[test]
fn who_asks_for_a_sync_is_told_when_one_that_began_later_is_over() {
    let story = Story::default();
    let node = |name: &str, kind, targets| Node {
        name: name.into(),
        label: name.into(),
        kind,
        targets,
        route: None,
        branches: Vec::new(),
        about: About::default(),
    };
    let graph = Graph { nodes: vec![node("asks", Kind::Supply, vec![1]), node("syncs", Kind::Drain, vec![])] };
    let cogs: Vec<(Box<dyn Cog>, Common)> =
        vec![(Box::new(Asks(Rc::clone(&story))), Common::default()), (Box::new(Syncs(Rc::clone(&story), false)), Common::default())];
    let esc = Escapement::new(Clock::by_hand().auto()).unwrap();
    let mut train = Train::new(&graph, cogs, esc, Options::default());
    train.wind().unwrap();
    while let Some(fired) = train.esc.next().unwrap() {
        train.deliver(fired);
    }
    assert_eq!(*story.borrow(), ["asks", "begins", "asks", "ends", "is told", "begins", "ends", "is told"]);
}

/// Keeps a checkpoint.
struct Keeps(Story);

impl Cog for Keeps {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Ok(())
    }

    fn freeze_checkpoint(&mut self) {
        self.0.borrow_mut().push("is frozen");
    }

    fn done(&mut self) {
        self.0.borrow_mut().push("is done");
    }
}

#[test]
fn a_checkpoint_is_left_as_it_is_when_a_sync_is_not_over_at_the_end() {
    for fails in [true, false] {
        let story = Story::default();
        let node = |name: &str, kind, targets| Node {
            name: name.into(),
            label: name.into(),
            kind,
            targets,
            route: None,
            branches: Vec::new(),
            about: About::default(),
        };
        let graph = Graph { nodes: vec![node("keeps", Kind::Supply, vec![1]), node("syncs", Kind::Drain, vec![])] };
        let cogs: Vec<(Box<dyn Cog>, Common)> =
            vec![(Box::new(Keeps(Rc::clone(&story))), Common::default()), (Box::new(Syncs(Rc::clone(&story), fails)), Common::default())];
        let mut train = Train::new(&graph, cogs, Escapement::new(Clock::by_hand()).unwrap(), Options::default());
        train.wind().unwrap();
        train.shut_down().unwrap();
        assert_eq!(*story.borrow(), if fails { vec!["is frozen", "is done"] } else { vec!["is done"] });
    }
}

/// Has written what is not synced, and cannot be where that is said.
struct Writes(Story, bool);

impl Cog for Writes {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Ok(())
    }

    fn sync_now(&mut self) -> bool {
        self.0.borrow_mut().push("is synced");
        self.1
    }
}

#[test]
fn a_drain_that_begins_anew_has_all_synced_before_or_no_checkpoint_vouches_for_it() {
    for stored in [true, false] {
        let story = Story::default();
        let node = |name: &str, kind, targets| Node {
            name: name.into(),
            label: name.into(),
            kind,
            targets,
            route: None,
            branches: Vec::new(),
            about: About::default(),
        };
        let graph = Graph { nodes: vec![node("keeps", Kind::Supply, vec![1]), node("writes", Kind::Drain, vec![])] };
        let again = Rc::clone(&story);
        let maker = Maker::of(move || {
            again.borrow_mut().push("begins anew");
            Ok(Box::new(Writes(Rc::clone(&again), true)))
        });
        let cogs: Vec<(Box<dyn Cog>, Common)> =
            vec![(Box::new(Keeps(Rc::clone(&story))), Common::default()), (Box::new(Writes(Rc::clone(&story), stored)), maker.common())];
        let mut train = Train::new(&graph, cogs, Escapement::new(Clock::by_hand()).unwrap(), Options::default());
        train.wind().unwrap();
        train.begin_anew(1, "panic: as expected");
        let wanted = if stored { vec!["begins anew", "is synced"] } else { vec!["begins anew", "is synced", "is frozen"] };
        assert_eq!((&*story.borrow(), train.stop), (&wanted, (!stored).then_some(1)));
    }
}

/// Tells what it is asked, and whether what it wrote is synced at its end.
struct Tells(Story, bool);

impl Cog for Tells {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Ok(())
    }

    fn sync(&mut self, _ctx: &mut Ctx<'_>) -> Result<()> {
        self.0.borrow_mut().push("is vouched for");
        Ok(())
    }

    fn finish(&mut self, _ctx: &mut Ctx<'_>) -> Result<()> {
        self.0.borrow_mut().push("ends");
        Ok(())
    }

    fn sync_now(&mut self) -> bool {
        self.0.borrow_mut().push("is synced");
        self.1
    }
}

/// Asks for a sync when it is wound, as who keeps a checkpoint does, and each second.
struct Vouches(Story);

impl Cog for Vouches {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        ctx.sync_drains();
        ctx.every(Duration::from_secs(1)).map(|_| ())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        match wake {
            Wake::Due { .. } => ctx.sync_drains(),
            Wake::Synced => self.0.borrow_mut().push("is told"),
            _ => {}
        }
        Ok(())
    }

    fn freeze_checkpoint(&mut self) {
        self.0.borrow_mut().push("is frozen");
    }
}

fn node(name: &str, kind: Kind, targets: Vec<u32>) -> Node {
    Node { name: name.into(), label: name.into(), kind, targets, route: None, branches: Vec::new(), about: About::default() }
}

type Cogs = Vec<(Box<dyn Cog>, Common)>;

/// Who [vouches](Vouches) for what a drain writes, and that drain.
fn vouching(story: &Story, drain: impl Cog + 'static) -> (Graph, Cogs) {
    let graph = Graph { nodes: vec![node("vouches", Kind::Supply, vec![1]), node("drain", Kind::Drain, vec![])] };
    let cogs: Cogs = vec![(Box::new(Vouches(Rc::clone(story))), Common::default()), (Box::new(drain), Common::default())];
    (graph, cogs)
}

/// A train that vouches for what that drain writes, and has told it so.
fn vouched(story: &Story, drain: impl Cog + 'static) -> Train {
    let (graph, cogs) = vouching(story, drain);
    let mut train = Train::new(&graph, cogs, Escapement::new(Clock::by_hand().auto()).unwrap(), Options::default());
    train.wind().unwrap();
    train.settle();
    train
}

/// Another drain in place of the train's own.
fn swap_drain(train: &mut Train, story: &Story, drain: impl Cog + 'static) {
    let (graph, cogs) = vouching(story, drain);
    let plan = Plan { stays: vec![Some(0), None], takes_over: vec![None, Some(1)] };
    train.swap(&graph, cogs, &plan, &Options::default()).unwrap();
}

fn deliver(train: &mut Train, times: usize) {
    for _ in 0..times {
        let fired = train.esc.next().unwrap().unwrap();
        train.deliver(fired);
    }
}

#[test]
fn a_drain_that_was_replaced_is_synced_at_its_end_and_not_asked_again() {
    for stored in [true, false] {
        let (story, silent) = (Story::default(), Story::default());
        let mut train = vouched(&story, Tells(Rc::clone(&story), stored));
        swap_drain(&mut train, &silent, Tells(Rc::clone(&silent), true));
        let mut wanted = vec!["is vouched for", "is told", "is vouched for", "ends", "is synced"];
        if !stored {
            wanted.push("is frozen");
        }
        assert_eq!((&*story.borrow(), train.stop), (&wanted, (!stored).then_some(1)));
        deliver(&mut train, 1);
        wanted.push("is told");
        assert_eq!(*story.borrow(), wanted, "whoever is closed would not hear that it is synced");
    }
}

#[test]
fn a_drain_that_comes_while_the_train_runs_knows_at_once_that_it_is_vouched_for() {
    let (story, new) = (Story::default(), Story::default());
    let mut train = vouched(&story, Tells(Rc::clone(&story), true));
    swap_drain(&mut train, &story, Tells(Rc::clone(&new), true));
    assert_eq!(*new.borrow(), ["is vouched for"]);
    // Also when it begins anew.
    let again = Rc::clone(&new);
    train.slots[2].seat.common = Maker::of(move || Ok(Box::new(Tells(Rc::clone(&again), true)))).common();
    train.begin_anew(2, "panic: as expected");
    assert_eq!(*new.borrow(), ["is vouched for", "is synced", "is vouched for"]);
}

#[test]
fn a_drain_that_was_replaced_goes_when_its_sync_is_over() {
    let (story, new) = (Story::default(), Story::default());
    let mut train = vouched(&story, Syncs(Rc::clone(&story), false));
    // Its first sync goes on, for three seconds.
    swap_drain(&mut train, &new, Tells(Rc::clone(&new), true));
    assert!(!train.slots[1].seat.closed);
    deliver(&mut train, 4);
    assert!(train.slots[1].seat.closed);
    // Who asked meanwhile is told at once.
    assert_eq!(story.borrow()[..4], ["begins", "ends", "is told", "is told"]);
    deliver(&mut train, 3);
    let story = story.borrow();
    assert!(story.len() > 4 && story[4..].iter().all(|told| *told == "is told"), "{story:?}");
}
