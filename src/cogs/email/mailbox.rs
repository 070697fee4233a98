//! A Maildir and its folders, which stand beside each other in it (Maildir++).

use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{Disk, retry};
use crate::error::{Error, Result};

/// Who may look into a folder that is made.
const MODE: u32 = 0o700;

/// Checks the name of a folder: one part of a path, `.` being the Maildir itself.
pub(super) fn folder_name<'a>(option: &str, name: &'a str) -> Result<&'a str> {
    let inner = ["", "..", "new", "cur", "tmp"].contains(&name);
    if inner || name.contains('/') || name.chars().any(char::is_control) || name.len() > 255 {
        return Err(Error::Option {
            option: option.into(),
            text: format!("`{name}` is no folder's name"),
            hint: Some("folders stand beside each other in the Maildir: `.Work`, `.Work.Done`; `.` is the Maildir itself".into()),
        });
    }
    Ok(name)
}

/// Where a folder of the Maildir at `root` stands.
pub(super) fn folder_path(root: &Path, name: &str) -> PathBuf {
    if name == "." { root.to_owned() } else { root.join(name) }
}

/// Makes a folder, as far as it is not there.
pub(super) fn make_folder(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    for path in [path.to_owned(), path.join("tmp"), path.join("new"), path.join("cur")] {
        match retry(|| disk.make_directory(&path, MODE)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
