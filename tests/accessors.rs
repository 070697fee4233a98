//! Getters, setters and deleters, in every form in which a script may give them.

use crate::rig::Rig;

/// What `text::json_marshall` writes of this datum through that getter.
fn got(getter: &str, datum: &str) -> String {
    let cog = format!("text::json_marshall(#{{ data_getter: {getter} }}) |> text::json_parse()");
    let outcome = Rig::json("fn address(d) { d.src.ip }", &cog).stdin(format!("{datum}\n")).run().expect_status(0);
    assert_eq!(outcome.stderr, "", "{getter}");
    outcome.stdout.trim_end().to_owned()
}

/// What becomes of this datum when `7` is put in through that setter.
fn set(setter: &str, datum: &str) -> String {
    let cog = format!("text::json_parse(#{{ data_getter: constgetter(\"7\"), data_setter: {setter} }})");
    let outcome = Rig::json("fn put(d, v) { d.named = v; d }", &cog).stdin(format!("{datum}\n")).run().expect_status(0);
    assert_eq!(outcome.stderr, "", "{setter}");
    outcome.stdout.trim_end().to_owned()
}

#[test]
fn getters_of_every_form_agree() {
    let datum = r#"{"src":{"ip":["a","b"]},"n":5}"#;
    for getter in [
        "\"src.ip\"",
        "pathgetter(\"src.ip\")",
        "|d| d.src.ip",
        "|| this.src.ip",
        "|d| { let src = d.src; src.ip }",
        "address",
        "|d| d[\"src\"][\"ip\"]",
    ] {
        assert_eq!(got(getter, datum), r#"["a","b"]"#, "{getter}");
    }
    assert_eq!(got("\"src.ip[-1]\"", datum), "\"b\"");
    assert_eq!(got("\"src.ip[*]\"", datum), r#"["a","b"]"#);
    assert_eq!(got("|d| d.src.ip[1]", datum), "\"b\"");
    assert_eq!(got("itemgetter(\"n\")", datum), "5");
    assert_eq!(got("itemgetter(\"n\", \"src\")", datum), r#"[5,{"ip":["a","b"]}]"#);
    assert_eq!(got("selfgetter", datum), datum);
    assert_eq!(got("constgetter(#{ a: 1 })", datum), r#"{"a":1}"#);
    assert_eq!(got("|d| d.n + 1", datum), "6");
    assert_eq!(got("|| \"text\"", datum), "\"text\"");
}

#[test]
fn setters_of_every_form_agree() {
    for setter in
        ["\"k\"", "itemsetter(\"k\")", "pathsetter(\"k\")", "|d, v| { d.k = v; d }", "|v| this.k = v", "|v| { let w = v; this.k = w; }"]
    {
        assert_eq!(set(setter, r#"{"z":1,"a":2}"#), r#"{"z":1,"a":2,"k":7}"#, "{setter}");
    }
    assert_eq!(set("\"a.b.c\"", "{}"), r#"{"a":{"b":{"c":7}}}"#);
    assert_eq!(set("put", "{}"), r#"{"named":7}"#);
    assert_eq!(set("selfsetter", "{\"a\":1}"), "7");
    assert_eq!(set("nullsetter", "{\"a\":1}"), "{\"a\":1}");
    assert_eq!(set("\"list[0]\"", "{\"list\":[1,2]}"), "{\"list\":[7,2]}");
}

#[test]
fn a_setter_that_forgets_to_give_back_the_datum_is_told() {
    let cog = "text::json_parse(#{ data_getter: constgetter(\"7\"), data_setter: |d, v| { d.k = v; } })";
    Rig::json("", cog)
        .stdin("{}\n")
        .run()
        .expect_status(0)
        .expect_stdout("")
        .expect_told(["must give the datum, but gave `()`", "values are copied"]);
}

#[test]
fn an_id_can_be_set_and_names_the_datum_in_the_log() {
    let script = "let train = movement::train();
        train.update(fs::stdin_supply(#{ data_setter: \"line\", id_setter: uuidsetter(\"id\") })
            |> cog(#{ name: \"picky\", id_getter: \"line\", callable: |d| if d.line == \"bad\" { throw \"no\" } else { d } })
            |> text::json_marshall() |> fs::stdout_drain());
        train.run();";
    let outcome = Rig::new().script("ids.rhai", script).stdin("good\nbad\n").run().expect_status(0).expect_told(["error: bad: ", "picky"]);
    assert!(outcome.stdout.starts_with("{\"line\":\"good\",\"id\":\""), "{}", outcome.stdout);
    assert_eq!(outcome.stdout.trim_end().len(), "{\"line\":\"good\",\"id\":\"\"}".len() + 36, "{}", outcome.stdout);
}

#[test]
fn updaters_merge_a_map() {
    let cog = "text::json_parse(#{ data_getter: \"more\", data_setter: dictupdater })";
    Rig::json("", cog)
        .stdin("{\"more\":\"{\\\"a\\\":2,\\\"b\\\":3}\",\"a\":1}\n")
        .run()
        .expect_status(0)
        .expect_stdout("{\"more\":\"{\\\"a\\\":2,\\\"b\\\":3}\",\"a\":2,\"b\":3}\n");
}

/// The error of this getter on that datum.
fn refused(cog: &str, datum: &str) -> String {
    let outcome = Rig::json("", cog).stdin(format!("{datum}\n")).run().expect_status(0);
    assert_eq!(outcome.stdout, "", "{cog}");
    outcome.stderr
}

#[test]
fn items_are_named_by_key_or_by_place_from_either_end() {
    let list = r#"["a","b","c"]"#;
    assert_eq!(got("itemgetter(0)", list), "\"a\"");
    assert_eq!(got("itemgetter(-1)", list), "\"c\"");
    assert_eq!(got("itemgetter(-3, 1, 2, 0, 1, 2, 0, 1, 2, 0)", list), r#"["a","b","c","a","b","c","a","b","c","a"]"#);
    for (getter, datum, text) in [
        ("itemgetter(\"k\")", "{}", "no item `k`"),
        ("itemgetter(\"a\", \"k\")", r#"{"a":1}"#, "no item `k`"),
        ("itemgetter(3)", list, "no item"),
        ("itemgetter(-4)", list, "no item"),
        ("pathgetter(\"a.b\")", r#"{"a":{}}"#, "no item"),
    ] {
        let told = refused(&format!("text::json_marshall(#{{ data_getter: {getter} }}) |> text::json_parse()"), datum);
        assert!(told.contains(text), "{getter}: {told}");
    }
    assert_eq!(set("itemsetter(1)", list), r#"["a",7,"c"]"#);
    assert_eq!(set("itemsetter(-1)", list), r#"["a","b",7]"#);
    for place in ["3", "-4"] {
        let cog = format!("text::json_parse(#{{ data_getter: constgetter(\"7\"), data_setter: itemsetter({place}) }})");
        assert!(refused(&cog, list).contains("error: "), "{place}");
    }
}

#[test]
fn paths_lead_through_maps_and_arrays() {
    let datum = r#"{"s":[{"ip":["a","b"]},{"ip":["c"]},{"ip":[]}]}"#;
    assert_eq!(got("pathgetter(\"s[0].ip[-1]\")", datum), "\"b\"");
    assert_eq!(got("pathgetter(\"s[*].ip[*]\")", datum), r#"["a","b","c"]"#);
    assert_eq!(set("pathsetter(\"a.b[0].c\")", r#"{"a":{"b":[{}]}}"#), r#"{"a":{"b":[{"c":7}]}}"#);
    assert_eq!(set("pathsetter(\"s[-1].ip\")", datum), r#"{"s":[{"ip":["a","b"]},{"ip":["c"]},{"ip":7}]}"#);
    assert_eq!(set("pathsetter(\"s[*].x\")", datum), r#"{"s":[{"ip":["a","b"],"x":7},{"ip":["c"],"x":7},{"ip":[],"x":7}]}"#);
}

#[test]
fn uuids_are_fresh_and_go_where_they_are_wanted() {
    let cog = "text::json_parse(#{ data_getter: constgetter(\"7\"), data_setter: uuidsetter })";
    let outcome = Rig::json("", cog).stdin("{\"_id\":1}\n{}\n").run().expect_status(0);
    let ids: Vec<&str> = outcome.stdout.lines().filter_map(|line| line.strip_prefix("{\"_id\":\"")?.strip_suffix("\"}")).collect();
    assert_eq!(ids.len(), 2, "{}", outcome.stdout);
    assert_ne!(ids[0], ids[1]);
    for id in ids {
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert!(id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f' | '-')) && id.as_bytes()[14] == b'4', "{id}");
    }
}

#[test]
fn updaters_merge_at_a_key_and_take_maps_alone() {
    let cog = |at: &str| format!("text::json_parse(#{{ data_getter: \"more\", data_setter: dictupdater{at} }})");
    let datum = "{\"more\":\"{\\\"a\\\":2,\\\"b\\\":3}\",\"k\":{\"z\":0,\"a\":1}}\n";
    let outcome = Rig::json("", &cog("(\"k\")")).stdin(datum).run().expect_status(0);
    assert!(outcome.stdout.ends_with("\"k\":{\"z\":0,\"a\":2,\"b\":3}}\n"), "{}", outcome.stdout);
    let outcome = Rig::json("", &cog("(\"new\")")).stdin(datum).run().expect_status(0);
    assert!(outcome.stdout.ends_with("\"new\":{\"a\":2,\"b\":3}}\n"), "{}", outcome.stdout);
    assert!(refused(&cog(""), "{\"more\":\"3\"}").contains("map"));
}

#[test]
fn catching_setn_and_appendn_convert_optional_fields() {
    let run = |body: &str, datum: &str| {
        let outcome = Rig::json("", &format!("cog(|d| {{ {body} }})")).stdin(format!("{datum}\n")).run().expect_status(0);
        (outcome.stdout.trim_end().to_owned(), outcome.stderr)
    };
    let is = |body: &str, datum: &str, wanted: &str| {
        let (stdout, stderr) = run(body, datum);
        assert_eq!((stdout.as_str(), stderr.as_str()), (wanted, ""), "{body}");
    };
    is("movement::catching(-1, || parse_int(d.n))", r#"{"n":"5"}"#, "5");
    is("movement::catching(-1, || parse_int(d.n))", r#"{"n":"x"}"#, "-1");
    is("movement::catching(-1, || throw \"no\")", "{}", "-1");
    // A property of what is itself not there is missing too.
    is("movement::catching(-1, || d.not.there, [\"missing\"])", "{}", "-1");
    is("movement::setn(d, \"m\", || parse_int(d.n))", r#"{"n":"5"}"#, r#"{"n":"5","m":5}"#);
    is("movement::setn(d, \"m\", || parse_int(d.n))", r#"{"n":"x"}"#, r#"{"n":"x"}"#);
    is("movement::setn(d, \"m\", || ())", r#"{"m":1}"#, r#"{"m":1}"#);
    is("movement::appendn(d, \"l\", || d.n)", r#"{"n":1}"#, r#"{"n":1,"l":[1]}"#);
    is("movement::appendn(d, \"l\", || d.n)", r#"{"n":1,"l":[0]}"#, r#"{"n":1,"l":[0,1]}"#);
    is("movement::appendn(d, \"l\", || throw 1)", r#"{"n":1}"#, r#"{"n":1}"#);
    // Of the kinds named alone.
    for (raises, kind) in
        [("throw 1", "thrown"), ("parse_int(\"x\")", "number"), ("1 % 0", "number"), ("[1][5]", "missing"), ("[1] - 2", "type")]
    {
        is(&format!("movement::catching(\"caught\", || {{ {raises} }}, [\"{kind}\"])"), "{}", "\"caught\"");
        let others: Vec<&str> = ["thrown", "number", "missing", "type"].into_iter().filter(|other| *other != kind).collect();
        let (stdout, stderr) = run(&format!("movement::catching(\"caught\", || {{ {raises} }}, {others:?})"), "{}");
        assert!(stdout.is_empty() && stderr.contains("error: "), "{raises}: {stdout} {stderr}");
    }
    let (stdout, stderr) = run("movement::catching(1, || 2, [\"odd\"])", "{}");
    assert!(stdout.is_empty() && stderr.contains("no kind of errors `odd`, only `thrown`"), "{stderr}");
}
