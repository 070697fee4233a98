//! When something that failed is tried again: after longer and longer pauses, or when the server says.

use std::time::{Duration, SystemTime};

use httpdate::parse_http_date;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// No pause of our own is longer.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// A server is waited for at most so long, whatever it says.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// The pause before try number `tries` + 1: `delay` grown by `factor` each time, a fifth more or less at random, so that many
/// clients do not come back together.
pub(super) fn pause(delay: Duration, factor: f64, tries: u32) -> Duration {
    let grown = delay.as_secs_f64() * factor.max(1.0).powi(tries.saturating_sub(1).min(64).cast_signed());
    let bounded = grown.min(LONGEST.as_secs_f64().max(delay.as_secs_f64()));
    Duration::from_secs_f64(bounded * (0.8 + 0.4 * chance()))
}

/// A number from 0 up to 1, by chance.
pub(super) fn chance() -> f64 {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    // The highest bits of an identifier are all random.
    (high >> 32) as f64 / f64::from(u32::MAX)
}

/// How long the server asks to be left alone: `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
pub(super) fn asked(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => parse_http_date(text).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(wait.min(LONGEST_ASKED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry_after(text: &str) -> Option<Duration> {
        let now = parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
        asked(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]), now)
    }

    #[test]
    fn a_server_may_ask_for_time_in_two_ways() {
        assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:27:00 GMT"), Some(Duration::ZERO));
        assert_eq!(retry_after("99999999999"), Some(LONGEST_ASKED));
        assert_eq!((retry_after("soon"), asked(&HeaderMap::new(), SystemTime::now())), (None, None));
    }

    #[test]
    fn pauses_double_up_to_a_minute_a_fifth_more_or_less() {
        for (tries, middle) in [(1, 1.0), (2, 2.0), (4, 8.0), (7, 60.0), (4000, 60.0)] {
            let pauses: Vec<f64> = (0..50).map(|_| pause(Duration::from_secs(1), 2.0, tries).as_secs_f64()).collect();
            assert!(pauses.iter().all(|pause| (middle * 0.8..=middle * 1.2).contains(pause)), "{tries}: {pauses:?}");
            assert!(pauses.iter().any(|pause| (pause - pauses[0]).abs() > 0.01), "{tries}: {pauses:?}");
        }
    }
}
