//! At most ten messages of one kind in ten seconds; the rest is counted and summed up.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::priority::Priority;

/// How long a kind is counted before it starts anew.
const WINDOW: Duration = Duration::from_secs(10);
/// Messages of one kind that pass in one window.
const PASS: u32 = 10;
/// Kinds remembered at once; kinds can come from data.
const ROOM: usize = 1024;
/// Letters of a kind that are compared and shown.
const LONGEST: usize = 80;

/// Counts messages by kind.
#[derive(Default)]
pub(super) struct Limit {
    kinds: HashMap<(Priority, String), Count>,
    /// The first moment at which something suppressed is to be summed up.
    due: Option<Instant>,
}

struct Count {
    since: Instant,
    seen: u32,
}

/// What was left out: to be written in its place.
#[derive(Debug, PartialEq)]
pub(super) struct Summary {
    pub(super) priority: Priority,
    pub(super) text: String,
}

/// The kind of a message whose caller names none: its text up to the first backquote or colon.
pub(super) fn kind(text: &str) -> &str {
    text.split(['`', ':']).next().unwrap_or_default().trim_end()
}

impl Limit {
    /// Whether a message of this kind passes now.
    pub(super) fn pass(&mut self, now: Instant, priority: Priority, kind: &str) -> bool {
        let kind = kind.char_indices().nth(LONGEST).map_or(kind, |(end, _)| &kind[..end]);
        if self.kinds.len() >= ROOM {
            self.kinds.retain(|_, count| count.seen > PASS || now.saturating_duration_since(count.since) < WINDOW);
        }
        let crowded = self.kinds.len() >= ROOM;
        let key = (priority, kind.to_owned());
        let count = match self.kinds.get_mut(&key) {
            Some(count) => count,
            // Thousands of kinds within ten seconds are not kinds; those without room share one.
            None if crowded => self.kinds.entry((priority, String::new())).or_insert(Count { since: now, seen: 0 }),
            None => self.kinds.entry(key).or_insert(Count { since: now, seen: 0 }),
        };
        if count.seen <= PASS && now.saturating_duration_since(count.since) >= WINDOW {
            *count = Count { since: now, seen: 0 };
        }
        count.seen = count.seen.saturating_add(1);
        if count.seen > PASS {
            let due = count.since + WINDOW;
            self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
        }
        count.seen <= PASS
    }

    /// When the next summary is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The summaries that are due at `now`; all of them without `now`.
    pub(super) fn sum_up(&mut self, now: Option<Instant>) -> Vec<Summary> {
        if self.due.is_none_or(|due| now.is_some_and(|now| now < due)) {
            return Vec::new();
        }
        let over = |count: &Count| count.seen > PASS && now.is_none_or(|now| now.saturating_duration_since(count.since) >= WINDOW);
        let mut summaries: Vec<Summary> = self
            .kinds
            .extract_if(|_, count| over(count))
            .map(|((priority, kind), count)| {
                let (more, s) = (count.seen - PASS, if count.seen - PASS == 1 { "" } else { "s" });
                let text = if kind.is_empty() {
                    format!("{more} more message{s} left out")
                } else {
                    format!("{more} more message{s} like `{kind}` left out")
                };
                Summary { priority, text }
            })
            .collect();
        summaries.sort_by(|a, b| (a.priority, &a.text).cmp(&(b.priority, &b.text)));
        self.due = self.kinds.values().filter(|count| count.seen > PASS).map(|count| count.since + WINDOW).min();
        summaries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARNING: Priority = Priority::Warning;

    #[test]
    fn ten_pass_and_the_rest_is_summed_up_after_ten_seconds() {
        let (mut limit, start) = (Limit::default(), Instant::now());
        let passed = (0..25).filter(|n| limit.pass(start + Duration::from_millis(*n), WARNING, "cannot open")).count();
        assert_eq!(passed, 10);
        assert_eq!(limit.due(), Some(start + WINDOW));
        assert_eq!(limit.sum_up(Some(start + Duration::from_secs(9))), []);
        let text = "15 more messages like `cannot open` left out".to_owned();
        assert_eq!(limit.sum_up(Some(start + WINDOW)), [Summary { priority: WARNING, text }]);
        assert_eq!(limit.due(), None);
        assert!(limit.pass(start + WINDOW, WARNING, "cannot open"));
    }

    #[test]
    fn kinds_and_priorities_are_counted_apart_and_windows_start_anew() {
        let (mut limit, start) = (Limit::default(), Instant::now());
        for _ in 0..10 {
            assert!(limit.pass(start, WARNING, "a"));
        }
        assert!(!limit.pass(start, WARNING, "a"));
        assert!(limit.pass(start, WARNING, "b"));
        assert!(limit.pass(start, Priority::Error, "a"));
        for _ in 0..9 {
            assert!(limit.pass(start, WARNING, "b"));
        }
        assert!(limit.pass(start + WINDOW, WARNING, "b"));
    }

    #[test]
    fn the_end_sums_up_what_is_not_due_yet() {
        let (mut limit, start) = (Limit::default(), Instant::now());
        assert_eq!((0..11).filter(|_| limit.pass(start, WARNING, "a")).count(), 10);
        assert_eq!(limit.sum_up(None)[0].text, "1 more message like `a` left out");
        assert_eq!(limit.sum_up(None), []);
    }

    #[test]
    fn kinds_out_of_data_do_not_fill_the_memory() {
        let (mut limit, now) = (Limit::default(), Instant::now());
        let passed = (0..ROOM * 2).filter(|n| limit.pass(now, WARNING, &format!("kind{n}"))).count();
        assert_eq!(passed, ROOM + PASS as usize);
        assert!(limit.kinds.len() <= ROOM + 1);
    }

    #[test]
    fn the_kind_is_what_stands_before_the_first_value() {
        assert_eq!(kind("cannot open `x`: no such file"), "cannot open");
        assert_eq!(kind("id: text"), "id");
        assert_eq!(kind("plain"), "plain");
    }
}
