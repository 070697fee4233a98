//! Ranges with values: the narrowest range around an address says which.

use super::Range;

/// For each address the value of the narrowest range that holds it; of equally wide ones the last that was given.
#[derive(Clone, Debug)]
pub struct Table<T> {
    values: Vec<T>,
    v4: Steps<u32>,
    v6: Steps<u128>,
}

/// Where something changes: from each begin on, up to the next one, the same value holds, or none.
#[derive(Clone, Debug)]
struct Steps<N> {
    begins: Vec<N>,
    values: Vec<Option<u32>>,
}

impl<N: Copy + Ord> Steps<N> {
    /// `ranges`: low, what comes behind high unless that is the last address, width, value.
    fn of(mut ranges: Vec<(N, Option<N>, N, u32)>) -> Self {
        ranges.sort_unstable_by_key(|(low, ..)| *low);
        let mut edges: Vec<N> = ranges.iter().flat_map(|(low, behind, ..)| Some(*low).into_iter().chain(*behind)).collect();
        edges.sort_unstable();
        edges.dedup();
        // Those around the present edge, the narrowest first.
        let mut around: std::collections::BTreeSet<(N, std::cmp::Reverse<u32>)> = std::collections::BTreeSet::new();
        let mut ends: Vec<(N, N, u32)> = ranges.iter().filter_map(|(_, behind, width, value)| Some(((*behind)?, *width, *value))).collect();
        ends.sort_unstable_by_key(|(behind, ..)| *behind);
        let (mut begin, mut end) = (ranges.iter().peekable(), ends.iter().peekable());
        let mut steps = Self { begins: Vec::with_capacity(edges.len()), values: Vec::with_capacity(edges.len()) };
        for edge in edges {
            while let Some((_, width, value)) = end.next_if(|(behind, ..)| *behind == edge) {
                around.remove(&(*width, std::cmp::Reverse(*value)));
            }
            while let Some((_, _, width, value)) = begin.next_if(|(low, ..)| *low == edge) {
                around.insert((*width, std::cmp::Reverse(*value)));
            }
            let value = around.first().map(|(_, value)| value.0);
            if steps.values.last() != Some(&value) {
                steps.begins.push(edge);
                steps.values.push(value);
            }
        }
        steps
    }

    fn find(&self, low: N, high: N) -> Option<u32> {
        let place = self.begins.partition_point(|begin| *begin <= low).checked_sub(1)?;
        // What is no single address has a value where it has one value all along.
        let whole = self.begins.get(place + 1).is_none_or(|next| high < *next);
        self.values[place].filter(|_| whole)
    }
}

impl<T> Table<T> {
    /// A table of these ranges and their values.
    pub fn new(entries: impl IntoIterator<Item = (Range, T)>) -> Self {
        let (mut values, mut v4, mut v6) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (range, value)) in (0..).zip(entries) {
            match range {
                Range::V4(low, high) => v4.push((low, high.checked_add(1), high - low, number)),
                Range::V6(low, high) => v6.push((low, high.checked_add(1), high - low, number)),
            }
            values.push(value);
        }
        Self { values, v4: Steps::of(v4), v6: Steps::of(v6) }
    }

    /// The value for `range`: for one that is no single address only where all of it has the same.
    pub fn get(&self, range: Range) -> Option<&T> {
        let number = match range {
            Range::V4(low, high) => self.v4.find(low, high),
            Range::V6(low, high) => self.v6.find(low, high),
        };
        self.values.get(number? as usize)
    }

    /// How many ranges it was made of.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it was made of none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(entries: &[(&str, &'static str)]) -> Table<&'static str> {
        Table::new(entries.iter().map(|(range, value)| (Range::read(range).unwrap(), *value)))
    }

    fn get(table: &Table<&'static str>, text: &str) -> Option<&'static str> {
        table.get(Range::read(text).unwrap()).copied()
    }

    #[test]
    fn the_longest_prefix_wins() {
        let table = table(&[
            ("10.0.0.0/8", "ours"),
            ("10.1.0.0/16", "lab"),
            ("10.1.2.0/24", "desk"),
            ("2001:db8::/32", "six"),
            ("0.0.0.0/0", "all"),
        ]);
        for (address, value) in [
            ("10.2.0.1", "ours"),
            ("10.1.9.9", "lab"),
            ("10.1.2.255", "desk"),
            ("10.1.3.0", "lab"),
            ("2001:db8::7", "six"),
            ("255.255.255.255", "all"),
        ] {
            assert_eq!(get(&table, address), Some(value), "{address}");
        }
        assert_eq!(get(&table, "2001:db9::"), None);
        assert_eq!((get(&table, "10.1.2.0/25"), get(&table, "10.1.2.0/23")), (Some("desk"), None), "a net has one value or none");
    }

    proptest! {
        #[test]
        fn it_is_the_narrowest_and_of_these_the_last(ranges in prop::collection::vec((0u32..60, 0u32..12), 0..12), address in 0u32..80) {
            let table = Table::new(ranges.iter().enumerate().map(|(number, (low, more))| (Range::V4(*low, low + more), number)));
            let around = ranges.iter().enumerate().filter(|(_, (low, more))| (*low..=low + more).contains(&address));
            let model = around.min_by_key(|(number, (_, more))| (*more, std::cmp::Reverse(*number))).map(|(number, _)| number);
            prop_assert_eq!(table.get(Range::V4(address, address)).copied(), model);
        }
    }
}
