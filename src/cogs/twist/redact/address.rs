//! Addresses of both families in free text.
//!
//! The text is cut into runs of the letters that addresses are written with. A run is one IPv6 address or none, but for what ends a sentence
//! or begins with a colon, and a port behind a dot; in one that is none, runs of digits and dots may be IPv4 addresses. What touches letters or
//! digits is part of something longer: `v1.2.3.4`, `1.2.3.4.5`, `std::fade`, `00:11:22:33:44:55`.

use std::net::Ipv6Addr;

use super::Tell;

/// The longest IPv6 address: `0000:0000:0000:0000:0000:ffff:255.255.255.255`.
const LONGEST: usize = 45;

/// Tells where addresses are.
pub(super) fn find(text: &str, tell: Tell<'_>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| in_address(**byte)).count();
        if length >= 3 {
            let run = at..at + length;
            match v6(text, run.start, run.end) {
                Some((from, to)) => tell(from, to),
                None => v4(bytes, run.start, run.end, tell),
            }
        }
        at += length + 1;
    }
}

fn in_address(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')
}

/// Whether what stands from `from` to before `to` touches no letter or digit. Only those of ASCII: other scripts write without blanks.
fn stands_alone(bytes: &[u8], from: usize, to: usize) -> bool {
    let touches = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    !touches(from.checked_sub(1).and_then(|before| bytes.get(before))) && !touches(bytes.get(to))
}

/// The IPv6 address that a run is.
fn v6(text: &str, mut from: usize, end: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    if memchr::memchr_iter(b':', &bytes[from..end]).take(2).count() < 2 {
        return None;
    }
    // A word and a colon before it: `client:2001:db8::1`.
    if bytes[from] == b':' && bytes[from + 1] != b':' {
        from += 1;
    }
    let mut to = from + text[from..end].trim_end_matches('.').len();
    if text[from..to].ends_with(':') && !text[from..to].ends_with("::") {
        to -= 1;
    }
    let is_address = |from: usize, to: usize| to - from <= LONGEST && text[from..to].parse::<Ipv6Addr>().is_ok();
    if !is_address(from, to) {
        // A port behind a dot, as tcpdump writes it.
        let dot = from + text[from..to].find('.')?;
        if !bytes[dot + 1..to].iter().all(u8::is_ascii_digit) || !is_address(from, dot) {
            return None;
        }
        to = dot;
    }
    // Without a digit it is rather a path of names: `fade::dead`, `::`.
    if !bytes[from..to].iter().any(u8::is_ascii_digit) || !stands_alone(bytes, from, to) {
        return None;
    }
    if bytes.get(to) == Some(&b'%') {
        let zone = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'.' | b'_' | b'-' | b'~');
        let count = bytes[to + 1..].iter().take_while(zone).count();
        let zone = text[to + 1..to + 1 + count].trim_end_matches(['.', '-']);
        if !zone.is_empty() {
            to += 1 + zone.len();
        }
    }
    Some((from, to))
}

/// Tells the IPv4 addresses in a run.
fn v4(bytes: &[u8], start: usize, end: usize, tell: Tell<'_>) {
    let mut at = start;
    while at < end {
        let length = bytes[at..end].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let (mut from, mut to) = (at, at + length);
        while from < to && bytes[from] == b'.' {
            from += 1;
        }
        while from < to && bytes[to - 1] == b'.' {
            to -= 1;
        }
        if is_v4(&bytes[from..to]) && stands_alone(bytes, from, to) {
            tell(from, to);
        }
        at += length + 1;
    }
}

/// Four numbers up to 255 with dots between; leading zeros too, as some programs write them.
fn is_v4(written: &[u8]) -> bool {
    if !(7..=15).contains(&written.len()) {
        return false;
    }
    let number = |part: &[u8]| {
        (1..=3).contains(&part.len())
            && part
                .iter()
                .try_fold(0_u32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
                .is_some_and(|n| n < 256)
    };
    let mut parts = written.split(|byte| *byte == b'.');
    parts.by_ref().take(4).filter(|part| number(part)).count() == 4 && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        find(text, &mut |from, to| found.push(&text[from..to]));
        found
    }

    #[test]
    fn addresses_of_both_families_in_all_their_forms() {
        for (text, wanted) in [
            ("from 192.0.2.1.", "192.0.2.1"),
            ("192.0.2.1:8080", "192.0.2.1"),
            ("http://192.0.2.1/x", "192.0.2.1"),
            ("192.0.2.0/24", "192.0.2.0"),
            ("[192.000.002.001]", "192.000.002.001"),
            ("ip_192.0.2.1_x", "192.0.2.1"),
            ("client=192.0.2.1,", "192.0.2.1"),
            ("1.2.0.192.in-addr.arpa", "1.2.0.192"),
            ("地址192.0.2.1是", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("at 2001:DB8:0:0:0:0:0:1.", "2001:DB8:0:0:0:0:0:1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("client:2001:db8::1:", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8::"),
            ("::1 says", "::1"),
            ("::ffff:192.0.2.1.", "::ffff:192.0.2.1"),
            ("64:ff9b::192.0.2.33", "64:ff9b::192.0.2.33"),
            ("fe80::1%eth0.", "fe80::1%eth0"),
            ("fe80::1%25en-1]", "fe80::1%25en-1"),
            ("fe80::1% of", "fe80::1"),
            ("2001:db8::1.443 > x", "2001:db8::1"),
        ] {
            assert_eq!(found(text), [wanted], "{text}");
        }
        assert_eq!(found("192.0.2.1-192.0.2.9"), ["192.0.2.1", "192.0.2.9"]);
        assert_eq!(found("a 192.0.2.1,2001:db8::2 b"), ["192.0.2.1", "2001:db8::2"]);
    }

    #[test]
    fn longer_numbers_versions_and_words_are_none() {
        for text in [
            "v1.2.3.4",
            "1.2.3.4.5",
            "1.2.3.4rc1",
            "1.2.3",
            "1.2.3.256",
            "1..2.3.4",
            "0x1.2.3.4",
            "1.2.3.4567",
            "12:34:56",
            "00:11:22:33:44:55",
            "::",
            "a::",
            "fade::dead",
            "std::fade",
            "std::vector::size",
            "face:b00c",
            "2001:db8::1xyz",
            "x2001:db8::1",
            "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99",
            ":::",
            "1::2::3",
            "::ffff:192.0.2.1.5",
            "...",
            "a.b.c.d",
            "2024.05.06.",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }
}
