//! Closures and functions of the script and of its libraries call each other, while the train is wound and while it runs.

use crate::rig::Rig;

#[test]
fn closures_of_a_library_are_cogs() {
    let library = "fn plus(n) { add(n, 1) }\nfn add(a, b) { a + b }\nfn adder(by) { |n| n + by }\nfn marker() { || { this = `<${this}>`; } }\n\
        fn counter() { #{ seen: 0, run: |d| { this.seen += 1; `${d} ${this.seen}` } } }";
    let before = "import \"lib/sums\" as sums;";
    let cogs = "sums::adder(10) |> cog(|n| sums::plus(n)) |> cog(|n| plus(n)) |> cog(sums::marker()) |> sums::counter()";
    Rig::json(before, cogs)
        .file("lib/sums.rhai", library)
        .stdin("1\n2\n")
        .run()
        .expect_status(0)
        .expect_stderr("")
        .expect_stdout("\"<13> 1\"\n\"<14> 2\"\n");
}

#[test]
fn a_library_calls_a_closure_of_the_script() {
    let library = "fn twice(f) { |n| f.call(f.call(n)) }\nfn all(list, f) { list.map(f) }";
    let before = "import \"twice.rhai\" as lib;\nlet by = 5;\nlet each = |n| n + by;";
    let cogs = "lib::twice(each) |> cog(|n| lib::all([n, n], |x| x * 2))";
    Rig::json(before, cogs).file("twice.rhai", library).stdin("1\n").run().expect_status(0).expect_stderr("").expect_stdout("22\n22\n");
}

#[test]
fn ten_closures_made_in_a_loop_keep_their_values() {
    let script = "let train = movement::train();
        let marks = [];
        for n in 0..10 {
            // The variable of a loop is one for all its rounds: each closure has a copy.
            let mark = n;
            marks.push(cog(|line| `${line}${mark}`));
        }
        train.update(fs::stdin_supply() |> movement::train_line(marks) |> fs::stdout_drain());
        train.run();";
    Rig::new().script("loop.rhai", script).stdin("x\n").run().expect_status(0).expect_stdout("x0123456789\n");
}

#[test]
fn a_captured_variable_is_shared_from_then_on() {
    let before = "let limit = 1;\nlet small = filter(|n| n < limit);\nlimit = 3;";
    Rig::json(before, "small").stdin("1\n2\n3\n").run().expect_status(0).expect_stdout("1\n2\n");
}

#[test]
fn an_error_in_a_library_names_its_file() {
    let library = "// Says no.\n\nfn refuse(n) {\n    throw \"no\";\n}";
    let outcome = Rig::json("import \"lib/no\" as no;", "cog(|n| no::refuse(n))").file("lib/no.rhai", library).stdin("1\n").run();
    outcome.expect_status(0).expect_told(["lib/no.rhai:4:5", "throw"]);
}

#[test]
fn a_library_may_be_named_with_a_link_inside_but_not_out_of_the_directory() {
    let rig = Rig::new()
        .script("dir/main.rhai", "import \"lib/x\" as x;\nprint(x::one());")
        .file("secret.rhai", "fn one() { 1 }")
        .file("dir/lib/y.rhai", "");
    std::os::unix::fs::symlink(rig.path("secret.rhai"), rig.path("dir/lib/x.rhai")).expect("a link can be made");
    rig.run().expect_status(2).expect_told(["outside the script's directory"]);
}

#[test]
fn the_built_in_library_is_there() {
    Rig::json("", "cog(|d| [movement_keys(d, \"src_\")])")
        .stdin("{\"src_b\":1,\"a\":2}\n")
        .run()
        .expect_status(0)
        .expect_stdout("[\"src_b\"]\n");
}
