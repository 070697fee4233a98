//! The Rhai side: everything that knows the interpreter.
//!
//! [`wind`] reads a script, checks it, evaluates it once and gives a [`Wound`]: graph, cogs, settings, faults. In reading
//! order: `engine` (the sandbox), `libraries` (imports), `check` and `names` (the walk before evaluation), `constructors`, `accessors`,
//! `compose`, `settings` (what scripts call), `winding` (what they declare), `wound` (what comes of it); `host` calls into
//! the interpreter while the train runs, by way of `calls`, `callback` and `cogs` are what it calls for, `convert` is the border of values,
//! `lower` goes past it; `report` is what the user reads; `testing` is scripts that try others.

mod accessors;
pub mod bench;
mod bound;
mod callback;
mod calls;
mod check;
pub mod cogs;
mod compose;
mod constructors;
mod convert;
mod engine;
mod fault_kinds;
mod guards;
mod host;
mod idea;
mod keeper;
mod libraries;
mod lower;
mod names;
mod print;
pub mod report;
mod settings;
mod stack;
mod stage;
mod stateful;
pub mod testing;
mod train;
mod voice;
mod watch;
mod winding;
mod wound;

use std::path::Path;
use std::rc::Rc;

use rhai::{Engine, Scope};

pub use lower::Told;
pub use stack::{STACK, widen};
pub use winding::Setting;
pub use wound::{Wound, title};

use host::Host;
use report::{Place, Report, Source};
use watch::Watch;
use winding::Desk;

/// Winds the script in that file.
///
/// # Errors
/// The script could not be read or compiled, or a library could not; all other faults stand in the [`Wound`].
pub fn wind(path: &Path, setting: Setting) -> Result<Wound, Vec<Report>> {
    wind_source(libraries::read(path, &path.to_string_lossy()).map_err(|report| vec![report])?, home(path), setting)
}

/// The directory of a script, in which its libraries are looked for.
fn home(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Winds a script given as text; libraries are looked for in `dir`.
///
/// # Errors
/// As [`wind`].
pub fn wind_text(name: &str, text: &str, dir: &Path, setting: Setting) -> Result<Wound, Vec<Report>> {
    wind_source(Rc::new(libraries::source(name, text.to_owned())), dir, setting)
}

fn wind_source(source: Rc<Source>, dir: &Path, setting: Setting) -> Result<Wound, Vec<Report>> {
    wind_at(source, (dir, &[]), &Desk::new(setting), &Watch::new(), |_| (), &mut Scope::new())
}

/// Where libraries are looked for, and those that are known: name and text.
type Libraries<'a> = (&'a Path, &'a [(String, String)]);

/// Winds a script at that desk, with an engine that was fitted out; `scope` is left with the variables of its top level.
fn wind_at(
    source: Rc<Source>,
    libraries: Libraries<'_>,
    desk: &Desk,
    watch: &Rc<Watch>,
    fit: impl FnOnce(&mut Engine),
    scope: &mut Scope<'_>,
) -> Result<Wound, Vec<Report>> {
    let lowers = !desk.setting.no_lower;
    let mut engine = engine::engine(desk, watch);
    fit(&mut engine);
    let mut script = engine.compile(libraries::compilable(&source)).map_err(|error| vec![syntax(&source, &error)])?;
    script.set_source(source.name.clone());
    let libraries = libraries::load(&mut engine, &script, &source, libraries)?;
    let host = Rc::new(Host::new(engine, script, source, libraries, Rc::clone(watch), lowers));
    desk.seat(&host);
    check::walk(desk, &host, &host.ast);
    let value = match host.evaluate(scope) {
        Ok(value) => Some(value),
        Err(error) => {
            desk.report(host.report(error, Rc::clone(&host.main)));
            None
        }
    };
    Ok(wound::complete(desk, host, value))
}

/// A syntax error as a report, with advice where the letters around it tell what was meant.
fn syntax(source: &Rc<Source>, error: &rhai::ParseError) -> Report {
    let text = host::lower_first(&error.err_type().to_string());
    let place = Host::place(source, error.position());
    let hint = place.as_ref().and_then(|place| around(place, &text));
    let report = Report::new("D0102", text, place);
    match hint {
        Some(hint) => report.hint(hint),
        None => report,
    }
}

/// What was probably meant there, by the letters before and behind.
fn around(place: &Place, text: &str) -> Option<String> {
    let lines: Vec<&str> = place.source.text.split('\n').take(place.line).collect();
    let (line, above) = lines.split_last()?;
    let at = line.char_indices().nth(place.column.checked_sub(1)?).map_or(line.len(), |(at, _)| at);
    let (left, behind) = line.split_at(at);
    let before = format!("{}\n{left}", above.join("\n"));
    let before = before.trim_end();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    if text.contains("reserved keyword") {
        let name = text.split('\'').nth(1).unwrap_or("new");
        let next = behind.trim_start_matches(word).trim_start();
        if before.ends_with('.') || next.starts_with(':') && !next.starts_with("::") {
            return Some(format!("as a key it stands in quotes: `#{{\"{name}\": 1}}`, `d[\"{name}\"]`"));
        }
        return Some(names::foreign(name).unwrap_or_else(|| "choose another name: Rhai keeps this one for itself".to_owned()));
    }
    if text.starts_with("'#") {
        return Some("comments begin with `//`".to_owned());
    }
    if text.starts_with("invalid character") && (behind.starts_with('\'') || before.ends_with('\'')) {
        return Some("strings stand in double quotes".to_owned());
    }
    if let Some(escape) = text.strip_prefix("invalid escape sequence: '") {
        let escape = escape.trim_end_matches('\'');
        return Some(format!("in a string in backquotes `{escape}` stands as it is; in double quotes it is `\\{escape}`"));
    }
    if behind.starts_with(':') && !behind.starts_with("::") {
        let key = before.trim_end_matches(|c| word(c) || c == '"').trim_end();
        if key.ends_with('{') && !key.ends_with("#{") {
            return Some("a map is written `#{…}`".to_owned());
        }
        if key.ends_with(['(', ',']) {
            return Some("options stand in `#{…}`".to_owned());
        }
    }
    let here = &behind[..behind.find(|c| !word(c)).unwrap_or(behind.len())];
    let last = &before[before.rfind(|c| !word(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))..];
    names::foreign(here).or_else(|| names::foreign(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(script: &str) -> Option<String> {
        let source = Rc::new(Source { name: "a.rhai".into(), text: script.to_owned() });
        let desk = Desk::new(Setting::default());
        let error = engine::engine(&desk, &Watch::new()).compile(script).expect_err("each of these has a fault");
        syntax(&source, &error).hint
    }

    #[test]
    fn a_syntax_error_tells_what_was_probably_meant() {
        for (script, expected) in [
            ("text::json_parse({max_depth: 3})", "a map is written `#{…}`"),
            ("cog({\n    \"n\": 0 })", "a map is written `#{…}`"),
            ("text::json_parse(max_depth: 3)", "options stand in `#{…}`"),
            ("let d = #{null: 1};", "as a key it stands in quotes: `#{\"null\": 1}`, `d[\"null\"]`"),
            ("d.new", "as a key it stands in quotes: `#{\"new\": 1}`, `d[\"new\"]`"),
            ("let x = null;", "use `()`"),
            ("let new = 3;", "choose another name: Rhai keeps this one for itself"),
            ("let x = 1;\n# a comment", "comments begin with `//`"),
            ("let x = 'abc';", "strings stand in double quotes"),
            (r#"let x = "\d+";"#, r"in a string in backquotes `\d` stands as it is; in double quotes it is `\\d`"),
            ("let x = a and b;", "use `&&`"),
            ("let x = not a;", "use `!`"),
        ] {
            assert_eq!(hint(script).as_deref(), Some(expected), "{script}");
        }
        assert_eq!(hint("let x = (1;"), None);
        assert_eq!(hint("let é = \"ž"), None);
    }
}
