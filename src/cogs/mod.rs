//! The cogs: one family a folder, one cog a file, and the one table that lists them.
//!
//! Each knows `cog`, `getset` and `datum`; never the train, the script, or another cog's file.

pub mod cryptopan;
#[cfg(feature = "dns")]
pub mod dns;
pub mod email;
pub mod fs;
#[cfg(feature = "http")]
pub mod http;
pub mod ip;
pub mod log;
pub mod movement;
pub mod process;
pub mod socket;
pub mod text;
pub mod twist;

use crate::cog::{CogSpec, OptionGroup};

/// Every cog, by family. Constructors, option checks, help and reference are derived from this table.
pub static COGS: &[&CogSpec] = &[
    &fs::file_watcher_supply::SPEC,
    &fs::file_supply::SPEC,
    &fs::stdin_supply::SPEC,
    &fs::line_file_drain::SPEC,
    &fs::stdout_drain::SPEC,
    &fs::filer_supply::SPEC,
    &fs::filer_drain::SPEC,
    &email::maildir_supply::SPEC,
    &email::maildir_drain::SPEC,
    &email::email_parse::SPEC,
    &socket::socket_supply::SPEC,
    &socket::socket_drain::SPEC,
    &text::csv_parse::SPEC,
    &text::csv_marshall::SPEC,
    &text::json_parse::SPEC,
    &text::json_marshall::SPEC,
    &text::jinja_marshall::SPEC,
    &text::regexp_lexicon::SPEC,
    &text::linear_regexp_lexicon::SPEC,
    &text::syslog_parse::SPEC,
    &text::syslog_marshall::SPEC,
    &text::key_value_parse::SPEC,
    &text::key_value_marshall::SPEC,
    &text::line_marshall::SPEC,
    &text::const_lexicon::SPEC,
    #[cfg(feature = "dns")]
    &dns::ip_to_ptr::SPEC,
    #[cfg(feature = "dns")]
    &dns::name_to_ip::SPEC,
    #[cfg(feature = "dns")]
    &dns::txt_lookup::SPEC,
    &process::exec::SPEC,
    &log::drain::SPEC,
    #[cfg(feature = "http")]
    &http::http_supply::SPEC,
    #[cfg(feature = "http")]
    &http::http_server_supply::SPEC,
    #[cfg(feature = "http")]
    &http::http_drain::SPEC,
    &twist::map::SPEC,
    &twist::filter::SPEC,
    &twist::flat_map::SPEC,
    &twist::route::SPEC,
    &twist::set_items::SPEC,
    &twist::rename::SPEC,
    &twist::keep::SPEC,
    &twist::delete::SPEC,
    &twist::flatten::SPEC,
    &twist::cast::SPEC,
    &twist::normalize::SPEC,
    &twist::hash::SPEC,
    &twist::redact::SPEC,
    &twist::time_parse::SPEC,
    &twist::time_format::SPEC,
    &twist::unwind::SPEC,
    &twist::sample::SPEC,
    &twist::batch::SPEC,
    &twist::window_context_mgr::SPEC,
    &twist::dedup::SPEC,
    &twist::merge::SPEC,
    &twist::throttle::SPEC,
    &twist::aggregate::SPEC,
    &ip::filter_base::SPEC,
    &ip::ip_filter::SPEC,
    &ip::net_lexicon::SPEC,
    &ip::geoip::SPEC,
    &ip::anonymise::SPEC,
    &ip::idea_anonymise::SPEC,
    &cryptopan::crypto_pan::SPEC,
    &movement::tick_supply::SPEC,
    &movement::queue::SPEC,
    &movement::null_drain::SPEC,
    &movement::collect_drain::SPEC,
];

/// Maps of options that have a constructor of their own, for options of cogs.
pub static GROUPS: &[&OptionGroup] = &[
    #[cfg(feature = "http")]
    &http::manager::OPTIONS,
];
