//! Words of the type language for texts of a known shape: addresses, identifiers, and what IDEA calls tags, handles and hashes.
//!
//! All look at the whole text: a final newline is a letter like any other.

use std::net::{IpAddr, Ipv6Addr};

use super::casts::{Judged, wrong};
use crate::address::Range;
use crate::datum::Datum;

/// A text that `good` approves of stays as it is.
fn shaped(value: &Datum, what: &str, good: impl Fn(&str) -> bool) -> Judged {
    match value.as_str() {
        Some(text) if good(text) => Ok(None),
        _ => wrong(what, value),
    }
}

/// A text in its one form.
fn formed(value: &Datum, what: &str, form: impl Fn(&str) -> Option<String>) -> Judged {
    let Some(text) = value.as_str() else { return wrong(what, value) };
    match form(text) {
        None => wrong(what, value),
        Some(form) if form == text => Ok(None),
        Some(form) => Ok(Some(Datum::str(form))),
    }
}

fn letters(text: &str, good: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(good)
}

pub(super) fn ip4(value: &Datum) -> Judged {
    // What can be read is in its one form already.
    shaped(value, "an IPv4 address", |text| text.parse::<std::net::Ipv4Addr>().is_ok())
}

pub(super) fn ip6(value: &Datum) -> Judged {
    formed(value, "an IPv6 address", |text| text.parse::<Ipv6Addr>().ok().map(|ip| ip.to_string()))
}

pub(super) fn ip(value: &Datum) -> Judged {
    formed(value, "an IP address", |text| text.parse::<IpAddr>().ok().map(|ip| ip.to_string()))
}

pub(super) fn net4(value: &Datum) -> Judged {
    const WHAT: &str = "an IPv4 address, network or range";
    let Some(text) = value.as_str() else { return wrong(WHAT, value) };
    if text.parse::<std::net::Ipv4Addr>().is_ok() {
        return Ok(None);
    }
    formed(value, WHAT, |text| net(text, true))
}

pub(super) fn net6(value: &Datum) -> Judged {
    formed(value, "an IPv6 address, network or range", |text| net(text, false))
}

/// Its one form: host bits stay, ends of a range are put in order.
fn net(text: &str, v4: bool) -> Option<String> {
    let range = Range::read(text).filter(|range| range.is_v4() == v4)?;
    let form = |address: &str| address.parse::<IpAddr>().ok().map(|address| address.to_string());
    if let Some((address, prefix)) = text.split_once('/') {
        return Some(format!("{}/{prefix}", form(address)?));
    }
    if text.contains('-') {
        let (low, high): (IpAddr, IpAddr) = match range {
            Range::V4(low, high) => (std::net::Ipv4Addr::from_bits(low).into(), std::net::Ipv4Addr::from_bits(high).into()),
            Range::V6(low, high) => (Ipv6Addr::from_bits(low).into(), Ipv6Addr::from_bits(high).into()),
        };
        return Some(format!("{low}-{high}"));
    }
    form(text)
}

pub(super) fn uuid(value: &Datum) -> Judged {
    formed(value, "a UUID", |text| {
        let shaped = text.len() == 36
            && text
                .bytes()
                .enumerate()
                .all(|(place, byte)| if matches!(place, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() });
        shaped.then(|| text.to_ascii_lowercase())
    })
}

pub(super) fn mac(value: &Datum) -> Judged {
    shaped(value, "a MAC address", |text| {
        text.len() == 17
            && text.bytes().enumerate().all(|(place, byte)| if place % 3 == 2 { byte == b':' } else { byte.is_ascii_hexdigit() })
    })
}

/// A letter, more of a scheme, a colon, and something behind it of what may stand in a URI.
pub(super) fn uri(value: &Datum) -> Judged {
    shaped(value, "a URI", |text| {
        let Some((scheme, rest)) = text.split_once(':') else { return false };
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-'))
            && letters(rest, |byte| byte.is_ascii_alphanumeric() || b"[]._~:/?#@*'&()+,;=%-!$".contains(&byte))
    })
}

pub(super) fn id(value: &Datum) -> Judged {
    shaped(value, "an identifier of letters, digits, `.`, `_` and `-`", |text| {
        letters(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    })
}

pub(super) fn nsid(value: &Datum) -> Judged {
    shaped(value, "a name such as `org.example.probe_1`", |text| {
        text.split('.').all(|label| {
            label.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_')
                && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        })
    })
}

pub(super) fn handle(value: &Datum) -> Judged {
    shaped(value, "a handle, a letter or `_` and then letters, digits and `_`", |text| {
        text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn is_tag(text: &str) -> bool {
    letters(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

pub(super) fn tag(value: &Datum) -> Judged {
    shaped(value, "a tag of letters, digits, `_` and `-`", is_tag)
}

pub(super) fn event_tag(value: &Datum) -> Judged {
    shaped(value, "a category such as `Recon` or `Recon.Scanning`", |text| match text.split_once('.') {
        Some((first, second)) => is_tag(first) && is_tag(second),
        None => is_tag(text),
    })
}

pub(super) fn media_type(value: &Datum) -> Judged {
    shaped(value, "a media type without parameters", |text| {
        text.split_once('/').is_some_and(|(kind, sub)| {
            is_tag(kind) && letters(sub, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.'))
        })
    })
}

pub(super) fn charset(value: &Datum) -> Judged {
    shaped(value, "the name of a charset", |text| letters(text, |byte| byte.is_ascii_alphanumeric() || b".:_()-".contains(&byte)))
}

pub(super) fn encoding(value: &Datum) -> Judged {
    formed(value, "`base64`", |text| text.eq_ignore_ascii_case("base64").then(|| "base64".to_owned()))
}
