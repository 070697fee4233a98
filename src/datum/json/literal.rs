//! Literals: bytes that are foreseen, compared sixteen at a time.

use crate::datum::Lanes;

/// Bytes that are foreseen.
#[derive(Debug)]
pub(super) struct Literal {
    first: Sixteen,
    second: Sixteen,
    text: Box<[u8]>,
}

/// Up to sixteen bytes, and a bit for each of those beyond.
#[derive(Debug)]
struct Sixteen {
    bytes: [u8; 16],
    beyond: u64,
}

impl Sixteen {
    fn new(text: &[u8]) -> Self {
        let length = text.len().min(16);
        let mut bytes = [0; 16];
        bytes[..length].copy_from_slice(&text[..length]);
        Self { bytes, beyond: 0xFFFF << length & 0xFFFF }
    }

    #[inline]
    fn is(&self, bytes: &[u8; 16]) -> bool {
        Lanes::of(bytes).equal(Lanes::of(&self.bytes)).bits() | self.beyond == 0xFFFF
    }
}

impl Literal {
    pub(super) fn new(text: &[u8]) -> Self {
        Self { first: Sixteen::new(text), second: Sixteen::new(text.get(16..).unwrap_or_default()), text: text.into() }
    }

    /// The bytes themselves.
    #[inline]
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// What follows it, when the text goes on with it.
    #[inline]
    pub(super) fn pass<'a>(&self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let same = match rest.first_chunk::<16>() {
            Some(first) if !self.first.is(first) => false,
            Some(_) if self.text.len() <= 16 => true,
            _ => self.longer(rest),
        };
        if same { rest.get(self.text.len()..) } else { None }
    }

    /// For what is long, or stands at the end of all bytes.
    #[inline]
    fn longer(&self, rest: &[u8]) -> bool {
        match rest.first_chunk::<32>() {
            Some(both) if self.text.len() <= 32 => both.last_chunk().is_some_and(|second| self.second.is(second)),
            _ => rest.starts_with(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_compared_to_its_last_byte() {
        let all: Vec<u8> = (1..=100).collect();
        for length in 0..=50 {
            let literal = Literal::new(&all[..length]);
            for room in [length, length + 1, 100] {
                let mut bytes = all[..room].to_vec();
                assert_eq!(literal.pass(&bytes), Some(&all[length..room]));
                for at in 0..length {
                    bytes[at] ^= 1;
                    assert_eq!(literal.pass(&bytes), None);
                    bytes[at] ^= 1;
                }
                assert_eq!(literal.pass(&bytes[..length.saturating_sub(1)]).is_some(), length == 0);
            }
        }
    }
}
