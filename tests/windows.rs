//! Windows of time hold any number of events without stopping their supply, and are written when the run ends.

use rustix::process::Signal;

use crate::rig::Rig;

/// A train from standard input whose supply may have seven events in flight.
fn script(cogs: &str) -> String {
    format!(
        "let train = movement::train();\n\
         train.update(fs::stdin_supply(#{{ max_in_flight: 7 }}) |> text::json_parse() |> {cogs} |> text::json_marshall() |> fs::stdout_drain());\n\
         train.run();\n"
    )
}

#[test]
fn a_window_larger_than_what_may_be_in_flight_does_not_stop_its_supply() {
    #[allow(clippy::format_collect, reason = "a few lines of a test")]
    let input: String = (0..5000).map(|n| format!("{{\"t\":{},\"v\":{n}}}\n", n / 100)).collect();
    let one = script(r#"twist::aggregate(#{ window: 30, time_getter: "t", fields: [["n", "count"], ["v", "sum"]] })"#);
    let outcome = Rig::new().script("one.rhai", &one).stdin(&input).run();
    let wanted = "{\"start\":0,\"end\":30,\"n\":3000,\"v\":4498500}\n{\"start\":30,\"end\":60,\"n\":2000,\"v\":7999000}\n";
    assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, wanted, ""));
}

#[test]
fn windows_of_windows_do_not_stop_their_supply_either() {
    #[allow(clippy::format_collect, reason = "a few lines of a test")]
    let input: String = (0..3000).map(|n| format!("{{\"t\":{n},\"k\":{}}}\n", n % 10)).collect();
    let two = script(
        r#"twist::aggregate(#{ window: 20, time_getter: "t", key_getter: "k" })
           |> twist::aggregate(#{ window: 1000, time_getter: "start", end_setter: nullsetter, fields: #{ rows: "count", n: ["sum", "count"] } })"#,
    );
    let outcome = Rig::new().script("two.rhai", &two).stdin(&input).run();
    let row = |start: u32| format!("{{\"start\":{start},\"n\":1000,\"rows\":500}}\n");
    assert_eq!((outcome.status, outcome.stdout), (0, [row(0), row(1000), row(2000)].concat()));
}

#[test]
fn an_event_has_ended_when_all_results_of_its_window_have() {
    let script = "
let ends = cog(#{ ends: [], run: |d| d,
    event_done: |id| { this.ends.push(`done ${id}`); () },
    event_failed: |id, why| { this.ends.push(`failed ${id}`); () },
    finish: || this.ends });
let train = movement::train();
train.update(
    fs::stdin_supply()
    |> text::json_parse()
    |> twist::aggregate(#{ window: 10, time_getter: \"t\", key_getter: \"k\", end_setter: nullsetter })
    |> (|d| if d.k == \"bad\" { throw \"bad\" } else { d })
    |> ends
    |> text::json_marshall()
    |> fs::stdout_drain(#{ flush: true })
);
train.run();
";
    let input = "{\"t\":1,\"k\":\"a\"}\n{\"t\":2,\"k\":\"b\"}\n{\"t\":11,\"k\":\"a\"}\n{\"t\":12,\"k\":\"bad\"}\n";
    let outcome = Rig::new().script("ends.rhai", script).stdin(input).run().expect_told(["bad"]);
    let rows = "{\"start\":0,\"k\":\"a\",\"count\":1}\n{\"start\":0,\"k\":\"b\",\"count\":1}\n{\"start\":10,\"k\":\"a\",\"count\":1}\n";
    let ends = ["done stdin_supply#0", "done stdin_supply#1", "failed stdin_supply#2", "failed stdin_supply#3"];
    #[allow(clippy::format_collect, reason = "a few lines of a test")]
    let ends: String = ends.iter().map(|end| format!("\"{end}\"\n")).collect();
    outcome.expect_stdout(&format!("{rows}{ends}"));
}

#[test]
fn the_end_of_a_run_writes_what_is_open() {
    let script = "
let count = twist::aggregate(#{ window: 100000, key_getter: selfgetter, start_setter: nullsetter, end_setter: nullsetter })
    |> text::json_marshall() |> fs::line_file_drain(\"out.txt\");
let train = movement::train();
train.update(movement::train_split(
    fs::file_watcher_supply(#{ filenames: \"in.txt\", start: \"begin\" }), [count, fs::line_file_drain(\"seen.txt\")]));
train.run();
";
    Rig::new()
        .script("tail.rhai", script)
        .file("in.txt", "a\nb\na\n")
        .start()
        .wait_for_file("seen.txt", "a\nb\na\n")
        .signal(Signal::TERM)
        .expect_exit(0)
        .expect_file("out.txt", "{\"key\":\"a\",\"count\":2}\n{\"key\":\"b\",\"count\":1}\n");
}

#[test]
fn contexts_of_closures_are_kept_by_the_script_and_end_as_it_says() {
    let script = script(
        r#"twist::window_context_mgr(#{
            key_getter: "k", window: 100, time_getter: "t",
            ctx_create: |d| #{ first: d.t, all: [] },
            ctx_append: |d| { if d.t == 13 { throw "no luck" } this.all.push(d.t) },
            ctx_over: |ctx| ctx.all.len() == 3,
            ctx_close: |ctx, key, start, end| switch ctx.all.len() { 1 => (), 2 => throw "two", _ => [[key, start, end], ctx] },
        })"#,
    );
    #[allow(clippy::format_collect, reason = "a few lines of a test")]
    let input: String = [(1, "a"), (2, "b"), (13, "a"), (3, "a"), (4, "c"), (5, "c"), (6, "a")]
        .iter()
        .map(|(t, k)| format!("{{\"t\":{t},\"k\":\"{k}\"}}\n"))
        .collect();
    let outcome = Rig::new().script("contexts.rhai", &script).stdin(&input).run().expect_told(["no luck", "two"]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (0, "[\"a\",1,101]\n{\"all\":[1,3,6],\"first\":1}\n"));
}

#[test]
fn a_context_that_is_given_back_may_be_any_value() {
    let script = script(
        r#"twist::window_context_mgr(#{
            window: 10, anchor: "clock", slide: 5, time_getter: "t",
            ctx_append: |ctx, d| if ctx == () { d.t } else { ctx + d.t },
            ctx_close: |ctx, key, start| #{ start: start, sum: ctx },
        })"#,
    );
    let outcome = Rig::new().script("sums.rhai", &script).stdin("{\"t\":7}\n{\"t\":8}\n{\"t\":11}\n").run();
    let wanted = "{\"start\":0,\"sum\":15}\n{\"start\":5,\"sum\":26}\n{\"start\":10,\"sum\":11}\n";
    assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, wanted, ""));
}

#[test]
fn closures_of_a_wrong_form_are_refused_before_the_run() {
    for (option, told) in [
        ("ctx_append: |a, b, c| a", "takes at most 2 parameters"),
        ("ctx_append: 7", "wants a closure `|ctx, data| …`"),
        ("ctx_create: || 1", "has a meaning only with `ctx_append`"),
    ] {
        let script = script(&format!("twist::window_context_mgr(#{{ window: 10, {option} }})"));
        let outcome = Rig::new().script("wrong.rhai", &script).run();
        assert_eq!(outcome.status, 2, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    }
}

#[test]
fn what_two_branches_made_of_an_event_is_one_again() {
    let script = script(
        r#"[twist::set_items(#{ by: "a", double: |d| d.n * 2 }), twist::set_items(#{ by: "b", square: |d| d.n * d.n })]
           |> twist::merge(#{ key_getter: "n", parts: ["a", "b"], part_getter: "by", incomplete: "error" })
           |> twist::delete("by")"#,
    );
    #[allow(clippy::format_collect, reason = "a few lines of a test")]
    let input: String = (0..500).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    let outcome = Rig::new().script("merge.rhai", &script).stdin(&input).run();
    #[allow(clippy::format_collect, reason = "a few lines of a test")]
    let wanted: String = (0..500).map(|n| format!("{{\"n\":{n},\"double\":{},\"square\":{}}}\n", n * 2, n * n)).collect();
    assert_eq!((outcome.status, outcome.stdout, outcome.stderr.as_str()), (0, wanted, ""));
}

#[test]
fn dead_letters_that_go_through_a_window_are_counted_as_dead() {
    let script = r#"
        let letters = twist::batch(2) |> text::json_marshall() |> fs::line_file_drain("bad.jsonl", #{ name: "letters" });
        let train = movement::train(#{ dead: letters });
        let two = twist::merge(#{ key_getter: "k", parts: 2, incomplete: "error" });
        train.update(fs::stdin_supply(#{ name: "in" }) |> text::json_parse(#{ name: "parse" }) |> two |> movement::null_drain());
        train.run();
    "#;
    let test = r#"
        fn test_books() {
            let t = test::load("p.rhai");
            // Three that are no JSON, and two parts of four that come to nothing.
            for line in [`{"k":1}`, "{", `{"k":2}`, "[", `{"k":1}`, `{"k":3}`, "]"] { t.feed("in", line); }
            test::equal(t.finish(), 0);
            test::equal(t.output("letters").len(), 3);
            let books = t.books();
            test::equal([books.born, books.delivered, books.dead, books.failed, books.in_flight], [7, 1, 3, 0, 0]);
            test::equal(books.merged, 3);
        }
    "#;
    Rig::new().file("p.rhai", script).file("p.test.rhai", test).command(["test", "p.test.rhai"]).run().expect_status(0);
}
