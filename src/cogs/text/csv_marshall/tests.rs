//! Fields are quoted where they must be, whatever they are made of.

use std::rc::Rc;

use super::*;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::{Block, Key, Map, Row, Shape};

fn strs(names: &[&str]) -> Given {
    Given::Datum(Datum::List(names.iter().map(|name| Datum::str(*name)).collect()))
}

fn line(options: Vec<(&str, Given)>, names: &[&str], input: &str) -> String {
    let mut bench = Bench::new(&SPEC, options.into_iter().chain([("fieldgetters", strs(names))]).collect());
    let out = bench.feed(json::read(input).unwrap());
    out.iter().map(|datum| datum.piece().into_owned()).collect::<Vec<_>>().join("|")
}

#[test]
fn fields_are_quoted_where_they_must_be() {
    let input = r#"{"a": "x,y", "b": "say \"hi\"", "c": "two\nlines", "d": " plain "}"#;
    assert_eq!(line(vec![], &["a", "b", "c", "d"], input), "\"x,y\",\"say \"\"hi\"\"\",\"two\nlines\", plain ");
    assert_eq!(line(vec![("skip_initial_space", true.into())], &["d"], input), "\" plain \"");
    assert_eq!(line(vec![("quoting", "all".into())], &["d", "x"], input), "\" plain \",\"\"");
    assert_eq!(line(vec![("quoting", "nonnumeric".into())], &["a", "n"], r#"{"a": "1", "n": 1.50}"#), "\"1\",1.50");
    assert_eq!(line(vec![("quoting", "none".into()), ("escapechar", "\\".into())], &["a", "b"], input), "x\\,y,say \\\"hi\\\"");
    assert_eq!(line(vec![("doublequote", false.into()), ("escapechar", "\\".into())], &["b"], input), "\"say \\\"hi\\\"\"");
    assert_eq!(line(vec![("quoting", "none".into())], &["a"], input), "");
}

#[test]
fn pieces_of_every_kind_have_a_text() {
    let input = r#"{"l": [1, true, null, "x", [2], {"a": 1}], "m": {"a": [1]}, "t": true, "n": null, "f": 2.0}"#;
    assert_eq!(line(vec![("list_separator", ";".into())], &["l"], input), "\"1;true;;x;[2];{\"\"a\"\":1}\"");
    assert_eq!(line(vec![("true_text", "1".into())], &["t", "n", "f", "zz", "m"], input), "1,,2.0,,\"{\"\"a\"\":[1]}\"");
    assert_eq!(line(vec![("missing", "error".into())], &["zz"], input), "");
}

#[test]
fn rows_are_written_as_the_maps_that_they_are() {
    let block: Block = Rc::new("x,y plain =1+1 a\\\"b -0 12 1.50 [1,\"q\"] {\"a\":1} ä;ß".into());
    let looks = [
        (Look::Text, 0..3),
        (Look::Plain, 4..9),
        (Look::Text, 10..14),
        (Look::Escaped, 15..19),
        (Look::Whole, 20..22),
        (Look::Whole, 23..25),
        (Look::Number, 26..30),
        (Look::Raw, 31..38),
        (Look::Raw, 39..46),
        (Look::Text, 47..52),
        (Look::True, 0..0),
        (Look::Null, 0..0),
        (Look::Bare, 4..9),
    ];
    let names: Vec<String> = (0..=looks.len()).map(|n| format!("k{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let shape: Shape = names.iter().map(|name| Key::new(name)).collect();
    let mut row = Row::new(&shape, &block);
    for (look, at) in &looks {
        row.push_cell(*look, at.start, at.end);
    }
    let map = row.into_map();
    let entries = Map::from_entries(map.clone().into_entries());
    let options: [Vec<(&str, Given)>; 8] = [
        vec![],
        vec![("quoting", "all".into())],
        vec![("quoting", "nonnumeric".into())],
        vec![("quoting", "none".into()), ("escapechar", "\\".into())],
        vec![("delimiter", "1".into())],
        vec![("delimiter", "ß".into()), ("quotechar", "ä".into())],
        vec![("guard_formulas", true.into()), ("list_separator", ";".into())],
        vec![("skip_initial_space", true.into()), ("missing", "error".into())],
    ];
    for given in options {
        let written = |map: &Map| {
            let given = given.iter().cloned().chain([("fieldgetters", strs(&names))]).collect();
            let mut bench = Bench::new(&SPEC, given);
            (bench.feed(Datum::Map(map.clone())), bench.errors())
        };
        assert_eq!(written(&map), written(&entries));
        assert!(!map.is_read());
    }
}

#[test]
fn a_record_of_one_empty_field_is_two_quotes() {
    assert_eq!(line(vec![("line_end", "\r\n".into())], &["a"], "{}"), "\"\"\r\n");
    assert_eq!(line(vec![("quotechar", Datum::Unit.into())], &["a"], "{}"), "");
}

#[test]
fn names_are_written_once_at_first() {
    let mut bench = Bench::new(&SPEC, vec![("fieldgetters", strs(&["a", "b.c"])), ("header", true.into())]);
    let all: Vec<_> = (0..2).flat_map(|_| bench.feed(json::read("{}").unwrap())).collect();
    assert_eq!(all, [Datum::str("a,b.c"), Datum::str(","), Datum::str(",")]);
    assert_eq!(line(vec![("header", strs(&["x, y"]))], &["a"], r#"{"a": 1}"#), "\"x, y\"|1");
    assert!(Bench::refused(&SPEC, vec![("fieldgetters", strs(&["a"])), ("header", strs(&["a", "b"]))]).contains("2 names for 1 columns"));
    let closure = Given::List(vec![Given::Getter(Getter::Whole)]);
    assert!(Bench::refused(&SPEC, vec![("fieldgetters", closure), ("header", true.into())]).contains("column 1 has no name"));
}

#[test]
fn formulas_are_guarded_but_numbers_are_not() {
    let input = r#"{"a": "=1+1", "b": -1, "c": "@x", "d": "x"}"#;
    assert_eq!(line(vec![("guard_formulas", true.into())], &["a", "b", "c", "d"], input), "'=1+1,-1,'@x,x");
}
