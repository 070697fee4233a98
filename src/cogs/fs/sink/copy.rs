//! Copies the texts of a batch, neighbours in one block together.

use std::ops::Range;
use std::rc::Rc;

use crate::datum::{Block, Text};

/// Appends the texts to `buffer`, each with `end` behind it, and tells `ended` how long it is after each. Those that stand so in
/// their block already are copied together.
#[inline]
pub(super) fn copy<'a>(mut texts: impl Iterator<Item = &'a Text>, end: &[u8], buffer: &mut Vec<u8>, mut ended: impl FnMut(usize)) {
    if let (.., Some(1)) = texts.size_hint()
        && let Some(alone) = texts.next()
    {
        buffer.extend_from_slice(alone.as_bytes());
        buffer.extend_from_slice(end);
        return ended(buffer.len());
    }
    let single = if let [end] = end { Some(*end) } else { None };
    // What is still to be copied: neighbours in one block, without what ends the last of them.
    let mut run: Option<(&Block, Range<usize>)> = None;
    let mut length = buffer.len();
    for text in texts {
        let place = text.place();
        length += end.len();
        if let (Some((block, line)), Some((of, lines))) = (&place, &mut run)
            && Rc::ptr_eq(block, of)
            && line.start == lines.end + 1
            && single.is_some_and(|end| block.as_bytes().get(lines.end) == Some(&end))
        {
            length += line.end - line.start;
            lines.end = line.end;
        } else {
            length += text.len();
            if let Some((of, lines)) = run.take() {
                buffer.extend_from_slice(&of.as_bytes()[lines]);
                buffer.extend_from_slice(end);
            }
            run = place;
            if run.is_none() {
                buffer.extend_from_slice(text.as_bytes());
                buffer.extend_from_slice(end);
            }
        }
        ended(length);
    }
    if let Some((of, lines)) = run {
        buffer.extend_from_slice(&of.as_bytes()[lines]);
        buffer.extend_from_slice(end);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        /// Wherever the texts stand, and whatever stands between them.
        #[test]
        fn each_text_is_followed_by_what_ends_lines(
            blocks in prop::collection::vec("[ab\n\r]{0,20}", 1..3),
            places in prop::collection::vec((0..3_usize, 0..20_usize, 0..6_usize), 0..12),
            end in prop::sample::select(vec!["\n", "a", "\r\n", ""]),
        ) {
            let blocks: Vec<Block> = blocks.into_iter().map(Rc::new).collect();
            let mut last = (0, 0);
            let mut texts = Vec::new();
            for (which, from, length) in places {
                let Some(block) = blocks.get(which) else {
                    texts.push(Text::from("own"));
                    continue;
                };
                // Each other one stands right behind the one before.
                let from = if from % 2 == 0 && last.0 == which { last.1 + 1 } else { from }.min(block.len());
                let to = (from + length).min(block.len());
                last = (which, to);
                texts.push(Text::span(block, from..to));
            }
            let (mut wanted, mut wanted_ends) = (b"before".to_vec(), Vec::new());
            for text in &texts {
                wanted.extend_from_slice(format!("{text}{end}").as_bytes());
                wanted_ends.push(wanted.len());
            }
            let (mut buffer, mut ends) = (b"before".to_vec(), Vec::new());
            copy(texts.iter(), end.as_bytes(), &mut buffer, |end| ends.push(end));
            prop_assert_eq!(buffer, wanted);
            prop_assert_eq!(ends, wanted_ends);
        }
    }
}
