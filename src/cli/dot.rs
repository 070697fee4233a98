//! `deadbeat dot SCRIPT`: the geartrain as a graph.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::{Common, say, script_args, tell};
use crate::error::Error;
use crate::script;
use crate::train;

pub(super) fn command() -> Command {
    let [script, args] = script_args();
    Command::new("dot")
        .about("Write the geartrain as a DOT graph")
        .long_about("Winds the script and writes its geartrain in the language of Graphviz: `deadbeat dot pipeline.rhai | dot -Tsvg > pipeline.svg`. Required options that are not given get a placeholder.")
        .arg(Arg::new("output").short('o').long("output").value_name("FILE").value_parser(value_parser!(PathBuf)).help("Write to this file instead of standard output"))
        .args([script, args.trailing_var_arg(false).allow_hyphen_values(false).last(true)])
}

pub(super) fn main(matches: &ArgMatches, common: &Common) -> u8 {
    let script: &PathBuf = matches.get_one("script").expect("clap requires it");
    let wound = match super::wind_with_placeholders(script, matches, common) {
        Ok(wound) => wound,
        Err(status) => return status,
    };
    let text = train::to_dot(&wound.graph, &script::title(&script.to_string_lossy()));
    match matches.get_one::<PathBuf>("output") {
        None => say(&text),
        Some(path) => {
            if let Err(error) = std::fs::write(path, text) {
                tell(&format!("deadbeat: {}\n", Error::os("write", path, error)));
                return 1;
            }
        }
    }
    0
}
