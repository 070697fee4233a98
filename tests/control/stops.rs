//! Breakpoints: events parked, looked at, changed, sent on.

use serde_json::json;

use super::wire::Process;
use super::{SCRIPT, line};

#[test]
fn an_event_is_parked_changed_and_goes_on_while_others_flow() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    wire.ask("break wanted if e.host == \"b\"");
    process.append("in.log", line(200, "a") + &*line(200, "b") + &*line(200, "c"));
    let stop = wire.event("stop");
    assert_eq!((&stop["cog"], &stop["id"], &stop["datum"]["host"]), (&json!("wanted"), &json!("file_watcher_supply#1"), &json!("b")));
    process.wait_lines("out.log", 2);
    assert_eq!(wire.ask("p e.status + 1")["value"], 201);
    let changed = wire.ask("set e.status = 500; e.note = \"changed\"");
    assert_eq!(changed["datum"], json!({"status": 500, "host": "b", "note": "changed"}));
    assert!(wire.fault("set e.status").contains("leaves the event as it is"));
    assert_eq!(wire.ask("continue")["parked"], 0);
    process.wait_lines("out.log", 3);
    assert_eq!(process.data("out.log")[2], json!({"status": 500, "host": "b", "note": "changed", "class": 5}));
    let list = wire.ask("bl");
    assert_eq!((&list["breakpoints"][0]["hits"], &list["parked"]), (&json!(1), &json!([])));
}

#[test]
fn one_goes_from_cog_to_cog_and_back() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    wire.ask("break parse once");
    process.append("in.log", line(404, "a") + &*line(200, "b"));
    assert_eq!(wire.event("stop")["cog"], "parse");
    wire.ask("step");
    assert_eq!(wire.event("stop")["cog"], "remote");
    wire.ask("step");
    let stop = wire.event("stop");
    assert_eq!((&stop["cog"], &stop["datum"]["status"]), (&json!("wanted"), &json!(404)));
    let back = wire.ask("back");
    assert_eq!((&back["cog"], &back["side"]), (&json!("remote"), &json!("in")));
    wire.ask("set e.host = \"localhost\"");
    wire.ask("trace");
    let hop = wire.event("hop");
    assert_eq!((&hop["cog"], &hop["became"]), (&json!("remote"), &json!("dropped")));
    process.wait_lines("out.log", 1);
    assert_eq!(process.data("out.log"), [json!({"status": 200, "host": "b", "class": 2})]);
}

#[test]
fn it_is_dropped_or_others_go_on_in_its_place() {
    let mut process = Process::start(SCRIPT);
    let mut wire = process.connect();
    wire.ask("break remote");
    process.append("in.log", line(200, "a") + &*line(200, "b"));
    wire.event("stop");
    wire.event("stop");
    wire.ask("drop");
    assert_eq!(wire.ask("emit [e, #{status: 300, host: \"new\"}]")["emitted"], 2);
    process.wait_lines("out.log", 2);
    let hosts: Vec<_> = process.data("out.log").iter().map(|datum| datum["host"].clone()).collect();
    assert_eq!(hosts, [json!("b"), json!("new")]);
    assert!(wire.fault("continue").contains("nothing is parked"));
    let books = wire.ask("stats")["books"].clone();
    assert_eq!(
        (&books["in"], &books["delivered"], &books["filtered"], &books["on_their_way"]),
        (&json!(2), &json!(2), &json!(1), &json!(0))
    );
    assert_eq!(process.stop(), Some(0));
}

#[test]
fn a_change_of_a_field_and_a_failure_stop_too() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    wire.ask("break .class");
    wire.ask("break error");
    process.append("in.log", line(200, "a") + "junk\n");
    let stop = wire.event("stop");
    assert_eq!((&stop["cog"], &stop["side"], &stop["datum"]["class"]), (&json!("wanted"), &json!("out"), &json!(2)));
    let failed = wire.event("stop");
    assert_eq!((&failed["cog"], &failed["datum"]), (&json!("parse"), &json!("junk")));
    assert!(failed["error"].as_str().unwrap().starts_with("not JSON"));
    wire.ask("continue all");
    process.wait_lines("out.log", 1);
}

#[test]
fn one_steps_inside_a_cog_on_a_copy() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    wire.ask("break wanted");
    process.append("in.log", line(204, "a"));
    wire.event("stop");
    let stands = wire.ask("into");
    assert_eq!(stands["stands"]["place"].as_str().unwrap().split(':').nth(1), Some("2"));
    let next = wire.ask("over");
    assert_eq!(next["stands"]["line"], "d.class = d.status / 100;");
    assert!(next["variables"].as_array().unwrap().iter().any(|variable| variable["name"] == "d"));
    assert_eq!(wire.ask("p d.status")["value"], 204);
    wire.ask("quit-into");
    wire.ask("continue");
    process.wait_lines("out.log", 1);
    assert_eq!(process.data("out.log")[0]["class"], 2);
}

#[test]
fn what_is_parked_is_stored_before_the_end() {
    let mut process = Process::start(SCRIPT);
    let mut wire = process.connect();
    wire.ask("break wanted");
    process.append("in.log", line(200, "a") + &*line(200, "b"));
    wire.event("stop");
    wire.event("stop");
    assert_eq!(process.stop(), Some(0));
    assert_eq!(process.data("out.log").len(), 2);
    assert_eq!(wire.event("ending")["event"], "ending");
}

#[test]
fn a_process_without_more_input_waits_for_what_is_parked() {
    let script = SCRIPT.replace("fs::file_watcher_supply(\"in.log\")", "fs::stdin_supply()");
    let mut process = Process::start(&script);
    let mut wire = process.connect();
    wire.ask("break wanted");
    process.feed(line(200, "a"));
    process.end_input();
    wire.event("stop");
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(process.runs());
    wire.ask("continue");
    assert_eq!(process.ended(), Some(0));
    assert_eq!(process.data("out.log").len(), 1);
}
