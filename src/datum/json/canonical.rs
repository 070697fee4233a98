//! The canonical form: one text for all values that are equal, for who compares by texts.
//!
//! It is compact JSON. Keys of maps stand in the order of their code points, strings have no escapes but those they need, and numbers
//! are written as what they mean: `1.50` as `1.5`, `1e3` as `1000.0`. Whole numbers stay apart from fractions, as values of the two
//! kinds are not equal.

use super::copy::write_piece;
use super::letters::write_string;
use super::read::{ReadOptions, read_text};
use super::write::write;
use crate::datum::{Datum, Look, Map, Num, Text, View};

/// Appends the value in its canonical form: equal values, and of what JSON can say no others, have the same.
pub fn write_canonical(out: &mut String, datum: &Datum) {
    match datum {
        Datum::Str(text) => write_string(out, text),
        Datum::List(list) => {
            let mut lead = '[';
            for value in list {
                out.push(lead);
                lead = ',';
                write_canonical(out, value);
            }
            out.push_str(if lead == '[' { "[]" } else { "]" });
        }
        Datum::Map(map) => write_map(out, map),
        Datum::Raw(text) => write_raw(out, text),
        Datum::Number(text) => Num::write_canonical(out, text),
        // A negative zero is equal to the other one.
        Datum::Float(value) => write(out, &Datum::Float(value + 0.0)),
        plain => write(out, plain),
    }
}

/// As [`write_canonical`], of a number in its text.
pub fn write_canonical_number(out: &mut String, text: &str) {
    Num::write_canonical(out, text);
}

fn write_map(out: &mut String, map: &Map) {
    let mut entries: Vec<_> = map.views().collect();
    entries.sort_unstable_by_key(|(key, _)| key.as_str());
    let mut lead = '{';
    for (key, value) in entries {
        key.write_lead(out, lead);
        lead = ',';
        match value {
            View::Datum(value) => write_canonical(out, value),
            View::Piece(piece) => match piece.look() {
                Look::Number => Num::write_canonical(out, piece.as_str()),
                Look::Raw => write_raw(out, &piece.to_text()),
                _ => write_piece(out, piece),
            },
        }
    }
    out.push_str(if lead == '{' { "{}" } else { "}" });
}

/// Read as a whole: level by level, what is nested deeply would be looked at again on each.
fn write_raw(out: &mut String, text: &Text) {
    if is_plain_list(text) {
        return out.push_str(text);
    }
    let options = ReadOptions { max_depth: usize::MAX, ..ReadOptions::default() };
    match read_text(text, &options) {
        Ok(datum) => write_canonical(out, &datum),
        // Only text that was never checked can fail; it stands for itself then.
        Err(_) => out.push_str(text),
    }
}

/// Whether a list is canonical as it is written: without maps, and without blanks, escapes and fractions. Most short ones are.
fn is_plain_list(text: &str) -> bool {
    let (mut quoted, mut before) = (false, b'[');
    text.bytes().all(|byte| {
        let plain = match (quoted, byte) {
            (_, b'"') => {
                quoted = !quoted;
                true
            }
            (true, _) => byte != b'\\',
            (false, b'{' | b'.' | b'E' | b' ' | b'\t' | b'\r' | b'\n') => false,
            // Of an exponent, not of a word; and of a negative zero.
            (false, b'e') => !before.is_ascii_digit(),
            (false, b'0') => before != b'-',
            _ => true,
        };
        before = byte;
        plain
    })
}

#[cfg(test)]
pub(crate) mod spelling {
    //! Values, and texts that mean them.

    use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
    use proptest::sample::select;

    /// What a text may mean.
    #[derive(Clone, Debug)]
    pub(crate) enum Tree {
        Word(&'static str),
        /// In all these forms.
        Number(&'static [&'static str]),
        Str(&'static str),
        List(Vec<Tree>),
        /// Keys are given once only.
        Map(Vec<(&'static str, Tree)>),
    }

    const NUMBERS: &[&[&str]] = &[
        &["0"],
        &["0.0", "-0", "-0.0", "0e7", "-0.000E-3"],
        &["1"],
        &["1.0", "1.00", "1e0", "10E-1", "0.1e+1"],
        &["1.5", "1.50", "15e-1"],
        &["-12"],
        &["9007199254740993"],
        &["9007199254740993.0"],
        &["1000"],
        &["1000.0", "1e3", "1E+3"],
        &["1e16", "10000000000000000.0", "1.0E16"],
        &["18446744073709551616"],
        &["0.1234567890123456789"],
        &["1e999"],
    ];

    /// Few kinds of each, so that two of them are alike now and then.
    pub(crate) fn tree() -> impl Strategy<Value = Tree> {
        let strings = || select(vec!["", "a", "1", "ä😀", "/\"\\\n\u{1}"]);
        let leaf = prop_oneof![
            Just(Tree::Word("null")),
            any::<bool>().prop_map(|value| Tree::Word(if value { "true" } else { "false" })),
            select(NUMBERS).prop_map(Tree::Number),
            strings().prop_map(Tree::Str),
        ];
        leaf.prop_recursive(3, 12, 3, move |inner| {
            let map = prop::collection::vec((strings(), inner.clone()), 0..4).prop_map(|entries| {
                let mut kept: Vec<(&'static str, Tree)> = Vec::new();
                for (key, value) in entries {
                    if kept.iter().all(|(known, _)| *known != key) {
                        kept.push((key, value));
                    }
                }
                Tree::Map(kept)
            });
            prop_oneof![prop::collection::vec(inner, 0..3).prop_map(Tree::List), map]
        })
    }

    /// Makes choices, the same ones for the same number.
    pub(crate) struct Choices(pub(crate) u64);

    impl Choices {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % n
        }

        fn blank(&mut self) -> &'static str {
            ["", "", "", " ", "\t", "\r\n "][self.below(6)]
        }

        fn string(&mut self, text: &str) -> String {
            let mut out = "\"".to_owned();
            for letter in text.chars() {
                let plain = !matches!(letter, '"' | '\\') && !letter.is_control();
                match (letter, self.below(3)) {
                    ('/' | '"' | '\\', 0) => out.extend(['\\', letter]),
                    ('\n', 0) => out.push_str("\\n"),
                    (letter, 0 | 1) if plain => out.push(letter),
                    _ => out.extend(letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}"))),
                }
            }
            out.push('"');
            out
        }

        /// One of the texts that mean the tree.
        pub(crate) fn spell(&mut self, tree: &Tree) -> String {
            match tree {
                Tree::Word(word) => (*word).to_owned(),
                Tree::Number(forms) => forms[self.below(forms.len())].to_owned(),
                Tree::Str(text) => self.string(text),
                Tree::List(all) => {
                    let all: Vec<String> = all.iter().map(|one| format!("{}{}{}", self.blank(), self.spell(one), self.blank())).collect();
                    format!("[{}]", all.join(","))
                }
                Tree::Map(entries) => {
                    let mut order: Vec<&(&str, Tree)> = entries.iter().collect();
                    order.rotate_left(self.below(entries.len().max(1)));
                    if self.below(2) == 0 {
                        order.reverse();
                    }
                    let mut all = Vec::new();
                    if let (Some((key, _)), 0) = (order.first(), self.below(4)) {
                        // Of a key that is given twice the last value counts.
                        all.push(format!("{}:[7]", self.string(key)));
                    }
                    for (key, value) in order {
                        let (key, value) = (self.string(key), self.spell(value));
                        all.push(format!("{}{key}{}:{}{value}", self.blank(), self.blank(), self.blank()));
                    }
                    format!("{{{}}}", all.join(","))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::spelling::{Choices, tree};
    use super::*;
    use crate::datum::json::read;

    fn canonical(datum: &Datum) -> String {
        let mut text = String::new();
        write_canonical(&mut text, datum);
        text
    }

    /// The value of a text in all states that it can be in.
    fn states(text: &str) -> Vec<Datum> {
        let lazy = read_text(&text.into(), &ReadOptions { lazy: true, ..ReadOptions::default() }).unwrap();
        let mut touched = lazy.clone();
        if let Some(map) = touched.map_mut() {
            // A row whose values were read, or set.
            let first = map.iter().next().map(|(key, value)| (key.clone(), value.clone()));
            if let Some((key, value)) = first {
                map.insert(key, value);
            }
        }
        let raw = Datum::Raw(text.into());
        let opened = if text.starts_with(['[', '{']) { raw } else { read(text).unwrap() };
        vec![read(text).unwrap(), lazy, touched, opened]
    }

    proptest! {
        #[test]
        fn it_is_the_same_for_equal_values_however_they_are_spelt_and_for_no_others(
            a in tree(), b in tree(), choices in any::<u64>(),
        ) {
            let mut choices = Choices(choices);
            let (one, again, other) = (choices.spell(&a), choices.spell(&a), choices.spell(&b));
            for left in states(&one) {
                let text = canonical(&left);
                for right in states(&again) {
                    prop_assert_eq!(&left, &right, "{} {}", &one, &again);
                    prop_assert_eq!(&text, &canonical(&right), "{} {}", &one, &again);
                }
                for right in states(&other) {
                    prop_assert_eq!(left == right, text == canonical(&right), "{} {}", &one, &other);
                }
            }
            // It means the same, and is its own canonical form.
            let text = canonical(&read(&one).unwrap());
            prop_assert_eq!(&read(&text).unwrap(), &read(&one).unwrap());
            prop_assert_eq!(canonical(&read(&text).unwrap()), text);
        }
    }

    #[test]
    fn it_is_compact_json_with_the_keys_in_order() {
        let text = r#"{ "b":[1, 1.50, -0.0, 1e3 , "\u0061\/\n"], "a" : { "z":null, "\u0079":true }, "b2": 18446744073709551616 }"#;
        let wanted = r#"{"a":{"y":true,"z":null},"b":[1,1.5,0.0,1000.0,"a/\n"],"b2":18446744073709551616}"#;
        for datum in states(text) {
            assert_eq!(canonical(&datum), wanted);
        }
        assert_eq!(canonical(&Datum::List(vec![Datum::Float(-0.0), Datum::Float(f64::NAN), Datum::Map(Map::new())])), "[0.0,null,{}]");
        assert_eq!(canonical(&Datum::Raw("[no".into())), "[no");
        let deep = format!("{}{}", "[ ".repeat(1000), "]".repeat(1000));
        assert_eq!(canonical(&Datum::Raw(deep.as_str().into())), deep.replace(' ', ""));
    }
}
