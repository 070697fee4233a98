//! What becomes of the bytes of one line: a datum, or what is wrong with them.

use super::decode::{Coding, OnBad, Transcoder, mend};
use super::options::Options;
use crate::datum::Datum;
use crate::error::{Error, Result};

/// A line that fails brings this much of itself.
pub(super) const SAMPLE: usize = 1024;

/// What a line could not be made a datum for.
pub struct Unfit {
    /// What is wrong.
    pub error: Error,
    /// What there is of the line.
    pub datum: Datum,
    /// It was longer than it may be, or what follows it cannot be told apart from it: a sender may be cut off for that.
    pub breaks: bool,
}

impl Unfit {
    /// The error, with the name of what the line was read from.
    pub fn naming(self, name: &str) -> Self {
        let error = match self.error {
            Error::Data { text, piece } => Error::Data { text: format!("`{name}`: {text}"), piece },
            other => other,
        };
        Self { error, ..self }
    }
}

impl Options {
    /// The datum of one line, which is in UTF-8 by now if it is text at all.
    pub(super) fn fit(&self, line: &[u8], mended: &mut u64) -> Result<Datum, Box<Unfit>> {
        if self.coding == Coding::Bytes {
            return Ok(Datum::Bytes(line.into()));
        }
        match str::from_utf8(line) {
            Ok(text) => Ok(Datum::from(text)),
            Err(_) if self.on_bad == OnBad::Fail => {
                let error = Error::data(format!("{} is not valid utf-8", self.words.0), &String::from_utf8_lossy(line));
                Err(Box::new(Unfit { error, datum: Datum::Bytes(line.into()), breaks: false }))
            }
            Err(_) => {
                let (text, bad) = mend(line, self.on_bad);
                *mended += bad;
                Ok(Datum::from(text))
            }
        }
    }

    /// The datum of a line that stands alone, in whatever encoding.
    pub(super) fn fit_alone(&self, line: &[u8], mended: &mut u64) -> Result<Datum, Box<Unfit>> {
        let Coding::Other(encoding) = self.coding else { return self.fit(line, mended) };
        let (mut text, mut bad) = (Vec::with_capacity(line.len()), Vec::new());
        Transcoder::new(encoding, self.on_bad, true).decode(line, true, &mut text, &mut bad);
        if !bad.is_empty() && self.on_bad == OnBad::Fail {
            return Err(Box::new(self.no_text(&text)));
        }
        *mended += bad.len() as u64;
        self.fit(&text, mended)
    }

    /// A line that is no text in its encoding; `line` is what there is of it in UTF-8.
    pub(super) fn no_text(&self, line: &[u8]) -> Unfit {
        let text = String::from_utf8_lossy(line).into_owned();
        let error = Error::data(format!("{} is not valid {}", self.words.0, self.coding.name()), &text);
        Unfit { error, datum: Datum::from(text), breaks: false }
    }

    /// A line of which only the beginning is left, where that is a fault.
    pub(super) fn too_long(&self, head: &[u8]) -> Unfit {
        let (line, option) = self.words;
        self.broken(format!("{line} is longer than `{option}`, {} bytes", self.max), head)
    }

    /// A line for which its sender may be cut off.
    pub(super) fn broken(&self, text: String, head: &[u8]) -> Unfit {
        let head = &head[..head.len().min(SAMPLE)];
        let datum = if self.coding == Coding::Bytes { Datum::Bytes(head.into()) } else { Datum::from(mend(head, OnBad::Replace).0) };
        Unfit { error: Error::data(text, &String::from_utf8_lossy(head)), datum, breaks: true }
    }
}
