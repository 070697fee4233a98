//! Structure to structure: cogs that change, choose or multiply data.

pub mod aggregate;
pub mod filter;
pub mod flat_map;
pub mod map;
