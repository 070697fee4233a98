//! Time, real or moved by hand.
//!
//! All deadlines are [`Moment`]s of one [`Clock`], so that a test, or a run in virtual time, can replace time as a whole.

use std::ops::Add;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use mio::Waker;

/// A point on a clock's own, never stepping time line: how long after the clock was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The moment the clock was made.
    pub const START: Self = Self(Duration::ZERO);

    /// How long after the clock was made.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// How long after `earlier`; nothing when `earlier` is the later one.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    /// Stops at the end of time instead of panicking: a user may well ask for a timer in `u64::MAX` seconds.
    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later))
    }
}

/// Where the time comes from. Clones are handles of the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Real { start: Instant },
    ByHand(Arc<Hand>),
}

#[derive(Debug)]
struct Hand {
    /// Nanoseconds since the start: enough for 584 years.
    now: AtomicU64,
    wall_at_start: SystemTime,
    jumps: AtomicBool,
    /// Whoever may sit in `poll` while another thread moves the time.
    sleepers: Mutex<Vec<Weak<Waker>>>,
}

impl Hand {
    fn add(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        // The closure never gives `None`, so this never fails.
        let _ = self.now.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| Some(now.saturating_add(by)));
    }
}

impl Clock {
    /// The time of the system: monotonic for deadlines, the wall clock for [`wall`](Self::wall).
    pub fn real() -> Self {
        Self(Kind::Real { start: Instant::now() })
    }

    /// A clock that stands still until [`advance`](Self::advance) is called; its wall clock starts at the present.
    pub fn by_hand() -> Self {
        Self::by_hand_at(SystemTime::now())
    }

    /// As [`by_hand`](Self::by_hand), with a wall clock that starts at `wall`.
    pub fn by_hand_at(wall: SystemTime) -> Self {
        let hand = Hand { now: AtomicU64::new(0), wall_at_start: wall, jumps: AtomicBool::new(false), sleepers: Mutex::new(Vec::new()) };
        Self(Kind::ByHand(Arc::new(hand)))
    }

    /// Makes a clock by hand jump to the next deadline as soon as nothing else is ready: virtual time. A real clock stays as it is.
    #[must_use]
    pub fn auto(self) -> Self {
        if let Kind::ByHand(hand) = &self.0 {
            hand.jumps.store(true, Ordering::Release);
        }
        self
    }

    /// Moves a clock by hand, also from another thread than the escapement's. A real clock moves by itself: nothing happens.
    pub fn advance(&self, by: Duration) {
        if let Kind::ByHand(hand) = &self.0 {
            hand.add(by);
            let mut sleepers = hand.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
            sleepers.retain(|sleeper| sleeper.upgrade().is_some_and(|waker| waker.wake().is_ok()));
        }
    }

    /// Moves a clock by hand to `deadline`; whoever could sleep is the caller.
    pub(super) fn jump(&self, deadline: Moment) {
        if let Kind::ByHand(hand) = &self.0 {
            hand.add(deadline.since(self.now()));
        }
    }

    /// The present on the time line of deadlines.
    pub fn now(&self) -> Moment {
        Moment(match &self.0 {
            Kind::Real { start } => start.elapsed(),
            Kind::ByHand(hand) => Duration::from_nanos(hand.now.load(Ordering::Acquire)),
        })
    }

    /// The present as people tell it. It may step when the system's clock is set; by hand it moves along with `now`.
    pub fn wall(&self) -> SystemTime {
        match &self.0 {
            Kind::Real { .. } => SystemTime::now(),
            Kind::ByHand(hand) => hand.wall_at_start + self.now().since_start(),
        }
    }

    /// How long `poll` may sleep towards `deadline`. A clock by hand gives no bound: only the one who moves it knows.
    pub(super) fn until(&self, deadline: Moment) -> Option<Duration> {
        let left = deadline.since(self.now());
        match &self.0 {
            Kind::Real { .. } => Some(left),
            Kind::ByHand(_) => left.is_zero().then_some(left),
        }
    }

    pub(super) fn jumps(&self) -> bool {
        matches!(&self.0, Kind::ByHand(hand) if hand.jumps.load(Ordering::Acquire))
    }

    pub(super) const fn is_real(&self) -> bool {
        matches!(self.0, Kind::Real { .. })
    }

    /// Whoever sleeps is woken when another thread advances the clock.
    pub(super) fn wakes(&self, sleeper: &Arc<Waker>) {
        if let Kind::ByHand(hand) = &self.0 {
            hand.sleepers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(sleeper));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Clock, Moment};

    #[test]
    fn a_clock_by_hand_moves_only_by_hand_and_all_its_handles_agree() {
        let clock = Clock::by_hand_at(SystemTime::UNIX_EPOCH);
        let handle = clock.clone();
        assert_eq!(clock.now(), Moment::START);
        handle.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), Moment::START + Duration::from_secs(5));
        assert_eq!(clock.wall(), SystemTime::UNIX_EPOCH + Duration::from_secs(5));
        assert!(!clock.jumps());
        assert!(handle.auto().jumps() && clock.jumps());
    }

    #[test]
    fn time_ends_instead_of_overflowing() {
        let end = Moment::START + Duration::MAX;
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(Moment::START.since(end), Duration::ZERO);
        let clock = Clock::by_hand();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().since_start(), Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn a_real_clock_cannot_be_moved() {
        let clock = Clock::real().auto();
        clock.advance(Duration::from_secs(1_000_000));
        assert!(clock.now().since_start() < Duration::from_secs(1_000_000));
        assert!(!clock.jumps() && clock.is_real());
    }
}
