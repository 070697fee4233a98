//! A cog that cannot begin: the run does not start, and what is told names the place where the script made the cog.

use crate::rig::Rig;

/// A supply, some lines of script, and what was made there, from line 5 on.
fn script(make: &str) -> String {
    format!(
        "let train = movement::train();\nlet lines = fs::stdin_supply();\nlet rest = movement::null_drain();\n\nlet made = {make};\ntrain.update(lines |> made |> rest);\ntrain.run();\n"
    )
}

fn supply(make: &str) -> String {
    script(make).replace("lines |> made", "made").replace("let lines = fs::stdin_supply();", "")
}

#[test]
fn what_keeps_a_cog_from_beginning_is_told_with_the_line_that_made_it() {
    let cases = [
        (script("ip::ip_filter(#{ ip_getter: \"ip\", file: \"none\" })"), "ip_filter: cannot read `none`: no such file or directory"),
        (script("ip::ip_filter(#{ ip_getter: \"ip\", file: \"bad\" })"), "ip_filter: `bad`: line 1 is no address"),
        (script("ip::net_lexicon(#{ file: \"bad\" })"), "net_lexicon: `bad`: line 1"),
        (script("ip::geoip(\"bad\")"), "geoip: `bad`: is no MaxMind DB"),
        (script("text::const_lexicon(#{ file: \"none\", key_getter: \"k\" })"), "const_lexicon: cannot read `none`"),
        (script("text::jinja_marshall(#{ template_file: \"template\", name: \"page\" })"), "page: `template`: line 1, column 4"),
        (script("fs::line_file_drain(\"none/out\")"), "line_file_drain: option `path`: cannot open `none/out`: no such file or directory"),
        (script("email::maildir_drain(\"none\")"), "maildir_drain: option `path`: there is no `none/tmp`"),
        (script("cryptopan::crypto_pan(#{ key_file: \"bad\" })"), "crypto_pan: `bad` is no key of 32 bytes: 9 were given"),
        (script("twist::hash(\"v\", #{ key_file: \"none\" })"), "hash: cannot read `none`"),
        (script("process::exec(#{ argv: \"no-such-program\" })"), "exec: cannot start `no-such-program`"),
        (
            supply("fs::file_watcher_supply(#{ filenames: \"a\", state_file: \"bad\" })"),
            "file_watcher_supply: state file `bad`: is no state file",
        ),
        (supply("fs::file_supply(\"none\")"), "file_supply: option `paths`: there is no `none`"),
        (supply("fs::filer_supply(#{ dir: \"none\", make_dirs: false })"), "filer_supply: cannot use `none/incoming`"),
        (supply("socket::socket_supply(\"none/socket\")"), "socket_supply: cannot listen at `none/socket`"),
    ];
    for (script, told) in cases {
        let outcome = Rig::new().script("start.rhai", &script).file("bad", "nonsense\n").file("template", "{{ x\n").run();
        let line = script.lines().nth(4).expect("it is made there");
        let wanted = format!("deadbeat: error: start.rhai:5: {told}");
        assert!(outcome.stderr.starts_with(&wanted), "{wanted}\n{}", outcome.stderr);
        let caret = format!("\n5 | {line}\n  | {}^", " ".repeat(line.find("::").expect("it is of a module") + 2));
        assert!(outcome.stderr.contains(&caret), "{caret}\n{}", outcome.stderr);
        outcome.expect_status(if told.contains("state file") { 2 } else { 1 });
    }
}

#[test]
fn a_missing_file_is_told_with_what_to_do() {
    let relative = Rig::new().script("start.rhai", &script("ip::geoip(\"none.mmdb\")")).run().stderr;
    assert!(relative.contains("  = hint: it is looked for from the directory that the program was started in, `/"), "{relative}");
    let drain = Rig::new().script("start.rhai", &script("fs::line_file_drain(\"none/out\")")).run().stderr;
    assert!(drain.ends_with("  = hint: `make_dirs: true` makes directories that are missing\n"), "{drain}");
}

#[test]
fn a_cog_that_a_library_made_is_told_with_the_line_of_the_library() {
    let library = "fn places() {\n    ip::geoip(\"none.mmdb\")\n}\n";
    let script = "import \"lib\" as lib;\nlet train = movement::train();\ntrain.update(fs::stdin_supply() |> lib::places() |> movement::null_drain());\ntrain.run();\n";
    let told = Rig::new().script("start.rhai", script).file("lib.rhai", library).run().expect_status(1).stderr;
    let wanted = "deadbeat: error: lib.rhai:2: geoip: cannot read `none.mmdb`: no such file or directory\n  |\n2 |     ip::geoip(\"none.mmdb\")\n  |         ^^^^^\n";
    assert!(told.starts_with(wanted), "{told}");
}

#[test]
fn what_the_script_throws_at_the_start_keeps_its_own_place() {
    let script = script("cog(#{ run: |d| d,\n    wind: || throw \"not today\" })");
    let told = Rig::new().script("start.rhai", &script).run().expect_status(1).stderr;
    assert!(told.starts_with("deadbeat: error: start.rhai:6:") && told.contains(": not today in `"), "{told}");
}
