//! The system's own file system.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::buffer::spare_capacity;
use rustix::fs::{CWD, FlockOperation, OFlags, RenameFlags};
use rustix::io::Errno;

use super::{Disk, How};
use crate::start;

/// Asks the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Real;

impl Disk for Real {
    fn open(&self, path: &Path, how: How) -> io::Result<File> {
        let path = start::path(path);
        // Close-on-exec is what the standard library opens everything with.
        let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        if !how.follow {
            flags |= OFlags::NOFOLLOW;
        }
        let mut options = OpenOptions::new();
        options.read(how.read).write(how.write && !how.append).append(how.append).custom_flags(flags.bits().cast_signed());
        let Some(mode) = how.create else { return options.open(&path) };
        options.mode(mode);
        match options.clone().create_new(true).open(&path) {
            Ok(file) => {
                // The umask may have taken some away.
                if file.metadata()?.permissions().mode() & 0o777 != mode & 0o777 {
                    file.set_permissions(Permissions::from_mode(mode))?;
                }
                Ok(file)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !how.new => options.create(true).open(&path),
            Err(error) => Err(error),
        }
    }

    fn read_at(&self, file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
        file.read_at(into, at)
    }

    fn fill_at(&self, file: &File, into: &mut Vec<u8>, at: u64) -> io::Result<usize> {
        Ok(rustix::io::pread(file, spare_capacity(into), at)?)
    }

    fn fill(&self, file: &File, into: &mut Vec<u8>) -> io::Result<usize> {
        Ok(rustix::io::read(file, spare_capacity(into))?)
    }

    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
        file.write_at(bytes, at)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        Ok(rustix::fs::fdatasync(file)?)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        match rustix::fs::fsync(File::open(start::path(path))?) {
            // Some file systems have nothing to sync there.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        Ok(rustix::fs::ftruncate(file, length)?)
    }

    fn about(&self, path: &Path) -> io::Result<Metadata> {
        fs::metadata(start::path(path))
    }

    fn about_entry(&self, path: &Path) -> io::Result<Metadata> {
        fs::symlink_metadata(start::path(path))
    }

    fn about_open(&self, file: &File) -> io::Result<Metadata> {
        file.metadata()
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        fs::read_link(start::path(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(start::path(from), start::path(to))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        match rustix::fs::renameat_with(CWD, &*start::path(from), CWD, &*start::path(to), RenameFlags::NOREPLACE) {
            // The file system, or the system, has no such call.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Self::rename_by_link(from, to),
            done => Ok(done?),
        }
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        Ok(rustix::fs::renameat_with(CWD, &*start::path(one), CWD, &*start::path(other), RenameFlags::EXCHANGE)?)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(start::path(path))
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(start::path(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(start::path(path))?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    }

    fn make_directory(&self, path: &Path, mode: u32) -> io::Result<()> {
        let path = &*start::path(path);
        DirBuilder::new().mode(mode).create(path)?;
        // The umask may have taken some away.
        if fs::metadata(path)?.permissions().mode() & 0o777 != mode & 0o777 {
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        Ok(())
    }

    fn lock(&self, file: &File) -> io::Result<bool> {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Real {
    /// Gives a file a new name by a second link to it, which is refused where something is.
    pub(super) fn rename_by_link(from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (start::path(from), start::path(to));
        fs::hard_link(&from, &to)?;
        // Of several who give the same file different names, one removes the old name; the others have not renamed it.
        fs::remove_file(&from).inspect_err(|_| drop(fs::remove_file(&to)))
    }
}
