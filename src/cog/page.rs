//! What a page on a cog says besides its options: what goes in, what comes out, what fails, what stands near it.

use super::spec::{CogSpec, Kind};

/// What a cog says of its data in its own words; where a text is empty, the words of its [kind](Kind) stand.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// What goes in.
    pub takes: &'static str,
    /// What comes out.
    pub gives: &'static str,
    /// What fails in it.
    pub fails: &'static str,
    /// Calls that show how it is made, for cogs whose doings show outside only.
    pub uses: &'static [&'static str],
}

impl Page {
    /// All as its kind says.
    pub const OF_KIND: Self = Self { takes: "", gives: "", fails: "", uses: &[] };
}

impl CogSpec {
    /// Each with its heading: what it takes, what it gives, what fails in it.
    pub fn shape(&self) -> [(&'static str, &'static str); 3] {
        let Page { takes, gives, fails, .. } = self.page;
        [("takes", takes, self.kind.takes()), ("gives", gives, self.kind.gives()), ("fails", fails, self.kind.fails())]
            .map(|(heading, own, of_kind)| (heading, if own.is_empty() { of_kind } else { own }))
    }

    /// Those of `all` that a reader of its page may want: the other end of the same form, others of its family, others of its kind.
    pub fn near(&self, all: &[&CogSpec]) -> Vec<String> {
        let stem = |name: &'static str| name.rsplit_once('_').map_or(name, |(stem, _)| stem);
        let others = || all.iter().copied().filter(|other| other.path() != self.path());
        let same = others().filter(|other| stem(other.name) == stem(self.name));
        let family = others().filter(|other| other.family == self.family && other.kind == self.kind);
        let kind = others().filter(|other| other.kind == self.kind);
        let mut near: Vec<String> = Vec::new();
        for other in same.chain(family).chain(kind).chain(others().filter(|other| other.family == self.family)) {
            if near.len() < MOST && !near.contains(&other.path()) {
                near.push(other.path());
            }
        }
        near
    }
}

/// Cogs named at most.
const MOST: usize = 6;

impl Kind {
    const fn takes(self) -> &'static str {
        match self {
            Self::Supply => "nothing: it begins events, and nothing stands before it",
            Self::Parse => "text: a string, or a blob that is text in UTF-8",
            Self::Convert | Self::Enrich => "any datum that has what its getters ask for",
            Self::Filter | Self::Window | Self::Marshal => "any datum",
            Self::Drain => "a string or a blob; marshal anything else first, as with text::json_marshall",
        }
    }

    const fn gives(self) -> &'static str {
        match self {
            Self::Supply => "a new datum for each thing that it finds",
            Self::Parse => "what the text says, in place of it",
            Self::Convert => "the same datum, changed",
            Self::Enrich => "the same datum with what was found beside what was there",
            Self::Filter => "the same datum, unchanged, or none; what it swallows ends well",
            Self::Window => "data when their window is over; what they are made of ends well when they do",
            Self::Marshal => "text: a string",
            Self::Drain => "the same datum, for what stands behind it, if anything does",
        }
    }

    const fn fails(self) -> &'static str {
        match self {
            Self::Supply => "what cannot be read is told in the log; what was read and cannot be a datum goes where on_error says",
            Self::Parse => "what is no text, or not such a text",
            Self::Convert | Self::Enrich | Self::Filter => "a datum without what is asked for, or with something else there",
            Self::Window => "a datum without a key, a time or a piece that is asked for",
            Self::Marshal => "a datum that cannot be written in that form",
            Self::Drain => "a datum that is no text, or that can never be written",
        }
    }
}
