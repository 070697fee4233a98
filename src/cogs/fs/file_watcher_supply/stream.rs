//! One open file, read as it grows: its place, its fingerprint, its unfinished line.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::rc::Rc;
use std::time::SystemTime;

use rustix::buffer::spare_capacity;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::cogs::fs::lines::{Options, Splitter};
use crate::escapement::Moment;

/// A file is known again by so much of its beginning.
const PRINT: usize = 256;
/// A copy must have so much in common with what was read last.
const LAST: u64 = 64;
/// So much is asked for where little is expected.
const FEW: usize = 16 * 1024;

/// Which file it is, whatever its name. No number is given out again while the file is open.
pub(super) type Id = (u64, u64);

/// The identity in what the system says of a file.
pub(super) fn id(about: &Metadata) -> Id {
    (about.dev(), about.ino())
}

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// Something; there may be more.
    More,
    /// All that there is for now.
    All,
    /// Nothing will ever follow.
    End,
    /// It is another content than before: see [`Stream::begin_anew`].
    Anew,
}

/// An open file with what was read of it.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, read by name")]
pub(super) struct Stream {
    file: File,
    pub(super) id: Id,
    /// When it was made, where the file system knows that.
    pub(super) born: Option<SystemTime>,
    /// Named pipes and devices: no places, no size, and told of by their descriptor.
    pub(super) flows: bool,
    /// Where the next read begins.
    pub(super) offset: u64,
    /// So much the next read asks for, of the most that it may.
    expected: usize,
    /// The beginning of the file.
    print: Vec<u8>,
    /// What stood right before `offset`, up to [`LAST`] bytes.
    last: Vec<u8>,
    pub(super) lines: Splitter,
    /// There may be something to read.
    pub(super) dirty: bool,
    /// It has been read to its end at least once since its name was taken away.
    pub(super) caught_up: bool,
    /// Its name was taken away: so long it is still read.
    pub(super) closes: Option<Moment>,
    /// It is a copy that was made before a file was cut: nobody will write to it.
    pub(super) copy: bool,
    /// It has come to another name that is followed too.
    pub(super) renamed: bool,
    /// When its unfinished line is given out.
    pub(super) partial_due: Option<Moment>,
    /// Whether it was told that its bytes are no text.
    pub(super) told: bool,
}

impl Stream {
    /// Opens what stands at `path`. `stays`: it is followed, so that a pipe does not end with its writer.
    pub(super) fn open(path: &Path, options: &Rc<Options>, from_end: bool, stays: bool) -> io::Result<Self> {
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if stays && about.file_type().is_fifo() {
            // With a writer of our own there is always one (fifo(7)). Without the right to write it ends and begins again.
            file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).unwrap_or(file);
        }
        let flows = !about.is_file();
        let offset = if from_end && !flows { about.len() } else { 0 };
        let mut stream = Self {
            file,
            id: id(&about),
            born: about.created().ok(),
            flows,
            offset,
            expected: if about.len().saturating_sub(offset) > FEW as u64 { usize::MAX } else { FEW },
            print: Vec::new(),
            last: Vec::new(),
            lines: Splitter::new(options, offset),
            dirty: !flows && !from_end,
            caught_up: false,
            closes: None,
            copy: false,
            renamed: false,
            partial_due: None,
            told: false,
        };
        if !flows {
            stream.same_beginning()?;
            stream.last = vec![0; usize::try_from(offset.min(LAST)).unwrap_or_default()];
            // When that fails it was cut just now, and nothing of it has been read.
            if stream.file.read_exact_at(&mut stream.last, offset.saturating_sub(LAST)).is_err() {
                stream.last.clear();
            }
        }
        Ok(stream)
    }

    /// What `file`, a copy of this one's former content, goes on with where this one was read to. `closes`: when it is closed,
    /// at the earliest.
    pub(super) fn copied(&self, file: File, options: &Rc<Options>, closes: Moment) -> io::Result<Self> {
        let about = file.metadata()?;
        Ok(Self {
            file,
            id: id(&about),
            born: about.created().ok(),
            flows: false,
            offset: self.offset,
            expected: usize::MAX,
            print: self.print.clone(),
            last: self.last.clone(),
            lines: Splitter::new(options, self.offset),
            dirty: true,
            caught_up: false,
            closes: Some(closes),
            copy: true,
            renamed: false,
            partial_due: None,
            told: self.told,
        })
    }

    /// Whether `file` has all that was read of this one, at the same places as far as that is remembered.
    pub(super) fn is_copied_in(&self, file: &File) -> io::Result<bool> {
        let about = file.metadata()?;
        if !about.is_file() || about.len() < self.offset || self.print.is_empty() {
            return Ok(false);
        }
        let mut beginning = vec![0; self.print.len()];
        file.read_exact_at(&mut beginning, 0)?;
        let mut last = vec![0; self.last.len()];
        file.read_exact_at(&mut last, self.offset - self.last.len() as u64)?;
        Ok(beginning == self.print && last == self.last)
    }

    /// How it begins: up to 256 bytes.
    pub(super) fn print(&self) -> &[u8] {
        &self.print
    }

    pub(super) fn fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    /// Whether nothing can have happened since the last read, as far as that can be seen from outside.
    pub(super) fn is_read(&self, about: &Metadata) -> bool {
        self.flows || about.len() == self.offset && !self.dirty
    }

    /// Whether there is something to do for it.
    pub(super) fn wants(&self) -> bool {
        self.dirty || self.lines.has_lines()
    }

    /// Reads at most `most` bytes once. `to_end`: the end of the file is the end of it all.
    pub(super) fn read(&mut self, most: usize, to_end: bool) -> io::Result<Got> {
        // What cannot be read is not tried again at once.
        self.dirty = false;
        let got = if self.flows { self.read_flow(most, to_end) } else { self.read_file(most, to_end) }?;
        self.dirty = matches!(got, Got::More | Got::Anew);
        self.caught_up |= got == Got::All;
        Ok(got)
    }

    fn read_file(&mut self, most: usize, to_end: bool) -> io::Result<Got> {
        // Who follows a file mostly finds a few lines: it is read first, and only when that gives nothing its size is asked for.
        let want = self.expected.min(most);
        let (file, offset, print) = (&self.file, self.offset, &mut self.print);
        let mut last = std::mem::take(&mut self.last);
        let fed = self.lines.feed(want, |into| {
            let before = into.len();
            loop {
                match rustix::io::pread(file, spare_capacity(into), offset) {
                    Ok(_) => {}
                    Err(Errno::INTR) => continue,
                    Err(error) => return Err(Some(io::Error::from(error))),
                }
                let fresh = &into[before..];
                // Looked at after the reading: else it might have been truncated and written again between the two.
                if !fresh.is_empty() && !same(file, print, offset + fresh.len() as u64).map_err(Some)? {
                    return Err(None);
                }
                remember(&mut last, fresh);
                return Ok(());
            }
        });
        self.last = last;
        match fed {
            Ok(0) => {
                if self.file.metadata()?.len() < self.offset || !self.same_beginning()? {
                    return Ok(Got::Anew);
                }
                Ok(if to_end { Got::End } else { Got::All })
            }
            Ok(count) => {
                self.offset += count as u64;
                let full = count >= want;
                self.expected = if full { most } else { self.expected.min(FEW) };
                Ok(if to_end || full { Got::More } else { Got::All })
            }
            Err(Some(error)) => Err(error),
            Err(None) => Ok(Got::Anew),
        }
    }

    fn read_flow(&mut self, most: usize, to_end: bool) -> io::Result<Got> {
        let file = &self.file;
        let fed = self.lines.feed(most, |into| {
            loop {
                match rustix::io::read(file, spare_capacity(into)) {
                    Ok(_) => return Ok(()),
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error),
                }
            }
        });
        match fed {
            Ok(0) if to_end => Ok(Got::End),
            Ok(0) | Err(Errno::AGAIN) => Ok(Got::All),
            Ok(count) => {
                self.offset += count as u64;
                Ok(Got::More)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Another content stands in the file: it is read from its beginning. Gives what was begun of the former one.
    pub(super) fn begin_anew(&mut self, options: &Rc<Options>) -> Splitter {
        self.offset = 0;
        self.print.clear();
        self.last.clear();
        self.partial_due = None;
        std::mem::replace(&mut self.lines, Splitter::new(options, 0))
    }

    /// Whether the file begins as it did.
    fn same_beginning(&mut self) -> io::Result<bool> {
        same(&self.file, &mut self.print, u64::MAX)
    }
}

/// Adds what was read to the last bytes.
fn remember(last: &mut Vec<u8>, fresh: &[u8]) {
    let most = LAST as usize;
    last.extend_from_slice(&fresh[fresh.len().saturating_sub(most)..]);
    last.drain(..last.len().saturating_sub(most));
}

/// Whether `file` begins with `print`, which grows with the file, of `size` bytes at most, up to [`PRINT`].
fn same(file: &File, print: &mut Vec<u8>, size: u64) -> io::Result<bool> {
    let mut beginning = [0; PRINT];
    let all = usize::try_from(size).map_or(PRINT, |size| size.min(PRINT));
    let mut have = 0;
    while have < all {
        match file.read_at(&mut beginning[have..all], have as u64) {
            Ok(0) => break,
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let beginning = &beginning[..have];
    if !beginning.starts_with(print) {
        return Ok(false);
    }
    if print.len() < have {
        *print = beginning.to_vec();
    }
    Ok(true)
}
