//! Every example that the table of cogs shows, run as it is shown.

use deadbeat::cog::{CogSpec, Example, Kind, Param};
use deadbeat::cogs::COGS;
use deadbeat::script::{Setting, wind_text};
use serde_json::Value;

use crate::rig::{Rig, mmdb, root};

/// All cogs, those of the script itself too.
pub(crate) fn all() -> impl Iterator<Item = &'static CogSpec> {
    COGS.iter().copied().chain([&deadbeat::script::cogs::SPEC])
}

/// JSON in one form, its keys and digits as they are.
fn plain(text: &str) -> String {
    serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: {text}")).to_string()
}

/// Runs it in a directory with the file that examples of `ip::geoip` name.
fn run(example: &Example) -> Vec<String> {
    let supply = if example.input.is_empty() { String::new() } else { "fs::stdin_supply() |> text::json_parse() |> ".into() };
    let script = format!(
        "let train = movement::train();\ntrain.update({supply}{} |> text::json_marshall() |> fs::stdout_drain());\ntrain.run();\n",
        example.make
    );
    let input = if example.input.is_empty() { String::new() } else { plain(example.input) + "\n" };
    let outcome = Rig::new().script("example.rhai", &script).file("cities.mmdb", mmdb::cities()).stdin(input).run();
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{}", example.make);
    outcome.stdout.lines().map(plain).collect()
}

#[test]
fn every_example_of_a_cog_holds() {
    for spec in all() {
        for example in spec.examples {
            let wanted: Vec<String> = example.output.iter().map(|line| plain(line)).collect();
            assert_eq!(run(example), wanted, "{}: {}: {}", spec.path(), example.what, example.make);
        }
    }
}

#[test]
fn every_example_holds_without_lowering() {
    for example in all().flat_map(|spec| spec.examples).filter(|example| example.make.contains('|')) {
        let script = format!(
            "let train = movement::train();\ntrain.update(fs::stdin_supply() |> text::json_parse() |> {} |> text::json_marshall() |> fs::stdout_drain());\ntrain.run();\n",
            example.make
        );
        let outcome = Rig::new().command(["run", "--no-lower"]).script("example.rhai", &script).stdin(plain(example.input) + "\n").run();
        let wanted: Vec<String> = example.output.iter().map(|line| plain(line)).collect();
        assert_eq!(outcome.stdout.lines().map(plain).collect::<Vec<_>>(), wanted, "{}", example.make);
    }
}

#[test]
fn every_cog_is_shown_by_an_example() {
    for spec in all() {
        // What supplies and drains do shows outside: in files and on streams, which other tests look at.
        let outside = matches!(spec.family, "fs" | "http" | "process" | "socket")
            || spec.family == "email" && matches!(spec.kind, Kind::Supply | Kind::Drain);
        assert!(outside || !spec.examples.is_empty(), "{}", spec.path());
        // Of those whose doings show outside it is shown how they are made.
        assert!(spec.examples.len() + spec.page.uses.len() >= 2, "{} is shown by too little", spec.path());
        for call in spec.page.uses {
            assert!(call.starts_with(&format!("{}(", spec.path())), "{}: {call}", spec.path());
            let wound = wind_text("use.rhai", &format!("movement::train().update([{call}]);"), root(), Setting::default());
            let reports = wound.map_or_else(|reports| reports, |wound| wound.reports);
            let told: String = reports.iter().filter(|report| !report.warning).map(|report| report.render(false)).collect();
            assert_eq!(told, "", "{call}");
        }
        for example in spec.examples {
            let constructor = if spec.global { spec.name.to_owned() } else { spec.path() };
            assert!(example.make.starts_with(&format!("{constructor}(")), "{}: {}", spec.path(), example.make);
        }
    }
}

/// Whether a script may write that.
fn compiles(text: &str) -> Result<(), String> {
    match wind_text("names.rhai", text, root(), Setting::default()) {
        Err(reports) => Err(reports.iter().map(|report| report.render(false)).collect()),
        // What is wrong besides the words is no matter here.
        Ok(_) => Ok(()),
    }
}

#[test]
fn no_name_is_a_reserved_word_of_rhai() {
    compiles("let map = #{default: 1};").expect_err("the test itself: this is one");
    for spec in all() {
        compiles(&format!("{}::{}();", spec.family, spec.name)).unwrap_or_else(|told| panic!("{}: {told}", spec.path()));
        for Param { name, .. } in spec.all_params() {
            compiles(&format!("let map = #{{{name}: 1}}; map.{name};")).unwrap_or_else(|told| panic!("{}: {name}: {told}", spec.path()));
        }
    }
    for (family, name, _) in deadbeat::conf::Cast::all() {
        compiles(&format!("{family}::{name};")).unwrap_or_else(|told| panic!("{family}::{name}: {told}"));
    }
    for (family, name, make) in deadbeat::conf::inserts::INSERTS {
        compiles(&format!("{family}::{name};")).unwrap_or_else(|told| panic!("{family}::{name}: {told}"));
        for entry in make() {
            compiles(&format!("let map = #{{}}; map.{};", entry.name())).unwrap_or_else(|told| panic!("{name}: {}: {told}", entry.name()));
        }
    }
}

#[test]
fn the_table_of_cogs_speaks_of_everything() {
    let mut paths = Vec::new();
    for spec in all() {
        let path = spec.path();
        assert!(!paths.contains(&path), "{path} is there twice");
        assert!(spec.about.ends_with('.') && !spec.about.contains('\n'), "{path}: {}", spec.about);
        for (_, text) in spec.shape() {
            assert!(!text.is_empty() && !text.ends_with('.') && !text.contains('\n'), "{path}: {text}");
        }
        let near = spec.near(&all().collect::<Vec<_>>());
        assert!(!near.is_empty() && !near.contains(&path), "{path}: {near:?}");
        assert!(path != "text::csv_parse" || near[0] == "text::csv_marshall", "{near:?}");
        assert!(spec.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{path}");
        assert_eq!(spec.name.ends_with("_supply"), spec.kind == Kind::Supply, "{path}");
        assert_eq!(spec.name == "drain" || spec.name.ends_with("_drain"), spec.kind == Kind::Drain, "{path}");
        assert!(spec.first.is_none_or(|first| spec.params.iter().any(|param| param.name == first)), "{path}");
        let names: Vec<&str> = spec.all_params().map(|param| param.name).collect();
        for param in spec.all_params() {
            assert!(!param.about.is_empty(), "{path}: `{}` says nothing of itself", param.name);
            assert_eq!(names.iter().filter(|name| **name == param.name).count(), 1, "{path}: `{}` is there twice", param.name);
        }
        paths.push(path);
    }
}
