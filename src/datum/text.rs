//! Text that may be a span of a block shared by a whole read.
//!
//! A supply reads a block, checks its encoding once and shares it; lines, fields and raw JSON are spans of it. What is kept
//! for long should be [detached](Text::detach), lest a short span keep a large block alive.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::rc::Rc;

/// A block of text shared by its spans.
pub type Block = Rc<String>;

/// Immutable text; cloning counts a reference.
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    Static(&'static str),
    Own(Rc<str>),
    /// So few letters that they need no place of their own.
    Short {
        len: u8,
        bytes: [u8; SHORT],
    },
    Span {
        block: Block,
        start: u32,
        end: u32,
    },
}

/// What fits beside the tag, as long as any other kind.
const SHORT: usize = 22;

impl Text {
    /// A copy of the text; a short one takes no memory besides, but costs a little whenever it is looked at.
    #[inline]
    pub fn brief(text: &str) -> Self {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text.as_bytes());
                Self(Repr::Short { len: text.len() as u8, bytes })
            }
            None => Self(Repr::Own(text.into())),
        }
    }

    /// Text that lives in the program itself.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Repr::Static(text))
    }

    /// The part of `block` at `range`, in bytes; its ends must stand between letters.
    #[allow(clippy::inline_always, reason = "every line is one")]
    #[inline(always)]
    pub fn span(block: &Block, range: Range<usize>) -> Self {
        debug_assert!(block.is_char_boundary(range.start) && block.is_char_boundary(range.end) && range.start <= range.end);
        if range.start <= range.end && u32::try_from(range.end).is_ok() {
            Self(Repr::Span { block: Rc::clone(block), start: range.start as u32, end: range.end as u32 })
        } else {
            Self::far(block, range)
        }
    }

    #[cold]
    fn far(block: &Block, range: Range<usize>) -> Self {
        Self(Repr::Own(block[range].into()))
    }

    /// The part of this text at `range` (bytes, between letters); shares the block where there is one.
    #[allow(clippy::inline_always, reason = "every field is one; through memory it would be copied three times, each time in other pieces")]
    #[inline(always)]
    pub fn slice(&self, range: Range<usize>) -> Self {
        match &self.0 {
            Repr::Static(text) => Self(Repr::Static(&text[range])),
            Repr::Own(text) => Self(Repr::Own(text[range].into())),
            Repr::Short { .. } => Self::brief(&self.as_str()[range]),
            Repr::Span { block, start, end } => {
                // What is within a span fits as the span did.
                let (from, to) = (*start + range.start as u32, *start + range.end as u32);
                assert!(range.start <= range.end && range.end <= (*end - *start) as usize, "a slice beyond its text");
                debug_assert!(block.is_char_boundary(from as usize) && block.is_char_boundary(to as usize));
                Self(Repr::Span { block: Rc::clone(block), start: from, end: to })
            }
        }
    }

    /// The text as a span of a block: itself when it is one, else a copy. For who cuts many pieces out of it.
    pub fn into_span(self) -> Self {
        match self.0 {
            Repr::Own(_) | Repr::Short { .. } => {
                let block = Rc::new(String::from(self.as_str()));
                let end = block.len();
                Self::span(&block, 0..end)
            }
            _ => self,
        }
    }

    /// The block that it is a span of, and where it stands there, in bytes; none for text of its own.
    #[inline]
    pub fn place(&self) -> Option<(&Block, Range<usize>)> {
        match &self.0 {
            Repr::Span { block, start, end } => Some((block, *start as usize..*end as usize)),
            _ => None,
        }
    }

    /// The text without the block it was cut from.
    pub fn detach(&self) -> Self {
        match &self.0 {
            Repr::Span { .. } => Self(Repr::Own(self.as_str().into())),
            _ => self.clone(),
        }
    }

    /// How many bytes it has.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Static(text) => text.len(),
            Repr::Own(text) => text.len(),
            Repr::Short { len, .. } => usize::from(*len),
            Repr::Span { start, end, .. } => (*end - *start) as usize,
        }
    }

    /// Whether it has no letter.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The letters.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Static(text) => text,
            Repr::Own(text) => text,
            Repr::Short { len, bytes } => short(*len, bytes),
            Repr::Span { block, start, end } => &block[*start as usize..*end as usize],
        }
    }
}

/// The letters of a short text, a call away: others are looked at more often.
#[inline(never)]
fn short(len: u8, bytes: &[u8; SHORT]) -> &str {
    std::str::from_utf8(&bytes[..usize::from(len)]).unwrap_or_default()
}

impl Deref for Text {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::fixed("")
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Repr::Own(text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Repr::Own(text.into()))
    }
}

impl From<Rc<str>> for Text {
    fn from(text: Rc<str>) -> Self {
        Self(Repr::Own(text))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brief_texts_are_as_others() {
        for text in ["", "a", "ača", "web52:bob239", "0123456789012345678901", "01234567890123456789012", "012345678901234567890é"] {
            let brief = Text::brief(text);
            assert_eq!((brief.as_str(), &brief.detach(), &brief.clone().into_span()), (text, &Text::from(text), &Text::from(text)));
            assert!(brief.place().is_none() && brief.len() == text.len() && brief.is_empty() == text.is_empty());
            assert_eq!(brief.slice(0..text.len().min(1)), text[..text.len().min(1)]);
        }
        assert_eq!((size_of::<Text>(), size_of::<super::super::Datum>()), (24, 32));
    }

    #[test]
    fn spans_share_and_slices_of_spans_share_too() {
        let block: Block = Rc::new("one,två,three".into());
        let line = Text::span(&block, 4..14.min(block.len()));
        assert_eq!(line.slice(0..4), "två");
        assert_eq!(Rc::strong_count(&block), 2);
        let kept = line.slice(0..4).detach();
        drop(line);
        assert_eq!((Rc::strong_count(&block), kept.as_str()), (1, "två"));
    }
}
