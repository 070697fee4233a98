//! One regular expression of a lexicon: scanned plainly where it can be, matched by the engine where it must be.
//!
//! Engines are large and take long to build (Unicode's `\w{3}` alone is a millisecond and 300 KiB with its cache), and of many
//! expressions few are ever asked. So an engine is built when it is needed first; before, only its size is checked, and an
//! expression that is surely small is not built for that.

use regex_automata::meta::{self, BuildError, Cache, Regex};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::scan::{Found, Scan, Slot, plan};
use super::words::{Word, words};

/// A compiled expression at most, in bytes.
pub(in crate::cogs::text) const LARGEST: usize = 1 << 20;

/// What is searched.
#[derive(Clone, Copy)]
pub(in crate::cogs::text) struct Hay<'a> {
    pub(in crate::cogs::text) bytes: &'a [u8],
    /// The bytes are text in UTF-8.
    pub(in crate::cogs::text) is_text: bool,
    /// Matches begin where it begins.
    pub(in crate::cogs::text) anchored: bool,
}

impl<'a> Hay<'a> {
    /// As the engine wants it.
    pub(in crate::cogs::text) fn input(self) -> Input<'a> {
        Input::new(self.bytes).anchored(if self.anchored { Anchored::Yes } else { Anchored::No })
    }
}

/// How much of JSON's care a group needs, whatever it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cogs::text) enum Care {
    /// None: it holds neither quotes nor backslashes nor control letters.
    None,
    /// It holds no quotes.
    NoQuotes,
    /// It may hold anything.
    All,
}

/// One expression, ready to be used.
#[derive(Debug)]
pub(in crate::cogs::text) struct Expression {
    /// The expression with its flags before it.
    pub(in crate::cogs::text) pattern: String,
    scan: Option<Scan>,
    /// Made when it is needed.
    engine: Option<Box<Engine>>,
    /// The whole match and the groups, of the last match.
    slots: Vec<Slot>,
    /// Of the groups, from group 1 on.
    pub(in crate::cogs::text) names: Vec<Option<String>>,
    pub(in crate::cogs::text) cares: Vec<Care>,
    /// Words of which some must stand in the text.
    pub(in crate::cogs::text) words: Vec<Vec<Word>>,
    /// The last match was scanned: its groups are text.
    scanned: bool,
}

#[derive(Debug)]
struct Engine {
    regex: Regex,
    cache: Cache,
}

/// Why there is no expression.
pub(in crate::cogs::text) enum Fault {
    Syntax(Box<regex_syntax::Error>),
    Build(Box<BuildError>),
}

impl Expression {
    /// The expression with these flags (of `imsx`); with `anchored` it is only asked for matches that begin with the text.
    pub(in crate::cogs::text) fn new(pattern: &str, flags: &str, anchored: bool) -> Result<Self, Fault> {
        let flag = |flag| flags.contains(flag);
        let syntax = syntax::Config::new().utf8(false).case_insensitive(flag('i')).multi_line(flag('m')).dot_matches_new_line(flag('s'));
        let hir = syntax::parse_with(pattern, &syntax.ignore_whitespace(flag('x'))).map_err(|error| Fault::Syntax(Box::new(error)))?;
        let engine = if is_small(&hir) {
            None
        } else {
            let built = Regex::builder().configure(config(Some(LARGEST))).build_from_hir(&hir);
            Some(built.map_err(|error| Fault::Build(Box::new(error)))?)
        };
        let mut groups = Vec::new();
        note_groups(&hir, &mut groups);
        let (names, cares): (Vec<_>, Vec<_>) = groups.into_iter().unzip();
        Ok(Self {
            pattern: if flags.is_empty() { pattern.to_owned() } else { format!("(?{flags}){pattern}") },
            slots: vec![None; 2 * (names.len() + 1)],
            scan: plan(&hir, anchored),
            engine: engine.map(|regex| Box::new(Engine::new(regex))),
            words: words(&hir),
            names,
            cares,
            scanned: false,
        })
    }

    /// Whether it matches; its groups are then known.
    #[inline]
    pub(in crate::cogs::text) fn matches(&mut self, hay: Hay<'_>) -> bool {
        if hay.is_text
            && let Some(scan) = &self.scan
        {
            let found = scan.find(hay.bytes, hay.anchored, &mut self.slots);
            self.scanned = true;
            if found != Found::Open {
                return found == Found::Yes;
            }
        }
        self.ask(hay)
    }

    /// Asks the engine.
    #[inline(never)]
    fn ask(&mut self, hay: Hay<'_>) -> bool {
        self.scanned = false;
        let engine = self.engine.get_or_insert_with(|| {
            let mut builder = Regex::builder();
            builder.configure(config(None)).syntax(syntax::Config::new().utf8(false));
            Box::new(Engine::new(builder.build(&self.pattern).expect("it was parsed before, and is small")))
        });
        engine.regex.search_slots_with(&mut engine.cache, &hay.input(), &mut self.slots).is_some()
    }

    /// Whether all places of the last match surely stand between letters.
    #[inline]
    pub(in crate::cogs::text) fn is_text(&self) -> bool {
        self.scanned
    }

    /// Where the groups of the last match stand, from group 1 on; none for those that took no part.
    #[inline]
    pub(in crate::cogs::text) fn groups(&self) -> impl Iterator<Item = Option<(usize, usize)>> {
        self.slots.chunks_exact(2).skip(1).map(|ends| Some((ends[0]?.get(), ends[1]?.get())))
    }
}

impl Engine {
    fn new(regex: Regex) -> Self {
        Self { cache: regex.create_cache(), regex }
    }
}

/// Matches are bytes, as blobs may be searched; whether a group is text is seen when it is cut out.
pub(in crate::cogs::text) fn config(limit: Option<usize>) -> meta::Config {
    Regex::config().utf8_empty(false).nfa_size_limit(limit).onepass_size_limit(Some(LARGEST))
}

/// Whether the compiled form is surely small enough.
fn is_small(hir: &Hir) -> bool {
    size(hir) <= LARGEST
}

/// About how many bytes the compiled form takes, at least twice what was measured.
fn size(hir: &Hir) -> usize {
    let all = || hir.kind().subs().iter().fold(0usize, |sum, sub| sum.saturating_add(size(sub)));
    64 + match hir.kind() {
        HirKind::Literal(literal) => 64 * literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => 2048 + 128 * class.ranges().len(),
        HirKind::Class(Class::Bytes(class)) => 64 + 32 * class.ranges().len(),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            (64 + all()).saturating_mul(times as usize)
        }
        _ => all(),
    }
}

/// Notes name and letters of each group, from group 1 on.
fn note_groups(hir: &Hir, groups: &mut Vec<(Option<String>, Care)>) {
    if let HirKind::Capture(capture) = hir.kind() {
        let index = capture.index as usize;
        if groups.len() < index {
            groups.resize(index, (None, Care::None));
        }
        if let Some(group) = groups.get_mut(index.wrapping_sub(1)) {
            *group = (capture.name.as_deref().map(str::to_owned), care(&capture.sub));
        }
    }
    hir.kind().subs().iter().for_each(|sub| note_groups(sub, groups));
}

/// What the letters of a part need.
fn care(hir: &Hir) -> Care {
    let of = |ranges: &mut dyn Iterator<Item = (u32, u32)>| {
        ranges.take_while(|(start, _)| *start < 0x80).fold(Care::None, |care, (start, end)| {
            let has = |letter: u8| (start..=end).contains(&letter.into());
            match () {
                () if care == Care::All || has(b'"') => Care::All,
                () if start < 0x20 || has(b'\\') => Care::NoQuotes,
                () => care,
            }
        })
    };
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().map(|byte| of(&mut [((*byte).into(), (*byte).into())].into_iter())).max(),
        HirKind::Class(Class::Unicode(class)) => Some(of(&mut class.iter().map(|range| (range.start().into(), range.end().into())))),
        HirKind::Class(Class::Bytes(class)) => Some(of(&mut class.iter().map(|range| (range.start().into(), range.end().into())))),
        kind => kind.subs().iter().map(care).max(),
    }
    .unwrap_or(Care::None)
}

#[cfg(test)]
mod tests {
    use regex_automata::nfa::thompson::{Config, NFA, WhichCaptures};

    use super::*;

    #[test]
    fn what_is_called_small_is_small() {
        for pattern in
            [r"\w", r"\w{3} +\d+", "a", "[a-z]{100}", r"(\S+) (?i:from){7}", r"(?:\pL|\d){2,}", r".{50}", "(?-u)[^a]{9}(b|)", "[^ä-€]{20}"]
        {
            let hir = syntax::parse_with(pattern, &syntax::Config::new().utf8(false)).unwrap();
            for reverse in [false, true] {
                let captures = if reverse { WhichCaptures::None } else { WhichCaptures::All };
                let config = Config::new().utf8(false).reverse(reverse).which_captures(captures);
                let built = NFA::compiler().configure(config).build_from_hir(&hir).unwrap().memory_usage();
                // There is a fixed part too.
                assert!(size(&hir) + 2048 >= 2 * built, "{pattern}: {built} of {}", size(&hir));
            }
        }
    }

    #[test]
    fn groups_have_names_and_cares() {
        let Ok(expression) = Expression::new(r#"(?<a>[^"]*)(?:(\d+)|(?<c>.))(?<d>[^\x00-\x1f"\\]+)"#, "", false) else { panic!() };
        assert_eq!(expression.names, [Some("a".to_owned()), None, Some("c".to_owned()), Some("d".to_owned())]);
        assert_eq!(expression.cares, [Care::NoQuotes, Care::None, Care::All, Care::None]);
    }
}
