//! Notice when somebody sets the wall clock, or the machine wakes from sleep: timers bound to wall time must be worked out anew.
//!
//! Follows `timerfd_create(2)`, `TFD_TIMER_CANCEL_ON_SET`: a timer on the wall clock that never ends, but is cancelled by such a step.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use mio::unix::SourceFd;
use mio::{Interest, Registry};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};

/// The sentinel; without one (an odd kernel) wall timers still fire, but only as early as they were first worked out.
#[derive(Debug)]
pub(super) struct WallClock(OwnedFd);

impl WallClock {
    pub(super) fn watch(registry: &Registry, name: mio::Token) -> io::Result<Self> {
        let sentinel = Self(timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?);
        sentinel.arm()?;
        registry.register(&mut SourceFd(&sentinel.0.as_raw_fd()), name, Interest::READABLE)?;
        Ok(sentinel)
    }

    /// Also takes back the readiness of a cancelled timer.
    pub(super) fn arm(&self) -> io::Result<()> {
        // Half of the largest: the kernel counts nanoseconds in 64 bits.
        let far = Timespec { tv_sec: i64::MAX / 2_000_000_000, tv_nsec: 0 };
        let never = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: far };
        timerfd_settime(&self.0, TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET, &never)?;
        Ok(())
    }
}
