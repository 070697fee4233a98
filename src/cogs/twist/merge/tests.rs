//! Parts become one, whatever order they come in, and none is lost when one is missing.

use std::time::Duration;

use proptest::prelude::{Strategy, prop, proptest};
use proptest::sample::select;

use super::*;
use crate::cog::Given;
use crate::cog::bench::Bench;
use crate::datum::json;
use crate::escapement::Clock;

/// With something else that keeps the loop going.
fn bench(clock: &Clock, more: Vec<(&str, Given)>) -> Bench {
    let given = [vec![("key_getter", Given::from("k")), ("window", 10.into())], more].concat();
    let mut bench = Bench::on(clock.clone(), &SPEC, given);
    bench.esc.after(1, Duration::from_secs(1_000_000));
    bench
}

fn names() -> Given {
    json::read(r#"["a","b","c"]"#).unwrap().into()
}

fn texts(data: &[Datum]) -> Vec<String> {
    data.iter().map(json::to_string).collect()
}

fn settled(bench: &Bench) -> (u64, u64) {
    (bench.balance().in_flight, bench.balance().failed)
}

#[test]
fn as_many_as_there_are_become_one_of_which_later_entries_win() {
    let mut bench = bench(&Clock::by_hand(), vec![("parts", 2.into())]);
    assert!(bench.feed_json(r#"{"k":1,"x":1,"y":1}"#).is_empty());
    assert!(bench.feed_json(r#"{"k":2,"x":2}"#).is_empty());
    assert_eq!(bench.feed_json(r#"{"k":1,"y":2,"z":3}"#), [r#"{"k":1,"x":1,"y":2,"z":3}"#]);
    assert_eq!(texts(&bench.finish()), [r#"{"k":2,"x":2}"#]);
    assert_eq!((settled(&bench), bench.balance().merged), ((0, 0), 1));
}

#[test]
fn parts_by_name_stand_in_the_order_of_the_names() {
    let given = |under: bool| vec![("parts", names()), ("part_getter", "p".into()), ("under", under.into())];
    let feed = |bench: &mut Bench| -> Vec<String> {
        let inputs = [r#"{"k":1,"p":"c","x":3}"#, r#"{"k":1,"p":"a","x":0}"#, r#"{"k":1,"p":"a","x":1}"#, r#"{"k":1,"p":"b","x":2}"#];
        inputs.iter().flat_map(|text| bench.feed_json(text)).collect()
    };
    let mut joined = bench(&Clock::by_hand(), given(false));
    assert_eq!(feed(&mut joined), [r#"{"k":1,"p":"c","x":3}"#]);
    let mut under = bench(&Clock::by_hand(), given(true));
    assert_eq!(feed(&mut under), [r#"{"k":1,"a":{"k":1,"p":"a","x":1},"b":{"k":1,"p":"b","x":2},"c":{"k":1,"p":"c","x":3}}"#]);
    assert_eq!((settled(&joined), settled(&under)), ((0, 0), (0, 0)));
}

#[test]
fn what_is_not_complete_in_time_is_passed_on_dropped_or_fails() {
    for (word, wanted, filtered, failed) in
        [("pass", vec![r#"{"k":1,"p":"b","missing":["a","c"]}"#], 0, 0), ("drop", vec![], 1, 0), ("error", vec![], 0, 1)]
    {
        let clock = Clock::by_hand();
        let mut given = vec![("parts", names()), ("part_getter", "p".into()), ("incomplete", word.into())];
        if word == "pass" {
            given.push(("missing_setter", "missing".into()));
        }
        let mut bench = bench(&clock, given);
        assert!(bench.feed_json(r#"{"k":1,"p":"b"}"#).is_empty());
        clock.advance(Duration::from_secs(10));
        let mut woken = Vec::new();
        while let Some(fired) = bench.esc.next_ready().unwrap() {
            woken.extend(bench.wake(Some(fired.token), fired.wake));
        }
        assert_eq!(texts(&woken), wanted, "{word}");
        let books = bench.balance();
        assert_eq!((books.in_flight, books.filtered, books.failed, bench.errors()), (0, filtered, failed, failed), "{word}");
    }
}

#[test]
fn equal_keys_are_one_however_they_are_written() {
    let mut bench = bench(&Clock::by_hand(), vec![("parts", 2.into())]);
    assert!(bench.feed_parsed(r#"{"k":[1, {"a":2.50,"b":"\u0061"}],"x":1}"#).is_empty());
    assert_eq!(bench.feed_parsed(r#"{"k":[1,{"b":"a","a":2.5}],"y":2}"#), [r#"{"k":[1,{"b":"a","a":2.5}],"x":1,"y":2}"#]);
    assert_eq!(settled(&bench), (0, 0));
}

#[test]
fn bad_parts_fail_alone() {
    let mut bench = bench(&Clock::by_hand(), vec![("parts", names()), ("part_getter", "p".into())]);
    for text in [r#"{"k":1,"p":"d"}"#, r#"{"k":1,"p":7}"#, r#"{"k":1}"#, r#"{"p":"a"}"#, "[1]"] {
        assert!(bench.feed_json(text).is_empty());
    }
    assert_eq!((bench.errors(), bench.finish().len(), bench.balance().in_flight), (5, 0, 0));
    let mut counted = super::tests::bench(&Clock::by_hand(), vec![("parts", 2.into()), ("key_getter", Given::Getter(Getter::Whole))]);
    assert!(counted.feed(1).is_empty());
    assert_eq!((counted.errors(), counted.finish().len()), (1, 0));
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |more: Vec<(&'static str, Given)>| Bench::refused(&SPEC, [vec![("key_getter", "k".into())], more].concat());
    assert!(refused(vec![("parts", 1.into())]).contains("from 2 to 1000"));
    assert!(refused(vec![("parts", json::read(r#"["a","a"]"#).unwrap().into()), ("part_getter", "p".into())]).contains("twice"));
    assert!(refused(vec![("parts", names())]).contains("which of `parts` a datum is"));
    assert!(refused(vec![("parts", 2.into()), ("part_getter", "p".into())]).contains("only with names"));
    assert!(refused(vec![("parts", 2.into()), ("under", true.into())]).contains("only with names"));
    assert!(refused(vec![("parts", 2.into()), ("key_setter", "q".into())]).contains("only with `under`"));
    assert!(refused(vec![("parts", 2.into()), ("window", 0.into())]).contains("longer than nothing"));
    assert!(refused(vec![("parts", 2.into()), ("max_keys", 0.into())]).contains("at least 1"));
    assert!(refused(vec![("parts", 1000.into()), ("max_bytes", 30_000.into())]).contains("so much a key takes"));
    for word in ["drop", "error"] {
        let error = refused(vec![("parts", 2.into()), ("incomplete", word.into()), ("missing_setter", "missing".into())]);
        assert!(error.contains("`missing_setter`: has a meaning only with incomplete: \"pass\""), "{error}");
    }
}

#[test]
fn too_many_bytes_cut_the_oldest_window_short() {
    let mut bench = bench(&Clock::by_hand(), vec![("parts", 2.into()), ("max_bytes", 10_000.into()), ("missing_setter", "m".into())]);
    let long = |n: usize| format!(r#"{{"k":{n},"x":"{}"}}"#, "x".repeat(2000));
    let cut = (0..100).map(|n| bench.feed_json(&long(n))).collect::<Vec<_>>().concat();
    let wanted: Vec<String> = (0..96).map(|n| long(n).replace('}', r#","m":1}"#)).collect();
    assert_eq!(cut, wanted, "four of 2000 letters and some fit");
    assert_eq!(bench.balance().in_flight, 4);
    // What has gone on takes no room any more.
    for n in 96..100 {
        assert_eq!(bench.feed_json(&format!(r#"{{"k":{n}}}"#)).len(), 1);
    }
    assert_eq!((settled(&bench), bench.finish().len()), ((0, 0), 0));
    // One that is larger than all may be goes on alone.
    assert_eq!(bench.feed_json(&long(7).replace('x', "xxxxxx")).len(), 1);
    assert_eq!(settled(&bench), (0, 0));
}

#[test]
fn a_part_that_comes_again_and_again_takes_room_and_gives_that_of_the_former_one_back() {
    let given = vec![("parts", names()), ("part_getter", "p".into()), ("max_bytes", 10_000.into())];
    let mut bench = bench(&Clock::by_hand(), given);
    let part = format!(r#"{{"k":1,"p":"a","x":"{}"}}"#, "x".repeat(2000));
    let came = (1..300).find(|_| !bench.feed_json(&part).is_empty()).unwrap();
    // 32 bytes for each that came, and one of 2000 letters and some.
    assert!((200..250).contains(&came), "{came}");
    assert_eq!(settled(&bench), (0, 0));
}

fn steps() -> impl Strategy<Value = Vec<(u64, u8)>> {
    prop::collection::vec((select(vec![0_u64, 0, 1, 3, 9, 10]), 0_u8..4), 0..60)
}

proptest! {
    #[test]
    fn it_does_what_looking_at_all_data_says(parts in 2_usize..5, max_keys in select(vec![2_usize, 100]), steps in steps()) {
        let clock = Clock::by_hand();
        let given = vec![("parts", Given::from(parts as i64)), ("max_keys", (max_keys as i64).into()), ("missing_setter", "m".into())];
        let mut bench = bench(&clock, given);
        // Key, end, numbers.
        let (mut open, mut now): (Vec<(u8, u64, Vec<usize>)>, u64) = (Vec::new(), 0);
        let text = |key: u8, all: &[usize]| {
            let mut entries: Vec<String> = vec![format!(r#""k":{key}"#)];
            entries.extend(all.iter().map(|n| format!(r#""n{n}":{n}"#)));
            if all.len() < parts {
                entries.push(format!(r#""m":{}"#, parts - all.len()));
            }
            format!("{{{}}}", entries.join(","))
        };
        for (n, (step, key)) in steps.into_iter().enumerate() {
            clock.advance(Duration::from_secs(step));
            now += step;
            let mut wanted = Vec::new();
            while let Some((key, _, all)) = open.first().filter(|(_, end, _)| *end <= now).cloned() {
                wanted.push(text(key, &all));
                open.remove(0);
            }
            let place = open.iter().position(|(its, ..)| *its == key).unwrap_or_else(|| {
                open.push((key, now + 10, Vec::new()));
                open.len() - 1
            });
            open[place].2.push(n);
            if open[place].2.len() == parts {
                let (key, _, all) = open.remove(place);
                wanted.push(text(key, &all));
            }
            if open.len() > max_keys {
                let (key, _, all) = open.remove(0);
                wanted.push(text(key, &all));
            }
            assert_eq!(bench.feed_json(&format!(r#"{{"k":{key},"n{n}":{n}}}"#)), wanted);
        }
        let rest: Vec<String> = open.iter().map(|(key, _, all)| text(*key, all)).collect();
        assert_eq!(texts(&bench.finish()), rest);
        assert_eq!((settled(&bench), bench.esc.bound(0)), ((0, 0), 0));
    }
}
