//! Expressions on the train's own thread.

use std::path::Path;
use std::time::{Duration, Instant};

use super::SCRIPT;
use crate::datum::json;
use crate::getset::{Getter, Predicate};
use crate::script::bench::Live;
use crate::script::{Setting, wind_text};

fn live() -> Live {
    wind_text("s.rhai", SCRIPT, Path::new("."), Setting::default()).unwrap().live()
}

#[test]
fn predicates_see_the_event_and_the_scripts_functions() {
    let live = live();
    let event = json::read(r#"{"status": 500, "ok": true, "name": "web"}"#).unwrap();
    for (text, expected) in [
        (".status == 500", true),
        ("e.status > twice(250)", false),
        ("this.ok", true),
        (".ok && .name.starts_with(\"w\") // so", true),
        ("grade(e).level == \"bad\"", true),
        ("let half = .status / 2; half == 250", true),
        ("[1, 500].contains(.status)", true),
    ] {
        assert_eq!(live.predicate(text).unwrap().test(&event).unwrap(), expected, "{text}");
    }
    assert!(matches!(live.predicate(".ok").unwrap(), Predicate::Lowered { .. }));
    assert!(matches!(live.getter(".a.b").unwrap(), Getter::Lowered { .. }));
    assert_eq!(
        json::to_string(
            &live
                .getter("#{a: .status, b: _x(1)}")
                .err()
                .map_or_else(|| live.getter("#{a: .status}").unwrap().get(&event).unwrap().into_owned(), |_| 0_i64.into())
        ),
        r#"{"a":500}"#
    );
}

#[test]
fn what_cannot_be_told_is_an_error() {
    let live = live();
    let event = json::read(r#"{"n": 1}"#).unwrap();
    assert_eq!(live.predicate(".n + ").unwrap_err().place.unwrap().line, 1);
    assert!(live.predicate("true } fn other() { 1").is_err());
    let error = live.predicate(".n").unwrap().test(&event).unwrap_err().to_string();
    assert!(error.contains("must give true or false"), "{error}");
    let error = live.predicate(".n == nothing").unwrap().test(&event).unwrap_err().to_string();
    assert_eq!(error, "expression:1:7: no variable `nothing` in `.n == nothing`");
}

#[test]
fn an_expression_that_never_ends_holds_nobody_up() {
    let live = live();
    let event = json::read(r#"{"n": 1}"#).unwrap();
    for text in ["loop {}", "let n = 0; while true { n += twice(.n) } true", "let s = \"x\"; loop { s += s }"] {
        let predicate = live.predicate(text).unwrap();
        let began = Instant::now();
        assert!(predicate.test(&event).is_err(), "{text}");
        assert!(began.elapsed() < Duration::from_secs(1), "{text}: {:?}", began.elapsed());
    }
}
