//! Numbers as text, read when somebody computes with them.

use super::Text;

/// What a number's text means.
#[derive(Clone, Debug)]
pub enum Num {
    /// A whole number that fits.
    Int(i64),
    /// A fraction that a binary fraction holds to the last of its digits: written out again it is the same number.
    Float(f64),
    /// A number that neither holds; its digits are kept.
    Exact(Text),
}

impl Num {
    /// Reads the text of a JSON number (RFC 8259, section 6).
    pub fn read(text: &Text) -> Self {
        Self::held(text).unwrap_or_else(|| Self::Exact(text.detach()))
    }

    /// The number, if it fits without loss.
    fn held(text: &str) -> Option<Self> {
        if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return match text.parse() {
                Ok(0) if text.starts_with('-') => Some(Self::Float(-0.0)),
                Ok(value) => Some(Self::Int(value)),
                Err(_) => None,
            };
        }
        let digits = text.bytes().take_while(|b| !matches!(b, b'e' | b'E')).filter(u8::is_ascii_digit);
        let significant = digits.skip_while(|b| *b == b'0').count();
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && (*value != 0.0 || significant == 0))?;
        (significant <= 15 || is_kept(text, value)).then_some(Self::Float(value))
    }

    /// Appends a number's text in the one form that all numbers have that are equal to it.
    pub(super) fn write_canonical(out: &mut String, text: &str) {
        match Self::held(text) {
            Some(Self::Int(value)) => out.push_str(itoa::Buffer::new().format(value)),
            Some(Self::Float(value)) => out.push_str(ryu::Buffer::new().format_finite(value + 0.0)),
            _ => out.push_str(text),
        }
    }

    /// The whole number, when it is one that fits.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }
}

/// The whole number that a text of nothing but digits is; none where it has more of them than surely fit.
#[inline]
pub fn plain_digits(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.bytes().try_fold(0, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| value * 10 + i64::from(digit))
    })
}

/// The same of the first `length` of these bytes.
#[inline]
pub(super) fn eight_digits(bytes: [u8; 8], length: usize) -> Option<i64> {
    if length == 0 {
        return None;
    }
    // The first digit is the lowest byte; zeros are put before it.
    let word = u64::from_le_bytes(bytes);
    let shift = 64 - 8 * length as u32;
    let zeros = 0x3030_3030_3030_3030;
    let word = (word << shift | zeros & !(u64::MAX << shift)) ^ zeros;
    if (word | word.wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    // Pairs, fours, and all of them.
    let pairs = word.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000 << 32 | 1) >> 32) as i64)
}

/// Whether the shortest form of `value` has the digits of `text`.
fn is_kept(text: &str, value: f64) -> bool {
    digits(text) == digits(ryu::Buffer::new().format_finite(value))
}

/// The digits of a number without zeros around them, and the power of ten of the last one.
fn digits(text: &str) -> (String, i64) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let all: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let kept = all.trim_end_matches('0');
    let power = exponent.parse::<i64>().unwrap_or(i64::MAX / 2) - fraction as i64 + (all.len() - kept.len()) as i64;
    (kept.trim_start_matches('0').to_owned(), power)
}

impl PartialEq for Num {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Exact(a), Self::Exact(b)) => a == b,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_would_be_lost_are_kept() {
        assert_eq!(Num::read(&"12".into()), Num::Int(12));
        assert_eq!(Num::read(&"1.50".into()), Num::Float(1.5));
        assert_eq!(Num::read(&"1e3".into()), Num::Float(1000.0));
        assert_eq!(Num::read(&"18446744073709551615".into()), Num::Exact("18446744073709551615".into()));
        assert_eq!(Num::read(&"0.1234567890123456789".into()), Num::Exact("0.1234567890123456789".into()));
        assert_eq!(Num::read(&"1741757119.123456".into()), Num::Float(1_741_757_119.123_456));
        assert_eq!(Num::read(&"0.30000000000000004".into()), Num::Float(0.300_000_000_000_000_04));
        assert_eq!(Num::read(&"1e999".into()), Num::Exact("1e999".into()));
    }
}
