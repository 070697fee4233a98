//! Forms: in which order which keys come, learnt from the records seen, so that the next one's keys are foreseen.
//!
//! Keys may come from hostile data. So few forms are known at a time, none is large, and making one costs credit, which only
//! records of a known form bring back: data without form is read as well, just not faster.

use std::rc::Rc;

use super::molds::Molds;
use crate::datum::{Key, Shape};

/// Known forms at most.
const FORMS: usize = 8;
/// Keys of a form at most. An array, not a record, is what has more.
const LARGEST: usize = 64;
/// Forms that can be made before known ones have to come again.
const CREDIT: u32 = 64;
/// So many records of a known form are worth a new one.
const EARNS: u32 = 16;

/// A form: the shape of rows, and how its keys look in the text.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) shape: Shape,
    heads: Rc<[Head]>,
}

/// Bytes that are foreseen.
#[derive(Debug)]
pub(super) struct Literal {
    /// The first sixteen, and which of them are its own.
    bits: u128,
    mask: u128,
    text: Box<[u8]>,
}

impl Literal {
    pub(super) fn new(text: &[u8]) -> Self {
        let length = text.len().min(16);
        let mut first = [0; 16];
        first[..length].copy_from_slice(&text[..length]);
        let mask = u128::MAX.checked_shr(128 - 8 * length as u32).unwrap_or(0);
        Self { bits: u128::from_le_bytes(first), mask, text: text.into() }
    }

    /// Whether the text goes on with it at `at`.
    #[inline]
    fn stands_at(&self, bytes: &[u8], at: usize) -> bool {
        let Some(rest) = bytes.get(at..) else { return false };
        match rest.first_chunk::<16>() {
            Some(first) if (u128::from_le_bytes(*first) ^ self.bits) & self.mask != 0 => false,
            Some(_) if self.text.len() <= 16 => true,
            _ => rest.starts_with(&self.text),
        }
    }

    /// The place behind it, when the text goes on with it at `at`.
    #[inline]
    pub(super) fn pass(&self, bytes: &[u8], at: usize) -> Option<usize> {
        self.stands_at(bytes, at).then(|| at + self.text.len())
    }
}

/// What is foreseen of a key.
#[derive(Debug)]
struct Head {
    /// The key with its quotes and the colon, as compact JSON has it before each value.
    text: Literal,
    /// What its lists and maps look like.
    molds: Molds,
}

impl Head {
    fn new(key: &Key) -> Self {
        Self { text: Literal::new(format!("\"{key}\":").as_bytes()), molds: Molds::new() }
    }

    /// The key alone.
    #[inline]
    fn name(&self) -> &[u8] {
        let text = &self.text.text;
        &text[1..text.len() - 2]
    }
}

impl Form {
    fn new(keys: &[Key]) -> Self {
        Self { shape: keys.into(), heads: keys.iter().map(Head::new).collect() }
    }

    /// Where the key's value may start, when the text goes on at `at` with the key of that place.
    #[inline]
    pub(super) fn foreseen(&self, place: usize, bytes: &[u8], at: usize) -> Option<usize> {
        self.heads.get(place)?.text.pass(bytes, at)
    }

    /// What the lists and maps under the key of that place look like.
    #[inline]
    pub(super) fn molds(&self, place: usize) -> &Molds {
        &self.heads[place].molds
    }

    /// The place of the key of that name, at or after `from`.
    pub(super) fn find(&self, from: usize, name: &[u8]) -> Option<usize> {
        self.heads.get(from..)?.iter().position(|head| head.name() == name).map(|place| from + place)
    }

    /// The places of the keys, when they come in the form's order; others may stand between them.
    fn places(&self, keys: &[Key]) -> Option<Vec<usize>> {
        let mut next = 0;
        keys.iter()
            .map(|key| {
                let place = next + self.shape.get(next..)?.iter().position(|known| known == key)?;
                next = place + 1;
                Some(place)
            })
            .collect()
    }

    /// All keys of the form and these, each in their order; none when the orders do not agree, or little is common to them.
    fn with(&self, keys: &[Key]) -> Option<Vec<Key>> {
        let (mut all, mut next, mut common) = (Vec::new(), 0, 0);
        for key in keys {
            match self.shape.iter().position(|known| known == key) {
                Some(place) if place < next => return None,
                Some(place) => {
                    all.extend_from_slice(&self.shape[next..place]);
                    next = place + 1;
                    common += 1;
                }
                None => {}
            }
            all.push(key.clone());
        }
        all.extend_from_slice(&self.shape[next..]);
        (all.len() <= LARGEST && 2 * common >= keys.len()).then_some(all)
    }
}

/// The forms that a reader has learnt.
#[derive(Debug)]
pub(super) struct Forms {
    known: Vec<Form>,
    /// That of the last record.
    last: usize,
    credit: u32,
    /// Records of a known form since the last one that earned credit.
    fitting: u32,
}

impl Default for Forms {
    fn default() -> Self {
        Self::new()
    }
}

impl Forms {
    pub(super) const fn new() -> Self {
        Self { known: Vec::new(), last: 0, credit: CREDIT, fitting: 0 }
    }

    /// The form that the record is foreseen to have whose first key stands at `at`.
    #[inline]
    pub(super) fn foresee(&mut self, bytes: &[u8], at: usize) -> Option<&Form> {
        if self.known.get(self.last)?.foreseen(0, bytes, at).is_none()
            && let Some(other) = self.known.iter().position(|form| form.foreseen(0, bytes, at).is_some())
        {
            self.last = other;
        }
        self.known.get(self.last)
    }

    /// The last record was as foreseen.
    #[inline]
    pub(super) fn fitted(&mut self) {
        self.fitting += 1;
        if self.fitting == EARNS {
            self.fitting = 0;
            self.credit = (self.credit + 1).min(CREDIT);
        }
    }

    /// The form of a record with these keys, and their places in it: a known one that has them in this order, else a new one
    /// while there is credit.
    pub(super) fn learn(&mut self, keys: &[Key]) -> Option<(&Form, Vec<usize>)> {
        if keys.len() > LARGEST {
            return None;
        }
        if let Some((n, places)) = self.known.iter().enumerate().find_map(|(n, form)| Some((n, form.places(keys)?))) {
            self.last = n;
            return Some((&self.known[n], places));
        }
        self.credit = self.credit.checked_sub(1)?;
        if let Some((n, all)) = self.known.iter().enumerate().find_map(|(n, form)| Some((n, form.with(keys)?))) {
            self.known[n] = Form::new(&all);
            self.last = n;
        } else if self.known.len() < FORMS {
            self.last = self.known.len();
            self.known.push(Form::new(keys));
        } else {
            self.last = (self.last + 1) % FORMS;
            self.known[self.last] = Form::new(keys);
        }
        let form = &self.known[self.last];
        Some((form, form.places(keys)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &str) -> Vec<Key> {
        names.split_whitespace().map(Key::new).collect()
    }

    fn shape(forms: &mut Forms, names: &str) -> String {
        let (form, places) = forms.learn(&keys(names)).unwrap();
        assert_eq!(places.iter().map(|place| form.shape[*place].clone()).collect::<Vec<_>>(), keys(names));
        form.shape.iter().map(Key::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn forms_grow_by_keys_that_some_records_lack() {
        let mut forms = Forms::new();
        assert_eq!(shape(&mut forms, "a b c"), "a b c");
        assert_eq!(shape(&mut forms, "a x c"), "a x b c");
        assert_eq!(shape(&mut forms, "b c"), "a x b c");
        assert_eq!(shape(&mut forms, "a b c d"), "a x b c d");
        assert_eq!(shape(&mut forms, "c a"), "c a");
        assert_eq!(shape(&mut forms, "p q"), "p q");
        assert_eq!(forms.known.len(), 3);
    }

    #[test]
    fn forms_are_few_and_credit_is_earned() {
        let mut forms = Forms::new();
        for n in 0..CREDIT {
            assert!(forms.learn(&keys(&format!("form{n}"))).is_some());
        }
        assert_eq!(forms.known.len(), FORMS);
        assert!(forms.learn(&keys("one_more")).is_none());
        assert!(forms.learn(&keys("form63")).is_some());
        (0..EARNS).for_each(|_| forms.fitted());
        assert!(forms.learn(&keys("one_more")).is_some());
        assert!(forms.learn(&keys("yet_one_more")).is_none());
        let many: Vec<Key> = (0..=LARGEST).map(|n| Key::new(&format!("many{n}"))).collect();
        assert!(Forms::new().learn(&many).is_none());
    }

    #[test]
    fn a_key_is_foreseen_byte_by_byte() {
        let form = Form::new(&keys("id a_rather_long_name"));
        let text = br#""id":1,"a_rather_long_name":2"#;
        assert_eq!(form.foreseen(0, text, 0), Some(5));
        assert_eq!(form.foreseen(1, text, 7), Some(28));
        assert_eq!(form.foreseen(1, br#""a_rather_long_mane":2"#, 0), None);
        assert_eq!(form.foreseen(0, br#""id""#, 0), None);
        assert_eq!((form.find(0, b"id"), form.find(1, b"id")), (Some(0), None));
    }
}
