//! `http::http_server_supply`: a sender is told that it can forget what it sent when that is stored, and not before.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::rig::{Rig, Running};

/// A train that begins with the server and goes on with `cogs`.
fn serving(options: &str, cogs: &str) -> Rig {
    Rig::new().command(["run", "--log-level", "notice"]).script(
        "serve.rhai",
        &format!(
            "let train = movement::train();\ntrain.update(http::http_server_supply(#{{ listen: \"127.0.0.1:0\", {options} }}) |> {cogs});\ntrain.run();\n"
        ),
    )
}

/// Where it listens.
fn address(running: Running) -> (Running, SocketAddr) {
    let running = running.wait_for_stderr("listens at 127.0.0.1:");
    let told = running.stderr();
    let address = told.split("listens at ").nth(1).and_then(|rest| rest.split_whitespace().next()).and_then(|text| text.parse().ok());
    (running, address.expect("an address is told"))
}

/// A client of one connection.
struct Client(TcpStream);

impl Client {
    fn of(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).expect("somebody listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time can be set");
        Self(stream)
    }

    fn send(&mut self, head: &str, body: &str) -> &mut Self {
        let text = format!("{head}\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        self.0.write_all(text.as_bytes()).expect("it is sent");
        self
    }

    /// The next answer: its head and its body.
    fn answer(&mut self) -> (String, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match self.0.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                other => panic!("no answer: {other:?} after {:?}", String::from_utf8_lossy(&head)),
            }
        }
        let head = String::from_utf8(head).expect("it is text").to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().expect("a number"));
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("the whole body comes");
        (head, String::from_utf8(body).expect("it is text"))
    }

    fn status(&mut self) -> u16 {
        self.answer().0.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status")
    }
}

fn post(addr: SocketAddr, body: &str) -> u16 {
    Client::of(addr).send("POST / HTTP/1.1", body).status()
}

#[test]
fn what_was_sent_is_stored_before_it_is_answered() {
    let (running, addr) = address(serving("split: \"lines\"", "fs::line_file_drain(\"out.txt\")").start());
    let mut client = Client::of(addr);
    let mut all = String::new();
    for n in 0..50 {
        let body = format!("line {n}\nand another\n");
        all.push_str(&body);
        assert_eq!(client.send("POST / HTTP/1.1", &body).status(), 200);
        assert_eq!(std::fs::read_to_string(running.path("out.txt")).unwrap(), all);
    }
    running.signal(Signal::TERM).expect_exit(0).expect_file("out.txt", &all);
}

#[test]
fn a_failure_of_any_part_is_told() {
    let cogs = "cog(|d| if d == \"bad\" { throw \"bad\" } else { d }) |> fs::line_file_drain(\"out.txt\")";
    let options = "split: \"lines\", answer: #{ done: 202, done_body: \"thanks\", failed: 502, failed_body: \"sorry\" }";
    let (running, addr) = address(serving(options, cogs).start());
    let mut client = Client::of(addr);
    let (head, body) = client.send("POST / HTTP/1.1", "good\ngood").answer();
    assert!(head.starts_with("http/1.1 202") && body == "thanks", "{head}{body}");
    let (head, body) = client.send("POST / HTTP/1.1", "good\nbad\ngood").answer();
    assert!(head.starts_with("http/1.1 502") && body == "sorry", "{head}{body}");
    assert_eq!(client.send("POST / HTTP/1.1", "").status(), 202);
    running.signal(Signal::TERM).expect_exit(0).expect_file("out.txt", "good\ngood\ngood\ngood\n");
}

#[test]
fn what_is_not_wanted_is_refused() {
    let options = "path: \"/in\", max_body: 10, auth: #{ user: \"me\", password: \"geheim\" }, timeout: 0.5";
    let (running, addr) = address(serving(options, "fs::line_file_drain(\"out.txt\")").start());
    let auth = "Authorization: Basic bWU6Z2VoZWlt";
    let ask = |head: &str, body: &str| Client::of(addr).send(head, body).answer().0;
    let of = |method: &str, path: &str| format!("{method} {path} HTTP/1.1\r\n{auth}");
    assert!(ask(&of("POST", "/in?x=1"), "good").starts_with("http/1.1 200"));
    assert!(ask(&of("POST", "/other"), "x").starts_with("http/1.1 404"));
    let head = ask(&of("GET", "/in"), "");
    assert!(head.starts_with("http/1.1 405") && head.contains("allow: post\r\n"), "{head}");
    let head = ask("POST /in HTTP/1.1", "x");
    assert!(head.starts_with("http/1.1 401") && head.contains("www-authenticate: basic"), "{head}");
    assert!(ask("POST /in HTTP/1.1\r\nAuthorization: Basic bWU6Z2VoZWlu", "x").starts_with("http/1.1 401"));
    assert!(ask(&of("POST", "/in"), "12345678901").starts_with("http/1.1 413"));
    assert!(ask(&format!("{}\r\nContent-Encoding: gzip", of("POST", "/in")), "x").starts_with("http/1.1 415"));
    let head = ask(&format!("{}\r\nX-Long: {}", of("POST", "/in"), "x".repeat(70_000)), "x");
    assert!(head.starts_with("http/1.1 431"), "{head}");
    // A length that is not told: what is too long is noticed as it comes.
    let mut client = Client::of(addr);
    let chunked = format!("{}\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n", of("POST", "/in"));
    client.0.write_all(chunked.as_bytes()).unwrap();
    assert_eq!(client.status(), 413);
    // A body that does not come, and a head that does not.
    let mut client = Client::of(addr);
    client.0.write_all(format!("{}\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", of("POST", "/in")).as_bytes()).unwrap();
    assert_eq!(client.status(), 408);
    let mut client = Client::of(addr);
    client.0.write_all(b"POST /in HT").unwrap();
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _ = client.0.read_to_end(&mut rest);
    assert!(begun.elapsed() < Duration::from_secs(10), "a client that dribbles is cut off");
    running.signal(Signal::TERM).expect_exit(0).expect_file("out.txt", "good\n");
}

#[test]
fn an_array_becomes_its_elements() {
    let cogs = "cog(|d| `${d.meta.method} ${d.meta.path} ${d.meta.headers[\"x-own\"]} ${d.body.a}`) |> fs::line_file_drain(\"out.txt\")";
    let options = "split: \"json\", methods: [\"PUT\", \"POST\"], data_setter: \"body\", meta_setter: \"meta\"";
    let (running, addr) = address(serving(options, cogs).start());
    let mut client = Client::of(addr);
    assert_eq!(client.send("PUT / HTTP/1.1\r\nX-Own: y", "[{\"a\":1},{\"a\":2}]").status(), 200);
    assert_eq!(client.send("POST / HTTP/1.1\r\nX-Own: z", "{\"a\":3}").status(), 200);
    assert_eq!(client.send("POST / HTTP/1.1", "[{\"a\":").status(), 400);
    running.signal(Signal::TERM).expect_exit(0).expect_file("out.txt", "PUT / y 1\nPUT / y 2\nPOST / z 3\n");
}

#[test]
fn who_finds_no_room_is_told_to_come_again() {
    let slow = "http::http_drain(#{ url: \"http://127.0.0.1:9/\" })";
    let (running, addr) = address(serving("max_in_flight: 1, max_waiting: 1, answer_timeout: 0.5", slow).start());
    // The first is on its way, the second was taken, the third waits, or is about to.
    let clients: Vec<_> = (0..8).map(|_| thread::spawn(move || Client::of(addr).send("POST / HTTP/1.1", "x").answer())).collect();
    let heads: Vec<String> = clients.into_iter().map(|client| client.join().unwrap().0).collect();
    let busy: Vec<&String> = heads.iter().filter(|head| head.starts_with("http/1.1 503")).collect();
    assert!(!busy.is_empty() && busy.iter().all(|head| head.contains("retry-after: 1\r\n")), "{heads:?}");
    assert!(heads.iter().any(|head| head.starts_with("http/1.1 504")), "{heads:?}");
    running.signal(Signal::KILL).end();
}

#[test]
fn what_is_settled_by_the_end_alone_is_answered_then() {
    let window = "twist::aggregate(#{ window: 3600, key_getter: || this, fields: #{ n: \"count\" } })";
    let cogs = format!("[{window} |> text::json_marshall() |> fs::line_file_drain(\"out.txt\"), fs::line_file_drain(\"seen.txt\")]");
    let (running, addr) = address(serving("", &cogs).start());
    let client = thread::spawn(move || post(addr, "x"));
    let outcome = running.wait_for_file("seen.txt", "x\n").signal(Signal::TERM).expect_exit(0);
    assert_eq!(client.join().unwrap(), 200);
    assert!(outcome.file("out.txt").contains("\"n\":1"), "{}", outcome.file("out.txt"));
}

#[test]
fn a_stop_answers_all_and_loses_nothing_that_was_answered() {
    let cogs = "cog(|| { let n = 0; while n < 2000 { n += 1; } }) |> fs::line_file_drain(\"out.txt\")";
    let (running, addr) = address(serving("", cogs).start());
    let clients: Vec<_> = (0..8)
        .map(|client| {
            thread::spawn(move || {
                let mut stored = Vec::new();
                for n in 0.. {
                    // The server has ended when it does not answer any more.
                    let Ok(stream) = TcpStream::connect(addr) else { break };
                    let body = format!("{client}-{n}");
                    let text = format!("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                    let mut stream = stream;
                    if stream.write_all(text.as_bytes()).is_err() {
                        continue;
                    }
                    let mut answer = String::new();
                    let _ = stream.read_to_string(&mut answer);
                    if answer.starts_with("HTTP/1.1 200") {
                        stored.push(body);
                    }
                }
                stored
            })
        })
        .collect();
    let running = running.wait_for("nothing is stored", |running| {
        std::fs::read_to_string(running.path("out.txt")).is_ok_and(|text| text.lines().count() > 200)
    });
    let outcome = running.signal(Signal::TERM).expect_exit(0);
    let written = outcome.file("out.txt");
    let written: std::collections::BTreeSet<&str> = written.lines().collect();
    let stored: Vec<String> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    assert!(stored.len() > 200 && stored.iter().all(|body| written.contains(body.as_str())));
    // And nobody was kept in the dark but by a connection that was not accepted any more.
    assert_eq!(stored.len(), written.len());
}

#[test]
fn many_clients_are_served_at_once_while_some_dribble() {
    let (running, addr) = address(serving("max_connections: 1000", "fs::line_file_drain(\"out.txt\")").start());
    let mut dribbling: Vec<Client> = (0..200).map(|_| Client::of(addr)).collect();
    for client in &mut dribbling {
        client.0.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n1").unwrap();
    }
    let begun = Instant::now();
    assert_eq!(post(addr, "new"), 200);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    for client in &mut dribbling {
        client.0.write_all(b"23").unwrap();
    }
    assert!(dribbling.iter_mut().all(|client| client.status() == 200));
    running.signal(Signal::TERM).expect_exit(0).expect_file("out.txt", &format!("new\n{}", "123\n".repeat(200)));
}

#[test]
fn a_port_that_is_taken_is_a_reason_not_to_run() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("127.0.0.1:{}", taken.local_addr().unwrap().port());
    let text = format!(
        "let train = movement::train();\ntrain.update(http::http_server_supply(\"{listen}\") |> fs::stdout_drain());\ntrain.run();\n"
    );
    let outcome = Rig::new().script("serve.rhai", &text).run().expect_status(1);
    assert!(outcome.stderr.contains(&format!("cannot listen at `{listen}`: address already in use")), "{}", outcome.stderr);
}
