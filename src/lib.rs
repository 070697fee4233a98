//! `deadbeat`: an interpreter for event-driven data-transformation pipelines written as Rhai scripts.

pub mod conf;
pub mod datum;
pub mod error;
pub mod log;
pub mod secrets;
