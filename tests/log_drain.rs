//! Data that are written to the log, on the real binary: none of them is left out, and the log's own functions stand beside the cog.

use crate::rig::Rig;

const SCRIPT: &str = r#"
let train = movement::train();
log::warning("winding");
let told = cog(|line| { log::warning("function: " + line); line }, #{ name: "told" });
let alarms = log::drain("warning", #{ name: "alarms" });
train.update(fs::stdin_supply() |> told |> alarms |> fs::stdout_drain());
train.run();
"#;

#[test]
fn each_datum_is_a_line_of_the_log_however_many_come() {
    let input: String = (0..50).fold(String::new(), |all, n| all + &*format!("line {n}\n"));
    let outcome = Rig::new().script("alarms.rhai", SCRIPT).stdin(&*input).run().expect_status(0);
    assert_eq!(outcome.stdout, input);
    let shown: Vec<&str> = outcome.stderr.lines().filter_map(|line| line.split_once(": warning: alarms: ").map(|(_, text)| text)).collect();
    assert_eq!(shown, input.lines().collect::<Vec<_>>(), "{}", outcome.stderr);
    // What a function writes is limited, as all that a program tells again and again.
    let by_function = outcome.stderr.lines().filter(|line| line.contains(": warning: function: line")).count();
    assert!(outcome.stderr.contains(": warning: winding") && (1..50).contains(&by_function), "{}", outcome.stderr);
}

#[test]
fn in_a_tried_train_nothing_reaches_the_log() {
    let test = r#"fn test_it() {
        let t = test::load("alarms.rhai");
        t.feed("told", "x");
        test::equal(t.output("alarms"), ["x"]);
    }"#;
    let outcome = Rig::new().command(["test"]).script("alarms.test.rhai", test).file("alarms.rhai", SCRIPT).run().expect_status(0);
    assert!(!outcome.stderr.contains("alarms: x") && outcome.stdout.contains("1 passed"), "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn what_the_log_cannot_take_fails() {
    let script = SCRIPT.replace("let train", "log::configure(#{ type: \"file\", file: \"/dev/full\", stderr: \"emerg\" });\nlet train");
    let outcome = Rig::new().command(["run", "--strict-exit"]).script("alarms.rhai", &script).stdin("one\ntwo\n").run();
    outcome.expect_status(3).expect_stdout("");
}
