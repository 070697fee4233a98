//! Why a cog did what it did.

use super::{Answer, Rig, SCRIPT, Task, Trace, parcel};

fn trace(rig: &Rig, cog: &str, event: &str) -> Trace {
    match rig.ask(Task::Trace { cog: cog.into(), event: parcel(event) }) {
        Ok(Answer::Trace(trace)) => trace,
        other => panic!("{other:?}"),
    }
}

fn lines(trace: &Trace) -> Vec<usize> {
    trace.runs[0].lines.iter().map(|spot| spot.line).collect()
}

#[test]
fn the_line_that_drops_an_event_is_found() {
    let rig = Rig::new(SCRIPT);
    let told = trace(&rig, "errors", r#"{"kind": "log", "status": 50}"#);
    assert_eq!((told.spec.as_str(), told.runs.len()), ("twist::filter", 1));
    let run = &told.runs[0];
    assert_eq!((run.option.as_str(), run.callable.as_str()), ("predicate", "closure:18"));
    let decided = run.decided.as_ref().unwrap();
    assert_eq!((decided.line, decided.text.trim()), (21, "d.status > LIMIT"));
    assert_eq!(lines(&told), [18, 21]);
    assert_eq!(run.read, [("kind".to_owned(), "\"log\"".to_owned()), ("status".into(), "50".into()), ("LIMIT".into(), "100".into())]);
    assert_eq!(run.verdict.result.as_ref().unwrap().to_json(), "false");
    let told = trace(&rig, "errors", r#"{"kind": "probe", "status": 500}"#);
    assert_eq!(told.runs[0].decided.as_ref().unwrap().line, 19);
    let told = trace(&rig, "errors", "5");
    let fault = told.runs[0].verdict.result.as_ref().unwrap_err();
    assert_eq!(fault.place.as_ref().unwrap().line, 18, "{fault:?}");
    let told = trace(&rig, "errors", r#"{"status": 1}"#);
    assert_eq!(told.runs[0].read[0], ("kind".to_owned(), "()".to_owned()));
}

#[test]
fn functions_states_and_changes_are_traced() {
    let rig = Rig::new(SCRIPT);
    let told = trace(&rig, "grade", r#"{"status": 500}"#);
    assert_eq!(lines(&told), [6, 7, 8, 10, 11]);
    assert_eq!(told.runs[0].verdict.result.as_ref().unwrap().to_json(), r#"{"status":500,"level":"bad"}"#);
    let told = trace(&rig, "counts", r#"{"status": 500}"#);
    let run = &told.runs[0];
    assert_eq!((run.option.as_str(), run.printed.as_slice()), ("callable.run", &["1".to_owned()][..]));
    assert!(run.verdict.held);
    assert_eq!(run.verdict.emitted[0].to_json(), r#"{"n":1}"#);
    let closure = rig.ask(Task::Trace { cog: "grades".into(), event: parcel("{}") }).unwrap_err();
    assert_eq!(closure.hint.as_deref(), Some("did you mean `grade`?"));
    let told = trace(&rig, "closure:24", r#"{"status": 4}"#);
    assert_eq!(told.runs[0].verdict.event.to_json(), r#"{"status":4,"size":8}"#);
    assert_eq!(told.runs[0].verdict.result.as_ref().unwrap().to_json(), "null");
}

#[test]
fn each_trace_begins_anew_and_long_ones_are_cut() {
    let rig = Rig::new(
        "movement::train().update(movement::tick_supply(#{every: 1}) |> cog(|d| {\n  for i in 0..1000 {\n    d.n = i;\n    d.m = i;\n  }\n  d\n}) |> movement::null_drain()).run();",
    );
    for _ in 0..2 {
        let told = trace(&rig, "closure:1", "{}");
        assert!(told.runs[0].verdict.result.is_ok(), "{:?}", told.runs[0].verdict);
        assert_eq!((told.runs[0].lines.len(), told.runs[0].more), (300, 1702));
        assert_eq!(told.runs[0].decided.as_ref().unwrap().line, 6);
    }
}
