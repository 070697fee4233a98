//! CSV dialects: the letters that have a meaning, as Python's `csv` names them.

use crate::cog::{Args, Lit, Param, Ty};
use crate::error::{Error, Result};

pub(in crate::cogs::text) const DELIMITER: Param =
    Param::new("delimiter", Ty::Char).or(",").about("what stands between fields; \"\\t\" for tabs");
pub(in crate::cogs::text) const QUOTECHAR: Param = Param::new("quotechar", Ty::Either(&[Ty::Char, Ty::Unit]))
    .or("\"")
    .about("what stands around fields that hold a delimiter, a quote or a line break; `()`: nothing does");
pub(in crate::cogs::text) const ESCAPECHAR: Param =
    Param::new("escapechar", Ty::Char).optional().about("takes the meaning from the letter after it, in and outside quotes");
pub(in crate::cogs::text) const DOUBLEQUOTE: Param = Param::bool("doublequote")
    .default(Lit::Bool(true))
    .about("a quote within quotes is written twice; false: it is written after the escapechar");
pub(in crate::cogs::text) const SKIP_INITIAL_SPACE: Param =
    Param::bool("skip_initial_space").default(Lit::Bool(false)).about("spaces after a delimiter do not belong to the field");

/// Which letters mean what.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(in crate::cogs::text) struct Dialect {
    pub(in crate::cogs::text) delimiter: char,
    pub(in crate::cogs::text) quote: Option<char>,
    pub(in crate::cogs::text) escape: Option<char>,
    /// A quote within quotes is written twice.
    pub(in crate::cogs::text) double: bool,
    /// Spaces before a field do not belong to it.
    pub(in crate::cogs::text) skip_space: bool,
    /// Letters after a closing quote and quotes that are never closed are errors.
    pub(in crate::cogs::text) strict: bool,
    /// Blanks around a field do not belong to it.
    pub(in crate::cogs::text) trim: bool,
}

impl Dialect {
    /// The dialect in a cog's options; `trim` is the reader's own.
    pub(in crate::cogs::text) fn of(args: &Args) -> Result<Self> {
        let dialect = Self {
            delimiter: args.opt_char("delimiter").unwrap_or(','),
            quote: args.opt_char("quotechar"),
            escape: args.opt_char("escapechar"),
            double: args.bool("doublequote"),
            skip_space: args.bool("skip_initial_space"),
            strict: args.bool("strict"),
            trim: false,
        };
        let letters = [("delimiter", Some(dialect.delimiter)), ("quotechar", dialect.quote), ("escapechar", dialect.escape)];
        for (n, (name, letter)) in letters.iter().enumerate() {
            if matches!(letter, Some('\n' | '\r')) {
                return Err(Error::option(*name, "a line break ends the record and can mean nothing else"));
            }
            if let Some((other, _)) = letters[..n].iter().find(|(_, other)| letter.is_some() && other == letter) {
                return Err(Error::option(*name, format!("is the same letter as `{other}`")));
            }
        }
        if dialect.skip_space && letters.iter().any(|(_, letter)| *letter == Some(' ')) {
            return Err(Error::option("skip_initial_space", "cannot be used when a space has a meaning of its own"));
        }
        Ok(dialect)
    }

    /// Whether commas and double quotes mean something, and nothing else does.
    pub(in crate::cogs::text) fn is_common(&self) -> bool {
        (self.delimiter, self.quote, self.escape) == (',', Some('"'), None)
    }

    /// Whether all letters that mean something are single bytes.
    pub(in crate::cogs::text) fn is_ascii(&self) -> bool {
        [Some(self.delimiter), self.quote, self.escape].iter().flatten().all(char::is_ascii)
    }

    /// Whether that letter before a field (or, with `trim`, around it) does not belong to it.
    pub(in crate::cogs::text) fn skips(&self, letter: char) -> bool {
        letter != self.delimiter && (letter == ' ' && (self.skip_space || self.trim) || letter == '\t' && self.trim)
    }
}

/// RFC 4180.
pub(in crate::cogs::text) const PLAIN: Dialect =
    Dialect { delimiter: ',', quote: Some('"'), escape: None, double: true, skip_space: false, strict: false, trim: false };
