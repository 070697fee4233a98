//! A train that somebody holds: turned for its overseer alone before it runs, and after its end.

use std::time::Duration;

use super::Train;
use crate::error::Result;
use crate::log;

/// Something must be bound, or the loop would end.
const HOUR: Duration = Duration::from_hours(1);

/// How far a train has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// It runs, or is about to: nobody holds it.
    #[default]
    Runs,
    /// Somebody looks at it before it runs.
    Held,
    /// Somebody looks at what is left of it.
    Over,
}

/// What is wanted of a train that is held.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Holding {
    pub(super) stage: Stage,
    pub(super) keyboard: bool,
    belongs: bool,
    begins: bool,
    leaves: bool,
}

impl Train {
    /// Turns the loop for the overseer alone, no cog being wound, until it is told to run or to leave; true for the former.
    ///
    /// # Errors
    /// The reactor failing.
    pub fn hold(&mut self) -> Result<bool> {
        self.attend(Stage::Held)?;
        Ok(!self.holding.leaves)
    }

    /// Turns the loop for the overseer alone, as all cogs have ended, until it is told to leave.
    ///
    /// # Errors
    /// The reactor failing.
    pub fn linger(&mut self, status: i32) -> Result<()> {
        self.holding.begins = false;
        self.holding.stage = Stage::Over;
        self.with_overseer(|overseer, train| overseer.ended(train, status));
        self.attend(Stage::Over)
    }

    fn attend(&mut self, stage: Stage) -> Result<()> {
        self.holding.stage = stage;
        // What is logged now is logged, although nothing has begun.
        log::begin();
        let keep = self.esc.every(Self::OVERSEER, HOUR);
        while !self.holding.begins && !self.holding.leaves {
            let Some(fired) = self.esc.next()? else { break };
            if fired.owner == Self::OVERSEER {
                self.deliver(fired);
            }
        }
        self.esc.unbind(keep);
        self.holding.stage = Stage::Runs;
        Ok(())
    }

    /// How far it has come.
    pub fn stage(&self) -> Stage {
        self.holding.stage
    }

    /// Has a train that is held run.
    pub fn let_run(&mut self) {
        self.holding.begins = true;
    }

    /// Nobody holds it any longer.
    pub fn leave(&mut self) {
        self.holding.leaves = true;
    }

    /// It belongs to a shell in the same process, and goes when that one does. With `keyboard`, the interrupt key is the shell's, and means
    /// no end.
    pub fn belong(&mut self, keyboard: bool) {
        (self.holding.belongs, self.holding.keyboard) = (true, keyboard);
    }

    /// Whether it goes with its shell.
    pub fn belongs(&self) -> bool {
        self.holding.belongs
    }
}
