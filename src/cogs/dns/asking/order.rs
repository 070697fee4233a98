//! What is held, in order of arrival, each under a number that stays valid while others come and go.

use std::collections::VecDeque;

/// A ring of places; those at the front are given back as soon as they are empty.
#[derive(Debug)]
pub(super) struct Order<T> {
    places: VecDeque<Option<T>>,
    /// The number of the first place.
    first: u64,
}

impl<T> Order<T> {
    pub(super) const fn new() -> Self {
        Self { places: VecDeque::new(), first: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// What is held.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().flatten()
    }

    /// How many are held.
    pub(super) fn len(&self) -> usize {
        self.iter().count()
    }

    /// Puts `held` at the end.
    pub(super) fn push(&mut self, held: T) -> u64 {
        self.places.push_back(Some(held));
        self.first + self.places.len() as u64 - 1
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.places.get_mut(place)?.as_mut()
    }

    pub(super) fn take(&mut self, number: u64) -> Option<T> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let held = self.places.get_mut(place)?.take();
        while matches!(self.places.front(), Some(None)) {
            self.places.pop_front();
            self.first += 1;
        }
        held
    }

    /// Takes the first when it is `ready`.
    pub(super) fn take_first_if(&mut self, ready: impl FnOnce(&T) -> bool) -> Option<T> {
        match self.places.front() {
            Some(Some(first)) if ready(first) => self.take(self.first),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn numbers_stay_valid_while_others_leave() {
        let mut order = Order::new();
        let numbers: Vec<u64> = "abcd".chars().map(|letter| order.push(letter)).collect();
        assert_eq!(order.take(numbers[1]), Some('b'));
        assert_eq!(order.take(numbers[0]), Some('a'));
        assert_eq!(order.take(numbers[0]), None);
        assert_eq!(order.get_mut(numbers[3]).copied(), Some('d'));
        assert_eq!(order.take_first_if(|letter| *letter == 'd'), None);
        assert_eq!(order.take_first_if(|letter| *letter == 'c'), Some('c'));
        let number = order.push('e');
        assert_eq!(order.take(numbers[3]), Some('d'));
        assert_eq!(order.take(number), Some('e'));
        assert!(order.is_empty());
    }
}
