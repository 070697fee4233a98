//! Structure to structure: cogs that change, choose or multiply data.

pub mod aggregate;
pub mod batch;
pub mod cast;
pub mod dedup;
pub mod delete;
mod events;
pub mod filter;
pub mod flat_map;
pub mod flatten;
pub mod hash;
pub mod keep;
mod keys;
pub mod map;
pub mod merge;
pub mod normalize;
mod places;
pub mod redact;
pub mod rename;
pub mod route;
pub mod sample;
pub mod set_items;
pub mod throttle;
pub mod time_format;
pub mod time_parse;
mod times;
pub mod unwind;
pub mod window_context_mgr;
