//! How much may be on its way: open origins of a supply, and bytes of all together.

use super::{Books, OriginBlock};

impl Books {
    /// Sets how many bytes may be on their way.
    pub fn bound_bytes(&self, most: usize) {
        self.most_bytes.set(Some(most));
    }

    /// Whether so many bytes are on their way that nothing more is to be read; who asks is to be told when that is over.
    pub(in crate::cog) fn is_heavy(&self) -> bool {
        let heavy = self.most_bytes.get().is_some_and(|most| self.bytes.get() >= most);
        self.heavy.set(self.heavy.get() || heavy);
        heavy
    }

    /// Whether at least half of the bytes that are allowed are on their way.
    pub fn is_half_heavy(&self) -> bool {
        self.most_bytes.get().is_some_and(|most| self.bytes.get() > most / 2)
    }

    /// Whether `supply`, of which at most so many origins may be on their way, has room for one more.
    pub fn has_room(&self, supply: u32, most: usize) -> bool {
        self.most_bytes.get().is_none_or(|bytes| self.bytes.get() < bytes) && self.moving_of(supply) < most
    }

    /// Events of that block, which are counted, hold so many bytes.
    pub(in crate::cog) fn weigh(&self, block: &OriginBlock, bytes: usize) {
        if block.moving.get() > 0 {
            block.bytes.set(block.bytes.get() + bytes);
            self.bytes.set(self.bytes.get() + bytes);
        }
    }

    /// So many origins of that block have ended, or come to rest.
    #[inline]
    pub(super) fn leave(&self, block: &OriginBlock, count: u32) {
        let moving = block.moving.get() - count;
        block.moving.set(moving);
        if moving == 0 {
            self.bytes.set(self.bytes.get() - block.bytes.take());
            if self.heavy.get() && !self.is_half_heavy() {
                self.heavy.set(false);
                self.rested.set(true);
            }
        }
    }

    /// How many origins of `supply` are open, not at rest and not excused.
    pub fn moving_of(&self, supply: u32) -> usize {
        let moving = self.open.borrow().get(supply as usize).map_or(0, |count| count.open - count.resting);
        moving.saturating_sub(self.excused.get())
    }

    /// Of a cog's parts `now` take no room instead of `before`.
    pub(crate) fn excuse(&self, before: usize, now: usize) {
        self.excused.set(self.excused.get() + now - before);
        if now > before {
            self.rested.set(true);
        }
    }

    /// How many origins of `supply` are open.
    pub fn open_of(&self, supply: u32) -> usize {
        self.open.borrow().get(supply as usize).map_or(0, |count| count.open)
    }

    /// Whether origins came to rest since the last call, so that a supply may have room again.
    pub fn take_rested(&self) -> bool {
        self.rested.take()
    }
}
