//! The bytes that a sink keeps, in pieces that are never moved: a gibibyte that waits takes a gibibyte, and not two.

use std::collections::VecDeque;

/// A piece takes no further line when this much is in it, so that each begins and ends with one.
pub(super) const PIECE: usize = 256 * 1024;
/// So many pieces are not given back to the system: new memory costs more than that which was used before.
const SPARE: usize = 16;

/// Bytes whose places are counted from the first one ever put in.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    kept: VecDeque<Vec<u8>>,
    /// The place of the first byte that is kept.
    start: u64,
    /// The place where the last piece begins.
    last: u64,
    /// Memory of pieces that are not needed any more, for the next ones: one while all is written at once, more while much is kept.
    spare: Vec<Vec<u8>>,
}

impl Pieces {
    /// The place of the first byte that is kept.
    pub(super) const fn start(&self) -> u64 {
        self.start
    }

    /// The place behind the last byte.
    pub(super) fn end(&self) -> u64 {
        self.last + self.kept.back().map_or(0, Vec::len) as u64
    }

    /// Where the next line goes, and the place of the first byte there.
    #[inline]
    pub(super) fn room(&mut self) -> (&mut Vec<u8>, u64) {
        if self.kept.back().is_none_or(|piece| piece.len() >= PIECE) {
            self.last = self.end();
            // Where one is not enough others will be filled too.
            let needed = if self.kept.is_empty() { 0 } else { PIECE + PIECE / 4 };
            self.kept.push_back(self.spare.pop().unwrap_or_else(|| Vec::with_capacity(needed)));
        }
        let last = self.kept.len() - 1;
        (&mut self.kept[last], self.last)
    }

    /// The bytes from that place, which must be kept, to the end of their piece.
    pub(super) fn at(&self, place: u64) -> &[u8] {
        let mut begin = self.start;
        for piece in &self.kept {
            let end = begin + piece.len() as u64;
            if place < end {
                return &piece[(place - begin) as usize..];
            }
            begin = end;
        }
        &[]
    }

    /// Lets go of what stands before that place, as far as it fills pieces.
    pub(super) fn forget(&mut self, before: u64) {
        while self.kept.len() > 1
            && let Some(first) = self.kept.front()
            && self.start + first.len() as u64 <= before
        {
            self.start += first.len() as u64;
            self.keep_spare();
        }
        if before == self.end() && self.start < before {
            (self.start, self.last) = (before, before);
            self.keep_spare();
            self.spare.truncate(1);
        }
    }

    fn keep_spare(&mut self) {
        let Some(mut piece) = self.kept.pop_front() else { return };
        piece.clear();
        // A burst or a giant line leaves a large one behind.
        piece.shrink_to(2 * PIECE);
        if self.spare.len() < SPARE {
            self.spare.push(piece);
        }
    }

    /// Lets go of all.
    pub(super) fn clear(&mut self) {
        let end = self.end();
        *self = Self { start: end, last: end, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stay_while_pieces_come_and_go() {
        let mut pieces = Pieces::default();
        let mut ends = Vec::new();
        for n in 0..40_u8 {
            let (piece, base) = pieces.room();
            piece.extend(std::iter::repeat_n(n, 30_000));
            ends.push(base + piece.len() as u64);
        }
        assert_eq!((pieces.end(), pieces.kept.len()), (1_200_000, 5));
        for (n, end) in ends.iter().enumerate() {
            assert_eq!((pieces.at(end - 30_000)[0], *end), (n as u8, (n as u64 + 1) * 30_000));
        }
        pieces.forget(269_999);
        assert_eq!(pieces.start(), 0, "a piece is let go of as a whole");
        pieces.forget(500_000);
        assert_eq!((pieces.start(), pieces.at(500_000)[0]), (270_000, 16));
        pieces.forget(1_200_000);
        assert_eq!((pieces.start(), pieces.end(), pieces.at(1_200_000)), (1_200_000, 1_200_000, &[][..]));
        pieces.room().0.push(1);
        assert_eq!(pieces.end(), 1_200_001);
        pieces.clear();
        assert_eq!((pieces.start(), pieces.end()), (1_200_001, 1_200_001));
    }
}
