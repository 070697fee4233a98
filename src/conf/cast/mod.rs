//! Casts: from what a file or the command line holds to what the script is given.
//!
//! `plain` are words, numbers and lists; `units` are amounts with a unit; `system` are what other modules are started with.
//! Every cast takes what it gives, so that a default may already be of the target type and a dumped configuration reads the
//! same again.

mod plain;
mod system;
mod units;

use std::fmt;
use std::rc::Rc;

use crate::datum::Datum;
use crate::error::shorten;

pub(super) use plain::expand;
pub use plain::{boolean, choice, float, int, list, path, path_list, regex, string};
pub use system::{facility, ip_list, priority, priority_or_never, ranges, umask, user};
pub use units::{duration, size};

/// The type of a cast that is a plain function. The error's text says what is wrong with the value.
pub type Native = fn(&Datum) -> Result<Datum, String>;

/// A closure as a cast.
pub type Closure = Rc<dyn Fn(&Datum) -> Result<Datum, String>>;

/// A named conversion of one configuration value, with its check.
#[derive(Clone)]
pub struct Cast {
    name: Rc<str>,
    run: Run,
    /// A text it takes, to stand in for a value that is missing.
    sample: Option<Rc<str>>,
    switch: bool,
}

#[derive(Clone)]
enum Run {
    Native(Native),
    Closure(Closure),
}

impl Cast {
    /// A cast made by a closure of the script; `name` is what `--help` shows.
    pub fn custom(name: &str, run: Closure) -> Self {
        Self { name: name.into(), run: Run::Closure(run), sample: None, switch: false }
    }

    fn native(name: &str, sample: Option<&str>, run: Native) -> Self {
        Self { name: name.into(), run: Run::Native(run), sample: sample.map(Rc::from), switch: false }
    }

    /// The word for its values in `--help`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether an option of this type may stand alone: `--x`, `--no-x`.
    pub fn is_switch(&self) -> bool {
        self.switch
    }

    /// The value as the script gets it.
    ///
    /// # Errors
    /// Says what is wrong with the value.
    pub fn run(&self, value: &Datum) -> Result<Datum, String> {
        match &self.run {
            Run::Native(run) => run(value),
            Run::Closure(run) => run(value),
        }
    }

    /// A value of the right type for an option that nobody gave; texts are the option's name where the type allows.
    pub fn placeholder(&self, name: &str) -> Datum {
        let samples = [self.sample.as_deref().unwrap_or(name), name, "1"];
        samples.into_iter().find_map(|sample| self.run(&Datum::str(sample)).ok()).unwrap_or_default()
    }

    /// The casts that scripts know as variables of modules: module, name, cast. `choice` takes an argument and is not here.
    pub fn all() -> Vec<(&'static str, &'static str, Self)> {
        vec![
            ("conf", "cast_boolean", boolean()),
            ("conf", "cast_int", int()),
            ("conf", "cast_float", float()),
            ("conf", "cast_string", string()),
            ("conf", "cast_path", path()),
            ("conf", "cast_path_list", path_list()),
            ("conf", "cast_list", list()),
            ("conf", "cast_duration", duration()),
            ("conf", "cast_size", size()),
            ("conf", "cast_ip_list", ip_list()),
            ("conf", "cast_regex", regex()),
            ("log", "cast_priority", priority()),
            ("log", "cast_facility", facility()),
            ("daemon", "cast_user", user()),
            ("daemon", "cast_umask", umask()),
            ("ip", "cast_ranges", ranges()),
        ]
    }
}

impl fmt::Debug for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cast({})", self.name)
    }
}

/// "`x` is not what was wanted".
fn not(value: &Datum, wanted: &str) -> String {
    match value {
        Datum::Unit => format!("nothing is not {wanted}"),
        Datum::List(_) | Datum::Map(_) | Datum::Raw(_) => format!("{} is not {wanted}", article(value.kind())),
        _ => format!("`{}` is not {wanted}", shorten(&value.piece(), 60)),
    }
}

fn article(kind: &str) -> String {
    if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { format!("an {kind}") } else { format!("a {kind}") }
}

#[cfg(test)]
fn ok(cast: &Cast, value: impl Into<Datum>) -> Datum {
    cast.run(&value.into()).unwrap()
}

#[cfg(test)]
fn error(cast: &Cast, value: impl Into<Datum>) -> String {
    cast.run(&value.into()).unwrap_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cast_takes_its_placeholder_and_what_it_gave() {
        for (module, name, cast) in Cast::all() {
            let value = cast.placeholder("log.file");
            assert_ne!(value, Datum::Unit, "{module}::{name}");
            assert_eq!(cast.run(&value), Ok(value), "{module}::{name}");
        }
    }

    #[test]
    fn a_closure_is_a_cast() {
        let even = Cast::custom(
            "EVEN",
            Rc::new(|value| match int().run(value)? {
                Datum::Int(n) if n % 2 == 0 => Ok(Datum::Int(n)),
                other => Err(not(&other, "even")),
            }),
        );
        assert_eq!(ok(&even, "4"), Datum::Int(4));
        assert_eq!(error(&even, "5"), "`5` is not even");
        assert_eq!(even.placeholder("n"), Datum::Unit);
        assert_eq!((even.name(), even.is_switch()), ("EVEN", false));
    }

    #[test]
    fn values_are_shown_short_and_kinds_with_their_article() {
        assert_eq!(error(&int(), Datum::List(vec![])), "an array is not an integer");
        assert_eq!(error(&int(), Datum::Map(crate::datum::Map::new())), "a map is not an integer");
        assert_eq!(error(&int(), Datum::Unit), "nothing is not an integer");
        assert!(error(&int(), "x".repeat(100)).chars().count() < 90);
    }
}
