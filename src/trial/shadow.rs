//! A train that is turned apart: on a clock by hand, with nothing outside touched, and all that happens written down.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use super::record::{Bounds, Record, Recorder, Records, What};
use super::stubs::{Inbox, Part, Pass, Silent, Swallow};
use crate::cog::{Balance, Cog, Kind};
use crate::datum::Datum;
use crate::error::{Error, Result, nearest};
use crate::escapement::{Clock, Escapement};
use crate::log;
use crate::script::Wound;
use crate::train::{Marks, Train};

/// How a shadow is made.
pub struct Terms {
    /// What the wall clock says at the start.
    pub wall: SystemTime,
    /// When it must be over, in real time.
    pub until: Instant,
    /// Data that may be seen at most, each at each cog.
    pub data: usize,
    /// Bytes of them.
    pub bytes: usize,
    /// Whether a `tick_supply` beats as the clock is moved.
    pub ticks: bool,
    /// Cogs in place of those of these names.
    pub replace: Vec<(String, Box<dyn Cog>)>,
}

impl Default for Terms {
    /// The present, 10 s, 100 000 data, 64 MiB, no ticks, nothing replaced.
    fn default() -> Self {
        let until = Instant::now() + Duration::from_secs(10);
        Self { wall: SystemTime::now(), until, data: 100_000, bytes: 64 << 20, ticks: false, replace: Vec::new() }
    }
}

/// A cog of a shadow.
struct Seen {
    name: String,
    kind: Kind,
    part: Part,
    inbox: Option<Inbox>,
}

/// A wound script's train, turned apart.
pub struct Shadow {
    train: Train,
    clock: Clock,
    records: Rc<RefCell<Records>>,
    cogs: Vec<Seen>,
    /// Lines that the train would have written to the log.
    said: Vec<String>,
    /// Its status, once it has ended.
    ended: Option<i32>,
    /// Closures of the script need it.
    _wound: Wound,
}

/// What failed: the datum as it was given, where it was one's, and why.
pub type Failure = (Option<Datum>, String);

/// What came of it, by cog and in order.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// What each drain was given.
    pub drains: Vec<(String, Vec<Datum>)>,
    /// What failed in each cog: the datum, where it was one's, and why.
    pub failed: Vec<(String, Vec<Failure>)>,
    /// What each cog swallowed on purpose.
    pub dropped: Vec<(String, Vec<Datum>)>,
}

impl Shadow {
    /// Makes a train of a wound script and winds it. Supplies read nothing, drains hand nothing to anybody, cogs that would ask
    /// somebody outside pass data on unchanged.
    ///
    /// # Errors
    /// The script has faults; no cog has the name of one that is to be replaced; a cog cannot be wound.
    pub fn of(mut wound: Wound, terms: Terms) -> Result<Self> {
        if wound.is_faulty() {
            let texts: Vec<&str> = wound.reports.iter().filter(|report| !report.warning).map(|report| report.text.as_str()).collect();
            return Err(Error::Other(texts.join("; ")));
        }
        let mut cogs = std::mem::take(&mut wound.cogs);
        let mut seen: Vec<Seen> = Vec::new();
        for (node, (cog, common)) in wound.graph.nodes.iter().zip(&mut cogs) {
            let part = Part::of(node.kind, &node.about.spec, terms.ticks);
            let mut inbox = None;
            match part {
                Part::Silent => {
                    let (silent, box_) = Silent::new();
                    inbox = Some(box_);
                    *cog = Box::new(silent);
                }
                Part::Swallows => *cog = Box::new(Swallow::default()),
                Part::Passes => *cog = Box::new(Pass),
                Part::Itself | Part::Replaced => {}
            }
            if part != Part::Itself {
                common.maker = None;
            }
            seen.push(Seen { name: node.name.clone(), kind: node.kind, part, inbox });
        }
        for (name, cog) in terms.replace {
            let number = find(&seen, &name)?;
            (cogs[number].0, cogs[number].1.maker) = (cog, None);
            (seen[number].part, seen[number].inbox) = (Part::Replaced, None);
        }
        let clock = Clock::by_hand_at(terms.wall).auto();
        let esc = Escapement::new(clock.clone())?;
        let mut train = Train::apart(&wound.graph, cogs, esc, wound.options.clone());
        let bounds = Bounds { until: terms.until, records: terms.data, bytes: terms.bytes };
        let records = Rc::new(RefCell::new(Records::new(seen.iter().map(|cog| cog.kind).collect(), bounds)));
        train.oversee(Box::new(Recorder(Rc::clone(&records))));
        for number in 0..train.count() {
            train.mark(number, Marks { enter: true, leave: true, single: true });
        }
        // While something may still come, as from a supply that follows a file, weak timers beat.
        train.escapement().after(Train::OVERSEER, Duration::MAX);
        let mut shadow = Self { train, clock, records, cogs: seen, said: Vec::new(), ended: None, _wound: wound };
        shadow.turn(|shadow| shadow.train.begin())?;
        Ok(shadow)
    }

    /// Lets a datum enter a cog, or leave it where that is a supply.
    ///
    /// # Errors
    /// There is no such cog; the train has ended, or wants to; too much happened.
    pub fn feed(&mut self, cog: &str, datum: Datum) -> Result<()> {
        let number = self.open(cog)?;
        self.turn(|shadow| {
            shadow.train.feed(number as u32, datum);
            Ok(())
        })
    }

    /// Lets a supply send what it would have read: its `data_setter` and `id_setter` are applied.
    ///
    /// # Errors
    /// As [`Shadow::feed`]; the cog is no supply, or one that is not silent.
    pub fn read(&mut self, supply: &str, payload: Datum) -> Result<()> {
        let number = self.open(supply)?;
        let Some(inbox) = &self.cogs[number].inbox else {
            let text = match self.cogs[number].kind {
                Kind::Supply => format!("`{supply}` makes its data itself"),
                _ => format!("`{supply}` is no supply; data enter it by `feed`"),
            };
            return Err(Error::Other(text));
        };
        inbox.borrow_mut().push_back(payload);
        self.turn(|shadow| {
            shadow.train.escapement().soon(number as u32);
            Ok(())
        })
    }

    /// Whether that is a supply that reads nothing.
    ///
    /// # Errors
    /// There is no such cog.
    pub fn is_silent(&self, cog: &str) -> Result<bool> {
        Ok(self.cogs[find(&self.cogs, cog)?].inbox.is_some())
    }

    /// Moves the clock: whatever is due meanwhile happens in its order, each at its time.
    ///
    /// # Errors
    /// The train has ended, or wants to; too much happened.
    pub fn advance(&mut self, by: Duration) -> Result<()> {
        self.open_at_all()?;
        self.turn(|shadow| {
            let target = shadow.clock.now() + by;
            while !shadow.is_over() {
                let Some(fired) = shadow.train.escapement().next_until(target)? else { break };
                shadow.train.deliver(fired);
            }
            shadow.clock.advance(target.since(shadow.clock.now()));
            Ok(())
        })
    }

    /// Ends the train in order: what is held goes on, windows close. Gives the exit status; a second time the same.
    ///
    /// # Errors
    /// Too much happened.
    pub fn finish(&mut self) -> Result<i32> {
        if let Some(status) = self.ended {
            return Ok(status);
        }
        self.records.borrow_mut().at_end = true;
        self.train.escapement().unbind_owner(Train::OVERSEER);
        let mut status = 0;
        let ended = self.turn(|shadow| {
            status = shadow.train.end()?;
            Ok(())
        });
        self.ended = Some(status);
        ended.map(|()| status)
    }

    /// What came of it so far.
    pub fn outputs(&self) -> Outputs {
        let records = self.records.borrow();
        let of = |number: usize, what: What| {
            let these = records.all.iter().filter(move |record| record.cog as usize == number && record.what == what);
            these.cloned().collect::<Vec<Record>>()
        };
        let data = |all: Vec<Record>| all.into_iter().filter_map(|record| record.datum).collect::<Vec<Datum>>();
        let mut outputs = Outputs::default();
        for (number, cog) in self.cogs.iter().enumerate() {
            if cog.kind == Kind::Drain {
                outputs.drains.push((cog.name.clone(), data(of(number, What::Given))));
            }
            let failed = of(number, What::Failed);
            if !failed.is_empty() {
                let failed = failed.into_iter().map(|record| (record.datum, record.error.unwrap_or_default()));
                outputs.failed.push((cog.name.clone(), failed.collect()));
            }
            let dropped = data(of(number, What::Dropped));
            if !dropped.is_empty() {
                outputs.dropped.push((cog.name.clone(), dropped));
            }
        }
        outputs
    }

    /// All that happened, in its order.
    pub fn records(&self) -> Vec<Record> {
        self.records.borrow().all.clone()
    }

    /// What happened so at that cog, in its order: [`What::Left`] is what a drain was given, too.
    ///
    /// # Errors
    /// There is no such cog.
    pub fn at(&self, cog: &str, what: What) -> Result<Vec<Record>> {
        let number = find(&self.cogs, cog)?;
        let what = if what == What::Left && self.cogs[number].kind == Kind::Drain { What::Given } else { what };
        let records = self.records.borrow();
        Ok(records.all.iter().filter(|record| record.cog as usize == number && record.what == what).cloned().collect())
    }

    /// The cog's name.
    pub fn name(&self, cog: u32) -> &str {
        self.cogs.get(cog as usize).map_or("", |cog| &cog.name)
    }

    /// Cogs that do not what they do in earnest, each with what they do instead.
    pub fn stubs(&self) -> impl Iterator<Item = (&str, Part)> {
        self.cogs.iter().filter(|cog| cog.part != Part::Itself).map(|cog| (cog.name.as_str(), cog.part))
    }

    /// What the train would have written to the log, secrets masked.
    pub fn said(&self) -> &[String] {
        &self.said
    }

    /// The books at this moment.
    pub fn balance(&self) -> Balance {
        self.train.balance()
    }

    /// Whether that is who stands for data that were [fed](Shadow::feed).
    pub(super) fn is_injector(&self, cog: u32) -> bool {
        self.train.injector() == Some(cog)
    }

    fn is_over(&self) -> bool {
        self.records.borrow_mut().over().is_some()
    }

    /// The number of a cog that can be given something.
    fn open(&self, cog: &str) -> Result<usize> {
        let number = find(&self.cogs, cog)?;
        self.open_at_all().map(|()| number)
    }

    fn open_at_all(&self) -> Result<()> {
        match (self.ended, self.train.asked_to_end()) {
            (Some(_), _) => Err(Error::Other("the train has ended".into())),
            (None, Some(_)) => Err(Error::Other("the train has asked for its end: only `finish` is left".into())),
            (None, None) => Ok(()),
        }
    }

    /// Does something with the train, and all that comes of it at once.
    fn turn(&mut self, f: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let (done, said) = log::aside(|| -> Result<()> {
            f(self)?;
            while self.ended.is_none() && !self.is_over() {
                let Some(fired) = self.train.escapement().next_ready()? else { break };
                self.train.deliver(fired);
            }
            Ok(())
        });
        self.said.extend(said);
        done?;
        let mut records = self.records.borrow_mut();
        records.reconcile(&self.train);
        match records.over() {
            Some(over) => Err(Error::Other(format!("the trial was stopped: {over}"))),
            None => Ok(()),
        }
    }
}

/// The number of the cog of that name.
fn find(cogs: &[Seen], name: &str) -> Result<usize> {
    cogs.iter().position(|cog| cog.name == name).ok_or_else(|| {
        let hint = match nearest(name, cogs.iter().map(|cog| cog.name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", cogs.iter().map(|cog| format!("`{}`", cog.name)).collect::<Vec<_>>().join(", ")),
        };
        Error::Other(format!("no cog `{name}`; {hint}"))
    })
}
