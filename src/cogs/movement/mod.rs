//! Beginnings and ends that touch nothing outside the process.

pub mod collect_drain;
pub mod null_drain;
pub mod queue;
pub mod tick_supply;
