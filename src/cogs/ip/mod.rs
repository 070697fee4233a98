//! Addresses: what lies in a network, what is said of it, and what must not be told of who has it.
//!
//! `pieces` looks at the addresses of a datum, be it one or an array of them; `list` reads files of ranges.

mod list;
mod pieces;

pub mod anonymise;
pub mod filter_base;
pub mod geoip;
pub mod idea_anonymise;
pub mod ip_filter;
pub mod net_lexicon;
mod parent;
