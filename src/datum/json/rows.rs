//! What holds for rows: they say what plain entries say, whatever comes before them and whatever is done to them.

use std::borrow::Cow;

use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use super::{Big, ReadOptions, Reader, read, to_string};
use crate::datum::{Datum, Key, Map, Path, Text, View};

const LAZY: ReadOptions = ReadOptions { lazy: true, duplicates_fail: false, max_depth: 128, big: Big::Exact };

/// A key as JSON writes it; few, so that they come again, some twice in a record.
fn key() -> impl Strategy<Value = String> {
    let names = [
        "a",
        "b",
        "c",
        "d",
        "é",
        "",
        "id",
        "sixteen_letters_",
        "fourteen_letter",
        "thirteen_lett",
        "a_key_of_many_more_letters",
        "a_key_of_many_more_lettres",
        r"\u0061",
        r"tab\t",
        r"\n",
        r"\u000A",
    ];
    prop_oneof![
        prop::sample::select(names[..7].to_vec()).prop_map(|name| format!("\"{name}\"")),
        prop::sample::select(names.to_vec()).prop_map(|name| format!("\"{name}\"")),
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "1",
            "-0",
            "1.50",
            "-7e3",
            "true",
            "false",
            "null",
            "\"\"",
            "\"x y\"",
            "[]",
            "{}",
            "12345678",
            "123456789"
        ])
        .prop_map(str::to_owned),
        prop::sample::select(vec![
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "-9223372036854775809",
            r#""\/\u00e4\n\u000a""#,
            r#""\ud83d\ude00\ud83d""#,
            "[1, 2]",
            "[1,\n 2]",
            "{\"a\":1,\"a\":[{\"b\":18446744073709551616}]}",
            "[[[[[[]]]]]]",
        ])
        .prop_map(str::to_owned),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        "[ -!#-\\[\\]-~äé😀]{0,100}".prop_map(|text| format!("\"{text}\"")),
    ]
}

/// Records one after another: with blanks or without, each key given once or more often.
fn records() -> impl Strategy<Value = Vec<String>> {
    let blank = prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t")];
    let record = (prop::collection::vec((key(), value(), blank), 0..12), prop_oneof![3 => Just(""), 1 => Just(" ")]);
    prop::collection::vec(record, 1..8).prop_map(|records| {
        let text = |(entries, blank): (Vec<(String, String, &str)>, &str)| {
            let entries: Vec<String> = entries.iter().map(|(key, value, own)| format!("{own}{key}{blank}:{own}{value}{blank}")).collect();
            format!("{{{}}}", entries.join(","))
        };
        records.into_iter().map(text).collect()
    })
}

#[derive(Clone, Debug)]
enum Deed {
    Insert(String, i64),
    Remove(String),
    Look(String),
    Read,
    Change(String),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let name = || prop::sample::select(vec!["a", "b", "c", "id", "é", "z", "sixteen_letters_"]).prop_map(str::to_owned);
    prop::collection::vec(
        prop_oneof![
            4 => (name(), any::<i64>()).prop_map(|(name, n)| Deed::Insert(name, n)),
            4 => name().prop_map(Deed::Remove),
            2 => name().prop_map(Deed::Look),
            1 => Just(Deed::Read),
            1 => name().prop_map(Deed::Change),
        ],
        0..10,
    )
}

/// Does it, and tells what was found.
fn act(map: &mut Map, deed: &Deed) -> String {
    let found = match deed {
        Deed::Insert(name, n) => map.insert(Key::new(name), Datum::Int(*n)),
        Deed::Remove(name) => map.remove(&Key::new(name)),
        Deed::Look(name) => map.look(&Key::new(name)).map(View::to_datum),
        Deed::Read => return format!("{map:?}"),
        Deed::Change(name) => map.get_mut(&Key::new(name)).map(|value| std::mem::replace(value, Datum::Bool(true))),
    };
    found.map_or_else(String::new, |found| to_string(&found))
}

/// The outermost level as plain entries, made without any of the row's roads.
fn plain(text: &str) -> Map {
    let Datum::Map(map) = read(text).unwrap() else { panic!("{text}") };
    let raw: std::collections::HashMap<Key, String> = spans(text);
    let own = |(key, value): (Key, Datum)| match value {
        Datum::List(_) | Datum::Map(_) => (key.clone(), Datum::Raw(raw[&key].as_str().into())),
        other => (key, other),
    };
    Map::from_entries(map.into_entries().into_iter().map(own).collect())
}

/// The text of each value of the outermost level, found by counting brackets.
fn spans(text: &str) -> std::collections::HashMap<Key, String> {
    let (mut found, mut key, mut start, mut depth, mut quoted, mut escaped) = (std::collections::HashMap::new(), None, 0, 0, false, false);
    for (at, letter) in text.char_indices() {
        if quoted {
            quoted = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            continue;
        }
        match letter {
            '"' => quoted = true,
            ':' if depth == 1 => {
                let name = read(&text[start..at]).unwrap();
                key = Some(Key::new(name.as_str().unwrap()));
                start = at + 1;
            }
            ',' | '}' if depth == 1 => {
                if let Some(key) = key.take() {
                    found.insert(key, text[start..at].trim().to_owned());
                }
                start = at + 1;
            }
            '{' | '[' if depth == 0 => start = at + 1,
            _ => {}
        }
        match letter {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
    }
    found
}

proptest! {
    #[test]
    fn rows_say_what_plain_entries_say(records in records(), deeds in deeds(), before in "[ -~]{0,70}", again in 0..3) {
        let mut reader = Reader::new(LAZY);
        // One block for all, as a file's lines have it.
        let block = std::rc::Rc::new(format!("{before}{}", records.concat()));
        let mut at = before.len();
        for record in &records {
            let text = Text::span(&block, at..at + record.len());
            at += record.len();
            // What its values look like is known then.
            for _ in 0..again {
                reader.read(&text).unwrap();
            }
            let Datum::Map(mut map) = reader.read(&text).unwrap() else { panic!("{record}") };
            let mut twin = plain(record);
            prop_assert_eq!(to_string(&Datum::Map(map.clone())), to_string(&Datum::Map(twin.clone())), "{}", record);
            let Datum::Map(opened) = super::open(&text) else { panic!("{record}") };
            prop_assert_eq!(to_string(&Datum::Map(opened)), to_string(&Datum::Map(twin.clone())), "{}", record);
            prop_assert_eq!(map.len(), twin.len());
            for deed in &deeds {
                prop_assert_eq!(act(&mut map, deed), act(&mut twin, deed), "{:?} of {}", deed, record);
                prop_assert_eq!(to_string(&Datum::Map(map.clone())), to_string(&Datum::Map(twin.clone())), "{:?} of {}", deed, record);
            }
        }
    }

    #[test]
    fn damage_is_found_whatever_form_is_foreseen(
        records in records(),
        place in any::<prop::sample::Index>(),
        byte in prop::sample::select(b" \n\0\"\\{}[]:,-.eE01tn\x7f".to_vec()),
        how in 0..4,
    ) {
        let mut reader = Reader::new(LAZY);
        for record in &records {
            // Once for its form, once for what its values look like, once by what is known then.
            for _ in 0..3 {
                reader.read(&record.as_str().into()).unwrap();
            }
            let mut bytes = record.clone().into_bytes();
            let place = place.index(bytes.len());
            match how {
                0 => bytes.insert(place, byte),
                1 => bytes[place] = byte,
                2 => bytes.truncate(place),
                _ => drop(bytes.remove(place)),
            }
            let Ok(damaged) = String::from_utf8(bytes) else { continue };
            // In a block that goes on as the record would.
            let goes_on = if how == 2 { &record[damaged.len()..] } else { record };
            let block = std::rc::Rc::new(format!("{damaged}{goes_on}"));
            let (eager, lazy) = (read(&damaged), reader.read(&Text::span(&block, 0..damaged.len())));
            let refused = |text: &str| serde_json::from_str::<serde_json::Value>(text).err();
            if !refused(&damaged).is_some_and(|error| error.to_string().contains("surrogate") || error.to_string().contains("end of hex")) {
                prop_assert_eq!(lazy.is_err(), refused(&damaged).is_some(), "{}", damaged);
            }
            prop_assert_eq!(lazy.err(), eager.err(), "{}", damaged);
        }
    }

    #[test]
    fn options_mean_the_same_on_every_road(records in records(), duplicates_fail in any::<bool>(), max_depth in 1..6_usize) {
        for big in [Big::Exact, Big::Float, Big::Text, Big::Fail] {
            let eager = ReadOptions { lazy: false, duplicates_fail, max_depth, big };
            let mut reader = Reader::new(ReadOptions { lazy: true, ..eager.clone() });
            for record in &records {
                let (lazy, eager) = (reader.read(&record.as_str().into()), super::read_text(&record.as_str().into(), &eager));
                // Equal in meaning, in order, and in what is wrong.
                if let (Ok(lazy), Ok(eager)) = (&lazy, &eager) {
                    prop_assert_eq!(names(lazy), names(eager));
                }
                prop_assert_eq!(lazy, eager, "{}", record);
            }
        }
    }

    #[test]
    fn a_path_into_raw_text_finds_what_it_finds_in_values(
        record in records().prop_map(|records| records[0].clone()),
        list in prop::collection::vec(value(), 0..4),
        path in "(a|b|id|zz)(\\[(-?[0-4]|\\*)\\]|\\.(a|b)){0,3}",
        wrap in 0..3_u8,
    ) {
        let inner = format!("[{record}, {} , {record} ]", [&list[..], &["0".to_owned()]].concat().join(" ,"));
        let text = match wrap {
            0 => record,
            1 => format!("{{\"b\":{record},\"a\" :{inner},\"id\":[{inner}]}}"),
            _ => format!("{{\"a\":{{\"x\":1,\"\\u0061\":{inner}, \"b\":{record}}},\"b\":[{inner},{record}]}}"),
        };
        let path = Path::parse(&path).unwrap();
        let full = read(&text).unwrap();
        let wanted = path.get(&full).map(Cow::into_owned);
        let lazy = Reader::new(LAZY).read(&text.as_str().into()).unwrap();
        prop_assert_eq!(path.get(&lazy).map(Cow::into_owned), wanted.clone());
        prop_assert_eq!(path.get(&Datum::Raw(text.as_str().into())).map(Cow::into_owned), wanted);
    }
}

fn names(datum: &Datum) -> Vec<String> {
    datum.as_map().map(|map| map.iter().map(|(key, _)| key.to_string()).collect()).unwrap_or_default()
}

#[test]
fn a_record_costs_no_form_once_forms_are_spent() {
    let mut reader = Reader::new(LAZY);
    for n in 0..1000 {
        let text = format!("{{\"spent{n}\":1,\"b\":[2]}}");
        assert_eq!(to_string(&reader.read(&text.as_str().into()).unwrap()), text);
    }
    let many: Vec<String> = (0..100).map(|n| format!("\"many{n}\":{n}")).collect();
    let text = format!("{{{}}}", many.join(","));
    assert_eq!(to_string(&reader.read(&text.as_str().into()).unwrap()), text);
}

#[test]
fn what_is_missing_or_new_or_in_other_order_is_read() {
    let mut reader = Reader::new(LAZY);
    for text in
        [r#"{"a":1,"b":2,"c":3}"#, r#"{"a":1,"c":3}"#, r#"{"b":2}"#, "{}", r#"{"a":1,"x":0,"c":3}"#, r#"{"c":3,"a":1}"#, r#"{"a":1,"b":2}"#]
    {
        let datum = reader.read(&text.into()).unwrap();
        assert!(!datum.as_map().unwrap().is_read() || text == "{}", "{text}");
        assert_eq!(to_string(&datum), text);
    }
}
