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
