//! Time and the system: what a cog may bind, and be woken by; how the train stands.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::Ctx;
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::escapement::{Clock, Escapement, Interest, Job, Moment, Token};
use crate::start;

impl Ctx<'_> {
    /// Which binding has fired, inside [`Cog::wake`](crate::cog::Cog::wake); none when the train wakes the cog on its own account.
    pub fn token(&self) -> Option<Token> {
        self.seat.woken_by
    }

    fn esc(&mut self) -> Result<&mut Escapement> {
        if self.seat.closed { Err(Error::Finished) } else { Ok(self.esc) }
    }

    /// The file system: a cog touches it through this alone, also from jobs.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.seat.disk
    }

    /// The loop's idea of now.
    pub fn now(&self) -> Moment {
        self.esc.now()
    }

    /// The wall clock.
    pub fn wall(&self) -> SystemTime {
        self.esc.wall()
    }

    /// Wakes the cog as soon as possible, after what waits already.
    ///
    /// # Errors
    /// [`Error::Finished`], as for all that binds.
    pub fn soon(&mut self) -> Result<Token> {
        let owner = self.seat.number;
        Ok(self.esc()?.soon(owner))
    }

    /// Wakes the cog once when nothing else waits.
    pub fn idle(&mut self) -> Result<Token> {
        let owner = self.seat.number;
        Ok(self.esc()?.idle(owner))
    }

    /// Whether nothing else waits: what [`Ctx::idle`] would be for may be done at once.
    pub fn is_at_rest(&self) -> bool {
        self.esc.is_at_rest()
    }

    /// Asks whether any datum can reach the cog before it does something itself. If none can it is woken with
    /// [`Wake::NoMore`](crate::escapement::Wake::NoMore) at once, and else not at all: it may ask again.
    pub fn ask_for_more(&mut self) {
        self.seat.asks_for_more = true;
    }

    /// Wakes the cog at that moment.
    pub fn at(&mut self, deadline: Moment) -> Result<Token> {
        let owner = self.seat.number;
        Ok(self.esc()?.at(owner, deadline))
    }

    /// Wakes the cog after that time.
    pub fn after(&mut self, delay: Duration) -> Result<Token> {
        let owner = self.seat.number;
        Ok(self.esc()?.after(owner, delay))
    }

    /// Wakes the cog each time that much has passed, without drift.
    pub fn every(&mut self, period: Duration) -> Result<Token> {
        let owner = self.seat.number;
        Ok(self.esc()?.every(owner, period))
    }

    /// Wakes the cog when the wall clock has reached that time.
    pub fn at_wall(&mut self, time: SystemTime) -> Result<Token> {
        let owner = self.seat.number;
        Ok(self.esc()?.at_wall(owner, time))
    }

    /// A handle of the clock in use.
    pub fn clock(&self) -> Clock {
        self.esc.clock()
    }

    /// Whether the train is only tried out, so that nothing outside may be touched.
    pub fn is_apart(&self) -> bool {
        self.seat.apart
    }

    /// Wakes the cog when the descriptor is ready, edge-triggered: read until it would block, or [`Ctx::rearm`].
    pub fn fd(&mut self, fd: &impl std::os::fd::AsRawFd, interest: Interest) -> Result<Token> {
        let owner = self.seat.number;
        self.esc()?.fd(owner, fd, interest)
    }

    /// Wakes the cog again for a descriptor that it has not read to the end.
    pub fn rearm(&mut self, token: Token) {
        self.esc.rearm(token);
    }

    /// Wakes the cog when something happens to that file or directory; polled each `poll` where inotify does not work.
    pub fn watch(&mut self, path: &Path, poll: Duration) -> Result<Token> {
        let owner = self.seat.number;
        self.esc()?.watch(owner, &start::path(path), poll)
    }

    /// Whether that watch is polled.
    pub fn is_polled(&self, token: Token) -> bool {
        self.esc.watch_is_polled(token)
    }

    /// Wakes the cog when that signal comes.
    pub fn signal(&mut self, signal: i32) -> Result<Token> {
        let owner = self.seat.number;
        self.esc()?.signal(owner, signal)
    }

    /// Has `job` done on the helper thread; its answer wakes the cog.
    pub fn offload(&mut self, job: Job) -> Result<Token> {
        let owner = self.seat.number;
        self.esc()?.offload(owner, job)
    }

    /// For supplies that are about to write a checkpoint: asks all drains to bring to the disk what they have written. The cog is
    /// woken with [`Wake::Synced`](crate::escapement::Wake::Synced) when they have.
    pub fn sync_drains(&mut self) {
        self.seat.asks_sync = true;
    }

    /// Whether the time to end is over: what fails now would not have failed with more of it, so that a supply that can read it
    /// again must not count it as settled.
    pub fn gives_up(&self) -> bool {
        self.seat.gives_up
    }

    /// For supplies: the number of the next event that is sent. It is not the first where the supply begins anew after a panic.
    pub fn next_origin(&self) -> u64 {
        self.seat.next_origin
    }

    /// Whether so many bytes are on their way that no supply reads.
    pub fn is_heavy(&self) -> bool {
        self.books.is_heavy()
    }

    /// Lets go of what was bound; false when it is gone already.
    pub fn unbind(&mut self, token: Token) -> bool {
        self.esc.unbind(token)
    }

    /// This binding alone does not keep the program alive.
    pub fn weaken(&mut self, token: Token) {
        self.esc.weaken(token);
    }
}
