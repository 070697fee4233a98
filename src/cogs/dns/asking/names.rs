//! From the labels of a name to text that is safe to show.

use std::fmt::Write;

/// A name's labels joined by dots, without the final one. Bytes that are not of a host name (letters, digits, `-`, `_`) are
/// written `\DDD`, as in RFC 1035, section 5.1: a name comes from whoever runs the zone and may hold anything.
pub(in crate::cogs::dns) fn shown<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut text = String::new();
    for label in labels.into_iter().filter(|label| !label.is_empty()) {
        if !text.is_empty() {
            text.push('.');
        }
        for byte in label {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => text.push(char::from(*byte)),
                other => write!(text, "\\{other:03}").expect("a string takes all that is written"),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_bytes_in_names_are_escaped() {
        assert_eq!(shown([&b"host-1"[..], b"ex_ample", b"org"]), "host-1.ex_ample.org");
        assert_eq!(shown([&b"a.b"[..], b"\x1b[1m", b"\\", "ž".as_bytes()]), r"a\046b.\027\0911m.\092.\197\190");
        assert_eq!(shown([&b""[..]]), "");
    }
}
