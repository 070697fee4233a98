//! `run --replay`: recorded data take the place of what the supplies would read, on the real binary.

use std::time::{Duration, Instant};

use crate::rig::{Rig, deadline};

const SHOP: &str = r#"
let train = movement::train();
let lines = fs::stdin_supply(#{ name: "lines", data_setter: "line" });
let parse = text::csv_parse(["who", "n"], #{ name: "parse", data_getter: "line" });
let worth = cog(|d| #{ who: d.who, twice: parse_int(d.n) * 2 }, #{ name: "worth" });
let ticks = movement::tick_supply(#{ name: "ticks", every: 3600, data: #{ who: "clock", n: "1" } });
train.update([lines |> parse, ticks] |> worth |> text::json_marshall() |> fs::line_file_drain("out"));
train.run();
"#;

/// The shop with recordings `[COG=]FILE`, the second may be empty; what stands on standard input is not read.
fn shop(recordings: [&str; 2]) -> Rig {
    let [one, other] = recordings;
    let rig = if other.is_empty() {
        Rig::new().command(["run", "--replay", one])
    } else {
        Rig::new().command(["run", "--replay", one, "--replay", other])
    };
    rig.script("shop.rhai", SHOP).stdin("mallory,3\n")
}

#[test]
fn recorded_data_leave_a_supply_or_enter_another_cog() {
    let lines = "{\"line\":\"ann,1\"}\n\n{\"line\":\"bob,2\"}";
    let outcome = shop(["lines=seen.jsonl", ""]).file("seen.jsonl", lines).run().expect_status(0);
    assert_eq!(outcome.file("out"), "{\"who\":\"ann\",\"twice\":2}\n{\"who\":\"bob\",\"twice\":4}\n");
    let outcome = outcome.expect_told(["recorded data fed: 2"]);
    assert!(!outcome.file("out").contains("clock"));
    let many: String = (0..5000).fold(String::new(), |all, n| all + &*format!("{{\"who\":\"w{n}\",\"n\":\"{n}\"}}\n"));
    let outcome = shop(["worth=worth.jsonl", "ticks=ticks.jsonl"])
        .file("worth.jsonl", &many)
        .file("ticks.jsonl", "{\"who\":\"clock\",\"n\":\"7\"}\n")
        .run()
        .expect_status(0)
        .expect_told(["recorded data fed: 5001"]);
    let out = outcome.file("out");
    assert_eq!(out.lines().count(), 5001);
    assert!(out.contains("{\"who\":\"clock\",\"twice\":14}\n"), "{out}");
    let of_worth: String = (0..5000).fold(String::new(), |all, n| all + &*format!("{{\"who\":\"w{n}\",\"twice\":{}}}\n", n * 2));
    assert_eq!(out.replace("{\"who\":\"clock\",\"twice\":14}\n", ""), of_worth);
}

#[test]
fn a_line_that_is_no_json_fails_alone() {
    let outcome =
        shop(["worth=bad.jsonl", ""]).file("bad.jsonl", "{\"who\":\"ann\",\"n\":\"1\"}\n{\"who\n{\"who\":\"bob\",\"n\":\"2\"}\n").run();
    let outcome = outcome.expect_status(0).expect_told(["bad.jsonl:2: ", "recorded data fed: 3"]);
    assert_eq!(outcome.file("out"), "{\"who\":\"ann\",\"twice\":2}\n{\"who\":\"bob\",\"twice\":4}\n");
}

#[test]
fn what_cannot_be_played_is_told_before_anything_runs() {
    for (recordings, told) in [
        (["seen.jsonl", ""], "there are 2 supplies: say whose data they are, `lines=FILE` or `ticks=FILE`"),
        (["wort=seen.jsonl", ""], "`wort` is no cog of the script; there is `worth`"),
        (["worth=none.jsonl", ""], "`none.jsonl`: no such file"),
        (["worth=.", ""], "no regular file"),
        (["worth=seen.jsonl", "worth=seen.jsonl"], "two recordings of `worth`"),
    ] {
        let outcome = shop(recordings).file("seen.jsonl", "1\n").run().expect_status(2).expect_told([told]);
        assert!(!outcome.path("out").exists());
    }
}

#[test]
fn the_only_supply_need_not_be_named_and_its_setters_were_applied_before() {
    let script = r#"
let train = movement::train();
train.update(fs::stdin_supply(#{ data_setter: "line", id_setter: "id" }) |> text::json_marshall() |> fs::stdout_drain());
train.run();
"#;
    let seen = "{\"line\":\"a\",\"id\":\"before\"}\n";
    let outcome = Rig::new().command(["--replay", "seen.jsonl"]).script("one.rhai", script).file("seen.jsonl", seen).run();
    outcome.expect_status(0).expect_stdout(seen);
}

#[test]
fn a_recording_is_found_by_a_service_that_has_left_its_directory() {
    let script = SHOP.replace("let train", "daemon::detach(#{ detach: true, pid_file: \"pid\" });\nlet train");
    let rig = Rig::new().command(["run", "--replay", "worth=seen.jsonl"]).script("shop.rhai", &script);
    let outcome = rig.file("seen.jsonl", "{\"who\":\"ann\",\"n\":\"1\"}\n").run().expect_status(0);
    let until = deadline();
    while std::fs::read_to_string(outcome.path("out")).unwrap_or_default() != "{\"who\":\"ann\",\"twice\":2}\n" {
        assert!(Instant::now() < until, "{}", outcome.stderr);
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
