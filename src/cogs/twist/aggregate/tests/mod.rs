//! Windows over a by-hand clock: what is written when, and what becomes of events that do not fit.

mod model;

use std::time::SystemTime;

use super::*;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::escapement::Clock;
use crate::getset::Getter;

fn item(name: &str) -> Given {
    Datum::str(name).into()
}

/// Event time, windows of 10 s, by `k`: how many, and the sum of `v`.
fn by_key(more: Vec<(&'static str, Given)>) -> Bench {
    let fields = json::read(r#"[["n", "count"], ["v", "sum"]]"#).unwrap();
    let mut given = vec![
        ("window", 10.into()),
        ("time_getter", item("t")),
        ("key_getter", item("k")),
        ("end_setter", Given::Setter(crate::getset::Setter::Null)),
        ("fields", fields.into()),
    ];
    given.extend(more);
    Bench::new(&SPEC, given)
}

fn feed(bench: &mut Bench, time: i64, key: &str, value: i64) -> Vec<String> {
    bench.feed_json(&format!(r#"{{"t":{time},"k":"{key}","v":{value}}}"#))
}

fn row(start: i64, key: &str, count: u64, sum: i64) -> String {
    format!(r#"{{"start":{start},"k":"{key}","n":{count},"v":{sum}}}"#)
}

fn end(bench: &mut Bench) -> Vec<String> {
    bench.finish().iter().map(json::to_string).collect()
}

/// A cog on that clock, and what keeps the reactor turning: timers of windows alone do not.
fn on(clock: &Clock, given: Vec<(&str, Given)>) -> Bench {
    let mut bench = Bench::on(clock.clone(), &SPEC, given);
    bench.esc.after(9, Duration::from_secs(1_000_000));
    bench
}

/// What is due at this moment.
fn due(bench: &mut Bench) -> Vec<String> {
    let mut rows = Vec::new();
    while let Some(fired) = bench.esc.next_ready().unwrap() {
        rows.extend(bench.wake(Some(fired.token), fired.wake).iter().map(json::to_string));
    }
    rows
}

/// All that came in ended well, some of it swallowed.
fn assert_settled(bench: &Bench, delivered: u64, filtered: u64) {
    let books = bench.balance();
    assert_eq!((books.delivered, books.filtered, books.failed, books.in_flight), (delivered, filtered, 0, 0), "{books:?}");
}

#[test]
fn a_window_is_written_when_time_passes_its_end_with_keys_in_order_of_appearance() {
    let mut bench = by_key(vec![]);
    for (time, key, value) in [(11, "b", 1), (19, "a", 2), (15, "b", 3)] {
        assert!(feed(&mut bench, time, key, value).is_empty());
    }
    assert_eq!(bench.balance().in_flight, 3);
    assert_eq!(feed(&mut bench, 20, "a", 9), [row(10, "b", 2, 4), row(10, "a", 1, 2)]);
    assert_eq!(bench.balance().in_flight, 1);
    // Windows without events make no results.
    assert_eq!(feed(&mut bench, 1_000_000, "a", 1), [row(20, "a", 1, 9)]);
    assert_eq!(end(&mut bench), [row(1_000_000, "a", 1, 1)]);
    assert_settled(&bench, 4, 0);
}

#[test]
fn times_before_1970_lie_in_windows_like_all_others() {
    let mut bench = by_key(vec![("lateness", 100.into())]);
    for time in [-1, -10, -11, 0, 9] {
        assert!(feed(&mut bench, time, "k", 1).is_empty());
    }
    assert_eq!(end(&mut bench), [row(-20, "k", 1, 1), row(-10, "k", 2, 2), row(0, "k", 2, 2)]);
}

#[test]
fn lateness_keeps_windows_open_for_events_out_of_order() {
    let mut bench = by_key(vec![("lateness", 5.into())]);
    for time in [12, 23, 24, 14] {
        assert!(feed(&mut bench, time, "k", 1).is_empty(), "{time}");
    }
    assert_eq!(feed(&mut bench, 25, "k", 1), [row(10, "k", 2, 2)]);
    assert_eq!(end(&mut bench), [row(20, "k", 3, 3)]);
}

#[test]
fn late_events_open_their_window_anew_for_a_further_result() {
    let mut bench = by_key(vec![]);
    assert_eq!(feed(&mut bench, 5, "k", 1).len() + feed(&mut bench, 25, "k", 2).len(), 1);
    assert!(feed(&mut bench, 6, "k", 3).is_empty());
    assert!(feed(&mut bench, 12, "k", 4).is_empty());
    assert!(feed(&mut bench, 7, "k", 5).is_empty());
    assert_eq!(feed(&mut bench, 30, "k", 6), [row(0, "k", 2, 8), row(10, "k", 1, 4), row(20, "k", 1, 2)]);
    assert_eq!(end(&mut bench).len(), 1);
    assert_settled(&bench, 5, 0);
}

#[test]
fn late_events_are_dropped_or_fail_when_asked_for() {
    let mut bench = by_key(vec![("late", "drop".into())]);
    for time in [5, 25, 6, 19] {
        feed(&mut bench, time, "k", 1);
    }
    assert_eq!(end(&mut bench), [row(20, "k", 1, 1)]);
    assert_settled(&bench, 2, 2);
    let mut bench = by_key(vec![("late", "error".into()), ("lateness", 2.into())]);
    for time in [5, 25, 19, 20, 13] {
        feed(&mut bench, time, "k", 1);
    }
    assert_eq!((end(&mut bench), bench.errors()), (vec![row(20, "k", 2, 2)], 2));
}

#[test]
fn a_bad_event_fails_alone_and_leaves_no_trace() {
    let mut bench = by_key(vec![]);
    feed(&mut bench, 1, "k", 1);
    let bad = [
        r#"{"k":"k","v":1}"#,
        r#"{"t":99,"v":1}"#,
        r#"{"t":99,"k":"k"}"#,
        r#"{"t":99,"k":"k","v":"x"}"#,
        r#"{"t":99,"k":"k","v":[1]}"#,
        r#"{"t":1e99,"k":"k","v":1}"#,
        r#"{"t":1700000000000,"k":"k","v":1}"#,
        "7",
    ];
    assert!(bad.iter().all(|text| bench.feed_json(text).is_empty()));
    assert_eq!((bench.errors(), bench.balance().failed), (bad.len() as u64, bad.len() as u64));
    assert!(bench.feed_json(r#"{"t":1,"k":"k","v":null}"#).is_empty());
    assert_eq!(end(&mut bench), [row(0, "k", 2, 1)]);
}

#[test]
fn numbers_and_times_may_be_text_and_keys_anything() {
    let mut bench = by_key(vec![]);
    for key in [r#""1""#, "1", "1", "1.0", "null", "[1]", r#"{"a": 1}"#, "true"] {
        assert!(bench.feed_json(&format!(r#"{{"t":"3","k":{key},"v":"2.5"}}"#)).is_empty());
    }
    let keys = [r#""1""#, "1", "1.0", "null", "[1]", r#"{"a":1}"#, "true"];
    let sum = |key: &str| if key == "1" { (2, 5.0) } else { (1, 2.5) };
    let wanted = keys.map(|key| format!(r#"{{"start":0,"k":{key},"n":{},"v":{:?}}}"#, sum(key).0, sum(key).1));
    assert_eq!(end(&mut bench), wanted);
    let mut bench = by_key(vec![("start_setter", "at".into())]);
    bench.feed_json(r#"{"t":"2024-05-06T07:08:09.5+02:00","k":"a","v":1}"#);
    assert_eq!(end(&mut bench), [r#"{"at":"2024-05-06T05:08:00Z","k":"a","n":1,"v":1}"#]);
}

#[test]
fn all_functions_over_fractions_of_a_second() {
    let fields = json::read(r#"{"n":"count","sum":["sum","v"],"min":["min","v"],"max":["max","v"],"mean":["mean","v"]}"#).unwrap();
    let mut bench = Bench::new(&SPEC, vec![("window", 0.5.into()), ("time_getter", item("t")), ("fields", fields.into())]);
    for (time, value) in [(0.1, 3), (0.25, 5), (0.499_999_9, 1), (0.5, 7)] {
        bench.feed_json(&format!(r#"{{"t":{time},"v":{value}}}"#));
    }
    let first = r#"{"start":0,"end":0.5,"n":3,"sum":9,"min":1,"max":5,"mean":3.0}"#;
    let second = r#"{"start":0.5,"end":1,"n":1,"sum":7,"min":7,"max":7,"mean":7.0}"#;
    assert!(bench.balance().delivered == 1, "{first} is written by then");
    assert_eq!(end(&mut bench), [second]);
}

#[test]
fn a_key_of_several_fields_goes_back_to_each_or_to_one_place() {
    let both =
        || Given::Getter(crate::getset::Getter::Several([item("a"), item("b.c")].map(|given| given.getter().unwrap().unwrap()).into()));
    let nowhere = || ("start_setter", Given::Setter(crate::getset::Setter::Null));
    let base = || vec![("window", 10.into()), ("time_getter", item("t")), ("key_getter", both()), nowhere(), ("end_setter", item("start"))];
    let event = r#"{"t":1,"a":"x","b":{"c":2}}"#;
    let mut bench = Bench::new(&SPEC, base());
    bench.feed_json(event);
    bench.feed_json(event);
    bench.feed_json(r#"{"t":1,"a":"x\",2","b":{"c":2}}"#);
    let one = |a: &str, n: u64| format!(r#"{{"start":10,"a":{a},"b":{{"c":2}},"count":{n}}}"#);
    assert_eq!(end(&mut bench), [one(r#""x""#, 2), one(r#""x\",2""#, 1)]);
    let mut bench = Bench::new(&SPEC, [base(), vec![("key_setter", item("key"))]].concat());
    bench.feed_json(event);
    assert_eq!(end(&mut bench), [r#"{"start":10,"key":["x",2],"count":1}"#]);
}

#[test]
fn what_would_be_written_twice_is_refused() {
    for (key, name) in [("k", "k"), ("k", "start"), ("k", "end"), ("count", "count")] {
        let fields = Given::Map(vec![(name.to_owned(), "count".into())]);
        let error = Bench::refused(&SPEC, vec![("window", 10.into()), ("key_getter", item(key)), ("fields", fields)]);
        assert!(error.contains(&format!("`{name}` would be written twice")), "{error}");
    }
    let error = Bench::refused(&SPEC, vec![("window", 10.into()), ("slide", 3.into()), ("max_contexts", 3.into())]);
    assert!(error.contains("at least 4"), "{error}");
}

#[test]
fn an_event_without_room_in_all_its_windows_is_in_none() {
    let given = vec![("window", 20.into()), ("slide", 10.into()), ("time_getter", item("t")), ("key_getter", item("k"))];
    let limits = vec![("evict", "error".into()), ("max_contexts", 3.into())];
    let mut bench = Bench::new(&SPEC, [given, limits].concat());
    bench.feed_json(r#"{"t":15,"k":1}"#);
    assert_eq!(bench.errors(), 0);
    bench.feed_json(r#"{"t":15,"k":2}"#);
    assert_eq!(bench.errors(), 1);
    let one = |start: u32| format!(r#"{{"start":{start},"end":{},"k":1,"count":1}}"#, start + 20);
    assert_eq!(end(&mut bench), [one(0), one(10)]);
}

#[test]
fn a_key_that_is_no_place_goes_under_key() {
    let call = || Given::Getter(crate::getset::Getter::Call(Rc::new(|datum| Ok(datum.clone()))));
    for getter in [Given::Getter(crate::getset::Getter::Whole), call()] {
        let nowhere = || Given::Setter(crate::getset::Setter::Null);
        let options = vec![("window", 10.into()), ("key_getter", getter), ("start_setter", nowhere()), ("end_setter", nowhere())];
        let mut bench = Bench::new(&SPEC, options);
        assert!(bench.feed("a").is_empty() && bench.feed(7).is_empty() && bench.feed("a").is_empty());
        assert_eq!(end(&mut bench), [r#"{"key":"a","count":2}"#, r#"{"key":7,"count":1}"#]);
    }
}

#[test]
fn by_arrival_a_timer_writes_the_window() {
    let clock = Clock::by_hand_at(SystemTime::UNIX_EPOCH + Duration::from_secs(95));
    let mut bench = on(&clock, vec![("window", 60.into())]);
    assert!(bench.feed(1).is_empty() && bench.feed(2).is_empty());
    clock.advance(Duration::from_secs(24));
    assert!(due(&mut bench).is_empty());
    clock.advance(Duration::from_secs(1));
    assert_eq!(due(&mut bench), [r#"{"start":"1970-01-01T00:01:00Z","end":"1970-01-01T00:02:00Z","count":2}"#]);
    assert_eq!(bench.esc.bound(0), 0, "nothing is left to wait for");
    assert!(bench.feed(3).is_empty());
    // What comes when the time is over writes the window before the timer does.
    clock.advance(Duration::from_secs(600));
    assert_eq!(bench.feed(4).len(), 1);
    assert_eq!((end(&mut bench).len(), bench.esc.bound(0)), (1, 0));
    assert_settled(&bench, 3, 0);
}

#[test]
fn after_a_silence_all_windows_are_written() {
    let clock = Clock::by_hand();
    let options = vec![("window", 10.into()), ("time_getter", item("t")), ("idle_close", 30.into()), ("late", "drop".into())];
    let mut bench = on(&clock, options);
    bench.feed_json(r#"{"t":3}"#);
    clock.advance(Duration::from_secs(20));
    bench.feed_json(r#"{"t":4}"#);
    clock.advance(Duration::from_secs(20));
    assert!(due(&mut bench).is_empty(), "the silence was shorter");
    clock.advance(Duration::from_secs(10));
    assert_eq!((due(&mut bench).len(), bench.esc.bound(0)), (1, 0));
    // It was not late: only the clock on the wall had moved.
    assert!(bench.feed_json(r#"{"t":5}"#).is_empty());
    assert_eq!(end(&mut bench), [r#"{"start":0,"end":10,"count":1}"#]);
    assert_eq!((bench.esc.bound(0), bench.balance().filtered), (0, 0));
}

#[test]
fn at_the_limit_of_keys_the_earliest_window_is_written_early() {
    let mut bench = by_key(vec![("max_contexts", 2.into()), ("lateness", 100.into())]);
    assert!(feed(&mut bench, 15, "a", 1).is_empty() && feed(&mut bench, 5, "b", 2).is_empty() && feed(&mut bench, 6, "b", 3).is_empty());
    assert_eq!(feed(&mut bench, 16, "c", 4), [row(0, "b", 2, 5)]);
    assert_eq!(feed(&mut bench, 17, "d", 5), [row(10, "a", 1, 1), row(10, "c", 1, 4)], "its own window too");
    assert_eq!(end(&mut bench), [row(10, "d", 1, 5)]);
    assert_settled(&bench, 4, 0);
    let mut bench = by_key(vec![("max_contexts", 1.into()), ("evict", "error".into())]);
    for (key, time) in [("a", 1), ("b", 2), ("a", 3), ("a", 500)] {
        feed(&mut bench, time, key, 1);
    }
    // The last one makes room by itself, as time passes.
    assert_eq!((end(&mut bench), bench.errors()), (vec![row(500, "a", 1, 1)], 1));
}

#[test]
fn at_the_limit_of_memory_the_earliest_window_is_written_early() {
    let mut bench = by_key(vec![("max_bytes", 4096.into())]);
    let mut rows = Vec::new();
    for _ in 0..300 {
        rows.extend(feed(&mut bench, 1, "k", 1));
    }
    assert!(bench.balance().in_flight <= 4096 / EVENT as u64);
    rows.extend(end(&mut bench));
    assert!((3..8).contains(&rows.len()), "{rows:?}");
    let counts = rows.iter().map(|row| json::read(row).unwrap().as_map().and_then(|map| map.by_name("n")?.as_int()).unwrap());
    assert_eq!(counts.sum::<i64>(), 300);
    let mut bench = by_key(vec![("max_bytes", 4096.into())]);
    feed(&mut bench, 1, "k", 1);
    assert_eq!(feed(&mut bench, 1, &"k".repeat(5000), 1).len(), 1);
    assert_eq!((bench.errors(), end(&mut bench).len()), (1, 0));
}

#[test]
fn what_finds_no_room_is_told_which_option_sets_the_limit() {
    let told = |options: [(&'static str, Given); 1], name: &str, allows: &str| {
        let mut aggregate = Aggregate::new(&Args::of(&SPEC, [vec![("window", 10.into())], options.to_vec()].concat())).unwrap();
        (aggregate.windows.contexts, aggregate.windows.bytes) = (3, 5000);
        let error = aggregate.check_room([0].into_iter(), &super::Key { hash: 0, kind: Kind::Text, text: "k", own: "" }).unwrap_err();
        let (text, hint) = (error.to_string(), error.hint().unwrap());
        assert!(text.starts_with("no room: open windows") && text.ends_with(allows), "{text}");
        assert!(hint.contains(&format!("raise `{name}`")) && hint.contains("evict: \"oldest\""), "{hint}");
    };
    told([("max_contexts", 3.into())], "max_contexts", "have 3 keys, and `max_contexts` allows 3");
    told([("max_bytes", 5001.into())], "max_bytes", "take 5000 bytes, and `max_bytes` allows 5001");
}

#[test]
fn values_that_are_kept_count_in_the_memory() {
    let kept = |function: &str, event: &dyn Fn(usize) -> String| {
        let fields = json::read(&format!(r#"{{"v": {function}}}"#)).unwrap();
        let given = vec![("window", 10.into()), ("time_getter", item("t")), ("fields", fields.into()), ("max_bytes", 20_000.into())];
        let mut bench = Bench::new(&SPEC, given);
        let rows: usize = (0..200).map(|n| bench.feed_json(&format!(r#"{{"t":1,"v":{}}}"#, event(n))).len()).sum();
        let rows = rows + end(&mut bench).len();
        assert_settled(&bench, rows as u64, 0);
        rows
    };
    let long = |n: usize| format!(r#""{n}{}""#, "x".repeat(1000));
    assert_eq!(kept(r#""count""#, &long), 1);
    assert!(kept(r#""list""#, &long) > 9);
    assert!(kept(r#""set""#, &long) > 9);
    assert_eq!(kept(r#"["list", "v", 2]"#, &long), 1);
    // The last one takes the place of the one before.
    assert_eq!((kept(r#""first""#, &long), kept(r#""last""#, &long)), (1, 1));
    assert_eq!(kept(r#""distinct""#, &long), 1);
    let fields = |n: usize| n.to_string();
    assert_eq!((kept(r#"["quantile", "v", 0.5]"#, &fields), kept(r#"["set", "v", 10]"#, &fields)), (1, 1));
}

#[test]
fn values_of_any_kind_are_told_apart() {
    let fields =
        json::read(r#"[["first", "first", "v"], ["last", "last", "v"], ["set", "set", "v"], ["distinct", "distinct", "v"]]"#).unwrap();
    let mut bench = Bench::new(&SPEC, vec![("window", 10.into()), ("time_getter", item("t")), ("fields", fields.into())]);
    for value in ["null", "1", r#""1""#, "1", r#"{"a":[1]}"#, r#"{"a":[1]}"#, "true", "null"] {
        bench.feed_json(&format!(r#"{{"t":1,"v":{value}}}"#));
    }
    assert_eq!(end(&mut bench), [r#"{"start":0,"end":10,"first":1,"last":true,"set":[1,"1",{"a":[1]},true],"distinct":4}"#]);
}

#[test]
fn equal_keys_and_values_are_one_however_they_are_written_and_results_have_the_first_form() {
    let fields = json::read(r#"[["n", "count"], ["set", "set", "v"], ["distinct", "distinct", "v"]]"#).unwrap();
    let run = |key: Given, events: &[[&str; 2]]| {
        let given = vec![("window", 10.into()), ("time_getter", item("t")), ("end_setter", Given::Setter(crate::getset::Setter::Null))];
        let mut bench = Bench::new(&SPEC, [given, vec![("key_getter", key), ("fields", fields.clone().into())]].concat());
        for [key, value] in events {
            assert!(bench.feed_parsed(&format!(r#"{{"t":1,"k":{key},"v":{value}}}"#)).is_empty());
        }
        end(&mut bench)
    };
    let maps = [
        [r#"{"b":[1, 2],"a":1.50}"#, "[1, 2]"],
        [r#"{"a":1.5,"b":[1,2]}"#, "[1,2]"],
        [r#"{ "\u0061":15e-1,"b":[ 1,2 ]}"#, "[1.0,2]"],
        [r#"{"a":1.5,"b":[1,2.0]}"#, r#"["\u00e9"]"#],
        [r#"{"a":1.5,"b":[1,2.0]}"#, r#"["é"]"#],
    ];
    let wanted = [
        r#"{"start":0,"k":{"b":[1,2],"a":1.50},"n":3,"set":[[1, 2],[1.0,2]],"distinct":2}"#,
        r#"{"start":0,"k":{"a":1.5,"b":[1,2.0]},"n":2,"set":[["\u00e9"]],"distinct":1}"#,
    ];
    assert_eq!(run(item("k"), &maps), wanted);
    let numbers = [["1.50", "1e3"], ["1.5", "1000.0"], ["1", "1"], ["1.0", "1.0"], ["1e0", "1.00"]];
    let wanted = [
        r#"{"start":0,"k":1.50,"n":2,"set":[1e3],"distinct":1}"#,
        r#"{"start":0,"k":1,"n":1,"set":[1],"distinct":1}"#,
        r#"{"start":0,"k":1.0,"n":2,"set":[1.0],"distinct":1}"#,
    ];
    assert_eq!(run(item("k"), &numbers), wanted);
    let both = Getter::Several(vec![Getter::named("k").unwrap(), Getter::named("v").unwrap()].into());
    let lists = [[r#""\u0061""#, "[1, 2.50]"], [r#""a""#, "[1,2.5]"], [r#""a""#, "[1,2]"]];
    let rows = run(Given::Getter(both), &lists);
    assert_eq!(rows.len(), 2);
    assert!(rows[0].starts_with(r#"{"start":0,"k":"a","v":[1,2.50],"#), "{rows:?}");
}

#[test]
fn a_result_that_cannot_be_made_fails_its_events() {
    let mut bench = by_key(vec![("start_setter", "k.x".into())]);
    feed(&mut bench, 1, "k", 1);
    assert_eq!(end(&mut bench).len(), 1, "`k` is made a map, then the key");
    let refuses = crate::getset::Setter::Call(Rc::new(|_, _| Err(Error::Other("no".into()))));
    let mut bench = by_key(vec![("key_setter", Given::Setter(refuses))]);
    feed(&mut bench, 1, "k", 1);
    feed(&mut bench, 2, "k", 1);
    assert!(end(&mut bench).is_empty());
    assert_eq!((bench.errors(), bench.balance().failed, bench.balance().in_flight), (1, 1, 0));
}

#[test]
fn many_events_of_one_window_are_one_result() {
    let mut bench = by_key(vec![]);
    let event = json::read(r#"{"t":5,"k":"k","v":3}"#).unwrap();
    let events = 100_000;
    (0..events).for_each(|_| drop(bench.feed(event.clone())));
    assert_eq!(end(&mut bench), [row(0, "k", events, 3 * events as i64)]);
    assert_settled(&bench, 1, 0);
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |more: Vec<(&'static str, Given)>| Bench::refused(&SPEC, [vec![("window", 60.into())], more].concat());
    let fields = |text: &str| refused(vec![("fields", json::read(text).unwrap().into())]);
    assert!(fields(r#"{"n": "cuont"}"#).contains("knows no function \"cuont\""));
    assert!(fields(r#"{"n": ["count", "x"]}"#).contains("takes no getter"));
    assert!(fields(r#"{"n": []}"#).contains("wants a function"));
    assert!(fields(r#"{"n": ["sum", true]}"#).contains("wants a getter for `n`, but is given bool"));
    assert!(fields(r#"["n"]"#).contains("arrays that begin with a name"));
    assert!(fields("7").contains("wants a map or an array"));
    assert!(fields(r#"{"n": ["quantile", "v"]}"#).contains("a share from 0 to 1 for `n`"));
    assert!(fields(r#"{"n": ["quantile", "v", 95]}"#).contains("a share from 0 to 1 for `n`"));
    assert!(fields(r#"{"n": ["set", "v", 0]}"#).contains("at least 1, for `n`"));
    assert!(fields(r#"{"n": ["sum", "v", 2]}"#).contains("nothing more, in `n`"));
    assert!(refused(vec![("slide", 61.into())]).contains("to what `window` is"));
    assert!(refused(vec![("slide", 0.into())]).contains("a microsecond"));
    assert!(refused(vec![("slide", 0.05.into())]).contains("more than 1000 windows"));
    assert!(refused(vec![("lateness", 5.into())]).contains("only with `time_getter`"));
    assert!(refused(vec![("key_setter", item("k"))]).contains("only with `key_getter`"));
    assert!(refused(vec![("max_contexts", 0.into())]).contains("from 1 to"));
    assert!(Bench::refused(&SPEC, vec![("window", 0.into())]).contains("a microsecond at least"));
}
