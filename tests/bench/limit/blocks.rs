//! How the limit programs read and write: 256 KiB blocks, lines found by `memchr`, one output buffer.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use memchr::memchr;

const BLOCK: usize = 256 << 10;

/// Calls `take` with each line of a file, without its end.
pub(crate) fn each_line(input: &Path, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut file = File::open(input)?;
    let mut block = vec![0; BLOCK];
    let mut held = 0;
    loop {
        if held == block.len() {
            block.resize(block.len() * 2, 0);
        }
        let read = file.read(&mut block[held..])?;
        if read == 0 {
            return if held == 0 { Ok(()) } else { take(&block[..held]) };
        }
        let filled = &block[..held + read];
        let (mut start, mut search) = (0, held);
        while let Some(at) = memchr(b'\n', &filled[search..]) {
            take(&filled[start..search + at])?;
            search += at + 1;
            start = search;
        }
        held = filled.len() - start;
        block.copy_within(start..start + held, 0);
    }
}

/// A file that is written when a block is full.
pub(crate) struct Out {
    file: File,
    /// What is not written yet.
    pub(crate) bytes: Vec<u8>,
}

impl Out {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        Ok(Out { file: File::create(path)?, bytes: Vec::with_capacity(BLOCK + (BLOCK >> 2)) })
    }

    /// Ends a line, and writes when a block is full.
    pub(crate) fn end_line(&mut self) -> io::Result<()> {
        self.bytes.push(b'\n');
        if self.bytes.len() < BLOCK { Ok(()) } else { self.write() }
    }

    /// Writes what is there.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        self.file.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }

    /// Puts a whole number.
    pub(crate) fn number(&mut self, number: i64) {
        self.bytes.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }
}

/// The whole number that a text is.
pub(crate) fn number(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0;
    for &digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// The error of a line that is not what the program is made for.
pub(crate) fn unfit(line: &[u8]) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not understood: {}", String::from_utf8_lossy(line)))
}
