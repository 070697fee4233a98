//! `why`: the way of one event; `whynot`: which events matched where they came in, and where they ended.

use std::time::Duration;

use super::handle::{Answer, Asker};
use super::look::{micros, time};
use super::memory::{Step, Way};
use super::words::{Words, Wrong};
use super::{Control, map};
use crate::datum::{Datum, json};
use crate::train::{Became, Train};

/// Changes told of one event in one cog at most.
const CHANGES: usize = 100;

/// What became of an event, in a word.
pub(super) fn word(became: Became) -> &'static str {
    match became {
        Became::Passed => "passed",
        Became::Dropped => "dropped",
        Became::Failed => "failed",
        Became::Kept => "kept",
    }
}

/// What differs between two data: path, before, after.
pub(super) fn changes(before: &Datum, after: &Datum) -> Datum {
    let mut found = Vec::new();
    compare("", before, after, &mut found, 0);
    Datum::List(found)
}

fn compare(path: &str, before: &Datum, after: &Datum, found: &mut Vec<Datum>, depth: usize) {
    if found.len() >= CHANGES || before == after && before.kind() == after.kind() {
        return;
    }
    let (old, new) = (before.opened(), after.opened());
    let (Some(old), Some(new), true) = (old.as_map(), new.as_map(), depth < 8) else {
        let told = |datum: &Datum| Datum::from(crate::error::shorten(&json::to_string(datum), 400));
        found.push(map([("field", Datum::from(path)), ("before", told(before)), ("after", told(after))]));
        return;
    };
    let name = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    for (key, value) in old.iter() {
        match new.by_name(key.as_str()) {
            Some(now) => compare(&name(key.as_str()), value, now, found, depth + 1),
            None => found.push(map([
                ("field", Datum::from(name(key.as_str()))),
                ("before", Datum::from(crate::error::shorten(&json::to_string(value), 400))),
            ])),
        }
    }
    for (key, value) in new.iter().filter(|(key, _)| old.by_name(key.as_str()).is_none()) {
        found.push(map([
            ("field", Datum::from(name(key.as_str()))),
            ("after", Datum::from(crate::error::shorten(&json::to_string(value), 400))),
        ]));
    }
}

impl Control {
    /// `why ID`
    pub(super) fn why(&mut self, train: &mut Train, asker: &Asker, words: &Words) -> Answer {
        let id = words.need(0)?;
        let way = self.memory.way(id).ok_or_else(|| self.unknown_event(id))?.clone();
        let told = self.tell_way(train, &way);
        // Which line of the script it was is found out by running the cog's own closure again, elsewhere.
        match way.steps.iter().find(|step| matches!(step.became, Became::Dropped | Became::Failed)) {
            Some(step) => self.trace_step(train, asker, told, step),
            None => Ok(Some(told)),
        }
    }

    fn tell_way(&self, train: &Train, way: &Way) -> Datum {
        let steps = way.steps.iter().map(|step| self.tell_step(train, step)).collect();
        let mut told = map([
            ("id", Datum::from(way.id.as_str())),
            ("supply", Datum::from(train.name_of(way.name.0))),
            ("place", Datum::Int(way.place as i64)),
            ("time", time(way.time)),
            ("datum", way.datum.clone()),
            ("steps", Datum::List(steps)),
        ]);
        if let Some(map) = told.map_mut() {
            map.push("end".into(), Self::ended(train, way));
        }
        told
    }

    /// How a way ended, in a sentence.
    fn ended(train: &Train, way: &Way) -> Datum {
        let Some(step) = way.end() else { return Datum::from("it is on its way, or its cog was not looked at") };
        let cog = train.name_of(step.cog);
        Datum::from(match (step.became, &step.error) {
            (Became::Failed, Some(error)) => format!("failed in `{cog}`: {error}"),
            (Became::Failed, None) => format!("failed in `{cog}`"),
            (Became::Dropped, _) => format!("dropped by `{cog}`"),
            (Became::Kept, _) if train.cogs().nth(step.cog as usize).is_some_and(|cog| cog.targets.is_empty()) => {
                format!("taken by `{cog}`")
            }
            (Became::Kept, _) => format!("kept by `{cog}`"),
            (Became::Passed, _) => format!("passed `{cog}`"),
        })
    }

    fn tell_step(&self, train: &Train, step: &Step) -> Datum {
        let name = train.name_of(step.cog);
        let changes = match &*step.parts {
            [one] if step.count == 1 => changes(&step.before, one),
            _ => Datum::Unit,
        };
        map([
            ("cog", Datum::from(name)),
            ("place", self.place_of(name)),
            ("became", Datum::from(word(step.became))),
            ("count", Datum::Int(step.count as i64)),
            ("at_us", micros(step.at)),
            ("took_us", micros(step.took)),
            ("error", step.error.as_deref().map_or(Datum::Unit, Datum::from)),
            ("changes", changes),
            ("parts", if step.count > 1 { Datum::List(step.parts.clone()) } else { Datum::Unit }),
        ])
    }

    /// `whynot EXPR [last 5m]`
    pub(super) fn whynot(&mut self, train: &mut Train, words: &Words) -> Result<Datum, Wrong> {
        let predicate = self.predicate(words.need(0)?)?;
        let last = words.clause("last").map(super::tap::span).transpose()?;
        let now = train.escapement().wall();
        let young = |way: &&Way| last.is_none_or(|last| now.duration_since(way.time).unwrap_or(Duration::ZERO) <= last);
        let mut looked = 0;
        let mut found = Vec::new();
        for way in self.memory.ways().filter(young) {
            looked += 1;
            // An event may match only after it was parsed: what it was in any cog counts.
            let seen = [&way.datum].into_iter().chain(way.steps.iter().map(|step| &step.before));
            if let Some(datum) = seen.into_iter().find(|datum| predicate.test(datum).unwrap_or(false)) {
                found.push(map([
                    ("id", Datum::from(way.id.as_str())),
                    ("time", time(way.time)),
                    ("end", Self::ended(train, way)),
                    ("place", way.end().map_or(Datum::Unit, |step| self.place_of(train.name_of(step.cog)))),
                    ("datum", datum.clone()),
                ]));
            }
        }
        if looked == 0 {
            let wrong = Wrong::new("no event is remembered");
            return Err(if self.memory.on { wrong } else { wrong.hint("`record on` remembers events that come from now on") });
        }
        Ok(map([
            ("looked_at", Datum::Int(looked)),
            ("left_out", Datum::Int(self.memory.left_out as i64)),
            ("matched", Datum::Int(found.len() as i64)),
            ("events", Datum::List(found.into_iter().rev().take(100).collect())),
        ]))
    }

    /// `record [on|off]`
    pub(super) fn record(&mut self, train: &mut Train, client: u64, words: &Words) -> Result<Datum, Wrong> {
        match words.arg(0) {
            None => {}
            Some("on") => {
                if let Some(client) = self.clients.get_mut(&client) {
                    client.records = true;
                }
            }
            Some("stay") => self.stays = true,
            Some("off") => {
                self.stays = false;
                self.clients.values_mut().for_each(|client| client.records = false);
            }
            Some(odd) => return Err(Wrong::new(format!("`{odd}` is none of `on`, `stay`, `off`")).hint(words.usage())),
        }
        self.arm(train);
        Ok(Datum::Map(self.memory.about()))
    }

    /// `recent [COG] [-n N]`
    pub(super) fn recent(&mut self, train: &Train, words: &Words) -> Result<Datum, Wrong> {
        let most = words.number("-n")?.unwrap_or(10) as usize;
        let only = words.arg(0).map(|name| Self::cog(train, name)).transpose()?;
        let line = |way: &Way, datum: &Datum| {
            map([
                ("id", Datum::from(way.id.as_str())),
                ("time", time(way.time)),
                ("end", Self::ended(train, way)),
                ("datum", datum.clone()),
            ])
        };
        let mut lines: Vec<Datum> = match only {
            Some(cog) => self.memory.given(cog).rev().take(most).map(|(way, datum)| line(way, datum)).collect(),
            None => self.memory.ways().rev().take(most).map(|way| line(way, &way.datum)).collect(),
        };
        if lines.is_empty() {
            return Err(match only {
                Some(cog) => self.nothing_remembered(train, cog),
                None => Wrong::new("no event is remembered").hint(if self.memory.on {
                    "none has come yet"
                } else {
                    "`record on` remembers those that come from now on"
                }),
            });
        }
        lines.reverse();
        Ok(Datum::List(lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_by_path() {
        let read = |text: &str| json::read(text).unwrap();
        let told =
            changes(&read(r#"{"a": 1, "b": {"c": "x", "d": 1}, "gone": 0}"#), &read(r#"{"a": 1, "b": {"c": "y", "d": 1}, "new": []}"#));
        assert_eq!(
            json::to_string(&told),
            r#"[{"field":"b.c","before":"\"x\"","after":"\"y\""},{"field":"gone","before":"0"},{"field":"new","after":"[]"}]"#
        );
        assert_eq!(changes(&read("1"), &read("1")), Datum::List(Vec::new()));
    }
}
