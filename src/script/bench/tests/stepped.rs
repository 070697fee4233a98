//! Stepping through a cog.

use std::time::Duration;

use super::{Answer, Command, Fault, Rig, SCRIPT, Stopped, Task, Value, parcel};

fn step(rig: &Rig, cog: &str, event: &str) -> Stopped {
    stopped(rig.ask(Task::Step { session: 1, cog: cog.into(), event: parcel(event) }))
}

fn stopped(answer: Result<Answer, Fault>) -> Stopped {
    match answer {
        Ok(Answer::Stopped(stopped)) => *stopped,
        other => panic!("{other:?}"),
    }
}

fn go(rig: &Rig, command: Command) -> Result<Answer, Fault> {
    rig.ask(Task::Stepping { session: 1, command })
}

fn print(rig: &Rig, text: &str) -> Value {
    match rig.ask(Task::Print { session: 1, text: text.into() }) {
        Ok(Answer::Value(value)) => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_function_is_walked_through_and_what_is_changed_stays() {
    let rig = Rig::new(SCRIPT);
    let first = step(&rig, "grade", r#"{"status": 500}"#);
    assert_eq!((first.spot.line, first.spot.text.trim()), (6, r#"let level = "ok";"#));
    assert_eq!(first.window.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 5, 6, 7, 8]);
    assert_eq!(first.stack[0].name, "grade");
    assert_eq!((first.variables[0].name.as_str(), first.variables[0].value.as_str()), ("d", r#"{"status":500}"#));
    assert_eq!(stopped(go(&rig, Command::Over)).spot.line, 7);
    assert_eq!(print(&rig, ".status + level.len()").value.to_json(), "502");
    let _ = print(&rig, "d.status = 200; level = \"none\"");
    let next = stopped(go(&rig, Command::Over));
    assert_eq!(next.spot.line, 10, "the status is no fault any more");
    assert_eq!(next.variables[1].value, r#""none""#, "{:?}", next.variables);
    let Ok(Answer::Done(done)) = go(&rig, Command::Continue) else { panic!("it ends") };
    assert_eq!(done.verdict.unwrap().result.unwrap().to_json(), r#"{"status":200,"level":"none"}"#);
    assert_eq!(go(&rig, Command::Over).unwrap_err().text, "nothing is stepped through");
}

#[test]
fn calls_are_gone_into_over_and_out_of() {
    let script = "fn inner(n) {\n  let m = n + 1;\n  m * 2\n}\nmovement::train().update(movement::tick_supply(#{every: 1}) |> cog(|| {\n  this.a = inner(this.n);\n  this.b = inner(this.a);\n}) |> movement::null_drain()).run();";
    let rig = Rig::new(script);
    let first = step(&rig, "closure:5", r#"{"n": 1}"#);
    assert_eq!((first.spot.line, first.this.unwrap().to_json().as_str()), (6, r#"{"n":1}"#));
    let within = stopped(go(&rig, Command::Into));
    assert_eq!(within.spot.line, 2);
    assert_eq!(
        within.stack.iter().map(|frame| (frame.name.as_str(), frame.spot.as_ref().unwrap().line)).collect::<Vec<_>>(),
        [("inner", 2), ("closure:5", 6)]
    );
    assert_eq!(stopped(go(&rig, Command::Out)).spot.line, 7);
    assert_eq!(print(&rig, "this.a = 9; .a").event.unwrap().to_json(), r#"{"n":1,"a":9}"#);
    let Ok(Answer::Done(done)) = go(&rig, Command::Over) else { panic!("it ends") };
    assert_eq!(done.verdict.unwrap().event.to_json(), r#"{"n":1,"a":9,"b":20}"#);
}

#[test]
fn each_turn_of_a_loop_is_a_step() {
    let rig = Rig::new(
        "movement::train().update(movement::tick_supply(#{every: 1}) |> cog(|d| {\n  for i in 0..3 {\n    d.n = i;\n  }\n  d\n}) |> movement::null_drain()).run();",
    );
    let mut seen = vec![step(&rig, "closure:1", "{}").spot.line];
    while let Ok(Answer::Stopped(stopped)) = go(&rig, Command::Over) {
        seen.push(stopped.spot.line);
    }
    assert_eq!(seen, [2, 3, 3, 3, 5]);
}

#[test]
fn a_stepping_is_left_for_another_and_faults_in_it_are_told() {
    let rig = Rig::new(SCRIPT);
    step(&rig, "grade", r#"{"status": 500}"#);
    assert_eq!(step(&rig, "errors", r#"{"kind": 1, "status": 1}"#).spot.line, 18);
    assert_eq!(rig.ask(Task::Print { session: 1, text: "nothing".into() }).unwrap_err().text, "no variable `nothing`");
    assert_eq!(rig.value("1 + 1"), "2", "inputs go on beside it");
    let Ok(Answer::Done(done)) = go(&rig, Command::Stop) else { panic!("it ends") };
    assert!(done.verdict.is_none());
    step(&rig, "grade", r#"{"status": 500}"#);
    assert!(matches!(rig.ask(Task::Forget { session: 1 }), Ok(Answer::Forgotten)));
    assert_eq!(go(&rig, Command::Into).unwrap_err().text, "nothing is stepped through");
    let fault = rig.ask(Task::Step { session: 1, cog: "null_drain".into(), event: parcel("{}") }).unwrap_err();
    assert_eq!(fault.text, "nothing of `null_drain` is written in the script");
}

#[test]
fn a_stepping_that_runs_on_without_end_is_interrupted() {
    let rig = Rig::new(
        "movement::train().update(movement::tick_supply(#{every: 1}) |> cog(|d| {\n  while d.n > 0 {\n    d.m = 1;\n  }\n  d\n}) |> movement::null_drain()).run();",
    );
    assert_eq!(step(&rig, "closure:1", r#"{"n": 1}"#).spot.line, 2);
    let told = rig.begin(Task::Stepping { session: 1, command: Command::Continue });
    assert!(told.recv_timeout(Duration::from_millis(50)).is_err());
    rig.bench.interrupt_session(1);
    let Ok(Ok(Answer::Done(done))) = told.recv_timeout(Duration::from_secs(10)) else { panic!("it ends") };
    assert_eq!(done.verdict.unwrap().result.unwrap_err().text, "interrupted");
    assert_eq!(step(&rig, "closure:1", r#"{"n": 0}"#).spot.line, 2);
}
