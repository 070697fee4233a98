//! Rhai's standard functions over [`Datum`].
//!
//! A native gives the value that Rhai's function of that name gives, or `None`: kinds that are not expected, an error, a result
//! of a type that `Datum` does not have, sizes near the sandbox's limits. `None` means that the interpreter does the call, so a
//! native must be right only where it answers; `proof` holds each one equal to the engine over many arguments. When the answer
//! is `None` the receiver means what it meant, though its raw JSON may have been read; the other arguments may be used up.

mod arrays;
mod cuts;
mod kinds;
mod maps;
mod numbers;
mod shared;
mod strings;
mod values;

#[cfg(test)]
mod proof;

#[allow(unused_imports, reason = "for what calls natives")]
pub(super) use values::{is_light, same, show, taken};

use crate::datum::Datum;

/// Longest text that a native gives; the engine's own limit is far above.
pub(super) const LONGEST: usize = 64 * 1024;
/// Most elements of a list or map that a native reads or gives.
pub(super) const MOST: usize = 10_000;

/// A function of Rhai's standard library.
pub(super) struct Native {
    /// Its name in scripts.
    pub name: &'static str,
    /// How many arguments it takes, the receiver of a method included.
    pub args: usize,
    /// Does it; the receiver is the first argument.
    pub call: fn(&mut [Datum]) -> Option<Datum>,
    /// Whether it changes its first argument in place.
    pub changes_first: bool,
}

/// The native behind a call of that name with so many arguments.
pub(super) fn find(name: &str, args: usize) -> Option<&'static Native> {
    tables().flatten().find(|native| native.args == args && native.name == name)
}

/// The native behind `x.name` without parentheses, where `x` is no map: on a map the name is a key.
pub(super) fn property(name: &str) -> Option<&'static Native> {
    shared::PROPERTIES.iter().find(|native| native.name == name)
}

fn tables() -> impl Iterator<Item = &'static [Native]> {
    [shared::TABLE, strings::TABLE, cuts::TABLE, arrays::TABLE, maps::TABLE, numbers::TABLE, values::TABLE].into_iter()
}

/// A native that gives a value and leaves its arguments as they are.
const fn gives(name: &'static str, args: usize, call: fn(&mut [Datum]) -> Option<Datum>) -> Native {
    Native { name, args, call, changes_first: false }
}

/// A native that changes its first argument.
const fn changes(name: &'static str, args: usize, call: fn(&mut [Datum]) -> Option<Datum>) -> Native {
    Native { name, args, call, changes_first: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice_with_as_many_arguments() {
        let mut seen = std::collections::HashSet::new();
        for native in tables().flatten() {
            assert!(seen.insert((native.name, native.args)), "{} with {} arguments", native.name, native.args);
        }
        assert!(find("to_lower", 1).is_some() && find("to_lower", 2).is_none() && find("nothing", 1).is_none());
        assert!(property("len").is_some() && property("to_lower").is_none());
    }
}
