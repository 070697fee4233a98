//! How a child begins and ends, and what becomes of the data that it was asked about.

use std::process::ExitStatus;
use std::time::Duration;

use super::child::{Child, told};
use super::questions::Question;
use super::{Exec, GRACE, QUOTA, SILENCE, fail_unasked};
use crate::cog::Ctx;
use crate::error::{Error, Result};
use crate::escapement::Moment;
use crate::log::Priority;

/// No child can be started.
pub(super) struct Refused {
    /// When that was seen first.
    since: Moment,
    /// Why not, the last time.
    why: String,
}

impl Exec {
    pub(super) fn kill(&mut self, why: &str) {
        if let (Some(child), None) = (&self.child, &self.killed) {
            self.killed = Some(why.to_owned());
            child.kill();
        }
    }

    pub(super) fn start(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.until = None;
        self.child = Some(Child::start(ctx, &self.argv)?);
        (self.blocked, self.killed, self.leaving, self.since) = (false, None, None, ctx.now());
        (self.told, self.asks) = (false, false);
        Ok(())
    }

    /// Starts another one, now or after the pause; tells why none can be started.
    pub(super) fn start_again(&mut self, ctx: &mut Ctx<'_>) {
        let why = match self.start(ctx) {
            Ok(()) => {
                if self.refused.take().is_some() {
                    ctx.say(Priority::Notice, "the child could be started again");
                }
                return;
            }
            Err(error) => error.to_string(),
        };
        let since = self.refused.as_ref().map_or(ctx.now(), |refused| refused.since);
        self.refused = Some(Refused { since, why: why.clone() });
        let (pause, waiting) = (self.wait(ctx).as_secs_f64(), self.questions.len());
        let text = if self.ending {
            why
        } else if self.waits_no_longer(ctx) {
            format!("{why}, for longer than `start_timeout`: {waiting} data fail, and so do all that come in the next {pause:.1} s")
        } else {
            format!("{why}; {waiting} data wait, and it is tried again after {pause:.1} s")
        };
        // What fails of it counts by itself.
        ctx.say(Priority::Error, &text);
        self.fail_if_refused(ctx);
    }

    /// Until when data wait for a child that cannot be started.
    fn refused_until(&self) -> Option<Moment> {
        Some(self.refused.as_ref()?.since + self.start_timeout?)
    }

    fn waits_no_longer(&self, ctx: &Ctx<'_>) -> bool {
        self.ending || self.refused_until().is_some_and(|end| end <= ctx.now())
    }

    /// No data wait for a child that could not be started for too long, nor when there is no time left.
    pub(super) fn fail_if_refused(&mut self, ctx: &mut Ctx<'_>) {
        if self.waits_no_longer(ctx)
            && let Some(Refused { why, .. }) = &self.refused
        {
            let why = why.clone();
            self.fail_all(ctx, &why);
        }
    }

    /// Gives the length of the pause.
    pub(super) fn wait(&mut self, ctx: &Ctx<'_>) -> Duration {
        let now = ctx.now();
        let pause = self.pause.min(self.last_pause);
        self.pause = (pause * 2).min(self.last_pause);
        // It is tried once more before data fail.
        let until = (now + pause).min(self.refused_until().filter(|end| *end > now).unwrap_or(now + pause));
        self.until = Some(until);
        until.since(now)
    }

    /// Ends a child that keeps us waiting for too long.
    pub(super) fn judge(&mut self, ctx: &mut Ctx<'_>) {
        if self.child.is_none() || self.killed.is_some() {
            return;
        }
        // It may have been us who were slow or stopped: what it has written meanwhile counts.
        if self.is_silent(ctx, self.timeout) {
            self.listen(ctx, QUOTA);
        }
        if self.is_silent(ctx, self.timeout) {
            let seconds = self.timeout.as_secs_f64();
            self.kill(&format!("has not answered in {seconds:.1} s (does it write each answer at once?) and was killed"));
        } else if self.leaving.is_some_and(|since| ctx.now() >= since + GRACE) {
            self.kill("did not end when it should and was killed");
        }
    }

    /// Whether it has owed an answer for so long and written nothing.
    fn is_silent(&self, ctx: &Ctx<'_>, span: Duration) -> bool {
        self.questions.asked() > 0 && ctx.now() >= self.since + span
    }

    /// Whether all that there is was given to the child, which has not answered it and does not know that there is no more.
    pub(super) fn may_keep_lines_back(&self) -> bool {
        let listens = self.child.as_ref().is_some_and(|child| child.questions.is_some());
        listens && self.killed.is_none() && !self.ending && self.questions.asked() > 0 && self.questions.is_all_sent()
    }

    /// Asks whether anything but the child's answers can come any more, when it is silent.
    pub(super) fn ask_for_more(&mut self, ctx: &mut Ctx<'_>) {
        if !self.keeps_silent(ctx) || ctx.now() < self.patience {
            return;
        }
        self.listen(ctx, QUOTA);
        if self.keeps_silent(ctx) {
            (self.asks, self.patience) = (true, ctx.now() + SILENCE);
            ctx.ask_for_more();
        }
    }

    /// Nothing but the child's answers can come any more: closes its input, so that it writes what it keeps in a buffer. If more come
    /// `later`, they need another child.
    pub(super) fn tell_the_end(&mut self, ctx: &mut Ctx<'_>, later: bool) {
        if self.keeps_silent(ctx) && (self.restarts || !later) {
            (self.told, self.since) = (true, ctx.now());
            self.close_questions(ctx);
        }
    }

    fn keeps_silent(&self, ctx: &Ctx<'_>) -> bool {
        self.may_keep_lines_back() && self.is_silent(ctx, SILENCE)
    }

    /// Looks whether the child has ended.
    pub(super) fn look(&mut self, ctx: &mut Ctx<'_>) {
        let Some(status) = self.child.as_mut().and_then(Child::ended) else { return };
        // What it wrote before is in the pipes still; so much at most, as a child of its own may hold the other end and write on.
        self.listen(ctx, QUOTA);
        self.hear(ctx, QUOTA);
        // A last line without newline is whole when it ended as it should.
        if status.success()
            && let Some(answer) = self.answers.rest()
        {
            self.answered(ctx, answer);
        }
        if let Some(mut child) = self.child.take() {
            child.close(ctx);
        }
        self.answers.clear();
        self.gone(ctx, status);
    }

    /// The child is no more.
    pub(super) fn gone(&mut self, ctx: &mut Ctx<'_>, status: ExitStatus) {
        let killed = self.killed.take();
        let ours = killed.is_some();
        let why = killed.unwrap_or_else(|| told(status));
        let asked = self.questions.asked();
        let told = std::mem::take(&mut self.told) && status.success();
        self.questions.again();
        if told && asked > 0 {
            // It was given all the time and has read all; another one would do the same.
            let text = format!("the child ended with {asked} data unanswered: does it keep lines back? see docs/process.md");
            self.fail_first(ctx, asked, &text);
        } else if asked > 0
            && self.restarts
            && let Some(first) = self.questions.first()
        {
            first.tries += 1;
            if first.tries >= self.attempts
                && let Some(Question { hold, datum, tries, behind, .. }) = self.questions.give_up_first()
            {
                let before = if ours { "" } else { " before it answered" };
                let times = if tries == 1 { String::new() } else { format!(", {tries} times") };
                let text = format!("the child {why}{before}{times}");
                ctx.fail_held(hold, datum, &Error::Refused { reason: "no_answer", text });
                fail_unasked(ctx, behind);
            }
        }
        if self.ending && self.questions.is_empty() {
            if !status.success() && !ours {
                ctx.say(Priority::Warning, &format!("the child {why}"));
            }
        } else if told && (self.restarts || self.questions.is_empty()) {
            // It did what it should. Another one is started when there is something to ask, against all likelihood.
            self.over = (!self.restarts).then(|| format!("the child {why}"));
        } else if !self.restarts {
            let text = format!("the child {why}");
            ctx.trouble(&format!("{text}, and is not started again: all data fail from now on"));
            self.fail_all(ctx, &text);
            self.over = Some(text);
        } else if self.ending {
            // Nobody waits for a better moment any more.
            self.start_again(ctx);
        } else {
            let waiting = self.questions.len();
            let pause = self.wait(ctx);
            let text = format!(
                "the child {why} with {waiting} data waiting; another is started after {:.1} s, when there are any",
                pause.as_secs_f64()
            );
            ctx.say(Priority::Warning, &text);
        }
    }

    pub(super) fn fail_all(&mut self, ctx: &mut Ctx<'_>, why: &str) {
        self.questions.again();
        self.fail_first(ctx, self.questions.len(), why);
    }

    fn fail_first(&mut self, ctx: &mut Ctx<'_>, count: usize, why: &str) {
        for _ in 0..count {
            let Some(Question { hold, datum, behind, .. }) = self.questions.give_up_first() else { return };
            ctx.fail_held(hold, datum, &Error::Refused { reason: "no_answer", text: why.to_owned() });
            fail_unasked(ctx, behind);
        }
    }
}
