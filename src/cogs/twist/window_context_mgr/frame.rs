//! Which windows a datum lies in: those of its key that are open and hold its time, and those that are to be opened for it.

use super::contexts::{Contexts, Group};
use crate::cog::Args;
use crate::error::{Error, Result};

/// Windows at most that one datum may lie in.
const MOST: i64 = 1000;

/// From where windows run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// From the first datum of a key.
    First,
    /// From multiples of the hop since 1970.
    Clock,
    /// From the first datum, until none has come for as long as the window says.
    Idle,
}

/// How windows lie in time; all in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) anchor: Anchor,
    window: i64,
    /// None for windows that do not overlap.
    slide: Option<i64>,
    max_age: Option<i64>,
}

/// A window in which a datum lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// The context at that place.
    Open(usize),
    /// One that is to be opened.
    New {
        /// Its beginning.
        start: i64,
        /// Belongs to it no more.
        end: i64,
    },
}

impl Frame {
    pub(super) fn of(args: &Args) -> Result<Self> {
        let micros = |name: &str| match args.opt_seconds(name) {
            None => Ok(None),
            Some(span) if span.as_micros() == 0 => Err(Error::option(name, "must be a microsecond at least")),
            Some(span) => Ok(Some(span.as_micros() as i64)),
        };
        let (window, slide, max_age) = (micros("window")?.unwrap_or(1), micros("slide")?, micros("max_age")?);
        let anchor = match args.str("anchor").as_str() {
            "clock" => Anchor::Clock,
            "idle" => Anchor::Idle,
            _ => Anchor::First,
        };
        match slide {
            Some(_) if anchor == Anchor::Idle => return Err(Error::option("slide", "has no meaning with the anchor \"idle\"")),
            Some(slide) if slide > window => return Err(Error::option("slide", "must not be longer than `window`")),
            Some(slide) if (window - 1) / slide >= MOST => {
                return Err(Error::option("slide", format!("would have each datum lie in more than {MOST} windows")));
            }
            _ => {}
        }
        match max_age {
            Some(_) if anchor != Anchor::Idle => Err(Error::option("max_age", "has a meaning only with the anchor \"idle\"")),
            Some(age) if age < window => Err(Error::option("max_age", "must not be shorter than `window`")),
            _ => Ok(Self { anchor, window, slide, max_age }),
        }
    }

    /// Windows at most that one datum lies in.
    pub(super) fn overlap(&self) -> usize {
        self.slide.map_or(1, |slide| ((self.window - 1) / slide + 1) as usize)
    }

    /// Where a datum of that key and time belongs, into `homes`, the earliest window first.
    pub(super) fn homes<T>(&self, contexts: &Contexts<T>, key: &str, time: i64, homes: &mut Vec<Home>) {
        homes.clear();
        let group = contexts.of(key);
        match (self.anchor, group, self.slide) {
            (Anchor::Idle, Some(group), _) => homes.extend(self.silence(contexts, group, time).map(Home::Open)),
            (Anchor::First, Some(group), None) => homes.extend(self.before(group, time)),
            (Anchor::First, Some(group), Some(slide)) => {
                let origin = from(group.origin, slide, time);
                self.grid(Some(group), slide, group.origin, origin, time, homes);
            }
            (Anchor::Clock, group, slide) => self.grid(group, slide.unwrap_or(self.window), 0, i64::MIN, time, homes),
            (Anchor::First | Anchor::Idle, None, _) => {}
        }
        if homes.is_empty() {
            homes.push(Home::New { start: time, end: time + self.window });
        }
    }

    /// The window of that key that holds the time, of windows that do not overlap.
    fn before(&self, group: &Group, time: i64) -> Option<Home> {
        let (start, slot) = group.before(time)?;
        (time - start < self.window).then_some(Home::Open(slot))
    }

    /// All windows that begin at multiples of `slide` before or after `phase`, at `origin` or later, and hold the time.
    fn grid(&self, group: Option<&Group>, slide: i64, phase: i64, origin: i64, time: i64, homes: &mut Vec<Home>) {
        let mut start = time - (time - phase).rem_euclid(slide);
        while time - start < self.window && start >= origin {
            let open = group.and_then(|group| group.before(start)).filter(|(its, _)| *its == start);
            homes.push(match open {
                Some((_, slot)) => Home::Open(slot),
                None => Home::New { start, end: start + self.window },
            });
            start -= slide;
        }
        homes.reverse();
    }

    /// The context from whose data the time is less than a window away.
    fn silence<T>(&self, contexts: &Contexts<T>, group: &Group, time: i64) -> Option<usize> {
        let holds = |slot: usize| {
            let context = contexts.at(slot);
            let young = self.max_age.is_none_or(|age| context.last - time < age);
            time < context.end && context.start - time < self.window && young
        };
        group.latest_first().map(|(_, slot)| slot).find(|slot| holds(*slot))
    }

    /// A datum of that time is put into the context at `slot`.
    pub(super) fn stretch<T>(&self, contexts: &mut Contexts<T>, slot: usize, time: i64) {
        let context = contexts.at(slot);
        let (start, last) = (context.start.min(time), context.last.max(time));
        match self.anchor {
            Anchor::Idle => {
                let end = self.max_age.map_or(last + self.window, |age| (last + self.window).min(start + age));
                contexts.stretch(slot, start, last, end);
            }
            Anchor::First => {
                if let Some(slide) = self.slide {
                    let key = context.key.clone();
                    let origin = contexts.of(&key).map_or(start, |group| from(group.origin, slide, time));
                    contexts.count_from(&key, origin);
                }
            }
            Anchor::Clock => {}
        }
    }
}

/// From where windows are counted, when a datum of that time is among them: a hop or more earlier when it comes before.
fn from(origin: i64, slide: i64, time: i64) -> i64 {
    origin.min(time - (time - origin).rem_euclid(slide))
}
