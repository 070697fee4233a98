//! Places in a text, each found by a pattern; those that overlap become one, so that nothing that any pattern has found stays.

/// Places, in no order.
#[derive(Default)]
pub(super) struct Spans {
    all: Vec<(usize, usize, usize)>,
}

impl Spans {
    /// From `from` to before `to`, found by the pattern of that number. An empty one is none.
    pub(super) fn add(&mut self, from: usize, to: usize, number: usize) {
        if from < to {
            self.all.push((from, to, number));
        }
    }

    /// In order, none overlapping another. One that was joined is of the pattern whose place begins first, and of these of the longest.
    pub(super) fn joined(mut self) -> Vec<(usize, usize, usize)> {
        self.all.sort_unstable_by_key(|&(from, to, number)| (from, usize::MAX - to, number));
        let mut joined: Vec<(usize, usize, usize)> = Vec::with_capacity(self.all.len());
        for (from, to, number) in self.all {
            match joined.last_mut() {
                Some((_, end, _)) if from < *end => *end = to.max(*end),
                _ => joined.push((from, to, number)),
            }
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_is_one() {
        let mut spans = Spans::default();
        for (from, to, number) in [(8, 9, 0), (0, 2, 1), (0, 4, 2), (3, 6, 0), (6, 7, 1), (5, 5, 1)] {
            spans.add(from, to, number);
        }
        assert_eq!(spans.joined(), [(0, 6, 2), (6, 7, 1), (8, 9, 0)]);
    }
}
