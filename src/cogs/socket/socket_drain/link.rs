//! The way to the server: finding its addresses, connecting, and waiting when it is away. None of that keeps the program alive: what
//! waits to be sent does.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use crate::cog::Ctx;
use crate::cogs::socket::address::Address;
use crate::error::{Result, plain};
use crate::escapement::{Interest, Token};
use crate::start;

/// What the helper gives for a name.
pub(super) type Found = io::Result<Vec<SocketAddr>>;

/// How far it is.
pub(super) enum State {
    /// Not begun, or over.
    Idle,
    /// Its addresses are asked for.
    Finding(Token),
    /// A connection is being made, up to a moment.
    Connecting { fd: OwnedFd, ready: Token, limit: Token },
    /// What is sent goes there.
    Up { fd: OwnedFd, ready: Token },
    /// It is tried again then.
    Waiting(Token),
}

/// What came of an attempt.
pub(super) enum Attempt {
    /// It is connected.
    Up,
    /// Not known yet.
    Open,
    /// It failed.
    Failed(String),
}

pub(super) struct Link {
    pub(super) to: Address,
    pub(super) state: State,
    /// Addresses that have not been tried yet.
    addresses: VecDeque<SocketAddr>,
    timeout: Duration,
    first_pause: Duration,
    last_pause: Duration,
    pause: Duration,
}

impl Link {
    pub(super) fn new(to: Address, timeout: Duration, first_pause: Duration, last_pause: Duration) -> Self {
        let addresses = VecDeque::new();
        Self { to, state: State::Idle, addresses, timeout, first_pause, last_pause: last_pause.max(first_pause), pause: first_pause }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    /// Leaves it as it is.
    pub(super) fn drop(&mut self, ctx: &mut Ctx<'_>) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => {}
            State::Finding(token) | State::Waiting(token) | State::Up { ready: token, .. } => {
                ctx.unbind(token);
            }
            State::Connecting { ready, limit, .. } => {
                ctx.unbind(ready);
                ctx.unbind(limit);
            }
        }
    }

    /// Something has arrived: the next time it breaks is a new one.
    pub(super) fn works(&mut self) {
        self.pause = self.first_pause;
    }

    /// Begins anew.
    ///
    /// # Errors
    /// Nothing can be bound any more.
    pub(super) fn begin(&mut self, ctx: &mut Ctx<'_>) -> Result<Attempt> {
        self.drop(ctx);
        self.addresses.clear();
        match &self.to {
            Address::Unix(path) | Address::Unixgram(path) => {
                let address = SocketAddrUnix::new(&*start::path(path));
                let kind = if self.to.is_stream() { SocketType::STREAM } else { SocketType::DGRAM };
                let made = address.and_then(|address| {
                    let fd = net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
                    net::connect(&fd, &address)?;
                    Ok(fd)
                });
                match made {
                    Ok(fd) => self.up(ctx, fd),
                    Err(error) => Ok(failed(error)),
                }
            }
            Address::Tcp(host, port) | Address::Udp(host, port) => {
                if let Ok(ip) = host.parse::<IpAddr>() {
                    self.addresses.push_back(SocketAddr::new(ip, *port));
                    return self.next(ctx, None);
                }
                let place = (host.clone(), *port);
                // The system's look-up blocks, for as long as it likes.
                let look_up = move || -> Found { Ok(place.to_socket_addrs()?.collect()) };
                let token = ctx.offload(Box::pin(async move {
                    let found: Found = tokio::task::spawn_blocking(look_up).await.unwrap_or_else(|error| Err(io::Error::other(error)));
                    Box::new(found) as Box<dyn std::any::Any + Send>
                }))?;
                ctx.weaken(token);
                self.state = State::Finding(token);
                Ok(Attempt::Open)
            }
        }
    }

    /// The addresses are known, or why they are not.
    pub(super) fn found(&mut self, ctx: &mut Ctx<'_>, found: Found) -> Result<Attempt> {
        self.state = State::Idle;
        match found {
            Ok(addresses) => {
                self.addresses = addresses.into();
                self.next(ctx, None)
            }
            Err(error) => Ok(Attempt::Failed(plain(&error))),
        }
    }

    /// Tries the next address, `last` being why the one before did not do.
    fn next(&mut self, ctx: &mut Ctx<'_>, mut last: Option<String>) -> Result<Attempt> {
        while let Some(address) = self.addresses.pop_front() {
            let stream = self.to.is_stream();
            match reach(address, stream) {
                Ok((fd, true)) => return self.up(ctx, fd),
                Ok((fd, false)) => {
                    let ready = ctx.fd(&fd, Interest::WRITE)?;
                    let limit = ctx.after(self.timeout)?;
                    ctx.weaken(ready);
                    ctx.weaken(limit);
                    self.state = State::Connecting { fd, ready, limit };
                    return Ok(Attempt::Open);
                }
                Err(error) => last = Some(plain(&error.into())),
            }
        }
        Ok(Attempt::Failed(last.unwrap_or_else(|| "it has no address".to_owned())))
    }

    /// A connection that was being made is, or is not.
    pub(super) fn connected(&mut self, ctx: &mut Ctx<'_>) -> Result<Attempt> {
        let State::Connecting { fd, ready, limit } = std::mem::replace(&mut self.state, State::Idle) else { return Ok(Attempt::Open) };
        match sockopt::socket_error(&fd) {
            // A hint without news: there is no other end yet.
            Ok(Ok(())) if matches!(net::getpeername(&fd), Err(Errno::NOTCONN)) => {
                self.state = State::Connecting { fd, ready, limit };
                Ok(Attempt::Open)
            }
            Ok(Ok(())) => {
                ctx.unbind(ready);
                ctx.unbind(limit);
                self.up(ctx, fd)
            }
            Ok(Err(error)) | Err(error) => {
                ctx.unbind(ready);
                ctx.unbind(limit);
                self.next(ctx, Some(plain(&error.into())))
            }
        }
    }

    /// It has taken too long.
    pub(super) fn too_long(&mut self, ctx: &mut Ctx<'_>) -> Result<Attempt> {
        self.drop(ctx);
        self.next(ctx, Some(format!("it did not answer within {} s", self.timeout.as_secs_f64())))
    }

    fn up(&mut self, ctx: &mut Ctx<'_>, fd: OwnedFd) -> Result<Attempt> {
        let ready = ctx.fd(&fd, Interest::BOTH)?;
        ctx.weaken(ready);
        self.state = State::Up { fd, ready };
        Ok(Attempt::Up)
    }

    /// Tries again later: twice as late as the last time, and not when all others do. Gives when.
    pub(super) fn wait(&mut self, ctx: &mut Ctx<'_>) -> Result<Duration> {
        self.drop(ctx);
        // From 0.8 to 1.2.
        let share = 0.8 + 0.4 * (RandomState::new().hash_one(0) as f64 / u64::MAX as f64);
        let pause = self.pause.mul_f64(share);
        self.pause = (self.pause * 2).min(self.last_pause);
        let token = ctx.after(pause)?;
        ctx.weaken(token);
        self.state = State::Waiting(token);
        Ok(pause)
    }
}

fn failed(error: Errno) -> Attempt {
    Attempt::Failed(match error {
        // unix(7): it has not accepted those who came before us.
        Errno::AGAIN => "too many others wait there".to_owned(),
        error => plain(&error.into()),
    })
}

/// A socket to there, and whether it is connected already.
fn reach(address: SocketAddr, stream: bool) -> rustix::io::Result<(OwnedFd, bool)> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let kind = if stream { SocketType::STREAM } else { SocketType::DGRAM };
    let fd = net::socket_with(family, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    if stream {
        // A server that vanished is noticed, if late.
        sockopt::set_socket_keepalive(&fd, true)?;
    }
    match net::connect(&fd, &address) {
        Ok(()) => Ok((fd, true)),
        Err(Errno::INPROGRESS) => Ok((fd, false)),
        Err(error) => Err(error),
    }
}
