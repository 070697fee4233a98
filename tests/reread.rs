//! Lists and tables in files: replaced under a running train by good ones and bad ones, and gone.

use rustix::process::Signal;

use crate::rig::Rig;

const SCRIPT: &str = r#"let train = movement::train();
train.update(
    fs::file_watcher_supply(#{ filenames: "in", start: "begin" })
    |> map(|text| #{ ip: text })
    |> ip::net_lexicon(#{ file: "nets" })
    |> text::const_lexicon(#{ file: "table.json", key_getter: "ip", value_setter: "name" })
    |> ip::ip_filter(#{ ip_getter: "ip", file: "list" })
    |> text::json_marshall()
    |> fs::line_file_drain("out")
);
train.run();
"#;

#[test]
fn what_was_read_of_a_file_stays_in_use_when_a_bad_one_takes_its_place() {
    let first = "{\"ip\":\"192.0.2.1\",\"net\":\"lab\",\"name\":\"gate\"}\n";
    let later = "{\"ip\":\"192.0.2.1\",\"net\":\"hall\",\"name\":\"door\"}\n";
    let kept = [first, first, later].concat();
    let line = "192.0.2.1\n";
    let told = Rig::new()
        .command(["run", "--log-level", "notice"])
        .script("look.rhai", SCRIPT)
        .file("in", "")
        .file("nets", "192.0.2.0/24,lab\n")
        .file("table.json", r#"{"192.0.2.1": "gate"}"#)
        .file("list", "192.0.2.0/24\n")
        .file("bad.nets", "192.0.2.0/33,hall\n")
        .file("bad.table", r#"{"192.0.2.1": "#)
        .file("bad.list", "192.0.2.0/24\nelsewhere\n")
        .file("good.nets", "192.0.2.0/24,hall\n")
        .file("good.table", r#"{"192.0.2.1": "door"}"#)
        .file("good.list", "192.0.2.0/30\n")
        .start()
        .append("in", line)
        .wait_for_file("out", first)
        .rename("bad.nets", "nets")
        .wait_for_stderr("error: net_lexicon: `nets`: line 1")
        .rename("bad.table", "table.json")
        .wait_for_stderr("error: const_lexicon: `table.json`: not JSON")
        .rename("bad.list", "list")
        .wait_for_stderr("error: ip_filter: `list`: line 2")
        .append("in", line)
        .wait_for_file("out", &[first, first].concat())
        .rename("good.nets", "nets")
        .wait_for_stderr("net_lexicon: `nets` was read again")
        .rename("good.table", "table.json")
        .wait_for_stderr("const_lexicon: `table.json` was read again")
        .rename("good.list", "list")
        .wait_for_stderr("ip_filter: `list` was read again")
        .append("in", line)
        .wait_for_file("out", &kept)
        .signal(Signal::TERM)
        .expect_exit(0)
        .stderr;
    assert_eq!(told.matches("; what was read before stays in use").count(), 3, "{told}");
}
