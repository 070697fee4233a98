//! `deadbeat`: an interpreter for event-driven data-transformation pipelines written as Rhai scripts.

pub mod error;
pub mod escapement;
