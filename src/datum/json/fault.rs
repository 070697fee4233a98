//! What is wrong with a JSON text, and where.

use std::fmt;

use crate::error::{Error, shorten};

/// So many letters of the text are shown around the place.
const CONTEXT: usize = 40;

/// A text that is no JSON, or not JSON as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The line, from 1.
    pub line: usize,
    /// The place in the line, in letters, from 1.
    pub column: usize,
    /// The place in the text, in bytes, from 0.
    pub offset: usize,
    /// What is wrong there.
    pub what: String,
    /// The text around the place, at most 40 letters.
    pub context: String,
}

/// A fault while reading: small, for it travels through every return; made into a [`JsonError`] at the border.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) what: What,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Plain(&'static str),
    Depth(usize),
    Surplus,
}

impl JsonError {
    pub(super) fn new(text: &str, fault: Fault) -> Self {
        let offset = floor(text, fault.at);
        let (before, after) = text.split_at(offset);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let lead: usize = before.chars().rev().take(CONTEXT / 2).map(char::len_utf8).sum();
        let tail = CONTEXT - before[offset - lead..].chars().count();
        let end: usize = after.chars().take(tail).map(char::len_utf8).sum();
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            offset,
            what: match fault.what {
                What::Plain(what) => what.to_owned(),
                What::Depth(most) => format!("lists and maps nested deeper than {most}"),
                What::Surplus if before.trim_start_matches('\u{feff}').trim().is_empty() => "the text is empty".to_owned(),
                What::Surplus => "the text ends before the document does".to_owned(),
            },
            context: text[offset - lead..offset + end].to_owned(),
        }
    }
}

/// The nearest border between letters at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}, column {}", self.what, self.line, self.column)?;
        if self.context.is_empty() { Ok(()) } else { write!(f, ": `{}`", shorten(&self.context, CONTEXT)) }
    }
}

impl std::error::Error for JsonError {}

impl From<JsonError> for Error {
    fn from(error: JsonError) -> Self {
        Self::data(format!("not JSON: {} at line {}, column {}", error.what, error.line, error.column), &error.context)
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn a_place_is_given_in_lines_and_letters() {
        let error = read("{\n  \"ä\": ü\n}").unwrap_err();
        assert_eq!((error.line, error.column, error.offset), (2, 8, 10));
        assert_eq!(error.to_string(), "a value was expected at line 2, column 8: `{\\n  \"ä\": ü\\n}`");
    }

    #[test]
    fn the_context_is_cut_to_forty_letters() {
        let text = format!("[{}x{}]", "1,".repeat(100), ",1".repeat(100));
        let error = read(&text).unwrap_err();
        assert_eq!(error.column, 202);
        assert_eq!(error.context, format!("{}x{}", "1,".repeat(10), ",1".repeat(10)).chars().take(40).collect::<String>());
    }

    #[test]
    fn a_text_that_ends_early_says_so() {
        assert_eq!(read("[1, ").unwrap_err().what, "the text ends before the document does");
        assert_eq!(read(" \n").unwrap_err().what, "the text is empty");
        assert_eq!(crate::error::Error::from(read("").unwrap_err()).to_string(), "not JSON: the text is empty at line 1, column 1");
    }
}
