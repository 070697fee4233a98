//! What the program promises, shown on the real binary. One file a behaviour; `rig` is what they stand on.

#[cfg_attr(not(feature = "dns"), allow(dead_code, reason = "some of it serves look-ups alone"))]
mod rig;

mod accessors;
mod bad_input;
mod checkpoint;
mod command_line;
mod compliance;
mod configuration;
mod conformance;
mod control;
mod daemon;
mod disk;
mod documents;
mod examples;
mod file_supply;
mod filer;
mod fuzz;
mod geoip;
mod hostile;
#[cfg(feature = "http")]
mod http;
mod idea;
mod idle;
mod joining;
mod kills;
mod libraries;
mod log_drain;
mod maildir;
mod on_error;
mod page;
mod pressure;
mod process;
mod replay;
mod reports;
mod reread;
mod resolver;
mod rotation;
mod routing;
mod rules;
mod runaway;
mod script_cogs;
mod security;
mod service;
mod shell;
mod soak;
mod socket;
mod start;
mod tail;
mod trials;
mod waiting;
mod windows;
