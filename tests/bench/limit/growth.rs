//! Whether the cost of an event grows with the number of events, files or rules.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::csv;
use crate::dice::Dice;
use crate::options::Options;
use crate::process::{median, run};
use crate::roads::our_command;
use crate::table::Table;

const ROUNDS: usize = 3;

/// One way to run; those of a group do the same work.
struct Case {
    label: String,
    script: &'static str,
    flags: Vec<String>,
    input: PathBuf,
    events: usize,
    /// How many lines must come out.
    lines: usize,
}

pub(crate) fn measure(options: &Options, dir: &Path) -> Result<Table, String> {
    let mut table = Table::new(
        "growth: cost of an event, against the first of each group",
        &["case", "events", "ns/event", "CPU ns/event", "CPU ratio"],
    );
    let few = (options.events / 10).max(1);
    let told = |error: std::io::Error| error.to_string();
    for group in [events(few, dir).map_err(told)?, files(few.max(1000), dir).map_err(told)?, rules(few, dir).map_err(told)?] {
        compare(&group, options, dir, &mut table)?;
    }
    Ok(table)
}

/// A tenth of the events, and all.
fn events(few: usize, dir: &Path) -> std::io::Result<Vec<Case>> {
    [few, few * 10]
        .into_iter()
        .map(|events| {
            let input = dir.join(format!("growth-{events}.in"));
            csv::generate(events, &mut BufWriter::new(File::create(&input)?))?;
            Ok(Case { label: format!("csv, {events} events"), script: "csv.rhai", flags: Vec::new(), input, events, lines: events })
        })
        .collect()
}

/// The same lines in one file and in many.
fn files(events: usize, dir: &Path) -> std::io::Result<Vec<Case>> {
    let whole = dir.join("files.in");
    csv::generate(events, &mut BufWriter::new(File::create(&whole)?))?;
    [1, 100, 1000]
        .into_iter()
        .map(|count| {
            let parts = dir.join(format!("files-{count}"));
            fs::create_dir(&parts)?;
            let mut lines = BufReader::new(File::open(&whole)?).lines();
            for part in 0..count {
                let mut out = BufWriter::new(File::create(parts.join(format!("{part:04}.in")))?);
                for line in lines.by_ref().take((events * (part + 1) / count) - (events * part / count)) {
                    writeln!(out, "{}", line?)?;
                }
                out.flush()?;
            }
            let label = format!("csv, {count} files");
            Ok(Case { label, script: "csv.rhai", flags: Vec::new(), input: parts.join("*.in"), events, lines: events })
        })
        .collect()
}

/// Lines that the first or the last of many rules takes.
fn rules(events: usize, dir: &Path) -> std::io::Result<Vec<Case>> {
    let cases = [(1, 0, "the only one"), (20, 0, "the first"), (20, 19, "the last"), (200, 0, "the first"), (200, 199, "the last")];
    cases
        .into_iter()
        .map(|(count, which, name)| {
            let input = dir.join(format!("rules-{count}-{which}.in"));
            let mut out = BufWriter::new(File::create(&input)?);
            let mut dice = Dice(5);
            for _ in 0..events {
                writeln!(out, "service{which}: user user{} came from {}", dice.skewed(1000), dice.address())?;
            }
            out.flush()?;
            let flags = vec!["--rules".to_owned(), count.to_string()];
            Ok(Case { label: format!("{count} rules, {name} matches"), script: "rules.rhai", flags, input, events, lines: events })
        })
        .collect()
}

/// Runs the cases of a group in turn.
fn compare(group: &[Case], options: &Options, dir: &Path, table: &mut Table) -> Result<(), String> {
    let mut times = vec![Vec::new(); group.len()];
    let mut cpu_times = vec![Vec::new(); group.len()];
    for case in group {
        eprintln!("growth: {}", case.label);
    }
    for _ in 0..options.rounds.min(ROUNDS) {
        for (which, case) in group.iter().enumerate() {
            let output = dir.join("growth.out");
            let mut command = our_command(options, case.script, &[], &output, std::slice::from_ref(&case.input));
            let run = run(command.args(&case.flags), None, dir)?;
            let lines = count_lines(&output)?;
            fs::remove_file(&output).map_err(|error| error.to_string())?;
            if lines != case.lines {
                return Err(format!("{}: {lines} lines came out, not {}", case.label, case.lines));
            }
            times[which].push(run.time.as_secs_f64() * 1e9 / case.events as f64);
            cpu_times[which].push(run.cpu.as_secs_f64() * 1e9 / case.events as f64);
        }
    }
    for (which, case) in group.iter().enumerate() {
        let ratios = cpu_times[which].iter().zip(&cpu_times[0]).map(|(own, first)| own / first).collect();
        table.row([
            case.label.clone(),
            case.events.to_string(),
            format!("{:.0}", median(times[which].clone())),
            format!("{:.0}", median(cpu_times[which].clone())),
            format!("{:.2}", median(ratios)),
        ]);
    }
    Ok(())
}

fn count_lines(path: &Path) -> Result<usize, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut reader = BufReader::with_capacity(256 << 10, File::open(path).map_err(told)?);
    let mut lines = 0;
    loop {
        let block = reader.fill_buf().map_err(told)?;
        if block.is_empty() {
            return Ok(lines);
        }
        lines += memchr::memchr_iter(b'\n', block).count();
        let read = block.len();
        reader.consume(read);
    }
}
