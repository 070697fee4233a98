//! Another version of the script in the running process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::wire::Process;

const SCRIPT: &str = r#"let train = movement::train();
train.update(
    fs::file_watcher_supply("in.log")
    |> text::json_parse(#{ name: "parse" })
    |> cog(#{ n: 0, run: |d| { this.n += 1; d.n = this.n; d } })
    |> (|| { this.v = 1; })
    |> text::json_marshall()
    |> fs::line_file_drain("out.log")
);
train.run();
"#;

#[test]
fn nothing_is_lost_and_state_is_kept_also_when_the_new_version_is_broken() {
    let mut process = Process::start(SCRIPT);
    let path = process.dir.path().join("in.log");
    let enough = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&enough);
    let writer = std::thread::spawn(move || {
        let mut file = std::fs::OpenOptions::new().append(true).open(path).expect("it is there");
        let mut n = 0;
        while !enough.load(Ordering::Relaxed) {
            n += 1;
            std::io::Write::write_all(&mut file, format!("{{\"i\": {n}}}\n").as_bytes()).expect("it can be written");
            if n % 20 == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        n
    });
    process.wait_lines("out.log", 200);
    let mut wire = process.connect();
    wire.ask("tap parse out where e.v == () && e.i % 1000 == 0 -n 1000");
    let second = SCRIPT.replace("this.v = 1;", "this.v = 2;").replace("d.n = this.n; d", "d.n = this.n; d.again = true; d");
    process.write("p.rhai", &format!("// moved down\n{second}"));
    let would = wire.ask("reload --check");
    assert_eq!(would["stay"], json!(["file_watcher_supply", "parse", "json_marshall", "line_file_drain"]));
    assert_eq!(wire.ask("reload")["anew"], json!(["closure:6", "closure:7"]));
    process.wait("the new version makes lines", || process.read("out.log").contains("again"));
    process.write("p.rhai", &second.replace("this.v = 2;", "this.v = 2 +;"));
    assert!(wire.fault("reload").contains("nothing was changed"));
    process.write("p.rhai", &second.replace("out.log\"", "no/such/directory/out.log\""));
    assert!(wire.fault("reload").contains("nothing was changed"));
    process.write("p.rhai", &second.replace("in.log", "other.log"));
    assert!(wire.fault("reload").contains("file_watcher_supply"));
    process.write("p.rhai", &second.replace("this.v = 2;", "this.v = 3;"));
    wire.ask("reload");
    process.wait("the third version makes lines", || process.read("out.log").contains("\"v\":3"));
    wire.events.clear();
    wire.ask("tap parse out -n 1");
    now.store(true, Ordering::Relaxed);
    let last: u64 = writer.join().expect("it ends");
    process.wait_lines("out.log", last as usize);
    wire.ask("undo");
    process.append("in.log", format!("{{\"i\": {}}}\n", last + 1));
    process.wait_lines("out.log", last as usize + 1);
    // The first tap lives on over all that.
    assert_eq!(wire.ask("taps")[0]["tap"], 1);
    assert_eq!(process.stop(), Some(0));
    let data = process.data("out.log");
    let numbers = |key: &str| data.iter().map(|datum| datum[key].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(numbers("i"), (1..=last + 1).collect::<Vec<_>>());
    assert_eq!(numbers("n"), (1..=last + 1).collect::<Vec<_>>(), "the state goes on");
    let mut versions = numbers("v");
    versions.dedup();
    assert_eq!(versions, [1, 2, 3, 2]);
}

#[test]
fn a_supply_of_the_script_binds_anew_and_goes_on() {
    let script = r#"let train = movement::train();
train.update(
    cog(#{ n: 0, h: (), wind: || { this.h = train.esc.enqueue(#{ every: 0.005 }, "beat"); },
        beat: || { this.n += 1; #{ n: this.n, v: 1, h: type_of(this.h) } } }, #{ name: "beat" })
    |> text::json_marshall()
    |> fs::line_file_drain("out.log")
);
train.run();
"#;
    let mut process = Process::start(script);
    process.wait_lines("out.log", 20);
    let mut wire = process.connect();
    process.write("p.rhai", &script.replace("v: 1", "v: 2"));
    assert_eq!(wire.ask("reload")["anew"], json!(["beat"]));
    process.wait("the new one beats", || process.read("out.log").contains("\"v\":2"));
    // One that cannot bind what it wants changes nothing.
    process.write("p.rhai", &script.replace("#{ every: 0.005 }", "#{ every: -1 }"));
    assert!(wire.fault("reload").contains("nothing was changed"));
    let lines = process.read("out.log").lines().count();
    process.wait_lines("out.log", lines + 20);
    assert_eq!(process.stop(), Some(0));
    let data = process.data("out.log");
    let numbers = |key: &str| data.iter().map(|datum| datum[key].as_u64().unwrap()).collect::<Vec<_>>();
    // The beats of the old one have gone with it, and its state has not.
    assert_eq!(numbers("n"), (1..=data.len() as u64).collect::<Vec<_>>());
    assert!(data.iter().all(|datum| datum["h"] == "Handle"));
    let mut versions = numbers("v");
    versions.dedup();
    assert_eq!(versions, [1, 2]);
}

#[test]
fn what_a_window_keeps_lives_on() {
    let script = r#"let train = movement::train();
train.update(
    fs::file_watcher_supply("in.log")
    |> text::json_parse(#{ name: "parse" })
    |> (|| { this.v = 1; })
    |> twist::aggregate(#{ key_getter: "k", window: 3600, fields: #{ n: "count" }, name: "sum" })
    |> text::json_marshall()
    |> fs::line_file_drain("out.log")
);
train.run();
"#;
    let mut process = Process::start(script);
    let mut wire = process.connect();
    process.append("in.log", "{\"k\": \"a\"}\n".repeat(5));
    process.wait("the first are in", || wire_count(&process) == 5);
    process.write("p.rhai", &script.replace("this.v = 1;", "this.v = 2;"));
    assert_eq!(wire.ask("reload")["anew"], json!(["closure:5"]));
    process.append("in.log", "{\"k\": \"a\"}\n".repeat(7));
    process.wait("the others are in", || wire_count(&process) == 12);
    assert_eq!(process.stop(), Some(0));
    let data = process.data("out.log");
    assert_eq!(data.len(), 1, "{data:?}");
    assert_eq!(data[0]["n"], 12);
}

fn wire_count(process: &Process) -> u64 {
    let list = process.connect().ask("ls sum");
    list[0]["in"].as_u64().unwrap_or(0)
}
