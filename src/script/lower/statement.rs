//! Lowers statements.

use rhai::{ASTFlags, Expr, Stmt};

use super::body::root;
use super::code::{For, Node, Over, Place, Root, Try, While};
use super::compile::{Bound, Compiler, Lower, Refusal, refuse};
use super::operators::Op;
use crate::datum::Datum;

impl Compiler<'_> {
    /// Statements with a scope of their own.
    pub(super) fn block(&mut self, statements: &[Stmt]) -> Lower<Node> {
        let mark = self.scope.mark();
        let mut nodes = statements.iter().map(|statement| self.statement(statement)).collect::<Lower<Vec<_>>>()?;
        self.scope.back(mark);
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Block(nodes.into()) })
    }

    fn statement(&mut self, statement: &Stmt) -> Lower<Node> {
        self.count(2);
        let position = statement.position();
        match statement {
            Stmt::Noop(_) => Ok(Node::Const(Datum::Unit)),
            Stmt::Expr(expression) => self.expression(expression),
            Stmt::Block(block) => self.block(block.statements()),
            Stmt::FnCall(call, position) => self.call(call, *position),
            Stmt::Var(variable, flags, _) => {
                if flags.contains(ASTFlags::EXPORTED) {
                    return refuse("`export`", position);
                }
                let value = self.expression(&variable.1)?;
                let slot = self.scope.declare(&variable.0.name, flags.contains(ASTFlags::CONSTANT));
                self.scope.effects += 1;
                Ok(Node::Let(slot, Box::new(value)))
            }
            Stmt::Assignment(parts) => self.assignment(&parts.0, &parts.1.lhs, &parts.1.rhs),
            Stmt::If(parts, _) => {
                let test = self.expression(&parts.expr)?;
                let yes = self.block(parts.body.statements())?;
                let no = self.block(parts.branch.statements())?;
                Ok(Node::If(Box::new([test, yes, no])))
            }
            Stmt::Switch(parts, _) => self.switch(&parts.0, &parts.1, position),
            Stmt::For(parts, _) => self.for_each(&parts.0.name, parts.1.as_ref().map(|counter| counter.name.as_str()), &parts.2),
            Stmt::While(parts, _) => {
                let endless = matches!(parts.expr, Expr::Unit(_) | Expr::BoolConstant(true, _));
                let ((test, body), cost) = self.apart(|me| {
                    let test = if endless { None } else { Some(me.expression(&parts.expr)?) };
                    Ok((test, me.block(parts.body.statements())?))
                })?;
                Ok(Node::While(Box::new(While { test, first: true, wanted: true, body, cost })))
            }
            Stmt::Do(parts, flags, _) => {
                let ((test, body), cost) = self.apart(|me| Ok((me.expression(&parts.expr)?, me.block(parts.body.statements())?)))?;
                let wanted = !flags.contains(ASTFlags::NEGATED);
                Ok(Node::While(Box::new(While { test: Some(test), first: false, wanted, body, cost })))
            }
            Stmt::BreakLoop(value, flags, _) => {
                self.scope.effects += 1;
                if !flags.contains(ASTFlags::BREAK) {
                    return Ok(Node::Continue);
                }
                let value = value.as_ref().map(|value| self.expression(value)).transpose()?;
                Ok(Node::Break(value.map(Box::new)))
            }
            Stmt::Return(value, flags, _) => {
                self.scope.effects += 1;
                let value = value.as_ref().map(|value| self.expression(value)).transpose()?;
                if flags.contains(ASTFlags::BREAK) {
                    return Ok(Node::Throw(Box::new(value.unwrap_or(Node::Const(Datum::Unit)))));
                }
                Ok(Node::Return(value.map(|value| Box::new(self.scope.tail(value)))))
            }
            Stmt::TryCatch(parts, _) => {
                let body = self.block(parts.body.statements())?;
                let mark = self.scope.mark();
                let slot = match &parts.expr {
                    Expr::Variable(variable, ..) => Some(self.scope.declare(&variable.1, false)),
                    _ => None,
                };
                let branch = self.block(parts.branch.statements())?;
                self.scope.back(mark);
                self.scope.effects += 1;
                Ok(Node::Try(Box::new(Try { body, slot, branch })))
            }
            Stmt::Import(..) => refuse("`import`", position),
            Stmt::Share(_) => refuse("a closure that captures a variable", position),
            _ => refuse("this statement", position),
        }
    }

    fn assignment(&mut self, op: &rhai::OpAssignment, left: &Expr, right: &Expr) -> Lower<Node> {
        self.scope.effects += 1;
        self.count(4);
        let position = left.position();
        let op = match op.get_op_assignment_info() {
            Some((_, _, _, _, _, symbol)) => match Op::of(symbol) {
                Some(op) => Some(op),
                None => return refuse(format!("`{symbol}=`"), position),
            },
            None => None,
        };
        match left {
            Expr::ThisPtr(_) => refuse("`this = …`", position),
            Expr::Variable(variable, ..) => match self.changeable(&variable.1, variable.2.is_empty(), position)? {
                Bound::Event => Err(in_slot(format!("`{} = …`", variable.1), position)),
                Bound::Slot(slot) => {
                    let value = self.expression(right)?;
                    Ok(Node::SetLocal(slot, op, Box::new(value)))
                }
            },
            _ => {
                if let Some(name) = root(left)
                    && name != "this"
                {
                    self.changeable(name, true, position)?;
                }
                let value = self.expression(right)?;
                let (place, before) = self.place(left)?;
                if place.root == Root::Event {
                    self.changes = true;
                }
                if before.is_empty() {
                    return Ok(Node::SetPlace(Box::new((place, value)), op));
                }
                // The value is worked out before the keys.
                let slot = self.scope.spare();
                let mut nodes = vec![Node::Let(slot, Box::new(value))];
                nodes.extend(before);
                nodes.push(Node::SetPlace(Box::new((place, Node::Local(slot))), op));
                Ok(Node::Block(nodes.into()))
            }
        }
    }

    /// What a variable that is to be changed stands for.
    pub(super) fn changeable(&self, name: &str, plain: bool, position: rhai::Position) -> Lower<Bound> {
        match self.scope.find(name) {
            _ if !plain => refuse(format!("`{name}` of a module"), position),
            Some((_, true)) => refuse(format!("a change of `{name}`, which is captured or constant"), position),
            Some((bound, false)) => Ok(bound),
            None => refuse(format!("the variable `{name}`"), position),
        }
    }

    fn for_each(&mut self, item: &str, counter: Option<&str>, parts: &rhai::FlowControl) -> Lower<Node> {
        let over = match &parts.expr {
            Expr::FnCall(call, _) if call.is_operator_call() && matches!(call.name.as_str(), ".." | "..=") => {
                self.count(4);
                let from = self.expression(&call.args[0])?;
                Over::Range(from, self.expression(&call.args[1])?, call.name == "..=")
            }
            expression => match self.expression(expression)? {
                Node::Read(place) => Over::Place(place),
                Node::Local(slot) => Over::Place(Place { root: Root::Local(slot), links: Box::new([]) }),
                node => Over::Value(node),
            },
        };
        let mark = self.scope.mark();
        let counter = counter.map(|counter| self.scope.declare(counter, false));
        let item = self.scope.declare(item, false);
        let before = self.scope.effects;
        let (body, cost) = self.apart(|me| me.block(parts.body.statements()))?;
        self.scope.back(mark);
        let over = match over {
            // The interpreter goes over a copy; without one the body must leave it as it is.
            Over::Place(place) if self.scope.effects > before && touches(&parts.body, &parts.expr) => Over::Value(Node::Read(place)),
            over => over,
        };
        Ok(Node::For(Box::new(For { over, item, counter, body, cost })))
    }
}

/// A refusal that a copy of the event in a slot would help.
pub(super) fn in_slot(what: String, position: rhai::Position) -> Refusal {
    Refusal { what, position, in_slot: true }
}

/// Whether the body may change the variable that `over` begins with.
fn touches(body: &rhai::StmtBlock, over: &Expr) -> bool {
    let Some(name) = root(over) else { return true };
    let tree = rhai::AST::new(body.statements().iter().cloned(), rhai::Module::new());
    let mut found = false;
    tree.walk(&mut |path: &[rhai::ASTNode<'_>]| {
        found |= match path.last() {
            Some(rhai::ASTNode::Stmt(Stmt::Assignment(parts))) => root(&parts.1.lhs) == Some(name),
            Some(rhai::ASTNode::Stmt(Stmt::FnCall(call, _)) | rhai::ASTNode::Expr(Expr::FnCall(call, _))) => {
                !call.is_operator_call() && call.args.first().is_some_and(|first| root(first) == Some(name))
            }
            Some(rhai::ASTNode::Expr(chain @ (Expr::Dot(..) | Expr::Index(..)))) => root(chain) == Some(name) && has_method(chain),
            _ => false,
        };
        !found
    });
    found
}

fn has_method(expression: &Expr) -> bool {
    match expression {
        Expr::MethodCall(..) => true,
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => has_method(&pair.lhs) || has_method(&pair.rhs),
        _ => false,
    }
}
