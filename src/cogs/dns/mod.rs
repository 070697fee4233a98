//! Names and addresses: cogs that ask name servers. Present with the feature `dns`.

mod asking;
pub mod ip_to_ptr;
pub mod name_to_ip;
#[cfg(test)]
#[path = "../../../tests/rig/dns.rs"]
mod rig_dns;
pub mod txt_lookup;
