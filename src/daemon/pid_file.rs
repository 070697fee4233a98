//! The pid file: a number for people and their scripts, and a lock that says whether its writer lives.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, ftruncate};

use crate::error::{Error, Result};
use crate::{log, start};

/// The locked file. The lock lives as long as this, and is handed on by `fork(2)`; the name goes with it.
#[derive(Debug)]
pub(super) struct PidFile {
    path: PathBuf,
    file: File,
    /// Whose number stands in it: a process that only started the service does not remove it.
    written: Option<u32>,
}

/// How often the file may be exchanged by others between opening and locking it.
const TRIES: usize = 10;

impl PidFile {
    /// Makes the file where it is not there, and locks it.
    ///
    /// # Errors
    /// Another process holds the lock; what stands there is no file of this user's alone (see `docs/daemon.md`); the system refuses.
    pub(super) fn lock(path: &Path) -> Result<Self> {
        let path = start::path(path).into_owned();
        for _ in 0..TRIES {
            if let Some(file) = try_lock(&path)? {
                return Ok(Self { path, file, written: None });
            }
        }
        Err(Error::Other(format!("the pid file `{}` comes and goes", path.display())))
    }

    /// Lets the user who will run the service empty the file at the end, also where the directory is not theirs.
    pub(super) fn give_to(&self, user: u32) {
        if let Err(error) = rustix::fs::fchown(&self.file, Some(rustix::fs::Uid::from_raw(user)), None) {
            log::warning(format_args!("cannot give the pid file to the user of the service: {error}"));
        }
    }

    /// Writes this process's number.
    pub(super) fn write(&mut self) -> Result<()> {
        let pid = std::process::id();
        let write = |file: &File| {
            ftruncate(file, 0)?;
            // Another number may have been read from it: not where that ended.
            file.write_all_at(format!("{pid}\n").as_bytes(), 0)
        };
        write(&self.file).map_err(|error| Error::os("write", &self.path, error))?;
        self.written = Some(pid);
        Ok(())
    }

    /// Whether the name still leads to this file.
    fn is_there(&self) -> bool {
        same(&self.path, &self.file).unwrap_or(false)
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if self.written != Some(std::process::id()) || !self.is_there() {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            // The number means nobody any more.
            let _ = ftruncate(&self.file, 0);
            log::notice(format_args!("cannot remove the pid file `{}`, which is empty now: {error}", self.path.display()));
        }
    }
}

/// None when somebody took the name away meanwhile.
fn try_lock(path: &Path) -> Result<Option<File>> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let refuse = |text: String| Error::State { path: path.to_owned(), text, hint: Some("it is left as it is".into()) };
    let file = match rustix::fs::open(path, flags, Mode::from_raw_mode(0o644)) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::LOOP) => return Err(refuse("is a link, no pid file".into())),
        Err(error) => return Err(Error::os("open", path, error.into())),
    };
    let os = |error: io::Error| Error::os("look at", path, error);
    let about = file.metadata().map_err(os)?;
    let own = rustix::process::geteuid().as_raw();
    if !about.is_file() {
        return Err(refuse("is no regular file".into()));
    }
    if about.nlink() > 1 {
        return Err(refuse("has another name as well".into()));
    }
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let number = read(&file).map_err(os)?;
            let who = number.map_or_else(|| "as another process".to_owned(), |pid| format!("as PID {pid}"));
            return Err(Error::Other(format!("already running {who}: it holds `{}`", path.display())));
        }
        Err(error) => return Err(Error::os("lock", path, error.into())),
    }
    // Root takes over what the service of a user has left; a user takes nothing of others.
    if about.uid() != own && own != 0 {
        return Err(refuse(format!("belongs to user {}, not to {own}, as whom this runs", about.uid())));
    }
    if !same(path, &file).map_err(os)? {
        return Ok(None);
    }
    if let Some(pid) = read(&file).map_err(os)? {
        log::notice(format_args!("takes over the pid file `{}`: PID {pid}, which wrote it, is gone", path.display()));
    }
    Ok(Some(file))
}

/// The number that stands in the file.
fn read(file: &File) -> io::Result<Option<u32>> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text)?;
    Ok(text.trim().parse().ok())
}

/// Whether that name leads to that file.
fn same(path: &Path, file: &File) -> io::Result<bool> {
    let here = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (here.dev(), here.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn one_holds_it_and_the_next_is_told_who() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.pid");
        let mut first = PidFile::lock(&path).unwrap();
        first.write().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777 & !0o644, 0);
        let told = PidFile::lock(&path).unwrap_err();
        assert!(!told.is_refusal() && told.to_string().starts_with(&format!("already running as PID {}", std::process::id())), "{told}");
        drop(first);
        assert!(!path.exists());
    }

    #[test]
    fn a_stale_one_is_taken_over_and_a_longer_number_does_not_shine_through() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.pid");
        fs::write(&path, "123456789012345\n").unwrap();
        let mut file = PidFile::lock(&path).unwrap();
        file.write().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
    }

    #[test]
    fn what_is_no_pid_file_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link, twin) = (dir.path().join("real"), dir.path().join("link"), dir.path().join("twin"));
        fs::write(&real, "precious").unwrap();
        symlink(&real, &link).unwrap();
        assert!(PidFile::lock(&link).unwrap_err().is_refusal());
        fs::hard_link(&real, &twin).unwrap();
        assert!(PidFile::lock(&real).unwrap_err().is_refusal());
        assert!(PidFile::lock(dir.path()).is_err());
        assert_eq!(fs::read_to_string(&real).unwrap(), "precious");
    }

    #[test]
    fn one_that_is_somebody_else_s_by_now_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.pid");
        let mut file = PidFile::lock(&path).unwrap();
        file.write().unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "1\n").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
        // Nor by a process that has only locked it.
        fs::remove_file(&path).unwrap();
        drop(PidFile::lock(&path).unwrap());
        assert!(path.exists());
    }
}
