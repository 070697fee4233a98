//! `process::exec`: asks a program about each datum, by a line on its standard input and a line of its standard output.
//!
//! One child runs for all data. `child` is the process with its pipes, `life` how it begins and ends, `talk` what goes through the pipes, `questions` the data that wait in order, `answers` cuts what it
//! writes into lines. Nothing here blocks: the pipes are written and read as far as they go, whatever the child does with its ends.
//!
//! The first line of the child answers the first question, and so on; that is all that holds them together. A child that writes a line
//! when nothing was asked is out of step, and another one takes its place. When a child goes, all that it has not answered is asked again
//! of the next; the datum that it was to answer first is the one it may have died of, and fails after `attempts`. While none can be started
//! all wait, for `start_timeout` at most. Whatever fails, data keep their order: what cannot be asked has its turn like an answer.

mod answers;
mod child;
mod life;
mod questions;
mod talk;
#[cfg(test)]
mod tests;

use std::time::Duration;

use rustix::process::Signal;

use self::answers::{Answer, Answers};
use self::child::Child;
use self::life::Refused;
use self::questions::{Question, Questions, Unasked};
use crate::cog::{Args, Backlog, Batch, Cog, CogSpec, Ctx, Kind, Lit, Origins, Page, Param, Ty};
use crate::datum::{Datum, json};
use crate::error::{Error, Result};
use crate::escapement::{Moment, Token, Wake};
use crate::getset::{Getter, Setter};
use crate::log::Priority;

/// `process::exec`: a datum -> the same with the program's answer, or the answer in its place.
pub static SPEC: CogSpec = CogSpec {
    family: "process",
    name: "exec",
    kind: Kind::Enrich,
    about: "Asks one child process about each datum: a line to its standard input, a line of its standard output, in order.",
    page: Page {
        takes: "a datum with a string without newlines, or a blob of that kind, at data_getter; with mode: \"json\" any value",
        gives: "the same datum with the answer at data_setter, by default in its place: a string, or a blob if it is not of UTF-8; with mode: \"json\" a value",
        fails: "what is no line; an answer that is no JSON with mode: \"json\", or longer than max_line; a datum that children have died of, or not answered, `attempts` times; all data, once no child could be started for start_timeout, until one can; with restart: false all that have no answer when the child has gone",
        uses: &[
            r#"process::exec(#{ argv: ["sed", "-u", "s/secret/***/"] })"#,
            r#"process::exec(#{ argv: ["python3", "-u", "score.py"], mode: "json", data_setter: "score", timeout: 5 })"#,
        ],
    },
    params: &[
        Param::strs("argv").about("the program and its arguments, without a shell between; a program without `/` is looked for in PATH. It must write one line for each that it reads, in order, and must not keep lines in a buffer (`sed -u`, `jq --unbuffered -c`, `python3 -u`, `stdbuf -oL`)"),
        Param::choice("mode", &["line", "json"])
            .about("what a line is: text, as it stands (bytes that are not of UTF-8 make a blob), or a value in JSON"),
        Param::getter("data_getter").or("selfgetter").about("what is asked: with mode \"line\" text without a newline or a blob, with \"json\" any value"),
        Param::setter("data_setter").or("selfsetter").about("where the answer goes"),
        Param::bool("restart").default(Lit::Bool(true)).about("start another child when one has gone and data wait; without, they all fail"),
        Param::seconds("retry_delay").default(Lit::Int(1)).about("the pause before another child is started; twice as long each time, until one answers"),
        Param::seconds("retry_max").default(Lit::Int(60)).about("the longest pause"),
        Param::new("start_timeout", Ty::Either(&[Ty::Seconds, Ty::Unit])).default(Lit::Int(60)).about(
            "how long data wait while the program cannot be started (it was removed, say); then they fail, and so do later ones at once, until it can be; () for any time",
        ),
        Param::int("attempts").default(Lit::Int(3)).about("how many children may go while they are to answer one datum, before it fails"),
        Param::seconds("timeout").default(Lit::Int(30)).about("how long the child may write nothing while an answer is due; then it is killed"),
        Param::int("max_pending").default(Lit::Int(1000)).about("data that the child is given at most before it answers; more wait in order"),
        Param::size("max_line").default(Lit::Int(1 << 20)).about("bytes of an answer at most; a datum whose answer is longer fails"),
    ],
    first: Some("argv"),
    global: false,
    examples: &[],
    build: |args| Ok(Box::new(Exec::new(args)?)),
};

/// How long a child may take to end after the end of its input, or of its output.
const GRACE: Duration = Duration::from_secs(3);
/// How long a child is silent before it is told that there is no more to come, when there is no more; it may keep lines in a buffer.
const SILENCE: Duration = Duration::from_secs(1);
/// When a child that was killed is looked for again, should its signal be missed.
const LOOK: Duration = Duration::from_secs(1);
/// Bytes of answers read in one round at most.
const QUOTA: usize = 256 * 1024;

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Exec {
    argv: Vec<String>,
    json: bool,
    getter: Getter,
    setter: Setter,
    restarts: bool,
    first_pause: Duration,
    last_pause: Duration,
    /// How long data wait while no child can be started; none: for any time.
    start_timeout: Option<Duration>,
    attempts: usize,
    timeout: Duration,
    questions: Questions,
    answers: Answers,
    /// What the child has written to standard error, without the end of the line yet.
    complaint: Vec<u8>,
    child: Option<Child>,
    /// Why it was killed, once it was.
    killed: Option<String>,
    /// The pipe takes no more just now.
    blocked: bool,
    /// When the child last wrote something, or the first question was put to it.
    since: Moment,
    /// Since when its end is waited for, as it has closed its output or was told to end.
    leaving: Option<Moment>,
    /// Its input was closed before the end of the run, as nothing more is to come before it answers.
    told: bool,
    /// It may keep lines back: it was asked whether anything more may come, and nothing was heard of the child since.
    asks: bool,
    /// When that is asked again.
    patience: Moment,
    pause: Duration,
    /// When another child is started.
    until: Option<Moment>,
    /// That none can be started.
    refused: Option<Refused>,
    /// Why there will be none.
    over: Option<String>,
    ending: bool,
    /// That a child has gone.
    signal: Option<Token>,
    timer: Option<(Token, Moment)>,
}

impl Exec {
    fn new(args: &Args) -> Result<Self> {
        let program = args.strs("argv");
        if program.first().is_none_or(String::is_empty) {
            return Err(Error::option("argv", "names no program"));
        }
        if program.iter().any(|word| word.contains('\0')) {
            return Err(Error::option("argv", "holds a zero byte, which no argument can"));
        }
        let (first_pause, last_pause, timeout) = (args.seconds("retry_delay"), args.seconds("retry_max"), args.seconds("timeout"));
        let (attempts, most, longest) = (args.size("attempts"), args.size("max_pending"), args.size("max_line"));
        let zero = [
            ("retry_delay", first_pause.is_zero()),
            ("retry_max", last_pause.is_zero()),
            ("timeout", timeout.is_zero()),
            ("attempts", attempts == 0),
            ("max_pending", most == 0),
            ("max_line", longest == 0),
        ];
        if let Some((option, _)) = zero.into_iter().find(|(_, zero)| *zero) {
            return Err(Error::option(option, "must be more than 0"));
        }
        let restarts = args.bool("restart");
        let idle = ["retry_delay", "retry_max", "start_timeout", "attempts"].into_iter().find(|option| !restarts && args.is_given(option));
        if let Some(option) = idle {
            return Err(Error::option(option, "has no meaning with `restart: false`"));
        }
        Ok(Self {
            argv: program,
            json: args.str("mode") == "json",
            getter: args.getter("data_getter"),
            setter: args.setter("data_setter"),
            restarts,
            first_pause,
            last_pause,
            start_timeout: args.opt_seconds("start_timeout"),
            attempts,
            timeout,
            questions: Questions::new(most),
            answers: Answers::new(longest),
            complaint: Vec::new(),
            child: None,
            killed: None,
            blocked: false,
            since: Moment::START,
            leaving: None,
            told: false,
            asks: false,
            patience: Moment::START,
            pause: first_pause,
            until: None,
            refused: None,
            over: None,
            ending: false,
            signal: None,
            timer: None,
        })
    }

    /// The line that asks about a datum.
    fn line(&self, datum: &Datum) -> Result<Vec<u8>> {
        let piece = self.getter.get(datum)?;
        let mut line = match &*piece {
            // A newline in JSON stands between its parts, where a blank does as well.
            piece if self.json => json::to_string(piece).replace('\n', " ").into_bytes(),
            Datum::Str(text) => text.as_bytes().to_vec(),
            Datum::Bytes(bytes) => bytes.to_vec(),
            other => return Err(Error::NotText { got: other.kind() }),
        };
        if !self.json && line.contains(&b'\n') {
            return Err(Error::data("with `mode: \"line\"` a question is one line, but here is a newline", &piece.piece()));
        }
        line.push(b'\n');
        Ok(line)
    }

    /// A line of the child, put into the datum that it answers.
    fn dress(&self, answer: Answer, datum: &mut Datum) -> Result<()> {
        let line = match answer {
            Answer::Line(line) => line,
            Answer::TooLong => {
                let text = "the answer is longer than `max_line`".to_owned();
                return Err(Error::Refused { reason: "long_line", text });
            }
        };
        let piece = match String::from_utf8(line) {
            Ok(text) if self.json => json::read(&text).map_err(|error| Error::data(format!("the answer is no JSON: {error}"), &text))?,
            Ok(text) => text.into(),
            Err(odd) if self.json => {
                return Err(Error::data("the answer is no JSON, as it is not of UTF-8", &String::from_utf8_lossy(odd.as_bytes())));
            }
            Err(odd) => Datum::Bytes(odd.into_bytes().into()),
        };
        self.setter.set(datum, piece)
    }

    /// A line has come. False when nothing was asked that it could answer.
    fn answered(&mut self, ctx: &mut Ctx<'_>, answer: Answer) -> bool {
        let Some(Question { hold, mut datum, behind, .. }) = self.questions.answered() else { return false };
        (self.since, self.pause) = (ctx.now(), self.first_pause);
        match self.dress(answer, &mut datum) {
            Ok(()) => ctx.emit_held(hold, datum),
            Err(error) => ctx.fail_held(hold, datum, &error),
        }
        fail_unasked(ctx, behind);
        true
    }

    /// Does what the time has come for, and what follows from the rest.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.look(ctx);
        self.judge(ctx);
        let now = ctx.now();
        if self.child.is_none() && !self.questions.is_empty() {
            if self.until.is_none_or(|until| self.ending || now >= until) {
                self.start_again(ctx);
            }
            self.fail_if_refused(ctx);
        }
        self.ask(ctx);
        if self.told && self.child.is_some() && self.questions.asked() == 0 {
            self.leaving.get_or_insert(now);
        }
        self.ask_for_more(ctx);
        if self.ending && self.questions.is_empty() {
            self.until = None;
            if self.child.is_some() {
                self.leaving.get_or_insert(now);
            } else if let Some(token) = self.signal.take() {
                ctx.unbind(token);
            }
        }
        self.set_timer(ctx)
    }

    /// When there is something to do next; that alone keeps the program alive.
    fn due(&self, now: Moment) -> Option<Moment> {
        if self.child.is_none() {
            return self.until.filter(|_| !self.questions.is_empty());
        }
        let look = self.killed.as_ref().map(|_| now + LOOK);
        let answer = (self.questions.asked() > 0).then(|| self.since + self.timeout);
        let leaving = self.leaving.map(|since| since + GRACE);
        let end = self.may_keep_lines_back().then(|| (self.since + SILENCE).max(self.patience));
        look.or_else(|| [answer, leaving, end].into_iter().flatten().min())
    }

    fn set_timer(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let due = self.due(ctx.now());
        // One that comes too early looks again; so nothing is bound anew for each answer.
        if due.is_some_and(|due| self.timer.is_some_and(|(_, bound)| bound <= due)) {
            return Ok(());
        }
        if let Some((token, _)) = self.timer.take() {
            ctx.unbind(token);
        }
        if let Some(due) = due {
            self.timer = Some((ctx.at(due)?, due));
        }
        Ok(())
    }

    fn give_up(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let count = self.questions.len();
        if count > 0 {
            ctx.say(Priority::Warning, &format!("{count} data got no answer in time"));
        }
        self.fail_all(ctx, "there was no answer in time");
        if let Some(mut child) = self.child.take() {
            child.close(ctx);
        }
        self.go_on(ctx)
    }
}

impl Cog for Exec {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        if let Some(why) = &self.over {
            return Err(Error::Refused { reason: "no_answer", text: why.clone() });
        }
        match self.line(&datum) {
            Ok(line) => {
                let line = line.into_boxed_slice();
                self.questions.push(Question { hold: ctx.hold(), datum, line, tries: 0, behind: Vec::new() });
                Ok(())
            }
            Err(error) if self.questions.is_empty() => Err(error),
            Err(error) => {
                self.questions.put_behind(Unasked { hold: ctx.hold(), datum, error });
                Ok(())
            }
        }
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each(ctx, |ctx, datum| self.turn(ctx, datum))?;
        self.go_on(ctx)
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.signal = Some(ctx.signal(Signal::CHILD.as_raw())?);
        self.start(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        match wake {
            Wake::GiveUp => return self.give_up(ctx),
            Wake::NoMore { later } => {
                self.tell_the_end(ctx, later);
                return self.set_timer(ctx);
            }
            _ => {}
        }
        let token = ctx.token();
        if self.timer.is_some_and(|(own, _)| token == Some(own)) {
            self.timer = None;
        } else if let Some(child) = &self.child {
            let is = |pipe: &Option<child::Pipe>| pipe.as_ref().is_some_and(|pipe| token == Some(pipe.token));
            if is(&child.questions) {
                self.blocked = false;
            } else if is(&child.answers) {
                self.listen(ctx, QUOTA);
            } else if is(&child.errors) {
                self.hear(ctx, QUOTA);
            }
        }
        self.go_on(ctx)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.ending = true;
        self.go_on(ctx)
    }

    fn busy(&self) -> bool {
        self.ending && (self.child.is_some() || !self.questions.is_empty())
    }

    fn only_waits(&self) -> bool {
        self.told || self.asks && self.may_keep_lines_back()
    }

    fn backlog(&self) -> Backlog {
        let stalled = self.child.is_none() || self.blocked || self.questions.is_full();
        Backlog { held: self.questions.held(), stalled: stalled && !self.questions.is_empty() }
    }

    fn kept_origins(&self) -> Origins {
        self.questions.origins()
    }

    fn done(&mut self) {
        self.child = None;
    }
}

/// What could not be asked has its turn.
fn fail_unasked(ctx: &mut Ctx<'_>, unasked: Vec<Unasked>) {
    for Unasked { hold, datum, error } in unasked {
        ctx.fail_held(hold, datum, &error);
    }
}
