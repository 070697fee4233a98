//! `deadbeat cogs [NAME]`: the table of cogs, as a list, as one cog's page, or as the whole reference.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{Arg, ArgMatches, Command};

use super::{UNUSABLE, say, tell};
use crate::cog::{COMMON, COMMON_SUPPLY, CogSpec, OptionGroup, Param, Ty};
use crate::cogs::{COGS, GROUPS};
use crate::error::nearest;

pub(super) fn command() -> Command {
    Command::new("cogs").about("List the cogs, or show one with its options").args([
        Arg::new("name").value_name("NAME").help("A cog, as `text::csv_parse` or `csv_parse`"),
        Arg::new("format")
            .long("format")
            .value_parser(["text", "markdown"])
            .default_value("text")
            .help("markdown: the reference of all cogs"),
    ])
}

/// All cogs, those of the script itself too.
fn all() -> impl Iterator<Item = &'static CogSpec> {
    COGS.iter().copied().chain([&crate::script::cogs::SPEC])
}

pub(super) fn main(matches: &ArgMatches) -> u8 {
    if matches.get_one::<String>("format").is_some_and(|format| format == "markdown") {
        say(&markdown());
        return 0;
    }
    let Some(name) = matches.get_one::<String>("name") else {
        say(&list());
        return 0;
    };
    let found: Vec<&CogSpec> = all().filter(|spec| spec.path() == *name || spec.name == name).collect();
    let groups: Vec<&OptionGroup> = GROUPS.iter().copied().filter(|group| is_named(group, name)).collect();
    if found.is_empty() && groups.is_empty() {
        let paths: Vec<String> = all().map(CogSpec::path).collect();
        let known = paths.iter().map(String::as_str).chain(all().map(|spec| spec.name)).chain(GROUPS.iter().map(|group| group.name));
        let hint = nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        tell(&format!("deadbeat: no cog `{name}`{hint}\n"));
        return UNUSABLE;
    }
    for spec in found {
        say(&page(spec));
    }
    for group in groups {
        let mut out = format!("{} (options)\n  {}\n", group.name, group.about);
        options(&mut out, "options", group.params);
        say(&out);
    }
    0
}

fn is_named(group: &OptionGroup, name: &str) -> bool {
    group.name == name || group.constructor().is_some_and(|(_, own)| own == name)
}

/// Each option with its name; behind a map of options those in it, unless they have a page of their own.
fn flat(params: &'static [Param]) -> Vec<(String, &'static Param)> {
    let within = |param: &'static Param| match param.ty {
        Ty::Options(group) if group.constructor().is_none() => flat(group.params),
        _ => Vec::new(),
    };
    let with = |param: &'static Param| {
        let of_this = within(param).into_iter().map(|(name, inner)| (format!("{}.{name}", param.name), inner));
        std::iter::once((param.name.to_owned(), param)).chain(of_this)
    };
    params.iter().flat_map(with).collect()
}

fn list() -> String {
    let mut out = String::new();
    let width = all().map(|spec| spec.path().len()).max().unwrap_or(0);
    for spec in all() {
        let _ = writeln!(out, "{:width$}  {:8}  {}", spec.path(), spec.kind.word(), spec.about);
    }
    out
}

fn page(spec: &CogSpec) -> String {
    let mut out = format!("{} ({})\n  {}\n\n", spec.path(), spec.kind.word(), spec.about);
    for (heading, text) in spec.shape() {
        let _ = writeln!(out, "{heading}: {text}");
    }
    if !spec.shape().contains(&("fails", "nothing")) {
        out.push_str(ON_ERROR);
    }
    for example in spec.page.uses {
        let _ = writeln!(out, "use:   {example}");
    }
    options(&mut out, "options", spec.params);
    if spec.may_supply() {
        options(&mut out, "options of every supply", COMMON_SUPPLY);
    }
    options(&mut out, "options of every cog", COMMON);
    let legend = legend(&mut spec.all_params());
    if !legend.is_empty() {
        out.push_str("\nkinds of options:\n");
    }
    for (word, meaning) in legend {
        let _ = writeln!(out, "  {word}: {meaning}");
    }
    for example in spec.examples {
        let _ = writeln!(out, "\nexample: {}\n  {}", example.what, example.make);
        if !example.input.is_empty() {
            let _ = writeln!(out, "  {}", example.input);
        }
        if example.output.is_empty() {
            out.push_str("  -> nothing\n");
        }
        for line in example.output {
            let _ = writeln!(out, "  -> {line}");
        }
    }
    let _ = writeln!(out, "\nsee also: {}; `deadbeat cogs` lists all", spec.near(&all().collect::<Vec<_>>()).join(", "));
    out
}

/// Kinds whose words do not say it all, each with what it takes.
fn legend(params: &mut dyn Iterator<Item = &'static Param>) -> BTreeMap<String, String> {
    let mut kinds = BTreeMap::new();
    for ty in params.flat_map(|param| flat(std::slice::from_ref(param))).flat_map(|(_, param)| match param.ty {
        Ty::Either(all) => all.to_vec(),
        one => vec![one],
    }) {
        let plain =
            matches!(ty, Ty::Bool | Ty::Int | Ty::Number | Ty::Str | Ty::Map | Ty::Entries | Ty::Items | Ty::Cog | Ty::Unit | Ty::Func);
        if !plain && !matches!(ty, Ty::Choice(_) | Ty::Options(_) | Ty::Keeper(_) | Ty::Cases | Ty::Callable) {
            kinds.insert(ty.word(), ty.wanted());
        }
    }
    kinds
}

/// What becomes of what fails.
const ON_ERROR: &str =
    "       What fails is logged with its event, this cog and the piece, unless on_error says otherwise; the run goes on\n";

fn options(out: &mut String, title: &str, params: &'static [Param]) {
    if params.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}:");
    for (name, param) in flat(params) {
        let _ = writeln!(out, "  {name} ({}; {})\n      {}", param.ty.word(), param.default.text(), param.about);
    }
}

/// The reference of all cogs, for `docs/cogs.md`.
fn markdown() -> String {
    let mut out = String::from("# Cogs\n\nWritten by `deadbeat cogs --format markdown`; a test holds it equal to the program.\n\n");
    out.push_str("| cog | kind | does |\n|---|---|---|\n");
    for spec in all() {
        let _ = writeln!(out, "| [`{}`](#{}) | {} | {} |", spec.path(), spec.path().replace("::", ""), spec.kind.word(), cell(spec.about));
    }
    out.push_str("\n## Kinds of options\n\n| word | what such an option takes |\n|---|---|\n");
    for (word, meaning) in legend(&mut all().flat_map(CogSpec::all_params)) {
        let _ = writeln!(out, "| {} | {} |", cell(&word), cell(&meaning));
    }
    for (title, params) in [("Options of every cog", COMMON), ("Options of every supply", COMMON_SUPPLY)] {
        let _ = writeln!(out, "\n## {title}\n");
        table(&mut out, params);
    }
    for spec in all() {
        let _ = writeln!(out, "\n## {}\n\n{} ({})\n", spec.path(), spec.about, spec.kind.word());
        for (heading, text) in spec.shape() {
            let _ = writeln!(out, "- {}: {text}", capital(heading));
        }
        let near: Vec<String> =
            spec.near(&all().collect::<Vec<_>>()).iter().map(|path| format!("[`{path}`](#{})", path.replace("::", ""))).collect();
        let _ = writeln!(out, "- See also: {}\n", near.join(", "));
        table(&mut out, spec.params);
        for example in spec.page.uses {
            let _ = writeln!(out, "\n```text\n{example}\n```");
        }
        for example in spec.examples {
            let _ = writeln!(out, "\n{}:\n\n```text\n{}", capital(example.what), example.make);
            if !example.input.is_empty() {
                let _ = writeln!(out, "{}", example.input);
            }
            for line in example.output {
                let _ = writeln!(out, "-> {line}");
            }
            out.push_str("```\n");
        }
    }
    for group in GROUPS {
        let _ = writeln!(out, "\n## {}\n\n{} (no cog: what the option of that name takes)\n", group.name, group.about);
        table(&mut out, group.params);
    }
    out
}

fn table(out: &mut String, params: &'static [Param]) {
    if params.is_empty() {
        out.push_str("No options of its own.\n");
        return;
    }
    out.push_str("| option | takes | default | |\n|---|---|---|---|\n");
    for (name, param) in flat(params) {
        let _ = writeln!(
            out,
            "| `{name}` | {} | {} | {} |",
            cell(&param.ty.word()),
            cell(&format!("`{}`", param.default.text())),
            cell(param.about)
        );
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
