//! A script tried on data that it is given, and two versions of one compared.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use super::record::{Record, What};
use super::shadow::{Shadow, Terms};
use super::stubs::Part;
use crate::datum::{Datum, Parcel};
use crate::error::{Error, Result};
use crate::script::Wound;

/// Bytes of data in one shadow. Memory is measured of the whole process: a train that runs beside it must not find the limit of
/// its calls used up.
const BYTES: usize = 16 << 20;

/// Something that happened in a shadow, for another thread.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Which of the data it came of, where it came of one.
    pub event: Option<usize>,
    /// The cog.
    pub cog: String,
    /// What happened there.
    pub what: What,
    /// The datum: for one that was dropped or failed, as it was given.
    pub datum: Option<Parcel>,
    /// Why it failed, secrets masked.
    pub error: Option<String>,
    /// Whether that was when the train ended, as for windows that close.
    pub at_end: bool,
}

/// What differs between two versions of a script.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Events of which the same came.
    pub same: usize,
    /// All that differs.
    pub changed: Vec<Difference>,
    /// Cogs, of either version, that were not asked: what they add was not compared.
    pub unasked: Vec<String>,
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The event's place among those that were tried; none for what came of none, or of nothing alone.
    pub event: Option<usize>,
    /// The drain; for what failed the cog in which it did.
    pub drain: String,
    /// Whether it is what failed, as its texts, that differs.
    pub failed: bool,
    /// What came of the event in the old version.
    pub before: Vec<Parcel>,
    /// What in the new one.
    pub after: Vec<Parcel>,
}

/// What came of a script that was tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rehearsal {
    /// All that happened, in its order. Data are as they are: who shows them masks secrets.
    pub shown: Vec<Shown>,
    /// Cogs that did not do what they do in earnest, each with what they did instead.
    pub stubs: Vec<(String, Part)>,
    /// What the train would have written to the log, secrets masked.
    pub said: Vec<String>,
}

/// Lets these data enter a cog of the script in a shadow, or leave it where that is a supply, and ends the train. Gives all that
/// happened, in its order.
///
/// # Errors
/// As those of [`Shadow`].
pub fn dry(wound: Wound, cog: &str, data: Vec<Parcel>) -> Result<Vec<Shown>> {
    let events = data.into_iter().map(|parcel| (cog.to_owned(), parcel)).collect::<Vec<_>>();
    rehearse(wound, &events).map(|rehearsal| rehearsal.shown)
}

/// As [`dry`], each event by its own cog; tells besides what was not done in earnest.
///
/// # Errors
/// As those of [`Shadow`].
pub fn rehearse(wound: Wound, events: &[(String, Parcel)]) -> Result<Rehearsal> {
    let (shadow, records) = tried(wound, events, SystemTime::now())?;
    let shown = records.into_iter().map(|record| Shown {
        event: event_of(&shadow, &record),
        cog: shadow.name(record.cog).to_owned(),
        what: record.what,
        datum: record.datum.as_ref().map(Parcel::from),
        error: record.error,
        at_end: record.at_end,
    });
    let stubs = shadow.stubs().map(|(name, part)| (name.to_owned(), part));
    Ok(Rehearsal { shown: shown.collect(), stubs: stubs.collect(), said: shadow.said().to_vec() })
}

/// Tries both versions of a script on the same events, each by the cog that it is to enter, or to leave where that is a supply.
///
/// # Errors
/// As those of [`Shadow`], with the version they are of.
pub fn compare(old: Wound, new: Wound, events: &[(String, Parcel)]) -> Result<Comparison> {
    let wall = SystemTime::now();
    let told = |which: &str, error: Error| Error::Other(format!("in the {which} script: {error}"));
    let (before, first) = tried(old, events, wall).map_err(|error| told("old", error))?;
    let (after, second) = tried(new, events, wall).map_err(|error| told("new", error))?;
    let passed = before.stubs().chain(after.stubs()).filter(|(_, part)| *part == Part::Passes);
    let unasked: BTreeSet<String> = passed.map(|(name, _)| name.to_owned()).collect();
    let (mut before, mut after) = (by_place(&before, first), by_place(&after, second));
    let places: BTreeSet<Place> = before.keys().chain(after.keys()).cloned().collect();
    let mut comparison = Comparison { unasked: unasked.into_iter().collect(), ..Comparison::default() };
    let mut unlike = vec![false; events.len()];
    for place in places {
        let (old, new) = (before.remove(&place).unwrap_or_default(), after.remove(&place).unwrap_or_default());
        if old == new {
            continue;
        }
        let (event, failed, drain) = place;
        if let Some(unlike) = event.and_then(|event| unlike.get_mut(event)) {
            *unlike = true;
        }
        let parcels = |data: &[Datum]| data.iter().map(Parcel::from).collect();
        comparison.changed.push(Difference { event, drain, failed, before: parcels(&old), after: parcels(&new) });
    }
    comparison.same = unlike.iter().filter(|unlike| !**unlike).count();
    Ok(comparison)
}

/// Event, whether it failed, drain or cog.
type Place = (Option<usize>, bool, String);

fn by_place(shadow: &Shadow, records: Vec<Record>) -> BTreeMap<Place, Vec<Datum>> {
    let mut found: BTreeMap<Place, Vec<Datum>> = BTreeMap::new();
    for record in records {
        let datum = match record.what {
            What::Given => record.datum.clone(),
            What::Failed => record.error.as_deref().map(Datum::from),
            What::Left | What::Dropped => None,
        };
        if let Some(datum) = datum {
            let place = (event_of(shadow, &record), record.what == What::Failed, shadow.name(record.cog).to_owned());
            found.entry(place).or_default().push(datum);
        }
    }
    found
}

/// Which event it came of: the injector's numbers are the events' places.
fn event_of(shadow: &Shadow, record: &Record) -> Option<usize> {
    let (supply, number) = record.origin?;
    shadow.is_injector(supply).then_some(number as usize)
}

fn tried(wound: Wound, events: &[(String, Parcel)], wall: SystemTime) -> Result<(Shadow, Vec<Record>)> {
    let mut shadow = Shadow::of(wound, Terms { wall, bytes: BYTES, ..Terms::default() })?;
    for (cog, parcel) in events {
        shadow.feed(cog, Datum::from(parcel))?;
    }
    shadow.finish()?;
    let records = shadow.records();
    Ok((shadow, records))
}
