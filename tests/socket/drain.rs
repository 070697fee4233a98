//! What is sent to a server arrives in order, also when the server goes and comes back.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;

use rustix::process::Signal;

use super::{accepted, connect, port, read_some, supply, wait_readable};
use crate::rig::{PATIENCE, Rig, Running};

/// A script that sends lines of standard input there.
fn sending(options: &str) -> Rig {
    let script = format!(
        "let train = movement::train();\ntrain.update(fs::stdin_supply() |> socket::socket_drain(#{{ {options} }}));\nexit(train.run());\n"
    );
    Rig::new().command(["run", "--log-level", "notice"]).script("send.rhai", &script).stdin_open()
}

fn feed(running: Running, numbers: std::ops::Range<usize>) -> Running {
    running.feed(wanted(numbers).join("\n") + "\n")
}

fn wanted(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|n| format!("line {n}")).collect()
}

fn lines(reader: &mut impl BufRead, count: usize) -> Vec<String> {
    reader.lines().take(count).map(|line| line.expect("a line comes")).collect()
}

#[test]
fn a_server_that_dies_and_returns_gets_the_rest_in_order() {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let path = place.path().join("server");
    let options = format!("to: \"unix:{}\", retry_delay: 0.05, retry_max: 0.2", path.display());
    // It is not there yet.
    let running = feed(sending(&options).start(), 0..10).wait_for_stderr("cannot reach unix:");
    let server = UnixListener::bind(&path).expect("it can be bound");
    let stream = accepted(&server);
    let mut reader = BufReader::new(stream);
    assert_eq!(lines(&mut reader, 10), wanted(0..10));
    let running = feed(running, 10..20);
    assert_eq!(lines(&mut reader, 10), wanted(10..20));
    let running = running.wait_for_stderr("sends to unix:");
    // It dies, and what comes meanwhile waits.
    drop((reader, server));
    fs::remove_file(&path).expect("it is there");
    let running = running.wait_for("it does not notice", |running| running.stderr().matches("cannot reach").count() == 2);
    let running = feed(running, 20..40);
    let server = UnixListener::bind(&path).expect("it can be bound");
    let stream = accepted(&server);
    let mut reader = BufReader::new(stream);
    assert_eq!(lines(&mut reader, 20), wanted(20..40));
    // At the end of its input it ends, and all has arrived.
    let running = feed(running, 40..41).close_stdin();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).expect("it is text");
    assert_eq!(rest, "line 40\n");
    running.expect_exit(0);
}

#[test]
fn a_record_that_was_half_sent_is_sent_again_whole() {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let path = place.path().join("server");
    let server = UnixListener::bind(&path).expect("it can be bound");
    let options = format!("to: \"unix:{}\", retry_delay: 0.05", path.display());
    let running = sending(&options).start();
    let mut first = accepted(&server);
    // Far more than the system takes at once.
    let long = "y".repeat(1 << 20);
    let running = running.feed(format!("short\n{long}\nnext\n"));
    assert_eq!(read_some(&mut first, 1000), format!("short\n{}", &long[..994]).into_bytes());
    drop(first);
    let mut second = accepted(&server);
    assert_eq!(read_some(&mut second, long.len() + 6), format!("{long}\nnext\n").into_bytes());
    running.close_stdin().expect_exit(0);
}

#[test]
fn a_server_that_stays_away_is_told_of_at_the_end() {
    let script = "let train = movement::train();\ntrain.update(fs::stdin_supply() |> socket::socket_drain(\"unix:nowhere\") |> fs::stdout_drain());\nexit(train.run());\n";
    let running = feed(Rig::new().script("send.rhai", script).stdin_open().start(), 0..3);
    let outcome = running.wait_for_stdout("line 2\n").wait_for_stderr("cannot reach").signal(Signal::TERM).expect_exit(1);
    assert!(outcome.stderr.contains("3 records could not be sent to unix:nowhere in time"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("3 events were still on their way"), "{}", outcome.stderr);
}

#[test]
fn what_is_too_much_is_dropped_where_that_is_wanted() {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let path = place.path().join("server");
    let options = format!("to: \"unix:{}\", retry_delay: 0.05, retry_max: 0.1, when_full: \"drop\", buffer: 20000", path.display());
    let running = sending(&options).start().wait_for_stderr("cannot reach");
    // More than are let on their way at a time: the supply must not wait.
    let running = feed(running, 0..10_000).wait_for_stderr("what comes now is dropped");
    let server = UnixListener::bind(&path).expect("it can be bound");
    let stream = accepted(&server);
    let mut reader = BufReader::new(stream);
    let first = lines(&mut reader, 1000);
    assert_eq!(first, wanted(0..1000));
    let running = running.wait_for_stderr("were dropped").feed("the end\n").close_stdin();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).expect("it is text");
    assert!(rest.ends_with("the end\n") && rest.lines().count() < 9_000, "{} lines", rest.lines().count());
    running.expect_exit(0);
}

#[test]
fn counted_records_arrive_as_they_were() {
    let receiving = supply("path: \"s.sock\", framing: \"octet\"", "text::json_marshall() |> fs::stdout_drain()").start();
    drop(connect(&receiving.path("s.sock")));
    let script = format!(
        "let train = movement::train();\ntrain.update(fs::stdin_supply() |> text::json_parse() |> socket::socket_drain(#{{ to: \"unix:{}\", framing: \"octet\" }}));\ntrain.run();\n",
        receiving.path("s.sock").display()
    );
    let input = "\"a\\nb\"\n\"č\"\n\"12 x\"\n";
    Rig::new().script("send.rhai", &script).stdin(input).run().expect_status(0);
    receiving.wait_for_stdout("12 x").signal(Signal::TERM).expect_exit(0).expect_stdout(input);
}

#[test]
fn ports_and_datagrams_are_sent_to_too() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let number = server.local_addr().expect("it is bound").port();
    // By name, which the helper looks up.
    let running = feed(sending(&format!("to: \"tcp:localhost:{number}\"")).start(), 0..3);
    wait_readable(&server);
    let (stream, _) = server.accept().expect("somebody has connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("it can be set");
    assert_eq!(lines(&mut BufReader::new(stream), 3), wanted(0..3));
    running.close_stdin().expect_exit(0);

    let server = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    server.set_read_timeout(Some(PATIENCE)).expect("it can be set");
    let number = server.local_addr().expect("it is bound").port();
    let running = feed(sending(&format!("to: \"udp:127.0.0.1:{number}\"")).start(), 0..2);
    let mut gram = [0; 100];
    for line in wanted(0..2) {
        let count = server.recv(&mut gram).expect("it comes");
        assert_eq!(&gram[..count], line.as_bytes());
    }
    let running = running.feed(format!("{}\n", "z".repeat(70_000))).wait_for_stderr("a record of 70000 bytes is too long for a datagram");
    let outcome = feed(running, 2..3).close_stdin().expect_exit(0);
    let count = server.recv(&mut gram).expect("it comes");
    assert_eq!(&gram[..count], b"line 2", "{}", outcome.stderr);

    let place = tempfile::tempdir().expect("a temporary directory can be made");
    datagrams_wait_for_their_reader(&place.path().join("gram"));
}

/// A reader of datagrams that is slow: the system has room for a few only.
fn datagrams_wait_for_their_reader(path: &Path) {
    let server = UnixDatagram::bind(path).expect("it can be bound");
    let running = feed(sending(&format!("to: \"unixgram:{}\"", path.display())).start(), 0..5000);
    server.set_read_timeout(Some(PATIENCE)).expect("it can be set");
    let mut gram = [0; 100];
    for line in wanted(0..5000) {
        let count = server.recv(&mut gram).expect("it comes");
        assert_eq!(&gram[..count], line.as_bytes());
    }
    running.close_stdin().expect_exit(0);
}

#[test]
fn a_relay_by_tcp_loses_nothing() {
    let (receiving, number) = port(supply("listen: \"tcp:127.0.0.1:0\"", "fs::line_file_drain(\"out.txt\")").start(), "tcp");
    let running = feed(sending(&format!("to: \"tcp:127.0.0.1:{number}\"")).start(), 0..20_000).close_stdin();
    running.expect_exit(0);
    let text = wanted(0..20_000).join("\n") + "\n";
    receiving.wait_for_file("out.txt", &text).signal(Signal::TERM).expect_exit(0);
}
