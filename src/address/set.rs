//! Many ranges as one set of addresses: how many there are hardly matters to who asks.

use super::Range;

/// Addresses that stand in any of many ranges: sorted, joined where they touch, and searched by halving.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    v4: Joined<u32>,
    v6: Joined<u128>,
}

/// Ranges that do not touch, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Joined<T> {
    /// Lowest addresses, apart from the highest ones: the search reads only these.
    lows: Vec<T>,
    highs: Vec<T>,
}

/// A number that has a next one, but for the last.
trait Number: Copy + Ord {
    fn next(self) -> Option<Self>;
}

impl Number for u32 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Number for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl<T: Number> Joined<T> {
    fn of(mut ranges: Vec<(T, T)>) -> Self {
        ranges.sort_unstable();
        let mut joined = Self { lows: Vec::with_capacity(ranges.len()), highs: Vec::with_capacity(ranges.len()) };
        for (low, high) in ranges {
            match joined.highs.last_mut() {
                // It begins inside the last one, or right behind it.
                Some(last) if last.next().is_none_or(|next| low <= next) => *last = high.max(*last),
                _ => {
                    joined.lows.push(low);
                    joined.highs.push(high);
                }
            }
        }
        joined.lows.shrink_to_fit();
        joined.highs.shrink_to_fit();
        joined
    }

    /// Whether all of `low` to `high` is in it.
    fn holds(&self, low: T, high: T) -> bool {
        let place = self.lows.partition_point(|begin| *begin <= low);
        place > 0 && high <= self.highs[place - 1]
    }

    /// Whether any of `low` to `high` is in it.
    fn touches(&self, low: T, high: T) -> bool {
        let place = self.lows.partition_point(|begin| *begin <= high);
        place > 0 && low <= self.highs[place - 1]
    }
}

impl Set {
    /// Whether all of `range` is in it.
    #[inline]
    pub fn holds(&self, range: Range) -> bool {
        match range {
            Range::V4(low, high) => self.v4.holds(low, high),
            Range::V6(low, high) => self.v6.holds(low, high),
        }
    }

    /// Whether any of `range` is in it.
    #[inline]
    pub fn touches(&self, range: Range) -> bool {
        match range {
            Range::V4(low, high) => self.v4.touches(low, high),
            Range::V6(low, high) => self.v6.touches(low, high),
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.v4.lows.is_empty() && self.v6.lows.is_empty()
    }
}

impl FromIterator<Range> for Set {
    fn from_iter<I: IntoIterator<Item = Range>>(ranges: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for range in ranges {
            match range {
                Range::V4(low, high) => v4.push((low, high)),
                Range::V6(low, high) => v6.push((low, high)),
            }
        }
        Self { v4: Joined::of(v4), v6: Joined::of(v6) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(texts: &[&str]) -> Set {
        texts.iter().map(|text| Range::read(text).unwrap()).collect()
    }

    fn range(text: &str) -> Range {
        Range::read(text).unwrap()
    }

    #[test]
    fn families_never_mix() {
        let set = set(&["0.0.0.0/0"]);
        assert!(set.holds(range("192.0.2.1")) && !set.holds(range("::ffff:192.0.2.1")) && !set.touches(range("::/0")));
        assert!(!Set::default().touches(range("0.0.0.0/0")) && Set::default().is_empty());
    }

    #[test]
    fn neighbours_are_one() {
        let set = set(&["192.0.2.0/25", "192.0.2.128/25", "255.255.255.255", "ffff::/16"]);
        assert!(set.holds(range("192.0.2.0/24")) && !set.holds(range("192.0.2.0/23")) && set.touches(range("192.0.2.0/23")));
        assert!(set.holds(range("255.255.255.255")) && set.holds(range("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
    }

    proptest! {
        #[test]
        fn it_is_the_union(ranges in prop::collection::vec((0u32..60, 0u32..10), 0..12), low in 0u32..70, more in 0u32..10) {
            let all: Vec<(u32, u32)> = ranges.iter().map(|(low, more)| (*low, low + more)).collect();
            let set: Set = all.iter().map(|(low, high)| Range::V4(*low, *high)).collect();
            let in_any = |address: u32| all.iter().any(|(low, high)| (*low..=*high).contains(&address));
            let asked = Range::V4(low, low + more);
            prop_assert_eq!(set.holds(asked), (low..=low + more).all(in_any));
            prop_assert_eq!(set.touches(asked), (low..=low + more).any(in_any));
        }
    }
}
