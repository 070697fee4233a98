//! The rules that reading and writing CSV share: `dialect` says which letters mean what, `fields` takes any line apart, `scan` plain
//! ones by `words` of eight bytes, `records` makes maps of fields, `quote` writes them.

pub(super) mod dialect;
pub(super) mod fields;
pub(super) mod quote;
pub(super) mod records;
pub(super) mod scan;
mod words;
