//! Files and standard streams: lines in, lines out; whole files of a directory in, whole files out.
//!
//! `sink` writes what every
//! drain of lines gathers, in the form that `form` gives it, to an `outlet`. `filer` is what those who read and write whole files
//! have agreed upon; `paths` tells which files a script means, and `whole` reads one as one piece.

pub mod file_supply;
pub mod file_watcher_supply;
mod filer;
pub mod filer_drain;
pub mod filer_supply;
mod form;
pub mod line_file_drain;
mod outlet;
mod paths;
mod sink;
pub mod stdin_supply;
pub mod stdout_drain;
mod whole;
