//! What the file of a message is called: a unique part that stays, and behind a separator the flags that come and go
//! (<https://cr.yp.to/proto/maildir.html>).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Seen: the user has read it.
pub(super) const SEEN: u8 = b'S';
/// Flagged: the user has marked it for some reason.
pub(super) const FLAGGED: u8 = b'F';
/// Trashed: it is to be deleted.
pub(super) const TRASHED: u8 = b'T';

/// The name of a message's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// What no other message of the folder has.
    pub(super) unique: OsString,
    /// What stands before the flags, where there are any: `:`, or what is used on file systems that have no such letter.
    separator: Option<u8>,
    /// In the order in which they stand there.
    flags: Vec<u8>,
}

impl Name {
    /// From what the file is called.
    pub(super) fn of(file: &OsStr) -> Self {
        let bytes = file.as_bytes();
        let info = bytes.windows(3).rposition(|three| matches!(three, [b':' | b';' | b'!', b'2', b',']));
        match info {
            Some(at) => Self { unique: os(&bytes[..at]), separator: Some(bytes[at]), flags: bytes[at + 3..].to_vec() },
            None => Self { unique: file.to_owned(), separator: None, flags: Vec::new() },
        }
    }

    /// What the file is called.
    pub(super) fn file(&self) -> OsString {
        let mut file = self.unique.as_bytes().to_vec();
        if let Some(separator) = self.separator {
            file.extend([separator, b'2', b',']);
            file.extend(&self.flags);
        }
        OsString::from_vec(file)
    }

    /// With a place for flags, as in `cur`.
    pub(super) fn with_info(mut self) -> Self {
        self.separator.get_or_insert(b':');
        self
    }

    /// With that flag too; all stand in the order of ASCII then, each once.
    pub(super) fn with(&self, flag: u8) -> Self {
        let mut name = self.clone().with_info();
        name.flags.push(flag);
        name.flags.sort_unstable();
        name.flags.dedup();
        name
    }

    /// Without that flag.
    pub(super) fn without(mut self, flag: u8) -> Self {
        self.flags.retain(|other| *other != flag);
        self
    }

    /// Another message's, with the same flags.
    pub(super) fn renamed(&self, unique: &str) -> Self {
        Self { unique: unique.into(), ..self.clone() }
    }

    /// Whether it has that flag.
    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags.contains(&flag)
    }
}

/// Whether a name in a folder's directory is a message's: others begin with a dot.
pub(super) fn is_message(file: &OsStr) -> bool {
    !file.as_bytes().starts_with(b".")
}

fn os(bytes: &[u8]) -> OsString {
    OsStr::from_bytes(bytes).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(file: &str) -> Name {
        let name = Name::of(OsStr::new(file));
        assert_eq!(name.file(), OsStr::new(file));
        name
    }

    #[test]
    fn a_name_is_taken_apart_and_put_together_again() {
        for separator in [':', ';', '!'] {
            let name = name(&format!("1.M2P3.host,S=4{separator}2,FR"));
            assert_eq!((name.unique.to_str(), name.has(b'F'), name.has(SEEN)), (Some("1.M2P3.host,S=4"), true, false));
        }
        assert_eq!(name("1.M2P3.host").unique, "1.M2P3.host");
        assert_eq!(name("1.M2P3.host:2,").unique, "1.M2P3.host");
        // Of a meaning that nobody has settled: part of the name.
        assert_eq!(name("1.host:1,x").unique, "1.host:1,x");
    }

    #[test]
    fn a_flag_is_added_in_its_place_and_others_stay() {
        let with = |file: &str, flag| name(file).with(flag).file();
        assert_eq!(with("1.host", SEEN), "1.host:2,S");
        assert_eq!(with("1.host:2,FRa", SEEN), "1.host:2,FRSa");
        assert_eq!(with("1.host;2,TFF", FLAGGED), "1.host;2,FT");
        assert_eq!(name("1.host:2,FS").without(SEEN).file(), "1.host:2,F");
        assert_eq!(name("1.host").with_info().file(), "1.host:2,");
    }
}
