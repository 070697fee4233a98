//! Slots with generations: what is bound, found by a [`Token`] that goes stale when its binding ends.
//!
//! An event that was already on its way when its binding ended carries a token of an older generation and finds nothing.

/// Names one binding; never names another one later, however often its slot is used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Token {
    slot: u32,
    generation: u32,
}

/// A table of `T`, each under a token of its own.
#[derive(Debug)]
pub(super) struct Slots<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    held: Option<T>,
}

impl<T> Slots<T> {
    pub(super) const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    /// The token that the next [`insert`](Self::insert) will give, for those who must name a thing before it stands here.
    pub(super) fn upcoming(&self) -> Token {
        let slot = self.free.last().copied().unwrap_or(self.places.len() as u32);
        Token { slot, generation: self.places.get(slot as usize).map_or(0, |place| place.generation) }
    }

    pub(super) fn insert(&mut self, held: T) -> Token {
        let token = self.upcoming();
        if self.free.pop().is_some() {
            self.places[token.slot as usize].held = Some(held);
        } else {
            self.places.push(Place { generation: token.generation, held: Some(held) });
        }
        token
    }

    pub(super) fn get(&self, token: Token) -> Option<&T> {
        self.places.get(token.slot as usize).filter(|place| place.generation == token.generation)?.held.as_ref()
    }

    pub(super) fn get_mut(&mut self, token: Token) -> Option<&mut T> {
        self.places.get_mut(token.slot as usize).filter(|place| place.generation == token.generation)?.held.as_mut()
    }

    pub(super) fn remove(&mut self, token: Token) -> Option<T> {
        let place = self.places.get_mut(token.slot as usize).filter(|place| place.generation == token.generation)?;
        let held = place.held.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(token.slot);
        Some(held)
    }

    /// All that is held, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Token, &T)> {
        self.places.iter().enumerate().filter_map(|(slot, place)| {
            let token = Token { slot: slot as u32, generation: place.generation };
            place.held.as_ref().map(|held| (token, held))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;

    #[test]
    fn a_token_goes_stale_when_its_slot_is_used_again() {
        let mut slots = Slots::new();
        let old = slots.insert("a");
        assert_eq!(slots.remove(old), Some("a"));
        assert_eq!(slots.remove(old), None);
        let upcoming = slots.upcoming();
        let new = slots.insert("b");
        assert_eq!((new, new.slot), (upcoming, old.slot));
        assert_eq!((slots.get(old), slots.get(new)), (None, Some(&"b")));
        assert_eq!(slots.get_mut(old), None);
        assert_eq!(slots.iter().collect::<Vec<_>>(), [(new, &"b")]);
    }
}
