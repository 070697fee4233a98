//! A table of keys and values, and how it is searched.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::address::{Range, Table};
use crate::cog::Args;
use crate::error::{Error, Result};

/// How a text is compared with the keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Match {
    Exact { ignore_case: bool },
    Prefix { ignore_case: bool },
    Ip,
}

impl Match {
    /// As the options `match_mode` and `ignore_case` say.
    pub(super) fn of(args: &Args) -> Result<Self> {
        let ignore_case = args.bool("ignore_case");
        match args.str("match_mode").as_str() {
            "ip" if ignore_case => Err(Error::option("ignore_case", "has no meaning for addresses, which have none")),
            "ip" => Ok(Self::Ip),
            "prefix" => Ok(Self::Prefix { ignore_case }),
            _ => Ok(Self::Exact { ignore_case }),
        }
    }

    fn fold(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Exact { ignore_case: true } | Self::Prefix { ignore_case: true } => Cow::Owned(text.to_lowercase()),
            _ => Cow::Borrowed(text),
        }
    }

    /// The network that a key says.
    pub(super) fn net(key: &str) -> Result<Range> {
        Range::read(key).ok_or_else(|| Error::data("is no address, network or range", key))
    }
}

/// Keys and the numbers of their values; of equal keys the last one counts.
pub(super) enum Book {
    /// By key, and of how many bytes the keys are, the longest first: none where the whole text is looked up.
    Texts { how: Match, values: HashMap<Box<str>, u32>, lengths: Option<Vec<usize>> },
    /// By network.
    Nets(Table<u32>),
}

impl Book {
    pub(super) fn new<'a>(how: Match, entries: impl IntoIterator<Item = (&'a str, u32)>) -> Result<Self> {
        if how == Match::Ip {
            let entry = |(key, value): (&str, u32)| Ok((Match::net(key)?, value));
            return Ok(Self::Nets(Table::new(entries.into_iter().map(entry).collect::<Result<Vec<_>>>()?)));
        }
        let values: HashMap<Box<str>, u32> = entries.into_iter().map(|(key, value)| (how.fold(key).into(), value)).collect();
        let lengths = matches!(how, Match::Prefix { .. }).then(|| {
            let mut lengths: Vec<usize> = values.keys().map(|key| key.len()).collect();
            lengths.sort_unstable_by(|a, b| b.cmp(a));
            lengths.dedup();
            lengths
        });
        Ok(Self::Texts { how, values, lengths })
    }

    /// The number of what stands there for a text.
    ///
    /// # Errors
    /// It has to be an address, and is none.
    pub(super) fn get(&self, text: &str) -> Result<Option<u32>> {
        match self {
            Self::Nets(table) => Ok(table.get(Match::net(text)?).copied()),
            Self::Texts { how, values, lengths: None } => Ok(values.get(&*how.fold(text)).copied()),
            Self::Texts { how, values, lengths: Some(lengths) } => {
                let text = how.fold(text);
                Ok(lengths.iter().find_map(|length| values.get(text.get(..*length)?).copied()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};

    use super::*;

    proptest! {
        #[test]
        fn the_longest_key_with_which_the_text_begins(
            keys in prop::collection::vec("[aäB]{0,4}", 0..8), text in "[aäbB]{0,6}", ignore_case in any::<bool>(),
        ) {
            let book = Book::new(Match::Prefix { ignore_case }, keys.iter().map(String::as_str).zip(0..)).unwrap();
            let fold = |text: &str| if ignore_case { text.to_lowercase() } else { text.to_owned() };
            let begins = (0..).zip(&keys).filter(|(_, key)| fold(&text).starts_with(&fold(key)));
            let model = begins.max_by_key(|(n, key)| (key.len(), *n)).map(|(n, _)| n);
            assert_eq!(book.get(&text).unwrap(), model);
        }
    }
}
