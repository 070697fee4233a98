//! What happens in a shadow, written down in its order.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use crate::cog::{Event, Kind, Lineage};
use crate::datum::Datum;
use crate::escapement::Fired;
use crate::train::{Became, Hop, Overseer, Train};

/// What became of a datum at a cog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A drain was given it.
    Given,
    /// It left a cog that is no drain.
    Left,
    /// It was swallowed on purpose.
    Dropped,
    /// It failed.
    Failed,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Record {
    /// The cog.
    pub cog: u32,
    /// What happened there.
    pub what: What,
    /// The datum: for one that was dropped or failed, as it was given. None where a cog failed by itself.
    pub datum: Option<Datum>,
    /// Why it failed.
    pub error: Option<String>,
    /// Its id, as the log would show it.
    pub id: String,
    /// What it was made from first: the cog that brought it in, and its number there.
    pub origin: Option<(u32, u64)>,
    /// Whether that was when the train ended.
    pub at_end: bool,
}

/// How much may happen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) until: Instant,
    pub(super) records: usize,
    pub(super) bytes: usize,
}

/// All that happened so far.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) all: Vec<Record>,
    pub(super) bounds: Bounds,
    pub(super) at_end: bool,
    kinds: Vec<Kind>,
    bytes: usize,
    /// Errors of each cog that are written down.
    errors: Vec<u64>,
    /// Why nothing more may happen.
    over: Option<String>,
}

impl Records {
    pub(super) fn new(kinds: Vec<Kind>, bounds: Bounds) -> Self {
        Self { all: Vec::new(), bounds, at_end: false, errors: vec![0; kinds.len()], kinds, bytes: 0, over: None }
    }

    /// Why nothing more may happen, where that is so.
    pub(super) fn over(&mut self) -> Option<&str> {
        if self.over.is_none() {
            self.over = if self.all.len() > self.bounds.records {
                Some(format!("more than {} data", self.bounds.records))
            } else if self.bytes > self.bounds.bytes {
                Some(format!("more than {} MiB of data", self.bounds.bytes >> 20))
            } else if Instant::now() > self.bounds.until {
                Some("it takes too long".to_owned())
            } else {
                None
            };
        }
        self.over.as_deref()
    }

    fn add(&mut self, train: &Train, cog: u32, what: What, datum: &Datum, lineage: &Lineage, error: Option<String>) {
        self.bytes += weight(datum) + 100;
        let origin = lineage.first().map(|(supply, number, _)| (supply, number));
        let (datum, id) = (Some(datum.detach()), train.id(lineage));
        self.all.push(Record { cog, what, datum, error, id, origin, at_end: self.at_end });
    }

    fn is_drain(&self, cog: u32) -> bool {
        self.kinds.get(cog as usize) == Some(&Kind::Drain)
    }

    /// Writes down errors that were no turned datum's.
    pub(super) fn reconcile(&mut self, train: &Train) {
        for view in train.cogs() {
            let Some(known) = self.errors.get_mut(view.number as usize) else { continue };
            if view.stats.errors > *known {
                *known = view.stats.errors;
                let error = Some(view.faults.last().unwrap_or("it failed").to_owned());
                let record =
                    Record { cog: view.number, what: What::Failed, datum: None, error, id: "-".into(), origin: None, at_end: self.at_end };
                self.all.push(record);
            }
        }
    }
}

/// About how many bytes a datum takes.
fn weight(datum: &Datum) -> usize {
    match datum {
        Datum::Str(text) | Datum::Number(text) | Datum::Raw(text) => text.len(),
        Datum::Bytes(bytes) => bytes.len(),
        Datum::List(list) => list.iter().map(|part| weight(part) + 16).sum(),
        Datum::Map(map) => map.iter().map(|(key, part)| key.as_str().len() + weight(part) + 32).sum(),
        _ => 0,
    }
}

/// Looks into the shadow's train and writes down what it sees.
pub(super) struct Recorder(pub(super) Rc<RefCell<Records>>);

impl Recorder {
    /// Where nothing more may happen, nothing goes on: cogs are not called any more.
    fn halt(&self, train: &mut Train) -> bool {
        let over = self.0.borrow_mut().over().is_some();
        if over {
            train.abandon();
        }
        over
    }
}

impl Overseer for Recorder {
    fn fired(&mut self, _: &mut Train, _: Fired) {}

    fn enter(&mut self, train: &mut Train, cog: u32, events: &mut Vec<Event>) {
        if self.halt(train) || !self.0.borrow().is_drain(cog) {
            return;
        }
        for event in events.iter() {
            self.0.borrow_mut().add(train, cog, What::Given, &event.datum, &event.lineage, None);
        }
    }

    fn leave(&mut self, train: &mut Train, cog: u32, events: &mut Vec<Event>) {
        if self.halt(train) || self.0.borrow().is_drain(cog) || self.0.borrow().kinds.len() <= cog as usize {
            return;
        }
        for event in events.iter() {
            self.0.borrow_mut().add(train, cog, What::Left, &event.datum, &event.lineage, None);
        }
    }

    fn tracks(&self, _: &Event) -> bool {
        true
    }

    fn hop(&mut self, train: &mut Train, hop: Hop, _: &mut Vec<Event>) {
        if self.halt(train) {
            return;
        }
        let mut records = self.0.borrow_mut();
        match hop.became {
            Became::Failed => {
                let errors = train.cogs().nth(hop.cog as usize).map_or(0, |view| view.stats.errors);
                if let Some(known) = records.errors.get_mut(hop.cog as usize) {
                    *known = errors;
                }
                let error = hop.error.unwrap_or_else(|| "it failed".to_owned());
                records.add(train, hop.cog, What::Failed, &hop.before, &hop.lineage, Some(error));
            }
            Became::Dropped if !records.is_drain(hop.cog) => {
                records.add(train, hop.cog, What::Dropped, &hop.before, &hop.lineage, None);
            }
            Became::Dropped | Became::Passed | Became::Kept => {}
        }
    }

    fn ending(&mut self, _: &mut Train) {}
}
