//! The cogs: one family a folder, one cog a file, and the one table that lists them.
//!
//! Each knows `cog`, `getset` and `datum`; never the train, the script, or another cog's file.

pub mod fs;

use crate::cog::CogSpec;

/// Every cog, by family. Constructors, option checks, help and reference are derived from this table.
pub static COGS: &[&CogSpec] = &[
    &fs::file_watcher_supply::SPEC,
    &fs::line_file_drain::SPEC,
    &fs::stdin_supply::SPEC,
    &fs::stdout_drain::SPEC,
];
