//! What the system refuses is tried again: after 0.1 s, then after twice as long each time up to 5 s; told at once and then once a minute.

use std::time::Duration;

use crate::cog::Ctx;
use crate::escapement::{Moment, Token};
use crate::log::Priority;

/// The first and the longest pause.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Lasting trouble is told again after this.
const TELL: Duration = Duration::from_secs(60);

/// Whether something is refused at present.
#[derive(Debug, Default)]
pub(in crate::cogs::fs) struct Trouble {
    pause: Option<Duration>,
    /// Nothing is tried before this.
    wait: Option<Token>,
    /// This one was told, so that its end is too.
    told: bool,
    /// When some was told last: what comes and goes is not told each time.
    last: Option<Moment>,
}

impl Trouble {
    /// Whether nothing is to be tried just now.
    pub(in crate::cogs::fs) const fn waits(&self) -> bool {
        self.wait.is_some()
    }

    /// It was refused.
    pub(in crate::cogs::fs) fn met(&mut self, ctx: &mut Ctx<'_>, text: &str) {
        let pause = self.pause.map_or(PAUSES.0, |pause| (pause * 2).min(PAUSES.1));
        self.met_for(ctx, pause, text);
    }

    /// It was refused, and is tried again after that time.
    pub(in crate::cogs::fs) fn met_for(&mut self, ctx: &mut Ctx<'_>, pause: Duration, text: &str) {
        self.tell(ctx, text);
        self.pause = Some(pause);
        self.stop_waiting(ctx);
        // Refused only after the end of life, when nothing can be done any more.
        self.wait = ctx.after(pause).ok();
    }

    /// Tells of it, if that is due.
    pub(in crate::cogs::fs) fn tell(&mut self, ctx: &mut Ctx<'_>, text: &str) {
        let now = ctx.now();
        if self.last.is_none_or(|last| now.since(last) >= TELL) {
            self.last = Some(now);
            self.told = true;
            ctx.trouble(text);
        }
    }

    /// It works; `text` says so where it was told that it did not.
    pub(in crate::cogs::fs) fn over(&mut self, ctx: &mut Ctx<'_>, text: impl FnOnce() -> String) {
        self.pause = None;
        self.stop_waiting(ctx);
        if std::mem::take(&mut self.told) {
            ctx.say(Priority::Notice, &text());
        }
    }

    /// Whether that binding was its pause, which is over then.
    pub(in crate::cogs::fs) fn answers(&mut self, token: Option<Token>) -> bool {
        let own = token.is_some() && self.wait == token;
        if own {
            self.wait = None;
        }
        own
    }

    /// What is to be tried is tried at once.
    pub(in crate::cogs::fs) fn stop_waiting(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(token) = self.wait.take() {
            ctx.unbind(token);
        }
    }
}
