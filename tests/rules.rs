//! Rules of the source itself, held by reading it: who may know whom, where a crate may appear, what must not be written.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::rig::root;

/// Which rooms a room may use besides itself. What nobody needs to know stands in no line.
const ROOMS: &[(&str, &[&str])] = &[
    ("main", &[]),
    ("lib", &[]),
    ("error", &[]),
    ("start", &[]),
    ("activation", &["error"]),
    ("address", &[]),
    ("disk", &["start"]),
    ("datum", &["error"]),
    ("secrets", &["datum"]),
    ("getset", &["datum", "error"]),
    ("log", &["datum", "error", "secrets"]),
    ("conf", &["address", "datum", "error", "log", "secrets", "start"]),
    ("daemon", &["datum", "error", "log", "start"]),
    ("escapement", &["error"]),
    ("cog", &["datum", "disk", "error", "escapement", "getset", "log", "secrets", "start"]),
    ("lines", &["cog", "datum", "error"]),
    ("reread", &["cog", "datum", "disk", "error", "escapement", "log"]),
    ("state", &["cog", "datum", "disk", "error", "escapement", "log"]),
    (
        "cogs",
        &[
            "activation",
            "address",
            "cog",
            "datum",
            "delivery",
            "disk",
            "error",
            "escapement",
            "getset",
            "lines",
            "log",
            "reread",
            "start",
            "state",
        ],
    ),
    ("delivery", &["cog", "disk", "error", "escapement", "log"]),
    ("train", &["cog", "datum", "disk", "error", "escapement", "log", "start"]),
    ("draw", &["cog", "train"]),
    ("script", &["cog", "cogs", "conf", "daemon", "datum", "draw", "error", "escapement", "getset", "log", "secrets", "start", "train"]),
    ("trial", &["cog", "datum", "error", "escapement", "log", "script", "secrets", "train"]),
    ("control", &["cog", "datum", "draw", "error", "escapement", "getset", "log", "script", "secrets", "start", "train", "trial"]),
    ("repl", &["cog", "cogs", "control", "datum", "error", "script"]),
    (
        "cli",
        &[
            "activation",
            "cog",
            "cogs",
            "control",
            "daemon",
            "datum",
            "draw",
            "error",
            "escapement",
            "log",
            "repl",
            "script",
            "secrets",
            "train",
            "trial",
        ],
    ),
];

/// Where a crate may appear; all others may appear anywhere.
const CRATES: &[(&str, &[&str])] = &[
    ("rhai", &["script/"]),
    ("mio", &["escapement/"]),
    ("minijinja", &["cogs/text/jinja_marshall"]),
    ("minijinja_contrib", &["cogs/text/jinja_marshall"]),
    ("nix", &["daemon/"]),
    ("inotify", &["escapement/"]),
    ("signal_hook", &["escapement/", "repl/"]),
    ("aes", &["cogs/cryptopan/"]),
    ("blake3", &["cogs/twist/hash/"]),
    ("hmac", &["cogs/twist/hash/"]),
    ("sha2", &["cogs/twist/hash/"]),
    ("siphasher", &["cogs/twist/hash/"]),
    ("clap", &["cli/", "conf/args.rs"]),
    ("clap_lex", &["conf/tokens.rs"]),
    ("hickory_resolver", &["cogs/dns/"]),
    // What is asynchronous runs on the helper, which the escapement owns; a cog hands it a job.
    (
        "tokio",
        &[
            "cogs/dns/",
            "cogs/email/",
            "cogs/fs/filer/",
            "cogs/fs/sink/",
            "cogs/http/",
            "cogs/socket/socket_drain/",
            "control/",
            "delivery/",
            "escapement/offload.rs",
            "escapement/tests/",
            "reread.rs",
            "state/",
        ],
    ),
    ("http_body_util", &["cogs/http/"]),
    ("httpdate", &["cogs/http/"]),
    ("hyper", &["cogs/http/"]),
    ("hyper_util", &["cogs/http/"]),
    ("reqwest", &["cogs/http/"]),
    ("ring", &["cogs/http/"]),
    ("rustls", &["cogs/http/"]),
    ("rustls_native_certs", &["cogs/http/"]),
    ("regex", &["conf/cast/", "cogs/text/", "cogs/twist/normalize/", "cogs/twist/redact/"]),
    ("regex_automata", &["cogs/text/"]),
    ("regex_syntax", &["cogs/text/"]),
    ("csv_core", &["cogs/text/"]),
    ("encoding_rs", &["cogs/fs/", "lines/"]),
    ("glob", &["cogs/fs/"]),
    ("maxminddb", &["cogs/ip/geoip/"]),
    ("serde", &["cogs/ip/geoip/"]),
    ("mail_parser", &["cogs/email/email_parse/"]),
    ("wide", &["datum/lanes.rs"]),
    ("rustyline", &["repl/"]),
    ("unicode_width", &["repl/"]),
];

/// Where code may be marked unsafe.
const UNSAFE: &[&str] = &["activation.rs", "daemon/leave.rs", "script/stage/borrowed.rs"];

/// A file is one idea; past this many lines look for the second one.
const LONGEST: usize = 450;

/// Files that may be longer, each with its reason.
const LONG: &[(&str, &str)] = &[];

/// A file of `src`.
struct Source {
    /// As seen from `src`.
    path: String,
    text: String,
    /// It is compiled for tests only.
    test: bool,
}

impl Source {
    /// The room it stands in.
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Lines of code with their numbers, without comments; without tests unless they are wanted.
    fn code(&self, with_tests: bool) -> impl Iterator<Item = (usize, &str)> {
        let end = if with_tests { None } else { self.text.lines().position(|line| line.trim() == "#[cfg(test)]") };
        let none = self.test && !with_tests;
        self.text.lines().enumerate().take(if none { 0 } else { end.unwrap_or(usize::MAX) }).filter_map(|(number, line)| {
            let code = line.split("// ").next().unwrap_or_default();
            (!code.trim_start().starts_with("//")).then_some((number + 1, code))
        })
    }

    /// The rooms it names in `crate::…`.
    fn rooms(&self) -> BTreeSet<(usize, String)> {
        let mut found = BTreeSet::new();
        for (number, line) in self.code(true) {
            for (at, _) in line.match_indices("crate::") {
                // `crate::cogs::fs` in the middle of a path of another crate is none of ours.
                if line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
                    continue;
                }
                let rest = &line[at + "crate::".len()..];
                let names = rest.strip_prefix('{').map_or(rest, |list| list.split('}').next().unwrap_or_default());
                let many = rest.starts_with('{');
                for name in names.split(',').take(if many { usize::MAX } else { 1 }) {
                    let name: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    found.insert((number, name));
                }
            }
        }
        found
    }
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut paths = Vec::new();
    walk(&src, &mut paths);
    paths.sort();
    let mut all: Vec<Source> = paths
        .iter()
        .map(|path| Source {
            path: path.strip_prefix(&src).expect("it stands there").to_str().expect("our names are text").to_owned(),
            text: fs::read_to_string(path).expect("it is text"),
            test: false,
        })
        .collect();
    let tests: Vec<String> = all.iter().flat_map(test_modules).collect();
    for source in &mut all {
        source.test = tests.iter().any(|module| source.path == format!("{module}.rs") || source.path.starts_with(&format!("{module}/")));
    }
    all
}

/// Paths, without ending, of the modules that a file declares for tests only.
fn test_modules(source: &Source) -> Vec<String> {
    let own = source.path.trim_end_matches(".rs");
    let base = own.strip_suffix("/mod").or(own.strip_suffix("lib")).unwrap_or(own);
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]").filter_map(|pair| pair[1].strip_suffix(';'));
    declared.filter_map(|line| line.split("mod ").nth(1)).map(|name| format!("{base}/{name}")).collect()
}

fn walk(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            walk(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// Fails with all of them, one a line.
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn rooms_know_only_what_they_may() {
    let mut faults = Vec::new();
    for source in sources() {
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == source.room()) else {
            faults.push(format!("src/{}: the room `{}` is in no line of the table", source.path, source.room()));
            continue;
        };
        for (number, room) in source.rooms() {
            let is_room = ROOMS.iter().any(|(known, _)| *known == room);
            // A test that drives cogs needs a reactor for them.
            let drives = source.test && room == "escapement";
            if is_room && !drives && room != source.room() && !allowed.contains(&room.as_str()) {
                faults.push(format!("src/{}:{number}: `{}` must not know `{room}`", source.path, source.room()));
            }
        }
    }
    none(&faults);
}

#[test]
fn drawing_knows_the_graph_and_kinds_of_cogs_only() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.room() == "draw") {
        for (number, line) in source.code(true) {
            let known = ["crate::draw", "crate::cog::Kind", "crate::train::graph"];
            if line.matches("crate::").count() > known.iter().map(|known| line.matches(known).count()).sum() {
                faults.push(format!("src/{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none(&faults);
}

#[test]
fn families_of_cogs_do_not_know_each_other() {
    let mut faults = Vec::new();
    for source in sources() {
        let parts: Vec<&str> = source.path.split('/').collect();
        let ["cogs", family, file, ..] = parts[..] else { continue };
        for (number, line) in source.code(true) {
            let named =
                line.split("crate::cogs::").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_lowercase).collect::<String>());
            if named.is_some_and(|named| named != family) {
                faults.push(format!("src/{}:{number}: {}", source.path, line.trim()));
            }
        }
        // The specification of a cog is only for the table.
        let cog = file.trim_end_matches(".rs");
        for (number, line) in source.code(false) {
            if line.contains("::SPEC") && !line.contains(&format!("{cog}::SPEC")) {
                faults.push(format!("src/{}:{number}: knows another cog's specification: {}", source.path, line.trim()));
            }
        }
    }
    none(&faults);
}

#[test]
fn crates_appear_where_they_belong() {
    let mut faults = Vec::new();
    for source in sources() {
        for (number, line) in source.code(true) {
            for (name, places) in CRATES {
                let used = line.match_indices(&format!("{name}::")).any(|(at, _)| {
                    let before = &line[..at];
                    !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '"' | '/' | '`'))
                });
                if used && !places.iter().any(|place| source.path.starts_with(place)) {
                    faults.push(format!("src/{}:{number}: `{name}` belongs to {places:?}", source.path));
                }
            }
        }
    }
    none(&faults);
}

#[test]
fn unsafe_code_stands_in_few_places() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !UNSAFE.contains(&source.path.as_str())) {
        for (number, line) in source.code(true).filter(|(_, line)| line.contains("unsafe {") || line.contains("unsafe fn")) {
            faults.push(format!("src/{}:{number}: {}", source.path, line.trim()));
        }
    }
    none(&faults);
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    let mut faults = Vec::new();
    for source in sources() {
        for (number, line) in source.code(false) {
            let forbidden = [".unwrap()", "todo!(", "unimplemented!(", "dbg!(", "use super::*", "use crate::*"];
            if let Some(found) = forbidden.iter().find(|found| line.contains(**found)) {
                faults.push(format!("src/{}:{number}: `{found}`", source.path));
            }
        }
    }
    none(&faults);
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut faults = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > LONGEST && !LONG.iter().any(|(path, _)| *path == source.path) {
            faults.push(format!("src/{}: {lines} lines", source.path));
        }
        if !source.text.starts_with("//! ") {
            faults.push(format!("src/{}: does not begin with what it is", source.path));
        }
    }
    none(&faults);
}

#[test]
fn no_cog_is_left_out_of_the_table() {
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| source.path.starts_with("cogs/") && source.text.contains("pub static SPEC: CogSpec"))
        .map(|source| source.path.trim_start_matches("cogs/").trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::"))
        .filter(|path| cfg!(feature = "dns") || !path.starts_with("dns::"))
        .filter(|path| cfg!(feature = "http") || !path.starts_with("http::"))
        .filter(|path| !deadbeat::cogs::COGS.iter().any(|spec| spec.path() == *path))
        .collect();
    none(&faults);
}

#[test]
fn every_code_of_a_report_is_used_and_no_other() {
    let all: String = sources()
        .iter()
        .filter(|source| source.path.starts_with("script/") && source.path != "script/report.rs")
        .map(|source| source.text.clone())
        .collect();
    for (code, what) in deadbeat::script::report::CODES {
        assert!(all.contains(&format!("\"{code}\"")), "{code} ({what}) is told nowhere");
    }
}
