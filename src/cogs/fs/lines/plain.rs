//! The hot road: lines with which nothing is special.

use super::{Body, Line, Options, Ready};
use crate::datum::{Datum, Text};

/// Gives out lines as far as nothing is special with them: the hot road. Gives what is left of `limit`.
#[inline]
pub(super) fn give(ready: &mut Ready, options: &Options, mut limit: usize, each: &mut impl FnMut(Line)) -> usize {
    let (Body::Text(block), [separator]) = (&ready.body, options.separator.as_slice()) else { return limit };
    let bytes = &block.as_bytes()[ready.pos..];
    let mut start = ready.pos;
    for end in memchr::memchr_iter(*separator, bytes).map(|end| ready.pos + end) {
        let stripped = if options.strip_cr && end > start && block.as_bytes()[end - 1] == b'\r' { end - 1 } else { end };
        if limit == 0 || stripped - start > options.max {
            break;
        }
        limit -= 1;
        each(Line { what: Ok(Datum::Str(Text::span(block, start..stripped))), end: ready.base + end as u64 + 1 });
        start = end + 1;
    }
    ready.pos = start;
    limit
}
