//! `count`: events that leave a cog, counted by a value for some seconds.

use std::collections::HashMap;
use std::time::Duration;

use super::handle::{Answer, Asker};
use super::tap::span;
use super::words::{Words, Wrong};
use super::{Control, Wait, map};
use crate::datum::Datum;
use crate::getset::{Getter, Predicate};
use crate::train::Train;

/// Values counted apart at most.
const VALUES: usize = 10_000;
/// How long a count takes where nothing is said.
const COUNT: Duration = Duration::from_secs(5);

/// One count.
pub(super) struct Count {
    pub(super) number: u64,
    pub(super) client: u64,
    pub(super) cog: String,
    wanted: Option<Predicate>,
    by: Getter,
    values: HashMap<String, u64>,
    others: u64,
    seen: u64,
}

impl Control {
    /// `count COG by EXPR [where EXPR] [for 10s]`
    pub(super) fn count(&mut self, train: &mut Train, asker: &Asker, words: &Words) -> Answer {
        let cog = Self::cog(train, words.need(0)?)?;
        let by = words.clause("by").ok_or_else(|| Wrong::new("by what?").hint(words.usage()))?;
        let by = self.getter(by)?;
        let wanted = words.clause("where").map(|text| self.predicate(text)).transpose()?;
        let time = words.clause("for").map_or(Ok(COUNT), span)?;
        self.taps.last += 1;
        let number = self.taps.last;
        let cog = train.name_of(cog).to_owned();
        self.taps.counts.push(Count { number, client: asker.client, cog, wanted, by, values: HashMap::new(), others: 0, seen: 0 });
        self.retap(train);
        let token = train.escapement().after(Train::OVERSEER, time);
        self.wait(train, token, asker, Wait::Count(number));
        Ok(None)
    }

    /// The time of a count is over.
    pub(super) fn counted(&mut self, train: &mut Train, number: u64) -> Datum {
        let Some(place) = self.taps.counts.iter().position(|count| count.number == number) else { return Datum::Unit };
        let count = self.taps.counts.remove(place);
        self.retap(train);
        let mut values: Vec<(String, u64)> = count.values.into_iter().collect();
        values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let share = |n: u64| Datum::Float((n as f64 * 1000.0 / count.seen.max(1) as f64).round() / 10.0);
        let mut lines: Vec<Datum> = values
            .into_iter()
            .take(100)
            .map(|(value, n)| map([("value", Datum::from(value)), ("count", Datum::Int(n as i64)), ("share", share(n))]))
            .collect();
        if count.others > 0 {
            lines.push(map([
                ("value", Datum::from("(others)")),
                ("count", Datum::Int(count.others as i64)),
                ("share", share(count.others)),
            ]));
        }
        Datum::List(lines)
    }
}

impl Count {
    /// Counts one.
    pub(super) fn note(&mut self, datum: &Datum) {
        if let Some(predicate) = &self.wanted
            && !predicate.test(datum).unwrap_or(false)
        {
            return;
        }
        self.seen += 1;
        let value = match self.by.get(datum) {
            Ok(value) => crate::error::shorten(&value.piece(), 200),
            Err(_) => "(error)".to_owned(),
        };
        if self.values.len() < VALUES || self.values.contains_key(&value) {
            *self.values.entry(value).or_default() += 1;
        } else {
            self.others += 1;
        }
    }
}
