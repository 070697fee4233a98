//! How two values differ, place by place.

use std::fmt::Write as _;

use crate::datum::{Datum, Map, json};
use crate::error::shorten;

/// Differences shown at most.
const MOST: usize = 20;
/// Letters of a value.
const LONGEST: usize = 160;
/// Letters before the first that differs, where a text is long.
const BEFORE: usize = 30;

/// How `got` differs from `wanted`, a line for each place; none where they are equal.
pub fn differences(got: &Datum, wanted: &Datum) -> Option<String> {
    if got == wanted {
        return None;
    }
    let mut found = Vec::new();
    walk(got, wanted, "", &mut found);
    let more = found.len().saturating_sub(MOST);
    let mut text = found.into_iter().take(MOST).collect::<Vec<_>>().join("\n");
    if more > 0 {
        let _ = write!(text, "\n  … and {more} more");
    }
    Some(text)
}

fn walk(got: &Datum, wanted: &Datum, path: &str, found: &mut Vec<String>) {
    if got == wanted {
        return;
    }
    match (&*got.opened(), &*wanted.opened()) {
        (Datum::Map(got), Datum::Map(wanted)) => maps(got, wanted, path, found),
        (Datum::List(got), Datum::List(wanted)) => lists(got, wanted, path, found),
        (got, wanted) => {
            let (shown, meant) = match (got, wanted) {
                (Datum::Str(got), Datum::Str(wanted)) => {
                    let same = got.chars().zip(wanted.chars()).take_while(|(a, b)| a == b).count();
                    (excerpt(got, same), excerpt(wanted, same))
                }
                _ => (short(got), short(wanted)),
            };
            found.push(format!("  {}got    {shown}\n  {}wanted {meant}", lead(path), " ".repeat(lead(path).chars().count())));
        }
    }
}

fn maps(got: &Map, wanted: &Map, path: &str, found: &mut Vec<String>) {
    for (key, value) in got.iter() {
        let place = below(path, key.as_str());
        match wanted.by_name(key.as_str()) {
            Some(wanted) => walk(value, wanted, &place, found),
            None => found.push(format!("  {}got    {}, wanted none", lead(&place), short(value))),
        }
    }
    for (key, value) in wanted.iter().filter(|(key, _)| got.by_name(key.as_str()).is_none()) {
        found.push(format!("  {}got none, wanted {}", lead(&below(path, key.as_str())), short(value)));
    }
}

/// What stands at both ends is set aside first, so that one that is missing shows as that.
fn lists(got: &[Datum], wanted: &[Datum], path: &str, found: &mut Vec<String>) {
    let shorter = got.len().min(wanted.len());
    let first = got.iter().zip(wanted).take_while(|(a, b)| a == b).count();
    let last = got.iter().rev().zip(wanted.iter().rev()).take(shorter - first).take_while(|(a, b)| a == b).count();
    let (got, wanted) = (&got[first..got.len() - last], &wanted[first..wanted.len() - last]);
    for (n, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        walk(got, wanted, &format!("{path}[{}]", first + n), found);
    }
    let both = got.len().min(wanted.len());
    for (n, one) in got.iter().enumerate().skip(both) {
        found.push(format!("  {}got    {}, which is not wanted", lead(&format!("{path}[{}]", first + n)), short(one)));
    }
    for (n, one) in wanted.iter().enumerate().skip(both) {
        found.push(format!("  {}not there, wanted {}", lead(&format!("{path}[{}]", first + n)), short(one)));
    }
}

fn lead(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

fn below(path: &str, key: &str) -> String {
    let plain = key.chars().all(|letter| letter.is_alphanumeric() || letter == '_') && !key.is_empty();
    match (plain, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{}]", json::to_string(&Datum::from(key))),
    }
}

fn short(datum: &Datum) -> String {
    match datum {
        Datum::Bytes(_) => format!("a blob, {}", shorten(&json::to_string(datum), LONGEST)),
        Datum::Unit => "()".to_owned(),
        _ => shorten(&json::to_string(datum), LONGEST),
    }
}

/// A text from a little before that letter on.
fn excerpt(text: &str, differs: usize) -> String {
    let skipped = if text.chars().count() <= LONGEST { 0 } else { differs.saturating_sub(BEFORE) };
    let part: String = text.chars().skip(skipped).collect();
    let dots = if skipped > 0 { "…" } else { "" };
    format!("{dots}{}", shorten(&json::to_string(&Datum::from(part)), LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(got: &str, wanted: &str) -> Option<String> {
        differences(&json::read(got).unwrap(), &json::read(wanted).unwrap())
    }

    #[test]
    fn what_is_equal_in_meaning_does_not_differ() {
        assert_eq!(told(r#"{"a":1.50,"b":[1,"x"]}"#, r#"{"b":[1,"x"],"a":1.5}"#), None);
    }

    #[test]
    fn each_place_that_differs_is_told() {
        let got = r#"[{"a":1,"b":{"c d":"x"},"e":null},{"n":2}]"#;
        let wanted = r#"[{"a":2,"b":{"c d":"y"},"f":true},{"n":2}]"#;
        let lines = [
            "  [0].a: got    1",
            "         wanted 2",
            "  [0].b[\"c d\"]: got    \"x\"",
            "                wanted \"y\"",
            "  [0].e: got    (), wanted none",
            "  [0].f: got none, wanted true",
        ];
        assert_eq!(told(got, wanted).unwrap(), lines.join("\n"));
    }

    #[test]
    fn one_that_is_missing_is_told_as_that() {
        assert_eq!(told("[1,2,3]", "[1,3]").unwrap(), "  [1]: got    2, which is not wanted");
        assert_eq!(told("[1,3]", "[1,2,3]").unwrap(), "  [1]: not there, wanted 2");
        assert_eq!(told("[1]", "[1,1]").unwrap(), "  [1]: not there, wanted 1");
        assert_eq!(told("{}", "[]").unwrap(), "  got    {}\n  wanted []");
    }

    #[test]
    fn long_texts_are_shown_where_they_differ_and_many_places_are_counted() {
        let text = |end: &str| format!("\"{}{end}\"", "a".repeat(1000));
        let told_of = told(&text("x"), &text("y")).unwrap();
        assert_eq!(told_of.lines().next().unwrap(), format!("  got    …\"{}x\"", "a".repeat(BEFORE)));
        let many = |n: i32| format!("[{}]", (0..100).map(|k| (k * n).to_string()).collect::<Vec<_>>().join(","));
        assert!(told(&many(1), &many(2)).unwrap().ends_with("  … and 79 more"));
    }
}
