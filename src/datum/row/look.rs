//! [`Cell`]: where a value stands in its text, and what it looks like there.

/// What a value looks like in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The key is not there.
    Absent,
    /// A string, as it stands.
    Text,
    /// A string, as it stands, which JSON writes without escapes.
    Plain,
    /// A string, as it stands, without commas, double quotes and line breaks: common CSV writes it without quotes.
    Bare,
    /// The inside of a JSON string with escapes.
    Escaped,
    /// A whole number that fits 64 bits, as JSON writes it.
    Whole,
    /// Another number, as JSON writes it.
    Number,
    /// A list or map in valid JSON.
    Raw,
    /// `true`, `false` and `null`.
    True,
    /// See [`Look::True`].
    False,
    /// See [`Look::True`].
    Null,
    /// The value is no text any more: it was set.
    Set,
}

impl Look {
    /// Whether the value waits in its text.
    #[inline]
    pub(super) fn stands_in_text(self) -> bool {
        matches!(self, Self::Text | Self::Plain | Self::Bare | Self::Escaped | Self::Whole | Self::Number | Self::Raw)
    }
}

/// Where a value stands, in bytes of the block.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// What it looks like.
    pub look: Look,
    /// Its first byte; for [`Look::Set`] its place among the set values.
    pub start: u32,
    /// The byte after its last one.
    pub end: u32,
}
