//! Tests of `twist::redact`: what is looked through, what stands there instead, and what is refused.

use std::time::{Duration, Instant};

use super::*;
use crate::cog::Given;
use crate::cog::bench::Bench;

fn map(entries: &[(&str, &str)]) -> Given {
    Given::Map(entries.iter().map(|(name, text)| ((*name).to_owned(), Given::from(*text))).collect())
}

#[test]
fn a_getter_that_tells_no_place_to_write_to_wants_a_setter() {
    use crate::getset::Getter;
    let several = || Given::Getter(Getter::Several([Getter::named("a").unwrap(), Getter::named("b").unwrap()].into()));
    let closure = || Given::Getter(Getter::Call(std::rc::Rc::new(|datum| Ok(datum.clone()))));
    for (getter, told) in [(several(), "no place"), (closure(), "no place"), (Given::from("u[*].x"), "many places")] {
        let error = Bench::refused(&SPEC, vec![("getter", getter.clone())]);
        assert!(error.contains("`setter`") && error.contains(told), "{error}");
        // Said where, it is well.
        Bench::new(&SPEC, vec![("getter", getter), ("setter", "r".into())]);
    }
}

#[test]
fn all_strings_at_any_depth_and_nothing_else() {
    let mut bench = Bench::new(&SPEC, vec![("count_setter", "n".into())]);
    assert_eq!(
        bench.feed_json(r#"{"a":{"b":["x 192.0.2.1",{"c":"ada@example.org"}]},"192.0.2.1":4111111111111111,"e":"plain"}"#),
        [r#"{"a":{"b":["x [ip]",{"c":"[email]"}]},"192.0.2.1":4111111111111111,"e":"plain","n":{"email":1,"ip":1}}"#]
    );
    assert_eq!(bench.feed_json(r#"{"a": [ "nothing" ]}"#), [r#"{"a":["nothing"],"n":{}}"#]);
    let mut line = Bench::new(&SPEC, vec![]);
    assert_eq!(line.feed_json(r#""from 192.0.2.1""#), [r#""from [ip]""#]);
    let mut copy = Bench::new(&SPEC, vec![("getter", "a".into()), ("setter", "b".into())]);
    assert_eq!(copy.feed_json(r#"{"a":"192.0.2.1"}"#), [r#"{"a":"192.0.2.1","b":"[ip]"}"#]);
    assert_eq!(copy.feed_json(r#"{"a":"plain"}"#), [r#"{"a":"plain","b":"plain"}"#]);
    assert_eq!(copy.feed_json("{}"), ["{}"]);
    let mut strict = Bench::new(&SPEC, vec![("getter", "a".into()), ("missing", "error".into())]);
    assert!(strict.feed_json("{}").is_empty());
    assert_eq!(strict.balance().failed, 1);
}

#[test]
fn overlapping_finds_are_one_and_leave_nothing() {
    let given = vec![("patterns", Given::from(Datum::List(vec!["email".into(), "ip".into()]))), ("more", map(&[("word", "w[a-z]+")]))];
    let mut bench = Bench::new(&SPEC, given);
    // The literal in the address is an address too; the word reaches into the mail address.
    assert_eq!(bench.feed_json(r#""ada@[192.0.2.1] wada@example.org""#), [r#""[email] [email]""#]);
    assert_eq!(bench.feed_json(r#""wow+192.0.2.1""#), [r#""[word]+[ip]""#]);
}

#[test]
fn replacements_are_for_all_or_by_pattern() {
    let mut all = Bench::new(&SPEC, vec![("replacement", "".into())]);
    assert_eq!(all.feed_json(r#""<ada@example.org>""#), [r#""<>""#]);
    let more = map(&[("user", r"user (\w+)|login (?P<who>\w+)")]);
    let mut own =
        Bench::new(&SPEC, vec![("patterns", Given::from(Datum::List(vec![]))), ("more", more), ("replacement", map(&[("user", "$1")]))]);
    assert_eq!(own.feed_json(r#""user ada login bob""#), [r#""user $1 login $1""#]);
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |given: Vec<(&str, Given)>| match (SPEC.build)(&Args::of(&SPEC, given)) {
        Ok(_) => panic!("it was built"),
        Err(error) => format!("{error} {}", error.hint().unwrap_or_default()),
    };
    assert!(refused(vec![("patterns", "emial".into())]).contains("did you mean `email`?"));
    assert!(refused(vec![("patterns", Given::from(Datum::List(vec![])))]).contains("nothing would be found"));
    assert!(refused(vec![("more", map(&[("x", "(")]))]).contains("`x` is no regular expression"));
    assert!(refused(vec![("more", map(&[("ip", "x")]))]).contains("known already"));
    assert!(refused(vec![("replacement", map(&[("iban", "x")]))]).contains("`iban` is no pattern that is looked for"));
    let number = Given::Map(vec![("ip".into(), Given::from(7))]);
    assert!(refused(vec![("replacement", number)]).contains("not a string"));
}

#[test]
fn no_text_takes_longer_than_its_length_says() {
    let patterns = Given::from(Datum::List(["email", "ip", "card", "iban"].map(Datum::str).to_vec()));
    let args = Args::of(&SPEC, vec![("patterns", patterns)]);
    let redact = Redact::new(&args).unwrap();
    for unit in ["a@", "@", "a.", "\"@", "a=", "1.", "1:", "::", ":", "1 ", "1111 ", "1111-", "aa11 ", "a", "1", "1.2.3.4", "fe80::1%", "é"]
    {
        let text = unit.repeat((1 << 17) / unit.len());
        let begun = Instant::now();
        redact.text(&text, &mut [0; 4]);
        // Looking at all pairs of letters would take minutes.
        assert!(begun.elapsed() < Duration::from_secs(20), "{unit}: {:?}", begun.elapsed());
    }
}

proptest::proptest! {
    #[test]
    fn what_is_found_is_cut_out_whole_and_the_rest_stays(text in "([a@. :1\\-\"é=%\\[\\]]|192\\.0\\.2\\.1|fe80::1|[a-z]@b\\.cz|4111 1111 1111 1111){0,40}") {
        let redact = Redact::new(&Args::of(&SPEC, vec![("replacement", "\u{1}".into())])).unwrap();
        let mut counts = [0; 3];
        let clean = redact.text(&text, &mut counts).unwrap_or_else(|| text.clone());
        let kept: Vec<&str> = clean.split('\u{1}').collect();
        proptest::prop_assert_eq!(kept.len() as i64 - 1, counts.iter().sum::<i64>());
        // What is left stands in the text, in its order, at its ends where it stands at the ends.
        let mut rest = text.as_str();
        for piece in kept {
            let at = rest.find(piece);
            proptest::prop_assert!(at.is_some());
            rest = &rest[at.unwrap() + piece.len()..];
        }
    }
}
