//! Writes fields so that a reader of the same dialect gets them back.

use super::dialect::Dialect;
use crate::error::{Error, Result};

/// Which fields stand in quotes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Quoting {
    /// Those that need it.
    Minimal,
    /// All.
    All,
    /// All but numbers.
    NonNumeric,
    /// None: what would need it is escaped.
    None,
}

/// Writes the fields of records.
#[derive(Debug)]
pub(super) struct Quoter {
    dialect: Dialect,
    quoting: Quoting,
    /// Bytes that a field without quotes and escapes cannot hold.
    special: [bool; 256],
}

impl Quoter {
    pub(super) fn new(dialect: Dialect, quoting: Quoting) -> Result<Self> {
        if dialect.quote.is_none() && matches!(quoting, Quoting::All | Quoting::NonNumeric) {
            return Err(Error::option("quoting", "asks for quotes, but `quotechar` is ()"));
        }
        let quoting = if dialect.quote.is_none() { Quoting::None } else { quoting };
        let mut special = [false; 256];
        for letter in [Some(dialect.delimiter), dialect.quote, dialect.escape, Some('\n'), Some('\r')].into_iter().flatten() {
            // A longer letter is known by its first byte; fields that share it take the long way.
            special[usize::from(letter.encode_utf8(&mut [0; 4]).as_bytes()[0])] = true;
        }
        Ok(Self { dialect, quoting, special })
    }

    /// What stands between fields.
    pub(super) fn delimiter(&self) -> char {
        self.dialect.delimiter
    }

    /// Appends one field.
    #[inline]
    pub(super) fn field(&self, out: &mut String, text: &str, numeric: bool) -> Result<()> {
        let always = self.quoting == Quoting::All || self.quoting == Quoting::NonNumeric && !numeric;
        let led = self.dialect.skip_space && text.starts_with(' ');
        if !always && !led && !text.bytes().any(|byte| self.special[usize::from(byte)]) {
            out.push_str(text);
            return Ok(());
        }
        match self.dialect.quote {
            Some(quote) if self.quoting != Quoting::None => self.quoted(out, text, quote, always || led),
            _ => self.escaped(out, text, led),
        }
    }

    /// Appends what stands for a record whose only field is empty; without it that would be a record of no field.
    pub(super) fn lone_empty(&self, out: &mut String) -> Result<()> {
        match self.dialect.quote {
            Some(quote) if self.quoting != Quoting::None => {
                out.extend([quote, quote]);
                Ok(())
            }
            _ => Err(Error::data("a record of one empty field cannot be written without quotes", "")),
        }
    }

    fn quoted(&self, out: &mut String, text: &str, quote: char, always: bool) -> Result<()> {
        let needed = |letter: char| matches!(letter, '\n' | '\r') || letter == self.dialect.delimiter || letter == quote;
        let quotes = always || text.contains(needed);
        if quotes {
            out.push(quote);
        }
        for letter in text.chars() {
            if letter == quote && self.dialect.double {
                out.push(quote);
            } else if letter == quote || Some(letter) == self.dialect.escape {
                out.push(self.escape(letter, text)?);
            }
            out.push(letter);
        }
        if quotes {
            out.push(quote);
        }
        Ok(())
    }

    fn escaped(&self, out: &mut String, text: &str, led: bool) -> Result<()> {
        let special = [Some(self.dialect.delimiter), self.dialect.quote, self.dialect.escape, Some('\n'), Some('\r')];
        for (at, letter) in text.char_indices() {
            if led && at == 0 || special.contains(&Some(letter)) {
                out.push(self.escape(letter, text)?);
            }
            out.push(letter);
        }
        Ok(())
    }

    fn escape(&self, letter: char, text: &str) -> Result<char> {
        self.dialect
            .escape
            .ok_or_else(|| Error::data(format!("`{}` in a field needs an escapechar in this dialect", letter.escape_debug()), text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

    use super::super::dialect::PLAIN;
    use super::super::fields::Fields;
    use super::*;
    use crate::datum::Text;

    fn dialect() -> impl Strategy<Value = Dialect> {
        let letter = |of: &str| prop::sample::select(of.chars().collect::<Vec<_>>());
        let quote = prop::option::weighted(0.8, letter("\"'ß"));
        (letter(",;\t §"), quote, prop::option::of(letter("\\ä")), any::<(bool, bool)>()).prop_map(
            |(delimiter, quote, escape, (double, skip_space))| {
                let skip_space = skip_space && delimiter != ' ';
                Dialect { delimiter, quote, escape, double, skip_space, ..PLAIN }
            },
        )
    }

    fn quoting() -> impl Strategy<Value = Quoting> {
        prop::sample::select(vec![Quoting::Minimal, Quoting::All, Quoting::NonNumeric, Quoting::None])
    }

    fn write(quoter: &Quoter, fields: &[String]) -> Result<String> {
        let mut line = String::new();
        for (n, field) in fields.iter().enumerate() {
            if n > 0 {
                line.push(quoter.delimiter());
            }
            quoter.field(&mut line, field, false)?;
        }
        if line.is_empty() {
            quoter.lone_empty(&mut line)?;
        }
        Ok(line)
    }

    fn read(dialect: &Dialect, line: &str) -> Result<Vec<String>> {
        let text = Text::from(line).into_span();
        let mut fields = Fields::new(dialect, &text);
        let mut all = Vec::new();
        while let Some(field) = fields.next()? {
            all.push(field.text.to_string());
        }
        Ok(all)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            dialect in dialect(),
            quoting in quoting(),
            strict in any::<bool>(),
            fields in prop::collection::vec("[ab\"'ß,;\t §\\\\äé\r\n]{0,5}", 1..5),
        ) {
            let Ok(quoter) = Quoter::new(dialect.clone(), quoting) else { return Ok(()) };
            let can_always = dialect.escape.is_some() || dialect.quote.is_some() && dialect.double && quoting != Quoting::None;
            match write(&quoter, &fields) {
                Ok(line) => prop_assert_eq!(read(&Dialect { strict, ..dialect }, &line).unwrap(), fields, "{:?}", line),
                Err(error) => prop_assert!(!can_always || fields == [""], "{}", error),
            }
        }

        #[test]
        fn the_csv_crate_reads_what_is_written(fields in prop::collection::vec(any::<String>(), 1..5)) {
            let line = write(&Quoter::new(PLAIN, Quoting::Minimal).unwrap(), &fields).unwrap();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(record.iter().map(str::to_owned).collect::<Vec<_>>(), fields);
        }
    }
}
