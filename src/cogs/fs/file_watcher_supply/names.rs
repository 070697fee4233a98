//! Names and patterns: which files they mean now, and which directories tell when that changes.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern, glob_with};

use crate::error::{Error, Result};
use crate::start;

/// As a shell does it: no wildcard matches a slash, nor a name's first dot.
const RULES: MatchOptions = MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
/// Links on one path; more are a circle (`path_resolution(7)`).
const LINKS: usize = 40;

/// A name with wildcards.
pub(super) struct Glob {
    text: String,
    pattern: Pattern,
    /// What stands before the first component with a wildcard.
    pub(super) base: PathBuf,
    /// Its components from there on.
    depth: usize,
}

impl Glob {
    /// Nothing when `name` is a plain path.
    pub(super) fn new(name: &str) -> Result<Option<Self>> {
        if !name.contains(['*', '?', '[']) {
            return Ok(None);
        }
        let pattern = Pattern::new(name).map_err(|error| Error::option("filenames", format!("`{name}` is no pattern: {error}")))?;
        let wild = |component: &Component<'_>| component.as_os_str().to_string_lossy().contains(['*', '?', '[']);
        let base: PathBuf = Path::new(name).components().take_while(|component| !wild(component)).collect();
        let depth = Path::new(name).components().skip_while(|component| !wild(component)).count();
        Ok(Some(Self { text: name.into(), pattern, base, depth }))
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn matches(&self, path: &Path) -> bool {
        self.pattern.matches_path_with(path, RULES)
    }

    /// Whether directories below `base` are searched too.
    pub(super) fn is_deep(&self) -> bool {
        self.depth > 1
    }

    /// What matches now, in order of name.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        list(&self.text)
    }

    /// The directories in which a name may appear that changes what matches.
    pub(super) fn directories(&self) -> Vec<PathBuf> {
        let base = if self.base.as_os_str().is_empty() { PathBuf::from(".") } else { self.base.clone() };
        let mut all = vec![base];
        let components: Vec<Component<'_>> = Path::new(&self.text).components().collect();
        for count in components.len() - self.depth + 1..components.len() {
            let prefix: PathBuf = components[..count].iter().collect();
            all.extend(list(&prefix.to_string_lossy()).into_iter().filter(|path| start::path(path).is_dir()));
        }
        all.sort();
        all.dedup();
        all
    }
}

fn list(pattern: &str) -> Vec<PathBuf> {
    // What cannot be listed holds nothing for us; it is looked at again with each scan.
    let find = |pattern: &str| glob_with(pattern, RULES).map(|found| found.flatten().collect::<Vec<_>>()).unwrap_or_default();
    match start::directory() {
        Some(start) if Path::new(pattern).is_relative() => {
            let found = find(&format!("{}/{pattern}", Pattern::escape(&start.to_string_lossy())));
            found.into_iter().map(|path| path.strip_prefix(start).map(Path::to_owned).unwrap_or(path)).collect()
        }
        _ => find(pattern),
    }
}

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

    #[test]
    fn a_pattern_needs_each_directory_it_searches() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        for name in ["a/x.log", "b/y.log", "b/.z.log"] {
            fs::create_dir_all(top.join(name).parent().unwrap()).unwrap();
            fs::write(top.join(name), "").unwrap();
        }
        let glob = Glob::new(top.join("*/*.log").to_str().unwrap()).unwrap().unwrap();
        assert_eq!(glob.files(), [top.join("a/x.log"), top.join("b/y.log")]);
        assert_eq!(glob.directories(), [top.clone(), top.join("a"), top.join("b")]);
        assert!(glob.matches(&top.join("c/new.log")) && !glob.matches(&top.join("c/d/new.log")));
        assert!(glob.is_deep() && glob.base == top);
        assert!(Glob::new("plain").unwrap().is_none());
        assert!(Glob::new("[").is_err());
    }
}
