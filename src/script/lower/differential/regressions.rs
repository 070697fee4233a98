//! Differences that were found, each by the name of what the user would have seen.

use super::events::Given;
use super::statements::{Script, Use};
use super::{compare, difference};

/// Both roads must say this of the event.
#[track_caller]
fn agree(used: Use, script: &str, event: &str, said: &str) {
    let script = Script { used, text: script.to_owned() };
    for lazy in [false, true] {
        let events = [(Given { text: event.to_owned(), lazy }, Given { text: "1".to_owned(), lazy })];
        let found = compare(&script, &events).unwrap();
        assert_eq!(difference(&script, &events, &found), None);
        assert_eq!(found.lowered, [said]);
    }
}

#[test]
fn a_cog_that_gives_its_datum_emits_nothing_for_nothing_and_each_of_a_list() {
    let script = "|d| { let a = 1; d }";
    agree(Use::Cog, script, "null", "");
    agree(Use::Cog, script, "[1, [2]]", "1 then [2]");
    agree(Use::Cog, script, r#"{"a": 1}"#, r#"{"a":1}"#);
}

#[test]
fn a_switch_does_not_keep_the_winding_busy() {
    agree(Use::Getter, "|d| switch d.a { 1 => \"one\", _ => \"other\" }", r#"{"a": 1}"#, r#""one""#);
}
