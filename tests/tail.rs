//! Following files: when they appear, how they end, lines that are unfinished, too long or no text.

use rustix::process::Signal;

use crate::rig::{PATIENCE, Rig};

fn tail(options: &str) -> Rig {
    let script = format!(
        "let train = movement::train();\ntrain.update(fs::file_watcher_supply(#{{ {options} }}) |> fs::line_file_drain(\"out.txt\"));\ntrain.run();\n"
    );
    Rig::new().script("tail.rhai", &script)
}

#[test]
fn files_that_appear_later_are_read_from_their_beginning() {
    tail("filenames: [\"a.log\", \"dir/b.log\", \"logs/*.log\", \"there.log\"]")
        .file("there.log", "there before\n")
        .start()
        .wait_for("the file was never opened", |running| running.has_open("there.log"))
        .append("a.log", "a\n")
        .wait_for_file("out.txt", "a\n")
        .make_dir("dir")
        .append("dir/b.log", "b\n")
        .wait_for_file("out.txt", "a\nb\n")
        .make_dir("logs")
        .append("logs/c.log", "c\n")
        .append("logs/c.txt", "not this\n")
        .wait_for_file("out.txt", "a\nb\nc\n")
        .append("logs/d.log", "d\n")
        .wait_for_file("out.txt", "a\nb\nc\nd\n")
        .signal(Signal::TERM)
        .expect_exit(0)
        .expect_stderr(
            "deadbeat: warning: file_watcher_supply: `a.log` is not there yet: waits for it\ndeadbeat: warning: file_watcher_supply: `dir/b.log` is not there yet: waits for it\n",
        );
}

#[test]
fn a_tail_begins_at_the_end_unless_told_otherwise() {
    tail("filenames: \"in.log\", name: \"watch\"")
        .file("in.log", "old\n")
        .start()
        .wait_for_file("out.txt", "")
        .wait_for("the file was never opened", |running| running.has_open("in.log"))
        .append("in.log", "new\n")
        .wait_for_file("out.txt", "new\n")
        .signal(Signal::TERM)
        .expect_exit(0);
}

#[test]
fn an_unfinished_line_waits_for_its_end() {
    tail("filenames: \"in.log\", start: \"begin\"")
        .file("in.log", "one\ntw")
        .start()
        .wait_for_file("out.txt", "one\n")
        .append("in.log", "o\nthr")
        .wait_for_file("out.txt", "one\ntwo\n")
        .signal(Signal::TERM)
        // The next run finds it whole.
        .expect_exit(0)
        .expect_file("out.txt", "one\ntwo\n");
}

#[test]
fn without_tail_the_run_ends_with_the_files() {
    let rig = tail("filenames: [\"a.log\", \"b.log\", \"gone.log\"], tail: false").file("a.log", "a1\na2\n").file("b.log", "b1\nb2");
    rig.run().expect_status(0).expect_file("out.txt", "a1\na2\nb1\nb2\n");
}

#[test]
fn long_lines_are_split_cut_or_failed_and_the_next_is_whole() {
    let input = format!("short\n{}\nnext\n", "x".repeat(2500));
    let x = |n: usize| "x".repeat(n);
    let cut = |how: &str| {
        tail(&format!("filenames: \"in.log\", tail: false, max_line: 1000, long_line: \"{how}\""))
            .file("in.log", &input)
            .run()
            .expect_status(0)
    };
    cut("split").expect_file("out.txt", &format!("short\n{}\n{}\n{}\nnext\n", x(1000), x(1000), x(500)));
    cut("truncate").expect_file("out.txt", &format!("short\n{}\nnext\n", x(1000)));
    let failed = cut("fail").expect_file("out.txt", "short\nnext\n");
    assert!(
        failed.stderr.contains("`in.log`: line is longer than `max_line`, 1000 bytes") && failed.stderr.len() < 500,
        "{}",
        failed.stderr
    );
}

#[test]
fn what_is_no_text_is_mended_failed_or_carried_as_bytes() {
    let input = b"good\nb\xffd\nk\xc5\xaf\xc5\x88\n";
    let read = |option: &str| tail(&format!("filenames: \"in.log\", tail: false, {option}")).file("in.log", input).run().expect_status(0);
    read("decode_errors: \"replace\"").expect_file("out.txt", "good\nb\u{fffd}d\nkůň\n").expect_told(["in.log"]);
    read("decode_errors: \"fail\"").expect_file("out.txt", "good\nkůň\n").expect_told(["`in.log`: line is not valid utf-8"]);
    read("encoding: \"iso-8859-1\"").expect_file("out.txt", "good\nbÿd\nkÅ¯Åˆ\n").expect_stderr("");
    let bytes = read("encoding: \"bytes\"").expect_stderr("");
    assert_eq!(std::fs::read(bytes.path("out.txt")).expect("it was written"), input);
}

#[test]
fn a_letter_cut_by_a_read_is_whole() {
    let line = format!("{}\n", "ůň€𝄞".repeat(40_000));
    let rig = tail("filenames: \"in.log\", tail: false, max_read: 4096").file("in.log", line.repeat(3));
    rig.run().expect_status(0).expect_stderr("").expect_file("out.txt", &line.repeat(3));
}

#[test]
fn bad_csv_and_json_fail_alone() {
    let script = "let train = movement::train();
        train.update(fs::file_watcher_supply(#{ filenames: \"in.csv\", tail: false }) |> text::csv_parse(#{ fieldsetters: [\"a\", \"b\"] }) |> text::json_marshall() |> fs::line_file_drain(\"csv.txt\"));
        train.update(fs::file_watcher_supply(#{ filenames: \"in.json\", tail: false }) |> text::json_parse() |> text::json_marshall() |> fs::line_file_drain(\"json.txt\"));
        train.run();";
    let outcome = Rig::new()
        .script("bad.rhai", script)
        .file("in.csv", "1,2\n1,2,3\n1\n\"3\",\"4,5\"\n")
        .file("in.json", "{\"a\": 1}\n{\"a\": }\n[1, 2\n\nnull\n")
        .run()
        .expect_status(0);
    assert_eq!(outcome.file("csv.txt"), "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4,5\"}\n");
    assert_eq!(outcome.file("json.txt"), "{\"a\":1}\nnull\n");
    outcome.expect_told(["file_watcher_supply#", "csv_parse", "json_parse", "column", "2", "3"]);
}

#[test]
fn a_shortened_file_is_read_anew() {
    tail("filenames: \"in.log\", start: \"begin\"")
        .file("in.log", "one\ntwo\n")
        .start()
        .wait_for_file("out.txt", "one\ntwo\n")
        .truncate("in.log")
        .append("in.log", "three\n")
        .wait_for_file("out.txt", "one\ntwo\nthree\n")
        .signal(Signal::TERM)
        .expect_exit(0);
}

#[test]
fn the_file_of_a_line_can_be_set() {
    let script = "let train = movement::train();
        train.update(fs::file_watcher_supply(#{ filenames: \"*.log\", tail: false, data_setter: \"line\", path_setter: \"file\" }) |> text::json_marshall() |> fs::stdout_drain());
        train.run();";
    let outcome = Rig::new().script("paths.rhai", script).file("a.log", "1\n").file("b.log", "2\n").run().expect_status(0);
    outcome.expect_stdout("{\"line\":\"1\",\"file\":\"a.log\"}\n{\"line\":\"2\",\"file\":\"b.log\"}\n");
}

#[test]
fn much_input_passes_in_bounded_time() {
    let begin = std::time::Instant::now();
    let line = "x".repeat(99) + "\n";
    let input = line.repeat(100_000);
    let outcome = tail("filenames: \"in.log\", tail: false").file("in.log", &input).run().expect_status(0);
    assert_eq!(outcome.file("out.txt").len(), input.len());
    assert!(begin.elapsed() < PATIENCE);
}
