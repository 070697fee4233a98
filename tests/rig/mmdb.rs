//! A writer of small MMDB files, after the format's specification 2.0: a binary tree over the bits of addresses, the data that its
//! leaves point to, and metadata behind a marker. `cogs/ip/geoip` uses it too, in its unit tests.

use std::net::IpAddr;

const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// A value of the format.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "only the unit tests write values of all types")]
pub(crate) enum Value {
    Str(&'static str),
    Double(f64),
    Bytes(&'static [u8]),
    U16(u16),
    U32(u32),
    Map(Vec<(&'static str, Value)>),
    I32(i32),
    U64(u64),
    U128(u128),
    Array(Vec<Value>),
    Bool(bool),
    Float(f32),
}

impl Value {
    fn write(&self, out: &mut Vec<u8>) {
        let head = |out: &mut Vec<u8>, kind: u8, size: usize| {
            let (low, more) = match size {
                0..29 => (size as u8, vec![]),
                29..285 => (29, vec![(size - 29) as u8]),
                285..65_821 => (30, ((size - 285) as u16).to_be_bytes().to_vec()),
                _ => (31, ((size - 65_821) as u32).to_be_bytes()[1..].to_vec()),
            };
            if kind < 8 {
                out.push(kind << 5 | low);
            } else {
                out.extend([low, kind - 7]);
            }
            out.extend(more);
        };
        let number = |out: &mut Vec<u8>, kind: u8, value: u128| {
            let bytes = value.to_be_bytes();
            let used = &bytes[(value.leading_zeros() / 8) as usize..];
            head(out, kind, used.len());
            out.extend(used);
        };
        match self {
            Self::Str(text) => {
                head(out, 2, text.len());
                out.extend(text.as_bytes());
            }
            Self::Double(value) => {
                head(out, 3, 8);
                out.extend(value.to_be_bytes());
            }
            Self::Bytes(bytes) => {
                head(out, 4, bytes.len());
                out.extend(*bytes);
            }
            Self::U16(value) => number(out, 5, u128::from(*value)),
            Self::U32(value) => number(out, 6, u128::from(*value)),
            Self::Map(entries) => {
                head(out, 7, entries.len());
                for (key, value) in entries {
                    Self::Str(key).write(out);
                    value.write(out);
                }
            }
            Self::I32(value) => {
                head(out, 8, 4);
                out.extend(value.to_be_bytes());
            }
            Self::U64(value) => number(out, 9, u128::from(*value)),
            Self::U128(value) => number(out, 10, *value),
            Self::Array(list) => {
                head(out, 11, list.len());
                for value in list {
                    value.write(out);
                }
            }
            Self::Bool(value) => head(out, 14, usize::from(*value)),
            Self::Float(value) => {
                head(out, 15, 4);
                out.extend(value.to_be_bytes());
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Child {
    Empty,
    Node(usize),
    Data(usize),
}

/// A file that says these things of these networks, the wide ones first; of both families with `ip_version` 6, else of IPv4.
pub(crate) fn file(ip_version: u16, record_size: u16, networks: &[(&str, Value)]) -> Vec<u8> {
    let mut nodes = vec![[Child::Empty; 2]];
    let mut data = Vec::new();
    for (network, value) in networks {
        let (address, length) = network.split_once('/').expect("it is NET/PREFIX");
        let length: usize = length.parse().expect("it is a length");
        let (bits, length) = match address.parse().expect("it is an address") {
            IpAddr::V4(ip) if ip_version == 4 => (u128::from(ip.to_bits()) << 96, length),
            IpAddr::V4(ip) => (u128::from(ip.to_bits()), 96 + length),
            IpAddr::V6(ip) => (ip.to_bits(), length),
        };
        let mut at = 0;
        for depth in 0..length {
            let side = (bits >> (127 - depth) & 1) as usize;
            if depth + 1 == length {
                nodes[at][side] = Child::Data(data.len());
                break;
            }
            at = match nodes[at][side] {
                Child::Node(next) => next,
                around => {
                    nodes.push([around; 2]);
                    nodes[at][side] = Child::Node(nodes.len() - 1);
                    nodes.len() - 1
                }
            };
        }
        value.write(&mut data);
    }
    let record = |child: Child| match child {
        Child::Empty => nodes.len() as u32,
        Child::Node(number) => number as u32,
        Child::Data(offset) => (nodes.len() + 16 + offset) as u32,
    };
    let mut out = Vec::new();
    for node in &nodes {
        let [left, right] = node.map(record).map(u32::to_be_bytes);
        match record_size {
            24 => out.extend([&left[1..], &right[1..]].concat()),
            28 => out.extend([&left[1..], &[left[0] << 4 | right[0]], &right[1..]].concat()),
            _ => out.extend([left, right].concat()),
        }
    }
    out.extend([0; 16]);
    out.extend(data);
    out.extend(MARKER);
    Value::Map(vec![
        ("binary_format_major_version", Value::U16(2)),
        ("binary_format_minor_version", Value::U16(0)),
        ("build_epoch", Value::U64(1_714_989_600)),
        ("database_type", Value::Str("Test")),
        ("description", Value::Map(vec![("en", Value::Str("a test"))])),
        ("ip_version", Value::U16(ip_version)),
        ("languages", Value::Array(vec![Value::Str("en")])),
        ("node_count", Value::U32(nodes.len() as u32)),
        ("record_size", Value::U16(record_size)),
    ])
    .write(&mut out);
    out
}

/// What databases of cities say of a place.
pub(crate) fn city(country: &'static str, city: &'static str, region: &'static str) -> Value {
    let names = |name| ("names", Value::Map(vec![("en", Value::Str(name))]));
    Value::Map(vec![
        ("city", Value::Map(vec![names(city)])),
        ("country", Value::Map(vec![("iso_code", Value::Str(country))])),
        ("location", Value::Map(vec![("latitude", Value::Double(48.2)), ("longitude", Value::Double(16.37))])),
        ("subdivisions", Value::Array(vec![Value::Map(vec![("iso_code", Value::Str(region))])])),
    ])
}

/// A file of two cities.
pub(crate) fn cities() -> Vec<u8> {
    file(6, 24, &[("192.0.2.0/24", city("AT", "Vienna", "9")), ("2001:db8::/32", city("CZ", "Brno", "64"))])
}
