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

/// A bit for each of 64 bytes, from the high bits of theirs that were gathered word by word with [`gather`].
#[inline]
pub(in crate::cogs::text) fn bits(gathered: u64) -> u64 {
    // Each byte holds the bits of eight words; what is wanted is each word's eight bits: the matrix, mirrored.
    let swap = |bits: u64, by: u32, mask: u64| {
        let change = (bits ^ (bits >> by)) & mask;
        bits ^ change ^ (change << by)
    };
    swap(swap(swap(gathered, 7, 0x00aa_00aa_00aa_00aa), 14, 0x0000_cccc_0000_cccc), 28, 0x0000_0000_f0f0_f0f0)
}

/// Adds the high bits of the next of eight words to those of the words before.
#[inline]
pub(in crate::cogs::text) fn gather(before: u64, high: u64) -> u64 {
    before >> 1 | high
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
        fn each_byte_is_told_apart(bytes in any::<[[u8; 8]; 8]>(), letter in any::<u8>()) {
            let found = bytes.iter().fold(0, |found, word| gather(found, equal(u64::from_le_bytes(*word), all(letter))));
            let wanted = bytes.as_flattened().iter().enumerate().map(|(n, byte)| u64::from(*byte == letter) << n).sum::<u64>();
            prop_assert_eq!(bits(found), wanted);
            for word in bytes {
                prop_assert_eq!(maybe_break(u64::from_le_bytes(word)) != 0, word.iter().any(|byte| *byte <= b'\r'));
            }
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
