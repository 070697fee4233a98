//! What failed in a cog, by kind: for who looks in later.

use std::time::SystemTime;

use crate::error::{Error, shorten};
use crate::secrets;

/// Kinds kept of one cog at most; of all others there is only a count.
const KINDS: usize = 64;
/// Letters of a text.
const LONGEST: usize = 400;

/// Errors of one kind: of one place in the script, or of one text but for what stands in it between quotes.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The first one's text, secrets masked.
    pub text: String,
    /// What kind it is, in one word.
    pub reason: &'static str,
    /// Where in the script, as `file:line:column`; empty where it is not the script's.
    pub place: String,
    /// What can be done about it.
    pub hint: Option<String>,
    /// How many.
    pub count: u64,
    /// Ids of the first and the last event that failed so.
    pub ids: [String; 2],
    /// When that was.
    pub times: [SystemTime; 2],
}

/// All that failed in a cog. Nothing is kept before somebody [listens](Faults::listen).
#[derive(Debug, Default)]
pub struct Faults {
    listens: bool,
    kinds: Vec<Fault>,
    others: u64,
    last: String,
}

impl Faults {
    /// From now on errors are kept.
    pub fn listen(&mut self) {
        self.listens = true;
    }

    /// Whether errors are kept.
    pub fn listens(&self) -> bool {
        self.listens
    }

    /// The kinds, in order of their first.
    pub fn kinds(&self) -> &[Fault] {
        &self.kinds
    }

    /// How many were of further kinds.
    pub fn others(&self) -> u64 {
        self.others
    }

    /// The text of the last error.
    pub fn last(&self) -> Option<&str> {
        (!self.last.is_empty()).then_some(&self.last)
    }

    /// Notes one.
    #[inline]
    pub(super) fn note(&mut self, error: &Error, id: impl FnOnce() -> String, now: impl FnOnce() -> SystemTime) {
        if self.listens {
            self.keep(error, id(), now());
        }
    }

    fn keep(&mut self, error: &Error, id: String, now: SystemTime) {
        self.last = shorten(&secrets::mask(&error.to_string()), LONGEST);
        let place = if let Error::Script { place, .. } = error { place.as_str() } else { "" };
        let (reason, kind) = (error.reason(), kind(&self.last));
        let same =
            |fault: &&mut Fault| fault.reason == reason && fault.place == place && (!place.is_empty() || self::kind(&fault.text) == kind);
        if let Some(fault) = self.kinds.iter_mut().find(same) {
            fault.count += 1;
            (fault.ids[1], fault.times[1]) = (id, now);
        } else if self.kinds.len() < KINDS {
            let hint = error.hint().map(str::to_owned);
            let (text, place) = (self.last.clone(), place.to_owned());
            self.kinds.push(Fault { text, reason, place, hint, count: 1, ids: [id.clone(), id], times: [now, now] });
        } else {
            self.others += 1;
        }
    }
}

/// What two errors of one kind have in common: the text up to the first value in it.
fn kind(text: &str) -> &str {
    &text[..text.find('`').unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_one_kind_are_counted_together() {
        let mut faults = Faults::default();
        let mut note = |text: &str, piece: &str, id: &str| {
            faults.note(&Error::data(text, piece), || id.to_owned(), || SystemTime::UNIX_EPOCH);
        };
        note("no JSON", "a", "s#0");
        note("no JSON", "b", "s#1");
        assert_eq!(faults.kinds().len(), 0, "nobody listens yet");
        faults.listen();
        let mut note = |text: &str, piece: &str, id: &str| {
            faults.note(&Error::data(text, piece), || id.to_owned(), || SystemTime::UNIX_EPOCH);
        };
        note("no JSON", "a", "s#2");
        note("too deep", "", "s#3");
        note("no JSON", "b", "s#4");
        let told: Vec<_> = faults.kinds().iter().map(|fault| (fault.text.as_str(), fault.count, fault.ids[1].as_str())).collect();
        assert_eq!(told, [("no JSON: `a`", 2, "s#4"), ("too deep", 1, "s#3")]);
        assert_eq!(faults.last(), Some("no JSON: `b`"));
    }

    #[test]
    fn kinds_are_bounded() {
        let mut faults = Faults::default();
        faults.listen();
        for n in 0..1000 {
            faults.note(&Error::data(format!("kind {n}"), ""), || "x".into(), || SystemTime::UNIX_EPOCH);
        }
        assert_eq!((faults.kinds().len(), faults.others()), (KINDS, 1000 - KINDS as u64));
    }
}
