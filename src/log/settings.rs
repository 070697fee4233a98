//! Where lines go and which: the settings, and how a gathered section of configuration becomes them.

use std::path::PathBuf;

use super::priority::{Facility, Priority};
use crate::datum::{Datum, Map};
use crate::error::{Error, Result, nearest};

/// Where lines go, besides standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To a file.
    File,
    /// To the system's log.
    Syslog,
    /// Nowhere.
    None,
}

impl Kind {
    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "file" => Some(Self::File),
            "syslog" => Some(Self::Syslog),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

/// What [`configure`](super::configure) takes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where lines go; without it to `file` when there is one, else to syslog when detached, else nowhere.
    pub kind: Option<Kind>,
    /// The log file; made absolute when the log is configured, so that a later change of directory does not move it.
    pub file: Option<PathBuf>,
    /// Who speaks to syslog.
    pub facility: Facility,
    /// The least important priority that is written.
    pub priority: Priority,
    /// The least important priority that is also shown on standard error; ignored once detached.
    pub stderr: Option<Priority>,
    /// The program's name in each line.
    pub tag: String,
    /// Whether lines on standard error are coloured.
    pub color: bool,
    /// Whether the process is to run, or runs, without a terminal.
    pub detached: bool,
    /// Sockets where syslog may listen, tried in order.
    pub sockets: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kind: None,
            file: None,
            facility: Facility::DAEMON,
            priority: Priority::Info,
            stderr: Some(Priority::Warning),
            tag: "deadbeat".to_owned(),
            color: false,
            detached: false,
            // Linux, macOS, the BSDs.
            sockets: ["/dev/log", "/var/run/syslog", "/var/run/log"].map(PathBuf::from).to_vec(),
        }
    }
}

const KEYS: [&str; 6] = ["type", "file", "facility", "priority", "stderr", "tag"];

impl Settings {
    /// Settings from a section that `log_base_config` defines; keys may be missing. `()` means the default, but for `stderr`:
    /// never.
    ///
    /// # Errors
    /// Names the key that is unknown or has a value that cannot be used.
    pub fn from_map(map: &Map) -> Result<Self> {
        let mut settings = Self::default();
        for (key, value) in map.iter() {
            let wrong = |what: &str| Err(Error::option(format!("log.{key}"), format!("`{}` is no {what}", value.piece())));
            match (key.as_str(), value) {
                ("stderr", Datum::Unit) => settings.stderr = None,
                (name, Datum::Unit) if KEYS.contains(&name) => {}
                ("type", value) => match value.as_str().and_then(Kind::parse) {
                    Some(kind) => settings.kind = Some(kind),
                    None => return wrong("place for a log; there are `file`, `syslog`, `none`"),
                },
                ("file", Datum::Str(path)) if !path.is_empty() => settings.file = Some(PathBuf::from(path.as_str())),
                ("file", _) => return wrong("path"),
                ("facility", value) => match value.as_str().and_then(Facility::parse) {
                    Some(facility) => settings.facility = facility,
                    None => return wrong("syslog facility"),
                },
                ("priority", value) => match value.as_str().and_then(Priority::parse) {
                    Some(priority) => settings.priority = priority,
                    None => return wrong("log priority"),
                },
                ("stderr", value) => match value.as_str().and_then(Priority::parse) {
                    Some(priority) => settings.stderr = Some(priority),
                    None => return wrong("log priority"),
                },
                ("tag", Datum::Str(tag)) if !tag.is_empty() => tag.as_str().clone_into(&mut settings.tag),
                ("tag", _) => return wrong("name"),
                (name, _) => {
                    let hint = nearest(name, KEYS).map(|near| format!("did you mean `{near}`?"));
                    return Err(Error::Option { option: format!("log.{name}"), text: "there is no such option".into(), hint });
                }
            }
        }
        Ok(settings)
    }

    /// Where lines go when all is said.
    pub(super) fn place(&self) -> Kind {
        match self.kind {
            Some(kind) => kind,
            None if self.file.is_some() => Kind::File,
            None if self.detached => Kind::Syslog,
            None => Kind::None,
        }
    }

    /// The tag without letters that would end it for a reader of the line.
    pub(super) fn clean_tag(&self) -> String {
        let tag = self.tag.chars().map(|letter| if letter.is_alphanumeric() || "-_.+@".contains(letter) { letter } else { '_' });
        tag.take(64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, Datum)]) -> Map {
        entries.iter().map(|(key, value)| ((*key).into(), value.clone())).collect()
    }

    #[test]
    fn a_section_becomes_settings() {
        let section = [
            ("type", "file".into()),
            ("file", "x.log".into()),
            ("priority", "warn".into()),
            ("stderr", Datum::Unit),
            ("tag", "t t".into()),
        ];
        let settings = Settings::from_map(&map(&section)).unwrap();
        assert_eq!((settings.place(), settings.priority, settings.stderr), (Kind::File, Priority::Warning, None));
        assert_eq!((settings.clean_tag().as_str(), settings.file), ("t_t", Some("x.log".into())));
    }

    #[test]
    fn what_is_missing_or_unit_has_its_default() {
        for section in [map(&[]), map(&[("type", Datum::Unit), ("tag", Datum::Unit), ("priority", Datum::Unit)])] {
            let mut settings = Settings::from_map(&section).unwrap();
            assert_eq!((settings.place(), settings.stderr, settings.priority), (Kind::None, Some(Priority::Warning), Priority::Info));
            settings.detached = true;
            assert_eq!(settings.place(), Kind::Syslog);
        }
        assert_eq!(Settings::from_map(&map(&[("file", "x".into())])).unwrap().place(), Kind::File);
    }

    #[test]
    fn wrong_values_and_unknown_keys_are_named() {
        let error = |key, value: Datum| Settings::from_map(&map(&[(key, value)])).unwrap_err();
        assert_eq!(error("priority", "loud".into()).to_string(), "option `log.priority`: `loud` is no log priority");
        assert_eq!(error("prioritty", "info".into()).hint(), Some("did you mean `priority`?"));
        assert!(error("file", Datum::Int(1)).to_string().ends_with("is no path"));
    }
}
