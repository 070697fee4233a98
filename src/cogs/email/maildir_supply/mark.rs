//! How a message is marked that has been dealt with: one call for each, which finds it under whatever name it has by now.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::scan::Place;
use super::take::{Finder, Mail};
use crate::cogs::email::host;
use crate::cogs::email::mailbox::{folder_name, folder_path, make_folder};
use crate::cogs::email::name::{FLAGGED, Name, SEEN, TRASHED};
use crate::disk::retry;
use crate::error::{Error, Result};

/// So often somebody else may rename a message while it is marked.
const ATTEMPTS: usize = 8;

/// What is done with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    Flag(u8),
    Delete,
    /// To the folder of that name.
    Move(String),
}

impl Mark {
    /// From an option.
    pub(super) fn of(option: &str, word: &str) -> Result<Self> {
        Ok(match word {
            "none" => Self::None,
            "seen" => Self::Flag(SEEN),
            "flagged" => Self::Flag(FLAGGED),
            "trash" => Self::Flag(TRASHED),
            "delete" => Self::Delete,
            other => {
                let Some(folder) = other.strip_prefix("move:") else {
                    let words = "\"seen\", \"flagged\", \"trash\", \"delete\", \"move:FOLDER\" or \"none\"";
                    return Err(Error::option(option, format!("takes {words}, but is given \"{other}\"")));
                };
                Self::Move(folder_name(option, folder)?.to_owned())
            }
        })
    }

    /// The flag that says that it was done.
    pub(super) fn flag(&self) -> Option<u8> {
        match self {
            Self::Flag(flag) => Some(*flag),
            _ => None,
        }
    }
}

/// Marks a message of the finder's folder in the Maildir at `root`. Gives what it is called then in that folder; nothing when it
/// is not there any more, without our doing.
pub(super) fn mark(finder: &mut Finder<'_>, root: &Path, mail: &Mail, mark: &Mark) -> io::Result<Option<Name>> {
    let (disk, folder) = (finder.disk, finder.folder);
    let mut name = mail.name.clone();
    let cur = folder.join(Place::Cur.name());
    // Another name, where somebody else's message has the one that it should get.
    let mut other: Option<String> = None;
    for _ in 0..ATTEMPTS {
        let from = cur.join(name.file());
        let target = match mark {
            Mark::None => return Ok(Some(name)),
            Mark::Flag(flag) => name.with(*flag),
            Mark::Delete | Mark::Move(_) => name.clone(),
        };
        let target = other.as_ref().map_or_else(|| target.clone(), |unique| target.renamed(unique));
        let done = match mark {
            Mark::Flag(_) if target == name => retry(|| disk.about_entry(&from)).map(drop),
            Mark::Flag(_) | Mark::None => retry(|| disk.rename_new(&from, &cur.join(target.file()))),
            Mark::Delete => retry(|| disk.remove(&from)),
            Mark::Move(folder) => {
                let to = folder_path(root, folder);
                match retry(|| disk.rename_new(&from, &to.join(Place::Cur.name()).join(target.file()))) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound && retry(|| disk.about_entry(&from)).is_ok() => {
                        make_folder(disk, &to)?;
                        continue;
                    }
                    done => done,
                }
            }
        };
        match done {
            Ok(()) => return Ok(Some(target)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => other = Some(host::unique(SystemTime::now())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match finder.find(&mail.name.unique, Some(mail.id), &name.file())? {
                Some(now) => name = now,
                None => return Ok(None),
            },
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("it is renamed again and again"))
}
