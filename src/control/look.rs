//! Commands that only look: cogs, counters, errors, fields, times.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::memory::Way;
use super::words::{Words, Wrong};
use super::{Control, map};
use crate::cog::{Fault, Kind};
use crate::datum::Datum;
use crate::train::{Train, View};

/// Fields told of one cog at most, and examples of one field.
const FIELDS: usize = 500;
const EXAMPLES: usize = 3;

/// A time as people and programs read it.
pub(super) fn time(time: SystemTime) -> Datum {
    jiff::Timestamp::try_from(time).map_or(Datum::Unit, |time| Datum::from(time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
}

/// A duration in microseconds, with its fraction.
pub(super) fn micros(duration: Duration) -> Datum {
    Datum::Float((duration.as_secs_f64() * 1e7).round() / 10.0)
}

fn number(count: u64) -> Datum {
    Datum::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

fn rounded(rate: Option<f64>) -> Datum {
    rate.map_or(Datum::Unit, |rate| Datum::Float((rate * 10.0).round() / 10.0))
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Supply => "supply",
        Kind::Drain => "drain",
        _ => "cog",
    }
}

/// Whether a name is meant by a pattern of letters, `*` and `?`.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (mut rest, mut letters) = (pattern.chars(), name.chars());
    match (rest.next(), letters.next()) {
        (None, None) => true,
        (Some('*'), _) => matches(rest.as_str(), name) || !name.is_empty() && matches(pattern, letters.as_str()),
        (Some('?'), Some(_)) => matches(rest.as_str(), letters.as_str()),
        (Some(wanted), Some(letter)) => wanted == letter && matches(rest.as_str(), letters.as_str()),
        _ => false,
    }
}

impl Control {
    /// `ls [GLOB]`
    pub(super) fn ls(&mut self, train: &Train, words: &Words) -> Result<Datum, Wrong> {
        let pattern = words.arg(0).unwrap_or("*");
        let list: Vec<Datum> =
            train.cogs().filter(|cog| !cog.closed && matches(pattern, cog.name)).map(|cog| self.line(train, &cog)).collect();
        if list.is_empty() && words.arg(0).is_some() {
            return Err(Wrong::new(format!("no cog is called `{pattern}`")).hint("`ls` lists all"));
        }
        Ok(Datum::List(list))
    }

    fn line(&self, train: &Train, cog: &View<'_>) -> Datum {
        let stats = cog.stats;
        let mut took: Vec<Duration> =
            self.memory.ways().flat_map(|way| &way.steps).filter(|step| step.cog == cog.number).map(|step| step.took).collect();
        took.sort_unstable();
        let at = |share: usize| took.get((took.len().saturating_sub(1)) * share / 100).map_or(Datum::Unit, |took| micros(*took));
        let doing = match (cog.paused, cog.backlog.stalled, cog.waits) {
            (true, ..) => "paused",
            (_, true, _) => "blocked",
            (_, _, Some(_)) => "waits",
            _ => "",
        };
        let _ = train;
        map([
            ("cog", Datum::from(cog.name)),
            ("kind", Datum::from(word(cog.kind))),
            ("in", number(stats.given)),
            ("out", number(stats.emitted)),
            ("dropped", number(stats.swallowed)),
            ("errors", number(stats.errors)),
            ("rate", rounded(self.rates.given(cog.number))),
            ("kept", Datum::Int(cog.backlog.held as i64)),
            ("state", Datum::from(doing)),
            ("p50_us", at(50)),
            ("p99_us", at(99)),
            ("last_error", cog.faults.last().map_or(Datum::Unit, Datum::from)),
        ])
    }

    /// `cog NAME`
    pub(super) fn show_cog(&mut self, train: &Train, words: &Words) -> Result<Datum, Wrong> {
        let number = Self::cog(train, words.need(0)?)?;
        let names = |numbers: &[u32]| Datum::List(numbers.iter().map(|number| Datum::from(train.name_of(*number))).collect());
        let feeds = |other: &View<'_>| {
            other.targets.contains(&number) || other.route == Some(number) || other.branches.iter().any(|(to, _)| *to == number)
        };
        let fed_by: Vec<u32> = train.cogs().filter(feeds).map(|other| other.number).collect();
        let Some(cog) = train.cogs().nth(number as usize) else { return Err(Wrong::new("it has gone")) };
        let about = self.about_cog(cog.name);
        let waits = cog.waits.map_or(Datum::Unit, |waits| Datum::Float(waits.as_secs_f64()));
        let Datum::Map(mut line) = self.line(train, &cog) else { return Err(Wrong::new("it has gone")) };
        for (key, value) in [
            ("is", about.as_ref().map_or(Datum::Unit, |about| Datum::from(about.0.as_str()))),
            ("label", about.as_ref().map_or(Datum::Unit, |about| Datum::from(about.1.as_str()))),
            ("place", about.and_then(|about| about.2).map_or(Datum::Unit, Datum::from)),
            ("fed_by", names(&fed_by)),
            ("feeds", names(cog.targets)),
            ("branches", self.branches(train, &cog)),
            ("error_route", cog.route.map_or(Datum::Unit, |route| Datum::from(train.name_of(route)))),
            ("bound", Datum::Int(cog.bound as i64)),
            ("waits_s", waits),
            ("emitted_rate", rounded(self.rates.emitted(number))),
        ] {
            line.push(key.into(), value);
        }
        Ok(Datum::Map(line))
    }

    /// The branches of a cog: where each leads, and how much was sent there.
    fn branches(&self, train: &Train, cog: &View<'_>) -> Datum {
        let node = self.graph.nodes.iter().find(|node| node.name == cog.name);
        let labels = node.map_or(&[][..], |node| &node.branches);
        let one = |(number, (to, count)): (usize, &(u32, u64))| {
            map([
                ("branch", labels.get(number).map_or(Datum::Unit, |branch| Datum::from(branch.label.as_str()))),
                ("to", Datum::from(train.name_of(*to))),
                ("sent", Datum::Int(count.cast_signed())),
            ])
        };
        Datum::List(cog.branches.iter().enumerate().map(one).collect())
    }

    /// What the script says of a cog: what it is, its label, its place.
    fn about_cog(&self, name: &str) -> Option<(String, String, Option<String>)> {
        let node = self.graph.nodes.iter().find(|node| node.name == name)?;
        Some((node.about.spec.clone(), node.label.clone(), node.about.place.clone()))
    }

    /// The place of a cog in the script.
    pub(super) fn place_of(&self, name: &str) -> Datum {
        self.about_cog(name).and_then(|about| about.2).map_or(Datum::Unit, Datum::from)
    }

    /// `stats`
    pub(super) fn stats(&mut self, train: &Train) -> Datum {
        let books = train.balance();
        let cogs = train.cogs().map(|cog| self.line(train, &cog)).collect();
        map([
            (
                "books",
                map([
                    ("in", number(books.born)),
                    ("split", number(books.split)),
                    ("merged", number(books.merged)),
                    ("delivered", number(books.delivered)),
                    ("filtered", number(books.filtered)),
                    ("dead", number(books.dead)),
                    ("failed", number(books.failed)),
                    ("on_their_way", number(books.in_flight)),
                ]),
            ),
            ("cogs", Datum::List(cogs)),
        ])
    }

    /// `errors [COG] [-n N]`
    pub(super) fn errors(train: &Train, words: &Words) -> Result<Datum, Wrong> {
        let only = words.arg(0).map(|name| Self::cog(train, name)).transpose()?;
        let most = words.number("-n")?.unwrap_or(50) as usize;
        let mut found: Vec<(u64, Datum)> = Vec::new();
        for cog in train.cogs().filter(|cog| only.is_none_or(|only| only == cog.number)) {
            found.extend(cog.faults.kinds().iter().map(|fault| (fault.count, Self::fault(cog.name, fault))));
            if cog.faults.others() > 0 {
                let line = map([
                    ("cog", Datum::from(cog.name)),
                    ("count", number(cog.faults.others())),
                    ("error", Datum::from("of further kinds")),
                ]);
                found.push((0, line));
            }
        }
        found.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        Ok(Datum::List(found.into_iter().take(most).map(|(_, line)| line).collect()))
    }

    fn fault(cog: &str, fault: &Fault) -> Datum {
        let hint = fault.hint.as_ref().map_or(Datum::Unit, |hint| Datum::from(hint.as_str()));
        map([
            ("cog", Datum::from(cog)),
            ("count", number(fault.count)),
            ("reason", Datum::from(fault.reason)),
            ("error", Datum::from(fault.text.as_str())),
            ("place", Datum::from(fault.place.as_str())),
            ("hint", hint),
            ("first", Datum::from(fault.ids[0].as_str())),
            ("first_time", time(fault.times[0])),
            ("last", Datum::from(fault.ids[1].as_str())),
            ("last_time", time(fault.times[1])),
        ])
    }

    /// `fields COG`
    pub(super) fn fields(&mut self, train: &Train, words: &Words) -> Result<Datum, Wrong> {
        let number = Self::cog(train, words.need(0)?)?;
        let mut seen: BTreeMap<String, Field> = BTreeMap::new();
        let mut order = Vec::new();
        let mut count = 0_u64;
        for (_, datum) in self.memory.given(number) {
            count += 1;
            note(&mut seen, &mut order, "", datum, 0);
        }
        if count == 0 {
            return Err(self.nothing_remembered(train, number));
        }
        let lines = order.iter().map(|path| {
            let field = &seen[path];
            let share = (field.count as f64 * 1000.0 / count as f64).round() / 10.0;
            map([
                ("field", Datum::from(path.as_str())),
                ("types", Datum::from(field.kinds.keys().copied().collect::<Vec<_>>().join(", "))),
                ("share", Datum::Float(share)),
                ("examples", Datum::List(field.examples.iter().map(|example| Datum::from(example.as_str())).collect())),
            ])
        });
        Ok(Datum::List(lines.collect()))
    }

    /// Why nothing is known of what went through a cog.
    pub(super) fn nothing_remembered(&self, train: &Train, cog: u32) -> Wrong {
        let wrong = Wrong::new(format!("no event in `{}` is remembered", train.name_of(cog)));
        wrong.hint(if self.memory.on {
            "none has come since this was switched on"
        } else {
            "`record on` remembers those that come from now on"
        })
    }

    /// `list [COG]`
    pub(super) fn list(&self, train: &Train, words: &Words) -> Result<Datum, Wrong> {
        let name = words.need(0)?;
        Self::cog(train, name)?;
        let place = self.about_cog(name).and_then(|about| about.2).ok_or_else(|| Wrong::new(format!("`{name}` stands in no script")))?;
        let line = place.rsplit(':').next().and_then(|line| line.parse::<usize>().ok()).unwrap_or(1);
        let around = self.text.lines().enumerate().skip(line.saturating_sub(6)).take(11);
        let lines = around.map(|(number, text)| {
            let mark = if number + 1 == line { ">" } else { " " };
            Datum::from(format!("{mark}{:5}  {text}", number + 1))
        });
        Ok(map([("place", Datum::from(place)), ("window", Datum::List(lines.collect()))]))
    }

    /// `timeline ID`
    pub(super) fn timeline(&mut self, train: &Train, words: &Words) -> Result<Datum, Wrong> {
        let id = words.need(0)?;
        let way = self.memory.way(id).ok_or_else(|| self.unknown_event(id))?;
        let steps = way
            .steps
            .iter()
            .map(|step| map([("cog", Datum::from(train.name_of(step.cog))), ("at_us", micros(step.at)), ("took_us", micros(step.took))]));
        Ok(Datum::List(steps.collect()))
    }

    /// Why nothing is known of an event.
    pub(super) fn unknown_event(&self, id: &str) -> Wrong {
        let wrong = Wrong::new(format!("`{id}` is not remembered"));
        if !self.memory.on {
            return wrong.hint("`record on` remembers events that come from now on");
        }
        let last = self.memory.ways().next_back().map(|way| way.id.clone());
        wrong.hint(last.map_or_else(|| "none has come yet".to_owned(), |last| format!("the last one is `{last}`; `recent` lists some")))
    }

    /// `slow [COG]`
    pub(super) fn slow(&mut self, train: &Train, words: &Words) -> Result<Datum, Wrong> {
        let only = words.arg(0).map(|name| Self::cog(train, name)).transpose()?;
        let mut found: Vec<(Duration, &Way, u32)> = self
            .memory
            .ways()
            .flat_map(|way| way.steps.iter().map(move |step| (step.took, way, step.cog)))
            .filter(|(_, _, cog)| only.is_none_or(|only| only == *cog))
            .collect();
        found.sort_by_key(|(took, ..)| std::cmp::Reverse(*took));
        let line = |(took, way, cog): &(Duration, &Way, u32)| {
            map([
                ("cog", Datum::from(train.name_of(*cog))),
                ("id", Datum::from(way.id.as_str())),
                ("took_us", micros(*took)),
                ("datum", way.datum.clone()),
            ])
        };
        Ok(Datum::List(found.iter().take(10).map(line).collect()))
    }

    /// `status`
    pub(super) fn status(&mut self, train: &mut Train) -> Datum {
        let now = train.escapement().now();
        let age = self.started.map_or(0.0, |(then, _)| now.since(then).as_secs_f64());
        let since = self.started.map_or(Datum::Unit, |(_, wall)| time(wall));
        map([
            ("name", Datum::from(self.about.name.as_str())),
            ("script", Datum::from(self.about.script.display().to_string())),
            ("pid", Datum::Int(i64::from(std::process::id()))),
            ("version", Datum::from(env!("CARGO_PKG_VERSION"))),
            ("socket", self.listening.as_ref().map_or(Datum::Unit, |listening| Datum::from(listening.path.display().to_string()))),
            ("page", self.ui.as_ref().map_or(Datum::Unit, |ui| Datum::from(ui.url.as_str()))),
            ("since", since),
            ("age_s", Datum::Float((age * 10.0).round() / 10.0)),
            ("memory_kib", resident().map_or(Datum::Unit, Datum::Int)),
            ("clients", Datum::Int(self.clients.len() as i64)),
            ("taps", Datum::Int(self.taps.count() as i64)),
            ("breakpoints", Datum::Int(self.stops.count() as i64)),
            ("parked", Datum::Int(self.stops.parked_count() as i64)),
            ("remembers", Datum::Map(self.memory.about())),
        ])
    }
}

/// The process's memory, in KiB (proc(5)).
fn resident() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: i64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * (rustix::param::page_size() as i64) / 1024)
}

/// What is known of a field.
#[derive(Default)]
struct Field {
    count: u64,
    kinds: BTreeMap<&'static str, u64>,
    examples: Vec<String>,
}

/// Notes the fields of a datum, by their paths.
fn note(seen: &mut BTreeMap<String, Field>, order: &mut Vec<String>, path: &str, datum: &Datum, depth: usize) {
    if !path.is_empty() || !matches!(datum, Datum::Map(_) | Datum::Raw(_)) {
        let name = if path.is_empty() { "e" } else { path };
        if !seen.contains_key(name) {
            if seen.len() >= FIELDS {
                return;
            }
            order.push(name.to_owned());
        }
        let field = seen.entry(name.to_owned()).or_default();
        field.count += 1;
        *field.kinds.entry(datum.kind()).or_default() += 1;
        let example = crate::error::shorten(&datum.piece(), 40);
        if field.examples.len() < EXAMPLES && !matches!(datum, Datum::Map(_)) && !field.examples.contains(&example) {
            field.examples.push(example);
        }
    }
    if depth < 4
        && let Some(map) = datum.opened().as_map()
    {
        for (key, value) in map.iter() {
            let name = if path.is_empty() { key.as_str().to_owned() } else { format!("{path}.{}", key.as_str()) };
            note(seen, order, &name, value, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_the_shell() {
        assert!(matches("*", "parse") && matches("p*e", "parse") && matches("p?rse", "parse") && matches("*:12", "closure:12"));
        assert!(!matches("p*x", "parse") && !matches("", "a") && matches("", ""));
    }

    #[test]
    fn fields_are_told_by_their_paths() {
        let (mut seen, mut order) = (BTreeMap::new(), Vec::new());
        for text in [r#"{"a": 1, "b": {"c": "x"}}"#, r#"{"a": "1"}"#] {
            note(&mut seen, &mut order, "", &crate::datum::json::read(text).unwrap(), 0);
        }
        assert_eq!(order, ["a", "b", "b.c"]);
        assert_eq!(seen["a"].kinds.keys().copied().collect::<Vec<_>>(), ["int", "string"]);
        assert_eq!((seen["a"].count, seen["b.c"].count), (2, 1));
    }
}
