//! `deadbeat check SCRIPT…`: winds scripts and tells all that is wrong with them; nothing is run.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{Common, UNUSABLE, say, tell};
use crate::datum::{Datum, Map, json};
use crate::script::report::Report;
use crate::script::{self, Setting};
use crate::secrets;
use crate::trial;

pub(super) fn command() -> Command {
    Command::new("check")
        .about("Check scripts without running them")
        .long_about("Winds each script: syntax, unknown functions, cogs and options with the nearest name, faults of the graph, closures that swallowed a `|>`. Required options that are not given get a placeholder. Status 0 when all are well, 2 otherwise.")
        .args([
            Arg::new("scripts").required(true).num_args(1..).value_name("SCRIPT").value_parser(value_parser!(PathBuf)).help("Scripts"),
            Arg::new("format").long("format").value_parser(["text", "json"]).default_value("text").help("json: one object a line for each fault"),
            Arg::new("args").last(true).num_args(0..).action(ArgAction::Append).value_name("ARGS").value_parser(value_parser!(std::ffi::OsString)).help("The script's own options"),
        ])
}

pub(super) fn main(matches: &ArgMatches, common: &Common) -> u8 {
    let as_json = matches.get_one::<String>("format").is_some_and(|format| format == "json");
    let mut status = 0;
    for script in matches.get_many::<PathBuf>("scripts").into_iter().flatten() {
        let setting = Setting {
            argv: super::args_of(matches),
            program: format!("deadbeat run {}", script.display()),
            placeholders: true,
            ..Setting::default()
        };
        let (reports, what, placeholders) = if trial::is_tests(script) {
            let (reports, tests) = trial::check(script);
            (reports, format!("{tests} tests"), Vec::new())
        } else {
            match script::wind(script, setting) {
                Ok(wound) => {
                    if let Some((text, _)) = &wound.print {
                        say(text);
                        continue;
                    }
                    let cogs = wound.graph.nodes.len();
                    (wound.reports, format!("{cogs} cogs"), wound.placeholders)
                }
                Err(reports) => (reports, String::new(), Vec::new()),
            }
        };
        let faulty = reports.iter().any(|report| !report.warning);
        if as_json {
            for report in &reports {
                say(&format!("{}\n", secrets::mask(&json::to_string(&as_datum(report)))));
            }
        } else {
            common.print(&reports);
            if !placeholders.is_empty() {
                tell(&format!("{}: not given, so a placeholder stands for: {}\n", script.display(), placeholders.join(", ")));
            }
            if !faulty {
                say(&format!("{}: well, {what}\n", script.display()));
            }
        }
        if faulty {
            status = UNUSABLE;
        }
    }
    status
}

/// A report as data for tools.
fn as_datum(report: &Report) -> Datum {
    let mut map = Map::new();
    map.push("severity".into(), Datum::from(if report.warning { "warning" } else { "error" }));
    map.push("code".into(), Datum::from(report.code));
    map.push("message".into(), Datum::from(report.text.as_str()));
    if let Some(place) = &report.place {
        map.push("file".into(), Datum::from(place.source.name.as_str()));
        map.push("line".into(), Datum::Int(place.line as i64));
        map.push("column".into(), Datum::Int(place.column as i64));
    }
    if let Some(hint) = &report.hint {
        map.push("hint".into(), Datum::from(hint.as_str()));
    }
    Datum::Map(map)
}
