//! Cogs written in the script that wait for something themselves: supplies, drains, and what comes between, on the real binary.

use rustix::process::Signal;

use crate::rig::Rig;

/// A train of that supply, its events as lines of JSON.
fn supply(map: &str) -> Rig {
    Rig::new().script(
        "wait.rhai",
        &format!(
            "let train = movement::train();\ntrain.update(cog({map}) |> text::json_marshall() |> fs::stdout_drain());\ntrain.run();\n"
        ),
    )
}

#[test]
fn a_supply_beats_and_ends_by_itself() {
    let map = "#{ n: 0, done: 0, wind: || { this.h = train.esc.enqueue(#{ every: 0.01 }, this.beat, \"x\"); },
        beat: |word| { this.n += 1; if this.n == 3 { train.esc.dequeue(this.h); } #{ n: this.n, word: word } },
        event_done: |id| { log::warning(\"done \" + id); } }, #{ name: \"beat\", id_setter: \"id\" }";
    supply(map)
        .run()
        .expect_status(0)
        .expect_stdout(
            "{\"n\":1,\"word\":\"x\",\"id\":\"beat#0\"}\n{\"n\":2,\"word\":\"x\",\"id\":\"beat#1\"}\n{\"n\":3,\"word\":\"x\",\"id\":\"beat#2\"}\n",
        )
        .expect_told(["done beat#0", "done beat#1", "done beat#2"]);
    let map = map.replace("this.beat", "\"beat\"");
    supply(&map).command(["check"]).run().expect_status(0).expect_stderr("");
    assert!(supply(&map).command(["dot"]).run().stdout.contains("shape=cds"), "it is drawn as a supply");
}

#[test]
fn what_it_makes_is_held_back_and_nothing_is_lost() {
    let map = "#{ wind: || { train.esc.enqueue(\"begin\"); }, begin: || { for n in 0..5000 { train.emit(n); } } }, #{ max_in_flight: 3 }";
    let outcome = supply(map).command(["run", "--log-level", "info"]).run().expect_status(0);
    let numbers = (0..5000).map(|n| format!("{n}\n")).collect::<Vec<_>>().concat();
    outcome.expect_stdout(&numbers).expect_told(["events: 5000 in, 5000 delivered"]);
}

#[test]
fn who_looks_for_room_need_not_hold_anything_back() {
    let map = "#{ n: 0, wind: || { this.fill(); }, room: || { this.fill(); },
        fill: || { while this.n < 2000 && train.room() > 0 { train.emit(this.n); this.n += 1; } } }, #{ max_in_flight: 7 }";
    let numbers = (0..2000).map(|n| format!("{n}\n")).collect::<Vec<_>>().concat();
    supply(map).run().expect_status(0).expect_stdout(&numbers);
    // Where none of them can be sent, there is room again at once.
    let map = map.replace("max_in_flight: 7", "max_in_flight: 7, id_setter: |d, id| throw \"no\"");
    let outcome = supply(&map).command(["run", "--log-level", "info"]).run().expect_status(0).expect_stdout("");
    outcome.expect_told(["events: 2000 in, 0 delivered, 0 filtered, 0 dead, 2000 failed"]);
}

#[test]
fn lines_of_a_pipe_are_read_to_its_end() {
    let map = "#{ rest: \"\", wind: || { train.esc.fd_register(0, \"in\", \"take\"); },
        take: || {
            let bytes = train.esc.read(0);
            if bytes == () { return; }
            if bytes.is_empty() { return if this.rest == \"\" { \"end\" } else { [this.rest, \"end\"] }; }
            this.rest += bytes.as_string();
            let lines = this.rest.split(\"\\n\");
            this.rest = lines.pop();
            lines
        } }";
    supply(map).stdin("a\nb\nlast").run().expect_status(0).expect_stdout("\"a\"\n\"b\"\n\"last\"\n\"end\"\n");
    let running = supply(map).stdin_open().start().feed("one\ntw").wait_for_stdout("\"one\"\n").feed("o\n");
    running.wait_for_stdout("\"one\"\n\"two\"\n").close_stdin().expect_exit(0).expect_stdout("\"one\"\n\"two\"\n\"end\"\n");
    // `/dev/null` has an end, a file cannot be waited for.
    supply(map).run().expect_status(0).expect_stdout("\"end\"\n");
    let refused = supply(map).file("in", "x\n").stdin_file("in").run().expect_status(1);
    refused.expect_told(["descriptor 0 is a regular file, which cannot be waited for: `fs::stdin_supply`", "wait.rhai:2"]);
}

#[test]
fn a_signal_to_end_may_be_pardoned() {
    let map = "#{ n: 0, wind: || { train.esc.signal_register(\"TERM\", \"asked\"); train.esc.signal_register(\"SIGINT\", \"asked\"); train.esc.enqueue(#{ every: 60 }, || ()); \"begun\" },
        asked: |what| { this.n += 1; train.emit(what.signal); this.n < 3 } }";
    supply(map)
        .start()
        .wait_for_stdout("\"begun\"\n")
        .signal(Signal::TERM)
        .wait_for_stdout("\"begun\"\n\"TERM\"\n")
        .signal(Signal::INT)
        .wait_for_stdout("\"begun\"\n\"TERM\"\n\"INT\"\n")
        .signal(Signal::TERM)
        .expect_exit(0)
        .expect_stdout("\"begun\"\n\"TERM\"\n\"INT\"\n\"TERM\"\n");
}

#[test]
fn a_spool_is_watched() {
    let map = "#{ wind: || { train.esc.inotify_add(\"spool\", \"close_write\", \"seen\"); train.esc.signal_register(\"USR2\", \"end\"); \"begun\" },
        seen: |what| what.name, end: || { train.stop(); } }";
    supply(map)
        .file("spool/old", "")
        .start()
        .wait_for_stdout("\"begun\"\n")
        .append("spool/a", "x")
        .wait_for_stdout("\"begun\"\n\"a\"\n")
        .append("spool/b", "x")
        .wait_for_stdout("\"begun\"\n\"a\"\n\"b\"\n")
        .signal(Signal::USR2)
        .expect_exit(0);
}

#[test]
fn what_goes_wrong_in_a_call_is_told_with_its_place_and_the_run_goes_on() {
    let map = "#{ n: 0, wind: || { this.h = train.esc.enqueue(#{ every: 0.01 }, \"beat\"); },
        beat: || {
            this.n += 1;
            switch this.n { 1 => throw \"one\", 2 => loop { }, 3 => { let late = || train.stop(); train.esc.enqueue(late); }, 4 => { train.esc.dequeue(this.h); } }
            this.n
        } }";
    let outcome = supply(map).run().expect_status(0).expect_stdout("4\n");
    assert!(!outcome.stderr.contains("panic"), "{}", outcome.stderr);
    outcome.expect_told([
        "closure:2: wait.rhai:5:34: one in `",
        "more than 1000000 operations in one call",
        "a method is called of what a closure among its arguments has captured",
        "name a method instead of the closure",
    ]);
    supply("#{ wind: || { throw \"not today\"; } }").run().expect_status(1).expect_told(["not today", "wait.rhai:2"]);
}

#[test]
fn before_the_train_runs_nothing_can_be_waited_for() {
    let script = "let train = movement::train();\ntrain.esc.enqueue(\"f\");\ntrain.update(#{ wind: || train.esc.enqueu(\"f\") } |> movement::null_drain());\ntrain.run();\n";
    let outcome = Rig::new().script("early.rhai", script).run().expect_status(2);
    outcome.expect_told([
        "`train.esc.enqueue`: nothing can be waited for before the train runs; do it in the method `wind` of a cog",
        "early.rhai:2",
        "no method `enqueu`",
        "did you mean `enqueue`?",
    ]);
    let closure = "let train = movement::train();\ntrain.update(fs::stdin_supply() |> cog(|d| { train.esc.enqueue(\"f\"); d }) |> fs::stdout_drain());\ntrain.run();\n";
    let outcome = Rig::new().script("plain.rhai", closure).stdin("x\n").run();
    outcome.expect_told(["`train.esc.enqueue` works in the methods of a cog with state"]);
}

#[test]
fn options_of_supplies_are_for_what_begins_events() {
    let script = "let train = movement::train();\ntrain.update(fs::stdin_supply() |> cog(|d| d, #{ max_in_flight: 3 }) |> fs::stdout_drain());\ntrain.run();\n";
    Rig::new().script("odd.rhai", script).run().expect_status(2).expect_told(["`max_in_flight`: is for what begins events"]);
}

/// Gathers lines and writes them by tens, or when they are old; an event ends well when its line was written.
const DRAIN: &str = "cog(#{ kept: [], holds: [], left: \"\", left_holds: [],
    wind: || { train.esc.fd_register(1, \"out\", \"flush\"); },
    run: |d| {
        if this.kept.is_empty() { this.old = train.esc.enqueue(#{ delay: 0.05 }, \"flush\"); }
        this.kept.push(d);
        this.holds.push(train.hold());
        if this.kept.len() == 10 { train.esc.dequeue(this.old); this.flush(); }
        ()
    },
    old: (),
    flush: || {
        for line in this.kept { this.left += line + \"\\n\"; }
        this.left_holds += this.holds;
        this.kept = [];
        this.holds = [];
        let bytes = this.left.to_blob();
        let n = train.esc.write(1, bytes);
        this.left = bytes.extract(n).as_string();
        if this.left == \"\" { for hold in this.left_holds { hold.release(); } this.left_holds = []; }
        ()
    },
    finish: || { this.flush(); },
    busy: || this.left != \"\" })";

#[test]
fn a_drain_gathers_and_writes() {
    let script = format!("let train = movement::train();\ntrain.update(fs::stdin_supply() |> {DRAIN});\ntrain.run();\n");
    let rig = || Rig::new().command(["run", "--log-level", "info"]).script("drain.rhai", &script);
    // When they are old.
    let running = rig().stdin_open().start().feed("a\nb\n").wait_for_stdout("a\nb\n");
    running
        .feed("c\n")
        .close_stdin()
        .expect_exit(0)
        .expect_stdout("a\nb\nc\n")
        .expect_told(["3 in, 0 delivered, 3 filtered", "0 on their way"]);
    // More than a pipe takes.
    let input = (0..30_000).map(|n| format!("line {n} of many\n")).collect::<Vec<_>>().concat();
    rig().stdin(&input).run().expect_status(0).expect_stdout(&input);
}

#[test]
fn a_trial_touches_nothing_and_moves_the_clock() {
    let script = "let train = movement::train();
        train.update(cog(#{ wind: || { train.esc.enqueue(#{ every: 10 }, \"beat\"); train.esc.fd_register(0, \"in\", \"take\"); },
            beat: || train.esc.time().to_string(), take: || train.esc.read(0) }, #{ name: \"in\" }) |> fs::line_file_drain(#{ path: \"out\", name: \"out\" }));
        train.run();";
    let tests = "fn test_beats() {
        let t = test::load(\"p.rhai\");
        t.advance(25);
        test::equal(t.output(\"out\"), [\"2026-01-01T00:00:10Z\", \"2026-01-01T00:00:20Z\"]);
        t.feed(\"in\", \"by hand\");
        test::equal(t.output(\"out\").len(), 3);
        t.finish();
    }";
    let outcome = Rig::new().command(["test"]).file("p.rhai", script).file("a.test.rhai", tests).args(["a.test.rhai"]).run();
    assert_eq!(outcome.status, 0, "{}{}", outcome.stdout, outcome.stderr);
}
