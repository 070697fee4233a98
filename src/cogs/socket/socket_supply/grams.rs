//! Datagrams: each is a record, or holds several.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, UCred, recv, recvfrom, recvmsg, sockopt};

use super::client::{Giving, Turn};
use super::door::Door;
use super::peer;
use super::settings::Settings;
use crate::cog::Ctx;
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::lines::Wholes;

/// A datagram of UDP has at most so many bytes.
const UDP: usize = 64 * 1024;
/// So many has one on this machine, by the system's common bound for what waits to be sent.
const LOCAL: usize = 256 * 1024;
/// Datagrams taken at most before those are given that were.
const BATCH: usize = 1000;

pub(super) struct Grams {
    wholes: Wholes,
    /// Who sent what has been taken, where each is given with that.
    peer: Option<Datum>,
    /// How many cut ones have been told of.
    told: u64,
}

impl Grams {
    pub(super) fn new(door: &Door, settings: &Settings) -> Result<Self> {
        if settings.peer.is_some() && door.is_local {
            sockopt::set_socket_passcred(&door.fd, true).map_err(|error| Error::os("listen at", &*door.name, error.into()))?;
        }
        Ok(Self { wholes: Wholes::new(&settings.options, settings.split_datagrams), peer: None, told: 0 })
    }

    pub(super) fn mended(&self) -> u64 {
        self.wholes.mended
    }

    /// How many were cut since this was last asked, as they were longer than they may be.
    pub(super) fn take_cut(&mut self) -> u64 {
        let before = std::mem::replace(&mut self.told, self.wholes.cut);
        self.told - before
    }

    /// Takes at most about `quota` bytes, and gives what was taken.
    pub(super) fn turn(&mut self, ctx: &mut Ctx<'_>, door: &Door, settings: &Settings, mut quota: usize) -> Result<Turn> {
        loop {
            let room = ctx.room();
            if room == 0 {
                return Ok(Turn::Full);
            }
            if self.wholes.has_lines() {
                let giving = Giving { skip_empty: settings.skip_empty, peer: settings.peer.as_ref().zip(self.peer.as_ref()) };
                self.wholes.give(room, &mut |line| {
                    giving.send(ctx, line, || "a datagram".to_owned());
                });
                continue;
            }
            if quota == 0 {
                return Ok(Turn::More);
            }
            let batch = if settings.peer.is_some() { 1 } else { BATCH };
            let (mut taken, mut dry) = (0, false);
            // As much as one block can hold.
            while taken < batch && self.wholes.taken() < LOCAL && quota > 0 {
                let (peer, wants) = (&mut self.peer, settings.peer.is_some());
                match self.wholes.feed(if door.is_local { LOCAL } else { UDP }, |into| receive(door, into, wants.then_some(peer))) {
                    Ok(count) => {
                        taken += 1;
                        // An empty one costs something too.
                        quota = quota.saturating_sub(count.max(64));
                    }
                    Err(Errno::AGAIN) => {
                        dry = true;
                        break;
                    }
                    // The system's word on something sent before, which is none of ours.
                    Err(Errno::INTR | Errno::CONNREFUSED | Errno::CONNRESET | Errno::HOSTUNREACH | Errno::NETUNREACH) => {}
                    Err(error) => return Err(Error::os("read", &*door.name, error.into())),
                }
            }
            if dry && !self.wholes.has_lines() {
                return Ok(Turn::Dry);
            }
        }
    }
}

/// Takes one datagram, and who sent it where that is wanted; tells how long it was.
fn receive(door: &Door, into: &mut Vec<u8>, peer: Option<&mut Option<Datum>>) -> rustix::io::Result<usize> {
    let flags = RecvFlags::DONTWAIT | RecvFlags::TRUNC;
    match peer {
        None => recv(&door.fd, spare_capacity(into), flags).map(|(_, sent)| sent),
        Some(peer) if door.is_local => {
            let (sent, credentials) = receive_local(&door.fd, into)?;
            *peer = Some(peer::of_local(credentials));
            Ok(sent)
        }
        Some(peer) => {
            let (_, sent, from) = recvfrom(&door.fd, spare_capacity(into), flags)?;
            *peer = Some(peer::of_port(from.and_then(|at| SocketAddr::try_from(at).ok())));
            Ok(sent)
        }
    }
}

/// As [`receive`], with what the system knows of its sender.
fn receive_local(fd: &OwnedFd, into: &mut Vec<u8>) -> rustix::io::Result<(usize, Option<UCred>)> {
    let before = into.len();
    let (_, waiting) = recv(fd, &mut [0_u8; 0][..], RecvFlags::DONTWAIT | RecvFlags::PEEK | RecvFlags::TRUNC)?;
    into.resize(before + waiting, 0);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(fd, &mut [IoSliceMut::new(&mut into[before..])], &mut control, RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC);
    let got = got.inspect_err(|_| into.truncate(before))?;
    into.truncate(before + got.bytes);
    let credentials = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmCredentials(credentials) => Some(credentials),
        _ => None,
    });
    Ok((got.bytes, credentials))
}
