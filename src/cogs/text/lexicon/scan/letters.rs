//! Sets of letters, as far as a scan must know them: each one of ASCII, and what holds for those beyond.

use regex_syntax::hir::Class;

/// What a set says of the letters beyond ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beyond {
    /// None is in it.
    None,
    /// All are in it.
    All,
    /// Some may be in it: whoever meets one asks the expression.
    Some,
}

/// A set of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letters {
    /// One bit for each letter of ASCII.
    ascii: u128,
    pub(super) beyond: Beyond,
}

/// What a byte says of its letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    Out,
    In,
    /// It depends on the whole letter.
    Open,
}

/// A set by bytes.
pub(super) type Table = [Is; 256];

impl Letters {
    pub(super) const NONE: Self = Self { ascii: 0, beyond: Beyond::None };

    /// The letters that begin with that byte.
    pub(super) fn first(byte: u8) -> Self {
        if byte.is_ascii() { Self { ascii: 1 << byte, beyond: Beyond::None } } else { Self { ascii: 0, beyond: Beyond::Some } }
    }

    /// The letters of a class.
    pub(super) fn of(class: &Class) -> Self {
        match class {
            Class::Unicode(class) => {
                Self::within(class.ranges().iter().map(|range| (range.start().into(), range.end().into())), char::MAX.into())
            }
            // In text, a byte beyond ASCII is a part of a letter; whether it stands for the letter is seen in `plan`.
            Class::Bytes(class) => Self::within(class.ranges().iter().map(|range| (range.start().into(), range.end().into())), 0xFF),
        }
    }

    /// The letters of these ranges, which are in order; `last` is the last letter that there is.
    fn within(mut ranges: impl DoubleEndedIterator<Item = (u32, u32)> + Clone, last: u32) -> Self {
        let low = ranges.clone().take_while(|(start, _)| *start < 0x80);
        let ascii = low.flat_map(|(start, end)| start..=end.min(0x7F)).fold(0, |bits, letter| bits | 1 << letter);
        let beyond = match ranges.next_back().filter(|(_, end)| *end >= 0x80) {
            None => Beyond::None,
            Some((start, end)) if start <= 0x80 && end == last => Beyond::All,
            Some(_) => Beyond::Some,
        };
        Self { ascii, beyond }
    }

    /// The letters of both.
    pub(super) fn or(self, other: Self) -> Self {
        let beyond = if self.beyond == other.beyond {
            self.beyond
        } else if self.beyond == Beyond::All || other.beyond == Beyond::All {
            Beyond::All
        } else {
            Beyond::Some
        };
        Self { ascii: self.ascii | other.ascii, beyond }
    }

    /// The same, but each letter beyond ASCII is asked for.
    pub(super) fn asking(self) -> Self {
        let beyond = if self.beyond == Beyond::None { Beyond::None } else { Beyond::Some };
        Self { beyond, ..self }
    }

    /// Whether a letter that is in this set is surely not in the other; for a letter that is asked for nothing is claimed.
    pub(super) fn excludes(self, other: Self) -> bool {
        self.ascii & other.ascii == 0 && (self.beyond != Beyond::All || other.beyond == Beyond::None)
    }

    /// Whether that letter of ASCII is in it.
    pub(super) fn has(self, byte: u8) -> bool {
        byte.is_ascii() && self.ascii >> byte & 1 == 1
    }

    /// The only byte that ends a run of these letters, when there is but one.
    pub(super) fn only_stop(self) -> Option<u8> {
        let out = !self.ascii;
        (self.beyond == Beyond::All && out.is_power_of_two()).then(|| out.trailing_zeros() as u8)
    }

    /// The set by bytes.
    pub(super) fn table(self) -> Table {
        let mut table = [match self.beyond {
            Beyond::None => Is::Out,
            Beyond::All => Is::In,
            Beyond::Some => Is::Open,
        }; 256];
        for (byte, is) in table.iter_mut().enumerate().take(0x80) {
            *is = if self.has(byte as u8) { Is::In } else { Is::Out };
        }
        table
    }
}
