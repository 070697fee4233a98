//! Where strings may end: a map of bits over a stretch of the text.
//!
//! Lengths of strings differ from record to record, so a loop over their bytes ends with a branch that no processor foresees.
//! The map is made for many bytes at once and without branches; the end of a string is then a shift and a count.

/// So many words of 64 bits are made at once.
const WORDS: usize = 16;
/// The bytes that they stand for.
const STRETCH: usize = WORDS * 64;
/// Moves the lowest bits of eight bytes together.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// The bytes that a string cannot hold as they are: quotes, backslashes, control letters.
pub(super) struct Stops {
    /// The byte that the first bit stands for.
    base: usize,
    /// One more, for the stretch that begins within the last.
    words: [u64; WORDS + 1],
}

impl Stops {
    /// For a text that is read from `from` on. Nothing is made yet.
    #[inline]
    pub(super) fn new(from: usize) -> Self {
        Self { base: from.wrapping_sub(STRETCH), words: [0; WORDS + 1] }
    }

    /// The first stop at or after `from`; the length of `bytes` when there is none.
    #[inline]
    pub(super) fn next(&mut self, bytes: &[u8], from: usize) -> usize {
        let mut from = from;
        loop {
            // A place before the base, when a text is read again, is far beyond the stretch as well.
            if from.wrapping_sub(self.base) >= STRETCH {
                self.fill(bytes, from);
            }
            let (place, shift) = ((from - self.base) / 64, (from - self.base) % 64);
            let bits = self.words[place] >> shift | self.words[place + 1] << 1 << (63 - shift);
            if bits != 0 {
                return from + bits.trailing_zeros() as usize;
            }
            from += 64;
        }
    }

    #[inline(never)]
    fn fill(&mut self, bytes: &[u8], from: usize) {
        self.base = from;
        let mut rest = bytes.get(from..).unwrap_or_default();
        for word in &mut self.words {
            let Some((chunk, more)) = rest.split_first_chunk::<64>() else {
                // Zeros stand behind the end: control letters, so that all that follows is a stop.
                let mut last = [0; 64];
                last[..rest.len()].copy_from_slice(rest);
                *word = bits(&last);
                return;
            };
            *word = bits(chunk);
            rest = more;
        }
    }
}

/// A bit for each byte. Written so that it compiles to vectors.
#[inline]
fn bits(chunk: &[u8; 64]) -> u64 {
    let hits = chunk.map(|byte| u8::from(byte == b'"') | u8::from(byte == b'\\') | u8::from(byte < 0x20));
    let (eights, _) = hits.as_chunks::<8>();
    let mut word = 0;
    for (n, eight) in eights.iter().enumerate() {
        word |= (u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56) << (8 * n);
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stop_is_found_wherever_it_stands() {
        for length in [0, 1, 31, 63, 64, 65, 127, 128, STRETCH - 1, STRETCH, STRETCH + 1, STRETCH + 64, 3 * STRETCH + 7] {
            let mut bytes = vec![0xFF; length];
            assert_eq!(Stops::new(0).next(&bytes, 0), length);
            for at in (0..length).step_by(if length > 200 { 61 } else { 1 }) {
                for stop in [b'"', b'\\', 0x1F, 0] {
                    bytes[at] = stop;
                    let from = at / 3;
                    let mut stops = Stops::new(from);
                    assert_eq!(stops.next(&bytes, from), at);
                    assert_eq!(stops.next(&bytes, at + 1), length);
                    assert_eq!(stops.next(&bytes, from), at);
                    bytes[at] = b" !#[]\x7f\x80\xff"[at % 8];
                }
            }
        }
    }
}
