//! Joining cogs: `|>`, `train_line`, `train_split` and pairs; splits, joins, and the order of data along them.

use crate::rig::Rig;

const COGS: &str = "let train = movement::train();
let a = movement::tick_supply(#{ name: \"a\", every: 0, count: 2, data: 1 });
let b = cog(#{ name: \"b\", callable: |d| d + 10 });
let c = cog(#{ name: \"c\", callable: |d| d + 20 });
let d = cog(#{ name: \"d\", callable: |d| d });
let e = text::json_marshall(#{ name: \"e\" });
let f = fs::stdout_drain(#{ name: \"f\" });
";

/// The graph that these statements make, as DOT, and what running it writes.
fn joined(statements: &str) -> (String, String) {
    let script = format!("{COGS}{statements}\ntrain.run();\n");
    let dot = Rig::new().command(["dot"]).script("join.rhai", &script).run().expect_status(0);
    // Cogs that are not needed are told of, and that is all.
    assert!(!dot.stderr.contains("error"), "{statements}: {}", dot.stderr);
    let run = Rig::new().script("join.rhai", &script).run().expect_status(0);
    (dot.stdout, run.stdout)
}

#[test]
fn every_way_to_write_a_line_makes_the_same_graph() {
    let (dot, written) = joined("train.update(a |> b |> d |> e |> f);");
    assert_eq!(written, "11\n11\n");
    for same in [
        "train.update(movement::train_line(a, b, d, e, f));",
        "train.update(movement::train_line([a, b, d, e, f]));",
        "let line = a |> b; train.update(line |> (d |> e |> f));",
        "train.update(a |> b); train.update(b |> d |> e); train.update(movement::train_line(e, f));",
        "train.update([[a, [b]], [b, [d]], [d, [e]], [e, [f]]]);",
        "movement::train().update(a |> b |> d |> e |> f);",
    ] {
        assert_eq!(joined(same).0, dot, "{same}");
    }
}

#[test]
fn every_way_to_write_a_split_makes_the_same_graph() {
    let (dot, written) = joined("train.update(a |> [b, c] |> d |> e |> f);");
    // Each datum goes all the way on the first branch before the second has its copy; a batch is a unit.
    assert_eq!(written.lines().filter(|line| *line == "11").count(), 2);
    assert_eq!(written.lines().filter(|line| *line == "21").count(), 2);
    for same in [
        "train.update(movement::train_split(a, [b, c])); train.update([b, c] |> d |> e |> f);",
        "train.update(movement::train_split(a, b, c)); train.update([b, c] |> d |> e |> f);",
        "train.update([[a, [b, c]], [b, [d]], [c, [d]], [d, [e]], [e, [f]]]);",
        "train.update(a |> [b, c]); train.update([b |> d, c |> d]); train.update(d |> e |> f);",
    ] {
        let (other, rewritten) = joined(same);
        assert_eq!(other, dot, "{same}");
        assert_eq!(rewritten, written, "{same}");
    }
}

#[test]
fn a_line_can_be_put_in_twice_and_is_one() {
    let (_, written) =
        joined("let line = a |> b; train.update(line |> d |> e |> f); train.update(line |> cog(|d| d + 1) |> movement::null_drain());");
    assert_eq!(written, "11\n11\n");
}

#[test]
fn names_are_unique_and_those_that_were_given_come_first() {
    let (dot, _) = joined("train.update(a |> map(|d| d) |> map(|d| d) |> map(#{ func: |d| d, name: \"map2\" }) |> e |> f);");
    let shown = Rig::new()
        .command(["--log-level", "info", "run"])
        .script(
            "join.rhai",
            &format!(
                "{COGS}train.update(a |> map(|d| d) |> map(|d| d) |> map(#{{ func: |d| d, name: \"map2\" }}) |> e |> f);\ntrain.run();"
            ),
        )
        .run();
    for name in ["map: ", "map2: ", "map3: "] {
        assert_eq!(shown.stderr.lines().filter(|line| line.contains(&format!(" {name}"))).count(), 1, "{name}: {}\n{dot}", shown.stderr);
    }
}

#[test]
fn heads_and_tails_of_branches_join() {
    let (_, written) = joined("train.update(a |> [b |> c, d] |> e |> f);");
    let mut lines: Vec<&str> = written.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["1", "1", "31", "31"]);
    let (dot, _) = joined("train.update([a, movement::tick_supply(#{ count: 0 })] |> [b, c] |> e |> f);");
    assert_eq!(dot.matches(" -> ").count(), 2 * 2 + 2 + 1, "{dot}");
}

#[test]
fn a_closure_stands_in_a_line_in_parentheses_or_braces() {
    let (_, written) = joined("train.update(a |> (|n| n + 1) |> || { this += 1; } |> e |> f);");
    assert_eq!(written, "3\n3\n");
}

#[test]
fn a_cog_may_feed_none_and_a_drain_may_feed_on() {
    let (_, written) = joined("train.update(a |> e |> f |> fs::line_file_drain(\"copy.txt\"));");
    assert_eq!(written, "1\n1\n");
    joined("train.update(a |> [b, e |> f]);");
}

#[test]
fn branches_have_copies_of_their_own() {
    let script = "let train = movement::train();
        train.update(fs::stdin_supply() |> text::json_parse()
            |> [cog(|| { this.branch = 1; }), cog(|| { this.other = this.branch == (); })]
            |> text::json_marshall() |> fs::stdout_drain());
        train.run();";
    let outcome = Rig::new().script("copies.rhai", script).stdin("{\"n\":0}\n").run().expect_status(0);
    outcome.expect_stdout("{\"n\":0,\"branch\":1}\n{\"n\":0,\"other\":true}\n");
}

#[test]
fn order_along_a_line_is_kept_over_many_reads() {
    let input = (0..50_000).map(|n| format!("{n}\n")).collect::<Vec<_>>().concat();
    let outcome = Rig::piping("cog(|| {}) |> [cog(|| {}), filter(|line| line.ends_with(\"7\"))]").stdin(&input).run().expect_status(0);
    let mut whole = Vec::new();
    let mut sevens = Vec::new();
    let mut last: Option<u64> = None;
    for line in outcome.stdout.lines() {
        let n: u64 = line.parse().expect("a number");
        // A batch is repeated, in part, when its second branch comes.
        if last.is_some_and(|last| n <= last) || line.ends_with('7') && whole.last() >= Some(&n) {
            sevens.push(n);
        } else if n == whole.len() as u64 {
            whole.push(n);
        } else {
            sevens.push(n);
        }
        last = Some(n);
    }
    assert_eq!(whole, (0..50_000).collect::<Vec<u64>>());
    assert_eq!(sevens, (0..50_000).filter(|n| n % 10 == 7).collect::<Vec<u64>>());
}

#[test]
#[cfg(feature = "dns")]
fn the_graph_of_the_resolver_is_drawn() {
    let script = crate::rig::root().join("scripts/ip_resolve.rhai");
    let outcome = Rig::new().command(["dot"]).args([script.to_str().expect("the repository's path is text")]).run().expect_status(0);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("ip_resolve.dot", outcome.stdout);
    });
}
