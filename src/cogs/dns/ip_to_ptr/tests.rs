//! The cog against a name server on the loopback interface.

use std::io::Write;
use std::time::{Duration, Instant};

use super::{IpToPtr, SPEC};
use crate::cog::bench::Bench;
use crate::cog::{Args, CogSpec, Given};
use crate::cogs::dns::rig_dns::NameServer;
use crate::datum::{Datum, json};
use crate::escapement::Clock;

const SECOND: Duration = Duration::from_secs(1);

fn unit() -> Given {
    Given::Datum(Datum::Unit)
}

/// Options for asking this server, with names and status in short fields.
fn options<'a>(server: &NameServer, more: Vec<(&'a str, Given)>) -> Vec<(&'a str, Given)> {
    let address = server.addr().to_string();
    let mut given = vec![("resolvers", address.as_str().into()), ("hosts_file", unit())];
    given.extend([("name_setter", "names".into()), ("status_setter", "is".into())]);
    given.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    given.extend(more);
    given
}

fn bench(server: &NameServer, more: Vec<(&str, Given)>) -> Bench {
    Bench::new(&SPEC, options(server, more))
}

fn feed(bench: &mut Bench, ip: &str) -> Vec<String> {
    bench.feed_json(&format!(r#"{{"ip":"{ip}"}}"#))
}

fn pump(bench: &mut Bench, count: usize) -> Vec<String> {
    bench.pump(|data| data.len() == count).iter().map(json::to_string).collect()
}

/// Feeds one and waits for it.
fn ask(bench: &mut Bench, ip: &str) -> String {
    let mut data = feed(bench, ip);
    if data.is_empty() {
        data = pump(bench, 1);
    }
    assert_eq!(data.len(), 1, "{data:?}");
    data.remove(0)
}

/// Nothing is on its way, and nothing was lost.
fn assert_settled(bench: &Bench, delivered: u64) {
    let books = bench.balance();
    assert_eq!((books.in_flight, books.delivered), (0, delivered), "{books:?}");
    assert_eq!(books.born + books.split, books.delivered + books.filtered + books.failed + books.merged, "{books:?}");
    assert_eq!(bench.esc.bound(0), 0);
}

#[test]
fn an_address_gets_its_names() {
    let server = NameServer::start();
    server.answer("192.0.2.1", &["host.example", "a.example"]).answer("2001:db8::1", &["six.example"]);
    let mut bench = bench(&server, vec![("name_setter", "hostnames".into())]);
    assert_eq!(ask(&mut bench, "192.0.2.1"), r#"{"ip":"192.0.2.1","hostnames":["a.example","host.example"],"is":"found"}"#);
    assert_eq!(ask(&mut bench, "2001:db8::1"), r#"{"ip":"2001:db8::1","hostnames":["six.example"],"is":"found"}"#);
    assert_settled(&bench, 2);
}

#[test]
fn a_name_may_hold_anything_and_is_shown_safely() {
    let server = NameServer::start();
    server.answer("192.0.2.1", &["a\u{1b}[1m\u{17e}.example"]);
    let shown = ask(&mut bench(&server, vec![]), "192.0.2.1");
    assert_eq!(shown, r#"{"ip":"192.0.2.1","names":["a\\027\\0911m\\197\\190.example"],"is":"found"}"#);
}

#[test]
fn an_address_without_name_goes_the_way_that_was_asked_for() {
    let server = NameServer::start();
    server.answer("192.0.2.2", &[]);
    for (word, wanted) in [
        ("empty", Some(r#"{"ip":"IP","names":[],"is":"missing"}"#)),
        ("pass", Some(r#"{"ip":"IP","is":"missing"}"#)),
        ("drop", None),
        ("error", None),
    ] {
        let mut bench = bench(&server, vec![("on_missing", word.into())]);
        for ip in ["192.0.2.1", "192.0.2.2", "192.0.2.1"] {
            let mut data = feed(&mut bench, ip);
            data.extend(pump(&mut bench, usize::from(data.is_empty() && wanted.is_some())));
            assert_eq!(data, wanted.map(|text| text.replace("IP", ip)).into_iter().collect::<Vec<_>>(), "{word}");
            if wanted.is_none() {
                bench.pump(|_| false);
            }
        }
        let (dropped, failed) = (bench.balance().filtered, bench.balance().failed);
        assert_eq!((dropped, failed), (if word == "drop" { 3 } else { 0 }, if word == "error" { 3 } else { 0 }), "{word}");
        assert_settled(&bench, if wanted.is_some() { 3 } else { 0 });
    }
    assert_eq!(server.all_questions(), 8, "each bench asked about each address once");
}

#[test]
fn silence_ends_within_the_bound() {
    let server = NameServer::start();
    server.drop("192.0.2.1");
    for (word, wanted) in [("pass", r#"{"ip":"192.0.2.1","is":"timeout"}"#), ("empty", r#"{"ip":"192.0.2.1","names":[],"is":"timeout"}"#)] {
        let mut bench = bench(&server, vec![("timeout", 0.1.into()), ("attempts", 3.into()), ("on_timeout", word.into())]);
        let start = Instant::now();
        assert_eq!(ask(&mut bench, "192.0.2.1"), wanted);
        assert!((Duration::from_millis(300)..SECOND * 3).contains(&start.elapsed()), "{:?}", start.elapsed());
        assert_settled(&bench, 1);
    }
    assert_eq!(server.questions("192.0.2.1"), 6, "one question an attempt");
}

#[test]
fn a_look_up_never_takes_longer_than_its_bound() {
    fn hasty(args: &Args) -> IpToPtr {
        let mut cog = IpToPtr::new(args).unwrap();
        assert_eq!(cog.manners.longest, SECOND * 5);
        cog.manners.longest = Duration::from_millis(200);
        cog
    }
    static HASTY: CogSpec = CogSpec { build: |args| Ok(Box::new(hasty(args))), ..SPEC };
    let server = NameServer::start();
    server.drop("192.0.2.1");
    let mut bench = Bench::new(&HASTY, options(&server, vec![("timeout", 60.into()), ("attempts", 9.into())]));
    let start = Instant::now();
    assert_eq!(ask(&mut bench, "192.0.2.1"), r#"{"ip":"192.0.2.1","is":"timeout"}"#);
    assert!(start.elapsed() < SECOND * 3, "{:?}", start.elapsed());
}

#[test]
fn an_answer_with_a_wrong_id_is_ignored() {
    let server = NameServer::start();
    server.answer("192.0.2.1", &["host.example"]).wrong_id("192.0.2.1");
    let data = ask(&mut bench(&server, vec![]), "192.0.2.1");
    assert_eq!(data, r#"{"ip":"192.0.2.1","names":["host.example"],"is":"found"}"#);
    assert_eq!(server.questions("192.0.2.1"), 1);
}

#[test]
fn aliases_of_classless_delegation_are_followed() {
    let server = NameServer::start();
    server.cname("192.0.2.1", "1.0-25.2.0.192.in-addr.arpa", &["whole.example"]);
    server.lone_cname("192.0.2.129", "129.128-25.2.0.192.in-addr.arpa", &["lone.example"]);
    let mut bench = bench(&server, vec![]);
    assert_eq!(ask(&mut bench, "192.0.2.1"), r#"{"ip":"192.0.2.1","names":["whole.example"],"is":"found"}"#);
    assert_eq!(ask(&mut bench, "192.0.2.129"), r#"{"ip":"192.0.2.129","names":["lone.example"],"is":"found"}"#);
    assert_eq!(server.all_questions(), 3);
}

#[test]
fn a_truncated_answer_is_asked_for_again_by_tcp() {
    let server = NameServer::start();
    let names: Vec<String> = (0..100).map(|n| format!("host-{n:03}.with.a.rather.long.name.example")).collect();
    server.answer("192.0.2.1", &names.iter().map(String::as_str).collect::<Vec<_>>()).truncate("192.0.2.1");
    let data = ask(&mut bench(&server, vec![]), "192.0.2.1");
    assert!(data.contains("host-000.with") && data.contains("host-099.with"), "{data}");
    assert_eq!((server.by_tcp(), server.questions("192.0.2.1")), (1, 2));
}

#[test]
fn equal_questions_are_asked_once() {
    let server = NameServer::start();
    server.answer("192.0.2.1", &["host.example"]).delay("192.0.2.1", Duration::from_millis(100));
    let mut bench = bench(&server, vec![]);
    for _ in 0..5 {
        assert!(feed(&mut bench, "192.0.2.1").is_empty());
    }
    let data = pump(&mut bench, 5);
    assert!(data.iter().all(|datum| datum.ends_with(r#""names":["host.example"],"is":"found"}"#)), "{data:?}");
    assert_eq!(feed(&mut bench, "::ffff:192.0.2.1"), [r#"{"ip":"::ffff:192.0.2.1","names":["host.example"],"is":"cached"}"#]);
    assert_eq!(server.all_questions(), 1);
    assert_settled(&bench, 6);
}

#[test]
fn a_slow_answer_does_not_hold_up_what_needs_none() {
    let server = NameServer::start();
    server.answer("192.0.2.1", &["slow.example"]).delay("192.0.2.1", Duration::from_millis(700)).answer("192.0.2.2", &["fast.example"]);
    let mut bench = bench(&server, vec![("timeout", 4.into())]);
    ask(&mut bench, "192.0.2.2");
    assert!(feed(&mut bench, "192.0.2.1").is_empty());
    assert_eq!(feed(&mut bench, "192.0.2.2").len(), 1, "known");
    assert_eq!(feed(&mut bench, "127.0.0.1").len(), 1, "loopback");
    assert_eq!(bench.feed_json(r#"{"ip":[]}"#).len(), 1, "nothing to ask");
    feed(&mut bench, "192.0.2.3");
    let data = pump(&mut bench, 2);
    assert!(data[0].contains("192.0.2.3") && data[1].contains("slow.example"), "{data:?}");
    assert_settled(&bench, 6);
}

#[test]
fn with_keep_order_data_leave_as_they_came() {
    let server = NameServer::start();
    for n in 1..=5_u8 {
        let ip = format!("192.0.2.{n}");
        server.answer(&ip, &["host.example"]).delay(&ip, Duration::from_millis(40 * u64::from(5 - n)));
    }
    let mut bench = bench(&server, vec![("keep_order", true.into())]);
    let asked = ["192.0.2.5", "192.0.2.1", "192.0.2.5", "127.0.0.1", "192.0.2.4", "192.0.2.2", "192.0.2.1"];
    ask(&mut bench, asked[0]);
    assert_eq!(feed(&mut bench, asked[0]).len(), 1, "nothing is before it");
    for ip in &asked[1..] {
        assert!(feed(&mut bench, ip).is_empty());
    }
    let data = pump(&mut bench, 6);
    let came: Vec<&str> = data.iter().filter_map(|datum| datum.split('"').nth(3)).collect();
    assert_eq!(came, &asked[1..]);
    assert_eq!(server.all_questions(), 4);
    assert_settled(&bench, 8);
}

#[test]
fn answers_are_remembered_for_their_time_within_bounds() {
    let server = NameServer::start();
    server.answer("192.0.2.1", &["host.example"]).ttl(1);
    let clock = Clock::by_hand();
    let mut bench = Bench::on(clock.clone(), &SPEC, options(&server, vec![("cache_ttl_max", 100.into())]));
    assert!(ask(&mut bench, "192.0.2.1").contains("found"));
    assert!(ask(&mut bench, "192.0.2.2").contains("missing"));
    clock.advance(SECOND * 29);
    assert_eq!(feed(&mut bench, "192.0.2.1").len(), 1);
    clock.advance(SECOND);
    server.ttl(86_400);
    assert!(ask(&mut bench, "192.0.2.1").contains("found"));
    clock.advance(SECOND * 29);
    assert_eq!(feed(&mut bench, "192.0.2.2").len(), 1);
    clock.advance(SECOND);
    assert!(feed(&mut bench, "192.0.2.2").is_empty());
    assert_eq!(pump(&mut bench, 1).len(), 1);
    clock.advance(SECOND * 69);
    assert_eq!(feed(&mut bench, "192.0.2.1").len(), 1);
    clock.advance(SECOND);
    assert!(ask(&mut bench, "192.0.2.1").contains("found"));
    assert_eq!((server.questions("192.0.2.1"), server.questions("192.0.2.2")), (3, 2));
}

#[test]
fn silence_is_not_remembered() {
    let server = NameServer::start();
    server.drop("192.0.2.1");
    let mut bench = bench(&server, vec![("timeout", 0.05.into()), ("attempts", 1.into())]);
    for _ in 0..3 {
        assert!(ask(&mut bench, "192.0.2.1").contains("timeout"));
    }
    assert_eq!(server.questions("192.0.2.1"), 3);
}

#[test]
fn a_server_that_refuses_gives_way_to_the_next() {
    let (broken, whole) = (NameServer::start(), NameServer::start());
    broken.servfail("192.0.2.1").servfail("192.0.2.2");
    whole.answer("192.0.2.1", &["host.example"]).servfail("192.0.2.2");
    let both = Datum::List([&broken, &whole].map(|server| Datum::from(server.addr().to_string())).into());
    let mut bench = bench(&broken, vec![("resolvers", Given::Datum(both))]);
    assert!(ask(&mut bench, "192.0.2.1").contains("host.example"));
    let start = Instant::now();
    assert!(ask(&mut bench, "192.0.2.2").contains("timeout"));
    assert!(start.elapsed() < SECOND * 3, "nobody is left to ask");
    assert_eq!((broken.questions("192.0.2.2"), whole.questions("192.0.2.2")), (1, 1));
}

#[test]
fn a_silent_server_is_asked_last_from_then_on() {
    let (silent, whole) = (NameServer::start(), NameServer::start());
    silent.drop("192.0.2.1").drop("192.0.2.2");
    whole.answer("192.0.2.1", &["a.example"]).answer("192.0.2.2", &["b.example"]);
    let both = Datum::List([&silent, &whole].map(|server| Datum::from(server.addr().to_string())).into());
    let mut bench = bench(&silent, vec![("resolvers", Given::Datum(both)), ("timeout", 0.5.into())]);
    assert!(ask(&mut bench, "192.0.2.1").contains("a.example"));
    assert!(ask(&mut bench, "192.0.2.2").contains("b.example"));
    assert_eq!((silent.questions("192.0.2.1"), silent.questions("192.0.2.2")), (1, 0));
}

#[test]
fn names_of_several_addresses_are_joined() {
    let server = NameServer::start();
    server.answer("192.0.2.1", &["z.example", "same.example"]).answer("192.0.2.2", &["same.example", "a.example"]).drop("192.0.2.3");
    let mut bench = bench(&server, vec![("timeout", 0.5.into()), ("attempts", 2.into()), ("on_missing", "error".into())]);
    bench.feed_json(r#"{"ip":["192.0.2.1","192.0.2.2","192.0.2.1","192.0.2.9"]}"#);
    assert!(pump(&mut bench, 1)[0].ends_with(r#""names":["a.example","same.example","z.example"],"is":"found"}"#));
    let known = bench.feed_json(r#"{"ip":["192.0.2.1","192.0.2.9"]}"#);
    assert!(known[0].ends_with(r#""names":["same.example","z.example"],"is":"cached"}"#), "{known:?}");
    bench.feed_json(r#"{"ip":["192.0.2.1","192.0.2.3"]}"#);
    assert!(pump(&mut bench, 1)[0].ends_with(r#""names":["same.example","z.example"],"is":"timeout"}"#));
    assert_eq!(bench.feed_json(r#"{"ip":[]}"#), [r#"{"ip":[],"names":[],"is":"missing"}"#]);
    assert_settled(&bench, 4);
}

#[test]
fn what_is_no_address_fails_alone() {
    let server = NameServer::start();
    let mut bench = bench(&server, vec![]);
    for bad in [r#"{"ip":"192.0.2.0/24"}"#, r#"{"ip":"x"}"#, r#"{"ip":["192.0.2.1","x"]}"#, r#"{"ip":3}"#, "{}", "1"] {
        assert!(bench.feed_json(bad).is_empty());
    }
    assert_eq!((bench.errors(), server.all_questions()), (6, 0));
    assert_settled(&bench, 0);
}

#[test]
fn the_hosts_file_comes_first_and_needs_no_question() {
    let server = NameServer::start();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "192.0.2.1 host alias\n127.0.0.1 me").unwrap();
    let path = file.path().to_str().unwrap();
    let mut bench = bench(&server, vec![("hosts_file", path.into())]);
    assert_eq!(feed(&mut bench, "192.0.2.1"), [r#"{"ip":"192.0.2.1","names":["alias","host"],"is":"found"}"#]);
    assert_eq!(feed(&mut bench, "127.0.0.1"), [r#"{"ip":"127.0.0.1","names":["me"],"is":"found"}"#]);
    assert_eq!(server.all_questions(), 0);
}

#[test]
fn without_name_servers_the_train_starts_and_all_goes_on() {
    fn lonely(args: &Args) -> IpToPtr {
        let mut cog = IpToPtr::new(args).unwrap();
        cog.system = Vec::new;
        cog
    }
    static NOBODY: CogSpec = CogSpec { build: |args| Ok(Box::new(lonely(args))), ..SPEC };
    let mut bench = Bench::new(&NOBODY, vec![("status_setter", "is".into())]);
    assert_eq!(feed(&mut bench, "192.0.2.1"), [r#"{"ip":"192.0.2.1","is":"timeout"}"#]);
    assert_settled(&bench, 1);
}

#[test]
fn ten_thousand_questions_in_small_portions() {
    let server = NameServer::start();
    server.answer("198.18.0.0", &["host.example"]);
    let mut bench = bench(&server, vec![("max_pending", 64.into()), ("on_timeout", "error".into())]);
    for n in 0..10_000 {
        assert!(feed(&mut bench, &format!("198.18.{}.{}", n / 256, n % 256)).is_empty());
        assert!(bench.esc.bound(0) <= 64);
    }
    let mut came = 0;
    loop {
        // Each time only until the bench's own patience ends.
        let more = bench.pump(|data| came + data.len() == 10_000).len();
        came += more;
        if more == 0 || came == 10_000 {
            break;
        }
    }
    assert_eq!((came, bench.errors()), (10_000, 0));
    assert!(feed(&mut bench, "198.18.0.255")[0].contains("missing"));
    assert_settled(&bench, 10_001);
}

#[test]
fn questions_without_room_wait_in_order_of_arrival() {
    let server = NameServer::start();
    (1..=4).for_each(|n| _ = server.answer(&format!("192.0.2.{n}"), &["host.example"]));
    let mut bench = bench(&server, vec![("max_pending", 1.into())]);
    for n in [3, 1, 4, 2] {
        feed(&mut bench, &format!("192.0.2.{n}"));
    }
    let data = pump(&mut bench, 4);
    let came: Vec<&str> = data.iter().filter_map(|datum| datum.split('"').nth(3)).collect();
    assert_eq!(came, ["192.0.2.3", "192.0.2.1", "192.0.2.4", "192.0.2.2"]);
}

#[test]
fn the_end_waits_for_answers_that_still_come() {
    let server = NameServer::start();
    server.answer("192.0.2.1", &["late.example"]).delay("192.0.2.1", Duration::from_millis(200));
    let mut bench = bench(&server, vec![]);
    feed(&mut bench, "192.0.2.1");
    feed(&mut bench, "192.0.2.2");
    let data = bench.finish();
    assert_eq!(data.len(), 2);
    assert!(json::to_string(&data[1]).contains("late.example"));
    assert_settled(&bench, 2);
}

#[test]
fn when_the_end_cannot_wait_all_goes_on_without_names() {
    let server = NameServer::start();
    server.drop("192.0.2.1").drop("192.0.2.2").drop("192.0.2.3").answer("192.0.2.4", &["known.example"]);
    for keep_order in [false, true] {
        let mut bench = bench(&server, vec![("max_pending", 2.into()), ("keep_order", keep_order.into())]);
        ask(&mut bench, "192.0.2.4");
        let mut data: Vec<String> = Vec::new();
        for ip in ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.1"] {
            data.extend(feed(&mut bench, ip));
        }
        data.extend(bench.finish_within(Duration::ZERO).iter().map(json::to_string));
        let silent = |n: u8| format!(r#"{{"ip":"192.0.2.{n}","is":"timeout"}}"#);
        let known = r#"{"ip":"192.0.2.4","names":["known.example"],"is":"cached"}"#.to_owned();
        let mut wanted = vec![silent(1), silent(2), silent(3), silent(1)];
        wanted.insert(if keep_order { 3 } else { 0 }, known);
        assert_eq!(data, wanted);
        assert_settled(&bench, 6);
    }
}

#[test]
fn options_that_cannot_work_are_refused() {
    for (option, value, text) in [
        ("resolvers", Given::from("ns.example"), "no address of a name server"),
        ("resolvers", Given::Datum(Datum::List(vec![])), "names no server"),
        ("attempts", 0.into(), "more than 0"),
        ("timeout", 0.into(), "more than 0"),
        ("max_pending", 0.into(), "more than 0"),
        ("hosts_file", "".into(), "takes \"system\""),
    ] {
        let error = Bench::refused(&SPEC, vec![(option, value)]);
        assert!(error.contains(option) && error.contains(text), "{error}");
    }
}
