//! `deadbeat explain SCRIPT`: what of a script runs as native code, what not and why, and what it reads, writes and asks.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{ArgMatches, Command};

use super::{Common, say, script_args};
use crate::cog::Kind;
use crate::script::Wound;

pub(super) fn command() -> Command {
    let [script, args] = script_args();
    Command::new("explain")
        .about("Tell which closures run as native code, and what a script reads and writes")
        .long_about("Winds the script and lists its closures and functions: `lowered` ones run as native code; of the others it names the construct and line that kept them back, as these are called through the interpreter. Then it lists the cogs that read, write and ask. Nothing is run. Required options that are not given get a placeholder.")
        .args([script, args.trailing_var_arg(false).allow_hyphen_values(false).last(true)])
}

pub(super) fn main(matches: &ArgMatches, common: &Common) -> u8 {
    let script: &PathBuf = matches.get_one("script").expect("clap requires it");
    let wound = match super::wind_with_placeholders(script, matches, common) {
        Ok(wound) => wound,
        Err(status) => return status,
    };
    say(&text(&wound));
    0
}

fn text(wound: &Wound) -> String {
    let mut text = String::new();
    let told = wound.explain();
    let width = told.iter().map(|told| told.name.chars().count()).max().unwrap_or(0);
    let script = wound.script_name();
    for told in &told {
        let place = |line: usize| if told.place.0 == script { format!("line {line}") } else { format!("{}:{line}", told.place.0) };
        let _ = match &told.refused {
            None => writeln!(text, "{:width$}  lowered", told.name),
            Some((what, Some(line))) => writeln!(text, "{:width$}  not lowered: {what} at {}", told.name, place(*line)),
            Some((what, None)) => writeln!(text, "{:width$}  not lowered: {what}", told.name),
        };
    }
    for (word, kind) in [("reads", Kind::Supply), ("asks", Kind::Enrich), ("writes", Kind::Drain)] {
        for node in wound.graph.nodes.iter().filter(|node| node.kind == kind) {
            let _ = writeln!(text, "{word:6}  {}", node.label);
        }
    }
    text
}
