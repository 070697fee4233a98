//! Other programs, where they are installed, doing the same jobs with fewer events: for orientation, not as a contest. Their
//! scripts stand in `tests/bench/peers`.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::options::Options;
use crate::roads::{Laid, bench_file};
use crate::table::Table;

/// More rounds would cost more than the rows are worth.
const ROUNDS: usize = 3;

struct Peer {
    label: &'static str,
    program: &'static str,
    /// The script's name ends so; it is there for the roads that the program can do to the byte.
    ending: &'static str,
    /// What stands before the script on the command line.
    before: fn(road: &str) -> &'static [&'static str],
    /// What stands behind it.
    behind: fn(road: &str) -> &'static [&'static str],
    /// A run that shows whether all is there that the scripts need.
    probe: fn(road: &str) -> &'static [&'static str],
}

const PEERS: [Peer; 4] = [
    Peer { label: "Python, tight loop", program: "python3", ending: "py", before: |_| &[], behind: |_| &[], probe: |_| &["--version"] },
    Peer {
        label: "jq",
        program: "jq",
        ending: "jq",
        before: |road| if road == "regexp" { &["-R", "-c", "-f"] } else { &["-c", "-f"] },
        behind: |_| &[],
        probe: |_| &["--version"],
    },
    Peer {
        label: "Miller",
        program: "mlr",
        ending: "mlr",
        before: |_| &["--csv", "--implicit-csv-header", "--headerless-csv-output", "put", "-f"],
        behind: |_| &["then", "cut", "-o", "-f", "1,3,bits"],
        probe: |_| &["--version"],
    },
    Peer {
        label: "LuaJIT",
        program: "luajit",
        ending: "lua",
        before: |_| &[],
        behind: |_| &[],
        probe: |road| if road == "csv" { &["-v"] } else { &["-e", "require 'cjson'"] },
    },
];

/// Adds a row for each program that is there.
pub(crate) fn measure(laid: &Laid<'_>, options: &Options, table: &mut Table) {
    let road = laid.road.name;
    for peer in &PEERS {
        let script = bench_file(&format!("peers/road-{road}.{}", peer.ending));
        if !script.exists() || !answers(peer.program, (peer.probe)(road)) {
            continue;
        }
        eprintln!("  {}", peer.label);
        let command = |_: &Path| {
            let mut command = Command::new(peer.program);
            command.args((peer.before)(road)).arg(&script).args((peer.behind)(road)).arg(&laid.input);
            command
        };
        match laid.versus(peer.label, options.rounds.min(ROUNDS), true, &command) {
            Ok(row) => table.row(row),
            // Versions differ in how they write numbers and strings. That is no fault of ours, and none to hide.
            Err(error) => table.note(format!("no row for {}: {error}", peer.label)),
        }
    }
}

fn answers(program: &str, words: &[&str]) -> bool {
    let ended = Command::new(program).args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    ended.is_ok_and(|status| status.success())
}
