//! From lowered code to swift code: expressions. None is what the general road is for.

use super::super::code::{Body, Link, NativeCall, Node, Place, Root, Step as To};
use super::super::operators::Op;
use super::code::{Call, Int, Made, Spot, Step, Test, Value, Where};
use super::deep::Deep;
use crate::datum::{Datum, Key, Near, Text};

/// Where a variable lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Int(usize),
    Value(usize),
}

/// Makes swift code of one callable.
pub(super) struct Maker<'a> {
    all: &'a [Body],
    /// The keys of the event that are changed.
    pub keys: Vec<Key>,
    /// The slots of the function under way.
    pub slots: Vec<Option<Slot>>,
    /// How many slots of each kind there are.
    pub ints: usize,
    pub values: usize,
    /// Slots whose whole numbers are asked for.
    pub asked: Vec<usize>,
    /// Slots with constants.
    pub constants: Vec<(usize, i64)>,
    /// Functions and loops around.
    pub depth: usize,
}

/// Functions and loops one in another at most.
const DEEPEST: usize = 5;
/// Entries of a map at most.
const MOST: usize = 32;

impl<'a> Maker<'a> {
    pub(super) fn new(all: &'a [Body], presets: usize, keys: Vec<Key>) -> Self {
        let mut slots = vec![None; all[0].slots.max(presets)];
        (0..presets).for_each(|n| slots[n] = Some(Slot::Value(n)));
        Self { all, keys, slots, ints: 0, values: presets, asked: Vec::new(), constants: Vec::new(), depth: 0 }
    }

    /// What lies deeper, where that is not too deep.
    pub(super) fn deeper<T>(&mut self, make: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        let done = make(self);
        self.depth -= 1;
        done
    }

    pub(super) fn slot(&self, slot: usize) -> Option<Slot> {
        *self.slots.get(slot)?
    }

    pub(super) fn new_int(&mut self) -> usize {
        self.ints += 1;
        self.ints - 1
    }

    /// The slot in which that number lies already.
    pub(super) fn lies(&mut self, int: &Int) -> Option<usize> {
        match int {
            Int::Slot(slot) => Some(*slot),
            Int::Const(value) => {
                let known = self.constants.iter().find(|(_, known)| known == value).map(|(slot, _)| *slot);
                Some(known.unwrap_or_else(|| {
                    let slot = self.new_int();
                    self.constants.push((slot, *value));
                    slot
                }))
            }
            _ => None,
        }
    }

    pub(super) fn new_value(&mut self) -> usize {
        self.values += 1;
        self.values - 1
    }

    /// A key of the event.
    fn spot(&self, key: &Key) -> Spot {
        Spot { key: Near::new(key.clone()), change: self.keys.iter().position(|known| known == key) }
    }

    /// A key of the event that is changed.
    pub(super) fn changed(&mut self, key: &Key) -> Spot {
        if !self.keys.contains(key) {
            self.keys.push(key.clone());
        }
        self.spot(key)
    }

    /// Whether it can be nothing but a whole number, as far as one can see.
    pub(super) fn is_int(&self, node: &Node) -> bool {
        match node {
            Node::Const(Datum::Int(_)) => true,
            Node::Local(slot) | Node::Take(slot) => matches!(self.slot(*slot), Some(Slot::Int(_))),
            Node::Binary(op, pair) => !op.is_comparison() && pair.iter().any(|part| self.is_int(part)) && !pair.iter().any(is_other),
            Node::Negate(of) => self.is_int(of),
            Node::Native(call) => matches!((call.native.name, given(call).len()), ("parse_int" | "len", 1)),
            _ => false,
        }
    }

    pub(super) fn int(&mut self, node: &Node) -> Option<Int> {
        Some(match node {
            Node::Const(Datum::Int(value)) => Int::Const(*value),
            Node::Local(slot) | Node::Take(slot) => match self.slot(*slot)? {
                Slot::Int(slot) => {
                    self.asked.push(slot);
                    Int::Slot(slot)
                }
                Slot::Value(slot) => Int::Value(slot),
            },
            Node::Read(place) => match self.read(place)? {
                Value::Key(spot) => Int::Key(spot),
                other => Int::Of(Box::new(other)),
            },
            Node::Binary(op, pair) if !op.is_comparison() => Int::Pair(*op, Box::new([self.int(&pair[0])?, self.int(&pair[1])?])),
            Node::Negate(of) => Int::Negate(Box::new(self.int(of)?)),
            Node::Native(call) if self.is_int(node) => {
                let of = Box::new(self.value_of(given(call)[0])?);
                if call.native.name == "len" { Int::Length(of) } else { Int::Parsed(of) }
            }
            Node::If(_) | Node::Block(_) | Node::Call(..) | Node::Coalesce(_) => Int::Of(Box::new(self.value(node)?)),
            _ => return None,
        })
    }

    /// A part of the event or of a variable.
    pub(super) fn read(&self, place: &Place) -> Option<Value> {
        let (base, links) = match place.root {
            Root::Event => {
                let (Link { step: To::Key(key), elvis: false, .. }, rest) = place.links.split_first()? else { return None };
                (Value::Key(self.spot(key)), rest)
            }
            Root::Local(slot) => match self.slot(slot)? {
                Slot::Value(slot) => (Value::Slot(slot), &*place.links),
                Slot::Int(_) => return None,
            },
        };
        if links.is_empty() {
            return Some(base);
        }
        let links: Option<Box<[Link]>> = links
            .iter()
            .map(|link| {
                let step = match &link.step {
                    To::Key(key) => To::Key(Near::new(Key::clone(key))),
                    To::At(at) => To::At(*at),
                    To::By(_) => return None,
                };
                Some(Link { elvis: link.elvis, dot: link.dot, step })
            })
            .collect();
        Some(Value::Deep(Box::new(Deep::new(base, links?))))
    }

    fn value_of(&mut self, argument: Argument<'_>) -> Option<Value> {
        match argument {
            Argument::Place(place) if place.links.is_empty() => match place.root {
                Root::Local(slot) => self.local(slot, false),
                Root::Event => None,
            },
            Argument::Place(place) => self.read(place),
            Argument::Node(node) => self.value(node),
        }
    }

    fn local(&self, slot: usize, last: bool) -> Option<Value> {
        Some(match self.slot(slot)? {
            Slot::Int(slot) => Value::Int(Int::Slot(slot)),
            Slot::Value(slot) if last => Value::Take(slot),
            Slot::Value(slot) => Value::Slot(slot),
        })
    }

    pub(super) fn several(&mut self, nodes: &[Node]) -> Option<Box<[Value]>> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    /// The value.
    pub(super) fn value(&mut self, node: &Node) -> Option<Value> {
        Some(match node {
            Node::Const(value) => Value::Const(value.clone()),
            Node::Local(slot) => self.local(*slot, false)?,
            Node::Take(slot) => self.local(*slot, true)?,
            Node::Read(place) => self.read(place)?,
            Node::Itself => Value::Itself,
            Node::Text(parts) => Value::Text(self.several(parts)?),
            Node::List(parts) => Value::List(self.several(parts)?),
            Node::Coalesce(parts) => Value::Coalesce(self.several(parts)?),
            Node::Map(parts) => {
                let parts: Vec<(Key, Value)> =
                    parts.iter().map(|(key, part)| Some((key.clone(), self.value(part)?))).collect::<Option<_>>()?;
                if parts.len() > MOST {
                    return None;
                }
                let free = parts.iter().all(|(_, part)| is_free(part));
                Value::Map(Box::new(Made { parts: parts.into(), free, layout: None.into() }))
            }
            Node::Binary(op, _) if op.is_comparison() => Value::Test(self.test(node)?),
            Node::And(_) | Node::Or(_) | Node::Not(_) | Node::IsUnit(_) => Value::Test(self.test(node)?),
            Node::Binary(op, pair) => {
                if self.is_int(node) {
                    Value::Int(self.int(node)?)
                } else {
                    Value::Compute(*op, Box::new([self.value(&pair[0])?, self.value(&pair[1])?]))
                }
            }
            Node::Negate(_) => Value::Int(self.int(node)?),
            Node::SplitAt(pair, at) => match &pair[1] {
                Node::Const(Datum::Str(by)) => Value::Split(Box::new(self.value(&pair[0])?), by.clone(), *at),
                _ => return None,
            },
            Node::Native(call) => self.native(call, node)?,
            Node::Call(function, args) => Value::Call(Box::new(self.call(*function, args, Self::value)?)),
            Node::RemoveKey(to) => match &**to {
                To::Key(key) => Value::Removed(self.changed(key)),
                _ => return None,
            },
            Node::If(parts) => {
                let [test, yes, no] = &**parts;
                Value::If(Box::new((self.test(test)?, self.value(yes)?, self.value(no)?)))
            }
            Node::Block(nodes) => {
                let Some((last, rest)) = nodes.split_last() else { return Some(Value::Const(Datum::Unit)) };
                let steps = self.steps(rest)?;
                Value::Block(Box::new((steps, self.value(last)?)))
            }
            Node::Let(..) | Node::SetLocal(..) | Node::SetPlace(..) | Node::For(_) | Node::While(_) | Node::Return(_) => {
                Value::Block(Box::new((self.steps(std::slice::from_ref(node))?, Value::Const(Datum::Unit))))
            }
            Node::Break(_)
            | Node::Continue
            | Node::Event
            | Node::Part(..)
            | Node::Switch(_)
            | Node::Each(_)
            | Node::Throw(_)
            | Node::Try(_) => return None,
        })
    }

    fn native(&mut self, call: &NativeCall, node: &Node) -> Option<Value> {
        if call.native.changes_first {
            return None;
        }
        if self.is_int(node) {
            return Some(Value::Int(self.int(node)?));
        }
        if let Some(test) = self.searched(call) {
            return Some(Value::Test(test));
        }
        let given = given(call);
        Some(match (call.native.name, &*given) {
            ("to_lower", [of]) => Value::Case(Box::new(self.value_of(*of)?), false),
            ("to_upper", [of]) => Value::Case(Box::new(self.value_of(*of)?), true),
            _ => {
                let args: Box<[Value]> = given.iter().map(|of| self.value_of(*of)).collect::<Option<_>>()?;
                // What it is called on is looked up after the others, which may change it.
                if call.target.is_some() && !args[1..].iter().all(is_free) {
                    return None;
                }
                Value::Native(call.native, args)
            }
        })
    }

    /// `text.starts_with("…")` and its like.
    fn searched(&mut self, call: &NativeCall) -> Option<Test> {
        let place = match call.native.name {
            "starts_with" => Where::Start,
            "ends_with" => Where::End,
            "contains" => Where::Anywhere,
            _ => return None,
        };
        match &*given(call) {
            [of, Argument::Node(Node::Const(Datum::Str(text)))] => Some(Test::Has(place, Box::new(self.value_of(*of)?), text.clone())),
            _ => None,
        }
    }

    /// The truth value.
    pub(super) fn test(&mut self, node: &Node) -> Option<Test> {
        Some(match node {
            Node::And(parts) => Test::And(parts.iter().map(|part| self.test(part)).collect::<Option<_>>()?),
            Node::Or(parts) => Test::Or(parts.iter().map(|part| self.test(part)).collect::<Option<_>>()?),
            Node::Not(of) => Test::Not(Box::new(self.test(of)?)),
            Node::IsUnit(of) => Test::IsUnit(Box::new(self.value(of)?)),
            Node::Binary(op, pair) if op.is_comparison() => self.comparison(*op, pair)?,
            Node::Native(call) => match self.searched(call) {
                Some(test) => test,
                None => Test::Of(Box::new(self.value(node)?)),
            },
            Node::Call(function, args) => Test::Call(Box::new(self.call(*function, args, Self::test)?)),
            other => Test::Of(Box::new(self.value(other)?)),
        })
    }

    fn comparison(&mut self, op: Op, pair: &[Node; 2]) -> Option<Test> {
        let [a, b] = pair;
        if (self.is_int(a) || self.is_int(b))
            && let (Some(a), Some(b)) = (self.int(a), self.int(b))
        {
            return Some(Test::Ints(op, Box::new([a, b])));
        }
        if let Op::Equal | Op::Unequal = op
            && let (other, Node::Const(Datum::Str(text))) | (Node::Const(Datum::Str(text)), other) = (a, b)
        {
            return Some(Test::Same(Box::new(self.value(other)?), Text::clone(text), op == Op::Equal));
        }
        Some(Test::Compare(op, Box::new([self.value(a)?, self.value(b)?])))
    }

    /// The callable itself, when a truth value is asked for.
    pub(super) fn answer(&mut self, body: &Body) -> Option<Call<Test>> {
        self.function(body, Vec::new(), Self::test)
    }

    /// A function of the script.
    fn call<T>(&mut self, function: usize, args: &[Node], last: impl FnOnce(&mut Self, &Node) -> Option<T>) -> Option<Call<T>> {
        let body = &self.all[function];
        let mut params = Vec::with_capacity(args.len());
        let mut slots = vec![None; body.slots];
        for (slot, arg) in slots.iter_mut().zip(args) {
            let (made, step) = self.set_new(arg)?;
            *slot = Some(made);
            params.push(step);
        }
        let around = std::mem::replace(&mut self.slots, slots);
        let made = self.deeper(|me| me.function(body, params, last));
        self.slots = around;
        made
    }

    fn function<T>(&mut self, body: &Body, params: Vec<Step>, last: impl FnOnce(&mut Self, &Node) -> Option<T>) -> Option<Call<T>> {
        let (end, rest) = match &body.node {
            Node::Block(nodes) => nodes.split_last()?,
            node => (node, &[][..]),
        };
        let steps = self.steps(rest)?;
        Some(Call { params: params.into(), steps, last: last(self, end)?, cost: body.cost })
    }

    /// What sets a slot to a whole number.
    pub(super) fn set_int(&mut self, slot: usize, value: Int) -> Step {
        match self.lies(&value) {
            Some(from) => Step::CopyInt(slot, from),
            None => Step::SetInt(slot, value),
        }
    }

    /// A new slot for a value, and what sets it.
    pub(super) fn set_new(&mut self, value: &Node) -> Option<(Slot, Step)> {
        if self.is_int(value) {
            let value = self.int(value)?;
            let slot = self.new_int();
            return Some((Slot::Int(slot), self.set_int(slot, value)));
        }
        let value = self.value(value)?;
        let slot = self.new_value();
        Some((Slot::Value(slot), Step::SetValue(slot, value)))
    }
}

/// Whether it is a constant of another kind than a whole number.
fn is_other(node: &Node) -> bool {
    match node {
        Node::Const(value) => !matches!(value, Datum::Int(_)),
        Node::Binary(_, pair) => pair.iter().any(is_other),
        Node::Text(_) => true,
        _ => false,
    }
}

/// What a standard function is called with.
#[derive(Clone, Copy)]
enum Argument<'a> {
    Place(&'a Place),
    Node(&'a Node),
}

/// The arguments, what it is called on first.
fn given(call: &NativeCall) -> Vec<Argument<'_>> {
    call.target.iter().map(Argument::Place).chain(call.args.iter().map(Argument::Node)).collect()
}

/// Whether it may be worked out at any time, and twice.
fn is_free(value: &Value) -> bool {
    match value {
        Value::Const(_) | Value::Slot(_) | Value::Key(_) => true,
        Value::Int(of) => is_free_int(of),
        Value::Test(of) => is_free_test(of),
        Value::Deep(deep) => is_free(deep.base()),
        Value::Split(of, ..) | Value::Case(of, _) => is_free(of),
        Value::Text(parts) | Value::List(parts) | Value::Coalesce(parts) => parts.iter().all(is_free),
        Value::Compute(_, pair) => pair.iter().all(is_free),
        Value::If(parts) => is_free_test(&parts.0) && is_free(&parts.1) && is_free(&parts.2),
        Value::Native(_, args) => args.iter().all(is_free),
        Value::Take(_) | Value::Block(_) | Value::Call(_) | Value::Removed(_) | Value::Map(_) | Value::Itself => false,
    }
}

fn is_free_int(int: &Int) -> bool {
    match int {
        Int::Const(_) | Int::Slot(_) | Int::Value(_) | Int::Key(_) => true,
        Int::Pair(_, pair) => pair.iter().all(is_free_int),
        Int::Negate(of) => is_free_int(of),
        Int::Parsed(of) | Int::Length(of) | Int::Of(of) => is_free(of),
    }
}

fn is_free_test(test: &Test) -> bool {
    match test {
        Test::Ints(_, pair) => pair.iter().all(is_free_int),
        Test::Same(of, ..) | Test::IsUnit(of) | Test::Has(_, of, _) | Test::Of(of) => is_free(of),
        Test::Compare(_, pair) => pair.iter().all(is_free),
        Test::And(parts) | Test::Or(parts) => parts.iter().all(is_free_test),
        Test::Not(of) => is_free_test(of),
        Test::Call(_) => false,
    }
}
