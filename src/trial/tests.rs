//! Shadows of real scripts.

use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::datum::{Datum, Parcel, json};
use crate::script::{Setting, Wound, wind_text};

fn wound(script: &str) -> Wound {
    let reports = |reports: Vec<crate::script::report::Report>| reports.iter().map(|report| report.render(false)).collect::<String>();
    let wound = wind_text("a.rhai", script, Path::new("."), Setting::default()).map_err(reports).unwrap();
    assert!(!wound.is_faulty(), "{}", reports(wound.reports));
    wound
}

/// A script of that line of cogs.
fn line(cogs: &str) -> String {
    format!("let train = movement::train();\ntrain.update({cogs});\ntrain.run();\n")
}

fn shadow(script: &str) -> Shadow {
    Shadow::of(wound(script), Terms::default()).unwrap()
}

fn texts(data: &[Datum]) -> Vec<String> {
    data.iter().map(json::to_string).collect()
}

const PARSE: &str = "fs::stdin_supply() |> text::json_parse(#{ name: \"parse\" }) |> filter(|d| d.n > 1) |> \
    (|| { this.twice = this.n * 2; }) |> text::json_marshall() |> fs::line_file_drain(#{ path: \"OUT\", name: \"out\" })";

#[test]
fn what_enters_goes_its_way_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.txt");
    let mut shadow = shadow(&line(&PARSE.replace("OUT", path.to_str().unwrap())));
    shadow.read("stdin_supply", Datum::from("{\"n\": 1}")).unwrap();
    shadow.feed("stdin_supply", Datum::from("{\"n\": 2}")).unwrap();
    shadow.feed("filter", json::read("{\"n\": 3}").unwrap()).unwrap();
    shadow.feed("parse", Datum::from("nonsense")).unwrap();
    assert_eq!(shadow.finish().unwrap(), 0);
    let outputs = shadow.outputs();
    assert_eq!(outputs.drains.len(), 1);
    assert_eq!(texts(&outputs.drains[0].1), [r#""{\"n\":2,\"twice\":4}""#, r#""{\"n\":3,\"twice\":6}""#]);
    assert_eq!(texts(&outputs.dropped[0].1), [r#"{"n":1}"#]);
    let (cog, failed) = &outputs.failed[0];
    assert_eq!((cog.as_str(), failed[0].0.clone()), ("parse", Some(Datum::from("nonsense"))));
    assert!(failed[0].1.contains("JSON"), "{}", failed[0].1);
    let balance = shadow.balance();
    assert_eq!((balance.born, balance.delivered, balance.filtered, balance.failed, balance.in_flight), (4, 2, 1, 1, 0));
    assert!(!path.exists());
    assert_eq!(shadow.stubs().collect::<Vec<_>>(), [("stdin_supply", Part::Silent), ("out", Part::Swallows)]);
    assert!(shadow.said().iter().any(|said| said.contains("parse")), "{:?}", shadow.said());
}

#[test]
fn supplies_that_keep_state_and_follow_files_open_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().to_str().unwrap();
    std::fs::write(dir.path().join("in.txt"), "one\n").unwrap();
    let script = line(&format!(
        "fs::file_watcher_supply(#{{ filenames: \"{base}/in.txt\", state_file: \"{base}/state\", data_setter: \"line\" }}) |> \
         fs::line_file_drain(#{{ path: \"{base}/out.txt\" }})"
    ));
    let mut shadow = shadow(&script);
    shadow.advance(Duration::from_secs(60)).unwrap();
    assert_eq!(shadow.outputs().drains[0].1, []);
    shadow.read("file_watcher_supply", Datum::from("two")).unwrap();
    shadow.finish().unwrap();
    assert_eq!(texts(&shadow.outputs().drains[0].1), [r#"{"line":"two"}"#]);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn time_is_moved_by_hand_and_every_beat_happens() {
    let script = line("movement::tick_supply(#{ every: 2, name: \"beat\" }) |> movement::collect_drain(#{ name: \"end\" })");
    let mut shadow =
        Shadow::of(wound(&script), Terms { ticks: true, wall: std::time::SystemTime::UNIX_EPOCH, ..Terms::default() }).unwrap();
    assert_eq!(shadow.outputs().drains[0].1.len(), 1, "the first beat is at the start");
    shadow.advance(Duration::from_secs(7)).unwrap();
    let given = shadow.outputs().drains[0].1.clone();
    let times: Vec<String> = given.iter().map(|datum| json::to_string(datum.as_map().unwrap().by_name("time").unwrap())).collect();
    assert_eq!(times, ["\"1970-01-01T00:00:00Z\"", "\"1970-01-01T00:00:02Z\"", "\"1970-01-01T00:00:04Z\"", "\"1970-01-01T00:00:06Z\""]);
    shadow.finish().unwrap();
    assert!(shadow.advance(Duration::from_secs(1)).unwrap_err().to_string().contains("has ended"));
    let mut silent = Shadow::of(wound(&script), Terms::default()).unwrap();
    silent.advance(Duration::from_secs(7)).unwrap();
    assert!(silent.outputs().drains[0].1.is_empty());
}

#[test]
fn windows_close_at_the_end() {
    let script = line(
        "fs::stdin_supply() |> text::json_parse() |> twist::aggregate(#{ key_getter: \"k\", window: 60, fields: [[\"n\", \"count\"]] }) |> \
         movement::collect_drain()",
    );
    let shown = dry(wound(&script), "json_parse", vec![Parcel::Str(r#"{"k":"a"}"#.into()), Parcel::Str(r#"{"k":"a"}"#.into())]).unwrap();
    let last = shown.last().unwrap();
    assert!(last.at_end && last.cog == "collect_drain" && last.event == Some(0), "{shown:?}");
    let mut shadow = shadow(&script);
    shadow.read("stdin_supply", Datum::from(r#"{"k":"a"}"#)).unwrap();
    shadow.advance(Duration::from_secs(61)).unwrap();
    assert_eq!(shadow.outputs().drains[0].1.len(), 1, "and when their time has come");
}

#[test]
fn an_unknown_cog_is_told_with_the_nearest() {
    let mut shadow = shadow(&line(&PARSE.replace("OUT", "x")));
    assert_eq!(shadow.feed("prase", Datum::Unit).unwrap_err().to_string(), "no cog `prase`; did you mean `parse`?");
    assert!(shadow.read("parse", Datum::Unit).unwrap_err().to_string().contains("no supply"));
    assert!(shadow.at("ou", What::Left).unwrap_err().to_string().contains("no cog"));
}

#[test]
fn whatever_the_script_does_it_ends() {
    let many = "(|d| { let all = []; for n in 0..1000 { all.push(d); } all })";
    let script = line(&format!("fs::stdin_supply() |> {many} |> {many} |> {many} |> movement::null_drain()"));
    let mut shadow = Shadow::of(wound(&script), Terms { data: 5000, ..Terms::default() }).unwrap();
    let began = Instant::now();
    let told = shadow.feed("stdin_supply", Datum::Int(1)).unwrap_err().to_string();
    assert!(told.contains("more than 5000 data"), "{told}");
    let slow = "(|d| { let n = 0; while true { n += 1; } })";
    let script = line(&format!("fs::stdin_supply() |> {many} |> {slow} |> movement::null_drain()"));
    let until = Instant::now() + Duration::from_millis(500);
    let mut shadow = Shadow::of(wound(&script), Terms { until, ..Terms::default() }).unwrap();
    let told = shadow.feed("stdin_supply", Datum::Int(1)).unwrap_err().to_string();
    assert!(told.contains("takes too long"), "{told}");
    let script = line("movement::tick_supply(#{ every: 0 }) |> movement::null_drain()");
    let terms = Terms { ticks: true, data: 5000, ..Terms::default() };
    let told = Shadow::of(wound(&script), terms).map(|_| ()).unwrap_err().to_string();
    assert!(told.contains("more than 5000 data"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_train_that_asks_for_its_end_takes_nothing_more() {
    let script = line("fs::stdin_supply() |> text::json_parse(#{ on_error: \"stop\" }) |> movement::null_drain()");
    let mut shadow = shadow(&script);
    shadow.feed("json_parse", Datum::from("nonsense")).unwrap();
    assert!(shadow.feed("json_parse", Datum::from("1")).unwrap_err().to_string().contains("asked for its end"));
    assert_eq!(shadow.finish().unwrap(), 1);
}

#[test]
fn two_versions_are_compared_event_by_event_on_any_thread() {
    let old = line(&PARSE.replace("OUT", "x"));
    let new = old.replace("this.n * 2", "this.n * if this.n == 3 { 3 } else { 2 }").replace("d.n > 1", "d.n > 0 || missing.call()");
    let events: Vec<(String, Parcel)> =
        [r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":3}"#, "x"].map(|text| ("parse".into(), Parcel::Str(text.into()))).into();
    let new = new.replace(" || missing.call()", "");
    let comparison = std::thread::spawn(move || compare(wound(&old), wound(&new), &events).unwrap()).join().unwrap();
    assert_eq!(comparison.same, 2);
    let told: Vec<_> = comparison
        .changed
        .iter()
        .map(|change| (change.event, change.drain.as_str(), change.failed, change.before.len(), change.after.len()))
        .collect();
    assert_eq!(told, [(Some(0), "out", false, 0, 1), (Some(2), "out", false, 1, 1)]);
    assert_eq!(comparison.changed[1].after, [Parcel::Str(r#"{"n":3,"twice":9}"#.into())]);
}
