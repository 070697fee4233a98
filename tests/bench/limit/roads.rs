//! The roads that are measured in time for each event: input, script and limit of each, and how they are run against each other.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::options::{Options, count};
use crate::process::{median, run};
use crate::table::Table;
use crate::{csv, function, idea, json, peers, records, regexp, syslog, tail, template, windows};

/// A program that only does the job.
pub(crate) type Limit = fn(&Path, &Path) -> io::Result<()>;

/// What makes an input of so many events.
type Generate = fn(usize, &mut dyn Write) -> io::Result<()>;

pub(crate) struct Road {
    pub(crate) name: &'static str,
    generate: Generate,
    /// The hand-written programs by name; the first has the road's name and is the limit, the others stand for comparison.
    programs: &'static [(&'static str, Limit)],
    /// The whole number of events is divided by this.
    share: usize,
}

pub(crate) const ROADS: [Road; 11] = [
    Road { name: "csv", generate: csv::generate, programs: &[("csv", csv::limit)], share: 1 },
    Road { name: "json", generate: json::generate, programs: &[("json", json::limit)], share: 4 },
    Road {
        name: "regexp",
        generate: regexp::generate,
        programs: &[("regexp", regexp::limit), ("by hand, no regexp", regexp::limit_without_regexp)],
        share: 1,
    },
    Road { name: "function", generate: function::generate, programs: &[("function", function::limit)], share: 1 },
    Road { name: "template", generate: regexp::generate, programs: &[("template", template::limit)], share: 2 },
    Road { name: "windows", generate: csv::generate, programs: &[("windows", windows::limit)], share: 1 },
    Road { name: "addresses", generate: csv::generate, programs: &[("addresses", records::addresses)], share: 1 },
    Road { name: "pseudonyms", generate: csv::generate, programs: &[("pseudonyms", records::pseudonyms)], share: 2 },
    Road { name: "repeats", generate: csv::generate, programs: &[("repeats", records::repeats)], share: 1 },
    Road { name: "idea", generate: json::generate, programs: &[("idea", idea::limit)], share: 4 },
    Road { name: "messages", generate: syslog::generate, programs: &[("messages", syslog::limit_of_file)], share: 1 },
];

impl Road {
    /// Makes the input of so many events.
    fn input(&self, events: usize, path: &Path) -> Result<(), String> {
        let told = |error: io::Error| format!("{}: {error}", path.display());
        let mut file = BufWriter::new(File::create(path).map_err(told)?);
        (self.generate)(events, &mut file).map_err(told)?;
        file.flush().map_err(told)
    }
}

/// Makes an input by the name of its road.
pub(crate) fn make_input(name: &str, events: &str, path: &Path) -> Result<(), String> {
    if name == "syslog" {
        let told = |error: io::Error| format!("{}: {error}", path.display());
        let mut file = BufWriter::new(File::create(path).map_err(told)?);
        return syslog::generate(count(events)?, &mut file).and_then(|()| file.flush()).map_err(told);
    }
    let road = ROADS.iter().find(|road| road.name == name).ok_or_else(|| format!("no road `{name}`"))?;
    road.input(count(events)?, path)
}

/// A hand-written program by its name.
pub(crate) fn program(name: &str) -> Option<Limit> {
    if name == "latency" {
        return Some(tail::limit);
    }
    if name == "syslog" {
        return Some(syslog::limit);
    }
    ROADS.iter().flat_map(|road| road.programs).find(|(own, _)| *own == name).map(|(_, limit)| *limit)
}

/// Where our scripts and those of others stand.
pub(crate) fn bench_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench").join(name)
}

/// The limit as a process of its own.
pub(crate) fn limit_command(name: &str, input: &Path, output: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap_or_default());
    command.arg("--limit").arg(name).arg(input).arg(output);
    command
}

/// Ours, as a user would start it.
pub(crate) fn our_command(options: &Options, script: &str, flags: &[&str], output: &Path, inputs: &[PathBuf]) -> Command {
    let mut command = Command::new(&options.binary);
    command.arg("run").args(flags).arg(bench_file(script)).arg("--output").arg(output).args(inputs);
    command
}

/// A road with its input in place.
pub(crate) struct Laid<'a> {
    pub(crate) road: &'a Road,
    pub(crate) events: usize,
    pub(crate) input: PathBuf,
    dir: &'a Path,
}

impl<'a> Laid<'a> {
    pub(crate) fn new(road: &'a Road, events: usize, dir: &'a Path) -> Result<Self, String> {
        let input = dir.join(format!("{}.in", road.name));
        road.input(events, &input)?;
        Ok(Laid { road, events, input, dir })
    }

    /// Runs the limit and another program in turn; each round has both, and their outputs must be equal. Gives a row of the table.
    /// `command` is told where to write; `None` has the limit alone. With `piped`, standard output goes there.
    pub(crate) fn versus(
        &self,
        label: &str,
        rounds: usize,
        piped: bool,
        command: &dyn Fn(&Path) -> Command,
    ) -> Result<Vec<String>, String> {
        let (expected, written) = (self.dir.join("limit.out"), self.dir.join("other.out"));
        let (mut limits, mut others, mut ratios, mut cpu_ratios, mut peak) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), 0);
        for _ in 0..rounds {
            let limit = run(&mut limit_command(self.road.name, &self.input, &expected), None, self.dir)?;
            let other = run(&mut command(&written), piped.then_some(written.as_path()), self.dir)?;
            equal(&expected, &written).map_err(|difference| format!("{}, {label}: {difference}", self.road.name))?;
            remove(&written)?;
            limits.push(limit.time.as_secs_f64());
            others.push(other.time.as_secs_f64());
            ratios.push(other.time.as_secs_f64() / limit.time.as_secs_f64());
            cpu_ratios.push(other.cpu.as_secs_f64() / limit.cpu.as_secs_f64());
            peak = peak.max(other.peak);
        }
        remove(&expected)?;
        let each = |times| format!("{:.0}", median(times) * 1e9 / self.events as f64);
        let peak = if peak == 0 { "-".to_owned() } else { format!("{:.1}", peak as f64 / 1024.0) };
        Ok(vec![
            format!("{}: {label}", self.road.name),
            self.events.to_string(),
            each(limits),
            each(others),
            format!("{:.2}", median(ratios)),
            format!("{:.2}", median(cpu_ratios)),
            peak,
        ])
    }

    /// The row of our own program.
    fn ours(&self, label: &str, flags: &[&str], options: &Options) -> Result<Vec<String>, String> {
        let script = format!("{}.rhai", self.road.name);
        self.versus(label, options.rounds, false, &|output| our_command(options, &script, flags, output, std::slice::from_ref(&self.input)))
    }
}

fn remove(path: &Path) -> Result<(), String> {
    fs::remove_file(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Runs all wanted roads.
pub(crate) fn measure(options: &Options, dir: &Path) -> Result<Option<Table>, String> {
    let mut table = Table::new("Roads", &["road", "events", "limit ns/event", "ns/event", "ratio", "CPU ratio", "peak MiB"]);
    let wanted: Vec<&Road> = ROADS.iter().filter(|road| options.wants(road.name)).collect();
    for road in &wanted {
        let laid = Laid::new(road, (options.events / road.share).max(1), dir)?;
        eprintln!("{}: {} events, {} rounds", road.name, laid.events, options.rounds);
        table.row(laid.ours("deadbeat", &[], options)?);
        for (label, _) in &road.programs[1..] {
            table.row(laid.versus(label, options.rounds, false, &|output| limit_command(label, &laid.input, output))?);
        }
        remove(&laid.input)?;
        let fewer = Laid::new(road, (laid.events / 10).max(1), dir)?;
        if road.name == "function" {
            table.row(fewer.ours("deadbeat run --no-lower", &["--no-lower"], options)?);
        }
        if options.peers {
            peers::measure(&fewer, options, &mut table);
        }
        remove(&fewer.input)?;
    }
    Ok((!wanted.is_empty()).then_some(table))
}

/// Whether two files are the same; the error tells the first line that is not.
pub(crate) fn equal(expected: &Path, written: &Path) -> Result<(), String> {
    let told = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let mut left = BufReader::with_capacity(256 << 10, File::open(expected).map_err(|error| told(expected, error))?);
    let mut right = BufReader::with_capacity(256 << 10, File::open(written).map_err(|error| told(written, error))?);
    let (mut expects, mut has, mut line) = (Vec::new(), Vec::new(), 0_u64);
    loop {
        expects.clear();
        has.clear();
        left.read_until(b'\n', &mut expects).map_err(|error| told(expected, error))?;
        right.read_until(b'\n', &mut has).map_err(|error| told(written, error))?;
        line += 1;
        if expects != has {
            let text =
                |line: &[u8]| if line.is_empty() { "(no more lines)\n".to_owned() } else { String::from_utf8_lossy(line).into_owned() };
            return Err(format!("the outputs differ in line {line}\n  limit: {}  other: {}", text(&expects), text(&has)));
        }
        if expects.is_empty() {
            return Ok(());
        }
    }
}
