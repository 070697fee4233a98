//! Files and standard streams: lines in, lines out.
//!
//! `sink` writes what every
//! drain of lines gathers, in the form that `form` gives it, to an `outlet`.

pub mod file_watcher_supply;
mod form;
pub mod line_file_drain;
mod outlet;
mod sink;
pub mod stdin_supply;
pub mod stdout_drain;
