//! Data put in by hand, and the flow held up: `inject`, `replay`, `pause`, `resume`.

use super::ask::Use;
use super::handle::{Answer, Asker};
use super::words::{Words, Wrong};
use super::{Control, map};
use crate::cog::Kind;
use crate::datum::{Datum, Parcel, json};
use crate::script::bench::Task;
use crate::start;
use crate::train::Train;

/// Lines of a file replayed in one go, and its bytes.
const LINES: usize = 10_000;
const BYTES: u64 = 64 << 20;

impl Control {
    /// `inject COG EXPR [--dry]`
    pub(super) fn inject(&mut self, train: &mut Train, asker: &Asker, words: &Words) -> Answer {
        let cog = Self::cog(train, words.need(0)?)?;
        let text = words.need(1)?.to_owned();
        // Plain JSON needs no evaluation, and keeps its digits.
        let dry = words.option("--dry").is_some();
        if let Ok(datum) = json::read(&text) {
            if dry {
                return self.rehearse(train, asker, cog, &[datum]);
            }
            let id = self.put(train, cog, datum);
            return Ok(Some(map([("id", Datum::from(id))])));
        }
        let event = self.clients.get(&asker.client).and_then(|client| client.shown.back()).map(Parcel::from);
        let task = Task::Eval { session: asker.client, text, event, events: Vec::new(), keep_event: false };
        self.ask(train, asker, task, if dry { Use::Dry(cog) } else { Use::Inject(cog) })
    }

    /// Puts a datum in; what is remembered and tapped of others is of it too.
    pub(super) fn put(&mut self, train: &mut Train, cog: u32, datum: Datum) -> String {
        let known = train.injector().is_some();
        let id = train.inject(cog, datum);
        if !known {
            self.arm(train);
        }
        id
    }

    /// `replay FILE|ID|COG [from COG] [--dry]`
    pub(super) fn replay(&mut self, train: &mut Train, asker: &Asker, words: &Words) -> Answer {
        let what = words.need(0)?;
        let from = words.clause("from").map(|name| Self::cog(train, name)).transpose()?;
        let (cog, data) = if let Some(way) = self.memory.way(what) {
            // From a cog: as it was there.
            let there = from.and_then(|cog| way.steps.iter().find(|step| step.cog == cog)).map(|step| step.before.clone());
            match (from, there) {
                (Some(cog), Some(datum)) => (cog, vec![datum]),
                (Some(cog), None) => return Err(Wrong::new(format!("`{what}` was never in `{}`", train.name_of(cog)))),
                (None, _) => (way.name.0, vec![way.datum.clone()]),
            }
        } else if let Ok(cog) = Self::cog(train, what) {
            let data: Vec<Datum> = self.memory.given(cog).map(|(_, datum)| datum.clone()).collect();
            if data.is_empty() {
                return Err(self.nothing_remembered(train, cog));
            }
            (from.unwrap_or(cog), data)
        } else {
            let cog = from.ok_or_else(|| {
                Wrong::new(format!("`{what}` is no event that is remembered, and no cog; as a file it needs `from COG`"))
                    .hint(words.usage())
            })?;
            (cog, read(what)?)
        };
        if words.option("--dry").is_some() {
            return self.rehearse(train, asker, cog, &data);
        }
        let count = data.len();
        for datum in data {
            self.put(train, cog, datum);
        }
        Ok(Some(map([("replayed", Datum::Int(count as i64)), ("at", Datum::from(train.name_of(cog)))])))
    }

    /// `pause [COG|all]`, `resume [COG|all]`
    pub(super) fn pause(train: &mut Train, words: &Words, paused: bool) -> Result<Datum, Wrong> {
        let supplies: Vec<u32> = match words.arg(0) {
            None | Some("all") => train.cogs().filter(|cog| cog.kind == Kind::Supply).map(|cog| cog.number).collect(),
            Some(name) => {
                let cog = Self::cog(train, name)?;
                if !train.cogs().any(|view| view.number == cog && view.kind == Kind::Supply) {
                    let hint = "`pause all` holds all supplies; `break` parks data at a cog";
                    return Err(Wrong::new(format!("`{name}` is no supply: it reads nothing by itself")).hint(hint));
                }
                vec![cog]
            }
        };
        for cog in &supplies {
            train.pause(*cog, paused);
        }
        let names = supplies.iter().map(|cog| Datum::from(train.name_of(*cog))).collect();
        Ok(map([(if paused { "paused" } else { "resumed" }, Datum::List(names))]))
    }
}

/// Lines of JSON of a file.
fn read(path: &str) -> Result<Vec<Datum>, Wrong> {
    let wrong = |error: std::io::Error| Wrong::new(format!("cannot read `{path}`: {}", crate::error::plain(&error)));
    let about = std::fs::metadata(start::path(path.as_ref())).map_err(wrong)?;
    if !about.is_file() || about.len() > BYTES {
        return Err(Wrong::new(format!("`{path}` is no file of at most {} MiB", BYTES >> 20)));
    }
    let text = std::fs::read_to_string(start::path(path.as_ref())).map_err(wrong)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let data = lines.map(|(number, line)| json::read(line).map_err(|error| Wrong::new(format!("{path}:{}: {error}", number + 1))));
    let data = data.collect::<Result<Vec<_>, _>>()?;
    if data.len() > LINES { Err(Wrong::new(format!("`{path}` has more than {LINES} lines"))) } else { Ok(data) }
}
