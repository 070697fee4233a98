//! The guard against crash loops: after a crash, lines are sent one by one for a while, each noted before it goes.
//!
//! What is noted outlives the process. When it dies with the same line on its way again and again, that line fails with the
//! reason `crash` instead of being sent.

use super::stream::Id;
use crate::state::Keeper;

/// After a crash so many lines are sent one by one: more than can have been on their way.
const CAREFUL: usize = 4096;
/// So many deaths in a row are laid to a line's charge.
const DEATHS: u32 = 3;

/// A line, by its file and its end.
type Suspect = (Id, u64);

/// Who is to blame.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// So many more lines are sent one by one.
    left: usize,
    /// Nothing was noted before the last death: the first line is suspected.
    first: bool,
    noted: Option<(Suspect, u32)>,
    /// Lines that were sent and are not settled yet.
    flying: usize,
    /// A line that is on its way is noted.
    marked: bool,
}

impl Guard {
    /// After a crash: with what was noted.
    pub(super) fn after_crash(noted: &str) -> Self {
        let mut numbers = noted.split(' ').map(|word| word.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        let noted = (|| Some((((next()?, next()?), next()?), u32::try_from(next()?).ok()?)))();
        Self { left: CAREFUL, first: noted.is_none(), noted, flying: 0, marked: false }
    }

    /// Whether lines must be sent one by one.
    pub(super) fn is_careful(&self) -> bool {
        self.left > 0
    }

    /// A line is about to be sent. Gives how often the process died of it, when it must not be.
    pub(super) fn blames(&mut self, keeper: &Keeper, file: Id, end: u64) -> Option<u32> {
        self.left -= 1;
        let suspect = (file, end);
        let deaths = match self.noted {
            Some((noted, deaths)) if noted == suspect => deaths,
            _ => u32::from(std::mem::take(&mut self.first)),
        };
        self.first = false;
        let guilty = deaths >= DEATHS;
        self.flying += 1;
        self.marked = !guilty;
        if guilty {
            keeper.mark("");
        } else {
            keeper.mark(&format!("{} {} {end} {}", file.0, file.1, deaths + 1));
        }
        guilty.then_some(deaths)
    }

    /// So many lines are settled: when none is on its way, none is to blame.
    pub(super) fn settled(&mut self, keeper: &Keeper, count: usize) {
        self.flying = self.flying.saturating_sub(count);
        if self.flying == 0 {
            self.survived(keeper);
        }
    }

    /// The loop has come round again: the line that was sent has gone all its way, or is kept by some cog. It is not to blame for
    /// what happens from here on.
    pub(super) fn survived(&mut self, keeper: &Keeper) {
        if std::mem::take(&mut self.marked) {
            keeper.mark("");
        }
    }
}
