//! [`Lanes`]: sixteen bytes that are looked at side by side, and [`marks`], which tells of 64 bytes which are what.

use wide::u8x16;

/// Bytes that [`marks`] looks at in one go.
pub const SPAN: usize = 64;

/// Sixteen bytes; what is told of them is told in bytes too: `0xff` is yes, 0 is no.
#[derive(Clone, Copy, Debug)]
pub struct Lanes(u8x16);

impl Lanes {
    /// These bytes.
    #[inline]
    pub fn of(sixteen: &[u8; 16]) -> Self {
        Self(u8x16::new(*sixteen))
    }

    /// Sixteen times that byte.
    #[inline]
    pub fn all(byte: u8) -> Self {
        Self(u8x16::new([byte; 16]))
    }

    /// Which are the same.
    #[inline]
    pub fn equal(self, other: Self) -> Self {
        Self(self.0.cmp_eq(other.0))
    }

    /// Which are no greater than the other's.
    #[inline]
    pub fn at_most(self, other: Self) -> Self {
        Self(self.0.min(other.0).cmp_eq(self.0))
    }

    /// Which are told by one of both.
    #[inline]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// A bit for each, the first one's lowest.
    #[inline]
    pub fn bits(self) -> u64 {
        u64::from(self.0.move_mask().cast_unsigned())
    }
}

/// A bit for each of these bytes, as `tell` answers each of its questions about sixteen of them.
#[inline]
pub fn marks<const N: usize>(span: &[u8; SPAN], tell: impl Fn(Lanes) -> [Lanes; N]) -> [u64; N] {
    let mut marks = [0; N];
    for (n, sixteen) in span.as_chunks::<16>().0.iter().enumerate() {
        for (marks, told) in marks.iter_mut().zip(tell(Lanes(u8x16::new(*sixteen)))) {
            *marks |= told.bits() << (16 * n);
        }
    }
    marks
}

/// The same of the last bytes of a text, fewer than [`SPAN`]; bits beyond them mean nothing.
#[cold]
pub fn last_marks<const N: usize>(rest: &[u8], tell: impl Fn(Lanes) -> [Lanes; N]) -> [u64; N] {
    let mut span = [0xff; SPAN];
    let length = rest.len().min(SPAN);
    span[..length].copy_from_slice(&rest[..length]);
    marks(&span, tell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn each_byte_is_told_apart(bytes in any::<[[u8; 16]; 4]>(), letter in any::<u8>(), other in any::<u8>()) {
            let span: &[u8; SPAN] = bytes.as_flattened().try_into().unwrap();
            let bits = |is: &dyn Fn(u8) -> bool| span.iter().enumerate().map(|(n, byte)| u64::from(is(*byte)) << n).sum::<u64>();
            let [same, most, both] = marks(span, |lanes| {
                let (same, most) = (lanes.equal(Lanes::all(letter)), lanes.at_most(Lanes::all(other)));
                [same, most, same.or(most)]
            });
            prop_assert_eq!(same, bits(&|byte| byte == letter));
            prop_assert_eq!(most, bits(&|byte| byte <= other));
            prop_assert_eq!(both, same | most);
            prop_assert_eq!(last_marks(&span[..40], |lanes| [lanes.equal(Lanes::all(letter))])[0] & ((1 << 40) - 1), same & ((1 << 40) - 1));
        }
    }
}
