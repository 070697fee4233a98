//! Where control sockets stand: a directory of the user's own, a socket a process, named after its script.
//!
//! The directory is `$RUNTIME_DIRECTORY`, else `deadbeat` in `$XDG_RUNTIME_DIR`, else `deadbeat-UID` among the temporary files;
//! it is used only when it is this user's and nobody else's.

use std::env;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, chmod};

/// The longest name of a socket, in letters: `sun_path` has 108 bytes for the whole path (unix(7)).
const LONGEST: usize = 40;

/// The directory of control sockets, not yet made.
pub fn directory() -> PathBuf {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(dir) = named("RUNTIME_DIRECTORY") {
        // Several may be given, parted by colons (systemd.exec(5)).
        let text = dir.to_string_lossy().into_owned();
        return PathBuf::from(text.split(':').next().unwrap_or_default());
    }
    match named("XDG_RUNTIME_DIR") {
        Some(dir) => dir.join("deadbeat"),
        None => env::temp_dir().join(format!("deadbeat-{}", rustix::process::geteuid().as_raw())),
    }
}

/// Makes the directory where it is not there, and looks whose it is.
///
/// # Errors
/// It cannot be made, or others could put something into it.
fn prepare(dir: &Path) -> io::Result<()> {
    match std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let about = std::fs::symlink_metadata(dir)?;
    let ours = about.is_dir() && about.uid() == rustix::process::geteuid().as_raw() && about.mode() & 0o022 == 0;
    if ours { Ok(()) } else { Err(io::Error::other("it is not this user's own")) }
}

/// A name for a script: the file's without its ending, of letters that need no quoting.
pub fn name_of(script: &Path) -> String {
    let stem = script.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let plain: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).take(LONGEST).collect();
    if plain.trim_matches('.').is_empty() { "deadbeat".to_owned() } else { plain }
}

/// A socket that listens, and its place; the file goes with it.
#[derive(Debug)]
pub struct Listening {
    /// The socket, not blocking.
    pub socket: UnixListener,
    /// Where it stands.
    pub path: PathBuf,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Listens under that name, or with the process's number behind it where the name is taken by another process that lives.
///
/// # Errors
/// The directory is not ours or cannot be made; the socket cannot be bound.
pub fn listen(name: &str) -> io::Result<Listening> {
    let dir = directory();
    prepare(&dir)?;
    let own = dir.join(format!("{name}.sock"));
    let path = if is_alive(&own) { dir.join(format!("{name}-{}.sock", std::process::id())) } else { own };
    // What a process left behind that was killed.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixListener::bind(&path)?;
    let listening = Listening { socket, path };
    chmod(&listening.path, Mode::RUSR | Mode::WUSR)?;
    listening.socket.set_nonblocking(true)?;
    Ok(listening)
}

/// Whether somebody listens there.
fn is_alive(path: &Path) -> bool {
    UnixStream::connect(path).is_ok()
}

/// The sockets of processes that live, by name.
pub fn living() -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(directory()).into_iter().flatten().flatten().map(|entry| entry.path());
    let sockets = entries.filter(|path| path.extension().is_some_and(|ending| ending == "sock") && is_alive(path));
    let mut found: Vec<(String, PathBuf)> =
        sockets.filter_map(|path| Some((path.file_stem()?.to_string_lossy().into_owned(), path.clone()))).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_s_name_is_plain() {
        for (script, name) in [("/etc/x/web log.rhai", "web_log"), ("a.b.rhai", "a.b"), ("..", "deadbeat"), ("ü.rhai", "_")] {
            assert_eq!(name_of(Path::new(script)), name);
        }
        assert_eq!(name_of(Path::new(&"x".repeat(300))).len(), LONGEST);
    }

    #[test]
    fn a_directory_that_others_may_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let open = dir.path().join("open");
        std::fs::create_dir(&open).unwrap();
        chmod(&open, Mode::from_raw_mode(0o777)).unwrap();
        assert!(prepare(&open).is_err());
        let own = dir.path().join("a/own");
        prepare(&own).unwrap();
        assert_eq!(std::fs::metadata(&own).unwrap().mode() & 0o777, 0o700);
        std::os::unix::fs::symlink(&own, dir.path().join("link")).unwrap();
        assert!(prepare(&dir.path().join("link")).is_err());
    }
}
