//! The form in which a drain writes a datum: one line with its separator, in an encoding.

use memchr::memmem;

use super::decode::{Coding, encode};
use crate::cog::Args;
use crate::datum::Datum;
use crate::error::{Error, Result};

/// What to do with a separator inside a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newlines {
    /// It stays.
    Keep,
    /// It is written as in a string of many languages: `\n`.
    Escape,
    /// A blank stands for it.
    Space,
    /// The line fails.
    Fail,
}

impl Newlines {
    /// Its words in scripts; the first is the default.
    pub const WORDS: &[&str] = &["keep", "escape", "space", "fail"];

    /// As that word says.
    pub fn named(word: &str) -> Self {
        match word {
            "escape" => Self::Escape,
            "space" => Self::Space,
            "fail" => Self::Fail,
            _ => Self::Keep,
        }
    }
}

/// How a datum becomes a line.
pub struct Form {
    /// As it was given; what is looked for inside lines.
    separator: Vec<u8>,
    /// As it is written.
    line_end: Vec<u8>,
    coding: Coding,
    newlines: Newlines,
}

impl Form {
    /// Lines in UTF-8.
    pub fn plain(args: &Args) -> Self {
        let separator = args.bytes("separator");
        Self { line_end: separator.clone(), separator, coding: Coding::Utf8, newlines: Newlines::Keep }
    }

    /// With `encoding` and `newlines`.
    ///
    /// # Errors
    /// Options that cannot work.
    pub fn of(args: &Args) -> Result<Self> {
        let mut form = Self::plain(args);
        form.newlines = Newlines::named(&args.str("newlines"));
        form.coding = Coding::named(&args.str("encoding"))?;
        if form.coding == Coding::Bytes {
            let text = "`bytes` is no encoding that text can be written in".into();
            return Err(Error::Option {
                option: "encoding".into(),
                text,
                hint: Some("blobs are written as they are with any encoding".into()),
            });
        }
        if let (Coding::Other(encoding), Ok(text)) = (form.coding, str::from_utf8(&form.separator)) {
            form.line_end.clear();
            encode(encoding, text, &mut form.line_end)?;
        }
        Ok(form)
    }

    /// What ends a line.
    pub fn line_end(&self) -> &[u8] {
        &self.line_end
    }

    /// What ends the lines, where each text is its own line as it stands.
    pub fn plain_end(&self) -> Option<&[u8]> {
        (self.newlines == Newlines::Keep && !matches!(self.coding, Coding::Other(_))).then_some(&*self.line_end)
    }

    /// Appends the line of `datum`, with `stamp` before it.
    ///
    /// # Errors
    /// It is neither string nor blob; its letters or separators do not fit. What was appended by then is to be taken away.
    #[inline]
    pub fn line(&self, datum: &Datum, stamp: &str, into: &mut Vec<u8>) -> Result<()> {
        if !stamp.is_empty() {
            self.text(stamp, into)?;
        }
        match datum {
            Datum::Str(text) if self.newlines == Newlines::Keep => self.text(text, into)?,
            Datum::Str(text) => match memmem::find(text.as_bytes(), &self.separator) {
                None => self.text(text, into)?,
                Some(at) => self.broken(text, at, into)?,
            },
            Datum::Bytes(bytes) => into.extend_from_slice(bytes),
            other => return Err(Error::NotText { got: other.kind() }),
        }
        into.extend_from_slice(&self.line_end);
        Ok(())
    }

    #[inline]
    fn text(&self, text: &str, into: &mut Vec<u8>) -> Result<()> {
        if let Coding::Other(encoding) = self.coding {
            return encode(encoding, text, into);
        }
        into.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// A line with the separator in it, the first time at `first`.
    fn broken(&self, text: &str, first: usize, into: &mut Vec<u8>) -> Result<()> {
        let stand_in = match self.newlines {
            Newlines::Escape => escaped(&self.separator),
            Newlines::Space => " ".into(),
            Newlines::Fail | Newlines::Keep => return Err(Error::data("the separator stands inside the line", text)),
        };
        let (mut pos, mut found) = (0, Some(first));
        while let Some(at) = found {
            self.text(&text[pos..at], into)?;
            self.text(&stand_in, into)?;
            pos = at + self.separator.len();
            found = memmem::find(&text.as_bytes()[pos..], &self.separator).map(|at| pos + at);
        }
        self.text(&text[pos..], into)
    }
}

/// `\n` for a newline, `\x2c` for a comma.
fn escaped(separator: &[u8]) -> String {
    separator
        .iter()
        .map(|byte| {
            let short = byte.escape_ascii().to_string();
            if short.len() > 1 { short } else { format!("\\x{byte:02x}") }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(newlines: Newlines, coding: Coding, datum: impl Into<Datum>) -> Result<Vec<u8>> {
        let form = Form { separator: b"\n".to_vec(), line_end: b"\n".to_vec(), coding, newlines };
        let mut bytes = Vec::new();
        form.line(&datum.into(), "", &mut bytes).map(|()| bytes)
    }

    #[test]
    fn a_separator_inside_a_line_is_kept_told_apart_or_refused() {
        assert_eq!(line(Newlines::Keep, Coding::Utf8, "a\nb").unwrap(), b"a\nb\n");
        assert_eq!(line(Newlines::Escape, Coding::Utf8, "a\nb\n\nč").unwrap(), "a\\nb\\n\\nč\n".as_bytes());
        assert_eq!(line(Newlines::Space, Coding::Utf8, "a\nb").unwrap(), b"a b\n");
        assert!(line(Newlines::Fail, Coding::Utf8, "a\nb").is_err());
        assert_eq!(escaped(b",\0"), "\\x2c\\x00");
    }

    #[test]
    fn what_is_no_text_gets_a_hint() {
        let error = line(Newlines::Keep, Coding::Utf8, 3).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("json_marshall")), "{error}");
    }
}
