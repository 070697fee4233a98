//! What becomes of files that were taken: removed or kept elsewhere when they are done, laid aside with the reason when they failed, put
//! back when their turn will not come.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::claims::{Claims, give_back};
use crate::cogs::fs::filer::{names, settle_name};
use crate::disk::{Disk, How, retry, write_whole};

/// Permissions of a `.meta` file.
const MODE: u32 = 0o640;

/// Where files go.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) incoming: PathBuf,
    pub(super) errors: PathBuf,
    /// Done ones; they are removed without it.
    pub(super) done: Option<PathBuf>,
    /// Whether those that failed get a companion that tells why.
    pub(super) meta: bool,
}

/// What becomes of a file.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// It is done, and what was made of it is stored.
    Done,
    /// It failed; with the text of its `.meta`, where that is wanted.
    Failed(Option<String>),
    /// It goes back to where it was taken from.
    Back,
}

/// A file whose fate is known.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) name: OsString,
    pub(super) fate: Fate,
}

/// What came of doing what was due.
#[derive(Debug)]
pub(super) struct Cleared {
    /// What could not be done.
    pub(super) left: Vec<Due>,
    /// Why the first of it could not.
    pub(super) trouble: Option<(PathBuf, io::Error)>,
}

/// Does what is due.
pub(super) fn clear(disk: &dyn Disk, claims: &Claims, places: &Places, due: Vec<Due>) -> Cleared {
    let mut trouble = None;
    let left = due.into_iter().filter(|due| {
        let path = claims.path().join(&due.name);
        match clear_one(disk, &path, places, due) {
            Ok(()) => false,
            Err(error) => {
                trouble.get_or_insert((path, error));
                true
            }
        }
    });
    Cleared { left: left.collect(), trouble }
}

fn clear_one(disk: &dyn Disk, path: &Path, places: &Places, due: &Due) -> io::Result<()> {
    let done = match (&due.fate, &places.done) {
        (Fate::Done, None) => retry(|| disk.remove(path)),
        (Fate::Done, Some(done)) => settle_name(&due.name, |name| disk.rename_new(path, &done.join(name))).map(drop),
        (Fate::Failed(meta), _) => lay_aside(disk, path, places, due, meta.as_deref()),
        (Fate::Back, _) => return give_back(disk, path, &due.name, &places.incoming),
    };
    match done {
        // Either of the two: it may be that the other directory is not there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => match retry(|| disk.about_entry(path)) {
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        },
        done => done,
    }
}

/// Renames a file into `errors`, where its `.meta` stands before it does.
fn lay_aside(disk: &dyn Disk, path: &Path, places: &Places, due: &Due, meta: Option<&str>) -> io::Result<()> {
    let errors = &places.errors;
    let Some(meta) = meta else {
        return settle_name(&due.name, |name| disk.rename_new(path, &errors.join(name))).map(drop);
    };
    settle_name(&due.name, |name| {
        // A name with its ending must fit too.
        let short = names::shortened(name, ".meta".len());
        let mut told = short.clone();
        told.push(".meta");
        let told = errors.join(told);
        let file = retry(|| disk.open(&told, How { append: false, ..How::APPEND }.create_new(MODE).no_follow()))?;
        let done = write_whole(disk, &file, meta.as_bytes()).and_then(|()| retry(|| disk.rename_new(path, &errors.join(&short))));
        if done.is_err() {
            let _ = retry(|| disk.remove(&told));
        }
        done
    })
    .map(drop)
}
