//! Closures that are a plain path, a constant or a single assignment: cogs borrow through these, or take them as a key.
//!
//! What is found here is used only for plain success; a missing key, an index out of bounds or a value of another kind goes
//! to the interpreter, so that values and errors are the interpreter's own.

use rhai::{Expr, FnPtr, Stmt};

use super::body;
use super::expression::constant;
use crate::datum::{Datum, Key, Path, Step};
use crate::script::host::Host;

/// What an expression over the datum plainly is.
pub(in crate::script) enum Value {
    /// Always the same.
    Const(Datum),
    /// The datum itself.
    Whole,
    /// A part of it.
    Path(Path),
}

/// A function's free parameters and statements.
struct Body {
    params: Vec<String>,
    statements: Vec<Stmt>,
}

/// The body of `function`. Captured values come first, and may change while the script runs: what uses them is no plain path.
fn body(host: &Host, function: &FnPtr, arity: Option<usize>) -> Option<Body> {
    let definition = body::definition(host, function.fn_name(), function.curry().len() + arity?)?;
    let params = definition.params.iter().skip(function.curry().len()).map(ToString::to_string).collect();
    Some(Body { params, statements: body::statements(&definition) })
}

impl Body {
    /// What stands for the datum: the first parameter, or `this` where there is none.
    fn datum(&self) -> &str {
        self.params.first().map_or("this", String::as_str)
    }
}

/// The one expression that these statements are.
fn only_expression(statements: &[Stmt]) -> Option<&Expr> {
    match statements {
        [Stmt::Expr(expression)] => match &**expression {
            Expr::Stmt(block) => only_expression(block.statements()),
            expression => Some(expression),
        },
        [Stmt::Block(block)] => only_expression(block.statements()),
        _ => None,
    }
}

/// The statements without the braces around them.
fn unwrapped(statements: &[Stmt]) -> &[Stmt] {
    match statements {
        [Stmt::Block(block)] => unwrapped(block.statements()),
        [Stmt::Expr(expression)] => match &**expression {
            Expr::Stmt(block) => unwrapped(block.statements()),
            _ => statements,
        },
        _ => statements,
    }
}

/// `|d| d.a.b[0]`, `|| this.a`, `|d| "x"`, `|d| d`.
pub(in crate::script) fn value(host: &Host, function: &FnPtr, arity: Option<usize>) -> Option<Value> {
    if !host.lowers {
        return None;
    }
    let body = body(host, function, arity)?;
    expression(only_expression(&body.statements)?, body.datum())
}

/// The key that `|d, v| { d.k = v; d }` or `|v| this.k = v` assigns.
pub(in crate::script) fn assigned_key(host: &Host, function: &FnPtr, arity: Option<usize>) -> Option<Key> {
    if !host.lowers {
        return None;
    }
    let body = body(host, function, arity)?;
    let (datum, piece, statements) = match (body.params.as_slice(), unwrapped(&body.statements)) {
        ([piece], [assignment]) => ("this", piece, assignment),
        ([datum, piece], [assignment, Stmt::Expr(last)]) if is_variable(last, datum) => (datum.as_str(), piece, assignment),
        _ => return None,
    };
    let (key, right) = single_assignment(statements, datum)?;
    is_variable(right, piece).then_some(key)
}

/// `datum.key = right`.
fn single_assignment<'a>(statement: &'a Stmt, datum: &str) -> Option<(Key, &'a Expr)> {
    let Stmt::Assignment(assignment) = statement else { return None };
    if assignment.0.is_op_assignment() {
        return None;
    }
    match expression(&assignment.1.lhs, datum)? {
        Value::Path(path) => Some((crate::getset::single_key(&path)?.clone(), &assignment.1.rhs)),
        _ => None,
    }
}

fn is_variable(expression: &Expr, name: &str) -> bool {
    match expression {
        Expr::Variable(variable, ..) => variable.2.is_empty() && variable.1 == name,
        _ => false,
    }
}

fn expression(expression: &Expr, datum: &str) -> Option<Value> {
    if let Some(constant) = constant(expression) {
        return Some(Value::Const(constant));
    }
    let mut steps = Vec::new();
    chain(expression, datum, &mut steps)?;
    Some(if steps.is_empty() { Value::Whole } else { Value::Path(Path::new(steps)) })
}

/// `d.a.b[0]`: a chain that leans to the right, `Dot(d, Dot(a, Index(b, 0)))`.
fn chain(expression: &Expr, datum: &str, steps: &mut Vec<Step>) -> Option<()> {
    match expression {
        Expr::Variable(variable, ..) if variable.2.is_empty() && variable.1 == datum => Some(()),
        Expr::ThisPtr(_) if datum == "this" => Some(()),
        Expr::Dot(pair, flags, _) | Expr::Index(pair, flags, _) if !is_elvis(*flags) => {
            chain(&pair.lhs, datum, steps)?;
            links(&pair.rhs, steps)
        }
        _ => None,
    }
}

fn links(expression: &Expr, steps: &mut Vec<Step>) -> Option<()> {
    match expression {
        Expr::Property(property, _) => steps.push(Step::Key(Key::new(&property.2))),
        Expr::StringConstant(name, _) => steps.push(Step::Key(Key::new(name))),
        Expr::IntegerConstant(place, _) => steps.push(Step::At(*place)),
        Expr::Dot(pair, flags, _) | Expr::Index(pair, flags, _) if !is_elvis(*flags) => {
            links(&pair.lhs, steps)?;
            links(&pair.rhs, steps)?;
        }
        _ => return None,
    }
    Some(())
}

/// Whether the link is `?.` or `?[`, which has a meaning of its own for `()`.
fn is_elvis(flags: rhai::ASTFlags) -> bool {
    flags.intersects(rhai::ASTFlags::NEGATED)
}
