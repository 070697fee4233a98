//! Checkpoints: what a supply must know to go on after it was ended or killed, on disk.
//!
//! `form` is how one is written, `file` the file with its lock, its previous generation and its temporary one, `keeper` when
//! it is written, `run` how far a supply's origins are settled without a gap. What stands in a checkpoint is the supply's own
//! matter. The rule that all of it serves: *the checkpoint on disk is never newer than the data it vouches for*.

mod crc;
mod file;
mod form;
mod keeper;
mod run;

pub use file::{Checkpoint, Found, OnBad};
pub use form::{Draft, Words};
pub use keeper::Keeper;
pub use run::Run;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use crate::cog::{Args, Lit, Param};
use crate::disk::directory_of;

/// `state_file`.
pub const STATE_FILE: Param = Param::str("state_file")
    .optional()
    .about("where to remember how far all has been done, so that the next run goes on there; (): each run begins as start says");
/// `state_interval`.
pub const STATE_INTERVAL: Param = Param::seconds("state_interval")
    .default(Lit::Float(1.0))
    .about("how long after a change state_file is written, at most; sooner when 1000 events are done");
/// `bad_state`.
pub const BAD_STATE: Param = Param::choice("bad_state", OnBad::WORDS)
    .about("what to do when nothing in state_file and its predecessor can be used: not to run, or to read everything again");

/// Not more often than this, whatever is settled.
const LEAST: Duration = Duration::from_millis(200);

thread_local! {
    /// All files that were given as `state_file` to cogs of this thread, and so to any cog of its train.
    static GIVEN: RefCell<BTreeSet<PathBuf>> = const { RefCell::new(BTreeSet::new()) };
}

/// Whether this path is the state file of any cog of the train, or stands beside it as part of it: no pattern means it, and it is no
/// rotated log.
pub fn is_state(path: &Path) -> bool {
    let ending = |own: &OsStr, name: &OsStr| name.as_encoded_bytes().strip_prefix(own.as_encoded_bytes()).is_some_and(file::is_part);
    let alike = |own: &PathBuf| own.file_name().zip(path.file_name()).is_some_and(|(own, name)| ending(own, name));
    let directory = |path: &Path| absolute(directory_of(path)).ok();
    GIVEN.with_borrow(|given| given.iter().any(|own| alike(own) && directory(own) == directory(path)))
}

/// The options of a supply that keeps a checkpoint.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// How long after a change it is written.
    pub interval: Duration,
    /// What to do when it cannot be used.
    pub on_bad: OnBad,
}

impl Options {
    /// From the options declared above; none without `state_file`.
    ///
    /// # Errors
    /// The file has no name.
    pub fn of(args: &Args) -> crate::error::Result<Option<Self>> {
        let Some(path) = args.opt_str("state_file") else { return Ok(None) };
        if path.is_empty() || path.ends_with('/') {
            return Err(crate::error::Error::option("state_file", "must name a file"));
        }
        GIVEN.with_borrow_mut(|given| given.insert(PathBuf::from(path.as_str())));
        let on_bad = OnBad::named(&args.str("bad_state"));
        Ok(Some(Self { path: path.into(), interval: args.seconds("state_interval").max(LEAST), on_bad }))
    }
}

/// How many cases a property is tried with: as many as the variable `DEADBEAT_CASES` says, for long runs.
#[cfg(test)]
pub(crate) fn cases(usual: u32) -> u32 {
    std::env::var("DEADBEAT_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}
