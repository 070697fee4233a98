//! Taking files: each is renamed into the reader's own directory, then read and made text. Where that blocks it is no matter.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::claims::{Claims, give_back};
use crate::cogs::fs::whole::{self, Content, Found, Reading, Unfit};
use crate::disk::{Disk, How, retry};

/// After so many bytes what was read goes on its way before more is.
const AT_ONCE: usize = 4 << 20;
/// A file that was taken.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) name: OsString,
    pub(super) what: Result<Content, Unfit>,
    /// Places in it that were no text.
    pub(super) mended: u64,
}

/// What came of taking some.
#[derive(Debug, Default)]
pub(super) struct Took {
    pub(super) taken: Vec<Taken>,
    /// What is no regular file.
    pub(super) odd: Vec<OsString>,
    /// Files whose turn comes after that of others of the same name.
    pub(super) busy: Vec<OsString>,
    /// Files whose turn did not come.
    pub(super) left: Vec<OsString>,
    /// The file with which the system refused something, where it is still in `incoming`.
    pub(super) refused: Option<OsString>,
    /// Files that were taken, could not be read and could not be put back yet.
    pub(super) stuck: Vec<OsString>,
    /// What the system refused.
    pub(super) trouble: Option<(PathBuf, io::Error)>,
    /// The reader's own directory is not there any more.
    pub(super) lost: bool,
}

/// Takes files of `incoming`.
pub(super) fn take(disk: &dyn Disk, claims: &Claims, incoming: &Path, names: Vec<OsString>, reading: Reading) -> Took {
    let (mut took, mut bytes, mut missed) = (Took::default(), 0, false);
    let mut names = names.into_iter();
    while bytes < AT_ONCE
        && let Some(name) = names.next()
    {
        match take_one(disk, claims, incoming, &name, reading) {
            Ok(One::Taken(what, mended)) => {
                bytes += match &what {
                    Ok(Content::Text(text)) => text.len(),
                    Ok(Content::Bytes(bytes)) => bytes.len(),
                    Err(_) => 0,
                };
                took.taken.push(Taken { name, what, mended });
            }
            Ok(One::Missed) => missed = true,
            Ok(One::Odd) => took.odd.push(name),
            Ok(One::Busy) => took.busy.push(name),
            Err((error, stuck)) => {
                took.trouble = Some((incoming.join(&name), error));
                if stuck {
                    took.stuck.push(name);
                } else {
                    took.refused = Some(name);
                }
                break;
            }
        }
    }
    took.left.extend(names);
    if missed {
        took.lost = matches!(retry(|| disk.about_entry(claims.path())), Err(error) if error.kind() == io::ErrorKind::NotFound);
    }
    took
}

/// What came of one.
enum One {
    Taken(Result<Content, Unfit>, u64),
    /// Somebody else has it.
    Missed,
    Odd,
    /// One of the same name is on its way: this one's turn comes after it.
    Busy,
}

/// The error says whether the file is still in the reader's own directory.
fn take_one(disk: &dyn Disk, claims: &Claims, incoming: &Path, name: &OsStr, reading: Reading) -> Result<One, (io::Error, bool)> {
    let (from, to) = (incoming.join(name), claims.path().join(name));
    match retry(|| disk.about_entry(&from)) {
        Ok(about) if about.is_file() => {}
        Ok(_) => return Ok(One::Odd),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(One::Missed),
        Err(error) => return Err((error, false)),
    }
    match retry(|| disk.rename_new(&from, &to)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(One::Missed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(One::Busy),
        Err(error) => return Err((error, false)),
    }
    match read(disk, &to, reading) {
        Ok(Some((what, mended))) => Ok(One::Taken(what, mended)),
        // Something else was put in its place at the last moment.
        Ok(None) => give_back(disk, &to, name, incoming).map(|()| One::Odd).map_err(|error| (error, true)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(One::Missed),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Ok(One::Taken(Err(Unfit::new("unreadable", &error.to_string(), &[])), 0))
        }
        Err(error) => Err(match give_back(disk, &to, name, incoming) {
            Ok(()) => (error, false),
            Err(_) => (error, true),
        }),
    }
}

/// Reads a file; nothing when it is no regular one.
fn read(disk: &dyn Disk, path: &Path, reading: Reading) -> io::Result<Option<Found>> {
    let file = match retry(|| disk.open(path, How::READ.no_follow())) {
        Err(error) if Errno::from_io_error(&error) == Some(Errno::LOOP) => return Ok(None),
        file => file?,
    };
    let about = retry(|| disk.about_open(&file))?;
    if !about.is_file() {
        return Ok(None);
    }
    whole::read(disk, &file, &about, reading).map(Some)
}
