//! What goes by HTTP, with a server on the loopback that misbehaves in every way a test needs.

mod drain;
mod request;
mod server;
mod supply;
