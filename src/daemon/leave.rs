//! Leaving the terminal: two forks, a session of its own, and a pipe by which who started the service is told how that went.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};
use rustix::process::{Resource, getrlimit, setsid};

use crate::error::{Error, Result};

/// Who started the service and waits to be told.
#[derive(Debug)]
pub(super) struct Starter(OwnedFd);

impl Starter {
    /// Tells the status with which it ends: 0 once the service has begun.
    pub(super) fn tell(self, status: u8) -> io::Result<()> {
        File::from(self.0).write_all(&[status])
    }
}

/// The status of who started a service that ended without a word.
const UNTOLD: u8 = 1;

/// Goes on in the background. In the process that was started this does not return: it waits there until the service has begun, or has
/// said why not, and ends with the status that it is told.
///
/// # Errors
/// The system refuses; another thread runs, which would be lost.
pub(super) fn leave() -> Result<Starter> {
    if let Ok(threads) = fs::read_dir("/proc/self/task")
        && threads.count() > 1
    {
        return Err(Error::Other("cannot detach: other threads run already".into()));
    }
    let refused = |error: io::Error| Error::os("go to", "the background", error);
    let (told, tell) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|error| refused(error.into()))?;
    // What was printed before must not be printed twice.
    io::stdout().flush().map_err(refused)?;
    if let Some(child) = fork_alone().map_err(refused)? {
        drop(tell);
        // The one between the two forks ends at once.
        let _ = waitpid(child, None);
        std::process::exit(i32::from(wait(File::from(told))));
    }
    drop(told);
    setsid().map_err(|error| refused(error.into()))?;
    // Who leads a session could get a terminal again by opening one.
    match fork_alone() {
        Ok(Some(_)) => exit_at_once(),
        Ok(None) => Ok(Starter(tell)),
        Err(error) => Err(refused(error)),
    }
}

/// What the service says, or that it ended without a word.
fn wait(mut told: File) -> u8 {
    let mut status = [UNTOLD];
    if told.read_exact(&mut status).is_err() {
        let _ = io::stderr().write_all(b"deadbeat: error: the service ended before it had begun\n");
    }
    status[0]
}

/// Gives the child's number to the parent, and none to the child.
#[allow(unsafe_code, reason = "the system's fork has no safe form")]
fn fork_alone() -> io::Result<Option<nix::unistd::Pid>> {
    // SAFETY: no other thread runs (seen to in `leave`), so that no lock is held in the child by who is not there.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => Ok(Some(child)),
        Ok(ForkResult::Child) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Ends without running anything that belongs to the process that goes on.
fn exit_at_once() -> ! {
    std::process::exit(0)
}

/// Closes what was inherited, but for standard streams. All that this program opens is closed when another one is executed, so that what
/// was not closed then was handed on by who executed this one.
pub(super) fn close_inherited() {
    for fd in open_descriptors().into_iter().filter(|fd| *fd > 2 && is_inherited(*fd)) {
        let _ = nix::unistd::close(fd);
    }
}

#[allow(unsafe_code, reason = "a descriptor known by its number alone can be asked for in no safe way")]
fn is_inherited(fd: RawFd) -> bool {
    // SAFETY: it is only asked for its flags; where nothing is open the call fails.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    rustix::io::fcntl_getfd(fd).is_ok_and(|flags| !flags.contains(rustix::io::FdFlags::CLOEXEC))
}

fn open_descriptors() -> Vec<RawFd> {
    /// Without `/proc` all that there may be are tried, but not for ever.
    const MOST: u64 = 65_536;
    match fs::read_dir("/proc/self/fd") {
        Ok(names) => names.flatten().filter_map(|name| name.file_name().to_str()?.parse().ok()).collect(),
        Err(_) => (3..getrlimit(Resource::Nofile).current.unwrap_or(MOST).min(MOST) as RawFd).collect(),
    }
}

/// The device that leads nowhere; opened while it is in sight.
pub(super) fn null() -> Result<File> {
    File::options().read(true).write(true).open("/dev/null").map_err(|error| Error::os("open", "/dev/null", error))
}

/// Standard streams lead to `null` from now on.
pub(super) fn close_streams(null: &File) -> Result<()> {
    let refused = |error: rustix::io::Errno| Error::os("let go of", "the terminal", error.into());
    rustix::stdio::dup2_stdin(null).map_err(refused)?;
    rustix::stdio::dup2_stdout(null).map_err(refused)?;
    rustix::stdio::dup2_stderr(null).map_err(refused)
}
