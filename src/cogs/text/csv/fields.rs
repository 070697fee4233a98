//! The fields of one CSV record: spans of the line wherever nothing had to be taken out of them.
//!
//! Two roads with one result. The short one serves lines without line breaks and escapes: delimiters and quotes are looked for
//! by byte. The other is the state machine of Python's `csv` (`Modules/_csv.c`), letter by letter; it also serves single
//! fields that the short road gives up.

use memchr::{memchr, memchr2, memchr3};

use super::dialect::Dialect;
use crate::datum::Text;
use crate::error::{Error, Result};

/// One field.
#[derive(Debug, PartialEq)]
pub(in crate::cogs::text) struct Field {
    pub(in crate::cogs::text) text: Text,
    /// It began with a quote.
    pub(in crate::cogs::text) quoted: bool,
}

/// Where a field stands in its line.
#[derive(Clone, Copy)]
pub(in crate::cogs::text) struct Span {
    pub(in crate::cogs::text) start: usize,
    pub(in crate::cogs::text) end: usize,
    pub(in crate::cogs::text) quoted: bool,
}

/// Gives the fields of one line, one after another.
pub(in crate::cogs::text) struct Fields<'a> {
    dialect: &'a Dialect,
    /// A span, so that pieces share its block.
    text: &'a Text,
    line: &'a str,
    at: usize,
    /// No field follows.
    over: bool,
    /// The short road can be taken.
    plain: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    Bare,
    Escaped,
    Quoted,
    EscapedInQuotes,
    Closed,
    /// After a closing quote and blanks, with `trim`.
    Blank,
}

impl<'a> Fields<'a> {
    /// The fields of `text`, which is best a span already. An empty line has none.
    pub(in crate::cogs::text) fn new(dialect: &'a Dialect, text: &'a Text) -> Self {
        let line = text.as_str();
        let bytes = line.as_bytes();
        let breaks = match dialect.escape {
            Some(escape) if escape.is_ascii() => memchr3(b'\n', b'\r', escape as u8, bytes),
            _ => memchr2(b'\n', b'\r', bytes),
        };
        let over = breaks.map_or(line.is_empty(), |_| line.bytes().all(|byte| matches!(byte, b'\n' | b'\r')));
        Self { dialect, text, line, at: 0, over, plain: breaks.is_none() && dialect.is_ascii() }
    }

    /// The next field, if there is one.
    #[inline]
    pub(in crate::cogs::text) fn next(&mut self) -> Result<Option<Field>> {
        match self.span() {
            Some(Span { start, end, quoted }) => Ok(Some(Field { text: self.text.slice(start..end), quoted })),
            None => self.rest(),
        }
    }

    /// The next field, when [`Fields::span`] has given none.
    pub(in crate::cogs::text) fn rest(&mut self) -> Result<Option<Field>> {
        if self.over { Ok(None) } else { self.any_field().map(Some) }
    }

    /// Where the next field stands, by the short road; none when that does not serve, or when no field is left. Apart from
    /// [`Fields::next`], for places travel in registers, and texts do not.
    #[allow(clippy::inline_always, reason = "else its result goes through memory, which doubles the time of a short field")]
    #[inline(always)]
    pub(in crate::cogs::text) fn span(&mut self) -> Option<Span> {
        if self.over || !self.plain {
            return None;
        }
        let bytes = self.line.as_bytes();
        let mut start = self.at;
        while bytes.get(start).is_some_and(|byte| self.dialect.skips(char::from(*byte))) {
            start += 1;
        }
        if self.dialect.quote.is_some_and(|quote| bytes.get(start) == Some(&(quote as u8))) {
            let open = start + 1;
            let close = open + memchr(bytes[start], &bytes[open..])?;
            match bytes.get(close + 1) {
                None => self.over = true,
                Some(byte) if *byte == self.dialect.delimiter as u8 => self.at = close + 2,
                Some(_) => return None,
            }
            return Some(Span { start: open, end: close, quoted: true });
        }
        let mut end = bytes.len();
        match memchr(self.dialect.delimiter as u8, &bytes[start..]) {
            Some(length) => {
                end = start + length;
                self.at = end + 1;
            }
            None => self.over = true,
        }
        if self.dialect.trim {
            end = start + self.line[start..end].trim_end_matches(|letter| self.dialect.skips(letter)).len();
        }
        Some(Span { start, end, quoted: false })
    }

    /// A field by the state machine.
    fn any_field(&mut self) -> Result<Field> {
        let dialect = self.dialect;
        let (mut state, mut quoted, mut out) = (State::Start, false, String::new());
        // Blanks up to here are part of the field, whatever `trim` says.
        let mut kept = 0;
        for (offset, letter) in self.line[self.at..].char_indices() {
            let (is_quote, is_escape) = (dialect.quote == Some(letter), dialect.escape == Some(letter));
            let inside = matches!(state, State::Escaped | State::Quoted | State::EscapedInQuotes);
            if !inside && matches!(letter, '\n' | '\r') {
                return self.end_at_break(offset, out, kept, quoted);
            }
            if letter == dialect.delimiter && !inside {
                self.at += offset + letter.len_utf8();
                return Ok(self.field(out, kept, quoted));
            }
            match state {
                State::Start if is_quote => (state, quoted) = (State::Quoted, true),
                State::Start if dialect.skips(letter) => {}
                State::Start | State::Bare if is_escape => state = State::Escaped,
                State::Quoted if is_escape => state = State::EscapedInQuotes,
                State::Quoted if is_quote => (state, kept) = (State::Closed, out.len()),
                State::Closed if is_quote && dialect.double => {
                    out.push(letter);
                    state = State::Quoted;
                }
                State::Closed | State::Blank if dialect.trim && dialect.skips(letter) => {
                    out.push(letter);
                    state = State::Blank;
                }
                State::Closed | State::Blank if dialect.strict => return Err(self.fault("a letter after a closing quote")),
                State::Closed | State::Blank if is_escape && (state == State::Blank || !dialect.double) => state = State::Escaped,
                State::Start | State::Bare | State::Closed | State::Blank => {
                    out.push(letter);
                    state = State::Bare;
                }
                State::Escaped => {
                    out.push(letter);
                    (state, kept) = (State::Bare, out.len());
                }
                State::Quoted | State::EscapedInQuotes => {
                    out.push(letter);
                    state = State::Quoted;
                }
            }
        }
        match state {
            State::Quoted | State::EscapedInQuotes if dialect.strict => return Err(self.fault("a quote that is not closed")),
            State::Escaped if dialect.strict => return Err(self.fault("an escapechar with nothing after it")),
            // What was escaped is the line break that ended the line.
            State::Escaped | State::EscapedInQuotes => out.push('\n'),
            _ => {}
        }
        if matches!(state, State::Escaped | State::Quoted | State::EscapedInQuotes) {
            kept = out.len();
        }
        self.over = true;
        Ok(self.field(out, kept, quoted))
    }

    fn field(&self, mut out: String, kept: usize, quoted: bool) -> Field {
        if self.dialect.trim {
            let end = kept + out[kept..].trim_end_matches(|letter| self.dialect.skips(letter)).len();
            out.truncate(end);
        }
        Field { text: out.into(), quoted }
    }

    /// A line break outside quotes: it ends the record, so that nothing but line breaks may follow.
    fn end_at_break(&mut self, offset: usize, out: String, kept: usize, quoted: bool) -> Result<Field> {
        if self.line[self.at + offset..].bytes().any(|byte| !matches!(byte, b'\n' | b'\r')) {
            return Err(self.fault("a line break outside quotes, with more after it"));
        }
        self.over = true;
        Ok(self.field(out, kept, quoted))
    }

    fn fault(&self, what: &str) -> Error {
        let letters = self.line[..self.at].chars().count() + 1;
        Error::data(format!("{what}, in the field that starts at letter {letters}"), self.line)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::super::dialect::PLAIN;
    use super::*;

    fn read(dialect: &Dialect, line: &str, plain: bool) -> Result<Vec<(String, bool)>> {
        let text = Text::from(line).into_span();
        let mut fields = Fields::new(dialect, &text);
        fields.plain &= plain;
        let mut all = Vec::new();
        while let Some(field) = fields.next()? {
            all.push((field.text.to_string(), field.quoted));
        }
        Ok(all)
    }

    fn texts(dialect: &Dialect, line: &str) -> Vec<String> {
        read(dialect, line, true).unwrap().into_iter().map(|(text, _)| text).collect()
    }

    /// What Python gives for `next(csv.reader([line], ...))`.
    #[test]
    fn odd_lines_are_read_as_python_reads_them() {
        let escape = Dialect { escape: Some('\\'), ..PLAIN };
        let single = Dialect { double: false, ..escape.clone() };
        let space = Dialect { skip_space: true, ..PLAIN };
        let none = Dialect { quote: None, ..PLAIN };
        let table: &[(&Dialect, &str, &[&str])] = &[
            (&PLAIN, "", &[]),
            (&PLAIN, ",", &["", ""]),
            (&PLAIN, "\"\"", &[""]),
            (&PLAIN, "a,\"b,\"\"c\"\"\",d", &["a", "b,\"c\"", "d"]),
            (&PLAIN, "\"a\"b,c", &["ab", "c"]),
            (&PLAIN, "\"a\"b\"c\",d", &["ab\"c\"", "d"]),
            (&PLAIN, "a\"b\",c", &["a\"b\"", "c"]),
            (&PLAIN, "a,\"b,c", &["a", "b,c"]),
            (&PLAIN, "a, \"b\"", &["a", " \"b\""]),
            (&PLAIN, "a,b\r\n", &["a", "b"]),
            (&PLAIN, "\"a\nb\",c\n", &["a\nb", "c"]),
            (&PLAIN, "\r\n", &[]),
            (&space, "a, \"b\",  c, ", &["a", "b", "c", ""]),
            (&escape, "a\\,b,\\\"c", &["a,b", "\"c"]),
            (&escape, "\"a\\\"b\"\\c", &["a\"b\\c"]),
            (&escape, "a\\", &["a\n"]),
            (&escape, "\"a\\", &["a\n"]),
            (&single, "\"a\\\"b\"\\,c", &["a\"b,c"]),
            (&single, "\"a\"\"b\",c", &["a\"b\"", "c"]),
            (&none, "\"a,b\"", &["\"a", "b\""]),
        ];
        for (dialect, line, wanted) in table {
            assert_eq!(texts(dialect, line), *wanted, "{line:?}");
        }
    }

    #[test]
    fn strict_refuses_what_else_is_taken_somehow() {
        let strict = Dialect { strict: true, escape: Some('\\'), ..PLAIN };
        let fault = |line: &str| read(&strict, line, true).unwrap_err().to_string();
        assert_eq!(fault("a,\"b\"c"), "a letter after a closing quote, in the field that starts at letter 3: `a,\"b\"c`");
        assert!(fault("ä,\"b").starts_with("a quote that is not closed, in the field that starts at letter 3"));
        assert!(fault("a\\").starts_with("an escapechar with nothing after it"));
        assert_eq!(texts(&strict, "\"a\"\"\",b"), ["a\"", "b"]);
        assert!(read(&PLAIN, "a\nb", true).unwrap_err().to_string().starts_with("a line break outside quotes"));
    }

    #[test]
    fn trimmed_blanks_are_those_outside_quotes() {
        let trim = Dialect { trim: true, escape: Some('\\'), ..PLAIN };
        assert_eq!(texts(&trim, " a b ,\t\" c \" , \"d\" e , f\\  ,"), ["a b", " c ", "d e", "f ", ""]);
        assert_eq!(texts(&Dialect { strict: true, ..trim.clone() }, "\"a\" ,b"), ["a", "b"]);
        assert!(read(&Dialect { strict: true, ..trim }, "\"a\" b", true).is_err());
        assert_eq!(texts(&Dialect { trim: true, delimiter: '\t', ..PLAIN }, " a \t \tb"), ["a", "", "b"]);
    }

    #[test]
    fn fields_without_escapes_are_spans_of_the_line() {
        let block: crate::datum::Block = std::rc::Rc::new("a,\"b c\",d".into());
        let text = Text::span(&block, 0..block.len());
        let mut fields = Fields::new(&PLAIN, &text);
        let all: Vec<Field> = std::iter::from_fn(|| fields.next().unwrap()).collect();
        assert_eq!((all.len(), std::rc::Rc::strong_count(&block)), (3, 5));
    }

    proptest! {
        #[test]
        fn plain_dialects_are_read_as_the_csv_crate_reads_them(line in "[ab\", ;ä\t]{1,20}", delimiter in prop::sample::select(vec![',', ';', '\t'])) {
            let dialect = Dialect { delimiter, ..PLAIN };
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter as u8).flexible(true).from_reader(line.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(texts(&dialect, &line), record.iter().map(str::to_owned).collect::<Vec<_>>());
        }

        #[test]
        fn both_roads_lead_to_one_result(
            line in "[ab\"\\\\, \t\n\rä]{0,20}",
            (double, skip_space, strict, trim) in any::<(bool, bool, bool, bool)>(),
            escape in prop::option::of(prop::sample::select(vec!['\\', 'ä'])),
            quote in prop::option::of(prop::sample::select(vec!['"', 'b'])),
        ) {
            let dialect = Dialect { delimiter: ',', quote, escape, double, skip_space, strict, trim };
            let show = |result: Result<Vec<(String, bool)>>| format!("{result:?}");
            prop_assert_eq!(show(read(&dialect, &line, true)), show(read(&dialect, &line, false)));
        }
    }
}
