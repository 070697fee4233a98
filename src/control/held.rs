//! A train that a shell holds in its own process: `run` starts it, and what needs it running waits for that.

use super::words::{Words, Wrong};
use super::{Control, map};
use crate::datum::Datum;
use crate::train::{Stage, Train};

/// Commands that need cogs which are wound.
const NEED_IT: &[&str] = &["inject", "replay", "pause", "resume", "count", "reload", "undo"];
/// Commands that wait for events, of which no more come.
const NEED_MORE: &[&str] = &["tap", "break"];

impl Control {
    /// `run`
    pub(super) fn run(train: &mut Train) -> Result<Datum, Wrong> {
        match train.stage() {
            Stage::Held => {
                train.let_run();
                Ok(Datum::from("running"))
            }
            Stage::Runs => Err(Wrong::new("the train runs already")),
            Stage::Over => Err(Wrong::new("the train has run to its end").hint("leave, and start `deadbeat repl` once more")),
        }
    }

    /// `stop`
    pub(super) fn stop(&mut self, train: &mut Train) -> Datum {
        self.ending = true;
        if train.stage() == Stage::Runs {
            train.stop(0);
        } else {
            train.leave();
        }
        Datum::from("ending in order")
    }

    /// Why a command does not work before the train runs, or after.
    pub(super) fn refused(train: &Train, words: &Words) -> Option<Wrong> {
        let name = words.command.name;
        let needs = NEED_IT.contains(&name) && words.option("--dry").is_none() && words.option("--check").is_none();
        match train.stage() {
            Stage::Held if needs => Some(Wrong::new(format!("`{name}` needs a train that runs")).hint("`run` starts it")),
            Stage::Over if needs || NEED_MORE.contains(&name) => Some(Wrong::new("the train has ended: no more events come")),
            _ => None,
        }
    }

    /// Nobody is attached any more. Who held the train at a terminal has gone, and it goes too.
    pub(super) fn left(&self, train: &mut Train) {
        if self.clients.is_empty() && train.belongs() {
            train.stop(0);
            train.leave();
        }
    }

    /// The train has ended, and is still there to be looked at.
    pub(super) fn tell_end(&mut self, status: i32) {
        let told = map([("event", Datum::from("ended")), ("status", Datum::Int(status.into()))]);
        self.clients.values_mut().for_each(|client| {
            client.tell(&told);
            client.write();
        });
    }
}
