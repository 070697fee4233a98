//! Keys as text, by which data are told from one another: the canonical JSON of what the getters give, which equal values have alike
//! however they were written.

use crate::cogs::twist::events::Sight;
use crate::datum::{Datum, json};
use crate::error::Result;
use crate::getset::Getter;

/// The key of a datum; of several getters as the array that they make, without making one.
pub(super) fn write_key(text: &mut String, getter: &Getter, datum: &Datum) -> Result<()> {
    text.clear();
    let Getter::Several(all) = getter else {
        json::write_canonical(text, &*getter.get(datum)?);
        return Ok(());
    };
    for (n, getter) in all.iter().enumerate() {
        text.push(if n == 0 { '[' } else { ',' });
        json::write_canonical(text, &*getter.get(datum)?);
    }
    text.push(']');
    Ok(())
}

/// A key, and how its datum writes it: for who gives it on, in the form in which it first came.
#[derive(Debug, Default)]
pub(super) struct KeyText {
    /// By this keys are compared.
    pub(super) text: String,
    /// The key as it came; empty where that is the same.
    pub(super) own: String,
}

impl KeyText {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.own.clear();
    }

    /// The key of a datum, as [`write_key`] writes it.
    pub(super) fn take(&mut self, getter: &Getter, datum: &Datum) -> Result<()> {
        self.clear();
        if let Getter::Several(all) = getter {
            for (n, getter) in all.iter().enumerate() {
                self.push(if n == 0 { '[' } else { ',' });
                self.add(&*getter.get(datum)?);
            }
            self.push(']');
        } else {
            self.add(&*getter.get(datum)?);
        }
        self.compare();
        Ok(())
    }

    /// A piece more.
    pub(super) fn add(&mut self, piece: &Datum) {
        if matches!(piece, Datum::Raw(_) | Datum::Map(_) | Datum::List(_) | Datum::Number(_) | Datum::Float(_)) {
            self.begin_own();
            json::write(&mut self.own, piece);
            json::write_canonical(&mut self.text, piece);
            return;
        }
        let start = self.text.len();
        json::write(&mut self.text, piece);
        self.follow(start);
    }

    /// As [`KeyText::add`].
    #[inline]
    pub(super) fn add_seen(&mut self, piece: &Sight<'_>) {
        match piece {
            Sight::Text(text) => {
                let start = self.text.len();
                json::write_string(&mut self.text, text);
                self.follow(start);
            }
            Sight::Whole(text) => {
                let start = self.text.len();
                self.text.push_str(text);
                self.follow(start);
            }
            Sight::Number(text) => {
                self.begin_own();
                self.own.push_str(text);
                json::write_canonical_number(&mut self.text, text);
            }
            Sight::Datum(datum) => self.add(datum),
        }
    }

    /// What stands between pieces.
    #[inline]
    pub(super) fn push(&mut self, letter: char) {
        if !self.own.is_empty() {
            self.own.push(letter);
        }
        self.text.push(letter);
    }

    /// The key is whole.
    pub(super) fn compare(&mut self) {
        if self.own == self.text {
            self.own.clear();
        }
    }

    /// From here on the two may differ.
    fn begin_own(&mut self) {
        if self.own.is_empty() {
            self.own.push_str(&self.text);
        }
    }

    /// What the text has from `start` on is no different as it came.
    #[inline]
    fn follow(&mut self, start: usize) {
        if !self.own.is_empty() {
            self.own.push_str(&self.text[start..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;
    use crate::datum::Text;
    use crate::datum::json::ReadOptions;
    use crate::datum::json::spelling::{Choices, tree};

    fn lazy(text: &str) -> Datum {
        json::read_text(&Text::from(text), &ReadOptions { lazy: true, ..ReadOptions::default() }).unwrap()
    }

    proptest! {
        #[test]
        fn equal_data_have_equal_keys_and_no_others_do(a in tree(), b in tree(), c in tree(), choices in any::<u64>()) {
            let mut choices = Choices(choices);
            let mut event = |a, b| format!(r#"{{"a":{},"b":{}}}"#, choices.spell(a), choices.spell(b));
            let data = [event(&a, &b), event(&a, &b), event(&a, &c), event(&c, &b)].map(|text| lazy(&text));
            let (one, two) = (Getter::named("a").unwrap(), Getter::named("b").unwrap());
            for getter in [Getter::Whole, one.clone(), Getter::Several(vec![one, two].into())] {
                let keys = data.each_ref().map(|datum| {
                    let (mut text, mut key) = (String::new(), KeyText::default());
                    key.take(&getter, datum).unwrap();
                    write_key(&mut text, &getter, datum).unwrap();
                    prop_assert_eq!(&text, &key.text);
                    let own = if key.own.is_empty() { &key.text } else { &key.own };
                    prop_assert_eq!(own, &json::to_string(&getter.get(datum).unwrap()));
                    Ok(text)
                });
                let value = |n: usize| getter.get(&data[n]).unwrap();
                let key = |n: usize| keys[n].as_ref().unwrap();
                for n in 0..data.len() {
                    prop_assert_eq!(*value(0) == *value(n), key(0) == key(n), "{} {}", key(0), key(n));
                }
                prop_assert_eq!(key(0), key(1));
            }
        }
    }
}
