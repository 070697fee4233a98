//! No more than the rate passes, as much as it allows does, and in order.

use proptest::prelude::{any, prop, proptest};

use super::*;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::json;
use crate::escapement::Clock;

/// Four a second, three at once.
fn bench(clock: &Clock, more: Vec<(&str, Given)>) -> Bench {
    let given = [vec![("rate", Given::from(4)), ("burst", 3.into()), ("key_getter", "k".into())], more].concat();
    Bench::on(clock.clone(), &SPEC, given)
}

/// A fifth of a token comes with each tick.
const TICK: Duration = Duration::from_millis(50);

/// Buckets in fifths of tokens, filled tick by tick.
#[derive(Clone)]
struct Model {
    fifths: [u32; 3],
    waiting: [Vec<u64>; 3],
}

impl Model {
    fn new() -> Self {
        Self { fifths: [15; 3], waiting: [const { Vec::new() }; 3] }
    }

    fn has_token(&mut self, key: usize) -> bool {
        let has = self.fifths[key] >= 5;
        self.fifths[key] -= if has { 5 } else { 0 };
        has
    }

    /// What goes on now, by key.
    fn tick(&mut self) -> Vec<(usize, u64)> {
        let mut out = Vec::new();
        for key in 0..3 {
            self.fifths[key] = (self.fifths[key] + 1).min(15);
            while !self.waiting[key].is_empty() && self.has_token(key) {
                out.push((key, self.waiting[key].remove(0)));
            }
        }
        out
    }
}

/// By key, those of one in their order.
fn told(data: &[Datum]) -> Vec<(usize, u64)> {
    let number = |datum: &Datum, name: &str| datum.opened().as_map().and_then(|map| map.by_name(name)?.as_int()).unwrap();
    let mut all: Vec<_> = data.iter().map(|datum| (number(datum, "k") as usize, number(datum, "n") as u64)).collect();
    all.sort_by_key(|(key, _)| *key);
    all
}

proptest! {
    #[test]
    fn it_is_a_bucket_that_fills_tick_by_tick(
        delays in any::<bool>(), steps in prop::collection::vec((0_usize..3, prop::sample::select(vec![0_u32, 0, 0, 1, 2, 5, 12, 40])), 0..60),
    ) {
        let clock = Clock::by_hand();
        let mut bench = bench(&clock, vec![("mode", if delays { "delay" } else { "drop" }.into())]);
        let mut model = Model::new();
        for (n, (key, ticks)) in (0_u64..).zip(steps) {
            for _ in 0..ticks {
                clock.advance(TICK);
                let wanted = model.tick();
                let out = bench.pump(|data| data.len() >= wanted.len());
                assert_eq!(told(&out), wanted);
            }
            let out = bench.feed(json::read(&format!(r#"{{"k":{key},"n":{n}}}"#)).unwrap());
            let passes = model.waiting[key].is_empty() && model.has_token(key);
            assert_eq!(told(&out), if passes { vec![(key, n)] } else { vec![] });
            if !passes && delays {
                model.waiting[key].push(n);
            }
        }
        let rest: Vec<_> = (0..3).flat_map(|key| model.waiting[key].iter().map(move |n| (key, *n))).collect();
        assert_eq!(told(&bench.finish()), rest);
        let books = bench.balance();
        assert_eq!((books.in_flight, books.failed), (0, 0));
        assert!(!delays || books.filtered == 0);
    }
}

#[test]
fn what_waits_keeps_its_order_when_there_are_too_many_keys() {
    let clock = Clock::by_hand();
    let mut bench = Bench::on(clock, &SPEC, vec![("rate", 4.into()), ("key_getter", "k".into()), ("max_keys", 1.into())]);
    let mut feed = |key: u8| bench.feed_json(&format!(r#"{{"k":{key}}}"#)).len();
    // The bucket of 0 has to stay, as one waits; that of 1 goes, as the fuller one.
    assert_eq!((feed(0), feed(0), feed(1), feed(1), feed(0)), (1, 0, 1, 1, 0));
}

#[test]
fn all_data_have_one_rate_without_a_key_and_one_without_the_key_fails() {
    let clock = Clock::by_hand();
    let mut one = Bench::on(clock.clone(), &SPEC, vec![("rate", 0.5.into()), ("mode", "drop".into())]);
    assert_eq!((one.feed(1).len(), one.feed(2).len()), (1, 0));
    clock.advance(Duration::from_millis(1999));
    assert_eq!(one.feed(3).len(), 0);
    clock.advance(Duration::from_millis(1));
    assert_eq!(one.feed(4).len(), 1);
    let mut keyed = bench(&clock, Vec::new());
    assert!(keyed.feed_json("{}").is_empty());
    assert_eq!(keyed.balance().failed, 1);
}

#[test]
fn another_one_takes_over_what_was_used() {
    let args = || Throttle::new(&Args::of(&SPEC, vec![("rate", 1.into())])).unwrap();
    let (mut old, mut new, now) = (args(), args(), Moment::START);
    assert_eq!(old.token("", now), Some(Duration::ZERO));
    new.take_over(old.hand_over().unwrap());
    assert_eq!(new.token("", now), Some(Duration::from_secs(1)));
}

#[test]
fn options_that_cannot_work_are_refused() {
    for (given, told) in [
        (vec![("rate", Given::from(0))], "data a second"),
        (vec![("rate", (-1.0).into())], "data a second"),
        (vec![("rate", 2e6.into())], "data a second"),
        (vec![("rate", "x".into())], "wants a number"),
        (vec![("rate", 1.into()), ("burst", 0.into())], "from 1"),
        (vec![("rate", 1.into()), ("max_keys", 0.into())], "at least 1"),
    ] {
        assert!(Bench::refused(&SPEC, given).contains(told), "{told}");
    }
}

#[test]
fn equal_keys_have_one_bucket_however_they_are_written() {
    let clock = Clock::by_hand();
    let mut bench = bench(&clock, vec![("mode", "drop".into())]);
    let texts = ["[1, 2.50]", "[1,2.5]", "[ 1,25e-1]", "[1,2.500]", "[1,2]"];
    assert_eq!(texts.map(|key| bench.feed_parsed(&format!(r#"{{"k":{key}}}"#)).len()), [1, 1, 1, 0, 1]);
}
