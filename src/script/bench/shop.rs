//! A script as one thread of the bench has it: wound for itself, with the debugger in its engine, and what it says kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rhai::{AST, Dynamic, Engine, Scope};

use super::eval::Session;
use super::probe::Probe;
use super::tasks::{Answer, Fault, Spot, Task};
use super::validity::validity;
use super::worker::Counter;
use super::{functions, input};
use crate::error::nearest;
use crate::script::host::Host;
use crate::script::report::{Report, Source};
use crate::script::watch::{Limits, Watch};
use crate::script::winding::Desk;
use crate::script::{Libraries, Setting, home, libraries, syntax, wind_at};

/// Of an input, a trace, a step.
pub(super) const LIMITS: Limits = Limits { what: "one input", operations: u64::MAX - 1, time: Duration::from_secs(60), memory: MEMORY };

/// Memory is measured of the whole process: half of what a cog may have, so that no call of the train finds its own limit used
/// up. Tests are many in one process.
const MEMORY: u64 = if cfg!(test) { 256 } else { 32 };

/// Where a script is had from.
#[derive(Clone, Debug)]
pub(super) enum Script {
    /// There is none.
    Nothing,
    /// From that file, with its libraries, when it is wound.
    File(PathBuf),
    /// Name and text of a script, then of its libraries.
    Texts(Arc<[(String, String)]>),
}

/// A cog of the script's train.
pub(super) struct Part {
    /// Its name.
    pub name: String,
    /// What it is.
    pub spec: String,
    /// What it was given that can be called, by option.
    pub callables: Vec<(String, Dynamic)>,
}

/// The script with all that is done to it.
pub(super) struct Shop {
    /// Engine and script.
    pub host: Rc<Host>,
    /// Where it was wound.
    pub desk: Desk,
    /// Where the debugger reports.
    pub probe: Rc<Probe>,
    /// Orders, for a stepping that stands.
    pub counter: Rc<Counter>,
    /// Its cogs.
    pub cogs: Vec<Part>,
    /// What is wrong with it, so that nothing can be asked of it.
    broken: Option<Fault>,
    pub(super) session: Session,
    left: bool,
}

impl Shop {
    /// Winds the script, or nothing.
    pub(super) fn new(script: &Script, setting: Setting, counter: &Rc<Counter>) -> Self {
        let nothing = || Rc::new(libraries::source("input", String::new()));
        let (read, dir, kept) = match script {
            Script::Nothing => (Ok(nothing()), Path::new("."), &[][..]),
            Script::File(path) => (libraries::read(path, &path.to_string_lossy()), home(path), &[][..]),
            Script::Texts(texts) => {
                let (name, text) = &texts[0];
                (Ok(Rc::new(libraries::source(name, text.clone()))), home(Path::new(name)), &texts[1..])
            }
        };
        let made = read.map_err(|report| vec![report]).and_then(|source| Self::wind(source, (dir, kept), setting.clone(), counter));
        made.unwrap_or_else(|reports| {
            let made = Self::wind(nothing(), (dir, &[]), setting, counter);
            let mut shop = made.unwrap_or_else(|_| unreachable!("an empty script has no faults"));
            shop.broken = reports.into_iter().find(|report| !report.warning).map(Fault::from);
            shop
        })
    }

    fn wind(source: Rc<Source>, libraries: Libraries<'_>, setting: Setting, counter: &Rc<Counter>) -> Result<Self, Vec<Report>> {
        let desk = Desk::new(setting);
        desk.voice.keep();
        let watch = Watch::with_bell(Some(counter.bell.clone()));
        let probe = Rc::new(Probe::default());
        let mut top = Scope::new();
        let fit = |engine: &mut Engine| {
            Probe::attach(&probe, engine);
            #[cfg(test)]
            engine.register_fn("break_the_bench", || panic!("on purpose"));
        };
        let wound = wind_at(source, libraries, &desk, &watch, fit, &mut top)?;
        let broken = wound.reports.iter().find(|report| !report.warning).cloned().map(Fault::from);
        let parts = wound.graph.nodes.iter().zip(&wound.callables);
        let cogs =
            parts.map(|(node, callables)| Part { name: node.name.clone(), spec: node.about.spec.clone(), callables: callables.clone() });
        Ok(Self {
            cogs: cogs.collect(),
            host: Rc::clone(&wound.host),
            session: Session::new(&top),
            desk,
            probe,
            counter: Rc::clone(counter),
            broken,
            left: false,
        })
    }

    /// Whether its session is over.
    pub(super) fn is_left(&self) -> bool {
        self.left
    }

    /// Does a task.
    pub(super) fn run(&mut self, task: Task) -> Result<Answer, Fault> {
        // What the script said while it was wound is nobody's answer.
        let _ = self.desk.voice.kept();
        match task {
            Task::Forget { .. } => {
                self.left = true;
                Ok(Answer::Forgotten)
            }
            Task::Validate { text } => Ok(Answer::Validity(validity(&text))),
            Task::Check { path, setting } => Ok(Answer::Checked(self.check(&path, setting))),
            Task::Stepping { .. } | Task::Print { .. } => Err(Fault::new("nothing is stepped through").hint("`:step` begins it")),
            task => {
                if let Some(broken) = &self.broken {
                    return Err(broken.clone());
                }
                match task {
                    Task::Eval { text, event, events, keep_event, .. } => self.eval(&text, event, events, keep_event).map(Answer::Value),
                    Task::Trace { cog, event } => self.trace(&cog, event).map(Answer::Trace),
                    Task::Step { cog, event, .. } => self.step(&cog, event).map(Answer::Done),
                    _ => Ok(Answer::Functions(functions::of(&self.host))),
                }
            }
        }
    }

    /// The cog of that name.
    pub(super) fn part(&self, name: &str) -> Result<&Part, Fault> {
        self.cogs.iter().find(|part| part.name == name).ok_or_else(|| {
            let fault = Fault::new(format!("no cog `{name}`"));
            match nearest(name, self.cogs.iter().map(|part| part.name.as_str())) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault,
            }
        })
    }

    /// Winds another script.
    fn check(&self, path: &Path, setting: Setting) -> Result<Vec<String>, Vec<String>> {
        let shown = |reports: &[Report]| reports.iter().map(|report| report.render(false)).collect::<Vec<_>>();
        let source = libraries::read(path, &path.to_string_lossy()).map_err(|report| shown(&[report]))?;
        let desk = Desk::new(Setting { no_lower: false, ..setting });
        desk.voice.keep();
        let watch = Watch::with_bell(Some(self.counter.bell.clone()));
        let wound = wind_at(source, (home(path), &[]), &desk, &watch, |_| (), &mut Scope::new()).map_err(|reports| shown(&reports))?;
        if wound.is_faulty() { Err(shown(&wound.reports)) } else { Ok(shown(&wound.reports)) }
    }
}

/// A text that was typed, compiled.
pub(super) struct Compiled {
    /// The text as it was typed.
    pub source: Rc<Source>,
    /// The text as it is read.
    pub input: input::Input,
    /// The tree.
    pub tree: AST,
}

impl Compiled {
    /// Compiles what was typed, as it is read.
    pub(super) fn new(host: &Host, name: &str, typed: &str, input: input::Input) -> Result<Self, Fault> {
        let source = Rc::new(libraries::source(name, typed.to_owned()));
        match host.engine.compile(&input.text) {
            Ok(tree) => Ok(Self { source, input, tree }),
            Err(error) => {
                let as_read = Rc::new(libraries::source(name, input.text.clone()));
                Err(placed(syntax(&as_read, &error), &as_read, &source, &input))
            }
        }
    }

    /// A report as a fault, with places in this text as they were typed.
    pub(super) fn fault(&self, report: Report) -> Fault {
        placed(report, &self.source, &self.source, &self.input)
    }
}

/// A report on `read` as a fault on what was typed.
fn placed(mut report: Report, read: &Rc<Source>, typed: &Rc<Source>, input: &input::Input) -> Fault {
    if let Some(place) = report.place.as_mut().filter(|place| Rc::ptr_eq(&place.source, read)) {
        let last = typed.text.lines().count().max(1);
        place.column = if place.line > last { 0 } else { input.typed(place.line, place.column) };
        place.line = place.line.min(last);
        place.source = Rc::clone(typed);
    }
    Fault::from(report)
}

/// Functions in a tree, each with the text that it stands in.
pub(super) fn homes(tree: &AST, source: &Rc<Source>) -> HashMap<String, Rc<Source>> {
    tree.iter_functions().map(|function| (function.name.to_owned(), Rc::clone(source))).collect()
}

/// The place of a line in a source.
pub(super) fn spot(source: &Source, line: usize, column: usize) -> Spot {
    Spot { file: source.name.clone(), line, column, text: source.line(line).unwrap_or_default().to_owned() }
}
