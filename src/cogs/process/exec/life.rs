//! How a child begins and ends, and what becomes of the data that it was asked about.

use std::process::ExitStatus;
use std::time::Duration;

use super::child::{Child, told};
use super::questions::Question;
use super::{Exec, QUOTA};
use crate::cog::Ctx;
use crate::error::{Error, Result};
use crate::log::Priority;

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
        Ok(())
    }

    /// Starts another one, now or after the pause; tells why none can be started.
    pub(super) fn start_again(&mut self, ctx: &mut Ctx<'_>) {
        if let Err(error) = self.start(ctx) {
            ctx.trouble(&error.to_string());
            if self.ending {
                self.fail_all(ctx, &error.to_string());
            } else {
                self.wait(ctx);
            }
        }
    }

    /// Gives the length of the pause.
    pub(super) fn wait(&mut self, ctx: &Ctx<'_>) -> Duration {
        let pause = self.pause.min(self.last_pause);
        self.pause = (pause * 2).min(self.last_pause);
        self.until = Some(ctx.now() + pause);
        pause
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
        self.questions.again();
        if asked > 0
            && self.restarts
            && let Some(first) = self.questions.first()
        {
            first.tries += 1;
            if first.tries >= self.attempts
                && let Some(Question { hold, datum, tries, .. }) = self.questions.give_up_first()
            {
                let before = if ours { "" } else { " before it answered" };
                let times = if tries == 1 { String::new() } else { format!(", {tries} times") };
                let text = format!("the child {why}{before}{times}");
                ctx.fail_held(hold, datum, &Error::Refused { reason: "no_answer", text });
            }
        }
        if self.ending && self.questions.is_empty() {
            if !status.success() && !ours {
                ctx.say(Priority::Warning, &format!("the child {why}"));
            }
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
        while let Some(Question { hold, datum, .. }) = self.questions.give_up_first() {
            ctx.fail_held(hold, datum, &Error::Refused { reason: "no_answer", text: why.to_owned() });
        }
    }
}
