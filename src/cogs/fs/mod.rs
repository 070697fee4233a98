//! Files and standard streams: lines in, lines out.
//!
//! `lines` cuts what was read into data and `decode` makes text of it, for every supply of lines; `sink` writes what every
//! drain of lines gathers, in the form that `form` gives it, to an `outlet`.

mod decode;
pub mod file_watcher_supply;
mod form;
pub mod line_file_drain;
mod lines;
mod outlet;
mod sink;
pub mod stdin_supply;
pub mod stdout_drain;
