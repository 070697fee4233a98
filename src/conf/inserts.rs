//! Ready sections that modules offer: a fresh copy at each call, to stand in a script's definition.
//!
//! The gathered section is handed over whole, as in `log::configure(cfg.log)`.

use super::cast;
use super::definition::{Entry, Item};
use crate::datum::Datum;

/// An insert that scripts know as a function of a module: module, name, maker.
pub type Insert = (&'static str, &'static str, fn() -> Vec<Entry>);

/// All inserts of this room.
pub const INSERTS: [Insert; 4] = [
    ("conf", "cfg_base_config", cfg_base_config),
    ("log", "log_base_config", log_base_config),
    ("daemon", "daemon_base_config", daemon_base_config),
    ("dns", "dns_base_config", dns_base_config),
];

/// Further configuration files, for a section that must be called `config`.
pub fn cfg_base_config() -> Vec<Entry> {
    vec![Item::with("filenames", cast::path_list(), "Further configuration files; later ones win", Datum::List(Vec::new())).into()]
}

/// For `log::configure`.
pub fn log_base_config() -> Vec<Entry> {
    let kinds = cast::choice(["file", "syslog", "none"].map(String::from).to_vec());
    vec![
        Item::with("type", kinds, "Where the log goes; by default to `file` if given, else when detached to syslog", Datum::Unit).into(),
        Item::with("file", cast::path(), "Log file, appended to", Datum::Unit).into(),
        Item::with("facility", cast::facility(), "Facility for syslog", "daemon").into(),
        Item::with("priority", cast::priority(), "Least important priority that is logged", "info").into(),
        Item::with("stderr", cast::priority_or_never(), "Least important priority also shown on standard error", "warning").into(),
        Item::with("tag", cast::string(), "Name of the program in the log", Datum::Unit).into(),
    ]
}

/// For `daemon::detach`.
pub fn daemon_base_config() -> Vec<Entry> {
    vec![
        Item::with("detach", cast::boolean(), "Leave the terminal and run in the background", false).into(),
        Item::with("work_dir", cast::path(), "Directory to work in; by default `/` when detached", Datum::Unit).into(),
        Item::with("chroot_dir", cast::path(), "Directory to be confined to", Datum::Unit).into(),
        Item::with("umask", cast::umask(), "Permissions that new files do not get", "022").into(),
        Item::with("pid_file", cast::path(), "File that holds the process number and is locked while running", Datum::Unit).into(),
        Item::with("uid", cast::user(), "User to run as, name or number", Datum::Unit).into(),
        Item::with("gid", cast::user(), "Group to run as, name or number", Datum::Unit).into(),
    ]
}

/// For `dns::ip_to_ptr`, `dns::name_to_ip` and `dns::txt_lookup`.
pub fn dns_base_config() -> Vec<Entry> {
    vec![
        Item::with("resolvers", cast::list(), "Name servers, ADDR or ADDR:PORT; by default those of the system", Datum::Unit).into(),
        Item::with("timeout", cast::duration(), "How long one attempt may take", "1s").into(),
        Item::with("attempts", cast::int(), "How often to ask", 4).into(),
        Item::with("max_pending", cast::int(), "Questions that may be open at once", 256).into(),
        Item::with("cache_size", cast::int(), "Answers that are remembered", 10_000).into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::definition::Definition;
    use super::*;

    #[test]
    fn every_insert_is_sound_and_its_defaults_fit_their_casts() {
        for (module, name, make) in INSERTS {
            let entries = make();
            let definition = Definition::new(&entries, None).unwrap_or_else(|bad| panic!("{module}::{name}: {bad:?}"));
            for option in &definition.options {
                let default = option.item.default.clone().unwrap_or_default();
                assert!(default == Datum::Unit || option.item.cast.run(&default).is_ok(), "{name}: {}", option.dotted);
            }
        }
    }
}
