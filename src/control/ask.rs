//! What is asked of the workbench, and what is done with its answers when they come.

use std::path::PathBuf;

use tokio::sync::oneshot;

use super::handle::{Answer, Asker};
use super::memory::Step;
use super::words::{Words, Wrong};
use super::{Control, Wait, map};
use crate::cog::Outcome;
use crate::datum::{Datum, Parcel};
use crate::escapement::Wake;
use crate::log;
use crate::script::bench::{self, Command, Done, Fault, Run, Spot, Stopped, Task, Trace};
use crate::train::Train;

/// What an answer of the workbench is for.
pub(super) enum Use {
    /// To be told.
    Tell,
    /// The value is the parked event from now on.
    Set(u64),
    /// The value goes on in place of the parked event.
    Emit(u64),
    /// The value enters, or leaves, that cog.
    Inject(u32),
    /// As that, in a shadow of the train.
    Dry(u32),
    /// The line of a script is added to what is told of a way.
    Why(Box<(Datum, String)>),
    /// That version of the script is put in, or only looked at.
    Reload {
        /// Where it is.
        path: PathBuf,
        /// Only looked at.
        check: bool,
    },
    /// As that, when it was compared with the version that runs.
    Compared {
        /// Where it is.
        path: PathBuf,
        /// Only looked at.
        check: bool,
        /// What was told of it.
        warnings: Vec<String>,
    },
    /// Functions of that name, or all.
    Functions(Option<String>),
}

fn told(fault: Fault) -> Wrong {
    Wrong { text: fault.to_string(), hint: fault.hint }
}

fn spot(spot: &Spot) -> Datum {
    map([("place", Datum::from(spot.short())), ("line", Datum::from(spot.text.trim()))])
}

fn texts(list: &[String]) -> Datum {
    Datum::List(list.iter().map(|text| Datum::from(text.as_str())).collect())
}

impl Control {
    /// Asks the workbench; the answer is used so.
    pub(super) fn ask(&mut self, train: &mut Train, asker: &Asker, task: Task, meant: Use) -> Answer {
        let (sender, receiver) = oneshot::channel();
        self.bench.ask(task, move |answer| drop(sender.send(answer)));
        let job = async move {
            let answer = receiver.await.map_err(|_| Wrong::new("the workbench has gone"));
            Box::new(answer.and_then(|answer| answer.map_err(told))) as crate::escapement::Answer
        };
        let token = train.escapement().offload(Train::OVERSEER, Box::pin(job)).map_err(|error| Wrong::new(error.to_string()))?;
        self.wait(train, token, asker, Wait::Bench(meant));
        Ok(None)
    }

    /// The workbench has answered.
    pub(super) fn answered(&mut self, train: &mut Train, asker: &Asker, meant: Use, wake: Wake) -> Answer {
        let Wake::Answer(answer) = wake else { return Err(Wrong::new("no answer came")) };
        let answer = answer.downcast::<Result<bench::Answer, Wrong>>().map_err(|_| Wrong::new("the workbench failed"))?;
        if let (Use::Why(way), Err(wrong)) = (&meant, &*answer) {
            // Its way is told all the same.
            let mut told = way.0.clone();
            if let Some(map) = told.map_mut() {
                map.push("line_unknown".into(), Datum::from(wrong.text.as_str()));
            }
            return Ok(Some(told));
        }
        match ((*answer)?, meant) {
            (bench::Answer::Value(value), Use::Tell) => {
                let mut about = vec![("value", Datum::from(value.value)), ("type", Datum::from(value.kind))];
                about.extend(value.event.map(|event| ("event", Datum::from(event))));
                if !value.printed.is_empty() {
                    about.push(("printed", texts(&value.printed)));
                }
                Ok(Some(map(about)))
            }
            (bench::Answer::Value(value), Use::Set(parked)) => {
                let changed = value.event.clone().map(Datum::from);
                self.change_parked(train, parked, changed, Datum::from(value.value)).map(Some)
            }
            (bench::Answer::Value(value), Use::Emit(parked)) => {
                self.emit_parked(train, asker.client, parked, Datum::from(value.value)).map(Some)
            }
            (bench::Answer::Value(value), Use::Inject(cog)) => {
                let id = self.put(train, cog, Datum::from(value.value));
                Ok(Some(map([("id", Datum::from(id))])))
            }
            (bench::Answer::Value(value), Use::Dry(cog)) => self.rehearse(train, asker, cog, &[Datum::from(value.value)]),
            (bench::Answer::Stopped(stopped), _) => Ok(Some(stands(&stopped))),
            (bench::Answer::Done(done), _) => {
                self.stops.inside(asker.client, false);
                Ok(Some(ended(&done)))
            }
            (bench::Answer::Trace(trace), Use::Why(way)) => Ok(Some(explained(way.0, &way.1, &trace))),
            (bench::Answer::Checked(told), Use::Reload { path, check }) => {
                let warnings = told.map_err(|faults| {
                    log::warning(format_args!("control: `{}` was not loaded: it has faults", path.display()));
                    Wrong::new(faults.join("\n")).hint("nothing was changed: the version before runs on")
                })?;
                self.compare(train, asker, path, check, warnings)
            }
            (bench::Answer::Functions(list), Use::Functions(name)) => functions(&list, name.as_deref()).map(Some),
            _ => Err(Wrong::new("the workbench answered something else")),
        }
    }

    /// `eval EXPR`
    pub(super) fn eval(&mut self, train: &mut Train, asker: &Asker, words: &Words) -> Answer {
        let text = words.need(0)?.to_owned();
        let parked =
            self.current(asker.client).ok().and_then(|parked| self.stops.parked(parked)).map(|parked| Parcel::from(&parked.event.datum));
        if self.stops.steps_inside(asker.client) {
            return self.ask(train, asker, Task::Print { session: asker.client, text }, Use::Tell);
        }
        let shown =
            self.clients.get(&asker.client).map(|client| client.shown.iter().map(Parcel::from).collect::<Vec<_>>()).unwrap_or_default();
        // What went through last stands for those who were shown nothing.
        let events = if shown.is_empty() {
            let mut last: Vec<Parcel> = self
                .memory
                .ways()
                .rev()
                .take(32)
                .map(|way| Parcel::from(way.steps.last().map_or(&way.datum, |step| &step.before)))
                .collect();
            last.reverse();
            last
        } else {
            shown
        };
        let event = parked.or_else(|| events.last().cloned());
        self.ask(train, asker, Task::Eval { session: asker.client, text, event, events, keep_event: false }, Use::Tell)
    }

    /// `set EXPR`
    pub(super) fn set(&mut self, train: &mut Train, asker: &Asker, words: &Words) -> Answer {
        let parked = self.current(asker.client)?;
        let task = self.on_parked(asker, parked, words.need(0)?)?;
        self.ask(train, asker, task, Use::Set(parked))
    }

    /// `emit EXPR`
    pub(super) fn emit(&mut self, train: &mut Train, asker: &Asker, words: &Words) -> Answer {
        let parked = self.current(asker.client)?;
        let task = self.on_parked(asker, parked, words.need(0)?)?;
        self.ask(train, asker, task, Use::Emit(parked))
    }

    fn on_parked(&self, asker: &Asker, parked: u64, text: &str) -> Result<Task, Wrong> {
        let parked = self.stops.parked(parked).ok_or_else(|| Wrong::new("nothing is parked"))?;
        let event = Some(Parcel::from(&parked.event.datum));
        Ok(Task::Eval { session: asker.client, text: text.to_owned(), event, events: Vec::new(), keep_event: false })
    }

    /// `into`, `over`, `next`, `out`, `quit-into`
    pub(super) fn step_inside(&mut self, train: &mut Train, asker: &Asker, words: &Words) -> Answer {
        let session = asker.client;
        let task = match (words.command.name, self.stops.steps_inside(session)) {
            ("into", false) => {
                let parked = self.current(session)?;
                let parked = self.stops.parked(parked).ok_or_else(|| Wrong::new("nothing is parked"))?;
                let (cog, event) = (train.name_of(parked.cog).to_owned(), Parcel::from(&parked.event.datum));
                Task::Step { session, cog, event }
            }
            (_, false) => {
                return Err(Wrong::new("you are not inside a cog").hint("`into` steps inside the one at which an event is parked"));
            }
            ("into" | "next", true) => Task::Stepping { session, command: Command::Into },
            ("over", true) => Task::Stepping { session, command: Command::Over },
            ("out", true) => Task::Stepping { session, command: Command::Out },
            _ => Task::Stepping { session, command: Command::Stop },
        };
        self.stops.inside(session, true);
        self.ask(train, asker, task, Use::Tell)
    }

    /// `functions [NAME]`
    pub(super) fn functions(&mut self, train: &mut Train, asker: &Asker, words: &Words) -> Answer {
        self.ask(train, asker, Task::Functions, Use::Functions(words.arg(0).map(str::to_owned)))
    }

    /// Has the workbench find the line at which a cog dropped or refused an event.
    pub(super) fn trace_step(&mut self, train: &mut Train, asker: &Asker, told: Datum, step: &Step) -> Answer {
        let cog = train.name_of(step.cog).to_owned();
        let task = Task::Trace { cog: cog.clone(), event: Parcel::from(&step.before) };
        self.ask(train, asker, task, Use::Why(Box::new((told, cog))))
    }

    /// A parked event is changed.
    fn change_parked(&mut self, train: &Train, number: u64, changed: Option<Datum>, value: Datum) -> Result<Datum, Wrong> {
        let Some(parked) = self.stops.parked_mut(number) else { return Err(Wrong::new("it has gone on meanwhile")) };
        let is_map = |datum: &Datum| matches!(datum.kind(), "map");
        parked.event.datum = match changed {
            Some(event) => event,
            None if is_map(&parked.event.datum) && !is_map(&value) => {
                return Err(
                    Wrong::new(format!("that gives `{}`, and leaves the event as it is", value.kind())).hint("`set e.n = 3` changes it")
                );
            }
            None => value,
        };
        Ok(parked.told(train))
    }

    /// These go on in place of a parked event.
    fn emit_parked(&mut self, train: &mut Train, client: u64, number: u64, mut value: Datum) -> Result<Datum, Wrong> {
        let parked = self.take_parked(train, client, number)?;
        value.open();
        let data = match value {
            Datum::List(list) => list,
            Datum::Unit => Vec::new(),
            other => vec![other],
        };
        let count = data.len();
        let cog = parked.cog;
        let events = if data.is_empty() {
            train.end_event(parked.event, Outcome::Filtered);
            Vec::new()
        } else {
            train.multiply(parked.event, data)
        };
        train.resume_leaving(cog, events);
        Ok(map([("emitted", Datum::Int(count as i64)), ("behind", Datum::from(train.name_of(cog)))]))
    }
}

/// Where a stepping stands.
fn stands(stopped: &Stopped) -> Datum {
    let window = stopped.window.iter().map(|(number, text)| {
        let mark = if *number == stopped.spot.line { ">" } else { " " };
        Datum::from(format!("{mark}{number:5}  {text}"))
    });
    let stack = stopped.stack.iter().map(|frame| {
        let place = frame.spot.as_ref().map(|spot| format!(" at {}", spot.short())).unwrap_or_default();
        Datum::from(format!("{}{place}", frame.name))
    });
    let variables = stopped.variables.iter().map(|variable| {
        map([
            ("name", Datum::from(variable.name.as_str())),
            ("type", Datum::from(variable.kind.as_str())),
            ("value", Datum::from(variable.value.as_str())),
        ])
    });
    map([
        ("stands", spot(&stopped.spot)),
        ("window", Datum::List(window.collect())),
        ("stack", Datum::List(stack.collect())),
        ("variables", Datum::List(variables.collect())),
        ("this", stopped.this.clone().map_or(Datum::Unit, Datum::from)),
        ("printed", texts(&stopped.printed)),
    ])
}

/// A stepping is over.
fn ended(done: &Done) -> Datum {
    let Some(verdict) = &done.verdict else { return map([("over", Datum::from("stopped"))]) };
    let result = match &verdict.result {
        Ok(value) => ("result", Datum::from(value.clone())),
        Err(fault) => ("error", Datum::from(fault.to_string())),
    };
    map([
        ("over", Datum::from("the cog's function has ended")),
        result,
        ("e", Datum::from(verdict.event.clone())),
        ("printed", texts(&done.printed)),
    ])
}

/// The way of an event with the line of the script that ended it.
fn explained(mut told: Datum, cog: &str, trace: &Trace) -> Datum {
    let Some(run) = deciding(trace) else { return told };
    let lines: Vec<Datum> = run.lines.iter().rev().take(12).rev().map(spot).collect();
    let read = run.read.iter().map(|(what, value)| Datum::from(format!("{what} = {value}"))).collect();
    let mut about =
        vec![("cog", Datum::from(cog)), ("option", Datum::from(run.option.as_str())), ("callable", Datum::from(run.callable.as_str()))];
    if let Some(decided) = &run.decided {
        about.push(("place", Datum::from(decided.short())));
        about.push(("line", Datum::from(decided.text.trim())));
    }
    about.push(("read", Datum::List(read)));
    about.push((
        "result",
        run.verdict.result.as_ref().map_or_else(|fault| Datum::from(fault.to_string()), |value| Datum::from(value.clone())),
    ));
    about.push(("ran", Datum::List(lines)));
    if let Some(map) = told.map_mut() {
        map.push("decided".into(), self::map(about));
    }
    told
}

/// The callable that decided: one that raised, else the one that says what becomes of the event.
fn deciding(trace: &Trace) -> Option<&Run> {
    let raised = trace.runs.iter().find(|run| run.verdict.result.is_err());
    raised
        .or_else(|| trace.runs.iter().find(|run| matches!(run.option.as_str(), "predicate" | "callable" | "callable.run")))
        .or(trace.runs.first())
}

fn functions(list: &[bench::FunctionInfo], name: Option<&str>) -> Result<Datum, Wrong> {
    let meant =
        |info: &&bench::FunctionInfo| name.is_none_or(|name| info.name == name || format!("{}::{}", info.module, info.name) == name);
    let found: Vec<Datum> = list
        .iter()
        .filter(meant)
        .map(|info| {
            map([
                ("function", Datum::from(info.signature())),
                ("name", Datum::from(info.name.as_str())),
                ("module", Datum::from(info.module.as_str())),
                ("about", Datum::from(info.about.as_str())),
            ])
        })
        .collect();
    match (found.is_empty(), name) {
        (true, Some(name)) => {
            let near = crate::error::nearest(name, list.iter().map(|info| info.name.as_str()));
            let wrong = Wrong::new(format!("there is no function `{name}`"));
            Err(match near {
                Some(near) => wrong.hint(format!("did you mean `{near}`?")),
                None => wrong,
            })
        }
        _ => Ok(Datum::List(found)),
    }
}
