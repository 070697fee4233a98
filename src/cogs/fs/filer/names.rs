//! How files and directories of the protocol are called.
//!
//! A file is `HOST.PID.SECONDS.MICROSECONDS.DEVICE.INODE.SUFFIX`, with device and inode 0.0 as long as it is being written, a reader's
//! directory `HOST.PID.START.d`. Readers accept any name.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::error::{Error, Result};

/// The longest name (`NAME_MAX`).
const LONGEST: usize = 255;

/// The end of the name of a reader's directory.
const OWN: &[u8] = b".d";

/// The name of this host, as it may stand in a file's name.
pub(in crate::cogs::fs) fn host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| {
        let system = rustix::system::uname();
        let name = system.nodename().to_string_lossy();
        let fits = |letter: char| if letter == '/' || letter.is_control() || letter == char::REPLACEMENT_CHARACTER { '_' } else { letter };
        let name: String = name.trim_start_matches('.').chars().map(fits).collect();
        if name.is_empty() { "localhost".into() } else { name }
    })
}

/// The time in microseconds of Unix time, a later one at each call: several threads and cogs of one process share the names.
fn moment(now: SystemTime) -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
    let later = |last: u64| Some(now.max(last + 1));
    LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later).map_or(now, |last| now.max(last + 1))
}

/// A name for a reader's directory, new at each call.
pub(in crate::cogs::fs) fn directory(now: SystemTime) -> String {
    format!("{}.{}.{}.d", host(), std::process::id(), moment(now))
}

/// Whether a reader's directory is called so.
pub(in crate::cogs::fs) fn is_directory(name: &OsStr) -> bool {
    let Some(name) = name.as_bytes().strip_suffix(OWN) else { return false };
    let mut parts = name.rsplitn(3, |byte| *byte == b'.');
    let is_number = |part: Option<&[u8]>| part.is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    is_number(parts.next()) && is_number(parts.next()) && parts.next().is_some_and(|host| !host.is_empty())
}

/// A name for a file: what it is called while it is written, and what it will be.
pub(in crate::cogs::fs) struct Name {
    begin: String,
}

impl Name {
    /// One that was never used.
    pub(in crate::cogs::fs) fn new(now: SystemTime) -> Self {
        let moment = moment(now);
        Self { begin: format!("{}.{}.{}.{:06}", host(), std::process::id(), moment / 1_000_000, moment % 1_000_000) }
    }

    /// While it is written.
    pub(in crate::cogs::fs) fn temporary(&self, suffix: &str) -> String {
        self.finished(0, 0, suffix)
    }

    /// When it is whole: nothing else on this host is this file.
    pub(in crate::cogs::fs) fn finished(&self, device: u64, inode: u64, suffix: &str) -> String {
        format!("{}.{device}.{inode}.{suffix}", self.begin)
    }
}

/// The process of this host that was writing a file of that name, if it is the name of one that was not whole yet.
pub(in crate::cogs::fs) fn writer(name: &str) -> Option<i32> {
    let parts: Vec<&str> = name.strip_prefix(host())?.strip_prefix('.')?.split('.').collect();
    let [pid, seconds, micros, "0", "0", ..] = parts[..] else { return None };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (parts.len() > 5 && is_number(seconds) && micros.len() == 6 && is_number(micros)).then(|| pid.parse().ok()).flatten()
}

/// `name` with a number before its last extension, for where `name` is taken. It fits as a name.
pub(in crate::cogs::fs) fn numbered(name: &OsStr, number: u32) -> OsString {
    let bytes = name.as_bytes();
    let dot = bytes.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0).unwrap_or(bytes.len());
    let (begin, end) = bytes.split_at(dot);
    let number = format!(".{number}");
    let room = LONGEST.saturating_sub(number.len() + end.len());
    let mut all = begin[..begin.len().min(room)].to_vec();
    all.extend_from_slice(number.as_bytes());
    all.extend_from_slice(end);
    OsString::from_vec(all)
}

/// `name`, or the beginning of it, with so many bytes of room for an ending.
pub(in crate::cogs::fs) fn shortened(name: &OsStr, room: usize) -> OsString {
    let bytes = name.as_bytes();
    OsStr::from_bytes(&bytes[..bytes.len().min(LONGEST - room)]).to_owned()
}

/// Whether a name that comes from data can be a file's, which readers take.
///
/// # Errors
/// Why not.
pub(in crate::cogs::fs) fn check(name: &str) -> Result<()> {
    let wrong = if name.is_empty() {
        "is empty"
    } else if name.len() > LONGEST {
        "is longer than 255 bytes"
    } else if name.contains('/') {
        "holds a slash"
    } else if name.chars().any(char::is_control) {
        "holds a control character"
    } else if name.starts_with('.') {
        "begins with a dot, so that no reader would take it"
    } else {
        return Ok(());
    };
    Err(Error::data(format!("the file's name {wrong}"), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_given_twice_and_tell_who_wrote_them() {
        let (one, other) = (Name::new(SystemTime::UNIX_EPOCH), Name::new(SystemTime::UNIX_EPOCH));
        assert!(one.begin < other.begin);
        let pid = std::process::id();
        assert_eq!(writer(&one.temporary("idea")), Some(pid as i32));
        assert_eq!(writer(&one.finished(7, 8, "idea")), None, "it may be a reader's");
        for other in ["elsewhere.1.2.000003.0.0.idea", "x", &format!("{}.1.2.000003.0.0", host()), &format!("{}.x.2.000003.0.0.a", host())]
        {
            assert_eq!(writer(other), None, "{other}");
        }
    }

    #[test]
    fn a_readers_directory_is_known_by_its_name() {
        assert!(is_directory(directory(SystemTime::now()).as_ref()));
        assert!(is_directory("a.example.1.2.d".as_ref()));
        for other in ["a.1.d", "a.1.2", ".1.2.d", "a.x.2.d", "d", ".d"] {
            assert!(!is_directory(other.as_ref()), "{other}");
        }
    }

    #[test]
    fn a_number_stands_before_the_extension_and_the_name_still_fits() {
        let numbered = |name: &str, number| numbered(name.as_ref(), number).into_string().unwrap();
        assert_eq!(numbered("a.b.idea", 2), "a.b.2.idea");
        assert_eq!(numbered("plain", 13), "plain.13");
        assert_eq!(numbered(".hidden", 1), ".hidden.1");
        assert_eq!(numbered(&("x".repeat(250) + ".idea"), 10).len(), LONGEST);
    }

    #[test]
    fn a_name_from_data_is_one_component_that_readers_take() {
        for good in ["a", "a b.idea", "ž", "-rf", "a..b"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "../x", "a/b", "a\0b", "a\nb", ".hidden", &"x".repeat(256), "\u{7f}"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
