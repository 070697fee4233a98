//! Lowers expressions that are neither chains nor calls.

use rhai::{Expr, Position, Stmt, SwitchCasesCollection};

use super::code::{Node, Root, Switch};
use super::compile::{Bound, Compiler, Lower, key, refuse};
use super::operators::Op;
use crate::datum::Datum;
use crate::script::convert::from_rhai;

impl Compiler<'_> {
    /// An expression.
    pub(super) fn expression(&mut self, expression: &Expr) -> Lower<Node> {
        self.count(2);
        let position = expression.start_position();
        match expression {
            Expr::CharConstant(..) => refuse("a character", position),
            Expr::DynamicConstant(value, _) if value.is_fnptr() => refuse("a closure", position),
            Expr::BoolConstant(..)
            | Expr::IntegerConstant(..)
            | Expr::FloatConstant(..)
            | Expr::StringConstant(..)
            | Expr::Unit(_)
            | Expr::DynamicConstant(..) => match constant(expression) {
                Some(value) => Ok(Node::Const(value)),
                None => refuse("this constant", position),
            },
            Expr::Variable(variable, ..) if variable.2.is_empty() => match self.scope.find(&variable.1) {
                Some((Bound::Event, _)) => Ok(Node::Event),
                Some((Bound::Slot(slot), _)) => Ok(Node::Local(slot)),
                None => refuse(format!("the variable `{}`", variable.1), position),
            },
            Expr::Variable(variable, ..) => refuse(format!("`{}::{}`", variable.2, variable.1), position),
            Expr::ThisPtr(_) => match self.scope.this() {
                Some(Bound::Event) => Ok(Node::Event),
                Some(Bound::Slot(slot)) => Ok(Node::Local(slot)),
                None => refuse("`this`, which is not bound", position),
            },
            Expr::InterpolatedString(parts, _) => {
                let parts = parts.iter().map(|part| self.expression(part)).collect::<Lower<Vec<_>>>()?;
                Ok(Node::Text(parts.into()))
            }
            Expr::Array(parts, _) => {
                let parts = parts.iter().map(|part| self.expression(part)).collect::<Lower<Vec<_>>>()?;
                Ok(Node::List(parts.into()))
            }
            Expr::Map(parts, _) => {
                let (mut parts, effects) = self.watched(|me| {
                    parts.0.iter().map(|(name, part)| Ok((key(&name.name), me.expression(part)?))).collect::<Lower<Vec<_>>>()
                })?;
                // Sorted, as the interpreter's maps are, where nobody can tell the order of evaluation.
                if !effects {
                    parts.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
                }
                Ok(Node::Map(parts.into()))
            }
            Expr::And(parts, _) => self.several(parts).map(Node::And),
            Expr::Or(parts, _) => self.several(parts).map(Node::Or),
            Expr::Coalesce(parts, _) => self.several(parts).map(Node::Coalesce),
            Expr::Stmt(block) => self.block(block.statements()),
            Expr::FnCall(call, position) => self.call(call, *position),
            Expr::Dot(..) | Expr::Index(..) => self.chain(expression),
            Expr::Custom(..) => refuse("syntax of its own", position),
            _ => refuse("this expression", position),
        }
    }

    fn several(&mut self, parts: &[Expr]) -> Lower<Box<[Node]>> {
        let parts = parts.iter().map(|part| self.expression(part)).collect::<Lower<Vec<_>>>()?;
        Ok(parts.into())
    }

    /// An operator with its operands.
    pub(super) fn operator(&mut self, symbol: &str, args: &[Expr], position: Position) -> Lower<Node> {
        match (symbol, args) {
            ("!", [of]) => Ok(Node::Not(Box::new(self.expression(of)?))),
            ("-", [of]) => Ok(Node::Negate(Box::new(self.expression(of)?))),
            (_, [a, b]) => {
                let Some(op) = Op::of(symbol) else { return refuse(format!("the operator `{symbol}`"), position) };
                let a = self.expression(a)?;
                let b = self.expression(b)?;
                Ok(match (op, a, b) {
                    (Op::Add, Node::Text(parts), b) => {
                        let mut parts = parts.into_vec();
                        parts.push(b);
                        Node::Text(parts.into())
                    }
                    (Op::Add, a, b) if is_text(&a) || is_text(&b) => Node::Text(Box::new([a, b])),
                    (Op::Equal, a, Node::Const(Datum::Unit)) => Node::IsUnit(Box::new(a)),
                    (Op::Unequal, a, Node::Const(Datum::Unit)) => Node::Not(Box::new(Node::IsUnit(Box::new(a)))),
                    (op, a, b) => Node::Binary(op, Box::new([a, b])),
                })
            }
            _ => refuse(format!("the operator `{symbol}`"), position),
        }
    }

    /// `switch`. The tree holds hashes in place of the literals: these are found in the text that follows.
    pub(super) fn switch(&mut self, value: &Expr, cases: &SwitchCasesCollection, position: Position) -> Lower<Node> {
        let value = self.expression(value)?;
        let wanted: Vec<u64> = cases.cases.keys().copied().collect();
        let literals = super::literals::after(self.host, position, &wanted);
        let mut known = Vec::new();
        for (hash, case) in &cases.cases {
            let of_range = case.blocks.iter().all(|block| cases.ranges.iter().any(|range| range.index() == *block));
            match literals.get(hash) {
                Some(literal) => known.push((literal.clone(), case.blocks.as_slice().into())),
                // A range as a literal: no value of the event is one.
                None if of_range => {}
                None => return refuse("a `switch` with such cases", position),
            }
        }
        let mut blocks = Vec::new();
        for block in &cases.expressions {
            let condition = match &block.lhs {
                Expr::BoolConstant(true, _) => None,
                condition => Some(self.expression(condition)?),
            };
            blocks.push((condition, self.expression(&block.rhs)?));
        }
        let ranges = cases.ranges.iter().map(|range| (range.clone(), range.index())).collect();
        Ok(Node::Switch(Box::new(Switch { value, cases: known, ranges, blocks, default: cases.def_case })))
    }
}

/// Whether it is a text, for sure.
fn is_text(node: &Node) -> bool {
    matches!(node, Node::Const(Datum::Str(_)) | Node::Text(_))
}

/// The value of a constant.
pub(super) fn constant(expression: &Expr) -> Option<Datum> {
    match expression {
        Expr::BoolConstant(value, _) => Some(Datum::Bool(*value)),
        Expr::IntegerConstant(value, _) => Some(Datum::Int(*value)),
        Expr::FloatConstant(value, _) => Some(Datum::Float(**value)),
        Expr::StringConstant(value, _) => Some(Datum::str(value.as_str())),
        Expr::CharConstant(value, _) => Some(Datum::from(value.to_string())),
        Expr::Unit(_) => Some(Datum::Unit),
        Expr::DynamicConstant(value, _) => from_rhai((**value).clone()).ok(),
        _ => None,
    }
}

/// The one statement of a block that is an expression.
pub(super) fn only(statements: &[Stmt]) -> Option<&Expr> {
    match statements {
        [Stmt::Expr(expression)] => Some(expression),
        _ => None,
    }
}

/// Whether a place is the whole of a local variable or the event.
pub(super) fn whole(node: &Node) -> Option<Root> {
    match node {
        Node::Event => Some(Root::Event),
        Node::Local(slot) => Some(Root::Local(*slot)),
        _ => None,
    }
}
