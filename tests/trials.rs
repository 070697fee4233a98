//! `deadbeat test`: what it tells of tests that pass, fail, panic, never end and are misspelt.

use deadbeat::datum::Parcel;
use deadbeat::trial::{Answer, Part, Saved, write_test};

use crate::rig::{Outcome, Rig, root};

const PIPELINE: &str = r#"
let def = conf::cfg_root([
    conf::cfg_item("least", conf::cast_int, "The least number", 2),
    conf::cfg_item("token", conf::cast_string, "A secret", "hunter2222", #{ secret: true }),
]);
let cfg = conf::gather(#{ typedef: def, name: "p", description: "A pipeline" });
let least = cfg.least;
let train = movement::train();
train.update(
    fs::file_watcher_supply(#{ name: "in", filenames: "in.jsonl", tail: true, state_file: "state" })
    |> text::json_parse(#{ name: "parse" })
    |> filter(|d| d.n >= least)
    |> twist::map(|d| { if d.n == 13 { throw "unlucky " + d.n; } d }, #{ name: "luck" })
    |> text::json_marshall()
    |> fs::line_file_drain(#{ name: "out", path: "out.jsonl" })
);
train.run();
"#;

fn rig(tests: &str) -> Rig {
    Rig::new().command(["test"]).file("p.rhai", PIPELINE).file("in.jsonl", "{\"n\": 99}\n").file("a.test.rhai", tests)
}

/// Times differ from run to run.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let at = line.rfind(" (").filter(|_| line.ends_with(" ms)")).or_else(|| line.rfind(" in ").filter(|_| line.ends_with(" s")));
        out.push_str(at.map_or(line, |at| &line[..at]));
        out.push('\n');
    }
    out
}

#[track_caller]
fn told(outcome: &Outcome, parts: &[&str]) {
    for part in parts {
        assert!(outcome.stdout.contains(part), "`{part}` is not in\n{}\n{}", outcome.stdout, outcome.stderr);
    }
}

#[test]
fn of_each_cog_it_is_known_whether_it_touches_the_outside() {
    // A new cog that stands nowhere here is to be thought about: does it touch the outside when it is wound or turned?
    let families = ["cryptopan", "ip", "text", "twist"];
    let others = ["email::email_parse", "movement::tick_supply", "movement::queue", "movement::null_drain"];
    for spec in deadbeat::cogs::COGS {
        let path = spec.path();
        let itself = families.contains(&spec.family) || others.contains(&path.as_str());
        assert_eq!(Part::of(spec.kind, &path, true) == Part::Itself, itself, "{path}");
    }
}

#[test]
fn the_shipped_scripts_pass_their_tests() {
    let repository = root().to_str().expect("the repository's path is text");
    let paths = if cfg!(all(feature = "dns", feature = "http")) { "scripts" } else { "scripts/access_log.test.rhai" };
    let outcome = Rig::new().command(["-C", repository, "test"]).args([paths]).run().expect_status(0).expect_stderr("");
    told(&outcome, &["ok    scripts/access_log.test.rhai: test_", " passed, 0 failed in "]);
}

#[test]
fn a_pipeline_is_fed_and_nothing_outside_is_touched() {
    let outcome = rig(r#"
        fn test_all() {
            let t = test::load("p.rhai", #{ args: ["--least", "3"], wall: "2026-01-01T00:00:00Z" });
            t.feed("parse", `{"n": 2}`);
            t.feed_lines("in", "{\"n\": 3}\n{\"n\": 13}\n");
            t.feed("in", "{");
            t.feed_file("in", "in.jsonl");
            t.advance("1h 10s");
            test::equal(t.finish(), 0);
            test::equal(t.output("out"), [`{"n":3}`, `{"n":99}`]);
            test::equal(t.dropped("filter"), [#{ n: 2 }]);
            test::equal(t.failed("luck"), [#{ n: 13 }]);
            test::contains(t.errors("luck")[0], "unlucky 13");
            test::equal(t.errors("parse").len(), 1);
            test::equal(t.books(), #{ born: 5, split: 0, merged: 0, delivered: 2, filtered: 1, dead: 0, failed: 2, in_flight: 0 });
            test::fails(|| t.feed("in", "x"), "has ended");
        }
        fn test_one_cog() {
            let t = test::cog(|d| if d > 1 { [d, d] } else { () });
            t.feed("in", 1);
            t.feed("in", 2);
            test::equal(t.output("out"), [2, 2]);
            let t = test::cog("text::json_parse()");
            t.feed_lines("in", "[1.50]");
            test::equal(t.output("out"), [[test::number("1.50")]]);
            let t = test::cog(#{ n: 0, run: |d| { this.n += 1; this.n } });
            t.feed("in", ());
            test::equal(t.output("out"), [1]);
        }
        fn test_a_text() {
            let t = test::script(`let train = movement::train();
                train.update(movement::tick_supply(#{ every: 10 }) |> movement::collect_drain(#{ name: "out" }));
                train.run();`);
            t.advance(25);
            test::equal(t.output("out").map(|d| d.time), [test::time("2026-01-01T00:00:00Z"), test::time("2026-01-01T00:00:10Z"), test::time("2026-01-01T00:00:20Z")]);
        }
    "#)
    .run()
    .expect_status(0)
    .expect_stderr("");
    let wanted = "ok    a.test.rhai: test_all\nok    a.test.rhai: test_one_cog\nok    a.test.rhai: test_a_text\n3 passed, 0 failed\n";
    assert_eq!(plain(&outcome.stdout), wanted);
    assert!(!outcome.path("out.jsonl").exists() && !outcome.path("state").exists());
}

#[test]
fn a_test_that_fails_tells_where_and_how() {
    let outcome = rig(r#"
        fn wants(t, list) { test::equal(t.output("luck"), list); }
        fn test_differs() {
            let t = test::load("p.rhai");
            for n in [5, 13, 13, 7] { t.feed("luck", #{ n: n, text: "hunter2222", list: [1, 2] }); }
            print("so far");
            wants(t, [#{ n: 5, text: "hunter2222", list: [1, 3] }, #{ n: 7, list: [1, 2], more: () }]);
        }
        fn test_goes_on() { test::equal(1 + 1, 2); }
    "#)
    .args(["--junit", "report.xml"])
    .run()
    .expect_status(1)
    .expect_stderr("");
    let wanted = r#"FAIL  a.test.rhai: test_differs
      a.test.rhai:2:35: not equal:
        [0].list[1]: got    2
                     wanted 3
        [1].text: got    "***", wanted none
        [1].more: got none, wanted ()
      called `wants` at a.test.rhai:7:13
      in the train:
        luck: p.rhai:13:40: unlucky 13 in `…| { if d.n == 13 { throw "unlucky " + d.n; } d }, #{ name: "luck" })` (2 times)
      printed:
        so far
ok    a.test.rhai: test_goes_on
1 passed, 1 failed
"#;
    assert_eq!(plain(&outcome.stdout), wanted);
    let report = outcome.file("report.xml");
    assert!(report.contains("tests=\"2\" failures=\"1\" errors=\"0\""), "{report}");
    assert!(report.contains("<failure message=\"a.test.rhai:2:35: not equal:\">") && report.contains("wanted none"), "{report}");
    assert!(!report.contains("hunter2222") && report.contains("[1].text: got    &quot;***&quot;"), "{report}");
}

#[test]
fn no_slip_passes() {
    for (body, told_of) in [
        (r#"let t = test::load("p.rhai"); t.feed("prase", 1); test::equal(1, 1);"#, "no cog `prase`; did you mean `parse`?"),
        (r#"let t = test::load("p.rhai"); test::equal(t.output("ot"), []);"#, "no cog `ot`; did you mean `out`?"),
        (r#"let t = test::load("p.rhai"); t.feed_lines("prase", ""); test::equal(1, 1);"#, "no cog `prase`"),
        (r#"test::load("p.rhai", #{ arsg: [] }); test::equal(1, 1);"#, "no option `arsg`; did you mean `args`?"),
        (r#"test::load("p.rhai", #{ replace: #{ luk: |d| d } }); test::equal(1, 1);"#, "no cog `luk`; did you mean `luck`?"),
        (r#"test::load("p.rhai", #{ replace: #{ luck: 3 } }); test::equal(1, 1);"#, "`luck` wants a closure"),
        (r#"test::load("p.rhai", #{ wall: "today" }); test::equal(1, 1);"#, "`wall` is a text such as"),
        (r#"test::load("q.rhai"); test::equal(1, 1);"#, "cannot read `q.rhai`"),
        (r#"test::load("p.rhai", #{ args: ["--laest", "1"] }); test::equal(1, 1);"#, "--least"),
        (r#"test::load("bad.rhai"); test::equal(1, 1);"#, "json_prase"),
        (r#"let t = test::load("p.rhai"); t.advance("soon"); test::equal(1, 1);"#, "a span of time is"),
        (r#"let t = test::load("p.rhai"); t.feed("in", "x"); t.finish();"#, "`test_it` checks nothing"),
        (r#"let t = test::load("p.rhai"); test::fails(|| t.finish());"#, "it does not fail"),
        (r#"let t = test::load("p.rhai"); test::fails(|| t.feed(1));"#, "no function `feed(Trial, int)`"),
        (r#"test::fails(|| throw "one", "other");"#, "`other` does not stand in"),
        ("test::contains([1, #{ a: 1 }], #{ a: 2 });", "is not contained in"),
        (r#"test::contains("abc", 1);"#, "`contains` looks into"),
        (r#"test::that(1 > 2, "one is not more");"#, "one is not more"),
        (r#"throw "by itself";"#, "by itself"),
    ] {
        let rig = rig(&format!("fn test_it() {{ {body} }}")).file("bad.rhai", "text::json_prase();");
        let outcome = rig.run().expect_status(1);
        told(&outcome, &["FAIL  a.test.rhai: test_it", "a.test.rhai:1", told_of]);
    }
}

#[test]
fn a_file_that_would_test_less_than_it_seems_to_is_not_run() {
    rig("fn test_it() { test::that(true); }")
        .command(["check", "a.test.rhai"])
        .run()
        .expect_status(0)
        .expect_stdout("a.test.rhai: well, 1 tests\n");
    for (tests, told_of) in [
        ("fn tset_it() { test::equal(1, 2); }", "`tset_it` is neither a test nor called"),
        ("fn test_it(n) { test::equal(1, 2); }", "`test_it` takes parameters"),
        ("let x = 1;", "has no tests"),
        ("fn test_it() { test::eqaul(1, 2); }", "did you mean `test::equal`?"),
        ("fn test_it() { let t = test::load(\"p.rhai\"); t.fede(\"in\", 1); }", "no method `fede`"),
        ("fn test_it() { test::equal(1, 2) ", "error[D0102]"),
        (
            "fn test_it() { test::equal(1, 1); } let train = movement::train(); train.update(fs::stdin_supply() |> movement::null_drain()); train.run();",
            "runs no train of its own",
        ),
    ] {
        let outcome = rig(tests).file("b.test.rhai", "fn test_b() { test::that(true); }").args(["--junit", "r.xml"]).run().expect_status(2);
        told(
            &outcome,
            &["ERROR a.test.rhai: cannot be run", told_of, "ok    b.test.rhai: test_b", "1 passed, 0 failed, 1 file could not be run"],
        );
        assert!(outcome.file("r.xml").contains("<error message=\""), "{}", outcome.file("r.xml"));
        rig(tests).command(["check", "a.test.rhai"]).run().expect_status(2).expect_told([told_of]);
    }
}

#[test]
fn what_never_ends_fails_and_the_others_are_run() {
    let outcome = rig(r#"
        fn deep(n) { deep(n + 1) }
        fn test_endless() { let n = 0; loop { n += 1; } test::equal(n, 0); }
        fn test_deep() { deep(0); test::that(true); }
        fn test_endless_train() {
            let many = |d| { let all = []; for n in 0..1000 { all.push(d); } all };
            let t = test::load("p.rhai", #{ replace: #{ parse: many, filter: many, luck: many } });
            t.feed("in", 1);
            test::that(true);
        }
        fn test_itself() {
            let t = test::load("p.rhai");
            let held = test::load("p.rhai", #{ replace: #{ parse: |d| { t.feed("in", d); d } } });
            held.feed("in", `{"n": 3}`);
            test::equal(t.output("out"), [`{"n":3}`]);
        }
        fn test_last() { test::that(true); }
    "#)
    .args(["--timeout", "2"])
    .run()
    .expect_status(1);
    told(
        &outcome,
        &[
            "FAIL  a.test.rhai: test_endless (",
            "more than 2 s in one test",
            "FAIL  a.test.rhai: test_deep (",
            "FAIL  a.test.rhai: test_endless_train (",
            "the trial was stopped: more than",
            "ok    a.test.rhai: test_itself",
            "ok    a.test.rhai: test_last",
            "2 passed, 3 failed in ",
        ],
    );
}

#[test]
fn tests_are_listed_and_chosen() {
    let tests = "fn test_one() { test::that(true); }\nfn test_two() { test::that(false); }";
    let both = "a.test.rhai: test_one\na.test.rhai: test_two\n";
    rig(tests).args(["--list"]).run().expect_status(0).expect_stdout(both);
    rig(tests).args(["--list", "--filter", "two"]).run().expect_status(0).expect_stdout("a.test.rhai: test_two\n");
    rig(tests).args(["--filter", "one", "."]).run().expect_status(0);
    rig(tests).args(["--filter", "three"]).run().expect_status(2).expect_told(["no test has `three` in its name"]);
    rig(tests).args(["p.rhai"]).run().expect_status(2).expect_told(["is no file of tests"]);
    let odd = rig("fn test_odd() { let f = |d| { d.x = 1; }; f.call(#{}); test::that(true); }").run().expect_status(0);
    odd.expect_told(["warning[D0312]", "a.test.rhai:1"]);
    rig(tests).args(["nowhere"]).run().expect_status(2).expect_told(["cannot read `nowhere`"]);
    let outcome = rig(tests).command(["--color", "always", "test"]).run().expect_status(1);
    told(&outcome, &["\u{1b}[32mok\u{1b}[0m", "\u{1b}[1;31mFAIL\u{1b}[0m"]);
}

#[test]
fn the_document_shows_tests_that_pass() {
    let text = std::fs::read_to_string(root().join("docs/testing-pipelines.md")).expect("it is part of the repository");
    let block = |start: &str| text.split(start).nth(1).and_then(|rest| rest.split("```").next()).expect("it is shown");
    let rig = Rig::new().command(["test"]).file("errors.rhai", block("```rhai\n")).file("errors.test.rhai", block("```rhai test\n"));
    let outcome = rig.run();
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{}", outcome.stdout);
    told(&outcome, &["2 passed, 0 failed"]);
}

/// A script that passes everything on, but for what is asked of `ask`.
const THROUGH: &str = "let train = movement::train();
train.update(fs::stdin_supply(#{ name: \"in\" }) |> twist::map(|d| \"asked\", #{ name: \"ask\" }) |> movement::collect_drain(#{ name: \"out\" }));
train.run();
";

#[test]
fn a_test_that_was_written_passes_and_can_fail() {
    let map = |entries: &[(&str, Parcel)]| Parcel::Map(entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect());
    let data = vec![
        Parcel::Unit,
        Parcel::Bool(true),
        Parcel::Int(i64::MIN),
        Parcel::Float(-0.5),
        Parcel::Float(1e300),
        Parcel::Number("1.50".into()),
        Parcel::Number("18446744073709551616".into()),
        Parcel::Str("a \"b\" \\ ${c} `d` 'e'\n\t\r\u{7}\u{1b}\u{2028} ž 😀".into()),
        Parcel::Bytes(vec![0, 255, 10]),
        Parcel::Time("2026-01-02T03:04:05.678Z".parse().expect("it is a time")),
        Parcel::List(vec![Parcel::Int(1), Parcel::List(Vec::new()), map(&[])]),
        map(&[("plain", Parcel::Int(1)), ("with \"quotes\"", Parcel::Unit), ("", map(&[("default", Parcel::Str(String::new()))]))]),
    ];
    let mut answers: Vec<Answer> = data.iter().map(|datum| (datum.clone(), vec![datum.clone()])).collect();
    answers.extend([(Parcel::Int(7), vec![Parcel::Int(8), Parcel::Int(9)]), (Parcel::Int(10), Vec::new())]);
    let mut events: Vec<(String, Parcel)> = data.iter().map(|datum| ("in".to_owned(), datum.clone())).collect();
    events.extend([7, 10, 11].map(|n| ("ask".to_owned(), Parcel::Int(n))));
    let mut outputs: Vec<Parcel> = data.iter().cloned().chain([8, 9, 11].map(Parcel::Int)).collect();
    let written = |outputs: &[Parcel]| {
        write_test(&Saved {
            name: "From life, 1st",
            script: "p.rhai",
            wall: Some(std::time::SystemTime::UNIX_EPOCH),
            events: &events,
            answers: &[("ask".to_owned(), answers.clone())],
            outputs: &[("out".to_owned(), outputs.to_vec())],
            ..Saved::default()
        })
    };
    let run = |test: &str| Rig::new().command(["test"]).file("p.rhai", THROUGH).file("life.test.rhai", test).run();
    let outcome = run(&written(&outputs));
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{}\n{}", outcome.stdout, written(&outputs));
    told(&outcome, &["ok    life.test.rhai: test_from_life__1st"]);
    outputs[2] = Parcel::Int(3);
    told(&run(&written(&outputs)).expect_status(1), &["[2]: got    -9223372036854775808", "wanted 3"]);
}

#[test]
fn no_secret_is_written_into_a_test() {
    deadbeat::secrets::remember("only-the-test-writer-knows");
    let events =
        [("in".to_owned(), Parcel::Map(vec![("only-the-test-writer-knows".into(), Parcel::Str("x only-the-test-writer-knows".into()))]))];
    let text = write_test(&Saved { name: "a", script: "p.rhai", events: &events, ..Saved::default() });
    assert_eq!(
        text,
        "fn test_a() {\n    let t = test::load(\"p.rhai\");\n    t.feed(\"in\", #{ \"***\": \"x ***\" });\n    t.finish();\n}\n"
    );
}
