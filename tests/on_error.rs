//! What becomes of a datum that failed, as `on_error` says.

use crate::rig::{Outcome, Rig};

/// Three data, the middle one of which fails.
fn with(option: &str) -> Outcome {
    let cog = format!("cog(#{{ name: \"picky\", {option} callable: |d| if d == 2 {{ throw \"not two\" }} else {{ d }} }})");
    Rig::json("", &cog).stdin("1\n2\n3\n").run()
}

#[test]
fn by_default_it_is_logged() {
    with("").expect_status(0).expect_stdout("1\n3\n").expect_told(["error: stdin_supply#", "picky", "not two"]);
    with("on_error: \"log\",").expect_status(0).expect_stdout("1\n3\n").expect_told(["not two"]);
}

#[test]
fn dropped_data_are_not_told() {
    with("on_error: \"drop\",").expect_status(0).expect_stdout("1\n3\n").expect_stderr("");
}

#[test]
fn passed_data_go_on_unchanged() {
    with("on_error: \"pass\",").expect_status(0).expect_stdout("1\n2\n3\n");
}

#[test]
fn the_run_can_be_stopped_in_order() {
    let outcome = with("on_error: \"stop\",").expect_status(1).expect_told(["not two"]);
    assert!(outcome.stdout.starts_with("1\n"), "{}", outcome.stdout);
}

#[test]
fn a_cog_takes_datum_error_cog_and_id() {
    let before = "let bad = cog(|bad| { bad.error = bad.error.contains(\"not two\"); bad.id = bad.id.starts_with(\"stdin_supply#\"); bad.time = `${bad.time}`.len() > 18; bad })
        |> text::json_marshall() |> fs::line_file_drain(\"bad.jsonl\");
        let entry = cog(|bad| bad);
        movement::train().update(entry |> bad);";
    let cog = "cog(#{ name: \"picky\", on_error: entry, callable: |d| if d.n == 2 { throw \"not two\" } else { d } })";
    let outcome =
        Rig::json(before, cog).stdin("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n").run().expect_status(0).expect_stdout("{\"n\":1}\n{\"n\":3}\n");
    outcome.expect_file(
        "bad.jsonl",
        "{\"time\":true,\"cog\":\"picky\",\"id\":true,\"reason\":\"script\",\"error\":true,\"attempts\":1,\"data\":{\"n\":2},\"truncated\":false}\n",
    );
}

/// A train whose `dead` route writes letters to `dead.jsonl`.
const DEAD: &str = "let train = movement::train(#{ dead: text::json_marshall() |> fs::line_file_drain(\"dead.jsonl\") });";

#[test]
fn one_route_takes_what_fails_anywhere() {
    let cogs = "cog(#{ name: \"first\", callable: |d| if d == 1 { throw \"one\" } else { d } })
        |> cog(#{ name: \"quiet\", on_error: \"drop\", callable: |d| if d == 2 { throw \"two\" } else { d } })
        |> cog(#{ name: \"third\", callable: |d| if d == 3 { throw \"three\" } else { d } })";
    let outcome = Rig::json(DEAD, cogs).command(["run", "--strict-exit"]).stdin("1\n2\n3\nbroken\n4\n").run();
    let outcome = outcome.expect_status(0).expect_stdout("4\n").expect_stderr("");
    let letters = outcome.file("dead.jsonl");
    assert_eq!(letters.lines().count(), 3, "{letters}");
    for part in ["\"cog\":\"first\"", "\"cog\":\"third\"", "\"cog\":\"json_parse\"", "\"data\":\"broken\""] {
        assert!(letters.contains(part), "{part} in {letters}");
    }
}

#[test]
fn what_fails_on_the_dead_route_is_logged_and_does_not_go_round() {
    let before = "let train = movement::train(#{ dead: cog(#{ name: \"grave\", callable: |bad| throw \"no room\" }) });";
    let outcome = Rig::json(before, "cog(|d| throw \"bad\")").command(["run", "--strict-exit"]).stdin("1\n").run();
    outcome.expect_status(3).expect_stdout("").expect_told(["grave", "no room"]);
}

#[test]
fn an_error_in_the_error_route_does_not_go_round() {
    let before = "let route = cog(|bad| throw \"worse\");";
    let cog = "cog(#{ on_error: route, callable: |d| throw \"bad\" })";
    let outcome = Rig::json(before, cog).args([]).stdin("1\n").run().expect_status(0).expect_stdout("");
    assert_eq!(outcome.stderr.lines().filter(|line| line.contains("worse")).count(), 1, "{}", outcome.stderr);
}

#[test]
fn a_line_is_a_route_and_what_it_stores_holds_no_secret() {
    let before = "let cfg = conf::gather(#{ name: \"x\", typedef: [conf::cfg_item(\"token\", conf::cast_string, \"t\", \"hunter22\", #{ secret: true })] });
        let token = cfg.token;
        let route = map(|bad| bad.error) |> text::json_marshall() |> fs::line_file_drain(\"bad.jsonl\");";
    let cog = "cog(#{ on_error: route, callable: |d| if d == 2 { throw \"refused \" + token } else { d } })";
    let outcome = Rig::json(before, cog).stdin("1\n2\n3\n").run().expect_status(0).expect_stdout("1\n3\n");
    let stored = outcome.file("bad.jsonl");
    assert!(stored.contains("refused ***") && !stored.contains("hunter22"), "{stored}");
}

#[test]
fn what_is_dropped_passed_on_or_routed_has_not_failed() {
    for option in ["on_error: \"drop\",", "on_error: \"pass\",", "on_error: movement::null_drain(),"] {
        let cog = format!("cog(#{{ {option} callable: |d| if d == 2 {{ throw \"no\" }} else {{ d }} }})");
        Rig::json("", &cog).command(["run", "--strict-exit"]).stdin("1\n2\n3\n").run().expect_status(0);
    }
}

#[test]
fn a_fault_in_the_end_itself_shows_in_the_status() {
    let cog = "cog(#{ on_error: \"stop\", callable: #{ run: |d| d, finish: || throw \"too late\" } })";
    Rig::json("", cog).stdin("1\n").run().expect_status(1).expect_told(["too late"]);
}

#[test]
fn failed_data_show_in_the_status_when_that_is_asked_for() {
    let cog = "cog(|d| if d == 2 { throw \"not two\" } else { d })";
    Rig::json("", cog).command(["run", "--strict-exit"]).stdin("1\n2\n3\n").run().expect_status(3).expect_stdout("1\n3\n");
    Rig::json("", cog).command(["run", "--strict-exit"]).stdin("1\n3\n").run().expect_status(0);
    let before = "let train = movement::train(#{ strict_exit: true });";
    Rig::json(before, cog).stdin("1\n2\n3\n").run().expect_status(3);
}

#[test]
fn a_flood_of_one_error_is_summed_up_and_nothing_else_is_lost() {
    let input: String = (0..2000).map(|n| if n % 2 == 0 { format!("{n}\n") } else { "broken\n".into() }).collect();
    let outcome = Rig::json("", "cog(|d| d)").stdin(input).run().expect_status(0);
    assert_eq!(outcome.stdout.lines().count(), 1000);
    assert!(outcome.stderr.lines().count() < 20, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("990"), "{}", outcome.stderr);
}

/// Lines that are JSON maps go through; what is none, or has no `n`, is refused while `PICKY` stands in the script.
const PICKY: &str = "let train = movement::train(#{ dead: text::json_marshall() |> fs::line_file_drain(\"dead.jsonl\") });
    train.update(fs::stdin_supply() |> text::json_parse() |> cog(#{ name: \"picky\", callable: || { if this.n > 2 { throw \"too much\" } } })
        |> text::json_marshall() |> fs::line_file_drain(\"good.jsonl\"));
    train.run();";

#[test]
fn dead_letters_are_fed_again_at_the_cog_that_refused_them() {
    let outcome = Rig::new().script("picky.rhai", PICKY).stdin("{\"n\":1}\n{\"n\":3}\n{\"n\":4}\nbroken\n").run().expect_status(0);
    let letters = outcome.file("dead.jsonl");
    assert_eq!(letters.lines().count(), 3, "{letters}");
    // The fault is mended, but for what can never be parsed.
    let script = PICKY.replace("n > 2", "n > 3").replace("dead.jsonl", "dead-again.jsonl");
    let retry =
        || Rig::new().command(["retry", "--strict-exit"]).script("picky.rhai", &script).file("old.jsonl", &letters).args(["old.jsonl"]);
    let outcome = retry().stdin("{\"n\":0}\n").run().expect_status(3).expect_told(["letters fed again: 3, errors: 2"]);
    assert_eq!(outcome.file("good.jsonl"), "{\"n\":3}\n");
    let again = outcome.file("dead-again.jsonl");
    assert_eq!(again.matches("\"attempts\":2").count(), 2, "{again}");
    assert!(again.contains("\"data\":\"broken\"") && again.contains("\"cog\":\"picky\""), "{again}");
    let outcome = retry().file("old.jsonl", "{\"cog\":\"piky\",\"data\":1}\n").run().expect_status(2);
    outcome.expect_told(["`piky`, which is no cog of the script; there is `picky`"]);
    let outcome = retry().file("old.jsonl", "{\"cog\":\"picky\",\"data\":\"{\",\"truncated\":true}\n").run().expect_status(3);
    outcome.expect_told(["letters fed again: 0", "1 left out"]);
}

#[test]
fn a_retry_that_ends_early_tells_how_many_letters_it_fed() {
    let letters: Vec<String> = (0..5000).map(|n| format!("{{\"cog\":\"picky\",\"data\":{n}}}")).collect();
    let script = "let train = movement::train();
        train.update(fs::stdin_supply() |> cog(#{ name: \"picky\", callable: #{ run: |d| { if d == 100 { train.stop(); } d } } })
            |> movement::null_drain());
        train.run();";
    let outcome = Rig::new().command(["retry", "--strict-exit"]).script("picky.rhai", script).file("old.jsonl", letters.join("\n"));
    let outcome = outcome.args(["old.jsonl"]).run().expect_status(3);
    // It stops after the first part that it feeds in one go.
    outcome.expect_told(["letters fed again: 256, errors: 0; 4744 not fed, as the run ended before"]);
}
