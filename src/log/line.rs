//! The look of a line: one line whatever the message holds, and nothing a terminal would obey.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::Zoned;

use super::priority::{Facility, Priority};

/// The longest text written whole, in bytes; the rest of a longer one is cut off.
const LONGEST: usize = 8 * 1024;

/// The text on one line: line ends become ` | `, other control characters and letters that turn the direction of writing are
/// escaped, an overlong text is cut.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.len() <= LONGEST && !text.chars().any(unfit) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len().min(LONGEST) + 16);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' => line.push_str(" | "),
            _ if unfit(letter) => line.extend(letter.escape_default()),
            _ => line.push(letter),
        }
        if line.len() > LONGEST && letters.peek().is_some() {
            line.push('…');
            break;
        }
    }
    Cow::Owned(line)
}

/// Whether a letter could end the line, steer a terminal or show a text in another order than it has.
fn unfit(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A line of the log file: `2024-05-06T10:00:00.123+02:00 tag[pid] PRIORITY text`.
pub(super) fn file(now: &Zoned, tag: &str, pid: u32, priority: Priority, text: &str) -> String {
    format!("{} {tag}[{pid}] {} {text}\n", now.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z"), priority.upper())
}

/// A line on standard error: `tag: priority: text`.
pub(super) fn stderr(tag: &str, priority: Priority, text: &str, colour: bool) -> String {
    match priority.colour() {
        start if colour && !start.is_empty() => format!("{tag}: {start}{priority}:\x1b[0m {text}\n"),
        _ => format!("{tag}: {priority}: {text}\n"),
    }
}

/// A datagram for syslog (RFC 3164, section 4.1; without the host, as is the use on the local socket).
pub(super) fn syslog(now: &Zoned, tag: &str, pid: u32, facility: Facility, priority: Priority, text: &str) -> String {
    let mut line = format!("<{}>{} ", facility.code(priority), now.strftime("%b %e %H:%M:%S"));
    let _ = write!(line, "{tag}[{pid}]: {text}");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Zoned {
        "2024-05-06T10:00:00.123456+02:00[Europe/Prague]"
            .parse()
            .unwrap_or_else(|_| "2024-05-06T10:00:00.123456+02:00[+02:00]".parse().unwrap())
    }

    #[test]
    fn the_three_forms() {
        let now = noon();
        assert_eq!(file(&now, "t", 7, Priority::Warning, "a b"), "2024-05-06T10:00:00.123+02:00 t[7] WARNING a b\n");
        assert_eq!(syslog(&now, "t", 7, Facility::DAEMON, Priority::Info, "a b"), "<30>May  6 10:00:00 t[7]: a b");
        assert_eq!(stderr("deadbeat", Priority::Warning, "a b", false), "deadbeat: warning: a b\n");
        assert_eq!(stderr("deadbeat", Priority::Warning, "a b", true), "deadbeat: \x1b[1;33mwarning:\x1b[0m a b\n");
        assert_eq!(stderr("deadbeat", Priority::Info, "a b", true), "deadbeat: info: a b\n");
    }

    #[test]
    fn a_message_is_one_line_that_no_terminal_obeys() {
        assert_eq!(clean("one\ntwo\r\nthree\n"), "one | two | three");
        assert_eq!(clean("bell \x07, colour \x1b[31m, tab \t, cr \rx"), "bell \\u{7}, colour \\u{1b}[31m, tab \\t, cr \\rx");
        assert_eq!(clean("c1 \u{9b}31m, bidi \u{202e}abc"), "c1 \\u{9b}31m, bidi \\u{202e}abc");
        assert!(matches!(clean("kůň úpěl"), Cow::Borrowed("kůň úpěl")));
    }

    #[test]
    fn an_overlong_message_is_cut() {
        let cut = clean(&"ů".repeat(LONGEST)).into_owned();
        assert!(cut.len() < LONGEST + 10 && cut.ends_with('…'));
        assert_eq!(clean(&"x".repeat(LONGEST)).len(), LONGEST);
    }
}
