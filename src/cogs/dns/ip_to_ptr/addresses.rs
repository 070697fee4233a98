//! From a piece of a datum to addresses.

use std::net::IpAddr;

use crate::datum::Datum;
use crate::error::{Error, Result};

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
