//! `regexp_lexicon`: however many rules there are, only those that a text can match are tried.

use regex_automata::meta::{Cache, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;
use regex_automata::{MatchKind, PatternSet};

use super::lexicon::expression::{Hay, LARGEST, config};
use super::lexicon::rules::Rule;
use super::lexicon::sieve::{Set, Sieve};
use super::lexicon::{Lexicon, PAGE, PARAMS};
use crate::cog::{Args, Cog, CogSpec, Ctx, Example, Kind};
use crate::datum::Datum;
use crate::error::{Error, Result};

/// `text::regexp_lexicon`: text or blob -> a map of what the groups matched.
pub static SPEC: CogSpec = CogSpec {
    family: "text",
    name: "regexp_lexicon",
    kind: Kind::Parse,
    about: "Takes a text apart by the first of its rules that matches; all are matched in one pass, however many they are.",
    page: PAGE,
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

/// So many rules that cannot be sieved are tried in turn; more of them are matched at once.
const FEW: usize = 4;

struct RegexpLexicon {
    lexicon: Lexicon,
    /// None for a single rule.
    choice: Option<Choice>,
}

/// Which rules a text can match.
struct Choice {
    sieve: Sieve,
    /// Rules that are always tried.
    always: Set,
    /// Those that can be neither sieved nor tried each time.
    crowd: Option<Crowd>,
    /// Of the text at hand.
    tried: Set,
}

/// Several rules as one expression.
struct Crowd {
    /// Their numbers.
    rules: Vec<usize>,
    regex: Regex,
    cache: Cache,
    matching: PatternSet,
}

impl RegexpLexicon {
    fn new(args: &Args) -> Result<Self> {
        let lexicon = Lexicon::new(args)?;
        let choice = if lexicon.rules.len() == 1 { None } else { Some(Choice::new(&lexicon.rules)?) };
        Ok(Self { lexicon, choice })
    }
}

impl Cog for RegexpLexicon {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let choice = &mut self.choice;
        self.lexicon.turn(ctx, datum, |rules, hay| match choice {
            Some(choice) => choice.first(rules, hay),
            None => rules[0].expression.matches(hay).then_some(0),
        })
    }
}

impl Choice {
    fn new(rules: &[Rule]) -> Result<Self> {
        let words: Vec<_> = rules.iter().map(|rule| rule.expression.words.clone()).collect();
        let (sieve, others) = Sieve::new(&words);
        let mut always = Set::with_room(rules.len());
        let crowd = if others.len() > FEW {
            Some(Crowd::new(rules, others)?)
        } else {
            for rule in others {
                always.insert(rule);
            }
            None
        };
        Ok(Self { sieve, tried: always.clone(), always, crowd })
    }

    /// The first rule that matches, its groups found.
    fn first(&mut self, rules: &mut [Rule], hay: Hay<'_>) -> Option<usize> {
        self.tried.copy(&self.always);
        self.sieve.sift(hay.bytes, &mut self.tried);
        if let Some(crowd) = &mut self.crowd {
            crowd.sift(hay, &mut self.tried);
        }
        self.tried.iter().find(|rule| rules[*rule].expression.matches(hay))
    }
}

impl Crowd {
    fn new(all: &[Rule], rules: Vec<usize>) -> Result<Self> {
        let config = config(Some(LARGEST * rules.len())).match_kind(MatchKind::All).which_captures(WhichCaptures::None);
        let patterns: Vec<&str> = rules.iter().map(|rule| all[*rule].expression.pattern.as_str()).collect();
        let built = Regex::builder().configure(config).syntax(syntax::Config::new().utf8(false)).build_many(&patterns);
        let regex = built.map_err(|error| Error::option("rules", format!("cannot be compiled together: {error}")))?;
        Ok(Self { cache: regex.create_cache(), matching: PatternSet::new(regex.pattern_len()), regex, rules })
    }

    /// Adds those that match. Where the engine falls back to its slowest road (a Unicode `\b` beside letters beyond ASCII),
    /// regex-automata 0.4 also names rules whose match begins elsewhere, though asked for anchored ones.
    fn sift(&mut self, hay: Hay<'_>, into: &mut Set) {
        self.matching.clear();
        self.regex.which_overlapping_matches_with(&mut self.cache, &hay.input(), &mut self.matching);
        self.matching.iter().for_each(|place| into.insert(self.rules[place.as_usize()]));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};
    use proptest::sample::select;

    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::datum::json;

    /// Both lexicons give the same for these rules, which are maps, and texts.
    fn are_equal(rules: &[Datum], texts: &[String], anchored: bool, ignore_case: bool) {
        let options = || {
            vec![
                ("rules", Given::Datum(Datum::List(rules.to_vec()))),
                ("matched_setter", Given::from("rule")),
                ("anchored", anchored.into()),
                ("ignore_case", ignore_case.into()),
                ("no_match", "pass".into()),
            ]
        };
        let mut linear = Bench::new(&super::super::linear_regexp_lexicon::SPEC, options());
        let mut at_once = Bench::new(&SPEC, options());
        for text in texts {
            let (one, other) = (linear.feed(text.as_str()), at_once.feed(text.as_str()));
            assert_eq!(json::to_string(&Datum::List(one)), json::to_string(&Datum::List(other)));
            let blob = || Datum::Bytes(text.as_bytes().into());
            assert_eq!(linear.feed(blob()), at_once.feed(blob()));
        }
    }

    fn rule(regexp: &str, flags: &str) -> Datum {
        json::read(&format!(r#"{{"regexp":{},"flags":"{flags}"}}"#, json::to_string(&regexp.into()))).unwrap()
    }

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
                .map(|(regexp, flags)| rule(regexp, flags))
                .collect();
            if !rules.is_empty() {
                are_equal(&rules, &texts, anchored, ignore_case);
            }
        }

        #[test]
        fn the_sieve_lets_through_all_that_match(
            rules in prop::collection::vec((prop::collection::vec(select(PARTS), 1..5), "(i|)"), 2..24),
            texts in prop::collection::vec(prop::collection::vec(select(WORDS), 0..7), 1..8),
            ignore_case in any::<bool>(),
        ) {
            let rules: Vec<Datum> = rules.iter().map(|(parts, flags)| rule(&parts.concat(), flags)).collect();
            let texts: Vec<String> = texts.iter().map(|words| words.concat()).collect();
            are_equal(&rules, &texts, false, ignore_case);
        }
    }

    const PARTS: &[&str] = &[
        "Accepted ",
        "accepted",
        "Failed ",
        "(?:Failed|Accepted) ",
        "(?:Invalid|bad) user ",
        "from ",
        "from",
        "port",
        "(\\d+)",
        "\\w+",
        " ",
        "host ",
        "(?i:host) ",
        "(Kernel panic)",
        "(?:from ){1,2}",
        "(?:port)?",
        "[Ff]rom",
        "tür",
        "^",
        ".*",
        "\\b",
        "a",
    ];
    const WORDS: &[&str] = &[
        "Accepted ",
        "accepted",
        "Failed ",
        "Invalid user ",
        "bad user ",
        "from ",
        "from",
        "FROM ",
        "port",
        "1",
        "22",
        "x",
        " ",
        "host ",
        "hoſt ",
        "Kernel panic",
        "\u{212a}ernel panic",
        "tür",
        "TÜR",
        "a",
    ];

    #[test]
    fn a_rule_among_many_is_found() {
        let rules: Vec<Datum> = (0..100).map(|n| Datum::from(format!("event{n}=(?<value>\\d+)"))).collect();
        let mut bench = Bench::new(&SPEC, vec![("rules", Given::Datum(Datum::List(rules))), ("matched_setter", "rule".into())]);
        let out = bench.feed("x event99=7 event50=8");
        assert_eq!(json::to_string(&out[0]), r#"{"value":"8","rule":51}"#);
    }

    #[test]
    fn most_rules_of_a_log_are_sieved() {
        let names = ["Accepted password", "Failed password", "Invalid user", "Connection closed", "session opened", "Received disconnect"];
        let rules = names.iter().map(|name| Datum::from(format!(r"^\w+ +\d+ (?<host>\S+) sshd\[\d+\]: {name} for (?<user>\S+)")));
        let rules = rules.chain((0..6).map(|n| Datum::from(format!(r"^(?<n{n}>\d+) \w+"))));
        let args = Args::of(&SPEC, vec![("rules", Given::Datum(Datum::List(rules.collect())))]);
        let cog = RegexpLexicon::new(&args).unwrap();
        let choice = cog.choice.unwrap();
        assert_eq!(choice.always.iter().count(), 0);
        assert_eq!(choice.crowd.as_ref().unwrap().rules, [6, 7, 8, 9, 10, 11]);
        let mut tried = Set::with_room(12);
        choice.sieve.sift(b"Mar 1 gate sshd[7]: Failed password for ada", &mut tried);
        assert_eq!(tried.iter().collect::<Vec<_>>(), [1]);
    }
}
