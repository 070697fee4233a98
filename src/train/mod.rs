//! The train: carries every datum from cog to cog.
//!
//! It pulls what has fired out of the escapement, wakes the cog concerned, and carries what that emits depth first, batch by
//! batch, through all that stands behind. `graph` is who feeds whom, `shutdown` the orderly end, `notify` what travels
//! upward. Knows `cog` and `escapement`; neither cogs of a kind nor Rhai.

pub mod again;
mod apart;
mod attend;
mod graft;
pub mod graph;
mod live;
mod notify;
mod outlook;
pub mod panics;
mod pressure;
pub mod recorded;
mod service;
mod shutdown;
mod spread;
mod swap;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use attend::Holding;
pub use attend::Stage;
use graph::{Graph, Node};
use live::{Back, Begun};
pub use live::{Became, Hop, Marks, Overseer, View};
use pressure::Pressure;
use service::Service;
pub use swap::Plan;

use crate::cog::{Balance, Batch, Books, Cog, Common, Ctx, Event, Kind, Notice, OnError, Outcome, Seat, Settled, Stats};
use crate::error::{Error, Result};
use crate::escapement::{Escapement, Fired, Moment, Token};
use crate::log;

/// Options of a train.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long the end waits for answers from outside.
    pub finish_timeout: Duration,
    /// Whether data that failed make the status 3.
    pub strict_exit: bool,
    /// Bytes that supplies have read and that are still on their way, at most; above it nothing more is read.
    pub max_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { finish_timeout: Duration::from_secs(10), strict_exit: false, max_bytes: 64 << 20 }
    }
}

/// What is done when all cogs are wound.
type Ready = Box<dyn FnOnce() -> Result<()>>;

/// Batches of more events are not kept for others.
const KEPT: usize = 4096;

/// A cog with its seat in the train.
struct Slot {
    cog: Box<dyn Cog>,
    seat: Seat,
    kind: Kind,
    targets: Rc<[u32]>,
    route: Option<u32>,
    /// The cogs that its branches lead to, each with how much was sent there.
    branches: Vec<(u32, u64)>,
    /// Whether what goes different ways from here comes together again.
    meets: bool,
    /// Whether it was let [open](Cog::open) what it opens first.
    is_open: bool,
    /// When it panicked lately.
    panics: Vec<Moment>,
    /// What of it is looked at.
    marks: Marks,
    /// It ends, as another one has taken its place.
    retires: bool,
}

impl Slot {
    /// For a cog of the graph; `of` gives the numbers of those that it is joined to.
    fn new(cog: Box<dyn Cog>, mut seat: Seat, node: &Node, of: impl Fn(u32) -> u32) -> Self {
        seat.has_successors = !node.targets.is_empty();
        seat.place = node.about.place.clone().unwrap_or_default();
        let route = node.route.map(&of);
        seat.on_error = route.map_or(seat.on_error, OnError::Route);
        Self {
            cog,
            seat,
            kind: node.kind,
            targets: node.targets.iter().map(|target| of(*target)).collect(),
            route,
            branches: node.branches.iter().map(|branch| (of(branch.to), 0)).collect(),
            meets: false,
            is_open: false,
            panics: Vec::new(),
            marks: Marks::default(),
            retires: false,
        }
    }
}

/// Cogs, joined, on an escapement.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, read by name")]
pub struct Train {
    slots: Vec<Slot>,
    order: Vec<u32>,
    esc: Escapement,
    books: Rc<Books>,
    options: Options,
    signals: Vec<(Token, i32)>,
    notices: VecDeque<Notice>,
    answers: notify::Answers,
    /// Vectors that were batches, for the next ones.
    spare: Vec<Vec<Event>>,
    /// Supplies that can be told of room, in the order in which they got it.
    roomy: VecDeque<u32>,
    /// Wakes for a moment of rest, when supplies that wait are given what room there is.
    rest: Option<Token>,
    settled: Vec<Settled>,
    /// Supplies that asked for a sync, and those whose sync goes on.
    asked_sync: Vec<u32>,
    syncing: Vec<u32>,
    /// Whether a supply has asked for one: it keeps a checkpoint, which vouches for what is written.
    vouches: bool,
    /// Whether any cog listens to `event_done` or `event_failed`.
    tells_ends: bool,
    stop: Option<i32>,
    /// When the first signal to stop came: a second one ends at once.
    asked: bool,
    /// A signal to stop that a cog may pardon, and what wakes when all have been asked.
    asked_by: Option<(Token, i32)>,
    pressure: Pressure,
    service: Service,
    /// When the service manager is told next that the loop is alive.
    beat: Option<Token>,
    /// Told when all is wound.
    ready: Option<Ready>,
    /// Who looks in; away while it is called.
    overseer: Option<Box<dyn Overseer>>,
    /// The event whose way is to be known, for the next call.
    begun: Option<Box<Begun>>,
    /// What it gives back, to be carried on when it has been called.
    given_back: Vec<Back>,
    /// Whether cogs are ending that others have taken the place of.
    retiring: bool,
    /// The cog that stands for who puts data in by hand, once somebody did.
    injector: Option<u32>,
    /// What is wanted of it while it does not run.
    holding: Holding,
}

impl Train {
    /// A train of these cogs, joined as `graph` says: cog n of `cogs` is node n.
    pub fn new(graph: &Graph, cogs: Vec<(Box<dyn Cog>, Common)>, esc: Escapement, options: Options) -> Self {
        Self::under(Service::of_environment(), graph, cogs, esc, options)
    }

    fn under(service: Service, graph: &Graph, cogs: Vec<(Box<dyn Cog>, Common)>, esc: Escapement, options: Options) -> Self {
        let books = Books::new();
        books.bound_bytes(options.max_bytes);
        let slots: Vec<Slot> = cogs
            .into_iter()
            .zip(&graph.nodes)
            .enumerate()
            .map(|(number, ((cog, common), node))| {
                let seat = Seat::new(number as u32, &node.name, common);
                books.name(number as u32, &seat.name);
                Slot::new(cog, seat, node, |number| number)
            })
            .collect();
        let tells_ends = slots.iter().any(|slot| slot.cog.hears("event_done") || slot.cog.hears("event_failed"));
        let mut train = Self {
            slots,
            order: graph.order(),
            esc,
            books,
            options,
            signals: Vec::new(),
            notices: VecDeque::new(),
            answers: notify::Answers::default(),
            spare: Vec::new(),
            roomy: VecDeque::new(),
            rest: None,
            settled: Vec::new(),
            asked_sync: Vec::new(),
            syncing: Vec::new(),
            vouches: false,
            tells_ends,
            stop: None,
            asked: false,
            asked_by: None,
            pressure: Pressure::default(),
            service,
            beat: None,
            ready: None,
            overseer: None,
            begun: None,
            given_back: Vec::new(),
            retiring: false,
            injector: None,
            holding: Holding::default(),
        };
        train.map_pressure();
        train.map_ways();
        train
    }

    /// Lets all cogs [open](Cog::open) what takes rights that are to be dropped before [`Train::run`]. Those that nobody lets are opened there.
    ///
    /// # Errors
    /// A cog that could not.
    pub fn open(&mut self) -> Result<()> {
        for number in self.order.clone().into_iter().rev() {
            let slot = &mut self.slots[number as usize];
            let cog = &mut slot.cog;
            panics::guarded(|| cog.open())
                .unwrap_or_else(|told| Err(Error::Other(told)))
                .map_err(|error| panics::named(&slot.seat, error))?;
            slot.is_open = true;
        }
        Ok(())
    }

    /// Has `ready` called once, when [`Train::run`] has wound all cogs and is about to turn. An error of it is the run's.
    pub fn when_ready(&mut self, ready: impl FnOnce() -> Result<()> + 'static) {
        self.ready = Some(Box::new(ready));
    }

    /// Winds all cogs, turns until nothing can happen any more or the end is asked for, and ends in order.
    ///
    /// Gives the exit status: 0 well, 3 when data failed and that was to be told, what a cog asked for.
    ///
    /// # Errors
    /// A cog that could not be wound; the reactor failing.
    pub fn run(&mut self) -> Result<i32> {
        self.bind_signals()?;
        self.wind()?;
        // Before any data move: a supply that keeps a checkpoint has asked for a sync, by which the drains know of it.
        self.settle();
        self.begin_oversight();
        if let Some(ready) = self.ready.take() {
            ready()?;
        }
        self.service.tell("READY=1");
        if let Some(beat) = self.service.beat {
            let token = self.esc.every(Escapement::RUNTIME, beat);
            self.esc.weaken(token);
            self.beat = Some(token);
        }
        while self.stop.is_none() {
            let Some(fired) = self.esc.next()? else { break };
            self.deliver(fired);
        }
        self.shut_down()
    }

    /// Winds all cogs in order: drains before supplies, so that what is open first is what receives.
    fn wind(&mut self) -> Result<()> {
        for number in self.order.clone().into_iter().rev() {
            self.wind_one(number)?;
        }
        Ok(())
    }

    /// Does what one thing that has fired asks for, to its end.
    pub fn deliver(&mut self, fired: Fired) {
        if fired.owner == Escapement::RUNTIME {
            self.runtime(&fired);
        } else if fired.owner == Self::OVERSEER {
            self.oversight(fired);
        } else if self.slots.get(fired.owner as usize).is_some_and(|slot| !slot.seat.closed) {
            let wake = fired.wake;
            self.slots[fired.owner as usize].seat.woken_by = Some(fired.token);
            self.call(fired.owner, |cog, ctx| cog.wake(ctx, wake));
            self.slots[fired.owner as usize].seat.woken_by = None;
        }
        self.settle();
    }

    /// Calls a cog and carries on what it emits.
    fn call(&mut self, number: u32, f: impl FnOnce(&mut dyn Cog, &mut Ctx<'_>) -> Result<()>) {
        let mut f = Some(f);
        self.call_by(number, &mut |cog, ctx| f.take().map_or(Ok(()), |f| f(cog, ctx)));
    }

    /// As [`call`](Self::call), once for all that is called: a line that comes alone goes through it cog by cog, and only the first
    /// time is it cold in the processor's caches.
    #[inline(never)]
    fn call_by(&mut self, number: u32, f: &mut dyn FnMut(&mut dyn Cog, &mut Ctx<'_>) -> Result<()>) {
        let begun = self.begun.take();
        let slot = &mut self.slots[number as usize];
        let room = self.spare.pop().unwrap_or_default();
        let mut ctx = Ctx::new(&mut self.esc, &self.books, &mut slot.seat, room);
        let cog = &mut *slot.cog;
        let result = panics::guarded(|| f(cog, &mut ctx));
        if let Err(told) = &result {
            ctx.fail_given(told);
        }
        let (mut out, spent) = ctx.into_emitted();
        if let Ok(Err(error)) = &result {
            fault(&mut slot.seat, error);
        }
        self.keep(spent);
        if let Some(begun) = begun {
            self.end_hop(number, *begun, &mut out);
        }
        self.forward(number, out);
        self.after_call(number);
        if let Err(told) = result {
            self.begin_anew(number, &told);
        }
    }

    /// A vector that was a batch, for another one. Large ones are let go of, lest one burst keep their memory.
    fn keep(&mut self, spent: Vec<Event>) {
        if spent.is_empty() && (1..=KEPT).contains(&spent.capacity()) && self.spare.len() <= self.slots.len() {
            self.spare.push(spent);
        }
    }

    fn turn(&mut self, number: u32, events: Vec<Event>) {
        if self.slots[number as usize].marks.any() {
            self.turn_seen(number, events);
        } else {
            self.turn_batch(number, events);
        }
    }

    fn turn_batch(&mut self, number: u32, events: Vec<Event>) {
        let seat = &mut self.slots[number as usize].seat;
        if seat.closed {
            return late(seat, &self.books, &events);
        }
        self.call(number, |cog, ctx| cog.turn_batch(ctx, Batch { events }));
    }

    /// What a call left in the cog's seat: failed data for the error route, broadcasts, a wish to stop.
    fn after_call(&mut self, number: u32) {
        let slot = &mut self.slots[number as usize];
        if std::mem::take(&mut slot.seat.asks_sync) {
            self.asked_sync.push(number);
            self.vouches = true;
        }
        if let Some(status) = slot.seat.stop.take() {
            self.stop(status);
        }
        if std::mem::take(&mut self.slots[number as usize].seat.asks_for_more) {
            self.tell_of_no_more(number);
        }
        if !self.slots[number as usize].seat.notices.is_empty() {
            self.take_notices(number);
        }
        self.note_pressure(number);
        let slot = &mut self.slots[number as usize];
        if !slot.seat.failed.is_empty() {
            let failed = std::mem::take(&mut slot.seat.failed);
            match slot.route {
                Some(route) => self.turn(route, failed),
                None => failed.iter().for_each(|event| self.books.settle(&event.lineage, Outcome::Failed)),
            }
        }
    }

    /// Asks for the orderly end.
    pub fn stop(&mut self, status: i32) {
        // A fault after the end was asked for is told all the same.
        self.stop = Some(self.stop.filter(|asked| *asked != 0).unwrap_or(status));
    }

    /// The books at this moment.
    pub fn balance(&self) -> Balance {
        self.books.balance()
    }

    /// What each cog has done, by name, in order of appearance.
    pub fn stats(&self) -> Vec<(Rc<str>, Stats)> {
        self.slots.iter().map(|slot| (Rc::clone(&slot.seat.name), slot.seat.stats)).collect()
    }
}

/// A cog's call ended in an error of its own.
#[cold]
fn fault(seat: &mut Seat, error: &Error) {
    seat.stats.errors += 1;
    seat.faults += 1;
    let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
    log::write(log::Priority::Error, &format!("{}: {error}{hint}", seat.name));
    if seat.on_error == OnError::Stop {
        seat.stop = Some(1);
    }
}

/// What is told of the end may make data that come too late.
#[cold]
fn late(seat: &mut Seat, books: &Books, events: &[Event]) {
    seat.stats.errors += events.len() as u64;
    seat.faults += 1;
    log::write_kind(log::Priority::Error, &seat.name, &format!("{}: {} data came after its end", seat.name, events.len()));
    for event in events {
        books.settle(&event.lineage, Outcome::Failed);
    }
}
