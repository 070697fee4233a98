//! Inputs, and what ends them.

use std::time::{Duration, Instant};

use super::{Answer, Bench, Rig, SCRIPT, Setting, Task, Validity, parcel};

#[test]
fn a_session_keeps_variables_functions_and_the_last_value() {
    let rig = Rig::new(SCRIPT);
    assert_eq!(rig.value("let x = 20"), "null");
    assert_eq!(rig.value("x + 1"), "21");
    assert_eq!(rig.value("_ * 2"), "42");
    assert_eq!(rig.value("fn half(n) { n / 2 }"), "null");
    assert_eq!(rig.value("half(_ ?? 84) + x"), "62");
}

#[test]
fn the_scripts_own_things_are_there() {
    let rig = Rig::new(SCRIPT);
    assert_eq!(rig.value("twice(LIMIT) + names.len()"), "202");
    assert_eq!(rig.value("grade(#{status: 500}).level"), "\"bad\"");
    assert_eq!(
        rig.value("text::json_parse()"),
        "cogs, train and configuration are declared before `train.run()`; a running cog cannot change them"
    );
    assert_eq!(rig.value("[1, |d, e| d, grade, train]"), r#"[1,"closure(d, e)","grade(d)","train"]"#);
    let value = rig.input("let c = |a| a + LIMIT; c").unwrap();
    assert_eq!((value.value.to_json().as_str(), value.kind.as_str()), (r#""closure(a)""#, "closure"));
    assert_eq!(rig.value("c.call(1)"), "101");
}

#[test]
fn the_event_is_read_and_changed() {
    let rig = Rig::new(SCRIPT);
    let event = r#"{"z": 1.50, "status": 200, "a": {"b": [1, 2]}}"#;
    let value = rig.input_on(".a.b[1] + this.status", Some(event), false).unwrap();
    assert_eq!((value.value.to_json().as_str(), value.event.is_none()), ("202", true));
    let value = rig.input_on("e.status = 404; e", Some(event), false).unwrap();
    assert_eq!(value.event.unwrap().to_json(), r#"{"z":1.50,"status":404,"a":{"b":[1,2]}}"#);
    assert_eq!(value.value.to_json(), r#"{"z":1.50,"status":404,"a":{"b":[1,2]}}"#);
    assert_eq!(rig.input_on(".status", Some(event), true).unwrap().value.to_json(), "404");
    assert_eq!(rig.input_on(".status", Some(event), false).unwrap().value.to_json(), "200");
    let task = Task::Eval {
        session: 1,
        text: "it.len() + it[-1].n".into(),
        event: None,
        events: vec![parcel("{}"), parcel(r#"{"n": 5}"#)],
        keep_event: false,
    };
    let Ok(Answer::Value(value)) = rig.ask(task) else { panic!("it has a value") };
    assert_eq!(value.value.to_json(), "7");
}

#[test]
fn what_is_printed_comes_with_the_answer() {
    let rig = Rig::new(SCRIPT);
    let value = rig.input(r#"print("a"); debug(1); log::error("b"); 3"#).unwrap();
    assert_eq!(value.printed, ["a", "1", "b"]);
}

#[test]
fn faults_tell_the_place_that_was_typed() {
    let rig = Rig::new(SCRIPT);
    assert_eq!(rig.shown(&rig.input_on(".a + nothing", Some(r#"{"a": 1}"#), false).unwrap_err()), "input 1:1:6: no variable `nothing`");
    assert_eq!(rig.value("1 +"), "input 2:1:4: script is incomplete");
    assert_eq!(rig.value("\n  .a + (_ * }"), "input 3:2:13: unexpected '}'");
    assert!(rig.value("grade(1)").starts_with("s.rhai:7:"), "{}", rig.value("grade(1)"));
    let fault = rig.input("twise(1)").unwrap_err();
    assert!(fault.text.starts_with("no function `twise"), "{fault:?}");
}

#[test]
fn sessions_are_apart() {
    let rig = Rig::new(SCRIPT);
    let eval = |session, text: &str| rig.ask(Task::Eval { session, text: text.into(), event: None, events: Vec::new(), keep_event: false });
    eval(1, "let only = 1").unwrap();
    assert!(eval(2, "only").is_err());
    assert!(matches!(rig.ask(Task::Forget { session: 1 }), Ok(Answer::Forgotten)));
    assert!(eval(1, "only").is_err());
}

#[test]
fn what_never_ends_is_interrupted_and_disturbs_no_other_session() {
    let rig = Rig::new(SCRIPT);
    rig.input("let x = 7").unwrap();
    let endless = |text: &str| rig.begin(Task::Eval { session: 1, text: text.into(), event: None, events: Vec::new(), keep_event: false });
    for text in ["loop {}", "let a = [1]; while true { a.sort(|a, b| loop {}) }", "fn f(n) { loop { twice(n) } } f(1)"] {
        let told = endless(text);
        let other = rig.ask(Task::Eval { session: 2, text: "1".into(), event: None, events: Vec::new(), keep_event: false });
        assert!(other.is_ok());
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err(), "{text} ended by itself");
        rig.bench.interrupt();
        let fault = told.recv_timeout(Duration::from_secs(10)).unwrap().unwrap_err();
        assert_eq!(fault.text, "interrupted", "{text}");
    }
    assert_eq!(rig.value("x"), "7");
}

#[test]
fn what_takes_too_much_memory_ends() {
    let rig = Rig::new(SCRIPT);
    let fault = rig.input("let all = []; let s = `x`; s.pad(1000000, `x`); loop { all.push(s + all.len()); }").unwrap_err();
    assert!(fault.text.contains("MiB") || fault.text.contains("too large"), "{fault:?}");
    assert_eq!(rig.value("1"), "1");
}

#[test]
fn a_thread_that_breaks_tells_so_and_begins_anew() {
    let rig = Rig::new(SCRIPT);
    rig.input("let x = 1").unwrap();
    let fault = rig.input("break_the_bench()").unwrap_err();
    assert_eq!(fault.text, "the bench broke and begins anew: on purpose");
    assert_eq!(rig.value("twice(4)"), "8");
    assert!(rig.input("x").is_err(), "what was there before is not trusted");
}

#[test]
fn what_runs_is_asked_whatever_becomes_of_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.rhai");
    std::fs::write(dir.path().join("lib.rhai"), "fn thrice(n) { n * 3 }").unwrap();
    std::fs::write(&path, "import \"lib\" as lib;\nfn six() { thrice(2) }").unwrap();
    let wound = crate::script::wind(&path, Setting::default()).unwrap();
    std::fs::write(&path, "let x = ;").unwrap();
    std::fs::remove_file(dir.path().join("lib.rhai")).unwrap();
    let rig = Rig { bench: Bench::of(&wound, Setting::default()), dir, path };
    assert_eq!(rig.value("six() + lib::thrice(1)"), "9");
}

#[test]
fn a_bench_that_is_dropped_ends_what_it_does() {
    let rig = Rig::new(SCRIPT);
    let told = rig.begin(Task::Eval { session: 1, text: "loop {}".into(), event: None, events: Vec::new(), keep_event: false });
    assert!(told.recv_timeout(Duration::from_millis(100)).is_err());
    drop(rig);
    let began = Instant::now();
    assert_eq!(told.recv_timeout(Duration::from_secs(10)).unwrap().unwrap_err().text, "interrupted");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn secrets_never_show() {
    crate::secrets::remember("bench-secret-7");
    crate::secrets::remember("7654321987");
    let rig = Rig::new(SCRIPT);
    let value = rig
        .input_on(
            "print(.key); [.key, .n, #{\"bench-secret-7\": .raw}]",
            Some(r#"{"key": "bench-secret-7", "n": 7654321987, "raw": "a"}"#),
            false,
        )
        .unwrap();
    assert_eq!(value.value.to_json(), r#"["***","***",{"***":"a"}]"#);
    assert_eq!(value.printed, ["***"]);
    let fault = rig.input("throw \"bench-\" + \"secret-7\"").unwrap_err();
    assert_eq!(fault.text, "***");
}

#[test]
fn another_script_is_checked() {
    let rig = Rig::new(SCRIPT);
    let check = |script: &str| {
        std::fs::write(&rig.path, script).unwrap();
        match rig.ask(Task::Check { path: rig.path.clone(), setting: Setting::default() }) {
            Ok(Answer::Checked(checked)) => checked,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(check(SCRIPT), Ok(Vec::new()));
    let warnings = check("movement::train().update(text::json_parse() |> movement::null_drain());").unwrap();
    assert!(warnings[0].contains("nothing feeds"), "{warnings:?}");
    assert!(check("let x = ;").unwrap_err()[0].contains("D0102"));
    assert!(check("text::json_parse(#{ max_deep: 1 })").unwrap_err()[0].contains("max_depth"));
}

#[test]
fn a_broken_script_is_told_of() {
    let rig = Rig::new("let x = ;");
    let fault = rig.input("1").unwrap_err();
    assert_eq!(fault.place.unwrap().short().rsplit('/').next(), Some("s.rhai:1:9"));
    let Ok(Answer::Validity(validity)) = rig.ask(Task::Validate { text: "1 +".into() }) else { panic!("it is told") };
    assert_eq!(validity, Validity::Incomplete);
}

#[test]
fn functions_are_listed_with_what_they_do() {
    let rig = Rig::new(SCRIPT);
    let Ok(Answer::Functions(all)) = rig.ask(Task::Functions) else { panic!("they are listed") };
    let find = |signature: &str| all.iter().find(|known| known.signature() == signature);
    assert_eq!(find("twice(n)").unwrap().about, "Doubles it.");
    assert!(find("text::json_parse(options: map)").unwrap().about.len() > 10);
    assert!(all.iter().any(|known| known.name == "to_upper" && !known.about.is_empty()), "Rhai's own have their comments");
    assert!(all.iter().all(|known| !known.name.contains('$')));
}
