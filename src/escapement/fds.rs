//! Descriptors: readiness from the system's poll, edge-triggered, and a stand-in for what cannot be polled.
//!
//! Readiness is a hint. The owner reads or writes until `WouldBlock`, or asks to be woken again with `rearm`.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::RawFd;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest as Poller, Registry};

use super::slots::Token;
use super::wake::{Interest, Wake};

/// Poll tokens from here on are descriptors of owners; those below are the escapement's own.
pub(super) const FIRST: usize = 16;

const NONE: Interest = Interest { readable: false, writable: false, urgent: false };

/// Stands in a round until it is handed out: what was noticed is kept, and summed up, with the binding.
pub(super) const READY: Wake = Wake::Ready { readable: false, writable: false };

/// What a descriptor's binding remembers.
#[derive(Debug)]
pub(super) struct Descriptor {
    fd: RawFd,
    /// Its name at the poll; nothing when it cannot be polled and counts as always ready.
    id: Option<usize>,
    interest: Interest,
    /// What was noticed since the owner was woken last.
    noticed: Option<Interest>,
    /// Stands in the immediate queue.
    pub(super) queued: bool,
}

impl Descriptor {
    /// Notes readiness. True when the owner is not yet in this round's list and must be put there.
    fn note(&mut self, seen: Interest) -> bool {
        let before = self.noticed;
        let before_or_none = before.unwrap_or(NONE);
        self.noticed = Some(Interest {
            readable: before_or_none.readable || seen.readable && (self.interest.readable || self.interest.urgent),
            writable: before_or_none.writable || seen.writable && self.interest.writable,
            urgent: false,
        });
        before.is_none()
    }

    /// Notes all that the owner asked for, as after `rearm`: better a hint too many than a hang.
    pub(super) fn note_all(&mut self) -> bool {
        self.queued = false;
        self.note(self.interest)
    }

    /// Notes what the poll gave.
    pub(super) fn note_event(&mut self, event: &Event) -> bool {
        // A hang-up or an error is learned by reading or writing, whichever the owner does.
        let ended = event.is_error() || event.is_read_closed() && event.is_write_closed();
        self.note(Interest {
            readable: event.is_readable() || event.is_read_closed() || event.is_priority() || ended,
            writable: event.is_writable() || event.is_write_closed() || ended,
            urgent: false,
        })
    }

    /// The wake-up that sums up what was noticed.
    pub(super) fn take(&mut self) -> Wake {
        let noticed = self.noticed.take().unwrap_or(self.interest);
        Wake::Ready { readable: noticed.readable, writable: noticed.writable }
    }

    pub(super) const fn always_ready(&self) -> bool {
        self.id.is_none()
    }
}

/// All descriptors at the poll.
#[derive(Debug, Default)]
pub(super) struct Fds {
    /// Which binding an event is for. Names are not used twice, so that an event for a descriptor whose duplicate lives on in
    /// another process, and which the poll therefore still holds, finds nobody.
    tokens: BTreeMap<usize, Token>,
    /// Who registered a descriptor number last. The owner may have closed it, and the number been given to another, before it unbinds.
    latest: BTreeMap<RawFd, usize>,
    ids: usize,
}

impl Fds {
    /// # Errors
    /// The descriptor is not open, registered already, or nothing is wanted of it.
    pub(super) fn register(&mut self, registry: &Registry, fd: RawFd, interest: Interest, token: Token) -> io::Result<Descriptor> {
        let wanted = [(interest.readable, Poller::READABLE), (interest.writable, Poller::WRITABLE), (interest.urgent, Poller::PRIORITY)];
        let wanted = wanted.into_iter().filter(|(is, _)| *is).map(|(_, wanted)| wanted).reduce(|a, b| a | b);
        let wanted = wanted.ok_or(io::ErrorKind::InvalidInput)?;
        let id = FIRST + self.ids;
        let id = match registry.register(&mut SourceFd(&fd), mio::Token(id), wanted) {
            Ok(()) => Some(id),
            // epoll(7): "the target file does not support epoll", as a regular file, a directory or `/dev/null`.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
            Err(error) => return Err(error),
        };
        if let Some(id) = id {
            self.ids += 1;
            self.tokens.insert(id, token);
            self.latest.insert(fd, id);
        }
        Ok(Descriptor { fd, id, interest, noticed: None, queued: false })
    }

    pub(super) fn deregister(&mut self, registry: &Registry, descriptor: &Descriptor) {
        let Some(id) = descriptor.id else { return };
        self.tokens.remove(&id);
        if self.latest.get(&descriptor.fd) == Some(&id) {
            self.latest.remove(&descriptor.fd);
            // Closed before it was unbound: the system has taken it out already.
            let _ = registry.deregister(&mut SourceFd(&descriptor.fd));
        }
    }

    pub(super) fn token(&self, event: &Event) -> Option<Token> {
        self.tokens.get(&event.token().0).copied()
    }
}
