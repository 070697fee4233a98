//! Names and addresses: cogs that ask name servers. Present with the feature `dns`.

pub mod ip_to_ptr;
