//! Addresses, networks and ranges of IPv4 and IPv6, as texts write them: reading, canonical text, sets, tables.
//!
//! Written are an address, `NET/PREFIX` (host bits are allowed and cleared) and `LOW-HIGH` (swapped ends are put in order), both ends
//! counted in. Nothing else is: no blanks, no netmasks, no leading zeros, no zone. The two families never mix: an IPv4 address is in no range of
//! IPv6, and one written `::ffff:192.0.2.1` is of IPv6.

mod dotted;
mod set;
mod table;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use self::set::Set;
pub use self::table::Table;

/// Neighbouring addresses of one family, as numbers, both ends counted in; a single address is the smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Range {
    /// Of IPv4.
    V4(u32, u32),
    /// Of IPv6.
    V6(u128, u128),
}

impl Range {
    /// What `text` says; none where it is no address, network or range.
    pub fn read(text: &str) -> Option<Self> {
        if let Some(address) = dotted::read(text.as_bytes()) {
            return Some(Self::V4(address, address));
        }
        if let Some((net, prefix)) = text.split_once('/') {
            let digits = prefix.bytes().all(|byte| byte.is_ascii_digit()) && (prefix.len() == 1 || !prefix.starts_with('0'));
            let prefix = prefix.parse().ok().filter(|_| digits)?;
            return Self::address(net.parse().ok()?).widened(prefix);
        }
        match text.split_once('-') {
            None => text.parse().ok().map(Self::address),
            Some((low, high)) => match (low.parse().ok()?, high.parse().ok()?) {
                (IpAddr::V4(one), IpAddr::V4(other)) => Some(Self::V4(one.min(other).to_bits(), one.max(other).to_bits())),
                (IpAddr::V6(one), IpAddr::V6(other)) => Some(Self::V6(one.min(other).to_bits(), one.max(other).to_bits())),
                _ => None,
            },
        }
    }

    /// Appends what [`Range::read`] reads as this range.
    pub fn write(self, out: &mut String) {
        use fmt::Write as _;

        let Self::V4(low, high) = self else {
            let _ = write!(out, "{self}");
            return;
        };
        dotted::write(out, low);
        match self.prefix() {
            _ if low == high => {}
            Some(prefix) => {
                let _ = write!(out, "/{prefix}");
            }
            None => {
                out.push('-');
                dotted::write(out, high);
            }
        }
    }

    /// A single address.
    pub const fn address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(ip) => Self::V4(ip.to_bits(), ip.to_bits()),
            IpAddr::V6(ip) => Self::V6(ip.to_bits(), ip.to_bits()),
        }
    }

    /// The network of that prefix length around the first address; none for a length that the family has not.
    pub fn widened(self, prefix: u32) -> Option<Self> {
        match self {
            Self::V4(low, _) => {
                let hosts = u32::MAX.checked_shr(prefix).unwrap_or(0);
                (prefix <= 32).then_some(Self::V4(low & !hosts, low | hosts))
            }
            Self::V6(low, _) => {
                let hosts = u128::MAX.checked_shr(prefix).unwrap_or(0);
                (prefix <= 128).then_some(Self::V6(low & !hosts, low | hosts))
            }
        }
    }

    /// How many bits both ends have in common, from the first on.
    pub const fn common(self) -> u32 {
        match self {
            Self::V4(low, high) => (low ^ high).leading_zeros(),
            Self::V6(low, high) => (low ^ high).leading_zeros(),
        }
    }

    /// The prefix length, when it is a network: a single address is one of the full length.
    pub fn prefix(self) -> Option<u32> {
        let prefix = self.common();
        (self.widened(prefix) == Some(self)).then_some(prefix)
    }

    /// Whether it is a single address.
    pub const fn is_single(self) -> bool {
        match self {
            Self::V4(low, high) => low == high,
            Self::V6(low, high) => low == high,
        }
    }

    /// Whether it is of IPv4.
    pub const fn is_v4(self) -> bool {
        matches!(self, Self::V4(..))
    }

    /// The networks of length `prefix`, or shorter where that is its own, which cover it, but never more than `most`: rather than that they
    /// are wider.
    pub fn parents(self, prefix: u32, most: u32) -> Vec<Self> {
        let own = if self.is_v4() { 32 } else { 128 };
        let mut prefix = prefix.min(self.prefix().unwrap_or(own)).min(own);
        loop {
            let count = match self {
                Self::V4(low, high) => u128::from((high.checked_shr(32 - prefix).unwrap_or(0)) - low.checked_shr(32 - prefix).unwrap_or(0)),
                Self::V6(low, high) => high.checked_shr(128 - prefix).unwrap_or(0) - low.checked_shr(128 - prefix).unwrap_or(0),
            };
            if count < u128::from(most.max(1)) {
                break;
            }
            prefix -= 1;
        }
        let mut all = Vec::new();
        let mut left = Some(self);
        while let Some(range) = left.take() {
            let Some(net) = range.widened(prefix) else { break };
            left = match (net, self) {
                (Self::V4(_, end), Self::V4(_, high)) if end < high => Some(Self::V4(end + 1, high)),
                (Self::V6(_, end), Self::V6(_, high)) if end < high => Some(Self::V6(end + 1, high)),
                _ => None,
            };
            all.push(net);
        }
        all
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high): (IpAddr, IpAddr) = match *self {
            Self::V4(low, high) => (Ipv4Addr::from_bits(low).into(), Ipv4Addr::from_bits(high).into()),
            Self::V6(low, high) => (Ipv6Addr::from_bits(low).into(), Ipv6Addr::from_bits(high).into()),
        };
        match self.prefix() {
            _ if low == high => write!(f, "{low}"),
            Some(prefix) => write!(f, "{low}/{prefix}"),
            None => write!(f, "{low}-{high}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let range = Range::read(text)?;
        let mut written = String::new();
        range.write(&mut written);
        assert_eq!(written, range.to_string());
        Some(written)
    }

    #[test]
    fn what_is_written_is_read_and_written_in_one_form() {
        for (text, form) in [
            ("192.0.2.77", "192.0.2.77"),
            ("192.0.2.77/32", "192.0.2.77"),
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("192.0.2.9-192.0.2.1", "192.0.2.1-192.0.2.9"),
            ("192.0.2.0-192.0.2.255", "192.0.2.0/24"),
            ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("2001:db8::1-2001:db8::3", "2001:db8::1-2001:db8::3"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ] {
            assert_eq!(read(text).as_deref(), Some(form), "{text}");
            assert_eq!(read(form).as_deref(), Some(form), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_read() {
        for text in [
            "",
            " ",
            "192.0.2",
            "192.0.2.1 ",
            "192.0.2.01",
            "192.0.2.1/33",
            "192.0.2.1/024",
            "192.0.2.1/",
            "192.0.2.1/+1",
            "192.0.2.0/255.255.255.0",
            "192.0.2.1-",
            "192.0.2.1-::1",
            "::1/129",
            "fe80::1%eth0",
            "192.0.2.1 - 192.0.2.2",
            "example.org",
            "1.2.3.4-1.2.3.5-1.2.3.6",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    fn parents(text: &str, prefix: u32) -> Vec<String> {
        Range::read(text).unwrap().parents(prefix, 16).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn parents_cover_and_are_no_more_than_wanted() {
        assert_eq!(parents("192.0.2.77", 24), ["192.0.2.0/24"]);
        assert_eq!(parents("10.0.0.0/8", 24), ["10.0.0.0/8"], "what is wider stays");
        assert_eq!(parents("192.0.2.128/25", 24), ["192.0.2.0/24"]);
        assert_eq!(parents("192.0.2.3-192.0.2.9", 24), ["192.0.2.0/24"]);
        assert_eq!(parents("192.0.2.250-192.0.4.3", 24), ["192.0.2.0/24", "192.0.3.0/24", "192.0.4.0/24"]);
        // 257 networks of 24 bits: 16 at most, so that they are wider.
        let wide = parents("10.0.0.1-10.1.0.1", 24);
        assert!(wide.len() <= 16 && wide[0] == "10.0.0.0/19", "{wide:?}");
        assert_eq!(parents("0.0.0.0-255.255.255.254", 24).len(), 16);
        assert_eq!(parents("1.2.3.4", 0), ["0.0.0.0/0"]);
        assert_eq!(parents("1.2.3.4", 40), ["1.2.3.4"]);
        assert_eq!(parents("2001:db8:0:1::7", 64), ["2001:db8:0:1::/64"]);
        assert_eq!(parents("255.255.255.255", 32), ["255.255.255.255"]);
        assert_eq!(parents("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 64).len(), 16);
    }
}
