//! Keys as scripts and files write them. Nothing of a key stands in an error.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::datum::Datum;
use crate::disk::{Disk, How, read_whole_at};
use crate::error::{Error, Result};

/// A longer file is no key.
const LONGEST: usize = 4096;

/// The key that an option gives.
pub(super) fn given(key: &Datum, form: &str) -> Result<Vec<u8>> {
    match key {
        Datum::Bytes(bytes) if bytes.is_empty() => Err(Error::option("key", "is empty")),
        Datum::Bytes(bytes) => Ok(bytes.to_vec()),
        _ if form == "raw" => Err(Error::option("key_form", "\"raw\" is for the bytes of a file; a string is \"text\"")),
        other => read(other.as_str().unwrap_or_default().as_bytes(), form).map_err(|text| Error::option("key", text)),
    }
}

/// The key in a file.
pub(super) fn file(disk: &dyn Disk, path: &Path, form: &str) -> Result<Vec<u8>> {
    let os = |error| Error::os("read", path, error);
    let file = disk.open(path, How::READ).map_err(os)?;
    let mut bytes = vec![0; LONGEST + 1];
    let count = read_whole_at(disk, &file, &mut bytes, 0).map_err(os)?;
    let wrong = |text: String| Error::Other(format!("the key in `{}` {text}", path.display()));
    if count > LONGEST {
        return Err(wrong(format!("has {LONGEST} bytes at most; this file is longer")));
    }
    let bytes = &bytes[..count];
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    read(if form == "text" { line } else { bytes }, form).map_err(wrong)
}

fn read(written: &[u8], form: &str) -> Result<Vec<u8>, String> {
    let key = match form {
        "hex" => hex(written).ok_or("is not written in hexadecimal digits, two a byte")?,
        "base64" => STANDARD.decode(written.trim_ascii()).map_err(|_| "is not written in base64")?,
        _ => written.to_vec(),
    };
    if key.is_empty() { Err("is empty".into()) } else { Ok(key) }
}

fn hex(written: &[u8]) -> Option<Vec<u8>> {
    let digits = written.iter().filter(|byte| !byte.is_ascii_whitespace()).map(|byte| char::from(*byte).to_digit(16));
    let digits = digits.collect::<Option<Vec<u32>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| (high << 4 | low) as u8).collect())
}
