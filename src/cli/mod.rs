//! The command line: one file a command; what they share stands here.
//!
//! Data and what was asked for go to standard output, all else to standard error. Status: 0 well, 1 a fatal error while
//! running, 2 could not run, 3 ran but data failed (with `--strict-exit`).

mod attach;
mod check;
mod cogs;
mod dot;
mod explain;
mod repl;
mod retry;
mod run;
mod test;

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::activation;
use crate::error::nearest;
use crate::log::{self, Priority};
use crate::script::report::Report;
use crate::script::{self, Setting, Wound};

/// Could not run: usage, configuration, script.
const UNUSABLE: u8 = 2;

/// Runs the program with these arguments, the program's own name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = match command().try_get_matches_from(with_run(args.into_iter().collect())) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { UNUSABLE } else { 0 });
        }
    };
    let common = match Common::new(&matches) {
        Ok(common) => common,
        Err(text) => {
            tell(&format!("deadbeat: {text}\n"));
            return ExitCode::from(UNUSABLE);
        }
    };
    activation::collect();
    // What is made without a mode of its own is nobody else's.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
    script::widen();
    crate::train::panics::tell_in_log();
    log::early("deadbeat", Some(common.log_level.unwrap_or(Priority::Warning)), common.color);
    let status = match matches.subcommand() {
        Some(("run", matches)) => run::main(matches, &common),
        Some(("check", matches)) => check::main(matches, &common),
        Some(("dot", matches)) => dot::main(matches, &common),
        Some(("explain", matches)) => explain::main(matches, &common),
        Some(("retry", matches)) => retry::main(matches, &common),
        Some(("test", matches)) => test::main(matches),
        Some(("cogs", matches)) => cogs::main(matches),
        Some(("attach", matches)) => repl::attach(matches, &common),
        Some(("repl", matches)) => repl::main(matches, &common),
        Some(("ctl", matches)) => attach::ctl(matches),
        _ => unreachable!("clap asks for a command"),
    };
    log::flush_suppressed();
    ExitCode::from(status)
}

/// What is common to all commands.
struct Common {
    log_level: Option<Priority>,
    color: bool,
}

impl Common {
    fn new(matches: &ArgMatches) -> Result<Self, String> {
        if let Some(dir) = matches.get_one::<PathBuf>("dir") {
            std::env::set_current_dir(dir).map_err(|error| format!("cannot go to `{}`: {}", dir.display(), crate::error::plain(&error)))?;
        }
        let color = match matches.get_one::<String>("color").map(String::as_str) {
            Some("always") => true,
            Some("never") => false,
            _ => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        };
        let log_level =
            matches.get_one::<String>("log_level").map(|word| Priority::parse(word).ok_or_else(|| format!("`{word}` is no priority")));
        Ok(Self { log_level: log_level.transpose()?, color })
    }

    /// Prints reports, the worst last, with a closing line that counts them.
    fn print(&self, reports: &[Report]) {
        let mut text = String::new();
        for report in reports.iter().filter(|report| report.warning).chain(reports.iter().filter(|report| !report.warning)) {
            text.push_str(&crate::secrets::mask(&report.render(self.color)));
            text.push('\n');
        }
        let faults = reports.iter().filter(|report| !report.warning).count();
        if faults > 0 {
            let plural = if faults == 1 { "" } else { "s" };
            let _ = writeln!(text, "deadbeat: {faults} error{plural}: nothing was run");
        }
        tell(&text);
    }
}

/// Winds a script, and prints what is to be told of it; otherwise the status to end with.
fn wind(script: &Path, setting: Setting, common: &Common) -> Result<Wound, u8> {
    let wound = script::wind(script, setting).map_err(|mut reports| {
        // What is neither a command nor a file was probably meant as a command.
        let near = nearest(&script.to_string_lossy(), command().get_subcommands().map(Command::get_name)).map(str::to_owned);
        if let (false, Some(near), [report]) = (script.exists(), near, reports.as_mut_slice()) {
            report.hint = Some(format!("did you mean `{near}`?"));
        }
        common.print(&reports);
        UNUSABLE
    })?;
    if let Some((text, status)) = &wound.print {
        say(text);
        return Err(*status);
    }
    common.print(&wound.reports);
    if wound.is_faulty() { Err(UNUSABLE) } else { Ok(wound) }
}

/// Winds a script to look at it, not to run it: a required option that is not given gets a placeholder, which is told.
fn wind_with_placeholders(script: &Path, matches: &ArgMatches, common: &Common) -> Result<Wound, u8> {
    let setting =
        Setting { argv: args_of(matches), program: format!("deadbeat run {}", script.display()), placeholders: true, ..Setting::default() };
    let wound = wind(script, setting, common)?;
    if !wound.placeholders.is_empty() {
        tell(&format!("{}: not given, so a placeholder stands for: {}\n", script.display(), wound.placeholders.join(", ")));
    }
    Ok(wound)
}

/// Sets the log up as the script says; the command line's own wishes come first.
fn configure_log(wound: &mut Wound, common: &Common) -> crate::error::Result<()> {
    let detached = wound.daemon.as_ref().is_some_and(|daemon| daemon.detach);
    // A service that says nothing about its log has one all the same: the system's.
    let settings = wound.log.take().or_else(|| detached.then(|| log::Settings { tag: wound.tag(), ..log::Settings::default() }));
    if let Some(mut settings) = settings {
        if let Some(level) = common.log_level {
            settings.stderr = Some(level);
        }
        settings.color = common.color;
        settings.detached = detached;
        log::configure(&settings)?;
    }
    log::begin();
    Ok(())
}

/// Writes to standard error.
fn tell(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Writes to standard output; a reader that has gone is no error.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The command line, for parsing and for help.
pub fn command() -> Command {
    Command::new("deadbeat")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Runs event-driven data-transformation pipelines written as Rhai scripts.")
        .after_help(
            "A script is run by `deadbeat SCRIPT` as well, so that `#!/usr/bin/env deadbeat` works as its first line.\n\
             The program's own options stand before SCRIPT; what stands behind it belongs to the script.\n\n\
             Examples:\n  \
             deadbeat run pipeline.rhai --input-files access.log\n  \
             deadbeat run pipeline.rhai --help        the script's own options\n  \
             deadbeat check pipeline.rhai             all faults at once, nothing is run\n  \
             deadbeat dot pipeline.rhai -o train.svg  the geartrain as a picture\n  \
             deadbeat explain pipeline.rhai           which closures run as native code\n  \
             deadbeat retry pipeline.rhai dead.jsonl  feed what failed once more\n  \
             deadbeat test scripts                    run the tests beside pipelines\n  \
             deadbeat attach pipeline                 look into a running one, by the live shell\n  \
             deadbeat cogs text::csv_parse            a cog and its options\n\n\
             Status: 0 well; 1 a fatal error while running; 2 could not run; 3 some data failed, with --strict-exit.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args([
            Arg::new("log_level")
                .long("log-level")
                .global(true)
                .value_name("PRIORITY")
                .help("Show log lines from this priority on: error, warning (the default), notice, info, debug"),
            Arg::new("color")
                .long("color")
                .global(true)
                .value_parser(["auto", "always", "never"])
                .default_value("auto")
                .help("Colour what is told"),
            Arg::new("dir")
                .short('C')
                .global(true)
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Go to this directory first"),
        ])
        .subcommands([
            run::command(),
            check::command(),
            dot::command(),
            explain::command(),
            retry::command(),
            test::command(),
            cogs::command(),
            repl::attach_command(),
            repl::command(),
            attach::ctl_command(),
        ])
}

/// The script, and behind it what belongs to it.
fn script_args() -> [Arg; 2] {
    [
        Arg::new("script").required(true).value_name("SCRIPT").value_parser(value_parser!(PathBuf)).help("The script"),
        Arg::new("args")
            .value_name("ARGS")
            .num_args(0..)
            .action(ArgAction::Append)
            .trailing_var_arg(true)
            .allow_hyphen_values(true)
            .value_parser(value_parser!(OsString))
            .help("The script's own options; `--help` lists them"),
    ]
}

fn args_of(matches: &ArgMatches) -> Vec<OsString> {
    matches.get_many::<OsString>("args").map(|args| args.cloned().collect()).unwrap_or_default()
}

/// Puts in `run` where a script stands in place of a command, and `--` behind the script, as what follows belongs to it.
fn with_run(mut args: Vec<OsString>) -> Vec<OsString> {
    let place = word(&args, 1);
    let is_command = |arg: &OsStr| arg == "help" || command().get_subcommands().any(|command| arg == command.get_name());
    // Options that stand before the script may be those of `run`.
    let is_script = args.get(place).is_some_and(|arg| !is_command(arg));
    let is_version = |arg: &OsString| arg == "--version" || arg == "-V";
    let is_script = is_script && !args[1..place].iter().any(is_version);
    if is_script {
        args.insert(1, "run".into());
    }
    if is_script || args.get(place).is_some_and(|arg| arg == "run") {
        let script = word(&args, if is_script { 2 } else { place + 1 });
        if script < args.len() {
            args.insert(script + 1, "--".into());
        }
    }
    args
}

/// The place of the first word from `place` on that is none of the program's own options.
fn word(args: &[OsString], mut place: usize) -> usize {
    while let Some(arg) = args.get(place).and_then(|arg| arg.to_str()) {
        match arg {
            "--log-level" | "--color" | "-C" | "--name" | "--ui" | "--replay" => place += 2,
            option if option.starts_with('-') && option.len() > 1 => place += 1,
            _ => break,
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_script_in_place_of_a_command_is_run() {
        assert_eq!(with_run(words("deadbeat a.rhai --x")), words("deadbeat run a.rhai -- --x"));
        assert_eq!(with_run(words("deadbeat run --no-lower a.rhai --help")), words("deadbeat run --no-lower a.rhai -- --help"));
        assert_eq!(with_run(words("deadbeat --color never a.rhai")), words("deadbeat run --color never a.rhai --"));
        assert_eq!(
            with_run(words("deadbeat --color never run --strict-exit a.rhai")),
            words("deadbeat --color never run --strict-exit a.rhai --")
        );
        assert_eq!(
            with_run(words("deadbeat --ui localhost:0 --replay a=b.jsonl a.rhai --x")),
            words("deadbeat run --ui localhost:0 --replay a=b.jsonl a.rhai -- --x")
        );
        assert_eq!(with_run(words("deadbeat run --help")), words("deadbeat run --help"));
        assert_eq!(with_run(words("deadbeat check a.rhai")), words("deadbeat check a.rhai"));
        assert_eq!(with_run(words("deadbeat --help")), words("deadbeat --help"));
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }
}
