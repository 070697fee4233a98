//! All functions in windows that overlap or not, against a model that keeps every event.

use std::collections::BTreeMap;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use proptest::sample::select;

use super::{Bench, Given, SPEC, due, end, item, on};
use crate::datum::{Datum, json};
use crate::escapement::Clock;

const WIDTH: i64 = 10;

/// Time, key and value of an event.
type Event = (i64, u8, Option<i64>);

fn fields() -> Given {
    json::read(
        r#"[["n", "count"], ["sum", "sum", "v"], ["min", "min", "v"], ["first", "first", "v"], ["last", "last", "v"], ["list", "list", "v", 3],
            ["set", "set", "v", 2], ["distinct", "distinct", "v"], ["p0", "quantile", "v", 0], ["p50", "quantile", "v", 0.5], ["p100", "quantile", "v", 1]]"#,
    )
    .unwrap()
    .into()
}

fn given(slide: i64, more: Vec<(&'static str, Given)>) -> Vec<(&'static str, Given)> {
    [vec![("window", WIDTH.into()), ("slide", slide.into()), ("key_getter", item("k")), ("fields", fields())], more].concat()
}

/// The result for those events, in order of arrival.
fn row(start: &str, end: &str, key: u8, all: &[Option<i64>]) -> String {
    let values: Vec<i64> = all.iter().flatten().copied().collect();
    let mut sorted = values.clone();
    sorted.sort_unstable();
    let mut set = values.clone();
    let mut seen = Vec::new();
    set.retain(|value| {
        !seen.contains(value) && {
            seen.push(*value);
            true
        }
    });
    let one = |value: Option<&i64>| value.map_or("null".to_owned(), ToString::to_string);
    let list = |all: &[i64]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"start":{start},"end":{end},"k":{key},"n":{},"sum":{},"min":{},"first":{},"last":{},"list":[{}],"set":[{}],"distinct":{},"p0":{},"p50":{},"p100":{}}}"#,
        all.len(),
        values.iter().sum::<i64>(),
        one(sorted.first()),
        one(values.first()),
        one(values.last()),
        list(&values[..values.len().min(3)]),
        list(&set[..set.len().min(2)]),
        seen.len(),
        one(sorted.first()),
        one(sorted.get(sorted.len().div_ceil(2).max(1) - 1)),
        one(sorted.last()),
    )
}

/// What is open: by beginning, the keys in order of appearance with their values.
#[derive(Default)]
struct Model(BTreeMap<i64, Vec<Row>>);

/// A key with its values.
type Row = (u8, Vec<Option<i64>>);

impl Model {
    fn feed(&mut self, (time, key, value): Event, slide: i64, over: impl Fn(i64) -> bool) -> bool {
        let starts: Vec<i64> = (time - WIDTH + 1..=time).filter(|start| start % slide == 0 && !over(*start)).collect();
        for start in &starts {
            let keys = self.0.entry(*start).or_default();
            match keys.iter_mut().find(|(its, _)| *its == key) {
                Some((_, all)) => all.push(value),
                None => keys.push((key, vec![value])),
            }
        }
        !starts.is_empty()
    }

    fn close(&mut self, mark: i64, shown: impl Fn(i64) -> String) -> Vec<String> {
        let mut out = Vec::new();
        while let Some(first) = self.0.first_entry().filter(|first| first.key() + WIDTH <= mark) {
            let (start, keys) = first.remove_entry();
            out.extend(keys.iter().map(|(key, all)| row(&shown(start), &shown(start + WIDTH), *key, all)));
        }
        out
    }
}

fn event(bench: &mut Bench, (time, key, value): Event) -> Vec<String> {
    let value = value.map_or("null".to_owned(), |value| value.to_string());
    bench.feed_json(&format!(r#"{{"t":{time},"k":{key},"v":{value}}}"#))
}

fn events() -> impl Strategy<Value = Vec<(i64, i64, u8, Option<i64>, bool)>> {
    let value = prop_oneof![4 => (-3_i64..4).prop_map(Some), 1 => Just(None)];
    prop::collection::vec((select(vec![0_i64, 0, 1, 3, 9, 12]), select(vec![0_i64, 0, 1, 5, 13]), 0_u8..3, value, any::<bool>()), 0..50)
}

proptest! {
    #[test]
    fn by_their_times(slide in select(vec![10_i64, 5, 4, 1]), lateness in select(vec![0_i64, 4, 20]), late in select(vec!["new", "drop", "error"]), events in events()) {
        let more = vec![("time_getter", item("t")), ("lateness", lateness.into()), ("late", late.into())];
        let mut bench = Bench::new(&SPEC, given(slide, more));
        let (mut model, mut now, mut top, mut lost, total) = (Model::default(), 0, i64::MIN, 0, events.len() as u64);
        for (step, behind, key, value, _) in events {
            now += step;
            let time = now - behind;
            let mut wanted = Vec::new();
            if time > top {
                // What was late waits for the next window that ends.
                let ends = |mark: i64| (mark - WIDTH).div_euclid(slide);
                if top == i64::MIN || ends(time - lateness) > ends(top - lateness) {
                    wanted = model.close(time - lateness, |time| time.to_string());
                }
                top = time;
            }
            let over = |start: i64| late != "new" && start + WIDTH <= top - lateness;
            lost += u64::from(!model.feed((time, key, value), slide, over));
            assert_eq!(event(&mut bench, (time, key, value)), wanted);
        }
        assert_eq!(end(&mut bench), model.close(i64::MAX, |time| time.to_string()));
        let books = bench.balance();
        assert_eq!((books.in_flight, books.born, books.filtered + books.failed), (0, total, lost));
        assert_eq!(books.failed, if late == "error" { lost } else { 0 });
    }

    #[test]
    fn by_their_arrival(slide in select(vec![10_i64, 5, 4, 1]), events in events()) {
        let clock = Clock::by_hand_at(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000));
        let mut bench = on(&clock, given(slide, Vec::new()));
        let shown = |time: i64| json::to_string(&Datum::Time(jiff::Timestamp::from_second(time).unwrap()));
        let (mut model, mut now) = (Model::default(), 1000);
        for (step, _, key, value, timers) in events {
            clock.advance(std::time::Duration::from_secs(step as u64));
            now += step;
            if timers {
                let woken = due(&mut bench);
                assert_eq!(woken, model.close(now, shown));
            }
            let wanted = model.close(now, shown);
            assert_eq!(event(&mut bench, (0, key, value)), wanted);
            model.feed((now, key, value), slide, |_| false);
        }
        assert_eq!(end(&mut bench), model.close(i64::MAX, shown));
        let books = bench.balance();
        assert_eq!((books.in_flight, books.failed, books.filtered, bench.esc.bound(0)), (0, 0, 0, 0));
    }
}
