//! Letters on a terminal: colours, widths, and nothing raw of what comes from outside.
//!
//! Data come from attackers: a control letter in one of them would move the cursor, change the title, or answer for the user. Every
//! text that is printed has gone through [`clean`] or [`clean_lines`].

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Colours, where they are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    /// Whether they are.
    pub(super) color: bool,
}

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(super) fn grey(self, text: &str) -> String {
        self.wrap("90", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// Names of cogs and fields.
    pub(super) fn name(self, text: &str) -> String {
        self.wrap("36", text)
    }
}

/// Whether a terminal would do something on seeing that letter, or show text in another order than it has.
fn is_odd(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}' | '\u{feff}')
}

fn escaped(text: &str, spare: &[char]) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            _ if spare.contains(&letter) || !is_odd(letter) => out.push(letter),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if (letter as u32) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", letter as u32);
            }
            _ => {
                let _ = write!(out, "\\u{{{:x}}}", letter as u32);
            }
        }
    }
    out
}

/// One line of text without control letters.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains(is_odd) { Cow::Owned(escaped(text, &[])) } else { Cow::Borrowed(text) }
}

/// Lines of text without control letters but those that end lines.
pub(super) fn clean_lines(text: &str) -> String {
    escaped(&text.replace('\t', "    "), &['\n'])
}

/// How many columns it takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// At most so many columns of it, with `…` where something is cut off.
pub(super) fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut left = columns.saturating_sub(1);
    let mut out = String::new();
    for letter in text.chars() {
        let wide = letter.width().unwrap_or(0);
        if wide > left {
            break;
        }
        left -= wide;
        out.push(letter);
    }
    out.push('…');
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_raw_gets_through() {
        let evil = "a\x1b]0;title\x07\u{9b}31m\r\nb\u{202e}c\u{7f}";
        assert_eq!(clean(evil), "a\\x1b]0;title\\x07\\x9b31m\\r\\nb\\u{202e}c\\x7f");
        assert_eq!(clean_lines("a\n\tb\x1b[2J"), "a\n    b\\x1b[2J");
        assert_eq!(clean("plain ünïcode 漢"), "plain ünïcode 漢");
        assert!((0..=0x9f).filter_map(char::from_u32).filter(|c| c.is_control()).all(|c| !clean(&c.to_string()).contains(c)));
    }

    #[test]
    fn wide_letters_are_cut_by_columns() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("漢字漢字", 5), "漢字…");
        assert_eq!(cut("漢字漢字", 4), "漢…");
        assert_eq!(cut("ab", 0), "…");
    }
}
