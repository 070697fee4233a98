//! `email::maildir_drain`: each datum becomes a message in a Maildir.
//!
//! As the format asks: written in `tmp` under a name that nobody else makes, synced, and then renamed into `new`, where mail programs find
//! it whole. An event has ended well when its message is in place and, with `fsync`, both it and its name are on the disk.

mod clean;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::host;
use super::mailbox::{folder_name, folder_path};
use super::name::Name;
use super::pool;
use crate::cog::{Args, Backlog, Batch, Cog, CogSpec, Ctx, Kind, Lit, Origins, Page, Param, Ty};
use crate::datum::Datum;
use crate::delivery::{Deliverer, Writing};
use crate::disk::{make_directories, retry};
use crate::error::{Error, Result, plain};
use crate::escapement::{Token, Wake};
use crate::getset::Getter;
use crate::log::Priority;

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "email",
    name: "maildir_drain",
    kind: Kind::Drain,
    about: "Puts each datum into a Maildir, as a message of its own.",
    page: Page {
        takes: "a message as a string or a blob, headers first",
        fails: "a datum that is neither string nor blob",
        uses: &[
            r#"email::maildir_drain("/home/abuse/Maildir", #{ folder: ".Refused", make_dirs: true })"#,
            r#"email::maildir_drain(#{ path: "Maildir", data_getter: "mail", into: "cur", flags: "S" })"#,
        ],
        ..Page::OF_KIND
    },
    params: &[
        Param::str("path").about("the Maildir: the directory with `tmp`, `new` and `cur`"),
        Param::str("folder").or(".").about("its folder, such as \".Work\"; \".\" is the Maildir itself"),
        Param::bool("make_dirs").default(Lit::Bool(false)).about("whether to make the Maildir and the folder if they are missing"),
        Param::getter("data_getter").or("selfgetter").about("the message in the datum: a blob, or a string"),
        Param::choice("into", &["new", "cur"]).about(
            "\"new\": the message is new; \"cur\": it is put where the messages are that the user's program knows, and may have flags",
        ),
        Param::str("flags").or("").about("with `into: \"cur\"`, the message's flags: letters such as \"S\" for seen, \"F\" for flagged"),
        Param::bool("fsync").default(Lit::Bool(true)).about("whether a message counts as stored only when it is on the disk"),
        Param::new("mode", Ty::Mode)
            .or("0640")
            .about("permissions of its file, as 0o640 or \"0640\"; their owner must be allowed to read and write"),
    ],
    first: Some("path"),
    global: false,
    examples: &[],
    build: |args| MaildirDrain::build(args).map(|drain| Box::new(drain) as Box<dyn Cog>),
};

struct MaildirDrain {
    getter: Getter,
    folder: PathBuf,
    make_dirs: Option<u32>,
    deliverer: Deliverer,
    cleaning: Option<Token>,
}

impl MaildirDrain {
    fn build(args: &Args) -> Result<Self> {
        let root = PathBuf::from(args.str("path"));
        if root.as_os_str().is_empty() {
            return Err(Error::option("path", "must name a directory"));
        }
        let folder = folder_path(&root, folder_name("folder", &args.str("folder"))?);
        let (new, flags) = (args.str("into") == "new", args.str("flags"));
        if !flags.chars().all(|flag| flag.is_ascii_alphabetic()) {
            return Err(Error::option("flags", format!("takes letters, but is given \"{flags}\"")));
        }
        if new && !flags.is_empty() {
            return Err(Error::Option {
                option: "flags".into(),
                text: "cannot be set on new messages".into(),
                hint: Some("with `into: \"cur\"` they are put where messages have flags".into()),
            });
        }
        let mode = args.mode("mode");
        if mode & 0o600 != 0o600 {
            return Err(Error::option("mode", "must be permissions with which their owner may read and write: 0o600 to 0o777"));
        }
        let names = move || {
            let unique = host::unique(SystemTime::now());
            let name = Name::of(unique.as_ref());
            let name = if new { name } else { flags.bytes().fold(name.with_info(), |name, flag| name.with(flag)) };
            (OsString::from(unique), name.file())
        };
        let writing = Writing {
            temp: folder.join("tmp"),
            target: folder.join(if new { "new" } else { "cur" }),
            names: Box::new(names),
            mode,
            fsync: args.bool("fsync"),
        };
        Ok(Self {
            getter: args.getter("data_getter"),
            folder,
            make_dirs: args.bool("make_dirs").then_some(mode | (mode & 0o444) >> 2),
            deliverer: Deliverer::new(writing),
            cleaning: None,
        })
    }
}

impl Cog for MaildirDrain {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let content = self.getter.get(&datum)?;
        let bytes = match &*content {
            Datum::Str(text) | Datum::Raw(text) => text.as_bytes().to_vec(),
            Datum::Bytes(bytes) => bytes.to_vec(),
            other => {
                return Err(Error::WrongKind { what: "the message".into(), wanted: "a string or a blob", got: other.kind() });
            }
        };
        drop(content);
        self.deliverer.put(ctx, bytes);
        if ctx.has_successors() {
            ctx.emit(datum);
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each(ctx, |ctx, datum| self.turn(ctx, datum))?;
        self.deliverer.go_on(ctx)
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.deliverer.open(ctx);
        let disk = Arc::clone(ctx.disk());
        for name in ["tmp", "new", "cur"] {
            let path = self.folder.join(name);
            if let Some(mode) = self.make_dirs {
                make_directories(&*disk, &path, mode, &mut Vec::new()).map_err(|error| Error::os("make", &path, error))?;
            }
            let about = retry(|| disk.about(&path)).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound if self.make_dirs.is_none() => {
                    Error::option("path", format!("there is no `{}`; `make_dirs: true` makes it", path.display()))
                }
                _ => Error::os("open", &path, error),
            })?;
            if !about.is_dir() {
                return Err(Error::os("open", &path, io::ErrorKind::NotADirectory.into()));
            }
        }
        let (temp, now) = (self.folder.join("tmp"), ctx.wall());
        let cleaning = ctx.offload(pool::job(move || clean::clean(&*disk, &temp, now)))?;
        self.cleaning = Some(cleaning);
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if let Some(Wake::Answer(answer)) = self.deliverer.wake(ctx, wake)
            && ctx.token() == self.cleaning
        {
            self.cleaning = None;
            let temp = self.folder.join("tmp");
            match pool::answer::<io::Result<usize>>(answer) {
                Some(Ok(count @ 1..)) => {
                    ctx.say(Priority::Notice, &format!("removed {count} old messages from `{}` that were never whole", temp.display()));
                }
                Some(Err(error)) => ctx.say(Priority::Warning, &format!("cannot clean `{}`: {}", temp.display(), plain(&error))),
                _ => {}
            }
        }
        self.deliverer.go_on(ctx)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some(cleaning) = self.cleaning.take() {
            ctx.unbind(cleaning);
        }
        self.deliverer.finish(ctx)
    }

    fn busy(&self) -> bool {
        self.deliverer.is_busy()
    }

    fn backlog(&self) -> Backlog {
        self.deliverer.backlog()
    }

    fn kept_origins(&self) -> Origins {
        self.deliverer.kept_origins()
    }
}

#[cfg(test)]
mod tests;
