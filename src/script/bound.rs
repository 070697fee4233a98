//! What can be told, without running anything, of callables that a script gives to `train.esc`.

use std::rc::Rc;

use rhai::{AST, ASTNode, Expr, Stmt};

use super::host::Host;
use super::report::{Report, Source};
use super::winding::Desk;

/// What of `train.esc` is given something to call.
const BINDS: [&str; 5] = ["enqueue", "fd_register", "inotify_add", "request", "signal_register"];

/// Whether the innermost node is given to `train.esc`, alone or with what it captures: that calls it with the state as `this`.
pub(super) fn is_given(path: &[ASTNode<'_>]) -> bool {
    let mut calls = path.iter().rev().skip(1).filter_map(|node| match node {
        ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)) => Some(call.name.as_str()),
        _ => None,
    });
    calls.find(|name| *name != "curry").is_some_and(|name| BINDS.contains(&name))
}

/// Notes closures that have captured the very variable by which they are given: Rhai refuses such calls.
pub(super) fn walk(desk: &Desk, source: &Rc<Source>, tree: &AST) {
    tree.walk(&mut |path: &[ASTNode<'_>]| {
        let Some((ASTNode::Stmt(Stmt::Share(captured)), around)) = path.split_last() else { return true };
        let Some(place) =
            around.iter().rposition(|node| matches!(node, ASTNode::Expr(Expr::MethodCall(call, _)) if BINDS.contains(&call.name.as_str())))
        else {
            return true;
        };
        // The chain that ends in the call: `train.esc.enqueue` is one of `train`.
        let chain = around[..place].iter().rev().take_while(|node| matches!(node, ASTNode::Expr(Expr::Dot(..))));
        let receiver = chain.last().and_then(|node| match node {
            ASTNode::Expr(Expr::Dot(pair, ..)) => match &pair.lhs {
                Expr::Variable(variable, ..) => Some(variable.1.as_str()),
                _ => None,
            },
            _ => None,
        });
        for (name, ..) in captured.iter().filter(|(name, ..)| Some(name.as_str()) == receiver) {
            let text = format!("a closure that uses `{}` cannot be given to a method of `{}`", name.name, name.name);
            let report = Report::new("D0313", text, Host::place(source, name.pos));
            desk.report(report.hint(format!(
                "name a method instead, `enqueue(\"beat\")`, or take `let esc = {}.esc;` and call `esc.enqueue(…)`",
                if name.name == "esc" { "movement::train()" } else { name.name.as_str() }
            )));
        }
        true
    });
}
