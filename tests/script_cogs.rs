//! Cogs written in the script: what their closures are given, and what becomes of what they give back.

use crate::rig::Rig;

/// The lines that come out of a cog for these lines of JSON.
fn through(cog: &str, input: &str) -> String {
    let outcome = Rig::json("", cog).stdin(input).run().expect_status(0);
    assert_eq!(outcome.stderr, "", "{cog}");
    outcome.stdout
}

/// The error that a cog makes of the first of two data; the second must come through.
fn error_of(cog: &str, first: &str, second: &str) -> String {
    let outcome = Rig::json("", cog).stdin(format!("{first}\n{second}\n")).run().expect_status(0);
    assert_eq!(outcome.stdout.lines().count(), 1, "{}", outcome.stdout);
    outcome.stderr
}

#[test]
fn a_closure_with_a_parameter_gives_none_several_or_one() {
    assert_eq!(through("cog(|d| d)", "{\"b\":1,\"a\":2}\n"), "{\"b\":1,\"a\":2}\n");
    assert_eq!(through("cog(|d| ())", "{\"b\":1}\n"), "");
    assert_eq!(through("cog(|d| [])", "{\"b\":1}\n"), "");
    assert_eq!(through("cog(|d| [d.b, d, 7])", "{\"b\":1}\n"), "1\n{\"b\":1}\n7\n");
    assert_eq!(through("cog(|d| [[d.b, 2]])", "{\"b\":1}\n"), "[1,2]\n");
    assert_eq!(through("cog(|d| d.b)", "{\"b\":1}\n"), "1\n");
    assert_eq!(through("cog(|d| false)", "{\"b\":1}\n"), "false\n");
}

#[test]
fn a_closure_without_parameters_changes_this_in_place() {
    assert_eq!(through("cog(|| { this.n += 1; })", "{\"z\":0,\"n\":1}\n"), "{\"z\":0,\"n\":2}\n");
    assert_eq!(through("cog(|| { if this.n > 1 { return []; } })", "{\"n\":1}\n{\"n\":2}\n"), "{\"n\":1}\n");
    assert_eq!(through("cog(|| { this.remove(\"x\"); })", "{\"x\":0,\"n\":1}\n"), "{\"n\":1}\n");
    assert_eq!(through("cog(|| { this.l.pop(); })", "{\"n\":1,\"l\":[[2]]}\n"), "{\"n\":1,\"l\":[]}\n");
    assert_eq!(through("cog(|| [this.n, this.n + 1])", "{\"n\":1}\n"), "1\n2\n");
    assert_eq!(through("cog(|| { this = this.n; })", "{\"n\":1}\n"), "1\n");
}

#[test]
fn a_value_where_this_was_to_be_changed_is_an_error_with_a_hint() {
    let told = error_of("cog(|| { this.remove(\"x\") })", "{\"x\":1}", "{\"x\":()}".replace("()", "null").as_str());
    assert!(told.contains("must give nothing or an array, as it changes `this`, but gave `int`"), "{told}");
    assert!(told.contains("pipe.rhai:3"), "{told}");
    assert!(told.contains("end its last statement with `;`"), "{told}");
}

#[test]
fn numbers_beyond_the_machine_s_are_computed_with() {
    let input = "{\"n\":18446744073709551616,\"t\":1741757119.123456}\n";
    let cog = "cog(|d| #{ a: d.n + 1, b: d.n - d.n, c: d.n > 5 && d.n == d.n && d.n < d.n * 2, d: d.t - 1741757119 > 0.1 })";
    assert_eq!(through(cog, input), "{\"a\":18446744073709551617,\"b\":0,\"c\":true,\"d\":true}\n");
}

#[test]
fn of_two_functions_of_one_name_the_one_with_one_parameter_is_meant() {
    let outcome = Rig::json("fn f(d, x) { d.b } fn f(d) { d.a }", "map(Fn(\"f\"))").stdin("{\"a\":1,\"b\":2}\n").run();
    outcome.expect_status(0).expect_stdout("1\n");
}

#[test]
fn a_named_function_is_a_cog_too() {
    let before = "fn louder(line) { line.to_upper() }";
    Rig::json(before, "cog(louder)").stdin("\"a\"\n").run().expect_status(0).expect_stdout("\"A\"\n");
    Rig::json("fn louder() { this = this.to_upper(); }", "Fn(\"louder\")").stdin("\"a\"\n").run().expect_status(0).expect_stdout("\"A\"\n");
}

#[test]
fn map_filter_and_flat_map_take_either_form() {
    assert_eq!(through("map(|d| d.n + 1)", "{\"n\":1}\n"), "2\n");
    assert_eq!(through("twist::map(|d| [d.n])", "{\"n\":1}\n"), "[1]\n");
    assert_eq!(through("filter(|d| d.n > 1) |> filter(|| this.n < 3)", "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n"), "{\"n\":2}\n");
    assert_eq!(through("flat_map(|d| d.list)", "{\"list\":[1,[2],{\"a\":3}]}\n{\"list\":[]}\n"), "1\n[2]\n{\"a\":3}\n");
    let told = error_of("filter(|d| d.n)", "{\"n\":1}", "{\"n\":true}");
    assert!(told.contains("must give true or false, but gave `int`"), "{told}");
}

#[test]
fn what_a_closure_does_not_touch_keeps_order_and_digits() {
    let line = "{\"z\":1.50,\"big\":123456789012345678901234567890,\"a\":{\"y\":1e2,\"b\":[0.10]}}\n";
    assert_eq!(through("cog(|d| d)", line), line);
    let changed = "{\"z\":1.50,\"big\":123456789012345678901234567890,\"a\":{\"y\":1e2,\"b\":[0.10]},\"fresh\":true}\n";
    assert_eq!(through("cog(|| { this.fresh = true; })", line), changed);
    assert_eq!(through("cog(|d| { d[\"fresh\"] = true; d })", line), changed);
}

#[test]
fn state_lives_in_a_map_with_run() {
    let cog = "cog(#{ n: 0, run: |d| { this.n += 1; d.n = this.n; d }, finish: || [#{ total: this.n }, `end`] })";
    assert_eq!(through(cog, "{\"a\":1}\n{\"a\":2}\n"), "{\"a\":1,\"n\":1}\n{\"a\":2,\"n\":2}\n{\"total\":2}\n\"end\"\n");
    // A map stands in a line as it is.
    assert_eq!(through("#{ last: (), run: |d| { let before = this.last; this.last = d; before } }", "1\n2\n3\n"), "1\n2\n");
}

#[test]
fn what_one_closure_notes_another_sees() {
    let before = "let seen = #{ n: 4 };";
    let cogs = "cog(|d| { seen.n += 1; d }) |> cog(|d| { d.n = seen.n; d })";
    Rig::json(before, cogs).stdin("{}\n").run().expect_status(0).expect_stdout("{\"n\":5}\n");
}

#[test]
fn a_map_hears_of_the_end_of_each_event_and_of_its_own() {
    let before = "let ends = cog(#{ ends: [], run: |d| if d == 3 { throw \"three\" } else { d },
        event_done: |id| { this.ends.push(`done ${id}`); () },
        event_failed: |id, why| { this.ends.push(`failed ${id}`); () },
        finish: || this.ends,
        done: || log::warning(\"done was called\") });";
    let outcome = Rig::json(before, "ends").stdin("1\n2\n3\n").run().expect_status(0).expect_told(["three", "done was called"]);
    let ends: Vec<&str> = outcome.stdout.lines().skip(2).collect();
    assert_eq!(ends.len(), 3, "{}", outcome.stdout);
    // A failure is settled at once, a line that is written when it is written.
    assert_eq!(ends.iter().filter(|end| end.starts_with("\"done stdin_supply#")).count(), 2, "{ends:?}");
    assert_eq!(ends.iter().filter(|end| **end == "\"failed stdin_supply#2\"").count(), 1, "{ends:?}");
}

#[test]
fn an_error_names_event_cog_place_and_line() {
    let told = error_of("cog(|d| d.missing.deep)", "{}", "{\"missing\":{\"deep\":1}}");
    assert!(told.contains("pipe.rhai:3:"), "{told}");
    assert!(told.contains("closure:3"), "{told}");
    assert!(told.contains("stdin_supply#"), "{told}");
}

#[test]
fn a_getter_that_finds_nothing_fails_one_datum() {
    let outcome = Rig::json(
        "",
        "text::csv_marshall(#{ fieldgetters: [\"ip\"], missing: \"error\" }) |> text::csv_parse(#{ fieldsetters: [\"ip\"] })",
    )
    .stdin("{\"ip\":\"a\"}\n{\"op\":\"b\"}\n{\"ip\":\"c\"}\n")
    .run()
    .expect_status(0)
    .expect_stdout("{\"ip\":\"a\"}\n{\"ip\":\"c\"}\n");
    assert!(outcome.stderr.contains("no item `ip`"), "{}", outcome.stderr);
}

#[test]
fn data_may_be_held_and_sent_on_together() {
    // Pairs of data are sent as one; the odd one at the end is let go on purpose.
    let before = "let train = movement::train();
        let pairs = #{ kept: [], run: |d| {
            this.kept.push(#{ d: d, hold: train.hold() });
            if this.kept.len() == 2 { train.emit(this.kept.map(|k| k.d), this.kept.map(|k| k.hold)); this.kept = []; }
        }, finish: || { for k in this.kept { k.hold.release(); } this.kept = []; } };";
    let outcome = Rig::json(before, "pairs").command(["run", "--log-level", "info"]).stdin("1\n2\n3\n4\n5\n").run();
    let outcome = outcome.expect_status(0).expect_stdout("[1,2]\n[3,4]\n");
    outcome.expect_told(["events: 5 in, 2 delivered, 1 filtered, 0 dead, 0 failed, 0 on their way"]);
}

#[test]
fn what_is_held_at_the_end_is_told_and_what_is_forgotten_has_failed() {
    let before = "let train = movement::train();";
    let keeps = "cog(#{ kept: [], run: |d| { this.kept.push(train.hold()); } })";
    Rig::json(before, keeps).stdin("1\n2\n").run().expect_status(1).expect_told(["2 events were still on their way at the end"]);
    let forgets = "cog(#{ run: |d| { let hold = train.hold(); () } })";
    let outcome = Rig::json(before, forgets).command(["run", "--strict-exit", "--log-level", "info"]).stdin("1\n2\n").run();
    outcome.expect_status(3).expect_told(["2 in, 0 delivered, 0 filtered, 0 dead, 2 failed"]);
}

#[test]
fn methods_send_broadcast_and_stop() {
    let before = "let train = movement::train();
        let hears = cog(#{ n: 0, run: |d| d, tick: |a, b, c| { this.n += a + b + c; () }, finish: || [`n = ${this.n}`] });";
    let cogs = "cog(#{ run: |d| { train.emit(d * 10); train.notify(\"tick\", d, 1, 1); d } }) |> hears";
    Rig::json(before, cogs).stdin("1\n2\n").run().expect_status(0).expect_stdout("10\n1\n20\n2\n\"n = 7\"\n");
    let cog = "cog(#{ run: |d| { if d == 2 { train.stop(); } d } })";
    let running = Rig::json(before, cog).stdin_open().start().feed("1\n2\n");
    assert!(running.wait_for_stdout("2\n").expect_exit(0).stdout.starts_with("1\n2\n"));
    // A method that fails has sent nothing, and what has no state cannot hold.
    let told = error_of("cog(#{ run: |d| { movement::train().emit(7); if d == 1 { throw \"one\" } [] } })", "1", "2");
    assert!(told.contains("one"), "{told}");
    let told = error_of("cog(|d| { if d == 1 { movement::train().hold(); } d })", "1", "2");
    assert!(told.contains("`train.hold` works in the methods of a cog with state"), "{told}");
}

#[test]
fn a_broadcast_that_is_answered_without_end_is_told_and_the_train_goes_on() {
    let cogs = "cog(#{ run: |d| { train.notify(\"tick\", d); d }, tick: |d| { train.notify(\"tick\", d); } })";
    let outcome = Rig::json("let train = movement::train();", cogs).stdin("1\n2\n").run().expect_status(0);
    assert_eq!(outcome.stdout, "1\n2\n");
    let wanted = "closure:3: broadcasts are answered by others without end: `tick`, which it answers with, is not told any more";
    assert!(outcome.stderr.contains(wanted), "{}", outcome.stderr);
}
