//! Strings of JSON: where they end, what their escapes mean, how they are written.

use super::fault::{Fault, What};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Where from `from` on the first byte stands that a string cannot hold as it is: a quote, a backslash, a control letter.
/// The length of `bytes` when there is none.
#[inline]
pub(super) fn plain_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        let quote = word ^ (ONES * u64::from(b'"'));
        let slash = word ^ (ONES * u64::from(b'\\'));
        let zeros = |x: u64| x.wrapping_sub(ONES) & !x;
        // The lowest bit found is right; those above may be echoes of a borrow.
        let found = (zeros(quote) | zeros(slash) | (word.wrapping_sub(ONES * 0x20) & !word)) & HIGH;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

/// Checks the string whose first byte after the quote is at `from`; gives the place of the closing quote and whether the string
/// holds escapes.
#[inline]
pub(super) fn end_of_string(bytes: &[u8], from: usize) -> Result<(usize, bool), Fault> {
    let end = plain_end(bytes, from);
    if bytes.get(end) == Some(&b'"') { Ok((end, false)) } else { Ok((end_with_escapes(bytes, end)?, true)) }
}

fn end_with_escapes(bytes: &[u8], from: usize) -> Result<usize, Fault> {
    let mut at = from;
    loop {
        at = plain_end(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok(at),
            Some(b'\\') => at += length_of_escape(bytes, at)?,
            Some(_) => return Err(Fault { at, what: What::Plain("a control letter in a string") }),
            None => return Err(Fault { at, what: What::Surplus }),
        }
    }
}

fn length_of_escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') => match bytes[at + 2..].iter().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count() {
            4 => Ok(6),
            n if at + 2 + n == bytes.len() => Err(Fault { at: bytes.len(), what: What::Surplus }),
            _ => Err(Fault { at, what: What::Plain("`\\u` without four hexadecimal digits") }),
        },
        Some(_) => Err(Fault { at, what: What::Plain("an unknown escape") }),
        None => Err(Fault { at: at + 1, what: What::Surplus }),
    }
}

/// What the inside of a checked string means. Halves of surrogate pairs that stand alone become U+FFFD.
pub(in crate::datum) fn unescape(inside: &str) -> String {
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(slash) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..slash]);
        let escape = rest.as_bytes()[slash + 1];
        rest = &rest[slash + 2..];
        match escape {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let (letter, length) = code_point(rest);
                out.push(letter);
                rest = &rest[length..];
            }
            itself => out.push(char::from(itself)),
        }
    }
    out.push_str(rest);
    out
}

/// The letter of the digits after `\u`, together with a second half if one follows, and how many bytes it took.
fn code_point(digits: &str) -> (char, usize) {
    let unit = |text: &str| text.get(..4).and_then(|four| u32::from_str_radix(four, 16).ok());
    let Some(first) = unit(digits) else { return (char::REPLACEMENT_CHARACTER, digits.len().min(4)) };
    if let Some(letter) = char::from_u32(first) {
        return (letter, 4);
    }
    match digits[4..].strip_prefix("\\u").and_then(unit) {
        Some(second @ 0xDC00..0xE000) if first < 0xDC00 => {
            let both = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            (char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER), 10)
        }
        _ => (char::REPLACEMENT_CHARACTER, 4),
    }
}

/// Appends `text` as a JSON string, quotes included; only quotes, backslashes and control letters are escaped.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.push(b'"');
    let mut from = 0;
    loop {
        let end = plain_end(bytes, from);
        out.extend_from_slice(&bytes[from..end]);
        let Some(byte) = bytes.get(end) else { break };
        write_escape(out, *byte);
        from = end + 1;
    }
    out.push(b'"');
}

/// As [`write_string`], with `\uXXXX` for all that is not ASCII.
pub(super) fn write_string_ascii(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for letter in text.chars() {
        match u8::try_from(letter) {
            Ok(byte) if matches!(byte, b'"' | b'\\' | 0..0x20) => write_escape(out, byte),
            Ok(byte) if byte.is_ascii() => out.push(byte),
            _ => letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| write_unit(out, *unit)),
        }
    }
    out.push(b'"');
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0C => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => return write_unit(out, u16::from(byte)),
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn write_unit(out: &mut Vec<u8>, unit: u16) {
    out.extend_from_slice(b"\\u");
    out.extend([12, 8, 4, 0].map(|shift| b"0123456789abcdef"[usize::from(unit >> shift & 15)]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_pairs_become_the_replacement_letter() {
        assert_eq!(unescape(r"\ud83d\ude00"), "😀");
        assert_eq!(unescape(r"\ud83dx\ude00"), "\u{FFFD}x\u{FFFD}");
        assert_eq!(unescape(r"\ud83d\ud83d\ude00"), "\u{FFFD}😀");
        assert_eq!(unescape(r"\/\\\u00e4\n"), "/\\ä\n");
    }

    #[test]
    fn letters_beyond_ascii_are_escaped_on_demand() {
        let mut out = Vec::new();
        write_string_ascii(&mut out, "aä😀\u{1}\"\u{7f}");
        assert_eq!(String::from_utf8(out).unwrap(), "\"a\\u00e4\\ud83d\\ude00\\u0001\\\"\u{7f}\"");
    }

    #[test]
    fn the_end_of_plain_letters_is_found_at_every_distance() {
        for length in 0..40 {
            for special in [b'"', b'\\', 0x1F, 0] {
                let mut bytes = vec![0xFF; length];
                assert_eq!(plain_end(&bytes, 0), length);
                bytes.push(special);
                bytes.extend(b"\x80 !#[]\x7f\xffxx");
                assert_eq!(plain_end(&bytes, 0), length);
            }
        }
    }
}
