//! What becomes of a datum that failed: `on_error`, and the dead letter that an error route is given.

use std::borrow::Cow;
use std::rc::Rc;

use super::{Ctx, Event, Hold, OnError, Outcome};
use crate::cog::batch::take_left;
use crate::cog::origin::Why;
use crate::datum::{Datum, Map, json};
use crate::error::{Error, shorten};
use crate::log;
use crate::secrets;

/// Letters of an error's text in a dead letter.
const LONGEST_TEXT: usize = 1024;

/// Bytes of the datum in a dead letter.
const LONGEST_DATA: usize = 64 << 10;

impl Ctx<'_> {
    /// What was given has failed after `parts` of it were already sent.
    pub(in crate::cog) fn fail(&mut self, error: &Error, kept: Option<Datum>) {
        self.turning = false;
        self.seat.stats.errors += 1;
        let (books, lineage) = (self.books, self.sent.map_or(&self.given, |first| &self.out[first].lineage));
        let id = || self.id.clone().unwrap_or_else(|| books.id(lineage));
        self.seat.faults_seen.note(error, id, || self.esc.wall());
        // The failing part is one more than those that went on.
        self.books.split(self.lineage(), self.parts);
        match (self.seat.on_error, kept) {
            (OnError::Drop, _) => {
                self.tell_failure(log::Priority::Debug, error);
                self.books.settle(self.lineage(), Outcome::Filtered);
            }
            (OnError::Pass, Some(datum)) => {
                self.tell_failure(log::Priority::Debug, error);
                self.seat.stats.emitted += 1;
                self.out.push(Event { datum, lineage: self.lineage().clone() });
            }
            (OnError::Route(_), Some(datum)) => {
                let letter = self.letter(error, datum);
                self.seat.failed.push(Event { datum: letter, lineage: self.lineage().clone().into_dead() });
            }
            (policy, _) => {
                self.tell_failure(log::Priority::Error, error);
                let text = || shorten(&secrets::mask(&error.to_string()), LONGEST_TEXT);
                self.books.note_why(self.lineage(), || Why { cog: Rc::clone(&self.seat.name), error: text() });
                self.seat.faults += u64::from(self.lineage().first().is_none());
                self.books.settle(self.lineage(), Outcome::Failed);
                if policy == OnError::Stop {
                    self.seat.stop = Some(1);
                }
            }
        }
    }

    /// For the train: the cog panicked. What was being turned, and what is left of the batch, has failed.
    pub fn fail_given(&mut self, told: &str) {
        let error = Error::Refused { reason: "panic", text: told.to_owned() };
        if std::mem::take(&mut self.turning) {
            let kept = self.take_kept();
            self.fail(&error, kept);
        }
        for event in take_left() {
            self.begin(event.lineage, &event.datum);
            self.fail(&error, Some(event.datum));
        }
        self.over();
    }

    /// For a supply that wants to know why its events failed; see [`Ctx::why_failed`].
    pub fn asks_why(&mut self) {
        self.books.asks_why(self.seat.number);
    }

    /// For a supply that [asked](Ctx::asks_why), when it is told that its event of that number is settled: why it failed, as far as
    /// that is known. It is forgotten with that.
    pub fn why_failed(&mut self, number: u64) -> Option<Why> {
        self.books.take_why(self.seat.number, number)
    }

    /// A held datum has failed; `on_error` decides what becomes of it.
    pub fn fail_held(&mut self, hold: Hold, datum: Datum, error: &Error) {
        // It may happen while another datum is turned, whose account must stay as it is.
        let given = std::mem::replace(&mut self.given, hold.into_lineage());
        let (parts, sent) = (std::mem::take(&mut self.parts), self.sent.take());
        let id = self.id.take();
        self.id = self.name_of(&datum);
        self.fail(error, Some(datum));
        (self.given, self.parts, self.sent, self.id) = (given, parts, sent, id);
    }

    /// What is given goes on somewhere when it fails.
    #[inline]
    pub(in crate::cog) fn keep_given(&mut self, datum: &Datum) {
        self.kept = Some(datum.clone());
    }

    /// What was given, as it was.
    #[inline]
    pub(in crate::cog) fn take_kept(&mut self) -> Option<Datum> {
        self.kept.take()
    }

    fn tell_failure(&self, priority: log::Priority, error: &Error) {
        if log::enabled(priority) {
            let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
            self.tell(priority, &format!("{}: {error}{hint}", self.seat.name));
        }
    }

    /// What an error route is given of a datum that failed.
    fn letter(&self, error: &Error, datum: Datum) -> Datum {
        let (data, truncated) = bounded(datum);
        let time = jiff::Timestamp::try_from(self.esc.wall()).map_or(Datum::Unit, Datum::Time);
        let mut letter = Map::with_capacity(8);
        letter.push("time".into(), time);
        letter.push("cog".into(), Datum::from(&*self.seat.name));
        letter.push("id".into(), Datum::from(self.id()));
        letter.push("reason".into(), Datum::from(error.reason()));
        letter.push("error".into(), Datum::from(shorten(&secrets::mask(&error.to_string()), LONGEST_TEXT)));
        letter.push("attempts".into(), Datum::Int(self.books.attempts(self.lineage())));
        let blob = matches!(data, Datum::Bytes(_));
        letter.push("data".into(), data);
        if blob {
            letter.push("blob".into(), Datum::Bool(true));
        }
        letter.push("truncated".into(), Datum::Bool(truncated));
        Datum::Map(letter)
    }
}

/// The datum, or the beginning of what it is as text, and whether something was cut off. Secrets are masked, which makes a text of it.
fn bounded(datum: Datum) -> (Datum, bool) {
    let text = match &datum {
        Datum::Bytes(bytes) if bytes.len() > LONGEST_DATA => return (Datum::Bytes(bytes[..LONGEST_DATA].into()), true),
        Datum::Str(text) => Cow::Borrowed(text.as_str()),
        Datum::List(_) | Datum::Map(_) | Datum::Raw(_) => Cow::Owned(json::to_string(&datum)),
        _ => return (datum, false),
    };
    match secrets::mask(&text) {
        text if text.len() > LONGEST_DATA => (beginning(&text), true),
        Cow::Owned(masked) => (Datum::from(masked), false),
        Cow::Borrowed(_) => (datum, false),
    }
}

fn beginning(text: &str) -> Datum {
    let end = (0..=LONGEST_DATA).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Datum::from(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_in_a_letter_are_bounded() {
        let (cut, truncated) = bounded(Datum::from("ü".repeat(40_000)));
        assert!(truncated && cut.as_str().is_some_and(|text| text.len() == LONGEST_DATA));
        let (cut, truncated) = bounded(Datum::Bytes(vec![0xff; 70_000].into()));
        assert!(truncated && matches!(cut, Datum::Bytes(bytes) if bytes.len() == LONGEST_DATA));
        let (cut, truncated) = bounded(Datum::List(vec![Datum::from("x".repeat(70_000))]));
        assert!(truncated && cut.as_str().is_some_and(|text| text.starts_with("[\"x") && text.len() == LONGEST_DATA));
        let whole = Datum::List(vec![Datum::from("x".repeat(10))]);
        assert_eq!(bounded(whole.clone()), (whole, false));
    }
}
