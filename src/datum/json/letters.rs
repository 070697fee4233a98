//! Strings of JSON: where they end, what their escapes mean, how they are written.

use super::fault::{Fault, What};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Where the first byte stands that a string cannot hold as it is: a quote, a backslash, a control letter. The length of
/// `bytes` when there is none.
#[inline]
fn plain_end(bytes: &[u8]) -> usize {
    let (eights, rest) = bytes.as_chunks::<8>();
    for (n, eight) in eights.iter().enumerate() {
        let found = special(u64::from_le_bytes(*eight));
        if found != 0 {
            return 8 * n + (found.trailing_zeros() / 8) as usize;
        }
    }
    if rest.is_empty() {
        return bytes.len();
    }
    // The last eight, some of which were seen; or the first and the last four, some of which may be the same.
    let (last, before) = match (bytes.last_chunk::<8>(), rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        (Some(eight), _, _) => (u64::from_le_bytes(*eight), bytes.len() - 8),
        (None, Some(first), Some(last)) => {
            let both = u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
            let found = special(both) as u32;
            if found != 0 {
                return (found.trailing_zeros() / 8) as usize;
            }
            (both, bytes.len().wrapping_sub(8))
        }
        _ => return rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(bytes.len()),
    };
    match special(last) {
        0 => bytes.len(),
        found => before.wrapping_add((found.trailing_zeros() / 8) as usize),
    }
}

/// The highest bit of each of eight bytes that a string cannot hold as it is. The lowest bit found is right; those above may be
/// echoes of a borrow.
#[inline]
fn special(eight: u64) -> u64 {
    let quote = eight ^ (ONES * u64::from(b'"'));
    let slash = eight ^ (ONES * u64::from(b'\\'));
    let zeros = |x: u64| x.wrapping_sub(ONES) & !x;
    (zeros(quote) | zeros(slash) | (eight.wrapping_sub(ONES * 0x20) & !eight)) & HIGH
}

/// How long the escape is whose backslash stands at `at`.
pub(super) fn length_of_escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
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
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    match plain_end(text.as_bytes()) {
        end if end == text.len() => out.push_str(text),
        end => write_from_escape(out, text, end),
    }
    out.push('"');
}

/// The letters of a string, the first of which that is to be escaped stands at `end`.
#[cold]
fn write_from_escape(out: &mut String, text: &str, end: usize) {
    let (mut rest, mut end) = (text, end);
    loop {
        out.push_str(&rest[..end]);
        let Some(byte) = rest.as_bytes().get(end) else { break };
        write_escape(out, *byte);
        rest = &rest[end + 1..];
        end = plain_end(rest.as_bytes());
    }
}

/// Appends the inside of a checked string as [`write_string`] would write what it means.
pub(super) fn write_escaped(out: &mut String, inside: &str) {
    let mut rest = inside;
    while let Some(slash) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..slash]);
        let escape = rest.as_bytes()[slash + 1];
        let length = match escape {
            b'/' => {
                out.push('/');
                2
            }
            b'u' => {
                let (letter, length) = code_point(&rest[slash + 2..]);
                match u8::try_from(letter) {
                    Ok(byte @ (b'"' | b'\\' | 0..0x20)) => write_escape(out, byte),
                    _ => out.push(letter),
                }
                2 + length
            }
            _ => {
                out.push_str(&rest[slash..slash + 2]);
                2
            }
        };
        rest = &rest[slash + length..];
    }
    out.push_str(rest);
}

/// As [`write_string`], with `\uXXXX` for all that is not ASCII.
pub(super) fn write_string_ascii(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match u8::try_from(letter) {
            Ok(byte) if matches!(byte, b'"' | b'\\' | 0..0x20) => write_escape(out, byte),
            Ok(byte) if byte.is_ascii() => out.push(letter),
            _ => letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| write_unit(out, *unit)),
        }
    }
    out.push('"');
}

fn write_escape(out: &mut String, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => char::from(byte),
        0x08 => 'b',
        0x0C => 'f',
        b'\n' => 'n',
        b'\r' => 'r',
        b'\t' => 't',
        _ => return write_unit(out, u16::from(byte)),
    };
    out.push('\\');
    out.push(short);
}

fn write_unit(out: &mut String, unit: u16) {
    out.push_str("\\u");
    out.extend([12, 8, 4, 0].map(|shift| char::from(b"0123456789abcdef"[usize::from(unit >> shift & 15)])));
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
        let mut out = String::new();
        write_string_ascii(&mut out, "aä😀\u{1}\"\u{7f}");
        assert_eq!(out, "\"a\\u00e4\\ud83d\\ude00\\u0001\\\"\u{7f}\"");
    }

    #[test]
    fn escapes_are_written_as_if_they_had_been_read() {
        for inside in [r#"\/\\\u00e4\n\u000A\u0022\u005c\b\f\r\t\""#, r"\ud83d\ude00\ud83dx\u0001\u001F", "a\u{7f}ä", ""] {
            let (mut out, mut again) = ("\"".to_owned(), String::new());
            write_escaped(&mut out, inside);
            out.push('"');
            write_string(&mut again, &unescape(inside));
            assert_eq!(out, again);
        }
    }

    #[test]
    fn the_end_of_plain_letters_is_found_at_every_distance() {
        for length in 0..40 {
            for special in [b'"', b'\\', 0x1F, 0] {
                let mut bytes = vec![0xFF; length];
                assert_eq!(plain_end(&bytes), length);
                bytes.push(special);
                bytes.extend(b"\x80 !#[]\x7f\xffxx");
                assert_eq!(plain_end(&bytes), length);
            }
        }
    }
}
