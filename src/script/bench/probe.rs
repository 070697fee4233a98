//! What Rhai's debugger tells while a callable is traced or stepped through.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use rhai::debugger::DebuggerCommand;
use rhai::{AST, ASTNode, Engine, EvalAltResult, EvalContext, Expr, Position, Stmt};

use super::shop::spot;
use super::tasks::Spot;
use crate::script::host::Host;
use crate::script::report::Source;

/// Is told of each statement and expression before it is evaluated.
pub(super) trait Follower {
    /// The evaluation has come there.
    ///
    /// # Errors
    /// The evaluation is to end.
    fn reached(&self, context: EvalContext<'_, '_, '_, '_, '_, '_>, node: ASTNode<'_>) -> Result<(), Box<EvalAltResult>>;
}

/// Where the debugger of an engine reports; mostly nobody listens.
#[derive(Default)]
pub(super) struct Probe(RefCell<Option<Rc<dyn Follower>>>);

impl Probe {
    /// Lets the debugger of that engine report here.
    #[allow(deprecated, reason = "so Rhai marks what may change; the version is pinned")]
    pub(super) fn attach(probe: &Rc<Self>, engine: &mut Engine) {
        let at = Rc::clone(probe);
        engine.register_debugger(
            |_, debugger| debugger,
            move |context, _, node, _, _| {
                // What is evaluated while it stands is not followed.
                let Some(follower) = at.0.take() else { return Ok(DebuggerCommand::Continue) };
                let reached = follower.reached(context, node);
                at.0.replace(Some(follower));
                reached.map(|()| DebuggerCommand::StepInto)
            },
        );
    }

    /// Lets `follower` be told of what `evaluate` does.
    pub(super) fn follow<T>(&self, follower: Rc<dyn Follower>, evaluate: impl FnOnce() -> T) -> T {
        self.0.replace(Some(follower));
        let value = evaluate();
        self.0.take();
        value
    }
}

/// Which nodes are statements, and where they stand.
pub(super) struct Way {
    /// The engine with the trees.
    pub host: Rc<Host>,
    /// Where expressions lie that are statements: the debugger is told of the expression alone.
    statements: HashSet<usize>,
}

impl Way {
    /// Through what that host can call.
    pub(super) fn new(host: Rc<Host>) -> Self {
        let mut statements = HashSet::new();
        for tree in host.libraries.iter().map(|(_, tree)| tree).chain([&host.ast]) {
            tree.walk(&mut |path: &[ASTNode<'_>]| {
                if let Some(ASTNode::Stmt(Stmt::Expr(expression))) = path.last() {
                    statements.insert(place_in_memory(expression));
                }
                true
            });
        }
        Self { host, statements }
    }

    /// Whether that node is a statement that somebody wrote.
    pub(super) fn is_statement(&self, node: ASTNode<'_>) -> bool {
        match node {
            ASTNode::Stmt(Stmt::Noop(_) | Stmt::Block(..)) => false,
            ASTNode::Stmt(_) => true,
            ASTNode::Expr(expression) => self.statements.contains(&place_in_memory(expression)),
            _ => false,
        }
    }

    /// The source of the function that runs.
    pub(super) fn source(&self, context: &EvalContext<'_, '_, '_, '_, '_, '_>) -> Rc<Source> {
        let stack = context.debugger().map_or(&[][..], |debugger| debugger.call_stack());
        stack.last().map_or_else(|| Rc::clone(&self.host.main), |frame| self.host.home(&frame.fn_name))
    }

    /// That place in the function that runs.
    pub(super) fn spot(&self, context: &EvalContext<'_, '_, '_, '_, '_, '_>, position: Position) -> Option<Spot> {
        Some(spot(&self.source(context), position.line()?, position.position().unwrap_or(0)))
    }

    /// How a function shows.
    pub(super) fn shown(&self, name: &str) -> String {
        if !name.starts_with("anon$") {
            return name.to_owned();
        }
        self.host.line_of(name).map_or_else(|| "closure".into(), |line| format!("closure:{line}"))
    }
}

fn place_in_memory(expression: &Expr) -> usize {
    std::ptr::from_ref(expression).addr()
}

/// Where a statement begins: the debugger tells the operator's place of an expression.
pub(super) fn begin(node: ASTNode<'_>) -> Position {
    match node {
        ASTNode::Expr(expression) => expression.start_position(),
        node => node.position(),
    }
}

/// A tree without anything.
pub(super) fn nothing() -> AST {
    AST::empty()
}
