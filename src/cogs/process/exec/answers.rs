//! From what the child writes to its lines, each whole or told to be too long. Memory is bounded by one read and one line.

use memchr::memchr;

/// A line without its newline.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Line(Vec<u8>),
    /// It is longer than may be; what it was is gone.
    TooLong,
}

pub(super) struct Answers {
    kept: Vec<u8>,
    /// So much of `kept` has been given.
    given: usize,
    /// Up to there no newline stands.
    looked: usize,
    /// The rest of a line that is too long is passed over.
    skipping: bool,
    longest: usize,
}

impl Answers {
    pub(super) const fn new(longest: usize) -> Self {
        Self { kept: Vec::new(), given: 0, looked: 0, skipping: false, longest }
    }

    /// Where what is read goes, behind what is kept.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        self.kept.drain(..self.given);
        self.looked -= self.given;
        self.given = 0;
        &mut self.kept
    }

    /// The next line.
    pub(super) fn next(&mut self) -> Option<Answer> {
        let end = memchr(b'\n', &self.kept[self.looked..]).map(|at| self.looked + at);
        let length = end.unwrap_or(self.kept.len()) - self.given;
        let answer = if length > self.longest && !self.skipping {
            Some(Answer::TooLong)
        } else {
            end.filter(|_| !self.skipping).map(|end| Answer::Line(self.kept[self.given..end].to_vec()))
        };
        if let Some(end) = end {
            (self.given, self.looked) = (end + 1, end + 1);
            let skipped = std::mem::take(&mut self.skipping);
            return if skipped && answer.is_none() { self.next() } else { answer };
        }
        self.looked = self.kept.len();
        if self.skipping || answer.is_some() {
            self.skipping = true;
            self.given = self.looked;
        }
        answer
    }

    /// At the end: a last line without newline.
    pub(super) fn rest(&mut self) -> Option<Answer> {
        let rest = self.kept[self.given..].to_vec();
        let skipping = self.skipping;
        self.clear();
        (!rest.is_empty() && !skipping).then_some(Answer::Line(rest))
    }

    pub(super) fn clear(&mut self) {
        self.kept.clear();
        (self.given, self.looked, self.skipping) = (0, 0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What these reads give, lines as text.
    fn lines(reads: &[&str], longest: usize) -> Vec<String> {
        let mut answers = Answers::new(longest);
        let mut all = Vec::new();
        for read in reads {
            answers.room().extend_from_slice(read.as_bytes());
            while let Some(answer) = answers.next() {
                all.push(match answer {
                    Answer::Line(line) => String::from_utf8(line).unwrap(),
                    Answer::TooLong => "TOO LONG".into(),
                });
            }
            assert!(answers.kept.len() - answers.given <= longest);
        }
        match answers.rest() {
            Some(Answer::Line(line)) => all.push(format!("rest {}", String::from_utf8(line).unwrap())),
            other => assert_eq!(other, None),
        }
        all
    }

    #[test]
    fn lines_are_the_same_wherever_reads_cut_them() {
        assert_eq!(lines(&["a\nb\n\nc\nd"], 10), ["a", "b", "", "c", "rest d"]);
        assert_eq!(lines(&["a", "\nb", "b", "\n", "", "\nc\nd", ""], 10), ["a", "bb", "", "c", "rest d"]);
    }

    #[test]
    fn a_long_line_is_told_once_and_passed_over() {
        assert_eq!(lines(&["abc\nabcd\nab\n"], 3), ["abc", "TOO LONG", "ab"]);
        assert_eq!(lines(&["abc", "d", "efgh", "i\nab\n"], 3), ["TOO LONG", "ab"]);
        assert_eq!(lines(&["ab", "cd", "efgh", "ijkl"], 3), ["TOO LONG"]);
        assert_eq!(lines(&["abcd", "\n", "ab\n"], 3), ["TOO LONG", "ab"]);
        for cut in 0..=13 {
            let (one, other) = "abcd\nab\nabcde".split_at(cut);
            assert_eq!(lines(&[one, other], 3), ["TOO LONG", "ab", "TOO LONG"], "{cut}");
        }
    }
}
