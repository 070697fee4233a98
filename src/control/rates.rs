//! How much goes through the cogs in a second, from two looks at their counters.

use std::time::Duration;

use crate::cog::Stats;
use crate::escapement::Moment;
use crate::train::Train;

/// A sample that is older says nothing about now.
const OLD: Duration = Duration::from_millis(2500);

/// Counters at two moments.
#[derive(Debug, Default)]
pub(super) struct Rates {
    last: Option<(Moment, Vec<Stats>)>,
    before: Option<(Moment, Vec<Stats>)>,
}

impl Rates {
    /// Looks at the counters.
    pub(super) fn sample(&mut self, train: &mut Train) {
        let now = train.escapement().now();
        let stats = train.cogs().map(|cog| cog.stats).collect();
        self.before = self.last.replace((now, stats));
    }

    /// Whether what it knows is of now.
    pub(super) fn are_fresh(&self, now: Moment) -> bool {
        self.before.is_some() && self.last.as_ref().is_some_and(|(at, _)| now.since(*at) < OLD)
    }

    fn of(&self, cog: u32, count: impl Fn(&Stats) -> u64) -> Option<f64> {
        let ((then, before), (now, last)) = (self.before.as_ref()?, self.last.as_ref()?);
        let (before, last) = (before.get(cog as usize).copied().unwrap_or_default(), last.get(cog as usize)?);
        let passed = now.since(*then).as_secs_f64();
        (passed > 0.0).then(|| count(last).saturating_sub(count(&before)) as f64 / passed)
    }

    /// Data given to it in a second, or made by it where it is a supply.
    pub(super) fn given(&self, cog: u32) -> Option<f64> {
        self.of(cog, |stats| stats.given.max(if stats.given == 0 { stats.emitted } else { 0 }))
    }

    /// Data that leave it in a second.
    pub(super) fn emitted(&self, cog: u32) -> Option<f64> {
        self.of(cog, |stats| stats.emitted)
    }

    /// Data that fail in it in a second.
    pub(super) fn failed(&self, cog: u32) -> Option<f64> {
        self.of(cog, |stats| stats.errors)
    }
}
