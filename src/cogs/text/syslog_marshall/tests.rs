//! Messages as the RFCs show them, what does not fit, and the way back through `syslog_parse`.

use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};

use super::SPEC;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::cogs::text::syslog_parse;
use crate::datum::{Datum, Key, Map, json};
use crate::escapement::Clock;

fn bench(given: Vec<(&str, Given)>) -> Bench {
    Bench::on(Clock::by_hand(), &SPEC, given)
}

/// What is written of a datum; `!` where it fails.
fn write(given: Vec<(&str, Given)>, datum: impl Into<Datum>) -> String {
    bench(given).feed(datum).first().map_or("!".into(), |text| text.piece().into_owned())
}

fn line(given: Vec<(&str, Given)>, map: &str) -> String {
    write(given, json::read(map).unwrap())
}

fn parse(given: Vec<(&str, Given)>, line: &str) -> Datum {
    Bench::on(Clock::by_hand(), &syslog_parse::SPEC, given).feed(line).remove(0)
}

fn with(mut record: Datum, more: &[(&str, &str)]) -> Datum {
    for (key, value) in more {
        record.map_mut().unwrap().insert(Key::new(key), Datum::from(*value));
    }
    record
}

#[test]
fn no_name_becomes_another_s() {
    let replaced = |data: &str| {
        let mut bench = Bench::new(&SPEC, vec![("bad_parts", "replace".into()), ("no_time", "none".into())]);
        bench.feed_json(&format!(r#"{{"data":{data}}}"#)).first().cloned()
    };
    assert_eq!(replaced(r#"{"a b":{"c d":"1"}}"#).as_deref(), Some(r#""<13>1 - - - - - [a_b c_d=\"1\"]""#));
    assert_eq!(replaced(r#"{"a b":{},"a_b":{}}"#), None);
    assert_eq!(replaced(r#"{"e":{"p p":"1","p_p":"2"}}"#), None);
    let many: Vec<String> = (0..20_000).map(|n| format!(r#""é{n:06}":{{}}"#)).collect();
    assert!(replaced(&format!("{{{}}}", many.join(","))).is_some());
}

#[test]
fn the_examples_of_rfc_5424_come_back_byte_for_byte() {
    let bom = || vec![("bom", true.into())];
    for (given, message) in [
        (bom(), "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed for lonvick on /dev/pts/8"),
        (
            vec![("tz", "-07:00".into())],
            "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
        ),
        (
            bom(),
            "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"] \u{feff}An application event log entry...",
        ),
        (
            bom(),
            r#"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]"#,
        ),
        (vec![("no_time", "none".into())], "<0>1 - - - - - -"),
    ] {
        assert_eq!(write(given, parse(vec![], message)), message);
    }
}

#[test]
fn the_examples_of_rfc_3164_come_back_byte_for_byte() {
    let given = || vec![("format", Given::from("3164")), ("tz", "UTC".into()), ("no_time", "none".into())];
    let read = |message: &str| parse(vec![("tz", "UTC".into())], message);
    for message in [
        "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
        "<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time to make the do-nuts.  %%  Ingredients: Mix=OK, Jelly=OK # Devices: Mixer=OK, Jelly_Injector=OK, Frier=OK # Transport: Conveyer1=OK, Conveyer2=OK # %%",
        "<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
        "<0>Oct 22 10:52:12 scapegoat 1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
        // As programs send them to the local socket.
        "<30>May  6 07:08:09 systemd[1]: Started x.",
        "<14>app[7]: x",
    ] {
        assert_eq!(write(given(), read(message)), message);
    }
    // What a relay makes of messages that lack something.
    let relayed = with(read("Use the BFG!"), &[("time", "Feb  5 17:32:18"), ("host", "10.0.0.99")]);
    assert_eq!(write(given(), relayed), "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!");
    let relayed = with(
        read("<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!"),
        &[("time", "Oct 22 10:52:12"), ("host", "scapegoat")],
    );
    assert!(write(given(), relayed).starts_with("<0>Oct 22 10:52:12 scapegoat 1990 Oct 22 10:52:01 TZ-6 "));
}

#[test]
fn priorities_are_numbers_or_words() {
    for (map, wanted) in [
        (r#"{"priority": 34}"#, "<34>"),
        // What was changed behind the parser counts.
        (r#"{"priority": 34, "facility": "auth", "severity": "debug"}"#, "<39>"),
        (r#"{"priority": 34, "facility": "local7"}"#, "<186>"),
        (r#"{"facility": 23, "severity": "7"}"#, "<191>"),
        (r#"{"facility": "KERN", "severity": "Emergency"}"#, "<0>"),
        (r#"{"facility": "security", "severity": "warn"}"#, "<36>"),
        (r#"{"severity": "informational"}"#, "<14>"),
        (r#"{"facility": null, "severity": ""}"#, "<13>"),
        (r#"{"severity": "error"}"#, "<11>"),
        (r#"{"severity": "loud"}"#, "!"),
        (r#"{"severity": 8}"#, "!"),
        (r#"{"severity": -1}"#, "!"),
        (r#"{"facility": 24}"#, "!"),
        (r#"{"facility": "+1 "}"#, "!"),
        (r#"{"priority": 192}"#, "!"),
        (r#"{"priority": "high"}"#, "!"),
        (r#"{"priority": [1]}"#, "!"),
    ] {
        let told = line(vec![("no_time", "none".into())], map);
        assert!(told.strip_suffix("1 - - - - - -").unwrap_or(&told) == wanted, "{map}: {told}");
    }
    let given = || vec![("facility", "local0".into()), ("severity", "crit".into()), ("bad_parts", "replace".into())];
    assert!(line(given(), r#"{"severity": "loud", "facility": 99}"#).starts_with("<130>"));
    assert!(line(given(), r#"{"severity": "loud", "priority": 15}"#).starts_with("<15>"));
}

#[test]
fn what_is_missing_is_nil_or_left_out_or_said_by_an_option() {
    let timeless = |more: Vec<(&'static str, Given)>| [vec![("no_time", Given::from("none"))], more].concat();
    let bsd = |more: Vec<(&'static str, Given)>| [vec![("format", Given::from("3164")), ("tz", "UTC".into())], more].concat();
    for (given, map, wanted) in [
        (timeless(vec![]), r#"{"text": "", "host": "", "data": {}}"#, "<13>1 - - - - - -"),
        (timeless(vec![]), r#"{"pid": 7, "text": {"a": [1]}}"#, r#"<13>1 - - - 7 - - {"a":[1]}"#),
        (timeless(vec![("host", "h".into()), ("tag", "t".into())]), r#"{"text": "x"}"#, "<13>1 - h t - - - x"),
        (timeless(vec![("host", "h".into()), ("tag", "t".into())]), r#"{"host": "i", "tag": "u"}"#, "<13>1 - i u - - -"),
        (timeless(vec![]), r#"" x y""#, "<13>1 - - - - - -  x y"),
        (vec![], r#"{"time": "2024-05-06T07:08:09+02:00"}"#, "<13>1 2024-05-06T05:08:09Z - - - - -"),
        (vec![], r#"{"time": "2024-05-06"}"#, "!"),
        (vec![], r#"{"time": 1714972089}"#, "!"),
        (vec![], "17", "!"),
        (vec![], "[]", "!"),
        (vec![], "null", "!"),
        (vec![("data_getter", "m".into())], r#"{"text": "x"}"#, "!"),
        (timeless(vec![("data_getter", "m".into())]), r#"{"m": {"text": "x"}, "text": "y"}"#, "<13>1 - - - - - - x"),
        (
            bsd(vec![]),
            r#"{"time": "2024-05-06T07:08:09.9Z", "host": "h", "tag": "t", "pid": "1", "msgid": "m", "data": {"x": {}}, "text": "y"}"#,
            "<13>May  6 07:08:09 h t[1]: y",
        ),
        (bsd(vec![]), r#"{"time": "2024-05-16T07:08:09Z", "tag": "t"}"#, "<13>May 16 07:08:09 t:"),
        (bsd(vec![]), r#"{"time": "2024-05-16T07:08:09Z", "pid": 1, "text": "x"}"#, "<13>May 16 07:08:09 -[1]: x"),
        (bsd(vec![]), r#"{"time": "2024-05-16T07:08:09Z", "text": "x y"}"#, "<13>May 16 07:08:09 - x y"),
        (bsd(vec![("host", "h".into())]), r#"{"time": "2024-05-16T07:08:09Z", "text": "x y"}"#, "<13>May 16 07:08:09 h x y"),
        (bsd(timeless(vec![("host", "h".into())])), r#"{"tag": "t", "text": "x"}"#, "<13>t: x"),
        (bsd(timeless(vec![])), r#""x""#, "<13>x"),
    ] {
        assert_eq!(line(given, map), wanted, "{map}");
    }
    let blob = |bytes: &[u8]| write(timeless(vec![]), Datum::Bytes(bytes.into()));
    assert_eq!((blob("č".as_bytes()), blob(b"\xff")), ("<13>1 - - - - - - č".into(), "!".into()));
    // Without a time it is now.
    let mut bench = bench(vec![]);
    let now = jiff::Timestamp::try_from(bench.esc.wall()).unwrap();
    let told = bench.feed("x")[0].piece().into_owned();
    let read = parse(vec![], &told);
    let Some(Datum::Time(time)) = read.as_map().unwrap().by_name("time") else { panic!("{told}") };
    assert_eq!(time.as_microsecond(), now.as_microsecond());
    // This machine's name.
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    assert_eq!(line(timeless(vec![("host", "system".into())]), r#""x""#), format!("<13>1 - {name} - - - - x"));
}

#[test]
fn parts_that_do_not_fit_fail_or_are_made_fit() {
    let long = "x".repeat(300);
    let cut = |n: usize| &long[..n];
    let record = |part: &str, value: &str| with(json::read("{}").unwrap(), &[(part, value)]);
    let given = |format: &str, more: &[&'static str]| {
        let mut given = vec![("no_time", Given::from("none")), ("format", format.into())];
        given.extend(more.iter().map(|word| ("bad_parts", Given::from(*word))));
        given
    };
    for (part, place, limit) in [("host", 2, 255), ("tag", 3, 48), ("pid", 4, 128), ("msgid", 5, 32)] {
        let at = |line: String| line.split(' ').nth(place).unwrap_or("!").to_owned();
        assert_eq!(at(write(given("5424", &[]), record(part, cut(limit)))), cut(limit));
        assert_eq!(write(given("5424", &[]), record(part, cut(limit + 1))), "!", "{part}");
        assert_eq!(at(write(given("5424", &["replace"]), record(part, cut(limit + 1)))), cut(limit));
        for (bad, fit) in [("a b", "a_b"), ("č\n\u{7f}", "___"), (" ", "_")] {
            assert_eq!(write(given("5424", &[]), record(part, bad)), "!", "{part}");
            assert_eq!(at(write(given("5424", &["replace"]), record(part, bad))), fit, "{part}");
        }
    }
    let bsd = |more: &[&'static str], part: &str, value: &str| {
        let record = with(record(part, value), &[("time", "Oct 11 22:14:15")]);
        let line = write([given("3164", more), vec![("tz", "UTC".into())]].concat(), record);
        line.strip_prefix("<13>Oct 11 22:14:15 ").unwrap_or(&line).to_owned()
    };
    for (part, value, strict, fit) in [
        ("host", "2001:db8::1", "2001:db8::1 ", "2001:db8::1 "),
        ("host", "fe80::1%eth0", "fe80::1%eth0 ", "fe80::1%eth0 "),
        ("host", "a:b", "!", "a_b "),
        ("host", "a[1]", "!", "a_1] "),
        ("tag", "a[1]", "!", "a_1]:"),
        ("tag", "a::b", "!", "a__b:"),
        ("tag", cut(32), &format!("{}:", cut(32)), &format!("{}:", cut(32))),
        ("tag", cut(33), "!", &format!("{}:", cut(32))),
        ("pid", "1]", "!", "-[1_]:"),
        ("pid", "1 2", "!", "-[1_2]:"),
        ("msgid", "a b", "- ", "- "),
    ] {
        assert_eq!(bsd(&["replace"], part, value), fit, "{part} {value}");
        assert_eq!(bsd(&[], part, value), strict, "{part} {value}");
    }
    for (option, value, told) in [
        ("host", "a b", "has letters that may not stand there: the host: `a b`"),
        ("tag", cut(49), "longer than 48 letters: the tag"),
        ("tz", "Europe/Praha", "there is no time zone"),
    ] {
        let refused = Bench::refused(&SPEC, vec![(option, value.into())]);
        assert!(refused.contains(told) && refused.contains(option), "{refused}");
    }
}

#[test]
fn structured_data_has_escapes_and_repetitions() {
    let data = |more: Vec<(&'static str, Given)>, data: &str| {
        let line = line([vec![("no_time", "none".into())], more].concat(), &format!("{{\"data\": {data}}}"));
        line.strip_prefix("<13>1 - - - - - ").unwrap_or(&line).to_owned()
    };
    let fit = || vec![("bad_parts", Given::from("replace"))];
    for (given, map, wanted) in [
        (vec![], r#"{"x": {"a": "q\"b\\s]e\\n[="}}"#, r#"[x a="q\"b\\s\]e\\n[="]"#),
        (vec![], r#"{"x": {"ip": ["1", 2, null], "e": "", "none": []}, "y": {}}"#, r#"[x ip="1" ip="2" ip="" e=""][y]"#),
        (vec![], r#"{"x": {"m": {"k": [1]}, "t": true}}"#, r#"[x m="{\"k\":[1\]}" t="true"]"#),
        (vec![], r#"{"x": {"a": "č\n\"\n"}}"#, r#"[x a="č\n\"\n"]"#),
        (vec![("newlines", "keep".into())], r#"{"x": {"a": "\n"}}"#, "[x a=\"\n\"]"),
        (vec![("newlines", "fail".into())], r#"{"x": {"a": "\n"}}"#, "!"),
        (vec![], r#"{"x y": {}}"#, "!"),
        (vec![], r#"{"x": {"a=b": 1}}"#, "!"),
        (vec![], r#"{"x": {"": 1}}"#, "!"),
        (vec![], r#"{"": {}}"#, "!"),
        (vec![], r#"{"x": 1}"#, "!"),
        (vec![], "[1]", "!"),
        (vec![], r#""[x]""#, "!"),
        (fit(), r#"{"x y": {"a=b": 1, "": 2}, "": {}}"#, r#"[x_y a_b="1" _="2"][_]"#),
        // No name may stand there twice.
        (fit(), r#"{"x y": {}, "x_y": {}}"#, "!"),
        (fit(), r#"{"x y": {}, "x=y": {}}"#, "!"),
        (vec![], "null", "-"),
        (vec![], "{}", "-"),
    ] {
        assert_eq!(data(given, map), wanted, "{map}");
    }
    assert_eq!(data(fit(), &format!("{{\"{}\": {{}}}}", "x".repeat(33))), format!("[{}]", "x".repeat(32)));
}

#[test]
fn a_text_of_several_lines_is_one_unless_it_is_to_be_kept() {
    let with = |word: &str| write(vec![("no_time", "none".into()), ("newlines", word.into())], "a\r\nb");
    let message = "<13>1 - - - - - - ";
    assert_eq!(with("escape"), format!("{message}a\\r\\nb"));
    assert_eq!(with("space"), format!("{message}a b"));
    assert_eq!(with("keep"), format!("{message}a\r\nb"));
    assert_eq!(with("fail"), "!");
}

#[test]
fn one_that_fails_leaves_the_others_alone() {
    let mut bench = bench(vec![("no_time", "none".into())]);
    assert_eq!(bench.feed_json(r#"{"host": "a", "tag": "b c"}"#), [""; 0]);
    assert_eq!(bench.feed_json(r#"{"host": "a"}"#), [r#""<13>1 - a - - - -""#]);
    assert_eq!((bench.balance().failed, bench.balance().delivered), (1, 1));
}

/// Values by their keys, those that are there.
fn record(entries: Vec<(&str, Option<Datum>)>) -> Datum {
    Datum::Map(entries.into_iter().filter_map(|(key, value)| Some((Key::new(key), value?))).collect::<Map>())
}

fn word(letters: &'static str) -> impl Strategy<Value = Option<String>> {
    prop::option::of(letters).prop_map(|word| word.filter(|word| word != "-"))
}

proptest! {
    #[test]
    fn what_was_read_is_written_and_read_again(
        priority in 0..192_u8,
        time in prop::option::of((-62_135_596_800..250_000_000_000_i64, 0..1_000_000_i32)),
        words in (word("[!-~]{1,255}"), word("[!-~]{1,48}"), word("[!-~]{1,128}"), word("[!-~]{1,32}")),
        data in prop::collection::btree_map("[!#-<>-\\\\^-~]{1,32}", prop::collection::vec(("[a-z]{1,2}", "[ -~č\n\"\\\\\\]]{0,9}"), 0..5), 0..3),
        text in "(\u{feff}|[ -~č\r\n]|\\PC){0,30}",
        zone in prop::sample::select(vec!["UTC", "Europe/Prague", "-03:30"]),
        bom in any::<bool>(),
    ) {
        let time = time.map(|(second, micros)| jiff::Timestamp::new(second, if second < 0 { 0 } else { micros * 1000 }).unwrap());
        let mut elements = String::new();
        for (id, params) in &data {
            elements.extend(["[", id]);
            for (name, value) in params {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
                elements.extend([" ", name, "=\"", &value, "\""]);
            }
            elements += "]";
        }
        let or_nil = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".into());
        let message = format!(
            "<{priority}>1 {} {} {} {} {} {} \u{feff}{text}",
            time.map_or("-".into(), |time| time.to_string()),
            or_nil(&words.0), or_nil(&words.1), or_nil(&words.2), or_nil(&words.3),
            if data.is_empty() { "-" } else { &elements },
        );
        let read = parse(vec![("format", "5424".into()), ("no_match", "error".into())], &message);
        let given = vec![("no_time", "none".into()), ("newlines", "keep".into()), ("tz", zone.into()), ("bom", bom.into())];
        let line = write(given, read.clone());
        let again = parse(vec![("format", "5424".into()), ("no_match", "error".into())], &line);
        prop_assert_eq!(json::to_string(&again), json::to_string(&read), "{} -> {}", message, line);
    }

    #[test]
    fn of_the_older_form_too_what_has_a_tag_is_read_again(
        priority in 0..192_u8,
        second in -15_000_000..15_000_000_i64,
        host in prop::option::of("([!-9;-Z\\\\-~]{1,20}|fe80::[0-9a-f]{1,4}(%eth0)?|dead:beef::1)"),
        tag in "[!-9;-Z\\\\-~]{1,32}",
        pid in prop::option::of("[!-\\\\^-~]{1,9}"),
        text in "[ -~č]{0,30}",
    ) {
        let mut bench = bench(vec![("format", "3164".into()), ("tz", "Europe/Prague".into())]);
        let now = jiff::Timestamp::try_from(bench.esc.wall()).unwrap();
        let time = jiff::Timestamp::from_second(now.as_second() + second).unwrap();
        let datum = |text: &String| Datum::from(text.as_str());
        let read = record(vec![
            ("priority", Some(Datum::Int(priority.into()))),
            ("facility", Some(Datum::from(super::FACILITIES[usize::from(priority >> 3)]))),
            ("severity", Some(Datum::from(super::SEVERITIES[usize::from(priority & 7)]))),
            ("time", Some(Datum::Time(time))),
            ("host", host.as_ref().map(datum)),
            ("tag", Some(datum(&tag))),
            ("pid", pid.as_ref().map(datum)),
            ("text", Some(datum(&text))),
        ]);
        let line = bench.feed(read.clone()).remove(0).piece().into_owned();
        let again = parse(vec![("format", "3164".into()), ("tz", "Europe/Prague".into())], &line);
        prop_assert_eq!(json::to_string(&again), json::to_string(&read), "{}", line);
    }

    #[test]
    fn whatever_comes_is_one_line_or_fails(
        words in prop::array::uniform5("\\PC{0,40}|[\n\r \\[\\]=\"a]{0,5}"),
        short in any::<bool>(),
        strict in any::<bool>(),
    ) {
        let [host, tag, pid, id, text] = &words;
        let data = json::to_string(&json::read(&serde_json::json!({ "x": { "y": text } }).to_string()).unwrap());
        let more = [("host", host.as_str()), ("tag", tag), ("pid", pid), ("msgid", id), ("time", tag), ("severity", id), ("text", text)];
        let record = with(json::read(&format!("{{\"data\": {data}}}")).unwrap(), &more);
        let given = vec![
            ("format", if short { "3164" } else { "5424" }.into()),
            ("bad_parts", if strict { "error" } else { "replace" }.into()),
        ];
        let line = write(given, record);
        // What is made fit never fails.
        prop_assert_eq!(line.contains(['\n', '\r']) || !strict && line == "!", false, "{}", line);
        if line != "!" && !short {
            let given = vec![("format", "5424".into()), ("no_match", "drop".into())];
            prop_assert_eq!(Bench::on(Clock::by_hand(), &syslog_parse::SPEC, given).feed(&*line).len(), 1, "{}", line);
        }
    }
}
