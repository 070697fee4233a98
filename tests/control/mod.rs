//! The control socket of a running process: looking, tapping, parking, changing, and what never disturbs it.

mod reload;
mod stops;
mod trying;
pub(crate) mod wire;

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use wire::Process;

/// A pipeline that drops some events in a function.
pub(crate) const SCRIPT: &str = r#"fn wanted(d) {
    if d.status < 200 {
        return [];
    }
    d.class = d.status / 100;
    d
}
let train = movement::train();
train.update(
    fs::file_watcher_supply("in.log")
    |> text::json_parse(#{ name: "parse" })
    |> twist::filter(|d| d.host != "localhost", #{ name: "remote" })
    |> cog(wanted)
    |> text::json_marshall()
    |> fs::line_file_drain("out.log", #{ flush: true })
);
train.run();
"#;

fn line(status: u64, host: &str) -> String {
    format!("{{\"status\": {status}, \"host\": \"{host}\"}}\n")
}

fn cog<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().expect("a list").iter().find(|cog| cog["cog"] == name).expect("the cog is there")
}

#[test]
fn cogs_and_what_failed_are_told() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    process.append("in.log", line(200, "a") + &*line(100, "b") + "junk\n" + &*line(200, "localhost"));
    process.wait_lines("out.log", 1);
    let list = wire.ask("ls");
    assert_eq!((&cog(&list, "parse")["in"], &cog(&list, "parse")["errors"]), (&json!(4), &json!(1)));
    assert_eq!(cog(&list, "remote")["dropped"], 1);
    assert!(cog(&list, "parse")["last_error"].as_str().unwrap().starts_with("not JSON"));
    assert_eq!(wire.ask("ls *arse").as_array().unwrap().len(), 1);
    let one = wire.ask("cog remote");
    assert_eq!((&one["is"], &one["place"]), (&json!("twist::filter"), &json!("p.rhai:12")));
    assert_eq!((&one["fed_by"], &one["feeds"]), (&json!(["parse"]), &json!(["wanted"])));
    let errors = wire.ask("errors");
    assert_eq!(
        (&errors[0]["cog"], &errors[0]["count"], &errors[0]["first"]),
        (&json!("parse"), &json!(1), &json!("file_watcher_supply#2"))
    );
    let stats = wire.ask("stats");
    assert_eq!((&stats["books"]["in"], &stats["books"]["delivered"], &stats["books"]["filtered"]), (&json!(4), &json!(1), &json!(2)));
    assert!(wire.fault("cog prase").contains("did you mean `parse`?"));
    assert!(wire.fault("lss").contains("did you mean `ls`?"));
    assert_eq!(wire.ask("status")["name"], "p");
}

#[test]
fn one_command_names_the_line_that_dropped_an_event() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    assert!(wire.fault("why file_watcher_supply#0").contains("`record on`"));
    wire.ask("record on");
    process.append("in.log", line(150, "a") + &*line(200, "localhost") + &*line(300, "c"));
    process.wait_lines("out.log", 1);
    let why = wire.ask("why file_watcher_supply#0");
    assert_eq!(why["end"], "dropped by `wanted`");
    assert_eq!((&why["decided"]["place"], &why["decided"]["line"]), (&json!("p.rhai:3:9"), &json!("return [];")));
    assert_eq!(why["decided"]["read"], json!(["status = 150"]));
    let why = wire.ask("why file_watcher_supply#1");
    assert!(why["decided"]["place"].as_str().unwrap().starts_with("p.rhai:12:"));
    assert_eq!(why["decided"]["read"], json!(["host = \"localhost\""]));
    let why = wire.ask("why file_watcher_supply#2");
    assert_eq!(why["end"], "taken by `line_file_drain`");
    let wanted = &why["steps"][2];
    assert_eq!((&wanted["cog"], &wanted["changes"]), (&json!("wanted"), &json!([{"field": "class", "after": "3"}])));
    let whynot = wire.ask("whynot e.status == 200 last 5m");
    assert_eq!(
        (&whynot["looked_at"], &whynot["matched"], &whynot["events"][0]["end"]),
        (&json!(3), &json!(1), &json!("dropped by `remote`"))
    );
    let fields = wire.ask("fields wanted");
    assert_eq!((&fields[0]["field"], &fields[0]["types"]), (&json!("status"), &json!("int")));
}

#[test]
fn a_tap_shows_what_matches_soon_and_ends_at_its_limit() {
    let process = Process::start(SCRIPT);
    let begun = Instant::now();
    let mut wire = process.connect();
    wire.ask("tap wanted out where e.class == 5 select #{s: e.status} -n 2");
    process.append("in.log", line(404, "a") + &*line(500, "b"));
    let first = wire.event("tap");
    let took = begun.elapsed();
    assert_eq!((&first["datum"], &first["id"]), (&json!({"s": 500}), &json!("file_watcher_supply#1")));
    assert!(took < Duration::from_secs(1), "from attaching to the first event it took {took:?}");
    process.append("in.log", line(503, "a").repeat(10));
    assert_eq!(wire.event("tap")["datum"]["s"], 503);
    let over = wire.event("tapped");
    assert_eq!((&over["shown"], &over["skipped"]), (&json!(2), &json!(0)));
    assert_eq!(wire.ask("taps"), json!([]));
    // Before and after, side by side.
    wire.ask("tap wanted diff -n 1");
    process.append("in.log", line(201, "a"));
    let diff = wire.event("tap");
    assert_eq!((&diff["became"], &diff["changes"]), (&json!("passed"), &json!([{"field": "class", "after": "2"}])));
    assert!(wire.fault("tap wanted where e.class ==").contains("expression") || !wire.fault("tap wanted where e.class ==").is_empty());
}

#[test]
fn who_does_not_read_is_told_less_and_holds_up_nobody() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    wire.ask("tap remote out -n 1000000");
    let text = line(200, &"x".repeat(200)).repeat(40_000);
    process.append("in.log", text);
    // The process gives all of it on though nobody reads what the tap shows.
    process.wait_lines("out.log", 40_000);
    wire.send("{\"id\": 7, \"cmd\": \"taps\"}\n");
    let taps = loop {
        let message = wire.answer("status");
        let _ = message;
        if let Some(place) = wire.events.iter().position(|event| event["id"] == 7) {
            break wire.events.remove(place);
        }
    };
    let (shown, skipped) = (taps["data"][0]["shown"].as_u64().unwrap(), taps["data"][0]["skipped"].as_u64().unwrap());
    assert_eq!(shown + skipped, 40_000);
    assert!(skipped > 0 && shown > 1000, "{shown} shown, {skipped} skipped");
    assert_eq!(wire.events.iter().filter(|event| event["event"] == "tap").count() as u64, shown);
}

#[test]
fn an_expression_without_end_disturbs_nobody() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    wire.ask("tap remote out where loop {}");
    wire.send("{\"id\": \"endless\", \"cmd\": \"p loop {}\"}\n");
    process.append("in.log", line(200, "a").repeat(500));
    process.wait_lines("out.log", 500);
    wire.event("tapped");
    assert_eq!(wire.ask("interrupt"), "interrupted");
    let end = Instant::now() + crate::rig::PATIENCE;
    while !wire.events.iter().any(|event| event["id"] == "endless" && event["error"].is_string()) {
        assert!(Instant::now() < end);
        wire.ask("status");
    }
    assert_eq!(wire.ask("p 1 + 2")["value"], 3);
}

#[test]
fn data_are_put_in_and_counted() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    wire.ask("record on");
    let id = wire.ask("inject remote #{status: 201, host: \"by hand\"}")["id"].clone();
    assert_eq!(id, "inject#0");
    process.wait_lines("out.log", 1);
    assert_eq!(process.data("out.log")[0], json!({"status": 201, "host": "by hand", "class": 2}));
    assert_eq!(wire.ask("why inject#0")["end"], "taken by `line_file_drain`");
    process.write("cases.jsonl", "{\"status\": 300, \"host\": \"c\"}\n{\"status\": 301, \"host\": \"c\"}\n");
    let path = process.dir.path().join("cases.jsonl");
    assert_eq!(wire.ask(&format!("replay {} from remote", path.display()))["replayed"], 2);
    process.wait_lines("out.log", 3);
    assert_eq!(wire.ask("replay inject#0 from wanted")["replayed"], 1);
    process.wait_lines("out.log", 4);
    assert!(wire.fault("replay nothing.jsonl from remote").contains("cannot read"));
    wire.send("{\"id\": \"count\", \"cmd\": \"count wanted by e.class for 500ms\"}\n");
    wire.ask("status");
    process.append("in.log", line(200, "a").repeat(3) + &*line(404, "a"));
    process.wait_lines("out.log", 8);
    let end = Instant::now() + crate::rig::PATIENCE;
    let count = loop {
        if let Some(found) = wire.events.iter().find(|event| event["id"] == "count") {
            break found["data"].clone();
        }
        assert!(Instant::now() < end);
        wire.ask("status");
    };
    assert_eq!((&count[0]["value"], &count[0]["count"], &count[1]["value"]), (&json!("2"), &json!(3), &json!("4")));
    let books = wire.ask("stats")["books"].clone();
    assert_eq!((&books["in"], &books["delivered"]), (&json!(8), &json!(8)));
}

#[test]
fn supplies_are_paused_and_resumed() {
    let process = Process::start(SCRIPT);
    let mut wire = process.connect();
    assert_eq!(wire.ask("pause"), json!({"paused": ["file_watcher_supply"]}));
    process.append("in.log", line(200, "a"));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(process.read("out.log"), "");
    assert_eq!(cog(&wire.ask("ls"), "file_watcher_supply")["state"], "paused");
    wire.ask("resume");
    process.wait_lines("out.log", 1);
    assert!(wire.fault("pause parse").contains("is no supply"));
}

#[test]
fn garbage_and_killed_clients_leave_no_trace() {
    let mut process = Process::start(SCRIPT);
    let socket = process.socket();
    let noise = std::thread::spawn(move || {
        for n in 0..60_u8 {
            let Ok(mut stream) = UnixStream::connect(&socket) else { continue };
            let bytes: Vec<u8> = match n % 4 {
                0 => (0..5000).map(|i| (i % 251) as u8 ^ n).collect(),
                1 => b"{\"id\": 1, \"cmd\": \"tap parse out".to_vec(),
                2 => b"{\"id\":1,\"cmd\":\"record on\"}\n{\"id\":2,\"cmd\":\"break remote\"}\n{\"id\":3,\"cmd\":\"tap parse out -n 100000\"}\n".to_vec(),
                _ => vec![b'x'; 2 << 20],
            };
            let _ = std::io::Write::write_all(&mut stream, &bytes);
            std::thread::sleep(Duration::from_millis(u64::from(n % 5)));
        }
    });
    for n in 0..200 {
        process.append("in.log", line(200 + n, "a"));
        std::thread::sleep(Duration::from_millis(1));
    }
    noise.join().expect("it ends");
    // What a client parked goes on when it has gone.
    process.wait_lines("out.log", 200);
    let mut wire = process.connect();
    assert_eq!(wire.ask("status")["clients"], 1);
    assert_eq!(wire.ask("bl"), json!({"breakpoints": [], "parked": []}));
    assert_eq!(process.stop(), Some(0));
    assert_eq!(process.read("out.log").lines().count(), 200);
}

#[test]
fn who_asks_faster_than_is_answered_waits_and_gets_all_answers() {
    let process = Process::start(SCRIPT);
    let stream = UnixStream::connect(process.socket()).expect("it listens");
    let mut writer = stream.try_clone().expect("a descriptor can be copied");
    let asks = std::thread::spawn(move || {
        let many: Vec<String> = (0..20_000).map(|n| format!("\n\n{{\"id\": {n}, \"cmd\": \"taps\"}}\n")).collect();
        std::io::Write::write_all(&mut writer, "\n".repeat(4 << 20).as_bytes()).expect("it takes it");
        std::io::Write::write_all(&mut writer, many.concat().as_bytes()).expect("it takes it");
        writer.shutdown(std::net::Shutdown::Write).expect("it is connected");
    });
    // Others are served meanwhile, and data flow.
    process.append("in.log", line(200, "a").repeat(100));
    process.wait_lines("out.log", 100);
    let status = process.connect().ask("status");
    let mut told = String::new();
    (&stream).read_to_string(&mut told).expect("it ends when all is told");
    asks.join().expect("it ends");
    assert_eq!(told.lines().filter(|line| line.contains("\"data\"")).count(), 20_000);
    assert!(status["memory_kib"].as_u64().unwrap() < 128 << 10, "{status}");
}

#[test]
fn the_socket_is_the_user_s_own_and_goes_with_the_process() {
    let mut process = Process::start(SCRIPT);
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").mode() & 0o777;
    assert_eq!(mode(&process.socket()), 0o600);
    assert_eq!(mode(process.socket().parent().unwrap()), 0o700);
    let listed = Process::command(process.dir.path()).arg("ctl").output().expect("the program starts");
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("one line of JSON");
    assert_eq!((&listed["name"], &listed["script"]), (&json!("p"), &json!("p.rhai")));
    // Another one of its name has another socket.
    let mut other = Process::command(process.dir.path());
    let mut other = other.args(["run", "p.rhai"]).spawn().expect("the program starts");
    let theirs = process.dir.path().join(format!("deadbeat/p-{}.sock", other.id()));
    process.wait("it listens too", || theirs.exists());
    other.kill().expect("it is our child");
    other.wait().expect("it is our child");
    assert_eq!(process.stop(), Some(0));
    assert!(!process.socket().exists());
    let mut nobody = Process::start_with(SCRIPT, &["--name", "p"], &[]);
    assert!(nobody.socket().exists());
    assert_eq!(nobody.stop(), Some(0));
}

#[test]
fn ctl_writes_json_and_tells_faults_on_standard_error() {
    let process = Process::start(SCRIPT);
    let listed: Value = serde_json::from_slice(&process.ctl(&["ls", "parse"]).stdout).expect("JSON");
    assert_eq!(listed[0]["cog"], "parse");
    let wrong = process.ctl(&["cog", "prase"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean `parse`?"));
    let mut tap = Process::command(process.dir.path());
    let mut tap =
        tap.args(["ctl", "p", "tap parse where e.status == 204 -n 1"]).stdout(std::process::Stdio::piped()).spawn().expect("it starts");
    let mut wire = process.connect();
    process.wait("it taps", || fs::metadata(process.socket()).is_ok());
    while wire.ask("status")["taps"] != 1 {}
    process.append("in.log", line(200, "a") + &*line(204, "b"));
    let mut told = String::new();
    tap.stdout.take().unwrap().read_to_string(&mut told).expect("it can be read");
    assert!(tap.wait().expect("it is our child").success());
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["datum"]["host"], &lines[1]["event"]), (&json!("b"), &json!("tapped")));
}

#[test]
fn no_secret_is_ever_shown() {
    let script = r#"let def = [conf::cfg_item("key", conf::cast_string, "a key", "", #{ secret: true })];
let cfg = conf::gather(#{ typedef: def, name: "p", description: "Adds a key" });
let key = cfg.key;
let train = movement::train();
train.update(
    fs::file_watcher_supply("in.log")
    |> text::json_parse()
    |> (|| { this.k = key; })
    |> text::json_marshall()
    |> fs::line_file_drain("out.log", #{ flush: true })
);
train.run();
"#;
    let process = Process::start_with(script, &[], &["--key", "sesame-open"]);
    let mut wire = process.connect();
    wire.ask("record on");
    wire.ask("tap closure:8 out");
    process.append("in.log", "{\"a\": 1}\n");
    process.wait_lines("out.log", 1);
    let mut told = vec![wire.event("tap").to_string()];
    for command in [
        "why file_watcher_supply#0",
        "recent",
        "fields json_marshall",
        "ls",
        "cog closure:8",
        "p e",
        "p key",
        "status",
        "slow",
        "list closure:8",
    ] {
        told.push(wire.answer(command).to_string());
    }
    assert!(process.read("out.log").contains("sesame-open"), "the data themselves are the user's own");
    assert!(told[0].contains("***"), "{}", told[0]);
    assert!(told.iter().all(|text| !text.contains("sesame")), "{told:?}");
}
