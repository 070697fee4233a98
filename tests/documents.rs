//! What README, docs and `scripts/` show is what the program does.

use std::fs;
use std::path::{Path, PathBuf};
#[cfg(all(feature = "dns", feature = "http"))]
use std::process::{Command, Stdio};

#[cfg(all(feature = "dns", feature = "http"))]
use crate::rig::search_path;
use crate::rig::{Rig, root};

/// A fenced block of a document.
struct Block {
    /// Document and line, for messages.
    place: String,
    language: String,
    text: String,
}

fn blocks(path: &Path) -> Vec<Block> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut found: Vec<Block> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            if !inside {
                let name = path.strip_prefix(root()).unwrap_or(path).display();
                found.push(Block { place: format!("{name}:{}", number + 1), language: language.trim().to_owned(), text: String::new() });
            }
            inside = !inside;
        } else if inside {
            let block = found.last_mut().expect("it has begun");
            block.text.push_str(line);
            block.text.push('\n');
        }
    }
    assert!(!inside, "{}: a block does not end", path.display());
    found
}

/// README and what stands in `docs`.
fn documents() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).expect("it is part of the repository").map(|file| file.expect("it can be listed").path());
    let mut all: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    all.sort();
    all.insert(0, root().join("README.md"));
    all
}

/// Copies what a reader of the documents works on.
#[cfg(all(feature = "dns", feature = "http"))]
fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).expect("it can be copied");
        return;
    }
    fs::create_dir_all(to).expect("a directory can be made");
    for entry in fs::read_dir(from).expect("it can be listed") {
        let entry = entry.expect("it can be listed");
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

#[test]
#[cfg(all(feature = "dns", feature = "http"))]
fn every_shell_block_runs() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    for name in ["scripts", "docs", "README.md"] {
        copy(&root().join(name), &dir.path().join(name));
    }
    let mut ran = 0;
    for block in documents().iter().flat_map(|path| blocks(path)).filter(|block| block.language == "sh") {
        // The program is built already, and these tests cannot run themselves.
        let lines = block.text.lines().map(|line| line.replace("cargo run --release -- ", "deadbeat "));
        let commands: Vec<String> = lines.filter(|line| !line.starts_with("cargo ")).collect();
        let output = Command::new("sh")
            .args(["-euc", &commands.join("\n")])
            .current_dir(dir.path())
            .env("PATH", search_path())
            .stdin(Stdio::null())
            .output()
            .expect("there is a shell");
        assert!(output.status.success(), "{}: {}\n{}", block.place, block.text, String::from_utf8_lossy(&output.stderr));
        ran += commands.len();
    }
    assert!(ran > 0, "no block was found");
}

#[test]
fn every_script_shown_is_well() {
    let mut seen = 0;
    let known = |block: &Block| cfg!(feature = "http") || !block.place.starts_with("docs/http.md");
    for block in documents().iter().flat_map(|path| blocks(path)).filter(|block| block.language == "rhai" && known(block)) {
        let outcome = Rig::new().command(["check"]).script("shown.rhai", &block.text).run();
        assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{}", block.place);
        seen += 1;
    }
    assert!(seen > 0, "no block was found");
}

#[test]
fn every_script_that_is_measured_is_well() {
    let scripts =
        fs::read_dir(root().join("tests/bench")).expect("it is part of the repository").map(|file| file.expect("it can be listed").path());
    let scripts: Vec<PathBuf> = scripts.filter(|path| path.extension().is_some_and(|ending| ending == "rhai")).collect();
    assert!(!scripts.is_empty(), "none was found");
    for script in scripts {
        let script = script.to_str().expect("the repository's path is text");
        Rig::new().command(["check"]).args([script]).run().expect_status(0).expect_stderr("");
    }
}

#[test]
fn the_readmes_script_gives_what_it_shows() {
    let blocks = blocks(&root().join("README.md"));
    let shown = blocks.windows(3).find(|three| three[0].language == "rhai" && three[1].language == "json" && three[2].language == "json");
    let [script, input, output] = shown.expect("a script with its input and output") else { unreachable!("windows of three") };
    let outcome = Rig::new().script("shown.rhai", &script.text).stdin(&input.text).run().expect_status(0);
    outcome.expect_stderr("").expect_stdout(&output.text);
}

/// Scripts with the directory that holds their input and expected output.
fn scripts() -> Vec<(String, PathBuf)> {
    let files =
        fs::read_dir(root().join("scripts")).expect("it is part of the repository").map(|file| file.expect("it can be listed").path());
    let is_script = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "rhai") && !deadbeat::trial::is_tests(path);
    let mut all: Vec<(String, PathBuf)> = files
        .filter(is_script)
        .map(|path| (path.file_stem().expect("it has a name").to_string_lossy().into_owned(), path.with_extension("")))
        .collect();
    all.sort();
    all
}

/// Whether the script needs what is not built in.
fn lacks_a_feature(name: &str) -> bool {
    !cfg!(feature = "dns") && name == "ip_resolve" || !cfg!(feature = "http") && name == "feed"
}

/// The server that the feed poller asks, with what its switches say of it.
#[cfg(feature = "http")]
fn feed(dir: &Path) -> (crate::rig::http::HttpServer, [String; 2]) {
    let server = crate::rig::http::HttpServer::start();
    let feed = fs::read(dir.join("feed.json")).expect("it is part of the repository");
    server.tell("/feed.json", [crate::rig::http::Act::ok(feed)]);
    let url = server.url("/feed.json");
    (server, ["--url".into(), url])
}

#[test]
fn every_shipped_script_gives_its_expected_output() {
    for (name, dir) in scripts() {
        if lacks_a_feature(&name) {
            continue;
        }
        let files = fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        let expected =
            files.map(|file| file.expect("it can be listed").path()).find(|path| path.file_stem().is_some_and(|stem| stem == "expected"));
        let expected = fs::read_to_string(expected.unwrap_or_else(|| panic!("{name} has no expected output"))).expect("it is text");
        let repository = root().to_str().expect("the repository's path is text");
        let rig = Rig::new().command(["-C", repository, "run"]).args([&format!("scripts/{name}.rhai")]);
        // What a script is given by standard input stands beside its output.
        let rig = if let Ok(input) = fs::read(dir.join("stdin.txt")) { rig.stdin(input) } else { rig };
        #[cfg(feature = "http")]
        let server = (name == "feed").then(|| feed(&dir));
        #[cfg(feature = "http")]
        let rig = match &server {
            Some((_, [switch, url])) => rig.args([switch, url]),
            None => rig,
        };
        let outcome = rig.run().expect_status(0);
        // What is told besides is part of what some of them show.
        outcome.expect_stdout(&expected);
    }
}

#[test]
fn every_shipped_script_is_well_and_tells_its_options() {
    for (name, _) in scripts() {
        if lacks_a_feature(&name) {
            continue;
        }
        let path = root().join(format!("scripts/{name}.rhai"));
        let path = path.to_str().expect("the repository's path is text");
        Rig::new().command(["check"]).args([path]).run().expect_status(0).expect_stderr("");
        let help = Rig::new().args([path, "--help"]).run().expect_status(0);
        assert!(help.stdout.contains("Usage:"), "{name}: {}", help.stdout);
    }
}

#[test]
#[cfg(all(feature = "dns", feature = "http"))]
fn the_reference_of_cogs_is_that_of_the_program() {
    let written = fs::read_to_string(root().join("docs/cogs.md")).expect("it is part of the repository");
    Rig::new().command(["cogs", "--format", "markdown"]).run().expect_status(0).expect_stdout(&written);
}

#[test]
fn every_code_is_explained() {
    let text = fs::read_to_string(root().join("docs/errors.md")).expect("it is part of the repository");
    for (code, what) in deadbeat::script::report::CODES {
        assert!(text.contains(&format!("| {code} |")), "{code} ({what}) is not in docs/errors.md");
    }
}

#[test]
fn no_link_leads_nowhere() {
    for path in documents() {
        let text = fs::read_to_string(&path).expect("it is part of the repository");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !target.is_empty() && !target.contains("://") {
                let file = path.parent().expect("it stands in a directory").join(target);
                assert!(file.exists(), "{}: {target}", path.display());
            }
        }
    }
}
