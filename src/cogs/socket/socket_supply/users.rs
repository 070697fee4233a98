//! Who a socket's file belongs to: a number, or a name in the system's files (passwd(5), group(5)).

use std::fs;

use crate::datum::Datum;
use crate::error::{Error, Result};

/// A user or a group.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Who {
    Number(u32),
    Name(String),
}

impl Who {
    /// From what `option` says; none for `()`.
    pub(super) fn of(option: &str, given: &Datum) -> Result<Option<Self>> {
        let wrong = || Error::option(option, format!("`{}` is neither a name nor a number", given.piece()));
        match given {
            Datum::Unit => Ok(None),
            Datum::Str(text) => match text.parse() {
                Ok(number) => Ok(Some(Self::Number(number))),
                Err(_) if text.is_empty() || text.contains(':') => Err(wrong()),
                Err(_) => Ok(Some(Self::Name(text.as_str().into()))),
            },
            // The largest is chown(2)'s word for leaving it as it is.
            other => match other.as_int().and_then(|number| u32::try_from(number).ok()).filter(|number| *number != u32::MAX) {
                Some(number) => Ok(Some(Self::Number(number))),
                None => Err(wrong()),
            },
        }
    }

    /// Its number, by that file.
    pub(super) fn number(&self, option: &str, file: &str) -> Result<u32> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Name(name) => {
                let text = fs::read_to_string(file).map_err(|error| Error::os("read", file, error))?;
                find(&text, name).ok_or_else(|| Error::option(option, format!("`{file}` knows no `{name}`")))
            }
        }
    }
}

fn find(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_found() {
        let text = "root:x:0:0:root:/root:/bin/sh\nlog:x:113:121::/:/bin/false\n";
        assert_eq!((find(text, "log"), find(text, "lo"), find(text, "root")), (Some(113), None, Some(0)));
        assert_eq!(Who::of("owner", &Datum::str("12")).unwrap(), Some(Who::Number(12)));
        assert_eq!(Who::of("owner", &Datum::Unit).unwrap(), None);
        assert!(Who::of("owner", &Datum::Int(-1)).is_err());
        assert!(Who::Name("nobody-has-this-name".into()).number("owner", "/etc/passwd").is_err());
    }
}
