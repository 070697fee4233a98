//! `train.esc.request`: a cog of the script asks servers, and goes on with other things until they answer.

use std::net::TcpListener;
use std::time::Duration;

use rustix::process::Signal;

use crate::rig::Rig;
use crate::rig::http::{Act, HttpServer, Papers, Request};

/// A train of that supply, its events as lines of JSON.
fn asking(map: &str) -> Rig {
    Rig::new().script(
        "ask.rhai",
        &format!(
            "let train = movement::train();\ntrain.update(cog({map}) |> text::json_marshall() |> fs::stdout_drain());\ntrain.run();\n"
        ),
    )
}

/// One that asks with these options and gives the response without its headers and its address.
fn answered(options: &str) -> Rig {
    asking(&format!(
        "#{{ wind: || {{ train.esc.request(#{{ {options} }}, \"answered\"); }},
            answered: |r| #{{ s: r.status, b: if type_of(r.body) == \"blob\" {{ r.body.len() }} else {{ r.body }}, e: r.error, why: r.reason }} }}"
    ))
}

#[test]
fn any_answer_is_one_and_the_train_ends_after_it() {
    let server = HttpServer::start();
    server.tell("/text", [Act::status(200, "č\n").with("X-Own", "y")]);
    server.tell("/latin", [Act::status(201, b"\xe8").with("Content-Type", "text/plain; charset=iso-8859-2")]);
    server.tell("/picture", [Act::status(200, b"\x89PNG\xff")]);
    server.tell("/broken", [Act::status(500, "sorry")]);
    for (path, told) in [
        ("/text", r#""b":"č\n","e":null,"s":200"#),
        ("/latin", r#""b":"č","e":null,"s":201"#),
        ("/picture", r#""b":5,"e":null,"s":200"#),
        ("/broken", r#""b":"sorry","e":null,"s":500"#),
        ("/none", r#""b":"","e":null,"s":404"#),
    ] {
        let outcome = answered(&format!("url: \"{}\"", server.url(path))).run().expect_status(0).expect_stderr("");
        outcome.expect_stdout(&format!("{{{told},\"why\":null}}\n"));
    }
    let map = format!(
        "#{{ wind: || {{ train.esc.request(#{{ url: \"{}\" }}, |n, r| `${{n}} ${{r.headers[\"x-own\"]}} ${{r.url}}`, 7); }} }}",
        server.url("/text?key=geheim")
    );
    server.tell("/text?key=geheim", [Act::ok("").with("X-Own", "y")]);
    asking(&map).run().expect_status(0).expect_stdout(&format!("\"7 y {}\"\n", server.url("/text")));
}

#[test]
fn a_response_waits_behind_what_has_found_no_room() {
    let server = HttpServer::start();
    server.tell("/", [Act::ok("last")]);
    let map = format!(
        "#{{ wind: || {{ train.esc.request(#{{ url: \"{}\" }}, |r| r.body); for n in 0..2000 {{ train.emit(n); }} }} }}, #{{ max_in_flight: 2 }}",
        server.url("/")
    );
    let expected = (0..2000).map(|n| format!("{n}\n")).collect::<Vec<_>>().concat();
    asking(&map).run().expect_status(0).expect_stdout(&format!("{expected}\"last\"\n"));
}

#[test]
fn what_the_script_gives_is_sent_by_the_manager_that_it_names() {
    let server = HttpServer::start();
    server.tell("/in", [Act::ok("a"), Act::ok("b")]);
    let map = format!(
        "#{{ web: http::manager(#{{ user_agent: \"asker/1\" }}), n: 0,
            wind: || {{ this.ask(); }},
            ask: || {{ train.esc.request(#{{ url: \"{}\", method: \"POST\", body: `n=${{this.n}}`, headers: #{{ \"X-Own\": \"y\" }},
                auth: #{{ bearer: \"t0ken-geheim\" }}, manager: this.web }}, \"answered\"); }},
            answered: |r| {{ this.n += 1; if this.n < 2 {{ this.ask(); }} r.body }} }}",
        server.url("/in")
    );
    asking(&map).run().expect_status(0).expect_stdout("\"a\"\n\"b\"\n").expect_stderr("");
    let requests = server.requests();
    assert!(requests.iter().map(Request::text).eq(["n=0", "n=1"]), "{requests:?}");
    for request in &requests {
        let headers = ["User-Agent", "X-Own", "Authorization"].map(|name| request.header(name).unwrap_or_default());
        assert_eq!((request.method.as_str(), headers), ("POST", ["asker/1", "y", "Bearer t0ken-geheim"]));
    }
    assert_eq!(server.connections(), 1, "it is kept for the next request");
}

#[test]
fn why_there_is_no_answer_is_told_by_a_word() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = answered(&format!("url: \"http://{free}/?key=geheim\"")).run().expect_status(0).expect_stderr("");
    outcome.expect_stdout("{\"b\":null,\"e\":\"connect\",\"s\":null,\"why\":\"no connection: connection refused\"}\n");
    let server = HttpServer::start();
    server.tell("/hang", [Act::Hang]);
    server.tell("/cut", [Act::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")]);
    server.tell("/circle", [Act::redirect("/circle")]);
    server.tell("/long", [Act::ok("123456")]);
    for (path, options, word) in [
        ("/hang", "timeout: 0.05", "timeout"),
        ("/cut", "", "cut"),
        ("/circle", "", "redirect"),
        ("/long", "manager: http::manager(#{ max_body: 5 })", "size"),
    ] {
        let outcome = answered(&format!("url: \"{}\", {options}", server.url(path))).run().expect_status(0);
        assert!(outcome.stdout.starts_with(&format!("{{\"b\":null,\"e\":\"{word}\",\"s\":null,")), "{path}: {}", outcome.stdout);
    }
    let secured = HttpServer::start_secured(&Papers::of("localhost"));
    secured.tell("/", [Act::ok("trusted?")]);
    let url = secured.url("/").replace("127.0.0.1", "localhost");
    let outcome = answered(&format!("url: \"{url}\"")).run().expect_status(0);
    assert!(outcome.stdout.contains("\"e\":\"tls\""), "{}", outcome.stdout);
    let outcome = answered(&format!("url: \"{url}\", tls: #{{ verify: false }}")).run().expect_status(0);
    assert!(outcome.stdout.contains("\"b\":\"trusted?\"") && outcome.stderr.contains("are not verified"), "{}", outcome.stderr);
}

#[test]
fn a_server_that_hangs_holds_up_nothing_else() {
    let server = HttpServer::start();
    server.tell("/hang", [Act::Hang]);
    let map = format!(
        "#{{ n: 0, wind: || {{ this.asked = train.esc.request(#{{ url: \"{}\" }}, |r| \"never\"); this.timer = train.esc.enqueue(#{{ every: 0.01 }}, \"beat\"); }},
            beat: || {{
                this.n += 1;
                if this.n == 5 {{ train.esc.dequeue(this.timer); train.emit(train.esc.dequeue(this.asked)); }}
                this.n
            }} }}",
        server.url("/hang")
    );
    asking(&map).run().expect_status(0).expect_stdout("1\n2\n3\n4\ntrue\n5\n");
}

#[test]
fn at_the_end_a_request_is_let_go_unless_the_cog_is_busy_with_it() {
    let server = HttpServer::start();
    server.tell("/slow", [Act::ok("slow").late(Duration::from_millis(300))]);
    server.tell("/hang", [Act::Hang]);
    let map = |path: &str, rest: &str| {
        let url = server.url(path);
        format!(
            "#{{ open: true, wind: || {{ train.esc.request(#{{ url: \"{url}\" }}, \"answered\"); \"begun\" }}, answered: |r| {{ this.open = false; r.body }}{rest} }}"
        )
    };
    let ended = |map: &str| asking(map).start().wait_for_stdout("\"begun\"\n").signal(Signal::TERM).expect_exit(0);
    ended(&map("/hang", "")).expect_stdout("\"begun\"\n");
    ended(&map("/slow", ", busy: || this.open")).expect_stdout("\"begun\"\n\"slow\"\n");
}

#[test]
fn what_cannot_be_asked_is_told_with_its_place_before_the_train_begins() {
    for (call, told) in [
        ("train.esc.request(#{ urll: \"http://h/\" }, \"answered\")", "`train.esc.request` has no option `urll`; did you mean `url`?"),
        ("train.esc.request(#{ url: \"http://h/\", manager: #{ timeuot: 1 } }, \"answered\")", "did you mean `timeout`?"),
        ("train.esc.request(#{ url: \"http://h/\", method: \"get\" }, \"answered\")", "did you mean \"GET\"?"),
        ("train.esc.request(#{ url: \"h/\", auth: #{ bearer: \"geheim\" } }, \"answered\")", "option `url`: is no address of HTTP"),
        (
            "train.esc.request(#{ url: \"http://h/\", body: 1 }, \"answered\")",
            "option `body`: `train.esc.request` wants a string, a letter or a blob",
        ),
        ("train.esc.request(#{ url: \"http://h/\", tls: #{ ca_file: \"no.pem\" } }, \"answered\")", "no.pem"),
        ("train.esc.request(\"http://h/\", \"answered\")", "takes a map of options"),
        ("train.esc.request(#{ url: \"http://h/\" })", "needs something to call"),
        ("train.esc.request(#{ url: \"http://h/\" }, \"answred\")", "did you mean `answered`?"),
        ("this.web.request(#{ url: \"http://h/\" }, \"answered\")", "`train.esc.request(#{ url: …, manager: … }, f)` asks a server"),
    ] {
        let outcome = asking(&format!("#{{ web: http::manager(), wind: || {{ {call}; }}, answered: |r| r.body }}")).run();
        assert!(outcome.status != 0 && outcome.stderr.contains(told), "{call}: {} {}", outcome.status, outcome.stderr);
        assert!(outcome.stderr.contains("ask.rhai:2") && !outcome.stderr.contains("geheim"), "{call}: {}", outcome.stderr);
    }
}

#[test]
fn a_trial_asks_nobody() {
    let server = HttpServer::start();
    let script = format!(
        "let train = movement::train();
        train.update(cog(#{{ wind: || {{ train.esc.request(#{{ url: \"{}\" }}, \"answered\"); }}, answered: |r| r.status }}, #{{ name: \"ask\" }})
            |> fs::line_file_drain(#{{ path: \"out\", name: \"out\" }}));
        train.run();",
        server.url("/")
    );
    let tests = "fn test_silence() {
        let t = test::load(\"p.rhai\");
        t.advance(25);
        t.feed(\"ask\", \"by hand\");
        t.finish();
        test::equal(t.output(\"out\"), [\"by hand\"]);
    }";
    let outcome = Rig::new().command(["test"]).file("p.rhai", &script).file("a.test.rhai", tests).args(["a.test.rhai"]).run();
    assert_eq!(outcome.status, 0, "{}{}", outcome.stdout, outcome.stderr);
    assert_eq!(server.requests().len(), 0);
}
