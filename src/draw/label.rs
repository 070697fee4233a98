//! How a cog is written in drawings: labels broken into lines, cut where they are too long, and how wide letters are.

use crate::train::graph::Node;

/// Longer labels are broken at commas, after about that many letters.
const WIDTH: usize = 48;

/// Lines of a card are broken at commas after about that many letters.
const CARD: usize = 34;

/// Options take at most that many lines of a card.
const LINES: usize = 5;

/// A cog's label; its name, should that be empty.
pub(super) fn of(node: &Node) -> &str {
    if node.label.trim().is_empty() { &node.name } else { &node.label }
}

/// `label` with line ends after some of its commas.
pub(super) fn broken(label: &str) -> String {
    at_commas(label, WIDTH).join("\n")
}

/// A cog's label as a card shows it: what it is, and its options line by line, cut where they are too long.
pub(super) fn card(label: &str) -> (String, Vec<String>) {
    let options = label.strip_suffix(')').and_then(|label| label.split_once('('));
    // `closure:12` and a label without options stay whole.
    let Some((head, options)) = options.filter(|(head, _)| !head.contains(": ")) else {
        return (cut(label, CARD + 6), Vec::new());
    };
    let mut lines: Vec<String> = at_commas(options, CARD).iter().map(|line| cut(line, CARD + 6)).collect();
    if lines.len() > LINES {
        lines.truncate(LINES - 1);
        lines.push("…".into());
    }
    (cut(head, CARD), lines)
}

/// The text in lines of about `width` letters, each ending behind a comma.
fn at_commas(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut letters = 0;
    for part in text.split_inclusive(", ") {
        if letters > 0 && letters + part.chars().count() > width {
            lines.push(String::new());
            letters = 0;
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(part);
        }
        letters += part.chars().count();
    }
    let last = lines.len() - 1;
    for line in &mut lines[..last] {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// At most `width` columns of the text, with `…` where something was cut off.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut taken = 0;
    let mut out = String::new();
    for letter in text.chars() {
        taken += wide(letter);
        if taken >= width {
            break;
        }
        out.push(letter);
    }
    out.push('…');
    out
}

/// How many columns the text takes in a fixed-width font.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(wide).sum()
}

/// How many columns a letter takes: two for those of East Asia and for pictures, none for marks upon others.
fn wide(letter: char) -> usize {
    match letter as u32 {
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The letter, or U+FFFD in place of one that no document may hold.
pub(super) fn clean(letter: char) -> char {
    if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}') { '\u{fffd}' } else { letter }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_shows_what_it_is_and_its_options() {
        assert_eq!(card("stdin_supply"), ("stdin_supply".into(), vec![]));
        assert_eq!(card("parse: json_parse"), ("parse: json_parse".into(), vec![]));
        let (head, lines) = card(r#"ip_to_ptr(attempts=4, cache_size=10000, hosts_file="a/b", keep_order=true)"#);
        assert_eq!(head, "ip_to_ptr");
        assert_eq!(lines, ["attempts=4, cache_size=10000,", r#"hosts_file="a/b", keep_order=true"#]);
    }

    #[test]
    fn what_is_too_long_for_a_card_is_cut() {
        let options: Vec<String> = (0..30).map(|n| format!("option_number_{n}=\"{}\"", "x".repeat(n * 4))).collect();
        let (head, lines) = card(&format!("{}({})", "h".repeat(100), options.join(", ")));
        assert_eq!((columns(&head), lines.len()), (CARD, LINES));
        assert!(head.ends_with('…') && lines[4] == "…" && lines.iter().all(|line| columns(line) <= CARD + 6), "{lines:?}");
        assert_eq!(cut("日本語です", 7), "日本語…");
    }
}
