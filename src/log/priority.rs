//! Priorities and facilities: the words and numbers of RFC 5424, section 6.2.1.

use std::fmt;

/// How much a line matters; the smaller, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Priority {
    /// The system is unusable.
    Emerg,
    /// Somebody must act at once.
    Alert,
    /// A critical condition.
    Crit,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// Normal, but worth knowing.
    Notice,
    /// What happens.
    Info,
    /// For who looks for a fault.
    Debug,
}

impl Priority {
    /// All of them, the gravest first.
    pub const ALL: [Self; 8] = [Self::Emerg, Self::Alert, Self::Crit, Self::Error, Self::Warning, Self::Notice, Self::Info, Self::Debug];

    /// Reads a word in any case; `err`, `warn`, `critical`, `emergency` and `dbg` are understood too.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase();
        Some(match word.as_str() {
            "err" => Self::Error,
            "warn" => Self::Warning,
            "critical" => Self::Crit,
            "emergency" => Self::Emerg,
            "dbg" => Self::Debug,
            _ => return Self::ALL.into_iter().find(|priority| priority.word() == word),
        })
    }

    /// Its word, in lower case.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Emerg => "emerg",
            Self::Alert => "alert",
            Self::Crit => "crit",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }

    /// Its word as the log file shows it.
    pub const fn upper(self) -> &'static str {
        match self {
            Self::Emerg => "EMERG",
            Self::Alert => "ALERT",
            Self::Crit => "CRIT",
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
            Self::Notice => "NOTICE",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
    }

    /// The start of a terminal's colour for it (ECMA-48), empty where it needs none.
    pub(super) const fn colour(self) -> &'static str {
        match self {
            Self::Emerg | Self::Alert | Self::Crit | Self::Error => "\x1b[1;31m",
            Self::Warning => "\x1b[1;33m",
            Self::Notice => "\x1b[1;36m",
            Self::Info => "",
            Self::Debug => "\x1b[2m",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Which part of the system speaks to syslog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(u8);

/// The words, each at the place of its number.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

impl Facility {
    /// A background process.
    pub const DAEMON: Self = Self(3);

    /// Reads a word in any case.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase();
        FACILITIES.iter().position(|known| *known == word).map(|code| Self(code as u8))
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        FACILITIES[usize::from(self.0)]
    }

    /// All words.
    pub fn words() -> impl Iterator<Item = &'static str> {
        FACILITIES.into_iter()
    }

    /// The number a syslog line begins with.
    pub(super) fn code(self, priority: Priority) -> u8 {
        self.0 * 8 + priority as u8
    }
}

impl fmt::Display for Facility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case_and_with_their_aliases() {
        for priority in Priority::ALL {
            assert_eq!(Priority::parse(priority.word()), Some(priority));
            assert_eq!(Priority::parse(priority.upper()), Some(priority));
        }
        assert_eq!(Priority::parse("warn"), Some(Priority::Warning));
        assert_eq!(Priority::parse("err"), Some(Priority::Error));
        assert_eq!(Priority::parse("loud"), None);
        assert!(Priority::Emerg < Priority::Debug);
    }

    #[test]
    fn facilities_have_the_numbers_of_rfc_5424() {
        assert_eq!(Facility::parse("daemon"), Some(Facility::DAEMON));
        assert_eq!(Facility::parse("LOCAL7").map(|f| f.code(Priority::Debug)), Some(191));
        assert_eq!(Facility::parse("kern").map(|f| f.code(Priority::Emerg)), Some(0));
        assert_eq!(Facility::parse("local8"), None);
    }
}
