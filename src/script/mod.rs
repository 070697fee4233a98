//! The Rhai side: everything that knows the interpreter.
//!
//! [`wind`] reads a script, checks it, evaluates it once and gives a [`Wound`]: graph, cogs, settings, faults. In reading
//! order: `engine` (the sandbox), `libraries` (imports), `check` and `names` (the walk before evaluation), `constructors`, `accessors`,
//! `compose`, `settings` (what scripts call), `winding` (what they declare), `wound` (what comes of it); `host` calls into
//! the interpreter while the train runs, `callback` and `cogs` are what it calls for, `convert` is the border of values,
//! `lower` goes past it; `report` is what the user reads.

mod accessors;
mod callback;
mod check;
pub mod cogs;
mod compose;
mod constructors;
mod convert;
mod engine;
mod host;
mod libraries;
mod lower;
mod names;
pub mod report;
mod settings;
mod winding;
mod wound;

use std::path::Path;
use std::rc::Rc;

pub use winding::Setting;
pub use wound::{Wound, title};

use host::{Host, Watch};
use report::{Report, Source};
use winding::Desk;

/// Winds the script in that file.
///
/// # Errors
/// The script could not be read or compiled, or a library could not; all other faults stand in the [`Wound`].
pub fn wind(path: &Path, setting: Setting) -> Result<Wound, Vec<Report>> {
    let source = libraries::read(path, &path.to_string_lossy()).map_err(|report| vec![report])?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    wind_source(source, dir, setting)
}

/// Winds a script given as text; libraries are looked for in `dir`.
///
/// # Errors
/// As [`wind`].
pub fn wind_text(name: &str, text: &str, dir: &Path, setting: Setting) -> Result<Wound, Vec<Report>> {
    wind_source(Rc::new(libraries::source(name, text.to_owned())), dir, setting)
}

fn wind_source(source: Rc<Source>, dir: &Path, setting: Setting) -> Result<Wound, Vec<Report>> {
    let lowers = !setting.no_lower;
    let desk = Desk::new(setting);
    let watch = Watch::new();
    let mut engine = engine::engine(&desk, &watch);
    let mut script = engine.compile(libraries::compilable(&source)).map_err(|error| vec![syntax(&source, &error)])?;
    script.set_source(source.name.clone());
    let libraries = libraries::load(&mut engine, &script, &source, dir)?;
    let host = Rc::new(Host::new(engine, script, source, libraries, watch, lowers));
    desk.seat(&host);
    check::walk(&desk, &host, &host.ast);
    let value = match host.evaluate() {
        Ok(value) => Some(value),
        Err(error) => {
            desk.report(host.report(error, Rc::clone(&host.main)));
            None
        }
    };
    Ok(wound::complete(&desk, host, value))
}

/// A syntax error as a report.
fn syntax(source: &Rc<Source>, error: &rhai::ParseError) -> Report {
    let text = host::lower_first(&error.err_type().to_string());
    let report = Report::new("D0102", text.clone(), Host::place(source, error.position()));
    if text.contains("reserved keyword") {
        let word = text.split('\'').nth(1).unwrap_or("new").to_owned();
        return report.hint(format!("as a key it stands in quotes: `#{{\"{word}\": 1}}`, `d[\"{word}\"]`"));
    }
    report
}
