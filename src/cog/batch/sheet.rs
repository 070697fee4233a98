//! [`Sheet`]: what the texts of a batch are written on, one after the other; a string, or [`Ink`].

/// What texts are written on.
pub trait Sheet {
    /// An empty one, which will have about so many bytes.
    fn with_room(bytes: usize) -> Self;
    /// Bytes that are written.
    fn written(&self) -> usize;
    /// Takes away all bytes from that place on.
    fn truncate(&mut self, length: usize);
    /// Writes a line break.
    fn end_line(&mut self);
    /// All that is written.
    fn into_text(self) -> String;
}

impl Sheet for String {
    fn with_room(_: usize) -> Self {
        Self::new()
    }

    #[inline]
    fn written(&self) -> usize {
        self.len()
    }

    fn truncate(&mut self, length: usize) {
        self.truncate(length);
    }

    #[inline]
    fn end_line(&mut self) {
        self.push('\n');
    }

    fn into_text(self) -> String {
        self
    }
}

/// Bytes that are copied in one go where there is room, more than are wanted.
const COPY: usize = 16;

/// A sheet for many short pieces: each is copied with some of what follows it, as that costs less than to look at its length.
/// All that is written together must be text.
#[derive(Debug)]
pub struct Ink(Vec<u8>);

impl Ink {
    /// Writes the first `length` bytes of `rest`.
    #[inline]
    pub fn put(&mut self, rest: &[u8], length: usize) {
        match rest.first_chunk::<COPY>() {
            Some(some) if length <= COPY => {
                let end = self.0.len() + length;
                self.0.extend_from_slice(some);
                self.0.truncate(end);
            }
            _ => self.put_all(&rest[..length]),
        }
    }

    /// Writes a byte.
    #[inline]
    pub fn put_byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// Writes a whole number.
    #[inline]
    pub fn put_whole(&mut self, value: i64) {
        if value < 0 {
            self.put_byte(b'-');
        }
        self.put_digits(value.unsigned_abs());
    }

    #[inline]
    fn put_digits(&mut self, value: u64) {
        if value >= EIGHT {
            return self.put_many_digits(value);
        }
        let digits = eight_digits(value);
        // Zeros before the first digit are in the lowest bytes; the last digit is written whatever it is.
        let zeros = ((digits | 1 << 56).trailing_zeros() / 8) as usize;
        let end = self.0.len() + 8 - zeros;
        self.0.extend_from_slice(&((digits | ZEROS) >> (8 * zeros)).to_le_bytes());
        self.0.truncate(end);
    }

    #[inline(never)]
    fn put_many_digits(&mut self, value: u64) {
        self.put_digits(value / EIGHT);
        self.0.extend_from_slice(&(eight_digits(value % EIGHT) | ZEROS).to_le_bytes());
    }

    /// Writes all of them.
    #[inline(never)]
    pub fn put_all(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }
}

/// The first number of more than eight digits.
const EIGHT: u64 = 100_000_000;
/// Eight letters `0`.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The values of eight digits, the first one's in the lowest byte.
#[inline]
fn eight_digits(value: u64) -> u64 {
    // Fours, pairs and single ones, each half of what it was taken from standing above the other.
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - tens * 10) << 8)
}

impl Sheet for Ink {
    fn with_room(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    #[inline]
    fn written(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    #[inline]
    fn end_line(&mut self) {
        self.put_byte(b'\n');
    }

    fn into_text(self) -> String {
        String::from_utf8(self.0).expect("pieces of texts are written whole")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;

    #[derive(Clone, Debug)]
    enum Piece {
        Part(String, String),
        Whole(i64),
        Short(u8),
    }

    fn pieces() -> impl proptest::strategy::Strategy<Value = Piece> {
        use proptest::strategy::Strategy;
        let whole = prop::sample::select(vec![0, 9, 10, 99, 100, 9999, 10_000, 99_999_999, 100_000_000, -1, i64::MIN, i64::MAX]);
        proptest::prop_oneof![
            ("[a-dä]{0,30}", "[a-dä]{0,30}").prop_map(|(text, rest)| Piece::Part(text, rest)),
            whole.prop_map(Piece::Whole),
            any::<i32>().prop_map(|value| Piece::Whole(value.into())),
            (any::<i64>(), 0..63_u32).prop_map(|(value, shift)| Piece::Whole(value >> shift)),
            (0..0x80_u8).prop_map(Piece::Short),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_stands_there(room in 0..64_usize, pieces in prop::collection::vec(pieces(), 0..12), cut in 0..99_usize) {
            let (mut ink, mut wanted) = (Ink::with_room(room), String::new());
            for piece in &pieces {
                match piece {
                    Piece::Part(text, rest) => {
                        ink.put(format!("{text}{rest}").as_bytes(), text.len());
                        wanted.push_str(text);
                    }
                    Piece::Whole(value) => {
                        ink.put_whole(*value);
                        wanted.push_str(&value.to_string());
                    }
                    Piece::Short(byte) => {
                        ink.put_byte(*byte);
                        wanted.push(char::from(*byte));
                    }
                }
                prop_assert_eq!(ink.written(), wanted.len());
            }
            if wanted.is_char_boundary(cut) {
                wanted.truncate(cut);
                ink.truncate(cut);
            }
            ink.end_line();
            prop_assert_eq!(ink.into_text(), wanted + "\n");
        }
    }
}
