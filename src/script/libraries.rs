//! Libraries: `import "name" as alias` at the top of a script, and the embedded `stdlib`.
//!
//! Each file is compiled once and registered globally and under its alias, so that closures of either side can be called
//! later. A global registration lets equal names shadow each other silently, so every function's name with its number of
//! parameters must be unique over script and libraries; a collision is an error that names both places.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use rhai::{AST, ASTNode, Engine, EvalAltResult, Expr, Module, ModuleResolver, Position, Scope, Shared, Stmt};

use super::host::Host;
use super::report::{Place, Report, Source};

use crate::start;

/// A source's size at most.
pub(super) const LARGEST: u64 = 1 << 20;

/// The embedded libraries: name and text. Registered for every script.
const STDLIB: &[(&str, &str)] = &[("stdlib/movement.rhai", include_str!("../../stdlib/movement.rhai"))];

/// A library that was compiled and evaluated.
struct Library {
    source: Rc<Source>,
    tree: AST,
    module: Shared<Module>,
}

/// Gives import statements what was loaded before the script is evaluated, and nothing else.
#[derive(Default)]
struct Loaded(HashMap<String, Shared<Module>>);

impl ModuleResolver for Loaded {
    fn resolve(&self, _: &Engine, _: Option<&str>, path: &str, position: Position) -> Result<Shared<Module>, Box<EvalAltResult>> {
        self.0.get(path).cloned().ok_or_else(|| EvalAltResult::ErrorModuleNotFound(path.to_owned(), position).into())
    }
}

/// Reads a source, blanking a first line that begins with `#!`.
///
/// # Errors
/// The report that the user reads.
pub(super) fn read(path: &Path, name: &str) -> Result<Rc<Source>, Report> {
    let fault = |text: String| Report::new("D0101", text, None);
    let size =
        std::fs::metadata(start::path(path)).map_err(|error| fault(format!("cannot read `{name}`: {}", crate::error::plain(&error))))?;
    if size.len() > LARGEST {
        return Err(fault(format!("`{name}` has {} bytes; a script has at most {LARGEST}", size.len())));
    }
    let bytes =
        std::fs::read(start::path(path)).map_err(|error| fault(format!("cannot read `{name}`: {}", crate::error::plain(&error))))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = 1 + memchr::memchr_iter(b'\n', &error.as_bytes()[..error.utf8_error().valid_up_to()]).count();
        fault(format!("`{name}` is not UTF-8, first on line {line}"))
    })?;
    Ok(Rc::new(source(name, text)))
}

/// A source of that text.
pub(super) fn source(name: &str, text: String) -> Source {
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Source { name: name.to_owned(), text }
}

/// What the engine compiles: the text with a first `#!` line blanked, line numbers kept.
pub(super) fn compilable(source: &Source) -> String {
    if !source.text.starts_with("#!") {
        return source.text.clone();
    }
    let end = source.text.find('\n').unwrap_or(source.text.len());
    source.text[end..].to_owned()
}

/// Compiles and registers what `script` imports and the embedded libraries.
///
/// # Errors
/// Imports that cannot be done, libraries that do not compile, names that collide: all of them.
pub(super) fn load(
    engine: &mut Engine,
    script: &AST,
    main: &Rc<Source>,
    (dir, known): super::Libraries<'_>,
) -> Result<Vec<(Rc<Source>, AST)>, Vec<Report>> {
    let mut reports = Vec::new();
    let mut libraries = Vec::new();
    // The import statements themselves are evaluated too, and find here what was loaded before.
    let mut resolver = Loaded::default();
    for (name, text) in STDLIB {
        let library = Rc::new(source(name, (*text).to_owned()));
        add(engine, &library, &mut libraries, &mut reports);
    }
    for (path, alias, place) in imports(script, main, &mut reports) {
        // Named as the script itself is: as seen from where the program was started.
        let name = shown(dir, &path);
        let text = known.iter().find(|(known, _)| *known == name).map(|(_, text)| text.clone());
        let found =
            text.map_or_else(|| found_below(dir, &path).map(|file| read(&file, &name)), |text| Ok(Ok(Rc::new(source(&name, text)))));
        match found {
            Ok(read) => match read {
                Ok(library) => {
                    if let Some(module) = add(engine, &library, &mut libraries, &mut reports) {
                        engine.register_static_module(alias, Rc::clone(&module));
                        resolver.0.insert(path, module);
                    }
                }
                Err(mut report) => {
                    report.place = Some(place);
                    report.code = "D0106";
                    reports.push(report);
                }
            },
            Err((text, hint)) => {
                reports.push(Report::new("D0106", format!("cannot import `{path}`: {text}"), Some(place)).hint(hint));
            }
        }
    }
    engine.set_module_resolver(resolver);
    collisions(script, main, &libraries, &mut reports);
    super::report::in_order(&mut reports, &main.name);
    if reports.is_empty() { Ok(libraries.into_iter().map(|library| (library.source, library.tree)).collect()) } else { Err(reports) }
}

/// The top-level imports with literal names; all others are faults.
fn imports(script: &AST, main: &Rc<Source>, reports: &mut Vec<Report>) -> Vec<(String, String, Place)> {
    let mut found = Vec::new();
    script.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, position))) = path.last() {
            let Some(place) = Host::place(main, *position) else { return true };
            match &import.0 {
                Expr::StringConstant(name, _) if path.len() == 1 => {
                    let alias = if import.1.name.is_empty() { stem(name) } else { import.1.name.to_string() };
                    found.push((name.to_string(), alias, place));
                }
                _ => {
                    let report =
                        Report::new("D0106", "an import stands at the top level and names its file by a plain string", Some(place));
                    reports.push(report.hint("`import \"lib/names.rhai\" as names;`"));
                }
            }
        }
        true
    });
    found
}

fn stem(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// The file of that name below `dir`; no way out of it, by `..` or by links.
fn found_below(dir: &Path, name: &str) -> Result<PathBuf, (String, String)> {
    let relative = with_ending(name);
    let outside = || {
        (
            "it is outside the script's directory".to_owned(),
            "libraries stand below the directory of the script that imports them".to_owned(),
        )
    };
    if relative.is_absolute() || relative.components().any(|part| !matches!(part, Component::Normal(_))) {
        return Err(outside());
    }
    let file = dir.join(relative);
    let plain = |error: &std::io::Error| (crate::error::plain(error), format!("it was looked for as `{}`", shown(dir, name)));
    let base = dir.canonicalize().map_err(|error| plain(&error))?;
    let real = file.canonicalize().map_err(|error| plain(&error))?;
    if real.starts_with(&base) { Ok(real) } else { Err(outside()) }
}

fn with_ending(name: &str) -> PathBuf {
    let mut path = PathBuf::from(name);
    if path.extension().is_none() {
        path.set_extension("rhai");
    }
    path
}

/// How a library's file shows in messages.
fn shown(dir: &Path, name: &str) -> String {
    let path = with_ending(name);
    if dir == Path::new(".") { path } else { dir.join(path) }.display().to_string()
}

/// Compiles a library, unless it is there already, and makes its functions known.
fn add(engine: &mut Engine, source: &Rc<Source>, libraries: &mut Vec<Library>, reports: &mut Vec<Report>) -> Option<Shared<Module>> {
    if let Some(known) = libraries.iter().find(|known| known.source.name == source.name) {
        return Some(Rc::clone(&known.module));
    }
    let mut tree = match engine.compile(compilable(source)) {
        Ok(tree) => tree,
        Err(error) => {
            reports.push(super::syntax(source, &error));
            return None;
        }
    };
    tree.set_source(source.name.clone());
    match Module::eval_ast_as_new(Scope::new(), &tree, engine) {
        Ok(mut module) => {
            module.set_id(source.name.clone());
            let module: Shared<Module> = module.into();
            engine.register_global_module(Rc::clone(&module));
            libraries.push(Library { source: Rc::clone(source), tree, module: Rc::clone(&module) });
            Some(module)
        }
        Err(error) => {
            let place = Host::place(source, error.position());
            reports.push(Report::new("D0105", error.unwrap_inner().to_string(), place));
            None
        }
    }
}

/// The place of a function's name, which stands before its body.
fn name_before(body: &Place, name: &str) -> Place {
    let found = (1..=body.line).rev().find_map(|line| {
        let text = body.source.line(line)?;
        let end = if line == body.line { text.char_indices().nth(body.column).map_or(text.len(), |(end, _)| end) } else { text.len() };
        let declared = text[..end].rfind(&format!("fn {name}"))? + "fn ".len();
        Some((line, text[..declared].chars().count() + 1))
    });
    found.map_or_else(|| body.clone(), |(line, column)| Place { line, column, ..body.clone() })
}

/// Functions of one name and number of parameters in two sources.
fn collisions(script: &AST, main: &Rc<Source>, libraries: &[Library], reports: &mut Vec<Report>) {
    let mut seen: HashMap<(String, usize), Place> = HashMap::new();
    let all = libraries.iter().map(|library| (&library.source, &library.tree)).chain([(main, script)]);
    for (source, tree) in all {
        for function in tree.iter_fn_def() {
            let Some(place) = Host::place(source, function.body.start_position()).map(|body| name_before(&body, &function.name)) else {
                continue;
            };
            let key = (function.name.to_string(), function.params.len());
            if let Some(first) = seen.get(&key) {
                let shown = if key.0.starts_with("anon$") { "a closure".to_owned() } else { format!("function `{}`", key.0) };
                let plural = if key.1 == 1 { "" } else { "s" };
                let text = format!("{shown} with {} parameter{plural} stands at {} too", key.1, first.short());
                let report = Report::new("D0107", text, Some(place));
                reports.push(report.hint("each would hide the other without a word: give one of them another name"));
            } else {
                seen.insert(key, place);
            }
        }
    }
}
