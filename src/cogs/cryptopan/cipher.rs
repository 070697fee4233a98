//! The cipher: prefix-preserving, one-to-one, keyed (J. Xu, J. Fan, M. Ammar, S. Moon: "Prefix-preserving IP address anonymization",
//! ICNP 2002; the form of their program, with 128 bits for IPv6).
//!
//! Of the 32 bytes of the key the first half is an AES-128 key, and the second half encrypted by it is the pad. Whether bit `i` of an address is
//! turned over says the first bit of the cipher of a block: the address's bits before `i`, and behind them the pad's.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

/// A key, made ready.
pub(super) struct Cipher {
    aes: Aes128,
    pad: u128,
}

impl Cipher {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let (first, second) = key.split_at(16);
        let aes = Aes128::new(first.try_into().expect("a half has 16 bytes"));
        let mut pad = second.try_into().expect("a half has 16 bytes");
        aes.encrypt_block(&mut pad);
        Self { aes, pad: u128::from_be_bytes(pad.into()) }
    }

    /// Block `bit`: the first `bit` bits of `address`, then the pad's.
    fn block(&self, address: u128, bit: u32) -> u128 {
        let head = !u128::MAX.checked_shr(bit).unwrap_or(0);
        address & head | self.pad & !head
    }

    /// Which of the first `width` bits, 32 or 128, are turned over. `address` stands in the first bits.
    ///
    /// No block waits for the cipher of another one, so that they are done many at once.
    fn flips(&self, address: u128, width: u32) -> u128 {
        let mut blocks = [aes::Block::default(); 128];
        let blocks = &mut blocks[..width as usize];
        for (bit, block) in (0..).zip(blocks.iter_mut()) {
            *block = self.block(address, bit).to_be_bytes().into();
        }
        self.aes.encrypt_blocks(blocks);
        blocks.iter().fold(0, |flips, block| flips << 1 | u128::from(block[0] >> 7)) << (128 - width)
    }

    fn encrypted(&self, address: u128, width: u32) -> u128 {
        address ^ self.flips(address, width)
    }

    /// Bit by bit, as each is known only when those before it are.
    fn decrypted(&self, address: u128, width: u32) -> u128 {
        (0..width).fold(address, |plain, bit| {
            let mut block = self.block(plain, bit).to_be_bytes().into();
            self.aes.encrypt_block(&mut block);
            plain ^ u128::from(block[0] >> 7) << (127 - bit)
        })
    }

    /// The address in place of `address`.
    pub(super) fn v4(&self, address: u32, back: bool) -> u32 {
        let wide = u128::from(address) << 96;
        let other = if back { self.decrypted(wide, 32) } else { self.encrypted(wide, 32) };
        (other >> 96) as u32
    }

    /// The address in place of `address`.
    pub(super) fn v6(&self, address: u128, back: bool) -> u128 {
        if back { self.decrypted(address, 128) } else { self.encrypted(address, 128) }
    }
}

/// The key of the authors' own program.
#[cfg(test)]
pub(super) const KEY: &str = "1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202";

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_pairs() {
        let cipher = Cipher::new(&super::super::crypto_pan::key(KEY.as_bytes()).unwrap());
        for (plain, other) in [("128.11.68.132", "135.242.180.132"), ("24.5.0.80", "100.9.15.210")] {
            let (plain, other): (Ipv4Addr, Ipv4Addr) = (plain.parse().unwrap(), other.parse().unwrap());
            assert_eq!(Ipv4Addr::from_bits(cipher.v4(plain.to_bits(), false)), other);
            assert_eq!(Ipv4Addr::from_bits(cipher.v4(other.to_bits(), true)), plain);
        }
        let (plain, other): (Ipv6Addr, Ipv6Addr) =
            ("2001:db8::1".parse().unwrap(), "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e".parse().unwrap());
        assert_eq!(Ipv6Addr::from_bits(cipher.v6(plain.to_bits(), false)), other);
        assert_eq!(Ipv6Addr::from_bits(cipher.v6(other.to_bits(), true)), plain);
    }

    proptest! {
        #[test]
        fn prefixes_are_kept_to_the_bit_and_the_way_back_leads_back(key: [u8; 32], one: u32, other: u32, wide: u128, near in 0u32..128) {
            let cipher = Cipher::new(&key);
            let (a, b) = (cipher.v4(one, false), cipher.v4(other, false));
            prop_assert_eq!((a ^ b).leading_zeros(), (one ^ other).leading_zeros());
            prop_assert_eq!(cipher.v4(a, true), one);
            // An address that parts from the first one at a bit of our choice.
            let parted = wide ^ (1 << (127 - near));
            let (a, b) = (cipher.v6(wide, false), cipher.v6(parted, false));
            prop_assert_eq!((a ^ b).leading_zeros(), near);
            prop_assert_eq!(cipher.v6(a, true), wide);
        }
    }
}
