//! What is due at once: the immediate queue, first in first out, and those who wait for a moment of rest.

use std::collections::VecDeque;

use super::slots::Token;

/// Both queues hold tokens only; those of dead bindings are passed over when they are taken.
#[derive(Debug, Default)]
pub(super) struct Queue {
    soon: VecDeque<Token>,
    idle: Vec<Token>,
}

impl Queue {
    pub(super) fn soon(&mut self, token: Token) {
        self.soon.push_back(token);
    }

    pub(super) fn idle(&mut self, token: Token) {
        self.idle.push(token);
    }

    /// The immediate queue is emptied each round, so its dead need no care. The idle one may wait for hours, with a drain that binds and
    /// unbinds for every buffer; it has one entry a drain, so looking through it is cheap.
    pub(super) fn forget_idle(&mut self, token: Token) {
        self.idle.retain(|waiting| *waiting != token);
    }

    /// True while `poll` must not sleep.
    pub(super) fn waits(&self) -> bool {
        !self.soon.is_empty() || !self.idle.is_empty()
    }

    /// True while somebody waits for a moment of rest.
    pub(super) fn waits_idle(&self) -> bool {
        !self.idle.is_empty()
    }

    /// True while something waits for the next round.
    pub(super) fn waits_soon(&self) -> bool {
        !self.soon.is_empty()
    }

    /// All that was queued until now. What is queued from here on waits for the next round.
    pub(super) fn take_soon(&mut self) -> VecDeque<Token> {
        std::mem::take(&mut self.soon)
    }

    pub(super) fn take_idle(&mut self) -> Vec<Token> {
        std::mem::take(&mut self.idle)
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;
    use crate::escapement::slots::Slots;

    #[test]
    fn the_queue_keeps_its_order_and_forgets_the_idle_that_left() {
        let (mut slots, mut queue) = (Slots::new(), Queue::default());
        let tokens: Vec<_> = (0..3).map(|n| slots.insert(n)).collect();
        assert!(!queue.waits());
        for token in &tokens {
            queue.soon(*token);
            queue.idle(*token);
        }
        queue.forget_idle(tokens[1]);
        assert!(queue.waits());
        assert_eq!(queue.take_soon(), tokens);
        assert_eq!(queue.take_idle(), [tokens[0], tokens[2]]);
        assert!(!queue.waits());
    }
}
