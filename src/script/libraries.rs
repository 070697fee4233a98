//! Libraries: `import "name" as alias` at the top of a script, and the embedded `stdlib`.
//!
//! Each file is compiled once and registered globally and under its alias, so that closures of either side can be called
//! later. A global registration lets equal names shadow each other silently, so every function's name with its number of
//! parameters must be unique over script and libraries; a collision is an error that names both places.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use rhai::{AST, ASTNode, Engine, Expr, Module, Scope, Stmt};

use super::host::Host;
use super::report::{Place, Report, Source};

/// A source's size at most.
pub(super) const LARGEST: u64 = 1 << 20;

/// The embedded libraries: name and text. Registered for every script.
const STDLIB: &[(&str, &str)] = &[("stdlib/movement.rhai", include_str!("../../stdlib/movement.rhai"))];

/// Reads a source, blanking a first line that begins with `#!`.
///
/// # Errors
/// The report that the user reads.
pub(super) fn read(path: &Path, name: &str) -> Result<Rc<Source>, Report> {
    let fault = |text: String| Report::new("D0101", text, None);
    let size = std::fs::metadata(path).map_err(|error| fault(format!("cannot read `{name}`: {}", crate::error::plain(&error))))?;
    if size.len() > LARGEST {
        return Err(fault(format!("`{name}` has {} bytes; a script has at most {LARGEST}", size.len())));
    }
    let bytes = std::fs::read(path).map_err(|error| fault(format!("cannot read `{name}`: {}", crate::error::plain(&error))))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
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
pub(super) fn load(engine: &mut Engine, script: &AST, main: &Rc<Source>, dir: &Path) -> Result<Vec<(Rc<Source>, AST)>, Vec<Report>> {
    let mut reports = Vec::new();
    let mut libraries = Vec::new();
    for (name, text) in STDLIB {
        let library = Rc::new(source(name, (*text).to_owned()));
        add(engine, library, None, &mut libraries, &mut reports);
    }
    for (path, alias, place) in imports(script, main, &mut reports) {
        match found_below(dir, &path) {
            Ok(file) => match read(&file, &path) {
                Ok(library) => add(engine, library, Some(&alias), &mut libraries, &mut reports),
                Err(mut report) => {
                    report.place = Some(place);
                    report.code = "D0106";
                    reports.push(report);
                }
            },
            Err(text) => reports.push(Report::new("D0106", format!("cannot import `{path}`: {text}"), Some(place))),
        }
    }
    collisions(script, main, &libraries, &mut reports);
    if reports.is_empty() { Ok(libraries) } else { Err(reports) }
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
fn found_below(dir: &Path, name: &str) -> Result<std::path::PathBuf, String> {
    let mut relative = std::path::PathBuf::from(name);
    if relative.extension().is_none() {
        relative.set_extension("rhai");
    }
    if relative.is_absolute() || relative.components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
        return Err("libraries stand below the script's directory".into());
    }
    let file = dir.join(relative);
    let plain = |error: &std::io::Error| crate::error::plain(error);
    let base = dir.canonicalize().map_err(|error| plain(&error))?;
    let real = file.canonicalize().map_err(|error| plain(&error))?;
    if real.starts_with(&base) { Ok(real) } else { Err("it leads out of the script's directory".into()) }
}

fn add(engine: &mut Engine, source: Rc<Source>, alias: Option<&str>, libraries: &mut Vec<(Rc<Source>, AST)>, reports: &mut Vec<Report>) {
    if libraries.iter().any(|(known, _)| known.name == source.name) {
        return;
    }
    let mut tree = match engine.compile(compilable(&source)) {
        Ok(tree) => tree,
        Err(error) => {
            reports.push(Report::new("D0102", error.err_type().to_string(), Host::place(&source, error.position())));
            return;
        }
    };
    tree.set_source(source.name.clone());
    match Module::eval_ast_as_new(Scope::new(), &tree, engine) {
        Ok(mut module) => {
            module.set_id(source.name.clone());
            let module: rhai::Shared<Module> = module.into();
            engine.register_global_module(module.clone());
            if let Some(alias) = alias {
                engine.register_static_module(alias, module);
            }
            libraries.push((source, tree));
        }
        Err(error) => {
            let place = Host::place(&source, error.position());
            reports.push(Report::new("D0105", error.unwrap_inner().to_string(), place));
        }
    }
}

/// Functions of one name and number of parameters in two sources.
fn collisions(script: &AST, main: &Rc<Source>, libraries: &[(Rc<Source>, AST)], reports: &mut Vec<Report>) {
    let mut seen: HashMap<(String, usize), Place> = HashMap::new();
    let all = libraries.iter().map(|(source, tree)| (source, tree)).chain([(main, script)]);
    for (source, tree) in all {
        for function in tree.iter_fn_def() {
            let Some(place) = Host::place(source, function.body.start_position()) else { continue };
            let key = (function.name.to_string(), function.params.len());
            if let Some(first) = seen.get(&key) {
                let shown = if key.0.starts_with("anon$") { "a closure".to_owned() } else { format!("function `{}`", key.0) };
                let report =
                    Report::new("D0107", format!("{shown} with {} parameters stands at {} too", key.1, first.short()), Some(place));
                reports.push(report.hint("each would hide the other without a word: give one of them another name"));
            } else {
                seen.insert(key, place);
            }
        }
    }
}
