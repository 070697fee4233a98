//! What is remembered: the last events and their ways through the train, in a bounded space.
//!
//! Nothing is before somebody wants it. Then events are remembered from their supply on, all of them as long as there are no more
//! than some hundred a second, else some; how many were left out is told. Each is kept with what it was in each cog. Those
//! that failed or were dropped are kept longer, as they are rarer and more wanted.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::{Duration, SystemTime};

use crate::cog::{Event, Lineage};
use crate::datum::{Datum, Map};
use crate::escapement::Moment;
use crate::train::{Became, Hop};

/// Ways kept at most, and their bytes.
const WAYS: usize = 2048;
const BYTES: usize = 8 << 20;
/// Ways that ended badly, kept beyond that by cog.
const ODD: usize = 16;
/// Events remembered a second when more come.
const RATE: f64 = 512.0;
const BURST: f64 = 256.0;
/// A larger event is not remembered.
const LARGEST: usize = 64 << 10;
/// Cogs passed by one event; and data made of it in one cog.
const STEPS: usize = 256;
const PARTS: usize = 16;

/// Which event: its supply and its number within.
pub(super) type Name = (u32, u64);

/// A cheap hash of two numbers, as it is asked for each event in each cog.
#[derive(Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// One event in one cog.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The cog.
    pub(super) cog: u32,
    /// It as it was given.
    pub(super) before: Datum,
    /// What it became, some of it.
    pub(super) parts: Vec<Datum>,
    /// How many these are.
    pub(super) count: usize,
    /// What became of it.
    pub(super) became: Became,
    /// Why it failed.
    pub(super) error: Option<String>,
    /// Since it was read.
    pub(super) at: Duration,
    /// In the cog.
    pub(super) took: Duration,
}

/// One event and its way.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Which it is.
    pub(super) name: Name,
    /// Its id, as logs tell it.
    pub(super) id: String,
    /// The place that its supply gave, such as a position in a file.
    pub(super) place: u64,
    /// When it was read.
    pub(super) time: SystemTime,
    born: Moment,
    /// It as it was read.
    pub(super) datum: Datum,
    /// Where it went.
    pub(super) steps: Vec<Step>,
    bytes: usize,
}

impl Way {
    /// How it ended, as far as is known: in which cog, and how.
    pub(super) fn end(&self) -> Option<&Step> {
        let bad = |step: &&Step| step.became != Became::Passed && step.became != Became::Kept;
        self.steps.iter().find(bad).or_else(|| self.steps.last())
    }

    /// Whether it ended otherwise than stored.
    fn is_odd(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.became, Became::Failed | Became::Dropped))
    }
}

/// What is remembered.
#[derive(Default)]
pub(super) struct Memory {
    /// Whether anything is.
    pub(super) on: bool,
    /// Whether every event is to be followed through all cogs, for a breakpoint on a field or an error.
    pub(super) all: bool,
    ways: VecDeque<Way>,
    /// The number of the first of them; the others follow.
    first: u64,
    index: HashMap<Name, u64, BuildHasherDefault<Mix>>,
    bytes: usize,
    odd: HashMap<u32, VecDeque<Way>>,
    /// How many events may be remembered at once, and when that was reckoned.
    room: f64,
    reckoned: Option<Moment>,
    /// Events that came since it was switched on, and those of them that were left out.
    pub(super) seen: u64,
    pub(super) left_out: u64,
}

impl Memory {
    /// Forgets all and remembers from now on, or nothing any more.
    pub(super) fn switch(&mut self, on: bool) {
        if on != self.on {
            *self = Self { on, all: self.all, room: BURST, ..Self::default() };
        }
    }

    /// Whether the way of this event is to be known.
    pub(super) fn tracks(&self, lineage: &Lineage) -> bool {
        self.all || self.on && lineage.first().is_some_and(|(supply, number, _)| self.index.contains_key(&(supply, number)))
    }

    /// Events were read by a supply.
    pub(super) fn born(&mut self, events: &[Event], now: Moment, time: SystemTime, about: impl Fn(&Lineage) -> (String, u64)) {
        if !self.on {
            return;
        }
        let passed = self.reckoned.replace(now).map_or(0.0, |then| now.since(then).as_secs_f64());
        self.room = (self.room + passed * RATE).min(BURST);
        self.seen += events.len() as u64;
        for event in events {
            let Some((supply, number, _)) = event.lineage.first() else { continue };
            let bytes = weight(&event.datum);
            if self.room < 1.0 || bytes > LARGEST {
                self.left_out += 1;
                continue;
            }
            if self.index.contains_key(&(supply, number)) {
                continue;
            }
            self.room -= 1.0;
            let (id, place) = about(&event.lineage);
            self.index.insert((supply, number), self.first + self.ways.len() as u64);
            let datum = event.datum.detach();
            self.ways.push_back(Way { name: (supply, number), id, place, time, born: now, datum, steps: Vec::new(), bytes });
            self.bytes += bytes;
        }
        while self.ways.len() > WAYS || self.bytes > BYTES {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let Some(way) = self.ways.pop_front() else { return };
        self.first += 1;
        self.bytes -= way.bytes;
        self.index.remove(&way.name);
        if way.is_odd()
            && let Some(end) = way.end()
        {
            let odd = self.odd.entry(end.cog).or_default();
            if odd.len() >= ODD {
                odd.pop_front();
            }
            odd.push_back(way);
        }
    }

    fn way_mut(&mut self, lineage: &Lineage) -> Option<&mut Way> {
        let (supply, number, _) = lineage.first()?;
        let place = self.index.get(&(supply, number))? - self.first;
        self.ways.get_mut(place as usize)
    }

    /// It was turned in a cog.
    pub(super) fn hop(&mut self, hop: &Hop, became: &[Event], now: Moment) {
        let Some(way) = self.way_mut(&hop.lineage) else { return };
        if way.steps.len() >= STEPS {
            return;
        }
        let parts: Vec<Datum> = became.iter().take(PARTS).map(|event| event.datum.detach()).collect();
        let bytes = weight(&hop.before) + parts.iter().map(weight).sum::<usize>() + size_of::<Step>();
        way.bytes += bytes;
        way.steps.push(Step {
            cog: hop.cog,
            before: hop.before.clone(),
            parts,
            count: became.len(),
            became: hop.became,
            error: hop.error.clone(),
            at: now.since(way.born).saturating_sub(hop.took),
            took: hop.took,
        });
        self.bytes += bytes;
    }

    /// Events left a cog; one that had kept an event sends it on now.
    pub(super) fn left(&mut self, cog: u32, events: &[Event], now: Moment) {
        if self.ways.is_empty() {
            return;
        }
        for event in events {
            let Some(way) = self.way_mut(&event.lineage) else { continue };
            let born = way.born;
            let kept = way.steps.iter_mut().rev().find(|step| step.cog == cog && step.became == Became::Kept);
            if let Some(step) = kept {
                step.became = Became::Passed;
                step.took = now.since(born).saturating_sub(step.at);
                step.count = 1;
                step.parts.push(event.datum.detach());
            }
        }
    }

    /// All ways, the oldest first.
    pub(super) fn ways(&self) -> impl DoubleEndedIterator<Item = &Way> {
        let mut odd: Vec<&Way> = self.odd.values().flatten().collect();
        odd.sort_by_key(|way| way.time);
        odd.into_iter().chain(&self.ways)
    }

    /// The way of an event, by its id.
    pub(super) fn way(&self, id: &str) -> Option<&Way> {
        self.ways().find(|way| way.id == id)
    }

    /// What entered a cog, or was read by it, the oldest first.
    pub(super) fn given(&self, cog: u32) -> impl DoubleEndedIterator<Item = (&Way, &Datum)> {
        self.ways().flat_map(move |way| {
            let read = (way.name.0 == cog).then_some((way, &way.datum));
            read.into_iter().chain(way.steps.iter().filter(move |step| step.cog == cog).map(move |step| (way, &step.before)))
        })
    }

    /// How much it has.
    pub(super) fn about(&self) -> Map {
        let mut map = Map::new();
        map.push("on".into(), Datum::Bool(self.on));
        map.push("events".into(), Datum::Int(self.ways().count() as i64));
        map.push("bytes".into(), Datum::Int(self.bytes as i64));
        map.push("most_bytes".into(), Datum::Int(BYTES as i64));
        map.push("seen".into(), Datum::Int(self.seen as i64));
        map.push("left_out".into(), Datum::Int(self.left_out as i64));
        map
    }
}

/// About how many bytes a datum takes when it is kept.
fn weight(datum: &Datum) -> usize {
    let inner = match datum {
        Datum::Str(text) | Datum::Raw(text) | Datum::Number(text) => text.len(),
        Datum::Bytes(bytes) => bytes.len(),
        Datum::List(list) => list.iter().map(weight).sum(),
        Datum::Map(map) => map.iter().map(|(_, value)| weight(value) + size_of::<Datum>()).sum(),
        _ => 0,
    };
    inner + size_of::<Datum>()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::cog::Books;
    use crate::escapement::Clock;

    fn events(books: &Books, first: u64, count: u64, text: &str) -> Vec<Event> {
        let block = books.block(0, first);
        (0..count).map(|n| Event { datum: Datum::from(format!("{text}{n}")), lineage: books.open(&block, n) }).collect()
    }

    fn hop(event: &Event, became: Became) -> Hop {
        Hop { cog: 3, lineage: event.lineage.clone(), before: event.datum.clone(), became, error: None, took: Duration::ZERO }
    }

    #[test]
    fn what_it_remembers_is_bounded_and_what_was_dropped_stays_longest() {
        let (books, clock) = (Books::new(), Clock::by_hand());
        let mut memory = Memory::default();
        memory.switch(true);
        let time = SystemTime::UNIX_EPOCH;
        let about = |books: &Rc<Books>| {
            let books = Rc::clone(books);
            move |lineage: &Lineage| (books.id(lineage), 0)
        };
        let first = events(&books, 0, 1, "odd");
        memory.born(&first, clock.now(), time, about(&books));
        assert!(memory.tracks(&first[0].lineage));
        memory.hop(&hop(&first[0], Became::Dropped), &[], clock.now());
        for round in 0..100 {
            clock.advance(Duration::from_secs(1));
            let many = events(&books, 1 + round * 200, 200, &"x".repeat(500));
            memory.born(&many, clock.now(), time, about(&books));
        }
        let about = memory.about();
        assert!(about.by_name("bytes").and_then(Datum::as_int).unwrap() <= BYTES as i64);
        assert!(memory.ways().count() <= WAYS + ODD);
        assert!(!memory.tracks(&first[0].lineage));
        assert_eq!(memory.ways().next().unwrap().datum, Datum::from("odd0"));
    }

    #[test]
    fn of_too_many_some_are_remembered_and_the_others_counted() {
        let (books, clock) = (Books::new(), Clock::by_hand());
        let mut memory = Memory::default();
        memory.switch(true);
        memory.born(&events(&books, 0, 10_000, "e"), clock.now(), SystemTime::UNIX_EPOCH, |_| (String::new(), 0));
        assert_eq!((memory.seen, memory.left_out), (10_000, 10_000 - BURST as u64));
    }

    #[test]
    fn what_a_cog_kept_is_told_when_it_goes_on() {
        let (books, clock) = (Books::new(), Clock::by_hand());
        let mut memory = Memory::default();
        memory.switch(true);
        let one = events(&books, 0, 1, "e");
        memory.born(&one, clock.now(), SystemTime::UNIX_EPOCH, |_| ("s#0".into(), 0));
        memory.hop(&hop(&one[0], Became::Kept), &[], clock.now());
        clock.advance(Duration::from_millis(5));
        memory.left(3, &one, clock.now());
        let way = memory.way("s#0").unwrap();
        assert_eq!((way.steps[0].became, way.steps[0].took), (Became::Passed, Duration::from_millis(5)));
    }
}
