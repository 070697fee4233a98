//! `email::maildir_supply`: each message of a Maildir that is new or unread becomes a datum, and is marked when that is settled.
//!
//! `scan` finds the messages that are due, `take` moves and reads them, `mark` marks one, `marks` knows when that may be done; all that
//! touches the disk is done by the helper. `intake` joins them: what the system tells of a directory is a hint to look, so that the same
//! code serves inotify, looking again and again, and the scan each 30 s.
//!
//! Other mail programs may work in the same Maildir at the same time: a message is known by its unique name, and found again when its
//! flags have changed. At most 64 messages are on their way and not marked, so that a crash repeats no more.

mod intake;
mod mark;
mod marks;
mod scan;
mod take;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;

use self::intake::{Folder, Queued};
use self::mark::Mark;
use self::marks::{Marks, Settled};
use self::scan::Rules;
use self::take::{Mail, Taking};
use crate::cog::{self, Args, Cog, CogSpec, Ctx, Kind, Lit, Page, Param};
use crate::cogs::email::mailbox::{folder_name, folder_path};
use crate::cogs::email::name::TRASHED;
use crate::datum::Datum;
use crate::disk::{self, Disk};
use crate::error::{Error, Result};
use crate::escapement::{Moment, Token, Wake};
use crate::getset::Setter;

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "email",
    name: "maildir_supply",
    kind: Kind::Supply,
    about: "Makes a datum of each new or unread message of a Maildir, and marks it when all that was made of it is stored.",
    page: Page {
        gives: "each message whole, as a blob: its charsets are the matter of email::email_parse",
        fails: "a message that is too long; one of which any part failed later is marked as on_failed says",
        uses: &[
            r#"email::maildir_supply("/home/abuse/Maildir", #{ mark: "move:.Done" })"#,
            r#"email::maildir_supply(#{ path: "Maildir", folders: [".", ".Spam"], name_setter: "name", data_setter: "mail" })"#,
        ],
        ..Page::OF_KIND
    },
    params: &[
        Param::str("path").about("the Maildir: the directory with `new` and `cur`"),
        Param::strs("folders")
            .default(Lit::EmptyList)
            .about("its folders to watch, such as \".Work\"; \".\" is the Maildir itself, which is watched when none are named"),
        Param::bool("unseen_only")
            .default(Lit::Bool(true))
            .about("false: messages that have been dealt with come too, once in the life of the process"),
        Param::str("mark").or("seen").about(
            "what is done with a message that went well: \"seen\", \"flagged\" or \"trash\" sets that flag, \"delete\" removes it, \"move:FOLDER\" puts it there, \"none\"",
        ),
        Param::str("on_failed").or("flagged").about("the same for one of which a part failed; it is not tried again but after a change of its flags or in the next run"),
        Param::bool("tail").default(Lit::Bool(true)).about("whether to stay and wait for more; false: what is due now, then this supply is over"),
        Param::seconds("poll_interval").default(Lit::Int(30)).about("how often to look where the system does not tell, and for folders that are missing"),
        Param::size("max_size").default(Lit::Int(64 << 20)).about("a longer message fails; its first KiB goes the way of `on_error`"),
        Param::setter("name_setter")
            .or("nullsetter")
            .about("where the message's unique name goes, behind its folder's and `/` if it is in one; the datum must be a map then, so give data_setter too"),
    ],
    first: Some("path"),
    global: false,
    examples: &[],
    build: |args| Maildir::build(args).map(|supply| Box::new(supply) as Box<dyn Cog>),
};

/// So many messages at most are taken and not marked yet.
const AHEAD: usize = 64;
/// Whatever was told or not, all is looked at so often.
const SCAN: Duration = Duration::from_secs(30);
/// The least time between two looks at where the system does not tell.
const LEAST: Duration = Duration::from_millis(1);

/// A message's folder, by number, and its unique name.
type Key = (u32, OsString);

struct Maildir {
    root: PathBuf,
    taking: Taking,
    tail: bool,
    poll: Duration,
    name_setter: Setter,
    disk: Arc<dyn Disk>,
    folders: Vec<Folder>,
    /// Messages that were due when they were found.
    queue: VecDeque<Queued>,
    /// Those that are taken and not marked.
    open: HashSet<Key>,
    /// The helper reads these.
    reading: Option<(Token, Vec<Key>)>,
    /// Those on their way, by the numbers of their origins.
    flying: BTreeMap<u64, Mail>,
    marks: Marks,
    /// The helper lists the folder of that number.
    scanning: Option<(Token, u32)>,
    /// What makes all folders be looked at again, and how often.
    beat: Option<(Token, Duration)>,
    signal: Option<Token>,
    /// Something could not be read: all is looked at again then.
    again: Option<Token>,
    /// The pause before that, while there is trouble.
    trouble: Option<Duration>,
    told: Option<Moment>,
    ending: bool,
}

impl Maildir {
    fn build(args: &Args) -> Result<Self> {
        let root = PathBuf::from(args.str("path"));
        if root.as_os_str().is_empty() {
            return Err(Error::option("path", "must name a directory"));
        }
        let mut names = args.strs("folders");
        if names.is_empty() {
            names.push(".".into());
        }
        let (mark, on_failed) = (Mark::of("mark", &args.str("mark"))?, Mark::of("on_failed", &args.str("on_failed"))?);
        let mut folders: Vec<Folder> = Vec::new();
        for name in &names {
            let path = folder_path(&root, folder_name("folders", name)?);
            if folders.iter().any(|folder| folder.path == path) {
                return Err(Error::option("folders", format!("names `{name}` twice")));
            }
            folders.push(Folder::new(name, path));
        }
        for (option, mark) in [("mark", &mark), ("on_failed", &on_failed)] {
            if let Mark::Move(folder) = mark
                && names.contains(folder)
            {
                return Err(Error::option(
                    option,
                    format!("moves messages to `{folder}`, which is watched itself: they would run in a circle"),
                ));
            }
        }
        let name_setter = args.setter("name_setter");
        let wants_map = matches!(name_setter, Setter::Item(_) | Setter::Path(_) | Setter::Update(_) | Setter::Lowered { .. });
        if wants_map && args.common().data_setter.is_none() {
            return Err(Error::Option {
                option: "name_setter".into(),
                text: "has no map to put the name into: each datum is the message itself".into(),
                hint: Some("give `data_setter: \"mail\"` too".into()),
            });
        }
        let mut also: Vec<u8> = mark.flag().into_iter().collect();
        also.extend(on_failed.flag().filter(|flag| *flag == TRASHED));
        let rules = Rules { all: !args.bool("unseen_only"), also };
        let paths = folders.iter().map(|folder| folder.path.clone()).collect();
        Ok(Self {
            marks: Marks::new(root.clone(), paths, mark, on_failed, rules.clone()),
            root,
            taking: Taking { rules, max_size: args.size("max_size") },
            tail: args.bool("tail"),
            poll: args.seconds("poll_interval").max(LEAST),
            name_setter,
            disk: disk::real(),
            folders,
            queue: VecDeque::new(),
            open: HashSet::new(),
            reading: None,
            flying: BTreeMap::new(),
            scanning: None,
            beat: None,
            signal: None,
            again: None,
            trouble: None,
            told: None,
            ending: false,
        })
    }
}

impl Cog for Maildir {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Err(Error::Other("a supply takes no data".into()))
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.disk = Arc::clone(ctx.disk());
        self.marks.open(ctx);
        if self.tail {
            self.signal = Some(ctx.signal(Signal::HUP.as_raw())?);
            self.watch(ctx)?;
        }
        self.folders.iter_mut().for_each(|folder| folder.wants_scan = true);
        self.go_on(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        match self.marks.wake(ctx, wake) {
            Ok(marked) => {
                for (mail, note) in marked {
                    self.open.remove(&(mail.folder, mail.name.unique));
                    if let Some((unique, note)) = note {
                        self.folders[mail.folder as usize].notes.insert(unique, note);
                    }
                }
            }
            Err(Wake::GiveUp) => self.marks.give_up(ctx),
            Err(wake) => self.woken(ctx, wake)?,
        }
        self.go_on(ctx)
    }

    fn wants_settled(&self) -> bool {
        true
    }

    fn settled(&mut self, ctx: &mut Ctx<'_>, done: &[cog::Settled]) -> Result<()> {
        for settled in done {
            for number in settled.numbers() {
                // Those of a supply that stood in this one's place until it panicked are not known here; they run again.
                let Some(mail) = self.flying.remove(&number) else { continue };
                // What failed as there was no time left would not have with more of it: the next run reads it again.
                if !(settled.failed && ctx.gives_up()) {
                    self.marks.add(Settled { mail, failed: settled.failed });
                }
            }
        }
        self.marks.go_on(ctx)
    }

    fn freeze_checkpoint(&mut self) {
        self.marks.freeze();
    }

    fn hand_over(&mut self) -> Option<Box<dyn std::any::Any>> {
        // Those on their way are marked by this one in the end.
        for (folder, unique) in &self.open {
            self.folders[*folder as usize].notes.entry(unique.clone()).or_default();
        }
        let notes: Vec<_> = self.folders.iter_mut().map(|folder| (folder.path.clone(), std::mem::take(&mut folder.notes))).collect();
        Some(Box::new(notes))
    }

    fn take_over(&mut self, state: Box<dyn std::any::Any>) {
        let Ok(notes) = state.downcast::<Vec<(PathBuf, scan::Notes)>>() else { return };
        for (path, notes) in *notes {
            if let Some(folder) = self.folders.iter_mut().find(|folder| folder.path == path) {
                folder.notes.extend(notes);
            }
        }
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.ending = true;
        self.marks.end(ctx);
        let reading = self.reading.take().map(|(token, _)| token);
        let scanning = self.scanning.take().map(|(token, _)| token);
        let beat = self.beat.take().map(|(token, _)| token);
        let watches = self.folders.iter_mut().flat_map(Folder::take_watches).collect::<Vec<_>>();
        let others = [reading, scanning, beat, self.signal.take(), self.again.take()];
        for token in others.into_iter().flatten().chain(watches) {
            ctx.unbind(token);
        }
        self.queue.clear();
        Ok(())
    }

    fn busy(&self) -> bool {
        self.marks.is_busy()
    }

    fn done(&mut self) {
        self.marks.done();
    }
}

#[cfg(test)]
mod tests;
