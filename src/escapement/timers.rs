//! Deadlines in order: which binding is due next.
//!
//! A heap with lazy deletion. What is disarmed stays in the heap until it comes to the top, or until dead entries outnumber the
//! living and the heap is rebuilt; so arming and disarming a timer for every datum costs little and leaks nothing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, SystemTime};

use super::clock::{Clock, Moment};
use super::slots::Token;

/// Below this many entries a rebuild would not pay.
const SMALL: usize = 64;

/// What a timer's binding remembers.
#[derive(Debug)]
pub(super) struct Timer {
    pub(super) deadline: Moment,
    /// Place in the order of binding, kept over all beats.
    pub(super) order: u64,
    pub(super) rhythm: Rhythm,
}

#[derive(Debug)]
pub(super) enum Rhythm {
    Once,
    Every(Duration),
    /// Due at a time of the wall clock, which may be set while we wait.
    Wall(SystemTime),
}

impl Timer {
    /// What becomes of a timer whose deadline has come: the beats missed when it fires, and when it is due again, if ever.
    /// No beats but a deadline: it was too early (the wall clock was set back).
    pub(super) fn beat(&mut self, clock: &Clock) -> (Option<u64>, Option<Moment>) {
        match self.rhythm {
            Rhythm::Once => (Some(0), None),
            Rhythm::Every(period) => {
                // Counted from the first deadline on, not from now: so it does not drift.
                let late = clock.now().since(self.deadline);
                let missed = late.as_nanos() / period.as_nanos().max(1);
                let since = period.saturating_mul(u32::try_from(missed).unwrap_or(u32::MAX).saturating_add(1));
                self.deadline = if missed < u128::from(u32::MAX) { self.deadline + since } else { clock.now() + period };
                (Some(u64::try_from(missed).unwrap_or(u64::MAX)), Some(self.deadline))
            }
            Rhythm::Wall(_) => match self.towards_wall(clock) {
                Some(again) => (None, Some(again)),
                None => (Some(0), None),
            },
        }
    }

    /// The deadline of a wall timer worked out anew; nothing when its time has come or it is no wall timer.
    pub(super) fn towards_wall(&mut self, clock: &Clock) -> Option<Moment> {
        let Rhythm::Wall(time) = self.rhythm else { return None };
        let left = time.duration_since(clock.wall()).ok().filter(|left| !left.is_zero())?;
        self.deadline = clock.now() + left;
        Some(self.deadline)
    }
}

/// All armed deadlines.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<Entry>>,
    armed: BTreeMap<Token, Armed>,
    orders: u64,
}

/// Compared field by field: by deadline, then in the order of binding.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Entry {
    armed: Armed,
    token: Token,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Armed {
    deadline: Moment,
    order: u64,
}

impl Timers {
    /// A new place at the end of the order of binding.
    pub(super) const fn order(&mut self) -> u64 {
        self.orders += 1;
        self.orders
    }

    /// Sets the one deadline of `token`, in place of an older one.
    pub(super) fn arm(&mut self, token: Token, deadline: Moment, order: u64) {
        let armed = Armed { deadline, order };
        if self.armed.insert(token, armed) != Some(armed) {
            self.heap.push(Reverse(Entry { armed, token }));
            self.tidy();
        }
    }

    pub(super) fn disarm(&mut self, token: Token) {
        if self.armed.remove(&token).is_some() {
            self.tidy();
        }
    }

    pub(super) fn is_armed(&self, token: Token) -> bool {
        self.armed.contains_key(&token)
    }

    /// The earliest deadline.
    pub(super) fn next(&mut self) -> Option<Moment> {
        while let Some(Reverse(entry)) = self.heap.peek() {
            if self.armed.get(&entry.token) == Some(&entry.armed) {
                return Some(entry.armed.deadline);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes out the first that is due by `now`.
    pub(super) fn due(&mut self, now: Moment) -> Option<Token> {
        if self.next()? > now {
            return None;
        }
        let Reverse(entry) = self.heap.pop()?;
        self.armed.remove(&entry.token);
        Some(entry.token)
    }

    fn tidy(&mut self) {
        if self.heap.len() > 2 * self.armed.len() + SMALL {
            let armed = &self.armed;
            self.heap.retain(|Reverse(entry)| armed.get(&entry.token) == Some(&entry.armed));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use proptest::prelude::*;

    use super::{Rhythm, SMALL, Timer, Timers};
    use crate::escapement::clock::{Clock, Moment};
    use crate::escapement::slots::Slots;

    const SECOND: Duration = Duration::from_secs(1);

    proptest! {
        #[test]
        fn timers_come_sorted_by_deadline_then_binding(
            plan in prop::collection::vec((0_u64..50, any::<bool>()), 0..300),
        ) {
            let (mut slots, mut timers) = (Slots::new(), Timers::default());
            let mut wanted = Vec::new();
            for (n, (after, dropped)) in plan.into_iter().enumerate() {
                let (deadline, order) = (Moment::START + Duration::from_secs(after), timers.order());
                let token = slots.insert((deadline, n));
                timers.arm(token, deadline, order);
                if dropped { timers.disarm(token) } else { wanted.push((deadline, n)) }
            }
            wanted.sort_unstable();
            let mut came = Vec::new();
            for now in 0..50 {
                while let Some(token) = timers.due(Moment::START + Duration::from_secs(now)) {
                    came.push(*slots.get(token).unwrap());
                }
            }
            prop_assert_eq!(came, wanted);
        }
    }

    #[test]
    fn a_timer_armed_anew_fires_once() {
        let (mut slots, mut timers) = (Slots::new(), Timers::default());
        let token = slots.insert(());
        for after in [1, 2, 1] {
            timers.arm(token, Moment::START + SECOND * after, 1);
        }
        assert_eq!(timers.due(Moment::START + SECOND), Some(token));
        assert_eq!(timers.due(Moment::START + SECOND * 9), None);
        assert!(timers.heap.is_empty());
    }

    #[test]
    fn arming_and_disarming_for_ever_does_not_leak() {
        let (mut slots, mut timers) = (Slots::new(), Timers::default());
        for n in 0..100_000 {
            let token = slots.insert(());
            timers.arm(token, Moment::START + SECOND * n, u64::from(n));
            timers.disarm(token);
            slots.remove(token);
        }
        assert!(timers.heap.len() <= SMALL + 1);
    }

    #[test]
    fn a_beat_neither_drifts_nor_piles_up() {
        let clock = Clock::by_hand();
        let mut timer = Timer { deadline: Moment::START + SECOND, order: 1, rhythm: Rhythm::Every(SECOND) };
        clock.advance(SECOND + SECOND / 4);
        assert_eq!(timer.beat(&clock), (Some(0), Some(Moment::START + SECOND * 2)));
        clock.advance(SECOND * 3);
        assert_eq!(timer.beat(&clock), (Some(2), Some(Moment::START + SECOND * 5)));
    }

    #[test]
    fn a_wall_timer_waits_for_the_wall() {
        let clock = Clock::by_hand_at(SystemTime::UNIX_EPOCH);
        let time = SystemTime::UNIX_EPOCH + SECOND * 10;
        let mut timer = Timer { deadline: Moment::START, order: 1, rhythm: Rhythm::Wall(time) };
        assert_eq!(timer.beat(&clock), (None, Some(Moment::START + SECOND * 10)));
        clock.advance(SECOND * 10);
        assert_eq!(timer.beat(&clock), (Some(0), None));
    }
}
