//! One datum of each key passes in a window, and none is forgotten.

use std::time::Duration;

use proptest::prelude::{Strategy, any, prop, proptest};
use proptest::sample::select;

use super::*;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::json;
use crate::escapement::Clock;

/// With a window of 10 s, and something else that keeps the loop going.
fn bench(clock: &Clock, more: Vec<(&str, Given)>) -> Bench {
    let given = [vec![("key_getter", Given::from("k")), ("window", 10.into())], more].concat();
    let mut bench = Bench::on(clock.clone(), &SPEC, given);
    bench.esc.after(1, Duration::from_secs(1_000_000));
    bench
}

fn texts(data: &[Datum]) -> Vec<String> {
    data.iter().map(json::to_string).collect()
}

/// What the cog should do, by looking at all it was ever given.
struct Model {
    mode: &'static str,
    refresh: bool,
    max_keys: usize,
    /// Key, end of the window, numbers of the data.
    open: Vec<(u8, u64, Vec<u64>)>,
}

impl Model {
    fn result(&self, key: u8, all: &[u64]) -> String {
        let n = if self.mode == "last" { all[all.len() - 1] } else { all[0] };
        format!(r#"{{"k":{key},"n":{n},"count":{}}}"#, all.len())
    }

    fn close(&mut self, time: u64) -> Vec<String> {
        let mut out = Vec::new();
        // The order is that of the ends; of equal ones, of the last change.
        while let Some(place) = (0..self.open.len()).min_by_key(|place| self.open[*place].1).filter(|place| self.open[*place].1 <= time) {
            let (key, _, all) = self.open.remove(place);
            if self.mode != "first" {
                out.push(self.result(key, &all));
            }
        }
        out
    }

    fn feed(&mut self, time: u64, key: u8, n: u64) -> Vec<String> {
        let mut out = self.close(time);
        if let Some(place) = self.open.iter().position(|(open, ..)| *open == key) {
            self.open[place].2.push(n);
            if self.refresh {
                let (key, _, all) = self.open.remove(place);
                self.open.push((key, time + 10, all));
            }
        } else {
            if self.mode == "first" {
                out.push(format!(r#"{{"k":{key},"n":{n}}}"#));
            }
            self.open.push((key, time + 10, vec![n]));
        }
        if self.open.len() > self.max_keys {
            let (key, _, all) = self.open.remove(0);
            if self.mode != "first" {
                out.push(self.result(key, &all));
            }
        }
        out
    }
}

fn steps() -> impl Strategy<Value = Vec<(u64, u8, bool)>> {
    prop::collection::vec((select(vec![0_u64, 0, 1, 2, 3, 5, 9, 10, 11]), 0_u8..5, any::<bool>()), 0..60)
}

proptest! {
    #[test]
    fn it_does_what_looking_at_all_data_says(
        mode in select(vec!["first", "last", "count"]), refresh in any::<bool>(), max_keys in select(vec![2_usize, 3, 100]), steps in steps(),
    ) {
        let clock = Clock::by_hand();
        let mut given = vec![("mode", Given::from(mode)), ("refresh", refresh.into()), ("max_keys", (max_keys as i64).into())];
        if mode != "first" {
            given.push(("count_setter", "count".into()));
        }
        let mut bench = bench(&clock, given);
        let (mut model, mut time) = (Model { mode, refresh, max_keys, open: Vec::new() }, 0);
        let mut passed: Vec<(u64, u8)> = Vec::new();
        for (n, (step, key, timers)) in (0..).zip(steps) {
            clock.advance(Duration::from_secs(step));
            time += step;
            if timers {
                let due = model.close(time);
                let woken = bench.pump(|data| data.len() >= due.len());
                assert_eq!(texts(&woken), due);
            }
            let out = bench.feed_json(&format!(r#"{{"k":{key},"n":{n}}}"#));
            assert_eq!(out, model.feed(time, key, n));
            if mode == "first" && max_keys == 100 && !out.is_empty() {
                assert!(!passed.iter().any(|(then, which)| *which == key && time - then < 10), "twice in a window");
                passed.push((time, key));
            }
        }
        assert_eq!(texts(&bench.finish()), model.close(u64::MAX));
        let books = bench.balance();
        assert_eq!((books.in_flight, books.failed), (0, 0));
    }
}

#[test]
fn what_is_gathered_ends_with_its_result() {
    let clock = Clock::by_hand();
    let mut bench = bench(&clock, vec![("mode", "count".into())]);
    bench.kept = Some(Vec::new());
    for text in [r#"{"k":"a","n":1}"#, r#"{"k":"b"}"#, r#"{"k":"a","n":2}"#] {
        assert!(bench.feed_json(text).is_empty());
    }
    assert_eq!(bench.balance().in_flight, 3);
    clock.advance(Duration::from_secs(10));
    let out = bench.pump(|data| data.len() == 2);
    assert_eq!(texts(&out), [r#"{"k":"a","n":1,"count":2}"#, r#"{"k":"b","count":1}"#]);
    assert_eq!(bench.balance().in_flight, 2);
    bench.release();
    let books = bench.balance();
    assert_eq!((books.in_flight, books.failed, books.delivered + books.merged), (0, 0, 3));
}

#[test]
fn what_repeats_was_swallowed_on_purpose_and_what_has_no_key_fails() {
    let clock = Clock::by_hand();
    let mut bench = bench(&clock, Vec::new());
    assert_eq!(bench.feed_json(r#"{"k":1}"#).len() + bench.feed_json(r#"{"k":1}"#).len(), 1);
    // Text is another key than the number that it shows.
    assert_eq!(bench.feed_json(r#"{"k":"1"}"#).len(), 1);
    assert!(bench.feed_json(r#"{"n":1}"#).is_empty());
    let books = bench.balance();
    assert_eq!((books.delivered, books.filtered, books.failed), (2, 1, 1));
}

#[test]
fn equal_keys_are_one_however_they_are_written() {
    for (getter, same, other) in [
        (Getter::named("k").unwrap(), r#"{"k":[1, "\u0061"]}|{"k":[1,"a"]}|{"k":[ 1,"a" ],"n":2}"#, r#"{"k":[1.0,"a"]}"#),
        (Getter::named("k").unwrap(), r#"{"k":{"a":1,"b":2}}|{"k":{"b":2,"a":1}}|{"k":{"\u0062":2, "a":1}}"#, r#"{"k":{"a":1}}"#),
        (Getter::named("k").unwrap(), r#"{"k":1.5}|{"k":1.50}|{"k":15e-1}"#, r#"{"k":"1.5"}"#),
        (Getter::Whole, r#"{"k":"é","n":{"a":[0.0]}}|{"n":{"a":[-0]},"k":"\u00e9"}|{"n": {"a" :[-0.0]},"k":"é"}"#, r#"{"k":"é"}"#),
    ] {
        let mut bench = Bench::on(Clock::by_hand(), &SPEC, vec![("key_getter", Given::Getter(getter))]);
        let passed: Vec<usize> = same.split('|').chain([other]).map(|text| bench.feed_parsed(text).len()).collect();
        assert_eq!(passed, [1, 0, 0, 1], "{same}");
    }
}

#[test]
fn too_many_data_cut_the_oldest_window_short() {
    let clock = Clock::by_hand();
    let mut bench = bench(&clock, vec![("mode", "last".into()), ("max_held", 3.into())]);
    let texts: Vec<_> = ["a", "b", "b", "b", "b"].iter().map(|key| bench.feed_json(&format!(r#"{{"k":"{key}"}}"#))).collect();
    assert_eq!(texts, [vec![], vec![], vec![], vec![r#"{"k":"a"}"#.to_owned()], vec![r#"{"k":"b"}"#.to_owned()]]);
}

#[test]
fn another_one_takes_over_what_was_seen() {
    let given = |mode: &str| vec![("mode", Given::from(mode))];
    let args = |mode| Dedup::new(&Args::of(&SPEC, given(mode))).unwrap();
    let mut old = args("first");
    old.keys.add("1", Moment::START, None);
    let mut new = args("first");
    new.take_over(old.hand_over().unwrap());
    assert_eq!((old.keys.len(), new.keys.len()), (0, 1));
    // What is gathered is sent by the old one.
    assert!(args("last").hand_over().is_none());
    let mut other = args("last");
    other.take_over(new.hand_over().unwrap());
    assert_eq!(other.keys.len(), 0);
}

#[test]
fn options_that_cannot_work_are_refused() {
    for (given, told) in [
        (vec![("window", Given::from(0))], "longer than nothing"),
        (vec![("max_keys", 0.into())], "at least 1"),
        (vec![("mode", "last".into()), ("max_held", 0.into())], "at least 1"),
        (vec![("count_setter", "n".into())], "only with the modes"),
        (vec![("max_held", 7.into())], "only with the modes"),
    ] {
        assert!(Bench::refused(&SPEC, given).contains(told), "{told}");
    }
}
