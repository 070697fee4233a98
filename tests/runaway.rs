//! Scripts that misbehave while the train runs: an error of one event, never of the process.

use std::time::{Duration, Instant};

use crate::rig::Rig;

#[test]
fn a_closure_that_loops_for_ever_fails_one_event_only() {
    let begin = Instant::now();
    let outcome = Rig::piping("cog(|line| { while line == \"loop\" { } line })").stdin("a\nloop\nb\n").run().expect_status(0);
    outcome.expect_stdout("a\nb\n").expect_told(["stdin_supply#", "in one call", "pipe.rhai:2:"]);
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[test]
fn a_closure_that_calls_itself_for_ever_fails_one_event_only() {
    let script = "fn deeper(n) { deeper(n + 1) }
        let train = movement::train();
        train.update(fs::stdin_supply() |> cog(|line| { if line == \"deep\" { deeper(0) } line }) |> fs::stdout_drain());
        train.run();";
    Rig::new()
        .script("deep.rhai", script)
        .stdin("a\ndeep\nb\n")
        .run()
        .expect_status(0)
        .expect_stdout("a\nb\n")
        .expect_told(["stdin_supply#"]);
}

#[test]
fn what_grows_without_end_fails_one_event_only() {
    for growth in [
        "let s = line; loop { s += s; }",
        "let all = []; loop { all.push(line); }",
        "let all = []; all.pad(1_000_000_000, 0);",
        "let s = line; s.pad(1_000_000_000, ' ');",
    ] {
        let cog = format!("cog(|line| {{ if line == \"grow\" {{ {growth} }} line }})");
        let begin = Instant::now();
        let outcome = Rig::piping(&cog).stdin("a\ngrow\nb\n").run().expect_status(0);
        assert_eq!(outcome.stdout, "a\nb\n", "{growth}: {}", outcome.stderr);
        assert!(begin.elapsed() < Duration::from_secs(3), "{growth}: {:?}", begin.elapsed());
    }
}

#[test]
fn what_goes_over_much_each_time_is_ended_as_soon() {
    let big = "let m = #{}; for i in 0..5000 { m[\"k\" + i] = i; }";
    for (make, each) in [(big, "m.to_json();"), (big, "m.keys();"), ("", "to_json(d);"), ("", "d.big.keys();"), ("", "let all = d;")] {
        let cog = format!("cog(|d| {{ if d.x == 1 {{ {make} loop {{ {each} }} }} d }})");
        let fields: Vec<String> = (0..20_000).map(|n| format!("\"f{n}\":{{\"n\":[{n}]}}")).collect();
        let input = format!("{{\"x\":1,\"big\":{{{}}}}}\n{{\"x\":2}}\n", fields.join(","));
        let begin = Instant::now();
        let outcome = Rig::json("", &cog).stdin(input).run().expect_status(0).expect_stdout("{\"x\":2}\n");
        outcome.expect_told(["more than 1 s in one call"]);
        assert!(begin.elapsed() < Duration::from_secs(3), "{each}: {:?}", begin.elapsed());
    }
}

#[test]
fn limits_are_not_caught_and_a_cast_does_not_shorten_those_of_the_script() {
    let catching = "cog(|d| if d == 1 { movement::catching(5, || { loop { d += 1; } }) } else { d })";
    let outcome = Rig::json("", catching).stdin("1\n2\n").run().expect_status(0).expect_stdout("2\n");
    outcome.expect_told(["in one call"]);
    let script = "let cfg = conf::gather(#{ name: \"x\", typedef: [conf::cfg_item(\"n\", |v| v, \"n\", 1)] });\nfor i in 0..300000 { cfg.n += i; }\nexit(7);\n";
    Rig::new().script("cast.rhai", script).run().expect_status(7);
}

#[test]
fn a_state_nested_without_end_begins_anew() {
    let cog = "cog(#{ prev: (), run: |d| { let kept = #{ prev: this.prev }; this.prev = kept; d } })";
    let input = "1\n".repeat(1100);
    let outcome = Rig::json("", cog).stdin(input).run().expect_status(0);
    outcome.expect_told(["nested without end"]);
}

#[test]
fn exit_in_a_running_closure_is_an_error_of_its_event() {
    for exit in ["exit()", "exit(3)"] {
        let cog = format!("cog(|line| {{ if line == \"go\" {{ {exit}; }} line }})");
        Rig::piping(&cog)
            .stdin("a\ngo\nb\n")
            .run()
            .expect_status(0)
            .expect_stdout("a\nb\n")
            .expect_told(["stdin_supply#", "`exit` ends the winding of a script; a running cog cannot"]);
    }
}

#[test]
fn a_running_cog_cannot_declare_anything() {
    for declaration in [
        "fs::stdout_drain();",
        "movement::train().update(line);",
        "movement::train().run();",
        "movement::train().on_done(|status| status);",
        "conf::gather(#{ typedef: [], name: \"x\" });",
        "log::configure(#{ type: \"none\" });",
    ] {
        let cog = format!("cog(|line| {{ if line == \"go\" {{ {declaration} }} line }})");
        let outcome = Rig::piping(&cog).stdin("a\ngo\nb\n").run().expect_status(0);
        assert_eq!(outcome.stdout, "a\nb\n", "{declaration}");
        assert!(outcome.stderr.contains("declared before `train.run()`"), "{declaration}: {}", outcome.stderr);
    }
}

#[test]
fn nothing_of_the_system_is_in_reach() {
    for reach in ["eval(\"1\")", "open(\"/etc/hostname\")", "import \"x\" as x;"] {
        let outcome = Rig::piping(&format!("cog(|line| {{ {reach} }})")).stdin("a\n").run().expect_status(2);
        assert!(outcome.stderr.contains("error[D01"), "{reach}: {}", outcome.stderr);
    }
}

#[test]
fn print_does_not_touch_standard_output() {
    let outcome = Rig::piping("cog(|line| { print(line); debug(line); line })").command(["--log-level", "debug", "run"]).stdin("a\n").run();
    outcome.expect_status(0).expect_stdout("a\n").expect_told(["print: a", "debug: "]);
}

#[test]
fn no_closure_can_sleep_and_hold_up_the_others() {
    Rig::piping("cog(|line| { sleep(15); line })")
        .stdin("a\n")
        .run()
        .expect_status(2)
        .expect_told(["`sleep` is switched off", "tick_supply"]);
    let hidden = "cog(|line| { if line == \"nap\" { Fn(\"sle\" + \"ep\").call(15); } line })";
    Rig::piping(hidden).stdin("a\nnap\nb\n").run().expect_status(0).expect_stdout("a\nb\n").expect_told(["`sleep` is switched off"]);
}
