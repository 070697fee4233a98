//! What the train knows of a cog besides the cog itself, and what travels between cogs.

use std::rc::Rc;
use std::sync::Arc;

use super::args::{Common, OnError};
use super::faults::Faults;
use super::origin::{Lineage, Origins};
use crate::datum::Datum;
use crate::disk::{self, Disk};
use crate::escapement::{Moment, Token};

/// One datum on its way, with its lineage.
#[derive(Debug)]
pub struct Event {
    /// The value.
    pub datum: Datum,
    /// What it was made from.
    pub lineage: Lineage,
}

/// A broadcast.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Its name: `event_done`, `event_failed`, `event_rename`, or the user's own.
    pub name: Rc<str>,
    /// Its arguments.
    pub args: Vec<Datum>,
}

/// What a cog keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many data.
    pub held: usize,
    /// Whether it is blocked: it can do nothing with more until something outside changes.
    pub stalled: bool,
}

/// What a cog has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Data given to it.
    pub given: u64,
    /// Data that it emitted.
    pub emitted: u64,
    /// Data that it swallowed on purpose.
    pub swallowed: u64,
    /// Data that failed in it.
    pub errors: u64,
}

/// What the train knows of a cog besides the cog itself.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Seat {
    /// Its number in the train, and its owner number in the escapement.
    pub number: u32,
    /// Its name.
    pub name: Rc<str>,
    /// Where the script made it, as `file:line`; empty when unknown.
    pub place: String,
    /// What becomes of data that fail.
    pub on_error: OnError,
    /// Options that the train sees to.
    pub common: Common,
    /// Whether anything stands behind it.
    pub has_successors: bool,
    /// Whether its life is over: nothing can be bound any more.
    pub closed: bool,
    /// Counters.
    pub stats: Stats,
    /// What went wrong and does not stand in the books: faults of the cog itself, data made from no event that failed.
    pub faults: u64,
    /// The number of its next origin, for a supply.
    pub next_origin: u64,
    /// Broadcasts it made, to be delivered when its call is over.
    pub notices: Vec<Notice>,
    /// Data that failed and go to the error route.
    pub failed: Vec<Event>,
    /// Set when it asks for the train's end, with the status that it asks for.
    pub stop: Option<i32>,
    /// Set when the signal to end that it was told of is to end nothing.
    pub pardons: bool,
    /// Whether the train is only tried out.
    pub apart: bool,
    /// Set when it wants all drains to sync.
    pub asks_sync: bool,
    /// Set when it wants to know whether more data can come.
    pub asks_for_more: bool,
    /// The time to end is over: what fails now would not have failed with more of it.
    pub gives_up: bool,
    /// Whether it found no room and waits to be told of some.
    pub waits_for_room: bool,
    /// Since when.
    pub waits_since: Option<Moment>,
    /// Whether it was blocked when it was last looked at; see [`Backlog::stalled`].
    pub stalled: bool,
    /// Whether something behind it is, for a cog that heeds this.
    pub blocked: bool,
    /// What failed in it, by kind.
    pub faults_seen: Faults,
    /// Whether it is to read nothing more, for a supply.
    pub paused: bool,
    /// Parts that it keeps and that take no room of their supplies.
    pub excused: Origins,
    /// Which of its bindings has fired, while it is woken by one.
    pub woken_by: Option<Token>,
    /// The file system that it uses.
    pub disk: Arc<dyn Disk>,
}

impl Seat {
    /// The seat of a cog.
    pub fn new(number: u32, name: &str, common: Common) -> Self {
        Self {
            number,
            name: name.into(),
            place: String::new(),
            on_error: common.on_error.unwrap_or_default(),
            common,
            has_successors: true,
            closed: false,
            stats: Stats::default(),
            faults: 0,
            next_origin: 0,
            notices: Vec::new(),
            failed: Vec::new(),
            stop: None,
            pardons: false,
            apart: false,
            asks_sync: false,
            asks_for_more: false,
            gives_up: false,
            waits_for_room: false,
            waits_since: None,
            stalled: false,
            blocked: false,
            faults_seen: Faults::default(),
            paused: false,
            excused: Origins::default(),
            woken_by: None,
            disk: disk::real(),
        }
    }
}
