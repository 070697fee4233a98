//! Which of many rules a text can match at all, told by one walk over it however many they are.
//!
//! Nearly every rule has [words](super::words) one of which stands in each text that it matches. Of each word a window of up to
//! eight bytes is kept, and of each window all pieces of four bytes, by hash. A window of eight bytes holds five such pieces, so
//! that looking at each fifth place of the text finds it. Rules that share their windows with many others, or have no words, are
//! not sieved.

use std::collections::{HashMap, HashSet};

use super::words::{Word, fold};

/// A window is shared by so many rules at most.
const FEW: usize = 4;
/// Bytes of a window at most; shorter words are looked for at more places.
const WIDEST: usize = 8;
/// Bytes of a piece, and of a window at least.
const PIECE: usize = 4;
/// Hashes have so many bits.
const BITS: u32 = 14;

/// Numbers of rules.
#[derive(Clone, Debug, Default)]
pub(in crate::cogs::text) struct Set(Vec<u64>);

impl Set {
    pub(in crate::cogs::text) fn with_room(rules: usize) -> Self {
        Self(vec![0; rules.div_ceil(64)])
    }

    #[inline]
    pub(in crate::cogs::text) fn insert(&mut self, rule: usize) {
        self.0[rule / 64] |= 1 << (rule % 64);
    }

    #[inline]
    pub(in crate::cogs::text) fn copy(&mut self, other: &Self) {
        self.0.copy_from_slice(&other.0);
    }

    /// In order.
    #[inline]
    pub(in crate::cogs::text) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(place, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                let rule = (word != 0).then(|| place * 64 + word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(rule)
            })
        })
    }
}

/// See the module.
#[derive(Debug)]
pub(in crate::cogs::text) struct Sieve {
    /// Windows of the full width, and narrower ones.
    wide: Net,
    narrow: Net,
}

/// Windows of one width.
#[derive(Debug)]
struct Net {
    width: usize,
    /// The bits of a window as a number.
    mask: u64,
    /// One bit for each hash: whether a piece has it.
    known: Vec<u64>,
    /// Where the pieces of each known hash begin.
    heads: Vec<u32>,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    hash: u32,
    window: u64,
    /// Where in the window it stands.
    at: usize,
    rule: usize,
}

/// A window of a rule: its bytes as a number, and how many they are.
type Window = (u64, usize);

impl Sieve {
    /// The sieve for rules with these words (any of the lists holds one that must be there), and the rules that are not sieved.
    pub(in crate::cogs::text) fn new(rules: &[Vec<Vec<Word>>]) -> (Self, Vec<usize>) {
        // How many rules have a window, and a piece.
        let mut shares: HashMap<Window, usize> = HashMap::new();
        let mut parts: HashMap<u32, usize> = HashMap::new();
        for lists in rules {
            let own: HashSet<Window> = lists.iter().flatten().flat_map(windows).collect();
            let own_parts: HashSet<u32> = own.iter().flat_map(|window| pieces(*window)).collect();
            for window in own {
                *shares.entry(window).or_default() += 1;
            }
            for piece in own_parts {
                *parts.entry(piece).or_default() += 1;
            }
        }
        // Pieces that many windows have cost a look at each of these.
        let rarity = |window: &Window| (shares[window], pieces(*window).map(|piece| parts[&piece]).sum::<usize>());
        let mut kept: Vec<(Window, usize)> = Vec::new();
        let mut others = Vec::new();
        for (rule, lists) in rules.iter().enumerate() {
            // Of each word the rarest window, of each list the most common of these, of all lists the rarest.
            let rarest = |word: &Word| windows(word).min_by_key(rarity);
            let lists = lists.iter().filter_map(|list| {
                let all: Vec<Window> = list.iter().map(rarest).collect::<Option<_>>()?;
                let share = all.iter().map(|window| shares[window]).max()?;
                let width = all.iter().map(|window| window.1).min()?;
                (share <= FEW).then_some((WIDEST - width, share, all))
            });
            match lists.min_by_key(|(narrow, share, _)| (*narrow, *share)) {
                Some((_, _, all)) => kept.extend(all.into_iter().map(|window| (window, rule))),
                None => others.push(rule),
            }
        }
        let (wide, narrow): (Vec<_>, Vec<_>) = kept.into_iter().partition(|((_, width), _)| *width == WIDEST);
        let width = narrow.iter().map(|((_, width), _)| *width).min().unwrap_or(PIECE);
        (Self { wide: Net::new(WIDEST, &wide), narrow: Net::new(width, &narrow) }, others)
    }

    /// Adds the sieved rules that can match.
    #[inline]
    pub(in crate::cogs::text) fn sift(&self, text: &[u8], into: &mut Set) {
        self.wide.cast(text, into);
        self.narrow.cast(text, into);
    }
}

impl Net {
    fn new(width: usize, windows: &[(Window, usize)]) -> Self {
        let mask = u64::MAX >> (64 - 8 * width);
        let mut pieces: Vec<Piece> = Vec::new();
        for ((window, _), rule) in windows {
            let window = window & mask;
            let new = self::pieces((window, width)).enumerate();
            pieces.extend(new.map(|(at, piece)| Piece { hash: hash(piece), window, at, rule: *rule }));
        }
        pieces.sort_by_key(|piece| piece.hash);
        let mut known = vec![0u64; if pieces.is_empty() { 0 } else { 1 << (BITS - 6) }];
        let mut heads = Vec::new();
        for (place, piece) in pieces.iter().enumerate() {
            known[piece.hash as usize / 64] |= 1 << (piece.hash % 64);
            // Hashes in between are not known.
            heads.resize(heads.len().max(piece.hash as usize + 1), place as u32);
        }
        Self { width, mask, known, heads, pieces }
    }

    #[inline]
    fn cast(&self, text: &[u8], into: &mut Set) {
        if self.pieces.is_empty() {
            return;
        }
        let stride = self.width - PIECE + 1;
        let mut at = 0;
        while let Some(four) = text.get(at..).and_then(<[u8]>::first_chunk::<PIECE>) {
            let hash = hash(u32::from_le_bytes(*four) | fold(0) as u32);
            if self.known[hash as usize / 64] >> (hash % 64) & 1 == 1 {
                self.check(text, at, hash, into);
            }
            at += stride;
        }
    }

    /// A piece of that hash stands there.
    fn check(&self, text: &[u8], at: usize, hash: u32, into: &mut Set) {
        for piece in &self.pieces[self.heads[hash as usize] as usize..] {
            if piece.hash != hash {
                break;
            }
            let Some(rest) = at.checked_sub(piece.at).and_then(|start| text.get(start..)) else { continue };
            let window = match rest.first_chunk::<WIDEST>() {
                Some(eight) => fold(u64::from_le_bytes(*eight)) & self.mask,
                None if rest.len() >= self.width => number(rest) & self.mask,
                None => continue,
            };
            if window == piece.window {
                into.insert(piece.rule);
            }
        }
    }
}

/// Eight bytes at most as a number, in one case.
#[inline]
fn number(bytes: &[u8]) -> u64 {
    let mut eight = [0; 8];
    eight[..bytes.len()].copy_from_slice(bytes);
    fold(u64::from_le_bytes(eight))
}

/// The pieces of a window, in order.
fn pieces((window, width): Window) -> impl Iterator<Item = u32> {
    (0..=width - PIECE).map(move |at| (window >> (8 * at)) as u32)
}

/// All windows of a word; a word shorter than the widest is its own.
fn windows(word: &Word) -> impl Iterator<Item = Window> {
    let width = word.len().min(WIDEST);
    word.windows(width.max(PIECE)).map(move |window| (number(window), width))
}

#[inline]
fn hash(piece: u32) -> u32 {
    piece.wrapping_mul(0x9E37_79B1) >> (32 - BITS)
}
