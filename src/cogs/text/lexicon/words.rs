//! Words that a text must hold if an expression is to match it.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Bytes of a word, in one case: see [`fold`].
pub(in crate::cogs::text) type Word = Vec<u8>;

/// Shorter words say too little.
const SHORTEST: usize = 4;
/// Longer lists of words say too little.
const MOST: usize = 16;

/// Eight bytes with upper and lower case made one; some other bytes fall together too.
#[inline]
pub(in crate::cogs::text) fn fold(bytes: u64) -> u64 {
    bytes | 0x2020_2020_2020_2020
}

/// Lists of words: of each list one word at least stands in every text that the expression matches.
pub(in crate::cogs::text) fn words(hir: &Hir) -> Vec<Vec<Word>> {
    let mut gather = Gather::default();
    gather.part(hir);
    gather.cut();
    gather.lists
}

#[derive(Default)]
struct Gather {
    /// What was gathered of the word under way.
    word: Word,
    lists: Vec<Vec<Word>>,
}

impl Gather {
    /// The word under way ends.
    fn cut(&mut self) {
        let word = std::mem::take(&mut self.word);
        if word.len() >= SHORTEST {
            self.lists.push(vec![word]);
        }
    }

    fn part(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.word.extend(literal.0.iter().map(|byte| byte | 0x20)),
            HirKind::Class(class) => match letter(class) {
                Some(byte) => self.word.push(byte),
                None => self.cut(),
            },
            HirKind::Capture(capture) => self.part(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.part(part)),
            HirKind::Repetition(repetition) => {
                self.cut();
                if repetition.min > 0 {
                    self.part(&repetition.sub);
                    self.cut();
                }
            }
            HirKind::Alternation(branches) => {
                self.cut();
                let longest = |branch| words(branch).into_iter().max_by_key(|list| list.iter().map(Vec::len).min());
                let lists: Option<Vec<Vec<Word>>> = branches.iter().map(longest).collect();
                let list = lists.unwrap_or_default().concat();
                if !list.is_empty() && list.len() <= MOST {
                    self.lists.push(list);
                }
            }
        }
    }
}

/// The byte that all letters of a class become in one case, when that is one.
fn letter(class: &Class) -> Option<u8> {
    let ends: Vec<(u8, u8)> = match class {
        Class::Unicode(class) => {
            let ends = |end: char| u8::try_from(end).ok().filter(u8::is_ascii);
            class.iter().map(|range| Some((ends(range.start())?, ends(range.end())?))).collect::<Option<_>>()?
        }
        Class::Bytes(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
    };
    let first = ends.first()?.0 | 0x20;
    ends.iter().all(|(start, end)| start == end && start | 0x20 == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use regex_automata::util::syntax;

    use super::*;

    fn shown(expression: &str) -> Vec<String> {
        let hir = syntax::parse_with(expression, &syntax::Config::new().utf8(false)).unwrap();
        words(&hir).iter().map(|list| list.iter().map(|word| String::from_utf8_lossy(word)).collect::<Vec<_>>().join("|")).collect()
    }

    #[test]
    fn literals_that_must_be_there_are_words() {
        assert_eq!(shown(r"^\w+ +(?<a>Accepted) (pass)word for \S+ from (?<ip>\S+)$"), ["accepted password for ", " from "]);
        assert_eq!(shown(r"a(?:long)?b|long"), Vec::<String>::new());
        assert_eq!(shown(r"x(?:first one|second).*(?:long)?(?:more)+"), ["first one|second", "more"]);
        assert_eq!(shown(r"\babcd\b"), ["abcd"]);
    }

    #[test]
    fn case_is_no_matter_where_both_are_meant() {
        assert_eq!(shown("(?i)from client"), ["from client"]);
        // The Kelvin sign and the long s are letters of these words too.
        assert_eq!(shown("(?i)broken host"), ["en ho"]);
        assert_eq!(shown("(?i-u)broken host"), ["broken host"]);
    }
}
