//! The file of a checkpoint with what stands beside it: `.prev` is the generation before, `.lock` is held for life, `.tmp` is the
//! next generation while it is written, `.corrupt-TIME` what could not be read.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;
use rustix::io::Errno;

use super::form::{self, Content, Draft, Generation, Words};
use crate::datum::Datum;
use crate::disk::{Disk, How, directory_of, read_whole_at, retry, write_whole};
use crate::error::{Error, Result, plain};
use crate::log;

/// What is read of a checkpoint at most.
const LARGEST: u64 = 256 << 20;
/// A mark is at most so long.
const MARK: usize = 96;

/// What to do when no generation can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBad {
    /// Not to run.
    Refuse,
    /// Read everything again.
    Begin,
}

impl OnBad {
    /// Its words in scripts, the default first.
    pub const WORDS: &[&str] = &["refuse", "begin"];

    /// By its word.
    pub fn named(word: &str) -> Self {
        if word == "begin" { Self::Begin } else { Self::Refuse }
    }
}

/// What was found at the start.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// Nothing, nor a trace that there was ever anything.
    First,
    /// Nothing that could be used, though there was something once: everything is read again.
    Lost,
    /// The latest usable generation.
    Kept {
        /// What the supply had put into it.
        body: Datum,
        /// Whether it was written at a clean stop.
        clean: bool,
    },
}

/// The locked file of a checkpoint. Dropping it lets the lock go.
#[derive(Debug)]
pub struct Checkpoint {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    kind: &'static str,
    lock: File,
    /// The number of the latest generation that was put into words.
    generation: AtomicU64,
    /// The number of the one that was saved last: the helper and the end of the run may want to save at once.
    saved: Mutex<u64>,
}

impl Checkpoint {
    /// Locks the checkpoint at `path` of a cog of that kind and reads it.
    ///
    /// # Errors
    /// [`Error::State`]: another process has it, it cannot be used, or it is not safe to use.
    pub fn open(disk: &Arc<dyn Disk>, path: &Path, kind: &'static str, on_bad: OnBad, now: SystemTime) -> Result<(Self, Found)> {
        let opened = Opening { disk: &**disk, path, kind, on_bad, now };
        opened.make_directory()?;
        // All are looked at before any is touched.
        let (_, _, old) = (opened.sound(path)?, opened.sound(&beside(path, ".prev"))?, opened.sound(&beside(path, ".lock"))?);
        let lock = opened.lock()?;
        opened.remove_rest()?;
        let (found, generation) = opened.load(old.is_some())?;
        let saved = Mutex::new(generation);
        let generation = generation.into();
        Ok((Self { disk: Arc::clone(disk), path: path.to_owned(), kind, lock, generation, saved }, found))
    }

    /// The next generation, which says that.
    pub fn next(&self, words: Words, clean: bool) -> Draft {
        let number = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
        Draft { number, kind: self.kind, clean, words }
    }

    /// Puts what [`Checkpoint::next`] gave in the place of the generation before, unless a later one is there already.
    ///
    /// # Errors
    /// The system's; the generation before stays in use.
    pub fn save(&self, draft: &Draft) -> io::Result<()> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        if draft.number > *saved {
            self.replace(&form::write(draft))?;
            *saved = draft.number;
        }
        Ok(())
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let (disk, temporary, previous) = (&*self.disk, beside(&self.path, ".tmp"), beside(&self.path, ".prev"));
        let done = self.write(&temporary, text).and_then(|()| {
            match retry(|| disk.exchange(&temporary, &self.path)) {
                Ok(()) => retry(|| disk.rename(&temporary, &previous)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => retry(|| disk.rename(&temporary, &self.path)),
                // Not every file system can exchange. Between these two there is but the previous generation, which will do.
                Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
                    retry(|| disk.rename(&self.path, &previous))?;
                    retry(|| disk.rename(&temporary, &self.path))
                }
                Err(error) => Err(error),
            }
        });
        if done.is_err() {
            // Whatever it is, it is not needed; the next attempt begins with this too.
            let _ = disk.remove(&temporary);
        }
        done.and_then(|()| retry(|| disk.sync_directory(directory_of(&self.path))))
    }

    fn write(&self, temporary: &Path, text: &str) -> io::Result<()> {
        let disk = &*self.disk;
        let how = How::APPEND.create_new(0o600).no_follow();
        let file = match retry(|| disk.open(temporary, how)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                retry(|| disk.remove(temporary))?;
                retry(|| disk.open(temporary, how))?
            }
            opened => opened?,
        };
        write_whole(disk, &file, text.as_bytes())?;
        retry(|| disk.sync_data(&file))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes something that outlives the process, though not the machine: quickly, and without a sync.
    ///
    /// # Errors
    /// The system's.
    pub fn mark(&self, text: &str) -> io::Result<()> {
        let padded = format!("{text:<width$}\n", width = MARK - 1);
        retry(|| self.disk.write_at(&self.lock, padded.as_bytes(), 0)).map(|_| ())
    }

    /// What was noted last; empty when nothing was.
    pub fn marked(&self) -> String {
        let mut bytes = [0; MARK];
        let count = read_whole_at(&*self.disk, &self.lock, &mut bytes, 0).unwrap_or(0);
        String::from_utf8_lossy(&bytes[..count]).trim().to_owned()
    }
}

/// Whether what has this ending behind the state file's name is part of it.
pub(super) fn is_part(ending: &[u8]) -> bool {
    matches!(ending, b"" | b".prev" | b".lock" | b".tmp") || ending.starts_with(b".corrupt")
}

/// `path` with this behind its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// A checkpoint while it is opened.
struct Opening<'a> {
    disk: &'a dyn Disk,
    path: &'a Path,
    kind: &'static str,
    on_bad: OnBad,
    now: SystemTime,
}

/// One of the files that may hold a generation.
enum Read {
    None,
    Good(Generation),
    Damaged(String),
}

impl Opening<'_> {
    fn refuse<T>(path: &Path, text: impl Into<String>, hint: &str) -> Result<T> {
        Err(Error::State { path: path.to_owned(), text: text.into(), hint: Some(hint.into()).filter(|hint: &String| !hint.is_empty()) })
    }

    fn refuse_for<T>(path: &Path, error: &io::Error) -> Result<T> {
        Self::refuse(path, plain(error), "")
    }

    /// Makes the directory, and those above it that are missing, for the owner alone.
    fn make_directory(&self) -> Result<()> {
        let mut missing = Vec::new();
        let mut directory = directory_of(self.path);
        loop {
            match retry(|| self.disk.about(directory)) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(directory),
                Err(error) => return Self::refuse_for(directory, &error),
            }
            directory = directory_of(directory);
        }
        for directory in missing.into_iter().rev() {
            match retry(|| self.disk.make_directory(directory, 0o700)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Self::refuse_for(directory, &error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Opens what stands there, if anything does and it is a plain file of our own.
    fn sound(&self, path: &Path) -> Result<Option<(File, Metadata)>> {
        match retry(|| self.disk.open(path, How::READ.no_follow())) {
            Ok(file) => self.check(path, file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if Errno::from_io_error(&error) == Some(Errno::LOOP) => Self::refuse(path, "is a symbolic link", ""),
            Err(error) => Self::refuse_for(path, &error),
        }
    }

    fn check(&self, path: &Path, file: File) -> Result<(File, Metadata)> {
        let about = match retry(|| self.disk.about_open(&file)) {
            Ok(about) => about,
            Err(error) => return Self::refuse_for(path, &error),
        };
        let owner = rustix::process::geteuid().as_raw();
        if about.is_dir() {
            Self::refuse(path, "is a directory", "give `state_file` the name of a file")
        } else if !about.is_file() {
            Self::refuse(path, "is no regular file", "")
        } else if about.uid() != owner {
            Self::refuse(path, format!("belongs to user {}, not to {owner}, as whom this runs", about.uid()), "")
        } else if about.nlink() != 1 {
            Self::refuse(path, format!("has {} names, so that others may change it", about.nlink()), "")
        } else {
            Ok((file, about))
        }
    }

    fn lock(&self) -> Result<File> {
        let path = beside(self.path, ".lock");
        let opened = retry(|| self.disk.open(&path, How::BOTH.create(0o600).no_follow()));
        let (lock, _) = match opened {
            Ok(lock) => self.check(&path, lock)?,
            Err(error) => return Self::refuse_for(&path, &error),
        };
        match retry(|| self.disk.lock(&lock)) {
            Ok(true) => Ok(lock),
            Ok(false) => Self::refuse(self.path, "is in use by another process", "give each supply a `state_file` of its own"),
            Err(error) => Self::refuse_for(&path, &error),
        }
    }

    /// Whoever wrote a temporary file did not finish it.
    fn remove_rest(&self) -> Result<()> {
        let path = beside(self.path, ".tmp");
        match retry(|| self.disk.remove(&path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Self::refuse_for(&path, &error),
            _ => Ok(()),
        }
    }

    /// What is there, and the number of the latest generation. `ran`: there was a run before.
    fn load(&self, ran: bool) -> Result<(Found, u64)> {
        let previous = beside(self.path, ".prev");
        let (latest, before) = (self.read(self.path)?, self.read(&previous)?);
        let kept = |generation: Generation| {
            let number = generation.number;
            (Found::Kept { body: generation.body, clean: generation.clean }, number)
        };
        let (path, prev) = (self.path.display(), previous.display());
        match (latest, before) {
            // The previous one may count further where somebody has put back an old file.
            (Read::Good(latest), Read::Good(before)) => Ok((kept(latest.clone()).0, latest.number.max(before.number))),
            (Read::Good(latest), _) => Ok(kept(latest)),
            (Read::None, Read::None) => Ok((if ran { Found::Lost } else { Found::First }, 0)),
            (Read::None, Read::Good(before)) => {
                log::warning(format_args!("state file `{path}` is missing: uses the generation before it, `{prev}`"));
                Ok(kept(before))
            }
            (Read::Damaged(why), Read::Good(before)) => {
                let aside = self.put_aside(self.path)?;
                let aside = aside.display();
                log::error(format_args!(
                    "state file `{path}`: {why}; uses the generation before it and keeps the damaged one as `{aside}`"
                ));
                Ok(kept(before))
            }
            (latest, before) => {
                let why = [latest, before].into_iter().find_map(|read| if let Read::Damaged(why) = read { Some(why) } else { None });
                let why = why.unwrap_or_default();
                if self.on_bad == OnBad::Refuse {
                    let text = format!("{why}, and there is no good generation before it");
                    return Self::refuse(self.path, text, "`bad_state: \"begin\"` reads everything again");
                }
                for path in [self.path, &previous] {
                    if retry(|| self.disk.about_entry(path)).is_ok() {
                        let aside = self.put_aside(path)?;
                        let (path, aside) = (path.display(), aside.display());
                        log::error(format_args!("state file `{path}`: {why}; reads everything again and keeps it as `{aside}`"));
                    }
                }
                Ok((Found::Lost, 0))
            }
        }
    }

    fn read(&self, path: &Path) -> Result<Read> {
        let Some((file, about)) = self.sound(path)? else { return Ok(Read::None) };
        let mut bytes = vec![0; usize::try_from(about.len().min(LARGEST)).unwrap_or_default()];
        match read_whole_at(self.disk, &file, &mut bytes, 0) {
            Ok(count) => bytes.truncate(count),
            Err(error) => return Ok(Read::Damaged(format!("it cannot be read: {}", plain(&error)))),
        }
        match form::read(&bytes) {
            Content::Good(generation) if generation.kind != self.kind => {
                let text = format!("is the state of `{}`, not of `{}`", generation.kind, self.kind);
                Self::refuse(path, text, "give each supply a `state_file` of its own")
            }
            Content::Good(generation) => Ok(Read::Good(generation)),
            Content::Damaged(why) => Ok(Read::Damaged(why.into())),
            Content::Newer(version) if self.on_bad == OnBad::Begin => Ok(Read::Damaged(format!("it has version {version}"))),
            Content::Newer(version) => {
                let text = format!("was written by a later version of this program (form {version}, this one knows {})", form::VERSION);
                Self::refuse(path, text, "`bad_state: \"begin\"` reads everything again")
            }
            Content::Foreign => {
                Self::refuse(path, "is no state file of this program", "give `state_file` another name, or move that file away")
            }
        }
    }

    /// Keeps a file that cannot be used under another name.
    fn put_aside(&self, path: &Path) -> Result<PathBuf> {
        let time = Timestamp::try_from(self.now).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string();
        let names = (0_u32..).map(|n| if n == 0 { format!(".corrupt-{time}") } else { format!(".corrupt-{time}-{n}") });
        let mut names = names.map(|ending| beside(path, &ending));
        let aside = names.find(|name| self.disk.about_entry(name).is_err()).unwrap_or_else(|| beside(path, ".corrupt"));
        match retry(|| self.disk.rename(path, &aside)) {
            Ok(()) => Ok(aside),
            Err(error) => Self::refuse_for(path, &error),
        }
    }
}

#[cfg(test)]
mod tests;
