//! What is known of a datum's addresses so far, and what is to be done when that is nothing.

use crate::datum::Text;

/// What is known so far about the addresses of one datum.
#[derive(Default)]
pub(super) struct Find {
    /// Sorted, each once.
    pub(super) names: Vec<Text>,
    /// There was no address.
    pub(super) nothing: bool,
    /// Answers still to come.
    pub(super) open: usize,
    /// An address got no answer.
    pub(super) silence: bool,
    /// An answer came from a server, or from the hosts file.
    pub(super) fresh: bool,
}

impl Find {
    pub(super) fn add(&mut self, names: &[Text]) {
        for name in names {
            if let Err(place) = self.names.binary_search_by(|known| known.as_str().cmp(name)) {
                self.names.insert(place, name.clone());
            }
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match (self.silence, self.names.is_empty(), self.fresh) {
            (true, ..) => "timeout",
            (_, true, _) => "missing",
            (_, _, true) => "found",
            _ => "cached",
        }
    }
}

/// What to do with a datum for which there are no names.
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
        find.add(&["b".into(), "a".into()]);
        find.add(&["b".into(), "c".into()]);
        assert_eq!(find.names, ["a", "b", "c"]);
        assert_eq!(find.word(), "cached");
        find.fresh = true;
        assert_eq!(find.word(), "found");
        find.silence = true;
        assert_eq!(find.word(), "timeout");
    }
}
