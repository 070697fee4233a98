//! `movement::queue`: lets a line that is blocked wait, or leave data out, without holding up the others.
//!
//! As long as all behind it take data it passes them on. When a drain behind it is blocked (a full disk, a reader that does not
//! read), it keeps up to `size` data; when these are there, `when_full` decides: the new datum is left out, or the oldest is, or the
//! supplies wait as they would without it. Data in a queue that leaves data out take no room of `max_in_flight`; should they be too
//! many bytes for the train's `max_bytes`, fewer are kept. What was left out counts as filtered, and is told with its number.

use std::collections::VecDeque;

use crate::cog::{Args, Backlog, Batch, Cog, CogSpec, Ctx, Example, Hold, Kind, Lit, Origins, Page, Param};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::Wake;
use crate::log::Priority;

/// `movement::queue`: any datum -> the same, or none when the queue is full.
pub static SPEC: CogSpec = CogSpec {
    family: "movement",
    name: "queue",
    kind: Kind::Filter,
    about: "Keeps data while what stands behind it is blocked, and leaves some out when it is full, so that other lines go on.",
    page: Page {
        gives: "the same datum, unchanged, perhaps later; what is left out ends well and is counted",
        fails: "nothing",
        ..Page::OF_KIND
    },
    params: &[
        Param::choice("when_full", &["drop_new", "drop_old", "block"])
            .about("what happens when it is full: the new datum is left out, the oldest one is, or supplies wait, as without a queue"),
        Param::int("size").default(Lit::Int(1000)).about("data it keeps at most, at least 1; with \"block\" it keeps none"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "while nothing is blocked all go through",
            make: r#"movement::queue(#{ when_full: "drop_old", size: 100 })"#,
            input: r#"{"n": 1}"#,
            output: &[r#"{"n": 1}"#],
        },
        Example {
            what: "one that never leaves anything out",
            make: r#"movement::queue(#{ when_full: "block" })"#,
            input: r#"{"n": 1}"#,
            output: &[r#"{"n": 1}"#],
        },
    ],
    build: |args| Ok(Box::new(Queue::new(args)?)),
};

/// Data sent on in one go, so that a line that blocks again has few of them.
const AT_ONCE: usize = 64;

#[derive(Clone, Copy, PartialEq)]
enum WhenFull {
    DropNew,
    DropOld,
    Block,
}

struct Queue {
    when_full: WhenFull,
    size: usize,
    kept: VecDeque<(Hold, Datum)>,
    /// Of which supplies they are.
    origins: Origins,
    /// Whether it will be woken to send on.
    woken: bool,
    /// Left out since something behind it is blocked.
    left_out: u64,
    finished: bool,
}

impl Queue {
    fn new(args: &Args) -> Result<Self> {
        let size = args.size("size");
        if size == 0 {
            return Err(Error::option("size", "must be at least 1"));
        }
        let when_full = match args.str("when_full").as_str() {
            "drop_new" => WhenFull::DropNew,
            "drop_old" => WhenFull::DropOld,
            _ => WhenFull::Block,
        };
        Ok(Self { when_full, size, kept: VecDeque::new(), origins: Origins::default(), woken: false, left_out: 0, finished: false })
    }

    /// While what stands behind is blocked, leaves out what is too much.
    fn leave_out(&mut self, ctx: &mut Ctx<'_>) {
        // What is kept must not be what nothing more is read for.
        while ctx.is_blocked() && !self.finished && (self.kept.len() > self.size || ctx.is_heavy()) {
            let out = if self.when_full == WhenFull::DropNew { self.kept.pop_back() } else { self.kept.pop_front() };
            let Some((hold, _)) = out else { break };
            self.origins.remove(hold.lineage());
            ctx.release(hold);
            if self.left_out == 0 {
                ctx.say(Priority::Warning, "is full: leaves data out until what stands behind it takes some again");
            }
            self.left_out += 1;
        }
        ctx.excuse(&self.origins);
    }

    /// Sends on what is there, a part at a time as long as it may be blocked again.
    fn send(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if ctx.is_blocked() && !self.finished {
            return Ok(());
        }
        if self.left_out > 0 && !ctx.is_blocked() {
            ctx.say(Priority::Warning, &format!("goes on; {} data were left out", self.left_out));
            self.left_out = 0;
        }
        let count = if self.finished { self.kept.len() } else { self.kept.len().min(AT_ONCE) };
        for (hold, datum) in self.kept.drain(..count) {
            self.origins.remove(hold.lineage());
            ctx.emit_held(hold, datum);
        }
        if !self.kept.is_empty() && !self.woken {
            ctx.soon()?;
            self.woken = true;
        }
        Ok(())
    }
}

impl Cog for Queue {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        if self.when_full == WhenFull::Block || self.finished {
            ctx.emit(datum);
        } else {
            let hold = ctx.hold();
            self.origins.add(hold.lineage());
            self.kept.push_back((hold, datum));
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each(ctx, |ctx, datum| self.turn(ctx, datum))?;
        let sent = self.send(ctx);
        self.leave_out(ctx);
        sent
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if matches!(wake, Wake::Soon) {
            self.woken = false;
        }
        let sent = self.send(ctx);
        self.leave_out(ctx);
        sent
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.finished = true;
        let sent = self.send(ctx);
        self.leave_out(ctx);
        sent
    }

    fn heeds_stalls(&self) -> bool {
        self.when_full != WhenFull::Block
    }

    fn backlog(&self) -> Backlog {
        Backlog { held: self.kept.len(), stalled: false }
    }
}
