//! What tests written in Rhai try pipelines in: shadows.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use super::differ::differences;
use super::record::{Record, What};
use super::shadow::{Shadow, Terms};
use super::stubs::Part;
use crate::cog::Cog;
use crate::datum::Datum;
use crate::error::Result;
use crate::script::Wound;
use crate::script::testing::{Grounds, Subject};

/// What the clock says where a test does not: always the same, so that what a test sees is, too. 2026-01-01T00:00:00Z.
const WALL: Duration = Duration::from_secs(1_767_225_600);

/// Makes shadows, and remembers them for the report of a test that fails.
#[derive(Clone)]
pub(super) struct Stand {
    until: Instant,
    shadows: Rc<RefCell<Vec<Rc<RefCell<Shadow>>>>>,
}

impl Stand {
    /// One whose shadows must be over by then.
    pub(super) fn new(until: Instant) -> Self {
        Self { until, shadows: Rc::default() }
    }

    /// What a failed test should know of its pipelines, line by line.
    pub(super) fn story(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for shadow in self.shadows.borrow().iter() {
            let Ok(shadow) = shadow.try_borrow() else { continue };
            let mut told: Vec<(String, u64)> = Vec::new();
            for record in shadow.records() {
                let Some(error) = record.error else { continue };
                let line = format!("{}: {error}", shadow.name(record.cog));
                match told.iter_mut().find(|(known, _)| *known == line) {
                    Some((_, count)) => *count += 1,
                    None => told.push((line, 1)),
                }
            }
            lines.extend(told.into_iter().map(|(line, count)| if count > 1 { format!("{line} ({count} times)") } else { line }));
            let passed = shadow.stubs().filter(|(_, part)| *part == Part::Passes);
            lines.extend(passed.map(|(name, part)| format!("{name}: {}; `replace` puts something in its place", part.word())));
        }
        lines
    }
}

impl Grounds for Stand {
    fn load(&self, wound: Wound, wall: Option<SystemTime>, replace: Vec<(String, Box<dyn Cog>)>) -> Result<Box<dyn Subject>> {
        let wall = wall.unwrap_or(SystemTime::UNIX_EPOCH + WALL);
        let shadow = Rc::new(RefCell::new(Shadow::of(wound, Terms { wall, until: self.until, ticks: true, replace, ..Terms::default() })?));
        self.shadows.borrow_mut().push(Rc::clone(&shadow));
        Ok(Box::new(OnTrial(shadow)))
    }

    fn differences(&self, got: &Datum, wanted: &Datum) -> Option<String> {
        differences(got, wanted)
    }
}

struct OnTrial(Rc<RefCell<Shadow>>);

fn data(records: Vec<Record>) -> Vec<Datum> {
    records.into_iter().filter_map(|record| record.datum).collect()
}

impl Subject for OnTrial {
    fn feed(&mut self, cog: &str, datum: Datum) -> Result<()> {
        self.0.borrow_mut().feed(cog, datum)
    }

    fn line(&mut self, cog: &str, line: &str) -> Result<()> {
        let mut shadow = self.0.borrow_mut();
        if shadow.is_silent(cog)? { shadow.read(cog, Datum::from(line)) } else { shadow.feed(cog, Datum::from(line)) }
    }

    fn advance(&mut self, by: Duration) -> Result<()> {
        self.0.borrow_mut().advance(by)
    }

    fn finish(&mut self) -> Result<i32> {
        self.0.borrow_mut().finish()
    }

    fn output(&self, cog: &str) -> Result<Vec<Datum>> {
        self.0.borrow().at(cog, What::Left).map(data)
    }

    fn dropped(&self, cog: &str) -> Result<Vec<Datum>> {
        self.0.borrow().at(cog, What::Dropped).map(data)
    }

    fn failed(&self, cog: &str) -> Result<Vec<(Option<Datum>, String)>> {
        let records = self.0.borrow().at(cog, What::Failed)?;
        Ok(records.into_iter().map(|record| (record.datum, record.error.unwrap_or_default())).collect())
    }

    fn books(&self) -> Vec<(&'static str, u64)> {
        let books = self.0.borrow().balance();
        vec![
            ("born", books.born),
            ("split", books.split),
            ("merged", books.merged),
            ("delivered", books.delivered),
            ("filtered", books.filtered),
            ("dead", books.dead),
            ("failed", books.failed),
            ("in_flight", books.in_flight),
        ]
    }
}
