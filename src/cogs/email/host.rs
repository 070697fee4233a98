//! Names for messages that nobody else makes: the time, the process, a counter, the host.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The number of the next one of this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A name that no other call in the world gives, as long as the clock goes forward: seconds, a dot, microseconds, process and number
/// in it, some random digits, a dot, the host.
pub(super) fn unique(now: SystemTime) -> String {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let (pid, random) = (std::process::id(), uuid::Uuid::new_v4().as_u128() as u32);
    format!("{}.M{:06}P{pid}Q{number}R{random:08x}.{}", since.as_secs(), since.subsec_micros(), host())
}

/// The process of this host that made a name by [`unique`].
pub(super) fn process_of(name: &str) -> Option<u32> {
    let (seconds, rest) = name.split_once(".M")?;
    let (inner, host_of) = rest.split_once('.')?;
    let (microseconds, rest) = inner.split_once('P')?;
    let (pid, rest) = rest.split_once('Q')?;
    let (number, random) = rest.split_once('R')?;
    let digits = [seconds, microseconds, number].iter().all(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    let ours = digits && random.len() == 8 && random.bytes().all(|digit| digit.is_ascii_hexdigit()) && host_of == host();
    pid.parse().ok().filter(|_| ours)
}

/// This host's name, as it may stand in a message's name.
fn host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| {
        let name = rustix::system::uname();
        clean(&OsString::from(std::ffi::OsStr::from_bytes(name.nodename().to_bytes())).to_string_lossy())
    })
}

/// `/` and `:` mean something in the names of messages.
fn clean(host: &str) -> String {
    let name = host.replace('/', "\\057").replace(':', "\\072");
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(128).collect();
    if name.is_empty() { "localhost".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_parts_in_their_order_and_is_never_given_twice() {
        let at = UNIX_EPOCH + std::time::Duration::from_micros(1_700_000_000_000_042);
        let (one, two) = (unique(at), unique(at));
        assert!(one.starts_with(&format!("1700000000.M000042P{}Q", std::process::id())), "{one}");
        assert_eq!(process_of(&one), Some(std::process::id()));
        assert_eq!(process_of(&one.replace(host(), "elsewhere")), None);
        assert_eq!(process_of("1700000000.M42P7.host"), None);
        assert!(one.ends_with(host()) && one != two && !one.contains(['/', ':']), "{one} {two}");
    }

    #[test]
    fn what_means_something_in_a_name_is_written_otherwise() {
        assert_eq!(clean("a/b:c"), "a\\057b\\072c");
        assert_eq!(clean("\n"), "localhost");
    }
}
