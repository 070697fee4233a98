//! The hosts file, hosts(5), by address or by name: what needs no question.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{fs, io};

use super::cache::Found;
use super::names;
use crate::cog::{Args, Lit, Param, Ty};
use crate::datum::{Datum, Text};
use crate::error::{Error, Result};
use crate::start;

/// Where the system has its own.
const SYSTEM: &str = "/etc/hosts";

/// The option that says which file to read.
pub(in crate::cogs::dns) const HOSTS_FILE: Param = Param::new("hosts_file", Ty::Either(&[Ty::Str, Ty::Unit]))
    .default(Lit::Str("system"))
    .about("a file of addresses and names that is looked into first: \"system\" for /etc/hosts, a path, or () for none");

/// Which file to read.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cogs::dns) enum Source {
    /// None.
    None,
    /// The system's, if it has one.
    System,
    /// This one, which must be there.
    File(PathBuf),
}

impl Source {
    /// What the option `hosts_file` says.
    pub(in crate::cogs::dns) fn given(args: &Args) -> Result<Self> {
        Self::of(&args.datum("hosts_file"))
    }

    fn of(option: &Datum) -> Result<Self> {
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

/// What the file has, by what is asked about.
#[derive(Debug)]
pub(in crate::cogs::dns) struct Hosts<K>(HashMap<K, Found>);

impl<K> Default for Hosts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Hosts<K> {
    /// Reads the file; `entry` makes a key, and what is known about it, of each address with each of its names.
    ///
    /// # Errors
    /// A file that cannot be read; that the system has none is no error.
    pub(in crate::cogs::dns) fn read(source: &Source, entry: fn(IpAddr, String) -> (K, String)) -> Result<Self> {
        let path = match source {
            Source::None => return Ok(Self::default()),
            Source::System => Path::new(SYSTEM),
            Source::File(path) => path,
        };
        match fs::read(start::path(path)) {
            Ok(bytes) => Ok(Self::parse(&bytes, entry)),
            Err(error) if *source == Source::System && error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::os("read", path, error)),
        }
    }

    /// Lines `ADDRESS NAME [ALIAS…] [# comment]`; lines of another form are passed over, as the system's own resolver does.
    fn parse(bytes: &[u8], entry: fn(IpAddr, String) -> (K, String)) -> Self {
        let mut found: HashMap<K, Vec<Text>> = HashMap::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let Some(address) = words.next().and_then(|word| str::from_utf8(word).ok()?.parse::<IpAddr>().ok()) else { continue };
            let names = words.map(|word| names::shown(word.split(|byte| *byte == b'.'))).filter(|name| !name.is_empty());
            for (key, one) in names.map(|name| entry(address.to_canonical(), name)) {
                found.entry(key).or_default().push(one.into());
            }
        }
        Self(found.into_iter().map(|(key, known)| (key, known.into())).collect())
    }

    pub(in crate::cogs::dns) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<Found>
    where
        K: Borrow<Q>,
    {
        self.0.get(key).map(Rc::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hosts: &Hosts<IpAddr>, address: &str) -> Vec<String> {
        hosts.get(&address.parse::<IpAddr>().unwrap()).map(|names| names.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    fn by_name(address: IpAddr, name: String) -> (String, String) {
        (name, address.to_string())
    }

    #[test]
    fn addresses_of_a_name_in_all_lines() {
        let hosts = Hosts::parse(b"192.0.2.1 one two\n2001:db8::1 one\n", by_name);
        let of = |name: &str| hosts.get(name).map(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(of("one").unwrap(), ["192.0.2.1", "2001:db8::1"]);
        assert_eq!(of("two").unwrap(), ["192.0.2.1"]);
        assert_eq!(of("three"), None);
    }

    #[test]
    fn names_and_aliases_of_all_lines_about_an_address() {
        let hosts = Hosts::parse(
            b"# comment\n192.0.2.1\tone.example one # more\r\n\n::1 six\n192.0.2.1 again.example.\nnonsense x\n192.0.2.2\n192.0.2.3 a\xffb\n",
            |address, name| (address, name),
        );
        assert_eq!(of(&hosts, "192.0.2.1"), ["one.example", "one", "again.example"]);
        assert_eq!(of(&hosts, "::1"), ["six"]);
        assert!(of(&hosts, "192.0.2.2").is_empty());
        assert_eq!(of(&hosts, "192.0.2.3"), ["a\\255b"]);
    }

    #[test]
    fn a_file_that_was_asked_for_must_be_there() {
        let error = Hosts::read(&Source::File("/nonexistent/hosts".into()), by_name).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/hosts"), "{error}");
        assert!(Hosts::read(&Source::None, by_name).is_ok() && Hosts::read(&Source::System, by_name).is_ok());
    }

    #[test]
    fn the_option_is_a_word_a_path_or_nothing() {
        assert_eq!(Source::of(&Datum::Unit).unwrap(), Source::None);
        assert_eq!(Source::of(&"system".into()).unwrap(), Source::System);
        assert_eq!(Source::of(&"x/hosts".into()).unwrap(), Source::File("x/hosts".into()));
        assert!(Source::of(&Datum::Int(3)).is_err());
    }
}
