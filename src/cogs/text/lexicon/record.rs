//! What a match becomes: a row whose values stay in the text where the groups found them.

use super::expression::{Care, Expression};
use crate::cogs::text::fill::{Fill, plain_key};
use crate::datum::{Datum, Key, Look, Row, Shape, Text};
use crate::getset::Setter;

/// How matches of one rule become rows: there for a rule whose setters are all plain keys that differ.
#[derive(Debug)]
pub(in crate::cogs::text) struct Form {
    shape: Shape,
    /// The values of the first keys.
    first: Vec<Datum>,
    /// What becomes of each group, from group 1 on; none for those that nobody wants.
    groups: Vec<Option<Care>>,
    /// The last key is that of the rule's name.
    named: bool,
    /// Some group holds no quotes, but perhaps something else that JSON escapes.
    looks: bool,
}

impl Form {
    /// The form of records with these setters.
    pub(in crate::cogs::text) fn of(fill: &Fill, expression: &Expression, matched: &Setter) -> Option<Self> {
        let (initial, keys) = fill.flat()?;
        let mut shape: Vec<Key> = initial.iter().map(|(key, _)| key.clone()).collect();
        let groups: Vec<Option<Care>> = expression.cares.iter().zip(keys).map(|(care, key)| key.as_ref().map(|_| *care)).collect();
        shape.extend(keys.iter().flatten().cloned());
        let name = plain_key(matched).filter(|key| !shape.contains(key));
        let named = name.is_some();
        shape.extend(name);
        Some(Self {
            shape: shape.into(),
            first: initial.iter().map(|(_, value)| value.clone()).collect(),
            looks: groups.contains(&Some(Care::NoQuotes)),
            groups,
            named,
        })
    }

    /// Whether the rule's name is in the record already.
    #[inline]
    pub(in crate::cogs::text) fn is_named(&self) -> bool {
        self.named
    }

    /// The record of the expression's last match, in `text`; none when that is no span of a block.
    #[inline]
    pub(in crate::cogs::text) fn record(&self, text: &Text, expression: &Expression, name: &Datum) -> Option<Datum> {
        let (block, place) = text.place()?;
        let at = place.start;
        let plain = if self.looks && is_plain(text.as_bytes()) { Look::Plain } else { Look::Text };
        let sure = expression.is_text();
        let mut row = Row::new(&self.shape, block);
        for value in &self.first {
            row.push_value(value.clone());
        }
        for (care, group) in self.groups.iter().zip(expression.groups()) {
            match (care, group) {
                (None, _) => {}
                (Some(_), None) => row.push_absent(),
                // An expression with `(?-u)` can match a part of a letter.
                (Some(_), Some((start, end))) if !(sure || text.is_char_boundary(start) && text.is_char_boundary(end)) => {
                    row.push_value(Datum::Bytes(text.as_bytes()[start..end].into()));
                }
                (Some(care), Some((start, end))) => {
                    let look = match care {
                        Care::None => Look::Plain,
                        Care::NoQuotes => plain,
                        Care::All => Look::Text,
                    };
                    row.push_cell(look, at + start, at + end);
                }
            }
        }
        if self.named {
            row.push_value(name.clone());
        }
        Some(Datum::Map(row.into_map()))
    }
}

/// Whether a text holds neither backslashes nor control letters.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    // Without a way out in the middle it takes many bytes at once.
    text.iter().fold(0, |odd, byte| odd | u8::from(*byte < 0x20) | u8::from(*byte == b'\\')) == 0
}
