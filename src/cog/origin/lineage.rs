//! What a lineage says of itself, and the marks upon one: that it is a dead letter's, that it goes to a branch.

use super::{Kin, Lineage};

impl Lineage {
    /// It goes on by an error route.
    pub(in crate::cog) fn into_dead(self) -> Self {
        if matches!(self.0, Kin::Dead(_)) { self } else { Self(Kin::Dead(Box::new(self))) }
    }

    /// It goes to that branch of the cog.
    pub(in crate::cog) fn into_branch(self, branch: u16) -> Self {
        Self(Kin::Aside(Box::new(self), branch))
    }

    /// The branch of the cog that it goes to, which is forgotten with that.
    pub fn take_branch(&mut self) -> Option<u16> {
        let Kin::Aside(inner, branch) = &mut self.0 else { return None };
        let branch = *branch;
        *self = std::mem::take(&mut **inner);
        Some(branch)
    }

    /// The first origin: supply, number within it, and how many others there are.
    pub fn first(&self) -> Option<(u32, u64, usize)> {
        match &self.0 {
            Kin::None => None,
            Kin::One(block, index) => Some((block.supply, block.first + u64::from(*index), 0)),
            Kin::Many(group) => group.first(),
            Kin::Dead(inner) | Kin::Aside(inner, _) => inner.first(),
        }
    }
}
