//! Moments of rest: when nothing else is to be done, what was put off is done, such as writing what is buffered.

use super::Escapement;
use super::offload::Offload;
use super::wake::Wake;

impl Escapement {
    /// Whether nothing else is known to be done, so that what would be put off until a moment of rest may be done at once.
    pub fn is_at_rest(&self) -> bool {
        self.polled && self.round.is_empty() && !self.waits()
    }

    /// Whether something waits for the next round.
    fn waits(&self) -> bool {
        self.queue.waits_soon() || self.watching.has_more() || self.offload.as_ref().is_some_and(Offload::has_more)
    }

    /// Whether there is nothing to do but what waits for rest: it is then handed out. What came within these microseconds is
    /// found by the next poll, one of which lies between any two rests.
    pub(super) fn rests(&mut self) -> bool {
        if self.waits() || !std::mem::take(&mut self.polled) {
            return false;
        }
        self.hand_out_idle()
    }

    pub(super) fn hand_out_idle(&mut self) -> bool {
        if !self.queue.waits_idle() {
            return false;
        }
        let idle = self.queue.take_idle();
        self.round.extend(idle.into_iter().map(|token| (token, Wake::Idle)));
        !self.round.is_empty()
    }
}
