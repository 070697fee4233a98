//! Reading files once on the real binary: whole and line by line, what is missing, and the end by itself.

use crate::rig::Rig;

fn read(options: &str) -> Rig {
    let script = format!(
        "let train = movement::train();
        train.update(fs::file_supply(#{{ {options}, path_setter: \"file\", data_setter: \"text\" }}) |> text::json_marshall() |> fs::stdout_drain());
        train.run();"
    );
    Rig::new().script("read.rhai", &script)
}

#[test]
fn each_start_reads_each_file_once_and_ends_by_itself() {
    let files = |options: &str| read(options).file("b.txt", "1\n2\n").file("a.txt", "").run().expect_status(0).expect_stderr("");
    let empty = "{\"text\":\"\",\"file\":\"a.txt\"}\n";
    files("paths: \"*.txt\"").expect_stdout(&format!("{empty}{{\"text\":\"1\\n2\\n\",\"file\":\"b.txt\"}}\n"));
    files("paths: [\"b.txt\", \"a.txt\"], each: \"line\"")
        .expect_stdout("{\"text\":\"1\",\"file\":\"b.txt\"}\n{\"text\":\"2\",\"file\":\"b.txt\"}\n");
}

#[test]
fn a_missing_file_is_an_error_at_the_start_or_a_warning() {
    let files = |options: &str| read(options).file("a.txt", "x").run();
    files("paths: [\"a.txt\", \"b.txt\"]").expect_status(1).expect_stdout("").expect_told(["there is no `b.txt`", "missing: \"pass\""]);
    files("paths: [\"a.txt\", \"b.txt\"], missing: \"pass\"")
        .expect_status(0)
        .expect_stdout("{\"text\":\"x\",\"file\":\"a.txt\"}\n")
        .expect_told(["warning: file_supply: there is no `b.txt`"]);
}

#[test]
fn what_cannot_be_read_is_told_and_the_others_are_read() {
    let outcome = read("paths: [\"/dev/zero\", \".\", \"a.txt\"]").file("a.txt", "x").run();
    outcome
        .expect_stdout("{\"text\":\"x\",\"file\":\"a.txt\"}\n")
        .expect_told(["cannot read `/dev/zero`: it is a device", "cannot read `.`: it is a directory"]);
}
