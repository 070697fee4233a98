//! What the user reads when a script cannot run: message, place, the line itself with a caret, hint, code.
//!
//! All codes stand in [`CODES`]; `docs/errors.md` explains them.

use std::fmt::Write as _;
use std::rc::Rc;

/// The codes of reports, with what each means.
pub const CODES: &[(&str, &str)] = &[
    ("D0101", "the script cannot be read"),
    ("D0102", "syntax error"),
    ("D0103", "unknown function"),
    ("D0104", "unknown variable"),
    ("D0105", "the script raised an error while it was wound"),
    ("D0106", "an import that cannot be done"),
    ("D0107", "two functions of one name"),
    ("D0108", "a limit of the sandbox was reached"),
    ("D0201", "unknown option of a cog"),
    ("D0202", "an option of a wrong type"),
    ("D0203", "a missing option of a cog"),
    ("D0204", "an option with a value that cannot work"),
    ("D0205", "unknown cog"),
    ("D0301", "the train runs in a circle"),
    ("D0302", "a link that is given twice"),
    ("D0303", "an empty train"),
    ("D0304", "a cog that nothing feeds"),
    ("D0305", "something that cannot be joined with `|>`"),
    ("D0306", "a closure that swallowed the rest of the line"),
    ("D0307", "statements behind `train.run()`"),
    ("D0308", "a train that is never run"),
    ("D0309", "a cog that is not in the train"),
    ("D0310", "`this` in a nested closure"),
    ("D0311", "a closure that captures the variable of a loop"),
    ("D0312", "a closure that changes a copy and gives nothing"),
    ("D0313", "a closure that has captured what it is given to"),
    ("D0314", "a supply that data are sent to"),
    ("D0401", "configuration"),
    ("D0501", "a file of tests that would test less than it seems to"),
];

/// A source text with its name: the script or a library.
#[derive(Debug)]
pub struct Source {
    /// As it was given on the command line, or `stdlib/…`.
    pub name: String,
    /// The text.
    pub text: String,
}

impl Source {
    /// A line, from 1.
    pub fn line(&self, number: usize) -> Option<&str> {
        self.text.lines().nth(number.checked_sub(1)?)
    }
}

/// A place in a source.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where.
    pub source: Rc<Source>,
    /// The line, from 1.
    pub line: usize,
    /// The letter, from 1; 0 when only the line is known.
    pub column: usize,
}

impl Place {
    /// `file:line:column`.
    pub fn short(&self) -> String {
        if self.column == 0 {
            format!("{}:{}", self.source.name, self.line)
        } else {
            format!("{}:{}:{}", self.source.name, self.line, self.column)
        }
    }

    /// The line itself, with a caret in that style under the word, over several lines.
    fn excerpt(&self, style: &str, color: bool) -> String {
        let paint = |style: &str, text: &str| painted(color, style, text);
        let Some(line) = self.source.line(self.line) else { return String::new() };
        let (number, bar) = (self.line.to_string(), paint("1;34", "|"));
        let margin = " ".repeat(number.len());
        let mut out = format!("{margin} {bar}\n{} {bar} {}\n", paint("1;34", &number), line.replace('\t', " ").trim_end());
        if self.column > 0 {
            let before = " ".repeat(self.column - 1);
            let _ = writeln!(out, "{margin} {bar} {before}{}", paint(style, &"^".repeat(self.width())));
        }
        out
    }

    /// How many letters the word at this place has, at least one.
    fn width(&self) -> usize {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let rest: Vec<char> = self.source.line(self.line).unwrap_or("").chars().skip(self.column.saturating_sub(1)).collect();
        match rest.first() {
            Some(first) if word(*first) => rest.iter().take_while(|c| word(**c)).count(),
            Some('"') => rest[1..].iter().position(|c| *c == '"').map_or(1, |end| end + 2),
            Some('|') if rest.get(1) == Some(&'>') => 2,
            _ => 1,
        }
    }
}

fn painted(color: bool, style: &str, text: &str) -> String {
    if color { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
}

/// How a fatal error shows when nothing was run: what is wrong, the line of `place` with a caret, what to do.
pub fn fatal(text: &str, place: Option<&Place>, hint: Option<&str>, color: bool) -> String {
    let mut out = format!("deadbeat: error: {text}\n");
    if let Some(place) = place {
        out.push_str(&place.excerpt("1;31", color));
    }
    if let Some(hint) = hint {
        let _ = writeln!(out, "  = {}: {hint}", painted(color, "1;36", "hint"));
    }
    out
}

/// A text that may quote a value of the script: what would not show in it, or would act on the terminal, is escaped.
fn legible(text: String) -> String {
    let hidden = |letter: char| letter.is_control() && letter != '\n';
    if !text.contains(hidden) {
        return text;
    }
    let escape = |letter: char| if hidden(letter) { letter.escape_default().to_string() } else { letter.into() };
    text.chars().map(escape).collect()
}

/// Puts reports into the order of their places, those of the script before those of its libraries, those without a place last.
pub(super) fn in_order(reports: &mut [Report], main: &str) {
    let place = |report: &Report| {
        report.place.as_ref().map(|place| (place.source.name != main, place.source.name.clone(), place.line, place.column))
    };
    reports.sort_by_key(|report| (report.place.is_none(), place(report)));
}

/// One fault or warning.
#[derive(Clone, Debug)]
pub struct Report {
    /// One of [`CODES`].
    pub code: &'static str,
    /// What is wrong.
    pub text: String,
    /// Where.
    pub place: Option<Place>,
    /// How it came there: which calls led to it, innermost first.
    pub trace: Vec<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the train can run all the same.
    pub warning: bool,
}

impl Report {
    /// A fault.
    pub fn new(code: &'static str, text: impl Into<String>, place: Option<Place>) -> Self {
        debug_assert!(CODES.iter().any(|(known, _)| *known == code), "{code} is not listed");
        Self { code, text: legible(text.into()), place, trace: Vec::new(), hint: None, warning: false }
    }

    /// With advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As a warning.
    pub fn warning(mut self) -> Self {
        self.warning = true;
        self
    }

    /// Whether both say the same of the same place.
    pub fn is_like(&self, other: &Self) -> bool {
        let at = |report: &Self| report.place.as_ref().map(|p| (p.source.name.clone(), p.line, p.column));
        // What the walk finds, evaluation may find again in other words.
        let unknown = |report: &Self| matches!(report.code, "D0103" | "D0104" | "D0106" | "D0205");
        at(self) == at(other) && (self.text == other.text || self.place.is_some() && unknown(self) && unknown(other))
    }

    /// For people, over several lines, with a final line end.
    pub fn render(&self, color: bool) -> String {
        let paint = |style: &str, text: &str| painted(color, style, text);
        let mut out = String::new();
        let (word, style) = if self.warning { ("warning", "1;33") } else { ("error", "1;31") };
        let _ = writeln!(out, "{}: {}", paint(style, &format!("{word}[{}]", self.code)), paint("1", &self.text));
        if let Some(place) = &self.place {
            let number = place.line.to_string();
            let margin = " ".repeat(number.len());
            let _ = writeln!(out, "{margin} {} {}", paint("1;34", "-->"), place.short());
            out.push_str(&place.excerpt(style, color));
            for call in &self.trace {
                let _ = writeln!(out, "{margin} = {call}");
            }
            if let Some(hint) = &self.hint {
                let _ = writeln!(out, "{margin} = {}: {hint}", paint("1;36", "hint"));
            }
        } else if let Some(hint) = &self.hint {
            let _ = writeln!(out, "  = {}: {hint}", paint("1;36", "hint"));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_word() {
        let source = Rc::new(Source { name: "a.rhai".into(), text: "let x = 1;\nfoo::bar(#{pth: 1});\n".into() });
        let place = Place { source, line: 2, column: 12 };
        let report = Report::new("D0201", "`foo::bar` has no option `pth`", Some(place)).hint("did you mean `path`?");
        let expected = "error[D0201]: `foo::bar` has no option `pth`\n  --> a.rhai:2:12\n  |\n2 | foo::bar(#{pth: 1});\n  |            ^^^\n  = hint: did you mean `path`?\n";
        assert_eq!(report.render(false), expected);
    }
}
