//! What is wrong with a datum, each fault with the path to it.
//!
//! Paths are made on the way back from a fault, so that where all is well they cost nothing.

use std::fmt::Write;
use std::rc::Rc;

use crate::datum::{Path, Step};
use crate::error::Error;

/// So many faults of one datum are told.
const MOST: usize = 50;

/// The faults of one datum.
pub(super) struct Faults {
    /// Whether one bad value is not enough.
    all: bool,
    /// Whether there is a bad value, not only what is missing.
    bad: bool,
    list: Vec<Fault>,
}

struct Fault {
    /// The innermost step first.
    path: Vec<Step>,
    /// None where nothing is there.
    text: Option<String>,
    /// The nearest description above it.
    about: Option<Rc<str>>,
}

impl Faults {
    /// None yet. `all`: a datum is looked through to its end.
    pub(super) fn new(all: bool) -> Self {
        Self { all, bad: false, list: Vec::new() }
    }

    /// Whether there is no need to look on.
    pub(super) fn enough(&self) -> bool {
        self.bad && (!self.all || self.list.len() > MOST)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    /// A value that is bad.
    pub(super) fn bad(&mut self, text: impl Into<String>) {
        self.bad = true;
        self.list.push(Fault { path: Vec::new(), text: Some(text.into()), about: None });
    }

    /// A required value that is not there.
    pub(super) fn missing(&mut self, step: Step, about: Option<&Rc<str>>) {
        self.list.push(Fault { path: vec![step], text: None, about: about.cloned() });
    }

    /// Those since there were `count` stand below that step.
    pub(super) fn below(&mut self, count: usize, step: impl Fn() -> Step, about: Option<&Rc<str>>) {
        for fault in &mut self.list[count..] {
            fault.path.push(step());
            if fault.about.is_none() {
                fault.about = about.cloned();
            }
        }
    }

    /// All of them as one error, where there are any. What is missing is told together, and alone only where nothing is bad.
    pub(super) fn into_error(self) -> Option<Error> {
        let (bad, missing): (Vec<_>, Vec<_>) = self.list.into_iter().partition(|fault| fault.text.is_some());
        let missing = if bad.is_empty() || self.all { missing } else { Vec::new() };
        let mut text = String::new();
        let mut told = 0;
        let shown = if self.all { MOST } else { 1 };
        for fault in bad.iter().take(shown) {
            let comma = if told > 0 { "; " } else { "" };
            let _ = write!(text, "{comma}{} {}{}", fault.place(), fault.text.as_deref().unwrap_or_default(), fault.description());
            told += 1;
        }
        if self.all && bad.len() > MOST {
            let _ = write!(text, "; and more");
        }
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().take(MOST).map(|fault| format!("{}{}", fault.place(), fault.description())).collect();
            let _ = write!(text, "{}missing: {}", if told > 0 { "; " } else { "" }, names.join(", "));
            if missing.len() > MOST {
                let _ = write!(text, " and {} more", missing.len() - MOST);
            }
        }
        match (bad.is_empty(), missing.is_empty()) {
            (true, true) => None,
            (true, false) => Some(Error::Refused { reason: "missing", text }),
            (false, _) => Some(Error::data(text, "")),
        }
    }
}

impl Fault {
    fn place(&self) -> String {
        if self.path.is_empty() {
            return "the datum".into();
        }
        format!("`{}`", crate::error::shorten(&Path::new(self.path.iter().rev().cloned().collect()).to_string(), 200))
    }

    fn description(&self) -> String {
        self.about.as_ref().map_or_else(String::new, |about| format!(" ({about})"))
    }
}
