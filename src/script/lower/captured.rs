//! Captured variables: shared, so that what changes them elsewhere must be known.

use rhai::{AST, ASTNode, Dynamic, Expr, FnPtr, Stmt};

use super::body::{self, Definition, root};
use super::natives;
use crate::datum::Datum;
use crate::script::convert::from_rhai;
use crate::script::host::Host;

/// The first captured variable of a closure that some closure changes.
pub(super) fn changed(host: &Host, names: &[rhai::ImmutableString]) -> Option<String> {
    let closures: Vec<&Definition> =
        body::trees(host).flat_map(AST::iter_fn_def).filter(|definition| definition.name.starts_with("anon$")).collect();
    names
        .iter()
        .find(|name| closures.iter().any(|closure| closure.params.iter().any(|param| param == *name) && changes(host, closure, name)))
        .map(ToString::to_string)
}

/// Whether a function may change that variable.
pub(super) fn changes(host: &Host, definition: &Definition, name: &str) -> bool {
    let mut found = false;
    crate::script::names::alone(definition).walk(&mut |path: &[ASTNode<'_>]| {
        found |= match path.last() {
            Some(ASTNode::Stmt(Stmt::Assignment(parts))) => root(&parts.1.lhs) == Some(name),
            Some(ASTNode::Stmt(Stmt::FnCall(call, _)) | ASTNode::Expr(Expr::FnCall(call, _))) => {
                let by_hand = call.is_operator_call() || is_harmless(host, &call.name, call.args.len());
                !by_hand && call.args.first().is_some_and(|first| root(first) == Some(name))
            }
            Some(ASTNode::Expr(chain @ (Expr::Dot(..) | Expr::Index(..)))) => root(chain) == Some(name) && has_change(host, chain),
            _ => false,
        };
        !found
    });
    found
}

/// Whether a call of a method in that chain may change what it is called on.
fn has_change(host: &Host, expression: &Expr) -> bool {
    match expression {
        Expr::MethodCall(call, _) => !is_harmless(host, &call.name, call.args.len() + 1),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => has_change(host, &pair.lhs) || has_change(host, &pair.rhs),
        _ => false,
    }
}

/// Whether a standard function is meant, that changes nothing.
fn is_harmless(host: &Host, name: &str, args: usize) -> bool {
    let own = body::trees(host).flat_map(AST::iter_fn_def).any(|definition| definition.name == name);
    !own && natives::find(name, args).is_some_and(|native| !native.changes_first)
}

/// What a closure captured, as it is now; none when code cannot have it.
pub(super) fn values(function: &FnPtr) -> Option<Vec<Datum>> {
    function
        .curry()
        .iter()
        .map(|value| {
            let value: Dynamic = value.flatten_clone();
            let letter = value.is_char();
            from_rhai(value).ok().filter(|_| !letter)
        })
        .collect()
}
