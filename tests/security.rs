//! Attacks of the kinds that the program promises to withstand, on the real binary. What only root can try is tried as root.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use crate::rig::Rig;

/// A script that writes what comes to `out.txt` and logs to `log.txt`.
const WRITING: &str = "log::configure(#{ type: \"file\", file: \"log.txt\", priority: \"debug\" });
let train = movement::train();
train.update(fs::stdin_supply() |> cog(|line| { if line == \"bad\" { throw \"no\"; } line }) |> fs::line_file_drain(\"out.txt\"));
train.run();
";

/// Letters that a terminal would obey, or that turn the direction of writing.
const ORDERS: [&str; 6] = ["\u{1b}", "\u{7}", "\u{8}", "\r", "\u{9b}", "\u{202e}"];

fn assert_harmless(what: &str, text: &str) {
    for order in ORDERS {
        assert!(!text.contains(order), "{what} holds {order:?}:\n{text:?}");
    }
}

#[test]
fn files_are_made_with_their_modes_whatever_the_umask_is() {
    for umask in ["000", "022", "077", "777"] {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        fs::write(dir.path().join("write.rhai"), WRITING).expect("a file can be written");
        fs::write(dir.path().join("in.txt"), "a\nbad\nb\n").expect("a file can be written");
        let status = Command::new("sh")
            .args(["-c", "umask \"$0\" && exec \"$1\" run write.rhai", umask, env!("CARGO_BIN_EXE_deadbeat")])
            .stdin(fs::File::open(dir.path().join("in.txt")).expect("it was written"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir(dir.path())
            .status()
            .expect("there is a shell");
        assert!(status.success(), "umask {umask}: {status}");
        for name in ["out.txt", "log.txt"] {
            let mode = fs::metadata(dir.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}")).mode() & 0o7777;
            assert_eq!(mode, 0o640, "umask {umask}, {name}: {mode:o}");
        }
    }
}

#[test]
fn what_data_hold_gives_no_orders_to_a_terminal() {
    let hostile = "x\u{1b}]0;owned\u{7}\u{1b}[2J\u{8}\u{9b}31m\u{202e}y\rz";
    let json = format!("\"{}\"\n", hostile.chars().map(|c| format!("\\u{:04x}", c as u32)).collect::<Vec<_>>().concat());
    for cog in [
        "cog(|line| { throw line; })",
        "cog(|line| { print(line); debug(line); throw #{ a: [line] }; })",
        "cog(|line| { line.no.such.thing; parse_int(line); })",
        "cog(|line| { Fn(line).call(1); })",
        "cog(|line| { let m = #{}; m[line] = |x| x; m })",
        "cog(|line| { movement::catching(1, || throw line); })",
    ] {
        for lowers in [true, false] {
            let rig = Rig::json("", cog).stdin(&json);
            let outcome = if lowers {
                rig.command(["--log-level", "debug", "run"]).run()
            } else {
                rig.command(["--log-level", "debug", "run", "--no-lower"]).run()
            };
            assert_harmless(cog, &outcome.stderr);
            assert!(!outcome.stderr.is_empty(), "{cog}: nothing was told");
        }
    }
}

#[test]
fn broken_input_is_quoted_without_orders() {
    let line = "{\"a\": \u{1b}[31m\u{7}\u{202e}}\n";
    let outcome = Rig::json("", "cog(|d| d)").stdin(line).run();
    assert_harmless("the error of a line", &outcome.stderr);
    assert!(!outcome.stderr.is_empty());
}

#[test]
fn a_secret_is_in_no_error_text_print_or_graph() {
    let script = "let cfg = conf::gather(#{ name: \"x\", typedef: [conf::cfg_item(\"password\", conf::cast_string, \"a password\", \"none\", #{ secret: true })] });
let train = movement::train();
train.update(fs::stdin_supply()
    |> cog(|line| { print(cfg.password); debug([cfg.password]); throw `it was ${cfg.password}`; })
    |> fs::stdout_drain());
train.run();
";
    for lowers in [true, false] {
        let rig = Rig::new().script("secret.rhai", script).args(["--password=hunter2-hunter2"]).stdin("a\n");
        let outcome = if lowers {
            rig.command(["--log-level", "debug", "run"]).run()
        } else {
            rig.command(["--log-level", "debug", "run", "--no-lower"]).run()
        };
        assert!(outcome.stderr.contains("it was"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("hunter2") && !outcome.stdout.contains("hunter2"), "{}\n{}", outcome.stderr, outcome.stdout);
    }
}

#[test]
fn a_library_is_not_found_through_a_way_out() {
    for way in ["../x", "/etc/passwd", "lib/../../x", "link"] {
        let rig = Rig::new().script("way.rhai", &format!("import \"{way}\" as x;\n"));
        std::os::unix::fs::symlink("/etc/hostname", rig.path("link.rhai")).expect("a link can be made");
        let outcome = rig.run().expect_status(2);
        assert!(outcome.stderr.contains("D0106"), "{way}: {}", outcome.stderr);
    }
}
