//! Expressions of users on the train's own thread: predicates of taps and breakpoints, and what they show.
//!
//! They are lowered where that can be done, as the script's own are. Whatever they do, they take so little that nobody waits.

use std::rc::Rc;
use std::time::Duration;

use rhai::FnPtr;

use super::input::{Input, Names};
use super::shop::{Compiled, homes};
use super::tasks::Fault;
use crate::cog::Callback;
use crate::error::Error;
use crate::getset::{Getter, Predicate};
use crate::script::callback::ScriptFn;
use crate::script::host::Host;
use crate::script::watch::Limits;

/// Of one event.
const LIMITS: Limits = Limits { what: "the expression", operations: 20_000, time: Duration::from_millis(10), memory: 16 };

/// The script of a running train, as expressions see it: with all its functions. Clones are the same.
#[derive(Clone)]
pub struct Live(Rc<Host>);

impl Live {
    /// Of that host.
    pub(in crate::script) fn new(host: &Rc<Host>) -> Self {
        Self(Rc::clone(host))
    }

    /// An expression that gives a truth value for an event, which is `e` or `this`, its fields `.field`.
    ///
    /// # Errors
    /// It does not compile.
    pub fn predicate(&self, text: &str) -> Result<Predicate, Fault> {
        self.expression(text)?.predicate().map_err(fault)
    }

    /// An expression that gives a value for an event.
    ///
    /// # Errors
    /// It does not compile.
    pub fn getter(&self, text: &str) -> Result<Getter, Fault> {
        self.expression(text)?.getter().map_err(fault)
    }

    fn expression(&self, text: &str) -> Result<ScriptFn, Fault> {
        let input = Input::new(text, Names { event: Some("e"), this: Some("e"), last: None });
        // A brace too many would end the function that is made of it.
        Compiled::new(&self.0, "expression", text, Input::new(text, Names { event: Some("e"), this: Some("e"), last: None }))?;
        let taken = |name: &str| self.0.ast.iter_functions().any(|function| function.name == name);
        let name = ["expression", "the_expression", "the_users_expression"].into_iter().find(|name| !taken(name));
        let name = name.ok_or_else(|| Fault::new("the script has functions of all names that the expression could have"))?;
        let compiled = Compiled::new(&self.0, "expression", text, input.between(&format!("fn {name}(e) {{ "), "}"))?;
        let homes = homes(&compiled.tree, &compiled.source);
        let host = Rc::new(Host::beside(&self.0, &compiled.tree, &compiled.source, &homes, LIMITS));
        let function = FnPtr::new(name).map_err(|error| Fault::new(error.to_string()))?;
        Ok(ScriptFn::new(&host, function))
    }
}

fn fault(error: Error) -> Fault {
    let hint = error.hint().map(str::to_owned);
    let text = match error {
        Error::Script { text, .. } => text,
        other => other.to_string(),
    };
    Fault { text, place: None, hint }
}
