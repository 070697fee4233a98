//! A file of where addresses are: looked into, replaced under a running train, damaged, missing.

use rustix::process::Signal;

use crate::rig::{Rig, mmdb};

fn rig() -> Rig {
    let script = r#"let train = movement::train();
train.update(
    fs::file_watcher_supply(#{ filenames: "in.jsonl", start: "begin" })
    |> text::json_parse()
    |> ip::geoip("geo.mmdb", #{ fields: #{ city: "city.names.en" } })
    |> text::json_marshall()
    |> fs::line_file_drain("out.jsonl")
);
train.run();
"#;
    Rig::new().command(["run", "--log-level", "info"]).script("geo.rhai", script).file("in.jsonl", "")
}

fn of(city: &'static str) -> Vec<u8> {
    mmdb::file(6, 28, &[("192.0.2.0/24", mmdb::city("AT", city, "9"))])
}

#[test]
fn a_file_that_takes_its_place_is_used_and_a_damaged_one_is_not() {
    let line = "{\"ip\":\"192.0.2.1\"}\n";
    let said = |city| format!("{{\"ip\":\"192.0.2.1\",\"geo\":{{\"city\":\"{city}\"}}}}\n");
    let (vienna, graz) = (said("Vienna"), said("Graz"));
    let damaged = &of("Linz")[..200];
    rig()
        .file("geo.mmdb", of("Vienna"))
        .file("new.mmdb", of("Graz"))
        .file("bad.mmdb", damaged)
        .start()
        .append("in.jsonl", line)
        .wait_for_file("out.jsonl", &vienna)
        .rename("new.mmdb", "geo.mmdb")
        .wait_for_stderr("was read again")
        .append("in.jsonl", line)
        .wait_for_file("out.jsonl", &[&*vienna, &graz].concat())
        .rename("bad.mmdb", "geo.mmdb")
        .wait_for_stderr("is no MaxMind DB, or it is damaged")
        .append("in.jsonl", line)
        .wait_for_file("out.jsonl", &[&*vienna, &graz, &graz].concat())
        .signal(Signal::TERM)
        .expect_exit(0);
}

#[test]
fn without_its_file_nothing_begins() {
    let missing = rig().run().expect_status(1);
    assert!(missing.stderr.starts_with("deadbeat: error: geo.rhai:5: geoip: cannot read `geo.mmdb`: no such file or directory\n"));
    rig()
        .file("geo.mmdb", "nonsense")
        .run()
        .expect_status(1)
        .expect_told(["geo.mmdb", "is no MaxMind DB, or it is damaged"])
        .expect_file("in.jsonl", "");
}
