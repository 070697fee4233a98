//! One open file, read as it grows: its place, its fingerprint, its unfinished line.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use super::ledger::Ticket;
use crate::disk::{Disk, How, read_whole_at, retry};
use crate::escapement::Moment;
use crate::lines::{Options, Splitter};

/// A file is known again by so much of its beginning.
const PRINT: usize = 256;
/// A copy must have so much in common with what was read last.
pub(super) const LAST: usize = 64;
/// How it begins is looked at again after this.
const CHECK: Duration = Duration::from_secs(1);
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
    /// When it was written to last, as far as that was looked at.
    modified: Option<SystemTime>,
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
    /// When it was looked at how the file begins.
    checked: Option<Moment>,
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
    /// Its entry in the ledger, where one is kept.
    pub(super) ticket: Option<Rc<Ticket>>,
}

/// Where a file is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Begin,
    End,
}

impl Stream {
    /// Opens what stands at `path`. `stays`: it is followed, so that a pipe does not end with its writer.
    pub(super) fn open(disk: &dyn Disk, path: &Path, options: &Rc<Options>, start: Start, stays: bool) -> io::Result<Self> {
        let mut file = retry(|| disk.open(path, How::READ))?;
        let about = retry(|| disk.about_open(&file))?;
        if about.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if stays && about.file_type().is_fifo() {
            // With a writer of our own there is always one (fifo(7)). Without the right to write it ends and begins again.
            file = disk.open(path, How::BOTH).unwrap_or(file);
        }
        let mut stream = Self::new(file, &about, options);
        if !stream.flows {
            stream.same_beginning(disk)?;
            stream.go_to(disk, if start == Start::End { about.len() } else { 0 }, about.len(), options);
            stream.dirty = start == Start::Begin;
        }
        Ok(stream)
    }

    fn new(file: File, about: &Metadata, options: &Rc<Options>) -> Self {
        Self {
            file,
            id: id(about),
            born: about.created().ok(),
            modified: about.modified().ok(),
            flows: !about.is_file(),
            offset: 0,
            expected: usize::MAX,
            print: Vec::new(),
            last: Vec::new(),
            checked: None,
            lines: Splitter::new(options, 0),
            dirty: false,
            caught_up: false,
            closes: None,
            copy: false,
            renamed: false,
            partial_due: None,
            told: false,
            ticket: None,
        }
    }

    /// Goes to a place that is known to be a line's beginning, in a file of that size.
    pub(super) fn go_to(&mut self, disk: &dyn Disk, offset: u64, size: u64, options: &Rc<Options>) {
        self.offset = offset;
        self.expected = if size.saturating_sub(offset) > FEW as u64 { usize::MAX } else { FEW };
        self.lines = Splitter::new(options, offset);
        self.last = vec![0; usize::try_from(offset.min(LAST as u64)).unwrap_or_default()];
        // When that fails it was cut just now, and nothing of it has been read.
        let had = read_whole_at(disk, &self.file, &mut self.last, offset.saturating_sub(LAST as u64));
        if had.ok() != Some(self.last.len()) {
            self.last.clear();
        }
        self.dirty = true;
    }

    /// What `file`, a copy of this one's former content, goes on with where this one was read to. `closes`: when it is closed,
    /// at the earliest.
    pub(super) fn copied(&self, disk: &dyn Disk, file: File, options: &Rc<Options>, closes: Moment) -> io::Result<Self> {
        let about = retry(|| disk.about_open(&file))?;
        Ok(Self {
            flows: false,
            offset: self.offset,
            print: self.print.clone(),
            last: self.last.clone(),
            lines: Splitter::new(options, self.offset),
            dirty: true,
            closes: Some(closes),
            copy: true,
            told: self.told,
            ..Self::new(file, &about, options)
        })
    }

    /// Whether `file` has all that was read of this one, at the same places as far as that is remembered.
    pub(super) fn is_copied_in(&self, disk: &dyn Disk, file: &File) -> io::Result<bool> {
        let about = retry(|| disk.about_open(file))?;
        if !about.is_file() || about.len() < self.offset || self.print.is_empty() {
            return Ok(false);
        }
        let has = |bytes: &[u8], at: u64| {
            let mut there = vec![0; bytes.len()];
            read_whole_at(disk, file, &mut there, at).map(|count| count == bytes.len() && there == bytes)
        };
        Ok(has(&self.print, 0)? && has(&self.last, self.offset - self.last.len() as u64)?)
    }

    /// Whether this file, of that size, looks like the beginning of `other`: like a copy of it, whole or in the making.
    pub(super) fn begins(&self, disk: &dyn Disk, size: u64, other: &Self) -> io::Result<bool> {
        let (mut here, mut there) = ([0; LAST], [0; LAST]);
        let at = size.saturating_sub(LAST as u64);
        let had = read_whole_at(disk, &self.file, &mut here, at)?;
        let has = read_whole_at(disk, &other.file, &mut there[..had], at)?;
        Ok(has == had && here[..had] == there[..had] && other.print.starts_with(&self.print))
    }

    /// The open file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// How it begins: up to 256 bytes.
    pub(super) fn print(&self) -> &[u8] {
        &self.print
    }

    /// What stood before the place where the next read begins: up to 64 bytes.
    pub(super) fn last(&self) -> &[u8] {
        &self.last
    }

    pub(super) fn fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    /// Whether nothing can have happened since the last read, as far as that can be seen from outside.
    pub(super) fn is_read(&mut self, about: &Metadata) -> bool {
        let modified = about.modified().ok();
        let unchanged = std::mem::replace(&mut self.modified, modified) == modified;
        self.flows || about.len() == self.offset && !self.dirty && unchanged
    }

    /// Whether there is something to do for it.
    pub(super) fn wants(&self) -> bool {
        self.dirty || self.lines.has_lines()
    }

    /// Whether it is no more than a file with its name, and has no deadline.
    pub(super) fn is_plain(&self) -> bool {
        self.closes.is_none() && self.partial_due.is_none() && !self.copy
    }

    /// Reads at most `most` bytes once. `to_end`: the end of the file is the end of it all. `scratch` is memory for small reads.
    pub(super) fn read(&mut self, disk: &dyn Disk, most: usize, to_end: bool, now: Moment, scratch: &mut Vec<u8>) -> io::Result<Got> {
        // What cannot be read is not tried again at once.
        self.dirty = false;
        let got = if self.flows { self.read_flow(disk, most, to_end) } else { self.read_file(disk, most, to_end, now, scratch) }?;
        self.dirty = matches!(got, Got::More | Got::Anew);
        self.caught_up |= got == Got::All;
        Ok(got)
    }

    fn read_file(&mut self, disk: &dyn Disk, most: usize, to_end: bool, now: Moment, scratch: &mut Vec<u8>) -> io::Result<Got> {
        let want = self.expected.min(most);
        // Who follows a file mostly finds a few lines, so its size is not asked for first.
        let fed = if want <= FEW { self.read_few(disk, want, now, scratch) } else { self.read_many(disk, want, now) };
        match fed {
            Ok(0) => self.at_end(disk, to_end),
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

    /// A read gave nothing: what that means.
    #[inline(never)]
    fn at_end(&mut self, disk: &dyn Disk, to_end: bool) -> io::Result<Got> {
        let length = retry(|| disk.about_open(&self.file))?.len();
        // Who writes anew as much as there was may begin alike.
        if length < self.offset || !self.same_beginning(disk)? || !self.same_end(disk)? {
            return Ok(Got::Anew);
        }
        // A read may give nothing for all that there is more.
        Ok(match to_end {
            _ if length > self.offset => Got::More,
            true => Got::End,
            false => Got::All,
        })
    }

    /// One call for what is new together with what was read last: when that still stands there, nobody has written anew.
    fn read_few(&mut self, disk: &dyn Disk, want: usize, now: Moment, scratch: &mut Vec<u8>) -> Result<usize, Option<io::Error>> {
        let known = self.last.len();
        scratch.clear();
        scratch.reserve(want + known);
        let at = self.offset - known as u64;
        let count = retry(|| disk.fill_at(&self.file, scratch, at)).map_err(Some)?;
        if count <= known {
            // Cut, or nothing new.
            return Ok(0);
        }
        if scratch[..known] != self.last {
            return Err(None);
        }
        // Memory may hold more than was asked for.
        let fresh = &scratch[known..count.min(known + want)];
        let size = self.offset + fresh.len() as u64;
        if !is_sound(disk, &self.file, &mut self.print, &mut self.checked, size, now).map_err(Some)? {
            return Err(None);
        }
        let fed = self.lines.feed(fresh.len(), |into| {
            into.extend_from_slice(fresh);
            Ok::<(), io::Error>(())
        });
        remember(&mut self.last, fresh);
        fed.map_err(Some)
    }

    /// A large read goes straight to where it stays. What was read last is looked at after it: else the file might be cut and
    /// written again between the two.
    #[inline(never)]
    fn read_many(&mut self, disk: &dyn Disk, want: usize, now: Moment) -> Result<usize, Option<io::Error>> {
        let Self { file, offset, last, print, checked, lines, .. } = self;
        lines.feed(want, |into| {
            let before = into.len();
            let count = retry(|| disk.fill_at(file, into, *offset)).map_err(Some)?;
            if count == 0 {
                return Ok(());
            }
            let mut there = [0; LAST];
            let there = &mut there[..last.len()];
            let had = read_whole_at(disk, file, there, *offset - last.len() as u64).map_err(Some)?;
            let size = *offset + count as u64;
            if had < there.len() || there != last || !is_sound(disk, file, print, checked, size, now).map_err(Some)? {
                return Err(None);
            }
            remember(last, &into[before..]);
            Ok(())
        })
    }

    #[inline(never)]
    fn read_flow(&mut self, disk: &dyn Disk, most: usize, to_end: bool) -> io::Result<Got> {
        let file = &self.file;
        let fed = self.lines.feed(most, |into| retry(|| disk.fill(file, into)).map(|_| ()));
        match fed {
            Ok(0) if to_end => Ok(Got::End),
            Ok(0) => Ok(Got::All),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Got::All),
            Ok(count) => {
                self.offset += count as u64;
                Ok(Got::More)
            }
            Err(error) => Err(error),
        }
    }

    /// Another content stands in the file: it is read from its beginning. Gives what was begun of the former one.
    pub(super) fn begin_anew(&mut self, options: &Rc<Options>) -> Splitter {
        self.offset = 0;
        self.print.clear();
        self.last.clear();
        self.partial_due = None;
        self.checked = None;
        self.ticket = None;
        std::mem::replace(&mut self.lines, Splitter::new(options, 0))
    }

    /// Whether what was read last still stands there.
    fn same_end(&self, disk: &dyn Disk) -> io::Result<bool> {
        let mut there = [0; LAST];
        let there = &mut there[..self.last.len()];
        let had = read_whole_at(disk, &self.file, there, self.offset - self.last.len() as u64)?;
        Ok(had == there.len() && there == self.last)
    }

    /// Whether the file begins as it did.
    fn same_beginning(&mut self, disk: &dyn Disk) -> io::Result<bool> {
        same(disk, &self.file, &mut self.print, u64::MAX)
    }
}

/// Whether `file` still begins with `print`; looked at no more than once a second, but while that still grows.
fn is_sound(disk: &dyn Disk, file: &File, print: &mut Vec<u8>, checked: &mut Option<Moment>, size: u64, now: Moment) -> io::Result<bool> {
    if print.len() == PRINT && checked.is_some_and(|checked| now < checked + CHECK) {
        return Ok(true);
    }
    *checked = Some(now);
    same(disk, file, print, size)
}

/// Adds what was read to the last bytes.
fn remember(last: &mut Vec<u8>, fresh: &[u8]) {
    if fresh.len() >= LAST {
        last.clear();
        last.extend_from_slice(&fresh[fresh.len() - LAST..]);
    } else {
        last.extend_from_slice(fresh);
        last.drain(..last.len().saturating_sub(LAST));
    }
}

/// Whether `file` begins with `print`, which grows with the file, of `size` bytes at most, up to [`PRINT`].
fn same(disk: &dyn Disk, file: &File, print: &mut Vec<u8>, size: u64) -> io::Result<bool> {
    let mut beginning = [0; PRINT];
    let all = usize::try_from(size).map_or(PRINT, |size| size.min(PRINT));
    let have = read_whole_at(disk, file, &mut beginning[..all], 0)?;
    let beginning = &beginning[..have];
    if !beginning.starts_with(print) {
        return Ok(false);
    }
    if print.len() < have {
        *print = beginning.to_vec();
    }
    Ok(true)
}
