//! Reaches the statements of a function of the script.

use rhai::{AST, ASTFlags, ASTNode, Expr, ScriptFuncDef, Shared, Stmt};

use crate::script::host::Host;
use crate::script::names;

/// A function of the script, or of a library.
pub(super) type Definition = Shared<ScriptFuncDef>;

/// The function of that name and number of parameters, captured values among them; of the script, or of a library.
pub(super) fn definition(host: &Host, name: &str, params: usize) -> Option<Definition> {
    trees(host).flat_map(AST::iter_fn_def).find(|definition| definition.name == name && definition.params.len() == params).cloned()
}

/// The syntax trees of the script and of its libraries.
pub(super) fn trees(host: &Host) -> impl Iterator<Item = &AST> {
    [&host.ast].into_iter().chain(host.libraries.iter().map(|(_, tree)| tree))
}

/// The statements of a function: an enumeration that Rhai does not export holds them, so they are reached by walking a tree
/// that has no other function.
pub(super) fn statements(definition: &Definition) -> Vec<Stmt> {
    let mut statements = Vec::new();
    names::alone(definition).walk(&mut |path: &[ASTNode<'_>]| {
        if let [ASTNode::Stmt(statement)] = path {
            statements.push((*statement).clone());
        }
        true
    });
    statements
}

/// Whether a `return` with a value stands in that function.
pub(in crate::script) fn returns(definition: &Definition) -> bool {
    let mut found = false;
    names::alone(definition).walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Stmt(Stmt::Return(Some(_), flags, _))) = path.last() {
            found |= !flags.intersects(ASTFlags::BREAK);
        }
        !found
    });
    found
}

/// The variable that an expression or place begins with.
pub(super) fn root(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Variable(variable, ..) if variable.2.is_empty() => Some(&variable.1),
        Expr::ThisPtr(_) => Some("this"),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => root(&pair.lhs),
        _ => None,
    }
}
