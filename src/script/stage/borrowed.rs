//! A descriptor of our own for one that the process was given: the one place where a number is taken for a descriptor.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_getfd};

/// Copies of descriptors begin behind the standard streams.
const FIRST: RawFd = 3;

/// Another descriptor for the open file behind that number.
///
/// # Errors
/// It is not open; the program has opened it itself, so that it is nobody's to give.
#[allow(unsafe_code, reason = "a script knows descriptors that the process was given by their numbers alone")]
pub(super) fn own(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: `fd` is not -1. It is lent to two calls of the system that only look at the number and say so where nothing is open
    // behind it; nothing is closed, and what is kept is a descriptor of its own.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    // What survived the start of this program has no such flag; all that it opens has: its log, its sockets, its files.
    if fcntl_getfd(borrowed)?.contains(FdFlags::CLOEXEC) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(fcntl_dupfd_cloexec(borrowed, FIRST)?)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn only_what_was_given_can_be_had() {
        let (reader, _writer) = io::pipe().unwrap();
        assert_eq!(own(reader.as_raw_fd()).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert!(own(-1).is_err());
        assert!(own(1 << 20).is_err());
        rustix::io::fcntl_setfd(&reader, FdFlags::empty()).unwrap();
        assert!(own(reader.as_raw_fd()).unwrap().as_raw_fd() >= FIRST);
    }
}
