//! The settled run: how far all origins of a supply are settled without a gap.
//!
//! Origins are numbered without gaps and may settle in any order. Each has a place in one of the supply's sources (a file, by
//! a number of its own). A source's progress is the place of its last origin in the run.

use std::collections::BTreeMap;

/// Which origins are settled.
#[derive(Debug, Default)]
pub struct Run {
    /// The first origin that is not settled.
    next: u64,
    /// Ranges of settled origins behind it, by their first.
    ahead: BTreeMap<u64, Ahead>,
}

/// Settled origins that wait for an earlier one.
#[derive(Debug)]
struct Ahead {
    /// One past the last of them.
    end: u64,
    /// The latest place in each source.
    places: BTreeMap<u32, u64>,
}

impl Run {
    /// A run of origins from that number on; nothing is known of those before it.
    pub fn from(next: u64) -> Self {
        Self { next, ahead: BTreeMap::new() }
    }

    /// So many origins of one source from that number on are settled, the last of them at `place`. `advance` is told of the places
    /// that the run has now come to, later ones of a source last.
    pub fn settle(&mut self, number: u64, count: u64, source: u32, place: u64, mut advance: impl FnMut(u32, u64)) {
        if number == self.next {
            self.next += count;
            advance(source, place);
            if !self.ahead.is_empty()
                && let Some(ahead) = self.ahead.remove(&self.next)
            {
                self.next = ahead.end;
                ahead.places.into_iter().for_each(|(source, place)| advance(source, place));
            }
        } else if number > self.next {
            self.put_ahead(number, count, source, place);
        }
    }

    fn put_ahead(&mut self, number: u64, count: u64, source: u32, place: u64) {
        let after = self.ahead.remove(&(number + count));
        let before = self.ahead.range_mut(..number).next_back().filter(|(_, before)| before.end == number);
        let into = match before {
            Some((_, before)) => before,
            None => self.ahead.entry(number).or_insert_with(|| Ahead { end: number, places: BTreeMap::new() }),
        };
        into.end = number + count;
        into.places.insert(source, place);
        if let Some(after) = after {
            into.end = after.end;
            into.places.extend(after.places);
        }
    }

    /// How many ranges wait behind the run.
    pub fn waiting(&self) -> usize {
        self.ahead.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_gap_holds_back_all_behind_it() {
        let mut run = Run::default();
        let mut told = Vec::new();
        for number in [1, 3, 2, 5] {
            run.settle(number, 1, 0, number * 10, |source, place| told.push((source, place)));
        }
        assert!(told.is_empty());
        assert_eq!(run.waiting(), 2);
        run.settle(0, 1, 0, 0, |source, place| told.push((source, place)));
        assert_eq!((told, run.waiting()), (vec![(0, 0), (0, 30)], 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: crate::state::cases(256), ..ProptestConfig::default() })]

        /// Whenever one stops, each source stands where the longest settled run has it.
        #[test]
        fn the_places_are_those_of_the_longest_settled_run(
            sources in proptest::collection::vec(0_u32..4, 1..120),
            seed in any::<u64>(),
        ) {
            let count = sources.len();
            let mut order: Vec<usize> = (0..count).collect();
            let mut dice = seed | 1;
            for last in (1..count).rev() {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                order.swap(last, (dice >> 33) as usize % (last + 1));
            }
            let (mut run, mut settled) = (Run::default(), vec![false; count]);
            let mut places = BTreeMap::new();
            for number in order {
                if settled[number] {
                    continue;
                }
                // Sometimes neighbours of one source settle together.
                let alike = |other: &usize| !settled[*other] && sources[*other] == sources[number];
                let together = if seed % 2 == 0 { (number..count).take_while(alike).count() } else { 1 };
                let last = number + together - 1;
                settled[number..=last].fill(true);
                let note = |source, place| { places.insert(source, place); };
                run.settle(number as u64, together as u64, sources[number], last as u64 + 100, note);
                let mut expected = BTreeMap::new();
                for number in (0..count).take_while(|number| settled[*number]) {
                    expected.insert(sources[number], number as u64 + 100);
                }
                prop_assert_eq!(&places, &expected);
            }
            prop_assert_eq!(run.waiting(), 0);
        }
    }
}
