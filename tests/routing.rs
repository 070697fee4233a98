//! Data that go one way or another: `twist::route`, and `reject` of filters; and how it is drawn.

use crate::rig::Rig;

/// A train whose supply gives these lines of JSON, and whose drain writes what `|> out` is given.
fn script(statements: &str) -> String {
    format!(
        "let train = movement::train();
let lines = fs::stdin_supply() |> text::json_parse();
let json = text::json_marshall(#{{ name: \"json\" }});
let out = json |> fs::stdout_drain();
train.update(out);
fn mark(word) {{ |d| {{ d.by = word; d }} }}
{statements}
train.run();
"
    )
}

fn run(statements: &str, input: &str) -> Vec<String> {
    let done = Rig::new().script("route.rhai", &script(statements)).stdin(input).run().expect_status(0);
    assert!(!done.stderr.contains("error"), "{}", done.stderr);
    let mut lines: Vec<String> = done.stdout.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

const INPUT: &str = "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n{\"n\":6}\n";

#[test]
fn the_first_case_that_fits_takes_a_datum() {
    let cases = "[[|d| d.n % 2 == 0, mark(\"even\") |> json], [|d| d.n > 2, cog(mark(\"large\")) |> json], [|d| d.n == 1, ()]]";
    let written = run(&format!("train.update(lines |> twist::route({cases}));"), INPUT);
    let wanted = [(2, "even"), (3, "large"), (4, "even"), (5, "large"), (6, "even")];
    assert_eq!(written, wanted.map(|(n, by)| format!("{{\"n\":{n},\"by\":\"{by}\"}}")));
}

#[test]
fn all_cases_that_fit_take_one_in_mode_all() {
    let route = "twist::route(#{ cases: [[|d| d.n % 2 == 0, mark(\"even\") |> json], [|d| d.n > 4, cog(mark(\"large\")) |> json]],
        otherwise: cog(mark(\"none\")) |> json, mode: \"all\" })";
    let written = run(&format!("train.update(lines |> {route});"), INPUT);
    let wanted = [(1, "none"), (2, "even"), (3, "none"), (4, "even"), (5, "large"), (6, "even"), (6, "large")];
    assert_eq!(written, wanted.map(|(n, by)| format!("{{\"n\":{n},\"by\":\"{by}\"}}")));
}

#[test]
fn what_fits_no_case_goes_on_in_the_line_or_is_swallowed_where_it_ends() {
    let cases = "[[|d| d.n % 2 == 0, mark(\"even\") |> json]]";
    let on = run(&format!("train.update(lines |> twist::route({cases}) |> json);"), INPUT);
    assert_eq!(on.len(), 6);
    assert_eq!(on.iter().filter(|line| line.contains("even")).count(), 3);
    let done = Rig::new()
        .script("route.rhai", &script(&format!("train.update(lines |> twist::route({cases}));")))
        .stdin(INPUT)
        .run()
        .expect_status(0);
    assert_eq!(done.stdout.lines().count(), 3);
}

#[test]
fn filters_send_what_does_not_pass_to_reject() {
    for filter in [
        "twist::filter(|d| d.n > 4, #{ reject: cog(mark(\"small\")) |> json })",
        "ip::filter_base(#{ filter: |d| d.n > 4, reject: cog(mark(\"small\")) |> json })",
        "twist::set_items(#{ ip: |d| `192.0.2.${d.n}` }) |> ip::ip_filter(#{ ip_getter: \"ip\", ranges: \"192.0.2.5-192.0.2.9\", reject: cog(mark(\"small\")) |> json })",
    ] {
        let written = run(&format!("train.update(lines |> {filter} |> json);"), INPUT);
        let small = written.iter().filter(|line| line.contains("\"by\":\"small\"")).count();
        assert_eq!((written.len(), small), (6, 4), "{filter}: {written:?}");
    }
}

#[test]
fn what_goes_different_ways_and_comes_together_keeps_its_order() {
    let lines = (0..1000).map(|n| format!("{{\"n\":{n}}}\n")).collect::<Vec<_>>().concat();
    for statements in [
        "train.update(lines |> twist::route([[|d| d.n % 3 == 0, json], [|d| d.n % 3 == 1, json]]) |> json);",
        "train.update(lines |> filter(|d| d.n % 3 == 0, #{ reject: cog(|d| d) |> cog(|d| d) |> json }) |> json);",
        "train.update(lines |> twist::route(#{ cases: [[|d| d.n % 7 < 4, cog(|d| d) |> json], [|d| true, json]], otherwise: json }));",
    ] {
        let done = Rig::new().script("route.rhai", &script(statements)).stdin(&lines).run().expect_status(0);
        assert!(done.stdout == lines, "{statements}: {}", &done.stdout[..300]);
    }
}

#[test]
fn a_test_that_fails_is_no_no() {
    let route = "twist::route(#{ cases: [[|d| { if d.n == 2 { throw \"odd\"; } d.n > 2 }, ()]], otherwise: json, on_error: \"drop\" })";
    let done = Rig::new()
        .script("route.rhai", &script(&format!("train.update(lines |> {route});")))
        .stdin("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n")
        .run()
        .expect_status(0);
    assert_eq!(done.stdout, "{\"n\":1}\n");
}

#[test]
fn branches_are_drawn_with_the_options_that_lead_to_them() {
    let text = script(
        "train.update(lines |> twist::route(#{ name: \"which\", cases: [[|d| d.n > 2, json], [|d| d.n > 1, ()], [|d| true, json]], otherwise: movement::null_drain(#{ name: \"gone\" }) }));",
    );
    let rig = Rig::new().script("route.rhai", &text);
    let dot = rig.command(["dot"]).run().expect_status(0);
    assert!(dot.stdout.contains("[label=\"cases[0], cases[2]\"]") && dot.stdout.contains("[label=\"otherwise\"]"), "{}", dot.stdout);
}

#[test]
fn what_cannot_be_a_case_is_told_with_its_place() {
    for (cases, told) in [
        ("[]", "must have one case at least"),
        ("[1]", "number 1 is no array of two"),
        ("[[|d| true, json], [3, json]]", "number 2 has `int` as its test"),
        ("[[|d| true, 3]]", "number 1 has `int` as its cog"),
        ("#{}", "an array of cases"),
    ] {
        let text = script(&format!("train.update(lines |> twist::route(#{{ cases: {cases} }}));"));
        let checked = Rig::new().command(["check"]).script("route.rhai", &text).run().expect_status(2);
        assert!(checked.stderr.contains(told) && checked.stderr.contains("route.rhai:7"), "{cases}: {}", checked.stderr);
    }
}

#[test]
fn a_branch_that_leads_back_is_a_circle() {
    let text = script(
        "let route = twist::route(#{ name: \"which\", cases: [[|d| true, json]] });\ntrain.update(lines |> route); train.update(json |> route);",
    );
    let checked = Rig::new().command(["check"]).script("route.rhai", &text).run().expect_status(2);
    assert!(checked.stderr.contains("which -> json -> which") || checked.stderr.contains("json -> which -> json"), "{}", checked.stderr);
}
