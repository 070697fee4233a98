//! The directory protocol that `filer_supply` and `filer_drain` speak, so that any number of readers and writers need no locks.
//!
//! A writer makes a file in `temp` and renames it into `incoming` when it is whole. A reader renames what it finds there into a directory
//! of its own: who succeeds has it. All of that is on one file system, where a rename is done or not done, and never half. `names`
//! tells how files are called, `trouble` what to do when the system refuses.

pub(super) mod names;
pub(super) mod trouble;

use std::any::Any;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::cog::{Args, Ctx, Lit, Param};
use crate::disk::{Disk, directory_of, retry};
use crate::error::{Error, Result};
use crate::escapement::Token;

/// `dir`.
pub(super) const DIR: Param = Param::str("dir").about("the directory in which the others lie");
/// `incoming`.
pub(super) const INCOMING: Param = Param::str("incoming").or("incoming").about("the directory in it where whole files wait for readers");
/// `temp`.
pub(super) const TEMP: Param =
    Param::str("temp").or("tmp").about("the directory in it where files are written, and renamed into incoming when they are whole");
/// `make_dirs`.
pub(super) const MAKE_DIRS: Param =
    Param::bool("make_dirs").default(Lit::Bool(true)).about("whether directories that are missing at the start are made, with mode 0770");

/// Permissions of directories that are made.
const MODE: u32 = 0o770;

/// Where what lies.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    dir: PathBuf,
    pub(super) incoming: PathBuf,
    pub(super) temp: PathBuf,
    make: bool,
}

impl Layout {
    /// From the options declared above.
    ///
    /// # Errors
    /// One of them names nothing.
    pub(super) fn of(args: &Args) -> Result<Self> {
        let dir = args.str("dir");
        if dir.is_empty() {
            return Err(Error::option("dir", "must name a directory"));
        }
        let mut layout = Self { dir: dir.into(), incoming: PathBuf::new(), temp: PathBuf::new(), make: args.bool("make_dirs") };
        layout.incoming = layout.place(args, "incoming")?;
        layout.temp = layout.place(args, "temp")?;
        if layout.incoming == layout.temp {
            return Err(Error::option("temp", "must be another directory than `incoming`: readers would see files that are not whole"));
        }
        Ok(layout)
    }

    /// The directory that an option names.
    ///
    /// # Errors
    /// It names nothing.
    pub(super) fn place(&self, args: &Args, option: &str) -> Result<PathBuf> {
        match args.str(option).as_str() {
            "" => Err(Error::option(option, "must name a directory")),
            name => Ok(self.dir.join(name)),
        }
    }

    /// Makes what is missing, and sees to it that files can be renamed from each of these directories into any other.
    ///
    /// # Errors
    /// A directory is missing or cannot be made, or lies on another file system.
    pub(super) fn open(&self, disk: &dyn Disk, others: &[&Path]) -> Result<()> {
        let mut first = None;
        for path in [&*self.incoming, &*self.temp].into_iter().chain(others.iter().copied()) {
            if self.make {
                retry(|| make(disk, path)).map_err(|error| Error::os("make", path, error))?;
            }
            let about = retry(|| disk.about(path)).map_err(|error| Error::os("use", path, error))?;
            if !about.is_dir() {
                return Err(Error::os("use", path, io::ErrorKind::NotADirectory.into()));
            }
            if *first.get_or_insert(about.dev()) != about.dev() {
                let text = format!(
                    "`{}` and `{}` are on two file systems, between which no file can be renamed",
                    self.incoming.display(),
                    path.display()
                );
                return Err(Error::option("dir", text));
            }
        }
        Ok(())
    }
}

/// Makes a directory, and those above it that are missing.
fn make(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.about(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
        // What it is, is seen when it is used.
        _ => return Ok(()),
    }
    let above = directory_of(path);
    if above != path {
        make(disk, above)?;
    }
    match disk.make_directory(path, MODE) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

/// Has `work` done where it may block; [`answered`] tells what it gave.
///
/// # Errors
/// Nothing can be bound any more.
pub(super) fn offload<T: Send + 'static>(ctx: &mut Ctx<'_>, work: impl FnOnce() -> T + Send + 'static) -> Result<Token> {
    ctx.offload(Box::pin(async move { Box::new(tokio::task::spawn_blocking(work).await.ok()) as Box<dyn Any + Send> }))
}

/// What a job gave; nothing when it panicked.
pub(super) fn answered<T: 'static>(answer: Box<dyn Any + Send>) -> Option<T> {
    answer.downcast::<Option<T>>().ok().and_then(|given| *given)
}

/// No more than so many numbers are tried for a name that is taken.
const NUMBERS: u32 = 10_000;

/// Gives the file a name in a directory, `name` or one with a number where that is taken; `take` does it, and is called until it does not
/// find the name taken. Gives the name.
pub(super) fn settle_name(
    name: &std::ffi::OsStr,
    mut take: impl FnMut(&std::ffi::OsStr) -> io::Result<()>,
) -> io::Result<std::ffi::OsString> {
    let mut tried = name.to_owned();
    for number in 1..NUMBERS {
        match retry(|| take(&tried)) {
            Ok(()) => return Ok(tried),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => tried = names::numbered(name, number),
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
