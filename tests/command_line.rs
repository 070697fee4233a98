//! The commands themselves: how scripts are started, how the program ends, what it tells about itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::rig::{Outcome, Rig};

const ECHO: &str = "let train = movement::train();\ntrain.update(fs::stdin_supply() |> fs::stdout_drain());\ntrain.run();\n";

#[test]
fn a_script_is_run_with_and_without_the_word() {
    Rig::new().script("echo.rhai", ECHO).stdin("a\n").run().expect_status(0).expect_stdout("a\n").expect_stderr("");
    Rig::new().command([]).script("echo.rhai", ECHO).stdin("a\n").run().expect_status(0).expect_stdout("a\n");
    Rig::new().command(["--log-level", "error"]).script("echo.rhai", ECHO).stdin("a\n").run().expect_status(0).expect_stdout("a\n");
}

#[test]
fn a_script_with_a_first_line_for_the_shell_is_a_program() {
    let rig = Rig::new().script("echo", &format!("#!/usr/bin/env deadbeat\n{ECHO}")).stdin("a\n");
    fs::set_permissions(rig.path("echo"), fs::Permissions::from_mode(0o755)).expect("the file is ours");
    rig.start_script().expect_exit(0).expect_stdout("a\n");
    // Its lines keep their numbers.
    let outcome = Rig::new().script("bad", "#!/usr/bin/env deadbeat\n\nlet x = ;\n").run().expect_status(2);
    assert!(outcome.stderr.contains("bad:3:9"), "{}", outcome.stderr);
}

#[test]
fn another_directory_is_entered_first() {
    let rig = Rig::new().command(["-C", "sub", "run"]).file("sub/in.txt", "a\n").file("sub/echo.rhai", "").script(
        "sub/echo.rhai",
        "let train = movement::train();\ntrain.update(fs::file_watcher_supply(#{ filenames: \"in.txt\", tail: false }) |> fs::line_file_drain(\"out.txt\"));\ntrain.run();\n",
    );
    let rig = rig.named("echo.rhai");
    rig.run().expect_status(0).expect_file("sub/out.txt", "a\n");
    Rig::new().command(["-C", "nowhere", "run"]).script("echo.rhai", ECHO).run().expect_status(2).expect_told(["cannot go to `nowhere`"]);
}

#[test]
fn a_script_that_is_not_there_is_told() {
    Rig::new().args(["nowhere.rhai"]).run().expect_status(2).expect_told(["cannot read `nowhere.rhai`: no such file or directory"]);
    Rig::new().args(["."]).run().expect_status(2).expect_told(["cannot read `.`"]);
    Rig::new().file("latin.rhai", b"// \xe9\n").args(["latin.rhai"]).run().expect_status(2).expect_told(["not UTF-8", "line 1"]);
    Rig::new().command([]).args(["chekc"]).run().expect_status(2).expect_told(["chekc", "did you mean `check`?"]);
    Rig::new().command([]).run().expect_status(2).expect_told(["Usage"]);
}

#[test]
fn the_exit_status_is_the_scripts_where_no_train_runs() {
    Rig::new().script("end.rhai", "exit(3);").run().expect_status(3);
    Rig::new().script("end.rhai", "let n = 4; n").run().expect_status(4);
    Rig::new().script("end.rhai", "let n = 4;").run().expect_status(0);
    Rig::new()
        .script("end.rhai", &ECHO.replace("train.run()", "exit(train.run())"))
        .stdin("a\n")
        .run()
        .expect_status(0)
        .expect_stdout("a\n");
    Rig::new()
        .script("end.rhai", &ECHO.replace("train.run()", "movement::run(train)"))
        .stdin("a\n")
        .run()
        .expect_status(0)
        .expect_stdout("a\n");
}

#[test]
fn what_is_to_be_done_afterwards_is_done_with_the_status() {
    let script = ECHO.replace("train.run()", "train.on_done(|status| log::warning(`ended with ${status}`));\ntrain.run()");
    Rig::new().script("done.rhai", &script).stdin("a\n").run().expect_status(0).expect_told(["ended with 0"]);
    let script = script.replace("fs::stdin_supply()", "fs::stdin_supply() |> cog(#{ callable: |d| throw \"no\", on_error: \"stop\" })");
    Rig::new().script("done.rhai", &script).stdin("a\n").run().expect_status(1).expect_told(["ended with 1"]);
}

#[test]
fn a_train_that_is_never_run_is_told() {
    let script = ECHO.replace("train.run();", "");
    Rig::new().script("never.rhai", &script).stdin("a\n").run().expect_status(0).expect_stdout("").expect_told(["never run"]);
}

#[test]
fn nothing_is_touched_before_the_run() {
    let script = "let train = movement::train();\ntrain.update(fs::stdin_supply() |> fs::line_file_drain(\"out.txt\"));\nlog::configure(#{ type: \"file\", file: \"log.txt\" });\ntrain.run();\n";
    for command in ["check", "dot", "explain"] {
        let outcome = Rig::new().command([command]).script("touch.rhai", script).run().expect_status(0);
        assert!(!outcome.path("out.txt").exists() && !outcome.path("log.txt").exists(), "{command}");
    }
}

#[test]
fn the_train_is_drawn_as_the_ending_or_the_format_says() {
    fn drawn<const N: usize>(args: [&str; N]) -> Outcome {
        Rig::new().command(["dot"]).script("echo.rhai", ECHO).args(args).run()
    }
    for (file, begin) in [
        ("a.dot", "digraph "),
        ("a.gv", "digraph "),
        ("plain", "digraph "),
        ("a.SVG", "<svg "),
        ("a.mmd", "%% echo.rhai\nflowchart LR\n"),
        ("a.json", "{\n"),
    ] {
        let outcome = drawn(["-o", file]).expect_status(0).expect_stdout("").expect_stderr("");
        assert!(outcome.file(file).starts_with(begin), "{file}: {}", outcome.file(file));
    }
    let svg = drawn(["--format", "svg"]).expect_status(0).stdout;
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    // What is asked for is stronger than an ending.
    let outcome = drawn(["-o", "a.png", "--format", "json"]).expect_status(0);
    let json: serde_json::Value = serde_json::from_str(&outcome.file("a.png")).expect("it is JSON");
    assert_eq!((&json["title"], &json["nodes"][0]["kind"]), (&"echo.rhai".into(), &"supply".into()));
    assert!(json["nodes"][0]["place"].as_str().is_some_and(|place| place.starts_with("echo.rhai:")), "{json}");
    assert_eq!((&json["edges"][0]["from"], &json["edges"][0]["error"]), (&json["nodes"][0]["name"], &false.into()));
    let refused = drawn(["-o", "a.png"]).expect_status(2).expect_told(["a.png", "--format", "svg"]);
    assert!(!refused.path("a.png").exists());
    drawn(["--format", "png"]).expect_status(2).expect_told(["png", "mermaid"]);
}

#[test]
fn closures_that_run_natively_are_told_and_what_keeps_others_back() {
    let script = r"let train = movement::train();
fn score(d) { d.n * 2 }
fn shout(text) { print(text); }
train.update(fs::stdin_supply()
    |> (|d| #{n: d.len()})
    |> cog(score)
    |> filter(|n| n > 2)
    |> cog(|d| {
        let all = [d];
        shout(d);
        all
    })
    |> cog(#{n: 0, run: |d| { this.n += 1; this.n }})
    |> fs::stdout_drain());
train.run();
";
    let told = "score       lowered
shout       not lowered: `print` at line 3
closure:5   lowered
closure:7   lowered
closure:8   not lowered: `print` in `shout` at line 3
closure:13  not lowered: a state in `this`
reads   stdin_supply
writes  stdout_drain
";
    Rig::new().command(["explain"]).script("told.rhai", script).run().expect_status(0).expect_stdout(told);
}

#[test]
fn a_drain_that_cannot_open_its_file_is_fatal() {
    let script =
        "let train = movement::train();\ntrain.update(fs::stdin_supply() |> fs::line_file_drain(\"no/such/dir/out.txt\"));\ntrain.run();\n";
    Rig::new()
        .script("open.rhai", script)
        .stdin("a\n")
        .run()
        .expect_status(1)
        .expect_told(["no/such/dir/out.txt", "no such file or directory"]);
}

#[test]
fn signals_end_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let running = Rig::new().command(["--log-level", "notice", "run"]).script("echo.rhai", ECHO).stdin_open().start();
        let running = running.feed("a\nhalf").wait_for_stdout("a\n").signal(signal).wait_for_stderr("ending in order");
        // Half a line is no line: only the input's own end completes it.
        running.expect_exit(0).expect_stdout("a\n");
    }
}

#[test]
fn counters_are_told_on_request_and_harmless_signals_do_no_harm() {
    let running = Rig::new().command(["--log-level", "notice", "run"]).script("echo.rhai", ECHO).stdin_open().start();
    let running = running
        .feed("a\n")
        .wait_for_stdout("a\n")
        .signal(Signal::USR1)
        .wait_for_stderr("1 in, 1 delivered, 0 filtered, 0 dead, 0 failed, 0 on their way; 0 split, 0 merged");
    let running = running
        .signal(Signal::PIPE)
        .signal(Signal::WINCH)
        .signal(Signal::CHILD)
        .signal(Signal::XFSZ)
        .signal(Signal::HUP)
        .wait_for_stderr("hangup");
    running.feed("b\n").wait_for_stdout("b\n").close_stdin().expect_exit(0).expect_stdout("a\nb\n");
}

#[test]
fn a_reader_that_leaves_early_ends_the_run_quietly() {
    let script = "let train = movement::train();\ntrain.update(movement::tick_supply(#{ every: 0, data: \"line\" }) |> fs::stdout_drain());\ntrain.run();\n";
    let rig = Rig::new().script("flood.rhai", script);
    rig.start_with_head(3).expect_exit(0).expect_stdout("line\nline\nline\n").expect_stderr("");
}

#[test]
fn standard_input_may_be_a_file_or_nothing() {
    let lines = "line\n".repeat(5000);
    Rig::new()
        .script("echo.rhai", ECHO)
        .file("in.txt", &lines)
        .stdin_file("in.txt")
        .run()
        .expect_status(0)
        .expect_stdout(&lines)
        .expect_stderr("");
    Rig::new().script("echo.rhai", ECHO).run().expect_status(0).expect_stdout("");
    Rig::new().script("echo.rhai", ECHO).stdin("no line end").run().expect_status(0).expect_stdout("no line end\n");
}

#[test]
fn help_and_version_go_to_standard_output() {
    let outcome = Rig::new().command([]).args(["--help"]).run().expect_status(0).expect_stderr("");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("help", outcome.stdout);
    });
    let version = format!("deadbeat {}\n", env!("CARGO_PKG_VERSION"));
    Rig::new().command([]).args(["--version"]).run().expect_status(0).expect_stdout(&version);
}

#[test]
fn cogs_are_listed_and_shown() {
    let list = Rig::new().command(["cogs"]).run().expect_status(0);
    for spec in deadbeat::cogs::COGS {
        assert!(list.stdout.contains(&spec.path()), "{}", spec.path());
        let page = Rig::new().command(["cogs"]).args([&spec.path()]).run().expect_status(0);
        assert!(spec.params.iter().all(|param| page.stdout.contains(param.name)), "{}", page.stdout);
    }
    Rig::new().command(["cogs"]).args(["cvs_parse"]).run().expect_status(2).expect_told(["did you mean `csv_parse`?"]);
}

#[test]
fn reports_can_be_read_by_tools() {
    let rig = Rig::new().command(["check", "--format", "json"]).script("bad.rhai", "movement::tick_supply(#{ evry: 1 });\n");
    let outcome = rig.run().expect_status(2);
    let report: serde_json::Value = serde_json::from_str(outcome.stdout.lines().next().expect("a line")).expect("it is JSON");
    assert_eq!(report["severity"], "error");
    assert_eq!((report["code"].as_str(), report["line"].as_i64(), report["column"].as_i64()), (Some("D0201"), Some(1), Some(26)));
    assert_eq!(report["hint"], "did you mean `every`?");
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let bad = "movement::tick_supply(#{ evry: 1 });\n";
    assert!(!Rig::new().script("bad.rhai", bad).run().stderr.contains('\x1b'));
    assert!(Rig::new().command(["--color", "always", "run"]).script("bad.rhai", bad).run().stderr.contains("\x1b[1;31merror[D0201]"));
}

#[test]
fn faults_told_to_tools_hold_no_secrets() {
    let script = "let item = conf::cfg_item(\"token\", conf::cast_string, \"Who we are\", \"open-sesame\", #{ secret: true });\n\
                  let cfg = conf::gather(#{ typedef: conf::cfg_root([item]), name: \"x\" });\nthrow \"refused: \" + cfg.token;\n";
    let outcome = Rig::new().command(["check", "--format", "json"]).script("secret.rhai", script).run().expect_status(2);
    assert!(outcome.stdout.contains("refused: ***") && !outcome.stdout.contains("sesame"), "{}", outcome.stdout);
}
