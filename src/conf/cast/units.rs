//! Amounts with a unit: times and sizes.

use super::{Cast, not};
use crate::datum::Datum;

/// A span of time: `90`, `1.5s`, `10m`, `1h30m`, `1d`; gives seconds as a float.
pub fn duration() -> Cast {
    Cast::native("TIME", Some("1"), |value| {
        let seconds = match value.as_str() {
            Some(text) => seconds(text.trim()),
            None => value.as_float(),
        };
        let fits = seconds.filter(|seconds| (0.0..1e15).contains(seconds));
        fits.map(Datum::Float).ok_or_else(|| not(value, "a span of time, such as `90`, `1.5s`, `10m`, `2h` or `1d`"))
    })
}

/// An amount of bytes: `4096`, `10k` (10 000), `4MiB` (4 194 304); gives an integer.
pub fn size() -> Cast {
    Cast::native("SIZE", Some("1"), |value| {
        let bytes = match value.as_str() {
            Some(text) => bytes(text.trim()),
            None => value.as_int(),
        };
        bytes.filter(|bytes| *bytes >= 0).map(Datum::Int).ok_or_else(|| not(value, "a size, such as `4096`, `10k` or `4MiB`"))
    })
}

/// The number at the start of `text` and what follows it.
fn number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, &text[end..]))
}

fn seconds(text: &str) -> Option<f64> {
    let (mut sum, mut rest, mut last) = (0.0, text, f64::INFINITY);
    loop {
        let (amount, after) = number(rest)?;
        let after = after.trim_start();
        let end = after.find(|letter: char| !letter.is_alphabetic()).unwrap_or(after.len());
        let unit = match &after[..end] {
            "ms" => 0.001,
            "s" | "sec" => 1.0,
            "" if rest == text && after.is_empty() => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            "w" => 604_800.0,
            _ => return None,
        };
        // Units fall, so that `1m1h` is a slip and not a time.
        if unit >= last {
            return None;
        }
        sum += amount * unit;
        (last, rest) = (unit, after[end..].trim_start());
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

/// Units of IEC 80000-13 (`KiB`) are powers of 1024; those of the SI (`k`, `kB`) are powers of 1000.
fn bytes(text: &str) -> Option<i64> {
    if let Ok(bytes) = text.parse() {
        return Some(bytes);
    }
    let (amount, unit) = number(text)?;
    let unit = unit.trim_start().to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let (prefix, base) = unit.strip_suffix('i').map_or((unit, 1000_f64), |prefix| (prefix, 1024.0));
    let power = match prefix {
        "" if base < 1024.0 => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let bytes = amount * base.powi(power);
    // Beyond 2^53 a float has no room for each whole number.
    (bytes.fract() == 0.0 && bytes < 9_007_199_254_740_992.0).then_some(bytes as i64)
}

#[cfg(test)]
mod tests {
    use super::super::{error, ok};
    use super::*;

    #[test]
    fn times_are_float_seconds() {
        for (text, seconds) in
            [("90", 90.0), ("1.5s", 1.5), ("10m", 600.0), ("2h", 7200.0), ("1d", 86400.0), ("250ms", 0.25), ("1h 30m", 5400.0), ("0", 0.0)]
        {
            assert_eq!(ok(&duration(), text), Datum::Float(seconds), "{text}");
        }
        assert_eq!(ok(&duration(), 5), Datum::Float(5.0));
        for text in ["", "x", "-1", "1x", "1m1h", "10 5", "1.2.3s", "m", "1e3", "inf"] {
            assert!(duration().run(&text.into()).is_err(), "{text}");
        }
        assert_eq!(error(&duration(), Datum::Float(-1.0)), "`-1.0` is not a span of time, such as `90`, `1.5s`, `10m`, `2h` or `1d`");
    }

    #[test]
    fn sizes_are_whole_bytes() {
        for (text, bytes) in [
            ("4096", 4096),
            ("10k", 10_000),
            ("10kB", 10_000),
            ("4MiB", 4 << 20),
            ("1.5KiB", 1536),
            ("2G", 2_000_000_000),
            ("1Ti", 1 << 40),
            ("7 B", 7),
        ] {
            assert_eq!(ok(&size(), text), Datum::Int(bytes), "{text}");
        }
        assert_eq!(ok(&size(), 5), Datum::Int(5));
        for text in ["", "-1", "x", "1.5", "0.3k5", "1iB", "99999999999T", "1 k k"] {
            assert!(size().run(&text.into()).is_err(), "{text}");
        }
    }
}
