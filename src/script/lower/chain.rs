//! Lowers chains, `a.b[0].c(1)?.d`, and calls.

use rhai::{ASTFlags, Expr, FnCallExpr, Position};

use super::body;
use super::code::{Each, Link, NativeCall, Node, Place, Root, Step};
use super::compile::{Compiler, Lower, key, refuse};
use super::each::over;
use super::expression::whole;
use super::natives;
use super::statement::in_slot;
use crate::datum::{Datum, Key, Near};

/// One link of a chain, as it is written.
struct Piece<'a> {
    elvis: bool,
    /// `[…]`, else `.…`
    index: bool,
    of: &'a Expr,
}

impl Piece<'_> {
    fn method(&self) -> Option<(&FnCallExpr, Position)> {
        match self.of {
            Expr::MethodCall(call, position) if !self.index => Some((call, *position)),
            _ => None,
        }
    }
}

/// The links of a chain, which leans to the right, in their order; and what it begins with.
fn pieces(chain: &Expr) -> Option<(&Expr, Vec<Piece<'_>>)> {
    let mut found: Vec<Piece<'_>> = Vec::new();
    let mut here = chain;
    let mut begin = None;
    loop {
        let (pair, flags, index) = match here {
            Expr::Dot(pair, flags, _) => (pair, flags, false),
            Expr::Index(pair, flags, _) => (pair, flags, true),
            _ => return None,
        };
        match found.last_mut() {
            Some(last) => last.of = &pair.lhs,
            None => begin = Some(&pair.lhs),
        }
        found.push(Piece { elvis: flags.intersects(ASTFlags::NEGATED), index, of: &pair.rhs });
        // What stands in brackets may be a chain of its own.
        match &pair.rhs {
            Expr::Dot(..) | Expr::Index(..) if !flags.intersects(ASTFlags::BREAK) => here = &pair.rhs,
            _ => return Some((begin?, found)),
        }
    }
}

impl Compiler<'_> {
    /// A chain that is read.
    pub(super) fn chain(&mut self, chain: &Expr) -> Lower<Node> {
        let Some((begin, pieces)) = pieces(chain) else { return refuse("this chain", chain.position()) };
        let base = self.expression(begin)?;
        self.links(base, &pieces, body::root(begin))
    }

    /// The rest of a chain, on what it has come to. `variable`: what it begins with.
    fn links(&mut self, base: Node, pieces: &[Piece<'_>], variable: Option<&str>) -> Lower<Node> {
        let before_methods = pieces.iter().position(|piece| piece.method().is_some()).unwrap_or(pieces.len());
        let (plain, rest) = pieces.split_at(before_methods);
        if !rest.is_empty()
            && let Some(stop) = pieces.iter().position(|piece| piece.elvis)
        {
            // Of `()` it is `()`, with all that follows: methods too.
            return self.optional(base, pieces, stop, variable);
        }
        let (links, before) = self.steps(plain)?;
        let mut node = match (base, links.is_empty()) {
            (base, true) => base,
            (Node::Read(mut place), false) if before.is_empty() => {
                let mut all = place.links.into_vec();
                all.extend(links);
                place.links = all.into();
                Node::Read(place)
            }
            (base, false) => match whole(&base) {
                Some(root) => Node::Read(Place { root, links: links.into() }),
                None => Node::Part(Box::new(base), links.into()),
            },
        };
        if !before.is_empty() {
            let mut nodes = before;
            nodes.push(node);
            node = Node::Block(nodes.into());
        }
        let Some((first, rest)) = rest.split_first() else { return Ok(node) };
        let (call, position) = first.method().expect("it was looked for");
        let (made, effects) = self.watched(|me| me.method(node, call, position, variable, first.elvis))?;
        if effects && rest.iter().any(|piece| !is_fixed(piece)) {
            return refuse("a method with effects inside a chain", position);
        }
        if let Some(fused) = split_at(&made, rest) {
            let Node::Native(native) = made else { return refuse("this chain", position) };
            let NativeCall { target, args, .. } = *native;
            let mut args = args.into_vec();
            let by = args.pop();
            let text = match target {
                Some(place) if place.links.is_empty() => of_root(place.root),
                Some(place) => Node::Read(place),
                None => args.pop().unwrap_or(Node::Const(Datum::Unit)),
            };
            let by = by.unwrap_or(Node::Const(Datum::Unit));
            return self.links(Node::SplitAt(Box::new([text, by]), fused), &rest[1..], None);
        }
        self.links(made, rest, None)
    }

    /// A chain in which a link may end it: what it has come to is kept in a slot and tested.
    fn optional(&mut self, base: Node, pieces: &[Piece<'_>], stop: usize, variable: Option<&str>) -> Lower<Node> {
        let (before, after) = pieces.split_at(stop);
        let base = self.links(base, before, variable)?;
        let slot = self.scope.spare();
        let relaxed: Vec<Piece<'_>> = after.iter().enumerate().map(|(n, piece)| Piece { elvis: piece.elvis && n > 0, ..*piece }).collect();
        let (rest, effects) = self.watched(|me| me.links(Node::Local(slot), &relaxed, None))?;
        if effects {
            return refuse("a method with effects behind `?.`", after[0].of.position());
        }
        Ok(Node::Block(Box::new([
            Node::Let(slot, Box::new(base)),
            Node::If(Box::new([Node::IsUnit(Box::new(Node::Local(slot))), Node::Const(Datum::Unit), rest])),
        ])))
    }

    /// Links that are no calls, and what is to be worked out before them.
    fn steps(&mut self, pieces: &[Piece<'_>]) -> Lower<(Vec<Link>, Vec<Node>)> {
        let mut links = Vec::new();
        let mut before = Vec::new();
        for piece in pieces {
            self.count(3);
            let step = match piece.of {
                Expr::Property(property, _) if !piece.index => Step::Key(Near::new(key(&property.2))),
                Expr::StringConstant(name, _) if piece.index => Step::Key(Near::new(key(name))),
                Expr::IntegerConstant(at, _) if piece.index => Step::At(*at),
                of if piece.index => {
                    let node = self.expression(of)?;
                    if node.is_simple() {
                        Step::By(node)
                    } else {
                        let slot = self.scope.spare();
                        before.push(Node::Let(slot, Box::new(node)));
                        Step::By(Node::Local(slot))
                    }
                }
                of => return refuse("this link of a chain", of.position()),
            };
            links.push(Link { elvis: piece.elvis, dot: !piece.index, step });
        }
        Ok((links, before))
    }

    /// A chain that is assigned to, and what is to be worked out before.
    pub(super) fn place(&mut self, chain: &Expr) -> Lower<(Place, Vec<Node>)> {
        let position = chain.position();
        let Some((begin, pieces)) = pieces(chain) else { return refuse("this place", position) };
        if pieces.iter().any(|piece| piece.elvis || piece.method().is_some()) {
            return refuse("an assignment through `?.` or a method", position);
        }
        let begin = self.expression(begin)?;
        let Some(root) = whole(&begin) else { return refuse("this place", position) };
        let (links, before) = self.steps(&pieces)?;
        Ok((Place { root, links: links.into() }, before))
    }

    /// `base.name(args)`.
    fn method(&mut self, base: Node, call: &FnCallExpr, position: Position, variable: Option<&str>, elvis: bool) -> Lower<Node> {
        self.count(5);
        let name = call.name.as_str();
        if elvis {
            return refuse("a method behind `?.`", position);
        }
        if self.is_own(name, call.args.len()) {
            return self.own_method(base, call, position);
        }
        if let Some(each) = self.each(name, variable, &call.args, position)? {
            return Ok(Node::Each(Box::new(Each { over: over(base), ..each })));
        }
        let Some(native) = natives::find(name, call.args.len() + 1) else { return refuse(format!("`{name}`"), position) };
        let args = call.args.iter().map(|arg| self.expression(arg)).collect::<Lower<Vec<_>>>()?;
        self.native(native, Some(base), args, variable, position)
    }

    /// A function of the script that is called as a method: it has the value as `this`.
    fn own_method(&mut self, base: Node, call: &FnCallExpr, position: Position) -> Lower<Node> {
        let name = call.name.as_str();
        if self.changes_this(name, call.args.len()) {
            return refuse(format!("`{name}`, which changes `this`,"), position);
        }
        let mut args = call.args.iter().map(|arg| self.expression(arg)).collect::<Lower<Vec<_>>>()?;
        args.push(base);
        self.scope.effects += 1;
        self.count(6);
        Ok(Node::Call(self.function(name, call.args.len(), true, None), args.into()))
    }

    /// Whether a function of the script assigns to `this` or may change it by a method.
    fn changes_this(&self, name: &str, params: usize) -> bool {
        let Some(definition) = body::definition(self.host, name, params) else { return true };
        super::captured::changes(self.host, &definition, "this")
    }

    /// Arguments, and what is to be done before. A variable as first argument is looked up after the others, which may
    /// change it: they are put by.
    fn in_turn(&mut self, given: &[Expr]) -> Lower<(Vec<Node>, Vec<Node>)> {
        let (args, changes) = self.watched(|me| given.iter().map(|arg| me.expression(arg)).collect::<Lower<Vec<_>>>())?;
        let Some((Expr::Variable(..) | Expr::ThisPtr(_), rest @ [_, ..])) = given.split_first().filter(|_| changes) else {
            return Ok((args, Vec::new()));
        };
        let first = args.into_iter().next();
        let mut put = Vec::with_capacity(rest.len());
        let mut places = Vec::with_capacity(rest.len());
        for arg in rest {
            let value = self.expression(arg)?;
            let slot = self.scope.spare();
            put.push(Node::Let(slot, Box::new(value)));
            places.push(Node::Local(slot));
        }
        Ok((first.into_iter().chain(places).collect(), put))
    }

    /// Whether a function of the script leaves that parameter as it is.
    fn only_sees(&self, name: &str, params: usize, place: usize) -> bool {
        let Some(definition) = body::definition(self.host, name, params) else { return false };
        !super::captured::changes(self.host, &definition, &definition.params[place])
    }

    /// A standard function; `target` is what a method is called on.
    fn native(
        &mut self,
        native: &'static natives::Native,
        target: Option<Node>,
        args: Vec<Node>,
        variable: Option<&str>,
        position: Position,
    ) -> Lower<Node> {
        if native.changes_first {
            self.scope.effects += 1;
        }
        let place = match target {
            None => None,
            Some(Node::Read(place)) => Some(place),
            Some(node) => {
                let Some(root) = whole(&node) else {
                    let mut all = vec![node];
                    all.extend(args);
                    return Ok(Node::Native(Box::new(NativeCall::new(native, None, all.into()))));
                };
                Some(Place { root, links: Box::new([]) })
            }
        };
        if native.changes_first
            && let Some(place) = &place
        {
            if let Some(name) = variable
                && name != "this"
            {
                self.changeable(name, true, position)?;
            }
            if place.root == Root::Event {
                self.changes = true;
                if place.links.is_empty() {
                    if native.name == "remove" && args.len() == 1 {
                        let step = match args.into_iter().next().unwrap_or(Node::Const(Datum::Unit)) {
                            Node::Const(Datum::Str(name)) => Step::Key(Near::new(Key::new(&name))),
                            name => Step::By(name),
                        };
                        return Ok(Node::RemoveKey(Box::new(step)));
                    }
                    let what = format!("`{}` on the whole event", native.name);
                    return if variable == Some("this") { refuse(what, position) } else { Err(in_slot(what, position)) };
                }
            }
        }
        Ok(Node::Native(Box::new(NativeCall::new(native, place, args.into()))))
    }

    /// `name(args)`, operators too.
    pub(super) fn call(&mut self, call: &FnCallExpr, position: Position) -> Lower<Node> {
        self.count(5);
        let name = call.name.as_str();
        if !call.namespace.is_empty() {
            return refuse(format!("`{}::{name}`", call.namespace), position);
        }
        if call.is_operator_call() && name != "contains" {
            return self.operator(name, &call.args, position);
        }
        if call.capture_parent_scope {
            return refuse(format!("`{name}!`"), position);
        }
        if self.is_own(name, call.args.len()) {
            let (mut args, before) = self.in_turn(&call.args)?;
            self.scope.effects += 1;
            self.count(6);
            // The event need not be copied for who only looks at it.
            let event = args.iter().position(|arg| matches!(arg, Node::Event)).filter(|place| self.only_sees(name, args.len(), *place));
            if let Some(place) = event {
                args[place] = Node::Const(Datum::Unit);
            }
            let called = Node::Call(self.function(name, call.args.len(), false, event), args.into());
            return Ok(if before.is_empty() { called } else { Node::Block(before.into_iter().chain([called]).collect()) });
        }
        let Some(native) = natives::find(name, call.args.len()) else { return refuse(format!("`{name}`"), position) };
        // A variable as first argument is handed over as it is, as if it were a method's.
        if let Some((first @ (Expr::Variable(..) | Expr::ThisPtr(_)), rest)) = call.args.split_first() {
            let target = self.expression(first)?;
            let args = rest.iter().map(|arg| self.expression(arg)).collect::<Lower<Vec<_>>>()?;
            return self.native(native, Some(target), args, body::root(first), position);
        }
        let mut args = call.args.iter().map(|arg| self.expression(arg)).collect::<Lower<Vec<_>>>()?;
        // What only looks at a place can do so without a copy.
        if args.len() == 1 && !native.changes_first && matches!(args[0], Node::Read(_)) {
            let place = args.pop();
            return self.native(native, place, args, None, position);
        }
        self.native(native, None, args, None, position)
    }

    /// Whether the script or a library has a function of that name and number of parameters.
    fn is_own(&self, name: &str, params: usize) -> bool {
        body::trees(self.host)
            .flat_map(rhai::AST::iter_fn_def)
            .any(|known| known.name == name && (known.params.len() == params || known.this_type.is_some()))
    }
}

fn of_root(root: Root) -> Node {
    match root {
        Root::Event => Node::Event,
        Root::Local(slot) => Node::Local(slot),
    }
}

/// Whether nothing in it depends on variables.
fn is_fixed(piece: &Piece<'_>) -> bool {
    match piece.of {
        Expr::MethodCall(call, _) => call.args.iter().all(Expr::is_constant),
        Expr::Property(..) => true,
        of => of.is_constant(),
    }
}

/// `split(by)[n]`: the place, when that is what stands there.
fn split_at(made: &Node, rest: &[Piece<'_>]) -> Option<usize> {
    match (made, rest.first()) {
        (Node::Native(call), Some(Piece { elvis: false, index: true, of: Expr::IntegerConstant(at, _) }))
            if call.native.name == "split" && call.native.args == 2 =>
        {
            usize::try_from(*at).ok()
        }
        _ => None,
    }
}
