//! Forms: in which order which keys come, learnt from the records seen, so that the next one's keys are foreseen.
//!
//! Keys may come from hostile data. So few forms are known at a time, none is large, and making one costs credit, which only
//! records of a known form bring back: data without form is read as well, just not faster.

use super::literal::Literal;
use super::molds::Molds;
use crate::datum::{Key, Shape};

/// Known forms at most.
const FORMS: usize = 8;
/// Keys of a form at most: rows have a bit for each. An array, not a record, is what has more.
const LARGEST: usize = 64;
/// Forms that can be made before known ones have to come again.
const CREDIT: u32 = 64;
/// So many records of a known form are worth a new one.
const EARNS: u32 = 16;

/// A form: the shape of rows, and how its keys look in the text.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) shape: Shape,
    pub(super) heads: Vec<Head>,
    /// So many records had it.
    pub(super) records: u64,
}

/// What is foreseen of a key.
#[derive(Debug)]
pub(super) struct Head {
    /// The key with its quotes.
    text: Literal,
    /// What its values look like.
    pub(super) molds: Molds,
}

impl Head {
    fn new(key: &Key) -> Self {
        Self { text: Literal::new(format!("\"{key}\"").as_bytes()), molds: Molds::new() }
    }

    /// The key alone.
    #[inline]
    fn name(&self) -> &[u8] {
        let text = self.text.text();
        &text[1..text.len() - 1]
    }
}

impl Form {
    fn new(keys: &[Key]) -> Self {
        Self { shape: keys.into(), heads: keys.iter().map(Head::new).collect(), records: 0 }
    }

    /// Whether the form's first key stands at `at`.
    #[inline]
    fn begins(&self, bytes: &[u8], at: usize) -> bool {
        self.heads.first().is_some_and(|head| bytes.get(at..).and_then(|rest| head.text.pass(rest)).is_some())
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
    pub(super) fn foresee(&mut self, bytes: &[u8], at: usize) -> Option<&mut Form> {
        if !self.known.get(self.last)?.begins(bytes, at)
            && let Some(other) = self.known.iter().position(|form| form.begins(bytes, at))
        {
            self.last = other;
        }
        self.known.get_mut(self.last)
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
    fn a_form_is_known_by_its_first_key() {
        let (mut forms, text) = (Forms::new(), br#"{"id":1,"name":2}"#);
        assert!(forms.foresee(text, 1).is_none());
        forms.learn(&keys("id name"));
        forms.learn(&keys("name other more"));
        let mut first = |at| forms.foresee(text, at).map(|form| form.shape[0].to_string());
        assert_eq!((first(1), first(8)), (Some("id".to_owned()), Some("name".to_owned())));
        // The one before, where none begins so.
        assert_eq!(first(0), Some("name".to_owned()));
        let form = &forms.known[0];
        assert_eq!((form.find(0, b"id"), form.find(1, b"id")), (Some(0), None));
    }
}
