//! The cog against a name server on the loopback interface; what is common to the family is tested at `ip_to_ptr`.

use std::io::Write;
use std::time::{Duration, Instant};

use hickory_resolver::proto::rr::RecordType;

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::cogs::dns::rig_dns::NameServer;
use crate::datum::{Datum, json};
use crate::escapement::Clock;

const SECOND: Duration = Duration::from_secs(1);

fn options<'a>(server: &NameServer, more: Vec<(&'a str, Given)>) -> Vec<(&'a str, Given)> {
    let address = server.addr().to_string();
    let mut given = vec![("resolvers", address.as_str().into()), ("hosts_file", Given::Datum(Datum::Unit)), ("status_setter", "is".into())];
    given.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    given.extend(more);
    given
}

fn bench(server: &NameServer, more: Vec<(&str, Given)>) -> Bench {
    Bench::new(&SPEC, options(server, more))
}

/// What a name, as JSON, gets: addresses and status.
fn ask(bench: &mut Bench, name: &str) -> String {
    let mut data = bench.feed_json(&format!(r#"{{"name":{name}}}"#));
    if data.is_empty() {
        data = bench.pump(|data| data.len() == 1).iter().map(json::to_string).collect();
    }
    assert_eq!(data.len(), 1, "{name}");
    data[0].strip_prefix(&format!(r#"{{"name":{name},"#)).unwrap().trim_end_matches('}').to_owned()
}

fn assert_settled(bench: &Bench, delivered: u64) {
    let books = bench.balance();
    assert_eq!((books.in_flight, books.delivered), (0, delivered), "{books:?}");
    assert_eq!(bench.esc.bound(0), 0);
}

#[test]
fn a_name_gets_the_addresses_of_both_families_sorted_by_number() {
    let server = NameServer::start();
    server.answer("host.example", &["2001:db8::10", "192.0.2.10", "2001:db8::9", "192.0.2.9", "192.0.2.10"]);
    let mut bench = bench(&server, vec![]);
    let both = r#""ips":["192.0.2.9","192.0.2.10","2001:db8::9","2001:db8::10"],"#;
    assert_eq!(ask(&mut bench, r#""host.example""#), format!(r#"{both}"is":"found""#));
    assert_eq!(ask(&mut bench, r#""HOST.Example.""#), format!(r#"{both}"is":"cached""#));
    assert_eq!(server.questions("host.example"), 2, "one a family");
    assert_settled(&bench, 2);
}

#[test]
fn one_family_is_one_question() {
    let server = NameServer::start();
    server.answer("host.example", &["2001:db8::1", "192.0.2.1"]).answer("six.example", &["2001:db8::1"]);
    for (family, found) in [("4", r#""ips":["192.0.2.1"],"is":"found""#), ("6", r#""ips":["2001:db8::1"],"is":"found""#)] {
        assert_eq!(ask(&mut bench(&server, vec![("family", family.into())]), r#""host.example""#), found);
    }
    assert_eq!(server.questions("host.example"), 2);
    assert_eq!(ask(&mut bench(&server, vec![("family", "4".into())]), r#""six.example""#), r#""ips":[],"is":"missing""#);
}

#[test]
fn chains_of_aliases_are_followed() {
    let server = NameServer::start();
    server.cname("whole.example", "end.example", &["192.0.2.1"]);
    server.lone_cname("www.example", "cdn.example", &[]).lone_cname("cdn.example", "edge.example", &["192.0.2.2", "192.0.2.3"]);
    server.lone_cname("nowhere.example", "void.example", &[]);
    let mut bench = bench(&server, vec![("family", "4".into())]);
    assert_eq!(ask(&mut bench, r#""whole.example""#), r#""ips":["192.0.2.1"],"is":"found""#);
    assert_eq!(ask(&mut bench, r#""www.example""#), r#""ips":["192.0.2.2","192.0.2.3"],"is":"found""#);
    assert_eq!(ask(&mut bench, r#""nowhere.example""#), r#""ips":[],"is":"missing""#);
}

#[test]
fn addresses_of_several_names_are_joined() {
    let server = NameServer::start();
    server.answer("a.example", &["192.0.2.2", "192.0.2.1"]).answer("b.example", &["192.0.2.1", "10.0.0.1"]);
    let mut bench = bench(&server, vec![("family", "4".into())]);
    let names = r#"["a.example","b.example","A.example.","none.example","192.0.2.77"]"#;
    assert_eq!(ask(&mut bench, names), r#""ips":["10.0.0.1","192.0.2.1","192.0.2.2","192.0.2.77"],"is":"found""#);
    assert_eq!(server.all_questions(), 3);
    assert_eq!(ask(&mut bench, "[]"), r#""ips":[],"is":"missing""#);
}

#[test]
fn an_address_stands_for_itself_and_is_not_asked_about() {
    let server = NameServer::start();
    let mut both = bench(&server, vec![]);
    assert_eq!(ask(&mut both, r#""192.0.2.1""#), r#""ips":["192.0.2.1"],"is":"found""#);
    assert_eq!(ask(&mut both, r#""2001:DB8::1""#), r#""ips":["2001:db8::1"],"is":"found""#);
    assert_eq!(ask(&mut both, r#""::ffff:192.0.2.1""#), r#""ips":["192.0.2.1"],"is":"found""#);
    let mut six = bench(&server, vec![("family", "6".into())]);
    assert_eq!(ask(&mut six, r#""192.0.2.1""#), r#""ips":[],"is":"missing""#);
    assert_eq!(server.all_questions(), 0);
}

#[test]
fn names_of_other_letters_are_asked_about_in_punycode() {
    let server = NameServer::start();
    server.answer("xn--bcher-kva.example", &["192.0.2.1"]);
    let mut bench = bench(&server, vec![("family", "4".into())]);
    assert_eq!(ask(&mut bench, r#""Bücher.example""#), r#""ips":["192.0.2.1"],"is":"found""#);
    assert_eq!(ask(&mut bench, r#""xn--bcher-kva.example""#), r#""ips":["192.0.2.1"],"is":"cached""#);
    assert_eq!(server.questions("xn--bcher-kva.example"), 1);
}

#[test]
fn what_is_no_name_fails_alone_and_is_not_asked_about() {
    let server = NameServer::start();
    let mut bench = bench(&server, vec![]);
    let long = format!(r#"{{"name":"{}.example"}}"#, "a".repeat(64));
    for bad in [r#"{"name":""}"#, r#"{"name":"a..b"}"#, r#"{"name":"a b"}"#, r#"{"name":"[::1]"}"#, r#"{"name":3}"#, "{}", &long] {
        assert!(bench.feed_json(bad).is_empty(), "{bad}");
    }
    assert_eq!((bench.errors(), server.all_questions()), (7, 0));
    assert_settled(&bench, 0);
}

#[test]
fn a_name_that_is_not_there_goes_the_way_that_was_asked_for() {
    let server = NameServer::start();
    server.answer("bare.example", &[]);
    for (word, wanted) in
        [("empty", Some(r#""ips":[],"is":"missing""#)), ("pass", Some(r#""is":"missing""#)), ("drop", None), ("error", None)]
    {
        let mut bench = bench(&server, vec![("on_missing", word.into()), ("family", "4".into())]);
        for name in [r#""gone.example""#, r#""bare.example""#] {
            match wanted {
                Some(wanted) => assert_eq!(ask(&mut bench, name), wanted, "{word}"),
                None => assert!(bench.feed_json(&format!(r#"{{"name":{name}}}"#)).is_empty() && bench.pump(|_| false).is_empty()),
            }
        }
        let (dropped, failed) = (bench.balance().filtered, bench.balance().failed);
        assert_eq!((dropped, failed), (if word == "drop" { 2 } else { 0 }, if word == "error" { 2 } else { 0 }), "{word}");
        assert_settled(&bench, if wanted.is_some() { 2 } else { 0 });
    }
}

#[test]
fn one_family_without_answer_leaves_the_other() {
    let server = NameServer::start();
    server.answer("host.example", &["192.0.2.1"]).drop_type("host.example", RecordType::AAAA);
    let mut bench = bench(&server, vec![("timeout", 0.1.into()), ("attempts", 2.into()), ("on_timeout", "error".into())]);
    assert_eq!(ask(&mut bench, r#""host.example""#), r#""ips":["192.0.2.1"],"is":"timeout""#);
    assert_eq!(server.questions("host.example"), 3);
    assert_settled(&bench, 1);
}

#[test]
fn silence_ends_within_the_bound() {
    let server = NameServer::start();
    server.drop("host.example");
    let mut bench = bench(&server, vec![("timeout", 0.1.into()), ("attempts", 3.into())]);
    let start = Instant::now();
    assert_eq!(ask(&mut bench, r#""host.example""#), r#""is":"timeout""#);
    assert!((Duration::from_millis(300)..SECOND * 3).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_settled(&bench, 1);
}

#[test]
fn a_server_that_refuses_gives_way_to_the_next() {
    let (broken, whole) = (NameServer::start(), NameServer::start());
    broken.servfail("host.example");
    whole.answer("host.example", &["192.0.2.1"]);
    let both = Datum::List([&broken, &whole].map(|server| Datum::from(server.addr().to_string())).into());
    let mut bench = bench(&broken, vec![("resolvers", Given::Datum(both)), ("family", "4".into())]);
    assert_eq!(ask(&mut bench, r#""host.example""#), r#""ips":["192.0.2.1"],"is":"found""#);
    assert_eq!((broken.all_questions(), whole.all_questions()), (1, 1));
}

#[test]
fn a_truncated_answer_is_asked_for_again_by_tcp() {
    let server = NameServer::start();
    let many: Vec<String> = (1..=200).map(|n| format!("2001:db8::{n:x}")).collect();
    server.answer("many.example", &many.iter().map(String::as_str).collect::<Vec<_>>()).truncate("many.example");
    let data = ask(&mut bench(&server, vec![("family", "6".into())]), r#""many.example""#);
    assert!(data.starts_with(r#""ips":["2001:db8::1","2001:db8::2""#) && data.contains(r#""2001:db8::c8"],"is":"found""#), "{data}");
    assert_eq!((server.by_tcp(), server.all_questions()), (1, 2));
}

#[test]
fn equal_questions_are_asked_once_and_order_can_be_kept() {
    let server = NameServer::start();
    server.answer("slow.example", &["192.0.2.1"]).delay("slow.example", Duration::from_millis(150)).answer("fast.example", &["192.0.2.2"]);
    let mut bench = bench(&server, vec![("keep_order", true.into()), ("family", "4".into())]);
    for name in ["slow", "fast", "slow", "fast"] {
        assert!(bench.feed_json(&format!(r#"{{"name":"{name}.example"}}"#)).is_empty());
    }
    let data: Vec<String> = bench.pump(|data| data.len() == 4).iter().map(json::to_string).collect();
    let came: Vec<&str> = data.iter().filter_map(|datum| datum.split('"').nth(3)).collect();
    assert_eq!(came, ["slow.example", "fast.example", "slow.example", "fast.example"]);
    assert_eq!(server.all_questions(), 2);
    assert_settled(&bench, 4);
}

#[test]
fn answers_are_remembered_for_their_time() {
    let server = NameServer::start();
    server.answer("host.example", &["192.0.2.1"]).ttl(100);
    let clock = Clock::by_hand();
    let mut bench = Bench::on(clock.clone(), &SPEC, options(&server, vec![("family", "4".into())]));
    assert!(ask(&mut bench, r#""host.example""#).contains("found"));
    clock.advance(SECOND * 99);
    assert!(ask(&mut bench, r#""host.example""#).contains("cached"));
    clock.advance(SECOND);
    assert!(ask(&mut bench, r#""host.example""#).contains("found"));
}

#[test]
fn the_hosts_file_alone_tells_of_the_names_that_it_has() {
    let server = NameServer::start();
    server.answer("box.example", &["2001:db8::1"]);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "192.0.2.1 Box.example box\n192.0.2.2 box\n127.0.1.1 localhost").unwrap();
    let mut bench = bench(&server, vec![("hosts_file", file.path().to_str().unwrap().into())]);
    assert_eq!(ask(&mut bench, r#""box.Example""#), r#""ips":["192.0.2.1"],"is":"found""#);
    assert_eq!(ask(&mut bench, r#""box""#), r#""ips":["192.0.2.1","192.0.2.2"],"is":"found""#);
    assert_eq!(ask(&mut bench, r#""localhost""#), r#""ips":["127.0.1.1"],"is":"found""#);
    assert_eq!(ask(&mut bench, r#""a.localhost""#), r#""ips":["127.0.0.1","::1"],"is":"found""#);
    assert_eq!(server.all_questions(), 0);
}

#[test]
fn when_the_end_cannot_wait_all_goes_on() {
    let server = NameServer::start();
    server.drop("a.example").drop("b.example");
    let mut bench = bench(&server, vec![("max_pending", 1.into())]);
    for name in ["a", "b", "a"] {
        assert!(bench.feed_json(&format!(r#"{{"name":"{name}.example"}}"#)).is_empty());
    }
    let data: Vec<String> = bench.finish_within(Duration::ZERO).iter().map(json::to_string).collect();
    assert_eq!(data, ["a", "b", "a"].map(|name| format!(r#"{{"name":"{name}.example","is":"timeout"}}"#)));
    assert_settled(&bench, 3);
}

#[test]
fn options_that_cannot_work_are_refused() {
    for (option, value, text) in [("resolvers", Given::from("ns.example"), "no address"), ("hosts_file", "".into(), "takes \"system\"")] {
        let error = Bench::refused(&SPEC, vec![(option, value)]);
        assert!(error.contains(option) && error.contains(text), "{error}");
    }
}
