//! The train as it is seen, and moved, from outside while it runs: by an [`Overseer`].
//!
//! A cog that nobody looks at costs one comparison a call. One that is looked at is [marked](Marks): what enters or leaves it
//! passes by the overseer, which may take events out and give them back later; and events that the overseer tracks are turned
//! one by one, so that what each became is known: a [`Hop`].

use std::time::{Duration, Instant};

use super::{Train, panics};
use crate::cog::{Backlog, Batch, Books, Event, Faults, Kind, Lineage, Notice, Outcome, Stats};
use crate::datum::Datum;
use crate::escapement::{Escapement, Fired, Owner};
use crate::log;

/// Who looks into a train, and changes it, while it runs.
pub trait Overseer {
    /// All cogs are wound: the train begins to run.
    fn begun(&mut self, train: &mut Train) {
        let _ = train;
    }

    /// Something has fired that is bound for [`Train::OVERSEER`].
    fn fired(&mut self, train: &mut Train, fired: Fired);

    /// Events are about to enter a cog marked so. Those that are taken out do not, and are the overseer's to give back or settle.
    fn enter(&mut self, train: &mut Train, cog: u32, events: &mut Vec<Event>);

    /// As [`Overseer::enter`], for what has left a cog.
    fn leave(&mut self, train: &mut Train, cog: u32, events: &mut Vec<Event>);

    /// Whether the way of this event is to be known.
    fn tracks(&self, event: &Event) -> bool;

    /// An event that is tracked has been turned. What it became may be taken out of `became`.
    fn hop(&mut self, train: &mut Train, hop: Hop, became: &mut Vec<Event>);

    /// The train is about to end: what was taken out is given back now.
    fn ending(&mut self, train: &mut Train);

    /// The train has ended so, and is [kept](Train::linger) to be looked at.
    fn ended(&mut self, _train: &mut Train, _status: i32) {}
}

/// What of a cog is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// What enters it.
    pub enter: bool,
    /// What leaves it.
    pub leave: bool,
    /// What becomes of each event that is tracked.
    pub single: bool,
}

impl Marks {
    /// Whether anything is.
    pub(super) fn any(self) -> bool {
        self.enter || self.leave || self.single
    }
}

/// What became of an event in a cog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It was passed on, as one or as several.
    Passed,
    /// It was swallowed on purpose.
    Dropped,
    /// It failed.
    Failed,
    /// The cog keeps it, or is the end of its way.
    Kept,
}

/// One event in one cog.
#[derive(Debug)]
pub struct Hop {
    /// The cog.
    pub cog: u32,
    /// What the event was made from.
    pub lineage: Lineage,
    /// It as it was given.
    pub before: Datum,
    /// What became of it.
    pub became: Became,
    /// Why it failed.
    pub error: Option<String>,
    /// How long that took.
    pub took: Duration,
}

/// A hop that has begun.
pub(super) struct Begun {
    lineage: Lineage,
    before: Datum,
    stats: Stats,
    at: Instant,
}

/// What an overseer gives back.
#[derive(Debug)]
pub(super) enum Back {
    /// To the cog that it was about to enter.
    Enter(u32, Vec<Event>),
    /// To those behind the cog that it had left.
    Leave(u32, Vec<Event>),
    /// New, put in by hand.
    Inject(u32, Event),
    /// It ends here.
    End(Event, Outcome),
}

/// A cog as it is at the moment.
#[derive(Debug)]
pub struct View<'a> {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: &'a str,
    /// What it is for.
    pub kind: Kind,
    /// Cogs that it feeds.
    pub targets: &'a [u32],
    /// The cog that takes what fails in it.
    pub route: Option<u32>,
    /// The cogs that its branches lead to, each with how much was sent there.
    pub branches: &'a [(u32, u64)],
    /// Counters.
    pub stats: Stats,
    /// What it keeps.
    pub backlog: Backlog,
    /// How long it has been waiting for room, where it has.
    pub waits: Option<Duration>,
    /// Whether its life is over.
    pub closed: bool,
    /// Whether it reads nothing as somebody wants it so.
    pub paused: bool,
    /// What failed in it, by kind.
    pub faults: &'a Faults,
    /// How many things it waits for: timers, descriptors, files.
    pub bound: usize,
    /// Events that it may have on their way at most, for a supply.
    pub max_in_flight: usize,
}

impl Train {
    /// The owner of what an overseer binds.
    pub const OVERSEER: Owner = Escapement::RUNTIME - 1;

    /// Lets `overseer` look in from now on.
    pub fn oversee(&mut self, overseer: Box<dyn Overseer>) {
        self.overseer = Some(overseer);
        for slot in &mut self.slots {
            slot.seat.faults_seen.listen();
        }
    }

    /// Nobody looks in any more.
    pub fn let_be(&mut self) -> Option<Box<dyn Overseer>> {
        for slot in &mut self.slots {
            slot.marks = Marks::default();
        }
        self.overseer.take()
    }

    /// What the overseer binds its descriptors and timers at. They should be weak.
    pub fn escapement(&mut self) -> &mut Escapement {
        &mut self.esc
    }

    /// All cogs, in order of appearance.
    pub fn cogs(&self) -> impl Iterator<Item = View<'_>> {
        let now = self.esc.now();
        self.slots.iter().enumerate().map(move |(number, slot)| View {
            number: number as u32,
            name: &slot.seat.name,
            kind: slot.kind,
            targets: &slot.targets,
            route: slot.route,
            branches: &slot.branches,
            stats: slot.seat.stats,
            backlog: slot.cog.backlog(),
            waits: slot.seat.waits_since.map(|since| now.since(since)),
            closed: slot.seat.closed && self.holding.stage != super::Stage::Over,
            paused: slot.seat.paused,
            faults: &slot.seat.faults_seen,
            bound: self.esc.bound(number as u32),
            max_in_flight: slot.seat.common.max_in_flight,
        })
    }

    /// How many cogs it has; their numbers are below.
    pub fn count(&self) -> u32 {
        self.slots.len() as u32
    }

    /// The name of a cog.
    pub fn name_of(&self, cog: u32) -> &str {
        self.slots.get(cog as usize).map_or("", |slot| &slot.seat.name)
    }

    /// What a cog is for.
    pub fn kind_of(&self, cog: u32) -> Option<Kind> {
        self.slots.get(cog as usize).map(|slot| slot.kind)
    }

    /// What of that cog is looked at from now on.
    pub fn mark(&mut self, cog: u32, marks: Marks) {
        if let Some(slot) = self.slots.get_mut(cog as usize) {
            slot.marks = marks;
        }
    }

    /// An id for what came from there.
    pub fn id(&self, lineage: &Lineage) -> String {
        self.books.id(lineage)
    }

    /// The place that its supply gave with the first origin of what came from there.
    pub fn place(lineage: &Lineage) -> Option<u64> {
        Books::place(lineage)
    }

    /// Gives events back that were about to enter a cog: they do, unseen by the overseer but for their [hops](Overseer::hop), when
    /// it has done what it is about.
    pub fn resume_entering(&mut self, cog: u32, events: Vec<Event>) {
        self.given_back.push(Back::Enter(cog, events));
    }

    /// Gives events back that had left a cog: they go on from there, as [above](Train::resume_entering).
    pub fn resume_leaving(&mut self, cog: u32, events: Vec<Event>) {
        self.given_back.push(Back::Leave(cog, events));
    }

    /// Ends an event that was taken out.
    pub fn end_event(&mut self, event: Event, outcome: Outcome) {
        self.given_back.push(Back::End(event, outcome));
    }

    /// Several events in place of one that was taken out: each carries its lineage on.
    pub fn multiply(&mut self, event: Event, data: Vec<Datum>) -> Vec<Event> {
        let Some(more) = data.len().checked_sub(1) else {
            self.end_event(event, Outcome::Filtered);
            return Vec::new();
        };
        self.books.split(&event.lineage, more as u32);
        data.into_iter().map(|datum| Event { datum, lineage: event.lineage.clone() }).collect()
    }

    /// Broadcasts to all cogs.
    pub fn tell_all(&mut self, name: &str, args: Vec<Datum>) {
        self.notices.push_back(Notice { name: name.into(), args });
    }

    /// Has a supply read nothing more, or read again. What is on its way goes on.
    pub fn pause(&mut self, cog: u32, paused: bool) {
        let Some(slot) = self.slots.get_mut(cog as usize) else { return };
        let was = std::mem::replace(&mut slot.seat.paused, paused);
        if was && !paused && slot.seat.waits_for_room {
            self.give_room(cog);
        }
    }

    /// Calls the overseer, which is nowhere else meanwhile.
    pub(super) fn with_overseer<T>(&mut self, f: impl FnOnce(&mut dyn Overseer, &mut Self) -> T) -> Option<T> {
        let mut overseer = self.overseer.take()?;
        // Who only looks on must not bring the train down.
        let given = match panics::guarded(|| f(&mut *overseer, self)) {
            Ok(given) => given,
            Err(told) => {
                log::write(log::Priority::Crit, &format!("control: {told}; nobody can attach any more; please report this"));
                self.esc.unbind_owner(Self::OVERSEER);
                self.let_be();
                return None;
            }
        };
        // Whoever puts another one in its place meanwhile wants that one.
        if self.overseer.is_none() {
            self.overseer = Some(overseer);
        }
        Some(given)
    }

    pub(super) fn oversight(&mut self, fired: Fired) {
        self.with_overseer(|overseer, train| overseer.fired(train, fired));
        self.go_on();
    }

    pub(super) fn begin_oversight(&mut self) {
        self.with_overseer(|overseer, train| overseer.begun(train));
        self.go_on();
    }

    pub(super) fn end_oversight(&mut self) {
        self.with_overseer(|overseer, train| overseer.ending(train));
        self.go_on();
    }

    /// Carries on what the overseer has given back.
    pub(super) fn go_on(&mut self) {
        for back in std::mem::take(&mut self.given_back) {
            match back {
                Back::Enter(cog, events) => self.turn_unseen(cog, events),
                Back::Leave(cog, events) => self.spread(cog, events),
                Back::Inject(cog, event) => self.let_in(cog, event),
                Back::End(event, outcome) => self.books.settle(&event.lineage, outcome),
            }
            self.settle();
        }
    }

    /// Shows what has left a cog, where that is looked at.
    #[cold]
    pub(super) fn show_leaving(&mut self, cog: u32, events: &mut Vec<Event>) {
        if self.slots[cog as usize].marks.leave {
            self.with_overseer(|overseer, train| overseer.leave(train, cog, events));
        }
    }

    /// Turns events in a cog that is looked at.
    #[cold]
    pub(super) fn turn_seen(&mut self, cog: u32, mut events: Vec<Event>) {
        if self.slots[cog as usize].marks.enter {
            self.with_overseer(|overseer, train| overseer.enter(train, cog, &mut events));
        }
        if events.is_empty() {
            return;
        }
        self.turn_unseen(cog, events);
    }

    /// Turns events; those that are tracked one by one, in their order among the others.
    fn turn_unseen(&mut self, cog: u32, events: Vec<Event>) {
        if !self.slots[cog as usize].marks.single || self.slots[cog as usize].seat.closed {
            return self.turn_batch(cog, events);
        }
        let tracked: Vec<bool> =
            self.overseer.as_ref().map(|overseer| events.iter().map(|event| overseer.tracks(event)).collect()).unwrap_or_default();
        if !tracked.contains(&true) {
            return self.turn_batch(cog, events);
        }
        let mut run = Vec::new();
        for (event, tracked) in events.into_iter().zip(tracked) {
            if !tracked {
                run.push(event);
                continue;
            }
            if !run.is_empty() {
                self.turn_batch(cog, std::mem::take(&mut run));
            }
            self.turn_one(cog, event);
        }
        if !run.is_empty() {
            self.turn_batch(cog, run);
        }
    }

    fn turn_one(&mut self, cog: u32, event: Event) {
        let seat = &self.slots[cog as usize].seat;
        if seat.closed {
            return self.turn_batch(cog, vec![event]);
        }
        self.begun =
            Some(Box::new(Begun { lineage: event.lineage.clone(), before: event.datum.detach(), stats: seat.stats, at: Instant::now() }));
        self.call(cog, |cog, ctx| cog.turn_batch(ctx, Batch { events: vec![event] }));
    }

    /// Tells what became of an event.
    #[cold]
    pub(super) fn end_hop(&mut self, cog: u32, begun: Begun, became: &mut Vec<Event>) {
        let took = begun.at.elapsed();
        let seat = &mut self.slots[cog as usize].seat;
        let (now, then) = (seat.stats, begun.stats);
        let error = seat.faults_seen.last().filter(|_| now.errors > then.errors).map(str::to_owned);
        let fate = if now.errors > then.errors {
            Became::Failed
        } else if now.swallowed > then.swallowed {
            Became::Dropped
        } else if now.emitted > then.emitted {
            Became::Passed
        } else {
            Became::Kept
        };
        let hop = Hop { cog, lineage: begun.lineage, before: begun.before, became: fate, error, took };
        self.with_overseer(|overseer, train| overseer.hop(train, hop, became));
    }
}
