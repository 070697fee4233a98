//! What is known of answers that were given: what to ask a server by, so that it need not say the same again.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use reqwest::Url;
use reqwest::header::{ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use ring::digest::{SHA256, digest};

use crate::cog::Settled;
use crate::cogs::http::fault::shown;
use crate::datum::{Datum, Map, json};
use crate::state::{Run, Words};

/// What tells one answer of an address from another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Mark {
    etag: Option<String>,
    modified: Option<String>,
    digest: Option<String>,
}

impl Mark {
    /// Of that answer.
    pub(super) fn of(headers: &HeaderMap, body: Option<&[u8]>) -> Self {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
        Self { etag: text(ETAG), modified: text(LAST_MODIFIED), digest: body.map(sum) }
    }

    /// Whether the body is the one of `other`.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.digest.is_some() && self.digest == other.digest
    }

    /// Asks for nothing if nothing has changed since.
    pub(super) fn ask_for_newer(&self, headers: &mut HeaderMap) {
        for (name, text) in [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.modified)] {
            if let Some(value) = text.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
                headers.insert(name, value);
            }
        }
    }
}

fn sum(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in digest(&SHA256, bytes).as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// An answer that was given out.
#[derive(Debug)]
struct Given {
    number: u64,
    /// The place of its address in the list.
    url: usize,
    mark: Mark,
    /// It had no events.
    empty: bool,
}

/// Marks of all addresses: the latest ones, and those whose events are all settled.
#[derive(Debug)]
pub(super) struct Memory {
    urls: Vec<Url>,
    latest: Vec<Option<Mark>>,
    settled: Vec<Option<Mark>>,
    given: VecDeque<Given>,
    run: Run,
    next: u64,
}

impl Memory {
    pub(super) fn new(urls: Vec<Url>, first_origin: u64) -> Self {
        let none = vec![None; urls.len()];
        Self { urls, latest: none.clone(), settled: none, given: VecDeque::new(), run: Run::from(first_origin), next: 0 }
    }

    /// The mark of the latest answer of an address.
    pub(super) fn latest(&self, url: usize) -> Option<&Mark> {
        self.latest[url].as_ref()
    }

    /// The place of an event of the answer that is being given.
    pub(super) fn place(&self, is_last: bool) -> u64 {
        self.next * 2 + u64::from(is_last)
    }

    /// All of an answer was given. True when that changed what is settled.
    pub(super) fn has_given(&mut self, url: usize, mark: Mark, empty: bool) -> bool {
        self.latest[url] = Some(mark.clone());
        self.given.push_back(Given { number: self.next, url, mark, empty });
        self.next += 1;
        self.advance(None)
    }

    /// Origins were settled. True when that settled an answer.
    pub(super) fn settle(&mut self, done: &Settled) -> bool {
        let mut come_to = None;
        self.run.settle(done.number, done.count, 0, done.place, |_, place| come_to = Some(place));
        // The number of the last answer that is settled as a whole.
        let whole = come_to.and_then(|place| if place % 2 == 1 { Some(place / 2) } else { (place / 2).checked_sub(1) });
        self.advance(whole)
    }

    fn advance(&mut self, whole: Option<u64>) -> bool {
        let mut any = false;
        while let Some(first) = self.given.front()
            && (first.empty || whole.is_some_and(|whole| first.number <= whole))
            && let Some(first) = self.given.pop_front()
        {
            self.settled[first.url] = Some(first.mark);
            any = true;
        }
        any
    }

    /// What a checkpoint says. Addresses may hold secrets: they are known again by a sum.
    pub(super) fn write(&self) -> Words {
        let mut answers = Vec::new();
        for (url, mark) in self.urls.iter().zip(&self.settled) {
            let Some(mark) = mark else { continue };
            let mut map = Map::new();
            map.push("url".into(), Datum::from(shown(url)));
            map.push("id".into(), Datum::from(sum(url.as_str().as_bytes())));
            for (name, text) in [("etag", &mark.etag), ("modified", &mark.modified), ("digest", &mark.digest)] {
                if let Some(text) = text {
                    map.push(name.into(), Datum::from(text.as_str()));
                }
            }
            answers.push(Datum::Map(map));
        }
        vec![Arc::from(json::to_string(&Datum::Map(Map::from_entries(vec![("answers".into(), Datum::List(answers))]))))]
    }

    /// Takes over what a checkpoint says.
    pub(super) fn read(&mut self, body: &Datum) {
        let opened = body.opened();
        let Some(answers) = opened.as_map().and_then(|map| map.by_name("answers")) else { return };
        let Datum::List(answers) = &*answers.opened() else { return };
        for answer in answers {
            let answer = answer.opened();
            let text = |name: &str| answer.as_map().and_then(|map| map.by_name(name)).and_then(Datum::as_str).map(str::to_owned);
            let Some(id) = text("id") else { continue };
            let Some(url) = self.urls.iter().position(|url| sum(url.as_str().as_bytes()) == id) else { continue };
            let mark = Mark { etag: text("etag"), modified: text("modified"), digest: text("digest") };
            (self.latest[url], self.settled[url]) = (Some(mark.clone()), Some(mark));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(etag: &str) -> Mark {
        Mark { etag: Some(etag.into()), ..Mark::default() }
    }

    fn settled(number: u64, count: u64, place: u64) -> Settled {
        Settled { supply: 0, number, count, place, failed: false }
    }

    fn memory() -> Memory {
        Memory::new(vec![Url::parse("http://u.example/a?key=secret").unwrap(), Url::parse("http://u.example/b").unwrap()], 0)
    }

    #[test]
    fn an_answer_is_taken_over_when_all_of_it_is_settled() {
        let mut memory = memory();
        let places = [memory.place(false), memory.place(true)];
        assert!(!memory.has_given(0, mark("one"), false));
        let later = memory.place(true);
        assert!(!memory.has_given(1, mark("two"), false));
        assert_eq!(memory.latest(0), Some(&mark("one")));
        // The second before the first, and half of the first.
        assert!(!memory.settle(&settled(2, 1, later)));
        assert!(!memory.settle(&settled(0, 1, places[0])));
        assert!(!memory.write()[0].contains("etag"));
        assert!(memory.settle(&settled(1, 1, places[1])));
        let words = memory.write()[0].to_string();
        assert!(words.contains("one") && words.contains("two") && !words.contains("secret"), "{words}");
        let mut again = super::Memory::new(memory.urls.clone(), 0);
        again.read(&json::read(&words).unwrap());
        assert_eq!((again.latest(0), again.latest(1)), (Some(&mark("one")), Some(&mark("two"))));
    }

    #[test]
    fn an_answer_without_events_is_settled_with_those_before_it() {
        let mut memory = memory();
        assert!(memory.has_given(0, mark("empty"), true));
        let place = memory.place(true);
        memory.has_given(0, mark("one"), false);
        assert!(!memory.has_given(0, mark("empty again"), true));
        assert!(memory.settle(&settled(0, 1, place)));
        assert!(memory.write()[0].contains("empty again"));
    }
}
