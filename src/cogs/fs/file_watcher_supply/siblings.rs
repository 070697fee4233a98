//! Files that a path's name was taken from so soon that nobody looked: they are found beside it, by their times of birth.
//!
//! A rotation renames `x.log` to `x.log.1` (or `x.log-20260101`) and makes a new `x.log`. When that happens twice between two
//! looks, the file in the middle was born between the one that was read and the one that stands there now. Copies and packed
//! files are born then too, but begin otherwise: like a file that was read, or with the mark of their format.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use super::stream::{Id, Start, Stream, id};
use crate::disk::{Disk, How, directory_of, retry};
use crate::lines::Options;
use crate::state;

/// The directory is listed again, at most so often, until two lists are equal: names move while they are read.
const LISTS: usize = 4;
/// How packed files begin: gzip, bzip2, xz, zstd, lz4, zip.
const PACKED: [&[u8]; 6] = [b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"PK\x03\x04"];

/// A file beside the path, and when it was born.
type Sibling = (SystemTime, Id, PathBuf);

/// Unknown files called like `path` with an ending, born between these times, oldest first. None where the file system keeps
/// no times of birth.
pub(super) fn between(
    disk: &dyn Disk,
    path: &Path,
    after: SystemTime,
    before: Option<SystemTime>,
    known: impl Fn(&Id) -> bool,
) -> Vec<Sibling> {
    let mut last = list(disk, path, after, before, &known);
    for _ in 1..LISTS {
        let again = list(disk, path, after, before, &known);
        if again == last {
            break;
        }
        last = again;
    }
    last
}

fn list(disk: &dyn Disk, path: &Path, after: SystemTime, before: Option<SystemTime>, known: &impl Fn(&Id) -> bool) -> Vec<Sibling> {
    let mut found: Vec<Sibling> = rotated(disk, path)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(about, path)| {
            let born = about.created().ok()?;
            let fits = born >= after && before.is_none_or(|before| born <= before) && !known(&id(&about));
            fits.then(|| (born, id(&about), path))
        })
        .collect();
    found.sort();
    found
}

/// The names in directories, each listed until two lists are equal: however many files of one are looked for.
#[derive(Debug, Default)]
pub(super) struct Listing(HashMap<PathBuf, BTreeSet<OsString>>);

impl Listing {
    /// The paths of `path` itself, if it is there, and of what is called like it with an ending.
    pub(super) fn alike(&mut self, disk: &dyn Disk, path: &Path) -> io::Result<Vec<PathBuf>> {
        let Some(name) = path.file_name() else { return Ok(Vec::new()) };
        let directory = directory_of(path);
        if !self.0.contains_key(directory) {
            let mut last = names(disk, directory)?;
            for _ in 1..LISTS {
                let again = names(disk, directory)?;
                if again == last {
                    break;
                }
                last = again;
            }
            self.0.insert(directory.to_owned(), last);
        }
        let begins = |other: &&OsString| other.as_bytes().starts_with(name.as_bytes());
        let alike = self.0[directory].range(name.to_owned()..).take_while(begins);
        // As the path itself is written, which may have no directory.
        let all = alike.filter(|other| *other == name || is_rotated(other, name)).map(|other| path.with_file_name(other));
        Ok(all.filter(|other| other == path || !state::is_state(other)).collect())
    }

    /// All files called like `path` with an ending, oldest first.
    pub(super) fn rotated(&mut self, disk: &dyn Disk, path: &Path) -> io::Result<Vec<(Metadata, PathBuf)>> {
        let mut found = Vec::new();
        for other in self.alike(disk, path)?.into_iter().filter(|other| other != path) {
            match retry(|| disk.about_entry(&other)) {
                Ok(about) if about.is_file() => found.push((about, other)),
                Err(error) if !is_gone(&error) => return Err(error),
                _ => {}
            }
        }
        found.sort_by_cached_key(|(about, path)| (about.created().or_else(|_| about.modified()).ok(), path.clone()));
        Ok(found)
    }
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

fn names(disk: &dyn Disk, directory: &Path) -> io::Result<BTreeSet<OsString>> {
    match retry(|| disk.list(directory)) {
        Ok(names) => Ok(names.into_iter().collect()),
        Err(error) if is_gone(&error) => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}

/// The regular files called like `path` with an ending.
fn rotated(disk: &dyn Disk, path: &Path) -> io::Result<Vec<(Metadata, PathBuf)>> {
    let Some(name) = path.file_name() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let alike =
        names(disk, directory_of(path))?.into_iter().filter(|other| is_rotated(other, name)).map(|other| path.with_file_name(other));
    for path in alike.filter(|other| !state::is_state(other)) {
        match retry(|| disk.about_entry(&path)) {
            Ok(about) if about.is_file() => found.push((about, path)),
            Err(error) if !is_gone(&error) => return Err(error),
            _ => {}
        }
    }
    Ok(found)
}

/// The copy that was made of the former content of `stream`, the file at `path`, before that was cut; the latest, if there are
/// several. `known`: files that are read themselves or were.
///
/// # Errors
/// Something could not be looked at, so that nobody knows whether there is a copy.
pub(super) fn copy(disk: &dyn Disk, path: &Path, stream: &Stream, known: impl Fn(&Id) -> bool) -> io::Result<Option<(PathBuf, File)>> {
    let mut last = Vec::new();
    for _ in 0..LISTS {
        let mut found: Vec<(Option<SystemTime>, Id, PathBuf)> = rotated(disk, path)?
            .into_iter()
            .map(|(about, path)| (about.created().or_else(|_| about.modified()).ok(), id(&about), path))
            .filter(|(_, id, _)| !known(id))
            .collect();
        found.sort();
        for (_, wanted, path) in found.iter().rev() {
            let file = match retry(|| disk.open(path, How::READ)) {
                Ok(file) => file,
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => continue,
                Err(error) => return Err(error),
            };
            if id(&retry(|| disk.about_open(&file))?) == *wanted && stream.is_copied_in(disk, &file)? {
                return Ok(Some((path.clone(), file)));
            }
        }
        // Names may move while they are read.
        if found == last {
            return Ok(None);
        }
        last = found;
    }
    Ok(None)
}

/// Whether `other` is `name` with an ending, as rotations make it.
pub(super) fn is_rotated(other: &OsStr, name: &OsStr) -> bool {
    other.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|ending| matches!(ending, [b'.' | b'-', _, ..]))
}

/// Whether a file that begins so is packed.
pub(super) fn is_packed(print: &[u8]) -> bool {
    PACKED.iter().any(|mark| print.starts_with(mark))
}

/// Opens what can be read and is neither packed nor, as `copied` says of its beginning, a copy.
pub(super) fn open(disk: &dyn Disk, siblings: &[Sibling], options: &Rc<Options>, copied: impl Fn(&[u8]) -> bool) -> Vec<Stream> {
    let opened = siblings.iter().filter_map(|(_, id, path)| {
        let stream = Stream::open(disk, path, options, Start::Begin, true).ok().filter(|stream| stream.id == *id)?;
        let print = stream.print();
        let fits = !is_packed(print) && !copied(print);
        fits.then_some(stream)
    });
    opened.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_names_have_an_ending() {
        let name = OsStr::new("x.log");
        for (other, is) in
            [("x.log.1", true), ("x.log-20260101", true), ("x.log", false), ("x.log.", false), ("x.logs", false), ("y.log.1", false)]
        {
            assert_eq!(is_rotated(OsStr::new(other), name), is, "{other}");
        }
    }
}
