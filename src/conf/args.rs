//! What `--help` and `--version` of a script print, rendered by clap, and what a shell may complete.

use clap::{Arg, ArgAction, Command};

use super::Request;
use super::definition::{Definition, Entry, Opt, Positional, dashed};
use crate::datum::{Datum, json};

/// An identifier that no option can have.
const WORDS: &str = "the words";

/// The text of `--help`; `width` in letters, else that of the terminal.
pub(super) fn help(request: &Request, definition: &Definition<'_>, width: Option<usize>) -> String {
    let mut command = Command::new(request.name.clone()).about(request.description.clone()).disable_help_flag(true).max_term_width(100);
    if let Some(width) = width {
        command = command.term_width(width);
    }
    let mut usage = format!("{} [OPTIONS]", request.program.as_deref().unwrap_or(&request.name));
    if let Some(Positional { name, about, required }) = &request.positional {
        let word = name.to_uppercase();
        let words = if *required { format!("{word}...") } else { format!("[{word}]...") };
        usage = format!("{usage} [--] {words}");
        command = command.arg(Arg::new(WORDS).value_name(word).help(about.clone()).action(ArgAction::Append));
    }
    command = command.override_usage(usage);
    // Options of the root come first, else they would seem to belong to the section above.
    let (root, nested): (Vec<_>, Vec<_>) = definition.options.iter().partition(|option| !option.dotted.contains('.'));
    for option in root.into_iter().chain(nested) {
        command = command.arg(arg(option, heading(definition.entries, &option.dotted)));
    }
    let own =
        |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help).action(ArgAction::SetTrue).help_heading("Common");
    command = command.arg(own("help", "Show this help")).arg(own("version", "Show the version"));
    command = command.arg(own("dump-config", "Show the configuration, as merged from files and command line, as JSON"));
    command.render_help().to_string()
}

/// The text of `--version`.
pub(super) fn version(request: &Request) -> String {
    match &request.version {
        Some(version) => format!("{} {version}\n", request.name),
        None => format!("{} (the script states no version)\n", request.name),
    }
}

fn arg(option: &Opt<'_>, heading: Option<String>) -> Arg {
    let item = option.item;
    let name = dashed(&option.dotted);
    let arg = Arg::new(name.clone()).help(about(option)).help_heading(heading.unwrap_or_else(|| "Options".to_owned()));
    if item.cast.is_switch() {
        arg.long(format!("[no-]{name}")).action(ArgAction::SetTrue)
    } else {
        arg.long(name).value_name(item.cast.name().to_owned()).action(ArgAction::Set)
    }
}

/// The help text with what happens when the option is not given.
fn about(option: &Opt<'_>) -> String {
    let item = option.item;
    let note = match &item.default {
        None => "[required]".to_owned(),
        Some(Datum::Unit) => String::new(),
        Some(_) if item.secret => "[default: not shown]".to_owned(),
        Some(Datum::Str(text)) if text.is_empty() => String::new(),
        Some(default) => format!("[default: {}]", shown(default)),
    };
    format!("{} {note}", item.about).trim().to_owned()
}

/// A default as it would be written on the command line.
fn shown(value: &Datum) -> String {
    match value {
        Datum::Str(text) => text.as_str().to_owned(),
        Datum::Bool(truth) => (if *truth { "yes" } else { "no" }).to_owned(),
        Datum::List(items) if !items.is_empty() => items.iter().map(shown).collect::<Vec<_>>().join(","),
        other => json::to_string(other),
    }
}

/// The heading of the section an option stands in: the explanations on the way to it.
fn heading(entries: &[Entry], dotted: &str) -> Option<String> {
    let (first, rest) = dotted.split_once('.')?;
    let (about, inner) = entries.iter().find_map(|entry| match entry {
        Entry::Section { name, about, entries } if name == first => Some((about, entries)),
        _ => None,
    })?;
    let about = if about.is_empty() { first } else { about.trim_end_matches(['.', ':']) };
    Some(match heading(inner, rest) {
        Some(below) => format!("{about} / {below}"),
        None => about.to_owned(),
    })
}

/// What a shell may complete after a script's name: each spelling with its explanation.
///
/// # Errors
/// The faults of the definition.
pub fn completions(entries: &[Entry]) -> Result<Vec<(String, String)>, Vec<super::Problem>> {
    let definition = Definition::new(entries, None)?;
    let mut all = Vec::new();
    for option in &definition.options {
        let value = if option.item.cast.is_switch() { "" } else { "=" };
        all.push((format!("{}{value}", option.long()), about(option)));
        if option.item.cast.is_switch() {
            all.push((format!("--no-{}", dashed(&option.dotted)), about(option)));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::definition::Item;
    use super::super::{cast, inserts};
    use super::*;

    #[test]
    fn help_shows_options_by_section_in_order_of_definition() {
        let secret = Item { secret: true, ..Item::with("token", cast::string(), "Key of the service", "abcdef") };
        let request = Request {
            typedef: vec![
                Item::with("input_files", cast::path_list(), "Input log files", "test-input.txt").into(),
                Entry::section(
                    "filter",
                    "What passes",
                    vec![
                        Item::required("source_ip", cast::ranges(), "Networks to keep").into(),
                        Entry::section("more", "Details", vec![Item::with("deep", cast::boolean(), "Look inside", true).into()]),
                    ],
                ),
                Item::with("count", cast::int(), "How many", Datum::Unit).into(),
                secret.into(),
            ],
            name: "resolve".into(),
            description: "Bulk IP resolver".into(),
            program: Some("deadbeat run resolve.rhai".into()),
            positional: Some(Positional { name: "files".into(), about: "Files to read".into(), required: false }),
            ..Request::default()
        };
        let definition = Definition::new(&request.typedef, None).unwrap_or_else(|_| unreachable!());
        insta::assert_snapshot!(help(&request, &definition, Some(90)), @r"
        Bulk IP resolver

        Usage: deadbeat run resolve.rhai [OPTIONS] [--] [FILES]...

        Arguments:
          [FILES]...  Files to read

        Options:
              --input-files <PATH,...>  Input log files [default: test-input.txt]
              --count <INT>             How many
              --token <TEXT>            Key of the service [default: not shown]

        What passes:
              --filter.source-ip <RANGE,...>  Networks to keep [required]

        What passes / Details:
              --[no-]filter.more.deep  Look inside [default: yes]

        Common:
              --help         Show this help
              --version      Show the version
              --dump-config  Show the configuration, as merged from files and command line, as
                             JSON
        ");
    }

    #[test]
    fn spellings_for_a_shell() {
        let all = completions(&inserts::daemon_base_config()).unwrap();
        assert_eq!(all[0].0, "--detach");
        assert_eq!(all[1].0, "--no-detach");
        assert!(all.iter().any(|(spelling, _)| spelling == "--work-dir="));
    }
}
