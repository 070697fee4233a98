//! `fs::line_file_drain`: each datum becomes a line at the end of a file.

mod target;

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;

use self::target::{Naming, Target};
use super::form::{Form, Newlines, Stamp};
use super::outlet::{Outlet, Stream};
use super::sink::{self, Flush, Policy, Sink};
use crate::cog::{Args, Backlog, Batch, Cog, CogSpec, Ctx, Kind, Lit, Origins, Page, Param, Ty};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::{Token, Wake};
use crate::getset::Getter;

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "fs",
    name: "line_file_drain",
    kind: Kind::Drain,
    about: "Appends each datum as a line to a file, which may be rotated; an event ends well when its line is written.",
    page: Page {
        fails: "a datum that is neither string nor blob, or whose line may not be written (newlines: \"fail\"); a full disk fails nothing: it is tried again, and supplies wait",
        uses: &[r#"fs::line_file_drain("out.csv")"#, r#"fs::line_file_drain(#{ path: "events.jsonl", timestamp: true, make_dirs: true })"#],
        ..Page::OF_KIND
    },
    params: &[
        Param::str("path").about("the file; \"-\" is standard output, \"&2\" standard error"),
        Param::new("timestamp", Ty::Either(&[Ty::Bool, Ty::Str]))
            .default(Lit::Bool(false))
            .about("a strftime format put into the file's name before its last extension, so that a new file begins when it changes; true means \"%Y-%m-%d\", or the codes that path itself has"),
        Param::str("line_timestamp").optional().about("a strftime format put before each line as it is, so end it in a space"),
        sink::FLUSH,
        sink::FSYNC,
        sink::SEPARATOR,
        sink::DATA_GETTER,
        Param::str("encoding").or("utf-8").about("the encoding that strings are written in (any label of the WHATWG)"),
        Param::new("mode", Ty::Mode).or("0640").about("permissions of a file that is made, as 0o640 or \"0640\""),
        Param::bool("make_dirs").default(Lit::Bool(false)).about("whether missing directories are made"),
        Param::choice("newlines", Newlines::WORDS)
            .about("what becomes of a separator inside a line: kept (as CSV wants), written as \\n, written as a space, or the datum fails"),
        Param::choice("reopen_signal", &["SIGHUP", "SIGUSR1", "SIGUSR2", "none"]).about("the signal at which the file is opened anew, after a rotation"),
        Param::bool("utc").default(Lit::Bool(false)).about("whether time stamps are in UTC rather than local time"),
        Param::bool("watch").default(Lit::Bool(false)).about("whether the file is opened anew by itself when it was renamed or deleted"),
    ],
    first: Some("path"),
    global: false,
    examples: &[],
    build: |args| LineFileDrain::build(args).map(|drain| Box::new(drain) as Box<dyn Cog>),
};

/// Without inotify a watched file is looked at so often.
const LOOK: Duration = Duration::from_secs(1);

struct LineFileDrain {
    getter: Getter,
    form: Form,
    stamp: Option<Stamp>,
    /// The stamp of the lines that are being put in.
    stamped: String,
    sink: Sink,
    /// Whether it makes directories that are missing.
    makes_dirs: bool,
    signal: Option<i32>,
    /// The binding of that signal.
    bound: Option<Token>,
    watch: bool,
    watched: Option<(PathBuf, Token)>,
}

impl LineFileDrain {
    fn build(args: &Args) -> Result<Self> {
        let form = Form::of(args)?;
        let utc = args.bool("utc");
        let path = args.str("path");
        let mode = args.mode("mode");
        let policy = Policy::of(args);
        let outlet: Box<dyn Outlet> = match path.as_str() {
            "" => return Err(Error::option("path", "must not be empty")),
            "-" => Box::new(Stream::stdout()),
            "&2" => Box::new(Stream::stderr()),
            _ => {
                let naming = Naming::of(&path, &args.datum("timestamp"), utc)?;
                Box::new(Target::new(naming, mode, args.bool("make_dirs"), form.line_end(), policy != Policy::Never))
            }
        };
        let stamp = args.opt_str("line_timestamp").map(|format| Stamp::new("line_timestamp", format, utc)).transpose()?;
        Ok(Self {
            getter: args.getter("data_getter"),
            form,
            stamp,
            stamped: String::new(),
            watch: args.bool("watch") && !outlet.is_stream(),
            sink: Sink::new(outlet, Flush::of(args), policy),
            bound: None,
            makes_dirs: args.bool("make_dirs"),
            signal: match args.str("reopen_signal").as_str() {
                "SIGHUP" => Some(Signal::HUP.as_raw()),
                "SIGUSR1" => Some(Signal::USR1.as_raw()),
                "SIGUSR2" => Some(Signal::USR2.as_raw()),
                _ => None,
            },
            watched: None,
        })
    }

    /// Watches the file that is open now, when that is another one than before.
    fn look_out(&mut self, ctx: &mut Ctx<'_>) {
        if !self.watch || self.watched.as_ref().is_some_and(|(path, _)| path == self.sink.outlet().path()) {
            return;
        }
        self.look_away(ctx);
        let path = self.sink.outlet().path().to_owned();
        // It is not there while it cannot be opened; then it is tried again when it is.
        let Ok(token) = ctx.watch(&path, LOOK) else { return };
        ctx.weaken(token);
        // It may have been renamed before it was watched.
        let disk = Arc::clone(ctx.disk());
        let open = self.sink.outlet().file().and_then(|file| disk.about_open(file).ok());
        if !disk.about(&path).is_ok_and(|named| open.is_some_and(|open| (open.dev(), open.ino()) == (named.dev(), named.ino()))) {
            self.sink.outlet().reopen();
            self.sink.write_now(ctx);
        }
        self.watched = Some((path, token));
    }

    fn look_away(&mut self, ctx: &mut Ctx<'_>) {
        if let Some((_, token)) = self.watched.take() {
            ctx.unbind(token);
        }
    }
}

impl Cog for LineFileDrain {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let line = self.getter.get(&datum)?;
        self.sink.put(ctx, |into| self.form.line(&line, &self.stamped, into))?;
        drop(line);
        if ctx.has_successors() {
            ctx.emit(datum);
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        if let Some(stamp) = &self.stamp {
            self.stamped = stamp.at(ctx.wall());
        }
        let plain_end = self.form.plain_end().filter(|_| self.stamp.is_none() && matches!(self.getter, Getter::Whole));
        self.sink.put_batch(ctx, batch, plain_end, |datum, into| self.form.line(&*self.getter.get(datum)?, &self.stamped, into))?;
        self.look_out(ctx);
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let hint = "`make_dirs: true` makes directories that are missing";
        self.sink.open(ctx).map_err(|error| if self.makes_dirs { error } else { error.if_missing("path", hint) })?;
        if let Some(signal) = self.signal {
            self.bound = Some(ctx.signal(signal)?);
        }
        self.look_out(ctx);
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        let again = match self.sink.wake(ctx, wake) {
            Some(Wake::Signal(_)) => true,
            Some(Wake::Changed(changed)) => changed.what.gone || changed.what.rescan,
            _ => false,
        };
        if again {
            self.look_away(ctx);
            self.sink.outlet().reopen();
            self.sink.write_now(ctx);
        }
        self.look_out(ctx);
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.look_away(ctx);
        self.watch = false;
        if let Some(bound) = self.bound.take() {
            ctx.unbind(bound);
        }
        self.sink.finish(ctx);
        Ok(())
    }

    fn sync(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.sink.sync(ctx);
        Ok(())
    }

    fn is_syncing(&self) -> bool {
        self.sink.is_syncing()
    }

    fn sync_now(&mut self) -> bool {
        self.sink.sync_now()
    }

    fn busy(&self) -> bool {
        self.sink.is_busy()
    }

    fn backlog(&self) -> Backlog {
        self.sink.backlog()
    }

    fn kept_origins(&self) -> Origins {
        self.sink.kept_origins()
    }

    fn done(&mut self) {
        self.sink.done();
    }
}

#[cfg(test)]
mod tests;
