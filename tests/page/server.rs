//! Who is served by the page's server, and that nobody disturbs the flow.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{SCRIPT, Served};
use crate::control::wire::Process;
use crate::rig::{PATIENCE, Rig};

impl Served {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream
    }

    /// What is answered to these bytes, until the connection ends.
    fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect();
        // Who is refused early may not read it all.
        let _ = stream.write_all(bytes.as_ref());
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the answer comes and ends");
        String::from_utf8(answer).expect("it is text")
    }

    /// The head and body of what is answered to a request, which gets `Host` and the token.
    fn get(&self, method: &str, path: &str, fields: &str, body: &str) -> (String, String) {
        let joint = if path.contains('?') { '&' } else { '?' };
        let length = if method == "POST" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
        let answer =
            self.raw(format!("{method} {path}{joint}token={} HTTP/1.1\r\nHost: {}\r\n{length}{fields}\r\n{body}", self.token, self.host));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        (head.to_owned(), body.to_owned())
    }

    /// What a command gives.
    fn ask(&self, command: &str) -> Value {
        let (head, body) = self.get("POST", "/command", "", &json!({ "id": 7, "cmd": command }).to_string());
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}\n{body}");
        let answer: Value = serde_json::from_str(&body).expect("it is JSON");
        assert_eq!(answer["id"], 7);
        answer["data"].clone()
    }

    fn listen(&self) -> Events {
        let mut stream = self.connect();
        let request = format!("GET /events?token={} HTTP/1.1\r\nHost: {}\r\n\r\n", self.token, self.host);
        stream.write_all(request.as_bytes()).expect("it reads");
        Events { stream, got: String::new() }
    }
}

/// What a page is told.
struct Events {
    stream: TcpStream,
    got: String,
}

impl Events {
    /// The next message for which this holds.
    fn next(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut room = [0; 4096];
        loop {
            while let Some((event, rest)) = self.got.split_once("\n\n") {
                let message = event.strip_prefix("data: ").map(|text| serde_json::from_str(text).expect("it is JSON"));
                self.got = rest.to_owned();
                if let Some(message) = message.filter(|message| wanted(message)) {
                    return message;
                }
            }
            let count = self.stream.read(&mut room).expect("more comes");
            assert!(count > 0, "the stream ended");
            self.got.push_str(std::str::from_utf8(&room[..count]).expect("these tests speak ASCII"));
        }
    }
}

fn status(answer: &str) -> &str {
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or(answer)
}

#[test]
fn only_who_knows_the_token_is_served_by_a_name_of_this_machine() {
    let served = Served::start(SCRIPT);
    let (host, token) = (&served.host, &served.token);
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    let wrong = token.replace(|letter| letter != '0', "0");
    for (path, fields, expected) in [
        (format!("/?token={token}"), format!("Host: {host}\r\n"), "200"),
        (format!("/?token={token}"), format!("Host: {}\r\n", host.replace("127.0.0.1", "localhost")), "200"),
        ("/".to_owned(), format!("Host: {host}\r\n"), "401"),
        ("/anything".to_owned(), format!("Host: {host}\r\n"), "401"),
        (format!("/?token={wrong}"), format!("Host: {host}\r\n"), "401"),
        (format!("/?token={}", &token[..31]), format!("Host: {host}\r\n"), "401"),
        (format!("/events?token={wrong}"), format!("Host: {host}\r\n"), "401"),
        (format!("/?token={token}"), String::new(), "400"),
        (format!("/?token={token}"), "Host: evil.example\r\n".to_owned(), "403"),
        (format!("/?token={token}"), "Host: 127.0.0.1:1\r\n".to_owned(), "403"),
        (format!("/?token={token}"), format!("Host: {host}\r\nOrigin: http://evil.example\r\n"), "403"),
        (format!("/nothing?token={token}"), format!("Host: {host}\r\n"), "404"),
    ] {
        let answer = served.raw(format!("GET {path} HTTP/1.1\r\n{fields}\r\n"));
        assert_eq!(status(&answer), expected, "{path} {fields}\n{answer}");
        assert!(expected == "200" || !answer.contains(token), "{answer}");
    }
    for (method, path, expected) in [("POST", "/", "405"), ("OPTIONS", "/command", "405"), ("GET", "/command", "405"), ("HEAD", "/", "405")]
    {
        assert_eq!(status(&served.get(method, path, "", "").0), expected, "{method} {path}");
    }
    let post = format!("POST /command HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\nls");
    assert_eq!(status(&served.raw(post)), "401");
}

#[test]
fn the_page_may_load_nothing_and_is_kept_nowhere() {
    let served = Served::start(SCRIPT);
    let (head, body) = served.get("GET", "/", "", "");
    for field in [
        "Content-Security-Policy: default-src 'none'; script-src 'nonce-",
        "require-trusted-types-for 'script'; trusted-types 'none'",
        "Referrer-Policy: no-referrer",
        "Cache-Control: no-store",
        "X-Frame-Options: DENY",
    ] {
        assert!(head.contains(field), "{field} is not in\n{head}");
    }
    assert!(!head.contains("Access-Control"), "{head}");
    let nonce = |head: &str| head.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).map(str::to_owned).expect("a nonce");
    assert!(body.contains(&format!("<script nonce=\"{}\">", nonce(&head))) && !body.contains("{{"), "{body}");
    assert_ne!(nonce(&head), nonce(&served.get("GET", "/", "", "").0));
    assert!(!body.contains(&served.token), "the page itself does not hold the token");
}

#[test]
fn commands_are_those_of_the_shell() {
    let mut served = Served::start(SCRIPT);
    served.feed("{\"n\": 1}\n{\"n\": 2}\njunk\n");
    let mut events = served.listen();
    events.next(|message| message["event"] == "now" && message["books"]["in"] == 3);
    let list = served.ask("ls");
    assert_eq!((&list[1]["cog"], &list[1]["in"], &list[1]["errors"]), (&json!("parse"), &json!(3), &json!(1)));
    let drawn = served.ask("dot --live --format svg");
    let text = drawn["text"].as_str().expect("a picture");
    assert!(drawn["format"] == "svg" && text.starts_with("<svg") && text.contains("1 error"), "{drawn}");
    assert_eq!(served.ask("dot -o x.mmd")["format"], "mermaid");
    let (head, body) = served.get("POST", "/command", "", "dott");
    assert!(status(&head) == "400" && body.contains("did you mean `dot`?"), "{head}\n{body}");
    let (head, body) = served.get("POST", "/command", "", "{\"id\": 1");
    assert!(status(&head) == "400" && body.contains("no JSON"), "{head}\n{body}");
    served.end().expect_status(0);
}

#[test]
fn a_tap_of_a_page_ends_with_the_page() {
    let mut served = Served::start(SCRIPT);
    let mut events = served.listen();
    let session = events.next(|message| message["event"] == "page")["session"].clone();
    let now = events.next(|message| message["event"] == "now");
    assert!(now["picture"].as_str().is_some_and(|picture| picture.starts_with("<svg")), "{now}");
    let request = json!({ "id": "a", "cmd": "tap parse out where e.n > 1" }).to_string();
    let (head, _) = served.get("POST", &format!("/command?session={session}"), "", &request);
    assert_eq!(status(&head), "202");
    assert_eq!(events.next(|message| message["id"] == "a")["data"]["event"], "tapping");
    served.feed("{\"n\": 1}\n{\"n\": 2}\n");
    let tapped = events.next(|message| message["event"] == "tap");
    assert_eq!((&tapped["cog"], &tapped["datum"], &tapped["id"]), (&json!("parse"), &json!({ "n": 2 }), &json!("stdin_supply#1")));
    assert_eq!(served.ask("status")["taps"], 1);
    drop(events);
    let until = Instant::now() + PATIENCE;
    while served.ask("status")["taps"] != 0 {
        assert!(Instant::now() < until, "the tap goes on");
    }
    assert_eq!(status(&served.get("POST", &format!("/command?session={session}"), "", &request).0), "410");
    served.end().expect_status(0);
}

#[test]
fn what_is_no_request_is_refused_and_bounded() {
    let served = Served::start(SCRIPT);
    let line = format!("GET /?token={} HTTP/1.1\r\nHost: {}\r\n", served.token, served.host);
    for (bytes, expected) in [
        (format!("{line}X: {}\r\n\r\n", "x".repeat(1 << 20)), "431"),
        (format!("{line}{}\r\n", "X: y\r\n".repeat(2000)), "400"),
        (format!("GET /{} HTTP/1.1\r\n", "x".repeat(1 << 20)), "431"),
        (format!("POST /command HTTP/1.1\r\nHost: {}\r\nContent-Length: 2000000\r\n\r\n", served.host), "413"),
        ("\u{16}\u{3}\u{1}\u{2}".to_owned(), "400"),
        ("{\"id\": 1, \"cmd\": \"stop\"}\n".to_owned(), "400"),
    ] {
        let answer = served.raw(&bytes);
        assert_eq!(status(&answer), expected, "{:?}\n{answer}", bytes.get(..80));
    }
    assert_eq!(served.raw([0xff; 100]).get(9..12), Some("400"));
    served.end().expect_status(0);
}

#[test]
fn a_request_that_does_not_come_is_not_waited_for() {
    let served = Served::start(SCRIPT);
    let mut slow = served.connect();
    let began = Instant::now();
    slow.write_all(b"GET / HTTP/1.1\r\n").expect("it reads");
    slow.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout can be set");
    // Also not when it goes on coming, letter by letter.
    loop {
        assert!(began.elapsed() < PATIENCE, "it is waited for");
        if slow.write_all(b"x").is_err() {
            break;
        }
        match slow.read(&mut [0; 16]) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            _ => break,
        }
    }
    assert!(began.elapsed() > Duration::from_secs(5), "{:?}", began.elapsed());
    served.end().expect_status(0);
}

#[test]
fn nobody_disturbs_the_flow() {
    const LINES: usize = 20_000;
    let mut served = Served::start(SCRIPT);
    let mut kept = Vec::new();
    let mut expected = String::new();
    // One page that never reads, asked to show all.
    let mut deaf = served.listen();
    let session = deaf.next(|message| message["event"] == "page")["session"].clone();
    let post = served.get("POST", &format!("/command?session={session}"), "", "tap parse out -n 1000000");
    assert_eq!(status(&post.0), "202");
    for part in 0..20 {
        let lines = (part * LINES / 20..(part + 1) * LINES / 20).map(|n| format!("{{\"n\":{n}}}\n"));
        let lines: Vec<String> = lines.collect();
        expected.extend(lines.iter().skip(part * LINES / 20 % 2).step_by(2).map(String::as_str));
        served.feed(lines.concat());
        // Many who say nothing, some garbage, a request cut off, one who goes at once.
        kept.extend((0..5).map(|_| served.connect()));
        let mut half = served.connect();
        half.write_all(b"POST /command?token=").expect("it reads");
        kept.push(half);
        served.raw([7; 300]);
        drop(served.connect());
        let ended = served.connect();
        ended.shutdown(Shutdown::Write).expect("it is open");
        kept.push(ended);
        // Meanwhile who is entitled is served.
        assert_eq!(served.ask("status")["taps"], 1);
    }
    served.end().expect_status(0).expect_stdout(&expected);
}

#[test]
fn an_open_page_does_not_keep_the_process() {
    let mut served = Served::start(SCRIPT);
    let mut events = served.listen();
    served.feed("{\"n\": 2}\n");
    events.next(|message| message["event"] == "now");
    served.end().expect_status(0).expect_stdout("{\"n\":2}\n");
    events.next(|message| message["event"] == "ending");
}

#[test]
fn secrets_are_masked() {
    let script = r#"let cfg = conf::gather(#{ name: "x", typedef: [conf::cfg_item("password", conf::cast_string, "a password", "hunter2-hunter2", #{ secret: true })] });
let password = cfg.password;
let train = movement::train();
train.update(fs::stdin_supply() |> (|d| { throw "no " + password; }) |> fs::stdout_drain());
train.run();
"#;
    let mut served = Served::start(script);
    let mut events = served.listen();
    served.feed("hunter2-hunter2\n");
    let now = events.next(|message| message["event"] == "now" && message["errors"] != json!([]));
    assert!(now["errors"][0]["error"].as_str().is_some_and(|error| error.contains("no ***")), "{now}");
    assert!(!now.to_string().contains("hunter2"), "{now}");
    let list = served.ask("ls").to_string();
    assert!(list.contains("***") && !list.contains("hunter2"), "{list}");
}

#[test]
fn it_is_served_on_this_machine_only() {
    for address in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0", "example.org:80", "8080"] {
        let outcome = Rig::new().command(["run", "--ui", address]).script("pipe.rhai", SCRIPT).run();
        outcome.expect_status(2).expect_stdout("").expect_told(["127.0.0.1:PORT"]);
    }
    let served = Served::start(SCRIPT);
    let outcome = Rig::new().command(["run", "--no-control", "--ui", &served.host]).script("pipe.rhai", SCRIPT).run();
    outcome.expect_status(1).expect_told(["cannot serve the page on", "in use"]);
}

#[test]
fn a_live_drawing_is_written_where_the_client_is() {
    let mut process = Process::start(SCRIPT);
    process.feed("{\"n\": 2}\njunk\n");
    process.wait_lines("stdout", 1);
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let ctl = |words: &[&str]| {
        let mut command = Process::command(process.dir.path());
        command.args(["ctl", "p"]).args(words).current_dir(dir.path()).output().expect("it can be started")
    };
    let written = ctl(&["dot", "--live", "-o", "a picture.svg"]);
    assert!(written.status.success() && written.stdout.is_empty(), "{written:?}");
    let picture = std::fs::read_to_string(dir.path().join("a picture.svg")).expect("it is written here");
    assert!(picture.starts_with("<svg") && picture.contains("1 error") && picture.contains("/s<"), "{picture}");
    let printed = String::from_utf8(ctl(&["dot", "--format", "mermaid"]).stdout).expect("it is text");
    assert!(printed.contains("flowchart") && !printed.contains("/s"), "{printed}");
    let refused = ctl(&["dot", "-o", "x.png"]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(1) && told.contains("`x.png` names no format") && told.contains("svg"), "{told}");
}

#[test]
fn the_bottleneck_is_where_events_took_longest() {
    let script = SCRIPT.replace("    |> filter", "    |> (|e| { for i in 0..2000 { e.n += i % 1; } e })\n    |> filter");
    let mut served = Served::start(&script);
    let mut events = served.listen();
    let session = events.next(|message| message["event"] == "page")["session"].clone();
    assert_eq!(status(&served.get("POST", &format!("/command?session={session}"), "", "record on").0), "202");
    events.next(|message| message["data"]["on"] == true);
    let mut n = 0;
    let now = loop {
        let lines: Vec<String> = (n..n + 20).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        served.feed(lines.concat());
        n += 20;
        let now = events.next(|message| message["event"] == "now");
        if now["bottleneck"] != Value::Null {
            break now;
        }
        assert!(n < 400, "{now}");
    };
    assert_eq!(now["bottleneck"], "closure:5");
    assert!(now["picture"].as_str().is_some_and(|picture| picture.contains("the bottleneck: closure:5")), "{now}");
    drop(events);
    served.end().expect_status(0);
}

#[test]
fn a_blocked_cog_is_the_bottleneck() {
    let script = "let train = movement::train();
        train.update(fs::stdin_supply(#{ max_in_flight: 100 }) |> [fs::line_file_drain(\"good.txt\"), fs::line_file_drain(#{ path: \"/dev/full\", name: \"stuck\" })]);
        train.run();";
    let mut served = Served::start(script);
    let mut events = served.listen();
    served.feed("line\n".repeat(500));
    let now = events.next(|message| message["event"] == "now" && message["bottleneck"] != Value::Null);
    assert_eq!(now["bottleneck"], "stuck");
    assert!(now["picture"].as_str().is_some_and(|picture| picture.contains("100 waiting")), "{now}");
}
