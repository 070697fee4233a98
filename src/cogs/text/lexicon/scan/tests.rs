//! Scans are held equal to the engine.

use std::cell::Cell;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof};
use proptest::sample::{Index, select};
use proptest::test_runner::{TestCaseError, TestRunner};
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use super::{Found, Scan, plan};

/// An expression for the engine and, if it is plain, as a scan.
struct Both {
    engine: Regex,
    scan: Option<Scan>,
    anchored: bool,
}

impl Both {
    fn new(expression: &str, anchored: bool) -> Self {
        let hir = syntax::parse_with(expression, &syntax::Config::new().utf8(false)).unwrap();
        let engine = Regex::builder().configure(Regex::config().utf8_empty(false)).build_from_hir(&hir).unwrap();
        Self { scan: plan(&hir, anchored), engine, anchored }
    }

    /// What the scan says, checked.
    fn find(&self, text: &str) -> Option<Found> {
        let scan = self.scan.as_ref()?;
        let mut slots = vec![None; 2 * self.engine.captures_len()];
        let mut wanted = slots.clone();
        // What was found before must not show through.
        slots.fill(regex_automata::util::primitives::NonMaxUsize::new(7));
        let found = scan.find(text.as_bytes(), self.anchored, &mut slots);
        let input = Input::new(text).anchored(if self.anchored { Anchored::Yes } else { Anchored::No });
        let matched = self.engine.search_slots(&input, &mut wanted).is_some();
        match found {
            Found::Yes => assert!(matched && slots == wanted, "{text:?}: {slots:?}, but the engine {matched} {wanted:?}"),
            Found::No => assert!(!matched, "{text:?}: not found, but the engine {wanted:?}"),
            Found::Open => {}
        }
        Some(found)
    }
}

/// A text with some letters changed.
fn changed(text: &str, changes: &[(Index, u8, &str)]) -> String {
    let mut letters: Vec<&str> = text.split("").filter(|letter| !letter.is_empty()).collect();
    for (place, how, letter) in changes {
        let place = place.index(letters.len() + 1);
        match how {
            0 => letters.insert(place, letter),
            1 if place < letters.len() => letters[place] = letter,
            2 if place < letters.len() => drop(letters.remove(place)),
            _ => letters.truncate(place),
        }
    }
    letters.concat()
}

fn changes() -> impl Strategy<Value = Vec<(Index, u8, &'static str)>> {
    let letters = select(vec!["a", "b", "z", "A", "1", " ", "\"", "]", "-", ":", ".", "ä", "€", "\n", "\u{a0}", "ſ"]);
    prop::collection::vec((any::<Index>(), 0u8..4, letters), 0..4)
}

/// (Expression, a text that it matches), put together.
type Piece = (String, String);

fn joined(pieces: Vec<Piece>) -> Piece {
    pieces.into_iter().fold(Piece::default(), |(expression, text), (more, its)| (expression + more.as_str(), text + its.as_str()))
}

fn named(piece: Piece) -> Piece {
    (format!("({})", piece.0), piece.1)
}

/// A run of letters and what ends it.
fn field() -> impl Strategy<Value = Piece> {
    let fields: Vec<(&str, &str, &[&str])> = vec![
        (r"\S", " ", &["ab", "1", "a\"-b", "]", "aäb"]),
        (r"[^ ]", " ", &["ab", "1\"", "ä€"]),
        (r"[^\x22]", "\"", &["ab 1", "a", "ä-", " "]),
        (r"[^\]]", r"\] ", &["1/a", "a", "\" "]),
        (r"\d", "-", &["1", "11", "111"]),
        (r"\w", ": ", &["ab", "b1", "ä"]),
        (r"[a-z]", "1", &["a", "abz"]),
        (r"[\d.]", " ä", &["1.1", "1"]),
        (r"[^a\x22]", "a", &["b1", "-", "ä"]),
        (r"(?-u:\S)", " ", &["ab", "ä"]),
        (r"(?-u:[^\x22])", "\"", &["ab", "ä"]),
        (r"(?i:[ab])", "--", &["a", "Ba"]),
        (r"\s", "a", &[" ", "\n "]),
    ];
    let counts = select(vec!["+", "+", "+", "*", "+?", "*?", "{1,}", "{1,3}", "{1,5}", "?"]);
    (select(fields), counts, any::<Index>(), any::<bool>()).prop_map(|((class, end, texts), count, place, group)| {
        let text = texts[place.index(texts.len())].to_owned();
        let run = (format!("{class}{count}"), text);
        let (run, its) = if group { named(run) } else { run };
        (run + end, its + end.replace('\\', "").as_str())
    })
}

/// A part with a fork in it.
fn fork() -> impl Strategy<Value = Piece> {
    let forks: Vec<(&str, &[&str])> = vec![
        (r"(\d+|-) ", &["1 ", "- ", "111 "]),
        (r"(?:(get) |(put) |-)", &["get ", "put ", "-"]),
        (r"(?:\[(\d+)\])?: ", &["[1]: ", ": "]),
        (r"(?:(\w+)=(\S+) )*-", &["-", "a=1 -", "a=b b=1 -"]),
        (r"((?:\d{1,3}\.){3}\d{1,3}) ", &["1.11.1.111 "]),
        (r"(?:(a)|(b)){1,3}1", &["a1", "ba1", "aab1"]),
        (r"(a|b|) ", &["a ", " "]),
        (r"ab{2}(\d){2,}-", &["abb11-", "abb111-"]),
        (r"(?i:Get) ", &["GET ", "get "]),
    ];
    (select(forks), any::<Index>())
        .prop_map(|((expression, texts), place)| (expression.to_owned(), texts[place.index(texts.len())].to_owned()))
}

/// What may stand at the end.
fn rest() -> impl Strategy<Value = Piece> {
    let rests: Vec<(&str, &[&str])> = vec![
        ("", &[""]),
        ("(.*)", &["ab ä", ""]),
        (r"(\d+)", &["1", "11"]),
        (r"(\w*)\s*(-?)", &["ab -", "ab", " -"]),
        (r"([^a]*)(a?)", &["b1a", "b", "ä"]),
        (r"(a{0,2})(a)*", &["aaa", ""]),
        (r"(\S+)", &["a-b", "ä"]),
    ];
    (select(rests), any::<Index>())
        .prop_map(|((expression, texts), place)| (expression.to_owned(), texts[place.index(texts.len())].to_owned()))
}

fn literal() -> impl Strategy<Value = Piece> {
    select(vec!["a", "ab: ", " ", "-", "ä", "\"", "1", "from address "]).prop_map(|text| (text.to_owned(), text.to_owned()))
}

/// Expressions that are nearly always plain.
fn plain() -> impl Strategy<Value = Piece> {
    let begin = prop_oneof![3 => Just(("^".to_owned(), String::new())), 1 => literal()];
    let middle = prop::collection::vec(prop_oneof![4 => field().boxed(), 2 => fork().boxed(), 1 => literal().boxed()], 0..5);
    let middle = (middle, any::<bool>()).prop_map(|(pieces, group)| if group { named(joined(pieces)) } else { joined(pieces) });
    let end = select(vec!["$", ""]).prop_map(|end| (end.to_owned(), String::new()));
    (begin, middle, rest(), end).prop_map(|(begin, middle, rest, end)| joined(vec![begin, middle, rest, end]))
}

/// Any expressions of such parts.
fn wild() -> impl Strategy<Value = Piece> {
    let class = select(vec!["a", "b", "1", "[ab]", "[^a]", ".", r"\w", r"\d", r"\S", r"\s", "ä", "(?-u:[^b])", r"(?i:k)", "(?s:.)", "ab"]);
    let atom = (class, select(vec!["", "", "+", "*", "?", "{2}", "{1,2}", "{0,3}", "{2,}", "+?", "*?", "??", "{0,2}?"])).prop_map(
        |(class, count)| if count.is_empty() || class.len() == 1 { format!("{class}{count}") } else { format!("(?:{class}){count}") },
    );
    let part = atom.prop_recursive(3, 12, 4, |part| {
        prop_oneof![
            prop::collection::vec(part.clone(), 1..4).prop_map(|parts| parts.concat()),
            part.clone().prop_map(|part| format!("({part})")),
            (part.clone(), part.clone()).prop_map(|(a, b)| format!("(?:{a}|{b})")),
            (part, select(vec!["*", "+", "?", "{2}", "{1,2}", "*?"])).prop_map(|(part, count)| format!("(?:{part}){count}")),
        ]
    });
    (select(vec!["^", "a", ""]), part, select(vec!["$", ""]), "[ab1 äkK\n-]{0,8}")
        .prop_map(|(begin, part, end, text)| (format!("{begin}{part}{end}"), text))
}

/// Runs them, and tells of how many expressions, how many are plain, and how many of so many texts a scan decided.
fn run(cases: u32, pieces: impl Strategy<Value = Piece>) -> (u32, u32, u32, u32) {
    let (all, is_plain, texts, decided) = (Cell::new(0), Cell::new(0), Cell::new(0), Cell::new(0));
    let more = |cell: &Cell<u32>| cell.set(cell.get() + 1);
    let texts_of = prop::collection::vec(changes(), 1..8);
    let mut runner = TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    let result = runner.run(&(pieces, texts_of, any::<bool>()), |((expression, text), changes, anchored)| {
        let both = Both::new(&expression, anchored);
        more(&all);
        if both.scan.is_some() {
            more(&is_plain);
        }
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for text in [text.clone()].into_iter().chain(changes.iter().map(|changes| changed(&text, changes))) {
                let Some(found) = both.find(&text) else { return };
                more(&texts);
                if found != Found::Open {
                    more(&decided);
                }
            }
        }));
        caught.map_err(|panic| TestCaseError::fail(format!("{expression}: {:?}", panic.downcast_ref::<String>())))
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    (all.get(), is_plain.get(), texts.get(), decided.get())
}

#[test]
fn what_a_scan_finds_is_what_the_engine_finds() {
    let (all, is_plain, texts, decided) = run(300, plain());
    assert!(is_plain * 10 > all * 7, "only {is_plain} of {all} expressions were scanned");
    assert!(decided * 10 > texts * 6, "only {decided} of {texts} texts were decided by a scan");
}

#[test]
fn expressions_of_all_kinds_are_scanned_rightly_or_not_at_all() {
    let (all, is_plain, ..) = run(600, wild());
    assert!(is_plain * 20 > all && is_plain * 3 < all * 2, "{is_plain} of {all} expressions were scanned");
}

const COMMON: &str = r#"^(?<host>\S+) (?<ident>\S+) (?<user>\S+) \[(?<time>[^\]]+)\] "(?<request>[^"]*)" (?<status>\d{3}) (?<size>\S+)$"#;
const COMBINED: &str = concat!(
    r#"^(?<client>\S+) \S+ (?<user>\S+) \[(?<time>[^\]]+)\] "(?<verb>[A-Z]+) (?<path>[^" ]+) (?<protocol>[^"]+)" "#,
    r#"(?<status>\d{3}) (?<size>\d+|-) "(?<referer>[^"]*)" "(?<agent>[^"]*)"$"#
);

#[test]
fn access_logs_are_scanned() {
    let line = r#"192.0.2.17 - ada [01/Mar/2026:10:11:12 +0100] "GET /search?q=gears HTTP/1.1" 200 1234"#;
    let common = Both::new(COMMON, false);
    let combined = Both::new(COMBINED, false);
    let long = format!(r#"{line} "-" "Mozilla/5.0 (X11; Linux x86_64)""#);
    assert_eq!((common.find(line), combined.find(&long)), (Some(Found::Yes), Some(Found::Yes)));
    assert_eq!((common.find(&long), combined.find(line)), (Some(Found::No), Some(Found::No)));
    let mut runner = TestRunner::new(ProptestConfig { cases: 500, ..ProptestConfig::default() });
    let done = runner.run(&changes(), |changes| {
        common.find(&changed(line, &changes));
        combined.find(&changed(&long, &changes));
        Ok(())
    });
    done.unwrap();
}

#[test]
fn what_could_be_found_otherwise_is_left_to_the_engine() {
    for expression in [
        "^a*ab",
        "^(a|ab)c",
        "^(?:ab)*",
        "^(?:ab)?",
        r"^.*-",
        r"\d+ a",
        "",
        r"^\ba",
        "^a$b",
        "(?m)^a$",
        "^a*?",
        "^(?:a?b?)*c",
        r"^(?-u)\xff",
        r"^\w+\S",
        r"^[^a]*[^b]",
    ] {
        assert!(Both::new(expression, false).scan.is_none(), "{expression}");
    }
    // A text that is long and begins in many places is searched in linear time.
    let both = Both::new("a[^b]*b", false);
    assert_eq!(both.find(&"a".repeat(1000)), Some(Found::Open));
    assert_eq!(both.find("aaac"), Some(Found::No));
}
