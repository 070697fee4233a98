//! JSON (RFC 8259), read into the native tree and written from it.
//!
//! `read` makes values of a text; when lazy it splits only the outermost level and leaves what is within as checked raw text:
//! `record` makes a row of the outermost map, in a form that `forms` learns; what its values look like is learnt by `molds`,
//! whose `leaves` are scanned and whose `literal`s are compared. All stand on `scan`, which checks every byte and finds where
//! values end, with `stops`, which finds where strings may. `write` puts untouched text out as it came, with `copy`; `canonical`
//! writes all that is equal alike; `seek` finds a place in raw text. `gather` holds the keys of one map while it is read, `letters`
//! is strings and their escapes, `fault` says what is wrong and where.

mod canonical;
mod copy;
mod fault;
mod forms;
mod gather;
mod leaves;
mod letters;
mod literal;
mod molds;
mod read;
mod record;
mod scan;
mod seek;
mod stops;
mod write;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod rows;

#[cfg(test)]
pub(crate) use canonical::spelling;
pub use canonical::{write_canonical, write_canonical_number};
pub use fault::JsonError;
pub(super) use letters::unescape;
pub use letters::write_string;
pub use read::{Big, ReadOptions, Reader, open, read, read_text};
pub use seek::{Hop, seek, seek_by};
pub use write::{Blobs, NonFinite, Other, WriteOptions, to_string, write, write_with};
