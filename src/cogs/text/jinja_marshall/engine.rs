//! Templates, compiled, with all that they may name: options, filters, other templates.
//!
//! It holds nothing of a thread's own, so that the helper can make it when a file has changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, Value};
use minijinja_contrib::pycompat;

use super::sources::references;
use super::{filters, python};
use crate::error::{Error, Result, nearest};

/// Calls of macros, includes and nested blocks at most: each takes some of the stack.
const DEEPEST: usize = 100;

/// Words with which a block begins.
const STATEMENTS: &[&str] = &[
    "for",
    "endfor",
    "if",
    "elif",
    "else",
    "endif",
    "with",
    "endwith",
    "set",
    "endset",
    "autoescape",
    "endautoescape",
    "filter",
    "endfilter",
    "block",
    "endblock",
    "extends",
    "include",
    "import",
    "from",
    "macro",
    "endmacro",
    "call",
    "endcall",
    "do",
    "break",
    "continue",
    "raw",
    "endraw",
];

/// What the options say.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) undefined: UndefinedBehavior,
    pub(super) autoescape: Escape,
    pub(super) trim_blocks: bool,
    pub(super) lstrip_blocks: bool,
    pub(super) keep_trailing_newline: bool,
    pub(super) fuel: Option<u64>,
    pub(super) globals: Vec<(String, Value)>,
    /// Names of the script's filters.
    pub(super) filters: Vec<String>,
}

/// How what is printed is made safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    None,
    Html,
    Json,
}

/// A template, ready to be used.
pub(super) struct Engine {
    environment: Environment<'static>,
    /// Its name.
    main: String,
}

/// A template that cannot be used.
#[derive(Debug)]
pub(super) struct Fault {
    /// What is wrong, and where.
    pub(super) text: String,
    pub(super) hint: Option<String>,
}

impl Settings {
    /// The template of that name and text, which may name the others.
    pub(super) fn engine(&self, main: &str, text: &str, others: &Arc<BTreeMap<String, String>>) -> Result<Engine, Fault> {
        let mut environment = Environment::new();
        environment.set_debug(false);
        environment.set_undefined_behavior(self.undefined);
        environment.set_fuel(self.fuel);
        environment.set_recursion_limit(DEEPEST);
        environment.set_unknown_method_callback(pycompat::unknown_method_callback);
        environment.set_formatter(print);
        let escape = self.autoescape;
        environment.set_auto_escape_callback(move |_| match escape {
            Escape::None => AutoEscape::None,
            Escape::Html => AutoEscape::Html,
            Escape::Json => AutoEscape::Custom("json".into()),
        });
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(self.trim_blocks).lstrip_blocks(self.lstrip_blocks).keep_trailing_newline(self.keep_trailing_newline);
        environment.set_syntax(syntax.build().map_err(|error| Fault { text: error.to_string(), hint: None })?);
        filters::add(&mut environment);
        for (number, name) in self.filters.iter().enumerate() {
            filters::add_own(&mut environment, name, number);
        }
        for (name, value) in &self.globals {
            environment.add_global(name.clone(), value.clone());
        }
        environment.add_template_owned(main.to_owned(), text.to_owned()).map_err(|error| fault(&error, None, text))?;
        let known = Arc::clone(others);
        environment.set_loader(move |name| Ok(known.get(name).cloned()));
        // Those that are named are compiled now, so that their faults are told before the first datum.
        let mut wanted: Vec<&str> = references(text);
        let mut seen = Vec::new();
        while let Some(name) = wanted.pop() {
            let Some((name, text)) = others.get_key_value(name).filter(|(name, _)| !seen.contains(name)) else { continue };
            environment.get_template(name).map_err(|error| fault(&error, Some(name), text))?;
            seen.push(name);
            wanted.extend(references(text));
        }
        Ok(Engine { environment, main: main.to_owned() })
    }
}

impl Engine {
    /// Appends what it makes of the names at `root`, at most so many bytes.
    pub(super) fn render(&self, root: Value, out: &mut String, most: usize) -> Result<()> {
        let end = out.len().saturating_add(most);
        let mut page = Page { text: out, end, is_full: false };
        let done = self.environment.get_template(&self.main).and_then(|template| template.render_captured_to(root, &mut page).map(drop));
        match done {
            Ok(()) => Ok(()),
            Err(_) if page.is_full => Err(Error::data(format!("template `{}` makes more than {most} bytes", self.main), "")),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Why a datum could not be rendered, told from the innermost template.
    #[cold]
    fn failed(&self, error: &minijinja::Error) -> Error {
        let mut inner = error;
        while let Some(cause) = std::error::Error::source(inner).and_then(|cause| cause.downcast_ref::<minijinja::Error>()) {
            inner = cause;
        }
        let mut text = format!("template `{}`", inner.name().or(error.name()).unwrap_or(&self.main));
        if let Some(line) = inner.line() {
            let _ = write!(text, ", line {line}");
        }
        let what = match inner.kind() {
            ErrorKind::OutOfFuel => "more steps than `fuel` allows".to_owned(),
            ErrorKind::UndefinedError => {
                format!("{}{}", "what is undefined is used", inner.detail().map(|detail| format!(": {detail}")).unwrap_or_default())
            }
            kind => inner.detail().map_or_else(|| kind.to_string(), str::to_owned),
        };
        let _ = write!(text, ": {what}");
        Error::data(text, "")
    }
}

/// What is wrong in the text of a template, with a caret under the place.
fn fault(error: &minijinja::Error, name: Option<&str>, text: &str) -> Fault {
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let hint = what.strip_prefix("unknown statement ").map(|word| {
        let near = nearest(word, STATEMENTS.iter().copied());
        near.map_or_else(
            || "a block begins with a word such as `if`, `for`, `set`, `include`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        )
    });
    let place = match error.range() {
        Some(range) if !range.is_empty() || range.start > 0 => range.start.min(text.len()),
        _ => text.lines().take(error.line().unwrap_or(1).saturating_sub(1)).map(|line| line.len() + 1).sum::<usize>().min(text.len()),
    };
    let before = text.get(..place).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let column = before[start..].chars().count();
    let mut told = name.map(|name| format!("`{name}`, ")).unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let _ = write!(told, "line {number}, column {}: {what}\n    {line}\n    {}^", column + 1, " ".repeat(column));
    Fault { text: told, hint }
}

/// Prints a value as Jinja2 does.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    match (state.auto_escape(), value.as_str()) {
        (AutoEscape::None, _) => python::print(out, value)?,
        (_, Some(text)) if value.is_safe() => out.write_str(text)?,
        (AutoEscape::Html, Some(text)) => python::escape(out, text)?,
        (AutoEscape::Html, None) => python::escape(out, &filters::text(value))?,
        _ => out.write_str(&filters::json(value)?)?,
    }
    Ok(())
}

/// Where the text goes.
struct Page<'a> {
    text: &'a mut String,
    end: usize,
    is_full: bool,
}

impl io::Write for Page<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The engine writes whole strings.
        let piece = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        if bytes.len() > self.end - self.text.len() {
            self.is_full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.text.push_str(piece);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
