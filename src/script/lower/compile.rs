//! From a function of the script to lowered code, with all functions that it calls.

use rhai::Position;

use super::body::{self, Definition};
use super::code::{Body, Node};
use crate::datum::Key;
use crate::script::host::Host;

/// What keeps a function from being lowered.
#[derive(Clone, Debug)]
pub(in crate::script) struct Refusal {
    /// The construct.
    pub what: String,
    /// Where it stands.
    pub position: Position,
    /// Whether it could be done if the event were a local variable.
    pub in_slot: bool,
}

/// A refusal.
pub(super) fn refuse<T>(what: impl Into<String>, position: Position) -> Lower<T> {
    Err(Refusal { what: what.into(), position, in_slot: false })
}

/// What lowering gives.
pub(super) type Lower<T> = Result<T, Refusal>;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Event,
    Slot(usize),
}

struct Name {
    word: String,
    bound: Bound,
    /// Constants and captured variables.
    fixed: bool,
}

/// A function that is to be lowered, for one way of calling it.
#[derive(Clone, PartialEq, Eq)]
struct Wanted {
    name: String,
    params: usize,
    /// Whether it is called as a method.
    this: bool,
    /// The parameter that is the whole event, which it does not change.
    event: Option<usize>,
}

/// What is known while one function is lowered.
#[derive(Default)]
pub(super) struct Scope {
    names: Vec<Name>,
    this: Option<Bound>,
    slots: usize,
    most: usize,
    /// Operations of the straight line under way.
    pub cost: i64,
    /// Whether another function calls this one.
    called: bool,
    /// Closures around.
    inner: usize,
    /// How many things with an effect were met.
    pub effects: usize,
}

/// What a function sees around a closure.
pub(super) struct Around {
    names: Vec<Name>,
    this: Option<Bound>,
}

/// Variables of one function at most; the interpreter allows a thousand at a time.
const MOST: usize = 200;

impl Scope {
    pub(super) fn declare(&mut self, name: &str, fixed: bool) -> usize {
        let slot = self.spare();
        self.names.push(Name { word: name.to_owned(), bound: Bound::Slot(slot), fixed });
        slot
    }

    /// A slot without a name.
    pub(super) fn spare(&mut self) -> usize {
        self.slots += 1;
        self.most = self.most.max(self.slots);
        self.slots - 1
    }

    pub(super) fn mark(&self) -> (usize, usize) {
        (self.names.len(), self.slots)
    }

    pub(super) fn back(&mut self, mark: (usize, usize)) {
        self.names.truncate(mark.0);
        self.slots = mark.1;
    }

    /// What that name stands for, and whether it cannot be changed.
    pub(super) fn find(&self, name: &str) -> Option<(Bound, bool)> {
        self.names.iter().rev().find(|known| known.word == name).map(|known| (known.bound, known.fixed))
    }

    /// Leaves only the captured variables to be seen, by the names they have in the closure, and no `this`. Gives what was seen
    /// before; none when something else is captured.
    pub(super) fn enter(&mut self, names: &[rhai::ImmutableString], captured: &[&str]) -> Option<Around> {
        let mut seen = Vec::new();
        for (name, outer) in names.iter().zip(captured) {
            let (bound, _) = self.find(outer)?;
            seen.push(Name { word: name.to_string(), bound, fixed: true });
        }
        self.inner += 1;
        Some(Around { names: std::mem::replace(&mut self.names, seen), this: self.this.take() })
    }

    /// Sees again what was seen before.
    pub(super) fn leave(&mut self, around: Around) {
        self.inner -= 1;
        self.names = around.names;
        self.this = around.this;
    }

    /// The node as the result of the function under way: the event goes on as itself, a local variable need not be copied. The
    /// values of a closure inside are not the function's.
    pub(super) fn tail(&self, node: Node) -> Node {
        if self.inner > 0 { node } else { node.tail(!self.called) }
    }

    pub(super) fn this(&self) -> Option<Bound> {
        self.this
    }
}

/// Lowers functions.
pub(super) struct Compiler<'a> {
    pub host: &'a Host,
    pub scope: Scope,
    wanted: Vec<Wanted>,
    /// Whether code changes the event.
    pub changes: bool,
}

/// How a callable is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::script) struct Shape {
    /// Whether the event is `this`; else it is the first parameter.
    pub this: bool,
    /// Parameters, besides captured ones.
    pub params: usize,
}

/// What came of it.
pub(super) struct Compiled {
    pub all: Vec<Body>,
    /// Whether it changes the event.
    pub changes: bool,
    /// The slot that is to hold a copy of the event.
    pub copy: Option<usize>,
}

/// Lowers a function and all that it calls; the first one is the function itself. Its slots begin with the captured values,
/// then come the parameters besides the event.
pub(super) fn compile(host: &Host, definition: &Definition, shape: Shape) -> Lower<Compiled> {
    match Compiler::run(host, definition, shape, false) {
        Err(refusal) if refusal.in_slot => Compiler::run(host, definition, shape, true),
        result => result,
    }
}

impl<'a> Compiler<'a> {
    fn run(host: &'a Host, definition: &Definition, shape: Shape, in_slot: bool) -> Lower<Compiled> {
        let mut me = Self { host, scope: Scope::default(), wanted: Vec::new(), changes: false };
        if definition.this_type.is_some() {
            return refuse("a method of one type", definition.body.start_position());
        }
        let captured = definition.params.len() - shape.params;
        let (of_captured, free) = definition.params.split_at(captured);
        for name in of_captured {
            me.scope.declare(name, true);
        }
        let mut copy = None;
        let mut free = free.iter();
        if shape.this {
            me.scope.this = Some(Bound::Event);
        } else if let Some(name) = free.next() {
            if in_slot {
                copy = Some(me.scope.declare(name, false));
            } else {
                me.scope.names.push(Name { word: name.to_string(), bound: Bound::Event, fixed: false });
            }
        }
        for name in free {
            me.scope.declare(name, false);
        }
        // The function itself, in case that it calls itself: with a copy of the event as an argument.
        me.wanted.push(Wanted { name: String::new(), params: 0, this: false, event: None });
        let mut all = vec![me.body(definition)?];
        while let Some(Wanted { name, params, this, event }) = me.wanted.get(all.len()).cloned() {
            let Some(definition) = body::definition(host, &name, params) else {
                return refuse(format!("`{name}`"), Position::NONE);
            };
            me.scope = Scope { called: true, ..Scope::default() };
            for (place, name) in definition.params.iter().enumerate() {
                if event == Some(place) {
                    me.scope.spare();
                    me.scope.names.push(Name { word: name.to_string(), bound: Bound::Event, fixed: true });
                } else {
                    me.scope.declare(name, false);
                }
            }
            if this {
                me.scope.this = Some(Bound::Slot(me.scope.spare()));
            }
            let body = me.body(&definition).map_err(|refusal| Refusal { what: format!("{} in `{name}`", refusal.what), ..refusal })?;
            all.push(body);
        }
        Ok(Compiled { all, changes: me.changes, copy })
    }

    fn body(&mut self, definition: &Definition) -> Lower<Body> {
        let node = self.block(&body::statements(definition))?;
        let node = self.scope.tail(node);
        if self.scope.most > MOST {
            return refuse(format!("more than {MOST} variables"), definition.body.start_position());
        }
        Ok(Body { node, slots: self.scope.most, cost: self.scope.cost + 4 })
    }

    /// The place in the table of a function of the script, which is lowered later.
    pub(super) fn function(&mut self, name: &str, params: usize, this: bool, event: Option<usize>) -> usize {
        let wanted = Wanted { name: name.to_owned(), params, this, event };
        self.wanted.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            self.wanted.push(wanted);
            self.wanted.len() - 1
        })
    }

    /// Counts an operation, or a few.
    pub(super) fn count(&mut self, operations: i64) {
        self.scope.cost += operations;
    }

    /// Lowers what is done again and again, and tells its cost apart.
    pub(super) fn apart<T>(&mut self, lower: impl FnOnce(&mut Self) -> Lower<T>) -> Lower<(T, i64)> {
        let around = std::mem::take(&mut self.scope.cost);
        let made = lower(self)?;
        let cost = std::mem::replace(&mut self.scope.cost, around);
        Ok((made, cost + 2))
    }

    /// Lowers something, and tells whether it has effects.
    pub(super) fn watched<T>(&mut self, lower: impl FnOnce(&mut Self) -> Lower<T>) -> Lower<(T, bool)> {
        let before = self.scope.effects;
        let made = lower(self)?;
        Ok((made, self.scope.effects > before))
    }
}

impl Node {
    /// `own`: the event may go on as itself.
    fn tail(self, own: bool) -> Self {
        match self {
            Self::Event if own => Self::Itself,
            Self::Local(slot) => Self::Take(slot),
            Self::Block(nodes) => {
                let mut nodes = nodes.into_vec();
                if let Some(last) = nodes.pop() {
                    nodes.push(last.tail(own));
                }
                Self::Block(nodes.into())
            }
            Self::If(parts) => {
                let [test, yes, no] = *parts;
                Self::If(Box::new([test, yes.tail(own), no.tail(own)]))
            }
            other => other,
        }
    }
}

/// The key of that name.
pub(super) fn key(name: &str) -> Key {
    Key::new(name)
}
