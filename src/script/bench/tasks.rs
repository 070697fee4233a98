//! What the bench is asked, and what it answers. All of it may go from thread to thread, and no text of an answer shows a secret.

use std::path::PathBuf;

use crate::datum::Parcel;
use crate::script::Setting;
use crate::script::report::{Place, Report};

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Task {
    /// Evaluates what a user typed, in a scope that stays from input to input of the session.
    Eval {
        /// Whose scope.
        session: u64,
        /// The input. `e` is the event, `.x` its field, `it` the array of events, `_` the last value.
        text: String,
        /// The event.
        event: Option<Parcel>,
        /// Events, the newest last.
        events: Vec<Parcel>,
        /// Whether `e` stays as the last input left it; `event` is used only where there is none yet.
        keep_event: bool,
    },
    /// Ends a session, with its scope and its stepping.
    Forget {
        /// Which.
        session: u64,
    },
    /// Whether a text is a whole input.
    Validate {
        /// The text.
        text: String,
    },
    /// Runs the callables of a cog on an event and tells each line.
    Trace {
        /// The cog's name in the train.
        cog: String,
        /// The event as it came to the cog.
        event: Parcel,
    },
    /// Begins to step through a cog on an event; stops at the first statement.
    Step {
        /// Whose stepping it is.
        session: u64,
        /// The cog's name in the train.
        cog: String,
        /// The event as it came to the cog.
        event: Parcel,
    },
    /// Goes on where a stepping stands.
    Stepping {
        /// Which.
        session: u64,
        /// How far.
        command: Command,
    },
    /// Evaluates an expression where a stepping stands.
    Print {
        /// Which.
        session: u64,
        /// The expression; it sees the variables there, and changes them.
        text: String,
    },
    /// Lists the functions that a script may call.
    Functions,
    /// Winds another version of a script.
    Check {
        /// Where it is.
        path: PathBuf,
        /// How it is wound.
        setting: Setting,
    },
}

/// How far a stepping goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// To the next statement, also in a function that is called.
    Into,
    /// To the next statement of this function, or of the one that called it.
    Over,
    /// Out of this function.
    Out,
    /// To the end.
    Continue,
    /// No further.
    Stop,
}

/// What came of a task.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Of an input or an expression.
    Value(Value),
    /// The session is no more.
    Forgotten,
    /// Of a text.
    Validity(Validity),
    /// Of a cog on an event.
    Trace(Trace),
    /// The stepping stands there.
    Stopped(Box<Stopped>),
    /// The stepping is over.
    Done(Done),
    /// Functions in order of module and name.
    Functions(Vec<FunctionInfo>),
    /// Of a script: warnings when it can be run, else faults; as they are shown.
    Checked(Result<Vec<String>, Vec<String>>),
}

/// Why a task could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub text: String,
    /// Where.
    pub place: Option<Spot>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The source: a script's or library's name, or `input`.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The letter, from 1; 0 when only the line is known.
    pub column: usize,
    /// The line's text.
    pub text: String,
}

/// A value with what came along.
#[derive(Clone, Debug)]
pub struct Value {
    /// The value; what cannot travel stands in it as text, such as `closure(d)`.
    pub value: Parcel,
    /// Its type as scripts know it.
    pub kind: String,
    /// The event, where it was changed.
    pub event: Option<Parcel>,
    /// What was printed.
    pub printed: Vec<String>,
}

/// Whether a text is a whole input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It is.
    Complete,
    /// More may follow.
    Incomplete,
    /// Nothing that follows makes it right.
    Wrong(Fault),
}

/// What a cog did with an event.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The cog's name.
    pub cog: String,
    /// What it is: `movement::filter`.
    pub spec: String,
    /// Its callables, in the order of its options, each run on the event as it came.
    pub runs: Vec<Run>,
    /// Options whose callables take more than the event and were not run.
    pub not_run: Vec<String>,
}

/// One callable on an event.
#[derive(Clone, Debug)]
pub struct Run {
    /// The option that it was given as: `predicate`, `fields.total`.
    pub option: String,
    /// Its name, or `closure:LINE`.
    pub callable: String,
    /// Lines in the order in which they were run.
    pub lines: Vec<Spot>,
    /// Lines that were run after those.
    pub more: usize,
    /// The statement that decided the result.
    pub decided: Option<Spot>,
    /// What it read to decide, with values as they then were: `status`, `200`.
    pub read: Vec<(String, String)>,
    /// What came of it.
    pub verdict: Verdict,
    /// What was printed.
    pub printed: Vec<String>,
}

/// What came of a callable.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Its result.
    pub result: Result<Parcel, Fault>,
    /// The event as it was left.
    pub event: Parcel,
    /// What it emitted by `train.emit`.
    pub emitted: Vec<Parcel>,
    /// What it notified of by `train.notify`.
    pub notices: Vec<String>,
    /// The functions of `train.esc` that it called.
    pub sought: Vec<String>,
    /// Whether it held the event.
    pub held: bool,
}

/// Where a stepping stands.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// The option whose callable is stepped through.
    pub option: String,
    /// The statement that is run next.
    pub spot: Spot,
    /// Lines around it, with their numbers.
    pub window: Vec<(usize, String)>,
    /// The calls that led there, innermost first.
    pub stack: Vec<Frame>,
    /// Variables that are seen there; of equal names the innermost.
    pub variables: Vec<Variable>,
    /// What `this` is.
    pub this: Option<Parcel>,
    /// What was printed since the last stop.
    pub printed: Vec<String>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function's name, or `closure:LINE`.
    pub name: String,
    /// Where it stands.
    pub spot: Option<Spot>,
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, shortened.
    pub value: String,
    /// Its type.
    pub kind: String,
}

/// The end of a stepping.
#[derive(Clone, Debug)]
pub struct Done {
    /// What came of it; none when it was stopped before.
    pub verdict: Option<Verdict>,
    /// What was printed since the last stop.
    pub printed: Vec<String>,
}

/// A function that a script may call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FunctionInfo {
    /// Its module; empty for the global ones.
    pub module: String,
    /// Its name.
    pub name: String,
    /// Its parameters, with types where they are known: `text: string`.
    pub params: Vec<String>,
    /// What it does.
    pub about: String,
}

impl FunctionInfo {
    /// As it is called: `text::csv_parse(options)`.
    pub fn signature(&self) -> String {
        let module = if self.module.is_empty() { String::new() } else { format!("{}::", self.module) };
        format!("{module}{}({})", self.name, self.params.join(", "))
    }
}

impl Fault {
    /// Without a place.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), place: None, hint: None }
    }

    /// With advice.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Report> for Fault {
    fn from(report: Report) -> Self {
        Self { text: report.text, place: report.place.as_ref().map(Spot::from), hint: report.hint }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{}: {}", place.short(), self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl Spot {
    /// `file:line:column`.
    pub fn short(&self) -> String {
        if self.column == 0 { format!("{}:{}", self.file, self.line) } else { format!("{}:{}:{}", self.file, self.line, self.column) }
    }
}

impl From<&Place> for Spot {
    fn from(place: &Place) -> Self {
        let text = place.source.line(place.line).unwrap_or_default().to_owned();
        Self { file: place.source.name.clone(), line: place.line, column: place.column, text }
    }
}
