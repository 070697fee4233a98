//! The main road end to end: the shipped resolver on files that grow and rotate, with a name server on the loopback.
#![cfg(feature = "dns")]

use std::time::Duration;

use rustix::process::Signal;

use crate::rig::{Rig, root};

/// The resolver, following `in.csv` into `out.csv`, asking the rig's name server alone.
fn resolver() -> Rig {
    Rig::new().script_file("ip_resolve.rhai").file("hosts", "192.0.2.77 hosts.example.net\n").file("in.csv", "").args([
        "--tail",
        "--input-files=in.csv",
        "--output-file=out.csv",
        "--hosts-file=hosts",
        "--dns.resolvers={dns}",
    ])
}

#[test]
fn a_line_appended_while_running_is_resolved() {
    resolver()
        .dns("192.0.2.1", "host.example")
        .start()
        .wait_for_file("out.csv", "")
        .append("in.csv", "192.0.2.1,login\n192.0.2.77\n")
        .wait_for_file("out.csv", "192.0.2.1,host.example\n192.0.2.77,hosts.example.net\n")
        .signal(Signal::TERM)
        .expect_exit(0)
        .expect_stdout("")
        .expect_stderr("");
}

#[test]
fn a_slow_answer_does_not_hold_back_lines_that_need_none() {
    let rig = resolver().dns("192.0.2.1", "slow.example").args(["--no-keep-order"]).dns_with(|server| {
        server.delay("192.0.2.1", Duration::from_millis(700));
    });
    rig.start()
        .append("in.csv", "192.0.2.1\n192.0.2.77\n192.0.2.2\n")
        .wait_for_file("out.csv", "192.0.2.77,hosts.example.net\n192.0.2.2,\n")
        .wait_for_file("out.csv", "192.0.2.77,hosts.example.net\n192.0.2.2,\n192.0.2.1,slow.example\n")
        .signal(Signal::TERM)
        .expect_exit(0);
}

#[test]
fn the_end_waits_for_answers_that_are_on_their_way() {
    let rig = resolver().dns("192.0.2.1", "slow.example").dns_with(|server| {
        server.delay("192.0.2.1", Duration::from_millis(700)).drop("192.0.2.2");
    });
    let input = (1..=200).map(|n| format!("192.0.2.{}\n", n % 4)).collect::<Vec<_>>().concat();
    let outcome = rig
        .start()
        .append("in.csv", &input)
        .wait_for("the name server was never asked", |running| {
            running.server().questions("192.0.2.1") > 0 && running.server().questions("192.0.2.2") > 0
        })
        .signal(Signal::TERM)
        .expect_exit(0);
    let out = outcome.file("out.csv");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 200, "{out}");
    for (n, line) in lines.iter().enumerate() {
        let name = if n % 4 == 0 { "slow.example" } else { "" };
        assert_eq!(*line, format!("192.0.2.{},{name}", (n + 1) % 4));
    }
}

#[test]
fn equal_questions_are_asked_once() {
    let outcome = resolver()
        .dns("192.0.2.1", "host.example")
        .start()
        .append("in.csv", "192.0.2.1\n".repeat(500))
        .wait_for_file("out.csv", &"192.0.2.1,host.example\n".repeat(500))
        .signal(Signal::TERM)
        .expect_exit(0);
    assert_eq!(outcome.server.expect("it was started").questions("192.0.2.1"), 1);
}

#[test]
fn bad_lines_are_told_and_the_others_go_on() {
    let rig =
        resolver().dns("192.0.2.1", "host.example").file("in.csv", b"192.0.2.1\nno address\n\xff\xfe\n192.0.2.0/24\n\n192.0.2.1,x,y,z\n");
    rig.start()
        .wait_for_file("out.csv", "192.0.2.1,host.example\n192.0.2.1,host.example\n")
        .signal(Signal::TERM)
        .expect_exit(0)
        .expect_told(["no address", "192.0.2.0/24", "in.csv"]);
}

#[test]
fn a_failed_look_up_does_not_end_the_run() {
    let rig = resolver().dns("192.0.2.1", "host.example").dns_with(|server| {
        server.servfail("192.0.2.2");
    });
    rig.start()
        .append("in.csv", "192.0.2.2\n192.0.2.1\n")
        .wait_for_file("out.csv", "192.0.2.2,\n192.0.2.1,host.example\n")
        .signal(Signal::TERM)
        .expect_exit(0);
}

#[test]
fn the_shipped_input_gives_the_shipped_result_without_network() {
    let root = root().to_str().expect("the repository's path is text");
    let expected = include_str!("../scripts/ip_resolve/expected.csv");
    Rig::new()
        .command(["-C", root, "run"])
        .args(["scripts/ip_resolve.rhai"])
        .run()
        .expect_status(0)
        .expect_stdout(expected)
        .expect_stderr("");
}
