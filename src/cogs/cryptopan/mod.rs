//! Crypto-PAn: addresses replaced by others, so that those of one network stay in one network.

mod cache;
mod cipher;

pub mod crypto_pan;
