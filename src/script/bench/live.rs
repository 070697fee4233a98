//! Expressions of users on the train's own thread: predicates of taps and breakpoints, and what they show.
//!
//! They are lowered where that can be done, as the script's own are. Whatever they do, they take so little that nobody waits.

use std::rc::Rc;
use std::time::Duration;

use rhai::{AST, ASTNode, FnPtr, Stmt};

use super::input::{Input, Names};
use super::shop::{Compiled, homes};
use super::tasks::Fault;
use crate::cog::Callback;
use crate::datum::Datum;
use crate::error::Error;
use crate::getset::{GetFn, Getter, Predicate, TestFn};
use crate::script::callback::ScriptFn;
use crate::script::host::Host;
use crate::script::watch::Limits;

/// What expressions are called in messages.
const SOURCE: &str = "expression";

/// Of one event.
const LIMITS: Limits = Limits { what: "the expression", operations: 20_000, time: TIME, memory: 16 };

/// Tests wait for each other.
const TIME: Duration = Duration::from_millis(if cfg!(test) { 250 } else { 10 });

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
        let (function, input) = self.expression(text)?;
        let placed = move |slow: TestFn| -> TestFn {
            let input = Rc::clone(&input);
            Rc::new(move |datum: &Datum| slow(datum).map_err(|error| typed(error, &input)))
        };
        Ok(match function.predicate().map_err(fault)? {
            Predicate::Lowered { path, slow } => Predicate::Lowered { path, slow: placed(slow) },
            Predicate::Call(call) => Predicate::Call(placed(call)),
            plain @ Predicate::Const(_) => plain,
        })
    }

    /// An expression that gives a value for an event.
    ///
    /// # Errors
    /// It does not compile.
    pub fn getter(&self, text: &str) -> Result<Getter, Fault> {
        let (function, input) = self.expression(text)?;
        let placed = move |slow: GetFn| -> GetFn {
            let input = Rc::clone(&input);
            Rc::new(move |datum: &Datum| slow(datum).map_err(|error| typed(error, &input)))
        };
        Ok(match function.getter().map_err(fault)? {
            Getter::Lowered { path, slow } => Getter::Lowered { path, slow: placed(slow) },
            Getter::Call(call) => Getter::Call(placed(call)),
            plain => plain,
        })
    }

    fn expression(&self, text: &str) -> Result<(ScriptFn, Rc<Input>), Fault> {
        let input = || Input::new(text, Names { event: Some("e"), this: Some("e"), last: None });
        // A brace too many would end the function that is made of it.
        Compiled::new(&self.0, SOURCE, text, input())?;
        let taken = |name: &str| self.0.ast.iter_functions().any(|function| function.name == name);
        let name = ["expression", "the_expression", "the_users_expression"].into_iter().find(|name| !taken(name));
        let name = name.ok_or_else(|| Fault::new("the script has functions of all names that the expression could have"))?;
        let compiled = Compiled::new(&self.0, SOURCE, text, input().between(&format!("fn {name}(e) {{ "), "}"))?;
        let homes = homes(&compiled.tree, &compiled.source);
        let mut host = Host::beside(&self.0, &compiled.tree, &compiled.source, &homes, LIMITS);
        // Native code may do as much as a call of a cog may.
        host.lowers &= !loops(&compiled.tree);
        let host = Rc::new(host);
        let function = FnPtr::new(name).map_err(|error| Fault::new(error.to_string()))?;
        Ok((ScriptFn::new(&host, function), Rc::new(compiled.input)))
    }
}

/// Whether a loop stands in that tree.
fn loops(tree: &AST) -> bool {
    !tree.walk(&mut |path: &[ASTNode<'_>]| !matches!(path.last(), Some(ASTNode::Stmt(Stmt::While(..) | Stmt::Do(..) | Stmt::For(..)))))
}

/// The error with its place as it was typed.
fn typed(error: Error, input: &Input) -> Error {
    let Error::Script { text, place, hint } = error else { return error };
    let numbers = place.strip_prefix(SOURCE).and_then(|rest| rest.strip_prefix(':')).and_then(|rest| rest.split_once(':'));
    let numbers = numbers.and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
    let place = numbers.map_or(place, |(line, column)| format!("{SOURCE}:{line}:{}", input.typed(line, column)));
    Error::Script { text, place, hint }
}

fn fault(error: Error) -> Fault {
    let hint = error.hint().map(str::to_owned);
    let text = match error {
        Error::Script { text, .. } => text,
        other => other.to_string(),
    };
    Fault { text, place: None, hint }
}
