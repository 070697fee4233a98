//! Which expressions are plain, and their steps.
//!
//! An engine follows all ways through an expression at once and takes the one that comes first in the order of preference. A
//! scan follows one way. It finds the same when at each fork (one letter more of a run or what stands behind it, this branch or
//! that, a part that may be left out) one of two things holds:
//!
//! - no letter can begin both ways, and if both can end the match, or the text must end there, only one can at that place: the
//!   next letter leaves but one way, so the order of preference does not matter;
//! - the match may end at the fork, the fork prefers to go on, and going on is one letter only, after which the match may end
//!   again: the way that is preferred cannot fail, and no other is asked for.
//!
//! `^` may stand only at the beginning and `$` at the end, other assertions nowhere. Without `^` an expression must begin with
//! a literal, so that there is something to look for. Counts are counts of bytes: where they are not of letters too, because
//! a counted set holds letters beyond ASCII, such a letter is the engine's.

use memchr::memmem;
use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

use super::letters::Letters;
use super::{Literal, NOWHERE, Scan, Step};

/// Steps of one scan at most; counted parts are written out.
const LONGEST: usize = 256;

/// How a text can go on.
#[derive(Clone, Copy)]
struct Ahead {
    letters: Letters,
    /// The text can end.
    end: bool,
    /// The match can end, whatever follows in the text.
    done: bool,
}

impl Ahead {
    const fn of(letters: Letters) -> Self {
        Self { letters, end: false, done: false }
    }

    fn or(self, other: Self) -> Self {
        Self { letters: self.letters.or(other.letters), end: self.end || other.end, done: self.done || other.done }
    }

    /// Whether what is ahead here cannot be ahead there.
    fn excludes(self, other: Self) -> bool {
        self.letters.excludes(other.letters) && !(self.end && other.end || self.done || other.done)
    }
}

/// The steps of an expression, if it is plain; with `anchored` matches begin only where the text begins.
pub(in crate::cogs::text::lexicon) fn plan(hir: &Hir, anchored: bool) -> Option<Scan> {
    let mut parts = match hir.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(hir),
    };
    let mut is_first = anchored;
    if let [first, rest @ ..] = parts
        && matches!(first.kind(), HirKind::Look(Look::Start))
    {
        (is_first, parts) = (true, rest);
    }
    let mut behind = Ahead { letters: Letters::NONE, end: false, done: true };
    let mut is_last = false;
    if let [rest @ .., last] = parts
        && matches!(last.kind(), HirKind::Look(Look::End))
    {
        behind = Ahead { letters: Letters::NONE, end: true, done: false };
        (is_last, parts) = (true, rest);
    }
    let mut plan = Plan::default();
    plan.parts(parts, behind)?;
    if is_last {
        plan.step(Step::End)?;
    }
    let lead = if is_first {
        None
    } else {
        match plan.steps.iter().find(|step| !matches!(step, Step::Mark(_)))? {
            Step::Byte(byte) => Some(memmem::Finder::new(&[*byte]).into_owned()),
            Step::Literal(literal) => Some(memmem::Finder::new(&literal.bytes).into_owned()),
            _ => return None,
        }
    };
    let forks = plan.steps.iter().any(|step| matches!(step, Step::Fork { .. }));
    Some(Scan { tables: plan.letters.iter().map(|letters| letters.table()).collect(), steps: plan.steps, lead, forks })
}

#[derive(Default)]
struct Plan {
    steps: Vec<Step>,
    /// Of the tables, in order.
    letters: Vec<Letters>,
}

impl Plan {
    fn step(&mut self, step: Step) -> Option<()> {
        self.steps.push(step);
        (self.steps.len() <= LONGEST).then_some(())
    }

    fn table(&mut self, letters: Letters) -> u16 {
        let place = self.letters.iter().position(|known| *known == letters).unwrap_or_else(|| {
            self.letters.push(letters);
            self.letters.len() - 1
        });
        place as u16
    }

    fn parts(&mut self, parts: &[Hir], behind: Ahead) -> Option<()> {
        let mut aheads = vec![behind];
        for part in parts.iter().skip(1).rev() {
            aheads.push(ahead(part, aheads[aheads.len() - 1])?);
        }
        parts.iter().zip(aheads.iter().rev()).try_for_each(|(part, behind)| self.part(part, *behind))
    }

    /// Adds the steps of a part, given what can follow it.
    fn part(&mut self, hir: &Hir, behind: Ahead) -> Option<()> {
        match hir.kind() {
            HirKind::Empty => Some(()),
            HirKind::Literal(literal) => match &*literal.0 {
                [byte] if byte.is_ascii() => self.step(Step::Byte(*byte)),
                bytes => std::str::from_utf8(bytes).ok().and_then(|_| self.step(Step::Literal(Literal::new(bytes)))),
            },
            HirKind::Class(class) => self.run(Letters::of(class), 1, Some(1)),
            HirKind::Look(_) => None,
            HirKind::Capture(capture) => {
                let slot = u16::try_from(capture.index).ok()?.checked_mul(2)?;
                let first = self.steps.len();
                self.step(Step::Mark(slot))?;
                self.part(&capture.sub, behind)?;
                // A group that is a run keeps the places itself.
                if let [Step::Run { open, close, .. } | Step::Until { open, close, .. }] = &mut self.steps[first + 1..]
                    && (*open, *close) == (NOWHERE, NOWHERE)
                {
                    (*open, *close) = (slot, slot + 1);
                    self.steps.remove(first);
                    return Some(());
                }
                self.step(Step::Mark(slot + 1))
            }
            HirKind::Concat(parts) => self.parts(parts, behind),
            HirKind::Repetition(repetition) => self.repetition(repetition, behind),
            HirKind::Alternation(branches) => self.branches(branches, behind),
        }
    }

    fn run(&mut self, letters: Letters, least: u32, most: Option<u32>) -> Option<()> {
        let letters = if least <= 1 && most.is_none() { letters } else { letters.asking() };
        let (open, close) = (NOWHERE, NOWHERE);
        let step = match letters.only_stop() {
            Some(byte) => Step::Until { byte, least, open, close },
            None => Step::Run { table: self.table(letters), least, most: most.unwrap_or(u32::MAX), open, close },
        };
        self.step(step)
    }

    fn repetition(&mut self, repetition: &Repetition, behind: Ahead) -> Option<()> {
        let Repetition { min, max, greedy, sub } = repetition;
        let once = ahead(sub, behind)?;
        if sub.properties().minimum_len().is_none_or(|least| least == 0) {
            return None;
        }
        let cannot_fail = *greedy && behind.done && is_letter(sub);
        if *max != Some(*min) && !cannot_fail && !once.excludes(behind) {
            return None;
        }
        if let Some(letters) = single(sub) {
            return self.run(letters, *min, *max);
        }
        let again = once.or(behind);
        for n in 0..*min {
            self.part(
                sub,
                if n + 1 < *min {
                    once
                } else if *max == Some(*min) {
                    behind
                } else {
                    again
                },
            )?;
        }
        let table = self.table(once.letters);
        let Some(max) = *max else {
            let head = self.steps.len();
            self.step(Step::Fork { table, end: false, other: 0 })?;
            self.part(sub, again)?;
            self.step(Step::Jump(head as u16))?;
            self.land(head);
            return Some(());
        };
        let mut forks = Vec::new();
        for n in *min..max {
            forks.push(self.steps.len());
            self.step(Step::Fork { table, end: false, other: 0 })?;
            self.part(sub, if n + 1 < max { again } else { behind })?;
        }
        for fork in forks {
            self.land(fork);
        }
        Some(())
    }

    fn branches(&mut self, branches: &[Hir], behind: Ahead) -> Option<()> {
        let aheads: Vec<Ahead> = branches.iter().map(|branch| ahead(branch, behind)).collect::<Option<_>>()?;
        let mut outs = Vec::new();
        for (n, branch) in branches.iter().enumerate() {
            let later = &aheads[n + 1..];
            if !later.iter().all(|other| aheads[n].excludes(*other)) {
                return None;
            }
            if later.is_empty() {
                self.part(branch, behind)?;
                continue;
            }
            let fork = self.steps.len();
            let table = self.table(aheads[n].letters);
            self.step(Step::Fork { table, end: aheads[n].end, other: 0 })?;
            self.part(branch, behind)?;
            outs.push(self.steps.len());
            self.step(Step::Jump(0))?;
            self.land(fork);
        }
        for out in outs {
            self.land(out);
        }
        Some(())
    }

    /// The step at `from` leads to what comes next.
    fn land(&mut self, from: usize) {
        let here = self.steps.len() as u16;
        if let Step::Fork { other: to, .. } | Step::Jump(to) = &mut self.steps[from] {
            *to = here;
        }
    }
}

/// What can be ahead of a part, given what can follow it; none when it holds what no scan can do.
fn ahead(hir: &Hir, behind: Ahead) -> Option<Ahead> {
    match hir.kind() {
        HirKind::Empty => Some(behind),
        HirKind::Literal(literal) => Some(Ahead::of(Letters::first(*literal.0.first()?))),
        HirKind::Class(class) => Some(Ahead::of(Letters::of(class))),
        HirKind::Look(_) => None,
        HirKind::Capture(capture) => ahead(&capture.sub, behind),
        HirKind::Concat(parts) => parts.iter().rev().try_fold(behind, |behind, part| ahead(part, behind)),
        HirKind::Repetition(repetition) => {
            let once = ahead(&repetition.sub, behind)?;
            Some(if repetition.min == 0 { once.or(behind) } else { once })
        }
        HirKind::Alternation(branches) => {
            let none = Ahead::of(Letters::NONE);
            branches.iter().try_fold(none, |sum, branch| Some(sum.or(ahead(branch, behind)?)))
        }
    }
}

/// The set, for a part that is one letter and no group.
fn single(hir: &Hir) -> Option<Letters> {
    match hir.kind() {
        HirKind::Class(class) => Some(Letters::of(class)),
        HirKind::Literal(literal) => match *literal.0 {
            [byte] if byte.is_ascii() => Some(Letters::first(byte)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the part is one letter, which its first byte decides.
fn is_letter(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Capture(capture) => is_letter(&capture.sub),
        _ => single(hir).is_some(),
    }
}
