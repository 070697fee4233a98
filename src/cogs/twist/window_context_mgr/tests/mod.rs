//! Contexts under a by-hand clock, against a model that looks at everything, and with closures that raise.

mod closures;
mod model;

use std::time::{Duration, SystemTime};

use super::*;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::escapement::Clock;

/// On a clock that starts at 1000 s after 1970, and something else that keeps the loop going.
fn bench(clock: &Clock, given: Vec<(&str, Given)>) -> Bench {
    let mut bench = Bench::on(clock.clone(), &SPEC, given);
    bench.esc.after(9, Duration::from_secs(1_000_000));
    bench
}

fn clock() -> Clock {
    Clock::by_hand_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1000))
}

fn pass(clock: &Clock, seconds: u64) {
    clock.advance(Duration::from_secs(seconds));
}

fn texts(data: &[Datum]) -> Vec<String> {
    data.iter().map(json::to_string).collect()
}

/// What timers have it do by now.
fn due(bench: &mut Bench) -> Vec<String> {
    let mut rows = Vec::new();
    while let Some(fired) = bench.esc.next_ready().unwrap() {
        rows.extend(bench.wake(Some(fired.token), fired.wake).iter().map(json::to_string));
    }
    rows
}

fn seconds(more: Vec<(&'static str, Given)>) -> Vec<(&'static str, Given)> {
    [vec![("window", Given::from(10))], more].concat()
}

#[test]
fn a_timer_closes_the_window_of_each_key() {
    let clock = clock();
    let mut bench = bench(&clock, seconds(vec![("key_getter", "k".into())]));
    assert!(bench.feed_json(r#"{"k":"a","n":1}"#).is_empty());
    pass(&clock, 4);
    assert!(bench.feed_json(r#"{"k":"b","n":2}"#).is_empty());
    assert!(bench.feed_json(r#"{"k":"a","n":3}"#).is_empty());
    assert_eq!(bench.balance().in_flight, 3);
    pass(&clock, 5);
    assert!(due(&mut bench).is_empty());
    pass(&clock, 1);
    assert_eq!(due(&mut bench), [r#"[{"k":"a","n":1},{"k":"a","n":3}]"#]);
    // What comes at its end is no part of a window.
    pass(&clock, 4);
    assert_eq!(bench.feed_json(r#"{"k":"b","n":4}"#), [r#"[{"k":"b","n":2}]"#]);
    assert_eq!(texts(&bench.finish()), [r#"[{"k":"b","n":4}]"#]);
    let books = bench.balance();
    assert_eq!((books.in_flight, books.failed, bench.esc.bound(0)), (0, 0, 0));
}

#[test]
fn silence_ends_a_window_but_no_later_than_its_age() {
    let clock = clock();
    let mut bench = bench(&clock, seconds(vec![("anchor", "idle".into()), ("max_age", 15.into())]));
    for n in 0..4 {
        assert_eq!(bench.feed(n).len(), usize::from(n == 3), "{n}");
        pass(&clock, 6);
    }
    // The fourth one came after 18 s, three seconds after the end.
    pass(&clock, 3);
    assert!(due(&mut bench).is_empty());
    pass(&clock, 1);
    assert_eq!(due(&mut bench), ["[3]"]);
    assert_eq!((bench.balance().in_flight, bench.esc.bound(0)), (0, 0));
}

#[test]
fn windows_by_the_clock_end_when_it_is_set_back() {
    let clock = clock();
    let mut bench = bench(&clock, seconds(vec![("anchor", "clock".into()), ("slide", 5.into())]));
    pass(&clock, 7);
    assert!(bench.feed(1).is_empty(), "in 1000 to 1010 and in 1005 to 1015");
    pass(&clock, 3);
    assert_eq!(due(&mut bench), ["[1]"]);
    assert_eq!(bench.feed(2).len(), 0);
    pass(&clock, 5);
    assert_eq!(due(&mut bench), ["[1,2]"]);
    assert_eq!(texts(&bench.finish()), ["[2]"]);
    assert_eq!((bench.balance().in_flight, bench.balance().failed), (0, 0));
}

#[test]
fn at_the_limits_what_would_end_first_is_closed_or_data_fail() {
    let clock = clock();
    let few = |more: Vec<(&'static str, Given)>| [vec![("window", 10.into()), ("key_getter", "k".into())], more].concat();
    let mut all = bench(&clock, few(vec![("max_contexts", 2.into()), ("max_held", 3.into())]));
    let mut out = Vec::new();
    for key in ["a", "b", "c", "c", "c"] {
        out.extend(all.feed_json(&format!(r#"{{"k":"{key}"}}"#)));
    }
    assert_eq!(out, [r#"[{"k":"a"}]"#, r#"[{"k":"b"}]"#]);
    assert_eq!(texts(&all.finish()), [r#"[{"k":"c"},{"k":"c"},{"k":"c"}]"#]);
    assert_eq!((all.balance().in_flight, all.balance().failed), (0, 0));
    let mut none = bench(&clock, few(vec![("max_contexts", 1.into()), ("evict", "error".into())]));
    for key in ["a", "b", "a"] {
        none.feed_json(&format!(r#"{{"k":"{key}"}}"#));
    }
    assert_eq!((texts(&none.finish()), none.errors()), (vec![r#"[{"k":"a"},{"k":"a"}]"#.to_owned()], 1));
}

#[test]
fn late_data_make_further_results_are_dropped_or_fail() {
    let clock = clock();
    let time = |one: &Datum| one.as_map().and_then(|map| map.by_name("t")).map(json::to_string).unwrap();
    let shown = |text: &String| json::read(text).unwrap().as_list().unwrap().iter().map(time).collect::<Vec<_>>().join("+");
    for (late, wanted, filtered, failed) in
        [("new", vec!["5", "3+1+4", "25", "100"], 0, 0), ("drop", vec!["5", "25", "100"], 3, 0), ("error", vec!["5", "25", "100"], 0, 3)]
    {
        let given = vec![("anchor", "clock".into()), ("time_getter", Given::from("t")), ("late", late.into())];
        let mut bench = bench(&clock, seconds(given));
        let mut out = Vec::new();
        for t in [5, 25, 3, 1, 4, 100] {
            out.extend(bench.feed_json(&format!(r#"{{"t":{t}}}"#)));
        }
        out.extend(texts(&bench.finish()));
        assert_eq!(out.iter().map(shown).collect::<Vec<_>>(), wanted, "{late}");
        let books = bench.balance();
        assert_eq!((books.filtered, books.failed, books.in_flight), (filtered, failed, 0), "{late}");
    }
}

#[test]
fn after_a_silence_of_the_source_all_windows_end() {
    let clock = clock();
    let mut bench = bench(&clock, seconds(vec![("time_getter", "t".into()), ("idle_close", 30.into())]));
    bench.feed_json(r#"{"t":1}"#);
    pass(&clock, 20);
    bench.feed_json(r#"{"t":2}"#);
    pass(&clock, 20);
    assert!(due(&mut bench).is_empty());
    pass(&clock, 10);
    assert_eq!((due(&mut bench).len(), bench.esc.bound(0)), (1, 0));
    assert_eq!((bench.balance().in_flight, bench.balance().failed), (0, 0));
}

#[test]
fn bad_data_fail_alone_and_leave_no_trace() {
    let clock = clock();
    let mut bench = bench(&clock, seconds(vec![("key_getter", "k".into()), ("time_getter", "t".into())]));
    for text in [r#"{"k":1,"t":5}"#, r#"{"k":1,"t":"x"}"#, r#"{"t":99}"#, r#"{"k":1}"#, "7", r#"{"k":1,"t":6}"#] {
        assert!(bench.feed_json(text).is_empty(), "{text}");
    }
    assert_eq!((bench.errors(), texts(&bench.finish())), (4, vec![r#"[{"k":1,"t":5},{"k":1,"t":6}]"#.to_owned()]));
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |more: Vec<(&'static str, Given)>| Bench::refused(&SPEC, [vec![("window", 60.into())], more].concat());
    assert!(Bench::refused(&SPEC, vec![("window", 0.into())]).contains("a microsecond at least"));
    assert!(refused(vec![("slide", 61.into())]).contains("not be longer than `window`"));
    assert!(refused(vec![("slide", 0.05.into())]).contains("more than 1000 windows"));
    assert!(refused(vec![("slide", 30.into()), ("anchor", "idle".into())]).contains("no meaning with the anchor \"idle\""));
    assert!(refused(vec![("max_age", 100.into())]).contains("only with the anchor \"idle\""));
    assert!(refused(vec![("max_age", 5.into()), ("anchor", "idle".into())]).contains("not be shorter than `window`"));
    for option in ["lateness", "idle_close"] {
        assert!(refused(vec![(option, 5.into())]).contains("only with `time_getter`"), "{option}");
    }
    assert!(refused(vec![("max_contexts", 0.into())]).contains("at least 1"));
    assert!(refused(vec![("slide", 10.into()), ("max_held", 5.into())]).contains("at least 6"));
    assert!(refused(vec![("ctx_create", Given::Callback(std::rc::Rc::new(closures::Tally)))]).contains("only with `ctx_append`"));
}
