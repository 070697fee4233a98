//! What can be told of a script without running it: unknown functions, misspelt cogs and options, closures that swallowed the
//! rest of a line, what stands behind `train.run()`.
//!
//! The walk runs before every evaluation, so that all faults are told at once, also those that evaluation never reaches.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::bound;
use super::host::Host;
use super::names::{self, alone};
use super::report::{Place, Report, Source};
use super::winding::Desk;
use crate::cog::CogSpec;
use crate::cogs::{COGS, GROUPS};
use crate::error::nearest;

/// What the interpreter itself answers to, with no entry in its tables.
const BUILT_IN: [&str; 12] =
    ["call", "curry", "debug", "eval", "exit", "Fn", "is_def_fn", "is_def_var", "is_shared", "print", "take", "type_of"];

/// Names of functions with their numbers of parameters, by module; the global ones under "".
struct Known {
    functions: HashMap<String, HashMap<String, BTreeSet<usize>>>,
    /// Names under which functions may be kept: fields of literal maps, variables.
    holders: HashSet<String>,
    /// Functions of the script and of its libraries.
    own: HashSet<String>,
}

/// Walks the script's syntax tree and notes what is wrong with it; remembers where the options of literal maps stand.
pub(super) fn walk(desk: &Desk, host: &Host, script: &AST) {
    let mut known = Known::of(host);
    for (_, library) in &host.libraries {
        known.learn(library);
    }
    known.learn(script);
    for (source, tree) in host.libraries.iter().map(|(source, tree)| (source, tree)).chain([(&host.main, script)]) {
        tree.walk(&mut |path: &[ASTNode<'_>]| {
            match path.last() {
                Some(ASTNode::Expr(Expr::FnCall(call, position)) | ASTNode::Stmt(Stmt::FnCall(call, position))) => {
                    function(desk, &known, source, call, *position);
                }
                Some(ASTNode::Expr(Expr::MethodCall(call, position))) => method(desk, &known, source, call, *position),
                _ => {}
            }
            true
        });
        swallowed(desk, source, tree);
        nested_this(desk, source, tree);
        captured_in_loops(desk, source, tree);
        gives_nothing(desk, source, tree);
        bound::walk(desk, source, tree);
    }
    names::walk(desk, &host.main, script, &names::Functions { own: &known.own, all: &known.functions });
    behind_run(desk, &host.main, script);
}

impl Known {
    fn of(host: &Host) -> Self {
        let all = host.engine.collect_fn_metadata(
            None,
            |info| Some((info.namespace.to_string(), info.metadata.name.to_string(), info.metadata.num_params)),
            true,
        );
        let mut functions: HashMap<String, HashMap<String, BTreeSet<usize>>> = HashMap::new();
        for (module, name, params) in all {
            functions.entry(module).or_default().entry(name).or_default().insert(params);
        }
        Self { functions, holders: HashSet::new(), own: HashSet::new() }
    }

    /// The functions of a script or library, and names under which it keeps callables.
    fn learn(&mut self, script: &AST) {
        let global = self.functions.entry(String::new()).or_default();
        for function in script.iter_functions() {
            global.entry(function.name.to_owned()).or_default().insert(function.params.len());
            self.own.insert(function.name.to_owned());
        }
        script.walk(&mut |path: &[ASTNode<'_>]| {
            match path.last() {
                Some(ASTNode::Expr(Expr::Map(map, _))) => self.holders.extend(map.0.iter().map(|(name, _)| name.name.to_string())),
                Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => {
                    self.holders.insert(variable.0.name.to_string());
                }
                Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => {
                    if let Expr::Dot(pair, ..) = &assignment.1.lhs
                        && let Expr::Property(property, _) = &pair.rhs
                    {
                        self.holders.insert(property.2.to_string());
                    }
                }
                _ => {}
            }
            true
        });
        for function in script.iter_fn_def() {
            self.holders.extend(function.params.iter().map(ToString::to_string));
        }
    }
}

fn at(source: &Rc<Source>, position: Position) -> Option<Place> {
    Host::place(source, position)
}

fn function(desk: &Desk, known: &Known, source: &Rc<Source>, call: &FnCallExpr, position: Position) {
    if call.is_operator_call() || call.name.as_str() == "|>" {
        return;
    }
    let module = call.namespace.path.iter().map(|part| part.name.to_string()).collect::<Vec<_>>().join("::");
    if !module.is_empty() {
        // The position of a qualified call is that of its first module's name.
        in_module(desk, known, source, call, &module, call.namespace.position(), position);
        return;
    }
    let global = &known.functions[""];
    let name = call.name.as_str();
    if let Some(spec) = COGS.iter().find(|spec| spec.global && spec.name == name) {
        options_of_cog(desk, source, spec, call, position);
    }
    if name == "sleep" {
        let report = Report::new("D0103", "`sleep` is switched off: it would hold up all data", at(source, position));
        desk.report(report.hint("`movement::tick_supply` makes data on a beat"));
        return;
    }
    if BUILT_IN.contains(&name) || known.holders.contains(name) {
        return;
    }
    if let Some(arities) = global.get(name) {
        // A native one may take what only the types of the arguments tell.
        if known.own.contains(name) && !arities.contains(&call.args.len()) {
            desk.report(Report::new("D0103", wrong_count(name, arities, call.args.len()), at(source, position)));
        }
        return;
    }
    let home = COGS.iter().find(|spec| spec.name == name);
    let hint = match home {
        Some(spec) => Some(format!("it stands in a module: `{}`", spec.path())),
        None if names::foreign(name).is_some() => names::foreign(name),
        None => nearest(name, global.keys().map(String::as_str).filter(|name| name.starts_with(char::is_alphabetic)))
            .map(|near| format!("did you mean `{near}`?")),
    };
    let report = Report::new("D0103", format!("no function `{name}`"), at(source, position));
    desk.report(match hint {
        Some(hint) => report.hint(hint),
        None => report,
    });
}

/// Tells of a call with too few or too many arguments.
fn wrong_count(name: &str, arities: &BTreeSet<usize>, given: usize) -> String {
    let wanted = arities.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let plural = if arities.len() == 1 && arities.contains(&1) { "" } else { "s" };
    format!("`{name}` takes {wanted} argument{plural}, but is given {given}")
}

fn in_module(desk: &Desk, known: &Known, source: &Rc<Source>, call: &FnCallExpr, module: &str, first: Position, name_at: Position) {
    let name = call.name.as_str();
    if module == "global" {
        return;
    }
    let Some(functions) = known.functions.get(module) else {
        let modules = known.functions.keys().map(String::as_str).filter(|name| !name.is_empty());
        let report = Report::new("D0106", format!("no module `{module}`"), at(source, first));
        desk.report(match nearest(module, modules) {
            Some(near) => report.hint(format!("did you mean `{near}`?")),
            None => report.hint("modules are conf, log, movement, fs, text, dns, twist, and what is imported"),
        });
        return;
    };
    if let Some(spec) = COGS.iter().find(|spec| spec.family == module && spec.name == name) {
        options_of_cog(desk, source, spec, call, name_at);
        return;
    }
    if let Some(group) = GROUPS.iter().find(|group| group.constructor() == Some((module, name))) {
        let options: Vec<&str> = group.params.iter().map(|param| param.name).collect();
        literal_options(desk, source, group.name, &options, &call.args, name_at);
    }
    match functions.get(name) {
        Some(arities) if arities.contains(&call.args.len()) => {}
        Some(arities) => {
            let text = wrong_count(&format!("{module}::{name}"), arities, call.args.len());
            desk.report(Report::new("D0103", text, at(source, name_at)));
        }
        None => {
            let report = Report::new("D0205", format!("`{module}` has no `{name}`"), at(source, name_at));
            let here = nearest(name, functions.keys().map(String::as_str)).map(|near| format!("{module}::{near}"));
            let there = COGS.iter().find(|spec| spec.name == name).map(|spec| spec.path());
            desk.report(match here.or(there) {
                Some(near) => report.hint(format!("did you mean `{near}`?")),
                None if COGS.iter().any(|spec| spec.family == module) => report.hint("`deadbeat cogs` lists them all"),
                None => report,
            });
        }
    }
}

/// As [`literal_options`], for the constructor of a cog. A map that is its first option has keys of the user's own.
fn options_of_cog(desk: &Desk, source: &Rc<Source>, spec: &'static CogSpec, call: &FnCallExpr, position: Position) {
    let own = call.args.first().is_some_and(|arg| {
        let Expr::Map(map, _) = arg else { return false };
        call.args.len() > 1 || spec.is_first(map.0.iter().map(|(name, _)| name.name.as_str()))
    });
    literal_options(desk, source, &spec.path(), &known_options(spec), &call.args[usize::from(own)..], position);
}

/// The options that a cog has; last those that are taken and not heeded.
fn known_options(spec: &'static CogSpec) -> Vec<&'static str> {
    spec.all_params().map(|param| param.name).chain(IGNORED).collect()
}

/// Options of the original that every cog takes and does not heed.
const IGNORED: [&str; 2] = ["train", "esc"];

/// Notes where the options of a literal map stand, and those that are not among the `options` of what is constructed.
fn literal_options(desk: &Desk, source: &Rc<Source>, path: &str, options: &[&str], args: &[Expr], position: Position) {
    let Some(Expr::Map(map, _)) = args.iter().find(|arg| matches!(arg, Expr::Map(..))) else { return };
    let places = map.0.iter().map(|(name, _)| (name.name.to_string(), name.pos)).collect();
    desk.winding.borrow_mut().option_places.insert(position, places);
    for (name, _) in &map.0 {
        if !options.contains(&name.name.as_str()) {
            let options: Vec<&str> = options.iter().copied().filter(|option| !IGNORED.contains(option)).collect();
            let report = Report::new("D0201", format!("`{path}` has no option `{}`", name.name), at(source, name.pos));
            desk.report(match nearest(&name.name, options.iter().copied()) {
                Some(near) => report.hint(format!("did you mean `{near}`?")),
                None => report.hint(format!("it takes {}", options.join(", "))),
            });
        }
    }
}

fn method(desk: &Desk, known: &Known, source: &Rc<Source>, call: &FnCallExpr, position: Position) {
    let name = call.name.as_str();
    let global = &known.functions[""];
    // A field may hold a callable: only names that nobody can have put there are faults.
    if global.contains_key(name) || BUILT_IN.contains(&name) || known.holders.contains(name) {
        return;
    }
    let report = Report::new("D0103", format!("no method `{name}`"), at(source, position));
    desk.report(match nearest(name, global.keys().map(String::as_str).filter(|name| name.starts_with(char::is_alphabetic))) {
        Some(near) => report.hint(format!("did you mean `{near}`?")),
        None => report,
    });
}

/// Closures whose body is `… |> …`: without parentheses a closure takes the rest of the line.
fn swallowed(desk: &Desk, source: &Rc<Source>, tree: &AST) {
    for function in tree.iter_fn_def().filter(|function| function.name.starts_with("anon$")) {
        alone(function).walk(&mut |path: &[ASTNode<'_>]| {
            if let [ASTNode::Stmt(Stmt::Expr(body)), ..] = path
                && let Expr::FnCall(call, position) = &**body
                && call.name.as_str() == "|>"
            {
                let place = at(source, *position).or_else(|| at(source, body.position()));
                let report = Report::new("D0306", "this closure swallowed the rest of the line", place);
                desk.report(report.hint("put it in parentheses or in `cog(…)`: `a |> cog(|d| …) |> b`"));
                return false;
            }
            true
        });
    }
}

/// `this` in a closure with parameters inside another function: there it is not the datum.
fn nested_this(desk: &Desk, source: &Rc<Source>, tree: &AST) {
    let mut nested = HashSet::new();
    for function in tree.iter_fn_def() {
        alone(function).walk(&mut |path: &[ASTNode<'_>]| {
            // In a map it is a method of a cog with state, or an accessor: there `this` is bound.
            let in_map = matches!(path.iter().nth_back(1), Some(ASTNode::Expr(Expr::Map(..)))) || bound::is_given(path);
            if let Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) = path.last()
                && !in_map
                && let Some(closure) = value.clone().try_cast::<rhai::FnPtr>()
            {
                nested.insert(closure.fn_name().to_owned());
            }
            true
        });
    }
    for function in tree.iter_fn_def().filter(|function| nested.contains(function.name.as_str()) && !function.params.is_empty()) {
        alone(function).walk(&mut |path: &[ASTNode<'_>]| {
            if let Some(ASTNode::Expr(Expr::ThisPtr(position))) = path.last() {
                let report = Report::new("D0310", "`this` is not the datum inside a nested closure", at(source, *position)).warning();
                desk.report(report.hint("copy what you need to a local variable first: `let me = this;`"));
            }
            true
        });
    }
}

/// Closures with one parameter that end by changing it: it is a copy, and what they give is `()`.
fn gives_nothing(desk: &Desk, source: &Rc<Source>, tree: &AST) {
    let mut closures = HashSet::new();
    tree.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) = path.last()
            && let Some(closure) = value.clone().try_cast::<rhai::FnPtr>()
        {
            // What it captures are its first parameters, given by `curry`.
            let captured = match path.iter().nth_back(1) {
                Some(ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _))) if call.name.as_str() == "curry" => {
                    call.args.len() - 1
                }
                _ => 0,
            };
            closures.insert((closure.fn_name().to_owned(), captured + 1));
        }
        true
    });
    for function in tree.iter_fn_def().filter(|function| closures.contains(&(function.name.to_string(), function.params.len()))) {
        let Some(own) = function.params.last() else { continue };
        let mut lost = None;
        alone(function).walk(&mut |path: &[ASTNode<'_>]| {
            match path {
                [ASTNode::Stmt(Stmt::Noop(_))] => {}
                // The last statement of the body is what is left.
                [ASTNode::Stmt(Stmt::Assignment(assignment))] => {
                    let target = &assignment.1.lhs;
                    let is_own = !matches!(target, Expr::Variable(..)) && root(target) == Some(own.as_str());
                    lost = is_own.then(|| target.start_position());
                }
                [_] => lost = None,
                _ => {}
            }
            true
        });
        if let Some(position) = lost {
            let report = Report::new("D0312", "values are copied when passed: this change is lost", at(source, position)).warning();
            desk.report(report.hint("end it with the datum: `|d| { d.x = 1; d }`, or change it in place: `|| { this.x = 1; }`"));
        }
    }
}

/// The variable in which the property or item stands.
fn root(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Variable(variable, ..) => Some(variable.1.as_str()),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => root(&pair.lhs),
        _ => None,
    }
}

/// Closures that are made cogs in a `for` loop and use its variable: it is one for all rounds, so all see its last value.
fn captured_in_loops(desk: &Desk, source: &Rc<Source>, tree: &AST) {
    tree.walk(&mut |path: &[ASTNode<'_>]| {
        let Some((ASTNode::Stmt(Stmt::Share(captured)), around)) = path.split_last() else { return true };
        // One that is called at once, as by `list.map(…)`, does no harm.
        if !around.iter().any(makes_cog) {
            return true;
        }
        for (name, _) in captured.iter() {
            let is_loops = around.iter().any(|node| {
                matches!(node, ASTNode::Stmt(Stmt::For(control, _))
                    if control.0.name == name.name || control.1.as_ref().is_some_and(|counter| counter.name == name.name))
            });
            if is_loops {
                let text = format!("all closures made in this loop see the last value of `{}`", name.name);
                let report = Report::new("D0311", text, at(source, name.pos)).warning();
                desk.report(report.hint(format!(
                    "the variable of a loop is one for all its rounds: `let mine = {};` in the loop, and use that",
                    name.name
                )));
            }
        }
        true
    });
}

/// Whether the call makes a cog, or a line of what it is given.
fn makes_cog(node: &ASTNode<'_>) -> bool {
    let (ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _))) = node else { return false };
    let name = call.name.as_str();
    matches!(name, "|>" | "cog" | "train_line" | "train_split")
        || COGS.iter().any(|spec| spec.name == name && spec.global == call.namespace.is_empty())
}

/// Statements behind a top-level `train.run()`, which ends the winding.
fn behind_run(desk: &Desk, source: &Rc<Source>, script: &AST) {
    let statements = script.statements();
    let runs = |statement: &Stmt| -> bool {
        let call = match statement {
            Stmt::FnCall(call, _) => Some(call),
            Stmt::Expr(expression) => match &**expression {
                Expr::FnCall(call, _) => Some(call),
                Expr::Dot(pair, ..) => {
                    return matches!(&pair.rhs, Expr::MethodCall(call, _) if call.name.as_str() == "run" && call.args.is_empty());
                }
                _ => None,
            },
            _ => None,
        };
        call.is_some_and(|call| match call.name.as_str() {
            "run" => call.namespace.path.iter().any(|part| part.name.as_str() == "movement"),
            "exit" => call.args.first().is_some_and(
                |arg| matches!(arg, Expr::Dot(pair, ..) if matches!(&pair.rhs, Expr::MethodCall(call, _) if call.name.as_str() == "run")),
            ),
            _ => false,
        })
    };
    let Some(place) = statements.iter().position(runs) else { return };
    if let Some(next) = statements[place + 1..].iter().find(|statement| !matches!(statement, Stmt::Noop(_))) {
        let start = match next {
            Stmt::FnCall(call, _) => call.namespace.position().or_else(next.position()),
            Stmt::Expr(expression) => match &**expression {
                Expr::FnCall(call, _) => call.namespace.position().or_else(next.position()),
                other => other.start_position(),
            },
            _ => next.position(),
        };
        let report = Report::new("D0307", "this is never reached: `train.run()` ends the script", at(source, start)).warning();
        desk.report(report.hint("work for afterwards goes into `train.on_done(|status| …)`, before the run"));
    }
}
