//! Messages as the RFCs show them, as programs send them, and as nobody should.

use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::{Datum, json};
use crate::escapement::Clock;

fn bench(given: Vec<(&str, Given)>) -> Bench {
    let given = [given, vec![("tz", "UTC".into())]].concat();
    Bench::on(Clock::by_hand(), &SPEC, given)
}

fn parse(line: &str) -> String {
    one(vec![("year_guess", "current".into())], line)
}

fn one(given: Vec<(&str, Given)>, line: &str) -> String {
    let mut bench = bench(given);
    let out = bench.feed(line);
    let shown: Vec<String> = out.iter().map(json::to_string).collect();
    // Which year it is now is not what these tests are about.
    let year = jiff::Timestamp::try_from(bench.esc.wall()).unwrap().to_zoned(jiff::tz::TimeZone::UTC).year();
    shown.join(" ").replace(&format!("\"{year}-"), "\"YEAR-")
}

fn check(table: &[(&str, &str)]) {
    for (line, wanted) in table {
        assert_eq!(parse(line), *wanted, "{line}");
    }
}

#[test]
fn the_examples_of_rfc_5424() {
    check(&[
        (
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed for lonvick on /dev/pts/8",
            r#"{"priority":34,"facility":"auth","severity":"crit","time":"2003-10-11T22:14:15.003Z","host":"mymachine.example.com","tag":"su","msgid":"ID47","text":"'su root' failed for lonvick on /dev/pts/8"}"#,
        ),
        (
            "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
            r#"{"priority":165,"facility":"local4","severity":"notice","time":"2003-08-24T12:14:15.000003Z","host":"192.0.2.1","tag":"myproc","pid":"8710","text":"%% It's time to make the do-nuts."}"#,
        ),
        (
            r#"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] An application event log entry..."#,
            r#"{"priority":165,"facility":"local4","severity":"notice","time":"2003-10-11T22:14:15.003Z","host":"mymachine.example.com","tag":"evntslog","msgid":"ID47","data":{"exampleSDID@32473":{"iut":"3","eventSource":"Application","eventID":"1011"}},"text":"An application event log entry..."}"#,
        ),
        (
            r#"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]"#,
            r#"{"priority":165,"facility":"local4","severity":"notice","time":"2003-10-11T22:14:15.003Z","host":"mymachine.example.com","tag":"evntslog","msgid":"ID47","data":{"exampleSDID@32473":{"iut":"3","eventSource":"Application","eventID":"1011"},"examplePriority@32473":{"class":"high"}},"text":""}"#,
        ),
        ("<0>1 - - - - - -", r#"{"priority":0,"facility":"kern","severity":"emerg","text":""}"#),
        ("<191>1 - - - - - - x", r#"{"priority":191,"facility":"local7","severity":"debug","text":"x"}"#),
    ]);
}

#[test]
fn structured_data_has_escapes_and_repetitions() {
    check(&[
        (
            r#"<14>1 - h a - - [x a="q\"b\\s\]e\n" ip="1" ip="2" ip="3" e=""][y] t"#,
            r#"{"priority":14,"facility":"user","severity":"info","host":"h","tag":"a","data":{"x":{"a":"q\"b\\s]e\\n","ip":["1","2","3"],"e":""},"y":{}},"text":"t"}"#,
        ),
        (
            r#"<14>1 - h a - - [x a="č" ] ü"#,
            r#"{"priority":14,"facility":"user","severity":"info","host":"h","tag":"a","data":{"x":{"a":"č"}},"text":"ü"}"#,
        ),
    ]);
    // What is not well formed is no such message, but it is not lost.
    for data in [r#"[x a="1]"#, "[x a=1]", r#"[x a="]"]"#, "[]", "[x", r#"[x a="1"]y"#, r#"[ x a="1"]"#, r#"[x a="1\"#, "--"] {
        let line = format!("<14>1 2003-10-11T22:14:15Z h a - - {data}");
        let wanted = format!(r#""text":{}}}"#, json::to_string(&Datum::from(line[4..].to_owned())));
        assert!(parse(&line).ends_with(&wanted), "{line}: {}", parse(&line));
        assert_eq!(one(vec![("format", "5424".into()), ("no_match", "drop".into())], &line), "");
    }
}

#[test]
fn the_examples_of_rfc_3164() {
    check(&[
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
            r#"{"priority":34,"facility":"auth","severity":"crit","time":"YEAR-10-11T22:14:15Z","host":"mymachine","tag":"su","text":"'su root' failed for lonvick on /dev/pts/8"}"#,
        ),
        ("Use the BFG!", r#"{"text":"Use the BFG!"}"#),
        ("<13>Use the BFG!", r#"{"priority":13,"facility":"user","severity":"notice","text":"Use the BFG!"}"#),
        (
            "<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time",
            r#"{"priority":165,"facility":"local4","severity":"notice","time":"YEAR-08-24T05:34:00Z","host":"CST","text":"1987 mymachine myproc[10]: %% It's time"}"#,
        ),
        (
            "<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
            r#"{"priority":0,"facility":"kern","severity":"emerg","text":"1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!"}"#,
        ),
        (
            "<0>Oct 22 10:52:12 scapegoat 1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
            r#"{"priority":0,"facility":"kern","severity":"emerg","time":"YEAR-10-22T10:52:12Z","host":"scapegoat","text":"1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!"}"#,
        ),
    ]);
}

#[test]
fn what_programs_send() {
    check(&[
        // syslog(3) to the local socket: without a host.
        (
            "<30>May  6 07:08:09 systemd[1]: Started x.",
            r#"{"priority":30,"facility":"daemon","severity":"info","time":"YEAR-05-06T07:08:09Z","tag":"systemd","pid":"1","text":"Started x."}"#,
        ),
        (
            "<13>May  6 07:08:09 root: hello",
            r#"{"priority":13,"facility":"user","severity":"notice","time":"YEAR-05-06T07:08:09Z","tag":"root","text":"hello"}"#,
        ),
        // Without a time.
        ("<14>app[7]: x", r#"{"priority":14,"facility":"user","severity":"info","tag":"app","pid":"7","text":"x"}"#),
        // With the time as ISO 8601 has it, and with a fraction.
        (
            "<14>2024-05-06T07:08:09.5+02:00 web app: x",
            r#"{"priority":14,"facility":"user","severity":"info","time":"2024-05-06T05:08:09.5Z","host":"web","tag":"app","text":"x"}"#,
        ),
        (
            "<14>May  6 07:08:09.123 web app: x",
            r#"{"priority":14,"facility":"user","severity":"info","time":"YEAR-05-06T07:08:09.123Z","host":"web","tag":"app","text":"x"}"#,
        ),
        // A device with the year, and a colon behind the time.
        (
            "<189>May 06 2024 07:08:09: %ASA-5-111010: User",
            r#"{"priority":189,"facility":"local7","severity":"notice","time":"2024-05-06T07:08:09Z","tag":"%ASA-5-111010","text":"User"}"#,
        ),
        // A log file: no priority.
        (
            "May  6 07:08:09 web postfix/smtpd[812]: connect from x[192.0.2.1]",
            r#"{"time":"YEAR-05-06T07:08:09Z","host":"web","tag":"postfix/smtpd","pid":"812","text":"connect from x[192.0.2.1]"}"#,
        ),
        (
            "May  6 07:08:09 web last message repeated 3 times",
            r#"{"time":"YEAR-05-06T07:08:09Z","host":"web","text":"last message repeated 3 times"}"#,
        ),
        (
            "May  6 07:08:09 web kernel: [12.3] eth0: up",
            r#"{"time":"YEAR-05-06T07:08:09Z","host":"web","tag":"kernel","text":"[12.3] eth0: up"}"#,
        ),
        ("May  6 07:08:09", r#"{"time":"YEAR-05-06T07:08:09Z","text":""}"#),
        ("May  6 07:08:09 web", r#"{"time":"YEAR-05-06T07:08:09Z","text":"web"}"#),
        ("<14>http://x y", r#"{"priority":14,"facility":"user","severity":"info","text":"http://x y"}"#),
        ("<14>", r#"{"priority":14,"facility":"user","severity":"info","text":""}"#),
        ("", r#"{"text":""}"#),
        ("<192>x: y", r#"{"text":"<192>x: y"}"#),
        ("<>x", r#"{"text":"<>x"}"#),
        ("<1x>y", r#"{"text":"<1x>y"}"#),
        ("<0034>y", r#"{"text":"<0034>y"}"#),
    ]);
}

#[test]
fn a_host_may_be_an_address() {
    for host in ["2001:db8::1", "fe80::1%eth0", "dead::", "::ffff:192.0.2.1", "192.0.2.1"] {
        for time in ["Oct 11 22:14:15", "2003-10-11T22:14:15Z"] {
            let out = bench(vec![]).feed(&*format!("<34>{time} {host} su: hi"));
            let map = out[0].as_map().unwrap();
            let told = ["host", "tag", "text"].map(|key| map.by_name(key).and_then(Datum::as_str));
            assert_eq!(told, [Some(host), Some("su"), Some("hi")], "{time}");
        }
    }
}

#[test]
fn the_form_may_be_fixed() {
    let new = "<14>1 2003-10-11T22:14:15Z h a - - - x";
    assert!(one(vec![("format", "3164".into())], new).ends_with(r#""severity":"info","text":"1 2003-10-11T22:14:15Z h a - - - x"}"#));
    assert_eq!(one(vec![("format", "5424".into())], "<14>a: x"), r#"{"text":"<14>a: x"}"#);
}

#[test]
fn a_line_that_is_no_message_goes_where_it_is_wanted() {
    let with = |word: &str| bench(vec![("no_match", word.into())]);
    assert_eq!(with("pass").feed_json(r#""free""#), [r#""free""#]);
    let mut drops = with("drop");
    assert!(drops.feed("free").is_empty());
    assert_eq!((drops.errors(), drops.balance().filtered), (0, 1));
    let mut fails = with("error");
    assert!(fails.feed("free").is_empty());
    assert_eq!((fails.errors(), fails.balance().failed), (1, 1));
}

#[test]
fn the_parts_are_put_beside_what_was_there() {
    let given = || vec![("data_getter", "m".into()), ("initial", "keep".into())];
    assert_eq!(
        bench(given()).feed_json(r#"{"m":"<14>1 2003-10-11T22:14:15Z h a 1 - [x y=\"1\"] t","text":"old","n":1}"#),
        [
            r#"{"m":"<14>1 2003-10-11T22:14:15Z h a 1 - [x y=\"1\"] t","text":"t","n":1,"priority":14,"facility":"user","severity":"info","time":"2003-10-11T22:14:15Z","host":"h","tag":"a","pid":"1","data":{"x":{"y":"1"}}}"#
        ]
    );
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        priority in 0..192_u8,
        seconds in 0..4_000_000_000_i64,
        micros in prop::option::of(0..1_000_000_i32),
        words in prop::array::uniform4(prop::option::of("[!-~]{1,20}")),
        data in prop::collection::btree_map("[a-z@0-9]{1,9}", prop::collection::btree_map("[a-z]{1,5}", "[ -~č]{0,9}", 0..3), 0..3),
        text in "[ -~č\u{feff}]{0,30}",
    ) {
        let time = jiff::Timestamp::new(seconds, micros.unwrap_or(0) * 1000).unwrap();
        let word = |n: usize| words[n].as_deref().filter(|word| *word != "-");
        let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
        let mut elements = String::new();
        for (id, params) in &data {
            elements.extend(["[", id]);
            for (name, value) in params {
                elements.extend([" ", name, "=\"", &escape(value), "\""]);
            }
            elements += "]";
        }
        let or_nil = |n: usize| word(n).unwrap_or("-");
        let line = format!(
            "<{priority}>1 {time} {} {} {} {} {} \u{feff}{text}",
            or_nil(0), or_nil(1), or_nil(2), or_nil(3), if data.is_empty() { "-" } else { &elements },
        );
        let out = bench(vec![]).feed(&*line);
        let map = out[0].as_map().unwrap();
        let text_of = |key: &str| map.by_name(key).and_then(Datum::as_str);
        prop_assert_eq!(map.by_name("priority"), Some(&Datum::Int(priority.into())));
        prop_assert_eq!(map.by_name("time"), Some(&Datum::Time(time)));
        for (n, key) in ["host", "tag", "pid", "msgid"].into_iter().enumerate() {
            prop_assert_eq!(text_of(key), word(n), "{}", key);
        }
        prop_assert_eq!(text_of("text"), Some(&*text));
        let wanted: serde_json::Value = serde_json::to_value(&data).unwrap();
        let given = map.by_name("data").map_or_else(|| "{}".to_owned(), json::to_string);
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&given).unwrap(), wanted);
    }

    #[test]
    fn whatever_comes_is_a_record(line in "(<[0-9]{0,3}>)?(1 )?[0-9TZ:.\\-]{0,20}[ -~č\\[\\]\"\\\\=]{0,40}", keep in any::<bool>()) {
        let mut bench = bench(vec![]);
        let mut line = line;
        if keep {
            line.insert_str(0, "<13>Oct 11 22:14:15 ");
        }
        let out = bench.feed(&*line);
        prop_assert_eq!((out.len(), bench.errors()), (1, 0));
        let text = out[0].as_map().unwrap().by_name("text").and_then(Datum::as_str).unwrap();
        prop_assert!(line.ends_with(text));
    }
}
