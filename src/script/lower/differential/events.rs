//! Random events: a record with a field of each kind, some missing, some of another kind than scripts expect.

use std::cell::RefCell;

use proptest::prelude::*;

use crate::datum::{Datum, Text, json};

/// An event as JSON, and whether its inner lists and maps are left raw.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub text: String,
    pub lazy: bool,
}

thread_local! {
    /// What a supply keeps, so that events of one form have one shape.
    static READERS: RefCell<[json::Reader; 2]> =
        RefCell::new([false, true].map(|lazy| json::Reader::new(json::ReadOptions { lazy, ..json::ReadOptions::default() })));
}

impl Given {
    /// The event as a supply makes it.
    pub(super) fn read(&self) -> Datum {
        let text = Text::from(self.text.as_str()).into_span();
        READERS.with_borrow_mut(|readers| readers[usize::from(self.lazy)].read(&text).expect("the generator makes JSON"))
    }
}

fn one_of(values: &'static [&'static str]) -> BoxedStrategy<String> {
    proptest::sample::select(values).prop_map(str::to_owned).boxed()
}

fn int() -> BoxedStrategy<String> {
    one_of(&[
        "1",
        "0",
        "2",
        "3",
        "7",
        "-1",
        "10",
        "255",
        "1000",
        "-42",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775800",
    ])
}

fn fraction() -> BoxedStrategy<String> {
    one_of(&["1.5", "0.5", "2.0", "1.50", "-0.0", "0.1", "1e3", "2.5e-3", "123456.789", "0.30000000000000004", "1E15", "-7.25", "1e300"])
}

fn text() -> BoxedStrategy<String> {
    one_of(&[
        r#""abc""#,
        r#""""#,
        r#""a""#,
        r#""a.b.c""#,
        r#"" Two words ""#,
        r#""Čaša ß İ""#,
        r#""ab\n\u00e9\"q\"""#,
        r#""12""#,
        r#""192.0.2.1""#,
        r#""host.example.org""#,
        r#""\ud83d\ude00x""#,
        r#""1.50""#,
    ])
}

fn truth() -> BoxedStrategy<String> {
    one_of(&["true", "false"])
}

fn list(of: &BoxedStrategy<String>, most: usize) -> BoxedStrategy<String> {
    let parts = prop_oneof![20 => proptest::collection::vec(of.clone(), 1..=most), 1 => Just(Vec::new())];
    parts.prop_map(|parts| format!("[{}]", parts.join(","))).boxed()
}

fn map() -> BoxedStrategy<String> {
    // The keys do not stand in their order; a blank shows whether the text is kept.
    let part = prop_oneof![4 => int(), 2 => fraction(), 2 => text(), 1 => Just("null".to_owned())].boxed();
    let deep = prop_oneof![Just(String::new()), Just(r#","m":{"y":1.0,"a":[1, 2.50]}"#.to_owned())];
    (part.clone(), part, text(), deep).prop_map(|(b, a, c, deep)| format!(r#"{{"b":{b}, "a":{a},"c":{c}{deep}}}"#)).boxed()
}

/// Something else than what the field should be.
fn odd() -> BoxedStrategy<String> {
    prop_oneof![
        Just("null".to_owned()),
        int(),
        fraction(),
        text(),
        truth(),
        one_of(&["18446744073709551616", "1.23456789012345678901", "-1e400"]),
        list(&int(), 2),
        map(),
    ]
    .boxed()
}

/// A field: missing now and then, odd now and then.
fn field(name: &'static str, value: BoxedStrategy<String>) -> BoxedStrategy<Option<String>> {
    let shown = move |value: String| Some(format!("\"{name}\":{value}"));
    prop_oneof![200 => value.prop_map(shown), 1 => odd().prop_map(shown), 1 => Just(None)].boxed()
}

fn record() -> BoxedStrategy<String> {
    let mixed = prop_oneof![int(), text(), fraction(), truth(), Just("null".to_owned()), map()].boxed();
    let records = prop_oneof![4 => map(), 1 => text()].boxed();
    vec![
        field("s", text()),
        field("i", int()),
        field("m", map()),
        field("f", fraction()),
        field("l", list(&int(), 4)),
        field("b", truth()),
        field("t", text()),
        field("ls", list(&text(), 3)),
        field("j", int()),
        field("x", mixed.clone()),
        field("n", Just("null".to_owned()).boxed()),
        field("lm", list(&records, 3)),
        field("lf", list(&fraction(), 3)),
        field("big", one_of(&["18446744073709551616", "1.23456789012345678901", "-1e400"])),
    ]
    .prop_map(|fields| format!("{{{}}}", fields.into_iter().flatten().collect::<Vec<_>>().join(",")))
    .boxed()
}

/// Mostly records.
pub(super) fn event() -> impl Strategy<Value = Given> {
    (prop_oneof![40 => record(), 1 => odd()], any::<bool>()).prop_map(|(text, lazy)| Given { text, lazy })
}

/// A piece for a setter.
pub(super) fn piece() -> BoxedStrategy<Given> {
    let text = prop_oneof![3 => int(), 3 => text(), 2 => fraction(), 1 => odd()];
    (text, any::<bool>()).prop_map(|(text, lazy)| Given { text, lazy }).boxed()
}
