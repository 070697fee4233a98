//! From a piece of a datum to addresses, and from the labels of a name to text that is safe to show.

use std::fmt::Write;
use std::net::IpAddr;

use crate::datum::Datum;
use crate::error::{Error, Result};

/// A name's labels joined by dots, without the final one. Bytes that are not of a host name (letters, digits, `-`, `_`) are
/// written `\DDD`, as in RFC 1035, section 5.1: a name comes from whoever runs the zone and may hold anything.
pub(super) fn shown<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> String {
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

/// The addresses in a piece: a string or an array of strings. An IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`) is the IPv4
/// address; each stands once.
///
/// # Errors
/// What is no single address.
pub(super) fn addresses(piece: &Datum) -> Result<Vec<IpAddr>> {
    if let Some(text) = piece.as_str() {
        return Ok(vec![address(text)?]);
    }
    match &*piece.opened() {
        Datum::List(list) => {
            let mut all = list.iter().map(|one| one.as_str().map_or_else(|| Err(no_address(one)), address)).collect::<Result<Vec<_>>>()?;
            all.sort_unstable();
            all.dedup();
            Ok(all)
        }
        other => Err(no_address(other)),
    }
}

fn no_address(datum: &Datum) -> Error {
    Error::WrongKind { what: "the address".into(), wanted: "a string or an array of strings", got: datum.kind() }
}

fn address(text: &str) -> Result<IpAddr> {
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(address.to_canonical()),
        Err(_) if text.contains('/') => Err(Error::data("a network has no name of its own, only an address has", text)),
        Err(_) => Err(Error::data("this is no IP address", text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datum::json;

    #[test]
    fn odd_bytes_in_names_are_escaped() {
        assert_eq!(shown([&b"host-1"[..], b"ex_ample", b"org"]), "host-1.ex_ample.org");
        assert_eq!(shown([&b"a.b"[..], b"\x1b[1m", b"\\", "ž".as_bytes()]), r"a\046b.\027\0911m.\092.\197\190");
        assert_eq!(shown([&b""[..]]), "");
    }

    #[test]
    fn addresses_are_single_ones() {
        let read = |text: &str| {
            addresses(&json::read(text).unwrap())
                .map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>())
                .map_err(|error| error.to_string())
        };
        assert_eq!(read(r#""192.0.2.1""#).unwrap(), ["192.0.2.1"]);
        assert_eq!(read(r#"["2001:DB8::1", "::ffff:192.0.2.1", "192.0.2.1"]"#).unwrap(), ["192.0.2.1", "2001:db8::1"]);
        assert!(read("[]").unwrap().is_empty());
        assert!(read(r#""192.0.2.0/24""#).unwrap_err().contains("network"));
        for bad in [r#""192.0.2""#, r#""192.0.2.1-192.0.2.9""#, r#"" 192.0.2.1""#, r#""fe80::1%eth0""#, r#""""#] {
            assert!(read(bad).unwrap_err().contains("no IP address"), "{bad}");
        }
        assert!(read("1").unwrap_err().contains("int") && read(r#"[["192.0.2.1"]]"#).unwrap_err().contains("array"));
    }
}
