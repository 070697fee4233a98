//! Binding and unbinding: the half of the escapement that its owners use.

use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};

use super::clock::Moment;
use super::offload::{Job, Offload};
use super::signals::Signals;
use super::slots::Token;
use super::timers::{Rhythm, Timer};
use super::wake::{Interest, Owner};
use super::wall::WallClock;
use super::{Binding, Escapement, INOTIFY, Kind, SIGNALS, WALL};

/// The shortest period. A loop that does nothing but beat would starve all else.
const SHORTEST: Duration = Duration::from_millis(1);

impl Escapement {
    /// Wakes `owner` in the next round, first in first out.
    pub fn soon(&mut self, owner: Owner) -> Token {
        let token = self.insert(owner, true, Kind::Soon);
        self.queue.soon(token);
        token
    }

    /// Wakes `owner` once, when a round has nothing else to give and before anything is waited for: the time to write what is buffered.
    pub fn idle(&mut self, owner: Owner) -> Token {
        let token = self.insert(owner, true, Kind::Idle);
        self.queue.idle(token);
        token
    }

    /// Wakes `owner` once, at `deadline` or as soon as it has passed.
    pub fn at(&mut self, owner: Owner, deadline: Moment) -> Token {
        self.timer(owner, deadline, Rhythm::Once)
    }

    /// Wakes `owner` once, when this much time has passed.
    pub fn after(&mut self, owner: Owner, delay: Duration) -> Token {
        self.at(owner, self.clock.now() + delay)
    }

    /// Wakes `owner` again and again, the first time after one period; at least a millisecond lies between two beats. Beats do not
    /// drift; those missed are counted in the one that comes.
    pub fn every(&mut self, owner: Owner, period: Duration) -> Token {
        let period = period.max(SHORTEST);
        self.timer(owner, self.clock.now() + period, Rhythm::Every(period))
    }

    /// Wakes `owner` once, when the wall clock has reached `time`, also when that clock is set meanwhile or the machine slept.
    pub fn at_wall(&mut self, owner: Owner, time: SystemTime) -> Token {
        if self.clock.is_real() && self.wall.is_none() {
            // Without it the timer holds as long as nobody sets the clock.
            self.wall = WallClock::watch(self.poll.registry(), WALL).ok();
        }
        let left = time.duration_since(self.clock.wall()).unwrap_or_default();
        self.timer(owner, self.clock.now() + left, Rhythm::Wall(time))
    }

    fn timer(&mut self, owner: Owner, deadline: Moment, rhythm: Rhythm) -> Token {
        let order = self.timers.order();
        let token = self.insert(owner, true, Kind::Timer(Timer { deadline, order, rhythm }));
        self.timers.arm(token, deadline, order);
        token
    }

    /// Wakes `owner` when the descriptor, a number or anything that has one, may be ready. The owner keeps it open until it has unbound
    /// it, and reads or writes until `WouldBlock`, or asks for another turn with [`rearm`](Self::rearm). What cannot be polled, as a
    /// regular file, counts as always ready: it wakes once now and then once for each `rearm`.
    ///
    /// # Errors
    /// The descriptor is not open, is bound already, or nothing is wanted of it.
    pub fn fd(&mut self, owner: Owner, fd: &impl AsRawFd, interest: Interest) -> Result<Token> {
        let fd = fd.as_raw_fd();
        let descriptor = self.fds.register(self.poll.registry(), fd, interest, self.slots.upcoming());
        let descriptor = descriptor.map_err(|error| Error::os("wait for descriptor", fd.to_string(), error))?;
        let always_ready = descriptor.always_ready();
        let token = self.insert(owner, true, Kind::Descriptor(descriptor));
        if always_ready {
            self.rearm(token);
        }
        Ok(token)
    }

    /// Wakes the owner of a descriptor again in the next round, as it stopped before `WouldBlock`.
    pub fn rearm(&mut self, token: Token) {
        if let Some(Binding { kind: Kind::Descriptor(descriptor), .. }) = self.slots.get_mut(token)
            && !std::mem::replace(&mut descriptor.queued, true)
        {
            self.queue.soon(token);
        }
    }

    /// Wakes `owner` when the file or directory at `path` changes. Bind first and look at the path then, so that nothing is missed.
    ///
    /// Where inotify cannot watch it, or while nothing stands there any more, the path is looked at each `poll` (at least a millisecond).
    /// That the *parents* of the path are renamed is noticed only by looking.
    ///
    /// # Errors
    /// Nothing stands at `path` (`NotFound`), or it cannot be looked at.
    pub fn watch(&mut self, owner: Owner, path: &Path, poll: Duration) -> Result<Token> {
        self.watching.open(self.poll.registry(), INOTIFY);
        let order = self.timers.order();
        let watch = self.watching.bind(path, poll.max(SHORTEST), order, self.slots.upcoming());
        let watch = watch.map_err(|error| Error::os("watch", path, error))?;
        let token = self.insert(owner, true, Kind::Watch(Box::new(watch)));
        self.pace(token);
        Ok(token)
    }

    /// True when a watched path is looked at again and again now, as the kernel does not tell of it.
    pub fn watch_is_polled(&self, token: Token) -> bool {
        matches!(self.slots.get(token), Some(Binding { kind: Kind::Watch(watch), .. }) if watch.looks())
    }

    /// True when inotify works here. Even so a single watch may have to do without.
    pub fn has_inotify(&mut self) -> bool {
        self.watching.open(self.poll.registry(), INOTIFY)
    }

    /// Lets all watches bound from here on look for themselves, as if inotify were missing.
    pub const fn without_inotify(&mut self) {
        self.watching.without_inotify();
    }

    /// Wakes `owner` each time the signal comes. Several bindings of one signal are woken in the order of binding. Such a binding is weak
    /// from birth.
    ///
    /// # Errors
    /// There is no such signal, or it cannot be caught: `SIGKILL`, `SIGSTOP` and those that tell of a fault of the program.
    pub fn signal(&mut self, owner: Owner, signal: i32) -> Result<Token> {
        let refused = |error| Error::os("catch signal", signal.to_string(), error);
        if self.signals.is_none() {
            self.signals = Some(Signals::new(self.poll.registry(), SIGNALS).map_err(refused)?);
        }
        if let Some(signals) = &mut self.signals {
            signals.bind(signal, self.slots.upcoming()).map_err(refused)?;
        }
        Ok(self.insert(owner, false, Kind::Signal(signal)))
    }

    /// How many bindings wait for that signal.
    pub fn listeners(&self, signal: i32) -> usize {
        self.signals.as_ref().map_or(0, |signals| signals.listeners(signal))
    }

    /// Gives `job` to the helper and wakes `owner` with its answer, which is a [`JobPanicked`](super::JobPanicked) if it panics. Unbinding
    /// cancels the job.
    ///
    /// # Errors
    /// The helper cannot be started.
    pub fn offload(&mut self, owner: Owner, job: Job) -> Result<Token> {
        let refused = |error| Error::os("start", "the helper thread", error);
        if self.offload.is_none() {
            self.offload = Some(Offload::start(Arc::clone(&self.waker)).map_err(refused)?);
        }
        if let Some(offload) = &mut self.offload {
            offload.give(self.slots.upcoming(), job).map_err(refused)?;
        }
        Ok(self.insert(owner, true, Kind::Answer))
    }

    /// Ends a binding; what has already come for it is dropped. False when there was none: unknown, unbound or a one-shot that fired.
    pub fn unbind(&mut self, token: Token) -> bool {
        self.release(token)
    }

    /// Ends all bindings of an owner.
    pub fn unbind_owner(&mut self, owner: Owner) {
        if self.bound(owner) == 0 {
            return;
        }
        let tokens: Vec<Token> = self.slots.iter().filter(|(_, binding)| binding.owner == owner).map(|(token, _)| token).collect();
        for token in tokens {
            self.release(token);
        }
    }

    /// How many live bindings an owner has.
    pub fn bound(&self, owner: Owner) -> usize {
        self.owners.get(&owner).copied().unwrap_or(0)
    }

    /// Whether something has come that was not handed out yet, and may change all.
    pub fn has_news(&self) -> bool {
        !self.round.is_empty()
    }

    /// Who keeps the program alive, each as often as it does.
    pub fn keepers(&self) -> impl Iterator<Item = Owner> + '_ {
        self.slots.iter().filter(|(_, binding)| binding.strong).map(|(_, binding)| binding.owner)
    }

    /// This binding does not keep the program alive any more.
    pub fn weaken(&mut self, token: Token) {
        if let Some(binding) = self.slots.get_mut(token)
            && std::mem::take(&mut binding.strong)
        {
            self.strong -= 1;
        }
    }

    fn insert(&mut self, owner: Owner, strong: bool, kind: Kind) -> Token {
        *self.owners.entry(owner).or_default() += 1;
        self.strong += usize::from(strong);
        self.slots.insert(Binding { owner, strong, kind })
    }

    /// Forgets a binding in every place that knows it.
    pub(super) fn release(&mut self, token: Token) -> bool {
        let Some(binding) = self.slots.remove(token) else { return false };
        self.strong -= usize::from(binding.strong);
        if let Some(count) = self.owners.get_mut(&binding.owner) {
            *count -= 1;
            if *count == 0 {
                self.owners.remove(&binding.owner);
            }
        }
        match binding.kind {
            Kind::Soon => {}
            Kind::Idle => self.queue.forget_idle(token),
            Kind::Timer(_) => self.timers.disarm(token),
            Kind::Descriptor(descriptor) => self.fds.deregister(self.poll.registry(), &descriptor),
            Kind::Watch(watch) => {
                self.watching.unbind(&watch, token);
                self.timers.disarm(token);
            }
            Kind::Signal(signal) => {
                if let Some(signals) = &mut self.signals {
                    signals.unbind(signal, token);
                }
            }
            Kind::Answer => {
                if let Some(offload) = &mut self.offload {
                    offload.cancel(token);
                }
            }
        }
        true
    }
}
