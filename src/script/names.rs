//! Unknown variables, told before evaluation: at the top level, in functions, and in modules (`conf::cast_strng`).
//!
//! A name counts as known when it is declared anywhere in the same function, or at the top level: this is about misspelt
//! words; what is used before it is declared is the interpreter's to tell. A closure takes the names it does not declare
//! from around it as parameters, so that its body needs no look.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use rhai::{AST, ASTNode, Expr, Module, Shared, Stmt};

use super::host::Host;
use super::report::{Report, Source};
use super::winding::Desk;
use crate::conf::{Cast, inserts};
use crate::error::nearest;

/// Variables of the modules, the global one under "".
fn of_modules() -> HashMap<&'static str, HashSet<&'static str>> {
    let mut all: HashMap<&'static str, HashSet<&'static str>> = HashMap::new();
    all.insert("", super::accessors::VARIABLES.into_iter().collect());
    for (module, name, _) in Cast::all() {
        all.entry(module).or_default().insert(name);
    }
    for (module, name, _) in inserts::INSERTS {
        all.entry(module).or_default().insert(name);
    }
    all
}

/// Words of other languages, with what they are here.
pub(super) fn foreign(word: &str) -> Option<String> {
    let ours = match word {
        "null" | "None" | "Null" | "NULL" | "nil" | "undefined" => "`()`",
        "True" | "TRUE" => "`true`",
        "False" | "FALSE" => "`false`",
        "and" => "`&&`",
        "or" => "`||`",
        "not" => "`!`",
        _ => return None,
    };
    Some(format!("use {ours}"))
}

/// What may be named: functions of the script, which may stand for themselves, and all functions, by module.
pub(super) struct Functions<'a> {
    /// Names of the script's and its libraries' functions.
    pub own: &'a HashSet<String>,
    /// All names with their numbers of parameters, the global ones under "".
    pub all: &'a HashMap<String, HashMap<String, BTreeSet<usize>>>,
}

/// Notes the unknown variables of a script.
pub(super) fn walk(desk: &Desk, source: &Rc<Source>, script: &AST, functions: &Functions<'_>) {
    let modules = of_modules();
    let top = AST::new(script.statements().iter().cloned(), Module::new());
    let top_names = declared(&top);
    note(desk, source, &top, &top_names, &modules, functions, false);
    for function in script.iter_fn_def().filter(|function| !function.name.starts_with("anon$")) {
        let body = alone(function);
        let mut names = declared(&body);
        names.extend(function.params.iter().map(ToString::to_string));
        note(desk, source, &body, &names, &modules, functions, true);
    }
}

/// A tree that has one function only, so that its body can be walked alone.
pub(super) fn alone(function: &Shared<rhai::ScriptFuncDef>) -> AST {
    let mut module = Module::new();
    module.set_script_fn(function.clone());
    AST::new([], module)
}

/// All names that are declared in a tree.
fn declared(tree: &AST) -> HashSet<String> {
    let mut names = HashSet::new();
    tree.walk(&mut |path: &[ASTNode<'_>]| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => {
                names.insert(variable.0.name.to_string());
            }
            Some(ASTNode::Stmt(Stmt::For(loop_, _))) => {
                names.insert(loop_.0.name.to_string());
                names.extend(loop_.1.iter().map(|counter| counter.name.to_string()));
            }
            Some(ASTNode::Stmt(Stmt::TryCatch(parts, _))) => {
                if let Expr::Variable(variable, ..) = &parts.expr {
                    names.insert(variable.1.to_string());
                }
            }
            Some(ASTNode::Stmt(Stmt::Import(import, _))) => {
                names.insert(import.1.name.to_string());
            }
            _ => {}
        }
        true
    });
    names
}

fn note(
    desk: &Desk,
    source: &Rc<Source>,
    tree: &AST,
    names: &HashSet<String>,
    modules: &HashMap<&'static str, HashSet<&'static str>>,
    functions: &Functions<'_>,
    in_function: bool,
) {
    tree.walk(&mut |path: &[ASTNode<'_>]| {
        let Some(ASTNode::Expr(Expr::Variable(variable, _, position))) = path.last() else { return true };
        let name = variable.1.as_str();
        let place = Host::place(source, *position);
        let module = variable.2.path.iter().map(|part| part.name.to_string()).collect::<Vec<_>>().join("::");
        if !module.is_empty() {
            let is_variable = modules.get(module.as_str()).is_some_and(|known| known.contains(name));
            if !is_variable && functions.all.get(&module).is_some_and(|known| known.contains_key(name)) {
                let place = Host::place(source, variable.2.position());
                let report = Report::new("D0104", format!("no variable `{module}::{name}`"), place);
                desk.report(report.hint(format!("it is a function: `{module}::{name}()`")));
                return true;
            }
            // Constants of the script and of its libraries have modules of their own.
            let Some(known) = modules.get(module.as_str()) else { return true };
            if !known.contains(name) {
                let report = Report::new("D0104", format!("`{module}` has no `{name}`"), place);
                desk.report(match nearest(name, known.iter().copied()) {
                    Some(near) => report.hint(format!("did you mean `{module}::{near}`?")),
                    None => report,
                });
            }
            return true;
        }
        if names.contains(name) || modules[""].contains(name) || functions.own.contains(name) {
            return true;
        }
        let report = Report::new("D0104", format!("no variable `{name}`"), place);
        if let Some(hint) = foreign(name) {
            desk.report(report.hint(hint));
            return true;
        }
        if functions.all[""].contains_key(name) {
            desk.report(report.hint(format!("it is a function: `{name}()`")));
            return true;
        }
        let near = nearest(name, names.iter().map(String::as_str).chain(modules[""].iter().copied()));
        desk.report(match near {
            Some(near) => report.hint(format!("did you mean `{near}`?")),
            None if in_function => report.hint("a named `fn` does not see the script's variables; a closure does"),
            None => report,
        });
        true
    });
}
