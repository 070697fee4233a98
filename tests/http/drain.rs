//! `http::http_drain`: what a server has not said to have is sent again, in order, and is not counted as stored.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::rig::Rig;
use crate::rig::http::{Act, HttpServer};

/// Lines of standard input to that server.
fn sending(server: &HttpServer, options: &str) -> Rig {
    Rig::new().script(
        "send.rhai",
        &format!(
            "let train = movement::train();\ntrain.update(fs::stdin_supply() |> http::http_drain(#{{ url: \"{}\", {options} }}));\ntrain.run();\n",
            server.url("/x")
        ),
    )
}

fn numbers(range: std::ops::Range<usize>) -> String {
    range.map(|n| format!("{n}\n")).collect::<Vec<_>>().concat()
}

/// What the server was sent, as one text.
fn sent(server: &HttpServer) -> String {
    server.requests().iter().map(crate::rig::http::Request::text).collect()
}

#[test]
fn data_are_sent_in_batches_and_in_order() {
    let server = HttpServer::start();
    server.tell("/x", [Act::status(204, "")]);
    sending(&server, "batch: #{ size: 100 }").stdin(numbers(0..1050)).run().expect_status(0).expect_stderr("");
    assert_eq!(sent(&server), numbers(0..1050));
    let requests = server.requests();
    assert!(requests.len() >= 11 && requests.iter().all(|request| request.text().lines().count() <= 100), "{}", requests.len());
    assert_eq!(requests[0].header("content-type"), Some("application/x-ndjson"));
    assert_eq!((server.connections(), server.most_at_once()), (1, 1));
}

#[test]
fn a_request_holds_what_its_form_says() {
    let server = HttpServer::start();
    server.tell("/x", [Act::ok("")]);
    let json = |form: &str| {
        let cogs = format!("http::http_drain(#{{ url: \"{}\", form: \"{form}\", batch: #{{ age: 0.2 }} }})", server.url("/x"));
        Rig::json("", &cogs).stdin("{\"a\":1.50}\n[2]\n").run().expect_status(0).expect_stdout("{\"a\":1.50}\n[2]\n");
    };
    json("array");
    json("one");
    json("lines");
    let bodies: Vec<String> = server.requests().iter().map(crate::rig::http::Request::text).collect();
    assert_eq!(bodies, ["[{\"a\":1.50},[2]]", "{\"a\":1.50}", "[2]", "{\"a\":1.50}\n[2]\n"]);
    assert_eq!(server.requests()[0].header("content-type"), Some("application/json"));
}

#[test]
fn a_batch_waits_for_more_as_long_as_it_may() {
    let server = HttpServer::start();
    server.tell("/x", [Act::ok("")]);
    let running = sending(&server, "batch: #{ size: 3, age: 0.3 }").stdin_open().start();
    let running = running.feed("1\n").wait_for("nothing was sent", |_| server.requests().len() == 1);
    let begun = Instant::now();
    let running = running.feed("2\n3\n4\n").wait_for("nothing was sent", |_| server.requests().len() == 2);
    assert!(begun.elapsed() < Duration::from_millis(300));
    running.close_stdin().expect_exit(0);
    assert_eq!(sent(&server), "1\n2\n3\n4\n");
}

#[test]
fn a_server_that_is_away_or_busy_gets_the_same_again() {
    let server = HttpServer::start();
    let acts = [
        Act::status(500, ""),
        Act::status(429, "").with("Retry-After", "1"),
        Act::Close,
        Act::raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"),
        Act::Hang,
        Act::status(408, ""),
        Act::ok(""),
    ];
    server.tell("/x", acts);
    let outcome =
        sending(&server, "batch: #{ size: 10 }, retry: #{ delay: 0.01 }, timeout: 0.3").stdin(numbers(0..30)).run().expect_status(0);
    let requests = server.requests();
    let first = requests[0].text();
    assert!(requests[..7].iter().all(|request| request.text() == first), "{requests:?}");
    assert_eq!(requests[6..].iter().map(crate::rig::http::Request::text).collect::<String>(), numbers(0..30));
    assert!(requests[2].came - requests[1].came >= Duration::from_millis(990));
    for told in ["it answers 500", "it answers 429", "cut short", "no whole answer within 0.3 s", "it answers 408"] {
        assert!(outcome.stderr.contains(told), "{told}: {}", outcome.stderr);
    }
}

#[test]
fn what_is_refused_for_good_fails_and_the_rest_goes_on() {
    let server = HttpServer::start();
    server.tell("/x", [Act::status(422, ""), Act::ok("")]);
    let text = format!(
        "let train = movement::train();\nlet dead = text::json_marshall() |> fs::line_file_drain(\"dead.txt\");\ntrain.update(fs::stdin_supply() |> http::http_drain(#{{ url: \"{}\", form: \"one\", on_error: dead }}));\ntrain.run();\n",
        server.url("/x?key=geheim").replace("?key=geheim", "")
    );
    let outcome = Rig::new().script("send.rhai", &text).stdin("bad\ngood\n").run().expect_status(0);
    let dead = outcome.file("dead.txt");
    assert!(dead.contains("\"reason\":\"refused\"") && dead.contains("it answers 422") && dead.contains("\"data\":\"bad\""), "{dead}");
    assert_eq!(dead.lines().count(), 1);
    assert_eq!(sent(&server), "badgood");
    // What no request can hold fails by itself.
    let outcome = sending(&server, "form: \"array\"").stdin("1\nno json\n2\n").run().expect_status(0);
    assert!(outcome.stderr.contains("is no JSON"), "{}", outcome.stderr);
}

#[test]
fn tries_may_have_an_end() {
    let server = HttpServer::start();
    server.tell("/x", [Act::status(503, "")]);
    let outcome =
        sending(&server, "retry: #{ count: 2, delay: 0.01 }").stdin("lost\n").command(["run", "--strict-exit"]).run().expect_status(3);
    assert_eq!(server.requests().len(), 3);
    assert!(outcome.stderr.contains("it answers 503"), "{}", outcome.stderr);
}

#[test]
fn a_server_that_dies_and_returns_misses_nothing_and_gets_all_in_order() {
    let first = HttpServer::start();
    let addr = first.addr().to_string();
    first.tell("/x", [Act::ok(""), Act::ok(""), Act::Close]);
    let running = sending(&first, "batch: #{ size: 50 }, retry: #{ delay: 0.05 }").stdin_open().start().feed(numbers(0..500));
    let running = running.wait_for_stderr("sends 50 events again in");
    // The third, and the same once more on a new connection, came to nothing.
    let taken: String = first.requests().iter().take(2).map(crate::rig::http::Request::text).collect();
    drop(first);
    let running = running.feed(numbers(500..1000)).wait_for_stderr("no connection: connection refused");
    let second = HttpServer::start_at(&addr, None);
    second.tell("/x", [Act::ok("")]);
    running.close_stdin().expect_exit(0);
    assert_eq!(format!("{taken}{}", sent(&second)), numbers(0..1000));
}

#[test]
fn nothing_is_lost_by_a_stop_in_the_middle() {
    let server = HttpServer::start();
    server.tell("/x", [Act::ok("").late(Duration::from_millis(20))]);
    let script = format!(
        "let train = movement::train();\ntrain.update(fs::file_watcher_supply(#{{ filenames: \"in.txt\", tail: true, start: \"begin\", state_file: \"state\", max_in_flight: 200 }}) |> http::http_drain(#{{ url: \"{}\", batch: #{{ size: 7 }} }}));\ntrain.run();\n",
        server.url("/x")
    );
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state").to_str().unwrap().to_owned();
    let input = dir.path().join("in.txt");
    std::fs::write(&input, numbers(0..2000)).unwrap();
    let script = script.replace("\"state\"", &format!("{state:?}")).replace("\"in.txt\"", &format!("{input:?}"));
    for _ in 0..3 {
        let running = Rig::new().script("send.rhai", &script).start();
        let wanted = server.requests().len() + 10;
        let running = running.wait_for("nothing is sent", |_| server.requests().len() >= wanted);
        running.signal(Signal::TERM).expect_exit(0);
    }
    let rig = Rig::new().script("send.rhai", &script.replace("tail: true", "tail: false"));
    rig.run().expect_status(0);
    // After a clean stop nothing comes twice.
    assert_eq!(sent(&server), numbers(0..2000));
}

#[test]
fn a_stop_ends_though_the_server_is_silent() {
    let server = HttpServer::start();
    server.tell("/x", [Act::Hang]);
    let begun = Instant::now();
    let running = Rig::new()
        .script(
            "send.rhai",
            &format!(
                "let train = movement::train();\ntrain.update(fs::file_watcher_supply(#{{ filenames: \"in.txt\", tail: true, start: \"begin\", state_file: \"state\" }}) |> http::http_drain(\"{}\"));\ntrain.run();\n",
                server.url("/x")
            ),
        )
        .file("in.txt", "one\n")
        .start()
        .wait_for("nothing is sent", |_| server.requests().len() == 1);
    let outcome = running.signal(Signal::TERM).expect_exit(1);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert!(outcome.stderr.contains("no positive answer before the end"), "{}", outcome.stderr);
    // The next run sends it again.
    server.tell("/x", [Act::ok("")]);
    let outcome = Rig::new()
        .script(
            "send.rhai",
            &format!(
                "let train = movement::train();\ntrain.update(fs::file_watcher_supply(#{{ filenames: {:?}, tail: false, start: \"begin\", state_file: {:?} }}) |> http::http_drain(\"{}\"));\ntrain.run();\n",
                outcome.path("in.txt"),
                outcome.path("state"),
                server.url("/x")
            ),
        )
        .run();
    outcome.expect_status(0);
    assert_eq!(sent(&server), "one\none\n");
}
