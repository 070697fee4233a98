//! What may stand in a message, and what becomes of the rest.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use crate::cogs::text::breaks::put_line;
use crate::error::{Error, Result};
use crate::lines::Newlines;

/// What becomes of what does not fit.
pub(super) struct Rules {
    replace: bool,
    newlines: Newlines,
}

impl Rules {
    pub(super) fn new(replace: bool, newlines: Newlines) -> Self {
        Self { replace, newlines }
    }

    /// Appends text that may have line breaks.
    #[inline]
    pub(super) fn put(&self, out: &mut String, text: &str) -> Result<()> {
        put_line(out, text, self.newlines)
    }

    /// A word of the header: at most `limit` letters, each of which fits.
    pub(super) fn word<'a>(&self, what: &str, word: &'a str, limit: usize, fits: impl Fn(u8) -> bool) -> Result<Cow<'a, str>> {
        let all_fit = word.bytes().all(&fits);
        if all_fit && (1..=limit).contains(&word.len()) {
            return Ok(Cow::Borrowed(word));
        }
        if self.replace {
            if word.is_empty() {
                return Ok(Cow::Owned("_".into()));
            }
            let fit = |letter: char| if u8::try_from(letter).is_ok_and(&fits) { letter } else { '_' };
            return Ok(Cow::Owned(word.chars().take(limit).map(fit).collect()));
        }
        Err(if word.is_empty() {
            Error::data(format!("a {what} must not be empty"), "")
        } else if all_fit {
            Error::data(format!("longer than {limit} letters: the {what}"), word)
        } else {
            Error::data(format!("has letters that may not stand there: the {what}"), word)
        })
    }

    /// What was made of a part; none where it does not fit and is replaced by what stands for it.
    pub(super) fn or_replaced<T>(&self, made: Result<T>) -> Result<Option<T>> {
        match made {
            Err(_) if self.replace => Ok(None),
            made => made.map(Some),
        }
    }
}

fn graphic(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

/// What may stand in the header, by what it is called in messages of either form.
impl Rules {
    pub(super) fn host<'a>(&self, short: bool, host: &'a str) -> Result<Cow<'a, str>> {
        if !short {
            return self.word("host", host, 255, graphic);
        }
        // What has a colon or a bracket is taken for a tag, but for addresses.
        let is_address = || host.split('%').next().is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
        let colons = host.contains(':') && is_address();
        self.word("host", host, 255, |byte| graphic(byte) && byte != b'[' && (colons || byte != b':'))
    }

    pub(super) fn tag<'a>(&self, short: bool, tag: &'a str) -> Result<Cow<'a, str>> {
        if short {
            return self.word("tag", tag, 32, |byte| graphic(byte) && !matches!(byte, b'[' | b':'));
        }
        self.word("tag", tag, 48, graphic)
    }

    pub(super) fn pid<'a>(&self, short: bool, pid: &'a str) -> Result<Cow<'a, str>> {
        self.word("pid", pid, 128, |byte| graphic(byte) && !(short && byte == b']'))
    }

    pub(super) fn msgid<'a>(&self, msgid: &'a str) -> Result<Cow<'a, str>> {
        self.word("msgid", msgid, 32, graphic)
    }
}
