//! Where relative paths lead: the directory in which the program was started, also after it has gone to another one.
//!
//! A service that detaches goes to `/`, but the paths in its script and configuration mean what they meant to who started it. All that
//! opens a path of a user asks here first.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

static START: OnceLock<PathBuf> = OnceLock::new();

/// The process is about to go to another directory: relative paths lead to the present one from now on.
///
/// # Errors
/// The present directory has no name, as it is gone or cannot be looked at.
pub fn keep() -> io::Result<()> {
    let here = std::env::current_dir()?;
    START.get_or_init(|| here);
    Ok(())
}

/// The directory in which the program was started, where it has gone to another one.
pub fn directory() -> Option<&'static Path> {
    START.get().map(PathBuf::as_path)
}

/// Where `path` leads.
#[inline]
pub fn path(path: &Path) -> Cow<'_, Path> {
    at(directory(), path)
}

fn at<'a>(start: Option<&Path>, path: &'a Path) -> Cow<'a, Path> {
    match start {
        Some(start) if path.is_relative() => Cow::Owned(start.join(path)),
        _ => Cow::Borrowed(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relative_paths_are_led_elsewhere_and_only_when_the_process_went_away() {
        let (relative, absolute) = (Path::new("in/x.log"), Path::new("/var/log/x.log"));
        assert_eq!((at(None, relative), at(None, absolute)), (relative.into(), absolute.into()));
        let start = Some(Path::new("/home/me"));
        assert_eq!((at(start, relative), at(start, absolute)), (Path::new("/home/me/in/x.log").into(), absolute.into()));
    }
}
