//! How much may be on its way: open origins of a supply, and bytes of all together.

use super::{Books, Kin, Lineage, OriginBlock};

/// How many origins of each supply there are among some parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<usize>);

impl Origins {
    /// So many more of that supply.
    pub(super) fn add_of(&mut self, supply: u32, count: usize) {
        let supply = supply as usize;
        if self.0.len() <= supply {
            self.0.resize(supply + 1, 0);
        }
        self.0[supply] += count;
    }

    /// A part more.
    pub fn add(&mut self, lineage: &Lineage) {
        lineage.each_supply(&mut |supply, count| self.add_of(supply, count));
    }

    /// A part that was added is here no more.
    pub fn remove(&mut self, lineage: &Lineage) {
        lineage.each_supply(&mut |supply, count| self.0[supply as usize] -= count);
    }

    /// How many are of that supply.
    pub fn of(&self, supply: u32) -> usize {
        self.0.get(supply as usize).copied().unwrap_or(0)
    }
}

impl Lineage {
    /// Tells from which supplies its origins are, and how many of each.
    fn each_supply(&self, tell: &mut impl FnMut(u32, usize)) {
        match &self.0 {
            Kin::None => {}
            Kin::One(block, _) => tell(block.supply, 1),
            Kin::Many(group) => group.each_supply(tell),
            Kin::Dead(inner) | Kin::Aside(inner, _) => inner.each_supply(tell),
        }
    }
}

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
        moving.saturating_sub(self.excused.borrow().of(supply))
    }

    /// Of a cog's parts `now` take no room instead of those that are in `seat`, where they are noted.
    pub(crate) fn excuse(&self, seat: &mut Origins, now: &Origins) {
        if seat == now {
            return;
        }
        let mut excused = self.excused.borrow_mut();
        for supply in 0..seat.0.len().max(now.0.len()) as u32 {
            let (before, now) = (seat.of(supply), now.of(supply));
            excused.add_of(supply, now);
            excused.0[supply as usize] -= before;
            if now > before {
                self.rested.set(true);
            }
        }
        drop(excused);
        seat.0.clone_from(&now.0);
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
