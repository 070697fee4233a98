//! What plain paths depend on: the directories which tell when what stands there changes.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Links on one path; more are a circle (`path_resolution(7)`).
const LINKS: usize = 40;

/// A directory and the name in it on which something depends.
pub(super) type Spot = (PathBuf, OsString);

/// The places where a change can change what stands at `path`: the entry of the file itself, or of the first part of the way
/// that is missing, and those of all symbolic links on the way.
pub(super) fn spots(path: &Path) -> BTreeSet<Spot> {
    let mut spots = BTreeSet::new();
    let mut at = PathBuf::new();
    let mut ahead: Vec<OsString> = parts(path);
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        if part == ".." || part == "/" || part == "." {
            at.push(&part);
            continue;
        }
        let next = at.join(&part);
        let directory = if at.as_os_str().is_empty() { PathBuf::from(".") } else { at.clone() };
        match next.symlink_metadata() {
            Ok(about) if about.is_symlink() && links < LINKS => {
                links += 1;
                spots.insert((directory, part));
                if let Ok(target) = next.read_link() {
                    // A relative one starts where the link stands; an absolute one replaces all.
                    ahead.extend(parts(&target));
                    continue;
                }
                break;
            }
            Ok(_) if ahead.is_empty() => {
                spots.insert((directory, part));
            }
            Ok(_) => at = next,
            Err(_) => {
                spots.insert((directory, part));
                break;
            }
        }
    }
    spots
}

/// The parts of a path, last first.
fn parts(path: &Path) -> Vec<OsString> {
    path.components().rev().map(|component| OsStr::to_owned(component.as_os_str())).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn told(path: &Path, below: &Path) -> Vec<String> {
        let short = |(directory, name): Spot| format!("{}/{}", directory.strip_prefix(below).unwrap().display(), name.display());
        spots(path).into_iter().filter(|(directory, _)| directory.starts_with(below)).map(short).collect()
    }

    #[test]
    fn a_path_depends_on_its_entry_on_links_and_on_the_first_missing_part() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("real/deep")).unwrap();
        fs::write(top.join("real/deep/log"), "").unwrap();
        symlink("real", top.join("link")).unwrap();
        symlink(top.join("link/deep/log"), top.join("current")).unwrap();
        assert_eq!(told(&top.join("real/deep/log"), &top), ["real/deep/log"]);
        assert_eq!(told(&top.join("current"), &top), ["/current", "/link", "real/deep/log"]);
        assert_eq!(told(&top.join("real/none/log"), &top), ["real/none"]);
    }
}
