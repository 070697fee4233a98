//! `text::key_value_parse`: a line of keys and values, as logfmt and many a log of a device have it.

use super::{DATA_GETTER, DATA_SETTER, text_of};
use crate::cog::{Args, CogSpec, Example, InPlace, Kind, Page, Param, Ty};
use crate::datum::{Datum, Gather, Key, Map};
use crate::error::{Error, Result};

/// `text::key_value_parse`: text -> a map of strings.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "key_value_parse",
    kind: Kind::Parse,
    about: "Parses pairs of keys and values, such as `a=1 b=\"x y\"` (logfmt), into a map; all values are strings.",
    page: Page {
        gives: "a map of strings in the order of the text",
        fails: "what is no text; with bare: \"error\" a key without value, with repeated: \"error\" a key that comes twice",
        ..Page::OF_KIND
    },
    params: &[
        DATA_GETTER,
        DATA_SETTER,
        Param::str("pair_sep").or(" ").about("what stands between pairs; a blank stands for any number of blanks and tabs"),
        Param::str("kv_sep").or("=").about("what stands between a key and its value: the first one counts"),
        Param::new("quote", Ty::Either(&[Ty::Char, Ty::Unit]))
            .or("\"")
            .about("the letter around values in which separators may stand; within, a backslash stands before it, before a backslash, and for line breaks (\\n, \\r) and tabs (\\t); () for none"),
        Param::choice("bare", &["true", "unit", "drop", "error"])
            .about("what a word without kv_sep becomes: a key whose value is true or (), nothing, or the datum fails"),
        Param::choice("repeated", &["last", "list", "error"])
            .about("what becomes of a key that comes again: the last value counts, all are put into an array, or the datum fails"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "logfmt",
            make: "text::key_value_parse()",
            input: r#""level=info msg=\"it is \\\"up\\\"\" took=0.5 dry""#,
            output: &[r#"{"level": "info", "msg": "it is \"up\"", "took": "0.5", "dry": true}"#],
        },
        Example {
            what: "other separators, beside the text",
            make: r#"text::key_value_parse(#{ data_getter: "line", data_setter: dictupdater, pair_sep: ";", kv_sep: ":" })"#,
            input: r#"{"line": "src: 192.0.2.1; note: a=b; tag:"}"#,
            output: &[r#"{"line": "src: 192.0.2.1; note: a=b; tag:", "src": "192.0.2.1", "note": "a=b", "tag": ""}"#],
        },
    ],
    build: |args| {
        let (getter, setter) = (args.getter("data_getter"), args.setter("data_setter"));
        let pairs = Pairs::new(args)?;
        Ok(InPlace::cog(move |datum| {
            let text = text_of(&*getter.get(datum)?)?;
            setter.set(datum, Datum::Map(pairs.parse(&text)?))?;
            Ok(true)
        }))
    },
};

/// What a word without a value becomes.
#[derive(Clone, Copy)]
enum Bare {
    True,
    Unit,
    Drop,
    Error,
}

#[derive(Clone, Copy)]
enum Repeated {
    Last,
    List,
    Error,
}

struct Pairs {
    /// None for blanks and tabs.
    pair_sep: Option<String>,
    kv_sep: String,
    quote: Option<char>,
    bare: Bare,
    repeated: Repeated,
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t')
}

impl Pairs {
    fn new(args: &Args) -> Result<Self> {
        let (pair_sep, kv_sep) = (args.str("pair_sep"), args.str("kv_sep"));
        let quote = args.given("quote").and_then(|given| given.datum()).and_then(|datum| datum.as_str()?.chars().next());
        for (option, text) in [("pair_sep", &pair_sep), ("kv_sep", &kv_sep)] {
            if text.is_empty() {
                return Err(Error::option(option, "must not be empty"));
            }
            if quote.is_some_and(|quote| text.contains(quote)) {
                return Err(Error::option(option, "must not hold the quote"));
            }
        }
        if pair_sep == kv_sep || pair_sep == " " && kv_sep.contains(is_blank) {
            return Err(Error::option("kv_sep", "must not be what stands between pairs"));
        }
        let bare = match args.str("bare").as_str() {
            "unit" => Bare::Unit,
            "drop" => Bare::Drop,
            "error" => Bare::Error,
            _ => Bare::True,
        };
        let repeated = match args.str("repeated").as_str() {
            "list" => Repeated::List,
            "error" => Repeated::Error,
            _ => Repeated::Last,
        };
        Ok(Self { pair_sep: (pair_sep != " ").then_some(pair_sep), kv_sep, quote, bare, repeated })
    }

    /// Where the pair at the beginning of `text` ends, and where the next one begins.
    fn end(&self, text: &str) -> (usize, usize) {
        let found = match &self.pair_sep {
            Some(sep) => text.find(sep.as_str()).map(|at| (at, at + sep.len())),
            None => text.find(is_blank).map(|at| (at, at + 1)),
        };
        found.unwrap_or((text.len(), text.len()))
    }

    fn parse(&self, text: &str) -> Result<Map> {
        let mut map = Gather::new();
        let mut rest = text.trim_matches(|letter| is_blank(letter) || matches!(letter, '\r' | '\n'));
        while !rest.is_empty() {
            let (end, next) = self.end(rest);
            let Some(at) = rest[..end].find(&self.kv_sep) else {
                let word = rest[..end].trim_matches(is_blank);
                rest = rest[next..].trim_start_matches(is_blank);
                match self.bare {
                    _ if word.is_empty() => {}
                    Bare::True => self.put(&mut map, word, Datum::Bool(true))?,
                    Bare::Unit => self.put(&mut map, word, Datum::Unit)?,
                    Bare::Drop => {}
                    Bare::Error => return Err(Error::data(format!("there is no `{}` in", self.kv_sep), word)),
                }
                continue;
            };
            let key = rest[..at].trim_matches(is_blank);
            if key.is_empty() {
                return Err(Error::data("there is no key before", &rest[at..end]));
            }
            let from = at + self.kv_sep.len();
            // Between blanks one behind the separator ends the pair.
            let from = if self.pair_sep.is_some() { rest.len() - rest[from..].trim_start_matches(is_blank).len() } else { from };
            if from <= end && self.quote.is_some_and(|quote| rest[from..].starts_with(quote)) {
                let (value, length) = self.quoted(&rest[from..])?;
                self.put(&mut map, key, value.into())?;
                let behind = &rest[from + length..];
                let (end, next) = self.end(behind);
                if !behind[..end].trim_matches(is_blank).is_empty() {
                    return Err(Error::data("something stands behind a closing quote", &rest[..from + length + end]));
                }
                rest = behind[next..].trim_start_matches(is_blank);
            } else {
                // Blanks behind the separator may have led beyond the end.
                self.put(&mut map, key, rest[from.min(end)..end].trim_matches(is_blank).into())?;
                rest = rest[next..].trim_start_matches(is_blank);
            }
        }
        Ok(map.into_map())
    }

    /// The value in quotes at the beginning of `text`, and how long it is with them.
    fn quoted(&self, text: &str) -> Result<(String, usize)> {
        let (mut value, mut escaped) = (String::new(), false);
        for (at, letter) in text.char_indices().skip(1) {
            if std::mem::take(&mut escaped) {
                match letter {
                    'n' => value.push('\n'),
                    'r' => value.push('\r'),
                    't' => value.push('\t'),
                    letter if letter == '\\' || Some(letter) == self.quote => value.push(letter),
                    // What is no escape is what it was: paths of Windows, for instance.
                    letter => value.extend(['\\', letter]),
                }
            } else if letter == '\\' {
                escaped = true;
            } else if Some(letter) == self.quote {
                return Ok((value, at + letter.len_utf8()));
            } else {
                value.push(letter);
            }
        }
        Err(Error::data("a quote is not closed", text))
    }

    fn put(&self, map: &mut Gather, key: &str, value: Datum) -> Result<()> {
        match (map.add(Key::new(key), value), self.repeated) {
            (None, _) => {}
            (Some(_), Repeated::Error) => return Err(Error::data("comes twice: the key", key)),
            (Some((Datum::List(list), value)), Repeated::List) => list.push(value),
            (Some((before, value)), Repeated::List) => *before = Datum::List(vec![std::mem::take(before), value]),
            (Some((before, value)), Repeated::Last) => *before = value,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};

    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::datum::json;

    /// What comes of a text; `!` where it fails.
    fn told(given: Vec<(&str, Given)>, text: &str) -> String {
        Bench::new(&SPEC, given).feed(text).first().map_or("!".into(), json::to_string)
    }

    #[test]
    fn lines() {
        for (text, wanted) in [
            ("a=1 b=\"x y\"", r#"{"a":"1","b":"x y"}"#),
            ("  a=1 \t b=2 \r\n", r#"{"a":"1","b":"2"}"#),
            ("a= b=\"\" c", r#"{"a":"","b":"","c":true}"#),
            ("a=b=c", r#"{"a":"b=c"}"#),
            ("a=x\"y\"", r#"{"a":"x\"y\""}"#),
            (r#"a="\"\\\n\x" "#, r#"{"a":"\"\\\n\\x"}"#),
            ("a=1 a=2", r#"{"a":"2"}"#),
            ("ä=ö", r#"{"ä":"ö"}"#),
            ("", "{}"),
            ("a=\"open", "!"),
            ("a=\"x\"y", "!"),
            ("=1", "!"),
        ] {
            assert_eq!(told(vec![], text), wanted, "{text}");
        }
    }

    #[test]
    fn separators_and_choices() {
        for (given, text, wanted) in [
            (vec![("pair_sep", Given::from(";"))], " a = 1 ; b=\"x;y\" ;; c=;d= ", r#"{"a":"1","b":"x;y","c":"","d":""}"#),
            (vec![("pair_sep", "&".into()), ("quote", Datum::Unit.into())], "a=\"1&b=2\"", r#"{"a":"\"1","b":"2\""}"#),
            (vec![("pair_sep", ", ".into()), ("kv_sep", ": ".into())], "a: 1, b: 2,3", r#"{"a":"1","b":"2,3"}"#),
            (vec![("kv_sep", ":=".into()), ("quote", "'".into())], "a:='it\\'s' b=2", r#"{"a":"it's","b=2":true}"#),
            (vec![("bare", "unit".into())], "a b=1", r#"{"a":null,"b":"1"}"#),
            (vec![("bare", "drop".into())], "a b=1", r#"{"b":"1"}"#),
            (vec![("bare", "error".into())], "a b=1", "!"),
            (vec![("repeated", "list".into())], "a=1 b=2 a=3 a=4", r#"{"a":["1","3","4"],"b":"2"}"#),
            (vec![("repeated", "error".into())], "a=1 a=1", "!"),
        ] {
            assert_eq!(told(given, text), wanted, "{text}");
        }
        for (option, value) in [("pair_sep", ""), ("kv_sep", ""), ("kv_sep", " "), ("pair_sep", "\""), ("pair_sep", "=")] {
            assert!(Bench::refused(&SPEC, vec![(option, value.into())]).contains("must not"), "{option} {value}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_in_quotes_is_read_back(pairs in prop::collection::btree_map("[a-zä]{1,4}", any::<String>(), 0..6), semicolon in any::<bool>()) {
            let sep = if semicolon { ";" } else { " " };
            let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            let line: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}=\"{}\"", quoted(value))).collect();
            let wanted = Datum::Map(pairs.iter().map(|(key, value)| (Key::new(key), Datum::from(value.as_str()))).collect());
            assert_eq!(told(vec![("pair_sep", sep.into())], &line.join(sep)), json::to_string(&wanted));
        }

        #[test]
        fn no_text_is_too_odd(text in "[ab=\"\\\\; \tä]{0,20}", semicolon in any::<bool>()) {
            told(vec![("pair_sep", if semicolon { ";" } else { " " }.into())], &text);
        }
    }
}
