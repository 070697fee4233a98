//! What a user types, as Rhai reads it: `.status` is the event's field, `_` the last value, `this` the event.
//!
//! Replaced names may be longer than what was typed, so that places are reckoned back. The text is read no further than that needs:
//! words, strings, comments, brackets.

/// What stands for the short forms, where they are allowed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Names<'a> {
    /// In front of `.field`.
    pub event: Option<&'a str>,
    /// For `this`, outside of functions and closures.
    pub this: Option<&'a str>,
    /// For `_`.
    pub last: Option<&'a str>,
}

/// In what the text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Code, inside so many brackets.
    Code(usize),
    /// A comment `/* …`.
    Comment,
    /// A string in double quotes; whether it goes on in the next line.
    Quoted(bool),
    /// A string in backquotes.
    Backquoted,
}

/// A text as Rhai reads it.
#[derive(Debug)]
pub(super) struct Input {
    /// The text.
    pub text: String,
    /// In what it ends.
    pub end: End,
    /// Line, column behind which letters are more than were typed, and how many.
    moves: Vec<(usize, usize, usize)>,
}

impl Input {
    /// That text with names in place of short forms.
    pub(super) fn new(typed: &str, names: Names<'_>) -> Self {
        let mut reader = Reader {
            letters: typed.chars().collect(),
            at: 0,
            names,
            text: String::with_capacity(typed.len()),
            line: 1,
            column: 0,
            moves: Vec::new(),
            operand: false,
            depth: 0,
            inner: Vec::new(),
        };
        let end = reader.code(0);
        Self { text: reader.text, end, moves: reader.moves }
    }

    /// Puts it between `before` and `after`, which is no part of what was typed. `before` has no line end.
    pub(super) fn between(mut self, before: &str, after: &str) -> Self {
        let width = before.chars().count();
        for (_, column, _) in self.moves.iter_mut().filter(|(line, ..)| *line == 1) {
            *column += width;
        }
        self.moves.insert(0, (1, 0, width));
        self.text = format!("{before}{}\n{after}", self.text);
        self
    }

    /// The column that was typed for one of the text.
    pub(super) fn typed(&self, line: usize, column: usize) -> usize {
        let mut more = 0;
        for (_, behind, width) in self.moves.iter().filter(|(at, behind, _)| *at == line && *behind < column) {
            more += (*width).min(column - behind - 1);
        }
        column - more
    }
}

/// Words behind which no operator stands.
const OPENING: [&str; 18] = [
    "return", "throw", "in", "if", "else", "while", "until", "do", "loop", "switch", "for", "let", "const", "case", "export", "import",
    "as", "try",
];

struct Reader<'a> {
    letters: Vec<char>,
    at: usize,
    names: Names<'a>,
    text: String,
    line: usize,
    column: usize,
    moves: Vec<(usize, usize, usize)>,
    /// Whether what stands before may be what an operator or a dot goes on from.
    operand: bool,
    depth: usize,
    /// The closures and functions around: their depths, and whether it is a function.
    inner: Vec<(usize, bool)>,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).copied()
    }

    fn push(&mut self, letter: char) {
        self.text.push(letter);
        if letter == '\n' {
            (self.line, self.column) = (self.line + 1, 0);
        } else {
            self.column += 1;
        }
    }

    /// Takes so many letters over as they are.
    fn copy(&mut self, count: usize) {
        for _ in 0..count {
            let Some(letter) = self.peek(0) else { return };
            self.push(letter);
            self.at += 1;
        }
    }

    /// Writes `name` for `typed` letters.
    fn put(&mut self, name: &str, typed: usize) {
        let width = name.chars().count();
        if width > typed {
            self.moves.push((self.line, self.column + typed, width - typed));
        }
        name.chars().for_each(|letter| self.push(letter));
        // What is shorter is filled up, so that only longer ones move what follows.
        (width..typed).for_each(|_| self.push(' '));
        self.at += typed;
    }

    /// Reads code up to the brace that closes `floor`, or to the end.
    fn code(&mut self, floor: usize) -> End {
        while let Some(letter) = self.peek(0) {
            match letter {
                '/' if self.peek(1) == Some('/') => {
                    while self.peek(0).is_some_and(|letter| letter != '\n') {
                        self.copy(1);
                    }
                }
                '/' if self.peek(1) == Some('*') => {
                    if !self.comment() {
                        return End::Comment;
                    }
                }
                '"' | '`' | '\'' => {
                    if let Some(end) = self.string(letter) {
                        return end;
                    }
                    self.operand = true;
                }
                letter if letter.is_whitespace() => self.copy(1),
                letter if letter.is_ascii_digit() => self.number(),
                letter if letter.is_alphabetic() || letter == '_' => self.word(),
                '.' => self.dot(),
                '|' if !self.operand => self.closure(),
                '}' if floor > 0 && self.depth == floor => return End::Code(self.depth),
                _ => self.sign(letter),
            }
        }
        End::Code(self.depth)
    }

    /// A comment, which may have others within; false when it does not end.
    fn comment(&mut self) -> bool {
        let mut depth = 0;
        while self.peek(0).is_some() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                _ => {
                    self.copy(1);
                    continue;
                }
            }
            self.copy(2);
            if depth == 0 {
                return true;
            }
        }
        false
    }

    /// A string; in what the text ends where the string does not.
    fn string(&mut self, quote: char) -> Option<End> {
        self.copy(1);
        while let Some(letter) = self.peek(0) {
            if letter == '\\' && quote != '`' {
                self.copy(2);
            } else if letter == '$' && quote == '`' && self.peek(1) == Some('{') {
                self.copy(2);
                self.depth += 1;
                self.operand = false;
                let floor = self.depth;
                let end = self.code(floor);
                if self.peek(0) != Some('}') {
                    return Some(if let End::Code(_) = end { End::Backquoted } else { end });
                }
                self.depth -= 1;
                self.copy(1);
            } else if letter == quote {
                self.copy(1);
                return None;
            } else if letter == '\n' && quote != '`' {
                // Rhai tells what is wrong.
                return None;
            } else {
                self.copy(1);
            }
        }
        let goes_on =
            self.letters.iter().rev().take_while(|letter| **letter == '\\').count() % 2 == 1 || self.letters.ends_with(&['\\', '\n']);
        Some(if quote == '`' { End::Backquoted } else { End::Quoted(quote == '"' && goes_on) })
    }

    fn number(&mut self) {
        while let Some(letter) = self.peek(0) {
            let fraction = letter == '.' && self.peek(1).is_some_and(|next| next.is_ascii_digit());
            if !letter.is_alphanumeric() && letter != '_' && !fraction {
                break;
            }
            self.copy(1);
        }
        self.operand = true;
    }

    fn word(&mut self) {
        let is_part = |letter: &&char| letter.is_alphanumeric() || **letter == '_';
        let word: String = self.letters[self.at..].iter().take_while(is_part).collect();
        let length = word.chars().count();
        let named = self.text.trim_end().ends_with('.') && !self.text.trim_end().ends_with("..");
        match (word.as_str(), self.names) {
            ("_", Names { last: Some(last), .. }) => self.put(last, length),
            ("this", Names { this: Some(this), .. }) if self.inner.is_empty() && !named => self.put(this, length),
            _ => {
                if word == "fn" && !named {
                    self.inner.push((self.depth, true));
                }
                self.copy(length);
            }
        }
        self.operand = named || !OPENING.contains(&word.as_str());
    }

    fn dot(&mut self) {
        if let (Some('.'), _) | (_, true) = (self.peek(1), self.operand || self.text.ends_with('?')) {
            let dots = (0..3).take_while(|ahead| self.peek(*ahead) == Some('.')).count();
            self.copy(dots);
            self.operand = false;
        } else if self.peek(1).is_some_and(|next| next.is_alphabetic() || next == '_')
            && let Some(event) = self.names.event
        {
            self.put(event, 0);
            self.copy(1);
        } else {
            self.copy(1);
        }
    }

    /// The parameters of a closure.
    fn closure(&mut self) {
        self.inner.push((self.depth, false));
        self.copy(1);
        while self.peek(0).is_some_and(|letter| letter != '|') {
            self.copy(1);
        }
        self.copy(1);
    }

    fn sign(&mut self, letter: char) {
        match letter {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => {
                self.depth = self.depth.saturating_sub(1);
                let depth = self.depth;
                self.inner.retain(|(around, function)| *around <= depth && !(*function && letter == '}' && *around == depth));
            }
            ',' | ';' => {
                let depth = self.depth;
                self.inner.retain(|(around, function)| *around < depth || *function);
            }
            _ => {}
        }
        self.copy(if letter == '|' && self.peek(1) == Some('|') { 2 } else { 1 });
        // A dot behind a block goes on from it, as behind a map.
        self.operand = matches!(letter, ')' | ']' | '}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Names<'_> = Names { event: Some("e"), this: Some("e"), last: Some("last_value") };

    fn read(text: &str) -> String {
        Input::new(text, ALL).text
    }

    #[test]
    fn short_forms_are_written_out() {
        for (typed, read_as) in [
            (".status == 200", "e.status == 200"),
            ("!.ok && .a.b > .c", "!e.ok && e.a.b > e.c"),
            ("this.n + _", "e   .n + last_value"),
            ("f(.a, [.b, #{x: .c}])", "f(e.a, [e.b, #{x: e.c}])"),
            ("if .a { .b } else { return .c }", "if e.a { e.b } else { return e.c }"),
            ("`n is ${.n} of ${_}`", "`n is ${e.n} of ${last_value}`"),
            (r#"".a" + '_' + "\"._""#, r#"".a" + '_' + "\"._""#),
            ("a.b\n  .c()", "a.b\n  .c()"),
            ("e?.a ?? .b // .c _", "e?.a ?? e.b // .c _"),
            ("/* .a /* _ */ this */ .b", "/* .a /* _ */ this */ e.b"),
            ("for i in 0..3 { .n += i }", "for i in 0..3 { e.n += i }"),
            ("[1.5, 2.max(3), ...]", "[1.5, 2.max(3), ...]"),
            ("list.some(|x| this.y == x, this)", "list.some(|x| this.y == x, e   )"),
            ("let f = || this.a; this", "let f = || this.a; e   "),
            ("fn f(a) { this.b; this.c } this", "fn f(a) { this.b; this.c } e   "),
            ("x_y + a_ + _b", "x_y + a_ + _b"),
            ("a || .b", "a || e.b"),
            ("x.this", "x.this"),
        ] {
            assert_eq!(read(typed), read_as, "{typed}");
        }
    }

    #[test]
    fn places_are_reckoned_back() {
        let input = Input::new(".a + _ + x;\n.b", ALL).between("fn where(e) { ", "}");
        assert_eq!(input.text, "fn where(e) { e.a + last_value + x;\ne.b\n}");
        assert_eq!(input.typed(1, 15 + 1), 1);
        assert_eq!(input.typed(1, 16 + 1), 2);
        assert_eq!(input.typed(1, 1 + input.text.find('x').unwrap()), 10);
        assert_eq!(input.typed(2, 2), 1);
        assert_eq!(input.typed(2, 3), 2);
    }

    #[test]
    fn it_is_known_in_what_a_text_ends() {
        for (typed, end) in [
            ("a + 1", End::Code(0)),
            ("f([1, {", End::Code(3)),
            ("1 /* x", End::Comment),
            ("1 /* x */", End::Code(0)),
            ("`a ${b", End::Backquoted),
            ("`a", End::Backquoted),
            ("\"a", End::Quoted(false)),
            ("\"a \\", End::Quoted(true)),
            ("\"a \\\n", End::Quoted(true)),
            ("\"a\"", End::Code(0)),
        ] {
            assert_eq!(Input::new(typed, ALL).end, end, "{typed}");
        }
    }
}
