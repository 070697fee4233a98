//! The escapement: the one place that waits for the operating system.
//!
//! Cogs bind what they wait for, under their own number as [`Owner`], and the train pulls: `while let Some(fired) = escapement.next()?`.
//! One source of events a file; here is the loop that asks them in turn. It knows no cog, no datum and no script.

mod bind;
mod clock;
mod cron;
mod fds;
mod inotify;
mod offload;
mod poll;
mod queue;
mod rest;
mod signals;
mod slots;
#[cfg(test)]
mod tests;
mod timers;
mod wake;
mod wall;
mod watch;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mio::{Events, Poll, Waker};

use crate::error::{Error, Result};

use self::fds::{Descriptor, Fds};
use self::inotify::Notice;
use self::offload::Offload;
use self::queue::Queue;
use self::signals::Signals;
use self::slots::Slots;
use self::timers::{Rhythm, Timer, Timers};
use self::wall::WallClock;
use self::watch::{Watch, Watching};

pub use self::clock::{Clock, Moment};
pub use self::cron::Cron;
pub use self::offload::{Answer, Job, JobPanicked};
pub use self::slots::Token;
pub use self::wake::{Changed, Fired, Interest, Owner, Wake, What};

/// The escapement's own names at the poll; those of descriptors begin at [`fds::FIRST`].
const WAKER: mio::Token = mio::Token(0);
const SIGNALS: mio::Token = mio::Token(1);
const INOTIFY: mio::Token = mio::Token(2);
const WALL: mio::Token = mio::Token(3);
/// Events of one poll; more are not lost, but wait for the next.
const EVENTS: usize = 1024;

/// Waits for descriptors, paths, signals, deadlines and the helper, and tells whoever bound them.
#[derive(Debug)]
pub struct Escapement {
    clock: Clock,
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    slots: Slots<Binding>,
    /// How many bindings each owner has.
    owners: BTreeMap<Owner, usize>,
    /// How many bindings keep the program alive.
    strong: usize,
    /// The last poll told all that there was, and nothing has rested since.
    polled: bool,
    /// What has come and was not handed out yet.
    round: VecDeque<(Token, Wake)>,
    queue: Queue,
    timers: Timers,
    fds: Fds,
    watching: Watching,
    signals: Option<Signals>,
    offload: Option<Offload>,
    wall: Option<WallClock>,
}

#[derive(Debug)]
struct Binding {
    owner: Owner,
    /// Keeps the program alive.
    strong: bool,
    kind: Kind,
}

impl Binding {
    const fn is_wall_timer(&self) -> bool {
        matches!(self.kind, Kind::Timer(Timer { rhythm: Rhythm::Wall(_), .. }))
    }
}

#[derive(Debug)]
enum Kind {
    Soon,
    Idle,
    Timer(Timer),
    Descriptor(Descriptor),
    /// Boxed, as it is much larger than the others, of which there may be a hundred thousand.
    Watch(Box<Watch>),
    Signal(i32),
    Answer,
}

impl Kind {
    /// Ends when it is handed out.
    const fn is_one_shot(&self) -> bool {
        match self {
            Self::Soon | Self::Idle | Self::Answer => true,
            Self::Timer(timer) => !matches!(timer.rhythm, Rhythm::Every(_)),
            Self::Descriptor(_) | Self::Watch(_) | Self::Signal(_) => false,
        }
    }
}

impl Escapement {
    /// The owner of what the runtime itself binds.
    pub const RUNTIME: Owner = Owner::MAX;

    /// An escapement with nothing bound.
    ///
    /// # Errors
    /// The system gives no more descriptors.
    pub fn new(clock: Clock) -> Result<Self> {
        let refused = |error| Error::os("open", "the event poll", error);
        let poll = Poll::new().map_err(refused)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER).map_err(refused)?);
        clock.wakes(&waker);
        Ok(Self {
            clock,
            poll,
            events: Events::with_capacity(EVENTS),
            waker,
            slots: Slots::new(),
            owners: BTreeMap::new(),
            strong: 0,
            polled: false,
            round: VecDeque::new(),
            queue: Queue::default(),
            timers: Timers::default(),
            fds: Fds::default(),
            watching: Watching::default(),
            signals: None,
            offload: None,
            wall: None,
        })
    }

    /// The present on the time line of deadlines.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The present as people tell it.
    pub fn wall(&self) -> SystemTime {
        self.clock.wall()
    }

    /// A handle of the clock in use.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Waits for the next event. Nothing when no strong binding is left, so that nothing that matters can happen any more.
    ///
    /// # Errors
    /// The system's poll, or its channel of notices about paths, failed.
    #[expect(clippy::should_implement_trait, reason = "it can fail, and what it gives next depends on what is bound between calls")]
    pub fn next(&mut self) -> Result<Option<Fired>> {
        self.turn(None)
    }

    /// As [`next`](Self::next), but gives nothing from `deadline` on, even when events still come: who shuts down must come to an end.
    ///
    /// A clock by hand that does not jump reaches the deadline only when somebody else advances it; use
    /// [`next_ready`](Self::next_ready) with one.
    ///
    /// # Errors
    /// As `next`.
    pub fn next_until(&mut self, deadline: Moment) -> Result<Option<Fired>> {
        if self.now() >= deadline { Ok(None) } else { self.turn(Some(deadline)) }
    }

    /// As [`next`](Self::next), but gives nothing instead of waiting, nor does virtual time jump.
    ///
    /// # Errors
    /// As `next`.
    pub fn next_ready(&mut self) -> Result<Option<Fired>> {
        if let Some(fired) = self.hand_out() {
            return Ok(Some(fired));
        }
        if self.strong > 0 {
            self.gather(Some(Duration::ZERO))?;
        }
        Ok(self.hand_out())
    }

    /// Rounds until one gives something.
    fn turn(&mut self, until: Option<Moment>) -> Result<Option<Fired>> {
        loop {
            if let Some(fired) = self.hand_out() {
                return Ok(Some(fired));
            }
            if self.strong == 0 {
                return Ok(None);
            }
            if self.rests() {
                continue;
            }
            let timeout = self.timeout(until);
            self.gather(timeout)?;
            if self.round.is_empty() {
                if until.is_some_and(|until| self.now() >= until) {
                    return Ok(None);
                }
                if let Some(deadline) = self.jump_target(until) {
                    self.clock.jump(deadline);
                }
            }
        }
    }

    /// One thing of the round, unless its binding has ended since.
    fn hand_out(&mut self) -> Option<Fired> {
        while let Some((token, wake)) = self.round.pop_front() {
            let Some(binding) = self.slots.get_mut(token) else { continue };
            let wake = if let Kind::Descriptor(descriptor) = &mut binding.kind { descriptor.take() } else { wake };
            let owner = binding.owner;
            if binding.kind.is_one_shot() {
                self.release(token);
            }
            return Some(Fired { owner, token, wake });
        }
        None
    }

    /// One round, phase by phase. What is bound or queued while it is handed out belongs to the next.
    ///
    /// Whoever follows a file waits for this to end, with all of it cold in the processor's caches: what has nothing to do is not called.
    fn gather(&mut self, timeout: Option<Duration>) -> Result<()> {
        let spoke = self.wait(timeout)?;
        if spoke.wall {
            self.reckon_wall_timers();
        }
        if spoke.signals {
            self.gather_signals();
        }
        if spoke.descriptors {
            self.gather_ready();
        }
        if spoke.inotify || self.watching.has_more() {
            self.gather_notices()?;
        }
        if self.offload.is_some() {
            self.gather_answers();
        }
        // A sleep that ended before its time leaves nothing due, or only just: then the next one ends at once.
        if self.round.is_empty() || timeout == Some(Duration::ZERO) {
            self.gather_due();
        }
        if self.queue.waits_soon() {
            self.gather_queue();
        }
        if self.round.is_empty() {
            self.hand_out_idle();
        }
        Ok(())
    }

    /// How long `poll` may sleep: the one place where this is worked out. Nothing means until something happens.
    fn timeout(&mut self, until: Option<Moment>) -> Option<Duration> {
        let left_over = self.watching.has_more() || self.offload.as_ref().is_some_and(Offload::has_more);
        if self.queue.waits() || left_over || self.jump_target(until).is_some() {
            return Some(Duration::ZERO);
        }
        let deadline = self.timers.next().into_iter().chain(until).min()?;
        self.clock.until(deadline)
    }

    /// Where virtual time goes when nothing else is ready. Not while the helper works: its answers take real time, and a deadline set for
    /// them would always win.
    fn jump_target(&mut self, until: Option<Moment>) -> Option<Moment> {
        if !self.clock.jumps() || self.offload.as_ref().is_some_and(Offload::is_working) {
            return None;
        }
        self.timers.next().into_iter().chain(until).min()
    }

    /// Sleeps, and notes which of our own descriptors spoke.
    fn wait(&mut self, timeout: Option<Duration>) -> Result<Spoke> {
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            // A signal came. It is no error and no event: its byte waits in the socket, and the loop works out the timeout again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.events.clear(),
            Err(error) => return Err(Error::os("wait on", "the event poll", error)),
        }
        let (mut spoke, mut count) = (Spoke::default(), 0);
        for event in &self.events {
            count += 1;
            match event.token() {
                // It has done its work by ending the sleep.
                WAKER => {}
                SIGNALS => spoke.signals = true,
                INOTIFY => spoke.inotify = true,
                WALL => spoke.wall = true,
                _ => spoke.descriptors = true,
            }
        }
        self.polled = count < EVENTS;
        Ok(spoke)
    }

    #[inline(never)]
    fn gather_signals(&mut self) {
        let came = self.signals.as_mut().map(Signals::take).unwrap_or_default();
        self.round.extend(came.into_iter().map(|(token, signal)| (token, Wake::Signal(signal))));
    }

    #[inline(never)]
    fn gather_ready(&mut self) {
        for event in &self.events {
            if let Some(token) = self.fds.token(event)
                && let Some(Binding { kind: Kind::Descriptor(descriptor), .. }) = self.slots.get_mut(token)
                && descriptor.note_event(event)
            {
                self.round.push_back((token, fds::READY));
            }
        }
    }

    fn gather_notices(&mut self) -> Result<()> {
        let notices = self.watching.take().map_err(|error| Error::os("read", "the inotify queue", error))?;
        for notice in notices {
            self.spread(&notice);
        }
        Ok(())
    }

    /// Tells a notice to all whom it concerns.
    fn spread(&mut self, notice: &Notice) {
        if notice.is_plain() {
            let tell = |token: &Token| (*token, Wake::Changed(Changed { name: notice.name.clone(), what: notice.what }));
            self.round.extend(self.watching.listeners(notice).iter().map(tell));
        } else {
            self.spread_all(notice);
        }
    }

    /// As [`spread`](Self::spread), where the thing that is watched may be another one by now.
    #[inline(never)]
    fn spread_all(&mut self, notice: &Notice) {
        for token in self.watching.audience(notice) {
            let Some(Binding { kind: Kind::Watch(watch), .. }) = self.slots.get_mut(token) else { continue };
            let changed = self.watching.hear(watch, token, notice);
            self.pace(token);
            if !changed.what.is_nothing() {
                self.round.push_back((token, Wake::Changed(changed)));
            }
        }
    }

    #[inline(never)]
    fn gather_answers(&mut self) {
        let answers = self.offload.as_mut().map(Offload::take).unwrap_or_default();
        self.round.extend(answers.into_iter().map(|(token, answer)| (token, Wake::Answer(answer))));
    }

    #[inline(never)]
    fn gather_due(&mut self) {
        let now = self.now();
        while let Some(token) = self.timers.due(now) {
            match self.slots.get_mut(token).map(|binding| &mut binding.kind) {
                Some(Kind::Timer(timer)) => {
                    let (missed, again) = timer.beat(&self.clock);
                    if let Some(deadline) = again {
                        self.timers.arm(token, deadline, timer.order);
                    }
                    self.round.extend(missed.map(|missed| (token, Wake::Due { missed })));
                }
                Some(Kind::Watch(watch)) => {
                    let news = self.watching.look(watch, token);
                    self.round.extend(news.into_iter().map(|changed| (token, Wake::Changed(changed))));
                    self.pace(token);
                }
                _ => {}
            }
        }
    }

    #[inline(never)]
    fn gather_queue(&mut self) {
        for token in self.queue.take_soon() {
            let wake = match self.slots.get_mut(token).map(|binding| &mut binding.kind) {
                Some(Kind::Soon) => Some(Wake::Soon),
                Some(Kind::Descriptor(descriptor)) => descriptor.note_all().then_some(fds::READY),
                _ => None,
            };
            self.round.extend(wake.map(|wake| (token, wake)));
        }
    }

    /// A watch that must look for itself has a timer; one that is told has none.
    fn pace(&mut self, token: Token) {
        let Some(Binding { kind: Kind::Watch(watch), .. }) = self.slots.get(token) else { return };
        if !watch.looks() {
            self.timers.disarm(token);
        } else if !self.timers.is_armed(token) {
            self.timers.arm(token, self.clock.now() + watch.period, watch.order);
        }
    }

    /// The wall clock was set: what is bound to it moves on the time line of deadlines.
    #[cold]
    fn reckon_wall_timers(&mut self) {
        // When it cannot be armed again, the timers still fire at what they were last reckoned to.
        let _ = self.wall.as_ref().map(WallClock::arm);
        let walls: Vec<Token> = self.slots.iter().filter(|(_, binding)| binding.is_wall_timer()).map(|(token, _)| token).collect();
        for token in walls {
            if let Some(Binding { kind: Kind::Timer(timer), .. }) = self.slots.get_mut(token)
                && self.timers.is_armed(token)
            {
                let deadline = timer.towards_wall(&self.clock).unwrap_or_else(|| self.clock.now());
                self.timers.arm(token, deadline, timer.order);
            }
        }
    }
}

/// Which of the escapement's own descriptors spoke, and whether any of the owners' did.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, read by name")]
struct Spoke {
    wall: bool,
    signals: bool,
    inotify: bool,
    descriptors: bool,
}
