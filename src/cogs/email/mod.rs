//! Mail: messages in a Maildir, in and out, and taken apart.
//!
//! `name` is what the files of messages are called, `mailbox` is where they stand,
//! `host` makes names that nobody else makes, `pool` is where work goes that waits for
//! the disk.

pub mod email_parse;
mod host;
mod mailbox;
pub mod maildir_drain;
pub mod maildir_supply;
mod name;
mod pool;
