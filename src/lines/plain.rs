//! The hot road: lines with which nothing is special.

use memchr::memchr;

use super::{Body, Options, Ready};
use crate::datum::{Datum, Lanes, SPAN, Text, last_marks, marks};

/// Gives out lines as far as nothing is special with them. Gives what is left of `limit`.
#[inline]
pub(super) fn give(ready: &mut Ready, options: &Options, mut limit: usize, mut each: impl FnMut(Datum, u64)) -> usize {
    let (Body::Text(block), [separator]) = (&ready.body, options.separator.as_slice()) else { return limit };
    let bytes = block.as_bytes();
    let (wanted, strips, max) = (Lanes::all(*separator), options.strip_cr, options.max);
    let tell = |lanes: Lanes| [lanes.equal(wanted)];
    // Of the separators, those from `base` on, before `known`, that are not used up.
    let (mut start, mut base, mut known, mut ends) = (ready.pos, ready.pos, ready.pos, 0);
    while limit > 0 {
        if ends == 0 {
            let rest = &bytes[known..];
            [ends] = match rest.first_chunk() {
                Some(span) => marks(span, tell),
                None if rest.is_empty() => break,
                None => last_marks(rest, tell).map(|ends| ends & (u64::MAX >> (SPAN - rest.len()))),
            };
            (base, known) = (known, known + rest.len().min(SPAN));
            if ends == 0 {
                // A longer line; those are looked through in larger steps.
                let Some(more) = memchr(*separator, &bytes[known..]) else { break };
                (base, known, ends) = (known + more, known + more + 1, 1);
            }
        }
        let end = base + ends.trailing_zeros() as usize;
        ends &= ends - 1;
        let stripped = if strips && end > start && bytes[end - 1] == b'\r' { end - 1 } else { end };
        if stripped - start > max {
            break;
        }
        limit -= 1;
        each(Datum::Str(Text::span(block, start..stripped)), ready.base + end as u64 + 1);
        start = end + 1;
    }
    ready.pos = start;
    limit
}
