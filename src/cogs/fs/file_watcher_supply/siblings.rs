//! Files that a path's name was taken from so soon that nobody looked: they are found beside it, by their times of birth.
//!
//! A rotation renames `x.log` to `x.log.1` (or `x.log-20260101`) and makes a new `x.log`. When that happens twice between two
//! looks, the file in the middle was born between the one that was read and the one that stands there now. Copies and packed
//! files are born then too, but begin otherwise: like a file that was read, or with the mark of their format.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use rustix::fs::OFlags;

use super::stream::{Id, Stream, id};
use crate::cogs::fs::lines::Options;

/// The directory is listed again, at most so often, until two lists are equal: names move while they are read.
const LISTS: usize = 4;
/// How packed files begin: gzip, bzip2, xz, zstd, lz4, zip.
const PACKED: [&[u8]; 6] = [b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"PK\x03\x04"];

/// A file beside the path, and when it was born.
type Sibling = (SystemTime, Id, PathBuf);

/// Unknown files called like `path` with an ending, born between these times, oldest first. None where the file system keeps
/// no times of birth.
pub(super) fn between(path: &Path, after: SystemTime, before: Option<SystemTime>, known: impl Fn(&Id) -> bool) -> Vec<Sibling> {
    let mut last = list(path, after, before, &known);
    for _ in 1..LISTS {
        let again = list(path, after, before, &known);
        if again == last {
            break;
        }
        last = again;
    }
    last
}

fn list(path: &Path, after: SystemTime, before: Option<SystemTime>, known: &impl Fn(&Id) -> bool) -> Vec<Sibling> {
    let mut found: Vec<Sibling> = rotated(path)
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

/// The regular files called like `path` with an ending.
fn rotated(path: &Path) -> Vec<(fs::Metadata, PathBuf)> {
    let Some(name) = path.file_name() else { return Vec::new() };
    let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| is_rotated(&entry.file_name(), name))
        .filter_map(|entry| Some((entry.metadata().ok().filter(fs::Metadata::is_file)?, entry.path())))
        .collect()
}

/// The copy that was made of the former content of `stream`, the file at `path`, before that was cut; the latest, if there are
/// several. `known`: files that are read themselves or were.
pub(super) fn copy(path: &Path, stream: &Stream, known: impl Fn(&Id) -> bool) -> Option<(PathBuf, File)> {
    let mut last = Vec::new();
    for _ in 0..LISTS {
        let mut found: Vec<(Option<SystemTime>, Id, PathBuf)> = rotated(path)
            .into_iter()
            .map(|(about, path)| (about.created().or_else(|_| about.modified()).ok(), id(&about), path))
            .filter(|(_, id, _)| !known(id))
            .collect();
        found.sort();
        let copy = found.iter().rev().find_map(|(_, wanted, path)| {
            let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path).ok()?;
            let same = file.metadata().is_ok_and(|about| id(&about) == *wanted);
            (same && stream.is_copied_in(&file).unwrap_or(false)).then(|| (path.clone(), file))
        });
        // Names may move while they are read.
        if copy.is_some() || found == last {
            return copy;
        }
        last = found;
    }
    None
}

/// Whether `other` is `name` with an ending, as rotations make it.
fn is_rotated(other: &OsStr, name: &OsStr) -> bool {
    other.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|ending| matches!(ending, [b'.' | b'-', _, ..]))
}

/// Opens what can be read and is neither packed nor, as `copied` says of its beginning, a copy.
pub(super) fn open(siblings: &[Sibling], options: &Rc<Options>, copied: impl Fn(&[u8]) -> bool) -> Vec<Stream> {
    let opened = siblings.iter().filter_map(|(_, id, path)| {
        let stream = Stream::open(path, options, false, true).ok().filter(|stream| stream.id == *id)?;
        let print = stream.print();
        let fits = !PACKED.iter().any(|mark| print.starts_with(mark)) && !copied(print);
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
