//! `http::http_supply`: each way in which a server can answer, or not, has its own outcome.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::process::Signal;

use crate::rig::http::{Act, HttpServer, Papers};
use crate::rig::{Outcome, Rig};

/// Fetches once and writes what comes to standard output.
fn fetching(server: &HttpServer, path: &str, options: &str) -> Rig {
    fetching_url(&server.url(path), options)
}

fn fetching_url(url: &str, options: &str) -> Rig {
    Rig::new().script(
        "fetch.rhai",
        &format!(
            "let train = movement::train();\nlet fetch = http::http_supply(#{{ url: \"{url}\", interval: 0, retry: #{{ count: 0 }}, {options} }});\ntrain.update(fetch |> fs::stdout_drain());\ntrain.run();\n"
        ),
    )
}

/// What a server that always does this leads to.
fn doing(act: Act, options: &str) -> Outcome {
    let server = HttpServer::start();
    server.tell("/x", [act]);
    fetching(&server, "/x", options).run()
}

/// The run ends with status 1, gives nothing, and tells this.
fn fails(act: Act, options: &str, told: &str) {
    let outcome = doing(act, options).expect_status(1).expect_stdout("");
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    assert!(outcome.stderr.lines().count() == 1, "{}", outcome.stderr);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).expect("memory takes all");
    packed.finish().expect("memory takes all")
}

#[test]
fn an_answer_is_one_datum_and_then_the_supply_is_over() {
    doing(Act::ok("a\nb"), "").expect_status(0).expect_stdout("a\nb\n").expect_stderr("");
}

#[test]
fn an_answer_may_be_split_into_lines() {
    let outcome = doing(Act::ok("{\"a\":1}\r\n{\"a\":2}\n{\"a\":3}"), "split: \"lines\"");
    outcome.expect_status(0).expect_stdout("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    // More than there is room for at a time.
    let many: String = (0..5000).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat();
    doing(Act::ok(&many), "split: \"lines\", max_in_flight: 7").expect_status(0).expect_stdout(&many);
    doing(Act::ok(""), "split: \"lines\"").expect_status(0).expect_stdout("");
}

#[test]
fn addresses_are_asked_in_turn_with_what_the_script_gives() {
    let server = HttpServer::start();
    server.tell("/one?key=geheim1", [Act::ok("1")]);
    server.tell("/two", [Act::ok("2")]);
    let urls = [server.url("/one?key=geheim1"), server.url("/two").replace("://", "://user:geheim2@")];
    Rig::new()
        .script(
            "fetch.rhai",
            &format!(
                r#"let train = movement::train();
train.update(
    http::http_supply(#{{ url: ["{}", "{}"], interval: 0, method: "POST", body: "ask", headers: #{{ "X-Own": "y" }}, meta_setter: "meta", data_setter: "body" }})
    |> cog(|d| `${{d.meta.status}} ${{d.meta.url}} ${{d.meta.headers["content-length"]}} ${{d.body}}`)
    |> fs::stdout_drain()
);
train.run();
"#,
                urls[0], urls[1]
            ),
        )
        .run()
        .expect_status(0)
        .expect_stdout(&format!("200 {} 1 1\n200 {} 1 2\n", server.url("/one"), server.url("/two")));
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.method == "POST" && request.text() == "ask" && request.header("x-own") == Some("y")));
    assert!(requests[0].header("user-agent").unwrap().starts_with("deadbeat/"));
    assert_eq!(requests[0].header("authorization"), None);
    assert_eq!(requests[1].header("authorization"), Some("Basic dXNlcjpnZWhlaW0y"));
    // Both by one connection.
    assert_eq!(server.connections(), 1);
}

#[test]
fn secrets_are_not_told() {
    let server = HttpServer::start();
    server.tell("/x?key=geheim1", [Act::status(500, "")]);
    let url = server.url("/x?key=geheim1").replace("://", "://user:geheim2@");
    let auth = "auth: #{ bearer: \"geheim3\" }";
    let outcome = fetching_url(&url, auth).run().expect_status(1);
    assert!(outcome.stderr.contains("/x`: it answers 500") && !outcome.stderr.contains("geheim"), "{}", outcome.stderr);
    let drawn = fetching_url(&url, auth).command(["dot"]).run().expect_status(0);
    assert!(drawn.stdout.contains("/x?***") && !drawn.stdout.contains("geheim"), "{}", drawn.stdout);
    // What the script says goes before what stands in the address.
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer geheim3"));
}

#[test]
fn a_server_that_hangs_is_given_up_in_time() {
    let begun = Instant::now();
    fails(Act::Hang, "timeout: 0.3", "no whole answer within 0.3 s");
    // The head comes, the body does not.
    let half = Act::raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    let server = HttpServer::start();
    server.tell("/x", [Act::Late(Duration::ZERO, Box::new(half))]);
    fetching(&server, "/x", "timeout: 0.3").run().expect_status(1).expect_stdout("");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn an_answer_cut_short_is_none() {
    fails(Act::raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), "", "the answer was cut short");
    fails(Act::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), "", "the answer was cut short");
    fails(Act::raw("HTTP/1.1 200 OK\r\nConte"), "", "the answer was cut short");
    fails(Act::Close, "", "the answer was cut short");
    let half = gzip(&vec![b'x'; 100_000]);
    fails(Act::ok(&half[..half.len() / 2]).with("Content-Encoding", "gzip"), "", "the answer was cut short");
}

#[test]
fn what_is_no_http_is_none() {
    fails(Act::raw("SSH-2.0-OpenSSH\r\n"), "", "the answer is no HTTP");
    fails(Act::raw("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), "", "the answer is no HTTP");
    fails(Act::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "", "the answer cannot be read");
    fails(Act::ok("not packed").with("Content-Encoding", "gzip"), "", "the answer cannot be read");
    fails(Act::ok("packed").with("Content-Encoding", "br"), "", "encoded as `br`, which was not asked for");
}

#[test]
fn packed_answers_are_unpacked() {
    doing(Act::ok(gzip(b"unpacked")).with("Content-Encoding", "gzip"), "").expect_status(0).expect_stdout("unpacked\n");
}

#[test]
fn a_bomb_ends_in_an_error_and_takes_little_memory() {
    let server = HttpServer::start();
    // 1 GiB, packed into 1 MiB.
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    (0..1024).for_each(|_| packed.write_all(&zeros).unwrap());
    server.tell("/x", [Act::ok(packed.finish().unwrap()).with("Content-Encoding", "gzip")]);
    let url = server.url("/x");
    // It stays alive after the bomb, so that its memory can be asked for.
    let running = Rig::new()
        .script(
            "fetch.rhai",
            &format!("let train = movement::train();\ntrain.update(http::http_supply(#{{ url: \"{url}\", retry: #{{ count: 0 }} }}) |> fs::stdout_drain());\ntrain.run();\n"),
        )
        .start()
        .wait_for_stderr("`: the answer is longer than 16777216 bytes");
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    let peak: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap();
    assert!(peak < 128 << 10, "{peak} KiB");
    running.signal(Signal::TERM).expect_exit(0).expect_stdout("");
}

#[test]
fn too_much_is_none() {
    let told = "the answer is longer than 5 bytes";
    fails(Act::ok("123456"), "manager: #{ max_body: 5 }", told);
    fails(Act::raw("HTTP/1.1 200 OK\r\n\r\n123456"), "manager: #{ max_body: 5 }", told);
    doing(Act::ok("12345"), "manager: http::manager(#{ max_body: 5 })").expect_stdout("12345\n");
    let long = "x".repeat(70_000);
    fails(Act::ok("").with("X-Long", &long), "", "the headers of the answer are 70");
    fails(Act::ok("").with("X-Long", &long.repeat(10)), "", "the headers of the answer are too many or too long");
}

#[test]
fn redirects_are_followed_as_far_as_they_lead_somewhere() {
    let server = HttpServer::start();
    server.tell("/1", [Act::redirect("/2")]);
    server.tell("/2", [Act::redirect(&server.url("/end"))]);
    server.tell("/end", [Act::ok("there")]);
    fetching(&server, "/1", "").run().expect_status(0).expect_stdout("there\n");
    server.tell("/2", [Act::redirect("/1")]);
    let outcome = fetching(&server, "/1", "").run().expect_status(1);
    assert!(outcome.stderr.contains("/2`: it is redirected in a circle"), "{}", outcome.stderr);
    for n in 0..10 {
        server.tell(&format!("/long{n}"), [Act::redirect(&format!("/long{}", n + 1))]);
    }
    let outcome = fetching(&server, "/long0", "").run().expect_status(1);
    assert!(outcome.stderr.contains("it is redirected more than 5 times"), "{}", outcome.stderr);
    assert_eq!(server.requests_for("/long6"), 0);
    server.tell("/odd", [Act::redirect("file:///etc/passwd")]);
    let outcome = fetching(&server, "/odd", "").run().expect_status(1);
    assert!(outcome.stderr.contains("no address of HTTP"), "{}", outcome.stderr);
}

#[test]
fn secrets_do_not_follow_to_another_host() {
    let (one, two) = (HttpServer::start(), HttpServer::start());
    one.tell("/x", [Act::redirect(&two.url("/y"))]);
    two.tell("/y", [Act::ok("there")]);
    let options = "auth: #{ user: \"u\", password: \"geheim\" }, headers: #{ \"X-Api-Key\": \"geheim\", \"Accept\": \"text/plain\" }";
    fetching(&one, "/x", options).run().expect_status(0).expect_stdout("there\n");
    let (first, second) = (one.requests().remove(0), two.requests().remove(0));
    assert!(first.header("authorization").is_some() && first.header("x-api-key").is_some());
    assert!(second.header("authorization").is_none() && second.header("x-api-key").is_none(), "{second:?}");
    assert_eq!(second.header("accept"), Some("text/plain"));
}

#[test]
fn a_certificate_must_be_signed_by_somebody_trusted_and_for_that_host() {
    let papers = Papers::of("127.0.0.1");
    let server = HttpServer::start_secured(&papers);
    server.tell("/x", [Act::ok("secured")]);
    let fetch = |options: &str| fetching(&server, "/x", options).file("ca.pem", &papers.authority);
    let outcome = fetch("").run().expect_status(1);
    assert!(outcome.stderr.contains("the server's certificate is not accepted: nobody trusted has signed it"), "{}", outcome.stderr);
    fetch("tls: #{ ca_file: \"ca.pem\" }").run().expect_status(0).expect_stdout("secured\n").expect_stderr("");
    fetch("manager: http::manager(#{ tls: #{ ca_file: \"ca.pem\", min_version: \"1.3\" } })")
        .run()
        .expect_status(0)
        .expect_stdout("secured\n");
    let outcome = fetch("tls: #{ ca_file: \"ca.pem\", server_name: \"other.example\" }").run().expect_status(1);
    assert!(outcome.stderr.contains("it is for another host"), "{}", outcome.stderr);
    let outcome = fetch("tls: #{ verify: false }").run().expect_status(0).expect_stdout("secured\n");
    assert!(outcome.stderr.contains("certificates of servers are not verified"), "{}", outcome.stderr);
    fetch("tls: #{ ca_file: \"none.pem\" }")
        .run()
        .expect_status(1)
        .expect_told(["http_supply: cannot read `none.pem`: no such file or directory\n"]);
    // The other way round: the certificate is for another host, unless that is what is wanted.
    let papers = Papers::of("inside.example");
    let server = HttpServer::start_secured(&papers);
    server.tell("/x", [Act::ok("secured")]);
    let fetch = |options: &str| fetching(&server, "/x", options).file("ca.pem", &papers.authority);
    let outcome = fetch("tls: #{ ca_file: \"ca.pem\" }").run().expect_status(1);
    assert!(outcome.stderr.contains("it is for another host"), "{}", outcome.stderr);
    fetch("tls: #{ ca_file: \"ca.pem\", server_name: \"inside.example\" }").run().expect_status(0).expect_stdout("secured\n");
}

#[test]
fn what_is_secured_stays_so() {
    let papers = Papers::of("127.0.0.1");
    let (secured, open, other) = (HttpServer::start_secured(&papers), HttpServer::start(), HttpServer::start_secured(&papers));
    secured.tell("/x", [Act::redirect(&open.url("/y"))]);
    let outcome = fetching(&secured, "/x", "tls: #{ ca_file: \"ca.pem\" }").file("ca.pem", &papers.authority).run().expect_status(1);
    assert!(outcome.stderr.contains("it is redirected to what is not secured"), "{}", outcome.stderr);
    assert_eq!(open.connections(), 0);
    // Who is not verified may not send us on.
    let elsewhere = other.url("/y").replace("127.0.0.1", "localhost");
    secured.tell("/x", [Act::redirect(&elsewhere)]);
    let outcome = fetching(&secured, "/x", "tls: #{ verify: false }").run().expect_status(1);
    assert!(outcome.stderr.contains("another host, and no certificates are verified"), "{}", outcome.stderr);
    // No TLS at all on the other side.
    let url = open.url("/x").replace("http:", "https:");
    let outcome = fetching_url(&url, "").run().expect_status(1);
    assert!(outcome.stderr.contains("`: no "), "{}", outcome.stderr);
}

#[test]
fn a_status_that_is_not_wanted_is_tried_again() {
    let server = HttpServer::start();
    server.tell("/x", [Act::status(500, "bad"), Act::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), Act::ok("good")]);
    let outcome = fetching_url(&server.url("/x"), "").script(
        "fetch.rhai",
        &format!(
            "let train = movement::train();\ntrain.update(http::http_supply(#{{ url: \"{}\", interval: 0, retry: #{{ delay: 0.01 }} }}) |> fs::stdout_drain());\ntrain.run();\n",
            server.url("/x")
        ),
    );
    let outcome = outcome.run().expect_status(0).expect_stdout("good\n");
    assert_eq!(outcome.stderr.matches("; tries again in 0.0 s").count(), 2, "{}", outcome.stderr);
    doing(Act::status(404, "as wanted"), "accept_status: [200, 404]").expect_status(0).expect_stdout("as wanted\n");
    fails(Act::status(404, ""), "", "it answers 404 Not Found");
}

#[test]
fn a_server_that_asks_for_time_is_given_it() {
    let server = HttpServer::start();
    let later = || httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(2));
    server.tell("/x", [Act::status(429, "").with("Retry-After", "1"), Act::status(503, "").with("Retry-After", &later()), Act::ok("good")]);
    Rig::new()
        .script(
            "fetch.rhai",
            &format!(
                "let train = movement::train();\ntrain.update(http::http_supply(#{{ url: \"{}\", interval: 0, retry: #{{ delay: 0.01 }} }}) |> fs::stdout_drain());\ntrain.run();\n",
                server.url("/x")
            ),
        )
        .run()
        .expect_status(0)
        .expect_stdout("good\n");
    let came: Vec<Instant> = server.requests().iter().map(|request| request.came).collect();
    assert!(came[1] - came[0] >= Duration::from_millis(990), "{came:?}");
    // Dates count whole seconds.
    assert!(came[2] - came[0] >= Duration::from_millis(990), "{came:?}");
}

#[test]
fn only_what_is_new_is_given() {
    let server = HttpServer::start();
    let marked = |body: &str, etag: &str| Act::ok(body).with("ETag", etag).with("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT");
    server.tell("/x", [marked("one", "\"1\""), Act::status(304, ""), marked("two", "\"2\""), Act::status(304, "")]);
    let running = Rig::new()
        .script(
            "fetch.rhai",
            &format!(
                "let train = movement::train();\ntrain.update(http::http_supply(#{{ url: \"{}\", interval: 0.05, state_file: \"state\" }}) |> fs::stdout_drain());\ntrain.run();\n",
                server.url("/x")
            ),
        )
        .start()
        .wait_for_stdout("one\ntwo\n")
        .wait_for("it asks no more", |_| server.requests().len() >= 5);
    let outcome = running.signal(Signal::TERM).expect_exit(0).expect_stdout("one\ntwo\n").expect_stderr("");
    let requests = server.requests();
    assert_eq!(requests[0].header("if-none-match"), None);
    assert_eq!(requests[1].header("if-none-match"), Some("\"1\""));
    assert_eq!(requests[3].header("if-none-match"), Some("\"2\""));
    assert_eq!(requests[3].header("if-modified-since"), Some("Wed, 21 Oct 2015 07:28:00 GMT"));
    assert!(outcome.file("state").contains("\\\"2\\\""), "{}", outcome.file("state"));
}

#[test]
fn what_was_given_is_known_after_the_program_begins_again() {
    let server = HttpServer::start();
    server.tell("/x?key=geheim", [Act::ok("one").with("ETag", "\"1\""), Act::status(304, ""), Act::ok("one")]);
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state").to_str().unwrap().to_owned();
    let options = format!("state_file: \"{state}\", only_changed: true");
    fetching(&server, "/x?key=geheim", &options).run().expect_status(0).expect_stdout("one\n");
    fetching(&server, "/x?key=geheim", &options).run().expect_status(0).expect_stdout("");
    // A server that knows no marks: the body is the same.
    fetching(&server, "/x?key=geheim", &options).run().expect_status(0).expect_stdout("");
    assert_eq!(server.requests()[1].header("if-none-match"), Some("\"1\""));
    assert!(!std::fs::read_to_string(&state).unwrap().contains("geheim"));
}

#[test]
fn a_mark_is_not_taken_over_before_its_answer_is_settled() {
    let server = HttpServer::start();
    server.tell("/x", [Act::ok("one").with("ETag", "\"1\"")]);
    // Nobody reads: nothing is settled.
    let rig = Rig::new().script(
        "fetch.rhai",
        &format!(
            "let train = movement::train();\ntrain.update(http::http_supply(#{{ url: \"{}\", interval: 0.05, state_file: \"state\", state_interval: 0 }}) |> twist::aggregate(#{{ window: 3600, key_getter: || this, fields: #{{ n: \"count\" }} }}) |> text::json_marshall() |> fs::stdout_drain());\ntrain.run();\n",
            server.url("/x")
        ),
    );
    let running = rig.start().wait_for("it asks no more", |_| server.requests().len() >= 8);
    assert!(!std::fs::read_to_string(running.path("state")).unwrap_or_default().contains("etag"));
    running.signal(Signal::KILL).end();
}

#[test]
fn a_poll_that_is_still_running_is_not_doubled() {
    let server = HttpServer::start();
    server.tell("/x", [Act::ok("late").late(Duration::from_millis(500)), Act::ok("soon")]);
    Rig::new()
        .command(["run", "--log-level", "notice"])
        .script(
            "fetch.rhai",
            &format!(
                "let train = movement::train();\ntrain.update(http::http_supply(#{{ url: \"{}\", interval: 0.1 }}) |> fs::stdout_drain());\ntrain.run();\n",
                server.url("/x")
            ),
        )
        .start()
        .wait_for_stdout("late\nsoon\n")
        .wait_for_stderr("the round before is not over yet: this one is left out")
        .signal(Signal::TERM)
        .expect_exit(0);
    assert_eq!(server.most_at_once(), 1);
}

#[test]
fn a_server_that_hangs_holds_up_nobody_else() {
    let server = HttpServer::start();
    server.tell("/x", [Act::Hang]);
    let urls = vec![format!("\"{}\"", server.url("/x")); 3].join(", ");
    let running = Rig::new()
        .script(
            "fetch.rhai",
            &format!(
                "let train = movement::train();\nlet out = fs::stdout_drain();\ntrain.update(http::http_supply(#{{ url: [{urls}], timeout: 60 }}) |> out);\ntrain.update(fs::file_watcher_supply(#{{ filenames: \"in.txt\", tail: true, start: \"begin\" }}) |> out);\ntrain.run();\n"
            ),
        )
        .file("in.txt", "")
        .start()
        .wait_for("the server was not asked", |_| server.requests().len() == 1);
    let begun = Instant::now();
    let running = running.append("in.txt", "line\n").wait_for_stdout("line\n");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    let begun = Instant::now();
    running.signal(Signal::TERM).expect_exit(0).expect_stdout("line\n");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn requests_wait_for_their_turn() {
    let server = HttpServer::start();
    server.tell("/x", [Act::ok("x").late(Duration::from_millis(50))]);
    let lines: Vec<String> = (0..6)
        .map(|n| {
            format!(
                "train.update(http::http_supply(#{{ name: \"s{n}\", url: \"{}\", interval: 0, manager: many }}) |> out);\n",
                server.url("/x")
            )
        })
        .collect();
    Rig::new()
        .script(
            "fetch.rhai",
            &format!("let train = movement::train();\nlet many = http::manager(#{{ max_per_host: 2 }});\nlet out = fs::stdout_drain();\n{}train.run();\n", lines.concat()),
        )
        .run()
        .expect_status(0)
        .expect_stdout(&"x\n".repeat(6));
    assert_eq!((server.most_at_once(), server.connections()), (2, 2));
}

#[test]
fn a_kept_connection_that_died_is_no_fault() {
    let server = HttpServer::start();
    server.tell("/x", [Act::ok("1"), Act::Close, Act::ok("2"), Act::Close]);
    let outcome = Rig::new()
        .script(
            "fetch.rhai",
            &format!(
                "let train = movement::train();\ntrain.update(http::http_supply(#{{ url: \"{}\", interval: 0.1, retry: #{{ count: 0 }} }}) |> fs::stdout_drain());\ntrain.run();\n",
                server.url("/x")
            ),
        )
        .start()
        .wait_for_stdout("1\n2\n")
        // Closed twice: that is the server's own will.
        .wait_for_stderr("the answer was cut short")
        .signal(Signal::TERM)
        .expect_exit(0);
    outcome.expect_stdout("1\n2\n");
}
