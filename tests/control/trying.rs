//! What is tried beside the train: `--dry`, comparisons, tests made of what was seen.

use serde_json::json;

use super::wire::Process;
use super::{SCRIPT, line};

#[test]
fn a_dry_run_shows_all_and_touches_nothing() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    let dry = wire.ask("inject remote {\"status\": 204, \"host\": \"a\"} --dry");
    let happened = dry["happened"].as_array().unwrap();
    let last = happened.last().unwrap();
    assert_eq!((&last["cog"], &last["what"]), (&json!("line_file_drain"), &json!("given")));
    assert_eq!(last["datum"], "{\"status\":204,\"host\":\"a\",\"class\":2}");
    let dry = wire.ask("inject remote #{status: 100, host: \"a\"} --dry");
    assert_eq!((&dry["happened"][1]["cog"], &dry["happened"][1]["what"]), (&json!("wanted"), &json!("dropped")));
    assert_eq!(wire.ask("stats")["books"]["in"], 0);
    assert_eq!(process.read("out.log"), "");
}

#[test]
fn a_new_version_is_tried_on_what_was_seen_before_it_is_put_in() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    wire.ask("record on");
    process.append("in.log", line(200, "a") + &*line(150, "b") + &*line(404, "c"));
    process.wait_lines("out.log", 2);
    process.write("p.rhai", &SCRIPT.replace("d.status < 200", "d.status < 300"));
    let compared = wire.ask("reload --check")["compared"].clone();
    assert_eq!((&compared["same"], &compared["changed"]), (&json!(2), &json!(1)));
    let difference = &compared["differences"][0];
    assert_eq!((&difference["of"], &difference["at"], &difference["after"]), (&json!(0), &json!("line_file_drain"), &json!([])));
    assert_eq!(difference["before"], json!(["{\"status\":200,\"host\":\"a\",\"class\":2}"]));
    // The filter could call the function that changed.
    assert_eq!(wire.ask("reload")["anew"], json!(["remote", "wanted"]));
    process.append("in.log", line(200, "a") + &*line(500, "d"));
    process.wait_lines("out.log", 3);
    assert_eq!(process.data("out.log")[2]["host"], "d");
}

#[test]
fn what_was_seen_becomes_a_test_that_passes() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    assert!(wire.fault("save-test seen").contains("`record on`"));
    wire.ask("record on");
    process.append("in.log", line(200, "a") + &*line(150, "b") + &*line(404, "localhost"));
    process.wait_lines("out.log", 1);
    let saved = process.ctl(&["save-test", "seen"]);
    assert!(saved.status.success(), "{}", String::from_utf8_lossy(&saved.stderr));
    process.ctl(&["save-test", "seen", "file_watcher_supply#1"]);
    assert_eq!(process.read("seen.test.rhai").matches("fn test_seen()").count(), 2);
    let text = process.read("seen.test.rhai").replacen("fn test_seen()", "fn test_all()", 1);
    process.write("seen.test.rhai", &text);
    let tested = Process::command(process.dir.path()).args(["test", "seen.test.rhai"]).output().expect("the program starts");
    let told = String::from_utf8_lossy(&tested.stdout).into_owned();
    assert!(tested.status.success(), "{told}\n{text}");
    assert!(told.contains("2 passed"), "{told}");
    // It would notice a change.
    process.write("p.rhai", &SCRIPT.replace("d.class = d.status / 100", "d.class = d.status / 10"));
    let tested = Process::command(process.dir.path()).args(["test", "seen.test.rhai"]).output().expect("the program starts");
    assert_eq!(tested.status.code(), Some(1));
}
