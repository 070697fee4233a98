//! The configuration of a script: what it declares, gathered from defaults, files and the command line.
//!
//! `definition` is what a script declares, `cast` what its values become, `inserts` ready sections of other modules. `file`
//! (with `place`) and `tokens` read the layers, `merge` makes one of them, `args` renders help. [`gather`] does it all, and
//! names everything that is wrong at once.
//!
//! Nothing is printed and nothing is ended here: what is to be shown is returned. Must not know Rhai, cogs, the train.

mod args;
pub mod cast;
mod definition;
mod file;
pub mod inserts;
mod merge;
mod place;
mod tokens;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use args::completions;
pub use cast::Cast;
pub use definition::{Entry, Item, Positional, Problem};
pub use inserts::{cfg_base_config, daemon_base_config, dns_base_config, log_base_config};

use crate::datum::{Datum, Key, Map};
pub use crate::secrets::Secrets;
use crate::{log, secrets};
use definition::Definition;
use merge::Merged;

/// What [`gather`] works on.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The definition: the entries of the root.
    pub typedef: Vec<Entry>,
    /// The script's name for itself.
    pub name: String,
    /// What it does, in a sentence.
    pub description: String,
    /// Its version.
    pub version: Option<String>,
    /// The developer's configuration files, in order; those that are missing are skipped. A leading `~` is the home directory.
    pub files: Vec<PathBuf>,
    /// The script's part of the command line, without any program's name.
    pub argv: Vec<OsString>,
    /// How the script was called, for the usage line: `deadbeat run resolve.rhai`. Else its name.
    pub program: Option<String>,
    /// Words that belong to no option, where they are welcome.
    pub positional: Option<Positional>,
    /// Whether a required option that nobody gives gets a placeholder: for commands that only look at a script.
    pub placeholders: bool,
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// The script goes on with these values.
    Gathered(Gathered),
    /// `--help`, `--version` or `--dump-config`: print and end.
    Print {
        /// For standard output.
        text: String,
        /// For the end.
        status: u8,
    },
}

/// The configuration of a script.
#[derive(Debug)]
pub struct Gathered {
    /// Values as the casts gave them, sections as maps in it, in order of definition.
    pub values: Map,
    /// Whole names of options whose value is only a placeholder.
    pub placeholders: Vec<String>,
    /// What the user should know, though nothing is wrong.
    pub warnings: Vec<String>,
    /// The values of secret items. They are also masked process-wide from now on.
    pub secrets: Secrets,
}

/// Reads, merges, casts and checks. Lowest first: defaults, the developer's files, files from `config.filenames`, the command
/// line; an item replaces the item below, an array all of the array below.
///
/// # Errors
/// All that is wrong with files, command line and values. Faults of the definition come alone, as nothing else can be judged.
pub fn gather(mut request: Request) -> Result<Outcome, Vec<Problem>> {
    let argv = std::mem::take(&mut request.argv);
    let request = &request;
    let definition = Definition::new(&request.typedef, request.positional.as_ref())?;
    let mut problems = Vec::new();
    let line = tokens::read(argv, request.positional.is_some(), &definition, &mut problems);
    if line.help {
        return Ok(Outcome::Print { text: args::help(request, &definition, None), status: 0 });
    }
    if line.version {
        return Ok(Outcome::Print { text: args::version(request), status: 0 });
    }

    let mut merged = Merged::new(&definition);
    for path in &request.files {
        let path = path.to_str().map_or_else(|| path.clone(), |path| cast::expand(path).into());
        match file::read(&path, &definition, &mut problems) {
            Some(given) => merged.lay(given),
            None => log::debug(format_args!("no configuration file `{}`", path.display())),
        }
    }
    let mut warnings = Vec::new();
    if let Some(n) = definition.find("config.filenames") {
        // The command line stands above the files, so it decides which they are.
        merged.lay(line.given.iter().filter(|(given, _)| *given == n).cloned().collect());
        for path in named(merged.peek(n)) {
            let mut given = file::read(&path, &definition, &mut problems).unwrap_or_else(|| {
                problems.push(Problem::new(path.display().to_string(), "there is no such file, though it is named in `config.filenames`"));
                Vec::new()
            });
            given.retain(|(given, found)| {
                if *given == n {
                    warnings.push(format!("{}: `config.filenames` is not followed in a file that is itself named by it", found.place));
                }
                *given != n
            });
            merged.lay(given);
        }
    }
    merged.lay(line.given);

    let mut gathered = merged.finish(request, &mut problems);
    if let Some(positional) = &request.positional {
        if positional.required && line.words.is_empty() && !request.placeholders {
            let word = positional.name.to_uppercase();
            problems.push(Problem::new(word.clone(), "at least one is required").hint(format!("give `{word}` after the options")));
        }
        gathered.values.push(Key::new(&positional.name), Datum::List(line.words));
    }
    secrets::remember_all(&gathered.secrets);
    if !problems.is_empty() {
        return Err(problems);
    }
    if line.dump_config {
        return Ok(Outcome::Print { text: merge::dump(&request.typedef, &gathered), status: 0 });
    }
    gathered.warnings = warnings;
    Ok(Outcome::Gathered(gathered))
}

/// The files that `config.filenames` names.
fn named(value: Option<Datum>) -> Vec<PathBuf> {
    let Some(Datum::List(paths)) = value else { return Vec::new() };
    paths.iter().filter_map(|path| path.as_str().map(|path| Path::new(path).to_owned())).collect()
}

#[cfg(test)]
mod tests;
