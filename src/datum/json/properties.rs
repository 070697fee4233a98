//! What holds for every text: equal to `serde_json`, lazy as eager, written as read.

use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::Value;

use super::{Big, ReadOptions, Reader, read, read_text, to_string, write};
use crate::datum::{Datum, Text};

const LAZY: ReadOptions = ReadOptions { lazy: true, duplicates_fail: false, max_depth: 128, big: Big::Exact };

/// Compact JSON; whole numbers, fractions and escapes in many forms.
fn document() -> impl Strategy<Value = String> {
    let string = prop_oneof![
        "[a-c]{0,3}".prop_map(|s| format!("\"{s}\"")),
        any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()),
        r#""([ -!#-\[\]-~ä😀]|\\["\\/bfnrt]|\\u[0-9a-cA-C]{4}|\\ud83d\\ude00){0,12}""#,
    ];
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,20})?(e[+-][0-9]{1,3})?",
        string.clone(),
    ];
    scalar.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec((string.clone(), inner), 0..8)
                .prop_map(|map| format!("{{{}}}", map.iter().map(|(k, v)| format!("{k}:{v}")).collect::<Vec<_>>().join(","))),
        ]
    })
}

/// Puts blanks where JSON allows them.
fn spread(text: &str, blanks: &[u8]) -> String {
    let (mut out, mut quoted, mut escaped, mut n) = (String::new(), false, false, 0);
    for letter in text.chars() {
        let structural = !quoted && matches!(letter, '[' | ']' | '{' | '}' | ',' | ':');
        let blank = |n: usize| [" ", "\t", "\n", "\r\n", ""][usize::from(blanks[n % blanks.len()]) % 5];
        if structural {
            out.push_str(blank(n));
        }
        out.push(letter);
        if structural {
            out.push_str(blank(n + 1));
            n += 2;
        }
        quoted = if quoted { escaped || letter != '"' } else { letter == '"' };
        escaped = quoted && !escaped && letter == '\\';
    }
    out
}

fn theirs(text: &str) -> Result<String, String> {
    serde_json::from_str::<Value>(text).map(|value| value.to_string()).map_err(|error| error.to_string())
}

/// Reads all raw text in a value, so that it compares by what it says.
fn deep(mut datum: Datum) -> Datum {
    match datum.open() {
        Datum::List(list) => list.iter_mut().for_each(|item| *item = deep(std::mem::take(item))),
        Datum::Map(map) => map.iter_mut().for_each(|(_, item)| *item = deep(std::mem::take(item))),
        _ => {}
    }
    datum
}

proptest! {
    #[test]
    fn valid_documents_mean_what_serde_json_says(text in document(), blanks in prop::collection::vec(any::<u8>(), 1..20)) {
        let spread = spread(&text, &blanks);
        let ours = read(&spread).unwrap();
        prop_assert_eq!(to_string(&ours), theirs(&text).unwrap());
        let lazy = read_text(&Text::from(spread.as_str()), &LAZY).unwrap();
        prop_assert_eq!(to_string(&read(&to_string(&lazy)).unwrap()), to_string(&ours));
        prop_assert_eq!(to_string(&deep(lazy)), to_string(&ours));
        prop_assert_eq!(read(&to_string(&ours)).unwrap(), ours);
    }

    #[test]
    fn serde_json_output_comes_back_as_it_went_in(text in document()) {
        let compact = theirs(&text).unwrap();
        prop_assert_eq!(to_string(&read(&compact).unwrap()), compact.clone());
        prop_assert_eq!(to_string(&read_text(&Text::from(compact.as_str()), &LAZY).unwrap()), compact);
    }

    #[test]
    fn damaged_documents_are_refused_when_serde_json_refuses(
        text in document(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, prop::sample::select(b" \n\t\0\x1f\"\\{}[]:,-+.eE019uUdDtfnalsx\x7f".to_vec())), 1..4),
    ) {
        let mut bytes = text.into_bytes();
        for (place, how, byte) in hits {
            let place = place.index(bytes.len() + 1);
            match how {
                0 => bytes.insert(place, byte),
                1 if place < bytes.len() => bytes[place] = byte,
                _ if place < bytes.len() => drop(bytes.remove(place)),
                _ => {}
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let theirs = theirs(&text);
        if theirs.as_ref().is_err_and(|error| error.contains("surrogate") || error.contains("unexpected end of hex")) {
            return Ok(());
        }
        let ours = read(&text);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}: {:?} but {:?}", text, ours, theirs);
        let lazy = read_text(&Text::from(text.as_str()), &LAZY);
        prop_assert_eq!(lazy.err(), ours.err());
    }

    #[test]
    fn floats_come_back_bit_by_bit(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        let text = to_string(&Datum::Float(value));
        prop_assert!(text.contains(['.', 'e']));
        prop_assert_eq!(read(&text).unwrap().as_float().map(f64::to_bits), Some(value.to_bits()));
    }

    #[test]
    fn documents_one_after_another_come_apart(texts in prop::collection::vec(document(), 0..5)) {
        let all = Text::from(texts.join("\n"));
        let (mut at, mut found) = (0, Vec::new());
        while at < all.len() {
            let (datum, end) = Reader::default().read_prefix(&all, at).unwrap();
            found.push(to_string(&datum));
            at = end;
        }
        prop_assert_eq!(found, texts.iter().map(|text| theirs(text).unwrap()).collect::<Vec<_>>());
    }
}

#[test]
fn numbers_keep_every_digit() {
    let text = "[1,-7,0,-0,1.50,1E5,9223372036854775807,9223372036854775808,-9223372036854775808,0.1234567890123456789]";
    let datum = read(text).unwrap();
    assert_eq!(to_string(&datum), text);
    let kinds: String = datum.as_list().unwrap().iter().map(|item| if matches!(item, Datum::Int(_)) { 'i' } else { 'n' }).collect();
    assert_eq!(kinds, "iiinnninin");
}

#[test]
fn big_numbers_follow_the_option_also_where_they_are_not_looked_at() {
    let text = Text::from(r#"{"a":[18446744073709551615,1.5]}"#);
    let read = |big, lazy| read_text(&text, &ReadOptions { lazy, big, ..ReadOptions::default() }).map(|datum| to_string(&datum));
    for lazy in [false, true] {
        assert_eq!(read(Big::Exact, lazy).unwrap(), text.as_str());
        assert_eq!(read(Big::Float, lazy).unwrap(), r#"{"a":[1.8446744073709552e19,1.5]}"#);
        assert_eq!(read(Big::Text, lazy).unwrap(), r#"{"a":["18446744073709551615",1.5]}"#);
        let error = read(Big::Fail, lazy).unwrap_err();
        assert_eq!((error.column, error.what.as_str()), (7, "a whole number beyond 64 bits"));
    }
}

#[test]
fn a_key_given_twice_keeps_its_place_and_its_last_value_or_fails() {
    assert_eq!(to_string(&read(r#"{"a":1,"b":2,"\u0061":3}"#).unwrap()), r#"{"a":3,"b":2}"#);
    for lazy in [false, true] {
        let strict = ReadOptions { duplicates_fail: true, lazy, ..ReadOptions::default() };
        let error = read_text(&Text::from(r#"{"x":{"a":1,"a":2}}"#), &strict).unwrap_err();
        assert_eq!((error.column, error.what.as_str()), (13, "a key given twice"));
        assert!(read_text(&Text::from(r#"{"x":{"a":1,"b":2},"a":[{"a":1}]}"#), &strict).is_ok());
    }
}

#[test]
fn maps_of_many_keys_are_read_in_time() {
    let body: Vec<String> = (0..60_000).map(|n| format!("\"key{}\":{n}", n % 50_000)).collect();
    let datum = read(&format!("{{{}}}", body.join(","))).unwrap();
    let map = datum.as_map().unwrap();
    assert_eq!((map.len(), map.by_name("key7"), map.by_name("key49999")), (50_000, Some(&Datum::Int(50_007)), Some(&Datum::Int(49_999))));
}

#[test]
fn depth_is_bounded_read_or_not() {
    let nested = |n: usize| Text::from(format!("{}{}", "[".repeat(n), "]".repeat(n)));
    for lazy in [false, true] {
        let options = ReadOptions { lazy, ..ReadOptions::default() };
        assert!(read_text(&nested(128), &options).is_ok());
        let error = read_text(&nested(129), &options).unwrap_err();
        assert_eq!((error.offset, error.what.as_str()), (128, "lists and maps nested deeper than 128"));
        assert!(read_text(&nested(100_000), &options).is_err());
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for bad in [
        "NaN",
        "Infinity",
        "-Infinity",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "01",
        "+1",
        ".5",
        "1.",
        "1 2",
        "\"\t\"",
        "\u{FEFF}",
        "// x\n1",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    assert_eq!(read("\u{FEFF} 1 \r\n").unwrap(), Datum::Int(1));
    assert!(read("\u{a0}1").is_err());
    let stuck = Reader::default().read_prefix(&Text::from("1true"), 0).unwrap_err();
    assert_eq!(stuck.what, "two documents stick together");
}

#[test]
fn raw_text_opens_level_by_level() {
    let text = Text::from(r#" {"a": {"b": [1, {"c": "]}\""}]}, "d": [ ]}"#);
    let lazy = read_text(&text, &LAZY).unwrap();
    assert!(lazy.as_map().unwrap().iter().all(|(_, value)| matches!(value, Datum::Raw(_))));
    let path = crate::datum::Path::parse("a.b[1].c").unwrap();
    assert_eq!(path.get(&lazy).unwrap().as_str(), Some("]}\""));
    let mut out = String::new();
    write(&mut out, &lazy);
    assert_eq!(out, r#"{"a":{"b": [1, {"c": "]}\""}]},"d":[ ]}"#);
}
