//! `regexp_lexicon`: all rules are matched at once.

use regex_automata::meta::{Cache, Regex};
use regex_automata::{Input, PatternSet};

use super::lexicon::{Lexicon, PARAMS};
use super::rules::{Rule, together};
use crate::cog::{Args, Cog, CogSpec, Ctx, Example, Kind};
use crate::datum::Datum;
use crate::error::Result;

/// `text::regexp_lexicon`: text or blob -> a map of what the groups matched.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "regexp_lexicon",
    kind: Kind::Parse,
    about: "Takes a text apart by the first of its rules that matches; all are matched in one pass, however many they are.",
    params: PARAMS,
    first: Some("rules"),
    global: false,
    examples: &[
        Example {
            what: "the first rule in order that matches anywhere wins",
            make: r#"text::regexp_lexicon(#{ rules: ["from (?<ip>\\S+)", "user (?<user>\\w+)"], matched_setter: "rule" })"#,
            input: r#""user ada from 192.0.2.1""#,
            output: &[r#"{"ip": "192.0.2.1", "rule": 1}"#],
        },
        Example {
            what: "groups go where the setters say; the name of the rule is kept",
            make: r#"text::regexp_lexicon(#{ rules: [#{ name: "login", regexp: "(?<user>\\w+) logged in", set: #{ user: "who.name" } }], matched_setter: "kind" })"#,
            input: r#""ada logged in""#,
            output: &[r#"{"who": {"name": "ada"}, "kind": "login"}"#],
        },
        Example {
            what: "lines that no rule knows can go",
            make: r#"text::regexp_lexicon(#{ rules: ["error: (?<error>.*)"], no_match: "drop" })"#,
            input: r#""all is well""#,
            output: &[],
        },
    ],
    build: |args| Ok(Box::new(RegexpLexicon::new(args)?)),
};

struct RegexpLexicon {
    lexicon: Lexicon,
    /// None for a single rule.
    all: Option<All>,
}

/// All rules as one expression.
struct All {
    regex: Regex,
    cache: Cache,
    matching: PatternSet,
}

impl RegexpLexicon {
    fn new(args: &Args) -> Result<Self> {
        let lexicon = Lexicon::new(args)?;
        let all = if lexicon.rules.len() == 1 {
            None
        } else {
            let regex = together(&lexicon.rules)?;
            Some(All { cache: regex.create_cache(), matching: PatternSet::new(regex.pattern_len()), regex })
        };
        Ok(Self { lexicon, all })
    }
}

impl Cog for RegexpLexicon {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let all = &mut self.all;
        self.lexicon.turn(ctx, datum, |rules, input| match all {
            Some(all) => all.first(rules, input),
            None => rules[0].matches(input).then_some(0),
        })
    }
}

impl All {
    /// The first rule that matches, its groups found.
    fn first(&mut self, rules: &mut [Rule], input: &Input<'_>) -> Option<usize> {
        self.matching.clear();
        self.regex.which_overlapping_matches_with(&mut self.cache, input, &mut self.matching);
        // Nearly always the first of them. But where the engine falls back to its slowest road (a Unicode `\b` beside letters
        // beyond ASCII), regex-automata 0.4 also names rules whose match begins elsewhere, though asked for anchored ones.
        self.matching.iter().map(|rule| rule.as_usize()).find(|rule| rules[*rule].matches(input))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::datum::json;

    proptest! {
        #[test]
        fn the_result_is_that_of_trying_the_rules_in_order(
            rules in prop::collection::vec((r"(\^|\\b|)([a-c.]|\[ab\]|\(a\|b\)|\(\?<x>c\??\)|\(\?<y>[ab]+\)|a\*|b\{1,2\}){0,4}(\$|)", "(i|m|s|){0,2}"), 1..6),
            texts in prop::collection::vec("[a-dA-C\nä]{0,8}", 1..6),
            anchored in any::<bool>(),
            ignore_case in any::<bool>(),
        ) {
            let rules: Vec<Datum> = rules
                .iter()
                .filter(|(regexp, _)| regex_automata::meta::Regex::new(regexp).is_ok())
                .map(|(regexp, flags)| json::read(&format!(r#"{{"regexp":{regexp:?},"flags":"{flags}"}}"#)).unwrap())
                .collect();
            if rules.is_empty() {
                return Ok(());
            }
            let options = || vec![
                ("rules", Given::Datum(Datum::List(rules.clone()))),
                ("matched_setter", Given::from("rule")),
                ("anchored", anchored.into()),
                ("ignore_case", ignore_case.into()),
                ("no_match", "pass".into()),
            ];
            let mut linear = Bench::new(&super::super::linear_regexp_lexicon::SPEC, options());
            let mut at_once = Bench::new(&SPEC, options());
            for text in &texts {
                let (one, other) = (linear.feed(text.as_str()), at_once.feed(text.as_str()));
                prop_assert_eq!(json::to_string(&Datum::List(one)), json::to_string(&Datum::List(other)));
                let blob = || Datum::Bytes(text.as_bytes().into());
                prop_assert_eq!(linear.feed(blob()), at_once.feed(blob()));
            }
        }
    }

    #[test]
    fn many_rules_are_matched_at_once() {
        let rules: Vec<Datum> = (0..100).map(|n| Datum::from(format!("event{n}=(?<value>\\d+)"))).collect();
        let mut bench = Bench::new(&SPEC, vec![("rules", Given::Datum(Datum::List(rules))), ("matched_setter", "rule".into())]);
        let out = bench.feed("x event99=7 event50=8");
        assert_eq!(json::to_string(&out[0]), r#"{"value":"8","rule":51}"#);
    }
}
