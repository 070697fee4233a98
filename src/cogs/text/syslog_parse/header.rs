//! Where the parts of a message stand: RFC 5424, and what is common of the older form (RFC 3164 describes some of it).

use std::net::Ipv6Addr;
use std::ops::Range;
use std::time::SystemTime;

use jiff::Timestamp;
use memchr::memchr;

use super::data;
use crate::cogs::text::syslog::MARK;
use crate::cogs::text::syslog::time::Clock;

/// Which forms are looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Format {
    Auto,
    Rfc3164,
    Rfc5424,
}

/// Where the parts stand; those that are not there are empty but for the text, which may be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parts {
    pub(super) priority: Option<u8>,
    pub(super) time: Option<Timestamp>,
    pub(super) host: Range<usize>,
    pub(super) tag: Range<usize>,
    pub(super) pid: Range<usize>,
    pub(super) msgid: Range<usize>,
    /// The elements of structured data, with their brackets.
    pub(super) data: Range<usize>,
    pub(super) text: Range<usize>,
}

/// Finds the parts of a message; none when it is of no form that is looked for.
#[inline]
pub(super) fn find(line: &str, format: Format, clock: &mut Clock, now: SystemTime) -> Option<Parts> {
    let (priority, start) = match priority(line.as_bytes()) {
        Some((priority, start)) => (Some(priority), start),
        None => (None, 0),
    };
    if format != Format::Rfc3164
        && let (Some(priority), true) = (priority, line.as_bytes().get(start).is_some_and(u8::is_ascii_digit))
        && let Some(parts) = rfc5424(line, start, priority, clock, now)
    {
        return Some(parts);
    }
    if format == Format::Rfc5424 { None } else { rfc3164(line, start, priority, clock, now) }
}

/// `<34>`, and where what follows begins.
#[inline]
fn priority(text: &[u8]) -> Option<(u8, usize)> {
    let [b'<', rest @ ..] = text else { return None };
    let end = rest.iter().take(4).position(|byte| *byte == b'>')?;
    if end == 0 {
        return None;
    }
    let mut value = 0_u16;
    for digit in &rest[..end] {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u16::from(digit - b'0');
    }
    // 24 facilities of 8 severities each.
    (value < 192).then_some((value as u8, end + 2))
}

/// `1 TIME HOST APP PROCID MSGID DATA TEXT`; `-` stands for what is not there.
#[inline]
fn rfc5424(line: &str, start: usize, priority: u8, clock: &mut Clock, now: SystemTime) -> Option<Parts> {
    let bytes = line.as_bytes();
    let mut at = start;
    let mut word = || {
        let from = at;
        let end = from + memchr(b' ', bytes.get(from..)?)?;
        at = end + 1;
        (end > from).then_some(from..end)
    };
    let version = word()?;
    if version.len() > 3 || bytes[version.start] == b'0' || !bytes[version].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let stamp = word()?;
    let time = match &bytes[stamp.clone()] {
        b"-" => None,
        stamp if stamp[0].is_ascii_digit() => Some(clock.read(stamp, now).filter(|(_, length)| *length == stamp.len())?.0),
        _ => return None,
    };
    let mut field = || word().map(|place| if &bytes[place.clone()] == b"-" { 0..0 } else { place });
    let (host, tag, pid, msgid) = (field()?, field()?, field()?, field()?);
    let data = match *bytes.get(at)? {
        b'-' => {
            at += 1;
            0..0
        }
        b'[' => {
            let from = at;
            at += data::length(&bytes[from..])?;
            from..at
        }
        _ => return None,
    };
    let text = match bytes.get(at) {
        None => at..at,
        Some(b' ') => {
            let from = at + 1 + if bytes[at + 1..].starts_with(MARK.as_bytes()) { MARK.len() } else { 0 };
            from..bytes.len()
        }
        Some(_) => return None,
    };
    Some(Parts { priority: Some(priority), time, host, tag, pid, msgid, data, text })
}

/// `TIME HOST TAG[PID]: TEXT`, of which all but the text may be missing; a program on this machine names no host.
fn rfc3164(line: &str, start: usize, priority: Option<u8>, clock: &mut Clock, now: SystemTime) -> Option<Parts> {
    let bytes = line.as_bytes();
    let mut parts = Parts { priority, ..Parts::default() };
    let mut at = start;
    // Some devices put a colon behind the time.
    let stamp = clock.read(&bytes[at..], now).map(|(time, length)| {
        let colon = usize::from(bytes.get(at + length) == Some(&b':'));
        (time, at + length + colon)
    });
    match stamp {
        Some((time, end)) if matches!(bytes.get(end), None | Some(b' ')) => {
            parts.time = Some(time);
            at = (end + 1).min(bytes.len());
            if tag(bytes, at).is_none()
                && let Some(end) = memchr(b' ', &bytes[at..]).filter(|end| *end > 0)
            {
                parts.host = at..at + end;
                at += end + 1;
            }
        }
        _ if priority.is_none() => return None,
        _ => {}
    }
    if let Some((tag, pid, end)) = tag(bytes, at) {
        (parts.tag, parts.pid) = (tag, pid);
        at = end;
    }
    parts.text = at..bytes.len();
    Some(parts)
}

/// `TAG:`, `TAG[PID]:` or `TAG[PID] `, and where what follows begins, a blank left out.
#[inline]
fn tag(bytes: &[u8], at: usize) -> Option<(Range<usize>, Range<usize>, usize)> {
    let rest = &bytes[at..];
    let end = rest.iter().position(|byte| matches!(byte, b'[' | b':' | b' '))?;
    let (mut next, mut pid) = (end, 0..0);
    if end == 0 || rest[end] == b' ' {
        return None;
    }
    if rest[end] == b'[' {
        let close = end + rest[end..].iter().position(|byte| matches!(byte, b']' | b' '))?;
        if rest[close] != b']' || !matches!(rest.get(close + 1), None | Some(b' ' | b':')) {
            return None;
        }
        pid = at + end + 1..at + close;
        next = close + 1;
    }
    if rest.get(next) == Some(&b':') {
        next += 1;
        // `a::b` and `http://x` are no tags.
        if pid.is_empty() && rest.get(next).is_some_and(|byte| matches!(byte, b':' | b'/')) {
            return None;
        }
        // Nor is the beginning of an address of a host.
        if pid.is_empty() && rest.get(next).is_some_and(u8::is_ascii_hexdigit) && begins_with_ipv6(rest) {
            return None;
        }
    }
    next += usize::from(rest.get(next) == Some(&b' '));
    Some((at..at + end, pid, at + next))
}

/// Whether the first word is an address of IPv6, with a zone perhaps.
#[cold]
fn begins_with_ipv6(rest: &[u8]) -> bool {
    let word = rest.split(|byte| matches!(byte, b' ' | b'%')).next().unwrap_or_default();
    str::from_utf8(word).is_ok_and(|word| word.parse::<Ipv6Addr>().is_ok())
}
