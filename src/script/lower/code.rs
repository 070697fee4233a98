//! Lowered code: a small tree over numbered slots and the event.
//!
//! Values are [`Datum`]s and stand for what the interpreter would have in their place: the order of keys and the text of a
//! number are not to be seen by code, and are settled when what was changed goes back into the event.

use super::natives::Native;
use super::operators::Op;
use crate::datum::{Datum, Key, Near};

/// An expression or statement.
pub(super) enum Node {
    /// A constant.
    Const(Datum),
    /// A local variable.
    Local(usize),
    /// A local variable that nobody reads again.
    Take(usize),
    /// The whole event, copied.
    Event,
    /// The whole event as the result of the function.
    Itself,
    /// A part of the event or of a local variable.
    Read(Place),
    /// A part of a value that was just made.
    Part(Box<Node>, Box<[Link]>),
    /// Texts joined: a string with `${…}`, or a sum that begins with a string.
    Text(Box<[Node]>),
    /// `[…]`
    List(Box<[Node]>),
    /// `#{…}`
    Map(Box<[(Key, Node)]>),
    /// `a && b`
    And(Box<[Node]>),
    /// `a || b`
    Or(Box<[Node]>),
    /// `a ?? b`
    Coalesce(Box<[Node]>),
    /// `!a`
    Not(Box<Node>),
    /// `-a`
    Negate(Box<Node>),
    /// `a + b` and its like.
    Binary(Op, Box<[Node; 2]>),
    /// Whether it is `()`.
    IsUnit(Box<Node>),
    /// A standard function.
    Native(Box<NativeCall>),
    /// `text.split(by)[at]`, without the list.
    SplitAt(Box<[Node; 2]>, usize),
    /// A function of the script.
    Call(usize, Box<[Node]>),
    /// `let`
    Let(usize, Box<Node>),
    /// `slot = value`, `slot += value`
    SetLocal(usize, Option<Op>, Box<Node>),
    /// `place = value`, `place += value`
    SetPlace(Box<(Place, Node)>, Option<Op>),
    /// `this.remove("key")` on the event itself.
    RemoveKey(Box<Step>),
    /// Several in a row; gives the last one's value.
    Block(Box<[Node]>),
    /// `if`
    If(Box<[Node; 3]>),
    /// `switch`
    Switch(Box<Switch>),
    /// `for`
    For(Box<For>),
    /// A list's `filter` and its like, with a closure.
    Each(Box<Each>),
    /// `while`, `loop`, `do`
    While(Box<While>),
    /// `break`
    Break(Option<Box<Node>>),
    /// `continue`
    Continue,
    /// `return`
    Return(Option<Box<Node>>),
    /// `throw`
    Throw(Box<Node>),
    /// `try`
    Try(Box<Try>),
}

/// Where a place begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// The event.
    Event,
    /// A local variable.
    Local(usize),
}

/// A part of the event or of a local variable.
pub(super) struct Place {
    pub root: Root,
    pub links: Box<[Link]>,
}

/// One step into a value.
pub(super) struct Link {
    /// `?.`, `?[`: of `()` it is `()`, with all that follows.
    pub elvis: bool,
    /// `.name`: of what is no map it is a property.
    pub dot: bool,
    pub step: Step,
}

/// Where a link leads.
pub(super) enum Step {
    /// A key.
    Key(Near),
    /// A place in a list.
    At(i64),
    /// What a simple expression says.
    By(Node),
}

/// The call of a standard function.
pub(super) struct NativeCall {
    pub native: &'static Native,
    pub quick: Quick,
    /// What is changed in place, or read without being copied.
    pub target: Option<Place>,
    /// The (other) arguments.
    pub args: Box<[Node]>,
}

/// Standard functions that need no copy of what they look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quick {
    No,
    Len,
    ParseInt,
    Lower,
}

impl NativeCall {
    pub(super) fn new(native: &'static Native, target: Option<Place>, args: Box<[Node]>) -> Self {
        let quick = match native.name {
            "len" if native.args == 1 => Quick::Len,
            "parse_int" if native.args == 1 => Quick::ParseInt,
            "to_lower" if native.args == 1 => Quick::Lower,
            _ => Quick::No,
        };
        Self { native, quick, target, args }
    }
}

/// `switch`: the value, cases by literal, ranges, the default; each leads to blocks with conditions.
pub(super) struct Switch {
    pub value: Node,
    pub cases: Vec<(Datum, Box<[usize]>)>,
    pub ranges: Vec<(rhai::RangeCase, usize)>,
    pub blocks: Vec<(Option<Node>, Node)>,
    pub default: Option<usize>,
}

/// `for`
pub(super) struct For {
    pub over: Over,
    pub item: usize,
    pub counter: Option<usize>,
    pub body: Node,
    pub cost: i64,
}

/// A list's `filter` and its like.
pub(super) struct Each {
    pub how: How,
    pub over: Over,
    /// What `reduce` has come to.
    pub sum: Option<usize>,
    pub item: usize,
    pub counter: Option<usize>,
    /// What `reduce` begins with.
    pub first: Option<Node>,
    pub body: Node,
    pub cost: i64,
}

/// What is done with the closure's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Filter,
    Map,
    Some,
    All,
    Find,
    Reduce,
}

/// What a `for` goes over.
pub(super) enum Over {
    /// `a..b`, `a..=b`
    Range(Node, Node, bool),
    /// A place that the body does not change.
    Place(Place),
    /// A list that was made or copied.
    Value(Node),
}

/// `while`, `loop`, `do`
pub(super) struct While {
    /// Tested before the body, or behind it.
    pub test: Option<Node>,
    pub first: bool,
    /// The test's value that goes on.
    pub wanted: bool,
    pub body: Node,
    pub cost: i64,
}

/// `try`
pub(super) struct Try {
    pub body: Node,
    pub slot: Option<usize>,
    pub branch: Node,
}

/// A function of the script.
pub(super) struct Body {
    pub node: Node,
    /// Slots of parameters and variables.
    pub slots: usize,
    /// Operations of its straight line, at most.
    pub cost: i64,
}

impl Node {
    /// Whether it can be looked at without being evaluated: no effect, nothing made.
    #[inline]
    pub(super) fn is_simple(&self) -> bool {
        matches!(self, Self::Const(_) | Self::Local(_) | Self::Event | Self::Read(_))
    }
}
