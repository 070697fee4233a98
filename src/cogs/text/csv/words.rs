//! Eight bytes at a time: arithmetic on words that tells which of their bytes are what.

const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// A word of that byte alone.
#[inline]
pub(in crate::cogs::text) const fn all(byte: u8) -> u64 {
    0x0101_0101_0101_0101 * byte as u64
}

/// The high bit of each byte that is the same in both words.
#[inline]
pub(in crate::cogs::text) fn equal(a: u64, b: u64) -> u64 {
    let differs = a ^ b;
    !((differs & LOW).wrapping_add(LOW) | differs) & HIGH
}

/// Not zero when there is a line break, and seldom else: for some other control letters. Which bytes it marks means nothing
/// beyond the first.
#[inline]
pub(in crate::cogs::text) fn maybe_break(word: u64) -> u64 {
    word.wrapping_sub(all(b'\r' + 1)) & !word & HIGH
}

/// The bytes, 8 at most, with others around them or beyond that are neither ASCII letters nor line breaks.
#[inline]
pub(in crate::cogs::text) fn short(bytes: &[u8]) -> u64 {
    match bytes {
        [] => HIGH,
        [_, _, _, _, ..] => {
            let half = |four: Option<&[u8; 4]>| u64::from(u32::from_le_bytes(*four.expect("there are four")));
            half(bytes.first_chunk()) | half(bytes.last_chunk()) << 32
        }
        _ => {
            let at = |n: usize| u64::from(bytes[n]);
            at(0) | at(bytes.len() / 2) << 8 | at(bytes.len() - 1) << 16 | HIGH << 24
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn each_byte_is_told_apart(word in any::<[u8; 8]>(), letter in any::<u8>()) {
            let found = equal(u64::from_le_bytes(word), all(letter));
            prop_assert_eq!(found, word.iter().enumerate().map(|(n, byte)| u64::from(*byte == letter) << (8 * n + 7)).sum::<u64>());
            prop_assert_eq!(maybe_break(u64::from_le_bytes(word)) != 0, word.iter().any(|byte| *byte <= b'\r'));
        }

        #[test]
        fn short_ones_hold_their_bytes_and_nothing_else_that_counts(bytes in proptest::collection::vec(any::<u8>(), 0..=8), letter in 0..0x80_u8) {
            let word = short(&bytes);
            prop_assert_eq!(equal(word, all(letter)) != 0, bytes.contains(&letter));
            prop_assert!(maybe_break(word) != 0 || !bytes.contains(&b'\n'));
            prop_assert_eq!(maybe_break(word) != 0, bytes.iter().any(|byte| *byte <= b'\r'));
        }
    }
}
