//! Names and addresses: cogs that ask name servers. Present with the feature `dns`.

mod asking;
pub mod ip_to_ptr;
#[cfg(test)]
#[path = "../../../tests/rig/dns.rs"]
mod rig_dns;
