//! `deadbeat test [PATH…]`: runs the tests that stand beside pipelines.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{UNUSABLE, say, tell};
use crate::secrets;
use crate::trial::{self, Case, Verdict};

pub(super) fn command() -> Command {
    Command::new("test")
        .about("Run the tests that stand beside pipelines")
        .long_about("Runs the tests in files `NAME.test.rhai`: functions `fn test_…()` that load a pipeline, feed it and look at what comes out. Nothing outside is touched: supplies read nothing, drains write nothing, the clock is moved by hand. A directory means all files of tests below it; without a path it is the current one. Status: 0 all passed, 1 some failed, 2 some could not be run.")
        .args([
            Arg::new("paths").value_name("PATH").num_args(0..).value_parser(value_parser!(PathBuf)).help("Files of tests, or directories"),
            Arg::new("junit").long("junit").conflicts_with("list").value_name("FILE").value_parser(value_parser!(PathBuf)).help("Write a report as JUnit's XML to this file"),
            Arg::new("filter").long("filter").value_name("TEXT").help("Run only tests with this text in `FILE: NAME`"),
            Arg::new("timeout").long("timeout").value_name("SECONDS").value_parser(value_parser!(u64).range(1..=86_400)).help("Time that a test may take; 10 by default"),
            Arg::new("list").long("list").action(ArgAction::SetTrue).help("List the tests and run none"),
        ])
}

pub(super) fn main(matches: &ArgMatches) -> u8 {
    let given: Option<Vec<PathBuf>> = matches.get_many("paths").map(|paths| paths.cloned().collect());
    let files = match trial::files(&given.unwrap_or_else(|| vec![PathBuf::from(".")])) {
        Ok(files) => files,
        Err(text) => return unusable(&text),
    };
    let began = Instant::now();
    let painter = Painter::new(matches);
    let filter = matches.get_one::<String>("filter").map_or("", String::as_str);
    let time = matches.get_one::<u64>("timeout").map_or(trial::TIME, |seconds| Duration::from_secs(*seconds));
    let mut cases = Vec::new();
    let mut found = 0;
    for file in files {
        let names = match trial::list(&file) {
            Ok(listing) => {
                if !listing.warnings.is_empty() {
                    tell(&format!("{}\n", listing.warnings));
                }
                listing.names.into_iter().filter(|name| title(&file, name).contains(filter)).collect::<Vec<_>>()
            }
            Err(text) => {
                let case = Case { file, name: String::new(), verdict: Verdict::Unusable(text), took: Duration::ZERO };
                painter.show(&case);
                cases.push(case);
                continue;
            }
        };
        found += names.len();
        for name in names {
            if matches.get_flag("list") {
                say(&format!("{}\n", title(&file, &name)));
                continue;
            }
            let case = trial::run(&file, &name, time);
            painter.show(&case);
            cases.push(case);
        }
    }
    if found == 0 && cases.is_empty() {
        return unusable(&format!("no test has `{filter}` in its name"));
    }
    let took = began.elapsed();
    if !matches.get_flag("list") {
        painter.sum(&cases, took);
    }
    if let Some(path) = matches.get_one::<PathBuf>("junit")
        && let Err(error) = std::fs::write(path, trial::junit(&cases, took))
    {
        return unusable(&format!("cannot write `{}`: {}", path.display(), crate::error::plain(&error)));
    }
    let any = |f: fn(&Verdict) -> bool| cases.iter().any(|case| f(&case.verdict));
    if any(|verdict| matches!(verdict, Verdict::Unusable(_))) {
        UNUSABLE
    } else {
        u8::from(any(|verdict| matches!(verdict, Verdict::Failed(_))))
    }
}

fn unusable(text: &str) -> u8 {
    tell(&format!("deadbeat: {text}\n"));
    UNUSABLE
}

fn title(file: &Path, name: &str) -> String {
    format!("{}: {name}", file.display())
}

/// Writes lines for people.
struct Painter {
    color: bool,
}

impl Painter {
    fn new(matches: &ArgMatches) -> Self {
        let color = match matches.get_one::<String>("color").map(String::as_str) {
            Some("always") => true,
            Some("never") => false,
            _ => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        };
        Self { color }
    }

    fn paint(&self, style: &str, text: &str) -> String {
        if self.color { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn show(&self, case: &Case) {
        let took = case.took.as_millis();
        let mut out = match &case.verdict {
            Verdict::Passed => format!("{}    {} ({took} ms)\n", self.paint("32", "ok"), title(&case.file, &case.name)),
            Verdict::Failed(_) => format!("{}  {} ({took} ms)\n", self.paint("1;31", "FAIL"), title(&case.file, &case.name)),
            Verdict::Unusable(_) => format!("{} {}: cannot be run\n", self.paint("1;31", "ERROR"), case.file.display()),
        };
        if let Verdict::Failed(text) | Verdict::Unusable(text) = &case.verdict {
            for line in text.lines() {
                let _ = writeln!(out, "      {}", self.marked(&clean(line)));
            }
        }
        say(&secrets::mask(&out));
    }

    /// What was got in red, what was wanted in green.
    fn marked(&self, line: &str) -> String {
        for (word, style) in [("got    ", "31"), ("wanted ", "32")] {
            if let Some(at) = line.find(word).filter(|_| line.starts_with(' ')) {
                return format!("{}{}", &line[..at], self.paint(style, &line[at..]));
            }
        }
        line.to_owned()
    }

    fn sum(&self, cases: &[Case], took: Duration) {
        let count = |f: fn(&Verdict) -> bool| cases.iter().filter(|case| f(&case.verdict)).count();
        let passed = count(|verdict| *verdict == Verdict::Passed);
        let failed = count(|verdict| matches!(verdict, Verdict::Failed(_)));
        let broken = count(|verdict| matches!(verdict, Verdict::Unusable(_)));
        let files = if broken == 1 { "file" } else { "files" };
        let broken = if broken > 0 { format!(", {broken} {files} could not be run") } else { String::new() };
        let text = format!("{passed} passed, {failed} failed{broken}");
        let style = if passed == cases.len() { "32" } else { "1;31" };
        say(&format!("{} in {:.2} s\n", self.paint(style, &text), took.as_secs_f64()));
    }
}

/// A line that does nothing to a terminal.
fn clean(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for letter in line.chars() {
        if letter.is_control() { out.extend(letter.escape_default()) } else { out.push(letter) }
    }
    out
}
