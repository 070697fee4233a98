//! Tests written in Rhai: a script whose functions `test_…` try pipelines.
//!
//! Such a script sees the module `test` besides all that others see. What a pipeline is tried in is made above this room, which
//! states here what it needs of it: [`Grounds`] and [`Subject`]. `tests` of one file run one after another; for each the file is
//! wound anew, so that none sees what another left.

mod checks;
mod words;

use std::cell::{Cell, OnceCell};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::{Duration, SystemTime};

use rhai::{AST, ASTNode, Dynamic, Engine, Expr, FnPtr, Scope, Stmt};

use super::callback::{ScriptFn, StateMap, is_cog};
use super::host::Host;
use super::report::{Place, Report};
use super::voice::Voice;
use super::watch::{Limits, Watch};
use super::winding::Desk;
use super::{Setting, Wound, libraries, wind_at};
use crate::cog::{Callback, Cog};
use crate::datum::Datum;
use crate::error::{Result, nearest};

/// What the names of tests begin with.
pub const PREFIX: &str = "test_";

/// MiB that one test may take, its pipelines included.
const MEMORY: u64 = 512;

/// Where pipelines are tried.
pub trait Grounds {
    /// Makes a train of a wound script that touches nothing outside. `wall`: what the clock says; `replace`: cogs in place of
    /// those of these names.
    ///
    /// # Errors
    /// It cannot be made so.
    fn load(&self, wound: Wound, wall: Option<SystemTime>, replace: Vec<(String, Box<dyn Cog>)>) -> Result<Box<dyn Subject>>;

    /// How two values differ, in lines; none where they are equal.
    fn differences(&self, got: &Datum, wanted: &Datum) -> Option<String>;
}

/// A pipeline on trial.
pub trait Subject {
    /// Lets a datum enter a cog, or leave it where that is a supply.
    fn feed(&mut self, cog: &str, datum: Datum) -> Result<()>;
    /// Lets a line be read by a supply, or enter another cog.
    fn line(&mut self, cog: &str, line: &str) -> Result<()>;
    /// Moves the clock.
    fn advance(&mut self, by: Duration) -> Result<()>;
    /// Ends the train; gives the exit status.
    fn finish(&mut self) -> Result<i32>;
    /// What a drain was given, or what left another cog.
    fn output(&self, cog: &str) -> Result<Vec<Datum>>;
    /// What a cog swallowed on purpose.
    fn dropped(&self, cog: &str) -> Result<Vec<Datum>>;
    /// What failed in a cog: the datum, where it was one's, and why.
    fn failed(&self, cog: &str) -> Result<Vec<(Option<Datum>, String)>>;
    /// The books, by name.
    fn books(&self) -> Vec<(&'static str, u64)>;
}

/// A test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Its function.
    pub name: String,
    /// The line on which that stands.
    pub line: usize,
}

/// A file of tests, wound.
pub struct TestFile {
    host: Rc<Host>,
    kit: Rc<Kit>,
    /// What is odd about it.
    pub warnings: Vec<Report>,
}

/// What came of a test.
#[derive(Debug, Default)]
pub struct Tried {
    /// What went wrong.
    pub fault: Option<Report>,
    /// What it printed.
    pub printed: Vec<String>,
}

/// What the functions of the module `test` share.
struct Kit {
    grounds: Box<dyn Grounds>,
    host: OnceCell<Weak<Host>>,
    dir: PathBuf,
    /// Checks made so far.
    checks: Cell<u64>,
    /// What it prints.
    voice: Rc<Voice>,
}

impl Kit {
    /// A path as it is seen from the file of tests.
    fn beside(&self, path: &str) -> PathBuf {
        if self.dir == Path::new(".") { path.into() } else { self.dir.join(path) }
    }

    fn host(&self) -> Rc<Host> {
        self.host.get().and_then(Weak::upgrade).expect("the host lives as long as anything of the script is called")
    }

    /// A closure, or a map with `run`, as a cog.
    fn cog(&self, value: Dynamic) -> Option<Result<Box<dyn Cog>>> {
        let (host, value) = (self.host(), value.flatten());
        if value.is_fnptr() {
            return Some(ScriptFn::new(&host, value.cast::<FnPtr>()).cog());
        }
        let map = value.try_cast::<rhai::Map>()?;
        is_cog(&map).then(|| StateMap::new(&host, map).cog())
    }
}

impl TestFile {
    /// Winds a file of tests.
    ///
    /// # Errors
    /// All that is wrong with it; functions that are neither tests nor called are.
    pub fn wind(path: &Path, grounds: Box<dyn Grounds>) -> Result<Self, Vec<Report>> {
        let source = libraries::read(path, &path.to_string_lossy()).map_err(|report| vec![report])?;
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let desk = Desk::new(Setting { no_lower: true, ..Setting::default() });
        desk.voice.keep();
        let voice = Rc::clone(&desk.voice);
        let kit = Rc::new(Kit { grounds, host: OnceCell::new(), dir: dir.clone(), checks: Cell::new(0), voice });
        let fit = |engine: &mut Engine| words::register(engine, &kit);
        let wound = wind_at(source, (&dir, &[]), &desk, &Watch::new(), fit, &mut Scope::new())?;
        let mut reports = wound.reports;
        if wound.run {
            reports.push(
                Report::new("D0501", "a file of tests runs no train of its own", None).hint("`test::load(\"pipeline.rhai\")` loads one"),
            );
        }
        let host = wound.host;
        let _ = kit.host.set(Rc::downgrade(&host));
        reports.extend(misnamed(&host));
        if reports.iter().any(|report| !report.warning) {
            return Err(reports);
        }
        Ok(Self { host, kit, warnings: reports })
    }

    /// Its tests, in order of appearance.
    pub fn tests(&self) -> Vec<Test> {
        let functions = self.host.ast.iter_fn_def().filter(|function| is_test(&function.name));
        let mut tests: Vec<Test> = functions
            .map(|function| Test { name: function.name.to_string(), line: function.body.start_position().line().unwrap_or(0) })
            .collect();
        tests.sort_by_key(|test| test.line);
        tests
    }

    /// Runs a test, which may take that long. One that checks nothing fails: nobody could tell what it is for.
    pub fn run(&self, test: &Test, time: Duration) -> Tried {
        let limits = Limits { what: "one test", operations: u64::MAX - 1, time, memory: MEMORY };
        self.kit.checks.set(0);
        // What was printed while the file was wound is no test's.
        let _ = self.kit.voice.kept();
        let fault = match self.host.attempt(&test.name, limits) {
            Err(error) => {
                let mut report = self.host.report(error, Rc::clone(&self.host.main));
                // That the test itself was called, by nothing of the file, is no news.
                report.trace.pop();
                Some(report)
            }
            Ok(_) if self.kit.checks.get() == 0 => {
                let place = Place { source: Rc::clone(&self.host.main), line: test.line, column: 0 };
                let report = Report::new("D0501", format!("`{}` checks nothing", test.name), Some(place));
                Some(report.hint("`test::equal(got, wanted)`, `test::that(condition)`"))
            }
            Ok(_) => None,
        };
        Tried { fault, printed: self.kit.voice.kept() }
    }
}

fn is_test(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Functions that somebody may take for tests, and that are none: nothing would run them.
fn misnamed(host: &Host) -> Vec<Report> {
    let called = called(&host.ast);
    let mut reports = Vec::new();
    let mut any = false;
    for function in host.ast.iter_fn_def().filter(|function| !function.name.starts_with("anon$")) {
        let name = function.name.as_str();
        let place = Host::place(&host.main, function.body.start_position()).map(|place| Place { column: 0, ..place });
        if is_test(name) {
            any = true;
            if !function.params.is_empty() {
                reports.push(Report::new("D0501", format!("`{name}` takes parameters, so nothing can run it as a test"), place));
            }
        } else if !called.contains(name) {
            let report = Report::new("D0501", format!("`{name}` is neither a test nor called"), place);
            let near = nearest(name.split('_').next().unwrap_or_default(), ["test"]).is_some();
            let hint = if near { "the name of a test begins with `test_`" } else { "call it, or give it a name that begins with `test_`" };
            reports.push(report.hint(hint));
        }
    }
    if !any && reports.is_empty() {
        reports.push(Report::new("D0501", format!("`{}` has no tests", host.main.name), None).hint("a test is `fn test_…() { … }`"));
    }
    reports
}

/// Names of functions that are called, or named by a string.
fn called(tree: &AST) -> HashSet<String> {
    let mut called = HashSet::new();
    tree.walk(&mut |path: &[ASTNode<'_>]| {
        match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _))) => {
                called.insert(call.name.to_string());
            }
            Some(ASTNode::Expr(Expr::StringConstant(text, _))) => {
                called.insert(text.to_string());
            }
            Some(ASTNode::Expr(Expr::Variable(variable, ..))) => {
                called.insert(variable.1.to_string());
            }
            _ => {}
        }
        true
    });
    called
}
