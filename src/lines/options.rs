//! Options of every supply of lines, and what they mean for one line.

use memchr::memmem::Finder;
use memchr::{memchr, memrchr};

use super::decode::{Coding, OnBad};
use crate::cog::{Args, Lit, Param, Ty};
use crate::error::{Error, Result};

/// `separator`.
pub const SEPARATOR: Param = Param::new("separator", Ty::Separator)
    .or("\n")
    .about("what stands between two lines; it is no part of them. A string, a letter or a blob");
/// `strip_cr`.
pub const STRIP_CR: Param = Param::bool("strip_cr")
    .default(Lit::Bool(true))
    .about("whether a carriage return right before the separator is left out too, as in files from Windows");
/// `encoding`.
pub const ENCODING: Param =
    Param::str("encoding").or("utf-8").about("the text's encoding, such as \"utf-8\", \"iso-8859-2\", \"utf-16le\" (any label of the WHATWG); \"bytes\": no text, each line is a blob");
/// `decode_errors`.
pub const DECODE_ERRORS: Param = Param::choice("decode_errors", OnBad::WORDS).about(
    "what becomes of bytes that are no text in that encoding: U+FFFD in their place, the line fails (see on_error), or they are left out",
);
/// `max_line`.
pub const MAX_LINE: Param =
    Param::size("max_line").default(Lit::Int(1 << 20)).about("a line is this long at most, in bytes; see long_line");
/// `long_line`.
pub const LONG_LINE: Param = Param::choice("long_line", &["split", "truncate", "fail"])
    .about("what becomes of a longer line: several data, its beginning only, or it fails (see on_error) with its first KiB");

/// `max_record`.
pub const MAX_RECORD: Param =
    Param::size("max_record").default(Lit::Int(1 << 20)).about("a record is this long at most, in bytes; see long_record");
/// `long_record`.
pub const LONG_RECORD: Param = Param::choice("long_record", &["close", "split", "truncate"]).about(
    "what becomes of a longer record: it fails (see on_error) with its first KiB and its sender is cut off, it becomes several data, or its beginning only",
);

/// What becomes of over-long lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Long {
    Split,
    Truncate,
    Fail,
}

/// How lines are cut; shared by all streams of a supply.
pub struct Options {
    pub(super) separator: Vec<u8>,
    finder: Finder<'static>,
    /// The separator is text, so that it stands between letters wherever it is found in text.
    pub(super) between_letters: bool,
    pub(super) strip_cr: bool,
    pub(super) coding: Coding,
    pub(super) on_bad: OnBad,
    pub(super) max: usize,
    pub(super) long: Long,
    /// What the user calls a line, and the option that says how long it may be.
    pub(super) words: (&'static str, &'static str),
}

impl Options {
    /// Of lines, from the options declared above.
    ///
    /// # Errors
    /// Options that cannot work.
    pub fn of(args: &Args) -> Result<Self> {
        Self::named(args, ("line", "max_line"), "long_line")
    }

    /// Of records, from the options declared above.
    ///
    /// # Errors
    /// Options that cannot work.
    pub fn of_records(args: &Args) -> Result<Self> {
        Self::named(args, ("record", "max_record"), "long_record")
    }

    fn named(args: &Args, words: (&'static str, &'static str), long: &str) -> Result<Self> {
        let separator = args.bytes("separator");
        let coding = Coding::named(&args.str("encoding"))?;
        let between_letters = str::from_utf8(&separator).is_ok();
        if !between_letters && matches!(coding, Coding::Other(_)) {
            return Err(Error::option("separator", format!("is cut out of text decoded from {}, but is no text itself", coding.name())));
        }
        let max = args.size(words.1);
        if max < char::MAX.len_utf8() {
            return Err(Error::option(words.1, "must have room for a letter, 4 bytes"));
        }
        Ok(Self {
            finder: Finder::new(&separator).into_owned(),
            separator,
            between_letters,
            strip_cr: args.bool("strip_cr"),
            coding,
            on_bad: OnBad::named(&args.str("decode_errors")),
            max,
            long: match args.str(long).as_str() {
                "truncate" => Long::Truncate,
                "fail" | "close" => Long::Fail,
                _ => Long::Split,
            },
            words,
        })
    }

    /// Whether the end of each line is known in bytes of the file, so that reading can go on there.
    pub fn keeps_places(&self) -> bool {
        !matches!(self.coding, Coding::Other(_))
    }

    /// Where the first separator in `bytes` begins.
    #[inline]
    pub(super) fn find(&self, bytes: &[u8]) -> Option<usize> {
        match self.separator[..] {
            [byte] => memchr(byte, bytes),
            _ => self.finder.find(bytes),
        }
    }

    /// Where the last separator in `bytes` ends, counted from the first on: they do not overlap.
    pub(super) fn find_last_end(&self, bytes: &[u8]) -> Option<usize> {
        match self.separator[..] {
            [byte] => memrchr(byte, bytes).map(|at| at + 1),
            _ => self.finder.find_iter(bytes).last().map(|at| at + self.separator.len()),
        }
    }

    /// The longest beginning of an over-long line that is given at once: whole letters, as far as there are any.
    pub(super) fn piece(&self, line: &[u8]) -> usize {
        let inside = |at: &usize| *at > 0 && line[*at] & 0xc0 != 0x80;
        if self.coding == Coding::Bytes { self.max } else { (self.max.saturating_sub(3)..=self.max).rev().find(inside).unwrap_or(self.max) }
    }

    /// An unfinished line of this length is over-long whatever follows: not even a carriage return or the beginning of a
    /// separator at its end can change that.
    pub(super) fn is_long(&self, unfinished: usize) -> bool {
        unfinished > self.max + 1 + self.separator.len()
    }
}
