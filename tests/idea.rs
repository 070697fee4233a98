//! What scripts call to make IDEA messages, in closures of a running train.

use crate::rig::Rig;

#[test]
fn closures_make_messages_and_put_their_node_first() {
    let outcome = Rig::json(
        "let node = #{ Name: \"org.example.b\" };",
        "cog(|d| twist::idea_new(d)) |> cog(|| { this = twist::idea_add_node(this, node); })",
    )
    .stdin("{\"ID\":\"x\",\"CreateTime\":\"2026-03-01T10:12:13Z\",\"Node\":[{\"Name\":\"a\"}]}\n{\"ID\":null}\n")
    .run()
    .expect_status(0)
    .expect_stderr("");
    let lines: Vec<serde_json::Value> = outcome.stdout.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    assert_eq!(lines[0]["Node"], serde_json::json!([{"Name": "org.example.b"}, {"Name": "a"}]));
    assert_eq!(
        (&lines[0]["ID"], &lines[0]["CreateTime"], &lines[0]["Format"]),
        (&"x".into(), &"2026-03-01T10:12:13Z".into(), &"IDEA0".into())
    );
    let text = |key: &str| lines[1][key].as_str().expect("it is text").to_owned();
    assert_eq!((text("ID").len(), text("CreateTime").ends_with('Z')), (36, true));
}

#[test]
fn what_is_no_message_is_told_with_its_place() {
    let outcome = Rig::json("", "cog(|d| twist::idea_add_node(d, #{ Name: \"b\" }))").stdin("{\"Node\":\"a\"}\n").run();
    outcome.expect_told(["`Node` of an IDEA message is an array of maps, not `string`", "pipe.rhai:3:"]);
}
