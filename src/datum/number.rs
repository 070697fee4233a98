//! Numbers as text, read when somebody computes with them.

use super::Text;

/// What a number's text means.
#[derive(Clone, Debug)]
pub enum Num {
    /// A whole number that fits.
    Int(i64),
    /// A fraction that a binary fraction holds to the last of its digits (at most 15 of them).
    Float(f64),
    /// A number that neither holds; its digits are kept.
    Exact(Text),
}

impl Num {
    /// Reads the text of a JSON number (RFC 8259, section 6).
    pub fn read(text: &Text) -> Self {
        if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return match text.parse() {
                Ok(0) if text.starts_with('-') => Self::Float(-0.0),
                Ok(value) => Self::Int(value),
                Err(_) => Self::Exact(text.detach()),
            };
        }
        let digits = text.bytes().take_while(|b| !matches!(b, b'e' | b'E')).filter(u8::is_ascii_digit);
        let significant = digits.skip_while(|b| *b == b'0').count();
        match text.parse::<f64>() {
            Ok(value) if significant <= 15 && value.is_finite() && (value != 0.0 || significant == 0) => Self::Float(value),
            _ => Self::Exact(text.detach()),
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
        assert_eq!(Num::read(&"1e999".into()), Num::Exact("1e999".into()));
    }
}
