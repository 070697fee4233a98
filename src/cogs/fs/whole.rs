//! A whole file as one piece: as text, or as it is.

use std::fs::{File, Metadata};
use std::io;

use crate::disk::{Disk, retry};
use crate::lines::{Coding, OnBad, Transcoder, mend};

/// What there is of a file that cannot be made a datum is shown by this much of it.
const SAMPLE: usize = 1024;
/// Room that a read has at least, to find out whether a file ends where it should.
const SPARE: usize = 64;

/// What a file must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// No longer than this.
    pub(super) max_size: usize,
    pub(super) coding: Coding,
    pub(super) on_bad: OnBad,
    /// Nothing is something too.
    pub(super) may_be_empty: bool,
}

/// What stood in a file.
#[derive(Debug)]
pub(super) enum Content {
    Text(String),
    Bytes(Vec<u8>),
}

/// Why a file cannot be made a datum.
#[derive(Debug)]
pub(super) struct Unfit {
    /// In one word.
    pub(super) reason: &'static str,
    pub(super) text: String,
    /// Its beginning.
    pub(super) begin: Vec<u8>,
}

impl Unfit {
    /// For that reason; it begins like this.
    pub(super) fn new(reason: &'static str, text: &str, begin: &[u8]) -> Self {
        Self { reason, text: text.into(), begin: begin[..begin.len().min(SAMPLE)].to_vec() }
    }
}

/// What stands in an open file, and in how many places it is no text.
pub(super) type Found = (Result<Content, Unfit>, u64);

/// Reads an open file from its beginning to its end; `about` is what the system says of it.
///
/// # Errors
/// The system refuses it.
pub(super) fn read(disk: &dyn Disk, file: &File, about: &Metadata, reading: Reading) -> io::Result<Found> {
    let too_long = about.len() > reading.max_size as u64;
    // Should it still grow it may be longer than it says.
    let most = if too_long { SAMPLE } else { reading.max_size + 1 };
    let mut bytes = Vec::with_capacity((about.len() as usize).min(most) + SPARE);
    while bytes.len() < most && retry(|| disk.fill(file, &mut bytes))? > 0 {
        if bytes.len() == bytes.capacity() {
            bytes.reserve(SPARE);
        }
    }
    Ok(if bytes.is_empty() && !reading.may_be_empty {
        (Err(Unfit::new("empty", "is empty", &[])), 0)
    } else if too_long || bytes.len() > reading.max_size {
        let text = format!("is longer than {} bytes", reading.max_size);
        (Err(Unfit::new("too_long", &text, &bytes)), 0)
    } else {
        decode(bytes, reading)
    })
}

/// The text of it.
fn decode(bytes: Vec<u8>, reading: Reading) -> Found {
    let (text, bad, bytes) = match reading.coding {
        Coding::Bytes => return (Ok(Content::Bytes(bytes)), 0),
        Coding::Utf8 => match String::from_utf8(bytes) {
            Ok(text) => return (Ok(Content::Text(text)), 0),
            Err(error) => {
                let (text, bad) = mend(error.as_bytes(), reading.on_bad);
                (text, bad, error.into_bytes())
            }
        },
        Coding::Other(encoding) => {
            let (mut text, mut bad) = (Vec::new(), Vec::new());
            Transcoder::new(encoding, reading.on_bad, true).decode(&bytes, true, &mut text, &mut bad);
            (String::from_utf8(text).unwrap_or_default(), bad.len() as u64, bytes)
        }
    };
    if bad > 0 && reading.on_bad == OnBad::Fail {
        return (Err(Unfit::new("encoding", &format!("is no text in {}", reading.coding.name()), &bytes)), 0);
    }
    (Ok(Content::Text(text)), bad)
}
