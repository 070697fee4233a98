//! The log, as the end of a line of cogs.

pub mod drain;
