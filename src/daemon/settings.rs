//! What `daemon::detach` is given.

use std::path::PathBuf;

use crate::datum::{Datum, Map};
use crate::error::{Error, Result, nearest};

/// A user or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// By number.
    Number(u32),
    /// By name, looked up when the service begins.
    Name(String),
}

/// How a script is to run as a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// It leaves the terminal and runs in the background.
    pub detach: bool,
    /// Where it works; without it `/` when it detaches, else where it was started.
    pub work_dir: Option<PathBuf>,
    /// The directory that is its root.
    pub chroot_dir: Option<PathBuf>,
    /// Permissions that new files do not get, where who makes them says nothing else.
    pub umask: Option<u32>,
    /// The file that holds its number and is locked as long as it runs.
    pub pid_file: Option<PathBuf>,
    /// As whom it runs.
    pub uid: Option<Who>,
    /// With which group; without it the user's own.
    pub gid: Option<Who>,
}

const KEYS: [&str; 7] = ["detach", "work_dir", "chroot_dir", "umask", "pid_file", "uid", "gid"];

impl Settings {
    /// Settings from a section that `daemon_base_config` defines; keys may be missing, and `()` means the default.
    ///
    /// # Errors
    /// Names the key that is unknown or has a value that cannot be used.
    pub fn from_map(map: &Map) -> Result<Self> {
        let mut settings = Self::default();
        for (key, value) in map.iter() {
            let name = key.as_str();
            let wrong = |what: &str| Error::option(format!("daemon.{name}"), format!("`{}` is no {what}", value.piece()));
            let path = || match value {
                Datum::Str(path) if !path.is_empty() => Ok(Some(PathBuf::from(path.as_str()))),
                _ => Err(wrong("path")),
            };
            let who = || match value {
                Datum::Str(text) if !text.is_empty() => Ok(text.parse().map_or_else(|_| Who::Name(text.to_string()), Who::Number)),
                Datum::Int(number) => u32::try_from(*number).map(Who::Number).map_err(|_| wrong("user or group")),
                _ => Err(wrong("user or group")),
            };
            match name {
                _ if !KEYS.contains(&name) => {
                    let hint = nearest(name, KEYS).map(|near| format!("did you mean `{near}`?"));
                    return Err(Error::Option { option: format!("daemon.{name}"), text: "there is no such option".into(), hint });
                }
                _ if *value == Datum::Unit => {}
                "detach" => settings.detach = value.as_bool().ok_or_else(|| wrong("yes or no"))?,
                "work_dir" => settings.work_dir = path()?,
                "chroot_dir" => settings.chroot_dir = path()?,
                "pid_file" => settings.pid_file = path()?,
                "uid" => settings.uid = Some(who()?),
                "gid" => settings.gid = Some(who()?),
                _ => {
                    let mask = value.as_str().and_then(|text| u32::from_str_radix(text, 8).ok()).filter(|mask| *mask <= 0o777);
                    settings.umask = Some(mask.ok_or_else(|| wrong("mask in octal, such as \"022\""))?);
                }
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(entries: &[(&str, Datum)]) -> Result<Settings> {
        Settings::from_map(&entries.iter().map(|(key, value)| ((*key).into(), value.clone())).collect())
    }

    #[test]
    fn a_section_becomes_settings() {
        let settings = of(&[
            ("detach", Datum::Bool(true)),
            ("work_dir", "/srv".into()),
            ("chroot_dir", Datum::Unit),
            ("umask", "027".into()),
            ("pid_file", "x.pid".into()),
            ("uid", "nobody".into()),
            ("gid", Datum::Int(65534)),
        ]);
        let wanted = Settings {
            detach: true,
            work_dir: Some("/srv".into()),
            chroot_dir: None,
            umask: Some(0o027),
            pid_file: Some("x.pid".into()),
            uid: Some(Who::Name("nobody".into())),
            gid: Some(Who::Number(65534)),
        };
        assert_eq!(settings.unwrap(), wanted);
        assert_eq!(of(&[]).unwrap(), Settings::default());
    }

    #[test]
    fn wrong_values_and_unknown_keys_are_named() {
        assert_eq!(of(&[("pidfile", "x".into())]).unwrap_err().hint(), Some("did you mean `pid_file`?"));
        assert_eq!(
            of(&[("umask", Datum::Int(22))]).unwrap_err().to_string(),
            "option `daemon.umask`: `22` is no mask in octal, such as \"022\""
        );
        assert_eq!(of(&[("uid", Datum::Int(-1))]).unwrap_err().to_string(), "option `daemon.uid`: `-1` is no user or group");
        assert!(of(&[("work_dir", "".into())]).is_err() && of(&[("detach", "yes".into())]).is_err());
    }
}
