//! `cargo bench --bench limit`: what scripts cost against programs written by hand for the one job, "the limit".
//!
//! docs/performance.md tells what is measured and how to read it. This file only sorts out which process it is: the one that
//! measures, or (`--limit NAME IN OUT`) one of the hand-written programs, which run as processes of their own, as ours does.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its tables, and tells on the way what it is at")]

mod blocks;
mod csv;
mod dice;
mod follower;
mod function;
mod growth;
mod idea;
mod json;
mod options;
mod peers;
mod process;
mod records;
mod regexp;
mod roads;
mod scan;
mod syslog;
mod table;
mod tail;
mod template;
mod waiting;
mod windows;

use std::path::Path;
use std::process::ExitCode;

use options::Options;

/// Measures something, in a directory of its own, and gives the table of it.
type Part = fn(&Options, &Path) -> Result<table::Table, String>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ended = match words.as_slice() {
        [flag, name, input, output] if flag == "--limit" => limit(name, Path::new(input), Path::new(output)),
        [.., flag, name, events, path] if flag == "--input" => roads::make_input(name, events, Path::new(path)),
        [.., flag] if flag == "--help" => {
            println!("{}", options::HELP);
            Ok(())
        }
        _ => Options::read(words.into_iter()).and_then(|options| measure(&options)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Does one road's job by hand.
fn limit(name: &str, input: &Path, output: &Path) -> Result<(), String> {
    let job = roads::program(name).ok_or_else(|| format!("no hand-written program `{name}`"))?;
    job(input, output).map_err(|error| error.to_string())
}

/// Measures what is wanted, and shows it.
fn measure(options: &Options) -> Result<(), String> {
    process::heed_signals().map_err(|error| error.to_string())?;
    // Dropped at the end, with all that was made in it.
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut tables = Vec::from_iter(roads::measure(options, dir.path())?);
    let others: [(&str, Part); 5] = [
        ("syslog", syslog::measure),
        ("latency", waiting::latency),
        ("idle", waiting::idle),
        ("start", waiting::start),
        ("growth", growth::measure),
    ];
    for (name, part) in others {
        if options.wants(name) {
            tables.push(part(options, dir.path())?);
        }
    }
    let render = |markdown| tables.iter().map(|table| table.render(markdown)).collect::<Vec<_>>().join("\n");
    println!("{}\n{}", machine(), render(options.markdown));
    options.write.as_ref().map_or(Ok(()), |path| table::write(path, &format!("{}\n{}", machine(), render(true))))
}

/// What it ran on.
fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown").trim_start_matches(['\t', ' ', ':']);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    format!("{cores} cores ({model}), Linux {}, load {load} at the end.\n", read("/proc/sys/kernel/osrelease").trim())
}
