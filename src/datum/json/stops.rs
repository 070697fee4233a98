//! Where strings may end: at the first byte that a string cannot hold as it is.

use crate::datum::Lanes;

/// How many bytes come before the first quote, backslash or control letter; all where there is none.
#[inline]
pub(super) fn letters(text: &[u8]) -> usize {
    let (mut rest, mut passed) = (text, 0);
    while let Some((sixteen, more)) = rest.split_first_chunk::<16>() {
        let lanes = Lanes::of(sixteen);
        let control = lanes.at_most(Lanes::all(0x1F));
        let found = control.or(lanes.equal(Lanes::all(b'"'))).or(lanes.equal(Lanes::all(b'\\'))).bits();
        if found != 0 {
            return passed + found.trailing_zeros() as usize;
        }
        passed += 16;
        rest = more;
    }
    passed + few_letters(rest)
}

/// As [`letters`], of the last bytes.
#[cold]
fn few_letters(rest: &[u8]) -> usize {
    rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}

/// The first quote, backslash or control letter at or after `from`; the length of `bytes` when there is none.
#[inline]
pub(super) fn stop(bytes: &[u8], from: usize) -> usize {
    bytes.get(from..).map_or(bytes.len(), |rest| from + letters(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stop_is_found_wherever_it_stands() {
        for length in [0, 1, 15, 16, 17, 31, 32, 33, 100] {
            let mut bytes = vec![0xFF; length];
            assert_eq!((stop(&bytes, 0), stop(&bytes, length + 1)), (length, length));
            for at in 0..length {
                for byte in 0..=255 {
                    bytes[at] = byte;
                    let stops = byte < 0x20 || byte == b'"' || byte == b'\\';
                    for from in [0, at / 3, at] {
                        assert_eq!(stop(&bytes, from), if stops { at } else { length });
                    }
                    assert_eq!(stop(&bytes, at + 1), length);
                }
                bytes[at] = b" !#[]\x7f\x80\xff"[at % 8];
            }
        }
    }
}
