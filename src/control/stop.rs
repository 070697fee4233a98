//! Breakpoints: events parked at a cog while all others flow, looked at, changed, sent on step by step.
//!
//! A parked event stays on its way for the books: its supply's checkpoint waits for it, and it takes room. What a client parked goes on
//! when it leaves, and when the train ends.

use std::collections::{HashMap, HashSet};

use super::tap::{Side, name};
use super::words::{Words, Wrong};
use super::{Control, map};
use crate::cog::{Event, Kind};
use crate::datum::{Datum, Path};
use crate::getset::Predicate;
use crate::train::{Became, Hop, Train};

/// Events parked at most; breakpoints let more pass and count them.
const MOST: usize = 1000;

/// Where a breakpoint is.
enum At {
    /// At a cog.
    Cog(String, Side),
    /// Wherever this field changes.
    Field(Path, String),
    /// Wherever something fails.
    Error,
}

struct Break {
    number: u64,
    client: u64,
    at: At,
    condition: Option<(String, Predicate)>,
    after: u64,
    once: bool,
    enabled: bool,
    seen: u64,
    hits: u64,
    passed_by: u64,
    fault: Option<String>,
}

/// An event that waits at a breakpoint.
pub(super) struct Parked {
    pub(super) number: u64,
    pub(super) client: u64,
    /// The cog.
    pub(super) cog: u32,
    pub(super) side: Side,
    /// The event.
    pub(super) event: Event,
    pub(super) id: String,
    /// Where it was before, and as what.
    pub(super) history: Vec<(u32, Datum)>,
    /// It has failed already; this is a copy.
    pub(super) error: Option<String>,
}

impl Parked {
    /// What is told of it.
    pub(super) fn told(&self, train: &Train) -> Datum {
        map([
            ("event", Datum::from("stop")),
            ("parked", Datum::Int(self.number as i64)),
            ("cog", Datum::from(train.name_of(self.cog))),
            ("side", Datum::from(self.side.word())),
            ("id", Datum::from(self.id.as_str())),
            ("error", self.error.as_deref().map_or(Datum::Unit, Datum::from)),
            ("datum", self.event.datum.clone()),
        ])
    }
}

/// How an event is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// To the next cog.
    Step,
    /// From cog to cog.
    Follow,
    /// It is told where it goes, and not stopped.
    Trace,
}

pub(super) struct Followed {
    pub(super) client: u64,
    pub(super) how: How,
    pub(super) history: Vec<(u32, Datum)>,
}

/// All breakpoints, and what waits at them.
#[derive(Default)]
pub(super) struct Stops {
    breaks: Vec<Break>,
    pub(super) parked: Vec<Parked>,
    pub(super) followed: HashMap<(u32, u64), Followed>,
    /// Clients that step inside a cog.
    inside: HashSet<u64>,
    last: u64,
    last_parked: u64,
    /// Cogs with breakpoints, by side.
    wanted: Vec<(u32, Side)>,
}

impl Stops {
    pub(super) fn count(&self) -> usize {
        self.breaks.len()
    }

    pub(super) fn parked_count(&self) -> usize {
        self.parked.len()
    }

    /// Whether every event is to be followed through every cog.
    pub(super) fn follows_all(&self) -> bool {
        !self.followed.is_empty() || self.breaks.iter().any(|one| one.enabled && !matches!(one.at, At::Cog(..)))
    }

    pub(super) fn is_stepping(&self) -> bool {
        !self.followed.is_empty()
    }

    pub(super) fn wants_entering(&self, cog: u32) -> bool {
        self.wanted.contains(&(cog, Side::In))
    }

    pub(super) fn wants_leaving(&self, cog: u32) -> bool {
        self.wanted.contains(&(cog, Side::Out))
    }

    /// Whether the train must not end, as something waits.
    pub(super) fn holds(&self) -> bool {
        self.parked.iter().any(|parked| parked.error.is_none())
    }

    pub(super) fn parked(&self, number: u64) -> Option<&Parked> {
        self.parked.iter().find(|parked| parked.number == number)
    }

    pub(super) fn parked_mut(&mut self, number: u64) -> Option<&mut Parked> {
        self.parked.iter_mut().find(|parked| parked.number == number)
    }

    pub(super) fn steps_inside(&self, client: u64) -> bool {
        self.inside.contains(&client)
    }

    pub(super) fn inside(&mut self, client: u64, inside: bool) {
        if inside {
            self.inside.insert(client)
        } else {
            self.inside.remove(&client)
        };
    }

    /// A client has gone; what it parked is given back.
    pub(super) fn forget(&mut self, client: u64) -> Vec<Parked> {
        self.breaks.retain(|one| one.client != client);
        self.followed.retain(|_, followed| followed.client != client);
        self.inside.remove(&client);
        let (gone, stay) = std::mem::take(&mut self.parked).into_iter().partition(|parked| parked.client == client);
        self.parked = stay;
        gone
    }

    /// All ends.
    pub(super) fn end(&mut self) -> Vec<Parked> {
        self.breaks.clear();
        self.followed.clear();
        self.wanted.clear();
        std::mem::take(&mut self.parked)
    }

    /// Finds the cogs by their names.
    pub(super) fn find(&mut self, train: &Train) {
        let number = |name: &str| train.cogs().filter(|cog| !cog.closed && cog.name == name).map(|cog| cog.number).last();
        let of = |one: &Break| match &one.at {
            At::Cog(name, side) if one.enabled => Some((number(name)?, *side)),
            _ => None,
        };
        self.wanted = self.breaks.iter().filter_map(of).collect();
    }

    /// Whether one of the breakpoints there stops this event: its number and whose it is.
    fn hit(&mut self, datum: &Datum, is_there: impl Fn(&At) -> bool) -> Option<(u64, u64)> {
        let full = self.parked.len() >= MOST;
        for one in self.breaks.iter_mut().filter(|one| one.enabled && is_there(&one.at)) {
            if let Some((_, condition)) = &one.condition {
                match condition.test(datum) {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(error) => {
                        one.fault.get_or_insert_with(|| error.to_string());
                        continue;
                    }
                }
            }
            one.seen += 1;
            if one.seen <= one.after {
                continue;
            }
            if full {
                one.passed_by += 1;
                continue;
            }
            one.hits += 1;
            one.enabled = !one.once;
            return Some((one.number, one.client));
        }
        None
    }
}

impl Control {
    /// `break COG [in|out] [if EXPR] [after N] [once]`, `break .FIELD`, `break error`
    pub(super) fn set_break(&mut self, train: &mut Train, client: u64, words: &Words) -> Result<Datum, Wrong> {
        let what = words.need(0)?;
        let at = if let Some(field) = what.strip_prefix('.') {
            let path = Path::parse(field).map_err(|error| Wrong::new(error.to_string()))?;
            At::Field(path, what.to_owned())
        } else if what == "error" && Self::cog(train, what).is_err() {
            At::Error
        } else {
            let cog = Self::cog(train, what)?;
            let is_supply = train.cogs().any(|view| view.number == cog && view.kind == Kind::Supply);
            let side = match words.arg(1) {
                None if is_supply => Side::Out,
                None | Some("in") if !is_supply => Side::In,
                Some("out") => Side::Out,
                Some("in") | None => return Err(Wrong::new("nothing enters a supply: break at it `out`")),
                Some(odd) => return Err(Wrong::new(format!("`{odd}` is neither `in` nor `out`")).hint(words.usage())),
            };
            At::Cog(train.name_of(cog).to_owned(), side)
        };
        let condition = words.clause("if").map(|text| Ok::<_, Wrong>((text.to_owned(), self.predicate(text)?))).transpose()?;
        let after = words
            .clause("after")
            .map_or(Ok(0), |text| text.parse().map_err(|_| Wrong::new("`after` takes a number").hint(words.usage())))?;
        self.stops.last += 1;
        let number = self.stops.last;
        let once = words.clause("once").is_some();
        self.stops.breaks.push(Break {
            number,
            client,
            at,
            condition,
            after,
            once,
            enabled: true,
            seen: 0,
            hits: 0,
            passed_by: 0,
            fault: None,
        });
        self.restop(train);
        Ok(map([("breakpoint", Datum::Int(number as i64))]))
    }

    /// Something about breakpoints has changed.
    pub(super) fn restop(&mut self, train: &mut Train) {
        self.stops.find(train);
        self.arm(train);
    }

    /// `bl`
    pub(super) fn list_breaks(&self, train: &Train) -> Datum {
        let breaks = self.stops.breaks.iter().map(|one| {
            let at = match &one.at {
                At::Cog(name, side) => format!("{name} {}", side.word()),
                At::Field(_, name) => name.clone(),
                At::Error => "error".to_owned(),
            };
            map([
                ("breakpoint", Datum::Int(one.number as i64)),
                ("at", Datum::from(at)),
                ("if", one.condition.as_ref().map_or(Datum::Unit, |(text, _)| Datum::from(text.as_str()))),
                ("on", Datum::Bool(one.enabled)),
                ("hits", Datum::Int(one.hits as i64)),
                ("passed_by", Datum::Int(one.passed_by as i64)),
                ("fault", one.fault.as_deref().map_or(Datum::Unit, Datum::from)),
            ])
        });
        let parked = self.stops.parked.iter().map(|parked| parked.told(train)).collect();
        map([("breakpoints", Datum::List(breaks.collect())), ("parked", Datum::List(parked))])
    }

    /// `bd N|all`
    pub(super) fn delete_break(&mut self, train: &mut Train, words: &Words) -> Result<Datum, Wrong> {
        let before = self.stops.breaks.len();
        match words.need(0)? {
            "all" => self.stops.breaks.clear(),
            text => {
                let number: u64 =
                    text.parse().map_err(|_| Wrong::new(format!("`{text}` is no number of a breakpoint")).hint("`bl` lists them"))?;
                self.stops.breaks.retain(|one| one.number != number);
                if before == self.stops.breaks.len() {
                    return Err(Wrong::new(format!("there is no breakpoint {number}")).hint("`bl` lists them"));
                }
            }
        }
        self.restop(train);
        Ok(map([("deleted", Datum::Int((before - self.stops.breaks.len()) as i64))]))
    }

    /// `be N on|off`
    pub(super) fn enable_break(&mut self, train: &mut Train, words: &Words) -> Result<Datum, Wrong> {
        let number: u64 = words.need(0)?.parse().map_err(|_| Wrong::new("which breakpoint?").hint(words.usage()))?;
        let on = match words.arg(1) {
            None | Some("on") => true,
            Some("off") => false,
            Some(odd) => return Err(Wrong::new(format!("`{odd}` is neither `on` nor `off`"))),
        };
        let one = self.stops.breaks.iter_mut().find(|one| one.number == number);
        one.ok_or_else(|| Wrong::new(format!("there is no breakpoint {number}")).hint("`bl` lists them"))?.enabled = on;
        self.restop(train);
        Ok(map([("breakpoint", Datum::Int(number as i64)), ("on", Datum::Bool(on))]))
    }

    /// What enters a cog is parked, where it is to be.
    pub(super) fn stop_entering(&mut self, train: &mut Train, cog: u32, events: &mut Vec<Event>) {
        if self.stops.is_stepping() || self.stops.wants_entering(cog) {
            self.park(train, cog, Side::In, events);
        }
    }

    /// What leaves a cog is parked, where it is to be.
    pub(super) fn stop_leaving(&mut self, train: &mut Train, cog: u32, events: &mut Vec<Event>) {
        if self.stops.wants_leaving(cog) {
            self.park(train, cog, Side::Out, events);
        }
    }

    fn park(&mut self, train: &mut Train, cog: u32, side: Side, events: &mut Vec<Event>) {
        let here = train.name_of(cog).to_owned();
        let mut parked = false;
        let mut stay = Vec::with_capacity(events.len());
        for event in events.drain(..) {
            let followed = name(&event.lineage).filter(|_| side == Side::In);
            let step = followed.and_then(|name| {
                let followed = self.stops.followed.get_mut(&name).filter(|followed| followed.how != How::Trace)?;
                Some((followed.client, std::mem::take(&mut followed.history), followed.how, name))
            });
            let stopped = if let Some((client, history, how, name)) = step {
                if how == How::Step {
                    self.stops.followed.remove(&name);
                }
                Some((client, history))
            } else {
                let there = |at: &At| matches!(at, At::Cog(name, at) if *at == side && *name == here);
                self.stops.hit(&event.datum, there).map(|(_, client)| (client, Vec::new()))
            };
            match stopped {
                Some((client, history)) => {
                    self.keep(train, client, cog, side, event, history, None);
                    parked = true;
                }
                None => stay.push(event),
            }
        }
        *events = stay;
        if parked {
            self.restop(train);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of it is the parked event")]
    fn keep(
        &mut self,
        train: &Train,
        client: u64,
        cog: u32,
        side: Side,
        event: Event,
        history: Vec<(u32, Datum)>,
        failed: Option<(String, String)>,
    ) {
        self.stops.last_parked += 1;
        let number = self.stops.last_parked;
        // What has failed is a copy, whose lineage says nothing.
        let (id, error) = match failed {
            Some((id, error)) => (id, Some(error)),
            None => (train.id(&event.lineage), None),
        };
        let parked = Parked { number, client, cog, side, event, id, history, error };
        if let Some(client) = self.clients.get_mut(&client) {
            client.tell(&parked.told(train));
            client.show(&parked.event.datum);
            client.current.get_or_insert(number);
        }
        self.stops.parked.push(parked);
    }

    /// What became of an event: told to who traces it, parked where its field changed or it failed.
    pub(super) fn stop_hop(&mut self, train: &mut Train, hop: Hop, became: &mut Vec<Event>) {
        let traced = name(&hop.lineage).and_then(|name| self.stops.followed.get(&name));
        if let Some(followed) = traced.filter(|followed| followed.how == How::Trace) {
            let client = followed.client;
            let changes = match &**became {
                [one] => super::why::changes(&hop.before, &one.datum),
                _ => Datum::Unit,
            };
            let told = map([
                ("event", Datum::from("hop")),
                ("cog", Datum::from(train.name_of(hop.cog))),
                ("id", Datum::from(train.id(&hop.lineage))),
                ("became", Datum::from(super::why::word(hop.became))),
                ("count", Datum::Int(became.len() as i64)),
                ("took_us", super::look::micros(hop.took)),
                ("error", hop.error.as_deref().map_or(Datum::Unit, Datum::from)),
                ("changes", changes),
            ]);
            self.tell(client, &told);
        }
        if self.stops.breaks.iter().all(|one| matches!(one.at, At::Cog(..))) {
            return;
        }
        if hop.became == Became::Failed {
            if let Some((_, client)) = self.stops.hit(&hop.before, |at| matches!(at, At::Error)) {
                // It is settled; this copy belongs to nobody.
                let event = Event { datum: hop.before, lineage: crate::cog::Lineage::default() };
                let id = train.id(&hop.lineage);
                self.keep(train, client, hop.cog, Side::In, event, Vec::new(), Some((id, hop.error.unwrap_or_default())));
            }
            return;
        }
        let (before, parked) = (&hop.before, self.stops.parked.len());
        let mut stay = Vec::with_capacity(became.len());
        for event in became.drain(..) {
            let changed = |at: &At| match at {
                // What is parsed or made a text has all its fields made or gone.
                At::Field(path, _) if before.kind() == "map" && event.datum.kind() == "map" => {
                    path.get(before).as_deref() != path.get(&event.datum).as_deref()
                }
                _ => false,
            };
            match self.stops.hit(&event.datum, changed) {
                Some((_, client)) => self.keep(train, client, hop.cog, Side::Out, event, vec![(hop.cog, before.clone())], None),
                None => stay.push(event),
            }
        }
        *became = stay;
        if self.stops.parked.len() > parked {
            self.arm(train);
        }
    }
}
