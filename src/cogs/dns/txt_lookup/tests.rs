//! The cog against a name server on the loopback interface; what is common to the family is tested at `ip_to_ptr`.

use std::time::Duration;

use super::{SPEC, shown};
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::cogs::dns::rig_dns::NameServer;
use crate::datum::{Datum, json};

fn bench(server: &NameServer, more: Vec<(&str, Given)>) -> Bench {
    let address = server.addr().to_string();
    let mut given = vec![("resolvers", address.as_str().into()), ("status_setter", "is".into())];
    given.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    given.extend(more);
    Bench::new(&SPEC, given)
}

/// The datum that is made of a name, given as JSON.
fn ask(bench: &mut Bench, name: &str) -> Datum {
    let datum = json::read(&format!(r#"{{"name":{name}}}"#)).unwrap();
    let mut data = bench.feed(datum);
    if data.is_empty() {
        data = bench.pump(|data| data.len() == 1);
    }
    data.pop().unwrap_or_default()
}

/// Its texts and its status.
fn found(bench: &mut Bench, name: &str) -> String {
    let text = json::to_string(&ask(bench, name));
    text.strip_prefix(&format!(r#"{{"name":{name},"#)).unwrap().trim_end_matches('}').to_owned()
}

#[test]
fn the_strings_of_one_record_are_joined_and_records_are_sorted() {
    let server = NameServer::start();
    server.texts("mail.example", &[&[b"v=spf1 ip4:192.0.2.0/24 ", b"-all"], &[b"a \"quoted\" \\ text"], &[b""]]);
    let mut bench = bench(&server, vec![]);
    let texts = r#""texts":["","a \"quoted\" \\ text","v=spf1 ip4:192.0.2.0/24 -all"]"#;
    assert_eq!(found(&mut bench, r#""mail.example""#), format!(r#"{texts},"is":"found""#));
    assert_eq!(found(&mut bench, r#""MAIL.example.""#), format!(r#"{texts},"is":"cached""#));
    assert_eq!(server.all_questions(), 1);
}

#[test]
fn bytes_that_are_no_text_are_escaped() {
    assert_eq!(shown("grüß".as_bytes()), "grüß");
    assert_eq!(shown(b"gr\xfc\xdf \xff"), r"gr\252\223 \255");
    assert_eq!(shown(b"cut \xe2\x82"), r"cut \226\130");
    let server = NameServer::start();
    server.texts("odd.example", &[&[b"a\xff", b"\xc3", b"\xbc"]]);
    // A letter may be cut by the end of a string.
    assert_eq!(
        ask(&mut bench(&server, vec![]), r#""odd.example""#),
        json::read(r#"{"name":"odd.example","texts":["a\\255ü"],"is":"found"}"#).unwrap()
    );
}

#[test]
fn names_that_no_host_has_may_be_asked_about() {
    let server = NameServer::start();
    server.texts("_dmarc.example", &[&[b"v=DMARC1; p=none"]]).texts("*.1/26.example", &[&[b"x"]]);
    let mut bench = bench(&server, vec![]);
    assert_eq!(found(&mut bench, r#""_dmarc.example""#), r#""texts":["v=DMARC1; p=none"],"is":"found""#);
    assert_eq!(found(&mut bench, r#""*.1/26.example""#), r#""texts":["x"],"is":"found""#);
    for bad in [r#"{"name":"a b"}"#, r#"{"name":".."}"#, r#"{"name":1}"#, "{}"] {
        assert!(bench.feed_json(bad).is_empty(), "{bad}");
    }
    assert_eq!(bench.errors(), 4);
}

#[test]
fn texts_of_several_names_are_joined_and_aliases_followed() {
    let server = NameServer::start();
    server.texts("a.example", &[&[b"two"], &[b"one"]]).lone_cname("b.example", "target.example", &[]);
    server.texts("target.example", &[&[b"one"], &[b"three"]]);
    let mut bench = bench(&server, vec![]);
    assert_eq!(found(&mut bench, r#"["a.example","b.example","none.example"]"#), r#""texts":["one","three","two"],"is":"found""#);
}

#[test]
fn a_long_text_comes_by_tcp() {
    let server = NameServer::start();
    let part = [b'z'; 255];
    server.texts("long.example", &[&[&part[..]; 12]]).truncate("long.example");
    let data = found(&mut bench(&server, vec![]), r#""long.example""#);
    assert_eq!(data.matches('z').count(), 255 * 12);
    assert_eq!((server.by_tcp(), server.all_questions()), (1, 2));
}

#[test]
fn refusal_absence_and_silence_have_their_ways() {
    let (broken, whole) = (NameServer::start(), NameServer::start());
    broken.servfail("a.example").drop("mute.example");
    whole.texts("a.example", &[&[b"x"]]).drop("mute.example");
    let both = Datum::List([&broken, &whole].map(|server| Datum::from(server.addr().to_string())).into());
    let more = vec![("resolvers", Given::Datum(both)), ("timeout", 0.1.into()), ("attempts", 2.into()), ("on_missing", "pass".into())];
    let mut bench = bench(&broken, more);
    assert_eq!(found(&mut bench, r#""a.example""#), r#""texts":["x"],"is":"found""#);
    assert_eq!(found(&mut bench, r#""none.example""#), r#""is":"missing""#);
    assert_eq!(found(&mut bench, r#""mute.example""#), r#""is":"timeout""#);
    assert_eq!((broken.questions("mute.example"), whole.questions("mute.example")), (1, 1));
}

#[test]
fn the_end_waits_for_answers_that_still_come() {
    let server = NameServer::start();
    server.texts("late.example", &[&[b"x"]]).delay("late.example", Duration::from_millis(200));
    let mut bench = bench(&server, vec![]);
    assert!(bench.feed_json(r#"{"name":"late.example"}"#).is_empty());
    let data = bench.finish();
    assert_eq!(data.len(), 1);
    assert!(json::to_string(&data[0]).contains(r#""texts":["x"]"#));
    assert_eq!(bench.balance().in_flight, 0);
}
