//! Colours of what is typed: commands and Rhai.

/// Words that are Rhai's own.
const WORDS: &[&str] = &[
    "let", "const", "if", "else", "switch", "for", "in", "while", "loop", "do", "until", "break", "continue", "return", "throw", "try",
    "catch", "fn", "true", "false", "this", "import", "as", "export", "private",
];

/// The line with colours.
pub(super) fn colored(line: &str) -> String {
    let mut out = String::with_capacity(line.len() * 2);
    let paint = |out: &mut String, code: &str, text: &str| {
        if code.is_empty() {
            out.push_str(text);
        } else {
            out.extend(["\x1b[", code, "m", text, "\x1b[0m"]);
        }
    };
    let mut rest = line;
    if line.trim_start().starts_with(':') {
        let end = line.find(':').map_or(0, |at| line[at..].find(char::is_whitespace).map_or(line.len(), |space| at + space));
        paint(&mut out, "1;36", &line[..end]);
        rest = &line[end..];
    }
    let mut after_dot = false;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let (len, code) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), "90")
        } else if matches!(first, '"' | '`' | '\'') {
            (quoted(rest, first), "32")
        } else if first.is_ascii_digit() {
            (rest.find(|c: char| !word(c)).unwrap_or(rest.len()), "35")
        } else if word(first) {
            let len = rest.find(|c: char| !word(c)).unwrap_or(rest.len());
            let name = &rest[..len];
            let code = match name {
                _ if after_dot => "36",
                _ if WORDS.contains(&name) => "34",
                _ if rest[len..].starts_with('(') => "33",
                _ => "",
            };
            (len, code)
        } else {
            (first.len_utf8(), "")
        };
        after_dot = first == '.';
        paint(&mut out, code, &rest[..len]);
        rest = &rest[len..];
    }
    out
}

/// How long a text in quotes is, with them; to the end where it is not closed.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if letter == quote && !escaped {
            return at + letter.len_utf8();
        }
        escaped = letter == '\\' && !escaped && quote != '`';
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_no_letter() {
        for line in [":tap parse where e.n > 1.5 && f(\"a\\\"b\", `x`)", "let x = 'ü'; // done", "\"open", "", ":", " :ls", "漢.字"] {
            let mut plain = String::new();
            let told = colored(line);
            let mut rest = told.as_str();
            while let Some(at) = rest.find("\x1b[") {
                plain.push_str(&rest[..at]);
                rest = &rest[at..];
                rest = &rest[rest.find('m').unwrap() + 1..];
            }
            plain.push_str(rest);
            assert_eq!(plain, line);
        }
        assert!(colored("let x").contains("\x1b[34mlet\x1b[0m") && colored("e.n").contains("\x1b[36mn\x1b[0m"));
    }
}
