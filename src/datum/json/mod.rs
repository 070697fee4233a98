//! JSON (RFC 8259), read into the native tree and written from it.
//!
//! `read` checks every byte and cuts spans out of the text; when lazy it splits only the outermost level and leaves what is
//! within as checked raw text. `write` puts such text out as it came. `gather` holds the keys of one map while it is read,
//! `letters` is strings and their escapes, `fault` says what is wrong and where.

mod fault;
mod gather;
mod letters;
mod read;
mod write;

#[cfg(test)]
mod properties;

pub use fault::JsonError;
pub(super) use letters::unescape;
pub use letters::write_string;
pub use read::{Big, ReadOptions, open, read, read_prefix, read_text};
pub use write::{Blobs, NonFinite, Other, WriteOptions, to_string, write, write_with};
