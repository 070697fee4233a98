//! Writes fields so that a reader of the same dialect gets them back.

use super::dialect::Dialect;
use super::words::{all, equal, maybe_break, short};
use crate::error::{Error, Result};

/// Which fields stand in quotes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::cogs::text) enum Quoting {
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
pub(in crate::cogs::text) struct Quoter {
    dialect: Dialect,
    quoting: Quoting,
    /// Whether text, and whether a number stands in quotes whatever it holds.
    always: [bool; 2],
    /// Whether whole numbers hold nothing that means something.
    whole_is_plain: bool,
    /// Words of the letters that mean something, where each is one byte.
    letters: Option<[u64; 3]>,
    /// Bytes that a field without quotes and escapes cannot hold.
    special: [bool; 256],
}

impl Quoter {
    pub(in crate::cogs::text) fn new(dialect: Dialect, quoting: Quoting) -> Result<Self> {
        if dialect.quote.is_none() && matches!(quoting, Quoting::All | Quoting::NonNumeric) {
            return Err(Error::option("quoting", "asks for quotes, but `quotechar` is ()"));
        }
        let quoting = if dialect.quote.is_none() { Quoting::None } else { quoting };
        let mut special = [false; 256];
        for letter in [Some(dialect.delimiter), dialect.quote, dialect.escape, Some('\n'), Some('\r')].into_iter().flatten() {
            // A longer letter is known by its first byte; fields that share it take the long way.
            special[usize::from(letter.encode_utf8(&mut [0; 4]).as_bytes()[0])] = true;
        }
        let always = [matches!(quoting, Quoting::All | Quoting::NonNumeric), quoting == Quoting::All];
        let letters = dialect.is_ascii().then(|| {
            let [delimiter, quote, escape] = [Some(dialect.delimiter), dialect.quote, dialect.escape];
            [delimiter, quote.or(delimiter), escape.or(delimiter)].map(|letter| letter.map_or(0, |letter| all(letter as u8)))
        });
        let whole_is_plain = !b"-0123456789".iter().any(|byte| special[usize::from(*byte)]) && !always[1];
        Ok(Self { dialect, quoting, always, whole_is_plain, letters, special })
    }

    /// Whether it is common CSV, with commas, double quotes and no escapes, where only what needs them stands in quotes.
    pub(in crate::cogs::text) fn is_common(&self) -> bool {
        self.dialect.is_common() && !self.dialect.skip_space && self.quoting == Quoting::Minimal
    }

    /// What stands between fields.
    pub(in crate::cogs::text) fn delimiter(&self) -> char {
        self.dialect.delimiter
    }

    /// Appends one field.
    #[inline]
    pub(in crate::cogs::text) fn field(&self, out: &mut String, text: &str, numeric: bool) -> Result<()> {
        let always = self.always[usize::from(numeric)];
        let led = self.dialect.skip_space && text.starts_with(' ');
        if !always && !led && self.is_plain(text) {
            out.push_str(text);
            return Ok(());
        }
        self.marked(out, text, always, led)
    }

    /// Whether a field that is text, the first `length` bytes of what stands there, is written as it is. False when that is not
    /// known at once.
    #[inline]
    pub(in crate::cogs::text) fn is_short_and_plain(&self, rest: &[u8], length: usize) -> bool {
        if let (Some(two), Some(letters), false) = (rest.first_chunk::<16>(), self.letters, self.always[0])
            && length < two.len()
            && !self.dialect.skip_space
        {
            // Looking at what follows too spares a branch on the length, which nobody can foresee.
            let two = u128::from_le_bytes(*two);
            let found = u128::from(special(letters, two as u64)) | u128::from(special(letters, (two >> 64) as u64)) << 64;
            return found & !(u128::MAX << (8 * length)) == 0;
        }
        false
    }

    /// Whether a whole number is written as it is.
    #[inline]
    pub(in crate::cogs::text) fn whole_is_plain(&self) -> bool {
        self.whole_is_plain
    }

    /// Whether a field needs neither quotes nor escapes.
    #[inline]
    fn is_plain(&self, text: &str) -> bool {
        let Some(letters) = self.letters else { return self.is_free(text) };
        let bytes = text.as_bytes();
        let (mut found, mut rest) = (0, bytes);
        while let Some((word, more)) = rest.split_first_chunk() {
            found |= special(letters, u64::from_le_bytes(*word));
            rest = more;
        }
        // The last word overlaps the one before.
        found |= special(letters, bytes.last_chunk().map_or_else(|| short(bytes), |word| u64::from_le_bytes(*word)));
        found == 0 || self.is_free(text)
    }

    /// The same, byte by byte.
    fn is_free(&self, text: &str) -> bool {
        !text.bytes().any(|byte| self.special[usize::from(byte)])
    }

    #[cold]
    fn marked(&self, out: &mut String, text: &str, always: bool, led: bool) -> Result<()> {
        match self.dialect.quote {
            Some(quote) if self.quoting != Quoting::None => self.quoted(out, text, quote, always || led),
            _ => self.escaped(out, text, led),
        }
    }

    /// Appends what stands for a record whose only field is empty; without it that would be a record of no field.
    pub(in crate::cogs::text) fn lone_empty(&self, out: &mut String) -> Result<()> {
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

/// Not zero when one of the letters or a line break is among the bytes, and seldom else. Which bytes it marks means nothing
/// beyond the first.
#[inline]
fn special([delimiter, quote, escape]: [u64; 3], word: u64) -> u64 {
    equal(word, delimiter) | equal(word, quote) | equal(word, escape) | maybe_break(word)
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

        /// Whatever follows the field where it stands.
        #[test]
        fn the_short_ways_write_what_the_long_one_writes(
            dialect in dialect(),
            digits in any::<bool>(),
            quoting in quoting(),
            (text, rest) in ("[ab\"'ß,;\t §\\\\äé\r\n]{0,20}", "[a,\"\n]{0,20}"),
            value in any::<i64>(),
        ) {
            let dialect = Dialect { quote: if digits { Some('7') } else { dialect.quote }, ..dialect };
            let Ok(quoter) = Quoter::new(dialect, quoting) else { return Ok(()) };
            let whole = value.to_string();
            let show = |write: &dyn Fn(&mut String) -> Result<()>| {
                let mut out = String::new();
                let done = write(&mut out);
                format!("{done:?} {out:?}")
            };
            let slow = |text: &str, numeric: bool| show(&|out| {
                let led = quoter.dialect.skip_space && text.starts_with(' ');
                let always = quoter.always[usize::from(numeric)];
                if always || led || !quoter.is_free(text) { quoter.marked(out, text, always, led) } else { out.push_str(text); Ok(()) }
            });
            prop_assert_eq!(show(&|out| quoter.field(out, &text, false)), slow(&text, false));
            let plain = |text: &str| format!("{:?} {text:?}", Result::<()>::Ok(()));
            if quoter.is_short_and_plain(format!("{text}{rest}").as_bytes(), text.len()) {
                prop_assert_eq!(plain(&text), slow(&text, false));
            }
            if quoter.whole_is_plain() {
                prop_assert_eq!(plain(&whole), slow(&whole, true));
            }
            prop_assert_eq!(show(&|out| quoter.field(out, &whole, true)), slow(&whole, true));
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
