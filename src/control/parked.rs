//! What is done with a parked event: `continue`, `step`, `follow`, `trace`, `drop`, `back`.

use super::stop::{Followed, How, Parked};
use super::tap::{Side, name};
use super::words::{Words, Wrong};
use super::{Control, map};
use crate::cog::Outcome;
use crate::datum::Datum;
use crate::train::Train;

impl Control {
    /// The parked event that a client looks at.
    pub(super) fn current(&self, client: u64) -> Result<u64, Wrong> {
        let current = self.clients.get(&client).and_then(|client| client.current).filter(|number| self.stops.parked(*number).is_some());
        let any = || self.stops.parked.iter().find(|parked| parked.client == client).map(|parked| parked.number);
        current.or_else(any).ok_or_else(|| Wrong::new("nothing is parked").hint("`break COG if EXPR` parks an event"))
    }

    /// Takes a parked event out; the next one is looked at from now on.
    pub(super) fn take_parked(&mut self, train: &mut Train, client: u64, number: u64) -> Result<Parked, Wrong> {
        let place = self.stops.parked.iter().position(|parked| parked.number == number);
        let parked = self.stops.parked.remove(place.ok_or_else(|| Wrong::new("it has gone on meanwhile"))?);
        let next = self.stops.parked.iter().find(|parked| parked.client == client).map(|parked| parked.number);
        if let Some(client) = self.clients.get_mut(&client) {
            client.current = next;
        }
        self.stops.inside(client, false);
        self.arm(train);
        Ok(parked)
    }

    /// Lets a parked event go on.
    pub(super) fn resume(train: &mut Train, parked: Parked) {
        match parked.side {
            // A copy of what failed is nobody's: it goes nowhere.
            _ if parked.error.is_some() => {}
            Side::Out => train.resume_leaving(parked.cog, vec![parked.event]),
            _ => train.resume_entering(parked.cog, vec![parked.event]),
        }
    }

    /// `step`, `follow`
    pub(super) fn step(&mut self, train: &mut Train, client: u64, follows: bool) -> Result<Datum, Wrong> {
        let how = if follows { How::Follow } else { How::Step };
        self.send_on(train, client, how)
    }

    fn send_on(&mut self, train: &mut Train, client: u64, how: How) -> Result<Datum, Wrong> {
        let number = self.current(client)?;
        let mut parked = self.take_parked(train, client, number)?;
        let Some(name) = name(&parked.event.lineage) else {
            let wrong = Wrong::new("this is a copy of what has failed, or belongs to no event: it cannot be followed");
            self.stops.parked.push(parked);
            return Err(wrong);
        };
        if parked.side == Side::In {
            parked.history.push((parked.cog, parked.event.datum.clone()));
        }
        let history = parked.history.clone();
        self.stops.followed.insert(name, Followed { client, how, history });
        self.arm(train);
        let told = map([("id", Datum::from(parked.id.as_str())), ("from", Datum::from(train.name_of(parked.cog)))]);
        Self::resume(train, parked);
        Ok(told)
    }

    /// `trace [ID]`
    pub(super) fn trace(&mut self, train: &mut Train, client: u64, words: &Words) -> Result<Datum, Wrong> {
        match words.arg(0) {
            None => self.send_on(train, client, How::Trace),
            Some(id) => {
                let parked = self.stops.parked.iter().find(|parked| parked.client == client && parked.id == id).map(|parked| parked.number);
                let parked = parked
                    .ok_or_else(|| Wrong::new(format!("`{id}` is not parked")).hint("`why` tells the way of one that has gone by"))?;
                if let Some(client) = self.clients.get_mut(&client) {
                    client.current = Some(parked);
                }
                self.send_on(train, client, How::Trace)
            }
        }
    }

    /// `continue [all]`
    pub(super) fn go_on(&mut self, train: &mut Train, client: u64, words: &Words) -> Result<Datum, Wrong> {
        let mut count = 0;
        loop {
            let number = match self.current(client) {
                Ok(number) => number,
                Err(_) if count > 0 => break,
                Err(wrong) => return Err(wrong),
            };
            let parked = self.take_parked(train, client, number)?;
            if let Some(name) = name(&parked.event.lineage) {
                self.stops.followed.remove(&name);
            }
            Self::resume(train, parked);
            count += 1;
            if words.arg(0) != Some("all") {
                break;
            }
        }
        self.arm(train);
        let left = self.stops.parked.iter().filter(|parked| parked.client == client).count();
        let next = self.current(client).ok().and_then(|number| self.stops.parked(number)).map_or(Datum::Unit, |parked| parked.told(train));
        Ok(map([("gone_on", Datum::Int(count)), ("parked", Datum::Int(left as i64)), ("next", next)]))
    }

    /// `drop`
    pub(super) fn discard(&mut self, train: &mut Train, client: u64) -> Result<Datum, Wrong> {
        let number = self.current(client)?;
        let parked = self.take_parked(train, client, number)?;
        let told = map([("dropped", Datum::from(parked.id.as_str()))]);
        train.end_event(parked.event, Outcome::Filtered);
        Ok(told)
    }

    /// `back`
    pub(super) fn back(&mut self, train: &mut Train, client: u64) -> Result<Datum, Wrong> {
        let number = self.current(client)?;
        let Some(parked) = self.stops.parked_mut(number) else { return Err(Wrong::new("it has gone on meanwhile")) };
        let Some((cog, datum)) = parked.history.pop() else {
            return Err(Wrong::new("where it was before is not known").hint("it is for events that came here by `step`"));
        };
        (parked.cog, parked.side, parked.event.datum) = (cog, Side::In, datum);
        Ok(parked.told(train))
    }
}
