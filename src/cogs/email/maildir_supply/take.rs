//! Taking messages: those in `new` are moved to `cur` first, as the format asks of who reads them; then they are read.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use rustix::io::Errno;

use super::scan::{Found, Place, Rules};
use crate::cogs::email::host;
use crate::cogs::email::name::{Name, SEEN, is_message};
use crate::disk::{Disk, How, retry};

/// So many messages are read in one go, and further ones only while they hold less than so many bytes together.
pub(super) const AT_ONCE: usize = 32;
const BYTES: usize = 4 << 20;
/// Of a message that is too long so much goes on.
const BEGINNING: usize = 1024;
/// So often somebody else may rename a message while it is looked for.
const ATTEMPTS: usize = 8;

/// A message that was taken: it lies in `cur`.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    /// Its folder, by number.
    pub(super) folder: u32,
    /// What its file was called when it was last looked at.
    pub(super) name: Name,
    /// Which file it is, whatever it is called.
    pub(super) id: (u64, u64),
}

/// What became of one that was to be taken.
#[derive(Debug)]
pub(super) enum Taken {
    Read(Mail, Vec<u8>),
    /// It is that long; this is how it begins.
    TooLong(Mail, u64, Vec<u8>),
    /// It is gone, or somebody else has dealt with it.
    NotDue,
    /// It is no file at all.
    NoFile,
    /// It cannot be read just now.
    Failed(io::Error),
    /// Its turn has not come.
    Left(Found),
}

/// How messages are taken.
#[derive(Clone, Debug)]
pub(super) struct Taking {
    pub(super) rules: Rules,
    pub(super) max_size: usize,
}

impl Taking {
    /// Takes some messages of a folder.
    pub(super) fn take(&self, disk: &dyn Disk, number: u32, folder: &Path, due: Vec<Found>) -> Vec<Taken> {
        let mut bytes = 0;
        let mut finder = Finder::new(disk, folder);
        due.into_iter()
            .map(|found| {
                if bytes >= BYTES {
                    return Taken::Left(found);
                }
                let taken = self.take_one(&mut finder, number, &found).unwrap_or_else(Taken::Failed);
                if let Taken::Read(_, mail) = &taken {
                    bytes += mail.len();
                }
                taken
            })
            .collect()
    }

    fn take_one(&self, finder: &mut Finder<'_>, number: u32, found: &Found) -> io::Result<Taken> {
        let (disk, folder) = (finder.disk, finder.folder);
        if found.place == Place::New {
            // What is no file is not to be moved.
            match retry(|| disk.about_entry(&folder.join(Place::New.name()).join(&found.file))) {
                Ok(about) if !about.is_file() => return Ok(Taken::NoFile),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let Some(mut name) = self.move_to_cur(finder, found)? else { return Ok(Taken::NotDue) };
        for _ in 0..ATTEMPTS {
            let path = folder.join(Place::Cur.name()).join(name.file());
            let file = match retry(|| disk.open(&path, How::READ.no_follow())) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => match self.find_due(finder, &name.unique, &name.file())? {
                    Some(now) => {
                        name = now;
                        continue;
                    }
                    None => return Ok(Taken::NotDue),
                },
                // A symbolic link, or a socket.
                Err(error) if [Some(Errno::LOOP), Some(Errno::NXIO)].contains(&Errno::from_io_error(&error)) => return Ok(Taken::NoFile),
                Err(error) => return Err(error),
            };
            let about = retry(|| disk.about_open(&file))?;
            if !about.is_file() {
                return Ok(Taken::NoFile);
            }
            let long = about.len() > self.max_size as u64;
            let room = if long { BEGINNING.min(self.max_size) } else { about.len() as usize };
            let mut bytes = Vec::with_capacity(room);
            while bytes.len() < room && retry(|| disk.fill(&file, &mut bytes))? > 0 {}
            bytes.truncate(room);
            let mail = Mail { folder: number, name, id: (about.dev(), about.ino()) };
            return Ok(if long { Taken::TooLong(mail, about.len(), bytes) } else { Taken::Read(mail, bytes) });
        }
        Err(io::Error::other("it is renamed again and again"))
    }

    /// What it is called in `cur`; nothing when it is gone.
    fn move_to_cur(&self, finder: &mut Finder<'_>, found: &Found) -> io::Result<Option<Name>> {
        let (disk, folder) = (finder.disk, finder.folder);
        let mut name = Name::of(&found.file);
        let twin = found.has_twin(disk, folder)?;
        if found.place == Place::Cur && !twin {
            return Ok(Some(name));
        }
        if found.place == Place::New {
            // Nobody has seen it; what would say so would hide it from the next run.
            name = name.with_info().without(SEEN);
            name = self.rules.also.iter().fold(name, |name, flag| name.without(*flag));
        }
        if twin {
            name = name.renamed(&host::unique(SystemTime::now()));
        }
        let (from, cur) = (folder.join(found.place.name()).join(&found.file), folder.join(Place::Cur.name()));
        for _ in 0..ATTEMPTS {
            match retry(|| disk.rename_new(&from, &cur.join(name.file()))) {
                Ok(()) => return Ok(Some(name)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => name = name.renamed(&host::unique(SystemTime::now())),
                // Somebody else has moved or removed it, or there is no `cur`.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return self.find_due(
                        finder,
                        &Name::of(&found.file).unique,
                        if found.place == Place::Cur { &found.file } else { OsStr::new("") },
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// What somebody else has renamed a message to, if that one is still due.
    fn find_due(&self, finder: &mut Finder<'_>, unique: &OsStr, not: &OsStr) -> io::Result<Option<Name>> {
        Ok(finder.find(unique, None, not)?.filter(|name| self.rules.all || !self.rules.is_done(name)))
    }
}

/// Looks for messages that somebody else has renamed. One listing serves all that are looked for in one go.
pub(super) struct Finder<'a> {
    pub(super) disk: &'a dyn Disk,
    pub(super) folder: &'a Path,
    listed: Option<Vec<OsString>>,
    /// What was found last.
    last: Option<OsString>,
}

impl<'a> Finder<'a> {
    pub(super) const fn new(disk: &'a dyn Disk, folder: &'a Path) -> Self {
        Self { disk, folder, listed: None, last: None }
    }

    /// What a message is called in `cur` now; nothing when it is not there. Of several that have its name, the one that is that very
    /// file. Not what it was `not`: that name has been tried.
    pub(super) fn find(&mut self, unique: &OsStr, id: Option<(u64, u64)>, not: &OsStr) -> io::Result<Option<Name>> {
        let cur = self.folder.join(Place::Cur.name());
        if self.last.as_deref() == Some(not) {
            // It was renamed once more.
            self.listed = None;
        }
        for fresh in [self.listed.is_none(), true] {
            if fresh {
                self.listed = Some(retry(|| self.disk.list(&cur))?);
            }
            let alike = |file: &&OsString| is_message(file) && *file != not && Name::of(file).unique == unique;
            let mut all: Vec<&OsString> = self.listed.iter().flatten().filter(alike).collect();
            if let (Some(id), 2..) = (id, all.len()) {
                let same =
                    |file: &OsString| retry(|| self.disk.about_entry(&cur.join(file))).is_ok_and(|about| (about.dev(), about.ino()) == id);
                all.sort_by_cached_key(|file| same(file));
            }
            if fresh || !all.is_empty() {
                self.last = all.pop().cloned();
                return Ok(self.last.as_deref().map(Name::of));
            }
        }
        Ok(None)
    }
}
