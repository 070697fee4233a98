//! Limits that the whole script meets: its size, its depth, how many there are of things; and data that come in too deep or huge.

use std::fmt::Write as _;

use std::time::{Duration, Instant};

use crate::rig::Rig;

fn refused(text: &str, told: &str) {
    let begin = Instant::now();
    let outcome = Rig::new().script("limit.rhai", text).run().expect_status(2);
    assert!(outcome.stderr.contains(told), "`{told}` is not in\n{}", &outcome.stderr[..outcome.stderr.len().min(2000)]);
    assert!(outcome.stderr.contains("limit.rhai"), "the file is not named");
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
}

#[test]
fn a_script_that_is_too_large_is_refused() {
    refused(&" ".repeat((1 << 20) + 1), "a script has at most 1048576");
}

#[test]
fn a_script_that_is_too_deep_is_refused() {
    refused(&format!("let a = {}1{};", "(".repeat(300), ")".repeat(300)), "complex");
    refused(&format!("let a = {}1{};", "[".repeat(300), "]".repeat(300)), "complex");
    refused(&format!("let a = {}1;", "- ".repeat(300)), "complex");
    refused(&format!("fn f() {{ {}1{} }}", "(".repeat(140), ")".repeat(140)), "complex");
    refused(&format!("{}{}", "{".repeat(300), "}".repeat(300)), "complex");
    refused(&format!("let a = 1{};", " + 1".repeat(300)), "complex");
    refused(&"(".repeat(1_000_000), "complex");
}

#[test]
fn too_many_functions_variables_and_modules_are_refused() {
    let mut functions = String::new();
    for n in 0..1001 {
        let _ = writeln!(functions, "fn f{n}() {{ {n} }}");
    }
    refused(&functions, "functions");
    let mut variables = String::new();
    for n in 0..1001 {
        let _ = writeln!(variables, "let v{n} = {n};");
    }
    refused(&variables, "variables");
}

#[test]
fn the_top_level_has_its_limits() {
    refused("let s = \"x\"; loop { s += s; }", "string");
    // Without optimization the way back out of these needs more stack than the system keeps free for certain.
    if !cfg!(debug_assertions) {
        refused("let f = || 1; loop { let g = f; f = || g.call(); }", "MiB of data");
    }
    refused("let n = 0; loop { n += 1; }", "in the script's top level");
    refused("fn deeper(n) { deeper(n + 1) } deeper(0);", "stack overflow");
}

#[test]
fn data_that_come_in_too_deep_or_huge_are_errors_of_their_own() {
    let deep = |open: &str, close: &str, times: usize| format!("{}1{}", open.repeat(times), close.repeat(times));
    for line in [
        deep("[", "]", 129),
        deep("[", "]", 100_000),
        deep("{\"a\":", "}", 1_000),
        "[".repeat(1_000_000),
        format!("1{}", "0".repeat(1_000_000)),
        format!("[{}0]", "0,".repeat(500_000)),
        format!("{{{}\"z\":0}}", (0..100_001).map(|n| format!("\"k{n}\":0,")).collect::<Vec<_>>().concat()),
        format!("\"{}\"", "\\u0000".repeat(1_000_000)),
    ] {
        for lowers in [true, false] {
            let rig = Rig::json("", "cog(|d| { let e = d; e.to_string(); d })").stdin(format!("{line}\n\"next\"\n"));
            let begin = Instant::now();
            let outcome = if lowers { rig.run() } else { rig.command(["run", "--no-lower"]).run() }.expect_status(0);
            assert!(outcome.stdout.ends_with("\"next\"\n"), "{}: {}", &line[..40], &outcome.stderr[..outcome.stderr.len().min(2000)]);
            assert!(begin.elapsed() < Duration::from_secs(10), "{}: {:?}", &line[..40], begin.elapsed());
        }
    }
}

#[test]
fn expressions_that_explode_are_refused_or_take_no_longer_than_others() {
    // Sizes that would multiply, and patterns that make others search for ever.
    for (pattern, line) in
        [("(a{1000}){1000}", "a"), ("((a{100}){100}){100}", "a"), ("(((((a{30}){30}){30}){30}){30})", "a"), ("\\\\pL{10000}", "a")]
    {
        let script = format!("let _ = text::regexp_parse(#{{ expression: \"{pattern}\" }});");
        let begin = Instant::now();
        let outcome = Rig::new().script("pattern.rhai", &script).stdin(line).run();
        assert!(outcome.status == 2, "{pattern}: {} {}", outcome.status, outcome.stderr);
        assert!(begin.elapsed() < Duration::from_secs(10), "{pattern}: {:?}", begin.elapsed());
    }
}
