//! What goes by HTTP: cogs that ask servers, and one that is asked. Present with the feature `http`.
//!
//! `manager` is how requests are made, `fetch` makes one on the helper thread, `tls` and `names` are what connections need, `fault`
//! is why one came to nothing, `patience` when it is tried again, `wording` what headers and bodies say, `request` one that a script
//! makes by itself.

mod fault;
mod fetch;
pub mod http_drain;
pub mod http_server_supply;
pub mod http_supply;
pub mod manager;
mod names;
mod patience;
pub mod request;
mod tls;
mod wording;
