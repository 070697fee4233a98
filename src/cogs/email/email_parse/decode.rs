//! From bytes to bytes and to text: transfer encodings (RFC 2045) and charsets. What is broken is decoded as far as it goes.

use mail_parser::decoders::charsets::map::charset_decoder;

/// Base64, without what is none; false when something is wrong with it.
pub(super) fn base64(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3 + 3);
    let (mut group, mut count, mut sound) = (0_u32, 0, true);
    for byte in bytes {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                sound &= end_group(&mut out, &mut group, &mut count);
                continue;
            }
            _ => {
                sound &= byte.is_ascii_whitespace();
                continue;
            }
        };
        group = group << 6 | u32::from(six);
        count += 1;
        if count == 4 {
            out.extend(&group.to_be_bytes()[1..]);
            (group, count) = (0, 0);
        }
    }
    sound &= count == 0;
    end_group(&mut out, &mut group, &mut count);
    (out, sound)
}

/// What a group holds that is not full; false when that is less than a byte.
fn end_group(out: &mut Vec<u8>, group: &mut u32, count: &mut u32) -> bool {
    let bytes = (*group << (6 * (4 - *count))).to_be_bytes();
    let whole = (*count * 6 / 8) as usize;
    out.extend(&bytes[1..=whole]);
    let sound = *count != 1;
    (*group, *count) = (0, 0);
    sound
}

/// Quoted-printable; false when something is wrong with it, which stays as it is.
pub(super) fn quoted_printable(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(bytes.len());
    let mut sound = true;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        let end = match line {
            [.., b'\r', b'\n'] => &b"\r\n"[..],
            [.., b'\n'] => b"\n",
            _ => b"",
        };
        let (text, soft) = text.strip_suffix(b"=").map_or((text, false), |text| (text, true));
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'=', rest) {
            out.extend(&rest[..at]);
            let byte = rest.get(at + 1..at + 3).and_then(hex);
            sound &= byte.is_some();
            out.push(byte.unwrap_or(b'='));
            rest = &rest[at + if byte.is_some() { 3 } else { 1 }..];
        }
        out.extend(rest);
        if !soft {
            out.extend(end);
        }
    }
    (out, sound)
}

/// The byte that two digits say.
pub(super) fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |digit: &u8| (*digit as char).to_digit(16);
    match digits {
        [high, low] => Some((digit(high)? * 16 + digit(low)?) as u8),
        _ => None,
    }
}

/// Text in that charset; false when it is not known, and Latin-1 is taken instead. Without one, and in ASCII, what is UTF-8 is
/// taken so.
pub(super) fn text(bytes: &[u8], charset: Option<&str>) -> (String, bool) {
    let charset = charset.unwrap_or_default();
    if ["", "us-ascii", "ascii", "utf-8", "utf8"].iter().any(|plain| charset.eq_ignore_ascii_case(plain)) {
        return (String::from_utf8_lossy(bytes).into_owned(), true);
    }
    match charset_decoder(charset.as_bytes()) {
        Some(decode) => (decode(bytes), true),
        None => (bytes.iter().map(|byte| char::from(*byte)).collect(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_base64_gives_what_is_there() {
        assert_eq!(base64(b"aGVs\r\nbG8="), (b"hello".to_vec(), true));
        assert_eq!(base64(b"aGVs!bG8"), (b"hello".to_vec(), false));
        assert_eq!(base64(b"aGVsbG8=aGk="), (b"hellohi".to_vec(), true));
        assert_eq!(base64(b"a"), (Vec::new(), false));
        assert_eq!(base64(b""), (Vec::new(), true));
    }

    #[test]
    fn quoted_printable_follows_its_rfc_and_keeps_what_is_none() {
        assert_eq!(quoted_printable(b"Now's the time =\r\nfor a=3Db  \r\nend=").0, b"Now's the time for a=b\r\nend");
        assert_eq!(quoted_printable(b"50=% =zz ="), (b"50=% =zz ".to_vec(), false));
    }

    #[test]
    fn charsets_known_and_unknown() {
        assert_eq!(text(b"\xe1", Some("ISO-8859-1")).0, "á");
        assert_eq!(text(b"\xe1", Some("x-nonsense")), ("á".into(), false));
        assert_eq!(text("ü".as_bytes(), None).0, "ü");
        assert_eq!(text(b"a\xff", Some("us-ascii")).0, "a\u{fffd}");
        assert_eq!(text(b"+AOQ-", Some("utf-7")).0, "ä");
    }
}
