//! A script as a well-behaved Unix service: it leaves the terminal, holds a pid file, goes to its directory, and gives up rights.
//!
//! `settings` is what the script says, `pid_file` the file and its lock, `leave` the two forks and the pipe by which who started the
//! service learns whether it did, `rights` the change of user. What happens in which order stands in [`begin`] and the methods of
//! [`Daemon`]: the command line opens what takes rights in between.

mod leave;
mod pid_file;
mod rights;
mod settings;

use std::fs::File;
use std::path::Path;

use self::leave::Starter;
use self::pid_file::PidFile;
use self::rights::Rights;
pub use self::settings::{Settings, Who};
use crate::error::{Error, Result};
use crate::{log, start};

/// A process that begins as a service.
#[derive(Debug)]
pub struct Daemon {
    /// Who waits to be told whether it has begun, and where the standard streams go then; none when it was not detached.
    starter: Option<(Starter, File)>,
    /// Removed when the service ends.
    pid_file: Option<PidFile>,
    rights: Option<Rights>,
    /// Its standard streams are gone.
    is_away: bool,
}

/// Does all that comes before anything of the script is opened: finds the user, goes to the root and the directory, locks the pid file,
/// and leaves the terminal. From there on this is another process: the first one waits here, tells what it is told, and ends.
///
/// # Errors
/// What the system refuses; a pid file that is locked, or that is none.
pub fn begin(settings: &Settings) -> Result<Daemon> {
    // Names of users are looked up where their files still are.
    let rights = Rights::of(settings)?;
    if settings.detach {
        leave::close_inherited();
    }
    start::keep().map_err(|error| Error::os("find", ".", error))?;
    // A root of its own need have no devices.
    let null = settings.detach.then(leave::null).transpose()?;
    if let Some(root) = &settings.chroot_dir {
        rustix::process::chroot(&*start::path(root)).map_err(|error| Error::os("confine the process to", root, error.into()))?;
        go_to(Path::new("/"))?;
        if rights.is_none() {
            log::warning("`chroot_dir` without `uid` confines nobody: root can leave it");
        }
    }
    match &settings.work_dir {
        Some(dir) => go_to(&start::path(dir))?,
        None if settings.detach => go_to(Path::new("/"))?,
        None => {}
    }
    if let Some(mask) = settings.umask {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask));
    }
    let pid_file = settings.pid_file.as_deref().map(PidFile::lock).transpose()?;
    let starter = null.map(|null| leave::leave().map(|starter| (starter, null))).transpose()?;
    if rights.is_none() && rustix::process::geteuid().is_root() {
        log::warning("runs as root, and keeps on doing so: `uid` names a user with fewer rights");
    }
    Ok(Daemon { starter, pid_file, rights, is_away: false })
}

fn go_to(dir: &Path) -> Result<()> {
    rustix::process::chdir(dir).map_err(|error| Error::os("go to", dir, error.into()))
}

impl Daemon {
    /// What takes rights is open: gives up those that are not needed any more, and proves that they cannot be had again.
    ///
    /// # Errors
    /// They could not be given up, or could be had again.
    pub fn drop_rights(&mut self) -> Result<()> {
        if let Some(rights) = self.rights.take() {
            if let Some(file) = &self.pid_file {
                file.give_to(rights.user());
            }
            log::give_to(rights.user());
            rights.take_on()?;
        }
        Ok(())
    }

    /// All is open and bound: writes the pid file, lets go of the terminal, and tells who started the service.
    ///
    /// # Errors
    /// The pid file cannot be written; nobody waits any more.
    pub fn ready(&mut self) -> Result<()> {
        if let Some(file) = &mut self.pid_file {
            file.write()?;
        }
        if let Some((starter, null)) = self.starter.take() {
            leave::close_streams(&null)?;
            drop(null);
            log::detached();
            self.is_away = true;
            starter.tell(0).map_err(|error| Error::os("tell", "who started the service", error))?;
        }
        Ok(())
    }

    /// The service did not begin, which was told on standard error: who started it ends with that status.
    pub fn failed(&mut self, status: u8) {
        if let Some((starter, _)) = self.starter.take() {
            // Who does not wait any more needs no status.
            let _ = starter.tell(status);
        }
    }

    /// Whether nothing that is told on standard error reaches anybody.
    pub fn is_away(&self) -> bool {
        self.is_away
    }
}
