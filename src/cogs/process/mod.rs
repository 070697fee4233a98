//! Other programs, as cogs.

pub mod exec;
