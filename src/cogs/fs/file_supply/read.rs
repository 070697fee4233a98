//! Reading on the helper, where it may block: whole files, or pieces of one after the other, until there is enough for a while.

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::cogs::fs::whole::{self, Content, Found, Reading};
use crate::disk::{Disk, How, retry};
use crate::error::plain;

/// After so many bytes what was read goes on its way before more is.
const AT_ONCE: usize = 1 << 20;
/// Of a file whose lines are wanted so much is read at once, at most and at least.
const PIECE: (usize, usize) = (256 * 1024, 4 * 1024);

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    /// Each file as one piece.
    Whole(Reading),
    /// What stands in them, for others to cut.
    Pieces,
}

/// What was read, in its order.
#[derive(Debug)]
pub(super) enum Got {
    /// A file as one piece.
    Whole(PathBuf, Found),
    /// Pieces of this one follow.
    Begin(PathBuf),
    Piece(Vec<u8>),
    /// There is no more of it.
    End,
    /// It cannot be read, or not to its end.
    Trouble(PathBuf, String),
}

/// Files that are being read.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Of which pieces were read, and how much there should still be.
    open: Option<(PathBuf, File, usize)>,
    /// Whose turn is to come.
    pub(super) paths: VecDeque<PathBuf>,
}

impl Files {
    /// Whether there is nothing to read.
    pub(super) fn is_over(&self) -> bool {
        self.open.is_none() && self.paths.is_empty()
    }

    /// Takes the next ones out, `count` at most.
    pub(super) fn take(&mut self, count: usize) -> Self {
        let paths = self.paths.drain(..count.min(self.paths.len())).collect();
        Self { open: self.open.take(), paths }
    }

    /// Puts back what [`Files::take`] took.
    pub(super) fn put_back(&mut self, mut others: Self) {
        others.paths.append(&mut self.paths);
        *self = others;
    }

    /// Reads for a while.
    pub(super) fn read(&mut self, disk: &dyn Disk, wanted: Wanted) -> Vec<Got> {
        let (mut got, mut bytes) = (Vec::new(), 0);
        while bytes < AT_ONCE && !self.is_over() {
            bytes += match wanted {
                Wanted::Whole(reading) => self.whole(disk, reading, &mut got),
                Wanted::Pieces => self.piece(disk, &mut got),
            };
        }
        got
    }

    /// Reads the next file; gives its size.
    fn whole(&mut self, disk: &dyn Disk, reading: Reading, got: &mut Vec<Got>) -> usize {
        let Some(path) = self.paths.pop_front() else { return 0 };
        let found = open(disk, &path).and_then(|(file, about)| whole::read(disk, &file, &about, reading).map_err(|error| plain(&error)));
        match found {
            Ok(found) => {
                let size = match &found.0 {
                    Ok(Content::Text(text)) => text.len(),
                    Ok(Content::Bytes(bytes)) => bytes.len(),
                    Err(_) => 0,
                };
                got.push(Got::Whole(path, found));
                size
            }
            Err(text) => {
                got.push(Got::Trouble(path, text));
                0
            }
        }
    }

    /// Opens the next file, or reads a piece of the one that is open; gives its size.
    fn piece(&mut self, disk: &dyn Disk, got: &mut Vec<Got>) -> usize {
        let Some((path, file, left)) = &mut self.open else {
            if let Some(path) = self.paths.pop_front() {
                match open(disk, &path) {
                    Ok((file, about)) => {
                        got.push(Got::Begin(path.clone()));
                        self.open = Some((path, file, usize::try_from(about.len()).unwrap_or(usize::MAX)));
                    }
                    Err(text) => got.push(Got::Trouble(path, text)),
                }
            }
            return 0;
        };
        let mut bytes = Vec::with_capacity((*left).clamp(PIECE.1, PIECE.0));
        match retry(|| disk.fill(file, &mut bytes)) {
            Ok(0) => {
                got.push(Got::End);
                self.open = None;
                0
            }
            Ok(count) => {
                *left = left.saturating_sub(count);
                got.push(Got::Piece(bytes));
                count
            }
            Err(error) => {
                got.push(Got::Trouble(std::mem::take(path), plain(&error)));
                self.open = None;
                0
            }
        }
    }
}

/// Opens a regular file. What is none may do something when it is opened, or never end.
fn open(disk: &dyn Disk, path: &Path) -> Result<(File, Metadata), String> {
    let said = |error: io::Error| plain(&error);
    regular(&retry(|| disk.about(path)).map_err(said)?)?;
    let file = retry(|| disk.open(path, How::READ)).map_err(said)?;
    // Something else may have been put there meanwhile.
    let about = retry(|| disk.about_open(&file)).map_err(said)?;
    regular(&about)?;
    Ok((file, about))
}

fn regular(about: &Metadata) -> Result<(), String> {
    let kind = about.file_type();
    match () {
        () if kind.is_file() => Ok(()),
        () if kind.is_dir() => Err("it is a directory: name its files, as in `dir/*`".into()),
        () if kind.is_fifo() => Err("it is a pipe: fs::file_watcher_supply and fs::stdin_supply read those".into()),
        () if kind.is_socket() => Err("it is a socket: socket::socket_supply reads those".into()),
        () => Err("it is a device, and no regular file".into()),
    }
}
