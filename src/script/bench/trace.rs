//! What a cog's callables do with an event, line by line.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rhai::{ASTNode, Dynamic, EvalAltResult, EvalContext, Expr, FnPtr, Map as RhaiMap};

use super::probe::{Follower, Way, begin, nothing};
use super::shop::{LIMITS, Part, Shop};
use super::tasks::{Fault, Run, Spot, Trace, Verdict};
use super::values::{parcel, short};
use crate::datum::{Datum, Parcel};
use crate::script::callback::ScriptFn;
use crate::script::convert::to_rhai;
use crate::script::host::Host;

/// Lines that are told at most.
const LINES: usize = 300;
/// Values that are told at most.
const READ: usize = 32;

/// A callable of a cog that takes an event.
pub(super) struct Callable {
    /// The option that it was given as.
    pub option: String,
    function: FnPtr,
    /// Whether the event is handed over as `this`.
    this: bool,
    /// The map that is `this`, of a cog with state, as it is at the beginning.
    state: Option<Dynamic>,
    /// The name of the parameter that is the event.
    pub event: Option<String>,
}

impl Callable {
    /// Those of a cog, and the options whose callables take more than an event.
    pub(super) fn of(part: &Part, host: &Rc<Host>) -> (Vec<Self>, Vec<String>) {
        let (mut all, mut others) = (Vec::new(), Vec::new());
        for (option, value) in &part.callables {
            let (option, state) = if value.is_map() { (format!("{option}.run"), Some(value.clone())) } else { (option.clone(), None) };
            let run = value.read_lock::<RhaiMap>().and_then(|map| map.get("run").cloned());
            let Some(function) = run.unwrap_or_else(|| value.clone()).flatten().try_cast::<FnPtr>() else { continue };
            let script = ScriptFn::new(host, function.clone());
            let params = host.tree_of(function.fn_name()).iter_fn_def().find(|known| known.name == function.fn_name());
            let event = params.and_then(|known| known.params.get(function.curry().len())).map(ToString::to_string);
            match script.arity() {
                Some(0) if state.is_none() => all.push(Self { option, function, this: true, state, event: None }),
                None | Some(1) => all.push(Self { option, function, this: false, state, event }),
                _ => others.push(option),
            }
        }
        (all, others)
    }

    /// Whether `this` is the event.
    pub(super) fn takes_this(&self) -> bool {
        self.this
    }

    /// How it shows.
    pub(super) fn shown(&self, host: &Host) -> String {
        host.display_name(&self.function)
    }

    /// Calls it on an event, apart from the train.
    pub(super) fn perform(&self, shop: &Shop, host: &Rc<Host>, event: &Datum) -> Verdict {
        let mut seen = to_rhai(event);
        let (result, wishes) = shop.host.stage.rehearse(|| match (&self.state, self.this) {
            (Some(state), _) => host.call(&self.function, Some(&mut state.clone()), [seen.clone()]),
            (None, true) => host.call(&self.function, Some(&mut seen), []),
            (None, false) => host.call(&self.function, None, [seen.clone()]),
        });
        let name = self.function.fn_name();
        let result = result.map(|value| {
            // What stands before a final `;` is not meant.
            let closed = self.this
                && !value.is_array()
                && host.tree_of(name).iter_fn_def().any(|known| known.name == name && host.ends_closed(name, known.body.end_position()));
            if closed { Parcel::Unit } else { parcel(host, &value.flatten(), Some(event)) }
        });
        Verdict {
            result: result.map_err(|error| Fault::from(host.report(error, host.home(name)))),
            event: parcel(host, &seen, Some(event)),
            emitted: wishes.emitted.iter().map(Parcel::from).collect(),
            notices: wishes.notices,
            sought: wishes.sought.into_iter().map(str::to_owned).collect(),
            held: wishes.held,
        }
    }
}

impl Shop {
    /// A host whose calls are followed from their first step on.
    pub(super) fn fresh_host(&self) -> Rc<Host> {
        Rc::new(Host::beside(&self.host, &nothing(), &self.host.main, &HashMap::new(), LIMITS))
    }

    /// Runs the callables of a cog on an event.
    pub(super) fn trace(&self, cog: &str, event: Parcel) -> Result<Trace, Fault> {
        let part = self.part(cog)?;
        let (event, host) = (Datum::from(event), self.fresh_host());
        let (callables, not_run) = Callable::of(part, &host);
        let mut runs = Vec::new();
        for callable in callables {
            // Each from the first step on.
            let host = self.fresh_host();
            let tracer = Rc::new(Tracer { way: Way::new(Rc::clone(&host)), event: callable.event.clone(), told: RefCell::default() });
            let _ = self.desk.voice.kept();
            let verdict = self.probe.follow(tracer.clone(), || callable.perform(self, &host, &event));
            let told = tracer.told.take();
            runs.push(Run {
                callable: callable.shown(&host),
                option: callable.option,
                lines: told.lines,
                more: told.more,
                decided: told.decided,
                read: told.read,
                verdict,
                printed: self.desk.voice.kept(),
            });
        }
        Ok(Trace { cog: part.name.clone(), spec: part.spec.clone(), runs, not_run })
    }
}

#[derive(Default)]
struct Told {
    /// The level of the callable itself.
    base: Option<usize>,
    lines: Vec<Spot>,
    more: usize,
    /// The line that was run last.
    last: Option<(String, usize)>,
    decided: Option<Spot>,
    read: Vec<(String, String)>,
}

struct Tracer {
    way: Way,
    /// The parameter that is the event; `this` where there is none.
    event: Option<String>,
    told: RefCell<Told>,
}

impl Follower for Tracer {
    fn reached(&self, context: EvalContext<'_, '_, '_, '_, '_, '_>, node: ASTNode<'_>) -> Result<(), Box<EvalAltResult>> {
        let told = &mut *self.told.borrow_mut();
        let level = context.call_level();
        let base = *told.base.get_or_insert(level);
        if self.way.is_statement(node)
            && let Some(spot) = self.way.spot(&context, begin(node))
        {
            let again = told.last.as_ref().is_some_and(|(file, line)| (file, *line) == (&spot.file, spot.line));
            if !again {
                told.last = Some((spot.file.clone(), spot.line));
            }
            if !again && told.lines.len() < LINES {
                told.lines.push(spot.clone());
            } else if !again {
                told.more += 1;
            }
            if level == base {
                told.decided = Some(spot);
            }
        }
        if let ASTNode::Expr(expression) = node
            && told.read.len() < READ
            && let Some((label, value)) = self.value(&context, expression, level == base)
        {
            told.read.retain(|(known, _)| *known != label);
            told.read.push((label, short(&self.way.host, &value)));
        }
        Ok(())
    }
}

impl Tracer {
    /// What a plain chain reads, and how it is called: the event's fields by their names alone.
    fn value(&self, context: &EvalContext<'_, '_, '_, '_, '_, '_>, expression: &Expr, outermost: bool) -> Option<(String, Dynamic)> {
        let mut steps = Vec::new();
        let root = chain(expression, &mut steps)?;
        let value = if root == "this" { context.this_ptr()?.flatten_clone() } else { context.scope().get(root)?.flatten_clone() };
        let is_event = outermost && root == self.event.as_deref().unwrap_or("this");
        if steps.is_empty() && (is_event || value.is_map() || value.is_array() || value.is_fnptr()) {
            return None;
        }
        let mut label = if is_event { String::new() } else { root.to_owned() };
        let mut value = value;
        for step in steps {
            value = step.of(&value)?;
            step.join(&mut label);
        }
        Some((label, value))
    }
}

/// A step into a map or a list.
enum Hop<'a> {
    Key(&'a str),
    At(i64),
}

impl Hop<'_> {
    /// What stands there; nothing under a missing key.
    fn of(&self, value: &Dynamic) -> Option<Dynamic> {
        match self {
            Self::Key(key) => Some(value.read_lock::<RhaiMap>()?.get(*key).map_or(Dynamic::UNIT, Dynamic::flatten_clone)),
            Self::At(place) => {
                let list = value.read_lock::<rhai::Array>()?;
                let place = if *place < 0 { list.len().checked_sub(place.unsigned_abs() as usize)? } else { *place as usize };
                list.get(place).map(Dynamic::flatten_clone)
            }
        }
    }

    fn join(&self, label: &mut String) {
        match self {
            Self::Key(key) if label.is_empty() => label.push_str(key),
            Self::Key(key) => {
                label.push('.');
                label.push_str(key);
            }
            Self::At(place) => label.extend(["[", &place.to_string(), "]"]),
        }
    }
}

/// The variable or `this` that a chain begins with, and its steps: those in front of the first that is not plain.
fn chain<'a>(expression: &'a Expr, steps: &mut Vec<Hop<'a>>) -> Option<&'a str> {
    match expression {
        Expr::Variable(variable, ..) if variable.2.is_empty() => Some(&variable.1),
        Expr::ThisPtr(_) => Some("this"),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => {
            let root = chain(&pair.lhs, steps)?;
            links(&pair.rhs, steps);
            Some(root)
        }
        _ => None,
    }
}

/// Takes the plain steps at the beginning; whether all are.
fn links<'a>(expression: &'a Expr, steps: &mut Vec<Hop<'a>>) -> bool {
    match expression {
        Expr::Property(property, _) => steps.push(Hop::Key(&property.2)),
        Expr::StringConstant(name, _) => steps.push(Hop::Key(name)),
        Expr::IntegerConstant(place, _) => steps.push(Hop::At(*place)),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => return links(&pair.lhs, steps) && links(&pair.rhs, steps),
        _ => return false,
    }
    true
}
