//! CSV: RFC 4180, and what Python's `csv` reads in many dialects.

use deadbeat::datum::{Datum, Map, json};
use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};
use serde_json::Value;

use super::{stand, told};

/// Section 2 of RFC 4180, by its rules: a record as it stands in a file, and its fields.
const RULES: &[(u8, &str, &[&str])] = &[
    (1, "aaa,bbb,ccc\r\n", &["aaa", "bbb", "ccc"]),
    (1, "zzz,yyy,xxx\r\n", &["zzz", "yyy", "xxx"]),
    (2, "zzz,yyy,xxx", &["zzz", "yyy", "xxx"]),
    (4, " aaa , bbb,ccc ", &[" aaa ", " bbb", "ccc "]),
    (4, "aaa,bbb,", &["aaa", "bbb", ""]),
    (4, ",,", &["", "", ""]),
    (5, "\"aaa\",\"bbb\",\"ccc\"\r\n", &["aaa", "bbb", "ccc"]),
    (5, "\"aaa\",bbb,\"ccc\"", &["aaa", "bbb", "ccc"]),
    (6, "\"aaa\",\"b\r\nbb\",\"ccc\"\r\n", &["aaa", "b\r\nbb", "ccc"]),
    (6, "\"a,a\",b", &["a,a", "b"]),
    (6, "\"\r\n\",\"\n\"", &["\r\n", "\n"]),
    (7, "\"aaa\",\"b\"\"bb\",\"ccc\"", &["aaa", "b\"bb", "ccc"]),
    (7, "\"\"\"\",\"\"", &["\"", ""]),
];

/// Rule 5: quotes in a field without quotes; rules 6 and 7: what is in none. `strict` refuses what is told to be so of quoted fields.
const REFUSED: &[(bool, &str, &str)] = &[
    (true, "\"a\"b,c", "a letter after a closing quote, in the field that starts at letter 1"),
    (true, "a,\"b", "a quote that is not closed, in the field that starts at letter 3"),
    (false, "a\r\nb", "a line break outside quotes, with more after it, in the field that starts at letter 1"),
];

#[test]
fn the_rules_of_rfc_4180() {
    for strict in [false, true] {
        let mut parse = stand(&format!("text::csv_parse(#{{ strict: {strict} }})"));
        for (rule, line, fields) in RULES {
            assert_eq!(told(&mut parse, *line), Ok(serde_json::to_string(fields).expect("it is text")), "rule {rule}: {line:?}");
        }
        for (only_strict, line, error) in REFUSED {
            let found = told(&mut parse, *line);
            assert_eq!(found.is_err(), strict || !only_strict, "{line:?}: {found:?}");
            assert!(found.is_ok() || found.is_err_and(|told| told.starts_with(error)), "{line:?}");
        }
    }
    // Rule 3: a header, of as many fields as the records.
    let mut parse = stand("text::csv_parse(#{ header: true })");
    assert_eq!(told(&mut parse, "field_name,\"field \"\"2\"\"\"\r\n"), Ok(String::new()));
    assert_eq!(told(&mut parse, "aaa,bbb\r\n"), Ok(r#"{"field_name":"aaa","field \"2\"":"bbb"}"#.into()));
    assert!(told(&mut parse, "aaa,bbb,ccc\r\n").is_err_and(|told| told.starts_with("3 columns, but 2 wanted")));
}

#[test]
fn fields_are_written_by_the_rules_of_rfc_4180() {
    for (rule, _, fields) in RULES {
        let getters: Vec<String> = (0..fields.len()).map(|n| n.to_string()).collect();
        let mut write = stand(&format!("text::csv_marshall(#{{ fieldgetters: [{}] }})", getters.join(", ")));
        let list = Datum::List(fields.iter().map(|field| Datum::from(*field)).collect());
        let line = write.answer(list).expect("it can be written").remove(0);
        let line = line.as_str().expect("it is text").to_owned();
        // Rule 6: in quotes stands what must.
        let quoted = |field: &&&str| field.contains(['"', ',', '\r', '\n']);
        let field = |field: &&str| if quoted(&field) { format!("\"{}\"", field.replace('"', "\"\"")) } else { (*field).to_owned() };
        assert_eq!(line, fields.iter().map(field).collect::<Vec<_>>().join(","), "rule {rule}");
        assert_eq!(told(&mut stand("text::csv_parse(#{ strict: true })"), line), Ok(serde_json::to_string(fields).expect("it is text")));
    }
}

/// A value as a script writes it.
fn literal(value: &Value) -> String {
    if value.is_null() { "()".into() } else { value.to_string() }
}

/// Lines that Python 3.11 read with `next(csv.reader([line], …))`; `null` is an error. Left out is where the specification wants another
/// thing than Python does: with `strict` and without `doublequote` Python lets letters after a closing quote pass, and it refuses a line
/// break that was escaped.
#[test]
fn lines_are_read_as_python_reads_them() {
    let (mut read, mut refused) = (0, 0);
    for row in include_str!("python_csv.jsonl").lines() {
        let row: Value = serde_json::from_str(row).expect("it is JSON");
        let options = row["options"].as_object().expect("they are a map");
        let options: Vec<String> = options.iter().map(|(name, value)| format!("{name}: {}", literal(value))).collect();
        let line = row["line"].as_str().expect("it is text");
        let found = told(&mut stand(&format!("text::csv_parse(#{{{}}})", options.join(", "))), line);
        if row["fields"].is_null() {
            refused += 1;
            assert!(found.is_err(), "{row}: {found:?}");
        } else {
            read += 1;
            assert_eq!(found, Ok(row["fields"].to_string()), "{row}");
        }
    }
    assert!(read > 100 && refused > 20, "{read}, {refused}");
}

/// Options that both cogs take.
fn dialect() -> impl Strategy<Value = Vec<String>> {
    let letter = |of: &str| prop::sample::select(of.chars().collect::<Vec<_>>());
    let parts = (letter(",;\t|§"), prop::option::weighted(0.9, letter("\"'ß")), prop::option::of(letter("\\ä")), any::<[bool; 3]>());
    parts.prop_map(|(delimiter, quote, escape, [double, skip, strict])| {
        let text = |letter: Option<char>| letter.map_or("()".to_owned(), |letter| format!("{:?}", letter.to_string()));
        vec![
            format!("delimiter: {}", text(Some(delimiter))),
            format!("quotechar: {}", text(quote)),
            format!("escapechar: {}", text(escape)),
            format!("doublequote: {double}"),
            format!("skip_initial_space: {skip}"),
            format!("strict: {strict}"),
        ]
    })
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(128))]
    #[test]
    fn what_csv_marshall_writes_csv_parse_reads(
        dialect in dialect(),
        quoting in prop::sample::select(vec!["minimal", "all", "nonnumeric", "none"]),
        records in prop::collection::vec(prop::collection::vec("[ab\"'ß,;|\t §\\\\äé\r\n]{0,9}|[a-z0-9 ]{0,20}|-?[0-9]{1,5}", 3), 1..6),
    ) {
        let names = "[\"a\", \"b\", \"c\"]";
        let dialect = dialect.join(", ");
        // Quotes that the dialect has not are refused when the script is wound.
        let quoting = if dialect.contains("quotechar: ()") { "none" } else { quoting };
        let mut write = stand(&format!("text::csv_marshall(#{{ fieldgetters: {names}, quoting: \"{quoting}\", {dialect} }})"));
        let mut read = stand(&format!("text::csv_parse(#{{ fieldsetters: {names}, {dialect} }})"));
        for record in &records {
            let datum: Datum = Datum::Map(["a", "b", "c"].iter().zip(record).map(|(name, field)| ((*name).into(), Datum::from(field.as_str()))).collect::<Map>());
            let has_way_out = !dialect.contains("escapechar: ()") || dialect.contains("doublequote: true") && quoting != "none";
            match write.answer(datum.clone()) {
                Ok(lines) => prop_assert_eq!(told(&mut read, lines[0].clone()), Ok(json::to_string(&datum)), "{:?} {}", lines[0], dialect),
                Err(error) => assert!(!has_way_out, "{error}: {dialect}: {record:?}"),
            }
        }
    }
}
