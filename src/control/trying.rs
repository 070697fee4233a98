//! What is tried beside the train: `--dry`, the comparison before a reload, and tests made of what was seen.
//!
//! A shadow of the train does it, on a thread of its own: no file is opened, nothing is sent, the reactor does not wait.

use std::path::{Path, PathBuf};

use tokio::sync::oneshot;

use super::ask::Use;
use super::handle::{Answer, Asker};
use super::memory::Way;
use super::words::{Words, Wrong};
use super::{Control, Wait, map};
use crate::cog::Kind;
use crate::datum::{Datum, Parcel};
use crate::escapement::Wake;
use crate::script::{self, Setting, Wound};
use crate::train::{Became, Train};
use crate::trial::{self, Comparison, Rehearsal, Saved, What};

/// Remembered events on which two versions are compared.
const COMPARED: usize = 200;
/// Differences told.
const TOLD: usize = 20;
/// Events of a test where none are named.
const SAVED: usize = 10;

/// Which version of the script is tried.
#[derive(Clone)]
pub(super) enum Version {
    /// That which runs: its name, its text, where its libraries are.
    Running(String, String, PathBuf),
    /// That of a file.
    File(PathBuf),
}

impl Version {
    fn wind(&self, setting: Setting) -> Result<Wound, Wrong> {
        let wound = match self {
            Self::Running(name, text, dir) => script::wind_text(name, text, dir, setting),
            Self::File(path) => script::wind(path, setting),
        };
        wound.map_err(|_| Wrong::new("the script cannot be wound beside the train: a file of it was changed"))
    }
}

/// What came of something that was tried.
pub(super) enum Tried {
    /// What happened to data.
    Rehearsed(Rehearsal),
    /// What two versions do differently.
    Compared(Comparison),
}

impl Control {
    /// The version that runs.
    pub(super) fn running(&self) -> Version {
        let dir = self.about.script.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Version::Running(self.about.script.to_string_lossy().into_owned(), self.text.clone(), dir.to_owned())
    }

    /// Does something on a thread of its own; it is answered when that is over.
    fn aside(
        &mut self,
        train: &mut Train,
        asker: &Asker,
        meant: Use,
        work: impl FnOnce() -> Result<Tried, Wrong> + Send + 'static,
    ) -> Answer {
        let (sender, receiver) = oneshot::channel();
        let started =
            std::thread::Builder::new().name("trial".into()).stack_size(script::STACK as usize).spawn(move || drop(sender.send(work())));
        started.map_err(|error| Wrong::new(format!("no thread can be started: {}", crate::error::plain(&error))))?;
        let job = async move {
            // A panic is told by the log.
            let tried = receiver.await.unwrap_or_else(|_| Err(Wrong::new("the trial broke; the log tells how")));
            Box::new(tried) as crate::escapement::Answer
        };
        let token = train.escapement().offload(Train::OVERSEER, Box::pin(job)).map_err(|error| Wrong::new(error.to_string()))?;
        self.wait(train, token, asker, Wait::Trial(meant));
        Ok(None)
    }

    /// Lets data enter a cog of a shadow.
    pub(super) fn rehearse(&mut self, train: &mut Train, asker: &Asker, cog: u32, data: &[Datum]) -> Answer {
        let name = train.name_of(cog).to_owned();
        let events: Vec<(String, Parcel)> = data.iter().map(|datum| (name.clone(), Parcel::from(datum))).collect();
        let (version, setting) = (self.running(), self.about.setting.clone());
        self.aside(train, asker, Use::Tell, move || {
            let wound = version.wind(setting)?;
            trial::rehearse(wound, &events).map(Tried::Rehearsed).map_err(|error| Wrong::new(error.to_string()))
        })
    }

    /// Tries the version that runs and another one on the events that are remembered, before the other one is put in.
    pub(super) fn compare(&mut self, train: &mut Train, asker: &Asker, path: PathBuf, check: bool, warnings: Vec<String>) -> Answer {
        let mut events: Vec<(String, Parcel)> = Vec::new();
        for way in self.memory.ways().rev().take(COMPARED) {
            let supply = train.name_of(way.name.0);
            if self.graph.nodes.iter().any(|node| node.name == supply) {
                events.push((supply.to_owned(), Parcel::from(&way.datum)));
            }
        }
        events.reverse();
        if events.is_empty() {
            return self.checked(train, &path, check, &warnings, None).map(Some);
        }
        let (old, new, setting) = (self.running(), Version::File(path.clone()), self.about.setting.clone());
        self.aside(train, asker, Use::Compared { path, check, warnings }, move || {
            let (old, new) = (old.wind(setting.clone())?, new.wind(setting)?);
            trial::compare(old, new, &events).map(Tried::Compared).map_err(|error| Wrong::new(error.to_string()))
        })
    }

    /// What was tried is over.
    pub(super) fn tried(&mut self, train: &mut Train, meant: Use, wake: Wake) -> Answer {
        let Wake::Answer(answer) = wake else { return Err(Wrong::new("no answer came")) };
        let tried = answer.downcast::<Result<Tried, Wrong>>().map_err(|_| Wrong::new("the trial failed"))?;
        match (*tried, meant) {
            (Ok(Tried::Rehearsed(rehearsal)), _) => Ok(Some(told(&rehearsal))),
            (Ok(Tried::Compared(comparison)), Use::Compared { path, check, warnings }) => {
                self.checked(train, &path, check, &warnings, Some(differences(&comparison))).map(Some)
            }
            // Versions that cannot be compared, as one of them asks for more than a shadow gives, are swapped all the same.
            (Err(wrong), Use::Compared { path, check, warnings }) => {
                let not = map([("not_compared", Datum::from(wrong.text))]);
                self.checked(train, &path, check, &warnings, Some(not)).map(Some)
            }
            (Err(wrong), _) => Err(wrong),
            (Ok(Tried::Compared(_)), _) => Err(Wrong::new("the trial answered something else")),
        }
    }

    /// `save-test NAME [ID..]`
    pub(super) fn save_test(&mut self, train: &Train, words: &Words) -> Result<Datum, Wrong> {
        let name = words.need(0)?.to_owned();
        let ways: Vec<&Way> = if words.args.len() > 1 {
            let find = |id: &String| self.memory.way(id).ok_or_else(|| self.unknown_event(id));
            words.args[1..].iter().map(find).collect::<Result<_, _>>()?
        } else {
            let mut last: Vec<&Way> = self.memory.ways().rev().take(SAVED).collect();
            last.reverse();
            last
        };
        if ways.is_empty() {
            let hint = if self.memory.on { "none has come yet" } else { "`record on` remembers those that come from now on" };
            return Err(Wrong::new("no event is remembered").hint(hint));
        }
        let events: Vec<(String, Parcel)> =
            ways.iter().map(|way| (train.name_of(way.name.0).to_owned(), Parcel::from(&way.datum))).collect();
        let mut outputs: Vec<(String, Vec<Parcel>)> = Vec::new();
        for view in train.cogs().filter(|view| view.kind == Kind::Drain && !view.closed) {
            let given = ways.iter().flat_map(|way| way.steps.iter()).filter(|step| step.cog == view.number);
            outputs.push((view.name.to_owned(), given.map(|step| Parcel::from(&step.before)).collect()));
        }
        // What was asked of others is answered in the test as it was then.
        let mut answers: Vec<(String, Vec<trial::Answer>)> = Vec::new();
        for step in ways.iter().flat_map(|way| &way.steps) {
            let cog = train.name_of(step.cog);
            let asks = self.graph.nodes.iter().any(|node| node.name == cog && node.about.spec.starts_with("dns::"));
            if !asks || train.kind_of(step.cog) == Some(Kind::Drain) || step.became == Became::Failed {
                continue;
            }
            let answer = (Parcel::from(&step.before), step.parts.iter().map(Parcel::from).collect());
            match answers.iter_mut().find(|(known, _)| known == cog) {
                Some((_, known)) => known.push(answer),
                None => answers.push((cog.to_owned(), vec![answer])),
            }
        }
        let file_name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let args: Vec<String> = self.about.setting.argv.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let saved = Saved {
            name: &name,
            script: &file_name(&self.about.script),
            args: &args,
            wall: Some(ways[0].time),
            events: &events,
            answers: &answers,
            outputs: &outputs,
        };
        let text = trial::write_test(&saved);
        let file = std::path::absolute(self.about.script.with_file_name(format!("{name}.test.rhai")));
        let file = file.unwrap_or_else(|_| PathBuf::from(format!("{name}.test.rhai")));
        Ok(map([
            ("file", Datum::from(file.display().to_string())),
            ("events", Datum::Int(events.len() as i64)),
            ("text", Datum::from(text)),
        ]))
    }
}

fn parcels(data: &[Parcel]) -> Datum {
    Datum::List(data.iter().take(TOLD).cloned().map(Datum::from).collect())
}

/// What happened in a shadow.
fn told(rehearsal: &Rehearsal) -> Datum {
    let place = |event: Option<usize>| event.map_or(Datum::Unit, |event| Datum::Int(event as i64));
    let shown = rehearsal.shown.iter().map(|shown| {
        let what = match shown.what {
            What::Given => "given",
            What::Left => "left",
            What::Dropped => "dropped",
            What::Failed => "failed",
        };
        map([
            ("of", place(shown.event)),
            ("cog", Datum::from(shown.cog.as_str())),
            ("what", Datum::from(what)),
            ("datum", shown.datum.clone().map_or(Datum::Unit, Datum::from)),
            ("error", shown.error.as_deref().map_or(Datum::Unit, Datum::from)),
        ])
    });
    let stubs = rehearsal.stubs.iter().filter(|(_, part)| *part == trial::Part::Passes).map(|(cog, _)| Datum::from(cog.as_str()));
    map([("dry", Datum::Bool(true)), ("happened", Datum::List(shown.collect())), ("not_asked", Datum::List(stubs.collect()))])
}

/// What two versions do differently.
fn differences(comparison: &Comparison) -> Datum {
    let changed = comparison.changed.iter().take(TOLD).map(|difference| {
        map([
            ("of", difference.event.map_or(Datum::Unit, |event| Datum::Int(event as i64))),
            ("at", Datum::from(difference.drain.as_str())),
            ("before", parcels(&difference.before)),
            ("after", parcels(&difference.after)),
        ])
    });
    map([
        ("same", Datum::Int(comparison.same as i64)),
        ("changed", Datum::Int(comparison.changed.len() as i64)),
        ("differences", Datum::List(changed.collect())),
        ("not_asked", Datum::List(comparison.unasked.iter().map(|cog| Datum::from(cog.as_str())).collect())),
    ])
}
