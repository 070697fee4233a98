//! Keys of all kinds, in all modes, and a file that changes.

use std::time::{Duration, Instant};

use super::*;
use crate::cog::bench::Bench;
use crate::datum::json;

fn table(lexicon: &str, more: Vec<(&'static str, Given)>) -> Bench {
    let lexicon = json::read(lexicon).unwrap().opened().into_owned();
    let lexicon: Given = lexicon.into();
    Bench::new(&SPEC, [vec![("lexicon", lexicon), ("key_getter", "k".into())], more].concat())
}

/// What comes of a datum: itself, nothing, or an error.
fn told(bench: &mut Bench, input: &str) -> String {
    let failed = bench.balance().failed;
    let out = bench.feed_json(input).concat();
    if bench.balance().failed > failed { "!".into() } else { out }
}

#[test]
fn keys_by_their_text_one_or_many() {
    let mut bench = table(r#"{"7": "seven", "true": "yes", "a": {"x": 1}, "": "empty"}"#, vec![]);
    for (input, output) in [
        (r#"{"k":7}"#, r#"{"k":7,"value":"seven"}"#),
        (r#"{"k":"7"}"#, r#"{"k":"7","value":"seven"}"#),
        (r#"{"k":true}"#, r#"{"k":true,"value":"yes"}"#),
        (r#"{"k":""}"#, r#"{"k":"","value":"empty"}"#),
        (r#"{"k":"a"}"#, r#"{"k":"a","x":1}"#),
        (r#"{"k":["a",7,null,"no"]}"#, r#"{"k":["a",7,null,"no"],"value":[{"x":1},"seven",null,null]}"#),
        (r#"{"k":"A"}"#, r#"{"k":"A"}"#),
        (r#"{"k":[]}"#, r#"{"k":[]}"#),
        (r#"{"k":null}"#, r#"{"k":null}"#),
        (r#"{"n":1}"#, r#"{"n":1}"#),
        (r#"{"k":{"a":1}}"#, "!"),
        (r#"{"k":[["a"]]}"#, "!"),
        ("7", "!"),
    ] {
        assert_eq!(told(&mut bench, input), output, "{input}");
    }
}

#[test]
fn what_is_missing_is_passed_dropped_replaced_or_fails() {
    let value = || Given::Map(vec![("value".into(), 0.into())]);
    for (missing, unknown, absent) in [
        ("pass".into(), r#"{"k":"b"}"#, "{}"),
        ("drop".into(), "", ""),
        ("error".into(), "!", "!"),
        (value(), r#"{"k":"b","value":0}"#, r#"{"value":0}"#),
    ] {
        let mut bench = table(r#"{"a": 1}"#, vec![("missing", missing)]);
        assert_eq!((told(&mut bench, r#"{"k":"b"}"#).as_str(), told(&mut bench, "{}").as_str()), (unknown, absent));
    }
    let mut bench = table(r#"{"a": 1}"#, vec![("missing", value())]);
    assert_eq!(told(&mut bench, r#"{"k":["a","b"]}"#), r#"{"k":["a","b"],"value":[1,0]}"#);
}

#[test]
fn modes() {
    let mut folded = table(r#"{"Straße": 1}"#, vec![("ignore_case", true.into())]);
    assert_eq!(told(&mut folded, r#"{"k":"STRAßE"}"#), r#"{"k":"STRAßE","value":1}"#);
    let mut nets = table(r#"{"10.0.0.0/8": 1, "10.1.0.0/16": 2}"#, vec![("match_mode", "ip".into())]);
    assert_eq!(told(&mut nets, r#"{"k":["10.1.2.3","10.2.0.0/24"]}"#), r#"{"k":["10.1.2.3","10.2.0.0/24"],"value":[2,1]}"#);
    assert_eq!(
        (told(&mut nets, r#"{"k":"11.0.0.1"}"#).as_str(), told(&mut nets, r#"{"k":"host"}"#).as_str()),
        (r#"{"k":"11.0.0.1"}"#, "!")
    );
}

#[test]
fn options_that_cannot_work_are_refused() {
    let map = |text| Given::Datum(json::read(text).unwrap().opened().into_owned());
    for (given, told) in [
        (vec![], "is missing, and `file` too"),
        (vec![("lexicon", map(r#"{"a": 1}"#)), ("file", "x".into())], "give one of them"),
        (vec![("lexicon", map(r#"{"a": 1}"#)), ("header", true.into())], "only with `file`"),
        (vec![("lexicon", map(r#"{"a": 1}"#)), ("match_mode", "ip".into())], "option `lexicon`: is no address"),
        (vec![("lexicon", map(r#"{"::": 1}"#)), ("match_mode", "ip".into()), ("ignore_case", true.into())], "no meaning"),
        (vec![("lexicon", map(r#"{"a": 1}"#)), ("missing", map(r#"{"x": 1}"#))], "holds `value`"),
    ] {
        let told_now = Bench::refused(&SPEC, [vec![("key_getter", "k".into())], given].concat());
        assert!(told_now.contains(told), "{told_now}");
    }
}

#[test]
fn a_file_is_read_again_when_it_changes_and_a_bad_one_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("table");
    std::fs::write(&path, "code,name\na,one\n").unwrap();
    let mut bench = Bench::new(&SPEC, vec![("file", path.to_str().unwrap().into()), ("key_getter", "k".into())]);
    // A watch alone keeps nothing going.
    bench.esc.every(0, Duration::from_millis(1));
    let until = Instant::now() + Duration::from_secs(20);
    let wait = |bench: &mut Bench, enough: &dyn Fn(&mut Bench) -> bool| {
        while !enough(bench) {
            assert!(Instant::now() < until, "it is not read again");
            bench.pump_for(2);
        }
    };
    let says = |bench: &mut Bench, value: &str| told(bench, r#"{"k":"a"}"#) == format!(r#"{{"k":"a","value":"{value}"}}"#);
    assert!(says(&mut bench, "one"));
    let replace = |text: &str| {
        std::fs::write(dir.path().join("new"), text).unwrap();
        std::fs::rename(dir.path().join("new"), &path).unwrap();
    };
    replace(r#"{"a": "two"}"#);
    wait(&mut bench, &|bench| says(bench, "two"));
    replace("code,name\na\n");
    wait(&mut bench, &|bench| bench.errors() > 0);
    assert!(says(&mut bench, "two"));
    let errors = bench.errors();
    replace("");
    wait(&mut bench, &|bench| bench.errors() > errors);
    assert!(says(&mut bench, "two"));
    replace("code,name\na,three\n");
    wait(&mut bench, &|bench| says(bench, "three"));
}
