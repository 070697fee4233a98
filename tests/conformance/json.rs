//! JSON: what RFC 8259 lets a parser take, and what it does not; by its sections, as texts of our own.

use deadbeat::datum::json::{self, Blobs, NonFinite, Other, WriteOptions, write_with};
use deadbeat::datum::{Datum, Key, Map, Text};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{stand, told};

/// Section, text, and how it is written again.
const TAKEN: &[(&str, &str, &str)] = &[
    // 2: blanks, any value as a text.
    ("2", " \t\r\n1\n\r\t ", "1"),
    ("2", "\"only text\"", "\"only text\""),
    ("2", " null ", "null"),
    ("2", "[\n1\t,\r2 ]", "[1,2]"),
    ("2", "{ \"a\" : 1 , \"b\" : 2 }", "{\"a\":1,\"b\":2}"),
    // 3: literals.
    ("3", "[true,false,null]", "[true,false,null]"),
    // 4: objects; names need not differ, need not be words, and may be empty.
    ("4", "{}", "{}"),
    ("4", "{\"\":0}", "{\"\":0}"),
    ("4", "{\"a\":1,\"a\":2}", "{\"a\":2}"),
    ("4", "{\"b\":1,\"a\":2,\"b\":3}", "{\"b\":3,\"a\":2}"),
    ("4", "{\"\\u0061\":1,\"a\":2}", "{\"a\":2}"),
    ("4", "{\"a\\u0000b\":1}", "{\"a\\u0000b\":1}"),
    ("4", "{\"\\\"\":{\"\\\\\":{}}}", "{\"\\\"\":{\"\\\\\":{}}}"),
    // 5: arrays.
    ("5", "[]", "[]"),
    ("5", "[[]   ]", "[[]]"),
    ("5", "[1,\"a\",[],{},null]", "[1,\"a\",[],{},null]"),
    // 6: numbers, every digit kept.
    ("6", "0", "0"),
    ("6", "-0", "-0"),
    ("6", "-1", "-1"),
    ("6", "10", "10"),
    ("6", "0.0", "0.0"),
    ("6", "-0.0", "-0.0"),
    ("6", "1.50", "1.50"),
    ("6", "1e0", "1e0"),
    ("6", "1E+2", "1E+2"),
    ("6", "1e-2", "1e-2"),
    ("6", "0e1", "0e1"),
    ("6", "1.5e+3", "1.5e+3"),
    ("6", "123456789012345678901234567890", "123456789012345678901234567890"),
    ("6", "-9223372036854775808", "-9223372036854775808"),
    ("6", "9223372036854775808", "9223372036854775808"),
    ("6", "0.1234567890123456789012345", "0.1234567890123456789012345"),
    ("6", "1e400", "1e400"),
    ("6", "-1e-999999999999", "-1e-999999999999"),
    // 7: strings.
    ("7", "\"\"", "\"\""),
    ("7", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""),
    ("7", "\"\\u0060\\u012a\\u12AB\"", "\"`Īካ\""),
    ("7", "\"\\ud801\\udc37\"", "\"𐐷\""),
    ("7", "\"\\uDBFF\\uDFFF\"", "\"\u{10ffff}\""),
    ("7", "\"\\u0000\"", "\"\\u0000\""),
    ("7", "\"\u{7f}\"", "\"\u{7f}\""),
    ("7", "\"\u{2028}\u{2029}\u{feff}\"", "\"\u{2028}\u{2029}\u{feff}\""),
    ("7", "\"/\"", "\"/\""),
    ("7", "\"\\u002f\\u005C\\u0022\"", "\"/\\\\\\\"\""),
    // 8.1: a parser may ignore a byte order mark.
    ("8.1", "\u{feff}[1]", "[1]"),
    // 8.2: surrogates that stand alone become U+FFFD.
    ("8.2", "\"\\uDEAD\"", "\"\u{fffd}\""),
    ("8.2", "\"\\ud800\"", "\"\u{fffd}\""),
    ("8.2", "\"\\ud800x\"", "\"\u{fffd}x\""),
    ("8.2", "\"\\ud800\\n\"", "\"\u{fffd}\\n\""),
    ("8.2", "\"\\ud800\\u0041\"", "\"\u{fffd}A\""),
    ("8.2", "\"\\udc00\\ud800\"", "\"\u{fffd}\u{fffd}\""),
    ("8.2", "\"\\ud800\\ud800\\udc00\"", "\"\u{fffd}𐀀\""),
    ("8.2", "{\"\\udfaa\":0}", "{\"\u{fffd}\":0}"),
];

/// Section, text, what is wrong with it, and at which line and column.
const REFUSED: &[(&str, &[u8], &str, usize, usize)] = &[
    ("2", b"", "the text is empty", 1, 1),
    ("2", b" \n ", "the text is empty", 2, 2),
    ("2", b"1 2", "more text after the document", 1, 3),
    ("2", b"[1] x", "more text after the document", 1, 5),
    ("2", b"[1]]", "more text after the document", 1, 4),
    ("2", b"{}}", "more text after the document", 1, 3),
    ("2", b"\x0c1", "a value was expected", 1, 1),
    ("2", b"\xc2\xa01", "a value was expected", 1, 1),
    ("2", b"[1\x0b]", "`,` or `]` was expected", 1, 3),
    ("2", b"\xe2\x80\x8b1", "a value was expected", 1, 1),
    ("2", b"// a\n1", "a value was expected", 1, 1),
    ("2", b"/* a */1", "a value was expected", 1, 1),
    ("2", b"1 # a", "more text after the document", 1, 3),
    ("2", b"\x001", "a value was expected", 1, 1),
    ("3", b"nul", "the text ends before the document does", 1, 4),
    ("3", b"nulll", "more text after the document", 1, 5),
    ("3", b"True", "a value was expected", 1, 1),
    ("3", b"TRUE", "a value was expected", 1, 1),
    ("3", b"[truefalse]", "`,` or `]` was expected", 1, 6),
    ("3", b"undefined", "a value was expected", 1, 1),
    ("3", b"[NaN]", "a value was expected", 1, 2),
    ("3", b"Infinity", "a value was expected", 1, 1),
    ("3", b"-Infinity", "a digit was expected", 1, 2),
    ("3", b"[-NaN]", "a digit was expected", 1, 3),
    ("3", b"tru\xc3\xa9", "a value was expected", 1, 1),
    ("4", b"{", "the text ends before the document does", 1, 2),
    ("4", b"{\"a\"", "the text ends before the document does", 1, 5),
    ("4", b"{\"a\":", "the text ends before the document does", 1, 6),
    ("4", b"{\"a\":1", "the text ends before the document does", 1, 7),
    ("4", b"{\"a\":1,", "the text ends before the document does", 1, 8),
    ("4", b"{\"a\":1,}", "a key in quotes was expected", 1, 8),
    ("4", b"{,\"a\":1}", "a key in quotes was expected", 1, 2),
    ("4", b"{\"a\" 1}", "`:` was expected", 1, 6),
    ("4", b"{\"a\"::1}", "a value was expected", 1, 6),
    ("4", b"{\"a\":1 \"b\":2}", "`,` or `}` was expected", 1, 8),
    ("4", b"{\"a\":1;\"b\":2}", "`,` or `}` was expected", 1, 7),
    ("4", b"{a:1}", "a key in quotes was expected", 1, 2),
    ("4", b"{'a':1}", "a key in quotes was expected", 1, 2),
    ("4", b"{1:1}", "a key in quotes was expected", 1, 2),
    ("4", b"{null:1}", "a key in quotes was expected", 1, 2),
    ("4", b"{[]:1}", "a key in quotes was expected", 1, 2),
    ("4", b"{\"a\",1}", "`:` was expected", 1, 5),
    ("4", b"{\"a\"}", "`:` was expected", 1, 5),
    ("4", b"{\"a\":}", "a value was expected", 1, 6),
    ("4", b"{\"a\":1]", "`,` or `}` was expected", 1, 7),
    ("4", b"{\n\"a\":1,\n\"b\" 2\n}", "`:` was expected", 3, 5),
    ("5", b"[", "the text ends before the document does", 1, 2),
    ("5", b"[1", "the text ends before the document does", 1, 3),
    ("5", b"[1,", "the text ends before the document does", 1, 4),
    ("5", b"[1,]", "a value was expected", 1, 4),
    ("5", b"[,1]", "a value was expected", 1, 2),
    ("5", b"[,]", "a value was expected", 1, 2),
    ("5", b"[1,,2]", "a value was expected", 1, 4),
    ("5", b"[1 2]", "`,` or `]` was expected", 1, 4),
    ("5", b"[1:2]", "`,` or `]` was expected", 1, 3),
    ("5", b"[1}", "`,` or `]` was expected", 1, 3),
    ("5", b"]", "a value was expected", 1, 1),
    ("5", b"[\"a\",\n4\n,1,", "the text ends before the document does", 3, 4),
    ("5", b"[[1]", "the text ends before the document does", 1, 5),
    ("5", b"[1,\n\n  x]", "a value was expected", 3, 3),
    ("6", b"01", "a number that starts with 0", 1, 2),
    ("6", b"-01", "a number that starts with 0", 1, 3),
    ("6", b"00", "a number that starts with 0", 1, 2),
    ("6", b"-", "the text ends before the document does", 1, 2),
    ("6", b"+1", "a value was expected", 1, 1),
    ("6", b"--1", "a digit was expected", 1, 2),
    ("6", b".5", "a value was expected", 1, 1),
    ("6", b"-.5", "a digit was expected", 1, 2),
    ("6", b"1.", "the text ends before the document does", 1, 3),
    ("6", b"[1.]", "a digit was expected", 1, 4),
    ("6", b"1.e1", "a digit was expected", 1, 3),
    ("6", b"1e", "the text ends before the document does", 1, 3),
    ("6", b"1e+", "the text ends before the document does", 1, 4),
    ("6", b"1eE2", "a digit was expected", 1, 3),
    ("6", b"1.2.3", "more text after the document", 1, 4),
    ("6", b"1+2", "more text after the document", 1, 2),
    ("6", b"0x1F", "more text after the document", 1, 2),
    ("6", b"1_000", "more text after the document", 1, 2),
    ("6", b"1,000", "more text after the document", 1, 2),
    ("6", b"0b1", "more text after the document", 1, 2),
    ("6", b"1f", "more text after the document", 1, 2),
    ("6", b"1L", "more text after the document", 1, 2),
    ("6", b"- 1", "a digit was expected", 1, 2),
    ("6", b"1 e2", "more text after the document", 1, 3),
    ("6", b"1e 2", "a digit was expected", 1, 3),
    ("6", b"\xef\xbc\x91", "a value was expected", 1, 1),
    ("6", b"1e1.5", "more text after the document", 1, 4),
    ("6", b"[-]", "a digit was expected", 1, 3),
    ("6", b"[-a]", "a digit was expected", 1, 3),
    ("7", b"\"", "the text ends before the document does", 1, 2),
    ("7", b"\"abc", "the text ends before the document does", 1, 5),
    ("7", b"\"abc\\", "the text ends before the document does", 1, 6),
    ("7", b"\"\\\"", "the text ends before the document does", 1, 4),
    ("7", b"'a'", "a value was expected", 1, 1),
    ("7", b"`a`", "a value was expected", 1, 1),
    ("7", b"\"\t\"", "a control letter in a string", 1, 2),
    ("7", b"\"a\nb\"", "a control letter in a string", 1, 3),
    ("7", b"\"\x00\"", "a control letter in a string", 1, 2),
    ("7", b"\"\x1f\"", "a control letter in a string", 1, 2),
    ("7", b"\"\\a\"", "an unknown escape", 1, 2),
    ("7", b"\"\\x41\"", "an unknown escape", 1, 2),
    ("7", b"\"\\'\"", "an unknown escape", 1, 2),
    ("7", b"\"\\0\"", "an unknown escape", 1, 2),
    ("7", b"\"\\U0041\"", "an unknown escape", 1, 2),
    ("7", b"\"\\u00\"", "`\\u` without four hexadecimal digits", 1, 2),
    ("7", b"\"\\u00G0\"", "`\\u` without four hexadecimal digits", 1, 2),
    ("7", b"\"\\u {41}\"", "`\\u` without four hexadecimal digits", 1, 2),
    ("7", b"\"\\u{41}\"", "`\\u` without four hexadecimal digits", 1, 2),
    ("7", b"\"\\u-041\"", "`\\u` without four hexadecimal digits", 1, 2),
    ("7", b"\"\\ud800\\u\"", "`\\u` without four hexadecimal digits", 1, 8),
    ("7", b"\"\\ud800\\u1\"", "`\\u` without four hexadecimal digits", 1, 8),
    ("7", b"\"\\ud800\\x\"", "an unknown escape", 1, 8),
    ("7", b"\"\\\xc3\xa9\"", "an unknown escape", 1, 2),
    ("7", b"\"a\"b\"", "more text after the document", 1, 4),
    ("7", b"\\u0022a\\u0022", "a value was expected", 1, 1),
    ("7", b"\xe2\x80\x9ca\xe2\x80\x9d", "a value was expected", 1, 1),
    ("7", b"[\"a\",\n \"\xc3\xa9\x01\"]", "a control letter in a string", 2, 4),
    ("8.1", b"\"\xff\"", "a blob that is not text in UTF-8", 0, 0),
    ("8.1", b"[\"\xc3\"]", "a blob that is not text in UTF-8", 0, 0),
    ("8.1", b"\"\xed\xa0\x80\"", "a blob that is not text in UTF-8", 0, 0),
    ("8.1", b"\"\xc0\xaf\"", "a blob that is not text in UTF-8", 0, 0),
    ("8.1", b"\"\xf4\x90\x80\x80\"", "a blob that is not text in UTF-8", 0, 0),
    ("8.1", b"\xff\xfe1\x00", "a blob that is not text in UTF-8", 0, 0),
    ("8.1", b"\xef\xbb\xbf", "the text is empty", 1, 2),
    ("8.1", b"\xef\xbb\xbf\xef\xbb\xbf1", "a value was expected", 1, 2),
    ("8.1", b"1\xef\xbb\xbf", "more text after the document", 1, 2),
];

#[test]
fn what_json_is_is_taken() {
    let mut parse = stand("text::json_parse(#{})");
    for (section, text, wanted) in TAKEN {
        // Whether it is looked at, as here when all is opened, or written out as it came.
        let data = parse.answer(Datum::from(*text)).unwrap_or_else(|error| panic!("{section}: {text:?}: {error}"));
        let mut all = String::new();
        write_with(&mut all, &opened(data[0].clone()), &WriteOptions::default()).expect("it can be written");
        assert_eq!(all, *wanted, "{section}: {text:?}");
        let theirs = |text: &str| serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')).ok();
        if let (Some(theirs), false) = (theirs(text), *section == "6") {
            assert_eq!(Some(theirs), serde_json::from_str(wanted).ok(), "{section}: {text:?}");
        }
    }
}

/// With all that was not looked at yet.
fn opened(mut datum: Datum) -> Datum {
    match datum.open() {
        Datum::List(list) => list.iter_mut().for_each(|item| *item = opened(std::mem::take(item))),
        Datum::Map(map) => map.iter_mut().for_each(|(_, item)| *item = opened(std::mem::take(item))),
        _ => {}
    }
    datum
}

#[test]
fn what_json_is_not_is_refused_with_its_place() {
    let mut parse = stand("text::json_parse(#{})");
    // Section 9 lets a parser limit how deep a text is nested.
    for (open, column) in [("[", 129), ("{\"a\":", 641), ("[{\"\":", 321)] {
        let found = told(&mut parse, Datum::from(open.repeat(10_000)));
        let wanted = format!("not JSON: lists and maps nested deeper than 128 at line 1, column {column}");
        assert!(found.as_ref().is_err_and(|told| told.starts_with(&wanted)), "{open}: {found:?}");
    }
    for (section, text, what, line, column) in REFUSED {
        let shown = String::from_utf8_lossy(text);
        // A part of a document is refused where it stands.
        let found = told(&mut parse, Datum::Bytes((*text).into()));
        let wanted = if *line == 0 { (*what).to_owned() } else { format!("not JSON: {what} at line {line}, column {column}") };
        assert!(found.as_ref().is_err_and(|told| told.starts_with(&wanted)), "{section}: {shown:?}: {wanted}: {found:?}");
        // The same where nobody looks.
        let within = [b"{\"x\":", *text, b"}"].concat();
        assert!(parse.answer(Datum::Bytes(within.into())).is_err(), "{section}: {shown:?} in a map");
    }
}

/// Any value that JSON can carry, with numbers beyond 64 bits and odd strings.
fn value() -> impl Strategy<Value = Datum> {
    let text = || prop_oneof![any::<String>(), "[\"\\\\/\u{0}-\u{1f}\u{7f}-\u{a0}\u{2028}\u{feff}😀a]{0,8}"];
    let number = "-?[1-9][0-9]{18,40}|-?(0|[1-9][0-9]{0,30})\\.[0-9]{1,20}([eE][+-]?[0-9]{1,3})?";
    let scalar = prop_oneof![
        Just(Datum::Unit),
        any::<bool>().prop_map(Datum::Bool),
        any::<i64>().prop_map(Datum::Int),
        any::<f64>().prop_filter("JSON has no other", |value| value.is_finite()).prop_map(Datum::Float),
        number.prop_map(|digits| Datum::Number(Text::from(digits))),
        text().prop_map(Datum::from),
    ];
    scalar.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Datum::List),
            prop::collection::vec((text(), inner), 0..6)
                .prop_map(|entries| Datum::Map(entries.into_iter().map(|(key, value)| (Key::new(&key), value)).collect::<Map>())),
        ]
    })
}

/// In one form, whatever the order of its keys.
fn sorted(datum: &Datum) -> String {
    let options =
        WriteOptions { sort_keys: true, non_finite: NonFinite::Fail, blobs: Blobs::Fail, other: Other::Fail, ..WriteOptions::default() };
    let mut text = String::new();
    write_with(&mut text, datum, &options).expect("it can be written");
    text
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(128))]
    #[test]
    fn what_json_marshall_writes_json_parse_reads(
        data in prop::collection::vec(value(), 1..4),
        indent in prop::option::of(0..9_u8),
        [sort, ascii, spaces] in any::<[bool; 3]>(),
    ) {
        let indent = indent.map_or("()".to_owned(), |indent| indent.to_string());
        let mut write = stand(&format!("text::json_marshall(#{{ indent: {indent}, sort_keys: {sort}, ascii: {ascii}, spaces: {spaces} }})"));
        let mut read = stand("text::json_parse(#{})");
        for datum in &data {
            let text = write.answer(datum.clone()).expect("it can be written").remove(0);
            assert!(!ascii || text.as_str().is_some_and(str::is_ascii), "{text:?}");
            let back = read.answer(text.clone()).expect("it can be read").remove(0);
            prop_assert_eq!(sorted(&opened(back.clone())), sorted(datum), "{:?}", &text);
            // And in the same order, unless they were sorted.
            prop_assert!(sort || json::to_string(&opened(back)) == json::to_string(datum), "{:?}", text);
        }
    }
}
