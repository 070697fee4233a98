//! Whether the cost of an event grows with the number of events, files or rules.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::csv;
use crate::dice::Dice;
use crate::options::Options;
use crate::process::{Run, median, run};
use crate::roads::our_command;
use crate::table::Table;

const ROUNDS: usize = 3;

/// One way to run; those of a group do the same work.
struct Case {
    label: String,
    script: &'static str,
    flags: Vec<String>,
    input: PathBuf,
    /// The same without a line in it, so that what the start costs can be told from what an event costs.
    empty: PathBuf,
    events: usize,
}

pub(crate) fn measure(options: &Options, dir: &Path) -> Result<Table, String> {
    let mut table = Table::new(
        "growth: cost of an event, against the first of each group",
        &["case", "events", "start ms", "ns/event", "CPU ns/event", "CPU ratio"],
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
            let empty = dir.join("growth-empty.in");
            csv::generate(events, &mut BufWriter::new(File::create(&input)?))?;
            File::create(&empty)?;
            Ok(Case { label: format!("csv, {events} events"), script: "csv.rhai", flags: Vec::new(), input, empty, events })
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
            let empty = dir.join(format!("files-{count}-empty"));
            fs::create_dir(&parts)?;
            fs::create_dir(&empty)?;
            let mut lines = BufReader::new(File::open(&whole)?).lines();
            for part in 0..count {
                File::create(empty.join(format!("{part:04}.in")))?;
                let mut out = BufWriter::new(File::create(parts.join(format!("{part:04}.in")))?);
                for line in lines.by_ref().take((events * (part + 1) / count) - (events * part / count)) {
                    writeln!(out, "{}", line?)?;
                }
                out.flush()?;
            }
            let label = format!("csv, {count} files");
            Ok(Case { label, script: "csv.rhai", flags: Vec::new(), input: parts.join("*.in"), empty: empty.join("*.in"), events })
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
            let empty = dir.join("rules-empty.in");
            File::create(&empty)?;
            let flags = vec!["--rules".to_owned(), count.to_string()];
            Ok(Case { label: format!("{count} rules, {name} matches"), script: "rules.rhai", flags, input, empty, events })
        })
        .collect()
}

/// What a case took in each round.
#[derive(Default)]
struct Times {
    /// In ms.
    starts: Vec<f64>,
    /// In ns for each event, without the start.
    events: Vec<f64>,
    cpu: Vec<f64>,
}

/// Runs the cases of a group in turn.
fn compare(group: &[Case], options: &Options, dir: &Path, table: &mut Table) -> Result<(), String> {
    let mut all: Vec<Times> = group.iter().map(|_| Times::default()).collect();
    for case in group {
        eprintln!("growth: {}", case.label);
    }
    for _ in 0..options.rounds.min(ROUNDS) {
        for (case, times) in group.iter().zip(&mut all) {
            let start = case.run(&case.empty, 0, options, dir)?;
            let whole = case.run(&case.input, case.events, options, dir)?;
            let each = |whole: Duration, start: Duration| whole.saturating_sub(start).as_secs_f64() * 1e9 / case.events as f64;
            times.starts.push(start.time.as_secs_f64() * 1e3);
            times.events.push(each(whole.time, start.time));
            times.cpu.push(each(whole.cpu, start.cpu));
        }
    }
    for (case, times) in group.iter().zip(&all) {
        let ratios = times.cpu.iter().zip(&all[0].cpu).map(|(own, first)| own / first).collect();
        table.row([
            case.label.clone(),
            case.events.to_string(),
            format!("{:.1}", median(times.starts.clone())),
            format!("{:.0}", median(times.events.clone())),
            format!("{:.0}", median(times.cpu.clone())),
            format!("{:.2}", median(ratios)),
        ]);
    }
    Ok(())
}

impl Case {
    /// Runs it over an input, of which so many lines must come.
    fn run(&self, input: &Path, lines: usize, options: &Options, dir: &Path) -> Result<Run, String> {
        let output = dir.join("growth.out");
        let mut command = our_command(options, self.script, &[], &output, &[input.to_owned()]);
        let run = run(command.args(&self.flags), None, dir)?;
        let came = if output.exists() { count_lines(&output)? } else { 0 };
        let _ = fs::remove_file(&output);
        if came == lines { Ok(run) } else { Err(format!("{}: {came} lines came out, not {lines}", self.label)) }
    }
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
