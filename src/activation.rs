//! Sockets that the service manager has opened for us (`sd_listen_fds(3)`): descriptors from 3 on, `LISTEN_FDS` of them, meant for the
//! process `LISTEN_PID`, with names in `LISTEN_FDNAMES`. Also what keeps descriptors from programs that we start.

use std::env;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Mutex;

use crate::error::{Error, Result};

/// The first of them.
const FIRST: RawFd = 3;
/// More than anybody passes: a number from the environment must not make us try a billion.
const MOST: usize = 1024;

static GIVEN: Mutex<Vec<(String, Option<OwnedFd>)>> = Mutex::new(Vec::new());

/// Takes over what was given to this process. Called once, before anything else is opened.
pub fn collect() {
    let ours = env::var("LISTEN_PID").is_ok_and(|pid| pid == std::process::id().to_string());
    let count = env::var("LISTEN_FDS").ok().filter(|_| ours).and_then(|count| count.parse::<usize>().ok()).unwrap_or(0).min(MOST);
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':').filter(|name| !name.is_empty());
    let given = (0..count).filter_map(|place| {
        let fd = FIRST + place as RawFd;
        let name = names.next().map_or_else(|| fd.to_string(), str::to_owned);
        Some((name, Some(own(fd)?)))
    });
    *lock() = given.collect();
}

/// None when it is not open.
#[allow(unsafe_code, reason = "a descriptor that is named by the environment is nobody's yet")]
fn own(fd: RawFd) -> Option<OwnedFd> {
    // It must not go on to programs that we start.
    // SAFETY: only its flags are set; where nothing is open the call fails.
    rustix::io::fcntl_setfd(unsafe { BorrowedFd::borrow_raw(fd) }, rustix::io::FdFlags::CLOEXEC).ok()?;
    // SAFETY: it is open, as was just seen, and nothing else in the process knows of it: this runs before anything is opened.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sees to it that no descriptor goes on to programs that we start, also those that whoever started us has left open.
#[allow(unsafe_code, reason = "a descriptor that was left open for us is nobody's")]
pub fn keep_from_programs() {
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = open.filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok()).filter(|fd| *fd >= FIRST);
    for fd in numbers.collect::<Vec<_>>() {
        // SAFETY: only its flags are set, which nothing of ours wants otherwise; where nothing is open any more the call fails.
        let _ = rustix::io::fcntl_setfd(unsafe { BorrowedFd::borrow_raw(fd) }, rustix::io::FdFlags::CLOEXEC);
    }
}

fn lock() -> std::sync::MutexGuard<'static, Vec<(String, Option<OwnedFd>)>> {
    GIVEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The socket of that name, or number; it is given away once.
///
/// # Errors
/// None was given under that name, or it is taken already.
pub fn take(name: &str) -> Result<OwnedFd> {
    let mut given = lock();
    let is_it = |(known, socket): &&mut (String, Option<OwnedFd>)| {
        known == name || socket.as_ref().is_some_and(|fd| fd.as_raw_fd().to_string() == name)
    };
    if let Some((_, socket)) = given.iter_mut().find(is_it) {
        return socket.take().ok_or_else(|| Error::Other(format!("the socket `{name}` of the service manager is in use already")));
    }
    let names: Vec<String> = given.iter().map(|(name, _)| format!("`{name}`")).collect();
    let known = if names.is_empty() { "gave none".to_owned() } else { format!("gave {}", names.join(", ")) };
    Err(Error::Other(format!(
        "the service manager gave no socket `{name}`: it {known} (a name is `FileDescriptorName=` of the socket unit)"
    )))
}
