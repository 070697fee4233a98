//! From lowered code to swift code: statements.

use super::super::code::{self, Node, Over, Root};
use super::super::operators::Op;
use super::code::{For, Fork, Item, Range, Step, Test, Value, While};
use super::make::{Maker, Slot};
use crate::datum::Key;

impl Maker<'_> {
    /// Statements in turn.
    pub(super) fn steps(&mut self, nodes: &[Node]) -> Option<Box<[Step]>> {
        let mut steps = Vec::with_capacity(nodes.len());
        for node in nodes {
            self.step(node, &mut steps)?;
        }
        Some(steps.into())
    }

    fn body(&mut self, node: &Node) -> Option<Box<[Step]>> {
        self.steps(std::slice::from_ref(node))
    }

    fn step(&mut self, node: &Node, out: &mut Vec<Step>) -> Option<()> {
        out.push(match node {
            Node::Const(_) => return Some(()),
            Node::Block(nodes) => {
                for node in nodes {
                    self.step(node, out)?;
                }
                return Some(());
            }
            Node::Let(slot, value) => {
                let (made, step) = self.set_new(value)?;
                *self.slots.get_mut(*slot)? = Some(made);
                step
            }
            Node::SetLocal(slot, None, value) => match self.slot(*slot)? {
                Slot::Int(slot) => {
                    let value = self.int(value)?;
                    self.set_int(slot, value)
                }
                Slot::Value(slot) => Step::SetValue(slot, self.value(value)?),
            },
            Node::SetLocal(slot, Some(op), value) => match self.slot(*slot)? {
                _ if op.is_comparison() => return None,
                Slot::Int(slot) => {
                    let value = self.int(value)?;
                    match self.lies(&value).filter(|_| *op == Op::Add) {
                        Some(from) => Step::AddInt(slot, from),
                        None => Step::ChangeInt(slot, *op, value),
                    }
                }
                Slot::Value(slot) => Step::ChangeValue(slot, *op, self.value(value)?),
            },
            Node::SetPlace(pair, op) => {
                let (place, value) = &**pair;
                let (Root::Event, [code::Link { step: code::Step::Key(key), .. }]) = (place.root, &*place.links) else { return None };
                let key = Key::clone(key);
                let value = self.value(value)?;
                let spot = self.changed(&key);
                match op {
                    Some(op) => Step::ChangeKey(spot, *op, value),
                    None => Step::Set(spot.change?, value),
                }
            }
            Node::RemoveKey(to) => match &**to {
                code::Step::Key(key) => Step::Remove(self.changed(key)),
                _ => return None,
            },
            Node::If(parts) => {
                let [test, yes, no] = &**parts;
                let (test, yes, no) = (self.test(test)?, self.body(yes)?, self.body(no)?);
                match &test {
                    Test::Ints(op, pair)
                        if no.is_empty()
                            && let (Some(a), Some(b)) = (self.lies(&pair[0]), self.lies(&pair[1])) =>
                    {
                        match &*yes {
                            [Step::CopyInt(slot, from)] => Step::CopyIntIf(*op, a, b, *slot, *from),
                            _ => Step::IfInts(*op, a, b, yes),
                        }
                    }
                    _ => Step::If(Box::new(Fork { test, yes, no })),
                }
            }
            Node::For(parts) => self.deeper(|me| me.for_each(parts))?,
            Node::While(parts) => {
                let test = match &parts.test {
                    Some(test) if parts.first => Some(self.test(test)?),
                    _ => None,
                };
                let body = self.deeper(|me| me.body(&parts.body))?;
                let test = match (&parts.test, test) {
                    (Some(test), None) => Some(self.test(test)?),
                    (_, test) => test,
                };
                Step::While(Box::new(While { test, first: parts.first, wanted: parts.wanted, body, cost: parts.cost }))
            }
            Node::Break(None) => Step::Break,
            Node::Continue => Step::Continue,
            Node::Return(None) => Step::Return(Value::Const(crate::datum::Datum::Unit)),
            Node::Return(Some(value)) => Step::Return(self.value(value)?),
            other => Step::Do(self.value(other)?),
        });
        Some(())
    }

    fn for_each(&mut self, parts: &code::For) -> Option<Step> {
        let counter = parts.counter.map(|slot| (slot, self.new_int()));
        if let Some((slot, counter)) = counter {
            *self.slots.get_mut(slot)? = Some(Slot::Int(counter));
        }
        let counter = counter.map(|(_, counter)| counter);
        let over = match &parts.over {
            Over::Range(from, to, closed) => {
                let (from, to) = (self.int(from)?, self.int(to)?);
                let item = self.new_int();
                *self.slots.get_mut(parts.item)? = Some(Slot::Int(item));
                let body = self.body(&parts.body)?;
                return Some(Step::Range(Box::new(Range { from, to, closed: *closed, item, counter, body, cost: parts.cost })));
            }
            Over::Place(place) => self.read(place)?,
            Over::Value(node) => self.value(node)?,
        };
        let (item, body) = self.over_items(parts)?;
        Some(Step::For(Box::new(For { over, item, counter, body, cost: parts.cost })))
    }

    /// The body, for elements that are whole numbers where it works with such.
    fn over_items(&mut self, parts: &code::For) -> Option<(Item, Box<[Step]>)> {
        let slots = self.slots.clone();
        let int = self.new_int();
        *self.slots.get_mut(parts.item)? = Some(Slot::Int(int));
        let of_ints = self.body(&parts.body);
        if of_ints.is_some() && self.asked.contains(&int) {
            return Some((Item::Int(int), of_ints?));
        }
        self.slots = slots;
        let value = self.new_value();
        *self.slots.get_mut(parts.item)? = Some(Slot::Value(value));
        Some((Item::Value(value), self.body(&parts.body)?))
    }
}
