//! `linear_regexp_lexicon`: rules are tried one after another.

use super::lexicon::{Lexicon, PAGE, PARAMS};
use crate::cog::{Cog, CogSpec, Ctx, Example, Kind};
use crate::datum::Datum;
use crate::error::Result;

/// `text::linear_regexp_lexicon`: text or blob -> a map of what the groups matched.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "linear_regexp_lexicon",
    kind: Kind::Parse,
    about: "Takes a text apart by the first of its rules that matches, tried in order: for few rules, the likeliest first.",
    page: PAGE,
    params: PARAMS,
    first: Some("rules"),
    global: false,
    examples: &[
        Example {
            what: "named groups become keys",
            make: r#"text::linear_regexp_lexicon(#{ rules: ["(?<user>\\w+) logged in from (?<ip>\\S+)"] })"#,
            input: r#""ada logged in from 192.0.2.1""#,
            output: &[r#"{"user": "ada", "ip": "192.0.2.1"}"#],
        },
        Example {
            what: "setters by number, and what else is set when a rule matches",
            make: r#"text::linear_regexp_lexicon(#{ rules: [["^deny (\\S+)", "src.ip"], #{ regexp: "^allow (\\S+)", setters: ["src.ip"], constants: #{ ok: true } }] })"#,
            input: r#""allow 192.0.2.1""#,
            output: &[r#"{"ok": true, "src": {"ip": "192.0.2.1"}}"#],
        },
    ],
    build: |args| Ok(Box::new(LinearRegexpLexicon { lexicon: Lexicon::new(args)? })),
};

struct LinearRegexpLexicon {
    lexicon: Lexicon,
}

impl Cog for LinearRegexpLexicon {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        self.lexicon.turn(ctx, datum, |rules, hay| rules.iter_mut().position(|rule| rule.expression.matches(hay)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::datum::json;

    fn given(json: &str) -> Given {
        Given::Datum(json::read(json).unwrap())
    }

    fn one(options: Vec<(&str, Given)>, text: &str) -> String {
        Bench::new(&SPEC, options).feed(text).iter().map(json::to_string).collect()
    }

    fn refused(rules: &str) -> String {
        match (SPEC.build)(&crate::cog::Args::of(&SPEC, vec![("rules", given(rules))])) {
            Ok(_) => panic!("built"),
            Err(error) => format!("{error} ({})", error.hint().unwrap_or("-")),
        }
    }

    #[test]
    fn the_first_rule_in_order_wins_wherever_it_matches() {
        let rules = || ("rules", given(r#"["b(?<b>\\d)", {"regexp": "a(?<a>\\d)", "name": "A"}]"#));
        assert_eq!(one(vec![rules(), ("matched_setter", "r".into())], "a1 b2"), r#"{"b":"2","r":1}"#);
        assert_eq!(one(vec![rules(), ("matched_setter", "r".into())], "a1"), r#"{"a":"1","r":"A"}"#);
        assert_eq!(one(vec![rules(), ("anchored", true.into())], "a1 b2"), r#"{"a":"1"}"#);
        assert_eq!(one(vec![rules(), ("ignore_case", true.into())], "B7"), r#"{"b":"7"}"#);
    }

    #[test]
    fn groups_that_took_no_part_set_nothing() {
        let rules = given(r#"[{"regexp": "(?<a>x)|(?<b>y)", "set": {"b": "p.q"}}, "(?<c>z)?"]"#);
        assert_eq!(one(vec![("rules", rules.clone())], "y"), r#"{"p":{"q":"y"}}"#);
        assert_eq!(one(vec![("rules", rules.clone())], "x"), "{}");
        assert_eq!(one(vec![("rules", rules)], "-"), "{}");
    }

    #[test]
    fn no_match_is_an_error_or_dropped_or_passed() {
        let rules = || ("rules", given(r#"["x"]"#));
        let mut bench = Bench::new(&SPEC, vec![rules()]);
        assert!(bench.feed("y").is_empty());
        assert_eq!(bench.errors(), 1);
        let mut bench = Bench::new(&SPEC, vec![rules(), ("no_match", "drop".into())]);
        assert!(bench.feed("y").is_empty());
        assert_eq!((bench.errors(), bench.balance().filtered), (0, 1));
        assert_eq!(one(vec![rules(), ("no_match", "pass".into())], "y"), "\"y\"");
    }

    #[test]
    fn the_datum_can_be_kept_with_constants_and_groups_in_it() {
        let rules = given(r#"[{"regexp": "(?<n>\\d+)", "constants": {"kind": "number", "n": 0}}]"#);
        let options = vec![("rules", rules), ("data_getter", "t".into()), ("initial", "keep".into())];
        assert_eq!(Bench::new(&SPEC, options).feed_json(r#"{"t":"a 42"}"#), [r#"{"t":"a 42","kind":"number","n":"42"}"#]);
    }

    #[test]
    fn blobs_are_matched_and_cut_into_blobs() {
        let mut bench = Bench::new(&SPEC, vec![("rules", given(r#"["(?-u)(?<head>[\\x80-\\xff]+)(?<rest>.*)"]"#))]);
        let out = bench.feed(Datum::Bytes(b"\xff\xfeab".as_slice().into()));
        let map = out[0].as_map().unwrap();
        assert_eq!(map.by_name("head"), Some(&Datum::Bytes(b"\xff\xfe".as_slice().into())));
        assert_eq!(map.by_name("rest"), Some(&Datum::Bytes(b"ab".as_slice().into())));
        let out = bench.feed("ä");
        assert_eq!(out[0].as_map().unwrap().by_name("head"), Some(&Datum::str("ä")));
    }

    #[test]
    fn a_match_stays_in_its_text_until_it_is_used() {
        let rules = given(r#"[{"regexp": "(?<a>\\S+) (?<b>[^ ]+) \"(?<c>[^\"]*)\"(?<d>x)?", "name": "A", "constants": {"k": 1}}]"#);
        let options = || vec![("rules", rules.clone()), ("matched_setter", "rule".into()), ("initial", given(r#"{"i": []}"#))];
        let out = Bench::new(&SPEC, options()).feed("x\"\u{1} y \"c:\\d ä\"");
        assert!(!out[0].as_map().unwrap().is_read());
        assert_eq!(json::to_string(&out[0]), r#"{"i":[],"k":1,"a":"x\"\u0001","b":"y","c":"c:\\d ä","rule":"A"}"#);
        let out = Bench::new(&SPEC, options()).feed("x y \"plain\"x");
        assert_eq!(json::to_string(&out[0]), r#"{"i":[],"k":1,"a":"x","b":"y","c":"plain","d":"x","rule":"A"}"#);
    }

    #[test]
    fn the_name_of_the_rule_takes_the_place_of_a_group() {
        let rules = || ("rules", given(r#"["(?<a>x)(?<b>y)?(?<c>z)"]"#));
        assert_eq!(one(vec![rules(), ("matched_setter", "a".into())], "xz"), r#"{"a":1,"c":"z"}"#);
        assert_eq!(one(vec![rules(), ("matched_setter", "b".into())], "xz"), r#"{"a":"x","c":"z","b":1}"#);
        assert_eq!(one(vec![rules(), ("matched_setter", "b".into())], "xyz"), r#"{"a":"x","b":1,"c":"z"}"#);
        assert_eq!(one(vec![rules(), ("matched_setter", "m.n".into())], "xz"), r#"{"a":"x","c":"z","m":{"n":1}}"#);
    }

    #[test]
    fn flags_are_per_rule() {
        let rules = given(r#"[{"regexp": "^ b (?<x> . ) $  # a comment", "flags": "xms"}]"#);
        assert_eq!(one(vec![("rules", rules)], "a\nb\n\nc"), r#"{"x":"\n"}"#);
    }

    #[test]
    fn bad_rules_are_refused_with_number_and_caret() {
        let shown = refused(r#"["a", "(ab"]"#);
        assert!(shown.contains("rule 2: unclosed group\n    (ab\n    ^"), "{shown}");
        let shown = refused(r#"["(?=a)"]"#);
        assert!(shown.contains("look-around") && shown.contains("time linear"), "{shown}");
        let shown = refused(r#"["(a)\\1"]"#);
        assert!(shown.contains("backreferences") && shown.contains("time linear"), "{shown}");
        assert!(refused(r#"["(\\w{100}){100}"]"#).contains("rule 1: its compiled form is larger than 1 MiB"));
        assert!(refused(r#"[["(a)", "x", "y"]]"#).contains("2 setters, but 1 groups"));
        assert!(refused(r#"[{"regexp": "(?<user>a)", "set": {"usr": "x"}}]"#).contains("no group `usr` (did you mean `user`?)"));
        assert!(
            refused(r#"[{"regexp": "(a)", "set": {"1": "x"}}]"#)
                .contains("no group `1` (groups are set by their numbers with `setters: [..]`")
        );
        let constants = Given::Map(vec![("a".into(), 1.into()), ("b".into(), Given::Odd("Fn".into()))]);
        let rule = Given::Map(vec![("regexp".into(), "x".into()), ("constants".into(), constants)]);
        let told = Bench::refused(&SPEC, vec![("rules", Given::List(vec![rule]))]);
        assert!(told.contains("rule 1: `b` of `constants` must be a plain value, but is `Fn`"), "{told}");
        assert!(refused(r#"[{"regex": "a"}]"#).contains("no `regex` (did you mean `regexp`?)"));
        assert!(refused(r#"[{"regexp": "a", "flags": "g"}]"#).contains("no flag `g`"));
        assert!(refused("[]").contains("at least one rule"));
        assert!(refused("[3]").contains("rule 1: must be a map, an array or a string, but is `int`"));
    }
}
