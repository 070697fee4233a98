//! Sockets: records from clients that connect, records to a server that listens.
//!
//! `address` is where a socket stands, as scripts write it.

mod address;
pub mod socket_drain;
pub mod socket_supply;
