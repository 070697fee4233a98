//! `deadbeat dot SCRIPT`: the geartrain as a graph.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::{Common, UNUSABLE, say, script_args, tell};
use crate::draw::Format;
use crate::error::Error;
use crate::script;

pub(super) fn command() -> Command {
    let [script, args] = script_args();
    Command::new("dot")
        .about("Draw the geartrain: for Graphviz, as SVG, for Mermaid, as JSON")
        .long_about(
            "Winds the script and draws its geartrain: in the language of Graphviz, as an SVG picture that needs no other program \
             (`deadbeat dot pipeline.rhai -o pipeline.svg`), as a Mermaid flowchart for documents, or as JSON for programs. Required \
             options that are not given get a placeholder.",
        )
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(Format::ALL.map(|(word, _)| word))
                .help("What to write; by default what the ending of FILE says; dot on standard output"),
        )
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Write to this file instead of standard output"),
        )
        .args([script, args.trailing_var_arg(false).allow_hyphen_values(false).last(true)])
}

pub(super) fn main(matches: &ArgMatches, common: &Common) -> u8 {
    let script: &PathBuf = matches.get_one("script").expect("clap requires it");
    let output = matches.get_one::<PathBuf>("output");
    let asked = matches.get_one::<String>("format").and_then(|word| Format::parse(word));
    let ending = output.filter(|path| path.extension().is_some());
    let Some(format) = asked.or_else(|| ending.map_or(Some(Format::Dot), |path| Format::of_path(path))) else {
        let words = Format::ALL.map(|(word, _)| word).join(", ");
        let path = ending.map(|path| path.display().to_string()).unwrap_or_default();
        tell(&format!("deadbeat: the ending of `{path}` names no format; say which by --format: {words}\n"));
        return UNUSABLE;
    };
    let wound = match super::wind_with_placeholders(script, matches, common) {
        Ok(wound) => wound,
        Err(status) => return status,
    };
    let text = format.draw(&wound.graph, &script::title(&script.to_string_lossy()), None);
    match output {
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
