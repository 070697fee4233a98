//! Windows by looking at all that is there: any anchor, by arrival and by the time of the data.

use std::rc::Rc;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use proptest::sample::select;

use super::*;
use crate::cog::{Callback, Keeper, Kept};
use crate::datum::Map;

const WINDOW: i64 = 10;

/// Gives key, beginning, end and the numbers of all data.
struct Spans;

impl Callback for Spans {
    fn keeper(&self, _: usize) -> Result<Rc<dyn Keeper>> {
        Ok(Rc::new(Spans))
    }
    fn name(&self) -> String {
        "spans".into()
    }
}

impl Keeper for Spans {
    fn make(&self, _: &Datum) -> Result<Kept> {
        Ok(Box::new(Datum::List(Vec::new())))
    }
    fn change(&self, kept: &mut Kept, datum: &Datum) -> Result<()> {
        let number = datum.as_map().and_then(|map| map.by_name("n")).unwrap().clone();
        if let Some(Datum::List(list)) = kept.downcast_mut() {
            list.push(number);
        }
        Ok(())
    }
    fn test(&self, kept: &mut Kept) -> Result<bool> {
        Ok(kept.downcast_ref::<Datum>().and_then(Datum::as_list).is_some_and(|list| list.len() >= FULL))
    }
    fn give(&self, kept: &mut Kept, pieces: &[Datum], _: Option<&Datum>) -> Result<Datum> {
        let mut map = Map::new();
        for (name, piece) in ["key", "start", "end"].into_iter().zip(pieces) {
            map.push(name.into(), piece.clone());
        }
        map.push("all".into(), self.show(kept)?);
        Ok(Datum::Map(map))
    }
    fn keep(&self, datum: &Datum) -> Kept {
        Box::new(datum.clone())
    }
    fn push(&self, _: &mut Kept, _: &Datum) {}
    fn show(&self, kept: &Kept) -> Result<Datum> {
        Ok(kept.downcast_ref().cloned().unwrap_or_default())
    }
}

/// Data with which a context is full, where that is asked.
const FULL: usize = 3;

/// What windows there are to be.
#[derive(Clone, Debug)]
struct Plan {
    anchor: &'static str,
    slide: Option<i64>,
    max_age: Option<i64>,
    /// By the time of data: how late they may be, and what becomes of those that are.
    lateness: Option<(i64, &'static str)>,
    full: bool,
    max_contexts: usize,
}

#[derive(Clone, Debug)]
struct Open {
    key: u8,
    start: i64,
    last: i64,
    end: i64,
    number: u64,
    all: Vec<u64>,
}

/// What the cog should do, by looking at all contexts that are open.
struct Model {
    plan: Plan,
    open: Vec<Open>,
    /// From where the windows of a key are counted, while any is open.
    origins: Vec<(u8, i64)>,
    number: u64,
    mark: i64,
    late: (u64, u64),
}

impl Model {
    fn text(&self, open: &Open) -> String {
        let time = |time: i64| match self.plan.lateness {
            Some(_) => time.to_string(),
            None => json::to_string(&Form::Time.datum((time + 1000) * 1_000_000)),
        };
        let all = open.all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        format!(r#"{{"key":{},"start":{},"end":{},"all":[{all}]}}"#, open.key, time(open.start), time(open.end))
    }

    fn pop(&mut self, time: i64) -> Option<String> {
        let first = (0..self.open.len()).min_by_key(|n| (self.open[*n].end, self.open[*n].number)).filter(|n| self.open[*n].end <= time)?;
        Some(self.remove(first))
    }

    fn remove(&mut self, place: usize) -> String {
        let open = self.open.remove(place);
        if !self.open.iter().any(|other| other.key == open.key) {
            self.origins.retain(|(key, _)| *key != open.key);
        }
        self.text(&open)
    }

    fn pass(&mut self, time: i64) -> Vec<String> {
        let due = self.plan.lateness.is_none() || self.open.iter().any(|open| self.mark < open.end && open.end <= time);
        self.mark = self.mark.max(time);
        let mut out = Vec::new();
        while due && let Some(text) = self.pop(time) {
            out.push(text);
        }
        out
    }

    /// Beginnings of new windows, or places of open ones.
    fn homes(&self, key: u8, time: i64) -> Vec<Result<usize, i64>> {
        let mine = || (0..self.open.len()).filter(move |n| self.open[*n].key == key);
        let at = |start: i64| mine().find(|n| self.open[*n].start == start).ok_or(start);
        let holds = |n: &usize| self.open[*n].start <= time && time < self.open[*n].end;
        let origin = self.origins.iter().find(|(its, _)| *its == key).map(|(_, origin)| *origin);
        let near = |n: &usize| {
            let open = &self.open[*n];
            let young = self.plan.max_age.is_none_or(|age| open.last - time < age);
            time < open.end && open.start - WINDOW < time && young
        };
        match (self.plan.anchor, self.plan.slide) {
            ("clock", slide) => (time - WINDOW + 1..=time).filter(|start| start % slide.unwrap_or(WINDOW) == 0).map(at).collect(),
            ("first", Some(slide)) => {
                let Some(origin) = origin else { return vec![Err(time)] };
                let first = (-1000..=1000).map(|n| origin + n * slide).take_while(|start| *start <= time.min(origin)).last().unwrap();
                (time - WINDOW + 1..=time).filter(|start| *start >= first && (start - origin) % slide == 0).map(at).collect()
            }
            ("first", None) => vec![mine().filter(holds).max_by_key(|n| self.open[*n].start).ok_or(time)],
            _ => vec![mine().filter(near).max_by_key(|n| (self.open[*n].start, self.open[*n].number)).ok_or(time)],
        }
    }

    fn feed(&mut self, now: i64, time: i64, key: u8, n: u64) -> Vec<String> {
        let mark = self.plan.lateness.map_or(now, |(lateness, _)| time - lateness);
        let mut out = self.pass(mark);
        let on_time = |homes: Vec<Result<usize, i64>>, mark: i64| -> Vec<_> {
            homes.into_iter().filter(|home| home.is_ok() || home.is_err_and(|start| start + WINDOW > mark)).collect()
        };
        let mut homes = self.homes(key, time);
        if let Some((_, late @ ("drop" | "error"))) = self.plan.lateness {
            homes = on_time(homes, self.mark);
            if homes.is_empty() {
                if late == "drop" {
                    self.late.0 += 1;
                } else {
                    self.late.1 += 1;
                }
                return out;
            }
        }
        while self.open.len() + homes.iter().filter(|home| home.is_err()).count() > self.plan.max_contexts {
            out.extend(self.pop(i64::MAX));
            homes = self.homes(key, time);
            if let Some((_, "drop" | "error")) = self.plan.lateness
                && let left = on_time(homes.clone(), self.mark)
                && !left.is_empty()
            {
                homes = left;
            }
        }
        let numbers: Vec<u64> = homes
            .into_iter()
            .map(|home| match home {
                Ok(place) => self.open[place].number,
                Err(start) => {
                    self.number += 1;
                    self.open.push(Open { key, start, last: time, end: start + WINDOW, number: self.number, all: Vec::new() });
                    self.number
                }
            })
            .collect();
        for number in numbers {
            let place = self.open.iter().position(|open| open.number == number).unwrap();
            let (idle, max_age) = (self.plan.anchor == "idle", self.plan.max_age);
            let open = &mut self.open[place];
            open.all.push(n);
            if idle {
                (open.start, open.last) = (open.start.min(time), open.last.max(time));
                open.end = max_age.map_or(open.last + WINDOW, |age| (open.last + WINDOW).min(open.start + age));
            }
            let start = open.start;
            match self.origins.iter_mut().find(|(its, _)| *its == key) {
                Some((_, origin)) => *origin = start.min(*origin),
                None => self.origins.push((key, start)),
            }
            if self.plan.full && self.open[place].all.len() >= FULL {
                let text = self.remove(place);
                out.push(text);
            }
        }
        out
    }
}

fn plans() -> impl Strategy<Value = Plan> {
    let slides = || select(vec![None, Some(10), Some(5), Some(4), Some(1)]);
    let anchors = prop_oneof![
        slides().prop_map(|slide| ("first", slide, None)),
        slides().prop_map(|slide| ("clock", slide, None)),
        select(vec![None, Some(10), Some(15)]).prop_map(|age| ("idle", None, age)),
    ];
    let late = prop_oneof![Just(None), (select(vec![0_i64, 3, 12]), select(vec!["new", "drop", "error"])).prop_map(Some)];
    (anchors, late, any::<bool>(), select(vec![10_usize, 12, 1000]))
        .prop_map(|((anchor, slide, max_age), lateness, full, max_contexts)| Plan { anchor, slide, max_age, lateness, full, max_contexts })
}

/// Seconds that pass, how far behind the datum is, its key, and whether timers are looked at.
fn steps() -> impl Strategy<Value = Vec<(i64, i64, u8, bool)>> {
    let behind = select(vec![0_i64, 0, 0, 1, 4, 9, 11, 25]);
    prop::collection::vec((select(vec![0_i64, 0, 1, 2, 3, 5, 9, 10, 11]), behind, 0_u8..3, any::<bool>()), 0..60)
}

fn given(plan: &Plan) -> Vec<(&'static str, Given)> {
    let closure = || Given::Callback(Rc::new(Spans));
    let mut given = seconds(vec![
        ("key_getter", "k".into()),
        ("anchor", plan.anchor.into()),
        ("max_contexts", (plan.max_contexts as i64).into()),
        ("ctx_create", closure()),
        ("ctx_append", closure()),
        ("ctx_close", closure()),
    ]);
    for (name, value) in [("slide", plan.slide), ("max_age", plan.max_age), ("lateness", plan.lateness.map(|(lateness, _)| lateness))] {
        given.extend(value.map(|value| (name, value.into())));
    }
    if let Some((_, late)) = plan.lateness {
        given.extend([("time_getter", "t".into()), ("late", late.into())]);
    }
    if plan.full {
        given.push(("ctx_over", closure()));
    }
    given
}

proptest! {
    #[test]
    fn windows_are_what_looking_at_all_of_them_says(plan in plans(), steps in steps()) {
        let clock = clock();
        let mut bench = bench(&clock, given(&plan));
        let mut model = Model { plan: plan.clone(), open: Vec::new(), origins: Vec::new(), number: 0, mark: i64::MIN, late: (0, 0) };
        let (mut now, total) = (0, steps.len() as u64);
        for (n, (step, behind, key, timers)) in (0..).zip(steps) {
            pass(&clock, step as u64);
            now += step;
            if timers && plan.lateness.is_none() {
                let woken = due(&mut bench);
                assert_eq!(woken, model.pass(now));
            }
            let time = if plan.lateness.is_some() { now - behind } else { now };
            assert_eq!(bench.feed_json(&format!(r#"{{"k":{key},"n":{n},"t":{time}}}"#)), model.feed(now, time, key, n), "{n} at {time}");
        }
        let mut rest = Vec::new();
        while let Some(text) = model.pop(i64::MAX) {
            rest.push(text);
        }
        assert_eq!(texts(&bench.finish()), rest);
        let books = bench.balance();
        assert_eq!((books.in_flight, books.filtered, books.failed, bench.errors()), (0, model.late.0, model.late.1, model.late.1));
        assert_eq!(books.born, total);
        assert_eq!(bench.esc.bound(0), 0);
    }

    /// Not what the cog does step by step, but what windows by the clock are: each datum in every span that holds its time.
    #[test]
    fn windows_by_the_clock_are_the_spans_that_hold_the_times(slide in select(vec![10_i64, 5, 3, 1]), times in prop::collection::vec((0_i64..60, 0_u8..3), 0..50)) {
        let plan = Plan { anchor: "clock", slide: Some(slide), max_age: None, lateness: Some((60, "error")), full: false, max_contexts: 1000 };
        let mut bench = bench(&clock(), given(&plan));
        for (n, (time, key)) in times.iter().enumerate() {
            assert!(bench.feed_json(&format!(r#"{{"k":{key},"n":{n},"t":{time}}}"#)).is_empty());
        }
        let mut wanted = Vec::new();
        for start in (-9..60).filter(|start| start % slide == 0) {
            for key in 0..3 {
                let all: Vec<String> = (0..times.len()).filter(|n| times[*n].1 == key && (start..start + 10).contains(&times[*n].0)).map(|n| n.to_string()).collect();
                if !all.is_empty() {
                    wanted.push(format!(r#"{{"key":{key},"start":{start},"end":{},"all":[{}]}}"#, start + 10, all.join(",")));
                }
            }
        }
        let mut made = texts(&bench.finish());
        made.sort();
        wanted.sort();
        assert_eq!(made, wanted);
    }
}
