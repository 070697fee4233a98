//! What goes through the three pipes, as far as it goes without waiting.

use rustix::io::{Errno, read, write};

use super::{Exec, QUOTA};
use crate::cog::Ctx;
use crate::error::shorten;
use crate::log::Priority;

/// One read, and one write, at most.
const PART: usize = 64 * 1024;
/// Bytes of a line of its standard error that are shown.
const SHOWN: usize = 1000;

impl Exec {
    /// Gives the child what waits, as far as it takes it.
    pub(super) fn ask(&mut self, ctx: &mut Ctx<'_>) {
        let mut quota = QUOTA;
        while let Some(pipe) =
            self.child.as_ref().and_then(|child| child.questions.as_ref()).filter(|_| !self.blocked && self.killed.is_none())
        {
            if self.questions.asked() == 0 {
                self.since = ctx.now();
            }
            let bytes = self.questions.next();
            if bytes.is_empty() {
                break;
            }
            if quota == 0 {
                ctx.rearm(pipe.token);
                break;
            }
            match write(&pipe.fd, &bytes[..bytes.len().min(PART)]) {
                Ok(count) => {
                    self.questions.advance(count);
                    quota = quota.saturating_sub(count.max(1));
                }
                Err(Errno::AGAIN) => self.blocked = true,
                Err(Errno::INTR) => {}
                // It reads no more; whether it still answers is seen at its output.
                Err(_) => self.close_questions(ctx),
            }
        }
        // The end of its input has it write what it may still keep in a buffer.
        if (self.ending || self.told) && self.questions.is_all_sent() {
            self.close_questions(ctx);
        }
    }

    pub(super) fn close_questions(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(child) = &mut self.child {
            child.close_questions(ctx);
        }
    }

    /// Takes the answers that have come, at most so many bytes.
    pub(super) fn listen(&mut self, ctx: &mut Ctx<'_>, mut quota: usize) {
        while let Some(pipe) = self.child.as_ref().and_then(|child| child.answers.as_ref()) {
            if quota == 0 {
                ctx.rearm(pipe.token);
                return;
            }
            let kept = self.answers.room();
            let before = kept.len();
            kept.resize(before + PART, 0);
            let got = read(&pipe.fd, &mut kept[before..]);
            kept.truncate(before + got.unwrap_or(0));
            match got {
                Ok(0) => break,
                Ok(count) => {
                    quota = quota.saturating_sub(count);
                    (self.since, self.asks) = (ctx.now(), false);
                }
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
            while let Some(answer) = self.answers.next() {
                // What is still to come of a child that was killed answers what it had been asked.
                if !self.answered(ctx, answer) && self.killed.is_none() {
                    ctx.trouble("the child has written a line when nothing was asked: it must write one line for each that it reads");
                    self.kill("was out of step and was killed");
                    // What else it has written might be taken for an answer.
                    self.answers.clear();
                    if let Some(child) = &mut self.child {
                        child.close_answers(ctx);
                    }
                }
            }
        }
        if let Some(child) = &mut self.child {
            child.close_answers(ctx);
            self.leaving.get_or_insert(ctx.now());
        }
    }

    /// Shows what it complains of in the log.
    pub(super) fn hear(&mut self, ctx: &mut Ctx<'_>, mut quota: usize) {
        let mut part = [0; 4096];
        while let Some(pipe) = self.child.as_ref().and_then(|child| child.errors.as_ref()) {
            if quota == 0 {
                ctx.rearm(pipe.token);
                return;
            }
            match read(&pipe.fd, &mut part) {
                Ok(0) => break,
                Ok(count) => {
                    quota = quota.saturating_sub(count);
                    for line in part[..count].split_inclusive(|byte| *byte == b'\n') {
                        let room = SHOWN.saturating_sub(self.complaint.len());
                        self.complaint.extend_from_slice(&line[..line.len().min(room)]);
                        if line.ends_with(b"\n") {
                            self.complain(ctx);
                        }
                    }
                }
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        self.complain(ctx);
        if let Some(child) = &mut self.child {
            child.close_errors(ctx);
        }
    }

    pub(super) fn complain(&mut self, ctx: &Ctx<'_>) {
        let line = std::mem::take(&mut self.complaint);
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            ctx.say(Priority::Warning, &format!("the child says: {}", shorten(text.trim_end(), SHOWN)));
        }
    }
}
