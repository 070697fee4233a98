//! What reading and writing syslog share: its words, the letters of its names, and `time`.

pub(super) mod time;

/// The words of syslog.conf(5), and of RFC 5424 for 12 to 15.
pub(super) const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
/// By their numbers.
pub(super) const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// The mark of UTF-8, which may stand before the text of a message of RFC 5424 and is no part of it.
pub(super) const MARK: &str = "\u{feff}";
/// A name in structured data has so many letters at most.
pub(super) const NAME: usize = 32;

/// Whether a name in structured data may have it: letters of ASCII that show, but for `=`, `]` and `"`.
pub(super) fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'=' | b']' | b'"')
}
