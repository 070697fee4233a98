//! Who sent something, as a map.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::net::{UCred, sockopt};

use crate::datum::{Datum, Map};

/// A client that has connected.
pub(super) fn of_client(fd: &OwnedFd, number: u64, at: Option<SocketAddr>) -> Datum {
    let mut map = Map::new();
    map.insert("client".into(), Datum::Int(number.cast_signed()));
    match at {
        Some(at) => put_address(&mut map, at),
        None => put_credentials(&mut map, sockopt::socket_peercred(fd).ok()),
    }
    Datum::Map(map)
}

/// The sender of a datagram from a port.
pub(super) fn of_port(at: Option<SocketAddr>) -> Datum {
    let mut map = Map::new();
    if let Some(at) = at {
        put_address(&mut map, at);
    }
    Datum::Map(map)
}

/// The sender of a datagram on this machine.
pub(super) fn of_local(credentials: Option<UCred>) -> Datum {
    let mut map = Map::new();
    put_credentials(&mut map, credentials);
    Datum::Map(map)
}

fn put_address(map: &mut Map, at: SocketAddr) {
    // An address of IPv4 at a socket for both is told as what it is.
    map.insert("address".into(), Datum::from(at.ip().to_canonical().to_string()));
    map.insert("port".into(), Datum::Int(at.port().into()));
}

fn put_credentials(map: &mut Map, credentials: Option<UCred>) {
    let Some(credentials) = credentials else { return };
    map.insert("uid".into(), Datum::Int(credentials.uid.as_raw().into()));
    map.insert("gid".into(), Datum::Int(credentials.gid.as_raw().into()));
    map.insert("pid".into(), Datum::Int(credentials.pid.as_raw_pid().into()));
}
