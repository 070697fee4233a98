//! Inputs of a session: each sees what those before it left.

use std::collections::HashMap;
use std::rc::Rc;

use rhai::{AST, Dynamic, Scope};

use super::input::{Input, Names};
use super::shop::{Compiled, LIMITS, Shop, homes};
use super::tasks::{Fault, Value};
use super::values::{kind, parcel};
use crate::datum::{Datum, Parcel};
use crate::script::convert::to_rhai;
use crate::script::host::Host;
use crate::script::report::Source;

/// `_` as Rhai reads it.
pub(super) const LAST: &str = "last_value";

/// What inputs leave for those after them.
pub(super) struct Session {
    scope: Scope<'static>,
    functions: AST,
    homes: HashMap<String, Rc<Source>>,
    /// The event as `e` was left.
    event: Option<Datum>,
    inputs: usize,
}

impl Session {
    /// A session that sees the variables of the script's top level.
    pub(super) fn new(top: &Scope<'static>) -> Self {
        let mut scope = top.clone();
        scope.push_dynamic(LAST, Dynamic::UNIT);
        Self { scope, functions: AST::empty(), homes: HashMap::new(), event: None, inputs: 0 }
    }
}

impl Shop {
    /// Evaluates an input.
    pub(super) fn eval(&mut self, text: &str, event: Option<Parcel>, events: Vec<Parcel>, keep: bool) -> Result<Value, Fault> {
        let session = &mut self.session;
        session.inputs += 1;
        let name = format!("input {}", session.inputs);
        let names = Names { event: Some("e"), this: Some("e"), last: Some(LAST) };
        let compiled = Compiled::new(&self.host, &name, text, Input::new(text, names))?;
        session.homes.extend(homes(&compiled.tree, &compiled.source));
        session.functions.combine(compiled.tree.clone_functions_only());
        let mut tree = compiled.tree.clone_statements_only();
        tree.combine(session.functions.clone());
        let host = Rc::new(Host::beside(&self.host, &tree, &compiled.source, &session.homes, LIMITS));

        let kept = if keep { session.event.take() } else { None };
        let event = kept.or_else(|| event.map(Datum::from)).unwrap_or_default();
        session.scope.set_or_push("e", to_rhai(&event));
        let events = events.into_iter().map(|event| to_rhai(&Datum::from(event))).collect();
        session.scope.set_or_push("it", Dynamic::from_array(events));
        let result = host.evaluate(&mut session.scope);
        // Blocks that an error left, and what was hidden by others of its name, are let go of.
        session.scope = session.scope.clone_visible();

        let after = session.scope.get("e").map(|now| parcel(&host, now, Some(&event)));
        let after = after.map(Datum::from).filter(|after| *after != event);
        session.event = Some(after.clone().unwrap_or_else(|| event.clone()));
        let value = result.map_err(|error| compiled.fault(host.report(error, Rc::clone(&compiled.source))))?.flatten();
        session.scope.set_or_push(LAST, value.clone());
        Ok(Value {
            value: parcel(&host, &value, Some(&event)),
            kind: kind(&value),
            event: after.as_ref().map(Parcel::from),
            printed: self.desk.voice.kept(),
        })
    }
}
