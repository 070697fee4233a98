//! Letting clients in, as long as there is room for them.
//!
//! A reserve descriptor is kept. When the system has no more of them it is given up, so that the rest of the program, a drain that
//! begins a new file for instance, can have it; no client is let in until it is ours again.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{SocketFlags, acceptfrom_with};

use super::SocketSupply;
use super::client::Client;
use super::door::Door;
use super::peer;
use crate::cog::Ctx;
use crate::error::{Result, plain};
use crate::escapement::{Interest, Token};
use crate::log::Priority;

/// Clients let in at once, before those who are in get their turn.
const AT_ONCE: usize = 64;
/// When to look again whether there are descriptors.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether clients are let in.
#[derive(Debug, Default)]
pub(super) enum Gate {
    #[default]
    Open,
    /// There are as many as there may be.
    Full,
    /// The system has no descriptors; it is looked again then.
    Starved(Token),
}

/// What is known of letting in.
#[derive(Debug, Default)]
pub(super) struct Porter {
    pub(super) gate: Gate,
    pub(super) reserve: Option<OwnedFd>,
    /// That there are too many clients, or too few descriptors, has been told.
    told_full: bool,
    told_starved: bool,
    /// Clients so far.
    pub(super) count: u64,
}

/// What is kept for others.
pub(super) fn reserve() -> rustix::io::Result<OwnedFd> {
    rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

impl SocketSupply {
    /// Lets in who waits, at most `most`. True when more may wait.
    pub(super) fn let_in(&mut self, ctx: &mut Ctx<'_>, most: usize) -> Result<bool> {
        if let Gate::Starved(token) = self.porter.gate {
            ctx.unbind(token);
        }
        self.porter.gate = Gate::Open;
        if self.porter.reserve.is_none() {
            match reserve() {
                Ok(fd) => self.porter.reserve = Some(fd),
                Err(error) => {
                    self.starve(ctx, error)?;
                    return Ok(false);
                }
            }
        }
        for _ in 0..most {
            if self.clients.len() >= self.settings.max_clients {
                self.porter.gate = Gate::Full;
                if !std::mem::replace(&mut self.porter.told_full, true) {
                    let text = format!("{} clients have connected, as many as may: others wait until one leaves", self.clients.len());
                    ctx.say(Priority::Warning, &text);
                }
                return Ok(false);
            }
            let Some(door) = &self.door else { return Ok(false) };
            match acceptfrom_with(&door.fd, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok((fd, from)) => {
                    let at = from.filter(|_| !door.is_local).and_then(|at| SocketAddr::try_from(at).ok());
                    self.welcome(ctx, fd, at)?;
                }
                Err(Errno::AGAIN) => {
                    self.porter.told_starved = false;
                    return Ok(false);
                }
                // Who it was has gone again; accept(2) tells of what the network says of it too.
                Err(
                    Errno::INTR
                    | Errno::CONNABORTED
                    | Errno::PROTO
                    | Errno::PERM
                    | Errno::NETDOWN
                    | Errno::NETUNREACH
                    | Errno::HOSTDOWN
                    | Errno::HOSTUNREACH
                    | Errno::NOPROTOOPT
                    | Errno::TIMEDOUT,
                ) => {}
                // No descriptors, no memory; or something that would come again at once.
                Err(error) => {
                    self.starve(ctx, error)?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn welcome(&mut self, ctx: &mut Ctx<'_>, fd: OwnedFd, at: Option<SocketAddr>) -> Result<()> {
        self.porter.count += 1;
        let number = self.porter.count;
        let token = ctx.fd(&fd, Interest::READ)?;
        let peer = self.settings.peer.is_some().then(|| peer::of_client(&fd, number, at));
        self.clients.insert(token, Client::new(number, fd, token, &self.settings, peer, ctx.now()));
        let idle = self.settings.idle.map(|idle| ctx.now() + idle);
        if let Some(deadline) = idle {
            self.sweep_by(ctx, deadline)?;
        }
        Ok(())
    }

    /// The system has no descriptors.
    fn starve(&mut self, ctx: &mut Ctx<'_>, error: Errno) -> Result<()> {
        self.porter.reserve = None;
        if !std::mem::replace(&mut self.porter.told_starved, true) {
            let text = format!("no more clients are let in until one leaves: {}", plain(&error.into()));
            ctx.say(Priority::Warning, &text);
        }
        self.porter.gate = Gate::Starved(ctx.after(PAUSE)?);
        Ok(())
    }

    /// A client has left: another one may come in.
    pub(super) fn reopen(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.clients.len() < self.settings.max_clients / 2 {
            self.porter.told_full = false;
        }
        match self.porter.gate {
            Gate::Open => Ok(()),
            Gate::Full | Gate::Starved(_) => self.greet(ctx),
        }
    }

    /// Lets in some of those who wait; the others when those who are in have had their turn.
    pub(super) fn greet(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.let_in(ctx, AT_ONCE)?
            && let Some(token) = self.knocks
        {
            ctx.rearm(token);
        }
        Ok(())
    }
}

/// Removes the file of a door that nobody comes through any more.
pub(super) fn shut(door: Option<Door>) {
    if let Some(mut door) = door
        && let Err(error) = door.remove()
    {
        crate::log::write(Priority::Notice, &format!("{}: its file stays: {}", door.name, plain(&error)));
    }
}
