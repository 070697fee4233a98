//! Runs files of tests: each test on a thread of its own, which may panic or never end without harm to the others.

use std::any::Any;
use std::ffi::OsStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::stand::Stand;
use crate::log;
use crate::script::STACK;
use crate::script::report::Report;
use crate::script::testing::{Test, TestFile, Tried};
use crate::secrets;

/// What the names of files of tests end with.
pub const ENDING: &str = ".test.rhai";

/// Time that a test may take where nobody says otherwise, and the winding of its file in any case.
pub const TIME: Duration = Duration::from_secs(10);

/// A test that is over this much longer than it may take is not waited for any more.
const GRACE: Duration = Duration::from_secs(3);

/// Lines of a story at most.
const STORY: usize = 20;

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that it claims is so.
    Passed,
    /// Something is not, in words; secrets masked.
    Failed(String),
    /// The file could not be wound, so that none of its tests was run.
    Unusable(String),
}

/// A test that was run, or a file that could not be.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file.
    pub file: PathBuf,
    /// The test; empty for a file that could not be run.
    pub name: String,
    /// How it ended.
    pub verdict: Verdict,
    /// How long that took.
    pub took: Duration,
}

/// The tests of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Their names, in order of appearance.
    pub names: Vec<String>,
    /// What is odd about the file, rendered; empty where nothing is.
    pub warnings: String,
}

/// Files of tests among these paths and below these directories, in order of their names. Hidden directories are left out.
///
/// # Errors
/// A path cannot be read; a file is no file of tests; there is none.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for path in paths {
        let about =
            std::fs::metadata(path).map_err(|error| format!("cannot read `{}`: {}", path.display(), crate::error::plain(&error)))?;
        if about.is_dir() {
            let before = found.len();
            below(path, &mut found)?;
            if found.len() == before {
                return Err(format!("there is no file `*{ENDING}` below `{}`", path.display()));
            }
        } else if is_tests(path) {
            found.push(path.clone());
        } else {
            return Err(format!("`{}` is no file of tests: their names end with `{ENDING}`", path.display()));
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|path| seen.insert(path.clone()));
    Ok(found)
}

/// What is wrong or odd with a file of tests, none of which is run, and how many it has.
pub fn check(file: &Path) -> (Vec<Report>, usize) {
    match TestFile::wind(file, Box::new(Stand::new(Instant::now() + TIME))) {
        Ok(file) => {
            let tests = file.tests().len();
            (file.warnings, tests)
        }
        Err(reports) => (reports, 0),
    }
}

/// Whether that is the name of a file of tests.
pub fn is_tests(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.ends_with(ENDING))
}

fn below(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let told = |error: &std::io::Error| format!("cannot read `{}`: {}", dir.display(), crate::error::plain(error));
    let entries = std::fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|error| told(&error))?;
    let mut entries: Vec<_> = entries.into_iter().map(|entry| (entry.path(), entry.file_type())).collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, kind) in entries {
        let path = path.strip_prefix("./").map(Path::to_owned).unwrap_or(path);
        let hidden = path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with('.'));
        // Links to directories may run in circles.
        if kind.map_err(|error| told(&error))?.is_dir() {
            if !hidden {
                below(&path, found)?;
            }
        } else if is_tests(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// The tests of a file.
///
/// # Errors
/// What is wrong with it, rendered.
pub fn list(file: &Path) -> Result<Listing, String> {
    let path = file.to_owned();
    let listed = guarded(TIME + GRACE, move || {
        let (wound, _) = log::aside(|| TestFile::wind(&path, Box::new(Stand::new(Instant::now() + TIME))));
        let file = wound.map_err(|reports| rendered(&reports, false))?;
        Ok(Listing { names: file.tests().into_iter().map(|test| test.name).collect(), warnings: rendered(&file.warnings, true) })
    });
    listed.unwrap_or_else(|ended| Err(ended.told()))
}

/// Runs one test of a file, which is wound for it alone. It may take that long.
pub fn run(file: &Path, name: &str, time: Duration) -> Case {
    let began = Instant::now();
    let (path, test) = (file.to_owned(), name.to_owned());
    let ended = guarded(time.saturating_add(GRACE), move || log::aside(|| tried(&path, &test, time)).0);
    let verdict = ended.unwrap_or_else(|ended| Verdict::Failed(ended.told()));
    Case { file: file.to_owned(), name: name.to_owned(), verdict, took: began.elapsed() }
}

fn tried(path: &Path, name: &str, time: Duration) -> Verdict {
    let stand = Stand::new(Instant::now() + time);
    let file = match TestFile::wind(path, Box::new(stand.clone())) {
        Ok(file) => file,
        Err(reports) => return Verdict::Unusable(rendered(&reports, false)),
    };
    let Some(test) = file.tests().into_iter().find(|test: &Test| test.name == name) else {
        return Verdict::Unusable(format!("`{}` has no `{name}` any more", path.display()));
    };
    let Tried { fault, printed } = file.run(&test, time);
    match fault {
        None => Verdict::Passed,
        Some(report) => Verdict::Failed(secrets::mask(&told(&report, &stand.story(), &printed)).into_owned()),
    }
}

/// What is told of a test that failed.
fn told(report: &Report, story: &[String], printed: &[String]) -> String {
    let place = report.place.as_ref().map(|place| format!("{}: ", place.short())).unwrap_or_default();
    let mut lines = vec![format!("{place}{}", report.text)];
    lines.extend(report.trace.iter().cloned());
    lines.extend(report.hint.iter().map(|hint| format!("hint: {hint}")));
    for (title, told) in [("in the train:", story), ("printed:", printed)] {
        if !told.is_empty() {
            lines.push(title.to_owned());
            lines.extend(told.iter().take(STORY).map(|line| format!("  {line}")));
        }
        if told.len() > STORY {
            lines.push(format!("  … and {} more", told.len() - STORY));
        }
    }
    lines.join("\n")
}

fn rendered(reports: &[Report], warnings: bool) -> String {
    let faults: String = reports.iter().filter(|report| report.warning == warnings).map(|report| report.render(false)).collect();
    secrets::mask(faults.trim_end()).into_owned()
}

/// How something ended that gave nothing.
#[derive(Debug)]
enum Ended {
    Panicked(String),
    Late(Duration),
    Refused(String),
}

impl Ended {
    fn told(self) -> String {
        let text = match self {
            Self::Panicked(text) => format!("it panicked: {text}"),
            Self::Late(time) => format!("it did not end within {} s", time.as_secs()),
            Self::Refused(text) => format!("no thread for it: {text}"),
        };
        secrets::mask(&text).into_owned()
    }
}

/// Does something on a thread of its own, with a stack on which deeply nested values can be taken apart. What does not end in time is
/// left to itself.
fn guarded<T: Send + 'static>(time: Duration, f: impl FnOnce() -> T + Send + 'static) -> Result<T, Ended> {
    let (sender, receiver) = channel();
    let work = move || {
        let done = catch_unwind(AssertUnwindSafe(f)).map_err(|payload| text_of(&*payload));
        // Nobody may be waiting any more.
        let _ = sender.send(done);
    };
    let spawned = thread::Builder::new().name("test".into()).stack_size(STACK as usize).spawn(work);
    spawned.map_err(|error| Ended::Refused(crate::error::plain(&error)))?;
    match receiver.recv_timeout(time) {
        Ok(done) => done.map_err(Ended::Panicked),
        Err(RecvTimeoutError::Timeout) => Err(Ended::Late(time)),
        Err(RecvTimeoutError::Disconnected) => Err(Ended::Panicked("no message".into())),
    }
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string).or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_panics_or_never_ends_is_told_as_that() {
        let told = guarded(Duration::from_secs(5), || log::aside(|| panic!("on purpose")).0).unwrap_err().told();
        assert_eq!(told, "it panicked: on purpose");
        let told = guarded(Duration::from_millis(50), || thread::park_timeout(Duration::from_secs(60))).unwrap_err().told();
        assert_eq!(told, "it did not end within 0 s");
        assert_eq!(guarded(Duration::from_secs(5), || 3).unwrap(), 3);
    }

    #[test]
    fn files_are_found_below_directories() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            path
        };
        let (b, a) = (make("b.test.rhai"), make("a/x.test.rhai"));
        let (other, _) = (make("other.rhai"), make(".hidden/y.test.rhai"));
        std::os::unix::fs::symlink(dir.path(), dir.path().join("a/circle")).unwrap();
        assert_eq!(files(&[dir.path().to_owned(), b.clone()]).unwrap(), [a, b]);
        assert!(files(&[other]).unwrap_err().contains("is no file of tests"));
        assert!(files(&[dir.path().join("nowhere")]).unwrap_err().contains("cannot read"));
        std::fs::create_dir(dir.path().join("empty")).unwrap();
        assert!(files(&[dir.path().join("empty")]).unwrap_err().contains("there is no file"));
    }
}
