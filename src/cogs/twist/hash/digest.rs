//! Hashes under a key, or without: HMAC-SHA-256, BLAKE3, SipHash-2-4.

use std::hash::Hasher as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use siphasher::sip::SipHasher24;

use crate::error::{Error, Result};

/// What sets the keys that are derived here apart from all others.
const CONTEXT: &str = "deadbeat twist::hash key";

/// A function that has taken in its key.
pub(super) enum Keyed {
    Sha256(Sha256),
    Hmac(Hmac<Sha256>),
    Blake3(Box<blake3::Hasher>),
    SipHash(SipHasher24),
}

/// How many hexadecimal digits an algorithm gives.
pub(super) fn digits(algorithm: &str) -> usize {
    if algorithm == "siphash" { 16 } else { 64 }
}

impl Keyed {
    /// The algorithm of that name under a key.
    pub(super) fn new(algorithm: &str, key: &[u8]) -> Result<Self> {
        match algorithm {
            "blake3" => {
                let key = key.try_into().unwrap_or_else(|_| blake3::derive_key(CONTEXT, key));
                Ok(Self::Blake3(Box::new(blake3::Hasher::new_keyed(&key))))
            }
            "siphash" => {
                let key = key
                    .try_into()
                    .map_err(|_| Error::option("key", format!("has 16 bytes for \"siphash\", but {} were given", key.len())))?;
                Ok(Self::SipHash(SipHasher24::new_with_key(key)))
            }
            _ => Ok(Self::Hmac(Hmac::new_from_slice(key).map_err(|error| Error::option("key", error.to_string()))?)),
        }
    }

    /// The algorithm of that name without a key.
    pub(super) fn plain(algorithm: &str) -> Result<Self> {
        match algorithm {
            "blake3" => Ok(Self::Blake3(Box::default())),
            "siphash" => Err(Error::option("plain", "means without a key, which \"siphash\" needs")),
            _ => Ok(Self::Sha256(Sha256::new())),
        }
    }

    /// The first `length` digits of the hash of `bytes`. Those of `SipHash` are its bytes in the order in which its authors write them.
    pub(super) fn digits(&self, bytes: &[u8], length: usize) -> String {
        match self {
            Self::Sha256(state) => hex(&state.clone().chain_update(bytes).finalize(), length),
            Self::Hmac(state) => hex(&state.clone().chain_update(bytes).finalize().into_bytes(), length),
            Self::Blake3(state) => hex(state.clone().update(bytes).finalize().as_bytes(), length),
            Self::SipHash(state) => {
                let mut state = *state;
                state.write(bytes);
                hex(&state.finish().to_le_bytes(), length)
            }
        }
    }
}

fn hex(bytes: &[u8], length: usize) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(algorithm: &str, key: Option<&[u8]>, bytes: &[u8]) -> String {
        let keyed = key.map_or_else(|| Keyed::plain(algorithm), |key| Keyed::new(algorithm, key));
        keyed.unwrap().digits(bytes, digits(algorithm))
    }

    #[test]
    fn sha_256_as_the_standards_say() {
        // FIPS 180-4; RFC 4231: test cases 1, 2, 3, 4, 6, 7.
        let long = b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.";
        let count: Vec<u8> = (1..=25).collect();
        for (key, text, wanted) in [
            (None, &b"abc"[..], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (Some(&[0x0b; 20][..]), b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (Some(b"Jefe"), b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (Some(&[0xaa; 20]), &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (Some(&count), &[0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
            (
                Some(&[0xaa; 131]),
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (Some(&[0xaa; 131]), long, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        ] {
            assert_eq!(hashed("sha256", key, text), wanted);
        }
    }

    #[test]
    fn blake3_as_its_authors_publish_it() {
        // test_vectors.json of BLAKE3: the input is 0, 1, ... 250, 0, ...; the key is this text.
        let key = b"whats the Elvish word for friend";
        let input: Vec<u8> = (0..=250).cycle().take(1025).collect();
        for (length, plain, keyed) in [
            (
                0,
                "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26",
            ),
            (
                1,
                "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
                "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b",
            ),
            (
                1025,
                "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
                "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69",
            ),
        ] {
            assert_eq!(hashed("blake3", None, &input[..length]), plain, "{length}");
            assert_eq!(hashed("blake3", Some(key), &input[..length]), keyed, "{length}");
        }
        let derived = blake3::derive_key(CONTEXT, b"pepper");
        assert_eq!(hashed("blake3", Some(b"pepper"), b"ada"), hashed("blake3", Some(&derived), b"ada"));
    }

    #[test]
    fn siphash_as_its_authors_publish_it() {
        // The paper's appendix A, and vectors.h of the reference: message and key are 0, 1, 2, ...
        let bytes: Vec<u8> = (0..64).collect();
        for (length, wanted) in [(0, "310e0edd47db6f72"), (1, "fd67dc93c539f874"), (15, "e545be4961ca29a1"), (63, "724506eb4c328a95")] {
            assert_eq!(hashed("siphash", Some(&bytes[..16]), &bytes[..length]), wanted, "{length}");
        }
    }
}
