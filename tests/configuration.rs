//! A script's own options: defaults, files, switches; help; faults; secrets.

use crate::rig::Rig;

const SCRIPT: &str = r#"let def = conf::cfg_root([
    conf::cfg_item("greeting", conf::cast_string, "What to say", "hello"),
    conf::cfg_item("times", conf::cast_int, "How often", 1),
    conf::cfg_item("loud", conf::cast_boolean, "In capitals", false),
    conf::cfg_item("token", conf::cast_string, "Who we are", "none", #{ secret: true }),
    conf::cfg_section("filter", [
        conf::cfg_item("source_ip", conf::cast_list, "Addresses", []),
        conf::cfg_item("needed", conf::cast_string, "Must be given"),
    ], "What passes"),
    conf::cfg_section("config", conf::cfg_base_config, "Configuration"),
    conf::cfg_section("log", log::log_base_config, "Logging"),
]);
let cfg = conf::gather(#{ typedef: def, name: "greet", description: "Greets", files: ["site.json"] });
log::configure(cfg.log);
log::debug_marker(cfg.token);
let text = `${cfg.greeting} ${cfg.times} ${cfg.loud} ${cfg.filter.source_ip} ${cfg.filter.needed}`;
let train = movement::train();
train.update(movement::tick_supply(#{ count: 1, data: text }) |> fs::stdout_drain());
train.run();
"#;

fn greet() -> Rig {
    Rig::new().script("greet.rhai", &SCRIPT.replace("log::debug_marker(cfg.token);\n", ""))
}

#[test]
fn switches_override_named_files_which_override_the_developers_file() {
    let site =
        "# of the site\n{\n  \"greeting\": \"site\",\n  ; another comment\n  \"times\": 2,\n  \"filter\": {\"needed\": \"a # b\"}\n}\n";
    let extra = "{\"times\": 3, \"loud\": true, \"filter\": {\"source_ip\": [\"x\"]}}";
    greet().args(["--filter.needed", "n"]).run().expect_status(0).expect_stdout("hello 1 false [] n\n");
    greet().file("site.json", site).run().expect_status(0).expect_stdout("site 2 false [] a # b\n");
    let rig = greet().file("site.json", site).file("extra.json", extra).args(["--config.filenames", "extra.json"]);
    rig.run().expect_status(0).expect_stdout("site 3 true [\"x\"] a # b\n");
    let rig = greet().file("site.json", site).file("extra.json", extra);
    let rig = rig.args(["--config.filenames=extra.json", "--times=4", "--no-loud", "--filter.source-ip", "a,b", "--filter.source_ip=c"]);
    rig.run().expect_status(0).expect_stdout("site 4 false [\"c\"] a # b\n");
}

#[test]
fn help_lists_the_scripts_own_options() {
    let outcome = greet().args(["--help"]).run().expect_status(0).expect_stderr("");
    for text in [
        "deadbeat run greet.rhai",
        "Greets",
        "--greeting",
        "What to say",
        "hello",
        "--filter.source-ip",
        "What passes",
        "--log.file",
        "--[no-]loud",
    ] {
        assert!(outcome.stdout.contains(text), "`{text}` is not in\n{}", outcome.stdout);
    }
}

#[test]
fn an_unknown_option_is_told_with_the_nearest() {
    let outcome = greet().args(["--filter.needed", "n", "--greting", "x"]).run().expect_status(2);
    outcome.expect_told(["--greting", "did you mean `--greeting`?"]);
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let site = "{\n  \"times\": \"often\",\n  \"greting\": 1,\n  \"filter\": 5\n}\n";
    let outcome = greet().file("site.json", site).args(["--loud=perhaps", "--nonsense"]).run().expect_status(2).expect_stdout("");
    outcome.expect_told([
        "site.json:2:12",
        "`often` is not an integer",
        "`greting`",
        "did you mean `greeting`",
        "filter",
        "perhaps",
        "--nonsense",
        "filter.needed",
        "errors: nothing was run",
    ]);
}

#[test]
fn a_file_that_cannot_be_used_is_told() {
    let rig = greet().file("broken.json", "# fine\n{\"times\": }\n").args([
        "--config.filenames",
        "broken.json,gone.json",
        "--filter.needed",
        "n",
    ]);
    rig.run().expect_status(2).expect_told(["broken.json:2:11", "gone.json"]);
    let rig = greet().args(["--config.filenames", ".", "--filter.needed", "n"]);
    rig.run().expect_status(2).expect_told(["."]);
}

#[test]
fn options_of_a_script_that_takes_none_are_refused() {
    let script =
        "let train = movement::train();\ntrain.update(movement::tick_supply(#{ count: 1 }) |> movement::null_drain());\ntrain.run();\n";
    Rig::new()
        .script("plain.rhai", script)
        .args(["--strict-exit"])
        .run()
        .expect_status(2)
        .expect_told(["takes no options", "stand before the script"]);
}

#[test]
fn check_and_dot_put_in_what_nobody_gives() {
    greet().command(["check"]).run().expect_status(0).expect_told(["placeholder", "filter.needed"]);
    greet().command(["dot"]).run().expect_status(0).expect_told(["placeholder", "filter.needed"]);
    let outcome = greet().command(["dot"]).args(["--", "--filter.needed", "here"]).run().expect_status(0).expect_stderr("");
    assert!(outcome.stdout.contains("here"), "{}", outcome.stdout);
}

#[test]
fn a_secret_shows_nowhere() {
    let script = SCRIPT
        .replace("log::debug_marker(cfg.token);", "log::warning(`token ${cfg.token}`);\nlet spy = cog(|d| throw `with ${cfg.token}`);")
        .replace(
            "train.update(",
            "train.update(movement::tick_supply(#{ name: \"spy\", count: 1, data: cfg.token }) |> spy);\ntrain.update(",
        )
        .replace("\"greet\"", "\"greet\", version: \"1\"");
    let secret = "hush-hush-hush";
    let rig = || {
        Rig::new()
            .script("greet.rhai", &script)
            .file("site.json", format!("{{\"token\": \"{secret}\", \"filter\": {{\"needed\": \"n\"}}}}"))
    };
    let dot = rig().command(["dot"]).run().expect_status(0);
    assert!(dot.stdout.contains("***") && !dot.stdout.contains(secret), "{}", dot.stdout);
    let run = rig().args(["--log.type", "file", "--log.file", "log.txt"]).run().expect_status(0).expect_told(["token ***", "with ***"]);
    assert!(!run.stderr.contains(secret) && !run.stdout.contains(secret) && !run.file("log.txt").contains(secret), "{}", run.stderr);
    assert!(run.file("log.txt").contains("with ***"), "{}", run.file("log.txt"));
    let dump = rig().args(["--dump-config"]).run().expect_status(0);
    assert!(dump.stdout.contains("***") && dump.stdout.contains("\"times\"") && !dump.stdout.contains(secret), "{}", dump.stdout);
    let wrong = rig().args(["--token.x", secret, "--times", secret]).run().expect_status(2);
    assert!(!wrong.stderr.contains(secret), "{}", wrong.stderr);
}

#[test]
fn the_log_goes_where_it_is_told_to() {
    let script = "log::configure(#{ type: \"file\", file: \"log.txt\", priority: \"debug\", stderr: \"error\", tag: \"me\" });\n\
        let train = movement::train();\ntrain.update(fs::stdin_supply() |> cog(|line| { log::dbg(line, \"seen\"); log::error(\"bad\"); line }) |> fs::stdout_drain());\ntrain.run();\n";
    let outcome = Rig::new().script("log.rhai", script).stdin("a\n").run().expect_status(0).expect_stderr("me: error: bad\n");
    let log = outcome.file("log.txt");
    assert!(log.contains("] DEBUG a: seen\n") && log.contains("] ERROR bad\n"), "{log}");
}
