//! Origins that have been settled, until their supplies are told: runs of neighbours, so that a million of them take no room.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use super::OriginBlock;

/// Bits of a place that tell where in its source it is; those above tell the source, for supplies that have several.
pub const OFFSET: u32 = 44;

/// Origins none of whose parts is on its way any more: neighbours from one source that ended alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The supply that made them, as its number in the train.
    pub supply: u32,
    /// The number of the first within the supply; they count from 0 without gaps.
    pub number: u64,
    /// How many they are.
    pub count: u64,
    /// The place that the supply gave with the last of them.
    pub place: u64,
    /// Whether a part of each of them failed.
    pub failed: bool,
}

impl Settled {
    /// The numbers of all of them.
    pub fn numbers(&self) -> Range<u64> {
        self.number..self.number + self.count
    }
}

/// Origins told of in one go.
const AT_ONCE: u32 = 4096;

/// Settled origins in the order of their settling.
#[derive(Debug, Default)]
pub(super) struct Settling(VecDeque<Run>);

/// Neighbours that ended alike.
#[derive(Debug)]
struct Run {
    block: Rc<OriginBlock>,
    next: u32,
    end: u32,
    failed: bool,
}

impl Settling {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(super) fn push(&mut self, block: &Rc<OriginBlock>, index: u32, failed: bool) {
        self.push_run(block, index..index + 1, failed);
    }

    /// All of these neighbours have ended alike.
    #[inline]
    pub(super) fn push_run(&mut self, block: &Rc<OriginBlock>, all: Range<u32>, failed: bool) {
        match self.0.back_mut() {
            Some(run) if run.end == all.start && run.failed == failed && Rc::ptr_eq(&run.block, block) => run.end = all.end,
            _ => self.0.push_back(Run { block: Rc::clone(block), next: all.start, end: all.end, failed }),
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn take(&mut self, into: &mut Vec<Settled>) {
        let mut room = AT_ONCE;
        while room > 0
            && let Some(run) = self.0.front_mut()
        {
            let end = run.end.min(run.next.saturating_add(room));
            let parts = run.block.parts.borrow();
            let all = &parts[run.next as usize..end as usize];
            let Some(source) = all.first().map(|part| part.place >> OFFSET) else { break };
            let count = all.iter().take_while(|part| part.place >> OFFSET == source).count();
            into.push(Settled {
                supply: run.block.supply,
                number: run.block.first + u64::from(run.next),
                count: count as u64,
                place: all[count - 1].place,
                failed: run.failed,
            });
            drop(parts);
            room -= count as u32;
            run.next += count as u32;
            if run.next == run.end {
                self.0.pop_front();
            }
        }
    }
}
