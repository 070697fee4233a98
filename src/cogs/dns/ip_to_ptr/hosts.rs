//! The hosts file, hosts(5), by address: what needs no question.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{fs, io};

use super::cache::Names;
use super::names;
use crate::datum::{Datum, Text};
use crate::error::{Error, Result};
use crate::start;

/// Where the system has its own.
const SYSTEM: &str = "/etc/hosts";

/// Which file to read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    /// None.
    None,
    /// The system's, if it has one.
    System,
    /// This one, which must be there.
    File(PathBuf),
}

impl Source {
    /// What the option `hosts_file` says.
    pub(super) fn of(option: &Datum) -> Result<Self> {
        match option {
            Datum::Unit => Ok(Self::None),
            Datum::Str(text) if text.as_str() == "system" => Ok(Self::System),
            Datum::Str(text) if !text.is_empty() => Ok(Self::File(text.as_str().into())),
            other => Err(Error::Option {
                option: "hosts_file".into(),
                text: format!("takes \"system\", a path or (), but is given {}", other.kind()),
                hint: None,
            }),
        }
    }
}

/// All names of each address that the file has.
#[derive(Debug, Default)]
pub(super) struct Hosts(HashMap<IpAddr, Names>);

impl Hosts {
    /// # Errors
    /// A file that cannot be read; that the system has none is no error.
    pub(super) fn read(source: &Source) -> Result<Self> {
        let path = match source {
            Source::None => return Ok(Self::default()),
            Source::System => Path::new(SYSTEM),
            Source::File(path) => path,
        };
        match fs::read(start::path(path)) {
            Ok(bytes) => Ok(Self::parse(&bytes)),
            Err(error) if *source == Source::System && error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::os("read", path, error)),
        }
    }

    /// Lines `ADDRESS NAME [ALIAS…] [# comment]`; lines of another form are passed over, as the system's own resolver does.
    fn parse(bytes: &[u8]) -> Self {
        let mut found: HashMap<IpAddr, Vec<String>> = HashMap::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let Some(address) = words.next().and_then(|word| str::from_utf8(word).ok()?.parse::<IpAddr>().ok()) else { continue };
            let known = found.entry(address.to_canonical()).or_default();
            known.extend(words.map(|word| names::shown(word.split(|byte| *byte == b'.'))).filter(|name| !name.is_empty()));
        }
        let each = found.into_iter().filter(|(_, names)| !names.is_empty());
        Self(each.map(|(address, names)| (address, names.into_iter().map(Text::from).collect())).collect())
    }

    pub(super) fn get(&self, address: IpAddr) -> Option<Names> {
        self.0.get(&address).map(Rc::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hosts: &Hosts, address: &str) -> Vec<String> {
        hosts.get(address.parse().unwrap()).map(|names| names.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    #[test]
    fn names_and_aliases_of_all_lines_about_an_address() {
        let hosts = Hosts::parse(
            b"# comment\n192.0.2.1\tone.example one # more\r\n\n::1 six\n192.0.2.1 again.example.\nnonsense x\n192.0.2.2\n192.0.2.3 a\xffb\n",
        );
        assert_eq!(of(&hosts, "192.0.2.1"), ["one.example", "one", "again.example"]);
        assert_eq!(of(&hosts, "::1"), ["six"]);
        assert!(of(&hosts, "192.0.2.2").is_empty());
        assert_eq!(of(&hosts, "192.0.2.3"), ["a\\255b"]);
    }

    #[test]
    fn a_file_that_was_asked_for_must_be_there() {
        let error = Hosts::read(&Source::File("/nonexistent/hosts".into())).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/hosts"), "{error}");
        assert!(Hosts::read(&Source::None).is_ok() && Hosts::read(&Source::System).is_ok());
    }

    #[test]
    fn the_option_is_a_word_a_path_or_nothing() {
        assert_eq!(Source::of(&Datum::Unit).unwrap(), Source::None);
        assert_eq!(Source::of(&"system".into()).unwrap(), Source::System);
        assert_eq!(Source::of(&"x/hosts".into()).unwrap(), Source::File("x/hosts".into()));
        assert!(Source::of(&Datum::Int(3)).is_err());
    }
}
