//! `twist::delete`: takes places out of data.

use super::places::{MISSING, missing, must_be_there, places};
use crate::cog::{CogSpec, Example, InPlace, Kind, Page, Param};

/// `twist::delete`: a datum -> the same without what is named.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "delete",
    kind: Kind::Convert,
    about: "Takes keys and paths out of each datum.",
    page: Page { takes: "a map", fails: "with missing: \"error\" a datum without one of them; else nothing", ..Page::OF_KIND },
    params: &[Param::strs("paths").about("what is taken out: keys, or paths such as \"a.b\", \"list[0]\", \"list[*].x\""), MISSING],
    first: Some("paths"),
    global: false,
    examples: &[
        Example {
            what: "a key and a path",
            make: r#"twist::delete(["password", "user.mail"])"#,
            input: r#"{"user": {"name": "me", "mail": "me@example.org"}, "password": "x"}"#,
            output: &[r#"{"user": {"name": "me"}}"#],
        },
        Example {
            what: "in each element of a list",
            make: r#"twist::delete("hosts[*].note")"#,
            input: r#"{"hosts": [{"ip": "192.0.2.1", "note": "x"}, {"ip": "192.0.2.2"}]}"#,
            output: &[r#"{"hosts": [{"ip": "192.0.2.1"}, {"ip": "192.0.2.2"}]}"#],
        },
    ],
    build: |args| {
        let (paths, strict) = (places(args, "paths")?, must_be_there(args));
        Ok(InPlace::cog(move |datum| {
            if strict && let Some(path) = paths.iter().find(|path| path.get(datum).is_none()) {
                return Err(missing(path));
            }
            for path in &paths {
                path.delete(datum);
            }
            Ok(true)
        }))
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::bench::Bench;

    #[test]
    fn what_is_not_there_is_passed_over_or_fails_the_datum_as_it_was() {
        let mut lenient = Bench::new(&SPEC, vec![("paths", "a[*].x".into())]);
        assert_eq!(lenient.feed_json(r#"{"a":[{"x":1,"y":2},{"y":3}]}"#), [r#"{"a":[{"y":2},{"y":3}]}"#]);
        assert_eq!(lenient.feed_json("[1]"), ["[1]"]);
        let mut strict = Bench::new(&SPEC, vec![("paths", "a".into()), ("missing", "error".into()), ("on_error", "pass".into())]);
        assert_eq!(strict.feed_json(r#"{"b":1}"#), [r#"{"b":1}"#]);
        assert_eq!(strict.errors(), 1);
        assert!(Bench::refused(&SPEC, vec![("paths", "a[".into())]).contains("`a[`"));
    }
}
