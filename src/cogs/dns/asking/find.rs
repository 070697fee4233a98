//! What is known of a datum's questions so far, and what is to be done when that is nothing.

use std::cmp::Ordering;

use crate::datum::Text;

/// What is known so far about what one datum asks.
#[derive(Default)]
pub(super) struct Find {
    /// Sorted, each once.
    pub(super) found: Vec<Text>,
    /// There was nothing to ask.
    pub(super) nothing: bool,
    /// Answers still to come.
    pub(super) open: usize,
    /// A question got no answer.
    pub(super) silence: bool,
    /// An answer came from a server, or from what needs no question.
    pub(super) fresh: bool,
}

impl Find {
    pub(super) fn add(&mut self, more: &[Text], order: fn(&str, &str) -> Ordering) {
        for one in more {
            if let Err(place) = self.found.binary_search_by(|known| order(known, one)) {
                self.found.insert(place, one.clone());
            }
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match (self.silence, self.found.is_empty(), self.fresh) {
            (true, ..) => "timeout",
            (_, true, _) => "missing",
            (_, _, true) => "found",
            _ => "cached",
        }
    }
}

/// What to do with a datum for which nothing was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Without {
    Empty,
    Pass,
    Drop,
    Error,
}

impl Without {
    pub(super) fn of(word: &str) -> Self {
        match word {
            "empty" => Self::Empty,
            "pass" => Self::Pass,
            "drop" => Self::Drop,
            _ => Self::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_stand_once_and_the_word_tells_the_worst() {
        let mut find = Find::default();
        assert_eq!(find.word(), "missing");
        find.add(&["b".into(), "a".into()], str::cmp);
        find.add(&["b".into(), "c".into()], str::cmp);
        assert_eq!(find.found, ["a", "b", "c"]);
        assert_eq!(find.word(), "cached");
        find.fresh = true;
        assert_eq!(find.word(), "found");
        find.silence = true;
        assert_eq!(find.word(), "timeout");
    }
}
