//! Swift code: whole numbers apart from other values, changes of the event apart from the event. The kinds of code have their
//! tags in a byte of their own, not in what is free in their parts: these are read all the time.

use std::cell::RefCell;

use super::super::natives::Native;
use super::super::operators::Op;
use super::deep::Deep;
use super::rows::Layout;
use crate::datum::{Datum, Key, Near, Text};

/// A key of the event.
pub(super) struct Spot {
    pub key: Near,
    /// Its change, where the code may change it.
    pub change: Option<usize>,
}

/// A whole number; anything else in its place is not plain.
#[repr(u8)]
pub(super) enum Int {
    Const(i64),
    /// A slot for whole numbers.
    Slot(usize),
    /// A slot for values.
    Value(usize),
    Key(Spot),
    Pair(Op, Box<[Int; 2]>),
    Negate(Box<Int>),
    /// The one that a text is.
    Parsed(Box<Value>),
    Length(Box<Value>),
    Of(Box<Value>),
}

/// A truth value.
#[repr(u8)]
pub(super) enum Test {
    Ints(Op, Box<[Int; 2]>),
    /// Whether a value is that text, or is not.
    Same(Box<Value>, Text, bool),
    Compare(Op, Box<[Value; 2]>),
    And(Box<[Test]>),
    Or(Box<[Test]>),
    Not(Box<Test>),
    IsUnit(Box<Value>),
    /// Whether a text has another one somewhere.
    Has(Where, Box<Value>, Text),
    /// A function of the script; or the callable itself.
    Call(Box<Call<Test>>),
    Of(Box<Value>),
}

/// Where a text is looked for in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    Start,
    End,
    Anywhere,
}

/// A value of any kind.
#[repr(u8)]
pub(super) enum Value {
    Const(Datum),
    Int(Int),
    Test(Test),
    /// A slot for values.
    Slot(usize),
    /// The same, where nobody reads it again.
    Take(usize),
    Key(Spot),
    /// What links lead to.
    Deep(Box<Deep>),
    /// `text.split(by)[at]`
    Split(Box<Value>, Text, usize),
    /// `text.to_lower()`, or `to_upper`.
    Case(Box<Value>, bool),
    /// Texts joined.
    Text(Box<[Value]>),
    List(Box<[Value]>),
    Compute(Op, Box<[Value; 2]>),
    Coalesce(Box<[Value]>),
    If(Box<(Test, Value, Value)>),
    Block(Box<(Box<[Step]>, Value)>),
    /// A function of the script.
    Call(Box<Call<Value>>),
    /// A standard function that changes nothing.
    Native(&'static Native, Box<[Value]>),
    /// A key taken out of the event.
    Removed(Spot),
    /// `#{…}`
    Map(Box<Made>),
    /// The event as the result.
    Itself,
}

/// The call of a function: what sets its parameters, and its body.
pub(super) struct Call<T> {
    pub params: Box<[Step]>,
    pub steps: Box<[Step]>,
    pub last: T,
    pub cost: i64,
}

/// A map that is made.
pub(super) struct Made {
    pub parts: Box<[(Key, Value)]>,
    /// Whether the parts may be worked out in any order.
    pub free: bool,
    /// How it came out of the last event's row.
    pub layout: RefCell<Option<Layout>>,
}

/// A statement.
#[repr(u8)]
pub(super) enum Step {
    SetInt(usize, Int),
    ChangeInt(usize, Op, Int),
    /// Sets a slot for whole numbers to another one.
    CopyInt(usize, usize),
    /// Adds a slot for whole numbers to another one.
    AddInt(usize, usize),
    /// The same, where two others compare so.
    CopyIntIf(Op, usize, usize, usize, usize),
    /// What is done where two whole numbers compare so.
    IfInts(Op, usize, usize, Box<[Step]>),
    SetValue(usize, Value),
    ChangeValue(usize, Op, Value),
    /// Sets a key of the event, whose change that is.
    Set(usize, Value),
    /// `this.key += value`
    ChangeKey(Spot, Op, Value),
    Remove(Spot),
    If(Box<Fork>),
    For(Box<For>),
    Range(Box<Range>),
    While(Box<While>),
    Break,
    Continue,
    Return(Value),
    Do(Value),
}

/// A condition, and what is done where it holds and where not.
pub(super) struct Fork {
    pub test: Test,
    pub yes: Box<[Step]>,
    pub no: Box<[Step]>,
}

/// `for` over a list.
pub(super) struct For {
    pub over: Value,
    pub item: Item,
    pub counter: Option<usize>,
    pub body: Box<[Step]>,
    pub cost: i64,
}

/// Where the elements go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Int(usize),
    Value(usize),
}

/// `for` over numbers, the last one not included.
pub(super) struct Range {
    pub from: Int,
    pub to: Int,
    pub closed: bool,
    pub item: usize,
    pub counter: Option<usize>,
    pub body: Box<[Step]>,
    pub cost: i64,
}

/// `while`, `loop`, `do`
pub(super) struct While {
    pub test: Option<Test>,
    pub first: bool,
    pub wanted: bool,
    pub body: Box<[Step]>,
    pub cost: i64,
}
