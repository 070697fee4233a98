//! What other modules are started with: log words, users, masks, addresses.

use std::net::IpAddr;

use super::plain::words;
use super::{Cast, not};
use crate::address::Range;
use crate::datum::Datum;
use crate::error::nearest;
use crate::log::{Facility, Priority};

/// A priority of the log; gives its plain word.
pub fn priority() -> Cast {
    Cast::native("PRIORITY", Some("info"), one_priority)
}

/// A priority of the log, or `never`, which gives `()`.
pub fn priority_or_never() -> Cast {
    Cast::native("PRIORITY|never", Some("warning"), |value| match value {
        Datum::Unit => Ok(Datum::Unit),
        Datum::Str(text) if matches!(text.trim(), "never" | "none") => Ok(Datum::Unit),
        _ => one_priority(value),
    })
}

fn one_priority(value: &Datum) -> Result<Datum, String> {
    let word = value.as_str().unwrap_or_default();
    let known = || Priority::ALL.into_iter().map(Priority::word);
    Priority::parse(word).map(|priority| Datum::str(priority.word())).ok_or_else(|| {
        let near = nearest(word, known()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let known: Vec<_> = known().collect();
        format!("{}{near}", not(value, &format!("a log priority ({})", known.join(", "))))
    })
}

/// A facility of syslog; gives its plain word.
pub fn facility() -> Cast {
    Cast::native("FACILITY", Some("daemon"), |value| {
        let facility = value.as_str().and_then(Facility::parse);
        facility.map(|facility| Datum::str(facility.word())).ok_or_else(|| {
            let known: Vec<_> = Facility::words().collect();
            not(value, &format!("a syslog facility ({})", known.join(", ")))
        })
    })
}

/// A user or group: a number stays one, a name stays text. Whether it exists is known only when the process changes to it.
pub fn user() -> Cast {
    Cast::native("USER", Some("nobody"), |value| {
        let wrong = || not(value, "the name or number of a user or group");
        let id = |n: i64| u32::try_from(n).ok().filter(|id| *id != u32::MAX).map(|id| Datum::Int(id.into())).ok_or_else(wrong);
        match value.as_str().map(str::trim) {
            None => value.as_int().map_or_else(|| Err(wrong()), id),
            Some(text) if text.starts_with(|letter: char| letter.is_ascii_digit()) => text.parse().map_or_else(|_| Err(wrong()), id),
            // A final `$` is what Samba's machine accounts have; `:` and `/` have a meaning in passwd(5).
            Some(text)
                if !text.is_empty() && text.chars().all(|l| l.is_alphanumeric() || "_-.@$\\".contains(l)) && !text.starts_with('-') =>
            {
                Ok(Datum::str(text))
            }
            Some(_) => Err(wrong()),
        }
    })
}

/// A file mode mask as text in octal: `"022"`. A number is refused, as nobody could tell whether it is meant in octal.
pub fn umask() -> Cast {
    Cast::native("OCTAL", Some("022"), |value| {
        let wrong = || not(value, "a mask written as text in octal, such as `022`");
        let text = value.as_str().map(str::trim).ok_or_else(wrong)?;
        let digits = text.strip_prefix("0o").unwrap_or(text);
        match u32::from_str_radix(digits, 8) {
            Ok(mask) if mask <= 0o777 && !digits.starts_with('+') => Ok(Datum::str(format!("{mask:03o}"))),
            _ => Err(wrong()),
        }
    })
}

/// IP addresses, in an array or split at commas; gives an array of texts in their shortest form.
pub fn ip_list() -> Cast {
    Cast::native("IP,...", Some("192.0.2.1"), |value| {
        each(value, "an IP address", |word| word.parse::<IpAddr>().ok().map(|ip| ip.to_string()))
    })
}

/// Addresses, networks `NET/PREFIX` (host bits are cleared) and ranges `LOW-HIGH` (swapped ends are put in order), in an array
/// or split at commas; gives an array of texts in that form.
pub fn ranges() -> Cast {
    Cast::native("RANGE,...", Some("192.0.2.0/24"), |value| each(value, "an IP address, network or range", range))
}

fn each(value: &Datum, wanted: &str, read: impl Fn(&str) -> Option<String>) -> Result<Datum, String> {
    let words = words(value).ok_or_else(|| not(value, &format!("a list, each item {wanted}")))?;
    let read = words.into_iter().map(|word| read(&word).map(Datum::from).ok_or_else(|| not(&word.into(), wanted)));
    read.collect::<Result<_, _>>().map(Datum::List)
}

fn range(word: &str) -> Option<String> {
    Range::read(word).map(|range| range.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::{error, ok};
    use super::*;

    fn strings(words: &[&str]) -> Datum {
        Datum::List(words.iter().map(|word| Datum::str(*word)).collect())
    }

    #[test]
    fn log_words_are_made_plain() {
        assert_eq!(ok(&priority(), "WARN"), Datum::str("warning"));
        assert_eq!(ok(&facility(), "Local3"), Datum::str("local3"));
        assert_eq!(
            error(&priority(), "wraning"),
            "`wraning` is not a log priority (emerg, alert, crit, error, warning, notice, info, debug); did you mean `warning`?"
        );
        assert_eq!(ok(&priority_or_never(), "never"), Datum::Unit);
        assert_eq!(ok(&priority_or_never(), Datum::Unit), Datum::Unit);
        assert!(priority().run(&Datum::Unit).is_err());
        assert!(error(&facility(), 5).starts_with("`5` is not a syslog facility (kern, "));
    }

    #[test]
    fn users_are_names_or_numbers() {
        assert_eq!(ok(&user(), "www-data"), Datum::str("www-data"));
        assert_eq!(ok(&user(), "33"), Datum::Int(33));
        assert_eq!(ok(&user(), 0), Datum::Int(0));
        for bad in ["", "a:b", "4294967295", "3x", "-1", "a b"] {
            assert!(user().run(&bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mask_is_octal_text() {
        assert_eq!(ok(&umask(), "22"), Datum::str("022"));
        assert_eq!(ok(&umask(), "0o077"), Datum::str("077"));
        for bad in ["", "8", "1000", "+22", "-1"] {
            assert!(umask().run(&bad.into()).is_err(), "{bad}");
        }
        assert_eq!(error(&umask(), 22), "`22` is not a mask written as text in octal, such as `022`");
    }

    #[test]
    fn addresses_and_ranges_are_checked_and_brought_into_one_form() {
        assert_eq!(ok(&ip_list(), "192.0.2.1, 2001:DB8::0:1"), strings(&["192.0.2.1", "2001:db8::1"]));
        assert_eq!(error(&ip_list(), "192.0.2.1,192.0.2.256"), "`192.0.2.256` is not an IP address");
        let given = strings(&["192.0.2.77/24", "192.0.2.9-192.0.2.1", "2001:db8::1/32", "0.0.0.0/0", "::1"]);
        let read = strings(&["192.0.2.0/24", "192.0.2.1-192.0.2.9", "2001:db8::/32", "0.0.0.0/0", "::1"]);
        assert_eq!(ok(&ranges(), given), read);
        for bad in [
            "192.0.2.0/33",
            "192.0.2.0/255.255.255.0",
            "192.0.2.0/024",
            "192.0.2.0 - 192.0.2.9",
            "::1-192.0.2.1",
            "010.0.0.1",
            "fe80::1%eth0",
            "x/",
        ] {
            assert!(ranges().run(&bad.into()).is_err(), "{bad}");
        }
    }
}
