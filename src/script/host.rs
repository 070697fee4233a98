//! The one engine with the compiled script: how everything else calls into Rhai, and how Rhai's errors become ours.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use rhai::{AST, ASTNode, Dynamic, Engine, EvalAltResult, FnPtr, Position, Scope, Stmt};

use super::calls::Calls;
use super::lower::Refusal;
use super::report::{Place, Report, Source};
use super::settings::Discard;
use super::stage::Stage;
use super::watch::{CALL, Limits, WINDING, Watch};
use crate::error::{Error, nearest, shorten};

/// Engine, script, and where everything in it stands.
pub struct Host {
    /// The engine; complete before the script is evaluated.
    pub engine: Rc<Engine>,
    /// The script.
    pub ast: AST,
    /// The script's own text.
    pub main: Rc<Source>,
    /// Libraries with their texts and syntax trees.
    pub libraries: Vec<(Rc<Source>, AST)>,
    /// Whether closures may be lowered.
    pub lowers: bool,
    pub(super) watch: Rc<Watch>,
    /// Of one call.
    limits: Limits,
    /// Whether the top level was evaluated: from here on variables change by closures only.
    wound: Cell<bool>,
    calls: Calls,
    /// What became of the callables that cogs were given, by name.
    pub(super) told: RefCell<BTreeMap<String, Result<(), Refusal>>>,
    /// What methods that run ask of the train.
    pub(super) stage: Stage,
    /// Which source a function's or closure's name belongs to, where it is not the script.
    homes: RefCell<HashMap<String, Rc<Source>>>,
}

impl Host {
    /// A host of a compiled script.
    pub fn new(engine: Engine, ast: AST, main: Rc<Source>, libraries: Vec<(Rc<Source>, AST)>, watch: Rc<Watch>, lowers: bool) -> Self {
        let mut homes = HashMap::new();
        for (source, library) in &libraries {
            for function in library.iter_functions() {
                homes.insert(function.name.to_owned(), Rc::clone(source));
            }
        }
        Self {
            engine: Rc::new(engine),
            ast,
            main,
            libraries,
            lowers,
            watch,
            limits: CALL,
            wound: Cell::new(false),
            calls: Calls::default(),
            told: RefCell::default(),
            stage: Stage::default(),
            homes: RefCell::new(homes),
        }
    }

    /// A host beside this one: the same engine, with `more` and the script's functions as its tree; `source` is the text of
    /// `more`, `homes` are those of its functions.
    pub(super) fn beside(&self, more: &AST, source: &Rc<Source>, homes: &HashMap<String, Rc<Source>>, limits: Limits) -> Self {
        let mut own = self.homes.borrow().clone();
        own.extend(self.ast.iter_functions().map(|function| (function.name.to_owned(), Rc::clone(&self.main))));
        own.extend(homes.iter().map(|(name, home)| (name.clone(), Rc::clone(home))));
        let mut ast = self.ast.clone_functions_only();
        // Errors tell no source but that of a library: what else there is is found by its name.
        ast.clear_source();
        ast.combine(more.clone());
        Self {
            engine: Rc::clone(&self.engine),
            ast,
            main: Rc::clone(source),
            libraries: self.libraries.clone(),
            lowers: self.lowers,
            watch: Rc::clone(&self.watch),
            limits,
            wound: Cell::new(true),
            calls: Calls::default(),
            told: RefCell::default(),
            stage: Stage::default(),
            homes: RefCell::new(own),
        }
    }

    /// Evaluates the script's top level; `scope` is left with its variables.
    ///
    /// # Errors
    /// What the script raised.
    pub fn evaluate(&self, scope: &mut Scope<'_>) -> Result<Dynamic, Box<EvalAltResult>> {
        let limits = if self.wound.get() { self.limits } else { WINDING };
        let value = self.watch.during(limits, || self.engine.eval_ast_with_scope::<Dynamic>(scope, &self.ast));
        self.wound.set(true);
        value
    }

    /// Whether the script's top level was evaluated.
    pub fn is_wound(&self) -> bool {
        self.wound.get()
    }

    /// Calls a function or closure of the script or of a library, under the limits of one call.
    ///
    /// # Errors
    /// What it raised.
    pub fn call<const N: usize>(
        &self,
        function: &FnPtr,
        this: Option<&mut Dynamic>,
        args: [Dynamic; N],
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        // It may be called while the script is wound, as a cast: that has limits of its own, which go on behind it.
        self.watch.during(self.limits, || self.calls.call(&self.engine, &self.ast, function, this, args))
    }

    /// Calls a function of the script that takes nothing, under limits of its own.
    ///
    /// # Errors
    /// What it raised.
    pub(super) fn attempt(&self, name: &str, limits: Limits) -> Result<Dynamic, Box<EvalAltResult>> {
        let function = FnPtr::new(name)?;
        self.watch.during(limits, || self.calls.call(&self.engine, &self.ast, &function, None, []))
    }

    /// The source in which that function stands.
    pub fn home(&self, function: &str) -> Rc<Source> {
        self.homes.borrow().get(function).map_or_else(|| Rc::clone(&self.main), Rc::clone)
    }

    /// The source of that name, the script's own where there is none.
    pub fn source(&self, name: Option<&str>) -> Rc<Source> {
        let found = name.and_then(|name| self.libraries.iter().find(|(source, _)| source.name == name));
        found.map_or_else(|| Rc::clone(&self.main), |(source, _)| Rc::clone(source))
    }

    /// The place of a position in a source; none when Rhai does not know it.
    pub fn place(source: &Rc<Source>, position: Position) -> Option<Place> {
        Some(Place { source: Rc::clone(source), line: position.line()?, column: position.position().unwrap_or(0) })
    }

    /// The syntax tree in which that function stands.
    pub fn tree_of(&self, function: &str) -> &AST {
        let home = self.home(function);
        self.libraries.iter().find(|(source, _)| Rc::ptr_eq(source, &home)).map_or(&self.ast, |(_, ast)| ast)
    }

    /// Whether the body of that function, which ends at `end`, is a block whose last statement ends in `;`: its value is then
    /// not meant, though Rhai gives it.
    pub fn ends_closed(&self, function: &str, end: Position) -> bool {
        let (Some(line), Some(column)) = (end.line(), end.position()) else { return false };
        let home = self.home(function);
        let cut = |text: &'_ str| text.char_indices().nth(column - 1).map_or(text.len(), |(at, _)| at);
        let last = home.line(line).map(|text| &text[..cut(text)]);
        let lines = last.into_iter().chain((1..line).rev().filter_map(|line| home.line(line)));
        // The braces of `if` and its like are passed over, and comments behind the last statement.
        let bare = |text: &str| text.trim_end_matches(|c: char| c.is_whitespace() || c == '}').to_owned();
        let code = lines.map(bare).find(|text| !text.is_empty() && !text.trim_start().starts_with("//"));
        code.is_some_and(|text| text.ends_with(';') || text.rsplit_once("//").is_some_and(|(code, _)| code.trim_end().ends_with(';')))
    }

    /// The line on which that function or closure stands.
    pub fn line_of(&self, function: &str) -> Option<usize> {
        let tree = self.tree_of(function);
        let definition = tree.iter_fn_def().find(|definition| definition.name == function)?;
        definition.body.start_position().line()
    }

    /// How a function shows in logs and labels: its name, or `closure:LINE`.
    pub fn display_name(&self, function: &FnPtr) -> String {
        if !function.is_anonymous() {
            return function.fn_name().to_owned();
        }
        self.line_of(function.fn_name()).map_or_else(|| "closure".into(), |line| format!("closure:{line}"))
    }

    /// What to do when there is no function of that name: a variable may hold one.
    fn about_function(&self, name: &str) -> Option<String> {
        let trees = || self.libraries.iter().map(|(_, tree)| tree).chain([&self.ast]);
        let captured = trees().flat_map(AST::iter_fn_def).any(|function| function.params.iter().any(|param| param.as_str() == name));
        let is_function = trees().flat_map(AST::iter_functions).any(|function| function.name == name);
        let is_variable = captured || self.variables().iter().any(|known| known == name);
        (is_variable && !is_function).then(|| format!("`{name}` is a variable: call it with `{name}.call(…)`"))
    }

    /// Names of variables that the script declares, anywhere.
    fn variables(&self) -> Vec<String> {
        let mut known = Vec::new();
        self.ast.walk(&mut |path: &[ASTNode<'_>]| {
            if let Some(ASTNode::Stmt(Stmt::Var(variable, ..))) = path.last() {
                known.push(variable.0.name.to_string());
            }
            true
        });
        known
    }

    /// What to do when a variable of that name is not seen.
    fn about_variable(&self, name: &str) -> Option<String> {
        let known = self.variables();
        if known.iter().any(|known| known == name) {
            return Some("a named `fn` does not see the script's variables; a closure does".to_owned());
        }
        nearest(name, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
    }

    /// An error raised while an event was in `function`: one line of text with its place.
    pub fn event_error(&self, function: &str, error: Box<EvalAltResult>) -> Error {
        if Discard::is(error.unwrap_inner()) {
            return Error::Refused {
                reason: "discard",
                text: "`movement::discard()` is for types and defaults of `twist::normalize`".into(),
            };
        }
        let report = self.report(error, self.home(function));
        let begin = || Some(Place { source: self.home(function), line: self.line_of(function)?, column: 0 });
        // Nothing in an empty loop has a place.
        let place = report.place.clone().or_else(begin).as_ref().map(Place::short).unwrap_or_default();
        let line = report.place.as_ref().and_then(|place| Some(excerpt(place.source.line(place.line)?, place.column)));
        let text = match line {
            Some(line) => format!("{} in `{line}`", report.text),
            None => report.text,
        };
        Error::Script { text, place, hint: report.hint }
    }

    /// Rhai's error as a report; `source` is where evaluation began.
    pub fn report(&self, error: Box<EvalAltResult>, source: Rc<Source>) -> Report {
        let mut error = error;
        let mut source = source;
        let mut trace = Vec::new();
        // From the outermost call to the innermost: each tells which source the next position is of.
        loop {
            let position = error.position();
            match *error {
                EvalAltResult::ErrorInFunctionCall(name, of, inner, _) => {
                    let at = Self::place(&source, position).map(|place| format!(" at {}", place.short())).unwrap_or_default();
                    let shown = if name.starts_with("anon$") { "a closure".to_owned() } else { format!("`{name}`") };
                    trace.insert(0, format!("called {shown}{at}"));
                    source = if of.is_empty() { self.home(&name) } else { self.source(Some(&of)) };
                    error = inner;
                }
                EvalAltResult::ErrorInModule(_, inner, _) => error = inner,
                _ => break,
            }
        }
        if let EvalAltResult::ErrorFunctionNotFound(name, _) | EvalAltResult::ErrorVariableNotFound(name, _) = &mut *error
            && name.len() > 500
        {
            // A name may be worked out of a datum; it is looked at letter by letter below.
            *name = shorten(name, 100);
        }
        let place = Self::place(&source, error.position());
        let unknown = if let EvalAltResult::ErrorVariableNotFound(name, _) = &*error { Some(name.clone()) } else { None };
        let called = if let EvalAltResult::ErrorFunctionNotFound(signature, _) = &*error {
            signature.split([' ', '(']).next().map(str::to_owned)
        } else {
            None
        };
        let (code, text, mut hint) = describe(*error);
        if hint.is_none() {
            hint = called.and_then(|name| self.about_function(&name));
        }
        if let Some(name) = unknown {
            hint = self.about_variable(&name);
        }
        let mut report = Report::new(code, text, place);
        report.trace = trace;
        report.hint = hint;
        report
    }
}

/// What of a line stands around that column, so that a log line stays short.
fn excerpt(line: &str, column: usize) -> String {
    let from = if line.trim().chars().count() <= 80 { 0 } else { column.saturating_sub(20) };
    let part: String = line.chars().skip(from).collect();
    format!("{}{}", if from > 0 { "…" } else { "" }, shorten(part.trim(), 80))
}

/// Code, text and advice for an error, without its position.
fn describe(mut error: EvalAltResult) -> (&'static str, String, Option<String>) {
    match &error {
        EvalAltResult::ErrorParsing(kind, _) => ("D0102", lower_first(&kind.to_string()), None),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            let name = signature.split([' ', '(']).next().unwrap_or(signature);
            if signature.contains("anon$") {
                return ("D0103", "a closure cannot be called with these arguments".into(), None);
            }
            let hint = match name {
                "eval" => Some("`eval` is switched off".to_owned()),
                "|" if signature.contains("Cog") || signature.contains("Line") => Some("cogs are joined with `|>`".to_owned()),
                "|>" => Some("`|>` joins cogs, lines, closures in parentheses and arrays of these".to_owned()),
                _ if is_operator(name) && takes_nothing(signature) => {
                    Some("a missing key gives `()`: use `??`, or test it with `!= ()`".to_owned())
                }
                _ => None,
            };
            ("D0103", format!("no function `{}`", plain_signature(signature)), hint)
        }
        EvalAltResult::ErrorVariableNotFound(name, _) => ("D0104", format!("no variable `{name}`"), None),
        EvalAltResult::ErrorModuleNotFound(name, _) => ("D0106", format!("no module `{name}`"), None),
        EvalAltResult::ErrorUnboundThis(_) => (
            "D0105",
            "`this` is not bound here".into(),
            Some(
                "a closure with a parameter takes the datum there: write `d.x`, or use `|| …` with `this`; \
                 for a nested closure copy what you need to a local variable first"
                    .to_owned(),
            ),
        ),
        EvalAltResult::Exit(..) => ("D0105", "`exit` ends the winding of a script; a running cog cannot".into(), None),
        EvalAltResult::ErrorTerminated(token, _) => ("D0108", token.clone().into_string().unwrap_or_default(), None),
        EvalAltResult::ErrorRuntime(value, _) => {
            let text = if value.is_unit() { "the script raised an error".to_owned() } else { value.to_string() };
            ("D0105", text, None)
        }
        EvalAltResult::ErrorTooManyOperations(_)
        | EvalAltResult::ErrorStackOverflow(_)
        | EvalAltResult::ErrorDataTooLarge(..)
        | EvalAltResult::ErrorTooManyVariables(_)
        | EvalAltResult::ErrorTooManyModules(_) => {
            error.clear_position();
            ("D0108", lower_first(&error.to_string()), None)
        }
        EvalAltResult::ErrorDataRace(..) => (
            "D0105",
            "a method is called of what a closure among its arguments has captured".into(),
            Some("name a method instead of the closure, `train.esc.enqueue(\"beat\")`, or take `let esc = train.esc;` and call `esc.enqueue(|| …)`".into()),
        ),
        EvalAltResult::ErrorDotExpr(..) | EvalAltResult::ErrorIndexingType(..) | EvalAltResult::ErrorPropertyNotFound(..) => {
            error.clear_position();
            let text = lower_first(&plain_types(&error.to_string()));
            let unit = text.contains("'()'");
            ("D0105", text, unit.then(|| "a missing key gives `()`: use `?.` or `??`".to_owned()))
        }
        _ => {
            error.clear_position();
            ("D0105", lower_first(&plain_types(&error.to_string())), None)
        }
    }
}

fn is_operator(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_punctuation() && c != '_')
}

/// Whether one of the arguments is `()`.
fn takes_nothing(signature: &str) -> bool {
    let arguments = signature.split_once('(').map_or("", |(_, rest)| rest.strip_suffix(')').unwrap_or(rest));
    arguments.split(',').any(|argument| argument.trim() == "()")
}

pub(super) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    first.to_lowercase().chain(letters).collect()
}

/// Rust's names of types as scripts know them.
fn plain_types(text: &str) -> String {
    text.replace("alloc::string::String", "string")
        .replace("&str | ImmutableString | String", "string")
        .replace("i64", "int")
        .replace("f64", "float")
}

fn plain_signature(signature: &str) -> String {
    plain_types(signature).replace(" (", "(").replace("rhai::", "").replace("&str", "string").replace("deadbeat::script::handles::", "")
}
