//! Crypto-PAn: the sample trace of its authors' own program, with their key (J. Xu, J. Fan, M. Ammar, S. Moon, 2002; `sample_trace_raw.dat` and
//! `sample_trace_sanitized.dat` of version 1.0), and a pair of IPv6.

use super::{stand, told};

const KEY: &str = "1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202";
const V6: (&str, &str) = ("2001:db8::1", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e");

#[test]
fn the_pairs_of_the_authors() {
    let make = |more: &str| format!("cryptopan::crypto_pan(#{{ key: \"{KEY}\", ip_getter: selfgetter, ip_setter: selfsetter{more} }})");
    let (mut there, mut back) = (stand(&make("")), stand(&make(", decrypt: true")));
    let pairs: Vec<(&str, &str)> = include_str!("pan.txt").lines().filter_map(|line| line.split_once(' ')).chain([V6]).collect();
    assert_eq!(pairs.len(), 71);
    for (plain, other) in pairs {
        assert_eq!(told(&mut there, plain), Ok(format!("\"{other}\"")), "{plain}");
        assert_eq!(told(&mut back, other), Ok(format!("\"{plain}\"")), "{other}");
    }
}
