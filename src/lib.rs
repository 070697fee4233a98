//! `deadbeat`: an interpreter for event-driven data-transformation pipelines written as Rhai scripts.

pub mod activation;
pub mod address;
pub mod cli;
pub mod cog;
pub mod cogs;
pub mod conf;
pub mod control;
pub mod daemon;
pub mod datum;
pub mod delivery;
pub mod disk;
pub mod draw;
pub mod error;
pub mod escapement;
pub mod getset;
pub mod lines;
pub mod log;
pub mod repl;
pub mod reread;
pub mod script;
pub mod secrets;
pub mod start;
pub mod state;
pub mod train;
pub mod trial;
