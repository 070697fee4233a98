//! `fs::file_supply`: each of the files that are named becomes a datum, or each of their lines; over when all are read.
//!
//! Which files these are is found out once, at the start. `read` reads them on the helper, some at once, while what was read before goes
//! its way. Nothing is remembered: each start reads all of them.

mod read;

use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use self::read::{Files, Got, Wanted};
use super::filer::{answered, offload};
use super::paths::{Glob, PATH_SETTER, is_missing, may_be_meant, path_setter};
use super::whole::{Content, Found, Reading};
use crate::cog::{Args, Cog, CogSpec, Ctx, Kind, Lit, Page, Param};
use crate::datum::Datum;
use crate::disk::{self, Disk, retry};
use crate::error::{Error, Result};
use crate::escapement::{Token, Wake};
use crate::getset::Setter;
use crate::lines::{self, Coding, Line, OnBad, Options, Splitter};
use crate::log::Priority;

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "fs",
    name: "file_supply",
    kind: Kind::Supply,
    about: "Makes a datum of each of the named files, once, whole or line by line; each start reads all of them again.",
    page: Page {
        gives: "the whole content of each file as a string (with encoding \"bytes\" as a blob), an empty one too; with each: \"line\" each line of it without its separator",
        fails: "a file that is too long, or a line (long_line: \"fail\"); what is no text (decode_errors: \"fail\"); a file that is gone, cannot be read or is no regular one is told, and the others are read",
        uses: &[
            r#"fs::file_supply("reports/*.json", #{ path_setter: "file", data_setter: "text" })"#,
            r#"fs::file_supply(#{ paths: ["head.csv", "part-*.csv"], each: "line" })"#,
        ],
        ..Page::OF_KIND
    },
    params: &[
        Param::strs("paths").about(
            "the files, in this order, each once; names may have wildcards (* ? [..], ** for directories below), and what matches at the start is read in order of name",
        ),
        Param::choice("each", Each::WORDS).about("what becomes a datum: each file, or each line of them"),
        Param::choice("missing", &["error", "pass"])
            .about("a file that is not there at the start, or wildcards that match none: the train does not start, or a warning"),
        PATH_SETTER,
        lines::ENCODING.about("the text's encoding (any label of the WHATWG); \"bytes\": no text, each file or line is a blob"),
        lines::DECODE_ERRORS.about(
            "what becomes of bytes that are no text in that encoding: U+FFFD in their place, the file or line fails (see on_error), or they are left out",
        ),
        Param::size("max_size")
            .default(Lit::Int(64 << 20))
            .about("with each: \"file\": a longer file fails (see on_error) with its first KiB, and is not read any further"),
        lines::SEPARATOR.about("with each: \"line\": what stands between two lines; it is no part of them. A string, a letter or a blob"),
        lines::STRIP_CR
            .about("with each: \"line\": whether a carriage return right before the separator is left out too, as in files from Windows"),
        lines::MAX_LINE.about("with each: \"line\": a line is this long at most, in bytes; see long_line"),
        lines::LONG_LINE.about(
            "with each: \"line\": what becomes of a longer line: several data, its beginning only, or it fails (see on_error) with its first KiB",
        ),
    ],
    first: Some("paths"),
    global: false,
    examples: &[],
    build: |args| FileSupply::build(args).map(|supply| Box::new(supply) as Box<dyn Cog>),
};

/// Files read by one job.
const FILES: usize = 64;
/// Names of missing files in a message.
const SHOWN: usize = 3;

/// `each`.
enum Each {
    File(Reading),
    Line(Rc<Options>),
}

impl Each {
    const WORDS: &[&str] = &["file", "line"];
    /// Options of one of them that say nothing about the other.
    const FILE_ONLY: &[&str] = &["max_size"];
    const LINE_ONLY: &[&str] = &["separator", "strip_cr", "max_line", "long_line"];

    fn of(args: &Args) -> Result<Self> {
        let by_line = args.str("each") == "line";
        let (others, word) = if by_line { (Self::FILE_ONLY, "file") } else { (Self::LINE_ONLY, "line") };
        if let Some(option) = others.iter().find(|option| args.is_given(option)) {
            return Err(Error::option(*option, format!("means something with `each: \"{word}\"` only")));
        }
        Ok(if by_line {
            Self::Line(Rc::new(Options::of(args)?))
        } else {
            Self::File(Reading {
                max_size: args.size("max_size"),
                coding: Coding::named(&args.str("encoding"))?,
                on_bad: OnBad::named(&args.str("decode_errors")),
                may_be_empty: true,
            })
        })
    }
}

/// What the script names.
enum Named {
    Path(PathBuf),
    Glob(Glob),
}

/// The file whose lines are given.
struct Current {
    path: PathBuf,
    label: Datum,
    lines: Splitter,
    /// Whether it was told that it is not all text.
    told: bool,
}

struct FileSupply {
    each: Each,
    names: Vec<Named>,
    missing_fails: bool,
    path_setter: Setter,
    disk: Arc<dyn Disk>,
    /// To be read.
    files: Files,
    /// The helper reads.
    reading: Option<Token>,
    /// Read, and not given yet.
    ready: VecDeque<Got>,
    current: Option<Current>,
    /// Files of which not all was given.
    unread: usize,
}

impl FileSupply {
    fn build(args: &Args) -> Result<Self> {
        let names = args.strs("paths");
        if names.is_empty() || names.iter().any(String::is_empty) {
            return Err(Error::option("paths", "must name a file"));
        }
        let read = |name: &String| Ok(Glob::new("paths", name)?.map_or_else(|| Named::Path(name.into()), Named::Glob));
        let each = Each::of(args)?;
        Ok(Self {
            path_setter: path_setter(args, if matches!(each, Each::File(_)) { "content" } else { "line" })?,
            each,
            names: names.iter().map(read).collect::<Result<_>>()?,
            missing_fails: args.str("missing") == "error",
            disk: disk::real(),
            files: Files::default(),
            reading: None,
            ready: VecDeque::new(),
            current: None,
            unread: 0,
        })
    }
}

impl Cog for FileSupply {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Err(Error::Other("a supply takes no data".into()))
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.disk = Arc::clone(ctx.disk());
        self.find(ctx)?;
        self.read(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if let Wake::Answer(answer) = wake {
            self.reading = None;
            match answered::<(Files, Vec<Got>)>(answer) {
                Some((files, got)) => {
                    self.files.put_back(files);
                    self.ready.extend(got);
                }
                None => ctx.trouble("the helper failed: some files were not read"),
            }
        }
        self.give(ctx);
        self.read(ctx)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some(token) = self.reading.take() {
            ctx.unbind(token);
        }
        if self.unread > 0 {
            ctx.say(Priority::Notice, &format!("stopped with {} files not read to their end", self.unread));
        }
        (self.files, self.current) = (Files::default(), None);
        self.ready.clear();
        Ok(())
    }
}

impl FileSupply {
    /// Finds out which files are meant.
    fn find(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in std::mem::take(&mut self.names) {
            match name {
                Named::Path(path) => match retry(|| self.disk.about(&path)) {
                    Err(error) if is_missing(&error) => missing.push(path.display().to_string()),
                    // Whatever else is wrong with it is told when its turn comes.
                    _ => found.push(path),
                },
                Named::Glob(glob) => {
                    let before = found.len();
                    found.extend(glob.files().into_iter().filter(|path| may_be_meant(&*self.disk, path)));
                    if found.len() == before {
                        missing.push(glob.text().into());
                    }
                }
            }
        }
        if !missing.is_empty() {
            let shown: Vec<String> = missing.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
            let more = missing.len() - shown.len();
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            let text = format!("there is no {}{rest}", shown.join(", "));
            if self.missing_fails {
                return Err(Error::option("paths", format!("{text}; `missing: \"pass\"` makes that a warning")));
            }
            ctx.say(Priority::Warning, &text);
        }
        let mut known = HashSet::new();
        found.retain(|path| known.insert(path.clone()));
        self.unread = found.len();
        self.files.paths = found.into();
        Ok(())
    }

    /// Has the next files read when all that was read is given and there is room for more.
    fn read(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.reading.is_some() || !self.ready.is_empty() || self.files.is_over() {
            return Ok(());
        }
        let room = ctx.room();
        if room == 0 {
            return Ok(());
        }
        let (wanted, count) = match &self.each {
            Each::File(reading) => (Wanted::Whole(*reading), FILES.min(room)),
            Each::Line(_) => (Wanted::Pieces, FILES),
        };
        let (disk, mut files) = (Arc::clone(&self.disk), self.files.take(count));
        self.reading = Some(offload(ctx, move || {
            let got = files.read(&*disk, wanted);
            (files, got)
        })?);
        Ok(())
    }

    /// Gives what was read, as far as there is room.
    fn give(&mut self, ctx: &mut Ctx<'_>) {
        loop {
            let has_lines = self.current.as_ref().is_some_and(|current| current.lines.has_lines());
            if self.ready.is_empty() && !has_lines {
                return;
            }
            let room = ctx.room();
            if room == 0 {
                return;
            }
            if let Some(current) = self.current.as_mut().filter(|_| has_lines) {
                current.give(ctx, &self.path_setter, room);
            } else if let Some(got) = self.ready.pop_front() {
                self.take(ctx, got);
            }
        }
    }

    /// Deals with the next of what was read.
    fn take(&mut self, ctx: &mut Ctx<'_>, got: Got) {
        match got {
            Got::Whole(path, found) => {
                self.unread -= 1;
                self.send_whole(ctx, &path, found);
            }
            Got::Begin(path) => {
                if let Each::Line(options) = &self.each {
                    let (label, lines) = (label(&path), Splitter::new(options, 0));
                    self.current = Some(Current { path, label, lines, told: false });
                }
            }
            Got::Piece(bytes) => {
                if let Some(current) = &mut self.current {
                    current.feed(&bytes);
                }
            }
            Got::End => {
                self.unread -= 1;
                if let Some(mut current) = self.current.take() {
                    current.end(ctx, &self.path_setter);
                }
            }
            Got::Trouble(path, text) => {
                self.unread -= 1;
                // What was begun there will never be a whole line.
                self.current = None;
                ctx.trouble(&format!("cannot read `{}`: {text}", path.display()));
            }
        }
    }

    fn send_whole(&self, ctx: &mut Ctx<'_>, path: &Path, (what, mended): Found) {
        if mended > 0 {
            ctx.say(Priority::Warning, &format!("`{}` is not all text in its encoding ({mended} places)", path.display()));
        }
        let number = ctx.next_origin();
        match what {
            Ok(content) => {
                let payload = match content {
                    Content::Text(text) => Datum::from(unmarked(text, &self.each)),
                    Content::Bytes(bytes) => Datum::Bytes(bytes.into()),
                };
                send(ctx, payload, number, &self.path_setter, || label(path));
            }
            Err(unfit) => {
                let text = format!("`{}` {}", path.display(), unfit.text);
                let begin = String::from_utf8(unfit.begin).map_or_else(|error| Datum::Bytes(error.into_bytes().into()), Datum::from);
                ctx.fail_new(begin, number, &Error::Refused { reason: unfit.reason, text });
            }
        }
    }
}

impl Current {
    fn feed(&mut self, bytes: &[u8]) {
        let Ok(_) = self.lines.feed(bytes.len(), |into| {
            into.extend_from_slice(bytes);
            Ok::<(), Infallible>(())
        });
    }

    /// Gives whole lines, `room` at most.
    fn give(&mut self, ctx: &mut Ctx<'_>, setter: &Setter, room: usize) {
        let plain = setter.is_null();
        let left = if plain { self.lines.give_plain(room, |datum, end| ctx.emit_new(datum, end)) } else { room };
        let (path, label) = (&self.path, &self.label);
        self.lines.give(left, &mut |line| send_line(ctx, line, setter, path, label));
        self.tell(ctx);
    }

    /// Only the end of the file makes a whole line of an unfinished one.
    fn end(&mut self, ctx: &mut Ctx<'_>, setter: &Setter) {
        let (path, label) = (&self.path, &self.label);
        self.lines.end(|line| send_line(ctx, line, setter, path, label));
        self.tell(ctx);
    }

    fn tell(&mut self, ctx: &Ctx<'_>) {
        if self.lines.mended > 0 && !std::mem::replace(&mut self.told, true) {
            ctx.say(Priority::Warning, &format!("`{}` is not all text in its encoding (told once a file)", self.path.display()));
        }
    }
}

fn send_line(ctx: &mut Ctx<'_>, line: Line, setter: &Setter, path: &Path, label: &Datum) {
    match line.what {
        Ok(datum) => send(ctx, datum, line.end, setter, || label.clone()),
        Err(unfit) => {
            let unfit = unfit.naming(&path.to_string_lossy());
            ctx.fail_new(unfit.datum, line.end, &unfit.error);
        }
    }
}

fn send(ctx: &mut Ctx<'_>, payload: Datum, place: u64, setter: &Setter, label: impl FnOnce() -> Datum) {
    if setter.is_null() {
        ctx.emit_new(payload, place);
    } else {
        ctx.emit_new_with(payload, place, |datum| setter.set(datum, label()));
    }
}

/// A path as a datum: a blob where it is no text.
fn label(path: &Path) -> Datum {
    path.to_str().map_or_else(|| Datum::Bytes(path.as_os_str().as_encoded_bytes().into()), Datum::from)
}

/// The text without the byte order mark of UTF-8, which is no part of it; those of other encodings were left out where it was decoded.
fn unmarked(mut text: String, each: &Each) -> String {
    if matches!(each, Each::File(Reading { coding: Coding::Utf8, .. })) && text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    text
}

#[cfg(test)]
mod tests;
