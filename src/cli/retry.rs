//! `deadbeat retry SCRIPT LETTERS [ARGS…]`: feeds dead letters again, each at the cog that refused it.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{Common, UNUSABLE, args_of, script_args, tell};
use crate::escapement::{Clock, Escapement};
use crate::log;
use crate::script::Setting;
use crate::train::{Train, again};

pub(super) fn command() -> Command {
    let [script, args] = script_args();
    Command::new("retry")
        .about("Feed dead letters again, each at the cog that refused it")
        .long_about("Winds the script and turns its train, but in place of its supplies what enters is the data of dead letters: lines of JSON as `text::json_marshall` makes them of what an `on_error` route or the train's `dead` is given. Each enters at the cog that refused it. What fails again goes the script's own way, with one more attempt counted. The file is left as it is.")
        .arg(script)
        .arg(Arg::new("letters").required(true).value_name("LETTERS").value_parser(value_parser!(PathBuf)).help("The file of dead letters"))
        .arg(Arg::new("strict_exit").long("strict-exit").action(ArgAction::SetTrue).help("End with status 3 when data failed again or could not be fed"))
        .arg(args.last(true).trailing_var_arg(false).allow_hyphen_values(false))
}

pub(super) fn main(matches: &ArgMatches, common: &Common) -> u8 {
    let script: &PathBuf = matches.get_one("script").expect("clap requires it");
    let path: &PathBuf = matches.get_one("letters").expect("clap requires it");
    let setting = Setting { argv: args_of(matches), program: format!("deadbeat retry {}", script.display()), ..Setting::default() };
    log::keep_early();
    let mut wound = match super::wind(script, setting, common) {
        Ok(wound) => wound,
        Err(status) => return status,
    };
    let letters = again::read(path).and_then(|letters| {
        let fed = again::feeders(path, &letters, &mut wound.graph, &mut wound.cogs)?;
        Ok((letters, fed))
    });
    let (letters, fed) = match letters {
        Ok(fed) => fed,
        Err(error) => {
            tell(&format!("deadbeat: error: {error}\n"));
            return UNUSABLE;
        }
    };
    if let Err(error) = super::configure_log(&mut wound, common) {
        tell(&format!("deadbeat: error: {error}\n"));
        return 1;
    }
    let strict = matches.get_flag("strict_exit") || wound.options.strict_exit;
    let cogs = std::mem::take(&mut wound.cogs);
    let turned = Escapement::new(Clock::real()).and_then(|escapement| {
        let mut train = Train::new(&wound.graph, cogs, escapement, wound.options.clone());
        let status = train.run()?;
        Ok((status, train.stats().iter().map(|(_, stats)| stats.errors).sum::<u64>()))
    });
    let (status, errors) = match turned {
        Ok(turned) => turned,
        Err(error) => {
            log::flush_suppressed();
            tell(&wound.fatal(&error, common.color));
            wound.done(1);
            return 1;
        }
    };
    wound.done(status);
    let unfed = letters.cogs.values().sum::<u64>().saturating_sub(fed.count());
    let mut left_out = match letters.truncated {
        0 => String::new(),
        count => format!("; {count} left out, as only the beginning of their data is there"),
    };
    if unfed > 0 {
        let _ = write!(left_out, "; {unfed} not fed, as the run ended before");
    }
    tell(&format!("deadbeat: letters fed again: {}, errors: {errors}{left_out}\n", fed.count()));
    match u8::try_from(status.rem_euclid(256)).unwrap_or(1) {
        0 if strict && (errors > 0 || letters.truncated > 0 || unfed > 0) => 3,
        status => status,
    }
}
