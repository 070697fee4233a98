//! Closures inside a function, given to a list's `filter`, `map`, `some`, `all`, `find` and `reduce`: they run in the same frame.

use rhai::{Expr, FnPtr, Position, Stmt};

use super::body;
use super::code::{Body, Each, How, Node, Over, Place, Root};
use super::compile::{Compiler, Lower, refuse};
use super::frame::{Frame, Out, Stop};
use super::loops::for_items;
use crate::datum::Datum;

impl How {
    fn of(name: &str, args: usize) -> Option<Self> {
        Some(match (name, args) {
            ("filter", 1) => Self::Filter,
            ("map", 1) => Self::Map,
            ("some", 1) => Self::Some,
            ("all", 1) => Self::All,
            ("find", 1) => Self::Find,
            ("reduce", 1 | 2) => Self::Reduce,
            _ => return None,
        })
    }
}

/// The closure that stands there, and the variables that it captures.
fn closure(expression: &Expr) -> Option<(FnPtr, Vec<&str>)> {
    match expression {
        Expr::DynamicConstant(value, _) => Some((value.as_ref().clone().try_cast::<FnPtr>()?, Vec::new())),
        Expr::Stmt(block) => match block.statements() {
            [Stmt::Share(_), Stmt::Expr(curried)] => match &**curried {
                Expr::FnCall(call, _) if call.name == "curry" => {
                    let (first, rest) = call.args.split_first()?;
                    let (function, _) = closure(first)?;
                    let names = rest.iter().map(|name| body::root(name)).collect::<Option<Vec<_>>>()?;
                    Some((function, names))
                }
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

impl Compiler<'_> {
    /// `list.filter(|x| …)` and its like; none when it is something else.
    pub(super) fn each(&mut self, name: &str, variable: Option<&str>, args: &[Expr], position: Position) -> Lower<Option<Each>> {
        let Some(how) = How::of(name, args.len()) else { return Ok(None) };
        let Some((function, captured)) = args.first().and_then(closure) else { return Ok(None) };
        if let Some(name) = captured.iter().find(|name| Some(**name) == variable) {
            // The interpreter finds it locked there, and raises an error.
            return refuse(format!("a closure that captures `{name}`, which it is called on,"), position);
        }
        let of_how = if how == How::Reduce { 2 } else { 1 };
        let found = [of_how, of_how + 1]
            .into_iter()
            .find_map(|free| body::definition(self.host, function.fn_name(), captured.len() + free).map(|found| (found, free)));
        let Some((definition, free)) = found else { return refuse(format!("this closure of `{name}`"), position) };
        if !function.fn_name().starts_with("anon$") || definition.this_type.is_some() || !function.curry().is_empty() {
            return refuse(format!("this closure of `{name}`"), position);
        }
        let first = args.get(1).map(|first| self.expression(first)).transpose()?;
        let mark = self.scope.mark();
        let around = self.scope.enter(&definition.params[..captured.len()], &captured);
        let Some(around) = around else { return refuse("a closure that captures `this`", position) };
        let names: Vec<&str> = definition.params[captured.len()..].iter().map(rhai::ImmutableString::as_str).collect();
        let slots: Vec<usize> = names.iter().map(|name| self.scope.declare(name, false)).collect();
        let body = self.apart(|me| me.block(&body::statements(&definition)));
        self.scope.leave(around);
        self.scope.back(mark);
        let (body, cost) = body?;
        let sum = (how == How::Reduce).then(|| slots[0]);
        Ok(Some(Each {
            how,
            over: Over::Value(Node::Const(Datum::Unit)),
            sum,
            item: slots[of_how - 1],
            counter: (free > of_how).then(|| slots[of_how]),
            first,
            body,
            cost: cost + 6,
        }))
    }
}

/// What a closure is given, in the node that stands for the call.
pub(super) fn over(base: Node) -> Over {
    match base {
        Node::Read(place) => Over::Place(place),
        Node::Local(slot) => Over::Place(Place { root: Root::Local(slot), links: Box::new([]) }),
        node => Over::Value(node),
    }
}

/// Runs it.
pub(super) fn run(each: &Each, frame: &mut Frame<'_>, all: &[Body]) -> Out<Datum> {
    let mut list = Vec::new();
    let mut answer = match each.how {
        How::All => Datum::Bool(true),
        How::Some => Datum::Bool(false),
        _ => Datum::Unit,
    };
    if let Some(sum) = each.sum {
        let first = match &each.first {
            Some(first) => first.eval(frame, all)?,
            None => Datum::Unit,
        };
        *frame.slot_mut(sum) = first;
    }
    let round = |frame: &mut Frame<'_>, n: usize| -> Out<bool> {
        frame.spend(each.cost)?;
        // A closure may use up what it is given.
        let kept = if matches!(each.how, How::Filter | How::Find) { frame.slot(each.item).clone() } else { Datum::Unit };
        if let Some(counter) = each.counter {
            frame.put_int(counter, n as i64);
        }
        let value = match each.body.eval(frame, all) {
            Err(Stop::Return) => std::mem::take(&mut frame.held),
            result => result?,
        };
        if let How::Map | How::Reduce = each.how {
            frame.charge(&value)?;
            match each.sum {
                Some(sum) => *frame.slot_mut(sum) = value,
                None => list.push(value),
            }
            return Ok(true);
        }
        let Datum::Bool(yes) = value else { return Err(Stop::Bail) };
        match each.how {
            How::Filter if yes => {
                frame.charge(&kept)?;
                list.push(kept);
            }
            How::Find if yes => answer = kept,
            How::Some if yes => answer = Datum::Bool(true),
            How::All if !yes => answer = Datum::Bool(false),
            _ => return Ok(true),
        }
        Ok(each.how == How::Filter)
    };
    // The interpreter counts the call of `map` and that of the closure.
    frame.deeper(2)?;
    let ended = for_items(&each.over, each.item, frame, all, round);
    frame.depth -= 2;
    ended?;
    Ok(match each.how {
        How::Filter | How::Map => Datum::List(list),
        How::Reduce => std::mem::take(frame.slot_mut(each.sum.unwrap_or_default())),
        _ => answer,
    })
}
