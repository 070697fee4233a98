//! Which files a script means: plain paths and names with wildcards, and where a file's path goes.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern, glob_with};

use crate::cog::{Args, Param};
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::getset::Setter;
use crate::{start, state};

/// `path_setter`.
pub(super) const PATH_SETTER: Param = Param::setter("path_setter")
    .or("nullsetter")
    .about("where the file's path goes; the datum must be a map then, so give data_setter too");

/// As a shell does it: no wildcard matches a slash, nor a name's first dot.
const RULES: MatchOptions = MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

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
    /// Nothing when `name`, given to that option, is a plain path.
    pub(super) fn new(option: &str, name: &str) -> Result<Option<Self>> {
        if !name.contains(['*', '?', '[']) {
            return Ok(None);
        }
        let pattern = Pattern::new(name).map_err(|error| Error::option(option, format!("`{name}` is no pattern: {error}")))?;
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

/// Whether a pattern that matches `path` can mean it: no directory and no socket, which nobody can have meant, nor a state file, which
/// the program itself changes.
pub(super) fn may_be_meant(disk: &dyn Disk, path: &Path) -> bool {
    disk.about(path).is_ok_and(|about| !about.is_dir() && !about.file_type().is_socket()) && !state::is_state(path)
}

/// Nothing stands there, which may change; all other errors are worth a word.
pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What [`PATH_SETTER`] gives, where each datum is `what` unless it is put elsewhere.
///
/// # Errors
/// The path has no place beside that.
pub(super) fn path_setter(args: &Args, what: &str) -> Result<Setter> {
    let setter = args.setter("path_setter");
    let wants_map = matches!(setter, Setter::Item(_) | Setter::Path(_) | Setter::Update(_) | Setter::Lowered { .. });
    if wants_map && args.common().data_setter.is_none() {
        return Err(Error::Option {
            option: "path_setter".into(),
            text: format!("has no map to put the path into: each datum is the {what} itself"),
            hint: Some(format!("give `data_setter: \"{what}\"` too")),
        });
    }
    Ok(setter)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_pattern_needs_each_directory_it_searches() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        for name in ["a/x.log", "b/y.log", "b/.z.log"] {
            fs::create_dir_all(top.join(name).parent().unwrap()).unwrap();
            fs::write(top.join(name), "").unwrap();
        }
        let glob = Glob::new("paths", top.join("*/*.log").to_str().unwrap()).unwrap().unwrap();
        assert_eq!(glob.files(), [top.join("a/x.log"), top.join("b/y.log")]);
        assert_eq!(glob.directories(), [top.clone(), top.join("a"), top.join("b")]);
        assert!(glob.matches(&top.join("c/new.log")) && !glob.matches(&top.join("c/d/new.log")));
        assert!(glob.is_deep() && glob.base == top);
        assert!(Glob::new("paths", "plain").unwrap().is_none());
        assert!(Glob::new("paths", "[").is_err());
    }
}
